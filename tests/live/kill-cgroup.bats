#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# --cgroup: everybody in it, nobody else, and nothing of it left frozen.
#
# shellcheck disable=SC2016 # expanded by the inner shell
# shellcheck disable=SC2030,SC2031 # a test is a subshell
# shellcheck disable=SC2154 # status, output and stderr are set by bats

load ../lib/live

# make v1|v2 NAME: a cgroup that can be frozen
make() {
	cgroup_make "$1" "$2" freezer
}

# count WORD: rows with that outcome
count() {
	jq --arg word "$1" '[.kill[] | select(.outcome == $word)] | length' <<<"$output"
}

is_thawed() {
	if [ -e "$1/freezer.state" ]; then
		[ "$(<"$1/freezer.state")" = THAWED ]
	else
		grep -qx 0 "$1/cgroup.freeze" && grep -qx 'frozen 0' "$1/cgroup.events"
	fi
}

is_empty() {
	[ -z "$(cat "$1/cgroup.procs")" ]
}

# respawners DIR COUNT: processes that start each other anew; the one who started them is not in it
respawners() {
	start_victim --respawn "$2"
	cgroup_add "$1" "${OTHERS[@]}"
}

# all_of_them v1|v2
all_of_them() {
	local outside
	start_victim --mib 4
	outside=$VICTIM
	make "$1" ring
	respawners "$CGROUP" 200
	kill_json --cgroup "$CGROUP"
	expect_status 0
	(($(jq '.kill | length' <<<"$output") >= 200))
	is_empty "$CGROUP"
	is_thawed "$CGROUP"
	# Nobody was quick enough to start another one, not even in another cgroup.
	stop_job "$VICTIM_JOB"
	is_empty "$CGROUP"
	untouched "$outside"
	say "$1: 200 that start each other anew: $(jq '.kill | length' <<<"$output") rows," \
		"$(count reaped) reaped, $(count freed) freed, $(count exited) exited"
}

@test "cgroup: 200 processes that start each other anew, v2" {
	requires root mrelease ptrace freezer-v2
	all_of_them v2
}

@test "cgroup: 200 processes that start each other anew, v1" {
	requires root mrelease ptrace freezer-v1
	all_of_them v1
}

# comets DIR COUNT: processes that live for a moment and leave a successor
comets() {
	start_helper comet 1
	cgroup_add "$1" "$BASHPID"
	start_helper comet "$2"
	cgroup_add "${1%/*}" "$BASHPID" "$HELPER_JOB"
}

@test "cgroup: processes that nobody can list in time, v1 and v2" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	local version
	for version in v1 v2; do
		make "$version" "comet-$version"
		comets "$CGROUP" 5
		kill_json --cgroup "$CGROUP"
		expect_status 0
		is_empty "$CGROUP"
		is_thawed "$CGROUP"
	done
}

@test "cgroup: who cannot be stopped without a freezer is named, and it is no success" {
	requires root mrelease ptrace
	[ -n "$(cgroup_mount v1 pids)" ] || skip "no v1 pids hierarchy"
	cgroup_make v1 comet pids
	comets "$CGROUP" 5
	kill_json --cgroup "$CGROUP"
	# What is one moment old may be met by chance: then nobody is left.
	is_empty "$CGROUP" || {
		expect_status 64
		[[ $stderr == *"${CGROUP##*/}"*"could not be ended: "[1-9]* ]]
	}
}

# killer_ends v1|v2 SIGNAL STATUS: SIGNAL while the cgroup is frozen by us and nobody is signalled yet
killer_ends() {
	local killer
	make "$1" "guarded-$2"
	start_victim --mib 4
	cgroup_add "$CGROUP" "$VICTIM"
	# Every comparison takes a while: mmreap is in the middle for two seconds.
	strace -D -f -qq -o /dev/null -e trace=kcmp -e inject=kcmp:delay_enter=50000 \
		env --default-signal "$MMREAP" kill --cgroup "$CGROUP" 3>&- 2>"$BATS_TEST_TMPDIR/stderr" &
	killer=$!
	until_true 10 is_frozen "$CGROUP"
	kill -s "$2" "$killer"
	status=0
	wait "$killer" || status=$?
	((status == $3))
	until_true 5 is_thawed "$CGROUP"
	untouched "$VICTIM"
}

