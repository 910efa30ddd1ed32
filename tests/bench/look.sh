#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the looking commands cost, side by side with the bare loops that they cannot do without:
#   sharers PID over 2,000 processes, and kcmp(KCMP_VM) of PID with each entry of /proc
#   status over 5,000 processes, and reading /proc/PID/stat of each entry of /proc
# in a PID namespace of their own, so that nobody else's processes count. CPU time, of which the
# start of a program is taken off: `mmreap --version` links as much, `lookbase` with no work does it
# for the loops. As root.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
MMREAP=${MMREAP:-$TOP/build/mmreap}
HELPERS=${MMREAP_HELPERS:-$TOP/build/tests}
ROUNDS=${ROUNDS:-30}

if [ "${1-}" != inside ]; then
	exec unshare --pid --fork --mount-proc --kill-child "$0" inside
fi

# average COMMAND...: CPU time of one run in microseconds, out of $ROUNDS
average() {
	local TIMEFORMAT='%U %S'
	{ time for ((i = 0; i < ROUNDS; i++)); do "$@" >/dev/null 2>&1 || :; done; } 2>&1 |
		awk -v rounds="$ROUNDS" '{ print int(($1 + $2) * 1e6 / rounds) }'
}

start_processes() {
	exec {fd}< <("$HELPERS/lookbase" spawn "$1")
	read -r one <&"$fd"
}

# compare NAME LIMIT OURS LOOP
compare() {
	awk -v name="$1" -v limit="$2" -v ours="$3" -v loop="$4" 'BEGIN {
		ratio = ours / loop
		printf "%-28s %7d us, bare loop %7d us: %.2f times (limit %s)%s\n", name, ours, loop,
			ratio, limit, (ratio > limit) ? "  OVER" : ""
		exit (ratio > limit)
	}'
}

status=0
start_ours=$(average "$MMREAP" --version)
start_loop=$(average "$HELPERS/lookbase")
echo "start of a program: mmreap $start_ours us, lookbase $start_loop us"
start_processes 2000
ours=$(average "$MMREAP" sharers --raw "$one")
loop=$(average "$HELPERS/lookbase" kcmp "$one")
compare "sharers, 2,000 processes" 1.2 $((ours - start_ours)) $((loop - start_loop)) || status=1
ours=$(average "$MMREAP" sharers --all)
echo "sharers --all                $((ours - start_ours)) us"

start_processes 3000
ours=$(average "$MMREAP" status)
loop=$(average "$HELPERS/lookbase" stat)
compare "status, 5,000 processes" 1.5 $((ours - start_ours)) $((loop - start_loop)) || status=1
exit "$status"
