#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel without process_mrelease (before 5.15): the victim is killed, nothing is reaped, and
# mmreap does not claim otherwise.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

@test "no call: the kernel has no process_mrelease" {
	[ "$("$HELPERS/mrelease" bad 0)" = "ENOSYS rss=none" ]
}

@test "no call: killed, exit 4, and no word of a reap that was" {
	start_victim --mib 32
	kill_json "$VICTIM"
	expect_status 4
	expect outcome killed method kill-only exited true reap_ms null
	is_gone "$VICTIM"

	start_victim --mib 32
	mmreap kill "$VICTIM"
	expect_status 4
	[[ $output == "$VICTIM victim: killed"* ]]
	[[ $output == *process_mrelease* ]]
	[[ $output != *unmapped* ]]
	is_gone "$VICTIM"
}

@test "no call: it is found out without a victim, by a bad descriptor" {
	start_victim --mib 4
	traced kill "$VICTIM"
	expect_status 4
	[ "$FLAG_CALLS" -eq 0 ]
	[ "$PLAIN_CALLS" -eq 0 ]
	[ "$KILL_SIGNALS" -eq 1 ]
}

@test "no call: a method that is asked for by name is unsupported, and nobody is signalled" {
	local method
	start_victim --mib 4
	for method in reap-kill kill-reap; do
		kill_json -m "$method" "$VICTIM"
		expect_status 4
		expect outcome unsupported
		untouched "$VICTIM"
	done
}

@test "no call: --reap-only is unsupported" {
	start_victim --mib 4
	kill_json --reap-only "$VICTIM"
	expect_status 4
	expect outcome unsupported
	untouched "$VICTIM"
}

@test "no call: PID:INODE is unsupported before 6.9, and nobody is signalled" {
	start_victim --mib 4
	kill_json "$VICTIM:$(stat -Lc %i "/proc/$VICTIM")"
	expect_status 4
	expect outcome unsupported
	untouched "$VICTIM"
}

@test "no call: a robust mutex is handed over by the victim's own exit" {
	series --waiter /dev/shm/mutex 20 -- "$MMREAP" kill --json -- --mib 8 --shm /dev/shm/mutex \
		--own-robust leader
	all_of outcome killed
	all_of waiter recovered
}

@test "no call: a shared mm is refused as everywhere" {
	in_world pair kill --json TARGET
	expect_status 7
	[ "$FATES" = "target=lives other=lives" ]
}

@test "no call: several victims, all killed, exit 4" {
	local first
	start_victim --mib 4
	first=$VICTIM
	start_victim --mib 4
	kill_json "$first" "$VICTIM"
	expect_status 4
	[ "$(jq -r '[.kill[].outcome] | unique | join(" ")' <<<"$output")" = killed ]
	is_gone "$first"
	is_gone "$VICTIM"
}

@test "no call: probe says what is missing, exit 4" {
	"$MMREAP" --help | grep -q '^ *probe' || skip "this build has no probe"
	mmreap probe
	expect_status 4
	[[ $output == *process_mrelease* ]]
}
