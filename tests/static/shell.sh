#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every script and test is clean under shellcheck.

. "$(dirname "$0")/lib.sh"

clean() {
	# SC2317 takes functions that are handed on by name for unreachable.
	shellcheck --exclude=SC2317 --external-sources --source-path=SCRIPTDIR "$1"
}

mapfile -t files < <(scripts)
try_each 'shellcheck' clean "${files[@]}"
done_checking
