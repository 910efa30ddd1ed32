# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a live test loads. It starts and ends the test's world; each part says what it offers.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

bats_require_minimum_version 1.5.0

LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=$(cd "$LIB/../.." && pwd)
MMREAP=${MMREAP:-$TOP/build/mmreap}
HELPERS=${MMREAP_HELPERS:-$TOP/build/tests}
MY_PID=$BASHPID

. "$LIB/needs.bash"
. "$LIB/victims.bash"
. "$LIB/cgroups.bash"
. "$LIB/frozenfs.bash"
. "$LIB/mmreap.bash"

AT_END=()

# at_end COMMAND: undo something when the test ends, last one first
at_end() {
	AT_END=("$1" "${AT_END[@]}")
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	# An unprivileged victim or command needs to get at its files.
	chmod 755 "$BATS_TEST_TMPDIR"
}

teardown() {
	local command status=0

	for command in "${AT_END[@]}"; do
		eval "$command" || status=1
	done
	victims_end || status=1
	cgroups_end || status=1
	return "$status"
}

# say TEXT: a figure or remark into the test report
say() {
	echo "# $*" >&3
}

# under_strace OPTION... COMMAND: writes `trace`. The leak check of a sanitizer cannot work in a program
# that is traced already.
under_strace() {
	LSAN_OPTIONS=detect_leaks=0 timeout 60 strace -f -qq -o trace "$@"
}

# until_true SECONDS COMMAND...: wait for something that must come true
until_true() {
	local limit=$((SECONDS + $1))
	shift
	until "$@"; do
		if ((SECONDS > limit)); then
			echo "never came true: $*" >&2
			return 1
		fi
		sleep 0.005
	done
}
