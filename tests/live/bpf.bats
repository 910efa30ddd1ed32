#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The kernel's own view: when it is used, that it tells the truth, and that all works without it.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats
# shellcheck disable=SC2030,SC2031 # each test has a WATCH of its own

load ../lib/live
load ../lib/look

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

# groups SOURCE [TARGET...]: who is with whom and how, of those in MINE
groups() {
	local source=$1
	shift
	timeout --foreground --kill-after=5 "$RUN_LIMIT" \
		"$MMREAP" sharers --json --source "$source" "${@---all}" >groups.out
	jq --compact-output --argjson mine "[$(printf '%s,' "${MINE[@]}")0]" --arg source "$source" '
		[.sharers | group_by(.group)[] | select(any(.[]; .pid as $p | any($mine[]; . == $p)))
		| map(if .source != $source then error("source \(.source)") else . end)
		| map({pid, inode, ppid, user, relation, threads, rss, killable, comm, cgroup})
		| sort_by(.pid)] | sort | .[]' groups.out
}

@test "kernel view: the same groups and relations as by kcmp, over some hundred processes" {
	requires root bpf kcmp
	local kind n_groups
	local -a MINE=() LIVING=() kinds=("--sharer=2" "--vfork" "--threads 3" "--fork-cow"
		"--dead-leader --threads 2" "--sharer --uid 65534" "--sharer --sharer-uid 65534"
		"--vfork --uid 65534" "--zombie")
	for _ in {1..20}; do
		for kind in "${kinds[@]}"; do
			# shellcheck disable=SC2086 # a list of options
			start_victim --mib 1 $kind
			MINE+=("$VICTIM" "${OTHERS[@]}")
			[ "$kind" = --zombie ] || LIVING+=("$VICTIM" "${OTHERS[@]}")
		done
	done
	say "${#MINE[@]} processes"
	((${#MINE[@]} > 300))
	groups kcmp >by-kcmp
	groups bpf >by-bpf
	n_groups=$(wc -l <by-bpf)
	# Of each twenty: all but threads, fork-cow, dead leaders and zombies.
	[ "$n_groups" -eq 100 ]
	diff by-kcmp by-bpf
	# From the side of each of them; the order of the groups is that of the targets.
	groups kcmp "${LIVING[@]}" >by-kcmp
	groups bpf "${LIVING[@]}" >by-bpf
	diff by-kcmp by-bpf
	[ "$(wc -l <by-bpf)" -eq 180 ]
	# Who has no address space has none in both.
	for source in kcmp bpf; do
		look sharers --source "$source" "$VICTIM"
		expect_status 5
		says "no address space"
	done
}

@test "kernel view: flags, counters and a decided end" {
	requires root bpf
	start_victim --mib 1 --threads 3 --nondumpable
	look status "$VICTIM"
	sees source bpf users 4 sharers 0
	[[ ",$(looked '.[0].flags')," == *,MMF_DUMPABLE=0,* || $(uname -r) == 7.* ]]
	look status --source proc "$VICTIM"
	sees source proc users null count null
	start_victim --mib 1 --sharer
	look status "$VICTIM"
	sees source bpf users 2 sharers 1
	[[ ",$(looked '.[0].flags')," == *,MMF_MULTIPROCESS,* ]]
	look sharers "$VICTIM"
	sees source bpf users 2 relation target incomplete null
	# A dead leader shows nothing in /proc/PID; its threads have it.
	start_victim --mib 1 --dead-leader --threads 3
	look status "$VICTIM"
	sees source bpf phase zombie-leader users "$(($(looked '.[0].threads') - 1))"
}

@test "kernel view: a reap shows in the flags" {
	requires root bpf mrelease ptrace
	start_victim --mib 8 --traced --trace-exit
	kill -KILL "$VICTIM"
	until_true 20 is_in_exit_stop
	look status "$VICTIM"
	sees source bpf phase exit-stop
	[[ $(looked '.[0].evidence') == *"(SIGNAL_GROUP_EXIT)"* ]]
	[[ $(looked '.[0].flags') != *MMF_UNSTABLE* ]]
	mmreap kill --reap-only --timeout 1 --verbose "$VICTIM"
	expect_status 3
	[[ $stderr =~ "$VICTIM: mm_users 1, mm_count "[0-9]+"; threads that have it: 1; flags: MMF_UNSTABLE" ]]
	look status "$VICTIM"
	sees source bpf phase reaped
	[[ $(looked '.[0].flags') == *MMF_UNSTABLE* ]]
	[[ $(looked '.[0].evidence') == *"(MMF_UNSTABLE)"* ]]
	look status --source proc "$VICTIM"
	sees source proc phase reaped
}

is_in_exit_stop() {
	[ "$(state_of "$VICTIM")" = t ]
}

@test "kernel view: who may not ask it gets /proc and kcmp, and it is said" {
	requires root nobody bpf kcmp
	run_by "${NOBODY[@]}"
	start_victim --mib 1 --uid 65534
	look sharers "$VICTIM"
	sees source kcmp users null
	look status "$VICTIM"
	sees source proc users null count null
	for command in sharers status; do
		look "$command" --source bpf "$VICTIM"
		expect_status 4
		[[ $(jq -r .error.message <<<"$output") == "--source bpf: "* ]]
	done
}
