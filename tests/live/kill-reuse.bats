#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A number that changes hands in the middle of a kill: the newcomer is never touched.

load ../lib/live

# With FAULTS=full (make check-faults) more than 100,000 numbers change hands in all.
if [ "${FAULTS-}" = full ]; then
	SINGLE=6000 MANY=1600
else
	SINGLE=1000 MANY=16
fi

# reuse OPTION... ROUNDS; KILL_OPTIONS are for mmreap
KILL_OPTIONS=()

reuse() {
	run "$HELPERS/reuse" "$@" -- "$MMREAP" kill --json "${KILL_OPTIONS[@]}"
	echo "$output"
	((status == 0))
	local exchanged kills=${*: -1}
	[ "$1" != --many ] || kills=$((kills * $2))
	exchanged=$(jq .exchanged <<<"${lines[-1]}")
	[ "$(jq .harmed <<<"${lines[-1]}")" -eq 0 ]
	say "$kills kills: the number changed hands in $exchanged"
	((exchanged * 2 > kills))
}

@test "reuse: the victim's pid" {
	requires root pidns seccomp mrelease
	reuse $SINGLE
}

@test "reuse: the victim's pid, when no hold keeps it" {
	requires root pidns seccomp mrelease
	KILL_OPTIONS=(--hold never)
	reuse $SINGLE
}

@test "reuse: PID:INODE" {
	requires root pidns seccomp mrelease inodes
	reuse --inode $SINGLE
}

@test "reuse: many pids in one kill" {
	requires root pidns seccomp mrelease inodes
	reuse --many 32 $MANY
	reuse --many 32 --inode $MANY
}

@test "reuse: a thread's tid" {
	requires root pidns seccomp mrelease ptrace
	reuse --thread $((SINGLE / 5))
}

@test "reuse: PID:INODE of somebody else is no-process" {
	requires inodes
	start_victim --mib 4
	local inode
	inode=$(inode_of "$VICTIM")
	kill_json "$VICTIM:$((inode + 1))"
	expect_status 5
	expect outcome no-process
	untouched "$VICTIM"
	requires mrelease ptrace
	kill_json "$VICTIM:$inode"
	expect_status 0
	expect outcome reaped pid "$VICTIM" inode "$inode"
}
