# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash world.bash NAME SCRATCH <LINES, as PID 1 of a PID namespace of its own: start the victims of
# that example, as PID 4711 and on, and run the lines.

shopt -s extglob
PATH=${MMREAP%/*}:$PATH
last=4710

# victim OPTION...
victim() {
	local fd
	echo "$last" >/proc/sys/kernel/ns_last_pid
	exec {fd}< <(exec "$HELPERS/victim" "$@")
	read -r _ <&"$fd"
	last=$((last + 1))
}

# On a busy machine steps are taken again, what lags is raised, and phases are seen or not; when its
# parent waits for it is the parent's affair. The namespace is the test's alone.
usual() {
	grep -vE -e '^4711 java: (dying|exit-mmap|zombie|gone) after ' -e '^mmreap: [0-9]+: +[0-9]+ us: (boost|.*: E[A-Z]+)$' \
		-e '^mmreap: incomplete: processes outside of this PID namespace cannot be seen$' |
		sed 's/; who shares its memory may be hidden: processes outside of this PID namespace .*//'
}

case $1 in
kill) victim --comm java --mib 64 ;;
dry-run) victim --comm java --mib 64 ;;
shared) victim --comm java --mib 64 --sharer ;;
robust) victim --comm postgres --mib 64 --own-robust leader --shm "$2/mutex" ;;
verbose) victim --comm java --mib 64 --threads 2 ;;
table) victim --comm java --mib 64 && victim --comm python3 --mib 32 ;;
grace) victim --comm java --mib 64 ;;
inode) victim --comm java --mib 64 ;;
sharers) victim --comm java --mib 64 --sharer ;;
check) victim --comm java --mib 64 --sharer ;;
watch) victim --comm java --mib 64 ;;
status | watch-timeout)
	victim --comm java --mib 64 --trace-exit
	kill -KILL 4711
	# Until its tracer has it.
	until grep -q '^State:.t' /proc/4711/status; do sleep 0.01; done
	;;
report) victim --comm java --zombie ;;
*) echo "no such world: $1" ;;
esac

inode=$(mmreap kill --dry-run --noheadings --raw -o inode 4711)
while IFS= read -r line; do
	echo "\$ $line"
	line=${line/4711:*([0-9])/4711:$inode}
	case $1 in
	report)
		# That is for a terminal only.
		script --quiet --command "$line" /dev/null </dev/null | tr -d '\r'
		;;
	watch)
		# Killed when it is seen to be watched.
		eval "$line" 2>&1 | while IFS= read -r said; do
			echo "$said"
			[[ $said != *' alive, '* ]] || kill -KILL 4711
		done | usual
		;;
	*)
		eval "$line" 2>&1 | usual
		;;
	esac
done
