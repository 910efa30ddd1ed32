#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is asked or told on the way: --grace, --interactive, --log, the progress line.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# timed ARGUMENT...: kill_json, and TOOK milliseconds
timed() {
	local begin=${EPOCHREALTIME/./}
	kill_json "$@"
	TOOK=$(((${EPOCHREALTIME/./} - begin) / 1000))
}

@test "grace: who has no handler ends by itself, and is not waited for longer" {
	requires mrelease ptrace
	start_victim --mib 32
	timed --grace 20 "$VICTIM"
	expect_status 0
	expect outcome exited exited true
	((TOOK < 10000))
	is_gone "$VICTIM"
	[[ $(json_row 0 | jq -r .message) == *grace* ]]
}

@test "grace: who ignores it is killed and reaped, after the whole of it" {
	requires mrelease ptrace
	local trait
	for trait in --term-handler --block-term; do
		start_victim --mib 32 "$trait"
		timed --grace 500ms "$VICTIM"
		expect_status 0
		expect outcome reaped exited true
		((TOOK >= 500))
	done
	# One that works hard all the time is no different.
	start_victim --mib 32 --term-handler --busy 2
	timed --grace 1 "$VICTIM"
	expect_status 0
	expect outcome reaped
	((TOOK >= 1000))
}

@test "grace: stopped, it cannot end by itself" {
	requires mrelease ptrace
	start_victim --mib 16 --stop
	timed --grace 300ms "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
}

@test "grace: with --sharers=kill they do not outlive who exits in time" {
	requires mrelease ptrace kcmp
	start_victim --mib 16 --sharer=2
	kill_json --grace 10 --sharers=kill "$VICTIM"
	expect_status 0
	expect outcome exited exited true
	[ "$(json_row 0 | jq -c '[.killed[].pid]')" = "[${OTHERS[0]},${OTHERS[1]}]" ]
	[[ $(json_row 0 | jq -r .message) == *"also killed 2 processes"* ]]
	is_gone "$VICTIM"
	is_gone "${OTHERS[0]}"
	is_gone "${OTHERS[1]}"
}

@test "grace: with --sharers=spare it is SIGTERM that was sent" {
	requires mrelease ptrace kcmp
	start_victim --mib 16 --sharer
	kill_json --grace 10 --sharers=spare "$VICTIM"
	expect_status 0
	expect outcome spared exited true
	[[ $(json_row 0 | jq -r .message) == "spared: SIGTERM sent, exited; "* ]]
	untouched "${OTHERS[0]}"
}

@test "grace: several, each in its way" {
	requires mrelease ptrace
	local a b
	start_victim --mib 16
	a=$VICTIM
	start_victim --mib 16 --term-handler
	b=$VICTIM
	timed --grace 400ms "$a" "$b"
	expect_status 0
	[ "$(jq -r '[.kill[].outcome] | join(" ")' <<<"$output")" = "exited reaped" ]
}

@test "grace: shared memory is refused before any signal" {
	requires root mrelease kcmp
	start_victim --mib 16 --sharer=1
	kill_json --grace 1 "$VICTIM"
	expect_status 7
	untouched "$VICTIM"
	untouched "${OTHERS[0]}"
}

# A limit that is over before the grace time is would kill nobody, and say so after it was waited for.
@test "grace: it must be over before the limit of the whole run is" {
	local limit
	start_victim --mib 4
	for limit in 500ms 20; do
		kill_json --grace 20 --timeout "$limit" "$VICTIM"
		expect_status 2
	done
	untouched "$VICTIM"
}

@test "grace: no time at all, and nonsense" {
	requires mrelease ptrace
	start_victim --mib 16 --term-handler
	kill_json --grace 0 "$VICTIM"
	expect_status 0
	start_victim --mib 4
	for grace in -1 abc '' 1x 99999999999999999999; do
		kill_json --grace "$grace" "$VICTIM"
		expect_status 2
	done
	untouched "$VICTIM"
}

@test "grace: dry run sends no signal" {
	requires mrelease ptrace
	start_victim --mib 4
	kill_json --grace 1 --dry-run "$VICTIM"
	expect_status 0
	untouched "$VICTIM"
}

# on_terminal INPUT ARGUMENT...: kill with a terminal of its own; status, what is on it is output
on_terminal() {
	local command
	printf -v command '%q ' "$MMREAP" kill "${@:2}"
	run timeout 20 script --quiet --return --echo never --command "$command" /dev/null \
		< <(printf '%b' "$1"; sleep 2)
}

needs_script() {
	script --version | grep -q util-linux || skip "no script(1) of util-linux"
}

@test "interactive: yes" {
	requires mrelease ptrace
	needs_script
	start_victim --mib 4
	on_terminal 'y\n' --interactive "$VICTIM"
	expect_status 0
	[[ $output == *"$VICTIM"*"?"*reaped* ]]
	is_gone "$VICTIM"
}

@test "interactive: no, nothing, rubbish, end of file" {
	local answer
	needs_script
	start_victim --mib 4
	for answer in 'n\n' '\n' 'x\n' 'no\n' '\0004' ' \n'; do
		on_terminal "$answer" --interactive "$VICTIM"
		[[ $output == *"$VICTIM"*"?"* ]]
		[[ $output != *reaped* ]]
		untouched "$VICTIM"
	done
}

