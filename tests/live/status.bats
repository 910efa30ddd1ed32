#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `mmreap status`: every phase on a real process, for root and for a user without any right.

load ../lib/live
load ../lib/look

shopt -s extglob

# is_phase PID WORD: as root and as nobody
is_phase() {
	local who=root

	for who in root nobody; do
		if [ "$who" = nobody ]; then
			run_by "${NOBODY[@]}"
		fi
		look status "$1"
		[ "$who" = root ] || run_plainly
		sees phase "$2"
		expect_status 0
	done
}

phase_of() {
	"$MMREAP" status --raw --noheadings -o phase "$1" 2>/dev/null
}

is_in() {
	[ "$(phase_of "$1")" = "$2" ]
}

# listed PID: without a target
listed() {
	look status
	expect_status 0
	looked "map(select(.pid == $1)) | length"
}

@test "status: alive" {
	requires root nobody
	start_victim --mib 16 --threads 3
	is_phase "$VICTIM" alive
	look status "$VICTIM"
	sees pid "$VICTIM" state S threads 4 frozen null blocker null tracer null coredump false \
		robust null vmas null oomadj 0
	[ "$(looked '.[0].anon')" -ge $((16 << 20)) ]
	[ "$(looked '.[0].next')" = "mmreap kill $VICTIM would end it" ]
	[ "$(listed "$VICTIM")" -eq 0 ]
	untouched "$VICTIM"
}

