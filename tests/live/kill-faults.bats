#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each system call of each command fails, with each plausible error, at each of its occurrences; and
# the command is killed at each moment of its run. Here a sample, another one with FAULTS_FROM=N; all
# of it with FAULTS=full (make check-faults).
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

if [ "${FAULTS-}" = full ]; then
	EVERY=1 DEATHS=400
else
	EVERY=29 DEATHS=16
fi

scenes() {
	"$HELPERS/faults" list | awk -v kind="$1" '$2 == kind { print $1 }'
}

# faults ARGUMENT...: sets LAST, the figures; the findings are shown
faults() {
	run --separate-stderr "$HELPERS/faults" ${MMREAP_SAN:+--sanitized} "$@"
	# shellcheck disable=SC2154
	echo "$stderr"
	echo "$output"
	((status == 0)) && [ "$(jq .findings <<<"$output")" -eq 0 ]
}

# sweep KIND [OPTION...]
sweep() {
	local scene kind=$1 runs=0 met=0
	shift
	for scene in $(scenes "$kind"); do
		faults "$@" --every "$EVERY" --from $((${FAULTS_FROM:-0} % EVERY)) sweep "$scene" "$MMREAP"
		runs=$((runs + $(jq .runs <<<"$output"))) met=$((met + $(jq .met <<<"$output")))
		[ "$EVERY" -gt 1 ] || say "$output"
	done
	say "$kind: $runs runs, in $met of them the call was made and failed"
	((met * 10 > runs * 8))
}

# death KIND [OPTION...]
death() {
	local scene kind=$1 met=0 holding=0 rounds=0
	shift
	for scene in $(scenes "$kind"); do
		faults "$@" death "$DEATHS" "$scene" "$MMREAP"
		rounds=$((rounds + DEATHS)) met=$((met + $(jq .met <<<"$output")))
		holding=$((holding + $(jq .holding <<<"$output")))
		[ "$EVERY" -gt 1 ] || say "$output"
	done
	say "$kind: killed $met times in $rounds runs, while holding $holding times"
	((met * 10 > rounds * 8))
}

@test "faults: kill, each call fails" {
	requires root mrelease ptrace pidns seccomp
	sweep kill
}

@test "faults: kill --cgroup, each call fails" {
	requires root mrelease ptrace pidns seccomp freezer-v2
	cgroup_make v2 faults
	sweep cgroup --cgroup "$CGROUP"
}

@test "faults: kill --cgroup and frozen victims, each call fails, version 1" {
	requires root mrelease ptrace pidns seccomp freezer-v1
	cgroup_make v1 faults freezer
	sweep cgroup --cgroup "$CGROUP"
	sweep freezer --cgroup "$CGROUP"
}

@test "faults: the commands that only look, each call fails" {
	requires root mrelease ptrace pidns seccomp
	sweep look
}

@test "faults: kill, killed at any moment" {
	requires root mrelease ptrace pidns seccomp
	death kill
}

@test "faults: kill --cgroup and frozen victims, killed at any moment" {
	requires root mrelease ptrace pidns seccomp freezer-v1 freezer-v2
	cgroup_make v2 deaths
	death cgroup --cgroup "$CGROUP"
	cgroup_make v1 deaths freezer
	death cgroup --cgroup "$CGROUP"
	death freezer --cgroup "$CGROUP"
}
