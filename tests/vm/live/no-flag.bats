#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel as released, with process_mrelease and without the flag.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

@test "no flag: the kernel refuses it" {
	[ "$("$HELPERS/mrelease" bad 1)" = "EINVAL rss=none" ]
	[ "$("$HELPERS/mrelease" bad 0)" = "EBADF rss=none" ]
}

@test "no flag: reap-kill is unsupported, and nobody is signalled" {
	start_victim --mib 4
	kill_json -m reap-kill --robust ignore "$VICTIM"
	expect_status 4
	expect outcome unsupported
	untouched "$VICTIM"
}

@test "no flag: the flag is never tried on a victim" {
	start_victim --mib 8
	traced kill --json "$VICTIM"
	expect_status 0
	expect method kill-reap
	[ "$FLAG_CALLS" -eq 0 ]
	[ "$KILL_SIGNALS" -eq 1 ]
}

@test "no flag: a pair is refused, or killed with consent; a vfork pair likewise" {
	local world
	for world in pair vfork-parent inner-sharer; do
		in_world "$world" kill --json TARGET
		expect_status 7
		[ "$FATES" = "target=lives other=lives" ]
		in_world "$world" kill --json --sharers kill TARGET
		expect_status 0
		[ "$FATES" = "target=SIGKILL other=SIGKILL" ]
	done
}

@test "no flag: 50 of 50 reaped by the hold" {
	series 50 -- "$MMREAP" kill --json -- --mib 8
	all_of outcome reaped
	all_of hold trace
}
