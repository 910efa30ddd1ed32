# SPDX-License-Identifier: GPL-2.0-or-later
# The recipes of this directory, run on victims of their own.

load ../../tests/lib/live

recipes=$BATS_TEST_DIRNAME
PATH=${MMREAP%/*}:$PATH

@test "recipe: pgrep chooses, mmreap kills" {
	requires mrelease
	start_victim --mib 8 --comm recipe-pgrep
	run bash -c 'pgrep -x recipe-pgrep | mmreap kill -'
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == "$VICTIM recipe-pgrep: "?* ]]
	run bash -c 'pgrep -x recipe-pgrep-none | mmreap kill -'
	echo "$output"
	[ "$status" -eq 5 ]
}

@test "recipe: incident.sh has a word for each status" {
	requires mrelease kcmp
	start_victim --mib 8
	run "$recipes/incident.sh" "$VICTIM"
	echo "$output"
	[ "$status" -eq 0 ] && [ "${lines[-1]}" = back ]
	run "$recipes/incident.sh" "$VICTIM"
	echo "$output"
	[ "$status" -eq 5 ] && [ "${lines[-1]}" = back ]
	start_victim --mib 8 --sharer
	run "$recipes/incident.sh" "$VICTIM"
	echo "$output"
	[ "$status" -eq 7 ] && [ "${lines[-1]}" = shared ]
	run "$recipes/incident.sh" 1
	echo "$output"
	[ "$status" -eq 7 ]
	run "$recipes/incident.sh" none
	echo "$output"
	[ "$status" -eq 2 ] && [ "${lines[-1]}" = look ]
}

@test "recipe: incident.sh without rights" {
	requires root
	start_victim --mib 8
	cp "$MMREAP" mmreap
	run setpriv --reuid 65534 --clear-groups env PATH="$PWD:$PATH" \
		sh -s "$VICTIM" <"$recipes/incident.sh"
	echo "$output"
	[ "$status" -eq 6 ] && [ "${lines[-1]}" = rights ]
}

@test "recipe: earlyoom's hook kills the process that earlyoom chose" {
	requires mrelease kcmp
	start_victim --mib 8 --sharer
	EARLYOOM_PID=$VICTIM EARLYOOM_NAME=victim EARLYOOM_UID=0 run "$recipes/earlyoom-kill.sh"
	echo "$output"
	[ "$status" -eq 0 ] && [ -z "$output" ]
	until_true 10 is_dead "$VICTIM"
}

is_dead() {
	local stat
	read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
	[[ ${stat##*) } == Z* ]]
}

@test "recipe: nohang's command kills, after a grace time" {
	requires mrelease
	start_victim --mib 8 --term-handler
	read -ra command < <(sed -n 's|^@SOFT_ACTION_RE_NAME.*///||p' "$recipes/nohang.conf")
	[ "${command[0]}" = mmreap ]
	SECONDS=0
	run "${command[@]/\$PID/$VICTIM}"
	echo "$output"
	[ "$status" -eq 0 ] && [ "$SECONDS" -ge 1 ]
	is_dead "$VICTIM"
}

# allow SET: the system calls of a set of systemd's, and of the sets in it
allow() {
	local name
	while read -r name; do
		case $name in
		'#'*) ;;
		@*) [ "$name" = "$1" ] || allow "$name" ;;
		*) echo "$name" ;;
		esac
	done < <(systemd-analyze syscall-filter "$1")
}

@test "recipe: the unit is valid, and its filter lets every system call through" {
	requires strace mrelease
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze'
	sed "s|/usr/bin/mmreap|$MMREAP|" "$recipes/mmreap-kill@.service" >'mmreap-kill@.service'
	run systemd-analyze verify --man=no "$PWD/mmreap-kill@4711.service"
	echo "$output"
	# Of the units beside ours, which a machine may lack, it complains as well.
	[[ $output != *mmreap-kill* ]]

	allow @system-service >allowed
	sed -n 's/^SystemCallFilter=//p' 'mmreap-kill@.service' | tr ' ' '\n' >>allowed
	start_victim --mib 8 --threads 2
	strace -f -qq -o trace "$MMREAP" kill --timeout 30s "$VICTIM"
	sed -n 's/^[0-9]* *\([a-z0-9_]*\)(.*/\1/p' trace | sort -u >used
	grep -qx process_mrelease used
	run grep -vxFf allowed used
	echo "not allowed: $output"
	[ -z "$output" ]
}

@test "recipe: a sidecar kills in the PID namespace that it shares" {
	requires root mrelease
	start_victim --pidns --mib 8 --comm recipe-app
	# The sidecar: the same PID namespace, file systems of its own.
	sidecar() {
		nsenter --target "$VICTIM" --pid unshare --mount \
			sh -c 'mount -t proc proc /proc && exec "$@"' sh "$@"
	}
	# Its init is what cannot be killed from inside.
	run sidecar "$MMREAP" kill 1
	echo "$output"
	[ "$status" -eq 7 ]
	mkfifo inside
	sidecar "$HELPERS/victim" --mib 8 --comm recipe-inside >inside &
	read -r pid <inside
	run sidecar "$MMREAP" kill "$pid"
	echo "$output"
	[ "$status" -eq 0 ]
	[[ $output == "$pid recipe-inside: "?* ]]
	[ "$pid" -lt 100 ]
}

@test "recipe: one table from the JSON of many hosts" {
	requires mrelease
	start_victim --mib 8 --comm recipe-fleet
	"$MMREAP" kill --json "$VICTIM" | sed 's/^/node01: /' >one
	"$MMREAP" kill --json "$VICTIM" | sed 's/^/node02: /' >two
	"$MMREAP" kill --json none 2>/dev/null | sed 's/^/node03: /' >three
	echo 'node04: ssh: connection refused' >four
	# Lines of different hosts come in any order, those of one host in theirs.
	run --separate-stderr "$recipes/fleet.sh" < <(paste -d "\n" one two three four | sed '/^$/d')
	echo "$output"
	[ "$status" -eq 0 ]
	[ "${#lines[@]}" -eq 4 ]
	[[ ${lines[0]} == "node01	$VICTIM	reaped	"+([0-9])"	reaped: "?* ]]
	[[ ${lines[1]} == "node02	$VICTIM	no-process		no such process" ]]
	[[ ${lines[2]} == 'node03		error		bad target "none"'* ]]
	[[ ${lines[3]} == 'node04		error		no JSON' ]]
}
