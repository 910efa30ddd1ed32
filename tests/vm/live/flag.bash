# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the tests of the flag load beside tests/lib: mmreap under strace, and mmreap in a situation
# that `world` builds.
#
# shellcheck disable=SC2034,SC2154 # set here for the tests; set by the library for us

# count_calls LOG: how mmreap killed and reaped, as the kernel was asked
count_calls() {
	# descriptor -1 is the probe: it can touch nobody
	FLAG_CALLS=$(grep -cE 'process_mrelease\([0-9]+, (0x)?1\b' "$1" || :)
	PLAIN_CALLS=$(grep -cE 'process_mrelease\([0-9]+, 0\b' "$1" || :)
	KILL_SIGNALS=$(grep -cE '(kill|pidfd_send_signal)\([^)]*SIGKILL' "$1" || :)
}

# Only these calls stop mmreap: at every call it would be slow enough to run into its own limits.
STRACE=(strace -f --seccomp-bpf -qq -o trace.log
	-e 'trace=process_mrelease,pidfd_send_signal,kill,tkill,tgkill')

# traced ARGUMENT...: mmreap under strace; sets status, output, stderr and the counts
traced() {
	run --separate-stderr timeout --foreground "$RUN_LIMIT" "${STRACE[@]}" "$MMREAP" "$@" 3>&-
	count_calls trace.log
}

# in_world NAME ARGUMENT...: mmreap in that situation; TARGET and OTHER stand for the PIDs. Sets
# status, output, stderr, FATES, FIGURES, and with WORLD_TRACE the counts. WORLD_AS is put before it.
in_world() {
	local world=$1 command=("$MMREAP")
	shift
	[ -z "${WORLD_TRACE-}" ] || command=("${STRACE[@]}" "${command[@]}")
	# shellcheck disable=SC2086 # words
	run --separate-stderr timeout --foreground "$RUN_LIMIT" "$HELPERS/world" "$world" \
		${WORLD_AS-} "${command[@]}" "$@" 3>&-
	FATES=$(sed -n 's/^fates: //p' <<<"$output")
	FIGURES=$(sed -n 's/^figures: //p' <<<"$output")
	output=$(sed '/^fates: /d; /^figures: /d' <<<"$output")
	[ -z "${WORLD_TRACE-}" ] || count_calls trace.log
}
