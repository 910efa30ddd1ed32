#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `make bench` makes of its rounds; the rounds themselves are no test.

BENCH=$BATS_TEST_DIRNAME/../bench

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
	[ "$(tr '\n' ' ' <"$dir/README")" = \
		"before <!-- bench: begin, so --> new <!-- bench: end --> after " ]
	[ "$(<"$dir/bench.svg")" = plot ]
	echo nothing >"$dir/README"
	run "$dir/readme.sh" "$dir/out" "$dir/README"
	[ "$status" -eq 1 ]
	[ "$(<"$dir/README")" = nothing ]
}

@test "bench: a section that is not there is refused" {
	run "$BENCH/bench.sh" "$BATS_TEST_TMPDIR/out" idle nonsense
	[ "$status" -eq 2 ]
	[[ $output == *'no section "nonsense"'* ]]
}
