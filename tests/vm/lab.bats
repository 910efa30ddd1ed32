#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# The lab itself, on this machine: what does not come to its end is a failure with its console log,
# and nothing else decides. Wants the own kernel's image (make check-vm, KERNEL=v2).
#
# shellcheck disable=SC2154 # status and output are set by bats

load ../lib/live

LAB_OUT=${LAB_OUT:-$TOP/build/vm}

# lab LIMIT BOOT TEST...: one kernel of that name, and in it tests "one", "two", ...
lab() {
	local words=(one two three) body
	local built=$LAB_OUT/helpers
	local -x LAB_WORLD=$BATS_TEST_TMPDIR/world LAB_OUT=$BATS_TEST_TMPDIR/out
	mkdir -p "$LAB_WORLD/deny" "$LAB_OUT/helpers"
	cp "$built"/* "$LAB_OUT/helpers"
	echo "lab own 1 many 256 $1 - $2" >"$LAB_WORLD/kernels"
	echo 'load ../../lib/live' >"$BATS_TEST_TMPDIR/guest.bats"
	for body in "${@:3}"; do
		printf "@test '%s' {\n\t%s\n}\n" "${words[0]}" "$body" >>"$BATS_TEST_TMPDIR/guest.bats"
		words=("${words[@]:1}")
	done
	# bats has put the folder of its parts before everything: the guest would get one of those.
	run timeout --foreground 400 env PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
		"$TOP/tests/vm/run.sh" lab "$BATS_TEST_TMPDIR/guest.bats" 3>&-
	VERDICT=$(cut -f 10 "$LAB_OUT/lab/summary" 2>/dev/null || :)
}

@test "lab: a test that passes" {
	requires qemu
	lab 300 '' true
	[ "$status" -eq 0 ]
	[ "$VERDICT" = passed ]
	[[ $output == *"ok 1 one "* ]]
}

@test "lab: a test that fails" {
	requires qemu
	lab 300 '' false
	[ "$status" -eq 1 ]
	[ "$VERDICT" = failed ]
}

@test "lab: a skip for a need is a failure in the guest" {
	requires qemu
	lab 300 '' 'requires root' 'need_root() { false; }; requires root'
	[ "$status" -eq 1 ]
	[[ $output == *"ok 1 one"*"not ok 2 two"* ]]
}

@test "lab: a kernel that does not boot, with its console log" {
	requires qemu
	lab 300 'rdinit=/usr/bin/false' true
	[ "$status" -eq 3 ]
	[ "$VERDICT" = "did not boot" ]
	[[ $output == *"Kernel panic"* ]]
}

@test "lab: a kernel that does not boot within its limit, with its console log" {
	requires qemu
	lab 5 'rdinit=/usr/bin/yes' true
	[ "$status" -eq 3 ]
	[ "$VERDICT" = "did not boot" ]
	[[ $output == *" s of 5; "* ]]
}

@test "lab: a panic in the middle, although QEMU ends with status 0" {
	requires qemu
	lab 300 'reap_kill=2' '/mmreap/build/tests/mrelease 1 1'
	[ "$status" -eq 3 ]
	[ "$VERDICT" = "no end marker" ]
	[[ $output == *"Attempted to kill init"* ]]
}

@test "lab: a guest that hangs" {
	requires qemu
	lab 30 '' 'sleep 6000'
	[ "$status" -eq 3 ]
	# on a busy host it may not get that far
	[[ $VERDICT == "no end marker" || $VERDICT == "did not boot" ]]
}

@test "lab: a denied test is skipped with the reason, and a denial of nothing is an error" {
	requires qemu
	mkdir -p "$BATS_TEST_TMPDIR/world/deny"
	echo 'tests/vm/live/machine.bats | no such test | no reason' >"$BATS_TEST_TMPDIR/world/deny/lab"
	lab 300 '' true
	[ "$status" -eq 2 ]
	[[ $output == *"denies nothing"* ]]
	echo 'tests/vm/live/guest.bats | two | not here' >"$BATS_TEST_TMPDIR/world/deny/lab"
	lab 300 '' true false
	[ "$status" -eq 0 ]
	[[ $output == *"ok 2 two"*"# skip denied here: not here"* ]]
}
