#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples of the manual pages, run again: in each block below `.\" example: NAME` the lines
# with a `$ ` are run on the victims that NAME stands for, in a PID namespace of their own, and what
# they print must be what the page shows, figures apart.

. "$(dirname "$0")/lib.sh"

if [ "$(id -u)" -ne 0 ] || ! unshare --pid --fork --mount-proc true 2>/dev/null; then
	lacks 'examples' root
	done_checking
fi

# example FILE NAME: its block, continued lines joined
example() {
	awk -v mark=".\\\\\" example: $2" '
		$0 == mark { on = 1; next }
		on && /^\.Bd/ { next }
		on && /^\.Ed/ { exit }
		on' "$1" | sed -e ':again' -e '/\\e$/{N; s/\\e\n//; bagain' -e '}'
}

# What it says of itself depends on its rights.
of_others() {
	grep -vE '^mmreap: (memory of our own: |the OOM killer )'
}

# PIDs are the page's own; all other figures differ from run to run.
figures() {
	sed -E 's/4711/PID/g; s/4712/PID2/g; s/[0-9]+(\.[0-9]+)?( ms| s| [KMG]iB|[KMG]\>)?/N/g; s/ +/ /g; s/^ //'
}

scratch=$(mktemp -d) || exit 1
trap 'rm -r "${scratch:?}"' EXIT

found=0
for page in "$TOP"/man/*.[1-9]; do
	while read -r name <&3; do
		found=$((found + 1))
		wanted=$(example "$page" "$name")
		got=$(sed -n 's/^\$ //p' <<<"$wanted" |
			MMREAP=$MMREAP HELPERS=$HELPERS unshare --pid --fork --mount-proc \
				bash "$HERE/world.bash" "$name" "$scratch" 2>&1)
		same "${page##*/}, example $name" "$(of_others <<<"$got" | figures)" \
			"$(figures <<<"$wanted" | grep -v ': exit-mmap after ')"
	done 3< <(sed -n 's/^\.\\" example: //p' "$page")
done
[ "$found" -gt 0 ] || not_ok 'there are examples'
done_checking
