#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The build that needs no library.

load ../lib/live

@test "start: the build that needs no library kills, reaps, and says what it lacks" {
	requires mrelease ptrace
	[ -z "${MMREAP_SAN-}" ] || skip "one build of it is enough"
	echo 'int main(void) { return 0; }' | gcc -static-pie -x c -o probe - -lpopt 2>why ||
		skip "no static C library or libpopt: $(head -n 1 why)"
	make -s -C "$TOP" -j2 STATIC=1 BUILD="$PWD/build" CFLAGS=-O1 >&2
	local MMREAP=$PWD/build/static/mmreap
	run ldd "$MMREAP"
	[[ $output == *'statically linked'* ]]

	start_victim --mib 8
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	is_gone "$VICTIM"

	start_victim --mib 8 --comm rescue-me
	mmreap kill --noheadings --output PID,OUTCOME --comm rescue-me
	expect_status 0
	[ "$output" = "$VICTIM reaped" ]

	start_victim --mib 8
	mmreap kill --thaw "$VICTIM"
	expect_status 4
	[[ $stderr == *'this build does not read the mount table'* ]]
	mmreap status "$VICTIM"
	expect_status 4
}
