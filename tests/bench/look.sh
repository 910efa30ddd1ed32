#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the looking commands cost, side by side with the bare loops that they cannot do without:
#   sharers PID, and kcmp(KCMP_VM) of PID with each entry of /proc
#   status,      and reading /proc/PID/stat of each entry of /proc
# with so many processes, in a PID namespace of their own (bench.sh makes it), so that nobody else's
# count. One JSON line for each number of processes: the time of each round in microseconds, from
# outside and on all CPUs; those of `sharers` for up to 8 targets, an array for each.
#
# kcmp puts "no mm" somewhere in its order, different in each boot: who stands between it and PID is
# asked a second time, for a dead leader. So what `sharers` needs differs from PID to PID, between
# 1.1 and some 2 times the CPU time of the loop (median 1.3 to 1.4). Where there is a second CPU, half
# of it is done there: if that CPU is free, all is over sooner than the CPU time says. For that the
# second thread asks for another CPU: a kernel that packs short work on one (sched_vcpu_pack, on
# some virtual machines) would leave it behind the first.

set -euo pipefail
runs=$1
HELPERS=${MMREAP_HELPERS:?}

there=0
for processes in 1 100 1000 2000 10000; do
	if ((processes > $(</proc/sys/kernel/pid_max) / 2)); then
		echo "look: pid_max is too low for $processes processes" >&2
		exit 1
	fi
	exec {fd}< <("$HELPERS/lookbase" spawn $((processes - there)))
	read -r -t 60 -a targets <&"$fd"
	there=$processes
	{
		"$HELPERS/measure" time "$runs" -- "$MMREAP" status -- "$HELPERS/lookbase" stat
		for target in "${targets[@]}"; do
			"$HELPERS/measure" time $(((4 * runs + ${#targets[@]} - 1) / ${#targets[@]})) \
				-- "$MMREAP" sharers --raw "$target" -- "$HELPERS/lookbase" kcmp "$target"
		done
	} | jq -cs --argjson processes "$processes" '{processes: $processes,
		status: [.[0][0]], stat: [.[0][1]], sharers: [.[1:][][0]], kcmp: [.[1:][][1]]}'
done
