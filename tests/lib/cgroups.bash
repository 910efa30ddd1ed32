# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Cgroups of the test's own, below one directory per hierarchy, thawed and removed at its end.

CGROUPS=()

# cgroup_mount v2 | v1 CONTROLLER: where that hierarchy is mounted, or nothing
cgroup_mount() {
	case $1 in
	v2) findmnt --noheadings --first-only --output TARGET --types cgroup2 || : ;;
	v1) findmnt --noheadings --first-only --output TARGET --types cgroup --options "$2" || : ;;
	esac
}

# cgroup_make v2 NAME | cgroup_make v1 NAME CONTROLLER: CGROUP is its directory
cgroup_make() {
	local mount

	mount=$(cgroup_mount "$1" "${3-}")
	[ -n "$mount" ] || return
	CGROUP=$mount/mmreap-test-$MY_PID-$2
	mkdir "$CGROUP" || return
	CGROUPS=("$CGROUP" "${CGROUPS[@]}")
}

# memcg_make NAME: CGROUP is one whose memory is counted
memcg_make() {
	if [ -n "$(cgroup_mount v1 memory)" ]; then
		cgroup_make v1 "$1" memory
	else
		cgroup_make v2 "$1"
	fi
}

# quota_make NAME: CGROUP is one that gets 1 ms of CPU time in each second
quota_make() {
	if [ -n "$(cgroup_mount v1 cpu)" ]; then
		cgroup_make v1 "$1" cpu
		echo 1000000 >"$CGROUP/cpu.cfs_period_us"
		echo 1000 >"$CGROUP/cpu.cfs_quota_us"
	else
		cgroup_make v2 "$1"
		echo "1000 1000000" >"$CGROUP/cpu.max"
	fi
}

# throttled: how many periods of CGROUP have ended with its quota used up
throttled() { awk '$1 == "nr_throttled" { print $2 }' "$CGROUP/cpu.stat"; }

# cgroup_add DIR PID...
cgroup_add() {
	local dir=$1 pid
	shift
	for pid; do
		echo "$pid" >"$dir/cgroup.procs"
	done
}

is_frozen() {
	if [ -e "$1/freezer.state" ]; then
		[ "$(<"$1/freezer.state")" = FROZEN ]
	else
		grep -qx 'frozen 1' "$1/cgroup.events"
	fi
}

# freeze DIR: and wait until it is
freeze() {
	if [ -e "$1/freezer.state" ]; then
		echo FROZEN >"$1/freezer.state"
	else
		echo 1 >"$1/cgroup.freeze"
	fi
	until_true 10 is_frozen "$1"
}

thaw() {
	if [ -e "$1/freezer.state" ]; then
		echo THAWED >"$1/freezer.state"
	else
		echo 0 >"$1/cgroup.freeze"
	fi
}

cgroups_thaw() {
	local dir

	for dir in "${CGROUPS[@]}"; do
		if [ -e "$dir/freezer.state" ] || [ -e "$dir/cgroup.freeze" ]; then
			thaw "$dir"
		fi
	done
}

cgroups_end() {
	local dir

	for dir in "${CGROUPS[@]}"; do
		until_true 10 rmdir "$dir" 2>/dev/null || {
			echo "$dir: cannot be removed, holds $(tr '\n' ' ' <"$dir/cgroup.procs")" >&2
			return 1
		}
	done
	CGROUPS=()
}
