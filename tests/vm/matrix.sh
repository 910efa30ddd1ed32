#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the tests on several of the lab's kernels, and print one table.
#
# usage: matrix.sh [--images] [KERNEL...]    without KERNEL: all of the file `kernels`
#
# --images only makes the images that are not in the cache yet. Closes with `N passed, N failed`: the
# tests of all runs, and one failure for each run that did not come to its end. Exit status 1 then.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export LAB_OUT=${LAB_OUT:-$here/../../build/vm}

only=
if [[ ${1-} == --images ]]; then
	only=--image
	shift
fi
kernels=("$@")
(($#)) || mapfile -t kernels < <(awk '!/^#/ && NF { print $1 }' "$here/kernels")

begin=$SECONDS
failed=0
# what is left from an earlier run is not this one's result
[[ -n $only ]] || for kernel in "${kernels[@]}"; do rm -f "$LAB_OUT/$kernel/summary"; done
for kernel in "${kernels[@]}"; do
	echo "# $kernel"
	# shellcheck disable=SC2086 # empty or one word
	"$here/run.sh" $only "$kernel" || failed=1
done
[[ -z $only ]] || exit "$failed"

table() {
	printf 'KERNEL\tRELEASE\tACCEL\tBOOT_S\tPASSED\tFAILED\tSKIPPED\tDENIED\tRUN_S\tRESULT\n'
	for kernel in "${kernels[@]}"; do
		cat "$LAB_OUT/$kernel/summary" 2>/dev/null ||
			printf '%s\t-\t-\t-\t0\t0\t0\t0\t-\tnot run\n' "$kernel"
	done
}
table | column -t -s $'\t'
echo "# $((SECONDS - begin)) s in all"
table | awk -F '\t' -v failed="$failed" '
	NR > 1 {
		passed += $5
		bad += $6
		if ($10 != "passed" && $6 == 0)
			bad++
	}
	END { printf "%d passed, %d failed\n", passed, bad; exit failed || bad }'
