#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An address space that several processes use: all of them, or none, or only the target.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

killed_pids() {
	jq -r '[.kill[0].killed[].pid] | sort | map(tostring) | join(" ")' <<<"$output"
}

sorted() {
	printf '%s\n' "$@" | sort -n | paste -sd ' '
}

@test "sharers: kill, from 1 to 20 of them, with and without threads" {
	requires root mrelease ptrace kcmp
	local n pid
	for n in 1 2 3 5 8 20; do
		start_victim --mib 64 --sharer=$n --threads $((n % 3))
		kill_json --sharers kill "$VICTIM"
		expect_status 0
		expect outcome reaped exited true sharers "$n"
		[ "$(killed_pids)" = "$(sorted "${OTHERS[@]}")" ]
		for pid in "$VICTIM" "${OTHERS[@]}"; do
			is_gone "$pid"
		done
	done
}

@test "sharers: kill, any one of them as the target" {
	requires root mrelease ptrace kcmp
	start_victim --mib 32 --sharer=3
	kill_json --sharers kill "${OTHERS[1]}"
	expect_status 0
	expect_one_of outcome reaped freed
	[ "$(killed_pids)" = "$(sorted "$VICTIM" "${OTHERS[0]}" "${OTHERS[2]}")" ]
	is_gone "$VICTIM"
}

@test "sharers: all of them are targets, that is consent" {
	requires root mrelease ptrace kcmp
	start_victim --mib 32 --sharer=3
	kill_json "$VICTIM" "${OTHERS[@]}"
	expect_status 0
	[ "$(jq '.kill | length' <<<"$output")" -eq 4 ]
	[ "$(jq '[.kill[] | select(.exited)] | length' <<<"$output")" -eq 4 ]
}

@test "sharers: some of them are targets, one is not: nobody is touched" {
	requires root mrelease ptrace kcmp
	local pid
	start_victim --mib 32 --sharer=2
	kill_json "$VICTIM" "${OTHERS[0]}"
	expect_status 7
	for pid in "$VICTIM" "${OTHERS[@]}"; do
		untouched "$pid"
	done
	[[ $(json_row 0 | jq -r .message) == *"${OTHERS[1]}"* ]]
}

# The look has 2 seconds as long as nobody is compared; all together takes longer. In a PID namespace, where
# there are few.
@test "sharers: slow comparisons of few processes are waited for" {
	requires root mrelease ptrace kcmp seccomp pidns
	run --separate-stderr timeout 60 unshare --pid --fork --mount-proc --kill-child bash -c '
		exec 3< <(exec "$0/victim" --mib 16 --sharer=1)
		read -r pid <&3
		"$0/refuse" kcmp delay=400 1 0 "$1" kill --json "$pid"' "$HELPERS" "$MMREAP"
	expect_status 7
	expect outcome refused-shared sharers 1
}

@test "sharers: spare kills one and leaves the memory" {
	requires root mrelease ptrace kcmp
	local pid
	start_victim --mib 32 --sharer=2
	kill_json --sharers spare "$VICTIM"
	expect_status 0
	expect outcome spared exited true
	[ "$(killed_pids)" = "" ]
	is_gone "$VICTIM"
	for pid in "${OTHERS[@]}"; do
		untouched "$pid"
		(($(rss_kib "$pid") >= 32768))
	done
	[[ $(json_row 0 | jq -r .message) == *"${OTHERS[0]}"* ]]
}

@test "sharers: dry run of each way touches nobody" {
	requires root mrelease kcmp
	local way
	start_victim --mib 32 --sharer=2
	for way in kill:reaped:0 spare:spared:0 refuse:refused-shared:7; do
		kill_json --dry-run --sharers "${way%%:*}" "$VICTIM"
		expect_status "${way##*:}"
		way=${way%:*}
		expect outcome "${way#*:}" dry_run true
	done
	untouched "$VICTIM"
	untouched "${OTHERS[0]}"
}

