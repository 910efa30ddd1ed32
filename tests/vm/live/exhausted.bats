#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine of 64 MiB whose memory is gone, without swap: mmreap itself must not need what it is
# there to bring back. Of what is left over the shell, world and mmreap itself took between 1.5 and
# 2 MiB; with less the kernel killed the shell.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

@test "exhausted: 10 hogs, each with all but 4 MiB, are killed and reaped" {
	local total
	total=$(awk '/^MemTotal:/ { print $2 * 1024 }' /proc/meminfo)
	say "$((total >> 20)) MiB in all, $(awk '/^SwapTotal:/ { print $2 }' /proc/meminfo) KiB swap"
	for _ in {1..10}; do
		LEAVE_KIB=4096 in_world exhausted kill --json TARGET
		expect_status 0
		expect outcome reaped exited true
		[ "$FATES" = "target=SIGKILL other=none" ]
		say "$(json_row 0 | jq -r .message)"
		(($(json_row 0 | jq .rss_before) > total * 4 / 10))
	done
	# nobody was killed by the kernel to make room
	run -1 grep 'Out of memory' <(dmesg)
}
