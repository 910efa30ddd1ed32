#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Process names that are made to break parsers, terminals and JSON.

load ../lib/live

NAMES=(
	') Z 1 (' '"' '\"' "'" $'\\' $'a\nb' $'\n' $'\t' $'\e[31mred\e[0m' $'\a\b\r' '((' '))' ' ' 'a b c d e f g h'
	'{"outcome":"x' '%s%n' '</script>' $'\xff\xfe' $'\x80' $'\xc3\xa9' $'\xe2\x80\xae' '-9' '1' $'\x7f'
)

no_control_character() {
	local count
	count=$(LC_ALL=C grep -c '[[:cntrl:]]' <<<"$1") || :
	((count == 0))
}

@test "names: --json gives the bytes back" {
	requires mrelease ptrace
	local name
	for name in "${NAMES[@]}"; do
		start_victim --mib 2 --comm "$name"
		kill_json "$VICTIM"
		expect_status 0
		expect outcome reaped pid "$VICTIM"
		# Valid UTF-8 goes through as it is.
		if iconv -f UTF-8 -t UTF-8 <<<"$name" >/dev/null 2>&1 && [[ $name != *$'\x7f'* ]]; then
			[ "$(json_row 0 | jq '.comm' -r | od -c)" = "$(printf '%s\n' "${name:0:15}" | od -c)" ] ||
				{
					printf 'name %q: %s\n' "$name" "$output" >&2
					return 1
				}
		fi
	done
}

@test "names: the sentence holds no control character" {
	requires mrelease ptrace
	local name
	for name in "${NAMES[@]}"; do
		start_victim --mib 2 --comm "$name"
		mmreap kill "$VICTIM"
		expect_status 0
		((${#lines[@]} == 1))
		[[ $output == "$VICTIM "*": reaped: "* ]]
		no_control_character "$output"
		iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
	done
}

@test "names: a name that looks like a dead process is killed all the same" {
	requires mrelease ptrace
	start_victim --mib 16 --comm ') Z 0 (' --threads 3
	kill_json "$VICTIM"
	expect outcome reaped
	[ "$(json_row 0 | jq '.rss_before > 16777216')" = true ]
}

@test "names: of sharers, in the refusal" {
	requires root kcmp
	start_victim --mib 2 --sharer --comm $'\e]0;x\a"'
	mmreap kill "$VICTIM"
	expect_status 7
	no_control_character "$output"
	kill_json "$VICTIM"
	expect_status 7
	untouched "$VICTIM"
}
