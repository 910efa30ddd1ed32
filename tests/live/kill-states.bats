#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Victims in every situation: each has its named outcome, none hangs, none is misreported.
#
# shellcheck disable=SC2030,SC2031 # a test is a subshell

load ../lib/live

reaped() {
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true errno null
	is_gone "$VICTIM"
}

freed_or_reaped() {
	kill_json "$VICTIM"
	expect_status 0
	expect_one_of outcome reaped freed
	expect exited true
	is_gone "$VICTIM"
}

@test "state: SIGSTOPped" {
	requires mrelease ptrace
	start_victim --mib 64 --stop
	reaped
	expect hold trace
}

@test "state: SIGSTOPped with threads" {
	requires mrelease ptrace
	start_victim --mib 64 --stop --threads 5
	reaped
}

@test "state: 1000 threads" {
	requires mrelease ptrace
	start_victim --mib 64 --threads 999
	reaped
}

@test "state: threads that come and go all the time" {
	requires mrelease ptrace
	series 30 -- "$MMREAP" kill --json -- --mib 32 --churn 4
	all_of outcome reaped
	all_of status 0
	all_of victim dead
}

@test "state: threads that never sleep" {
	requires mrelease ptrace
	series 20 -- "$MMREAP" kill --json -- --mib 32 --busy 4
	all_of outcome reaped
	all_of status 0
}

# Unmapped is not freed: who reads "reaped" and misses the memory is told where it is.
@test "state: shared memory that a descriptor keeps" {
	requires mrelease ptrace
	start_victim --mib 8 --memfd-mib 64
	reaped
	[[ $output == *"; 64.0 MiB was shared memory: what another mapping, descriptor or file keeps of it stays"* ]]
	start_victim --mib 8
	reaped
	[[ $output != *"shared memory"* ]]
}

@test "state: memory that a ring has pinned" {
	requires mrelease ptrace io-uring
	start_victim --pinned-mib 64
	reaped
	[[ $output == *"; 64.0 MiB was pinned (io_uring, RDMA, a driver): it stays as long as that is open"* ]]
}

