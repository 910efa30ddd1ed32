#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the tests on several of the lab's kernels, and print one table.
#
# usage: matrix.sh [--images] [KERNEL...]    without KERNEL: all of the file `kernels`
#
# --images only makes the images that are not in the cache yet. Exit status 1 when one run failed.
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
for kernel in "${kernels[@]}"; do
	echo "# $kernel"
	# shellcheck disable=SC2086 # empty or one word
	"$here/run.sh" $only "$kernel" || failed=1
done
[[ -z $only ]] || exit "$failed"

{
	printf 'KERNEL\tRELEASE\tACCEL\tBOOT_S\tPASSED\tFAILED\tSKIPPED\tDENIED\tRUN_S\tRESULT\n'
	for kernel in "${kernels[@]}"; do
		cat "$LAB_OUT/$kernel/summary" 2>/dev/null || printf '%s\t\t\t\t\t\t\t\t\tnot run\n' "$kernel"
	done
} | column -t -s $'\t'
echo "# $((SECONDS - begin)) s in all"
exit "$failed"
