#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run the harnesses under a fuzzer. What is found lies in BUILD/found/ and fails the run; replay it
# with `build/unit/replay NAME FILE`. What was learnt stays in BUILD/corpus/ for the next run.
#
#   run.sh libfuzzer BUILD [NAME] SECONDS    each harness, or one, for so long
#   run.sh afl BUILD [NAME] SECONDS
#   run.sh corpus BUILD [NAME] AFL_BUILD     add what is new in both to tests/fuzz/corpus/

set -eu
cd "$(dirname "$0")/../.."
how=$1 build=$2 name=$3 last=$4
here=tests/fuzz
fuzzer=$(find "$build" -name fuzzer -type f | head -n 1)
options=(-max_len=4096 -timeout=10 -rss_limit_mb=2048)
dictionary=$here/words.dict

names=("$name")
[ -n "$name" ] || mapfile -t names < <(find "$here/corpus" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort)

mkdir -p "$build/found"
failed=0
for name in "${names[@]}"; do
	learnt=$build/corpus/$name
	kept=$here/corpus/$name
	mkdir -p "$learnt"
	export FUZZ=$name
	case $how in
	libfuzzer)
		echo "# $name, libFuzzer, $last s"
		"$fuzzer" "${options[@]}" -dict="$dictionary" -max_total_time="$last" \
			-print_final_stats=1 -artifact_prefix="$build/found/$name-" "$learnt" "$kept" \
			2>&1 | grep -aE '^stat::(number|average)|DONE|ERROR|SUMMARY|broken|runtime error' ||
			:
		;;
	afl)
		echo "# $name, AFL++, $last s"
		AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_AUTORESUME=1 AFL_QUIET=1 \
			AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 afl-fuzz -V "$last" -G 4096 -m none \
			-x "$dictionary" -i "$kept" -o "$learnt" -- "$fuzzer" >"$build/found/.log" 2>&1 ||
			tail -n 20 "$build/found/.log"
		grep -E '^(execs_done|run_time|saved_crashes|saved_hangs|edges_found) ' \
			"$learnt/default/fuzzer_stats"
		find "$learnt" -path '*/crashes/id*' -exec cp -t "$build/found" '{}' +
		;;
	corpus)
		# One file for each feature that no smaller one has.
		merged=$(mktemp -d)
		mkdir -p "$last/corpus/$name/default/queue"
		"$fuzzer" -merge=1 -max_len=512 "$merged" "$kept" "$learnt" \
			"$last/corpus/$name/default/queue" 2>&1 | grep -a 'MERGE-OUTER:.*new files'
		find "$merged" -type f -printf '%s %p\n' | sort -n | head -n "${FUZZ_KEEP:-40}" |
			while read -r _ file; do
				cp -n "$file" "$kept/$(md5sum <"$file" | cut -c 1-12)"
			done
		rm -r "${merged:?}"
		;;
	esac
done
failed=$(find "$build/found" -type f -not -name .log | wc -l)
echo "# $failed findings in $build/found"
[ "$failed" -eq 0 ]
