#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make bench` makes of its rounds; the rounds themselves are no test.

BENCH=$BATS_TEST_DIRNAME/../bench

setup() {
	export LAB_CACHE=$BATS_TEST_TMPDIR/cache PKILL=
}

calc() {
	jq -nc -L "$BENCH" "include \"stats\"; include \"words\"; $1"
}

# round VICTIM WAY MEMORY EXIT
round() {
	jq -nc --arg victim "$1" --arg way "$2" --argjson memory "$3" --argjson exit "$4" '{
		kind: "kill", victim: $victim, title: $victim, way: $way, limit_ms: 1000, victims: 1,
		mib: 256, reaped: 1, handed_over: null, memory_ms: $memory, exit_ms: $exit,
		command_ms: 1}'
}

report() {
	jq -s -L "$BENCH" 'include "stats"; report({version: "mmreap 1", linux: "6.18", cpus: 2,
		date: "2026-11-22", runs: 3, load: "0", notes: []})'
}

@test "bench: quartiles between the rounds" {
	[ "$(calc '[[1, 2, 3, 10] | quantile(0.5, 0.25, 0.75)]')" = "[2.5,1.75,4.75]" ]
	[ "$(calc '[7] | spread.median')" = 7 ]
	[ "$(calc '[] | spread')" = null ]
}

@test "bench: growth is the slope between logarithms" {
	[ "$(calc '[[100, 3], [1000, 300], [10000, 30000]] | exponent | . * 1000 | round')" = 2000 ]
	[ "$(calc '[[100, 0], [1000, 30]] | exponent')" = null ]
}

@test "bench: figures keep three digits" {
	[ "$(calc '[0.004, 0.5, 9.996, 12.34, 123.4, -3.2, null] | map(number)')" = \
		'["0.00","0.50","10.00","12.3","123","-3.20","–"]' ]
}

@test "bench: ratios are those of the same round, and what never came counts as the limit" {
	json=$({
		round a kill 10 30 && round a mmreap 20 10
		round a kill 10 null && round a mmreap 20 10
		round a kill 40 null && round a mmreap 10 10
		round b kill 10 null && round b mmreap 20 null
	} | report)
	[ "$(jq -c '.kills | map(.victim)' <<<"$json")" = '["a","b"]' ]
	[ "$(jq -c '.kills[0].ways[0] | [.memory_against.median, .exit_against.median, .exit.over]' \
		<<<"$json")" = '[0.5,100,true]' ]
	[ "$(jq -c '[.kills[].ways[0] | .memory_against.word, .exit_against.word]' <<<"$json")" = \
		'["even","ahead","behind",null]' ]
	for form in txt md svg; do
		jq -r -L "$BENCH" "include \"$form\"; $form" <<<"$json" >"$BATS_TEST_TMPDIR/$form"
	done
	grep -qF '0.50 (0.50–0.50) !' "$BATS_TEST_TMPDIR/txt"
	grep -qF '0.50 (0.50–2.25) =' "$BATS_TEST_TMPDIR/txt"
	grep -qF '| a | 10.0 | 20.0 | 0.50 (0.50–2.25) |' "$BATS_TEST_TMPDIR/md"
	grep -qF '| b | 10.0 | 20.0 | **0.50 (0.50–0.50)** |' "$BATS_TEST_TMPDIR/md"
	grep -qF '| a | > 1000 | 10.0 |' "$BATS_TEST_TMPDIR/md"
	grep -qx '</svg>' "$BATS_TEST_TMPDIR/svg"
}

