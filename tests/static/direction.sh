#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who includes whom, read from the compiler's list of what a source depends on (as in a .d file),
# against the table of rooms.

. "$(dirname "$0")/lib.sh"

# Prints what the file may not include.
foreign() {
	local file=$1 kind allowed dependency name
	read -r kind allowed < <(room "$file")
	[ -n "$kind" ] || echo 'no row of tests/static/rooms matches it'
	while read -r dependency; do
		case $dependency in
		include/mmreap/*.h)
			name=$(contract "$(basename "$dependency" .h)")
			;;
		src/*/bpf/*) name=lib:bpf ;; # what both sides of the kernel view know
		src/*)
			[ "${dependency%/*}" != "${file%/*}" ] || continue
			name=$dependency
			;;
		*/popt.h) name=lib:popt ;;
		*/libproc2/*) name=lib:proc2 ;;
		*/libmount.h) name=lib:mount ;;
		*/libsmartcols.h) name=lib:smartcols ;;
		*/bpf/*) name=lib:bpf ;;
		*) continue ;;
		esac
		[[ -n $name && " $allowed " == *" $name "* ]] || echo "$dependency${name:+ ($name)}"
	done < <("$CC" "${cppflags[@]}" -M "$file" | tr -s '\\ ' '\n' | sed '/:$/d')
}

looks_down() {
	local found
	found=$(foreign "$1")
	[ -z "$found" ] || { echo "may not include:"; echo "$found"; return 1; }
}

export -f room contract foreign
mapfile -t files < <(sources)
try_each 'direction' looks_down "${files[@]}"
done_checking
