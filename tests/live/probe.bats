#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# `mmreap probe`: what is tried is told as it is, whoever asks and whatever is missing.

load ../lib/live
load ../lib/look

# state CAPABILITY
state() {
	looked ".[] | select(.capability == \"$1\") | .state"
}

# states CAPABILITY STATE [CAPABILITY STATE...]
states() {
	while (($# > 1)); do
		if [ "$(state "$1")" != "$2" ]; then
			echo "$1 is '$(state "$1")', expected '$2'" >&2
			looked '.[] | [.capability, .state, .how] | join(": ")' >&2
			return 1
		fi
		shift 2
	done
}

told_in_full() {
	[ "$(looked 'map(select((.state // "") == "" or (.consequence // "") == "" or (.how // "") == "")) | length')" -eq 0 ]
}

# without CALL ERROR: as under a filter that answers so
without() {
	run_by strace -f -qq -o /dev/null -e "trace=$1" -e "inject=$1:error=$2"
}

@test "probe: as root" {
	requires root mrelease ptrace kcmp inodes
	look probe
	expect_status 0
	told_in_full
	states kill-and-reap yes process_mrelease yes pidfd yes pidfs-inodes yes hold trace \
		robust-lists yes pagemap-test yes kcmp yes procfs yes
	[ -z "$stderr" ]
}

@test "probe: as a user without any right" {
	requires root nobody mrelease ptrace kcmp
	run_by "${NOBODY[@]}"
	look probe
	expect_status 0
	told_in_full
	states kill-and-reap yes hold trace robust-lists yes kcmp yes boost no capabilities none
}

@test "probe: as root of user, PID and mount namespaces of its own" {
	requires root nobody userns pidns mrelease
	run_by "${NOBODY[@]}" unshare --user --map-root-user --pid --fork --mount-proc --kill-child
	look probe
	expect_status 0
	told_in_full
	states kill-and-reap yes namespaces "child (user, PID)" procfs yes
	[[ $(looked '.[] | select(.capability == "capabilities") | .consequence') == *"this user namespace"* ]]
}

@test "probe: in a PID namespace that has the /proc of another" {
	requires root pidns
	run_by unshare --pid --fork --kill-child
	look probe
	[ "$status" -ne 0 ]
	says "/proc"
}

@test "probe: without process_mrelease" {
	requires root strace
	for error in ENOSYS EPERM; do
		without process_mrelease "$error"
		look probe
		run_plainly
		expect_status 4
		told_in_full
		states kill-and-reap no
		[ "$(state process_mrelease)" = "$([ $error = ENOSYS ] && echo no || echo filtered)" ]
		[[ $(looked '.[] | select(.capability == "process_mrelease") | .how') == *"gave $error" ]]
	done
}

@test "probe: without pidfd_open" {
	requires root strace mrelease
	for error in ENOSYS EPERM; do
		without pidfd_open "$error"
		look probe
		run_plainly
		expect_status 4
		told_in_full
		states kill-and-reap no pidfd no hold unknown
	done
}

@test "probe: without kcmp, without ptrace" {
	requires root strace mrelease
	for error in ENOSYS EPERM; do
		without kcmp "$error"
		look probe
		run_plainly
		expect_status 0
		states kcmp no kill-and-reap yes
		without ptrace "$error"
		look probe
		run_plainly
		expect_status 0
		states hold no kill-and-reap yes
		[[ $(looked '.[] | select(.capability == "hold") | .how') == *"gave $error" ]]
	done
}

@test "probe: the flag, should a kernel know it" {
	requires root strace
	run_by strace -f -qq -o /dev/null -e trace=process_mrelease -e inject=process_mrelease:error=EBADF:when=2
	look probe
	states reap-kill-flag yes
}

@test "probe: on a /proc with hidepid" {
	requires root nobody mrelease
	cat >hidden <<-SCRIPT
		mount -t proc -o hidepid=2 proc /proc
		${NOBODY[*]} '$MMREAP' probe --json
	SCRIPT
	run --separate-stderr unshare --mount bash hidden
	looked_at probe
	expect_status 0
	states procfs hidepid=2 kill-and-reap yes
	sed -i "s/^setpriv.*/'${MMREAP//\//\\/}' probe --json/" hidden
	run --separate-stderr unshare --mount bash hidden
	states procfs hidepid=2
	[[ $(looked '.[] | select(.capability == "procfs") | .consequence') == *exempt* ]]
}

@test "probe: what it says of hidepid is what is seen" {
	requires root nobody userns
	local no_caps="setpriv --inh-caps=-all --bounding-set=-all"
	local nobody="$no_caps --reuid 65534 --regid 65534"

	cat >told <<-'SCRIPT'
		if [ -e /proc/$2/stat ]; then
			seen="none: this user is exempt"
		elif [ -e /proc/$2 ]; then
			seen="others' processes are seen, not their files"
		else
			seen="processes of other users are not seen"
		fi
		told=$("$1" probe --json | jq -r '.probe[] | select(.capability == "procfs").consequence')
		echo "$(id -u) of $(id -G): $seen"
		[ "$told" = "$seen" ] || echo "but is told: $told"
	SCRIPT
	cat >hidden <<-'SCRIPT'
		mount -t proc -o "$1" proc /proc
		exec "${@:2}"
	SCRIPT
	start_victim --mib 1
	for options in hidepid={1,2,4}{,",gid=4"}; do
		for who in "$no_caps" "$nobody --clear-groups" "$nobody --groups 4" \
			"$nobody --clear-groups unshare --user --map-root-user"; do
			# shellcheck disable=SC2086 # a command
			run unshare --mount bash hidden "$options" $who bash told "$MMREAP" "$VICTIM"
			echo "$options $who $output"
			[[ ${#lines[@]} -eq 1 && $output == *": "* ]]
		done
	done
}

@test "probe: nothing is left of the children that it tries on" {
	requires root strace pidns
	local -x LSAN_OPTIONS=detect_leaks=0
	for without in "" process_mrelease ptrace pidfd_open pidfd_send_signal; do
		cat >left <<-SCRIPT
			${without:+strace -f -qq -o /dev/null -e trace=$without -e inject=$without:error=EPERM} '$MMREAP' probe >/dev/null
			left=(/proc/[0-9]*)
			echo "\${#left[@]}"
		SCRIPT
		# The shell itself. Of a pipeline it would count those that it has started so far.
		run --separate-stderr timeout 20 unshare --pid --fork --mount-proc --kill-child bash left
		echo "without $without: $output"
		[ "${lines[-1]}" -eq 1 ]
	done
}

@test "probe: kills its child only as long as the number is its own" {
	requires strace
	# Who ignores SIGCHLD has no zombies: the number is free as soon as the child has ended.
	timeout 20 env --ignore-signal=CHLD LSAN_OPTIONS=detect_leaks=0 \
		strace -f -qq -o calls -e trace=kill "$MMREAP" probe 3>&- >/dev/null
	cat calls
	grep -q 'kill(.*, SIGKILL) *= 0' calls
	[ "$(grep -c ESRCH calls)" -eq 0 ]
}

@test "probe: takes no target; columns as everywhere" {
	mmreap probe 1
	expect_status 2
	mmreap probe -n -o capability,state
	[[ ${lines[0]} == "kill-and-reap"* ]]
	mmreap probe -H
	expect_status 0
	[[ $output == *consequence* ]]
	mmreap probe -o bogus
	expect_status 2
}

@test "probe: its columns stay columns on a terminal of 80" {
	# A line that is longer goes on below the first column.
	script --quiet --return --command "stty cols 80; '$MMREAP' probe" /dev/null >table
	cat table
	[ "$(wc -l <table)" -gt 20 ]
	[ "$(tr -d '\r' <table | wc --max-line-length)" -le 80 ]
}
