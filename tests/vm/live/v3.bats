#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# mmreap on a kernel that knows the flag in its third form: the call kills everyone who shares the
# mm, and gives EBUSY after it has killed some of them where it may not kill all.
#
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../../lib/live
load flag

# sees every sharer, may signal its own processes only
SEES_ALL='setpriv --reuid=1000 --regid=1000 --clear-groups --inh-caps=-all,+sys_ptrace
	--ambient-caps=+sys_ptrace --bounding-set=-all,+sys_ptrace'
SEES_ALL=${SEES_ALL//$'\n'/ }
# sees its own only
PLAIN_USER='setpriv --reuid=1000 --regid=1000 --clear-groups'

@test "v3: reap-kill is one process_mrelease with the flag, 50 of 50" {
	start_victim --mib 8
	traced kill --json -m reap-kill --robust ignore "$VICTIM"
	expect_status 0
	expect outcome reaped method reap-kill
	[ "$FLAG_CALLS" -eq 1 ]
	[ "$PLAIN_CALLS" -eq 0 ]
	[ "$KILL_SIGNALS" -eq 0 ]
	series 50 -- "$MMREAP" kill --json -m reap-kill --robust ignore -- --mib 8
	all_of outcome reaped
}

@test "v3: a pair is refused without consent, although the kernel would kill both" {
	in_world pair kill --json -m reap-kill --robust ignore TARGET
	expect_status 7
	expect outcome refused-shared
	[ "$FATES" = "target=lives other=lives" ]
}

@test "v3: --sharers kill ends a pair, reaped once" {
	WORLD_TRACE=yes in_world pair kill --json --sharers kill TARGET
	expect_status 0
	expect outcome reaped
	[ "$(json_row 0 | jq '.killed | length')" -eq 1 ]
	[ "$FATES" = "target=SIGKILL other=SIGKILL" ]
	[ "$FLAG_CALLS" -eq 0 ]
	[ "$KILL_SIGNALS" -eq 2 ]
}

@test "v3: --sharers kill, one of them may not be killed: the kernel kills half, mmreap nobody" {
	WORLD_AS=$SEES_ALL in_world mixed-own kill --json --sharers kill TARGET
	expect_status 6
	expect outcome denied
	[ "$FATES" = "target=lives other=lives" ]

	# the bare call, in the same situation
	# shellcheck disable=SC2086 # words
	run "$HELPERS/world" mixed-own $SEES_ALL "$HELPERS/mrelease" TARGET 1 OTHER 3>&-
	[ "${lines[0]}" = "EBUSY rss=kept" ]
	[ "${lines[1]}" = "fates: target=SIGKILL other=lives" ]
}

@test "v3: mixed owners, the target is the one that may not be killed: nobody is signalled" {
	WORLD_AS=$SEES_ALL in_world mixed-foreign kill --json --sharers kill TARGET
	expect_status 6
	expect outcome denied
	[ "$FATES" = "target=lives other=lives" ]
}

@test "v3: a sharer that the caller cannot see: EBUSY from the call, pinned, and it says why" {
	WORLD_AS=$PLAIN_USER in_world mixed-own kill --json -t 2 -m reap-kill \
		--robust ignore TARGET
	expect_status 8
	expect outcome pinned
	[[ $(json_row 0 | jq -r '"\(.errno) \(.message)"') == *EBUSY* ]]
	[ "$FATES" = "target=SIGKILL other=lives" ]
}

@test "v3: a sharer that the caller cannot see: auto does not take the flag" {
	WORLD_AS=$PLAIN_USER in_world mixed-own kill --json -t 2 --robust ignore TARGET
	expect_status 8
	expect outcome pinned method kill-reap
	[ "$FATES" = "target=SIGKILL other=lives" ]
}

@test "v3: a sharer outside the PID namespace: pinned, and it says so" {
	in_world foreign-sharer kill --json -t 2 TARGET
	expect_status 8
	expect outcome pinned
	[ "$FATES" = "target=SIGKILL other=lives" ]
}

@test "v3: a sharer in an inner PID namespace: refused, or killed with consent" {
	in_world inner-sharer kill --json TARGET
	expect_status 7
	[ "$FATES" = "target=lives other=lives" ]
	in_world inner-sharer kill --json --sharers kill TARGET
	expect_status 0
	expect outcome reaped
	[ "$FATES" = "target=SIGKILL other=SIGKILL" ]
}

@test "v3: a vfork pair: refused, or killed with consent" {
	in_world vfork-parent kill --json -m reap-kill --robust ignore TARGET
	expect_status 7
	[ "$FATES" = "target=lives other=lives" ]
	in_world vfork-parent kill --json --sharers kill TARGET
	expect_status 0
	[ "$FATES" = "target=SIGKILL other=SIGKILL" ]
}
