#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Errors and delays of the system calls, injected into the real program: what it says is still true,
# and the limit holds.
#
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# The leak check of a sanitizer cannot work in a program that is traced already.
export LSAN_OPTIONS=detect_leaks=0

# injected RULE... -- ARGUMENT...: kill --json under strace with these rules; sets status and output
injected() {
	local rules=()
	while [ "$1" != -- ]; do
		rules+=(-e "inject=$1")
		shift
	done
	shift
	run --separate-stderr timeout 30 strace -f -qq -o trace "${rules[@]}" \
		"$MMREAP" kill --json "$@"
	if ((status == 124)) || ! jq -e --slurp 'length == 1' <<<"$output" >/dev/null; then
		echo "status $status, no JSON document: $output" >&2
		return 1
	fi
}

# refused CALL ERRNO|delay=MS FIRST COUNT ARGUMENT...: kill --json, in which these calls fail; counted
# over all threads, without the probe, which has no process
refused() {
	run --separate-stderr timeout 30 "$HELPERS/refuse" "${@:1:4}" "$MMREAP" kill --json "${@:5}"
	if ((status == 124)) || ! jq -e --slurp 'length == 1' <<<"$output" >/dev/null; then
		echo "status $status, no JSON document: $output" >&2
		return 1
	fi
}

@test "inject: signals cannot be waited for, and nobody is touched" {
	requires strace
	start_victim --mib 4
	injected signalfd4:error=EMFILE -- "$VICTIM"
	expect_status 1
	[ "$(jq -r .error.message <<<"$output")" = \
		"signals cannot be waited for: Too many open files; nothing was touched" ]
	untouched "$VICTIM"
}

@test "inject: process_mrelease EAGAIN or EINTR three times, then it works" {
	requires mrelease ptrace seccomp
	local error
	for error in EAGAIN EINTR; do
		start_victim --mib 32
		refused process_mrelease $error 1 3 "$VICTIM"
		expect_status 0
		expect outcome reaped exited true errno null
	done
}

@test "inject: process_mrelease EAGAIN for ever" {
	requires mrelease ptrace seccomp
	start_victim --mib 32
	refused process_mrelease EAGAIN 1 0 -t 1 "$VICTIM"
	expect_status 3
	expect outcome pending
	[[ $(json_row 0 | jq -r .message) == *EAGAIN* ]]
	until_true 5 is_gone "$VICTIM"
}

@test "inject: process_mrelease EINVAL some times, and for ever" {
	requires mrelease ptrace seccomp
	start_victim --mib 32
	refused process_mrelease EINVAL 1 3 "$VICTIM"
	expect_status 0
	expect outcome reaped
	start_victim --mib 32
	refused process_mrelease EINVAL 1 0 -t 5 "$VICTIM"
	# Let go after some tries: its own exit frees.
	expect_status 0
	expect outcome freed exited true
	is_gone "$VICTIM"
}

@test "inject: process_mrelease ESRCH, its exit was faster" {
	requires mrelease ptrace seccomp
	start_victim --mib 32
	refused process_mrelease ESRCH 1 0 "$VICTIM"
	expect_status 0
	expect outcome freed exited true
}

@test "inject: process_mrelease with an errno that no kernel gives" {
	requires mrelease ptrace seccomp
	start_victim --mib 32
	refused process_mrelease EBADF 1 0 "$VICTIM"
	expect_status 0
	expect outcome freed exited true errno EBADF step reap
}

@test "inject: process_mrelease was there when asked, and is not when it is needed" {
	requires mrelease ptrace seccomp freezer-v1
	local error
	for error in ENOSYS EPERM; do
		start_victim --mib 32
		refused process_mrelease $error 1 0 "$VICTIM"
		expect_status 4
		expect outcome killed exited true method kill-only
	done
	cgroup_make v1 dying freezer
	start_victim --mib 16
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill -KILL "$VICTIM"
	refused process_mrelease ENOSYS 1 0 --reap-only "$VICTIM"
	expect_status 4
	expect outcome unsupported
	(($(rss_kib "$VICTIM") >= 16384))
}

@test "inject: no process_mrelease in this kernel, or a filter forbids it" {
	requires ptrace strace
	local error
	for error in ENOSYS EPERM; do
		start_victim --mib 32
		injected "process_mrelease:error=$error" -- "$VICTIM"
		expect_status 4
		expect outcome killed exited true method kill-only reap_ms null
		is_gone "$VICTIM"
		start_victim --mib 4
		injected "process_mrelease:error=$error" -- --reap-only "$VICTIM"
		expect_status 4
		expect outcome unsupported
		untouched "$VICTIM"
		injected "process_mrelease:error=$error" -- --method kill-reap "$VICTIM"
		expect_status 4
		expect outcome unsupported
		untouched "$VICTIM"
	done
}

