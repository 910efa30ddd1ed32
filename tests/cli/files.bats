#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Few descriptors: what cannot be opened is not taken for what is not there.

load common

setup() {
	start_bystander
	# By a name of its own: others may end their processes while this looks.
	cp "$(command -v sleep)" "$BATS_TEST_TMPDIR/mmreap-few"
	"$BATS_TEST_TMPDIR/mmreap-few" 300 3>&- &
	named=$!
	disown "$named"
	until [ "$(cat "/proc/$named/comm")" = mmreap-few ]; do :; done
}

teardown() {
	end_bystander
	kill -KILL "$named"
}

# few LIMIT ARGUMENT...: with so many descriptors, the first three included
few() {
	# shellcheck disable=SC2016
	run --separate-stderr bash -c '
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			((fd < 3)) || eval "exec $fd>&-"
		done
		ulimit -n "$1"
		exec "${@:2}"' - "$1" "${LIMITED[@]}" "${@:2}"
}

@test "files: at no limit is a living process gone, or /proc none" {
	for n in 4 5 6 7 8 9 10 12 14 16 20; do
		for arguments in 'status PID' 'sharers PID' 'watch -t 0 PID' 'status --comm mmreap-few' \
			'watch -t 0 --comm mmreap-few' 'status' 'sharers -a' 'probe'; do
			# shellcheck disable=SC2086
			few "$n" ${arguments//PID/$bystander}
			echo "$n $arguments: $status: $output $stderr"
			for lie in ' a procfs' 'mounted procfs' gone 'no process' 'install that library'; do
				[[ $stderr$output != *"$lie"* ]]
			done
			[ "$status" -ne 5 ]
			case $arguments in
			probe) ;;
			*) [ "$status" -ne 1 ] || [[ $stderr == *": Too many open files"* ]] ;;
			esac
		done
	done
	untouched
}

@test "files: where loading BPF leaves too few, /proc answers" {
	for n in 10 11 12 13 14 15 16 17; do
		for command in status sharers; do
			few "$n" "$command" -n -o pid,comm,source "$bystander"
			echo "$n $command: $status: $output $stderr"
			[ "$status" -eq 0 ]
			# Who is nobody special cannot compare all of them.
			[ -z "$stderr" ] || [[ $stderr == "mmreap: incomplete: "* ]]
			[[ $output == *"$bystander sleep "* ]]
		done
	done
	few 6 status -J "$bystander"
	[ "$status" -eq 1 ]
	[ "$output" = '{"error":{"status":1,"message":"cannot open what a look needs: Too many open files"}}' ]
	untouched
}
