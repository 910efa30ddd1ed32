# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash complete.bash COMPLETIONS OUT <LINES: what bash offers at the end of each line, in OUT/NUMBER

# shellcheck source=/dev/null
. "$1/mmreap.bash"

# Allowed only while readline completes; what it was asked is of no concern here.
compopt() { :; }

number=0
while IFS= read -r line; do
	# As readline splits: at blanks, and around = and :.
	words=${line//=/ = }
	read -ra COMP_WORDS <<<"${words//:/ : }"
	case $line in
	*' ') COMP_WORDS+=('') ;;
	esac
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$line COMP_POINT=${#line} COMP_TYPE=9
	COMPREPLY=()
	"$(complete -p mmreap | sed 's/.*-F \([^ ]*\).*/\1/')" mmreap \
		"${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	number=$((number + 1))
	printf '%s\n' "${COMPREPLY[@]}" >"$2/$number"
done
