#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who is a target: standard input, names, descriptors, ancestors; and how the table of kill is shown.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# outcomes: the outcome of each row, in order
outcomes() {
	jq -r '[.kill[].outcome] | join(" ")' <<<"$output"
}

# kill_stdin TEXT ARGUMENT...: kill_json with TEXT as standard input
kill_stdin() {
	printf '%b' "$1" >"$BATS_TEST_TMPDIR/stdin"
	shift
	kill_json "$@" <"$BATS_TEST_TMPDIR/stdin"
}

# named: a name that nobody else has
named() {
	echo "t$BATS_ROOT_PID-$BATS_TEST_NUMBER-$1"
}

@test "select: standard input, with comments, blank lines, no newline at the end" {
	requires mrelease ptrace
	local a b c
	start_victim --mib 4
	a=$VICTIM
	start_victim --mib 4
	b=$VICTIM
	start_victim --mib 4
	c=$VICTIM
	kill_stdin "# some of them\n\n$a\n$b:$(inode_of "$b") # the other one\n  \n$c" -
	expect_status 0
	[ "$(outcomes)" = "reaped reaped reaped" ]
	is_gone "$a" && is_gone "$b" && is_gone "$c"
}

@test "select: a member of standard input that vanished is done" {
	requires mrelease ptrace
	local gone
	start_victim --mib 4
	gone=$VICTIM
	stop_job "$VICTIM"
	start_victim --mib 4
	kill_stdin "$gone\n$VICTIM\n" -
	expect_status 0
	[ "$(jq -r '[.kill[].outcome] | sort | join(" ")' <<<"$output")" = "exited reaped" ]
}

@test "select: one bad line of standard input, and nobody is touched" {
	local bad
	start_victim --mib 4
	for bad in abc -1 0 1: '12 13' 99999999999 '\0x' "$VICTIM:zz" '\xff'; do
		kill_stdin "$VICTIM\n$bad\n" -
		expect_status 2
		kill_stdin "$bad\n" "$VICTIM" -
		expect_status 2
	done
	kill_stdin "$VICTIM\n$(printf '%070000d' 7 | tr 0 9)\n" -
	expect_status 2
	untouched "$VICTIM"
}

@test "select: nothing on standard input is no process" {
	local none
	for none in '' '\n\n' '# nobody\n'; do
		kill_stdin "$none" -
		expect_status 5
		[ "$(jq .error.status <<<"$output")" -eq 5 ]
	done
	start_victim --mib 4
	run --separate-stderr timeout 20 "$MMREAP" kill - "$VICTIM" <&-
	((status != 0))
}

@test "select: standard input cannot be read" {
	start_victim --mib 4
	run --separate-stderr timeout 20 "$MMREAP" kill "$VICTIM" - </
	((status == 1 || status == 2))
	[[ $stderr == "mmreap: "* ]]
	untouched "$VICTIM"
}

@test "select: selections add up, and the same process is one target" {
	requires mrelease ptrace
	local name
	name=$(named x)
	start_victim --mib 4 --comm "$name"
	kill_stdin "$VICTIM\n$VICTIM:$(inode_of "$VICTIM")\n" --comm "$name" - "$VICTIM"
	expect_status 0
	[ "$(outcomes)" = reaped ]
}

@test "select: every process of a name, none of another" {
	requires mrelease ptrace
	local name like
	name=$(named x)
	start_victim --mib 4 --comm "${name}y"
	like=$VICTIM
	start_victim --mib 4 --comm "$name"
	start_victim --mib 4 --comm "$name"
	kill_json --comm "$name"
	expect_status 0
	[ "$(outcomes)" = "reaped reaped" ]
	untouched "$like"
}

@test "select: a name with odd bytes" {
	requires mrelease ptrace
	local name=$'a) Z\n\xff'
	start_victim --mib 4 --comm "$name"
	kill_json --comm "$name"
	expect_status 0
	[ "$(outcomes)" = reaped ]
	[ "$(jq '.kill[0].pid' <<<"$output")" -eq "$VICTIM" ]
}

@test "select: a name is no pattern" {
	local name
	name=$(named x)
	start_victim --mib 4 --comm "$name"
	for pattern in "${name%x}?" "${name%x}*" "${name%x}." "${name^^}" " $name"; do
		kill_json --comm "$pattern"
		((status == 5 || status == 2))
	done
	untouched "$VICTIM"
}

@test "select: a name that nobody has, none at all, one that is too long" {
	start_victim --mib 4
	kill_json --comm "$(named none)"
	expect_status 5
	kill_json --comm "$(named none)" "$VICTIM" --dry-run
	expect_status 0
	kill_json --comm "" "$VICTIM"
	expect_status 2
	kill_json --comm= "$VICTIM"
	expect_status 2
	kill_json --comm 0123456789abcdef "$VICTIM"
	expect_status 2
	[[ $output == *15* ]]
	untouched "$VICTIM"
}

