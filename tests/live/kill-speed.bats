#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A 2 GiB idle victim: signal to exit and to memory back, against `kill -9` and the naive sequence
# in the same run.

load ../lib/live

@test "speed: never slower than kill -9" {
	requires mrelease ptrace smp idle
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer slows mmreap down"
	local mib=2048 ours=() plain=() naive=()
	# Taken in turns, so that a change of the machine's load meets all three.
	for _ in {1..5}; do
		start_victim --mib $mib
		ours+=("$("$MMREAP" kill --json "$VICTIM" | jq '.kill[0].exit_ms')")
		wait "$VICTIM_JOB" || :
		start_victim --mib $mib
		plain+=("$("$HELPERS/naive" --kill-only "$VICTIM" | jq .memory_ms)")
		wait "$VICTIM_JOB" || :
		start_victim --mib $mib
		naive+=("$("$HELPERS/naive" "$VICTIM" | jq .memory_ms)")
		wait "$VICTIM_JOB" || :
	done
	median() {
		printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
	}
	local o p n
	o=$(median "${ours[@]}") p=$(median "${plain[@]}") n=$(median "${naive[@]}")
	say "2 GiB, signal to exit and memory back, median of 5: mmreap $o ms, kill -9 $p ms, naive $n ms"
	say "$(jq -n "\"mmreap / kill -9: \(($o / $p * 100 | round) / 100), mmreap / naive: \(($o / $n * 100 | round) / 100)\"" -r)"
	[ "$(jq -n "$o <= $p * 1.05")" = true ]
}

# T is let go as soon as memory is seen to come back, and then nobody looks at RSS any more.
@test "speed: a reap that works for 12 seconds is not taken for one that is stuck" {
	requires mrelease ptrace
	[ -z "${MMREAP_SAN-}" ] || skip "what is preloaded comes before the sanitizer"
	start_victim --mib 16
	run --separate-stderr env LD_PRELOAD="$HELPERS/slowreap.so" SLOW_MS=12000 \
		timeout 60 "$MMREAP" kill --json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
}
