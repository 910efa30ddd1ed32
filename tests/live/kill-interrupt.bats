#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# SIGINT, SIGTERM, SIGHUP at any moment: mmreap dies of it, what it held is free, nothing stays frozen,
# and who was signalled already is named.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# start_killer ARGUMENT...: KILLER is mmreap, and not the shell that is about to become it; OUT and ERR
# are where it says what
start_killer() {
	local comm='' limit=$((SECONDS + 10))

	# A shell starts its background jobs with SIGINT ignored.
	env --default-signal "$MMREAP" kill "$@" >"${OUT:-stdout}" 2>"${ERR:-stderr}" 3>&- &
	KILLER=$!
	until [[ $comm == mmreap* ]] || ((SECONDS > limit)); do
		# It may be over already, and waited for by the shell.
		{ read -r comm <"/proc/$KILLER/comm"; } 2>/dev/null || break
	done
}

# end_killer SIGNAL: sets status
end_killer() {
	kill -s "$1" "$KILLER" 2>/dev/null || :
	status=0
	wait "$KILLER" || status=$?
}

# moment [MICROSECONDS]: seconds, somewhere in a run that takes so long
moment() {
	printf '0.%06d' $((RANDOM % ${1:-8000}))
}

# interrupt_after SECONDS SIGNAL ARGUMENT...: sets status; what it says is in stdout and stderr
interrupt_after() {
	start_killer "${@:3}"
	# A read that nobody serves: the shell's own sleep, without a process.
	read -r -t "$1" <&"$NEVER" || :
	end_killer "$2"
}

never_open() {
	mkfifo never
	exec {NEVER}<>never
}

# run_length VICTIM-OPTION...: LENGTH, in microseconds, of a run from its start on: the median of five, as
# on a busy machine one takes many times as long, and most moments in it would come after the others
run_length() {
	local begin took=()

	for _ in 1 2 3 4 5; do
		start_victim "$@"
		start_killer "$VICTIM"
		begin=${EPOCHREALTIME/./}
		wait "$KILLER"
		took+=($((${EPOCHREALTIME/./} - begin)))
		exec {HELPER_FD}<&-
	done
	LENGTH=$(printf '%d\n' "${took[@]}" | sort -g | sed -n 3p)
}

# left_well PID: dead, or alive and neither held nor stopped
left_well() {
	local state

	if [[ $(<stderr) == *"$1 victim: "* || $(<stdout) == *"$1 victim: "* ]]; then
		until_true 5 is_gone "$1"
		return
	fi
	# Not named: then nobody may have signalled it.
	untouched "$1" || return
	state=$(state_of "$1")
	[ "$state" = S ] || {
		echo "$1 is in state $state" >&2
		return 1
	}
}

# hundred SIGNAL STATUS VICTIM-OPTION...: and how often it came too late, or early enough to save the victim;
# after one that was too late the next comes earlier, as a machine is sometimes slower, sometimes faster
hundred() {
	local signal=$1 expected=$2 late=0 saved=0 midst=0 i
	shift 2
	never_open
	run_length "$@"
	for ((i = 0; i < 100; i++)); do
		start_victim "$@"
		interrupt_after "$(moment "$LENGTH")" "$signal" "$VICTIM"
		if ((status == 0)); then
			late=$((late + 1))
			LENGTH=$((LENGTH * 3 / 4 + 1))
			[[ $(<stdout) == "$VICTIM victim: "* ]]
			is_gone "$VICTIM"
		else
			LENGTH=$((LENGTH * 4 / 3 + 1))
			((status == expected))
			[ ! -s stdout ]
			left_well "$VICTIM"
			if [ -s stderr ]; then
				midst=$((midst + 1))
			else
				saved=$((saved + 1))
			fi
		fi
		stop_job "$VICTIM_JOB" || :
		exec {HELPER_FD}<&-
	done
	say "SIG$signal: $saved victims live, $midst were signalled already, $late runs were over"
	# Otherwise the moments are badly chosen, and nothing was tested.
	((saved > 0 && saved + midst >= 20))
}

@test "interrupt: SIGINT at any moment" {
	requires mrelease ptrace
	hundred INT 130 --mib 32 --threads 3
}

@test "interrupt: SIGTERM at any moment" {
	requires mrelease ptrace
	hundred TERM 143 --mib 32
}

@test "interrupt: SIGHUP at any moment" {
	requires mrelease ptrace
	hundred HUP 129 --mib 16 --threads 20
}

