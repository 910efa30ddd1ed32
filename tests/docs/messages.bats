#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command in another language: sentences are translated, what scripts read is not, and nothing of
# it is on the way to the signal.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# german COMMAND...: the same, by a German user
german() {
	LOCPATH=$BATS_FILE_TMPDIR LC_ALL=de_DE.UTF-8 LANGUAGE='' "$@"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	requires locale
	MMREAP=$DOCS_MMREAP
	# A machine may keep C.UTF-8 in the same place as the locales that are asked for by LOCPATH.
	unset LANGUAGE LC_ALL LC_MESSAGES LANG
}

@test "messages: a refusal, an error and the help in German" {
	run german "$MMREAP" kill 1
	[ "$status" -eq 7 ]
	[[ $output == "1 "*": nicht beendet: er ist der init dieses PID-Namensraums" ]]
	run german "$MMREAP" kill abc
	[ "$status" -eq 2 ]
	[ "$output" = 'mmreap: falsches Ziel „abc“: erwartet wird eine PID oder PID:INODE (--comm nimmt einen Namen)' ]
	run german "$MMREAP" kill --help
	[ "$status" -eq 0 ]
	[[ ${lines[0]} == 'Aufruf: mmreap kill [OPTION...] ZIEL...' ]]
}

@test "messages: the help in German fits 80 by 24" {
	local command

	for command in '' kill sharers status watch probe; do
		# shellcheck disable=SC2086 # none, or one word
		german "$MMREAP" $command --help >help
		[ "$(wc -l <help)" -le 24 ]
		run env LC_ALL=C.UTF-8 grep -nE '^.{81}' help
		[ -z "$output" ]
	done
}

@test "messages: a sentence in German, its outcome and its figures as ever" {
	requires root mrelease ptrace
	start_victim --mib 8
	run german "$MMREAP" kill "$VICTIM"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output =~ ^$VICTIM\ victim:\ reaped:\ [0-9]+\.[0-9]\ MiB\ von\ [0-9]+\.[0-9]\ MiB\ ausgehängt\ in\ [0-9.]+\ ms,\ beendet\ nach\ [0-9.]+\ ms$ ]]
}

@test "messages: an error of the C library in both languages" {
	run --separate-stderr german "$MMREAP" kill --json --cgroup /no/such/cgroup
	[ "$status" -eq 5 ]
	[ "$(jq -r .error.message <<<"$output")" = \
		'no such cgroup: /no/such/cgroup; see /proc/PID/cgroup' ]
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == 'mmreap: keine solche Cgroup: /no/such/cgroup'* ]]
	run --separate-stderr german bash -c '"$0" kill --help >/dev/full' "$MMREAP"
	[ "$stderr" = 'mmreap: Standardausgabe: Auf dem Gerät ist kein Speicherplatz mehr verfügbar' ] ||
		[ "$stderr" = 'mmreap: Standardausgabe: No space left on device' ]
}

# What a script reads, of commands that say the same each time.
script_reads() {
	local line
	for line in 'kill --json 1' 'kill --raw 1' 'kill --json abc' 'status --json 1' \
		'status --raw --output pid,phase,blocker,next 1' 'sharers --json 2147483646' \
		'probe --raw --output capability,state,consequence' 'kill --list-columns --json' \
		'kill --list-columns --raw' 'watch --json 2147483646'; do
		echo "\$ mmreap $line"
		# shellcheck disable=SC2086 # words
		"$@" "$MMREAP" $line 2>/dev/null
		echo "$?"
	done
}

@test "messages: what scripts read is the same in every language" {
	script_reads env LC_ALL=C | sed -E 's/"(rss|threads|swap|anon|file)":[0-9]+/"\1":N/g' >in_english
	script_reads german | sed -E 's/"(rss|threads|swap|anon|file)":[0-9]+/"\1":N/g' >in_german
	diff in_english in_german
	grep -q '"message":"not killed: it is the init' in_german
}

@test "messages: no locale and no catalogue is opened before the signal" {
	requires root mrelease ptrace strace
	start_victim --mib 8
	LSAN_OPTIONS=detect_leaks=0 german timeout 60 strace -f -qq -o trace \
		-e trace=openat,open,pidfd_send_signal "$MMREAP" kill "$VICTIM"
	grep -nE 'de_DE|locale|\.mo"' trace >opened
	grep -nE 'pidfd_send_signal\(.*SIGKILL' trace >signal
	[ -s signal ]
	# Both were opened at all.
	grep -q 'LC_MESSAGES/mmreap.mo"' opened
	grep -q 'de_DE.UTF-8/LC_CTYPE"' opened
	[ "$(head -n 1 signal | cut -d : -f 1)" -lt "$(head -n 1 opened | cut -d : -f 1)" ]
}

@test "messages: the question of --interactive" {
	requires root mrelease ptrace tmux
	start_victim --mib 8
	cat >ask.sh <<-END
		LOCPATH=$BATS_FILE_TMPDIR LC_ALL=de_DE.UTF-8 $MMREAP kill --interactive $VICTIM
		echo "status \$?"
		read -r _
	END
	at_end "tmux -S '$PWD/tmux' kill-server 2>/dev/null || :"
	tmux -S "$PWD/tmux" -f /dev/null new-session -d -x 80 -y 24 bash ask.sh
	until tmux -S "$PWD/tmux" capture-pane -p | grep -q "$VICTIM victim beenden? (y/N)"; do
		sleep 0.05
	done
	tmux -S "$PWD/tmux" send-keys n Enter
	until tmux -S "$PWD/tmux" capture-pane -p >pane && grep -q '^status' pane; do
		sleep 0.05
	done
	grep -q '^status 0' pane
	kill -0 "$VICTIM"
}