# as_nobody_json CAPABILITIES ARGUMENT...: kill_json by uid 65534 with those rights and no more
as_nobody_json() {
	local caps=${1:-"-all"}
	run --separate-stderr timeout 30 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps="$caps" --ambient-caps="$caps" -- "$MMREAP" kill --json "${@:2}"
	[ "$(jq --slurp length <<<"$output")" -eq 1 ]
}

@test "sharers: one of another user, nothing at all is signalled" {
	requires root nobody mrelease kcmp
	local pid way
	# All are nobody's, but for the one that is the first and root's: seen, and not to be signalled.
	start_victim --mib 16 --sharer=3 --sharer-uid 65534
	for way in kill refuse spare; do
		as_nobody_json +sys_ptrace --sharers "$way" --dry-run "${OTHERS[0]}"
		[ "$way" = spare ] || ((status == 6 || status == 7))
	done
	for way in kill refuse; do
		as_nobody_json +sys_ptrace --sharers "$way" "${OTHERS[0]}"
		((status == 6 || status == 7))
		[[ $(jq -r '.kill[0].message' <<<"$output") == *"$VICTIM"* ]]
		for pid in "$VICTIM" "${OTHERS[@]}"; do
			untouched "$pid"
		done
	done
	as_nobody_json +sys_ptrace --sharers kill "$VICTIM"
	expect_status 6
	for pid in "$VICTIM" "${OTHERS[@]}"; do
		untouched "$pid"
	done
	as_nobody_json +sys_ptrace --sharers spare "${OTHERS[0]}"
	expect_status 0
	[ "$(jq -r '.kill[0].outcome' <<<"$output")" = spared ]
	untouched "$VICTIM"
	untouched "${OTHERS[1]}"
}

# child_of PID: the one that its main thread has; false: it has none yet
child_of() {
	local child
	child=$(<"/proc/$1/task/$1/children")
	[ -n "$child" ] && echo "${child%% *}"
}

@test "sharers: one of another user that comes when the rights have been asked for" {
	requires root nobody mrelease ptrace kcmp seccomp
	local late code=0 caps=+sys_ptrace,+dac_read_search
	start_victim --mib 16 --real-uid 65534 --sharer --late-sharer 0
	: >steps
	"$HELPERS/refuse" SIGKILL until=go 1 1 "$(type -P setpriv)" --reuid 65534 --regid 65534 \
		--clear-groups --inh-caps="$caps" --ambient-caps="$caps" -- \
		"$MMREAP" kill --verbose --json --sharers kill -t 3 "$VICTIM" >output 2>steps 3>&- &
	until_true 20 grep -q 'hold (PTRACE_SEIZE)' steps
	kill -USR1 "${OTHERS[0]}"
	until_true 5 child_of "${OTHERS[0]}"
	late=$(child_of "${OTHERS[0]}")
	: >go
	wait "$!" || code=$?
	output=$(<output)
	echo "$output"
	((code == 8))
	expect outcome pinned exited true sharers 1
	[ "$(killed_pids)" = "${OTHERS[0]}" ]
	is_gone "$VICTIM"
	untouched "$late"
	# It could be seen; that it may not be signalled says nothing else about who shares.
	[[ $(json_row 0 | jq -r .message) == *"$late"* ]]
	[[ $(json_row 0 | jq -r .message) != *"kcmp is refused"* ]]
}

@test "sharers: who cannot be known does not refuse; it is said, and is no success" {
	requires root nobody mrelease kcmp
	start_victim --mib 16 --sharer=2 --sharer-uid 65534
	as_nobody_json "" --sharers kill "${OTHERS[0]}" -t 2
	((status != 0))
	[[ $(jq -r '.kill[0].message' <<<"$output") == *@("could not be checked"|"no right")* ]]
	is_gone "${OTHERS[0]}"
	untouched "$VICTIM"
	(($(rss_kib "$VICTIM") >= 16384))
}