@test "interrupt: several targets, each signalled one is named" {
	requires mrelease ptrace
	local i pid pids named=0
	never_open
	for ((i = 0; i < 15; i++)); do
		pids=()
		for _ in 1 2 3 4; do
			start_victim --mib 32
			pids+=("$VICTIM")
		done
		interrupt_after "$(moment 16000)" TERM "${pids[@]}"
		((status == 143 || status == 0))
		for pid in "${pids[@]}"; do
			left_well "$pid"
		done
		[ ! -s stderr ] || named=$((named + 1))
		for pid in "${pids[@]}"; do
			stop_job "$pid" || :
		done
	done
	say "4 targets: in $named of 15 runs some were signalled already"
}

@test "interrupt: a cgroup is thawed" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	local i version pids pid
	never_open
	for ((i = 0; i < 20; i++)); do
		version=v$((i % 2 + 1))
		cgroup_make "$version" "run-$i" freezer
		pids=()
		for _ in 1 2 3; do
			start_victim --mib 8
			pids+=("$VICTIM")
		done
		cgroup_add "$CGROUP" "${pids[@]}"
		interrupt_after "$(moment 30000)" INT --cgroup "$CGROUP"
		((status == 130 || status == 0))
		if is_frozen "$CGROUP"; then false; fi
		if [ -e "$CGROUP/freezer.state" ]; then
			[ "$(<"$CGROUP/freezer.state")" = THAWED ]
		else
			grep -qx 0 "$CGROUP/cgroup.freeze"
		fi
		for pid in "${pids[@]}"; do
			left_well "$pid"
			stop_job "$pid" || :
		done
	done
}

@test "interrupt: while the exit is waited for, under --json" {
	requires root mrelease ptrace
	never_open
	start_victim --mib 16 --trace-exit
	interrupt_after 1 TERM --json "$VICTIM"
	((status == 143))
	# One document on standard output whatever happens, and a line on stderr.
	[ "$(jq -r .kill[0].outcome stdout)" = pending ]
	[ "$(jq .kill[0].pid stdout)" -eq "$VICTIM" ]
	grep -q "^$VICTIM victim: pending: SIGKILL sent" stderr
}

@test "interrupt: ignored by who started it, then it goes on" {
	requires mrelease ptrace
	never_open
	start_victim --mib 4 --block-term
	# A shell starts its background jobs with SIGINT ignored.
	"$MMREAP" kill --grace 1 "$VICTIM" >stdout 2>stderr 3>&- &
	KILLER=$!
	read -r -t 0.3 <&"$NEVER" || :
	end_killer INT
	((status == 0))
	is_gone "$VICTIM"
}

@test "interrupt: twice, and a signal that is not for it" {
	requires root mrelease ptrace
	never_open
	start_victim --mib 16 --trace-exit
	start_killer "$VICTIM"
	read -r -t 0.5 <&"$NEVER" || :
	kill -WINCH "$KILLER"
	kill -CONT "$KILLER"
	read -r -t 0.2 <&"$NEVER" || :
	kill -INT "$KILLER"
	end_killer TERM
	((status == 130 || status == 143))
	grep -q "^$VICTIM victim: pending" stderr
}

# term_is_pending PID: 15 is bit 14
term_is_pending() {
	[ "$(status_of "$1" ShdPnd)" = 0000000000004000 ]
}

@test "interrupt: in the grace time, who got SIGTERM is named" {
	requires mrelease ptrace
	local asked
	start_victim --mib 4 --block-term
	asked=$VICTIM
	start_killer --grace 20 "$asked"
	until_true 5 term_is_pending "$asked"
	end_killer INT
	((status == 130))
	[ "$(<stderr)" = "$asked victim: not killed: mmreap was told to stop, after SIGTERM was sent" ]
	is_alive "$asked"
}

is_freezing() {
	grep -qx 1 "$CGROUP/cgroup.freeze"
}

@test "interrupt: while a cgroup does not get frozen" {
	requires root mrelease ptrace freezer-v2 userfaultfd
	local begin took
	start_victim --mib 4
	# It waits in the kernel for a page that nobody brings, where no freezer reaches it.
	start_helper reader --vm-readv "$VICTIM"
	cgroup_make v2 unfrozen
	cgroup_add "$CGROUP" "$HELPER_JOB"
	start_killer --cgroup "$CGROUP"
	until_true 10 is_freezing
	begin=${EPOCHREALTIME/./}
	end_killer INT
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	((status == 130))
	say "over after $took ms"
	((took < 1000))
	[ ! -s stdout ]
	until_true 5 grep -qx 0 "$CGROUP/cgroup.freeze"
	until_true 5 grep -qx 'frozen 0' "$CGROUP/cgroup.events"
}