# What it advises is what kill takes, asked for by the same process.
@test "status: of a process that mmreap runs below" {
	requires mrelease
	# shellcheck disable=SC2016 # expanded by the inner shell
	run --separate-stderr timeout 20 bash -c '
		next=$("$0" status --raw --noheadings -o next $$)
		next=${next//\\x20/ }
		echo "$next"
		next=${next#mmreap kill }
		"$0" kill --dry-run --json ${next% would end it}; exit "$?"' "$MMREAP"
	expect_status 0
	[[ ${lines[0]} == "mmreap kill --allow-ancestors "*" would end it" ]]
}

@test "status: stopped" {
	requires root nobody
	start_victim --mib 1 --stop
	is_phase "$VICTIM" stopped
	look status "$VICTIM"
	sees blocker "stop signal" state T
	[ "$(listed "$VICTIM")" -eq 0 ]
}

@test "status: why sharers are not known, where the look for them fails" {
	requires root kcmp seccomp
	local error
	start_victim --mib 1 --sharer
	for error in EAGAIN EINVAL; do
		run --separate-stderr "$HELPERS/refuse" kcmp $error 1 0 "$MMREAP" status --json --source proc "$VICTIM"
		looked_at status
		expect_status 0
		sees sharers null
		[[ $(looked '.[0].incomplete') == "the look for them failed: "* ]]
	done
}

@test "status: vfork-wait" {
	requires root nobody kcmp
	start_victim --mib 1 --vfork
	is_phase "$VICTIM" vfork-wait
	look status "$VICTIM"
	sees blocker "vfork child ${OTHERS[0]}" sharers 1
	is_phase "${OTHERS[0]}" alive
	[ "$(listed "$VICTIM")" -eq 0 ]
}

# The list of its children is longer than a page, and the one that matters is the last; zombies have
# an oom_score of 0 as it has.
@test "status: vfork-wait, with a thousand other children" {
	requires root nobody kcmp
	start_victim --mib 1 --fork-cow=1000 --vfork
	kill -KILL "${OTHERS[0]}"
	until_true 5 is_gone "${OTHERS[0]}"
	is_phase "$VICTIM" vfork-wait
	look status "$VICTIM"
	sees blocker "vfork child ${OTHERS[1000]}"
	run_by "${NOBODY[@]}"
	look status "$VICTIM"
	sees blocker "vfork child ${OTHERS[1000]}"
}

@test "status: core-dump" {
	requires root nobody
	core_pattern_pipe
	start_victim --mib 16 --coredump --threads 2
	is_phase "$VICTIM" core-dump
	look status "$VICTIM"
	sees coredump true
	[[ $(looked '.[0].blocker') == "core dump"* ]]
	[ "$(listed "$VICTIM")" -eq 1 ]
}

@test "status: no-vma" {
	requires root nobody
	start_victim --novma
	is_phase "$VICTIM" no-vma
	[ "$(listed "$VICTIM")" -eq 1 ]
}

@test "status: signalled" {
	requires root nobody
	start_victim --mib 1 --block-term
	is_phase "$VICTIM" alive
	kill -TERM "$VICTIM"
	is_phase "$VICTIM" signalled
	look status "$VICTIM"
	sees blocker "blocked signal" sigpending TERM
	[[ $(looked '.[0].next') == "mmreap kill $VICTIM: "* ]]
	[ "$(listed "$VICTIM")" -eq 0 ]
}

@test "status: dying-frozen, then reaped" {
	requires root nobody mrelease freezer-v1
	cgroup_make v1 frozen freezer
	start_victim --mib 16 --shmem-mib 4
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	is_phase "$VICTIM" alive
	look status "$VICTIM"
	sees frozen "v1:/${CGROUP##*/}" blocker "frozen cgroup /${CGROUP##*/}"
	kill -KILL "$VICTIM"
	is_phase "$VICTIM" dying-frozen
	look status "$VICTIM"
	sees frozen "v1:/${CGROUP##*/}" sigpending KILL
	[[ $(looked '.[0].next') == "mmreap kill --thaw $VICTIM "* ]]
	[ "$(listed "$VICTIM")" -eq 1 ]
	mmreap kill --reap-only "$VICTIM"
	expect_status 0
	is_phase "$VICTIM" reaped
	look status "$VICTIM"
	sees anon 0 file 0 shmem $((4 << 20)) next "mmreap kill --thaw $VICTIM lets it exit"
	[ "$(listed "$VICTIM")" -eq 1 ]
	# The advice is good.
	mmreap kill --thaw "$VICTIM"
	expect_status 0
	until_true 5 is_gone "$VICTIM"
}

@test "status: frozen by an ancestor, version 1 and version 2" {
	requires root freezer-v1 freezer-v2
	local version
	for version in v1 v2; do
		cgroup_make "$version" outer freezer
		local outer=$CGROUP
		cgroup_make "$version" outer/inner freezer
		start_victim --mib 1
		cgroup_add "$CGROUP" "$VICTIM"
		freeze "$outer"
		is_phase "$VICTIM" alive
		look status "$VICTIM"
		sees frozen "$version:/${outer##*/}"
		thaw "$outer"
		look status "$VICTIM"
		sees frozen null
		stop_job "$VICTIM_JOB"
	done
}

@test "status: exit-stop, then reaped" {
	requires root nobody mrelease ptrace
	start_victim --mib 16 --traced --trace-exit
	kill -KILL "$VICTIM"
	until_true 5 is_in "$VICTIM" exit-stop
	is_phase "$VICTIM" exit-stop
	look status "$VICTIM"
	[[ $(looked '.[0].blocker') == "tracer $(looked '.[0].tracer')" ]]
	mmreap kill --reap-only --timeout 0 "$VICTIM"
	is_phase "$VICTIM" reaped
	[ "$(listed "$VICTIM")" -eq 1 ]
}

# tears_down PID: seen by root and by nobody, one look right after the other
tears_down() {
	local look="'$PLAIN' status --raw --noheadings -o phase,rss $1"

	[ "$(nice -n -20 bash -c "$look; ${NOBODY[*]} $look" 2>/dev/null)" = $'exit-mmap \nexit-mmap ' ]
}

# pin CPU PID...
pin() {
	local cpu=$1 pid
	shift
	for pid; do
		taskset --all-tasks --pid --cpu-list "$cpu" "$pid" >/dev/null
	done
}

# starve OPTION...: an idle victim on a CPU with 16 processes that want all of it
starve() {
	local cpu=$(($(nproc) - 1))

	start_victim --sched idle "$@"
	pin "$cpu" "$VICTIM"
	start_helper hog 16
	HOGS_JOB=$HELPER_JOB
	# shellcheck disable=SC2046 # PIDs
	pin "$cpu" $(pgrep --parent "$HOGS_JOB")
	run_by nice -n -20
}

@test "status: dying, then exit-mmap" {
	requires root nobody smp
	starve --mib 1024
	kill -KILL "$VICTIM"
	is_phase "$VICTIM" dying
	look status "$VICTIM"
	sees sigpending KILL next "mmreap kill --reap-only $VICTIM takes its memory back now"
	[ "$(listed "$VICTIM")" -eq 1 ]
	# Now it gets a fair share, and takes a second or two for what needs a tenth of one.
	chrt --other --pid 0 "$VICTIM"
	until_true 60 tears_down "$VICTIM"
	hogs_stop
}

@test "status: zombie" {
	requires root nobody
	start_victim --zombie
	is_phase "$VICTIM" zombie
	look status "$VICTIM"
	sees blocker "parent $VICTIM_JOB" rss null sharers null
}

@test "status: a killed zombie is listed, one of its own accord is not" {
	requires root
	local killed own
	cat >zombies <<-'SCRIPT'
		exec python3 -c '
		import os, signal, sys
		own = os.fork() or os._exit(3)
		killed = os.fork() or signal.pause()
		os.kill(killed, signal.SIGKILL)
		for pid in own, killed:
		    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
		print(own, killed, flush=True)
		sys.stdin.read()'
	SCRIPT
	command -v python3 >/dev/null || skip "no python3"
	coproc ZOMBIES { bash zombies 3>&-; }
	read -r own killed <&"${ZOMBIES[0]}"
	[ "$(listed "$killed")" -eq 1 ]
	[ "$(listed "$own")" -eq 0 ]
	is_phase "$own" zombie
}

@test "status: zombie-leader" {
	requires root nobody kcmp
	start_victim --mib 16 --dead-leader --threads 3
	is_phase "$VICTIM" zombie-leader
	look status --deep "$VICTIM"
	sees state S blocker "4 living threads" robust none
	[ "$(looked '.[0].anon')" -ge $((16 << 20)) ]
	[ "$(looked '.[0].vmas')" -gt 5 ]
	[ "$(listed "$VICTIM")" -eq 1 ]
}

# The line Groups comes before what the phase is made from.
@test "status: alive, and a member of very many groups" {
	requires root nobody
	local n
	for n in 3000 65536; do
		start_victim --mib 16 --groups "$n"
		[ "$(status_of "$VICTIM" Groups | wc -w)" -eq "$n" ]
		is_phase "$VICTIM" alive
		sees state S threads 1
		[ "$(looked '.[0].rss')" -ge $((16 << 20)) ]
	done
}

@test "status: kthread" {
	requires root nobody
	grep -qx kthreadd /proc/2/comm || skip "no kernel thread is seen here"
	is_phase 2 kthread
}

@test "status: gone" {
	requires root inodes
	local inode
	start_victim --mib 1
	inode=$(inode_of "$VICTIM")
	stop_job "$VICTIM_JOB"
	look status "$VICTIM:$inode"
	expect_status 5
	sees phase gone pid "$VICTIM" rss null
	# A member of a selection that is gone meanwhile is no failure.
	mmreap status --raw --noheadings -o phase - <<<"$VICTIM:$inode"
	expect_status 0
}

@test "status: on a healthy machine there is nothing to say" {
	requires root pidns
	run --separate-stderr unshare --pid --fork --mount-proc --kill-child "$MMREAP" status
	expect_status 0
	[ -z "$output" ]
	run --separate-stderr unshare --pid --fork --mount-proc --kill-child "$MMREAP" status --json
	[ "$output" = '{"status":[]}' ]
}

@test "status: memory by kind, and what may be shared" {
	requires root nobody
	start_victim --mib 16 --shmem-mib 8 --fork-cow
	look status --deep "$VICTIM"
	[ "$(looked '.[0].shmem')" -ge $((8 << 20)) ]
	[ "$(looked '.[0].pagetables')" -gt 0 ]
	script --quiet --return --command "stty cols 80; '$MMREAP' status --deep $VICTIM" /dev/null >report
	cat report
	grep -q "shared memory: no reap takes it" report
	grep -Eq "but for pages shared with forked children: at most 1[67]\.[0-9] MiB" report
	grep -q "sharers    none" report
	# Without --deep nothing is guessed.
	script --quiet --return --command "'$MMREAP' status $VICTIM" /dev/null >report
	grep -q "shared with forked children (--deep counts them)" report
}

@test "status: robust futexes in use, read only with --deep" {
	requires root
	start_victim --mib 1 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader --threads 2
	look status "$VICTIM"
	sees robust null
	look status --deep "$VICTIM"
	sees robust in-use
	run_by "${NOBODY[@]}"
	look status --deep "$VICTIM"
	sees robust unreadable phase alive
}

@test "status: nothing that takes the mmap lock is read but with --deep" {
	requires root strace
	# LeakSanitizer cannot work under strace.
	local -x LSAN_OPTIONS=detect_leaks=0
	start_victim --mib 1 --threads 2
	for deep in '' --deep; do
		# shellcheck disable=SC2086
		strace -f -qq -o trace -e trace=openat "$MMREAP" status --json $deep "$VICTIM" >/dev/null
		# Opening mem and pagemap takes no mmap lock; they are opened for --deep only all the same.
		grep -oE '"[^"]*(cmdline|environ|maps|smaps[a-z_]*|numa_maps|ksm_stat|clear_refs|mem|pagemap)"' \
			trace | sort -u >opened || :
		cat opened
		if [ -z "$deep" ]; then
			[ ! -s opened ]
		else
			grep -q '"smaps_rollup"' opened
		fi
	done
	strace -f -qq -o trace -e signal=none -e trace=process_vm_readv,process_madvise,ptrace \
		"$MMREAP" status "$VICTIM"
	cat trace
	[ ! -s trace ]
}

@test "status: a held mmap lock blocks nothing but --deep, and that within its limit" {
	requires root
	local locker blocked=0
	start_victim --mmaplock=1024
	locker=$(cd "/proc/$VICTIM/task" && echo !("$VICTIM"))
	# 2 ms of CPU every 4 s: it is always in the middle of an mprotect that its share ends.
	chrt --deadline --sched-runtime 2000000 --sched-deadline 4000000000 \
		--sched-period 4000000000 --pid 0 "$locker" || skip "no deadline scheduling"
	at_end "chrt --other --pid 0 $locker"
	# A look that is let in, when the share comes, leaves nearly 4 s for the next.
	for _ in 1 2 3; do
		look status --deep "$VICTIM"
		expect_status 0
		sees phase alive
		[ "$(looked '.[0].robust')" != blocked ] || blocked=$((blocked + 1))
		mmreap status --raw --noheadings -o phase,sharers,vmas "$VICTIM"
		expect_status 0
		[ "$output" = "alive 0 " ]
	done
	say "$blocked of 3 deep looks were blocked"
	((blocked > 0))
}

@test "status: several targets are a table, one on a terminal is a report" {
	requires root
	local other
	start_victim --mib 1
	other=$VICTIM
	start_victim --mib 1 --comm $'a\nb'
	mmreap status "$VICTIM" "$other"
	expect_status 0
	[ "${#lines[@]}" -eq 3 ]
	script --quiet --return --command "'$MMREAP' status $VICTIM" /dev/null >report
	grep -qF "$VICTIM a\\x0ab (inode" report
	grep -q '^phase      alive' report
	script --quiet --return --command "'$MMREAP' status -n $VICTIM" /dev/null >report
	[ "$(wc -l <report)" -eq 1 ]
	mmreap status -o +tracer -b "$VICTIM"
	[[ ${lines[0]} == *BLOCKER*TRACER* ]]
	mmreap status --source bpf "$VICTIM"
	[[ $("$MMREAP" --version) == *bpf* ]] || expect_status 4
}

@test "status: what hidepid hides is not said to be gone" {
	requires root nobody
	cat >hidden <<-SCRIPT
		mount -t proc -o hidepid=2 proc /proc
		sleep 60 & sleeper=\$!
		trap 'kill \$sleeper' EXIT
		${NOBODY[*]} '$MMREAP' status --json \$sleeper
		echo "status \$?"
	SCRIPT
	run --separate-stderr unshare --mount bash hidden
	[ "$(sed '/^status/d' <<<"$output" | jq -c '.status[0] | [.phase, .rss]')" = '[null,null]' ]
	[[ $output == *"status 6" ]]
}

@test "status: 30 looks at a process that is killed meanwhile" {
	requires root
	for round in {0..29}; do
		start_victim --mib 8 --exit-after-us $((round * round * 100))
		look status --deep "$VICTIM"
		case $(looked '.[0].phase') in
		alive | dying | exit-mmap | zombie) expect_status 0 ;;
		gone) expect_status 5 ;;
		*) return 1 ;;
		esac
		wait "$VICTIM_JOB" || :
	done
}

