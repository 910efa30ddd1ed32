# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154 # status, output, stderr are set by bats
# What every test of the command line needs.

bats_require_minimum_version 1.5.0

MMREAP=${MMREAP:-$BATS_TEST_DIRNAME/../../build/mmreap}
# In English, also where catalogues are installed.
export LC_ALL=C.UTF-8
unset LANGUAGE
# Nothing here takes a second; a command that waits for ever fails with 124.
LIMITED=(timeout --foreground --kill-after=5 60 "$MMREAP")

# ARGUMENT...: sets status, output, stderr
mmreap() {
	run --separate-stderr "${LIMITED[@]}" "$@"
}

# PROGRAM: without it the test cannot run here; MMREAP_MUST_RUN turns that into a failure.
needs() {
	command -v "$1" >/dev/null && return
	if [[ " ${MMREAP_MUST_RUN-} " == *" $1 "* ]]; then
		echo "$1 must be here"
		return 1
	fi
	skip "no $1"
}

# A process that nobody may touch: its PID is in $bystander.
start_bystander() {
	sleep 300 3>&- &
	bystander=$!
	disown "$bystander" # or bash says that it was killed
}

end_bystander() {
	[ -z "${bystander-}" ] || kill -KILL "$bystander" 2>/dev/null || true
}

# It lives: a zombie would still have its PID.
untouched() {
	local stat
	read -r stat <"/proc/$bystander/stat" && [[ ${stat##*) } != Z* ]] && return
	echo "the bystander was killed"
	return 1
}

# ARGUMENT...: a usage error, told in one line, nothing printed and nobody touched.
refuses() {
	mmreap "$@"
	echo "mmreap $*: status $status, stdout '$output', stderr '$stderr'"
	[ "$status" -eq 2 ] && [ -z "$output" ] && [ "${#stderr_lines[@]}" -eq 1 ] &&
		[[ $stderr == "mmreap: "?* ]] && untouched
}
