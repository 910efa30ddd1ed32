#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What the other tests take for granted on every kernel of the lab: without it they would skip, and
# nobody would notice.

bats_require_minimum_version 1.5.0

@test "machine: root, on the kernel and with the CPUs that were asked for" {
	[ "$(id -u)" -eq 0 ]
	[ "$(nproc)" -eq "$MMREAP_LAB_CPUS" ]
}

@test "machine: cgroup v1 with freezer and cpu, cgroup v2 beside them" {
	[ -e /sys/fs/cgroup/freezer/cgroup.procs ]
	[ -e /sys/fs/cgroup/cpu/cpu.shares ]
	[ -e /sys/fs/cgroup/unified/cgroup.controllers ]
}

@test "machine: PID and user namespaces, ns_last_pid, pagemap" {
	unshare --user --pid --fork true
	[ -w /proc/sys/kernel/ns_last_pid ]
	[ -r /proc/self/pagemap ]
}

@test "machine: no kernel bug was logged during the boot" {
	run -1 grep -E 'BUG:|Oops|WARNING:|Call Trace' <(dmesg)
}
