#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `watch`: each verdict as far as it can be seen, what holds it up, and nothing claimed beyond that.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2030,SC2031 # each test has a WATCH of its own

load ../lib/live

# What /proc alone tells; the kernel's own view has tests of its own (bpf.bats).
# has_begun COUNT: so many targets are watched
has_begun() {
	(($(grep -c '"event":"start"' watch.out) >= $1))
}

# watch_start ARGUMENT...: in the background, until it has said what it watches
watch_start() {
	local word count=0

	for word; do
		[[ $word != [0-9]* || $word == *[a-z.]* ]] || count=$((count + 1))
	done
	[[ " $* " != *" --timeout "* ]] || count=$((count - 1))
	# Emptied here: what is started empties it some time later, and an earlier watch has begun too.
	: >watch.out
	env --default-signal=INT timeout --foreground --kill-after=5 "$RUN_LIMIT" \
		"$MMREAP" watch --json --source proc "$@" >watch.out 2>watch.err 3>&- &
	WATCH=$!
	until_true 20 has_begun $((count > 0 ? count : 1))
}

# watch_end STATUS
watch_end() {
	local got=0

	wait "$WATCH" || got=$?
	cat watch.out watch.err
	[ "$got" -eq "$1" ] || {
		echo "status $got, expected $1"
		return 1
	}
	jq --exit-status --slurp 'length > 0' watch.out >/dev/null
}

# events: the words, in order
events() {
	jq --raw-output .event watch.out | tr '\n' ' '
}

# of EVENT KEY
of() {
	jq --raw-output "select(.event == \"$1\") | .$2" watch.out
}

# The shell waits for its child only when asked to: until then it is a zombie.
end_victim() {
	kill -KILL "$VICTIM"
}

@test "watch: killed, exited, reaped" {
	start_victim --mib 64
	watch_start "$VICTIM"
	end_victim
	watch_end 0
	[[ "$(events)" == "start "*"exited reaped "* ]]
	[ "$(of start phase)" = alive ]
	[ "$(of exited source)" = pidfd ]
	[ "$(of reaped source)" = pagemap ]
	(($(of reaped unmapped) >= 64 << 20))
	[ "$(of reaped rss)" -eq 0 ]
	[ "$(of reaped inode)" = "$(of start inode)" ]
}

@test "watch: a process that ends by itself" {
	start_victim --mib 8 --exit-after-us 300000
	watch_start "$VICTIM"
	watch_end 0
	[[ "$(events)" == *"exited reaped "* ]]
}

@test "watch: pinned by a blocked read of /proc/PID/mem" {
	requires root userfaultfd
	local reader
	start_victim --mib 256
	start_helper reader --mem "$VICTIM"
	reader=$HELPER_JOB
	watch_start --verbose "$VICTIM"
	end_victim
	until_true 20 grep -q '"event":"blocked"' watch.out
	is_gone "$VICTIM"
	[[ "$(events)" == *"exited blocked "* || "$(events)" == *"exited gone blocked "* ]]
	[[ "$(of blocked blocker)" == "$reader reader (waits in a read or write of /proc/$VICTIM/mem)" ]]
	[[ "$(of blocked next)" == "kill $reader"* ]]
	[[ "$(of blocked message)" == *"(257."*" MiB when last seen) is still held"* ]]
	[ "$(of blocked unmapped)" = null ]
	stop_job "$reader"
	watch_end 0
	(($(of reaped unmapped) >= 256 << 20))
	[[ "$(of reaped message)" == *"may still be freeing it"* ]]
}

@test "watch: pinned by a sharer that mmreap runs below" {
	requires kcmp ptrace mrelease
	mkfifo over
	# What status advises of the other sharer, which it does not run below, is tried.
	cat >script <<-SCRIPT
		exec >said 2>&1
		advice=\$('$MMREAP' status --noheadings --raw --source proc --output NEXT "\$2" | sed 's/\\\\x20/ /g')
		echo "\$advice"
		advice=\${advice%% would*}
		eval "'$MMREAP' \${advice#mmreap } --dry-run"
		echo "status \$?"
		'$MMREAP' watch --json --source proc --verbose --timeout 20 "\$1" | tee watch.out |
			while read -r line; do
				case \$line in
				*'"event":"start"'*) kill -KILL "\$1" ;;
				*'"event":"blocked"'*) break ;;
				esac
			done
		echo >over
	SCRIPT
	start_victim --mib 8 --sharer=2 --sharer-runs "$PWD/script"
	read -r -t 60 _ <over
	cat said watch.out
	grep -qx 'status 0' said
	[ "$(of blocked next)" = "mmreap kill --allow-ancestors --sharers=kill ${OTHERS[0]} ends who uses it" ]
}

