#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `mmreap sharers`: who shares an address space, and what is said where that cannot be seen.

# shellcheck disable=SC2016 # expanded by the inner shell
load ../lib/live
load ../lib/look

# members: the PIDs of the first group, in order
members() {
	looked '[.[] | select(.group == 1) | .pid] | sort | map(tostring) | join(" ")'
}

sorted() {
	printf '%s\n' "$@" | sort -n | paste -sd ' '
}

# relation PID
relation() {
	looked ".[] | select(.pid == $1) | .relation"
}

@test "sharers: a process of its own is alone" {
	requires root kcmp
	start_victim --mib 1 --threads 5
	look sharers --source kcmp "$VICTIM"
	expect_status 0
	[ "$(looked length)" -eq 1 ]
	sees pid "$VICTIM" relation target threads 6 state S killable true users null source kcmp
	# Where PID 1 cannot be ruled out, or a namespace hides others, that is said.
	if [ "$(looked '.[0].incomplete')" = null ]; then
		mmreap sharers --source kcmp --check "$VICTIM"
		expect_status 0
	else
		says incomplete
		mmreap sharers --source kcmp --check "$VICTIM"
		expect_status 6
	fi
	[ -z "$output$stderr" ]
	untouched "$VICTIM"
}

@test "sharers: CLONE_VM, from each side" {
	requires root kcmp inodes
	start_victim --mib 4 --sharer=2
	for pid in "$VICTIM" "${OTHERS[@]}"; do
		look sharers "$pid"
		expect_status 0
		[ "$(members)" = "$(sorted "$VICTIM" "${OTHERS[@]}")" ]
		sees pid "$pid" relation target
		[ "$(looked 'map(select(.relation == "clone-vm")) | length')" -eq 2 ]
		[ "$(looked '.[0].inode')" = "$(inode_of "$pid")" ]
		mmreap sharers --check "$pid"
		expect_status 7
		[ -z "$output$stderr" ]
	done
}

@test "sharers: vfork, from each side" {
	requires root kcmp
	start_victim --mib 4 --vfork
	look sharers "$VICTIM"
	[ "$(members)" = "$(sorted "$VICTIM" "${OTHERS[0]}")" ]
	[ "$(relation "${OTHERS[0]}")" = vfork-child ]
	sees state D
	look sharers "${OTHERS[0]}"
	[ "$(relation "$VICTIM")" = vfork-parent ]
	[ "$(relation "${OTHERS[0]}")" = target ]
}

@test "sharers: a fork child that shares pages is none" {
	requires root kcmp
	start_victim --mib 4 --fork-cow
	look sharers "$VICTIM"
	[ "$(members)" = "$VICTIM" ]
}

@test "sharers: a dead leader with living threads" {
	requires root kcmp
	start_victim --mib 4 --dead-leader --threads 3
	look sharers "$VICTIM"
	expect_status 0
	[ "$(members)" = "$VICTIM" ]
	sees state Z
	[ "$(looked '.[0].rss')" -gt $((4 << 20)) ]
}

@test "sharers: who has no address space shares none" {
	requires root kcmp
	start_victim --zombie
	look sharers "$VICTIM"
	expect_status 5
	[ "$(looked length)" -eq 0 ]
	says "no address space"
	mmreap sharers --check "$VICTIM"
	expect_status 5
	# Two NULLs compare equal: no zombie is a sharer of another, nor of a kernel thread.
	look sharers --all
	[ "$(looked "map(select(.pid == $VICTIM)) | length")" -eq 0 ]
}

@test "sharers: two targets in one address space are one group" {
	requires root kcmp
	start_victim --mib 1 --sharer
	look sharers "$VICTIM" "${OTHERS[0]}" "$VICTIM"
	expect_status 0
	[ "$(looked length)" -eq 2 ]
	[ "$(looked 'map(.relation) | join(" ")')" = "target target" ]
}

