#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Process names that are made to break parsers, terminals and JSON; every byte in those of cgroups and mount points too.
#
# shellcheck disable=SC2001 # in ${...//} a range of bytes depends on the locale
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live
load ../lib/look

shopt -s extglob

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

# --- every byte --------------------------------------------------------------------------

# byte N: BYTE is that one byte
byte() {
	local octal
	printf -v octal '\\%03o' "$1"
	printf -v BYTE '%b' "$octal"
}

# as_json BYTES: what a name of bytes in rising order is in JSON: what is not UTF-8 is U+FFFD each
as_json() {
	LC_ALL=C sed $'s/[\x80-\xff]/\xef\xbf\xbd/g' <<<"$1"
}

# all_bytes LENGTH EXCEPT: PARTS are names that hold every byte but these, in rising order
all_bytes() {
	local i name=''
	PARTS=()
	for ((i = 1; i < 256; i++)); do
		byte "$i"
		[[ $2 != *"$BYTE"* ]] || continue
		name+=$BYTE
		((${#name} < $1)) || {
			PARTS+=("$name")
			name=''
		}
	done
	[ -z "$name" ] || PARTS+=("$name")
}

# in_lines N: the output is N lines that a terminal can be given
in_lines() {
	expect_status 0
	no_control_character "$output"
	((${#lines[@]} == $1)) || {
		printf '%q is not %d lines\n' "$output" "$1" >&2
		return 1
	}
}

@test "names: every byte in a name, in every form" {
	requires mrelease ptrace
	local LC_ALL=C part pids=() n
	all_bytes 15 ''
	((${#PARTS[@]} == 17))
	for part in "${PARTS[@]}"; do
		start_victim --mib 1 --comm "$part"
		pids+=("$VICTIM")
	done
	# All of them in one table: a line each.
	mmreap status --output pid,comm --noheadings "${pids[@]}"
	in_lines 17
	mmreap status --output pid,comm --noheadings --raw "${pids[@]}"
	in_lines 17
	for ((n = 0; n < 17; n++)); do
		[[ ${lines[n]} == "${pids[n]} "+([!\ ]) ]]
	done
	look status "${pids[@]}"
	for ((n = 0; n < 17; n++)); do
		[ "$(looked ".[$n].comm" && echo x)" = "$(as_json "${PARTS[n]}" && echo x)" ]
	done
	mmreap kill --dry-run "${pids[@]}"
	in_lines 17
}

@test "names: each byte tells names apart, and only who has it is killed" {
	requires mrelease ptrace
	local LC_ALL=C n pid row pids=() rows=() options=()
	# Shells whose names differ in one byte, and are nobody else's; they end with their input.
	cat >named <<-'END'
		exec 4<&0
		for ((n = 1; n < 256; n++)); do
			((n != 10)) || continue # a newline ends a write of bash
			printf -v octal '\\%03o' "$n"
			printf -v name '%b' "$octal"
			(
				printf %s "$name-$1" >"/proc/$BASHPID/comm"
				echo "$n $BASHPID"
				read -r _
			) <&4 &
		done
		read -r _ <&4
	END
	start_victim --mib 1 --comm $'\n'"-$MY_PID"
	pids[10]=$VICTIM
	coproc NAMED { exec bash named "$MY_PID" 2>named.log 3>&-; }
	at_end "exec ${NAMED[1]}>&-; wait $NAMED_PID || :"
	while ((${#pids[@]} < 255)); do
		read -r -t 30 n pid <&"${NAMED[0]}"
		pids[n]=$pid
	done
	for ((n = 1; n < 128; n++)); do
		byte "$n"
		options+=(--comm "$BYTE-$MY_PID")
	done
	kill_json "${options[@]}"
	expect_status 0
	[ "$(jq '.kill | length' <<<"$output")" = 127 ]
	while IFS= read -r -d '' row; do
		rows[${row%% *}]=${row#* }
	done < <(jq --join-output '.kill[] | "\(.pid) \(.outcome) \(.comm)\u0000"' <<<"$output")
	for ((n = 1; n < 256; n++)); do
		byte "$n"
		if ((n < 128)); then
			[ "${rows[${pids[n]}]}" = "reaped $BYTE-$MY_PID" ]
			is_gone "${pids[n]}"
		else
			is_alive "${pids[n]}"
		fi
	done
	# The others, whose names are no UTF-8.
	options=()
	for ((n = 128; n < 256; n++)); do
		byte "$n"
		options+=(--comm "$BYTE-$MY_PID")
	done
	kill_json "${options[@]}"
	expect_status 0
	[ "$(jq --raw-output '[.kill[] | "\(.outcome) \(.comm)"] | unique | .[]' <<<"$output")" = \
		"reaped "$'\xef\xbf\xbd'"-$MY_PID" ]
	[ "$(jq --raw-output '.kill[].pid' <<<"$output" | sort)" = "$(printf '%s\n' "${pids[@]:128}" | sort)" ]
}

# cgroup_of_all_bytes v1|v2: every byte that a cgroup can have in its name
cgroup_of_all_bytes() {
	local LC_ALL=C part wanted
	all_bytes 127 $'\n/'
	((${#PARTS[@]} == 2))
	for part in "${PARTS[@]}"; do
		cgroup_make "$1" "$part" freezer
		start_victim --mib 1
		cgroup_add "$CGROUP" "$VICTIM"
		freeze "$CGROUP"
		look status "$VICTIM"
		iconv -f UTF-8 -t UTF-8 <<<"$output" >/dev/null
		wanted=$1:/mmreap-test-$MY_PID-$(as_json "$part")
		[ "$(looked '.[0].frozen')" = "$wanted" ]
		mmreap status "$VICTIM"
		expect_status 0
		no_control_character "${output//$'\n'/}"
		[[ $output == *"/mmreap-test-$MY_PID-"* ]]
		mmreap status --output-all --noheadings "$VICTIM"
		in_lines 1
		mmreap status --output-all --noheadings --raw "$VICTIM"
		in_lines 1
		thaw "$CGROUP"
		# By the path in the hierarchy and by the directory.
		kill_json --dry-run --cgroup "${CGROUP#"$(cgroup_mount "$1" freezer)"}"
		expect_status 0
		expect pid "$VICTIM" outcome reaped
		kill_json --cgroup "$CGROUP"
		expect_status 0
		expect pid "$VICTIM" outcome reaped
		[ "$(jq '.kill | length' <<<"$output")" = 1 ]
	done
}

@test "names: every byte in the name of a cgroup, v1" {
	requires root mrelease ptrace freezer-v1
	cgroup_of_all_bytes v1
}

@test "names: every byte in the name of a cgroup, v2" {
	requires root mrelease ptrace freezer-v2
	cgroup_of_all_bytes v2
}

@test "names: a cgroup that is not there is named without its controls" {
	mmreap kill --cgroup $'/nowhere/\e[2J\n\xff'
	expect_status 5
	no_control_character "$output$stderr"
	kill_json --cgroup $'/nowhere/\e[2J\n\xff'
	expect_status 5
}

# mounted_at DIR: mmreap runs where the v1 freezer is at that place only
mounted_at() {
	local old
	old=$(cgroup_mount v1 freezer)
	mkdir -p "$1"
	printf 'mount -t cgroup -o freezer none %q && umount %q && exec "$@"\n' "$1" "$old" >moved
	run_by unshare --mount bash moved
}

@test "names: the freezer is found at a mount point of any bytes" {
	requires root mrelease ptrace freezer-v1
	local LC_ALL=C at part name
	all_bytes 127 /
	cgroup_make v1 moved freezer
	name=/${CGROUP##*/}
	for at in "$BATS_TEST_TMPDIR/a b"$'\t\n'"c\\040#\\" "$BATS_TEST_TMPDIR/"{"${PARTS[0]}","${PARTS[1]}","${PARTS[2]}"}; do
		start_victim --mib 1
		cgroup_add "$CGROUP" "$VICTIM"
		freeze "$CGROUP"
		mounted_at "$at"
		look status "$VICTIM"
		sees frozen "v1:$name"
		kill_json --dry-run --cgroup "$at$name"
		expect_status 0
		expect pid "$VICTIM"
		kill_json --thaw --cgroup "$at$name"
		run_plainly
		expect_status 0
		expect pid "$VICTIM" outcome reaped exited true
		thaw "$CGROUP"
	done
}