# It never gets to the exit stop; what it waits for does not concern its memory.
in_d_state() {
	requires root mrelease ptrace fsfreeze
	frozenfs_make
	start_victim --mib 64 --stuck "$FROZEN" "$@"
	kill_json --timeout 2 "$VICTIM"
	expect_status 3
	expect outcome pending exited false errno null robust none
	(($(json_row 0 | jq .unmapped) >= 64 << 20))
	[[ $output == *"not exited (waits in "*rwsem* ]]
	# Once more: there is nothing left to take, and no other reason is made up.
	kill_json --timeout 1 "$VICTIM"
	expect_status 3
	expect outcome pending exited false errno null
	[[ $output == *"not exited (waits in "*rwsem* ]]
	[ "$(sed -n 's/^TracerPid:\t//p' "/proc/$VICTIM/task"/*/status | sort -u)" = 0 ]
	# Told by the steps: who was raised, not how often that was tried.
	mmreap kill -v --timeout 1 "$VICTIM"
	expect_status 3
	((${#stderr_lines[@]} <= 15))
	frozenfs_thaw
	until_true 10 is_gone "$VICTIM"
}

@test "state: one thread in D state, others asleep" {
	in_d_state --threads 2
}

@test "state: the only thread in D state" {
	in_d_state --dead-leader
}

@test "state: dead leader, living threads" {
	requires mrelease ptrace
	start_victim --mib 64 --dead-leader --threads 3
	reaped
}

# The line Groups comes before what is known of it.
@test "state: a member of as many groups as there can be" {
	requires root mrelease ptrace
	start_victim --mib 64 --groups 65536 --threads 3
	reaped
	expect hold trace
}

@test "state: a member of many groups, and the init of a PID namespace" {
	requires root mrelease ptrace pidns
	start_victim --mib 16 --groups 3000 --pidns
	kill_json --dry-run "$VICTIM"
	expect_status 0
	[[ $(json_row 0 | jq -r .message) == *"it is the init of a PID namespace"* ]]
	untouched "$VICTIM"
}

@test "state: vfork parent" {
	requires root kcmp
	start_victim --mib 32 --vfork
	kill_json "$VICTIM"
	expect_status 7
	expect outcome refused-shared exited false
	untouched "$VICTIM"
	untouched "${OTHERS[0]}"
	[[ $(json_row 0 | jq -r .message) == *"${OTHERS[0]}"* ]]
}

@test "state: vfork child" {
	requires root kcmp
	start_victim --mib 32 --vfork
	kill_json "${OTHERS[0]}"
	expect_status 7
	expect outcome refused-shared
	untouched "$VICTIM"
	untouched "${OTHERS[0]}"
	[[ $(json_row 0 | jq -r .message) == *"$VICTIM"* ]]
}

@test "state: vfork child that is about to exec" {
	requires root mrelease kcmp ptrace
	start_victim --mib 32 --vfork-exec-ms 50
	reaped
	untouched "${OTHERS[0]}"
}

@test "state: shared with CLONE_VM processes" {
	requires root kcmp
	start_victim --mib 32 --sharer=2
	kill_json "$VICTIM"
	expect_status 7
	expect outcome refused-shared
	[ "$(json_row 0 | jq '.killed | length')" -eq 0 ]
	untouched "$VICTIM"
	untouched "${OTHERS[0]}"
	untouched "${OTHERS[1]}"
}

@test "state: dead leader, shared" {
	requires root kcmp
	start_victim --mib 32 --sharer --dead-leader --threads 2
	kill_json "$VICTIM"
	expect_status 7
	expect outcome refused-shared
	is_alive "${OTHERS[0]}"
}

@test "state: pages shared copy-on-write are no reason to refuse" {
	requires mrelease ptrace
	start_victim --mib 64 --fork-cow
	reaped
	untouched "${OTHERS[0]}"
	# Unmapped is not freed: the child has it all.
	[ "$(rss_kib "${OTHERS[0]}")" -ge 65536 ]
	[ "$(json_row 0 | jq '.freed == null or .freed < 16 * 1024 * 1024')" = true ]
}

@test "state: dumping core into a slow pipe" {
	requires root mrelease ptrace
	core_pattern_pipe
	start_victim --mib 64 --coredump
	freed_or_reaped
}

@test "state: dumping core into a slow pipe, with threads" {
	requires root mrelease ptrace
	core_pattern_pipe
	start_victim --mib 64 --coredump --threads 5
	freed_or_reaped
}

@test "state: traced by somebody else" {
	requires mrelease
	start_victim --mib 64 --traced
	kill_json --dry-run "$VICTIM"
	expect hold none
	freed_or_reaped
	expect hold none
}

@test "state: traced by somebody else who holds the exit" {
	requires mrelease
	start_victim --mib 64 --trace-exit
	kill_json --timeout 2 "$VICTIM"
	expect_status 3
	expect outcome pending exited false
	# The memory is back although the process cannot end.
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
}

@test "state: non-dumpable" {
	requires root mrelease ptrace
	start_victim --mib 64 --nondumpable
	reaped
}

@test "state: pinned by a blocked reader of /proc/PID/mem" {
	requires root mrelease ptrace userfaultfd
	start_victim --mib 64
	start_helper reader --mem "$VICTIM"
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	is_gone "$VICTIM"
}

@test "state: pinned by a blocked process_vm_readv" {
	requires root mrelease ptrace userfaultfd
	start_victim --mib 64 --threads 3
	start_helper reader --vm-readv "$VICTIM"
	reaped
}

@test "state: pinned, and nothing reaped before the exit" {
	requires root mrelease userfaultfd
	start_victim --mib 64
	start_helper reader --mem "$VICTIM"
	kill_json --hold never --timeout 3 "$VICTIM"
	expect_status 8
	expect outcome pinned exited true
	is_gone "$VICTIM"
}

@test "state: long holds of the mmap lock" {
	requires mrelease ptrace
	series 10 -- "$MMREAP" kill --json -- --mib 32 --mmaplock
	all_of outcome reaped freed
	all_of status 0
}

@test "state: mmap lock held by a thread that gets no CPU" {
	requires root mrelease ptrace
	start_victim --mib 32 --mmaplock --sched idle
	hogs_start 3
	local begin=$EPOCHREALTIME
	kill_json --timeout 4 "$VICTIM"
	local took=$((${EPOCHREALTIME/./} - ${begin/./}))
	hogs_stop
	say "starved holder of the mmap lock: $(json_row 0 | jq -r .outcome) after $((took / 1000)) ms"
	# The limit holds although the calls themselves may block.
	((took < 6000000))
	expect_one_of outcome reaped freed pending
	until_true 10 is_gone "$VICTIM"
}

@test "state: no mapping left" {
	requires root mrelease ptrace
	start_victim --mib 32 --novma
	freed_or_reaped
}

@test "state: zombie" {
	start_victim --zombie
	kill_json "$VICTIM"
	expect_one_of outcome exited no-process
	[ "$(state_of "$VICTIM")" = Z ]
}

@test "state: locked memory" {
	requires root mrelease ptrace
	start_victim --mib 64 --mlock
	reaped
}

@test "state: SIGTERM handled and blocked makes no difference" {
	requires mrelease ptrace
	start_victim --mib 32 --term-handler --block-term
	reaped
}

@test "state: a kernel thread among its threads" {
	requires root mrelease ptrace io-uring
	start_victim --mib 64 --io-uring
	reaped
	start_victim --mib 64 --io-uring --threads 3
	reaped
}

@test "state: executes anew all the time" {
	requires root mrelease ptrace
	series 50 -- "$MMREAP" kill --json -- --mib 2 --threads 2 --exec-loop-us 500
	all_of outcome reaped freed
	all_of status 0
	all_of victim dead
}

@test "state: real-time and idle victims" {
	requires root mrelease ptrace
	start_victim --mib 32 --sched fifo
	reaped
	start_victim --mib 32 --sched idle --nice 19
	reaped
}

@test "state: init of a PID namespace" {
	requires root mrelease ptrace pidns
	start_victim --mib 32 --pidns --threads 2
	reaped
	[[ $(json_row 0 | jq -r .message) == *namespace* ]]
}

@test "state: exits by itself at any moment of the run" {
	requires mrelease ptrace
	local range
	# Short, so that many exits hit the run itself; with and without threads.
	for range in 1000 4000 8000; do
		series --exit-within-us $range 100 -- "$MMREAP" kill --json -- --mib 16
		say "exits within $range us: $(jq -c .outcome <<<"$SERIES")"
		all_of outcome exited freed reaped no-process
		all_of status 0 5
		all_of victim dead
		series --exit-within-us $range 50 -- "$MMREAP" kill --json -- --mib 16 --threads 5
		all_of outcome exited freed reaped no-process
		all_of status 0 5
		all_of victim dead
	done
}

@test "state: already dying is reaped without a signal" {
	requires root mrelease freezer-v1
	cgroup_make v1 dying freezer
	start_victim --mib 64
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill -KILL "$VICTIM"
	kill_json --reap-only "$VICTIM"
	expect_status 0
	expect outcome reaped exited false
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
}

@test "state: --reap-only on a process that is not dying" {
	requires mrelease
	start_victim --mib 32
	kill_json --reap-only "$VICTIM"
	((status != 0))
	untouched "$VICTIM"
}

@test "state: several at once" {
	requires mrelease ptrace
	local pids=() i
	for i in 4 32 16 8; do
		start_victim --mib "$i"
		pids+=("$VICTIM")
	done
	kill_json "${pids[@]}"
	expect_status 0
	[ "$(jq '[.kill[] | select(.outcome == "reaped")] | length' <<<"$output")" -eq 4 ]
	for i in "${pids[@]}"; do
		is_gone "$i"
	done
}

@test "state: --dry-run touches nothing and predicts" {
	requires mrelease ptrace
	start_victim --mib 32 --threads 3
	kill_json --dry-run "$VICTIM"
	expect_status 0
	expect outcome reaped dry_run true
	untouched "$VICTIM"
	[ "$(rss_kib "$VICTIM")" -ge 32768 ]
	reaped
	expect dry_run false
}