@test "watch: pinned by process_vm_readv, timeout" {
	requires root userfaultfd
	start_victim --mib 16
	start_helper reader --vm-readv "$VICTIM"
	watch_start --timeout 1 "$VICTIM"
	end_victim
	watch_end 3
	[[ "$(events)" == *"exited "*"timeout "* && "$(events)" != *reaped* ]]
	[ "$(of timeout blocker)" = "$HELPER_JOB reader (waits in process_vm_readv)" ]
}

@test "watch: a reader that nothing shows is said to be unknown" {
	requires root userfaultfd nobody
	start_victim --mib 16 --uid 65534
	start_helper reader --mem "$VICTIM"
	# Of root's processes that user sees no more than the names.
	as_nobody timeout --foreground 20 "$MMREAP" watch --json --timeout 1 "$VICTIM" \
		>watch.out 2>watch.err 3>&- &
	WATCH=$!
	until_true 20 grep -q '"event":"start"' watch.out
	end_victim
	watch_end 3
	[[ "$(of timeout blocker)" == "unknown holder: "*" could not be inspected" ]]
}

@test "watch: a sharer is left" {
	requires root kcmp
	start_victim --mib 32 --sharer
	watch_start --timeout 1 "$VICTIM"
	end_victim
	watch_end 3
	[[ "$(events)" != *reaped* ]]
	[ "$(of timeout blocker)" = "${OTHERS[0]} victim (uses the same memory)" ]
	[[ "$(of timeout next)" == "mmreap kill ${OTHERS[0]}"* ]]
}

@test "watch: the sharer goes too" {
	requires root kcmp
	start_victim --mib 32 --sharer
	watch_start "$VICTIM"
	end_victim
	until_true 20 grep -q '"event":"exited"' watch.out
	kill -KILL "${OTHERS[0]}"
	watch_end 0
	[ "$(of exited source)" = pidfd ]
	(($(of reaped unmapped) >= 32 << 20))
}

@test "watch: v1-frozen" {
	requires root freezer-v1
	cgroup_make v1 watch freezer
	start_victim --mib 16
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	watch_start --timeout 1 "$VICTIM"
	end_victim
	watch_end 3
	[ "$(of phase phase)" = dying-frozen ]
	[[ "$(of timeout blocker)" == "frozen cgroup "*watch* ]]
	[[ "$(of timeout next)" == *"--thaw $VICTIM"* ]]
	is_alive "$VICTIM"
}

@test "watch: held in its exit by a tracer" {
	requires root ptrace
	start_victim --mib 16 --trace-exit
	watch_start --timeout 1 "$VICTIM"
	end_victim
	watch_end 3
	[ "$(of timeout phase)" = exit-stop ]
	[[ "$(of timeout blocker)" == "tracer "* ]]
	[[ "$(events)" != *exited* ]]
}

@test "watch: core dump" {
	requires root
	core_pattern_pipe
	start_victim --mib 16 --coredump
	watch_start --timeout 1 "$VICTIM"
	watch_end 3
	[ "$(of timeout phase)" = core-dump ]
	[[ "$(of timeout blocker)" == "core dump"* ]]
}

@test "watch: a thread in D state is named, with where it waits" {
	requires root fsfreeze
	frozenfs_make
	start_victim --mib 16 --threads 2 --stuck "$FROZEN"
	watch_start --timeout 1 "$VICTIM"
	end_victim
	watch_end 3
	[[ "$(events)" != *exited* ]]
	[ "$(of timeout phase)" = dying ]
	[ "$(of timeout blocker)" = "uninterruptible wait in percpu_rwsem_wait" ]
	frozenfs_thaw
	until_true 10 is_gone "$VICTIM"
}

charged_bytes() {
	cat "$CGROUP/memory.usage_in_bytes" 2>/dev/null || cat "$CGROUP/memory.current"
}

is_uncharged() {
	(($(charged_bytes) < $1))
}

@test "watch: what a ring has pinned is said to stay, and stays" {
	requires root io-uring memcg
	memcg_make watch
	start_victim_in "$CGROUP" --pinned-mib 64
	watch_start "$VICTIM"
	end_victim
	watch_end 0
	[[ "$(of reaped message)" == *"64.0 MiB was pinned (io_uring, RDMA, a driver): it stays as long as that is open"* ]]
	(($(charged_bytes) >= 64 << 20))
	kill -KILL "${OTHERS[0]}"
	until_true 10 is_uncharged $((64 << 20))
}