@test "select: a name, and too few descriptors to look for it" {
	local n told=0
	start_victim --mib 4
	# The first limits keep the program from starting.
	for n in {3..20}; do
		run --separate-stderr bash -c 'ulimit -n "$0"; "$@" 3>&- || echo "$?"' "$n" \
			"$MMREAP" kill --dry-run --comm victim
		[ "$output" != 1 ] || told=$((told + 1))
		[[ $output == 1 || $output == 127 ]]
	done
	((told > 10))
}

@test "select: a name that an ancestor has too" {
	requires mrelease ptrace
	local name
	name=$(named x)
	start_victim --mib 4 --comm "$name"
	# The shell has that name and waits for mmreap: it stays, the other goes.
	run --separate-stderr timeout 20 bash -c \
		'printf %s "$1" >/proc/self/comm; "$0" kill --json --comm "$1"; exit "$?"' "$MMREAP" "$name"
	expect_status 64
	[ "$(jq -r '[.kill[].outcome] | sort | join(" ")' <<<"$output")" = "reaped refused-protected" ]
}

@test "select: a descriptor from the parent" {
	requires mrelease ptrace
	start_victim --mib 4
	run --separate-stderr timeout 20 "$HELPERS/inherit" "$VICTIM" 7 \
		"$MMREAP" kill --json --pidfd 7
	expect_status 0
	[ "$(outcomes)" = reaped ]
	[ "$(jq '.kill[0].pid' <<<"$output")" -eq "$VICTIM" ]
	is_gone "$VICTIM"
}

@test "select: a descriptor of a thread" {
	requires inodes
	local tid command
	start_victim --mib 4 --threads 2
	tid=$(cd "/proc/$VICTIM/task" && printf '%s\n' * | grep -vx "$VICTIM" | head -n 1)
	for command in kill status; do
		run --separate-stderr timeout 20 "$HELPERS/inherit" --thread "$tid" 7 "$MMREAP" $command --json --pidfd 7
		expect_status 2
		[ "$(jq -r .error.message <<<"$output")" = \
			"$tid is a thread of process $VICTIM (victim), not a process; use $VICTIM" ]
	done
	untouched "$VICTIM"
	run --separate-stderr timeout 20 "$HELPERS/inherit" --thread "$VICTIM" 7 "$MMREAP" kill --dry-run --json --pidfd 7
	[ "$(jq '.kill[0].pid' <<<"$output")" -eq "$VICTIM" ]
}

@test "select: a descriptor of a process that is gone" {
	run --separate-stderr timeout 20 "$HELPERS/inherit" --gone 7 "$MMREAP" kill --json --pidfd 7
	expect_status 5
	[ "$(outcomes)" = no-process ]
}

@test "select: a descriptor that is no pidfd" {
	local fd
	start_victim --mib 4
	for fd in 0 99 99999999999 -1 x ''; do
		run --separate-stderr timeout 20 "$MMREAP" kill --json --pidfd "$fd" </dev/null
		((status != 0))
		jq -e --slurp 'length == 1' <<<"$output" >/dev/null
	done
	run --separate-stderr timeout 20 "$MMREAP" kill --pidfd 99 "$VICTIM"
	expect_status 2
	run --separate-stderr timeout 20 "$MMREAP" kill "$VICTIM" --pidfd 0 </dev/null
	expect_status 2
	untouched "$VICTIM"
}

@test "select: an ancestor only with --allow-ancestors" {
	requires mrelease ptrace
	local row
	# The outer shell is the victim; mmreap outlives it and writes to a file.
	run timeout 20 bash -c '"$0" kill --json $$ >"$1"; exit 33' "$MMREAP" "$BATS_TEST_TMPDIR/row"
	((status == 33))
	row=$(<"$BATS_TEST_TMPDIR/row")
	[ "$(jq -r .kill[0].outcome <<<"$row")" = refused-protected ]
	[[ $(jq -r .kill[0].message <<<"$row") == *--allow-ancestors* ]]
	run bash -c 'timeout 20 bash -c "\"\$0\" kill --json --allow-ancestors \$\$ >\"\$1\"; exit 33" "$0" "$1"
		exit "$?"' "$MMREAP" "$BATS_TEST_TMPDIR/row2"
	((status == 137))
	until_true 10 test -s "$BATS_TEST_TMPDIR/row2"
	[ "$(jq -r .kill[0].outcome "$BATS_TEST_TMPDIR/row2")" = reaped ]
}

# below COUNT COMMAND...: run by the last of so many shells, each the child of the one before
below() {
	run --separate-stderr timeout 20 bash -c '
		nest() {
			local count=$1
			shift
			if ((count == 0)); then
				"$@"
			else
				(nest $((count - 1)) "$@"; exit "$?")
			fi
		}
		nest "$@"; exit "$?"' nest "$@"
}

