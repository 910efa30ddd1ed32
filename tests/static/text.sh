#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What can be read off the text: the licence line, no #ifdef in sources, no blanks at line ends.

. "$(dirname "$0")/lib.sh"

# Texts that have no place for a comment, or belong to others.
mapfile -t files < <(find . -path ./.git -prune -o -path ./build -prune -o -type f -print |
	sed 's|^\./||' | grep -vE '^(COPYING|VERSION|packaging/.*|tests/fixtures/.*|tests/fuzz/corpus/.*)$|\.json$' | sort)

# A patch of the kernel is under the kernel's licence.
licensed() {
	local licence='GPL-2\.0-or-later'
	[[ $1 != *.patch ]] || licence='GPL-2\.0-only'
	head -n 5 "$1" | grep -q "SPDX-License-Identifier: $licence"
}
missing=$(for file in "${files[@]}"; do licensed "$file" || echo "$file"; done)
none 'licence line' "$missing"

conditional=$(sources | xargs -rd '\n' grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif)\b')
none 'no #ifdef in sources' "$conditional"

# The kernel's texts and patches have their own customs.
trailing=$(printf '%s\n' "${files[@]}" | grep -vE '\.(patch|diff)$' |
	xargs -rd '\n' grep -nIE '[[:blank:]]+$')
none 'no blanks at line ends' "$trailing"
done_checking
