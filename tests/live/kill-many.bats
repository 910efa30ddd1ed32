#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Many targets: all signalled first, the biggest reaped first, and the last byte back sooner.
#
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

median() {
	printf '%s\n' "$@" | sort -g | sed -n "$((($# + 1) / 2))p"
}

# mixed COUNT: PIDS of victims of mixed size, 4 to 128 MiB
mixed() {
	local i
	PIDS=()
	for ((i = 0; i < $1; i++)); do
		start_victim --mib $((4 << i % 6)) --threads $((i % 4))
		PIDS+=("$VICTIM")
	done
}

# The pidfds become readable when a process has exited; its memory came back before that.
@test "many: 64 victims of mixed size, against kill -9 on all" {
	requires mrelease ptrace
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer slows mmreap down"
	local ours=() whole=() plain=() begin pid
	for _ in 1 2 3; do
		mixed 64
		begin=${EPOCHREALTIME/./}
		kill_json "${PIDS[@]}"
		whole+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
		expect_status 0
		ours+=("$(jq '[.kill[].exit_ms] | max' <<<"$output")")
		[ "$(jq '[.kill[] | select(.exited)] | length' <<<"$output")" -eq 64 ]
		for pid in "${PIDS[@]}"; do
			is_gone "$pid"
		done
		mixed 64
		begin=${EPOCHREALTIME/./}
		kill -KILL "${PIDS[@]}"
		wait "${PIDS[@]}" || :
		plain+=($(((${EPOCHREALTIME/./} - begin) / 1000)))
	done
	say "64 victims of 4 to 128 MiB, first signal to last exit in ms: mmreap ${ours[*]}, kill -9 ${plain[*]}"
	say "ratio of the medians: $(jq -n "$(median "${ours[@]}") / $(median "${plain[@]}") * 100 | round / 100")," \
		"the whole run of mmreap: ${whole[*]}"
}

@test "many: all are signalled before any is reaped" {
	requires mrelease ptrace strace
	local order
	mixed 12
	run --separate-stderr under_strace \
		-e trace=pidfd_send_signal,process_mrelease "$MMREAP" kill --json "${PIDS[@]}"
	expect_status 0
	[ "$(jq '.kill | length' <<<"$output")" -eq 12 ]
	# Every SIGKILL comes before the first process_mrelease of a real descriptor.
	order=$(grep -oE 'SIGKILL|process_mrelease\([0-9]+' trace | cut -c 1-7 | uniq -c |
		awk '{ print $2 ":" $1 }' | paste -sd ' ')
	[[ $order == "SIGKILL:12 process:"* ]]
	[[ $order != *SIGKILL*SIGKILL* ]]
}

# Who gets to its exit stop first is the scheduler's choice, and a free slot does not wait for the
# others: the order is the driver's own as soon as a reap has kept the slot while they got there.
@test "many: on one CPU the reaps go from the biggest to the smallest" {
	requires mrelease ptrace strace
	local sizes
	PIDS=()
	for mib in 8 128 32 64 4 16; do
		start_victim --mib $mib
		PIDS+=("$VICTIM")
	done
	run --separate-stderr under_strace --decode-fds=pidfd -e trace=process_mrelease \
		-e inject=process_mrelease:delay_enter=100000 \
		taskset --cpu-list 0 "$MMREAP" kill --json "${PIDS[@]}"
	expect_status 0
	sizes=$(grep -o 'process_mrelease([0-9]*<pid:[0-9]*' trace | while IFS=: read -r _ pid; do
		jq --argjson pid "$pid" '.kill[] | select(.pid == $pid) | .rss_before' <<<"$output"
	done)
	say "bytes of the victims in the order of their reaps:" "${sizes//$'\n'/ }"
	[ "$(wc -l <<<"$sizes")" -eq 6 ]
	sizes=$(tail -n 5 <<<"$sizes")
	[ "$sizes" = "$(sort -gr <<<"$sizes")" ]
}