@test "sharers: kill, while they make new ones all the time" {
	requires root mrelease ptrace kcmp
	for _ in {1..10}; do
		start_helper comet --vm --mother 2
		kill_json --sharers kill "$FIRST_LINE"
		expect_status 0
		expect exited true
		expect_one_of outcome reaped freed
		is_gone "$FIRST_LINE"
		exec {HELPER_FD}<&-
	done
}

@test "sharers: kill, while each lives only long enough to make the next" {
	requires root mrelease ptrace kcmp
	local caught=0
	for _ in {1..5}; do
		start_helper comet --vm
		kill_json --sharers kill -t 2 "$FIRST_LINE"
		case $(json_row 0 | jq -r .outcome) in
		reaped | freed)
			expect_status 0
			caught=$((caught + 1))
			;;
		pinned)
			expect_status 8
			;;
		pending)
			expect_status 3
			;;
		*)
			false
			;;
		esac
		is_gone "$FIRST_LINE"
		exec {HELPER_FD}<&-
	done
	say "a sharer that lives for a millisecond and leaves another: caught $caught of 5"
}

@test "sharers: refuse, while they make new ones all the time" {
	requires root mrelease kcmp
	local refused=0
	for _ in {1..10}; do
		start_helper comet --vm --mother 5
		kill_json --timeout 5 "$FIRST_LINE"
		# Seen or not: what is said fits what was done.
		case $(json_row 0 | jq -r .outcome) in
		refused-shared)
			refused=$((refused + 1))
			untouched "$FIRST_LINE"
			;;
		reaped | freed | pinned | pending)
			until_true 5 is_gone "$FIRST_LINE"
			;;
		*)
			false
			;;
		esac
		exec {HELPER_FD}<&-
	done
	say "sharers that live for a millisecond: refused $refused of 10"
	((refused >= 5))
}

@test "sharers: a robust owner is handed over, whoever of them it is" {
	requires root mrelease ptrace kcmp
	local who mutex way
	for way in "--own-robust leader" "--own-robust thread" "--own-robust thread --threads 5"; do
		for who in 1 2 3; do
			mutex=$BATS_TEST_TMPDIR/mutex-$who
			# shellcheck disable=SC2086 # options
			start_victim --mib 32 --sharer=3 --shm "$mutex" $way
			start_helper waiter --timeout 30000 "$mutex"
			# The owner is the target, or shares the memory of the target.
			if ((who == 1)); then
				kill_json --sharers kill "$VICTIM"
			else
				kill_json --sharers kill "${OTHERS[who - 1]}"
			fi
			expect_status 0
			expect exited true
			expect_one_of outcome reaped freed
			read -r -t 5 -u "$HELPER_FD"
			[ "$REPLY" = recovered ]
			rm "$mutex"
		done
	done
}

@test "sharers: a vfork child gets 200 ms" {
	requires root mrelease ptrace kcmp
	local begin took
	start_victim --mib 32 --vfork-exec-ms 100
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped
	untouched "${OTHERS[0]}"
	start_victim --mib 32 --vfork
	begin=${EPOCHREALTIME/./}
	kill_json "$VICTIM"
	took=$((${EPOCHREALTIME/./} - begin))
	expect_status 7
	expect outcome refused-shared
	say "a vfork child that stays: refused after $((took / 1000)) ms"
	((took >= 200000))
	untouched "$VICTIM"
	untouched "${OTHERS[0]}"
}

@test "sharers: a vfork pair with kill and with spare" {
	requires root mrelease ptrace kcmp
	start_victim --mib 32 --vfork
	kill_json --sharers spare "$VICTIM"
	expect_status 0
	expect outcome spared
	untouched "${OTHERS[0]}"
	start_victim --mib 32 --vfork
	kill_json --sharers kill "$VICTIM"
	expect_status 0
	expect_one_of outcome reaped freed
	[ "$(killed_pids)" = "${OTHERS[0]}" ]
	until_true 5 is_gone "${OTHERS[0]}"
}

