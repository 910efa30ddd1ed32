#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the tests on several of the lab's kernels, and print one table.
#
# usage: matrix.sh [--images] [KERNEL...]    without KERNEL: all of the file `kernels`
#
# --images only makes the images that are not in the cache yet. Closes with `N passed, N failed`: the
# tests of all runs, and one failure for each run that did not come to its end. Exit status 1 then.
# LAB_RESULTS names a file for "passed failed skipped", as tally.sh leaves one for a ring.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
export LAB_OUT=${LAB_OUT:-$here/../../build/vm}

images=false
if [[ ${1-} == --images ]]; then
	images=true
	shift
fi
kernels=("$@")
(($#)) || mapfile -t kernels < <(awk '!/^#/ && NF { print $1 }' "$here/kernels")

begin=$SECONDS
# One after the other: several kernels have the same image.
for kernel in "${kernels[@]}"; do
	"$here/run.sh" --image "$kernel" || echo "# $kernel: no image"
	# what is left from an earlier run is not this one's result
	rm -f "$LAB_OUT/$kernel/summary"
done
! $images || exit 0
echo "# $((SECONDS - begin)) s for the images"

# A guest seldom keeps more than one CPU busy: its tests wait for each other.
one() {
	local output status=0
	output=$("$here/run.sh" "$1" 2>&1) || status=$?
	printf '# %s\n%s\n' "$1" "$output"
	return "$status"
}
export -f one
export here
failed=0
printf '%s\n' "${kernels[@]}" | xargs -P "${LAB_RUNS:-$(nproc)}" -I '{}' bash -c 'one "{}"' || failed=1

table() {
	printf 'KERNEL\tRELEASE\tACCEL\tBOOT_S\tPASSED\tFAILED\tSKIPPED\tDENIED\tRUN_S\tRESULT\n'
	for kernel in "${kernels[@]}"; do
		cat "$LAB_OUT/$kernel/summary" 2>/dev/null ||
			printf '%s\t-\t-\t-\t0\t0\t0\t0\t-\tnot run\n' "$kernel"
	done
}
table | column -t -s $'\t'
echo "# $((SECONDS - begin)) s in all"
table | awk -F '\t' -v failed="$failed" -v results="${LAB_RESULTS-}" '
	NR > 1 {
		passed += $5
		bad += $6
		skipped += $7 + $8
		if ($10 != "passed" && $6 == 0)
			bad++
	}
	END {
		if (results)
			print passed + 0, bad + 0, skipped + 0 >results
		printf "%d passed, %d failed\n", passed, bad
		exit failed || bad
	}'