@test "interactive: some yes, some no, each is asked about once" {
	requires mrelease ptrace
	local a b
	needs_script
	start_victim --mib 4
	a=$VICTIM
	start_victim --mib 4
	b=$VICTIM
	on_terminal 'n\ny\n' --interactive "$a" "$b"
	expect_status 0
	[ "$(grep -o '?' <<<"$output" | wc -l)" -eq 2 ]
	untouched "$a"
	is_gone "$b"
}

@test "interactive: a cgroup, each is asked about once, and it is not frozen meanwhile" {
	requires root mrelease ptrace freezer-v2
	local a b
	needs_script
	cgroup_make v2 ask
	start_victim --mib 4
	a=$VICTIM
	start_victim --mib 4
	b=$VICTIM
	cgroup_add "$CGROUP" "$a" "$b"
	on_terminal 'n\nn\ny\ny\n' --interactive --cgroup "$CGROUP"
	untouched "$a"
	untouched "$b"
	grep -qx 0 "$CGROUP/cgroup.freeze"
}

@test "interactive: Ctrl-C at the question" {
	needs_script
	start_victim --mib 4
	# Sent until it is heeded: what comes before the terminal has a reader is lost.
	run timeout 20 script --quiet --return --echo never \
		--command "exec env --default-signal '$MMREAP' kill --interactive $VICTIM" /dev/null \
		< <(for _ in {1..20}; do sleep 0.2; printf '\003'; done)
	expect_status 130
	[[ $output == *"$VICTIM"*"?"* ]]
	untouched "$VICTIM"
}

@test "interactive: no terminal to ask on" {
	start_victim --mib 4
	run --separate-stderr setsid --wait timeout 20 "$MMREAP" kill --interactive "$VICTIM" </dev/null
	expect_status 2
	[[ $stderr == "mmreap: "*terminal* ]]
	run --separate-stderr setsid --wait timeout 20 "$MMREAP" kill --interactive --json "$VICTIM" </dev/null
	expect_status 2
	[ "$(jq .error.status <<<"$output")" -eq 2 ]
	untouched "$VICTIM"
}

@test "interactive: the list comes from standard input, the answer from the terminal" {
	requires mrelease ptrace
	needs_script
	start_victim --mib 4
	echo "$VICTIM" >list
	# script runs a shell: the redirection has to be outside of the quotes
	run timeout 20 script --quiet --return --echo never \
		--command "'$MMREAP' kill --interactive - <list" /dev/null < <(printf 'y\n'; sleep 2)
	expect_status 0
	is_gone "$VICTIM"
}

# logged ARGUMENT...: what kill sends to the system log, by strace: there may be no logger here
logged() {
	# The leak check of a sanitizer cannot work in a program that is traced already.
	LSAN_OPTIONS=detect_leaks=0 run --separate-stderr timeout 30 strace -f -qq -s 400 -o trace \
		-e trace=sendto,connect "$MMREAP" kill "$@"
}

@test "log: who, whom, why and how much" {
	requires mrelease ptrace strace
	start_victim --mib 16
	logged --log "$VICTIM"
	expect_status 0
	grep -q '/dev/log' trace
	if ! grep -q 'sendto' trace; then
		# Nobody listens: then at least it was tried, and the kill does not suffer from it.
		is_gone "$VICTIM"
		skip "no system log to read it from"
	fi
	grep -q "uid 0: $VICTIM victim: reaped: " trace
}

@test "log: with a logger that listens" {
	requires root mrelease ptrace
	[ ! -e /dev/log ] || skip "there is a system log already"
	command -v perl >/dev/null || skip "no perl to listen"
	at_end 'rm -f /dev/log'
	perl -MSocket -e 'socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, sockaddr_un("/dev/log")) or die;
		alarm 30; while (defined recv(S, $m, 65536, 0)) {
		$m =~ s/\n/\\n/g; open F, ">>", $ARGV[0]; print F "$m\n"; close F }' "$PWD/log" 3>&- &
	until_true 10 test -S /dev/log
	start_victim --mib 16 --comm $'odd\nname'
	kill_json --log "$VICTIM"
	expect_status 0
	until_true 5 test -s log
	[ "$(wc -l <log)" -eq 1 ]
	grep -q "mmreap\[[0-9]*\]: uid $EUID: $VICTIM odd" log
	grep -q 'unmapped' log
	# Nobody is told about what was only thought of, nor without the option.
	start_victim --mib 4
	kill_json --log --dry-run "$VICTIM"
	kill_json "$VICTIM"
	[ "$(wc -l <log)" -eq 1 ]
	# A refusal is told, too.
	kill_json --log 1 --dry-run
	kill_json --log 2
	until_true 5 grep -q 'not killed' log
}

@test "log: nobody listens, and the kill does not suffer from it" {
	requires mrelease ptrace
	start_victim --mib 4
	kill_json --log "$VICTIM"
	expect_status 0
	expect outcome reaped
}

@test "progress: on a terminal, when it takes longer than a second, and it is wiped" {
	requires root mrelease ptrace
	needs_script
	start_victim --mib 16 --trace-exit
	TERM=xterm on_terminal '' --timeout 2 "$VICTIM"
	expect_status 3
	[[ $output == *$'\r'*"$VICTIM victim: "*$'\e[K'* ]]
	# Not where nobody looks.
	start_victim --mib 16 --trace-exit
	mmreap kill --timeout 2 "$VICTIM"
	expect_status 3
	[[ $stderr$output != *$'\e'* ]]
}
