#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# --help and --version, and that they say what the option tables say.

load common

commands() {
	"$MMREAP" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

@test "help: every page fits a terminal of 80 by 24" {
	[ -n "$(commands)" ]
	for command in '' $(commands); do
		# shellcheck disable=SC2086
		mmreap $command --help
		[ "$status" -eq 0 ]
		[ -z "$stderr" ]
		echo "$output"
		# one line is left for the prompt
		[ "${#lines[@]}" -le 23 ]
		[ "$(wc -L <<<"$output")" -le 80 ]
	done
}

@test "help: every option of the tables is in the help, and no other" {
	for command in $(commands); do
		tables=$("$MMREAP" --dump-options | awk -F '\t' -v c="$command" '$1 == c {
			print $2; if ($3 != "-") print $3 }' | sort)
		help=$("$MMREAP" "$command" --help | tail -n +3 | grep -oE '(^|[ ,])--?[a-zA-Z][a-z-]*' | tr -d ' ,' | sort)
		[ -n "$tables" ]
		diff <(echo "$tables") <(echo "$help")
	done
}

@test "help: every option of the tables is taken by the command" {
	while IFS=$'\t' read -r command long short argument _; do
		[ "$command" != mmreap ] || continue
		for option in "$long" "$short"; do
			[ "$option" != - ] || continue
			# A duration, a descriptor, a name, or a word of the list. --bogus: nothing may run.
			value=1
			[[ $argument != *'|'* ]] || value=${argument%%|*}
			[ "$argument" != - ] || value=
			mmreap "$command" "$option" ${value:+"$value"} --bogus 1
			echo "$option: $status: $output $stderr"
			case $long in
			--help | --version) [ "$status" -eq 0 ] ;;
			*) [ "$status" -eq 2 ] && [[ $stderr == *"unknown option --bogus"* ]] ;;
			esac
		done
	done < <("$MMREAP" --dump-options)
}

@test "help: the version is that of the tree, with the optional parts" {
	mmreap --version
	[ "$status" -eq 0 ]
	[ "${lines[0]}" = "mmreap $(cat "$BATS_TEST_DIRNAME/../../VERSION")" ]
	[[ ${lines[1]} == "optional parts: "?* ]]
	whole=$output
	mmreap kill -V
	[ "$output" = "$whole" ]
}