@test "inject: ptrace refuses, then nobody is held and it is said" {
	requires mrelease strace
	local error
	for error in EPERM ESRCH EIO; do
		start_victim --mib 32 --threads 2
		injected "ptrace:error=$error" -- "$VICTIM"
		expect_status 0
		expect hold none exited true
		expect_one_of outcome reaped freed
		is_gone "$VICTIM"
	done
}

@test "inject: kcmp is not there, or refused: unknown is not refused" {
	requires mrelease ptrace strace
	local error
	for error in ENOSYS EPERM; do
		start_victim --mib 32
		injected "kcmp:error=$error" -- "$VICTIM"
		expect_status 0
		expect outcome reaped sharers null
	done
	# With a sharer that nobody could see it is no success.
	start_victim --mib 32 --sharer=1
	injected kcmp:error=ENOSYS -- -t 2 "$VICTIM"
	((status == 8 || status == 3))
	expect_one_of outcome pinned pending
	untouched "${OTHERS[0]}"
}

@test "inject: sharers that are seen only after the signal are killed as asked" {
	requires root mrelease ptrace kcmp seccomp
	start_victim --mib 32 --sharer=2
	# The question to kthreadd, and the first comparison, which decides the first look.
	refused kcmp EPERM 1 2 --sharers kill "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	[ "$(json_row 0 | jq '.killed | length')" -eq 2 ]
	is_gone "${OTHERS[0]}"
	is_gone "${OTHERS[1]}"
	# Without that consent they live, and so does the memory.
	start_victim --mib 32 --sharer=2
	refused kcmp EPERM 1 2 -t 2 "$VICTIM"
	expect_status 8
	expect outcome pinned sharers 2
	[[ $(json_row 0 | jq -r .message) == *"shared with 2 processes"* ]]
	[[ $(json_row 0 | jq -r .message) != *"not known"* ]]
	untouched "${OTHERS[0]}"
	untouched "${OTHERS[1]}"
}

@test "inject: the signal is refused" {
	requires mrelease ptrace strace
	local when
	start_victim --mib 16 --threads 2
	for when in 1+ 2+ 3+; do
		injected "pidfd_send_signal:error=EPERM:when=$when" -- "$VICTIM"
		expect_status 6
		expect outcome denied
		[ "$(json_row 0 | jq .killed)" = "[]" ]
		untouched "$VICTIM"
	done
	injected pidfd_send_signal:error=EPERM:when=2+ -- --grace 1 "$VICTIM"
	expect_status 6
	untouched "$VICTIM"
}

@test "inject: pidfd_open is not there" {
	requires strace
	start_victim --mib 4
	injected pidfd_open:error=ENOSYS -- "$VICTIM"
	expect_status 4
	expect outcome unsupported
	injected pidfd_open:error=EMFILE -- "$VICTIM"
	expect_status 1
	expect outcome failed
	untouched "$VICTIM"
}

@test "inject: no thread can be made" {
	requires strace mrelease
	local error
	for error in EAGAIN ENOMEM; do
		# The looks are made all the same, by the one thread that there is; nobody is held.
		start_victim --mib 16 --threads 3
		injected "clone3:error=$error" "clone:error=$error" -- -t 5 "$VICTIM"
		expect_status 0
		expect hold none exited true errno EAGAIN
		expect_one_of outcome reaped freed
		is_gone "$VICTIM"
		say "without threads: $(json_row 0 | jq -r .message)"
		# A sanitizer makes the child that is compared with by clone(), too.
		[ -z "${MMREAP_SAN-}" ] || continue
		start_victim --mib 16 --sharer=2
		injected "clone3:error=$error" "clone:error=$error" -- "$VICTIM"
		expect_status 7
		untouched "$VICTIM"
		injected "clone3:error=$error" "clone:error=$error" -- --sharers kill "$VICTIM"
		expect_status 0
		is_gone "$VICTIM"
		is_gone "${OTHERS[1]}"
	done
}

@test "inject: memory and robust lists cannot be read" {
	requires mrelease ptrace strace
	start_victim --mib 16 --threads 3
	injected get_robust_list:error=EPERM -- "$VICTIM"
	expect_status 0
	expect robust unreadable exited true
	expect_one_of outcome freed
	start_victim --mib 16 --threads 3
	injected get_robust_list:error=ENOSYS -- "$VICTIM"
	expect_status 0
	expect exited true
	expect_one_of outcome freed reaped
}

