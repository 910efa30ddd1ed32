#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A user without any right: own processes work, others' are untouched.

load ../lib/live

# mmreap_as_nobody [COMMAND]: which its shell runs first
mmreap_as_nobody() {
	local mmreap=$MMREAP
	MMREAP=$BATS_TEST_TMPDIR/as-nobody
	cat >"$MMREAP" <<-SCRIPT
		#!/bin/bash
		exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- \\
			bash -c '${1-:}; exec "\$0" "\$@"' '$mmreap' "\$@"
	SCRIPT
	chmod 755 "$MMREAP"
}

@test "user: own process is reaped" {
	requires root mrelease ptrace nobody
	mmreap_as_nobody
	start_victim --mib 32 --uid 65534 --threads 3
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped hold trace
	is_gone "$VICTIM"
}

@test "user: own robust owner" {
	requires root mrelease ptrace nobody
	mmreap_as_nobody
	series --waiter "$BATS_TEST_TMPDIR/mutex" 10 -- "$MMREAP" kill --json -- --mib 32 \
		--uid 65534 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader --threads 3
	all_of waiter recovered
	all_of outcome reaped
	all_of robust handed-over
}

@test "user: somebody else's process is denied and untouched" {
	requires root nobody
	mmreap_as_nobody
	start_victim --mib 32
	kill_json "$VICTIM"
	expect_status 6
	expect outcome denied errno EPERM
	untouched "$VICTIM"
}

@test "user: own and somebody else's" {
	requires root mrelease ptrace nobody
	mmreap_as_nobody
	local other
	start_victim --mib 32
	other=$VICTIM
	start_victim --mib 32 --uid 65534
	kill_json "$other" "$VICTIM"
	expect_status 64
	[ "$(jq -r '[.kill[].outcome] | sort | join(" ")' <<<"$output")" = "denied reaped" ]
	untouched "$other"
	is_gone "$VICTIM"
}

@test "user: own process that is non-dumpable is killed, not reaped under its list" {
	requires root mrelease nobody
	mmreap_as_nobody
	local mutex=$BATS_TEST_TMPDIR/mutex waiter
	start_victim --mib 32 --uid 65534 --nondumpable --shm "$mutex" --own-robust leader
	start_helper waiter --timeout 30000 "$mutex"
	waiter=$HELPER_FD
	kill_json "$VICTIM"
	# Whether the memory came back cannot be seen without the right to look at it.
	expect_status 4
	expect outcome killed robust unreadable hold none exited true
	is_gone "$VICTIM"
	read -r -t 5 -u "$waiter"
	[ "$REPLY" = recovered ]
}

# To open the living thread's files is refused, as it would be for one without an mm.
@test "user: own process with a dead leader that is non-dumpable has an address space" {
	requires root mrelease nobody
	mmreap_as_nobody
	start_victim --mib 32 --uid 65534 --nondumpable --dead-leader --threads 2
	kill_json --dry-run "$VICTIM"
	expect_status 4
	expect outcome killed
	[ "$(jq '.kill[0].rss_before' <<<"$output")" -ge $((32 << 20)) ]
	kill_json "$VICTIM"
	expect_status 4
	expect outcome killed hold none exited true
	is_gone "$VICTIM"
}

# sharers_are_seen COMMAND: run by the shell that starts mmreap
sharers_are_seen() {
	local pid
	mmreap_as_nobody "$1"
	start_victim --mib 16 --uid 65534 --sharer=2
	kill_json "$VICTIM"
	expect_status 7
	expect outcome refused-shared sharers 2
	mmreap sharers --source kcmp --check "$VICTIM"
	expect_status 7
	for pid in "$VICTIM" "${OTHERS[@]}"; do
		untouched "$pid"
	done
	kill_json --sharers kill "$VICTIM"
	expect_status 0
	expect exited true sharers 2
	start_victim --mib 16 --uid 65534 --dead-leader --threads 2
	kill_json "$VICTIM"
	expect_status 0
	expect exited true
}

# A child that is not waited for is gone at once then, and nothing is compared with what it was.
@test "user: who shares is seen where the starter ignores SIGCHLD" {
	requires root mrelease nobody kcmp
	sharers_are_seen 'trap "" CHLD'
}

@test "user: who shares is seen at the limit of processes" {
	requires root mrelease nobody kcmp
	# LeakSanitizer wants a process of its own.
	sharers_are_seen 'ulimit -u 1; export LSAN_OPTIONS=detect_leaks=0'
}

@test "user: at the limit of processes all cannot be compared with all, and that is said" {
	requires root nobody kcmp
	mmreap_as_nobody 'ulimit -u 1'
	mmreap sharers --source kcmp --all
	expect_status 1
	[[ $stderr == *"ulimit -u"* ]]
}

@test "user: dry run on somebody else's process predicts the denial" {
	requires root nobody
	mmreap_as_nobody
	start_victim --mib 4
	kill_json --dry-run "$VICTIM"
	expect_status 6
	expect outcome denied dry_run true
	untouched "$VICTIM"
}

@test "user: reaping a dying process needs no right to signal it" {
	requires root mrelease nobody freezer-v1
	mmreap_as_nobody
	cgroup_make v1 dying freezer
	start_victim --mib 64
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill -KILL "$VICTIM"
	# Its robust lists cannot be read by this user.
	kill_json --reap-only "$VICTIM"
	expect_status 6
	expect outcome denied
	[ "$(rss_kib "$VICTIM")" -ge 65536 ]
	kill_json --reap-only --robust ignore "$VICTIM"
	expect_status 0
	expect outcome reaped exited false robust ignored
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
}

@test "user: a dry run predicts that the end of a memory will not be seen" {
	requires root mrelease nobody
	mmreap_as_nobody
	start_victim --mib 8 --uid 65534 --nondumpable
	kill_json --dry-run "$VICTIM"
	expect_status 4
	expect outcome killed
	untouched "$VICTIM"
	kill_json "$VICTIM"
	expect_status 4
	expect outcome killed
}
