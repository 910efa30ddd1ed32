#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A victim that gets no CPU: the reap runs on our time, the rest of its exit is raised; and what is
# raised neither starves others nor stays raised on anything that lives.
#
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

median() {
	printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
}

# sched_of TID: nice and policy
sched_of() {
	local stat
	stat=$(</proc/"$1"/stat)
	stat=${stat##*) }
	# shellcheck disable=SC2086 # words
	set -- $stat
	# fields 19 and 41 of the whole line
	echo "${17} ${39}"
}

@test "starved: 256 MiB, SCHED_IDLE, 3 hogs on each CPU: against kill -9" {
	requires root mrelease ptrace idle
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer slows mmreap down"
	local plain=() ours=() p o limit=6000 took
	hogs_start 3
	for _ in 1 2 3; do
		start_victim --mib 256
		chrt --idle --all-tasks --pid 0 "$VICTIM"
		# What takes longer counts as the limit, and is helped to its end.
		took=$("$HELPERS/naive" --kill-only --timeout $limit "$VICTIM" 3>&- | jq .exit_ms)
		[ "$took" != null ] || {
			took=$limit
			chrt --other --all-tasks --pid 0 "$VICTIM" || :
		}
		plain+=("$took")
		start_victim --mib 256
		chrt --idle --all-tasks --pid 0 "$VICTIM"
		kill_json "$VICTIM"
		expect_status 0
		expect outcome reaped exited true
		ours+=("$(json_row 0 | jq .exit_ms)")
	done
	hogs_stop
	p=$(median "${plain[@]}") o=$(median "${ours[@]}")
	say "256 MiB, SCHED_IDLE, 3 hogs per CPU, signal to exit in ms:" \
		"kill -9 ${plain[*]} ($limit: or more), mmreap ${ours[*]}"
	say "$(jq -nr "\"ratio of the medians: \($p / $o | floor)\"")"
	[ "$(jq -n "$p >= 50 * $o")" = true ]
}