@test "watch: huge pages are named apart" {
	requires root hugetlb
	hugetlb_reserve 16
	start_victim --mib 8 --hugetlb-mib 16
	watch_start "$VICTIM"
	end_victim
	watch_end 0
	[[ "$(of reaped message)" == *"16.0 MiB was huge pages (hugetlb)"* ]]
}

@test "watch: shared memory is said to be no part of it" {
	start_victim --mib 8 --memfd-mib 64
	watch_start "$VICTIM"
	end_victim
	watch_end 0
	[[ "$(of reaped message)" == *"64.0 MiB was shared memory: what another "*" keeps of it stays"* ]]
}

@test "watch: freed is told by a cgroup of its own" {
	requires root memcg
	memcg_make watch
	start_victim --mib 8 --exec-loop-us 300000
	cgroup_add "$CGROUP" "$VICTIM"
	watch_start "$VICTIM"
	until_true 20 grep -q '"event":"exec"' watch.out
	end_victim
	watch_end 0
	(($(of reaped freed) >= 6 << 20))
	# Somebody else in it: then nothing is told.
	start_victim --mib 8
	cgroup_add "$CGROUP" "$VICTIM"
	start_victim --mib 8
	cgroup_add "$CGROUP" "$VICTIM"
	watch_start "$VICTIM"
	end_victim
	watch_end 0
	[ "$(of reaped freed)" = null ]
}

@test "watch: too late, a zombie" {
	start_victim --zombie
	mmreap watch --json "$VICTIM"
	expect_status 6
	[ "$(jq -r .event <<<"$output" | tr '\n' ' ')" = "start unknown " ]
	[[ "$output" == *"before the watch began"* ]]
	mmreap watch --json --for exited "$VICTIM"
	expect_status 0
	[ "$(jq -r .event <<<"$output")" = start ]
}

@test "watch: without the right to inspect it" {
	requires nobody root
	start_victim --mib 8
	as_nobody timeout --foreground 20 "$MMREAP" watch --json "$VICTIM" >watch.out 2>watch.err 3>&- &
	WATCH=$!
	until_true 20 grep -q '"event":"start"' watch.out
	end_victim
	watch_end 6
	[[ "$(events)" == *"exited unknown "* ]]
	[[ "$(of unknown message)" == *"no right to inspect it"* ]]
}

@test "watch: dead leader, living threads" {
	start_victim --mib 32 --dead-leader --threads 3
	watch_start "$VICTIM"
	[ "$(of start phase)" = zombie-leader ]
	(($(of start rss) >= 32 << 20))
	end_victim
	watch_end 0
	[[ "$(events)" == *"exited reaped "* ]]
}

@test "watch: an execve is followed" {
	start_victim --mib 8 --exec-loop-us 300000
	watch_start "$VICTIM"
	until_true 20 grep -q '"event":"exec"' watch.out
	end_victim
	watch_end 0
	[[ "$(events)" == "start "*"exec "*"reaped "* ]]
}

@test "watch: --for exited does not wait for the memory" {
	requires root userfaultfd
	start_victim --mib 8
	start_helper reader --mem "$VICTIM"
	watch_start --for exited "$VICTIM"
	end_victim
	watch_end 0
	[[ "$(events)" == *"exited "* && "$(events)" != *reaped* ]]
}

@test "watch: --for gone collects a child of its own, which nobody else can" {
	local child
	mkfifo report
	timeout 20 bash -c '
		"$1/victim" --mib 8 >report &
		exec 5<report
		read -r _ <&5
		exec "$0" watch --json --source proc --for gone $!' \
		"$MMREAP" "$HELPERS" >watch.out 3>&- 2>watch.err &
	WATCH=$!
	until_true 20 has_begun 1
	child=$(of start pid)
	kill -KILL "$child"
	watch_end 0
	[[ "$(events)" == *"reaped gone " ]]
}

@test "watch: --for gone waits for the parent" {
	start_victim --mib 8
	# Its parent is our shell: stopped, it cannot wait for it.
	start_victim --mib 8
	watch_start --for gone --timeout 1 "$VICTIM"
	kill -KILL "$VICTIM"
	wait "$VICTIM" || :
	watch_end 0
	[[ "$(events)" == *"gone "* ]]
	start_victim --zombie
	mmreap watch --json --for gone --timeout 300ms "$VICTIM"
	expect_status 3
	[[ "$(jq -r 'select(.event == "timeout") | .blocker' <<<"$output")" == "parent "* ]]
}

