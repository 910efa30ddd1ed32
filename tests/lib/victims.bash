# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starting and ending what the test acts on. Everything is a child of the test's shell, dies with
# it, and is signalled only while the shell has it in its job list as running: a number in there
# cannot have gone to somebody else.
#
# shellcheck disable=SC2034 # the variables are for the tests

HELPER_COUNT=0
HELPER_FDS=()

# start_helper PROGRAM [ARGUMENT...]: in the background; FIRST_LINE is what it printed when ready,
# HELPER_JOB its pid, HELPER_FD where further lines come from
start_helper() {
	local program=$1 pipe
	shift
	pipe=$BATS_TEST_TMPDIR/pipe.$((++HELPER_COUNT))
	mkfifo "$pipe"
	"$HELPERS/$program" "$@" >"$pipe" 3>&- &
	HELPER_JOB=$!
	exec {HELPER_FD}<"$pipe"
	HELPER_FDS+=("$HELPER_FD")
	IFS= read -r -t 60 FIRST_LINE <&"$HELPER_FD" || {
		echo "$program $*: does not report" >&2
		return 1
	}
}

# start_victim OPTION...: VICTIM is the pid to kill, OTHERS the pids of its further processes,
# VICTIM_JOB the child that is ours (the same as VICTIM but for --zombie and --pidns)
start_victim() {
	local line

	start_helper "${VICTIM_PROGRAM:-victim}" "$@"
	VICTIM=$FIRST_LINE
	VICTIM_JOB=$HELPER_JOB
	OTHERS=()
	# The report is one write: what belongs to it is there already.
	while IFS= read -r -t 0 <&"$HELPER_FD" && IFS= read -r line <&"$HELPER_FD"; do
		OTHERS+=("${line##* }")
	done
}

# start_victim_in CGROUP OPTION...: all its memory is charged there from the start
start_victim_in() {
	local helpers=$HELPERS into=$1
	local VICTIM_PROGRAM=victim-in-cgroup HELPERS=$BATS_TEST_TMPDIR
	shift
	printf '#!/bin/bash\necho $$ >%q/cgroup.procs\nexec %q/victim "$@"\n' "$into" \
		"$helpers" >"$HELPERS/$VICTIM_PROGRAM"
	chmod 755 "$HELPERS/$VICTIM_PROGRAM"
	start_victim "$@"
}

# hogs_start PER_CPU [POLICY [NICE]]: spinning processes; hogs_stop ends them
hogs_start() {
	start_helper hog $(($1 * $(nproc))) "${@:2}"
	HOGS_JOB=$HELPER_JOB
}

hogs_stop() {
	stop_job "$HOGS_JOB"
}

is_running_job() {
	[[ " $(jobs -pr | tr '\n' ' ') " == *" $1 "* ]]
}

# stop_job PID: SIGKILL to a child of ours, if it is that still, and wait for it
stop_job() {
	if is_running_job "$1"; then
		kill -KILL "$1"
	fi
	wait "$1" 2>/dev/null || :
}

victims_end() {
	local job fd

	# What outlives its victim, or holds it, ends with the reader of its report.
	for fd in "${HELPER_FDS[@]}"; do
		exec {fd}<&-
	done
	HELPER_FDS=()
	for job in $(jobs -pr); do
		kill -KILL "$job" 2>/dev/null || :
	done
	# A victim in a frozen cgroup ends when cgroups_end has thawed that.
	cgroups_thaw
	wait
}

# is_alive PID: there, and not a zombie
is_alive() {
	local stat

	# $(<FILE) would end a shell under `set -e`, even here, when there is no such file
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
	[[ ${stat##*)} != " Z"* && ${stat##*)} != " X"* ]]
}

is_gone() {
	! is_alive "$1"
}

# state_of PID: the state letter
state_of() {
	local stat

	stat=$(<"/proc/$1/stat")
	stat=${stat##*) }
	echo "${stat%% *}"
}

# status_of PID KEY: a value out of /proc/PID/status
status_of() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

# rss_kib PID: resident anonymous memory
rss_kib() {
	local text

	text=$(status_of "$1" RssAnon)
	echo "${text%% *}"
}

# inode_of PID: the pidfs inode number, looked up by a process of its own
inode_of() {
	"$HELPERS/need" --inode "$1"
}

# untouched PID: alive, not traced, not stopped, no signal pending
untouched() {
	is_alive "$1" || {
		echo "$1 is dead" >&2
		return 1
	}
	[ "$(status_of "$1" TracerPid)" = 0 ] || {
		echo "$1 is traced" >&2
		return 1
	}
	[ "$(status_of "$1" ShdPnd)" = 0000000000000000 ] || {
		echo "$1 has a pending signal" >&2
		return 1
	}
}

# as_nobody COMMAND...: without any right
as_nobody() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@"
}

# core_pattern_pipe: dumps go to a program that takes nothing, until the end of the test
core_pattern_pipe() {
	local old

	old=$(</proc/sys/kernel/core_pattern)
	at_end "echo '${old//\'/\'\\\'\'}' >/proc/sys/kernel/core_pattern"
	echo "|$HELPERS/slowcore" >/proc/sys/kernel/core_pattern
}
