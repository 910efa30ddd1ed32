#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Purity and silence, read from what a plain object of each source asks the linker for: a pure
# room calls nothing but other pure rooms and the short list of pure functions, and owns no
# variables; a silent room does not print; nobody but main ends the process.

. "$(dirname "$0")/lib.sh"

objects=$(mktemp -d) || exit 1
trap 'rm -r "${objects:?}"' EXIT
export objects

compile() {
	mkdir -p "$objects/${1%/*}"
	"$CC" "${cppflags[@]}" -U_FORTIFY_SOURCE -std=gnu17 -O1 -fno-pie -fno-stack-protector \
		-c -o "$objects/$1.o" "$1"
}

undefined() {
	nm -u "$objects/$1.o" | awk '{ print $NF }'
}

mapfile -t files < <(sources)
try_each 'plain object' compile "${files[@]}"

pure=()
for file in "${files[@]}"; do
	read -r kind _ < <(room "$file")
	[ "${kind-}" != pure ] || pure+=("$file")
done
from_pure=$(for file in "${pure[@]}"; do
	nm --defined-only -g "$objects/$file.o" | awk '{ print $NF }'
done)

for file in "${files[@]}"; do
	[ -e "$objects/$file.o" ] || continue
	kind=
	read -r kind _ < <(room "$file")
	if [ -z "$kind" ]; then
		not_ok "room: $file" "no row of tests/static/rooms matches it"
		continue
	fi
	if [ "$kind" = pure ]; then
		calls=$(undefined "$file" | grep -vE "$(expression "$STATIC/pure.symbols")" |
			grep -vxF -- "${from_pure:-/}")
		none "pure: $file" "${calls:+calls $calls}"
		owns=$(nm "$objects/$file.o" | awk '$2 ~ /^[bBdDC]$/ { print $3 }')
		none "no variables: $file" "${owns:+owns $owns}"
	elif [ "$kind" = silent ] || [ "$kind" = forks ]; then
		calls=$(undefined "$file" | grep -E "$(expression "$STATIC/loud.symbols")")
		none "silent: $file" "${calls:+calls $calls}"
	fi
	if [ "$kind" != last ]; then
		calls=$(undefined "$file" | grep -E "$(expression "$STATIC/final.symbols")")
		[ "$kind $calls" != 'forks _exit' ] || calls=
		none "does not exit: $file" "${calls:+calls $calls}"
	fi
done
done_checking
