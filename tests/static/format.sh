#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The layout is what clang-format makes of it (`make format`).

. "$(dirname "$0")/lib.sh"

formatted() {
	clang-format --style=file --dry-run -Werror "$1"
}

mapfile -t files < <(c_files)
try_each 'format' formatted "${files[@]}"
done_checking
