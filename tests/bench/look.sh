#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the looking commands cost, side by side with the bare loops that they cannot do without:
#   sharers PID, and kcmp(KCMP_VM) of PID with each entry of /proc
#   status,      and reading /proc/PID/stat of each entry of /proc
# with so many processes, in a PID namespace of their own (bench.sh makes it), so that nobody else's
# count. One JSON line for each number of processes: the CPU time of each round in microseconds.
#
# kcmp puts "no mm" somewhere in its order, different in each boot: who stands on that side of PID
# is asked a second time, for a dead leader. So `sharers` needs between 1.0 and some 1.5 times the
# loop.

set -euo pipefail
runs=$1
HELPERS=${MMREAP_HELPERS:?}

there=0
for processes in 1 100 1000 10000; do
	if ((processes > $(</proc/sys/kernel/pid_max) / 2)); then
		echo "look: pid_max is too low for $processes processes" >&2
		exit 1
	fi
	exec {fd}< <("$HELPERS/lookbase" spawn $((processes - there)))
	read -r -t 60 one <&"$fd"
	there=$processes
	"$HELPERS/measure" cpu "$runs" \
		-- "$MMREAP" sharers --raw "$one" -- "$HELPERS/lookbase" kcmp "$one" \
		-- "$MMREAP" status -- "$HELPERS/lookbase" stat |
		jq -c --argjson processes "$processes" \
			'{processes: $processes, sharers: .[0], kcmp: .[1], status: .[2], stat: .[3]}'
done