@test "sharers: --all finds every group and nobody else" {
	requires root kcmp
	local first second alone
	start_victim --mib 1 --sharer=3
	first="$VICTIM ${OTHERS[*]}"
	start_victim --mib 1 --vfork
	second="$VICTIM ${OTHERS[*]}"
	start_victim --mib 1 --threads 3
	alone=$VICTIM
	look sharers --all
	expect_status 0
	# shellcheck disable=SC2086 # lists of PIDs
	for group in "$(sorted $first)" "$(sorted $second)"; do
		looked '[group_by(.group)[] | [.[].pid] | sort | map(tostring) | join(" ")] | .[]' |
			grep -qx "$group"
	done
	[ "$(looked "map(select(.pid == $alone)) | length")" -eq 0 ]
	# Ordinals, from 1 on, without a hole.
	looked '[.[].group] | unique == [range(1; (unique | length) + 1)]' | grep -qx true
}

@test "sharers: among so many processes that a thread lists them" {
	requires root kcmp
	local group groups=() pid
	start_victim --mib 1 --sharer=2
	groups+=("$(sorted "$VICTIM" "${OTHERS[@]}")")
	start_helper lookbase spawn 1000
	# Wherever the kernel happened to put its memory.
	for pid in $(pgrep --parent "$HELPER_JOB" | awk 'NR % 100 == 0'); do
		groups+=("$pid")
	done
	start_victim --mib 1 --sharer=2
	groups+=("$(sorted "$VICTIM" "${OTHERS[@]}")")
	[ "${#groups[@]}" -eq 12 ]
	for group in "${groups[@]}"; do
		for pid in $group; do
			mmreap sharers --source kcmp -r -n -o pid "$pid"
			expect_status 0
			[ "$(sort -n <<<"$output" | paste -sd ' ')" = "$group" ]
		done
	done
}

@test "sharers: processes that come and go, fork and exec all the time" {
	requires root kcmp
	start_victim --mib 1 --respawn 4
	start_victim --mib 1 --exec-loop-us 5000
	start_victim --mib 1 --sharer
	for _ in {1..40}; do
		mmreap sharers -r -n -o pid "$VICTIM"
		expect_status 0
		[ "$(sort -n <<<"$output" | paste -sd ' ')" = "$(sorted "$VICTIM" "${OTHERS[0]}")" ]
		mmreap sharers -r -n -o pid --all
		expect_status 0
		[ "$(grep -cxE "$VICTIM|${OTHERS[0]}" <<<"$output")" -eq 2 ]
	done
}

@test "sharers: a user sees his own" {
	requires root nobody kcmp
	run_by "${NOBODY[@]}"
	start_victim --mib 1 --sharer --uid 65534
	look sharers "$VICTIM"
	expect_status 0
	[ "$(members)" = "$(sorted "$VICTIM" "${OTHERS[0]}")" ]
	sees user 65534 killable true
}

@test "sharers: what a user cannot compare is unknown, never none" {
	requires root nobody kcmp
	start_victim --mib 1 --sharer
	run_by "${NOBODY[@]}"
	look sharers "$VICTIM"
	expect_status 6
	[ "$(looked length)" -eq 1 ]
	sees pid "$VICTIM" killable false
	says "no right to inspect"
	[[ $(looked '.[0].incomplete') == *"no right to inspect"* ]]
	mmreap sharers --check "$VICTIM"
	expect_status 6
	[ -z "$output$stderr" ]
}

@test "sharers: a sharer of another user is unknown to the owner" {
	requires root nobody kcmp
	start_victim --mib 1 --sharer --sharer-uid 65534
	run_by "${NOBODY[@]}"
	look sharers "${OTHERS[0]}"
	sees pid "${OTHERS[0]}" relation target user 65534
	[[ $(looked '.[0].incomplete') == *"could not be compared"* ]]
	mmreap sharers --check "${OTHERS[0]}"
	expect_status 6
}

@test "sharers: in a PID namespace what is outside is said not to be seen" {
	requires root kcmp pidns
	run unshare --pid --fork --mount-proc --kill-child "$MMREAP" sharers --json --all
	[[ $output == *"outside of this PID namespace"* ]]
}

