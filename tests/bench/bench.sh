#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The numbers, side by side in one run:
#
#   bench.sh OUT-DIRECTORY [SECTION...]     make bench BENCH="idle busy"
#
# A section is a victim (idle big busy stopped threads frozen-v1 frozen-v2 starved quota robust many)
# or one of limit, startup, look; all of them without a name. BENCH_RUNS sets the rounds (10). In
# each round every contender has its turn, the order going round too, so that a ratio compares two
# kills that are close in time. A victim gets some BENCH_SECONDS (30): then its rounds are fewer.
#
# Every process is started here, lives in cgroups of its own, and ends here. Besides the table,
# OUT-DIRECTORY gets bench.json, bench.md (for the README) and bench.svg.

set -uo pipefail
out=${1:?}
shift
mapfile -t pkill < <("${0%/*}/pkill.sh")
mkdir -p "$out" && out=$(realpath "$out") && cd "$(dirname "$0")" || exit
TOP=$(realpath ../..)
MMREAP=${MMREAP:-$TOP/build/mmreap}
HELPERS=${MMREAP_HELPERS:-$TOP/build/tests}
KILL=${KILL:-/bin/kill}
RUNS=${BENCH_RUNS:-10}
SECONDS_EACH=${BENCH_SECONDS:-30}
MY_PID=$BASHPID
export MMREAP MMREAP_HELPERS=$HELPERS KILL

all=(idle big busy stopped threads frozen-v1 frozen-v2 starved quota robust many limit startup look)
wanted=("${@:-${all[@]}}")
for section in "${wanted[@]}"; do
	[[ " ${all[*]} " == *" $section "* ]] || {
		echo "bench: no section \"$section\"; there are: ${all[*]}" >&2
		exit 2
	}
done
if [[ ! $RUNS =~ ^[1-9][0-9]*$ ]] || ! command -v jq >/dev/null; then
	echo "bench: BENCH_RUNS must be a number from 1, and jq must be there (make deps)" >&2
	exit 2
fi
scratch=$(mktemp -d /dev/shm/mmreap-bench.XXXXXX) && bin=$(mktemp -d "$out/bin.XXXXXX") || exit
: >"$scratch/rows"

. ../lib/cgroups.bash

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		((SECONDS < end)) || return
		sleep 0.05
	done
}

# On every path: what was started dies with us, and a frozen one when it is thawed.
child=
cleanup() {
	[ -z "$child" ] || { kill "$child" && wait "$child"; } 2>/dev/null
	cgroups_thaw
	cgroups_end
	rm -r "${scratch:?}" "${bin:?}"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A command that we may be told to end while it runs: a trap waits for the foreground, not for this.
run() {
	"$@" &
	child=$!
	wait "$child"
	local status=$?
	child=
	return "$status"
}

progress() {
	[ ! -t 2 ] || printf '\r\033[K%s' "$*" >&2
}

# note SECTION REASON: what is not in the table, and why
notes=()
note() {
	notes+=("$1: $2")
	progress
	echo "bench: $1: $2" >&2
}

# add KIND JSON: one fact for the report
add() {
	jq -c --arg kind "$1" '{kind: $kind} + .' <<<"$2" >>"$scratch/rows"
}

# ---- what there is -----------------------------------------------------------------------------

# As installed, and side by side: what the linker wrote lies in smaller pieces in the page cache, and
# is slower to start.
installed() {
	install "$1" "$bin/$2" && echo "$bin/$2"
}
MMREAP=$(installed "$MMREAP" mmreap) && KILL=$(installed "$KILL" kill) &&
	naive=$(installed "$HELPERS/naive" naive) || exit

contenders=(kill naive mmreap)
procps=
if ((${#pkill[@]})); then
	contenders=(kill naive pkill mmreap)
	procps=$("${pkill[@]}" --version | grep -oE '[0-9]+(\.[0-9]+)+')
else
	note "pkill -m" "not at hand (procps 4.0.6 has it; make deps-bench fetches it, PKILL names one)"
fi

memory=v1
[ -n "$(cgroup_mount v1 memory)" ] || memory=v2

# group VERSION NAME CONTROLLER FILE: CGROUP is a new cgroup that has FILE
group() {
	CGROUP=
	cgroup_make "$1" "bench-$2" "$3" 2>/dev/null && [ -w "$CGROUP/$4" ]
}

if [ "$memory" = v1 ]; then
	group v1 memory memory memory.usage_in_bytes
else
	group v2 memory '' memory.current
fi && memory_dir=$CGROUP || memory_dir=

# ---- kills -------------------------------------------------------------------------------------

# command WAY: the words that kill, in COMMAND; the pids follow
command_for() {
	case $1 in
	kill) COMMAND=("$KILL" -9) ;;
	naive) COMMAND=("$naive" --timeout 0) ;;
	pkill) COMMAND=("${pkill[@]}" --mrelease --signal KILL --pgroup '{pgrp}') ;;
	mmreap) COMMAND=("$MMREAP" kill --json "${ours[@]}") ;;
	esac
}