# Job control, so that its group of processes is no orphaned one, which is never stopped.
@test "interrupt: Ctrl-Z leaves nobody held" {
	requires mrelease ptrace
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer wants to be loaded first"
	start_victim --mib 4
	run --separate-stderr timeout 20 bash -c '
		set -m
		LD_PRELOAD="$2/slowreap.so" SLOW_MS=500 "$0" kill --json "$1" &
		state=
		until [ "$state" = t ]; do read -r _ _ state _ <"/proc/$1/stat"; done
		kill -TSTP %1
		wait %1
		status=$?
		# It is stopped by now, and nobody else lets its victim go.
		while [ "$state" = t ] && read -r _ _ state _ <"/proc/$1/stat"; do :; done 2>/dev/null
		if ((status)); then
			kill -CONT %1
			wait %1
			status=$?
		fi
		exit "$status"' "$MMREAP" "$VICTIM" "$HELPERS"
	expect_status 0
	expect outcome reaped exited true hold trace
}

# As long as it does not get frozen mmreap waits, and for the reader to end; then it lets Ctrl-Z in.
@test "interrupt: Ctrl-Z leaves no cgroup frozen" {
	requires root mrelease ptrace freezer-v2 userfaultfd
	start_victim --mib 4
	start_helper reader --vm-readv "$VICTIM"
	cgroup_make v2 unfrozen
	cgroup_add "$CGROUP" "$HELPER_JOB"
	run --separate-stderr timeout 20 bash -c '
		set -m
		"$0" kill --json --cgroup "$1" &
		until read -r frozen <"$1/cgroup.freeze" && ((frozen)); do :; done
		kill -TSTP %1
		wait %1
		# It is stopped by now, or it has ended.
		read -r frozen <"$1/cgroup.freeze"
		fg >/dev/null
		exit "$frozen"' "$MMREAP" "$CGROUP"
	expect_status 0
	expect exited true
}

# is_dying PID: SIGKILL has reached it: 9 is bit 8
is_dying() {
	[ "$(status_of "$1" ShdPnd)" = 0000000000000100 ]
}

# ends_with SIGNAL STATUS: wherever it waits
ends_with() {
	kill -s "$1" "$KILLER"
	until_true 10 is_gone "$KILLER"
	end_killer "$1"
	((status == $2))
}

@test "interrupt: nobody reads what is said on the way" {
	requires root mrelease ptrace
	full_pipe
	start_victim --mib 16
	ERR=full start_killer --verbose "$VICTIM"
	# The steps are not worth a wait while somebody is held.
	until_true 10 is_gone "$VICTIM"
	until_true 10 sits_in_write "$KILLER"
	ends_with TERM 143
	start_victim --mib 16
	ERR=full start_killer --verbose "$VICTIM"
	until_true 10 is_gone "$VICTIM"
	until_true 10 sits_in_write "$KILLER"
	timeout 20 grep -a -m 1 -o 'mmreap: .* not .*' <&"$FULL" >said
	end_killer CONT
	((status == 0))
	grep -q "^$VICTIM victim: reaped: " stdout
	grep -qx 'mmreap: [1-9][0-9]* lines could not be said on the way: nobody read them' said
}

@test "interrupt: nobody reads what is said at the end" {
	requires root mrelease ptrace
	local option
	full_pipe
	for option in --bytes --json --raw; do
		start_victim --mib 16
		OUT=full start_killer "$option" "$VICTIM"
		until_true 10 is_gone "$VICTIM"
		until_true 10 sits_in_write "$KILLER"
		ends_with INT 130
	done
	# Or how far it came.
	start_victim --mib 16 --trace-exit
	ERR=full start_killer "$VICTIM"
	until_true 10 is_dying "$VICTIM"
	kill -TERM "$KILLER"
	until_true 10 sits_in_write "$KILLER"
	ends_with TERM 143
}

@test "interrupt: in the background of a terminal that takes no output from there" {
	requires mrelease ptrace script
	start_victim --mib 16
	# shellcheck disable=SC2016 # expanded by the inner shell
	MMREAP=$MMREAP VICTIM=$VICTIM SHELL=$BASH timeout 20 script --quiet --return --command \
		'set -m; stty tostop; "$MMREAP" kill -v "$VICTIM" >stdout & wait "$!"; echo "status $?"' \
		/dev/null </dev/null 3>&- >typescript
	cat typescript
	grep -q "^status 0" typescript
	grep -q "^$VICTIM victim: reaped: " stdout
}
