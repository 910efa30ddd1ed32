#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Libraries that are loaded when they are needed: which, when, and what is said where one is missing.

load common

setup() {
	start_bystander
	broken=$BATS_TEST_TMPDIR/broken
	mkdir "$broken"
}

teardown() {
	end_bystander
}

# The sonames in the note that packagers read.
announced() {
	needs readelf
	readelf -p .note.dlopen "$MMREAP" | grep -o '\[{.*}\]' | jq -r '.[].soname[]'
}

# SONAME: it cannot be loaded any more
break_library() {
	: >"$broken/$1"
	export LD_LIBRARY_PATH=$broken
}

# PREFIX: the soname that begins so
soname() {
	announced | grep "^$1\."
}

@test "linked are libpopt and the C library alone" {
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer has libraries of its own"
	needs readelf
	run sh -c "readelf -d '$MMREAP' | sed -n 's/.*(NEEDED).*\[\(lib[a-z]*\)\..*/\1/p' | sort | xargs"
	echo "$output"
	[ "$output" = 'libc libpopt' ]
}

@test "the note says what a library is for, as one JSON array for each" {
	needs readelf
	needs jq
	local texts
	texts=$(readelf -p .note.dlopen "$MMREAP" | grep -o '\[{.*}\]')
	[ "$(wc -l <<<"$texts")" -eq "$(readelf -n "$MMREAP" | grep -c '^ *FDO ')" ]
	jq --exit-status --slurp 'length >= 3 and all(.[]; length == 1 and (.[0] |
		(.soname | length) == 1 and (.feature | length) > 0 and (.description | length) > 0 and
		(.priority | IN("required", "recommended", "suggested"))))' <<<"$texts"
}

@test "each is loaded by what needs it, under the name that the note has" {
	needs strace
	needs jq
	local loaded=$BATS_TEST_TMPDIR/loaded
	local library
	while read -r library line; do
		# shellcheck disable=SC2086 # words
		LSAN_OPTIONS=detect_leaks=0 strace -qq -f -e trace=openat \
			-o "$loaded" "$MMREAP" $line >/dev/null 2>&1 || :
		grep -F "/$(soname "$library")\"" "$loaded" | grep -v ENOENT
	done <<-'END'
		libsmartcols probe
		libmount status --json
		libproc2 kill --comm nobody-at-all
	END
}

# LeakSanitizer cannot work under strace.
@test "libbpf is loaded where the kernel can be asked" {
	needs strace
	soname libbpf || skip 'built without it'
	[ "$EUID" -eq 0 ] && [ "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' ] ||
		skip 'not root, or not in the first PID namespace'
	LSAN_OPTIONS=detect_leaks=0 strace -qq -f -e trace=openat \
		-o "$BATS_TEST_TMPDIR/loaded" "$MMREAP" probe --json >/dev/null
	grep -F "/$(soname libbpf)\"" "$BATS_TEST_TMPDIR/loaded" | grep -v ENOENT
}

@test "JSON and --raw need no library for tables" {
	needs strace
	local loaded=$BATS_TEST_TMPDIR/loaded
	for how in --json --raw; do
		LSAN_OPTIONS=detect_leaks=0 strace -qq -f -e trace=openat \
			-o "$loaded" "$MMREAP" probe "$how" >/dev/null
		[ "$(grep -c libsmartcols "$loaded")" -eq 0 ]
	done
}

@test "without libsmartcols columns are not aligned, and that is said once" {
	break_library "$(soname libsmartcols)"
	mmreap status --output PID,PHASE "$bystander"
	echo "$output; $stderr"
	[ "$status" -eq 0 ]
	[ "$output" = "PID PHASE"$'\n'"$bystander alive" ]
	[[ $stderr == "mmreap: columns are not aligned: "*"$(soname libsmartcols): "* ]]
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test "without libmount what needs the mount table is not tried" {
	break_library "$(soname libmount)"
	for line in "status $bystander" "sharers --cgroup /nowhere" "kill --cgroup /nowhere" \
		"kill --thaw $bystander"; do
		# shellcheck disable=SC2086 # words
		mmreap $line
		echo "$line: $status, $stderr"
		[ "$status" -eq 4 ]
		[[ $stderr == "mmreap: "*"$(soname libmount): "* ]]
		untouched
	done
	mmreap probe --json
	[ "$status" -eq 0 ] || [ "$status" -eq 4 ]
	jq --exit-status '.probe | map(select(.how | test("mount table gave ELIBACC"))) | length == 2' \
		<<<"$output"
}

@test "a library for which no descriptor is left: that is said" {
	needs strace
	local library
	# short_of SONAME ARGUMENT...
	short_of() {
		library=$(ldconfig -p | awk -v name="$1" '$1 == name { print $NF; exit }')
		run --separate-stderr env LSAN_OPTIONS=detect_leaks=0 strace -qq -f -o /dev/null \
			-P "$library" -e trace=openat -e inject=openat:error=EMFILE "$MMREAP" "${@:2}"
		echo "$status, $output, $stderr"
	}
	short_of "$(soname libmount)" kill --cgroup /nowhere
	[ "$status" -eq 4 ]
	[[ ${stderr_lines[-1]} == "mmreap: "*"$(soname libmount): "*": Too many open files; "* ]]
	short_of "$(soname libsmartcols)" status --output PID,PHASE "$bystander"
	[ "$status" -eq 0 ]
	[[ ${stderr_lines[-1]} == "mmreap: "*"$(soname libsmartcols): "*": Too many open files; "* ]]
	[ "$output" = "PID PHASE"$'\n'"$bystander alive" ]
	short_of "$(soname libproc2)" kill --dry-run --raw --noheadings --output PID --comm sleep
	grep -qx "$bystander" <<<"$output"
	untouched
}

# Whoever has CAP_SYS_PTRACE, and not just in a user namespace of its own.
sees_hidden() {
	local caps
	caps=$(sed -n 's/^CapEff:[[:space:]]*/0x/p' /proc/self/status)
	((caps >> 19 & 1)) && [ "$(readlink /proc/self/ns/user)" = 'user:[4026531837]' ]
}

@test "without libmount sharers are found by whom procfs can hide nothing from" {
	break_library "$(soname libmount)"
	mmreap sharers --source kcmp --raw --noheadings --output PID "$bystander"
	echo "$status, $output, $stderr"
	if sees_hidden; then
		[ "$status" -eq 0 ]
		[ "$output" = "$bystander" ]
	else
		[ "$status" -eq 4 ]
		[[ $stderr == "mmreap: "*"$(soname libmount): "* ]]
	fi
}

@test "without libproc2 names are found all the same" {
	break_library "$(soname libproc2)"
	mmreap kill --dry-run --json --comm nobody-at-all
	[ "$status" -eq 5 ]
	mmreap kill --dry-run --raw --noheadings --output PID --comm sleep
	echo "$output; $stderr"
	grep -qx "$bystander" <<<"$output"
	untouched
}
