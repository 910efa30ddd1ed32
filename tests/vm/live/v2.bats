#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# mmreap on a kernel that knows the flag in its second form: one process is killed and reaped in one
# call; an mm that was ever shared is refused; a vfork pair is not noticed.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

@test "v2: reap-kill is one process_mrelease with the flag, and no other signal" {
	start_victim --mib 32
	traced kill --json -m reap-kill --robust ignore "$VICTIM"
	expect_status 0
	expect outcome reaped method reap-kill robust ignored exited true
	[ "$FLAG_CALLS" -eq 1 ]
	[ "$PLAIN_CALLS" -eq 0 ]
	[ "$KILL_SIGNALS" -eq 0 ]
}

@test "v2: 300 of 300 through the flag" {
	series 300 -- "$MMREAP" kill --json -m reap-kill --robust ignore -- --mib 32
	all_of outcome reaped
	all_of victim dead
	say "median ms: $(jq -c '.reap_ms.median, .exit_ms.median' <<<"$SERIES" | tr '\n' ' ')"
}

@test "v2: reap-kill without --robust ignore touches nobody whose threads have a list" {
	start_victim --mib 4
	kill_json -m reap-kill "$VICTIM"
	expect_status 4
	expect outcome unsupported
	untouched "$VICTIM"
}

@test "v2: auto takes the flag for a victim that has no robust list at all" {
	in_world no-list kill --json TARGET
	expect_status 0
	expect outcome reaped method reap-kill robust none
	[ "$FATES" = "target=SIGKILL other=none" ]
}

@test "v2: auto does not take it for one whose threads have a list, empty or not" {
	start_victim --mib 8
	traced kill --json "$VICTIM"
	expect_status 0
	# Whether the hold was won under strace is not the question here.
	expect method kill-reap robust none
	[ "$FLAG_CALLS" -eq 0 ]
	[ "$KILL_SIGNALS" -eq 1 ]
}

@test "v2: auto takes it for one whose threads have a list when that may be lost" {
	start_victim --mib 8
	traced kill --json --robust ignore "$VICTIM"
	expect_status 0
	expect outcome reaped method reap-kill robust ignored
	[ "$FLAG_CALLS" -eq 1 ]
	[ "$KILL_SIGNALS" -eq 0 ]
}

@test "v2: auto does not take it for the init of a PID namespace; reap-kill is unsupported there" {
	in_world ns-init-outside kill --json -m reap-kill --robust ignore TARGET
	expect_status 4
	[ "$FATES" = "target=lives other=none" ]
	in_world ns-init-outside kill --json --robust ignore TARGET
	expect_status 0
	expect outcome reaped method kill-reap
	[ "$FATES" = "target=SIGKILL other=none" ]
}

@test "v2: a CLONE_VM pair is refused, whatever the method" {
	local method
	for method in auto reap-kill kill-reap; do
		in_world pair kill --json -m "$method" --robust ignore TARGET
		expect_status 7
		expect outcome refused-shared
		[ "$FATES" = "target=lives other=lives" ]
	done
}

@test "v2: --sharers kill ends a pair by our own signals, not by the flag" {
	local method
	for method in auto reap-kill; do
		WORLD_TRACE=yes in_world pair kill --json -m "$method" --robust ignore \
			--sharers kill TARGET
		expect_status 0
		expect outcome reaped method kill-reap
		[ "$FATES" = "target=SIGKILL other=SIGKILL" ]
		[ "$FLAG_CALLS" -eq 0 ]
		[ "$KILL_SIGNALS" -eq 2 ]
		[ "$PLAIN_CALLS" -ge 1 ]
	done
}

@test "v2: the mark of a sharer that has gone: refused by the call, reaped all the same" {
	WORLD_TRACE=yes in_world sticky kill --json -m reap-kill --robust ignore TARGET
	expect_status 0
	expect outcome reaped method kill-reap
	[ "$FATES" = "target=SIGKILL other=none" ]
	[ "$FLAG_CALLS" -eq 1 ]
}

@test "v2: a vfork pair is not zapped under the child" {
	local method
	for method in auto reap-kill; do
		WORLD_TRACE=yes in_world vfork-parent kill --json -m "$method" --robust ignore \
			TARGET
		expect_status 7
		expect outcome refused-shared
		[ "$FATES" = "target=lives other=lives" ]
		[ "$FLAG_CALLS" -eq 0 ]
	done
}

@test "v2: a vfork pair with --sharers kill: both die of SIGKILL, none of a reaped page" {
	WORLD_TRACE=yes in_world vfork-parent kill --json -m reap-kill --robust ignore \
		--sharers kill TARGET
	expect_status 0
	[ "$FATES" = "target=SIGKILL other=SIGKILL" ]
	[ "$FLAG_CALLS" -eq 0 ]
}

@test "v2: a v1-frozen victim is reaped by the flag and exits when thawed" {
	in_world frozen-v1 kill --json -m reap-kill --robust ignore -t 2 TARGET
	expect_status 0
	expect outcome reaped method reap-kill exited false
	[ "$FATES" = "target=lives other=none" ]
}
