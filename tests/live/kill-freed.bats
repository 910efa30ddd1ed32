#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The figure `freed`: what a memory cgroup gave back, known only where the victim is alone in it.
#
# shellcheck disable=SC2030,SC2031 # a test is a subshell

load ../lib/live

# freed_all N ROW: as much as the victim had, but for what the kernel keeps for itself
freed_all() {
	local bytes
	bytes=$(json_row "$2" | jq .freed)
	[ "$bytes" -ge $(($1 * 1048576)) ] && [ "$bytes" -lt $((($1 + 16) * 1048576)) ]
}

freed_unknown() {
	[ "$(json_row "$1" | jq .freed)" = null ]
}

@test "freed: all that was charged to a victim that is alone in its cgroup" {
	requires root mrelease memcg
	memcg_make freed
	start_victim_in "$CGROUP" --mib 64 --threads 3
	kill_json "$VICTIM"
	expect outcome reaped
	freed_all 64 0
}

@test "freed: by a victim that is let go for its robust mutex, too" {
	requires root mrelease memcg
	memcg_make freed
	start_victim_in "$CGROUP" --mib 64 --own-robust leader --shm "$BATS_TEST_TMPDIR/mutex"
	kill_json "$VICTIM"
	expect outcome freed robust let-go
	freed_all 64 0
}

@test "freed: unknown where somebody else is in the cgroup" {
	requires root mrelease memcg
	local other
	memcg_make freed
	start_victim_in "$CGROUP" --mib 4
	other=$VICTIM
	start_victim_in "$CGROUP" --mib 64
	kill_json "$VICTIM"
	expect outcome reaped
	freed_unknown 0
	is_alive "$other"
}

@test "freed: unknown where the cgroup has children" {
	requires root mrelease memcg
	memcg_make freed
	start_victim_in "$CGROUP" --mib 64
	mkdir "$CGROUP/child"
	CGROUPS=("$CGROUP/child" "${CGROUPS[@]}")
	kill_json "$VICTIM"
	expect outcome reaped
	freed_unknown 0
}

@test "freed: of several targets by who is alone" {
	requires root mrelease memcg
	local pids=() name row
	for name in one two both both; do
		[ -n "${CGROUP-}" ] && [[ $CGROUP == *-"$name" ]] || memcg_make "$name"
		start_victim_in "$CGROUP" --mib 32
		pids+=("$VICTIM")
	done
	kill_json "${pids[@]}"
	for row in 0 1; do
		freed_all 32 "$row"
	done
	for row in 2 3; do
		freed_unknown "$row"
	done
}

@test "freed: the members of a cgroup are not listed before the signal" {
	requires root mrelease memcg strace
	local trace=$BATS_TEST_TMPDIR/trace
	memcg_make freed
	start_victim_in "$CGROUP" --mib 64
	run --separate-stderr timeout 60 strace -f -o "$trace" \
		-e trace=openat,pidfd_send_signal "$MMREAP" kill "$VICTIM" 3>&-
	expect_status 0
	awk '/cgroup\.procs/ { listed = NR } /pidfd_send_signal\(.*SIGKILL/ { sent = NR }
		END { exit !(sent && listed > sent) }' "$trace"
}
