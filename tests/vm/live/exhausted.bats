#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine of 64 MiB whose memory is gone, without swap: mmreap itself must not need what it is
# there to bring back. Less than 2 MiB left over is too little for the shell that starts it.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

@test "exhausted: 10 hogs, each with all but 2 MiB, are killed and reaped" {
	local total
	total=$(awk '/^MemTotal:/ { print $2 * 1024 }' /proc/meminfo)
	say "$((total >> 20)) MiB in all, $(awk '/^SwapTotal:/ { print $2 }' /proc/meminfo) KiB swap"
	for _ in {1..10}; do
		LEAVE_KIB=2048 in_world exhausted kill --json TARGET
		expect_status 0
		expect outcome reaped exited true
		[ "$FATES" = "target=SIGKILL other=none" ]
		say "$(json_row 0 | jq -r .message)"
		(($(json_row 0 | jq .rss_before) > total * 4 / 10))
	done
	# nobody was killed by the kernel to make room
	run -1 grep 'Out of memory' <(dmesg)
}
