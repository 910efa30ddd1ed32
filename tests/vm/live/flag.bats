#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the flag does in the kernel, without mmreap: the reason for each of mmreap's refusals, and the
# proof that the lab's kernel has the semantics that it is named for. On a kernel that does not know
# the flag, the first column holds.

bats_require_minimum_version 1.5.0

setup() {
	PATH=$MMREAP_HELPERS:$PATH
	case $(cat /sys/module/kernel/parameters/reap_kill 2>/dev/null) in
	2) column=1 ;;
	3) column=2 ;;
	*) column=0 ;;
	esac
}

# WORLD and one column each for plain, v2, v3: result, RSS at return, fate of target and of other
row() {
	local world=$1 expected=("${@:2:3}") got
	# shellcheck disable=SC2086 # words
	got=$(world "$world" ${caller-} mrelease TARGET 1 OTHER |
		sed 's/rss=//; s/fates: target=//; s/other=//' | tr '\n' ' ')
	echo "expected: ${expected[column]}"
	echo "     got: $got"
	[[ $got == ${expected[column]}\  ]]
}

user='setpriv --reuid=1000 --regid=1000 --clear-groups'

@test "flag: on no descriptor: known or not, and no other flag is" {
	local expected=(EINVAL EBADF EBADF)
	[ "$(mrelease bad 1)" = "${expected[column]} rss=none" ]
	[ "$(mrelease bad 2)" = "EINVAL rss=none" ]
	[ "$(mrelease bad 3)" = "EINVAL rss=none" ]
	[ "$(mrelease bad 0)" = "EBADF rss=none" ]
}

@test "flag: on a live process" {
	row alone 'EINVAL kept lives none' '0 gone SIGKILL none' '0 gone SIGKILL none'
}

@test "flag: shared memory stays until the exit" {
	row shared-memory 'EINVAL kept lives none' '0 * SIGKILL none' '0 * SIGKILL none'
}

@test "flag: on one of a CLONE_VM pair" {
	row pair 'EINVAL kept lives lives' 'EINVAL kept lives lives' '0 gone SIGKILL SIGKILL'
}

@test "flag: on a vfork parent: v2 takes the memory from under the child" {
	row vfork-parent 'EINVAL kept lives lives' '0 * SIGKILL SIG@(BUS|SEGV)' \
		'0 * SIGKILL SIGKILL'
}

@test "flag: on a vfork child: v2 takes the memory from under the parent" {
	row vfork-child 'EINVAL kept lives lives' '0 * SIGKILL SIG@(BUS|SEGV)' \
		'0 * SIGKILL SIGKILL'
}

@test "flag: after the sharer has gone: v2's mark is never cleared" {
	row sticky 'EINVAL kept lives none' 'EINVAL kept lives none' '0 gone SIGKILL none'
}

@test "flag: after a vfork child has gone" {
	row vfork-gone 'EINVAL kept lives none' '0 gone SIGKILL none' '0 gone SIGKILL none'
}

@test "flag: on the fork child of a pair" {
	row fork-of-pair 'EINVAL kept lives none' '0 gone SIGKILL none' '0 gone SIGKILL none'
}

@test "flag: on a dead leader with a living thread" {
	row dead-leader 'EINVAL none lives none' '0 none SIGKILL none' '0 none SIGKILL none'
}

@test "flag: on a zombie" {
	row zombie 'EINVAL none exit none' 'ESRCH none exit none' 'ESRCH none exit none'
}

@test "flag: on a kernel thread" {
	row kthread 'EINVAL none lives none' 'ESRCH none lives none' 'ESRCH none lives none'
}

@test "flag: on a stopped process" {
	row stopped 'EINVAL kept lives none' '0 gone SIGKILL none' '0 gone SIGKILL none'
}

@test "flag: on a process that is frozen by cgroup v1: its memory is gone, it is not" {
	row frozen-v1 'EINVAL kept lives none' '0 gone lives none' '0 gone lives none'
}

@test "flag: on a process that is frozen by cgroup v2" {
	row frozen-v2 'EINVAL kept lives none' '0 gone SIGKILL none' '0 gone SIGKILL none'
}

@test "flag: a user on root's process" {
	caller=$user row alone 'EINVAL kept lives none' 'EPERM kept lives none' \
		'EPERM kept lives none'
}

@test "flag: a user on root's pair" {
	caller=$user row pair 'EINVAL kept lives lives' 'EINVAL kept lives lives' \
		'EPERM kept lives lives'
}

@test "flag: a user on PID 1" {
	caller=$user row init 'EINVAL kept lives none' 'EPERM kept lives none' \
		'EBUSY kept lives none'
}

@test "flag: root on PID 1" {
	((column != 1)) || skip "v2 reaps it, and the kernel panics"
	row init 'EINVAL kept lives none' '' 'EBUSY kept lives none'
}

# The caller dies with its namespace, sometimes before it has said what the call gave.
@test "flag: the init of a PID namespace, from inside: the signal is ignored, the memory is taken" {
	row ns-init 'EINVAL kept lives none' '?(0 * )SIG@(BUS|SEGV) none' \
		'?(0 * )SIG@(BUS|SEGV) none'
}

@test "flag: a user's process, shared with root's: v3 kills one half and reaps nothing" {
	caller=$user row mixed-own 'EINVAL kept lives lives' 'EINVAL kept lives lives' \
		'EBUSY kept SIGKILL lives'
}

@test "flag: root's process, shared with the user's: the first refusal stops v3" {
	caller=$user row mixed-foreign 'EINVAL kept lives lives' 'EINVAL kept lives lives' \
		'EPERM kept lives lives'
}

# From inside nobody can see the sharer, nor the memory that stays with it.
@test "flag: a sharer outside the caller's PID namespace: v3 kills the inner half" {
	row foreign-sharer 'EINVAL kept lives lives' 'EINVAL kept lives lives' \
		'EBUSY * SIGKILL lives'
}

@test "flag: a sharer in an inner PID namespace" {
	row inner-sharer 'EINVAL kept lives lives' 'EINVAL kept lives lives' '0 gone SIGKILL SIGKILL'
}

@test "flag: on the caller itself" {
	local expected=(0 137 137)
	run mrelease self 1
	[ "$status" -eq "${expected[column]}" ]
}

@test "flag: on an mm that the caller shares" {
	local expected=(0 0 137)
	run mrelease sharer 1
	[ "$status" -eq "${expected[column]}" ]
	((status)) || [ "$output" = "EINVAL rss=kept" ]
}
