# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Running mmreap and reading what it says. Nothing it does may hang: each run has a hard limit, and
# running into it (status 124 or 137) fails the test.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

RUN_LIMIT=${RUN_LIMIT:-60}
# In English, also where catalogues are installed.
export LC_ALL=C.UTF-8
unset LANGUAGE

# mmreap ARGUMENT...: sets status, output, stderr
mmreap() {
	run --separate-stderr timeout --foreground --kill-after=5 "$RUN_LIMIT" "$MMREAP" "$@" 3>&-
	if ((status == 124 || status == 137)); then
		echo "mmreap $* hangs" >&2
		return 1
	fi
}

# kill_json ARGUMENT...: `mmreap kill --json`; stdout must be one JSON document whatever happens
kill_json() {
	mmreap kill --json "$@"
	if ! jq --exit-status --slurp 'length == 1' <<<"$output" >/dev/null; then
		echo "not one JSON document: $output" >&2
		return 1
	fi
}

# json_row INDEX: a row of `kill`, as JSON
json_row() {
	jq --compact-output ".kill[$1]" <<<"$output"
}

# expect KEY VALUE [KEY VALUE...]: values in the first row
expect() {
	local row got

	row=$(json_row 0)
	while (($# > 1)); do
		got=$(jq --raw-output --arg key "$1" '.[$key]' <<<"$row")
		if [ "$got" != "$2" ]; then
			echo "$1 is '$got', expected '$2': $row" >&2
			echo "stderr: $stderr" >&2
			return 1
		fi
		shift 2
	done
}

# expect_status N
expect_status() {
	if ((status != $1)); then
		echo "status $status, expected $1" >&2
		echo "stdout: $output" >&2
		echo "stderr: $stderr" >&2
		return 1
	fi
}

# expect_one_of KEY WORD...: the first row's value is one of them, status 0
expect_one_of() {
	local key=$1 got word

	got=$(json_row 0 | jq --raw-output --arg key "$key" '.[$key]')
	shift
	for word; do
		[ "$got" != "$word" ] || return 0
	done
	echo "$key is '$got', expected one of: $*" >&2
	echo "$output" >&2
	return 1
}

# series [OPTION...] COUNT -- ...: SERIES is what it counted. Under a sanitizer, which looks for other
# things than rare races, a tenth of COUNT does.
series() {
	local -a arguments=("$@")
	local i

	if [ -n "${MMREAP_SAN-}" ]; then
		for ((i = 1; i < $#; i++)); do
			[ "${arguments[i]}" != -- ] || break
		done
		arguments[i - 1]=$(((arguments[i - 1] + 29) / 10))
	fi
	SERIES=$("$HELPERS/series" "${arguments[@]}" 3>&-) || return
	echo "$SERIES"
}

# counted KEY WORD: how often
counted() {
	jq --arg key "$1" --arg word "$2" '.[$key][$word] // 0' <<<"$SERIES"
}

# all_of KEY WORD...: every run gave one of these words
all_of() {
	local key=$1 sum=0 word
	shift
	for word; do
		sum=$((sum + $(counted "$key" "$word")))
	done
	if ((sum != $(jq .count <<<"$SERIES"))); then
		echo "$key: not always one of: $*" >&2
		echo "$SERIES" >&2
		return 1
	fi
}

# full_pipe: `full` is a pipe that takes no more, FULL its end to read from
full_pipe() {
	mkfifo full
	# shellcheck disable=SC2034 # for the tests
	exec {FULL}<>full
	dd if=/dev/zero of=full bs=4096 oflag=nonblock status=none 2>/dev/null || :
}

# sits_in_write PID: in one of a pipe
sits_in_write() {
	[[ $(<"/proc/$1/wchan") == *pipe_write ]]
}
