#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every script and test is clean under shellcheck.

. "$(dirname "$0")/lib.sh"

clean() {
	# SC2317 takes functions that are handed on by name for unreachable; SC2153 and SC2154 do not know
	# the variables that bats and its libraries set.
	local exclude=SC2317
	[[ $1 != *.bats && $1 != *.bash ]] || exclude+=,SC2153,SC2154
	shellcheck --exclude="$exclude" --external-sources --source-path=SCRIPTDIR "$1"
}

mapfile -t files < <(scripts)
try_each 'shellcheck' clean "${files[@]}"
done_checking