# victim NAME TITLE -- VICTIM-OPTION...: rounds of kills, with $options for measure
victim() {
	local name=$1 title=$2 begin=$SECONDS round way order result
	shift 2
	[ -n "$memory_dir" ] || {
		note "$name" "needs root and a memory cgroup, which is what measures"
		return
	}
	for ((round = 0; round < RUNS; round++)); do
		((round < 3 || SECONDS - begin < SECONDS_EACH)) || break
		order=("${contenders[@]:round % ${#contenders[@]}}"
			"${contenders[@]:0:round % ${#contenders[@]}}")
		for way in "${order[@]}"; do
			progress "$title, round $((round + 1)) of $RUNS: $way"
			command_for "$way"
			run timeout 120 "$HELPERS/measure" kill --memory "$memory_dir" --limit "$limit" \
				"${options[@]}" -- "${COMMAND[@]}" "$@" >"$scratch/result" || {
				note "$name" "the victim could not be measured"
				return
			}
			result=$(<"$scratch/result")
			add kill "$(jq -c --arg victim "$name" --arg title "$title" --arg way "$way" \
				--argjson round "$round" --argjson limit "$limit" \
				'{victim: $victim, title: $title, way: $way, round: $round, limit_ms: $limit} + .' \
				<<<"$result")"
		done
	done
	((round == RUNS)) || note "$name" "$round rounds in $SECONDS_EACH seconds"
}

# 64 of them, of sizes from 1 to 128 MiB, in four situations, the busy ones started last
many() {
	local i args=()
	local -a kinds=("" "--threads 8" "--stop" "--busy 1")
	for ((i = 0; i < 64; i++)); do
		# shellcheck disable=SC2206 # words
		args+=(-- --mib $((1 << i % 8)) ${kinds[i / 16]})
	done
	victim many "64 mixed victims, 2 GiB" "${args[@]}"
}

quota() {
	if group v1 quota cpu cpu.cfs_quota_us; then
		echo 100000 >"$CGROUP/cpu.cfs_period_us"
		echo 2000 >"$CGROUP/cpu.cfs_quota_us"
	elif group v2 quota '' cpu.max; then
		echo "2000 100000" >"$CGROUP/cpu.max"
	else
		note quota "no CPU controller at hand"
		return
	fi
	options=(--join "$CGROUP")
	victim quota "CPU quota of 2 %" -- --mib 256 --busy 1
}

# frozen VERSION CONTROLLER FILE
frozen() {
	if [ "$memory" = "$1" ] && [ "$1" = v2 ]; then
		CGROUP=$memory_dir
	elif ! group "$1" frozen "$2" "$3"; then
		note "frozen-$1" "no $1 freezer at hand"
		return
	fi
	options=(--freeze "$CGROUP")
	victim "frozen-$1" "$4" -- --mib 256
}

