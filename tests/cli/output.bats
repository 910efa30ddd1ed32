#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What is printed: one JSON document whatever happens, columns, and writes that fail.

load common

setup() {
	start_bystander
}

teardown() {
	end_bystander
}

@test "output: a usage error under --json is a document, and a sentence on stderr" {
	needs jq
	for arguments in 'kill -J abc' 'kill abc --json' 'kill -J' 'kill --frob -J' 'kill -9 -J' \
		'kill -bJ -t x' 'kill --comm= -J' 'kill -J -o bogus PID' 'kill -J -r PID' \
		'kill -J --reap-only -g1 PID' 'frob -J' '--json' '--json kill PID'; do
		# shellcheck disable=SC2086
		mmreap ${arguments//PID/$bystander}
		echo "$arguments: $status: $output"
		[ "$status" -eq 2 ]
		jq -e -s 'length == 1 and (.[0] | keys == ["error"] and .error.status == 2 and
			(.error | keys == ["message", "status"]))' <<<"$output"
		[ "$stderr" = "mmreap: $(jq -r .error.message <<<"$output")" ]
		untouched
	done
	mmreap kill -J - < <(printf '"\\\e\n')
	[ "$status" -eq 2 ]
	jq -e '.error.message | contains("\"\\\u001b")' <<<"$output"
}

@test "output: JSON has the columns of --list-columns, in that order" {
	needs jq
	mmreap kill --dry-run --json "$bystander"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	keys=$(jq -r '.kill[0] | keys_unsorted[]' <<<"$output")
	[ "$keys" = "$("$MMREAP" kill -H | awk 'NR > 1 { print $1 }')" ]
	[ "$keys" = "$("$MMREAP" kill -H -J | jq -r '.columns[].name')" ]
	jq -e --argjson pid "$bystander" '.kill | length == 1 and (.[0] |
		.pid == $pid and .comm == "sleep" and .dry_run == true and .exited == false and
		(.rss_before | type) == "number" and .killed == [] and .errno == null and
		.reap_ms == null and .exit_ms == null and (.message | startswith("would be ")))' <<<"$output"
	untouched
}

@test "output: several targets are several rows of one document" {
	needs jq
	mmreap kill --dry-run -J "$bystander" 2147483647
	[ "$status" -eq 64 ]
	jq -e -s 'length == 1 and (.[0].kill | map(.outcome) == ["reaped", "no-process"])' <<<"$output"
	jq -e '.kill[1] | .inode == null and .comm == null and .method == null and .sharers == null and
		.rss_before == null and .unmapped == null' <<<"$output"
}

@test "output: nothing matched is a document too" {
	needs jq
	mmreap kill -J - </dev/null
	[ "$status" -eq 5 ]
	jq -e -s 'length == 1' <<<"$output"
}

@test "output: a target of watch that is not there is a line of JSON too" {
	needs jq
	mmreap watch -J 2147483647 2147483646
	[ "$status" -eq 5 ]
	jq -e -s 'map(.error.status) == [5, 5] and
		map(.error.message) == ["2147483647: no such process", "2147483646: no such process"]' \
		<<<"$output"
	mmreap watch -J --timeout 0.1 2147483647 "$bystander"
	[ "$status" -eq 1 ]
	jq -e -s 'map(.event) == [null, "start", "timeout"]' <<<"$output"
}

@test "output: the sentence is the message behind PID and name" {
	needs jq
	mmreap kill --dry-run "$bystander"
	[ "$status" -eq 0 ]
	[ -z "$stderr" ]
	# The resident set of a process that sleeps does not change between two looks. How many others
	# there are does, and a user without rights is told that of them.
	others='s/[0-9]+ process(es)? could/N could/'
	[ "$(sed -E "$others" <<<"$output")" = "$bystander sleep: $("$MMREAP" kill --dry-run -J \
		"$bystander" | jq -r '.kill[0].message' | sed -E "$others")" ]
}

@test "output: PID:INODE goes back in" {
	needs jq
	inode=$("$MMREAP" kill --dry-run -J "$bystander" | jq '.kill[0].inode')
	[ "$inode" != null ] || skip "no pidfs inodes in this kernel"
	mmreap kill --dry-run "$bystander:$inode"
	[ "$status" -eq 0 ]
	mmreap kill "$bystander:$((inode + 1))"
	[ "$status" -eq 5 ]
	[[ $output == *"the PID was reused"* ]]
	untouched
}

