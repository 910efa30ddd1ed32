#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every source, test and helper compiles without a warning, with gcc and with clang.

. "$(dirname "$0")/lib.sh"

with_gcc() {
	gcc "${cppflags[@]}" -std=gnu17 "${warnings[@]}" -Werror -O2 -c -o /dev/null "$1"
}
with_clang() {
	clang "${cppflags[@]}" -std=gnu17 "${warnings[@]}" -Werror -fsyntax-only "$1"
}

mapfile -t files < <(sources; find tests -name '*.c' -not -path 'tests/vm/*' 2>/dev/null | sort)
try_each 'gcc' with_gcc "${files[@]}"
try_each 'clang' with_clang "${files[@]}"
done_checking