@test "cgroup: a guardian that gets no CPU does not keep the others waiting" {
	requires root mrelease ptrace strace freezer-v1 freezer-v2
	local version killer guardian
	for version in v1 v2; do
		make "$version" "slow-guardian-$version"
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		# In the middle for a second: time to find the guardian, the child of mmreap that sleeps.
		strace -D -f -qq -o /dev/null -e trace=kcmp \
			-e inject=kcmp:delay_enter=50000:when=1..20 \
			"$MMREAP" kill --json --cgroup "$CGROUP" 3>&- >stdout &
		killer=$!
		until_true 10 is_frozen "$CGROUP"
		guardian=$(pgrep --parent "$killer" --runstates S)
		kill -STOP "$guardian"
		until_true 30 is_gone "$killer"
		wait "$killer"
		is_gone "$guardian"
		is_thawed "$CGROUP"
		[ "$(jq -r '.kill[0].outcome' stdout)" = reaped ]
	done
}

@test "cgroup: mmreap is SIGKILLed, and nothing stays frozen" {
	requires root mrelease ptrace strace freezer-v1 freezer-v2
	killer_ends v2 KILL 137
	killer_ends v1 KILL 137
}

@test "cgroup: mmreap is told to stop, and nothing stays frozen" {
	requires root mrelease ptrace strace freezer-v1 freezer-v2
	killer_ends v2 TERM 143
	killer_ends v1 INT 130
}

@test "cgroup: several at once" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	local a b c
	make v2 a
	a=$CGROUP
	make v1 b
	b=$CGROUP
	make v2 c
	c=$CGROUP
	for CGROUP in "$a" "$b" "$c"; do
		start_victim --mib 8
		cgroup_add "$CGROUP" "$VICTIM"
	done
	start_victim --mib 4
	kill_json --cgroup "$a" --cgroup "$b" --cgroup "$c" --cgroup "$a" "$VICTIM"
	expect_status 0
	[ "$(jq '.kill | length' <<<"$output")" -eq 4 ]
	for CGROUP in "$a" "$b" "$c"; do
		is_empty "$CGROUP"
		is_thawed "$CGROUP"
	done
}

@test "cgroup: whoever is below is in it" {
	requires root mrelease ptrace freezer-v2
	local top version
	for version in v1 v2; do
		make "$version" top
		top=$CGROUP
		CGROUPS=("$top/a/b" "$top/a" "${CGROUPS[@]}")
		mkdir -p "$top/a/b"
		start_victim --mib 4
		cgroup_add "$top/a/b" "$VICTIM"
		start_victim --mib 4
		cgroup_add "$top" "$VICTIM"
		kill_json --cgroup "$top" --cgroup "$top/a"
		expect_status 0
		[ "$(jq '.kill | length' <<<"$output")" -eq 2 ]
		is_empty "$top/a/b"
		is_empty "$top"
		is_thawed "$top"
		is_thawed "$top/a/b"
		rmdir "$top/a/b" "$top/a" "$top"
		CGROUPS=()
	done
}

# deepen LEVELS: CGROUP is that far further down
deepen() {
	local i

	for ((i = 0; i < $1; i++)); do
		CGROUP+=/d
		mkdir "$CGROUP"
		CGROUPS=("$CGROUP" "${CGROUPS[@]}")
	done
}

@test "cgroup: what is too deep is not passed over" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	local version top
	for version in v1 v2; do
		make "$version" "deep-$version"
		top=$CGROUP
		deepen 64
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		kill_json --cgroup "$top"
		expect_status 0
		[ "$(jq .kill[0].pid <<<"$output")" -eq "$VICTIM" ]
		deepen 1
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		start_victim --mib 4
		cgroup_add "$top" "$VICTIM"
		kill_json --cgroup "$top"
		expect_status 1
		[[ $(jq -r .error.message <<<"$output") == *"has more than 64 levels below it"* ]]
		untouched "$VICTIM"
		is_thawed "$top"
	done
}