@test "watch: several targets, all or any" {
	local first
	start_victim --mib 8
	first=$VICTIM
	start_victim --mib 8
	watch_start "$first" "$VICTIM"
	kill -KILL "$first"
	until_true 20 grep -q '"event":"reaped"' watch.out
	is_running_job "$WATCH"
	end_victim
	watch_end 0
	[ "$(of reaped pid | sort -n)" = "$(printf '%s\n' "$first" "$VICTIM" | sort -n)" ]

	start_victim --mib 8
	first=$VICTIM
	start_victim --mib 8
	watch_start --any "$first" "$VICTIM"
	kill -KILL "$first"
	watch_end 0
	is_alive "$VICTIM"
	[ "$(of reaped pid)" = "$first" ]
}

@test "watch: some in time and some not" {
	local first
	start_victim --mib 8
	first=$VICTIM
	start_victim --mib 8
	watch_start --timeout 2 "$first" "$VICTIM"
	kill -KILL "$first"
	watch_end 64
	[ "$(of timeout pid)" = "$VICTIM" ]
}

both_begun() {
	[ "$(of start pid | wc -l)" -eq 2 ]
}

@test "watch: the members of a cgroup at the start" {
	requires root freezer-v2
	local first
	cgroup_make v2 watch
	start_victim --mib 8
	first=$VICTIM
	start_victim --mib 8
	cgroup_add "$CGROUP" "$first" "$VICTIM"
	watch_start --cgroup "$CGROUP"
	until_true 20 both_begun
	kill -KILL "$first" "$VICTIM"
	watch_end 0
	[ "$(of reaped pid | wc -l)" -eq 2 ]
}

@test "watch: Ctrl-C, SIGTERM, SIGHUP end it with their own status" {
	local signal got
	start_victim --mib 8
	for signal in INT TERM HUP; do
		: >watch.out
		env --default-signal=INT "$MMREAP" watch --json "$VICTIM" >watch.out 2>watch.err 3>&- &
		WATCH=$!
		until_true 20 grep -q '"event":"start"' watch.out
		kill "-$signal" "$WATCH"
		got=0
		wait "$WATCH" || got=$?
		[ "$got" -eq $((128 + $(kill -l "$signal"))) ]
	done
	untouched "$VICTIM"
}

@test "watch: no such process, a kernel thread, itself" {
	start_victim --mib 1
	end_victim
	wait "$VICTIM" || :
	mmreap watch "$VICTIM"
	expect_status 5
	[[ $stderr == *"no such process"* ]]
	mmreap watch 2
	expect_status 5
	mmreap watch --interval 100us 1
	expect_status 2
}

@test "watch: a reader of the output that goes away ends it" {
	start_victim --mib 8
	{
		timeout --foreground 20 "$MMREAP" watch --json "$VICTIM" 2>watch.err 3>&- || echo $? >status
	} | head -n 1 >watch.out
	[ "$(<status)" -eq 1 ]
	untouched "$VICTIM"
	[[ "$(<watch.err)" == "mmreap: standard output: "* ]]
}

@test "watch: 200 exits at the same moment, none wrong, none hangs" {
	requires root kcmp
	run timeout --foreground 300 "$HELPERS/watchers" race 200 "$MMREAP" watch --json \
		--source proc --timeout 300ms
	echo "$output"
	((status == 0))
	say "$output"
	[ "$(jq .wrong <<<"${lines[-1]}")" -eq 0 ]
	# Else the exits were over before the watches began.
	[ "$(jq .reaped <<<"${lines[-1]}")" -ge 20 ]
	[ "$(jq .held <<<"${lines[-1]}")" -ge 10 ]
}

# watched_exits: ten watches of the exit of 1 GiB, and none, in turns; WATCHED is what it took
watched_exits() {
	run timeout --foreground 300 "$HELPERS/watchers" slow 5 1024 10 "$MMREAP" watch --json \
		--source proc
	echo "$output"
	((status == 0))
	say "$output"
	WATCHED=${lines[-1]}
}

@test "watch: ten of them do not do the work of an exit" {
	watched_exits
	# A teardown of 1 GiB takes some 70 ms of system time.
	[ "$(jq '.most_system_ms < 35' <<<"$WATCHED")" = true ]
}

@test "watch: ten of them do not slow an exit" {
	requires idle
	watched_exits
	[ "$(jq '.with_min < 1.3 * .without_min' <<<"$WATCHED")" = true ]
}

@test "watch: told to end while nobody reads what it says" {
	local signal got
	full_pipe
	start_victim
	for signal in INT TERM; do
		env --default-signal "$MMREAP" watch --source proc "$VICTIM" >full 2>watch.err 3>&- &
		WATCH=$!
		until_true 20 sits_in_write "$WATCH"
		kill -s "$signal" "$WATCH"
		until_true 10 is_gone "$WATCH"
		got=0
		wait "$WATCH" || got=$?
		[ "$(kill -l "$got")" = "$signal" ]
	done
}
