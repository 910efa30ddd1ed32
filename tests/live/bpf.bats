#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own view: when it is used, that it tells the truth, and that all works without it.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2030,SC2031 # each test has a WATCH of its own

load ../lib/live

# In a mount namespace of its own: nothing of it is left.
need_tracefs() {
	unshare --mount sh -c 'mount -t tracefs nodev /sys && ls /sys/events/mmap/exit_mmap/enable' \
		>/dev/null
}

# trace_start: exit_mmap events, in a trace of our own, on the clock that everybody can read
trace_start() {
	TRACEFS=$BATS_TEST_TMPDIR/tracefs
	mkdir "$TRACEFS"
	mount -t tracefs nodev "$TRACEFS"
	at_end "umount '$TRACEFS'"
	TRACE=$TRACEFS/instances/mmreap-test-$MY_PID
	mkdir "$TRACE"
	at_end "rmdir '$TRACE'"
	echo mono >"$TRACE/trace_clock"
	echo 8192 >"$TRACE/buffer_size_kb"
	echo 1 >"$TRACE/events/mmap/exit_mmap/enable"
}

# trace_events: "PID MS" of who tore an mm down
trace_events() {
	sed -n 's/^.*-\([0-9]*\) *\[[0-9]*\] [^ ]* *\([0-9.]*\): exit_mmap: .*/\1 \2/p' "$TRACE/trace" |
		awk '{ printf "%d %.3f\n", $1, $2 * 1000 }'
}

watch_start() {
	# Emptied here: what is started empties it some time later.
	: >watch.out
	timeout --foreground --kill-after=5 "$RUN_LIMIT" \
		"$MMREAP" watch --json "$@" >watch.out 2>watch.err 3>&- &
	WATCH=$!
	until_true 20 grep -q '"event":"start"' watch.out
}

# of EVENT KEY
of() {
	jq --raw-output "select(.event == \"$1\") | .$2" watch.out
}

@test "kernel view: the end of the teardown is told by its event" {
	requires root bpf
	start_victim --mib 64
	watch_start --source bpf "$VICTIM"
	kill -KILL "$VICTIM"
	wait "$WATCH"
	[ "$(of reaped source)" = exit_mmap ]
	[[ "$(of reaped message)" == *"address space torn down"* ]]
}

@test "kernel view: --source proc does not ask it" {
	requires root bpf
	start_victim --mib 8
	watch_start --source proc "$VICTIM"
	kill -KILL "$VICTIM"
	wait "$WATCH"
	[ "$(of reaped source)" = pagemap ]
}

@test "kernel view: without the right to it /proc is used, and that is said" {
	requires root nobody
	start_victim --mib 8 --uid 65534
	as_nobody timeout --foreground 20 "$MMREAP" watch --json --verbose "$VICTIM" \
		>watch.out 2>watch.err 3>&- &
	WATCH=$!
	until_true 20 grep -q '"event":"start"' watch.out
	kill -KILL "$VICTIM"
	wait "$WATCH"
	[ "$(of reaped source)" = pagemap ]
	[[ "$(<watch.err)" == "mmreap: no kernel events ("*"): the source is /proc alone" ]]
	run as_nobody timeout --foreground 20 "$MMREAP" watch --source bpf "$VICTIM"
	((status == 4))
}

@test "kernel view: pinned, then torn down by somebody else" {
	requires root bpf userfaultfd
	local reader
	start_victim --mib 256
	start_helper reader --mem "$VICTIM"
	reader=$HELPER_JOB
	watch_start --source bpf "$VICTIM"
	kill -KILL "$VICTIM"
	until_true 20 grep -q '"event":"exited"' watch.out
	stop_job "$reader"
	wait "$WATCH"
	cat watch.out
	[ "$(of reaped source)" = exit_mmap ]
	# From the pagemap alone it would be "may still be freeing it".
	[[ "$(of reaped message)" == *"address space torn down"* ]]
}

@test "kernel view: an execve is followed" {
	requires root bpf
	start_victim --mib 8 --exec-loop-us 400000
	watch_start --source bpf "$VICTIM"
	until_true 20 grep -q '"event":"exec"' watch.out
	kill -KILL "$VICTIM"
	wait "$WATCH"
	[ "$(of reaped pid)" = "$VICTIM" ]
}

@test "kernel view: a sharer is left, and no teardown is told" {
	requires root bpf kcmp
	local got=0
	start_victim --mib 16 --sharer
	watch_start --source bpf --timeout 1 "$VICTIM"
	kill -KILL "$VICTIM"
	wait "$WATCH" || got=$?
	((got == 3))
	[ -z "$(of reaped pid)" ]
	[[ "$(of timeout blocker)" == "${OTHERS[0]} "* ]]
}

@test "kernel view: 1000 exits, no verdict before the event" {
	requires root bpf tracefs
	trace_start
	timeout --foreground 200 "$HELPERS/watchers" many 1000 "$MMREAP" watch --json --source bpf \
		--interval 1s >seen
	echo 0 >"$TRACE/tracing_on"
	trace_events >traced
	[ "$(wc -l <seen)" -eq 1000 ]
	awk 'NR == FNR { end[$1] = $2; next }
		!($1 in end) { missing++; next }
		{ n++; if ($2 < end[$1]) early++ }
		END { print n + 0, "compared,", early + 0, "early,", missing + 0, "without an event"
			exit !(n == 1000 && !early) }' traced seen >result || {
		cat result
		return 1
	}
	say "$(<result)"
}

@test "kernel view: 200 exits at the same moment, none wrong, none hangs" {
	requires root bpf
	run timeout --foreground 300 "$HELPERS/watchers" race 200 "$MMREAP" watch --json \
		--source bpf --timeout 500ms
	echo "$output"
	((status == 0))
	say "$output"
	[ "$(jq .wrong <<<"${lines[-1]}")" -eq 0 ]
}