kills() {
	local options=() ours=() limit=10000
	case $1 in
	idle) victim idle "asleep" -- --mib 256 ;;
	big) victim big "asleep, 2 GiB" -- --mib 2048 ;;
	busy) victim busy "a busy thread per CPU" -- --mib 256 --busy "$(nproc)" ;;
	stopped) victim stopped "stopped" -- --mib 256 --stop ;;
	threads) victim threads "1000 threads" -- --mib 256 --threads 999 ;;
	frozen-v1)
		# Without a thaw its exit is nobody's to have.
		limit=1000 ours=(--thaw)
		frozen v1 freezer freezer.state "frozen, v1 (ours: --thaw)"
		;;
	frozen-v2) frozen v2 '' cgroup.freeze "frozen, v2" ;;
	starved)
		limit=6000 options=(--hogs 3)
		victim starved "SCHED_IDLE, 3 hogs per CPU" -- --mib 256 --sched idle
		;;
	quota) quota ;;
	robust)
		options=(--mutex "$scratch/mutex")
		victim robust "owner of a robust mutex" -- --mib 256 --own-robust leader \
			--shm "$scratch/mutex"
		;;
	many) many ;;
	esac
}

# ---- the rest ----------------------------------------------------------------------------------

# The same memory, unmapped by the process itself: by one thread, and by one per CPU.
limit() {
	local mib threads round begin=$SECONDS
	[ -n "$memory_dir" ] || {
		note limit "needs root and a memory cgroup"
		return
	}
	for mib in 256 2048; do
		for ((round = 0; round < RUNS; round++)); do
			((round < 3 || SECONDS - begin < SECONDS_EACH)) || break
			for threads in 1 "$(nproc)"; do
				progress "unmapping, round $((round + 1)) of $RUNS"
				run timeout 60 "$HELPERS/measure" unmap --memory "$memory_dir" "$mib" \
					"$threads" >"$scratch/result" || return
				add unmap "$(<"$scratch/result")"
			done
		done
	done
}

startup() {
	local json rounds=$((RUNS * 10)) processes
	[ -x "$HELPERS/startup" ] || {
		note startup "no helper for it"
		return
	}
	for processes in 0 1000; do
		progress "start-up, $rounds rounds among $processes more processes"
		run timeout 120 "$HELPERS/startup" "$rounds" "$processes" -- "$KILL" -9 \
			-- "$MMREAP" kill --sharers spare -- "$MMREAP" kill >"$scratch/result" || {
			note startup "could not be measured"
			return
		}
		json=$(<"$scratch/result")
		add startup "$(jq -c --argjson n "$processes" --argjson rounds "$rounds" \
			'{processes: $n, rounds: $rounds, commands: map(del(.command))}' <<<"$json")"
	done
}

look() {
	progress "sharers and status"
	unshare --pid --fork --mount-proc true 2>/dev/null || {
		note look "needs root, for a PID namespace of its own"
		return
	}
	run timeout 120 unshare --pid --fork --mount-proc --kill-child \
		./look.sh "$RUNS" >"$scratch/result" || note look "not all of it could be measured"
	while read -r json; do
		add look "$json"
	done <"$scratch/result"
}

# ---- all of it ---------------------------------------------------------------------------------

load=$(cut -d ' ' -f 1 /proc/loadavg)
for section in "${wanted[@]}"; do
	case $section in
	limit | startup | look) "$section" ;;
	*) kills "$section" ;;
	esac
done
progress

release=$(uname -r)
facts=$(jq -n --arg date "$(date -u +%F)" --arg linux "${release%%-*}" --argjson cpus "$(nproc)" \
	--arg version "$("$MMREAP" --version | head -n 1)" --argjson runs "$RUNS" \
	--arg load "$load" --arg procps "$procps" \
	'{date: $date, linux: $linux, cpus: $cpus, version: $version, runs: $runs, load: $load,
	  procps: ($procps | select(. != "") // null), notes: $ARGS.positional}' --args -- "${notes[@]}") || exit
jq -s -L . --argjson facts "$facts" 'include "stats"; report($facts)' "$scratch/rows" \
	>"$out/bench.json" || exit
for form in txt md svg; do
	jq -r -L . "include \"$form\"; $form" "$out/bench.json" >"$out/bench.$form" || exit
done
cat "$out/bench.txt"