@test "sharers: hidepid is said" {
	requires root nobody kcmp
	cat >hidden <<-SCRIPT
		#!/bin/bash
		mount -t proc -o hidepid=2 proc /proc
		sleep 60 & sleeper=\$!
		trap 'kill \$sleeper' EXIT
		${NOBODY[*]} bash -c "'$MMREAP' sharers --json \\\$\\\$; '$MMREAP' sharers \$sleeper"
		echo "status \$?"
	SCRIPT
	run --separate-stderr unshare --mount bash hidden
	echo "$output$stderr"
	[ "$(sed '/^status/d' <<<"$output" | jq -r '.sharers[0].incomplete')" != null ]
	says "hides the processes of other users (hidepid)"
	says "does not show it (hidepid)"
	[[ $output == *"status 6" ]]
}

@test "sharers: the hidepid of the /proc that is seen, not of the youngest" {
	requires root nobody kcmp
	mkdir older
	cat >hidden <<-'SCRIPT'
		mount -t proc -o hidepid=2 proc older
		mount -t proc proc /proc
		mount --move older /proc
		exec "$@"
	SCRIPT
	run --separate-stderr unshare --mount bash hidden "${NOBODY[@]}" bash -c '
		"$0" sharers --json $$ | jq -r ".sharers[0].incomplete"
		"$0" status --json $$ | jq -c ".status[0] | [.sharers, .incomplete]"
		"$0" probe --noheadings --raw --output CAPABILITY,STATE' "$MMREAP"
	echo "$output$stderr"
	[ "${lines[0]}" = "/proc hides the processes of other users (hidepid)" ]
	[[ $output == *"procfs hidepid=2"* ]]
	[ "${lines[1]}" = '[null,"/proc hides the processes of other users (hidepid)"]' ]
}

@test "sharers: without kcmp the rest is proved or unknown" {
	requires root strace kcmp
	start_victim --mib 1 --sharer
	run_by strace -f -qq -o /dev/null -e trace=kcmp -e inject=kcmp:error=ENOSYS
	look sharers --source kcmp "$VICTIM"
	expect_status 4
	sees pid "$VICTIM" relation target
	says "no kcmp"
	look sharers --source kcmp --all
	expect_status 4
	[ "$(jq .error.status <<<"$output")" -eq 4 ]
	mmreap sharers --source kcmp --check "$VICTIM"
	expect_status 6
}

@test "sharers: the kernel's own view is unsupported where it is not built in" {
	[[ $("$MMREAP" --version) != *bpf* ]] || skip "it is built in"
	look sharers --source bpf $$
	expect_status 4
	[ "$(jq .error.status <<<"$output")" -eq 4 ]
	mmreap sharers --source kcmp --check $$
	[[ $status == [06] ]]
}

@test "sharers: columns as everywhere" {
	requires root kcmp
	start_victim --mib 1 --sharer
	mmreap sharers -o pid,relation -n "$VICTIM"
	[ "${lines[0]}" = "$(printf '%s target' "$VICTIM")" ]
	mmreap sharers -o +cgroup "$VICTIM"
	[[ ${lines[0]} == *COMM*CGROUP ]]
	mmreap sharers -O "$VICTIM"
	[[ ${lines[0]} == *INCOMPLETE* ]]
	mmreap sharers -r -b -o rss "$VICTIM"
	[[ ${lines[1]} =~ ^[0-9]+$ ]]
	mmreap sharers -H
	expect_status 0
	[[ $output == *relation* ]]
	mmreap sharers -o bogus "$VICTIM"
	expect_status 2
}

@test "sharers: usage" {
	for arguments in '' "--all $$" "--all --check" "--source auto,bpf $$" "--check"; do
		# shellcheck disable=SC2086
		mmreap sharers $arguments
		expect_status 2
		[ -z "$output" ]
	done
	look sharers 999999
	expect_status 5
	[ "$(looked length)" -eq 0 ]
}

@test "sharers: a target that is not there, beside one that is" {
	requires root kcmp
	start_victim --mib 1
	look sharers "$VICTIM" "$VICTIM:1"
	expect_status 64
	[ "$(looked length)" -eq 1 ]
	says "no such process"
}
