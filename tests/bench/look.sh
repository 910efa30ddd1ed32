#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the looking commands cost, side by side with the bare loops that they cannot do without:
#   sharers PID over 2,000 processes, and kcmp(KCMP_VM) of PID with each entry of /proc
#   status over 5,000 processes, and reading /proc/PID/stat of each entry of /proc
# in a PID namespace of their own, so that nobody else's processes count. Compared is the CPU time
# that so many processes more cost: what a run costs without them (starting a program, reading the
# mount table, printing) is told beside it. As root.
#
# kcmp puts "no mm" somewhere in its order, different in each boot: who stands on that side of PID
# is asked a second time, for a dead leader. So the first ratio is between 1.0 and some 1.5.

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
		printf "%-26s %6d us, bare loop %6d us: %.2f times (goal %s)%s\n", name, ours, loop,
			ratio, limit, (ratio > limit) ? "  OVER" : ""
		exit (ratio > limit)
	}'
}

status=0
start_processes 1
alone=("$(average "$MMREAP" sharers --raw "$one")" "$(average "$HELPERS/lookbase" kcmp "$one")"
	"$(average "$MMREAP" status)" "$(average "$HELPERS/lookbase" stat)"
	"$(average "$MMREAP" sharers --all)")
echo "without processes: sharers ${alone[0]} us, kcmp loop ${alone[1]} us, status ${alone[2]} us, stat loop ${alone[3]} us"
start_processes 2000
compare "sharers, 2,000 processes" 1.2 \
	$(($(average "$MMREAP" sharers --raw "$one") - alone[0])) \
	$(($(average "$HELPERS/lookbase" kcmp "$one") - alone[1])) || status=1
echo "sharers --all              $(($(average "$MMREAP" sharers --all) - alone[4])) us"
start_processes 3000
compare "status, 5,000 processes" 1.5 \
	$(($(average "$MMREAP" status) - alone[2])) \
	$(($(average "$HELPERS/lookbase" stat) - alone[3])) || status=1
exit "$status"
