#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Kill the same victims in three ways, side by side. Every victim is started here; nothing else on
# the machine is touched. Needs root, or a machine where one may trace one's own processes.
#
#   demo.sh [KILLS]      kills for each figure (20)

set -eu

here=$(cd "$(dirname "$0")" && pwd)
MMREAP=${MMREAP:-$here/../build/mmreap}
MMREAP_HELPERS=${MMREAP_HELPERS:-$here/../build/tests}
kills=${1:-20}

command -v jq >/dev/null || {
	echo "demo: jq is missing; 'make deps' installs it" >&2
	exit 1
}

scratch=$(mktemp -d /dev/shm/mmreap-demo.XXXXXX)
hog=
cleanup() {
	[ -z "$hog" ] || kill "$hog" 2>/dev/null || true
	rm -rf "${scratch:?}"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# three JQ SERIES-ARGUMENT... -- VICTIM-OPTION...: the figure for each way to kill, as one row
three() {
	local filter=$1 way figure options=()
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	for way in kill naive mmreap; do
		local command=("$MMREAP_HELPERS/naive")
		[ "$way" != kill ] || command+=(--kill-only)
		[ "$way" != mmreap ] || command=("$MMREAP" kill --json)
		figure=$("$MMREAP_HELPERS/series" "${options[@]}" -- "${command[@]}" -- "$@" 2>/dev/null |
			jq -r --arg way "$way" "$filter") || figure='?'
		if [ "$way" = mmreap ]; then echo "$figure"; else printf '%-15s' "$figure"; fi
	done
}

row() {
	printf '%-47s' "$1"
}

# shellcheck disable=SC2016 # jq's variables
{
	reaped='if $way == "kill" then "-" else
		"\((.mrelease["0"] // 0) + (.outcome.reaped // 0)) of \(.count)" end'
	handed='"\(.waiter.recovered // 0) of \(.count)"'
	elapsed='"\(.wall_ms.median | floor) ms"'
}

cpus=$(nproc)
release=$(uname -r)
big=$(awk '/^MemAvailable:/ { m = int($2 / 4096); print m < 2048 ? m : 2048 }' /proc/meminfo)

echo "$("$MMREAP" --version | head -n 1), Linux ${release%%-*}, $cpus CPUs; $kills kills for each figure"
echo
printf '%-47s%-15s%-15s%s\n' '' 'kill -9' 'naive' 'mmreap kill'

"$MMREAP_HELPERS/hog" $((cpus * 2)) >"$scratch/hog" &
hog=$!
until [ -s "$scratch/hog" ]; do sleep 0.05; done
echo "Memory taken back by the killer, 2 CPU hogs per CPU"
row '  32 MiB, asleep'
three "$reaped" "$kills" -- --mib 32
row '  32 MiB, 6 threads'
three "$reaped" "$kills" -- --mib 32 --threads 6
kill "$hog"
wait "$hog" 2>/dev/null || true
hog=

echo "Robust mutex of the victim, awaited elsewhere"
row '  waiter gets it, 1 thread'
three "$handed" --waiter "$scratch/mutex" --patience 500 "$kills" -- \
	--mib 64 --own-robust leader --shm "$scratch/mutex"
row '  waiter gets it, 5 threads'
three "$handed" --waiter "$scratch/mutex" --patience 500 "$kills" -- \
	--mib 64 --threads 5 --own-robust leader --shm "$scratch/mutex"

echo "Command start to memory back, median of 5"
row "  $big MiB, no hogs"
three "$elapsed" 5 -- --mib "$big"

cat <<'END'

kill -9   SIGKILL, wait for the exit.
naive     SIGKILL and process_mrelease(2) at once, as other programs do. Where it comes too late
          the memory goes with the victim's own exit, whenever that gets to run.
mmreap    holds a thread of the victim until the memory is taken, and first sees that no robust
          futex is lost. A victim that owns one alone is let go: it hands over as it exits.
END