@test "cgroup: one below that cannot be opened is not passed over" {
	requires root nobody mrelease ptrace freezer-v2
	make v2 shut
	mkdir -m 700 "$CGROUP/below"
	CGROUPS=("$CGROUP/below" "${CGROUPS[@]}")
	start_victim --mib 4 --uid 65534
	cgroup_add "$CGROUP/below" "$VICTIM"
	start_victim --mib 4 --uid 65534
	cgroup_add "$CGROUP" "$VICTIM"
	run --separate-stderr timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all -- "$MMREAP" kill --json --cgroup "$CGROUP"
	expect_status 6
	[[ $(jq -r .error.message <<<"$output") == "cannot list cgroup "*" and all below it: Permission denied" ]]
	untouched "$VICTIM"
}

@test "cgroup: it cannot be listed any more, when some of it is done" {
	requires root mrelease ptrace strace freezer-v2
	local call
	make v2 unlisted
	# Each round reads it three times, to its end: the second round, and what is said at last.
	for call in 7 13; do
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		run --separate-stderr under_strace -P "$CGROUP" -e trace=getdents64 \
			-e "inject=getdents64:error=EIO:when=$call" \
			"$MMREAP" kill --json --cgroup "$CGROUP"
		expect_status 64
		expect pid "$VICTIM" exited true
		[ "$stderr" = "mmreap: cannot list cgroup $CGROUP and all below it: Input/output error" ]
		is_thawed "$CGROUP"
	done
}

