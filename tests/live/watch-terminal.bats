#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `watch` on a terminal: one line, redrawn, and nothing of it left behind. The terminal is tmux.

load ../lib/live

# terminal [NAME=VALUE...]: 80 by 24, with a shell whose prompt is "$"
terminal() {
	SOCKET=$BATS_TEST_TMPDIR/tmux
	at_end "tmux -S '$SOCKET' kill-server 2>/dev/null || :"
	tmux -S "$SOCKET" -f /dev/null new-session -d -x 80 -y 24 -s t \
		env "$@" PS1='$ ' HISTFILE= bash --norc --noprofile -i 3>&-
	tmux -S "$SOCKET" pipe-pane -t t "cat >'$BATS_TEST_TMPDIR/raw'" 3>&-
	until_true 10 screen_has '$'
}

type_line() {
	tmux -S "$SOCKET" send-keys -t t -l "$1"
	tmux -S "$SOCKET" send-keys -t t Enter
}

screen() {
	tmux -S "$SOCKET" capture-pane -p -t t
}

screen_has() {
	screen | grep -qF -- "$1"
}

# rows_with TEXT: how many rows of the screen hold that text
rows_with() {
	screen | grep -cF -- "$1" || :
}

# is_one_line WIDTH: drawn anew for that width, and nothing else of it in sight
is_one_line() {
	local line

	line=$(screen | grep "^$VICTIM victim: ") || return
	((${#line} <= $1 - 3)) && [ "$(rows_with " bytes of ")" -eq 1 ] &&
		[ "$(screen | grep -c .)" -le 3 ] && [[ $line != *$'\n'* ]]
}

@test "watch on a terminal: one line with a bar, then the result alone" {
	requires tmux
	start_victim --mib 64
	terminal
	type_line "$MMREAP watch --interval 20ms $VICTIM"
	until_true 20 screen_has " of 65."
	[ "$(rows_with " back, alive, ")" -eq 1 ]
	screen | grep -qE "^$VICTIM victim: \[-+\] 0 bytes of 65\.[0-9] MiB back, alive, [0-9.]+ m?s$"
	kill -KILL "$VICTIM"
	until_true 20 screen_has "reaped after"
	screen
	[ "$(rows_with " back, ")" -eq 0 ]
	[ "$(rows_with "$VICTIM victim: ")" -eq 1 ]
	[ "$(rows_with "exited after")" -eq 0 ]
}

@test "watch on a terminal: resized, there is still one line" {
	requires tmux
	local width
	start_victim --mib 64
	terminal
	type_line "$MMREAP watch --interval 20ms $VICTIM"
	until_true 20 screen_has " back, alive, "
	for width in 50 30 120 72; do
		tmux -S "$SOCKET" resize-window -t t -x "$width" -y 24
		until_true 10 is_one_line "$width" || { screen; return 1; }
	done
}

@test "watch on a terminal: Ctrl-C leaves it clean" {
	requires tmux
	start_victim --mib 64
	terminal
	type_line "$MMREAP watch --interval 20ms $VICTIM; echo status \$?"
	until_true 20 screen_has " back, alive, "
	tmux -S "$SOCKET" send-keys -t t C-c
	# The shell stops its list at a command that died of SIGINT.
	type_line "echo now \$?"
	until_true 20 screen_has "now 130"
	screen
	[ "$(rows_with " back, ")" -eq 0 ]
	untouched "$VICTIM"
}

@test "watch on a terminal: timeout" {
	requires tmux
	start_victim --mib 64
	terminal
	type_line "$MMREAP watch --interval 20ms --timeout 300ms $VICTIM; echo status \$?"
	until_true 20 screen_has "status 3"
	screen
	[ "$(rows_with " back, ")" -eq 0 ]
	[ "$(rows_with "timeout after 3")" -eq 1 ]
}

@test "watch on a dumb terminal: lines, and no control sequence" {
	requires tmux
	start_victim --mib 64
	terminal TERM=dumb
	type_line "$MMREAP watch $VICTIM; echo status \$?"
	until_true 20 screen_has "victim: alive, 65."
	kill -KILL "$VICTIM"
	until_true 20 screen_has "status 0"
	screen
	[ "$(rows_with "exited after")" -eq 1 ]
	[ "$(rows_with "reaped after")" -eq 1 ]
	# bash itself says "bracketed paste"; what stands beside the lines counts.
	run grep -aE "victim: .*"$'\033' "$BATS_TEST_TMPDIR/raw"
	((status == 1))
}

@test "watch on a terminal has no colours, with NO_COLOR and without" {
	requires tmux
	local setting
	for setting in NO_COLOR=1 A=b; do
		start_victim --mib 8
		terminal "$setting"
		type_line "$MMREAP watch --interval 20ms $VICTIM; echo status \$?"
		until_true 20 screen_has " back, alive, "
		kill -KILL "$VICTIM"
		until_true 20 screen_has "status 0"
		run grep -aE $'\033''\[[0-9;]*m' "$BATS_TEST_TMPDIR/raw"
		((status == 1))
		tmux -S "$SOCKET" kill-server
	done
}

@test "watch without a terminal draws nothing, but with --progress always" {
	start_victim --mib 8
	mmreap watch --timeout 300ms --interval 20ms "$VICTIM"
	expect_status 3
	[ -z "$stderr" ]
	[[ $output != *$'\r'* && $output != *$'\033'* ]]
	mmreap watch --timeout 300ms --interval 20ms --progress always "$VICTIM"
	expect_status 3
	[[ $stderr == *$'\r\033[K'* ]]
	# Wiped at the end.
	[[ $stderr == *$'\r\033[K' ]]
	mmreap watch --json --timeout 300ms --progress always "$VICTIM"
	jq --exit-status . <<<"$output" >/dev/null
}