# scheduling OPTION...: what mmreap does with its own scheduling up to the reap, in order
scheduling() {
	local trace=$BATS_TEST_TMPDIR/trace
	run --separate-stderr timeout 60 strace -f -qq -o "$trace" -e signal=none -e \
		trace=sched_setattr,sched_setaffinity,clone3,clone,pidfd_send_signal,process_mrelease \
		"$MMREAP" kill "$@" 3>&-
	sed -E 's/^[0-9]+ +//' "$trace" | sed -nE 's/^clone3?\(.*/thread/p
		s/^sched_setattr\(0.*/raise/p
		s/^sched_setaffinity\([0-9]+, [0-9]+, \[([^]]*)\].*/cpus \1/p
		s/^pidfd_send_signal\(.*SIGKILL.*/kill/p
		/^process_mrelease\([0-9]/ { s/.*/reap/p; q }' | tr '\n' ';'
}

@test "starved: its threads take turns on one CPU up to the signal, and spread out then" {
	requires root mrelease ptrace strace
	local told all='cpus ([^;]*);'
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer has threads of its own"
	[ "$(nproc)" -gt 1 ] || skip "one CPU"
	start_victim --mib 32
	told=$(scheduling "$VICTIM")
	echo "$told"
	[[ $told =~ ^"raise;cpus "[0-9]+";thread;thread;kill;"$all$all${all}"reap;"$ ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[3]}" ]
	[[ ${BASH_REMATCH[1]} == *[-\ ]* ]]
	start_victim --mib 32
	[ "$(scheduling --boost never "$VICTIM")" = "thread;thread;kill;reap;" ]
}

@test "starved: with --boost never it is not raised, and takes longer" {
	requires root mrelease ptrace
	local boosted never
	hogs_start 3
	start_victim --mib 64
	chrt --idle --all-tasks --pid 0 "$VICTIM"
	kill_json --boost never -t 60 "$VICTIM"
	expect_status 0
	never=$(json_row 0 | jq .exit_ms)
	start_victim --mib 64
	chrt --idle --all-tasks --pid 0 "$VICTIM"
	kill_json -t 60 "$VICTIM"
	expect_status 0
	boosted=$(json_row 0 | jq .exit_ms)
	hogs_stop
	say "64 MiB, signal to exit in ms: boosted $boosted, --boost never $never"
}

@test "starved: a thousand dying threads do not starve a normal process" {
	requires root mrelease ptrace
	local quiet=() ours=() plain=() fd out
	coproc GAP { "$HELPERS/gap" 3>&-; }
	out=${GAP[0]} fd=${GAP[1]}
	read -r -t 10 -u "$out"
	gap() {
		echo >&"$fd"
		read -r -t 10 -u "$out"
		echo "$REPLY"
	}
	# A real-time process of somebody else stops everybody for most of a second: hence a median.
	for _ in 1 2 3; do
		gap >/dev/null
		sleep 0.5
		quiet+=("$(gap)")
		start_victim --mib 256 --threads 999
		chrt --idle --all-tasks --pid 0 "$VICTIM"
		gap >/dev/null
		kill_json -t 60 "$VICTIM"
		ours+=("$(gap)")
		expect_status 0
		expect exited true
		start_victim --mib 256 --threads 999
		gap >/dev/null
		"$HELPERS/naive" --kill-only --timeout 60000 "$VICTIM" >/dev/null 3>&-
		plain+=("$(gap)")
	done
	exec {fd}>&-
	say "longest time for which a spinning process did not run, in ms:" \
		"nothing else ${quiet[*]}, 1000 threads by mmreap ${ours[*]}, by kill -9 ${plain[*]}"
	# The watchdogs of this world wait for seconds; a tenth of one is what we allow us.
	[ "$(jq -n "$(median "${ours[@]}") <= 100 + 2 * $(median "${quiet[@]}" "${plain[@]}")")" = true ]
}

# throttled_victim OPTION...: VICTIM, for most of the second to come, runnable and off the CPU
throttled_victim() {
	local before
	start_victim "$@"
	quota_make "quota-$VICTIM"
	cgroup_add "$CGROUP" "$VICTIM"
	before=$(throttled)
	has_moved() { (($(throttled) > before + 1)); }
	until_true 10 has_moved
	sleep 0.1
}

# Its spinning thread ends in the next period only; that it cannot run until then is enough.
@test "starved: throttled by a quota, it is reaped before it gets the CPU again" {
	requires root mrelease ptrace cpu-quota
	local reaped exited
	throttled_victim --mib 16 --busy 1
	kill_json -v "$VICTIM"
	expect_status 0
	expect outcome reaped exited true hold trace
	reaped=$(awk '/us: SIGKILL/ { from = $3 } /us: process_mrelease/ { print int(($3 - from) / 1000) }' \
		<<<"$stderr")
	exited=$(json_row 0 | jq '.exit_ms | floor')
	say "ms from SIGKILL: reaped after $reaped, exited after $exited"
	((exited > 2 * reaped))
}

@test "starved: throttled by a quota, it hands its robust mutex over before it is reaped" {
	requires root mrelease ptrace cpu-quota
	local mutex=$BATS_TEST_TMPDIR/mutex waiter
	throttled_victim --mib 16 --busy 1 --threads 2 --shm "$mutex" --own-robust thread
	start_helper waiter --timeout 30000 "$mutex"
	waiter=$HELPER_FD
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true robust handed-over
	read -r -t 5 -u "$waiter"
	[[ $REPLY == *recovered* ]]
}

# PTRACE_SEIZE of a stopped process returns when that has had the CPU; it is held before.
@test "starved: stopped, it is held before it has run" {
	requires root mrelease ptrace
	start_victim --mib 64 --stop --sched idle
	hogs_start 10 other -10
	kill_json "$VICTIM"
	hogs_stop
	expect_status 0
	expect outcome reaped exited true hold trace errno null
}

is_any_traced() {
	local pid
	for pid; do
		[ "$(status_of "$pid" TracerPid)" = 0 ] || return 0
	done
	return 1
}

is_stopped() {
	[ "$(state_of "$1")" = T ]
}

# held_in_line COUNT CALL NUMBER: VICTIMS are stopped, get no CPU, and one of them is held; that call of
# mmreap waits for the file go
held_in_line() {
	local i
	VICTIMS=()
	for ((i = 0; i < $1; i++)); do
		start_victim --mib 64 --stop --sched idle
		VICTIMS+=("$VICTIM")
	done
	hogs_start 10 other -10
	renice -n -15 "$BASHPID" # they are not to keep this test from the CPU
	"$HELPERS/refuse" "$2" until=go "$3" 1 "$BASH" -c \
		'echo "$BASHPID" >killer; exec "$0" kill --json "$@"' \
		"$MMREAP" "${VICTIMS[@]}" >stdout 2>stderr 3>&- &
	until_true 10 is_any_traced "${VICTIMS[@]}"
}

# left_stopped STATUS: that is what mmreap ends with, and nobody was touched
left_stopped() {
	local status=0 pid
	wait "$!" || status=$?
	((status == $1))
	hogs_stop
	for pid in "${VICTIMS[@]}"; do
		until_true 10 is_stopped "$pid"
		untouched "$pid"
	done
}

@test "starved: stopped, held before it has run, and continued" {
	requires root mrelease ptrace seccomp
	held_in_line 1 SIGKILL 1
	kill -CONT "$VICTIM"
	: >go
	wait "$!"
	hogs_stop
	output=$(<stdout)
	expect outcome reaped exited true hold trace errno null
}

@test "starved: stopped, held before it has run, and mmreap dies" {
	requires root mrelease ptrace seccomp
	held_in_line 1 SIGKILL 1
	kill -KILL "$(<killer)"
	left_stopped 137
}

@test "starved: stopped, held before it has run, and mmreap told to stop" {
	requires root mrelease ptrace seccomp
	held_in_line 2 ptrace 2
	kill -TERM "$(<killer)"
	left_stopped 143
}

@test "starved: nothing that lives stays raised" {
	requires root mrelease ptrace kcmp
	local before pid kept
	hogs_start 2
	start_victim --mib 16 --sched idle
	kept=$VICTIM
	start_victim --mib 64 --sched idle --sharer=2
	kill_json --sharers spare -t 30 "$VICTIM"
	expect_status 0
	for pid in "$kept" "${OTHERS[@]}"; do
		[ "$(sched_of "$pid")" = "0 5" ]
		untouched "$pid"
	done
	# Its child outlives it; its neighbours in the shell's group, and the shell, are as before.
	before=$(sched_of $$)
	start_victim --mib 64 --nice 5 --fork-cow
	kill_json -t 30 "$VICTIM"
	expect_status 0
	hogs_stop
	[ "$(sched_of "${OTHERS[0]}")" = "5 0" ]
	[ "$(sched_of $$)" = "$before" ]
}

@test "starved: pending, it is not raised beyond its end" {
	requires root mrelease ptrace
	# Held in the exit by somebody else: raised at most until it is gone; nobody else is.
	start_victim --mib 16 --trace-exit --fork-cow
	kill_json --timeout 1 "$VICTIM"
	expect_status 3
	[ "$(sched_of "${OTHERS[0]}")" = "0 0" ]
}

@test "starved: by an unprivileged caller" {
	requires root nobody mrelease
	hogs_start 2
	start_victim --mib 64 --uid 65534
	run --separate-stderr timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all -- "$MMREAP" kill --json -t 50 "$VICTIM"
	hogs_stop
	expect_status 0
	expect exited true
	is_gone "$VICTIM"
}
