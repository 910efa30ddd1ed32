#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --thaw: only the victim leaves the frozen cgroup, its neighbours stay in it and stay frozen.
#
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2153 # set by cgroup_make
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# neighbours: two processes in the frozen CGROUP beside the victim that comes
neighbours() {
	start_victim --mib 16
	A=$VICTIM
	start_victim --mib 16 --threads 3
	B=$VICTIM
	cgroup_add "$CGROUP" "$A" "$B"
}

still_frozen() {
	local pid
	is_frozen "$CGROUP"
	for pid in "$A" "$B"; do
		untouched "$pid"
		[ "$(state_of "$pid")" = D ]
		(($(rss_kib "$pid") >= 16384))
		grep -qx "$pid" "$CGROUP/cgroup.procs"
	done
}

@test "thaw: the victim ends, the neighbours stay frozen" {
	requires root mrelease freezer-v1
	cgroup_make v1 cold freezer
	neighbours
	start_victim --mib 64
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --thaw "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	is_gone "$VICTIM"
	still_frozen
}

# What is frozen as it stands stopped is held all the same: it hands over once it is thawed.
@test "thaw: stopped, and an owner of a robust mutex" {
	requires root mrelease ptrace freezer-v1
	local mutex=$BATS_TEST_TMPDIR/mutex waiter
	cgroup_make v1 cold freezer
	neighbours
	start_victim --mib 64 --stop --threads 3 --shm "$mutex" --own-robust thread
	start_helper waiter --timeout 30000 "$mutex"
	waiter=$HELPER_FD
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --thaw "$VICTIM"
	expect_status 0
	expect outcome reaped exited true hold trace robust handed-over
	read -r -t 5 -u "$waiter"
	[ "$REPLY" = recovered ]
	is_gone "$VICTIM"
	still_frozen
}

@test "thaw: with threads, stopped, shared, deep below what is frozen" {
	requires root mrelease freezer-v1 kcmp
	local top
	cgroup_make v1 cold freezer
	top=$CGROUP
	neighbours
	mkdir -p "$top/a/b"
	CGROUPS=("$top/a/b" "$top/a" "${CGROUPS[@]}")
	freeze "$top"
	for option in --threads=20 --stop --sharer=1; do
		thaw "$top"
		start_victim --mib 32 "$option"
		cgroup_add "$top/a/b" "$VICTIM" "${OTHERS[@]}"
		freeze "$top"
		kill_json --thaw --sharers kill -t 20 "$VICTIM"
		expect_status 0
		expect outcome reaped
		expect exited true
		still_frozen
	done
}

@test "thaw: a robust owner goes out first, its waiter recovers, it is freed" {
	requires root mrelease ptrace freezer-v1
	local way mutex i=0
	cgroup_make v1 cold freezer
	neighbours
	for way in "--own-robust leader" "--own-robust thread" "--own-robust thread --threads 4"; do
		mutex=$BATS_TEST_TMPDIR/mutex-$((++i))
		# shellcheck disable=SC2086 # options
		start_victim --mib 64 --shm "$mutex" $way
		start_helper waiter --timeout 30000 "$mutex"
		cgroup_add "$CGROUP" "$VICTIM"
		freeze "$CGROUP"
		kill_json --thaw "$VICTIM"
		expect_status 0
		expect_one_of outcome reaped freed
		expect exited true
		read -r -t 5 -u "$HELPER_FD"
		[ "$REPLY" = recovered ]
		still_frozen
		thaw "$CGROUP"
	done
}

@test "thaw: --reap-only of one who is killed and frozen" {
	requires root mrelease freezer-v1
	cgroup_make v1 cold freezer
	neighbours
	start_victim --mib 64
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill -KILL "$VICTIM"
	kill_json --reap-only --thaw "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	still_frozen
}

@test "thaw: where nothing is frozen it changes nothing" {
	requires root mrelease ptrace freezer-v1
	cgroup_make v1 warm freezer
	start_victim --mib 16
	cgroup_add "$CGROUP" "$VICTIM"
	kill_json --thaw "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
}

@test "thaw: dry run says what would be, and moves nobody" {
	requires root mrelease freezer-v1
	cgroup_make v1 cold freezer
	neighbours
	start_victim --mib 16
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --thaw --dry-run "$VICTIM"
	expect_status 0
	expect outcome reaped
	[ "$(state_of "$VICTIM")" = D ]
	grep -qx "$VICTIM" "$CGROUP/cgroup.procs"
	still_frozen
}

@test "thaw: who may not move it says so, and the memory is back all the same" {
	requires root nobody mrelease freezer-v1
	cgroup_make v1 cold freezer
	start_victim --mib 64 --uid 65534
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	run --separate-stderr timeout 30 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all -- "$MMREAP" kill --json --thaw "$VICTIM"
	expect outcome reaped exited false
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
	[[ $(json_row 0 | jq -r .message) == *@(EACCES|EPERM|frozen)* ]]
	is_frozen "$CGROUP"
}

@test "thaw: all of a frozen cgroup" {
	requires root mrelease ptrace freezer-v1
	cgroup_make v1 cold freezer
	start_victim --mib 16
	A=$VICTIM
	start_victim --mib 16 --threads 5
	cgroup_add "$CGROUP" "$A" "$VICTIM"
	freeze "$CGROUP"
	kill_json --thaw --cgroup "$CGROUP"
	expect_status 0
	[ "$(jq '[.kill[] | select(.exited)] | length' <<<"$output")" -eq 2 ]
	is_frozen "$CGROUP"
}