@test "output: chosen columns, raw, without headings" {
	mmreap kill --dry-run -n -r -o pid,OUTCOME "$bystander"
	[ "$output" = "$bystander reaped" ]
	mmreap kill --dry-run -r -o pid,dry_run "$bystander"
	[ "${lines[0]}" = "PID DRY_RUN" ]
	[ "${lines[1]}" = "$bystander yes" ]
	mmreap kill --dry-run -O "$bystander"
	read -ra words <<<"${lines[0]}"
	[ "${#words[@]}" -eq "$(("$("$MMREAP" kill -H | wc -l)" - 1))" ]
	mmreap kill --dry-run -o +step "$bystander"
	[[ ${lines[0]} == *PID*OUTCOME*STEP ]]
}

@test "output: sizes are for people, and numbers with --bytes" {
	mmreap kill --dry-run -n -r -o rss_before "$bystander"
	[[ $output =~ ^[0-9]+\.[0-9][KM]$ ]]
	mmreap kill --dry-run -n -r -b -o rss_before "$bystander"
	[[ $output =~ ^[0-9]{5,}$ ]]
	mmreap kill --dry-run -b "$bystander"
	[[ $output == *" bytes resident"* ]]
}

@test "output: a name with control characters, quotes and broken UTF-8" {
	needs jq
	mkfifo "$BATS_TEST_TMPDIR/stay" "$BATS_TEST_TMPDIR/ready"
	# shellcheck disable=SC2016
	bash -c 'printf "a\e\"\\\\\377\n" >/proc/$$/comm; exec 8<>"$1"; echo >"$2"; read -ru 8' \
		bash "$BATS_TEST_TMPDIR/stay" "$BATS_TEST_TMPDIR/ready" 3>&- &
	evil=$!
	read -r <"$BATS_TEST_TMPDIR/ready"
	text=$("$MMREAP" kill --dry-run "$evil")
	raw=$("$MMREAP" kill --dry-run -nr -o comm "$evil")
	json=$("$MMREAP" kill --dry-run -J "$evil")
	kill -KILL "$evil"
	echo "$text" | od -c
	[[ $text == "$evil a\\x1b\"\\x5c\\xff"*": would be "* ]]
	[[ $raw == 'a\x1b"\x5c\xff'* ]]
	jq -e '.kill[0].comm | startswith("a\u001b\"\\\ufffd")' <<<"$json"
	iconv -f UTF-8 -t UTF-8 <<<"$json" >/dev/null
}

@test "output: a full device is noticed" {
	for arguments in "kill --dry-run $bystander" "kill --dry-run -J $bystander" \
		"kill --dry-run -O $bystander" 'kill -H' 'kill -h' 'kill -V' -h -V; do
		# shellcheck disable=SC2086
		run --separate-stderr bash -c '"$@" >/dev/full' bash "${LIMITED[@]}" $arguments
		echo "$arguments: $status: $stderr"
		[ "$status" -eq 1 ]
		[ "$stderr" = "mmreap: standard output: No space left on device" ]
	done
	# What is wrong already stays what it was.
	run --separate-stderr bash -c '"$@" >/dev/full' bash "${LIMITED[@]}" kill 2147483647
	[ "$status" -eq 5 ]
	run --separate-stderr bash -c '"$@" >/dev/full' bash "${LIMITED[@]}" kill -J abc
	[ "$status" -eq 2 ]
}

@test "output: a pipe without a reader is noticed, and does not stop a kill half-way" {
	local pipe=$BATS_TEST_TMPDIR/pipe
	mkfifo "$pipe"
	exec 8<>"$pipe"
	exec 9>"$pipe" 8>&-
	run --separate-stderr bash -c '"$@" >&9' bash "${LIMITED[@]}" kill "$bystander"
	exec 9>&-
	[ "$status" -eq 1 ]
	[ "$stderr" = "mmreap: standard output: Broken pipe" ]
	run ! untouched
}

@test "output: what leaves no rows is an error document, whoever looks" {
	needs jq
	for arguments in 'watch -J 2 -t 0' 'sharers -J 4194300' 'sharers -J 4194300 4194299' \
		'status -J --comm mmreap-nobody' 'sharers -J --comm mmreap-nobody' \
		'watch -J --comm mmreap-nobody'; do
		# shellcheck disable=SC2086
		mmreap $arguments
		echo "$arguments: $status: $output"
		[ "$status" -eq 5 ]
		jq -e -s 'length == 1 and .[0].error.status == 5 and (.[0].error.message | length > 0)' \
			<<<"$output"
		[ -n "$stderr" ]
	done
	mmreap status --comm mmreap-nobody
	[ "$stderr" = "mmreap: no process matched" ]
	mmreap sharers --comm mmreap-nobody
	[ "$stderr" = "mmreap: no process matched" ]
	# It prints nothing, and a document is not nothing.
	mmreap sharers --check --json "$bystander"
	[ "$status" -eq 2 ]
	jq -e '.error.message | startswith("--check prints nothing")' <<<"$output"
}

