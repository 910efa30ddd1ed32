#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# Bad command lines: status 2, one sentence, and nobody touched, however good the rest of the line.

load common

setup() {
	start_bystander
}

teardown() {
	end_bystander
}

@test "usage: a bad target beside a good one touches nobody" {
	for bad in abc 0 00 99999999999 2147483648 4294967297 18446744073709551617 12: :12 12:x 12:0 \
		12:18446744073709551616 1.5 0x10 ' 12' '12 ' 12,13 ''; do
		refuses kill "$bystander" "$bad"
		refuses kill "$bad" "$bystander"
		[[ $stderr == *"\"$bad\""* ]]
	done
}

@test "usage: negative targets are refused, with and without --" {
	refuses kill "$bystander" -5
	refuses kill "$bystander" "-$bystander"
	refuses kill -- "$bystander" -5
	refuses kill -- "$bystander" -1
}

@test "usage: no target at all" {
	refuses kill
	refuses kill --dry-run
	refuses kill --
}

@test "usage: empty selections: --cgroup \"\$UNSET\" must not kill the host" {
	refuses kill "$bystander" --cgroup ''
	[[ $stderr == *"--cgroup is empty" ]]
	refuses kill "$bystander" --cgroup=
	refuses kill "$bystander" --comm ''
	[[ $stderr == *"--comm is empty" ]]
	refuses kill "$bystander" --comm=
	refuses kill "$bystander" --pidfd=
}

@test "usage: a name longer than the kernel keeps is told so" {
	refuses kill "$bystander" --comm 1234567890123456
	[[ $stderr == *"15 bytes"* ]]
}

@test "usage: a signal cannot be chosen" {
	for signal in -9 -15 -0 -KILL -TERM -HUP -SIGKILL -SIGTERM -RTMIN+1 '-s KILL' '-s 9' -s9 -sKILL \
		-s '--signal KILL' --signal=KILL; do
		# shellcheck disable=SC2086
		refuses kill $signal "$bystander"
		[ "$stderr" = "mmreap: mmreap always sends SIGKILL" ]
	done
	refuses kill "$bystander" -9
}

@test "usage: unknown, abbreviated and misused options" {
	for option in --frob --dry --timeou=1 --dry-run=no -x -qx --json=yes -t --timeout --output \
		--hold --hold=maybe --hold=au --robust=1 --boost= --sharers=k --method=kill \
		-t-1 -t1x -t1,5 -t1e3 -t0x1 -tinf -t99999999999999999999 -t0.0000001 -g-1 -g1h \
		--pidfd=x --pidfd=-1; do
		refuses kill "$bystander" "$option"
	done
}

@test "usage: options that contradict each other" {
	refuses kill "$bystander" --raw --json || [[ $output == '{"error"'* ]]
	refuses kill "$bystander" -O -o pid
	refuses kill "$bystander" --reap-only --grace 1
	refuses kill "$bystander" --reap-only --method kill-reap
	refuses kill "$bystander" --reap-only --sharers kill
	untouched
}

@test "usage: an unknown column is named before anything is done" {
	refuses kill "$bystander" -o bogus
	[[ $stderr == *'"bogus"'* ]]
	refuses kill "$bystander" -o pid,bogus
	refuses kill "$bystander" -o +bogus
	refuses kill "$bystander" -o ''
	refuses kill "$bystander" -o pid,
}

@test "usage: unknown, abbreviated and missing commands" {
	for word in frob kil kills KILL k ''; do
		refuses "$word" "$bystander"
		[[ $stderr == *"unknown command \"$word\""* ]]
	done
	refuses
	refuses "$bystander"
	refuses --dry-run kill "$bystander"
	refuses --
}

@test "usage: standard input is believed as a whole or not at all" {
	for line in abc '12 java' 12: -5 0 - --dry-run; do
		mmreap kill - < <(printf '%s\n%s\n' "$bystander" "$line")
		[ "$status" -eq 2 ]
		[[ $stderr == "mmreap: line 2 of standard input: "*"\"$line\""* ]]
		untouched
	done
	mmreap kill - < <(printf '%s\n1\0002\n' "$bystander")
	[ "$status" -eq 2 ]
	[[ $stderr == *"line 2"*"zero byte"* ]]
	untouched
	mmreap kill "$bystander" - </
	[ "$status" -eq 2 ]
	[[ $stderr == *"standard input"*"directory"* ]]
	untouched
	run --separate-stderr bash -c '"$@" <&-' bash "${LIMITED[@]}" kill "$bystander" -
	[ "$status" -eq 2 ]
	untouched
}

@test "usage: a bad line is told before standard input is waited for" {
	# Reading would block for ever: the pipe has a writer that writes nothing.
	mkfifo "$BATS_TEST_TMPDIR/silent"
	exec 8<>"$BATS_TEST_TMPDIR/silent"
	mmreap kill - abc <&8
	exec 8>&-
	[ "$status" -eq 2 ]
}

@test "usage: comments, blank lines and blanks around are allowed in standard input" {
	mmreap kill --dry-run -o pid -n - < <(
		printf '# all of them\n\n  \t\n  %s # the one\r\n' "$bystander"
	)
	echo "$output $stderr"
	[ "$status" -eq 0 ]
	[ "${output// /}" = "$bystander" ]
	[ -z "$stderr" ]
	# and without a newline at the end
	mmreap kill --dry-run -o pid -n - < <(printf '%s' "$bystander")
	[ "$status" -eq 0 ]
	[ "${output// /}" = "$bystander" ]
}

@test "usage: aliases in \$HOME/.popt are not read" {
	echo 'mmreap alias --frob --dry-run' >"$BATS_TEST_TMPDIR/.popt"
	HOME=$BATS_TEST_TMPDIR refuses kill --frob "$bystander"
}

@test "usage: under POSIXLY_CORRECT an option after a target is refused, not ignored" {
	POSIXLY_CORRECT=1 refuses kill "$bystander" --dry-run
}

@test "usage: --help, --version and --list-columns act on nobody" {
	for option in --help -h --version -V --list-columns -H; do
		mmreap kill "$bystander" "$option"
		[ "$status" -eq 0 ]
		[ -n "$output" ]
		[ -z "$stderr" ]
		untouched
	done
}

@test "usage: control characters in a bad argument do not reach the terminal" {
	refuses kill "$bystander" $'\e[31mred\n'
	[[ $stderr == *'\x1b[31mred\x0a'* ]]
}

@test "usage: a command that sends no signal does not speak of SIGKILL" {
	for command in status watch sharers; do
		for option in -9 -5 -KILL --signal=9; do
			mmreap "$command" "$option" "$bystander"
			echo "$command $option: $status: $stderr"
			[ "$status" -eq 2 ]
			[ "$stderr" = "mmreap: unknown option $option; see mmreap $command --help" ]
		done
	done
}