# within MS CALL FIRST ARGUMENT...: the whole run takes no longer, although a call takes ten seconds
within() {
	local begin=${EPOCHREALTIME/./} took
	# The thread sanitizer sleeps for a second before it exits.
	TSAN_OPTIONS=atexit_sleep_ms=0 refused "$2" delay=10000 "$3" 0 "${@:4}"
	took=$(((${EPOCHREALTIME/./} - begin) / 1000))
	say "$2 takes ten seconds: $(json_row 0 | jq -r .outcome) after $took ms"
	((took <= $1))
}

@test "inject: process_mrelease takes ten seconds, the limit holds" {
	requires mrelease ptrace seccomp
	start_victim --mib 16
	within 4000 process_mrelease 1 -t 1 "$VICTIM"
	expect_status 3
	expect outcome pending
	[[ $(json_row 0 | jq -r .message) == *"SIGKILL sent"* ]]
	# Nobody holds it any longer.
	until_true 5 is_gone "$VICTIM"
}

@test "inject: ptrace takes ten seconds, the limit holds" {
	requires mrelease ptrace seccomp
	start_victim --mib 16
	within 5000 ptrace 1 -t 2 "$VICTIM"
	expect_one_of outcome reaped freed
	until_true 5 is_gone "$VICTIM"
}

@test "inject: letting go takes ten seconds, the limit holds" {
	requires mrelease ptrace seccomp
	start_victim --mib 64
	# The first call takes hold.
	within 4000 ptrace 2 -t 2 "$VICTIM"
	expect_status 3
	expect outcome pending
	[[ $(json_row 0 | jq -r .message) == *"memory unmapped in "*", not exited (waits in ptrace_stop)"* ]]
	until_true 5 is_gone "$VICTIM"
}

@test "inject: kcmp takes ten seconds, the limit holds" {
	requires mrelease ptrace seccomp
	local first
	# The first asks about kthreadd, which never executes a program.
	for first in 2 5; do
		start_victim --mib 16
		within 5000 kcmp $first -t 2 "$VICTIM"
		((status == 0 || status == 3))
		case $(json_row 0 | jq -r .outcome) in
		pending) untouched "$VICTIM" ;;
		*) until_true 5 is_gone "$VICTIM" ;;
		esac
	done
}

# What could not be found out in time is no answer, be it for one target or for all.
@test "inject: kcmp takes ten seconds, who shares is not known, and it is said" {
	requires mrelease ptrace kcmp seccomp
	local other
	start_victim --mib 16 --sharer
	other=$VICTIM
	start_victim --mib 16
	for pids in "$other" "$other $VICTIM"; do
		# shellcheck disable=SC2086 # two numbers
		refused kcmp delay=10000 5 0 --dry-run -t 2 $pids
		expect sharers null
		[ "$(jq -r '[.kill[].message | contains("; who shares its memory is not known")] | all' \
			<<<"$output")" = true ]
	done
	untouched "$other"
}

@test "inject: kcmp of several targets fails, or takes ten seconds" {
	requires mrelease ptrace kcmp strace seccomp
	local error pids number nth
	three() {
		pids=()
		for _ in 1 2 3; do
			start_victim --mib 8
			pids+=("$VICTIM")
		done
	}
	all() {
		expect_status 0
		[ "$(jq -c "[.kill[] | [.outcome, $1]] | unique" <<<"$output")" = "$2" ]
	}
	for error in ENOSYS EPERM; do
		three
		injected "kcmp:error=$error" -- "${pids[@]}"
		all .sharers '[["reaped",null]]'
	done
	# One of them, and each of those about the sharer in turn: the one whose memory it is shares.
	three
	start_victim --mib 8 --sharer
	pids+=("$VICTIM")
	under_strace -e trace=kcmp "$MMREAP" kill --dry-run "${pids[@]}" || :
	number=$(grep -nw "${OTHERS[0]}" trace | head -n 1 | cut -d : -f 1)
	for error in EPERM ESRCH ENOSYS; do
		for nth in {-1..3}; do
			refused kcmp $error $((number + nth)) 1 --dry-run "${pids[@]}"
			expect_status 64
			[ "$(jq -r '[.kill[].outcome] | join(" ")' <<<"$output")" = \
				"reaped reaped reaped refused-shared" ]
		done
	done
	# It blocks, and nobody is kept waiting for longer than where there is one target.
	three
	within 5000 kcmp 13 "${pids[@]}"
	all .sharers '[["reaped",null]]'
}

@test "inject: the freezer cannot be written" {
	requires root mrelease ptrace strace freezer-v2
	cgroup_make v2 unwilling
	start_victim --mib 8
	cgroup_add "$CGROUP" "$VICTIM"
	injected pwrite64:error=EBUSY -- --cgroup "$CGROUP"
	is_gone "$VICTIM"
	grep -qx 0 "$CGROUP/cgroup.freeze"
}
