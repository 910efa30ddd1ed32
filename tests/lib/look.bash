# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests of the commands that only look.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

# look COMMAND ARGUMENT...: with --json; stdout must be one JSON document whatever happens
look() {
	local command=$1
	shift
	mmreap "$command" --json "$@"
	if ! jq --exit-status --slurp 'length == 1' <<<"$output" >/dev/null; then
		echo "not one JSON document: $output" >&2
		return 1
	fi
	LOOKED=$command
}

# looked_at COMMAND: $output came from it by another way
looked_at() {
	LOOKED=$1
}

# looked FILTER: jq over the rows
looked() {
	jq --raw-output ".$LOOKED | $1" <<<"$output"
}

# sees KEY VALUE [KEY VALUE...]: in the first row
sees() {
	local got

	while (($# > 1)); do
		got=$(looked "if .[0] | has(\"$1\") then .[0].$1 else \"no such key\" end")
		if [ "$got" != "$2" ]; then
			echo "$1 is '$got', expected '$2': $output" >&2
			echo "stderr: $stderr" >&2
			return 1
		fi
		shift 2
	done
}

# says TEXT: on stderr
says() {
	[[ $stderr == *"$1"* ]] || {
		echo "not said: $1; but: $stderr" >&2
		return 1
	}
}

# run_by WORD...: mmreap is run by that command from now on, run_plainly ends it
run_by() {
	PLAIN=${PLAIN:-$MMREAP}
	MMREAP=$BATS_TEST_TMPDIR/run-by
	# LeakSanitizer cannot work under strace.
	printf '#!/bin/bash\n%s\nexec %s "$@"\n' \
		"$([ "$1" != strace ] || echo export LSAN_OPTIONS=detect_leaks=0)" \
		"$(printf '%q ' "$@" "$PLAIN")" >"$MMREAP"
	chmod 755 "$MMREAP"
}

run_plainly() {
	MMREAP=$PLAIN
}

# NOBODY: a user without any right
# shellcheck disable=SC2034 # the tests use it
NOBODY=(setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all --)