@test "bench: each contender has its column, its line and its colour" {
	json=$({
		round a mmreap 10 10 && round a pkill 30 40
		round a naive 20 30 && round a kill 10 20
	} | report)
	for form in txt md svg; do
		jq -r -L "$BENCH" "include \"$form\"; $form" <<<"$json" >"$BATS_TEST_TMPDIR/$form"
	done
	grep -qxF '| a | 10.0 | 20.0 | 30.0 | 10.0 | 1.00 (1.00–1.00) | 2.00 (2.00–2.00) | 3.00 (3.00–3.00) |' \
		"$BATS_TEST_TMPDIR/md"
	[ "$(grep -o '^| Exit | .*' "$BATS_TEST_TMPDIR/md")" = \
		'| Exit | kill -9 | naive | pkill -m | mmreap | kill -9 : mmreap | naive : mmreap | pkill -m : mmreap |' ]
	grep -qE '^ +pkill -m +– +30\.0 ' "$BATS_TEST_TMPDIR/txt"
	# In the legend, and in each of the two plots.
	[ "$(grep -o 'circle.* fill="[^"]*"' "$BATS_TEST_TMPDIR/svg" | sed 's/.*fill=//' | sort | uniq -c |
		awk '{ print $1 }' | tr '\n' ' ')" = "3 3 3 3 " ]
}

@test "bench: without any kill there is a report all the same" {
	json=$(report </dev/null)
	for form in txt md svg; do
		jq -r -L "$BENCH" "include \"$form\"; $form" <<<"$json" >"$BATS_TEST_TMPDIR/$form"
	done
	grep -q '^mmreap 1, Linux 6.18' "$BATS_TEST_TMPDIR/txt"
	[ ! -s "$BATS_TEST_TMPDIR/svg" ]
}

@test "bench: only what is between the marks is written anew" {
	local dir=$BATS_TEST_TMPDIR
	cp "$BENCH/readme.sh" "$dir/"
	printf '%s\n' before '<!-- bench: begin, so -->' old '<!-- bench: end -->' after >"$dir/README"
	echo new >"$dir/bench.md"
	mkdir "$dir/out"
	mv "$dir/bench.md" "$dir/out/"
	echo plot >"$dir/out/bench.svg"
	"$dir/readme.sh" "$dir/out" "$dir/README"
	[ "$(sed '2s/ sum [0-9]* / /' "$dir/README" | tr '\n' ' ')" = \
		"before <!-- bench: begin, written by tests/bench/readme.sh, --> new <!-- bench: end --> after " ]
	[ "$(<"$dir/bench.svg")" = plot ]
	cp "$dir/README" "$dir/first"
	"$dir/readme.sh" "$dir/out" "$dir/README"
	cmp "$dir/README" "$dir/first"
	echo nothing >"$dir/README"
	run "$dir/readme.sh" "$dir/out" "$dir/README"
	[ "$status" -eq 1 ]
	[ "$(<"$dir/README")" = nothing ]
}

@test "bench: a figure that was not written by the machine is seen" {
	local dir=$BATS_TEST_TMPDIR
	"$BENCH/readme.sh" --check "$BENCH/../../README.md"
	cp "$BENCH/readme.sh" "$BENCH/bench.svg" "$dir/"
	cp "$BENCH/../../README.md" "$dir/README"
	sed -i 's/^# mmreap$/# mmreap!/' "$dir/README"
	"$dir/readme.sh" --check "$dir/README"
	sed -i 's/^| stopped | ./&1/' "$dir/README"
	run "$dir/readme.sh" --check "$dir/README"
	[ "$status" -eq 1 ]
	cp "$BENCH/../../README.md" "$dir/README"
	sed -i 's/cx="/&1/' "$dir/bench.svg"
	run "$dir/readme.sh" --check "$dir/README"
	[ "$status" -eq 1 ]
}

@test "bench: a section that is not there is refused" {
	run "$BENCH/bench.sh" "$BATS_TEST_TMPDIR/out" idle nonsense
	[ "$status" -eq 2 ]
	[[ $output == *'no section "nonsense"'* ]]
}

# bench: all of bench.sh for the section startup, with $HELPERS/startup for what measures
bench() {
	local dir=$BATS_TEST_TMPDIR
	mkdir -p "$dir/built" "$dir/helpers"
	printf '#!/bin/sh\necho mmreap 9\n' >"$dir/built/mmreap"
	chmod +x "$dir/built/mmreap"
	: >"$dir/helpers/naive"
	MMREAP=$dir/built/mmreap MMREAP_HELPERS=$dir/helpers "$BENCH/bench.sh" "$dir/out" startup \
		>"$dir/log" 2>&1
}

# procps FILE VERSION [WORDS]: a pkill whose help has these words
procps() {
	mkdir -p "$(dirname "$1")"
	cat >"$1" <<-END
		#!/bin/sh
		[ "\$1" = --version ] && echo pkill from procps-ng $2 || echo "${3-}"
	END
	chmod +x "$1"
}

@test "bench: a pkill that has -m: PKILL's or none, the machine's, the cache's" {
	local dir=$BATS_TEST_TMPDIR
	local ours=$dir/cache/procps/usr
	local loader=$ours/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2
	local -x PATH=$dir/bin:$PATH
	procps "$dir/bin/pkill" 4.0.2
	run "$BENCH/pkill.sh"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	bench
	[ "$(jq -c '[.procps, .notes[0]]' "$dir/out/bench.json")" = \
		'[null,"pkill -m: not at hand (procps 4.0.6 has it; make deps-bench fetches it, PKILL names one)"]' ]

	# As a loader it is asked with the words that start pkill.
	mkdir -p "$(dirname "$loader")" "$ours/bin"
	cat >"$loader" <<-'END'
		#!/bin/sh
		[ "$1" = --library-path ] && [ -d "$2" ] && shift 2 && exec "$@"
	END
	chmod +x "$loader"
	procps "$ours/bin/pkill" 4.0.7 --mrelease
	run "$BENCH/pkill.sh"
	[ "$status" -eq 0 ]
	[ "$output" = "$(printf '%s\n' "$loader" --library-path "${loader%/*}" "$ours/bin/pkill")" ]
	bench
	[ "$(jq -c '[.procps, (.notes | length)]' "$dir/out/bench.json")" = '["4.0.7",1]' ]
	grep -q '^mmreap 9, Linux .*, pkill of procps 4\.0\.7, load ' "$dir/out/bench.txt"

	procps "$dir/bin/pkill" 4.0.8 --mrelease
	[ "$("$BENCH/pkill.sh")" = "$dir/bin/pkill" ]
	procps "$dir/own" 4.0.9 --mrelease
	[ "$(cd "$dir" && PKILL=./own "$BENCH/pkill.sh")" = "$dir/own" ]
	procps "$dir/own" 4.0.1
	PKILL=$dir/own run "$BENCH/pkill.sh" --fetch
	[ "$status" -eq 1 ]
	[ "$output" = "pkill.sh: $dir/own does not run here, or has no -m" ]
}

@test "bench: copies are started, as installed, in one folder that is gone afterwards" {
	local dir=$BATS_TEST_TMPDIR commands
	local -x SEEN=$dir/seen
	mkdir -p "$dir/helpers" "$SEEN"
	cat >"$dir/helpers/startup" <<-'END'
		#!/bin/sh
		cp "$4" "$7" "$SEEN"
		printf '%s\n' "$4" "$7" "${12}" >"$SEEN/commands"
		echo '{"low_us": 1, "median_us": 2, "high_us": 3, "ratio": 1}' | jq -c '[., ., .]'
	END
	chmod +x "$dir/helpers/startup"
	bench
	cmp "$SEEN/kill" /bin/kill
	cmp "$SEEN/mmreap" "$dir/built/mmreap"
	mapfile -t commands <"$SEEN/commands"
	[ "${commands[1]}" = "${commands[0]%/*}/mmreap" ]
	[ "${commands[2]}" = "${commands[1]}" ]
	[[ ${commands[0]} == "$dir"/out/* ]]
	[ "$(ls "$dir/out")" = "$(printf '%s\n' bench.json bench.md bench.svg bench.txt)" ]
}
