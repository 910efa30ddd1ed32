#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All static checkers on this tree, and first of all the proof that each of them can fail.

set -u
cd "$(dirname "$0")/../.." || exit 1
here=tests/static

{
	for checker in text shell format headers direction symbols warnings cppcheck tidy; do
		begin=$SECONDS
		"$here/$checker.sh" || true
		echo "# $checker: $((SECONDS - begin)) s"
	done
} | awk '
	/^(not )?ok - / { n++; sub(/ok - /, "ok " n " - ") }
	/^not ok / { failed++ }
	{ print; fflush() }
	END { print "1.." n + 0; exit failed > 0 }'
