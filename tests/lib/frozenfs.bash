# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A frozen file system: who writes to it waits in D state, and no signal wakes him.

# frozenfs_make: FROZEN is a file on one, until the test ends
frozenfs_make() {
	local dir=$BATS_TEST_TMPDIR/frozen

	frozenfs_mount "$BATS_TEST_TMPDIR/image" "$dir" || return
	at_end "frozenfs_end '$dir'"
	FROZEN=$dir/file
	: >"$FROZEN"
	fsfreeze --freeze "$dir"
}

frozenfs_mount() {
	truncate --size 8M "$1" &&
		mkfs.ext4 -q "$1" &&
		mkdir "$2" &&
		mount --options loop "$1" "$2"
}

frozenfs_thaw() {
	fsfreeze --unfreeze "${FROZEN%/*}"
}

# Its writer ends after this, and with it the last use of the mount.
frozenfs_end() {
	fsfreeze --unfreeze "$1" 2>/dev/null || :
	umount --lazy "$1"
}

need_fsfreeze() {
	local dir

	dir=$(mktemp --directory) || return
	frozenfs_mount "$dir/image" "$dir/mnt" && fsfreeze --freeze "$dir/mnt" &&
		fsfreeze --unfreeze "$dir/mnt"
	local status=$?
	umount "$dir/mnt" 2>/dev/null || :
	rm -r "$dir"
	return "$status"
}
