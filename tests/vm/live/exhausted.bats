#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A machine of 64 MiB whose memory is gone, without swap: mmreap itself must not need what it is
# there to bring back. Of what is left over the shell, world and mmreap itself took between 1.5 and
# 2 MiB; with less the kernel killed the shell.
#
# On the guest's disk are mmreap and kill, each with a loader and libraries that nobody else has in
# memory (build-disk.sh), and mmreap as `make STATIC=1` builds it; everything else is in the initramfs,
# which is never read again.
#
# shellcheck disable=SC2016 # expanded at the end of the test
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

# hog_was_reaped: by mmreap, and nobody was killed by the kernel to make room
hog_was_reaped() {
	expect_status 0
	jq -e '.kill[0] | .outcome == "reaped" and .exited' <<<"$output"
	[ "$FATES" = "target=SIGKILL other=none" ]
	[[ $(dmesg) != *"Out of memory"* ]]
}

@test "exhausted: 10 hogs, each with all but 4 MiB, are killed and reaped" {
	local total
	total=$(awk '/^MemTotal:/ { print $2 * 1024 }' /proc/meminfo)
	say "$((total >> 20)) MiB in all, $(awk '/^SwapTotal:/ { print $2 }' /proc/meminfo) KiB swap"
	for _ in {1..10}; do
		LEAVE_KIB=4096 in_world exhausted kill --json TARGET
		hog_was_reaped
		say "$(json_row 0 | jq -r .message)"
		(($(json_row 0 | jq .rss_before) > total * 4 / 10))
	done
}

mount_disk() {
	DISK=$BATS_TEST_TMPDIR/disk
	mkdir "$DISK"
	mount -t ext2 -o ro /dev/vda "$DISK"
	at_end 'umount "$DISK"'
}

# from_disk NAME [PRELOAD] -- ARGUMENT...: that program of the disk, none of which is in memory, in
# $WORLD: kills a process that has left it $LEAVE_KIB
from_disk() {
	local folder=$DISK/$1 loader=("$DISK/$1/loader" --library-path "$DISK/$1")
	[ -e "$DISK/$1/loader" ] || loader=()
	[ "$2" = -- ] || loader+=(--preload "$folder/$2")
	while [ "$1" != -- ]; do shift; done
	WORLD_AS=${loader[*]} MMREAP=$folder/${folder##*/} in_world "${WORLD-exhausted}" "${@:2}"
}

# nothing_was_missing: the disk was read before the signal, and not after it
nothing_was_missing() {
	jq -e '.signals > 0 and .verdicts == 1 and .major_before > 0 and .major == 0 and .allocations == 0' ledger
}

@test "exhausted: nothing of mmreap in the page cache: no disk is read after the signal" {
	mount_disk
	for _ in 1 2 3; do
		rm -f ledger
		LEAVE_KIB=6144 LEDGER=ledger from_disk mmreap ledger.so -- kill --json TARGET
		hog_was_reaped
		say "$(<ledger)"
		nothing_was_missing
	done
}

@test "exhausted: nothing of mmreap in the page cache, other victims: no disk is read after the signal" {
	local WORLD words
	mount_disk
	for WORLD in no-list shared-memory stopped frozen-v1 dead-leader pair vfork-parent; do
		words=(kill --verbose)
		[[ $WORLD != pair && $WORLD != vfork-* ]] || words+=(--sharers kill)
		rm -f ledger
		echo 3 >/proc/sys/vm/drop_caches
		LEDGER=ledger from_disk mmreap ledger.so -- "${words[@]}" TARGET
		expect_status 0
		nothing_was_missing
	done
}

# in_turn NAME -- ARGUMENT...: one round of that program; FIGURES also of what was read from the disk
in_turn() {
	local reads sectors reads_after sectors_after
	read -r reads _ sectors _ </sys/block/vda/stat
	LEAVE_KIB=6144 from_disk "$@"
	read -r reads_after _ sectors_after _ </sys/block/vda/stat
	FIGURES=$(jq -c --argjson reads $((reads_after - reads)) \
		--argjson kib $(((sectors_after - sectors) / 2)) '. + $ARGS.named' <<<"$FIGURES")
	jq -e '.memory_ms > 0 and .major > 0' <<<"$FIGURES"
	echo "$FIGURES" >>"$1.json"
}

@test "exhausted: nothing in the page cache, mmreap and kill -9 in turn" {
	local name
	mount_disk
	for _ in {1..5}; do
		for name in mmreap mmreap-static; do
			in_turn "$name" -- kill --json TARGET
			hog_was_reaped
		done
		in_turn kill -- -9 TARGET
	done
	for name in mmreap mmreap-static kill; do
		say "$name: $(jq -rs 'def median: sort[length / 2 | floor];
			"\(map(.memory_ms) | median) ms from start to memory back, \(map(.reads) | median) reads of the disk, \(map(.kib) | median) KiB (median of 5)"' "$name.json")"
	done
	(($(jq -s 'map(.kib) | max' mmreap-static.json) < $(jq -s 'map(.kib) | min' kill.json)))
}