@test "sharers: frozen ones, v1, one reap for all" {
	requires root mrelease kcmp freezer-v1
	cgroup_make v1 shared freezer
	start_victim --mib 64 --sharer=2
	cgroup_add "$CGROUP" "$VICTIM" "${OTHERS[@]}"
	freeze "$CGROUP"
	kill_json --sharers kill "$VICTIM"
	expect_status 0
	expect outcome reaped exited false
	[ "$(rss_kib "$VICTIM")" -eq 0 ]
	thaw "$CGROUP"
	until_true 5 is_gone "${OTHERS[0]}"
	until_true 5 is_gone "${OTHERS[1]}"
}

@test "sharers: who keeps the memory of a dying process is named" {
	requires root mrelease kcmp
	start_victim --mib 16 --sharer --trace-exit
	kill -KILL "$VICTIM"
	in_exit_stop() { [ "$(state_of "$VICTIM")" = t ]; }
	until_true 5 in_exit_stop
	kill_json --reap-only -t 500ms "$VICTIM"
	expect_status 3
	expect outcome pending sharers 1 errno EINVAL
	[[ $(json_row 0 | jq -r .message) == *"; its memory is shared with 1 process (${OTHERS[0]} "* ]]
	untouched "${OTHERS[0]}"
}

# in_hidepid COMMAND: by a shell without any right, where /proc hides whom it may not inspect
in_hidepid() {
	printf 'mount -t proc -o hidepid=2 proc /proc && exec %s %q\n' \
		'setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all bash -c' "$1" >hidden
	run --separate-stderr unshare --mount bash hidden
}

@test "sharers: who is hidden may share" {
	requires root nobody mrelease kcmp
	start_victim --mib 16 --sharer --sharer-uid 65534
	in_hidepid "'$MMREAP' kill --dry-run --json ${OTHERS[0]}"
	expect_status 0
	expect outcome reaped sharers null
	[[ $(json_row 0 | jq -r .message) == *"may be hidden: /proc hides the processes of other users"* ]]
	in_hidepid "'$MMREAP' kill --json -t 2 ${OTHERS[0]}"
	((status != 0))
	expect sharers null
	[[ $(json_row 0 | jq -r .message) == *"may be hidden: /proc hides the processes of other users"* ]]
	is_gone "${OTHERS[0]}"
	untouched "$VICTIM"
	# Who has been reaped shared with nobody who lives.
	in_hidepid "sleep 60 & '$MMREAP' kill --json \$!"
	expect_status 0
	expect outcome reaped sharers 0
	[[ $(json_row 0 | jq -r .message) != *hidden* ]]
}

@test "sharers: who is in another PID namespace may share" {
	requires root mrelease kcmp pidns
	run --separate-stderr unshare --pid --fork --mount-proc --kill-child bash -c \
		'sleep 60 & "$0" kill --dry-run --json $!' "$MMREAP"
	expect_status 0
	expect outcome reaped sharers null
	[[ $(json_row 0 | jq -r .message) == *"may be hidden: processes outside of this PID namespace"* ]]
}

# As root in a container, who may not ask about its init; but whose VmPeak can be read.
@test "sharers: of a few that cannot be compared kill knows what sharers knows" {
	requires root mrelease ptrace kcmp
	start_victim --mib 8
	mmreap sharers --source kcmp --json "$VICTIM"
	expect_status 0
	[ "$(jq '.sharers[0].incomplete' <<<"$output")" = null ] ||
		skip "there are others of whom nothing can be known"
	kill_json --dry-run "$VICTIM"
	expect outcome reaped sharers 0
	kill_json "$VICTIM"
	expect outcome reaped sharers 0
}

@test "sharers: where kcmp is refused nobody is called alone" {
	requires mrelease ptrace
	start_victim --mib 8 --sharer=2
	run --separate-stderr "$HELPERS/refuse" kcmp EPERM 1 0 "$MMREAP" kill --json --dry-run "$VICTIM"
	expect_status 0
	expect sharers null
	[[ $(json_row 0 | jq -r .message) == *"kcmp is refused"* ]]
	untouched "$VICTIM"
}