@test "cgroup: a path as /proc/PID/cgroup shows it" {
	requires root mrelease ptrace freezer-v2
	local name
	make v2 path
	name=${CGROUP##*/}
	for path in "/$name" "$name" "//$name" "$CGROUP/" "/$name/"; do
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		kill_json --cgroup "$path"
		expect_status 0
		[ "$(jq .kill[0].pid <<<"$output")" -eq "$VICTIM" ]
	done
}

@test "cgroup: a path in more than one hierarchy is asked about" {
	requires root freezer-v1 freezer-v2
	make v1 same
	start_victim --mib 4
	cgroup_add "$CGROUP" "$VICTIM"
	make v2 same
	kill_json --cgroup "/${CGROUP##*/}"
	expect_status 2
	[[ $output == *"more than one"* ]]
	untouched "$VICTIM"
}

@test "cgroup: the root is refused, however it is written" {
	requires root
	local v1 v2 path
	v1=$(cgroup_mount v1 freezer) v2=$(cgroup_mount v2)
	start_victim --mib 4
	for path in / // /. . ./ /./ "$v1" "$v1/" "$v1//" "$v1/." "$v2" "$v2/" "$v2/."; do
		[ -n "$path" ] || continue
		kill_json --cgroup "$path" "$VICTIM"
		expect_status 7
		kill_json --cgroup "$path" --allow-ancestors --sharers kill --dry-run
		expect_status 7
	done
	untouched "$VICTIM"
}

@test "cgroup: none, an empty path, a path that goes up" {
	requires root freezer-v2
	start_victim --mib 4
	kill_json --cgroup "" "$VICTIM"
	expect_status 2
	kill_json --cgroup= "$VICTIM"
	expect_status 2
	make v2 up
	for path in "$CGROUP/.." "$CGROUP/../" "/${CGROUP##*/}/.." .. ../..; do
		kill_json --cgroup "$path" "$VICTIM"
		expect_status 2
	done
	for path in "$CGROUP-none" /none-such /etc /proc "$CGROUP/cgroup.procs" "$CGROUP"/none \
		$'/no\nsuch\e[31m' $'/\xff\xfe' "$(printf '/%05000d' 7)"; do
		kill_json --cgroup "$path" "$VICTIM"
		((status == 5 || status == 1))
		[[ $stderr != *$'\e'* ]]
		((${#stderr_lines[@]} <= 1))
	done
	untouched "$VICTIM"
}

@test "cgroup: nobody in it" {
	requires root freezer-v1 freezer-v2
	for version in v1 v2; do
		make "$version" "empty-$version"
		kill_json --cgroup "$CGROUP"
		expect_status 5
		is_thawed "$CGROUP"
	done
}

@test "cgroup: with mmreap in it, or an ancestor, it is refused as a whole" {
	requires root freezer-v1 freezer-v2
	local version
	for version in v1 v2; do
		make "$version" "ours-$version"
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		run --separate-stderr timeout 20 bash -c 'echo $$ >"$1/cgroup.procs"
			"$0" kill --json --cgroup "$1"; s=$?
			"$0" kill --json --cgroup "$1" --allow-ancestors; exit "$s$?"' "$MMREAP" "$CGROUP"
		expect_status 77
		# Only the shell is in it, mmreap is not.
		run --separate-stderr timeout 20 bash -c 'echo $$ >"$1/cgroup.procs"
			(echo $BASHPID >"${1%/*}/cgroup.procs"; exec "$0" kill --json --cgroup "$1")
			s=$?; exit "$s"' "$MMREAP" "$CGROUP"
		expect_status 7
		[[ $(jq -r .error.message <<<"$output") == *ancestor* ]]
		untouched "$VICTIM"
		is_thawed "$CGROUP"
	done
}

@test "cgroup: with who traces mmreap in it, it is refused as a whole" {
	requires root freezer-v1 freezer-v2 strace
	local version
	for version in v1 v2; do
		make "$version" "tracer-$version"
		run --separate-stderr timeout --kill-after=5 20 strace -D -f -qq -o trace bash -c '
			sed -n "s/^TracerPid:\t//p" /proc/$$/status >"$1/cgroup.procs"
			exec "$0" kill --json --cgroup "$1"' "$MMREAP" "$CGROUP"
		expect_status 7
		[[ $(jq -r .error.message <<<"$output") == *tracer* ]]
		is_thawed "$CGROUP"
	done
}

@test "cgroup: with members that are not to be seen it is refused as a whole" {
	requires root pidns freezer-v2
	make v2 foreign
	start_victim --mib 4
	cgroup_add "$CGROUP" "$VICTIM"
	run --separate-stderr timeout 20 unshare --pid --fork --mount-proc bash -c '
		sleep 60 & echo "$!" >"$1/cgroup.procs"
		"$0" kill --json --cgroup "$1"; s=$?; kill -KILL "$!" && exit "$s"' "$MMREAP" "$CGROUP"
	expect_status 7
	[[ $(jq -r .error.message <<<"$output") == *"another PID namespace"* ]]
	untouched "$VICTIM"
	is_thawed "$CGROUP"
}

@test "cgroup: the cgroup of PID 1 is refused as a whole" {
	requires root
	local hierarchy controller path
	start_victim --mib 4
	while IFS=: read -r _ controller path; do
		[ "$path" != / ] || continue
		hierarchy=$(cgroup_mount v1 "${controller%%,*}")
		[ -z "$controller" ] && hierarchy=$(cgroup_mount v2)
		[ -d "$hierarchy$path" ] || continue
		kill_json --allow-ancestors --cgroup "$hierarchy$path" "$VICTIM" --dry-run
		expect_status 7
	done </proc/1/cgroup
	untouched "$VICTIM"
}

@test "cgroup: a threaded one, and one with threaded children" {
	requires root mrelease ptrace freezer-v2
	local top
	make v2 domain
	top=$CGROUP
	mkdir "$top/threaded"
	CGROUPS=("$top/threaded" "${CGROUPS[@]}")
	echo threaded >"$top/threaded/cgroup.type" || skip "no threaded cgroups"
	start_victim --mib 4 --threads 2
	cgroup_add "$top" "$VICTIM"
	local tid
	tid=$(cd "/proc/$VICTIM/task" && printf '%s\n' * | tail -n 1)
	echo "$tid" >"$top/threaded/cgroup.threads"
	# A process is in its domain only: there is none in the threaded one.
	kill_json --cgroup "$top/threaded"
	((status != 0))
	untouched "$VICTIM"
	is_thawed "$top/threaded"
	kill_json --cgroup "$top"
	expect_status 0
	[ "$(jq .kill[0].pid <<<"$output")" -eq "$VICTIM" ]
	is_thawed "$top"
}

@test "cgroup: a name with odd bytes" {
	requires root mrelease ptrace freezer-v2
	make v2 $'odd \\ "\t\e[31m'
	start_victim --mib 4
	cgroup_add "$CGROUP" "$VICTIM"
	kill_json --cgroup "$CGROUP"
	expect_status 0
	[ "$(jq .kill[0].pid <<<"$output")" -eq "$VICTIM" ]
	kill_json --cgroup "/${CGROUP##*/}"
	expect_status 5
	[[ $stderr != *$'\e'* ]]
}

@test "cgroup: frozen by somebody else stays so" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	make v2 cold
	start_victim --mib 16
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --cgroup "$CGROUP"
	expect_status 0
	expect outcome reaped exited true
	grep -qx 1 "$CGROUP/cgroup.freeze"
	make v1 cold
	start_victim --mib 16
	cgroup_add "$CGROUP" "$VICTIM"
	freeze "$CGROUP"
	kill_json --cgroup "$CGROUP"
	expect_status 0
	expect outcome reaped exited false
	is_frozen "$CGROUP"
}

@test "cgroup: stopped, threaded, shared and robust members" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	local version owner mutex
	for version in v1 v2; do
		make "$version" "mixed-$version"
		start_victim --mib 8 --stop
		cgroup_add "$CGROUP" "$VICTIM"
		start_victim --mib 8 --threads 20
		cgroup_add "$CGROUP" "$VICTIM"
		start_victim --mib 8 --sharer=2
		cgroup_add "$CGROUP" "$VICTIM" "${OTHERS[@]}"
		mutex=$BATS_TEST_TMPDIR/mutex-$version
		start_victim --mib 8 --shm "$mutex" --own-robust leader --threads 2
		owner=$VICTIM
		start_helper waiter --timeout 30000 "$mutex"
		cgroup_add "$CGROUP" "$owner"
		kill_json --cgroup "$CGROUP"
		expect_status 0
		[ "$(jq '.kill | length' <<<"$output")" -eq 6 ]
		is_empty "$CGROUP"
		is_thawed "$CGROUP"
		read -r -t 5 -u "$HELPER_FD"
		[ "$REPLY" = recovered ]
	done
}

@test "cgroup: --dry-run does not freeze, and touches nobody" {
	requires root mrelease ptrace freezer-v2
	local before
	make v2 dry
	start_victim --mib 4 --busy 1
	cgroup_add "$CGROUP" "$VICTIM"
	before=$(stat -c %y "$CGROUP/cgroup.events")
	kill_json --dry-run --cgroup "$CGROUP"
	expect_status 0
	expect outcome reaped dry_run true
	untouched "$VICTIM"
	[ "$(stat -c %y "$CGROUP/cgroup.events")" = "$before" ]
}

@test "cgroup: --grace lets them end by themselves" {
	requires root mrelease ptrace freezer-v1 freezer-v2
	local version
	for version in v1 v2; do
		make "$version" "grace-$version"
		start_victim --mib 4
		cgroup_add "$CGROUP" "$VICTIM"
		start_victim --mib 4 --term-handler
		cgroup_add "$CGROUP" "$VICTIM"
		kill_json --grace 300ms --cgroup "$CGROUP"
		expect_status 0
		[ "$(jq -r '[.kill[].outcome] | sort | join(" ")' <<<"$output")" = "exited reaped" ]
		is_empty "$CGROUP"
		is_thawed "$CGROUP"
	done
}

@test "cgroup: who may not freeze may kill his own all the same" {
	requires root nobody mrelease ptrace freezer-v2
	make v2 nobody
	start_victim --mib 4 --uid 65534
	cgroup_add "$CGROUP" "$VICTIM"
	run --separate-stderr timeout 20 setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all -- "$MMREAP" kill --json --cgroup "$CGROUP"
	expect_status 0
	expect exited true
	is_gone "$VICTIM"
}
