#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every header stands alone, may be included twice, and works for both compilers.

. "$(dirname "$0")/lib.sh"

alone() {
	local compiler
	grep -qx '#pragma once' "$1" || { echo 'no #pragma once'; return 1; }
	for compiler in gcc clang; do
		printf '#include "%s"\n#include "%s"\n' "$PWD/$1" "$PWD/$1" |
			"$compiler" "${cppflags[@]}" -std=gnu17 "${warnings[@]}" -Wno-unused-function \
				-Wno-unused-variable -Werror -fsyntax-only -x c - || return 1
	done
}

mapfile -t files < <(find include src tests -name '*.h' -not -path 'src/bpf/*' \
	-not -path 'tests/vm/*' 2>/dev/null | sort)
try_each 'header stands alone' alone "${files[@]}"
done_checking