@test "select: an ancestor however far up" {
	requires mrelease ptrace
	start_victim --mib 4
	below 70 bash -c '"$0" kill --json --dry-run "$PPID"; exit $?' "$MMREAP"
	expect_status 7
	below 70 bash -c '"$0" kill --json --dry-run "$1"; exit $?' "$MMREAP" "$BASHPID"
	expect_status 7
	expect outcome refused-protected
	[[ $(json_row 0 | jq -r .message) == *--allow-ancestors* ]]
	below 70 bash -c '"$0" kill --json --dry-run "$1"; exit $?' "$MMREAP" "$VICTIM"
	expect_status 0
}

# The shell in between stays root, and the one above it has become another user's by then.
@test "select: an ancestor beyond one that /proc hides" {
	requires root mrelease nobody pidfd-info
	local as_nobody='setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all'
	cat >hidden <<-SCRIPT
		mount -t proc -o hidepid=2 proc /proc
		(
			until [ "\$(stat --format=%u /proc/\$\$)" = 65534 ]; do sleep 0.01; done
			$as_nobody '$MMREAP' kill --json --dry-run \$\$ >row
			echo \$? >status
		) &
		exec $as_nobody sh -c 'until [ -s status ]; do sleep 0.01; done'
	SCRIPT
	timeout 20 unshare --mount bash hidden
	output=$(<row) status=$(<status)
	expect_status 7
	expect outcome refused-protected
	[[ $(json_row 0 | jq -r .message) == *--allow-ancestors* ]]
}

@test "select: who traces mmreap is killed, and not held" {
	requires root mrelease ptrace strace
	local follow
	for follow in '' -f; do
		run --separate-stderr timeout --kill-after=5 20 strace -D $follow -qq -o trace bash -c \
			'exec "$0" kill --json "$(sed -n "s/^TracerPid:\t//p" /proc/$$/status)"' "$MMREAP"
		expect_status 0
		expect comm strace hold none exited true
	done
}

@test "select: what no option allows" {
	local pid
	for pid in 1 2; do
		kill_json --allow-ancestors --sharers kill --robust ignore --dry-run "$pid"
		expect_status 7
		expect outcome refused-protected
	done
	run --separate-stderr timeout 20 bash -c 'exec "$0" kill --json --allow-ancestors --dry-run $$' \
		"$MMREAP"
	expect_status 7
	[ "$(outcomes)" = refused-protected ]
}

@test "select: columns" {
	requires mrelease ptrace
	local header
	start_victim --mib 4
	mmreap kill --dry-run -o pid,outcome "$VICTIM"
	expect_status 0
	[[ ${lines[0]} =~ ^\ *PID\ +OUTCOME\ *$ ]]
	[[ ${lines[1]} =~ ^\ *$VICTIM\ +reaped\ *$ ]]
	mmreap kill --dry-run -n -o pid,outcome "$VICTIM"
	[ "${#lines[@]}" -eq 1 ]
	mmreap kill --dry-run -r -n -o outcome,pid "$VICTIM"
	[ "$output" = "reaped $VICTIM" ]
	mmreap kill --dry-run -J -o pid "$VICTIM"
	[ "$(jq -c .kill <<<"$output")" = "[{\"pid\":$VICTIM}]" ]
	mmreap kill --dry-run -r -o +method "$VICTIM"
	[[ ${lines[0]} == *" METHOD" ]]
	mmreap kill --dry-run -b -n -r -o rss_before "$VICTIM"
	[[ $output =~ ^[0-9]+$ ]]
	((output > 4 << 20))
	mmreap kill --dry-run -O -r "$VICTIM"
	header=${lines[0]}
	mmreap kill -H
	expect_status 0
	for word in $header; do
		[[ $output == *"${word,,}"* || $output == *"$word"* ]]
	done
	mmreap kill -o nonsense "$VICTIM"
	expect_status 2
	untouched "$VICTIM"
}

@test "select: a name with odd bytes in every form of output" {
	requires mrelease ptrace
	start_victim --mib 4 --comm $'a\n\e[31m "\\'
	mmreap kill --dry-run "$VICTIM"
	[ "${#lines[@]}" -eq 1 ]
	[[ $output != *$'\e'* ]]
	mmreap kill --dry-run -r -n -o pid,comm,outcome "$VICTIM"
	[ "${#lines[@]}" -eq 1 ]
	[ "$(wc -w <<<"$output")" -eq 3 ]
	mmreap kill --dry-run -J -o comm "$VICTIM"
	[ "$(jq -r .kill[0].comm <<<"$output")" = $'a\n\e[31m "\\' ]
}