@test "status: what it advises where the memory is shared does work" {
	requires root mrelease freezer-v1 kcmp
	local next
	cgroup_make v1 cold freezer
	start_victim --mib 32 --sharer=1
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill -KILL "$VICTIM"
	until_true 5 is_in "$VICTIM" dying-frozen
	next=$("$MMREAP" status -n -o next "$VICTIM")
	[ "$next" = "its memory is shared: mmreap kill --sharers=kill --thaw $VICTIM ends all that have it" ]
	kill_json --sharers=kill --thaw "$VICTIM"
	expect_status 0
	is_gone "$VICTIM"
}

@test "status: nothing is advised that would be denied" {
	requires root nobody
	start_victim --mib 8
	run as_nobody "$MMREAP" status -n -o next "$VICTIM"
	[ "$output" = "no right to signal it; run mmreap as its user or as root" ]
}

@test "status: a pidfd whose process was waited for has no number" {
	run --separate-stderr "$HELPERS/inherit" --gone 7 "$MMREAP" status --json --pidfd 7
	[ "$status" -eq 5 ]
	[ "$stderr" = "mmreap: pidfd: no such process" ]
	jq -e '.status[0] | .pid == null and .evidence == "the process of the pidfd has been waited for"' \
		<<<"$output"
	run --separate-stderr "$HELPERS/inherit" --gone 7 "$MMREAP" kill --pidfd 7
	[[ $output == "pidfd: "* ]]
}
