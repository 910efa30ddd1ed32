#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The race between the victim's own exit and our reap, with two hogs per CPU.

load ../lib/live

race() {
	series --hogs 2 --batch 50 300 -- "$MMREAP" kill --json -- --mib 32 "$@"
}

all_reaped() {
	all_of outcome reaped
	all_of hold trace
	all_of exited true
	all_of status 0
	all_of victim dead
}

@test "race: 300 single-threaded sleepers are reaped" {
	requires mrelease ptrace
	race
	all_reaped
}

@test "race: 300 multi-threaded sleepers are reaped" {
	requires mrelease ptrace
	race --threads 5
	all_reaped
}

@test "race: 300 sleepers are reaped on one CPU" {
	requires mrelease ptrace
	series() {
		SERIES=$(taskset --cpu-list 0 "$HELPERS/series" "$@" 3>&-)
		echo "$SERIES"
	}
	race
	all_reaped
}

@test "race: what is lost without the hold" {
	requires mrelease ptrace
	local threads
	for threads in 0 5; do
		series --hogs 2 --batch 50 100 -- "$HELPERS/naive" -- --mib 32 --threads "$threads"
		say "SIGKILL, process_mrelease: $(counted mrelease ESRCH) of 100 lost, $threads more threads"
		series --hogs 2 --batch 50 100 -- "$MMREAP" kill --json --hold never --robust ignore -- \
			--mib 32 --threads "$threads"
		say "mmreap kill --hold never --robust ignore: $(counted outcome reaped) of 100 reaped," \
			"$(counted outcome freed) freed, $threads more threads"
		all_of outcome reaped freed
		all_of hold none
		all_of status 0
	done
}

@test "race: without the hold nothing is reaped under a robust list that may be in use" {
	requires mrelease
	series 20 -- "$MMREAP" kill --json --hold never -- --mib 32
	all_of outcome freed
	all_of hold none
	all_of status 0
}
