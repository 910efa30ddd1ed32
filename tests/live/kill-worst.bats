#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The worst minute: no memory left, nothing in the page cache, no descriptors, no threads. After the
# first SIGKILL mmreap needs nothing that could be missing.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

not_sanitized() {
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer takes memory of its own"
}

# ledger ARGUMENT...: `mmreap kill` with the books open; LEDGER is what it took
ledger() {
	rm -f ledger
	run --separate-stderr timeout --foreground "$RUN_LIMIT" env LEDGER=ledger \
		LD_PRELOAD="$HELPERS/ledger.so" "$MMREAP" kill "$@" 3>&-
	LEDGER=$(<ledger)
	jq -e '.signals > 0 and .verdicts == 1' <<<"$LEDGER" >/dev/null
}

# took KEY VALUE...: figures of the ledger
took() {
	while (($# > 1)); do
		if [ "$(jq ".$1" <<<"$LEDGER")" != "$2" ]; then
			echo "$1 is not $2: $LEDGER; $stderr" >&2
			return 1
		fi
		shift 2
	done
}

@test "worst: no memory is taken and no disk is read between first signal and last verdict" {
	requires mrelease ptrace
	not_sanitized
	local pids=() traits
	for traits in "" "--threads 5" "--own-robust leader --shm lock" "--stop" "--busy 2"; do
		# shellcheck disable=SC2086 # words
		start_victim --mib 32 $traits
		ledger --verbose "$VICTIM"
		expect_status 0
		took allocations 0 major 0
	done
	start_victim --mib 32 --sharer=2
	ledger --sharers kill "$VICTIM"
	expect_status 0
	took allocations 0 major 0 signals 3
	for _ in {1..8}; do
		start_victim --mib 8
		pids+=("$VICTIM")
	done
	ledger --json "${pids[@]}"
	expect_status 0
	took allocations 0 major 0 signals 8
}

@test "worst: nothing of the program is run between first signal and last verdict but what is locked" {
	requires root mrelease ptrace
	not_sanitized
	local traits
	for traits in "" "--threads 5" "--own-robust leader --shm lock" "--stop" "--busy 2"; do
		# shellcheck disable=SC2086 # words
		start_victim --mib 32 $traits
		FENCE=1 ledger --verbose "$VICTIM"
		expect_status 0
		took allocations 0 major 0
		(($(jq .fenced <<<"$LEDGER") > 0))
	done
	start_victim --mib 32 --sharer=2
	FENCE=1 ledger --sharers kill "$VICTIM"
	expect_status 0
	start_victim --mib 8 --stop
	FENCE=1 ledger --thaw "$VICTIM"
	expect_status 0
}

# Its execve is seen when the first has its signal: each look ends late, and it executes all the time.
@test "worst: no memory is taken for a target that is looked at anew after the first signal" {
	requires mrelease ptrace
	not_sanitized
	local first second
	start_victim --mib 4
	first=$VICTIM
	start_victim --mib 4 --exec-loop-us 20000
	second=$VICTIM
	start_victim --mib 4 --exec-loop-us 20000
	rm -f ledger
	# Unheld: a thread that holds is made anew, and the C library takes memory for it.
	run --separate-stderr timeout --foreground "$RUN_LIMIT" env LEDGER=ledger LATE_MS=250 \
		LD_PRELOAD="$HELPERS/ledger.so $HELPERS/latelock.so" \
		"$MMREAP" kill --verbose --hold never "$first" "$second" "$VICTIM" 3>&-
	LEDGER=$(<ledger)
	grep -q "mmreap: $second: .* SIGKILL: ESTALE" <<<"$stderr"
	grep -q "mmreap: $VICTIM: .* SIGKILL: ESTALE" <<<"$stderr"
	took allocations 0 major 0
}

@test "worst: the kernel is asked for no memory between first signal and last verdict" {
	requires mrelease ptrace strace
	not_sanitized
	start_victim --mib 32 --threads 3
	run -0 timeout 30 strace -f -qq -o trace "$MMREAP" kill "$VICTIM"
	# From the signal to the collection of the child that was compared with.
	sed '1,/pidfd_send_signal(.*SIGKILL/d; /wait4(.*NULL, 0, NULL/,$d' trace >midst
	grep -q process_mrelease midst
	run -1 grep -E '\<(brk|mmap|mremap|clone3?|v?fork)\(' midst
}

# make_cold: cold/mmreap with libraries of its own, and COLD to start it, which nobody else has in memory
make_cold() {
	local library

	mkdir cold
	cp "$MMREAP" cold/mmreap
	cp "$HELPERS/ledger.so" "$HELPERS/naive" cold
	while read -r library; do
		cp -L "$library" cold
	done < <(ldd "$MMREAP" | grep -o '/[^ ]*')
	sync cold/*
	COLD=("cold/$(basename "$(ldd "$MMREAP" | grep -o '/[^ ]*ld-[^ ]*')")" --library-path cold)
}

cool_down() {
	local file

	for file in cold/*; do
		dd if="$file" iflag=nocache count=0 status=none
	done
}

@test "worst: nothing of the program and its libraries in the page cache" {
	requires mrelease ptrace
	not_sanitized
	local traits
	make_cold
	for traits in "" "--threads 3" "--own-robust leader --shm lock" "--stop" "--busy 2"; do
		# shellcheck disable=SC2086 # words
		start_victim --mib 32 $traits
		cool_down
		rm -f ledger
		LEDGER=ledger timeout "$RUN_LIMIT" "${COLD[@]}" --preload cold/ledger.so \
			cold/mmreap kill "$VICTIM"
		LEDGER=$(<ledger)
		say "page faults that had to read, before the signal: $(jq .major_before <<<"$LEDGER")"
		(($(jq .major_before <<<"$LEDGER") > 0)) || skip "the files cannot be put out of the cache"
		took allocations 0 major 0 minor 0
	done
}

# in_full_cgroup KIB: VICTIM, of 64 MiB, and what is started as `run_inside COMMAND...` share a memory
# cgroup in which KIB are left
in_full_cgroup() {
	cgroup_make v1 full memory
	cgroup_add "$CGROUP" "$BASHPID"
	start_victim --mib 64 --threads 2
	cgroup_add "$(dirname "$CGROUP")" "$BASHPID"
	fill_up "$1"
}

# Each CPU has up to 63 pages that are charged and not used yet; a limit below the usage takes them back
# before it is refused.
fill_up() {
	local usage
	for _ in 1 2 3; do
		usage=$(<"$CGROUP/memory.usage_in_bytes")
		echo $((usage - 4096)) 2>/dev/null >"$CGROUP/memory.limit_in_bytes" || :
		usage=$(<"$CGROUP/memory.usage_in_bytes")
		echo $((usage + $1 * 1024)) >"$CGROUP/memory.limit_in_bytes"
	done
}

empty_cgroup() {
	if is_alive "$VICTIM_JOB"; then
		stop_job "$VICTIM_JOB"
	fi
	wait "$VICTIM_JOB" 2>/dev/null || :
	cgroups_end
}

run_inside() {
	run --separate-stderr timeout --foreground "$RUN_LIMIT" bash -c \
		'echo $$ >"$0/cgroup.procs"; exec "$@"' "$CGROUP" "$@" 3>&-
}

# is_about_to_kill: mmreap, in the cgroup, waits in the call that sends the signal
is_about_to_kill() {
	local pid

	while read -r pid; do
		if [ "$(cat "/proc/$pid/comm")" = mmreap ]; then
			grep -qs seccomp "/proc/$pid/wchan"
			return
		fi
	done <"$CGROUP/cgroup.procs"
	return 1
}

@test "worst: a memory cgroup without a byte left, and mmreap in it" {
	requires root mrelease ptrace seccomp memcg-v1
	not_sanitized
	for _ in {1..5}; do
		in_full_cgroup 8192
		rm -f go
		timeout "$RUN_LIMIT" "$HELPERS/refuse" SIGKILL until=go 1 1 "$BASH" -c \
			'echo $$ >"$0/cgroup.procs"; exec "$@"' "$CGROUP" \
			"$MMREAP" kill --json "$VICTIM" >output 3>&- &
		until_true 20 is_about_to_kill
		fill_up 0
		# Who needs a page now sleeps until there is one. The OOM killer would take the victim, which
		# is dying already, and help who should need no help.
		echo 1 >"$CGROUP/memory.oom_control"
		: >go
		wait "$!"
		[ "$(jq -r '.kill[0].outcome' output)" = reaped ]
		[ "$(jq -r '.kill[0].hold' output)" = trace ]
		# The kernel charges what it needs itself for a file that is opened: that may be refused.
		say "charges refused after the decision: $(<"$CGROUP/memory.failcnt")," \
			"$(jq -r '.kill[0].message' output)"
		empty_cgroup
	done
}

# beside_kill9 KIB [WORD...]: mmreap kill and kill -9, both started by these words, in turn, each ten
# times with so much left for them; nobody may be killed by the kernel to make room
beside_kill9() {
	local round good=0 plain=0 ours=() theirs=() left=$1 begin reaper=$MMREAP naive=$HELPERS/naive
	shift
	[ ! -d cold ] || reaper=cold/mmreap naive=cold/naive

	for round in {1..10}; do
		in_full_cgroup "$left"
		[ ! -d cold ] || cool_down
		begin=${EPOCHREALTIME/./}
		run_inside "$@" "$reaper" kill --json "$VICTIM"
		if ((status == 0)) && grep -qx 'oom_kill 0' "$CGROUP/memory.oom_control"; then
			good=$((good + 1))
			ours+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
		fi
		empty_cgroup
		in_full_cgroup "$left"
		[ ! -d cold ] || cool_down
		begin=${EPOCHREALTIME/./}
		run_inside "$@" "$naive" --kill-only "$VICTIM"
		if ((status == 0)) && grep -qx 'oom_kill 0' "$CGROUP/memory.oom_control"; then
			plain=$((plain + 1))
			theirs+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
		fi
		empty_cgroup
	done
	median() {
		printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
	}
	say "$left KiB left: mmreap $good of $round, kill -9 $plain of $round;" \
		"start to memory back, median: $(median "${ours[@]}") ms, $(median "${theirs[@]}") ms"
	((good == round))
}

@test "worst: a memory cgroup with 1 MiB left, against kill -9" {
	requires root mrelease ptrace memcg-v1
	not_sanitized
	beside_kill9 1024
}

# What is read from the disk is charged to the cgroup, which has no room for it.
@test "worst: a memory cgroup with 4 MiB left and an empty page cache, against kill -9" {
	requires root mrelease ptrace memcg-v1
	not_sanitized
	make_cold
	beside_kill9 4096 "${COLD[@]}"
}

@test "worst: our memory is locked as far as we may, and it is said" {
	requires root mrelease ptrace
	not_sanitized
	start_victim --mib 4
	mmreap kill --verbose "$VICTIM"
	expect_status 0
	[[ $stderr =~ "mmreap: memory of our own: "[1-9][0-9]*" KiB locked"$'\n' ]]
	[[ $stderr == *$'\nmmreap: the OOM killer '* ]]
	start_victim --mib 4
	run --separate-stderr setpriv --bounding-set=-ipc_lock prlimit --memlock=65536 \
		"$MMREAP" kill --verbose "$VICTIM"
	expect_status 0
	[[ $stderr =~ " "([0-9]+)" KiB locked, "([0-9]+)" KiB only brought in: ENOMEM" ]]
	((BASH_REMATCH[1] <= 64 && BASH_REMATCH[2] > 0))
	start_victim --mib 4
	run --separate-stderr setpriv --bounding-set=-ipc_lock prlimit --memlock=0 \
		"$MMREAP" kill --verbose "$VICTIM"
	expect_status 0
	[[ $stderr == *": 0 KiB locked, "*" KiB only brought in: EPERM"* ]]
}

@test "worst: mmreap is not the first that the OOM killer takes" {
	requires root mrelease ptrace seccomp
	local adj child
	start_victim --mib 4
	echo 300 >"/proc/$BASHPID/oom_score_adj"
	"$HELPERS/refuse" ptrace delay=500 1 1 "$MMREAP" kill "$VICTIM" >/dev/null 2>&1 3>&- &
	child=$!
	oom_score_adj_fell() {
		local pid
		pid=$(cat "/proc/$child/task/$child/children")
		[ "$(cat "/proc/${pid%% *}/comm")" = mmreap ] || return
		adj=$(cat "/proc/${pid%% *}/oom_score_adj")
		((${adj:-300} <= 0))
	}
	until_true 5 oom_score_adj_fell 2>/dev/null
	echo 0 >"/proc/$BASHPID/oom_score_adj"
	wait "$child"
	say "oom_score_adj of mmreap, which was 300 when it was started: $adj"
}

@test "worst: a stack of 32 KiB" {
	requires root mrelease ptrace
	not_sanitized
	local arguments
	on_small_stack() {
		run --separate-stderr env -i bash -c 'ulimit -s 32; exec timeout 60 "$@"' - "$MMREAP" "$@" 3>&-
	}
	start_victim --mib 8 --sharer --threads 4
	for arguments in status "status $VICTIM" "status --source proc --deep $VICTIM" "sharers $VICTIM" \
		"sharers --all --source kcmp" "watch --timeout 0 $VICTIM" probe \
		"kill --dry-run --thaw --sharers kill $VICTIM"; do
		# shellcheck disable=SC2086 # words
		on_small_stack $arguments
		echo "$arguments: $status: $stderr"
		[[ $status -eq 0 || $arguments == watch* && $status -eq 3 ]]
	done
	on_small_stack kill --json --sharers kill "$VICTIM"
	expect_status 0
	expect outcome reaped
	memcg_make small
	start_victim_in "$CGROUP" --mib 8
	on_small_stack kill --json --cgroup "$CGROUP"
	expect_status 0
	expect outcome reaped
}

@test "worst: not enough descriptors for 24 targets at a time" {
	requires mrelease ptrace
	local pids=() free
	for _ in {1..24}; do
		start_victim --mib 4
		pids+=("$VICTIM")
	done
	# What the shell has open mmreap has open, too.
	free=$((3 + ${#HELPER_FDS[@]} + 10 + 2 * ${#pids[@]}))
	run --separate-stderr bash -c 'ulimit -n "$1"; exec "$0" kill --json "${@:2}"' \
		"$MMREAP" $((free + 10)) "${pids[@]}"
	expect_status 1
	[[ $(jq -r .error.message <<<"$output") == *"too few descriptors"* ]]
	for VICTIM in "${pids[@]}"; do
		untouched "$VICTIM"
	done
	run --separate-stderr bash -c 'ulimit -n "$1"; exec "$0" kill --json "${@:2}"' \
		"$MMREAP" $((free + 50)) "${pids[@]}"
	expect_status 0
	[ "$(jq -r '[.kill[].outcome] | unique | join(" ")' <<<"$output")" = reaped ]
	[ "$(jq '.kill | length' <<<"$output")" -eq 24 ]
	[[ $stderr == *" of 24 targets at a time (ulimit -n): in turn" ]]
	say "$stderr"
}
