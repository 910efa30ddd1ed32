#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Frozen victims: a v1 freezer keeps them from ending, not from being reaped; a v2 one does neither.

load ../lib/live

@test "frozen: v1, memory is gone while it is still frozen" {
	requires root mrelease freezer-v1
	cgroup_make v1 frozen freezer
	start_victim --mib 128
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited false hold frozen
	is_frozen "$CGROUP"
	is_alive "$VICTIM"
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
	[[ $(json_row 0 | jq -r .message) == *thaw* ]]
	thaw "$CGROUP"
	until_true 5 is_gone "$VICTIM"
}

@test "frozen: v1, with threads" {
	requires root mrelease freezer-v1
	cgroup_make v1 frozen freezer
	start_victim --mib 128 --threads 5
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited false hold frozen
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
}

@test "frozen: v1 and stopped" {
	requires root mrelease freezer-v1
	cgroup_make v1 frozen freezer
	start_victim --mib 64 --stop
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --timeout 5 "$VICTIM"
	expect_status 0
	expect outcome reaped exited false
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
}

@test "frozen: v1, neighbours are not touched" {
	requires root mrelease freezer-v1
	local neighbour
	cgroup_make v1 frozen freezer
	start_victim --mib 16
	neighbour=$VICTIM
	start_victim --mib 64
	cgroup_add "$CGROUP" "$neighbour" "$VICTIM"
	freeze "$CGROUP"
	kill_json "$VICTIM"
	expect outcome reaped
	is_frozen "$CGROUP"
	untouched "$neighbour"
	[ "$(rss_kib "$neighbour")" -ge 16384 ]
}

@test "frozen: v1, a robust owner is not reaped under its waiter" {
	requires root mrelease ptrace freezer-v1
	local mutex=$BATS_TEST_TMPDIR/mutex waiter
	cgroup_make v1 frozen freezer
	start_victim --mib 64 --shm "$mutex" --own-robust leader
	start_helper waiter --timeout 30000 "$mutex"
	waiter=$HELPER_FD
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --timeout 2 "$VICTIM"
	expect_status 3
	expect outcome pending exited false
	[ "$(rss_kib "$VICTIM")" -ge 65536 ]
	thaw "$CGROUP"
	read -r -t 5 -u "$waiter"
	[ "$REPLY" = recovered ]
}

@test "frozen: v2" {
	requires root mrelease freezer-v2
	cgroup_make v2 frozen
	start_victim --mib 128
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	is_gone "$VICTIM"
}

@test "frozen: v2, with threads and stopped" {
	requires root mrelease freezer-v2
	cgroup_make v2 frozen
	start_victim --mib 128 --threads 5 --stop
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	is_gone "$VICTIM"
}
