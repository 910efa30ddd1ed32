#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run the commands of a test ring, count their TAP lines and close with `N passed, N failed`.
#
#   tally.sh DIR [--quiet] RING COMMAND...   leaves "passed failed skipped" in DIR/RING
#   tally.sh --sum FILE...                   adds such files up
#
# --quiet shows what failed and what was skipped, not what passed. A command that dies, or ends
# before its plan (1..N) is fulfilled, is a failure even where all of its lines say ok. So is one
# that takes more than TALLY_LIMIT seconds (1200): a hang has to end the ring, not the day.

set -u

closing() {
	echo "$1 passed, $2 failed"
	[ "$2" -eq 0 ]
}

if [ "$1" = --sum ]; then
	shift
	passed=0 failed=0
	for file; do
		if read -r p f s 2>/dev/null <"$file"; then
			passed=$((passed + p)) failed=$((failed + f))
			echo "# ${file##*build/}: $p passed, $f failed, $s skipped"
		else
			failed=$((failed + 1))
			echo "# ${file##*build/}: did not come to its end"
		fi
	done
	closing "$passed" "$failed"
	exit
fi

dir=$1
shift
quiet=false
if [ "$1" = --quiet ]; then
	quiet=true
	shift
fi
ring=$1
shift

mkdir -p "$dir" && rm -f "${dir:?}/$ring" || exit 1
# Kept as RING.log when it is complete.
log=$(mktemp "$dir/$ring.XXXXXX") || exit 1
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

# A ring without tests has not passed.
[ $# -gt 0 ] || set -- 'echo "not ok - no tests"; echo 1..1'

for command; do
	begin=$(wc -l <"$log")
	timeout --kill-after=10 "${TALLY_LIMIT:-1200}" bash -c "$command" </dev/null 2>&1 | tee -a "$log" |
		if $quiet; then grep --line-buffered -v '^ok [^#]*$'; else cat; fi
	status=${PIPESTATUS[0]}
	read -r p f s plan < <(tail -n "+$((begin + 1))" "$log" | awk '
		/^ok .*# [Ss][Kk][Ii][Pp]/ { s++; next }
		/^ok( |$)/ { p++ }
		/^not ok( |$)/ { f++ }
		/^1\.\.[0-9]+/ { plan = substr($1, 4) }
		END { print p + 0, f + 0, s + 0, plan == "" ? -1 : plan }')
	if [ "$status" -eq 124 ] || [ "$status" -eq 137 ]; then
		echo "not ok - $command: ended after ${TALLY_LIMIT:-1200} s" | tee -a "$log"
		f=$((f + 1))
	elif [ "$f" -eq 0 ] && [ "$status" -ne 0 ]; then
		echo "not ok - $command: ended with status $status" | tee -a "$log"
		f=1
	elif [ "$plan" -ne $((p + f + s)) ]; then
		echo "not ok - $command: planned $plan, ran $((p + f + s))" | tee -a "$log"
		f=$((f + 1))
	fi
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

grep '^ok .*# [Ss][Kk][Ii][Pp]' "$log" | sed 's/.*# [Ss][Kk][Ii][Pp][: ]*//' | sort | uniq -c |
	sed 's/^ */# skipped: /'
mv "$log" "$dir/$ring.log"
echo "$passed $failed $skipped" >"$dir/$ring"
echo "# ring: $ring"
closing "$passed" "$failed"
