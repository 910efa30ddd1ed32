#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
#   readme.sh BENCH-DIRECTORY README      put bench.md between the two marks, bench.svg beside us

set -eu
dir=$1 readme=$2
new=$(mktemp)
trap 'rm -f "$new"' EXIT
awk -v table="$dir/bench.md" '
	/^<!-- bench: end -->$/ { on = 0; ends++ }
	!on { print }
	/^<!-- bench: begin/ {
		on = 1
		begins++
		while ((getline line <table) > 0)
			print line
	}
	END { exit !(begins == 1 && ends == 1 && !on) }' "$readme" >"$new" || {
	echo "readme.sh: $readme has no pair of marks" >&2
	exit 1
}
cat "$new" >"$readme"
cp "$dir/bench.svg" "$(dirname "$0")/bench.svg"
