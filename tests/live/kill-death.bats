#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# mmreap itself dies in the middle.

load ../lib/live

survived() {
	run "$HELPERS/holddeath" 300 -- "$MMREAP" kill --json -- "$@"
	echo "$output"
	((status == 0))
	[ "$(jq .harmed <<<"${lines[-1]}")" -eq 0 ]
	# Else the deaths missed the hold and show nothing.
	[ "$(jq .traced <<<"${lines[-1]}")" -ge 100 ]
}

@test "death of the killer: a sleeping victim notices nothing, 300 times" {
	requires root seccomp ptrace
	survived --mib 8
}

@test "death of the killer: a busy victim notices nothing, 300 times" {
	requires root seccomp ptrace
	survived --mib 8 --threads 3 --busy 1 --sched batch --nice 3
}

@test "death of the killer: a robust owner notices nothing, 300 times" {
	requires root seccomp ptrace
	survived --mib 8 --threads 3 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader
}

@test "death of the killer by SIGINT, SIGTERM, SIGHUP: the status says so" {
	requires mrelease ptrace
	local signal job got
	for signal in INT TERM HUP; do
		start_victim --mib 8 --trace-exit
		# It waits, since the victim's tracer holds it on its way out. The shell would have it
		# ignore SIGINT as everything in the background.
		env --default-signal=INT "$MMREAP" kill --timeout 30 "$VICTIM" >out 2>err 3>&- &
		job=$!
		until_true 10 grep -q '^ShdPnd:.*1..$' "/proc/$VICTIM/status"
		kill -s "$signal" "$job"
		got=0
		wait "$job" || got=$?
		[ "$got" -eq $((128 + $(kill -l "$signal"))) ]
	done
}
