#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# clang-tidy (.clang-tidy says what) on the sources.

. "$(dirname "$0")/lib.sh"

tidy() {
	clang-tidy --quiet "$1" -- "${cppflags[@]}" -std=gnu17
}

mapfile -t files < <(sources)
try_each 'clang-tidy' tidy "${files[@]}"
done_checking