@test "output: who is gone is not alone" {
	mmreap sharers --check - <<<4194300
	[ "$status" -eq 5 ]
	mmreap sharers --check - <<<"$bystander"
	# 6: who has no right to compare all does not know.
	((status == 0 || (EUID != 0 && status == 6)))
	# One that a selection found and that vanished is what was waited for.
	mmreap watch - <<<4194300
	[ "$status" -eq 0 ]
}

@test "output: the evidence of what is gone is what was seen" {
	needs jq
	mmreap status -J 4194300
	jq -e '.status[0].evidence | startswith("no process has this PID")' <<<"$output"
	mmreap status -J "$bystander:77"
	jq -e '.status[0].evidence | startswith("the process that has this PID now is another")' \
		<<<"$output"
}

@test "output: an inode has 64 bits and no sign" {
	mmreap status -J -o inode "$bystander:18446744073709551615"
	[[ $output == *'"inode":18446744073709551615'* ]]
	mmreap kill -J -o inode "$bystander:9223372036854775808"
	[[ $output == *'"inode":9223372036854775808'* ]]
	mmreap status -n -o inode "$bystander:9223372036854775808"
	[ "$output" = 9223372036854775808 ]
	untouched
}

@test "output: what turns the direction of writing is escaped everywhere" {
	bash -c 'printf "a\xe2\x80\xaeb" >/proc/$$/comm; echo >"$0"; read -r -t 60 <>"$1"' \
		"$BATS_TEST_TMPDIR/ready" <(:) 3>&- &
	local evil=$!
	disown "$evil"
	until [ -e "$BATS_TEST_TMPDIR/ready" ]; do :; done
	for arguments in '-o comm' '-r -o comm' '-J -o comm' '-O'; do
		# shellcheck disable=SC2086
		mmreap status $arguments "$evil"
		echo "$arguments: $output" | cat -v
		[[ $status -eq 0 && $output != *$'\xe2\x80\xae'* ]]
		[[ $output == *'a<U+202E>b'* || $output == *'a\xe2\x80\xaeb'* || $output == *'a\u202eb'* ]]
	done
	kill -KILL "$evil"
}

@test "output: the rows of watch stand below each other" {
	sleep 300 3>&- &
	local short=$! at=()
	disown "$short"
	(sleep 0.3 && kill -KILL "$short") 3>&- &
	mmreap watch --source proc -n -o phase,source,event,comm "$short"
	echo "$output"
	[ "${#lines[@]}" -ge 3 ]
	for line in "${lines[@]}"; do
		at+=("$(awk '{ print index($0, " sleep") }' <<<"$line")")
	done
	[ "$(printf '%s\n' "${at[@]}" | sort -u | wc -l)" -eq 1 ]
}

@test "output: watch writes at once, and its error is that of the write" {
	local end=$BATS_TEST_TMPDIR/end
	for arguments in 'watch -t 0 PID' 'watch -J -t 0 PID' 'watch -O -t 0 PID'; do
		# shellcheck disable=SC2086
		set -- "${LIMITED[@]}" ${arguments//PID/$bystander}
		run --separate-stderr bash -c '"$@" >/dev/full' bash "$@"
		echo "$arguments: $status: $stderr"
		[ "$status" -eq 1 ]
		[ "$stderr" = "mmreap: standard output: No space left on device" ]
		run --separate-stderr bash -c '"$@" >&-' bash "$@"
		[ "$status" -eq 1 ]
		[ "$stderr" = "mmreap: standard output: Bad file descriptor" ]
		mkfifo "$end"
		exec 8<>"$end"
		exec 9>"$end" 8>&-
		run --separate-stderr bash -c '"$@" >&9' bash "$@"
		exec 9>&-
		rm "$end"
		[ "$status" -eq 1 ]
		[ "$stderr" = "mmreap: standard output: Broken pipe" ]
	done
	untouched
}

@test "output: closed descriptors are no place for a pidfd" {
	run --separate-stderr bash -c '"$@" >&-' bash "${LIMITED[@]}" kill --dry-run "$bystander"
	[ "$status" -eq 1 ]
	[ "$stderr" = "mmreap: standard output: Bad file descriptor" ]
	run --separate-stderr bash -c '"$@" <&- 2>&-' bash "${LIMITED[@]}" kill --dry-run "$bystander"
	[ "$status" -eq 0 ]
	[[ $output == "$bystander sleep: would be "* ]]
	# Nothing to say is no failure.
	run --separate-stderr bash -c '"$@" <&- >&-' bash "${LIMITED[@]}" kill --dry-run -q "$bystander"
	[ "$status" -eq 0 ]
	untouched
}
