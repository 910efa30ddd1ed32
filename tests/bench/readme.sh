#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   readme.sh BENCH-DIRECTORY README      put bench.md between the two marks, bench.svg beside us
#   readme.sh --check README              both are as that left them: the first mark has their sum

set -eu
dir=$1 readme=$2
plot=$(dirname "$0")/bench.svg
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# sum_of TABLE PLOT
sum_of() {
	cat "$1" "$2" | cksum | cut -d ' ' -f 1
}

if [ "$dir" = --check ]; then
	awk '/^<!-- bench: end -->$/ { on = 0 }
		on { print }
		/^<!-- bench: begin/ { on = 1 }' "$readme" >"$new"
	grep -qx "<!-- bench: begin.* sum $(sum_of "$new" "$plot") -->" "$readme" || {
		echo "readme.sh: $readme or $plot is not as make bench-readme wrote it" >&2
		exit 1
	}
	exit
fi
awk -v table="$dir/bench.md" -v sum="$(sum_of "$dir/bench.md" "$dir/bench.svg")" '
	/^<!-- bench: end -->$/ { on = 0; ends++ }
	/^<!-- bench: begin/ {
		print "<!-- bench: begin, written by tests/bench/readme.sh, sum " sum " -->"
		on = 1
		begins++
		while ((getline line <table) > 0)
			print line
	}
	!on { print }
	END { exit !(begins == 1 && ends == 1 && !on) }' "$readme" >"$new" || {
	echo "readme.sh: $readme has no pair of marks" >&2
	exit 1
}
cat "$new" >"$readme"
cp "$dir/bench.svg" "$plot"
