#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bad input beside good targets: a clear sentence, the documented status, nothing signalled.
#
# shellcheck disable=SC2016 # expanded by the inner shell

load ../lib/live

# usage_error ARGUMENT...: status 2 and a sentence, with and without --json; $VICTIM is untouched
usage_error() {
	mmreap kill "$@"
	expect_status 2
	[ -z "$output" ]
	[[ $stderr == "mmreap: "* ]]
	kill_json "$@"
	expect_status 2
	[ "$(jq .error.status <<<"$output")" -eq 2 ]
	[ "$(jq -r '.error.message | length > 0' <<<"$output")" = true ]
	untouched "$VICTIM"
}

@test "errors: a bad target beside a good one" {
	local bad
	start_victim --mib 4
	for bad in abc 0 99999999999 12: : 1:2:3 0x10 ' 7' 7a "$VICTIM:" "$VICTIM:x" "$VICTIM:-1" ''; do
		usage_error "$VICTIM" "$bad"
		usage_error "$bad" "$VICTIM"
	done
	usage_error -- "$VICTIM" -5
}

@test "errors: a bad option beside a good target" {
	start_victim --mib 4
	usage_error --no-such-option "$VICTIM"
	usage_error --hold sometimes "$VICTIM"
	usage_error --robust maybe "$VICTIM"
	usage_error --sharers some "$VICTIM"
	usage_error --timeout -1 "$VICTIM"
	usage_error --timeout 1x "$VICTIM"
	usage_error --timeout '' "$VICTIM"
	usage_error --reap-only=yes "$VICTIM"
	usage_error "$VICTIM" --timeout
}

@test "errors: -s and -9 are answered" {
	start_victim --mib 4
	local option
	for option in -9 -s -sTERM; do
		usage_error "$option" "$VICTIM"
		[[ $(jq -r .error.message <<<"$output") == *"always sends SIGKILL"* ]]
	done
}

@test "errors: no target" {
	start_victim
	usage_error
}

@test "errors: a thread is not a process, and its leader is named" {
	start_victim --mib 4 --threads 2
	local tid
	tid=$(cd "/proc/$VICTIM/task" && printf '%s\n' * | grep -vx "$VICTIM" | head -n 1)
	kill_json "$tid"
	((status == 2 || status == 5))
	[[ $output == *"$VICTIM"* ]]
	untouched "$VICTIM"
}

@test "errors: a pid that is not there" {
	requires mrelease ptrace
	start_victim --mib 4
	local gone=$VICTIM
	stop_job "$VICTIM"
	kill_json "$gone"
	expect_status 5
	expect outcome no-process
	# Beside a good one: that one is done.
	start_victim --mib 4
	kill_json "$gone" "$VICTIM"
	expect_status 64
	[ "$(jq -r '[.kill[].outcome] | sort | join(" ")' <<<"$output")" = "no-process reaped" ]
}

@test "errors: protected targets beside a good one" {
	start_victim --mib 4
	local protected
	for protected in 1 2; do
		kill_json --dry-run "$protected"
		expect_status 7
		expect outcome refused-protected
	done
	untouched "$VICTIM"
}

@test "errors: mmreap does not kill its ancestors" {
	kill_json --dry-run "$$"
	expect_status 7
	expect outcome refused-protected
	kill_json --dry-run "$PPID"
	expect_status 7
}

@test "errors: a full device is noticed" {
	requires mrelease ptrace
	start_victim --mib 4
	run --separate-stderr bash -c '"$0" kill "$1" >/dev/full' "$MMREAP" "$VICTIM"
	((status == 1))
	[[ $stderr == *"No space left"* ]]
	is_gone "$VICTIM"
	start_victim --mib 4
	run --separate-stderr bash -c '"$0" kill --json "$1" >/dev/full' "$MMREAP" "$VICTIM"
	((status == 1))
	[[ $stderr == *"No space left"* ]]
}

@test "errors: a file at its limit ends no kill in the middle" {
	requires mrelease ptrace
	[[ ${MMREAP_SAN-} != *thread* ]] || skip "the thread sanitizer writes a file of its own first"
	start_victim --mib 4
	# Through a pipe: standard error of a test is a file.
	run bash -c 'ulimit -f 0; "$0" kill "$1" 2>&1 >file' "$MMREAP" "$VICTIM"
	expect_status 1
	[ "$output" = "mmreap: standard output: File too large" ]
	is_gone "$VICTIM"
	start_victim --mib 4
	run bash -c 'ulimit -f 0; "$0" kill --verbose "$1" 2>file' "$MMREAP" "$VICTIM"
	expect_status 0
	[[ $output == "$VICTIM victim: reaped: "* ]]
}

@test "errors: a closed pipe and a closed stdout are noticed" {
	requires mrelease ptrace
	start_victim --mib 4
	# The reader is waited for: it is gone when mmreap writes.
	run --separate-stderr bash -c '
		trap "" PIPE
		exec 5> >(exec true 5>&-)
		wait "$!"
		"$0" kill "$1" >&5 5>&-' "$MMREAP" "$VICTIM"
	((status == 1))
	[[ $stderr == *"Broken pipe"* ]]
	start_victim --mib 4
	run --separate-stderr bash -c '"$0" kill "$1" >&-' "$MMREAP" "$VICTIM"
	((status == 1))
	[ -n "$stderr" ]
}

@test "errors: the same target twice is one" {
	requires mrelease ptrace
	start_victim --mib 4
	kill_json "$VICTIM" "$VICTIM" "0$VICTIM"
	if ((status == 2)); then
		# A leading zero may be refused, then nothing is touched.
		untouched "$VICTIM"
		kill_json "$VICTIM" "$VICTIM"
	fi
	expect_status 0
	[ "$(jq '.kill | length' <<<"$output")" -eq 1 ]
}

@test "errors: --timeout 0 does not wait" {
	requires mrelease ptrace
	start_victim --mib 64
	kill_json --timeout 0 "$VICTIM"
	expect_one_of outcome reaped freed pending
	until_true 5 is_gone "$VICTIM"
}

@test "errors: --quiet says nothing, --verbose says each step" {
	requires mrelease ptrace
	start_victim --mib 4
	mmreap kill --quiet "$VICTIM"
	expect_status 0
	[ -z "$output$stderr" ]
	start_victim --mib 4
	mmreap kill --verbose "$VICTIM"
	expect_status 0
	[[ $output == "$VICTIM victim: reaped: "* ]]
	[[ $stderr == *process_mrelease* ]]
}
