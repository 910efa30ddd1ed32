#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# sharers --all over 2,000 processes, by the kernel's own view, beside a bare program that loads the
# same iterator, reads it to its end, and does nothing with it. Starting the program and loading the
# iterator count on both sides. Compared is CPU time, taken in turns: the median of the ratios. As
# root, in the initial PID namespace, built with BPF.

set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
MMREAP=${MMREAP:-$TOP/build/mmreap}
HELPERS=${MMREAP_HELPERS:-$TOP/build/tests}
ROUNDS=${ROUNDS:-21}
RUNS=${RUNS:-5}
SKELETON=$TOP/build/bpf

scratch=$(mktemp -d)
trap 'rm -r "${scratch:?}"' EXIT
cat >"$scratch/bare.c" <<'END'
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdio.h>
#include <unistd.h>

#include "mmreap.skel.h"

int main(void)
{
	struct mmreap_bpf *s = mmreap_bpf__open();
	static char buffer[32768];
	long all = 0;
	ssize_t n;
	int fd;

	if (!s)
		return 1;
	bpf_program__set_autoload(s->progs.torn_down, false);
	if (mmreap_bpf__load(s) || mmreap_bpf__attach(s))
		return 1;
	fd = bpf_iter_create(bpf_link__fd(s->links.list_tasks));
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		all += n;
	close(fd);
	mmreap_bpf__destroy(s);
	printf("%ld\n", all);
	return n < 0 || all == 0;
}
END
${CC:-gcc} -O2 -isystem "$SKELETON" -o "$scratch/bare" "$scratch/bare.c" -lbpf

# cost COMMAND...: CPU time of $RUNS runs in milliseconds
cost() {
	local TIMEFORMAT='%3U %3S'
	{ time for ((i = 0; i < RUNS; i++)); do "$@" >/dev/null 2>&1; done; } 2>&1 |
		awk '{ print int(($1 + $2) * 1000) }'
}

exec {fd}< <("$HELPERS/lookbase" spawn 2000)
read -r _ <&"$fd"
"$scratch/bare" >/dev/null
"$MMREAP" sharers --all --source bpf >/dev/null 2>&1
for ((round = 0; round < ROUNDS; round++)); do
	echo "$(cost "$MMREAP" sharers --all --source bpf) $(cost "$scratch/bare")"
done | awk -v runs="$RUNS" '{ print $1 / $2, $1 / runs, $2 / runs }' | sort -n | awk '
	{ ratio[NR] = $1; ours += $2; bare += $3 }
	END {
		middle = ratio[int((NR + 1) / 2)]
		printf "sharers --all, 2,000 processes: %.1f ms, bare iterator %.1f ms: %.2f times" \
			" (%.2f ... %.2f; goal 1.2)%s\n", ours / NR, bare / NR, middle, ratio[1],
			ratio[NR], (middle > 1.2) ? "  OVER" : ""
		exit (middle > 1.2)
	}'
