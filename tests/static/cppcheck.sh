#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cppcheck on the sources, the tests and their helpers.

. "$(dirname "$0")/lib.sh"

# It does not know the cleanup attribute, and takes what hangs on a variable for leaked; the address
# sanitizer finds real leaks.
flags=(--quiet --std=c11 --enable=warning --enable=performance --enable=portability --inline-suppr
	--error-exitcode=1 --suppress=missingIncludeSystem
	--suppress=memleak --suppress=resourceLeak -Iinclude -D_GNU_SOURCE
	-DMMREAP_VERSION='""' -j "$(nproc)")

mapfile -t files < <(sources; find tests -name '*.c' -not -path 'tests/vm/*' 2>/dev/null | sort)
[ "${#files[@]}" -eq 0 ] || try 'cppcheck' cppcheck "${flags[@]}" "${files[@]}"
done_checking
