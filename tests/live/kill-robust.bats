#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Robust futexes: nobody who waits for the victim's mutex is left hanging, and yet its memory is
# reaped where one other thread can be held.

load ../lib/live

# owners LEADER_OR_THREAD THREADS [OPTION...]: 30 kills
owners() {
	series --waiter "$BATS_TEST_TMPDIR/mutex" 30 -- "$MMREAP" kill --json -- --mib 32 \
		--shm "$BATS_TEST_TMPDIR/mutex" --own-robust "$1" --threads "$2" "${@:3}"
	all_of waiter recovered
	all_of victim dead
	all_of status 0
}

handed_over() {
	all_of outcome reaped
	all_of robust handed-over
	all_of hold trace
}

@test "robust: a single-threaded owner is let go and frees itself" {
	requires mrelease ptrace
	owners leader 0
	all_of outcome freed
	all_of robust let-go
}

@test "robust: an owner among 5 threads" {
	requires mrelease ptrace
	owners leader 4
	handed_over
}

@test "robust: an owner among 51 threads" {
	requires mrelease ptrace
	owners leader 50
	handed_over
}

@test "robust: an owner among 501 threads" {
	requires mrelease ptrace
	owners leader 500
	handed_over
}

@test "robust: the owner is not the leader" {
	requires mrelease ptrace
	owners thread 3
	handed_over
}

@test "robust: threads of the victim wait for it too" {
	requires mrelease ptrace
	owners thread 0 --wait-robust 4
	handed_over
}

@test "robust: every thread owns or waits" {
	requires mrelease ptrace
	owners leader 0 --wait-robust 4
	all_of outcome freed
	all_of robust let-go
}

@test "robust: threads of the victim wait, somebody else owns" {
	requires mrelease ptrace
	local i owner_fd owner_job
	for i in {1..20}; do
		rm -f mutex
		mkfifo "end.$i"
		"$HELPERS/waiter" --own mutex <"end.$i" >"owned.$i" 3>&- &
		owner_job=$!
		exec {owner_fd}>"end.$i"
		until_true 10 test -s "owned.$i"
		start_victim --mib 32 --shm "$BATS_TEST_TMPDIR/mutex" --wait-robust 4
		kill_json "$VICTIM"
		expect_status 0
		expect outcome reaped robust handed-over
		exec {owner_fd}>&-
		wait "$owner_job"
		# Nobody is in the way of the next one.
		run "$HELPERS/waiter" --timeout 2000 mutex
		[ "${lines[-1]}" = locked ]
	done
}

@test "robust: threads that lock and unlock all the time" {
	requires mrelease ptrace
	series --patience 5000 --loop "$BATS_TEST_TMPDIR/mutex" 30 -- "$MMREAP" kill --json -- --mib 32 \
		--shm "$BATS_TEST_TMPDIR/mutex" --lockloop 3
	# missed: not lost by the reap, see tests/helpers/waiter.c
	all_of waiter recovered locked missed
	all_of outcome reaped freed
	all_of status 0
}

@test "robust: a 32-bit owner" {
	requires mrelease ptrace m32
	series --program victim32 --waiter-program waiter32 --waiter "$BATS_TEST_TMPDIR/mutex" 30 -- \
		"$MMREAP" kill --json -- --mib 32 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader
	all_of waiter recovered
	all_of outcome freed
	all_of status 0
}

@test "robust: a 32-bit owner among 5 threads" {
	requires mrelease ptrace m32
	series --program victim32 --waiter-program waiter32 --waiter "$BATS_TEST_TMPDIR/mutex" 30 -- \
		"$MMREAP" kill --json -- --mib 32 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader \
		--threads 4
	all_of waiter recovered
	all_of outcome reaped freed
	all_of status 0
}

@test "robust: a list that nobody can read is respected" {
	requires root mrelease ptrace userfaultfd
	start_victim --mib 32 --uffd-robust
	kill_json --timeout 5 "$VICTIM"
	expect_status 0
	expect_one_of outcome freed reaped
	until_true 5 is_gone "$VICTIM"
}

@test "robust: --robust ignore loses the hand-over and says so" {
	requires mrelease ptrace
	series --patience 300 --waiter "$BATS_TEST_TMPDIR/mutex" 10 -- \
		"$MMREAP" kill --json --robust ignore -- \
		--mib 32 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader
	all_of outcome reaped
	all_of robust ignored
	say "--robust ignore: $(counted waiter hang) of 10 waiters hang"
	[ "$(counted waiter hang)" -gt 0 ]
}

@test "robust: what the naive sequence loses" {
	requires mrelease
	series --patience 300 --waiter "$BATS_TEST_TMPDIR/mutex" 30 -- "$HELPERS/naive" -- \
		--mib 64 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader
	say "SIGKILL, process_mrelease: $(counted waiter hang) of 30 waiters hang"
	series --patience 300 --waiter "$BATS_TEST_TMPDIR/mutex" 30 -- "$HELPERS/naive" --kill-only -- \
		--mib 64 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader
	all_of waiter recovered
}

@test "robust: the longer it waits, the less often it looks" {
	requires mrelease ptrace strace
	local looks
	start_victim --mib 8 --threads 2 --shm "$BATS_TEST_TMPDIR/mutex" --own-robust leader \
		--traced --trace-exit
	# LeakSanitizer cannot work under strace.
	run --separate-stderr env LSAN_OPTIONS=detect_leaks=0 timeout --foreground "$RUN_LIMIT" \
		strace -f --seccomp-bpf -qq -o trace -e trace=get_robust_list "$MMREAP" kill --json --timeout 2 "$VICTIM" 3>&-
	expect_status 3
	expect outcome pending hold trace
	looks=$(grep -c get_robust_list trace)
	say "$looks reads of a list in 2 s"
	# Hundreds of such looks at a raised priority keep those from the CPU whom they wait for.
	((looks < 400))
}