@test "many: no more reaps at a time than CPUs" {
	requires mrelease ptrace strace
	local most threads
	mixed 12
	run --separate-stderr under_strace -e trace=process_mrelease \
		-e inject=process_mrelease:delay_enter=20000 "$MMREAP" kill --json "${PIDS[@]}"
	expect_status 0
	# "PID process_mrelease(7, 0 <unfinished ...>" and "PID <... process_mrelease resumed>"
	most=$(awk '/process_mrelease\([0-9]+.*unfinished/ { if (++n > most) most = n }
		/process_mrelease resumed/ { n-- } END { print most + 0 }' trace)
	threads=$(grep -oP '^[0-9]+(?= process_mrelease\([0-9]+,)' trace | sort -u | wc -l)
	say "12 victims on $(nproc) CPUs: $most reaps at a time, by $threads threads"
	((most <= $(nproc)))
	# Nobody has to be woken up between two of them.
	((threads <= $(nproc)))
}

# Each process is compared with log2(24) of them, not with all.
@test "many: one look for the sharers of all" {
	requires mrelease ptrace kcmp strace
	local processes calls
	mixed 24
	processes=$(find /proc -maxdepth 1 -name '[0-9]*' | wc -l)
	run --separate-stderr under_strace -e trace=kcmp "$MMREAP" kill --json "${PIDS[@]}"
	expect_status 0
	calls=$(grep -c 'kcmp(' trace)
	say "24 targets among $processes processes: $calls comparisons"
	((calls > processes && calls < 10 * processes))
}

@test "many: who shares is found among those who do not" {
	requires root mrelease ptrace kcmp
	local shared others
	mixed 6
	start_victim --mib 16 --sharer=2
	shared=$VICTIM others=("${OTHERS[@]}")
	kill_json "${PIDS[0]}" "$shared" "${PIDS[1]}"
	expect_status 64
	[ "$(jq -r '[.kill[] | "\(.outcome) \(.sharers | length)"] | join(", ")' <<<"$output")" = \
		"reaped 0, refused-shared 2, reaped 0" ]
	untouched "$shared"
	kill_json --sharers kill "${PIDS[@]:2}" "$shared"
	expect_status 0
	[ "$(jq -r '[.kill[].outcome] | unique | join(" ")' <<<"$output")" = reaped ]
	[ "$(jq '.kill[-1].killed | length' <<<"$output")" -eq 2 ]
	for VICTIM in "$shared" "${others[@]}"; do
		is_gone "$VICTIM"
	done
}

# The driver wakes up every 200 ms: also between the end of a job and the moment when its worker is idle.
@test "many: who shares is found by a worker that is late to say that it is done" {
	requires root mrelease ptrace kcmp
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer has mutexes of its own"
	local alone shared
	start_victim --mib 4
	alone=$VICTIM
	start_victim --mib 4 --sharer
	shared=$VICTIM
	# The last of them is the one whose worker looks for all.
	for pids in "$alone $shared" "$shared $alone"; do
		# shellcheck disable=SC2086 # two numbers
		run --separate-stderr timeout --foreground "$RUN_LIMIT" env LATE_MS=250 \
			LD_PRELOAD="$HELPERS/latelock.so" "$MMREAP" kill --dry-run --json $pids 3>&-
		expect_status 64
		[ "$(jq -r '[.kill[] | "\(.outcome) \(.sharers | length)"] | sort | join(", ")' \
			<<<"$output")" = "reaped 0, refused-shared 1" ]
	done
	run --separate-stderr timeout --foreground "$RUN_LIMIT" env LATE_MS=250 \
		LD_PRELOAD="$HELPERS/latelock.so" "$MMREAP" kill --json "$alone" "$shared" 3>&-
	expect_status 64
	untouched "$shared"
	is_gone "$alone"
}

# Where threads share it, each doubling of the table waits for an RCU grace period.
@test "many: the table of descriptors grows before there are threads" {
	requires mrelease ptrace strace
	local top most
	mixed 24
	run --separate-stderr under_strace -e trace=fcntl,clone3,openat,pidfd_open \
		"$MMREAP" kill --json "${PIDS[@]}"
	expect_status 0
	top=$(sed '/clone3/,$d' trace | grep -oP 'F_DUPFD_CLOEXEC.*= \K[0-9]+$' | sort -g | tail -n 1)
	most=$(sed '1,/clone3/d' trace | grep -oP 'openat\(.*= \K[0-9]+$' | sort -g | tail -n 1)
	say "24 targets: descriptors up to $most, made room for $top"
	((most > 64 && most <= top))
}

@test "many: each gets its own outcome" {
	requires root mrelease ptrace kcmp
	local gone a b c d
	start_victim --mib 4
	gone=$VICTIM
	stop_job "$VICTIM"
	start_victim --mib 16
	a=$VICTIM
	start_victim --mib 16 --sharer=1
	b=$VICTIM
	start_victim --mib 16 --stop
	c=$VICTIM
	start_victim --zombie
	d=$VICTIM
	kill_json "$a" "$gone" "$b" 1 "$c" 2 "$d"
	expect_status 64
	[ "$(jq -r '[.kill[].outcome] | join(" ")' <<<"$output")" = \
		"reaped no-process refused-shared refused-protected reaped refused-protected exited" ]
	untouched "$b"
}

@test "many: one that blocks does not keep the others" {
	requires root mrelease ptrace
	local blocked
	start_victim --mib 16 --trace-exit
	blocked=$VICTIM
	mixed 6
	kill_json --timeout 2 "$blocked" "${PIDS[@]}"
	expect_status 64
	[ "$(jq -r '[.kill[].outcome] | sort | unique | join(" ")' <<<"$output")" = "pending reaped" ]
	[ "$(jq '[.kill[] | select(.outcome == "reaped")] | length' <<<"$output")" -eq 6 ]
}

# A reap that waits for the mmap lock takes no CPU: the others get that, the biggest first.
@test "many: reaps that block do not keep the others" {
	requires mrelease ptrace seccomp
	local blocked begin
	for blocked in 1 $(($(nproc) + 1)); do
		mixed 8
		begin=${EPOCHREALTIME/./}
		run --separate-stderr timeout 30 "$HELPERS/refuse" process_mrelease delay=10000 1 "$blocked" \
			"$MMREAP" kill --json -t 2 "${PIDS[@]}"
		say "8 reaps on $(nproc) CPUs, $blocked of them blocked: all done after" \
			"$(((${EPOCHREALTIME/./} - begin) / 1000)) ms"
		expect_status 64
		[ "$(jq -c '[.kill[].outcome] | group_by(.) | map({(.[0]): length}) | add' <<<"$output")" = \
			"{\"pending\":$blocked,\"reaped\":$((8 - blocked))}" ]
		[ "$(jq '[.kill[] | select(.outcome == "reaped").exit_ms] | max < 1500' <<<"$output")" = true ]
	done
}

@test "many: with few descriptors" {
	requires mrelease ptrace
	mixed 24
	# The soft limit is raised; under a low hard one each is done or named, and none is only signalled.
	run --separate-stderr bash -c 'ulimit -S -n 32; exec timeout 60 "$@"' - \
		"$MMREAP" kill --json "${PIDS[@]}"
	expect_status 0
	mixed 24
	run --separate-stderr bash -c 'ulimit -n 64; exec timeout 60 "$@"' - \
		"$MMREAP" kill --json "${PIDS[@]}"
	say "24 targets, 64 descriptors: status $status, $(jq -c '[.kill[]? | .outcome] | group_by(.) |
		map({(.[0]): length}) | add' <<<"$output")"
	jq -e --slurp 'length == 1' <<<"$output" >/dev/null
	((status != 137 && status != 124))
	local pid i=0
	for pid in "${PIDS[@]}"; do
		case $(jq -r --argjson pid "$pid" '.kill[]? | select(.pid == $pid) | .outcome' <<<"$output") in
		reaped | freed | exited | killed) is_gone "$pid" ;;
		'' | failed | denied | unsupported) untouched "$pid" ;;
		*) ;;
		esac
	done
}

@test "many: with few threads" {
	requires root nobody mrelease ptrace
	local pid
	PIDS=()
	for _ in 1 2 3 4 5 6; do
		start_victim --mib 4 --uid 65534
		PIDS+=("$VICTIM")
	done
	# Victims count too: room for a handful of threads, not for two for each.
	run --separate-stderr timeout 60 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all -- prlimit --nproc=12 "$MMREAP" kill --json -t 10 "${PIDS[@]}"
	say "6 targets, room for 6 threads: status $status, $(jq -c '[.kill[]? | .outcome] | group_by(.) |
		map({(.[0]): length}) | add' <<<"$output")"
	jq -e --slurp 'length == 1' <<<"$output" >/dev/null
	((status != 137 && status != 124))
	for pid in "${PIDS[@]}"; do
		case $(jq -r --argjson pid "$pid" '.kill[] | select(.pid == $pid) | .outcome' <<<"$output") in
		reaped | freed | exited | killed) is_gone "$pid" ;;
		failed | denied) untouched "$pid" ;;
		*) ;;
		esac
	done
}
