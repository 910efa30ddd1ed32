#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# A victim with a CPU quota of 2 %. Before 6.18 the kernel throttles the exit itself, and with it the
# return of the memory; mmreap takes the memory on its own CPU time.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live

# starved_victim OPTION...: VICTIM in a cgroup with 2 ms of every 100 ms
starved_victim() {
	start_victim "$@"
	cgroup_make v1 "quota-$VICTIM" cpu
	echo 100000 >"$CGROUP/cpu.cfs_period_us"
	echo 2000 >"$CGROUP/cpu.cfs_quota_us"
	cgroup_add "$CGROUP" "$VICTIM"
}

# since_signal STEP: milliseconds from SIGKILL to the end of that step, by what -v says
since_signal() {
	awk -v step="$1" '
		/ us: SIGKILL/ { from = $3 }
		$0 ~ " us: " step { to = $3 }
		END { print (to - from) / 1000 }' <<<"$stderr"
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

@test "starved: 2 % quota, memory back with mmreap and with SIGKILL alone" {
	local kill_memory=() kill_exit=() reap=() exit=()
	for _ in 1 2 3; do
		starved_victim --mib 64
		output=$("$HELPERS/naive" --kill-only --timeout 60000 "$VICTIM" 3>&-)
		kill_memory+=("$(jq .memory_ms <<<"$output")")
		kill_exit+=("$(jq .exit_ms <<<"$output")")

		starved_victim --mib 64
		kill_json -v -t 60 "$VICTIM"
		expect_status 0
		expect outcome reaped exited true
		reap+=("$(since_signal process_mrelease)")
		exit+=("$(json_row 0 | jq .exit_ms)")
	done
	say "64 MiB, ms: kill only: memory ${kill_memory[*]}, exit ${kill_exit[*]}"
	say "64 MiB, ms: mmreap: memory ${reap[*]}, exit ${exit[*]}"
	local slow fast
	slow=$(printf '%s\n' "${kill_memory[@]}" | median)
	fast=$(printf '%s\n' "${reap[@]}" | median)
	say "$(awk -v s="$slow" -v f="$fast" 'BEGIN { printf "gain: %.0f times\n", s / f }')"
	awk -v s="$slow" -v f="$fast" 'BEGIN { exit !(s > 3 * f) }'
}
