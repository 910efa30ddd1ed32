#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What `kill PID` touches before its signal, and the build that needs no library.

load ../lib/live

# ARGUMENT...: the libraries that mmreap opened before SIGKILL (ld is the cache of the dynamic linker)
opened_before_signal() {
	strace -qq -f -e trace=openat,pidfd_send_signal -o trace "$MMREAP" kill "$@" >/dev/null
	grep -q SIGKILL trace
	sed '/SIGKILL/Q' trace | sed -n 's/.*openat(AT_FDCWD, "\([^"]*\)".*) = [0-9]*$/\1/p' |
		grep -v '^/proc\|^/dev/null$\|^/sys/fs/cgroup\|/locale\|gconv' |
		sed 's|.*/||; s/\.so.*//' | sort -u
}

@test "start: before the signal libpopt and the C library, no other" {
	requires mrelease ptrace strace
	[ -z "${MMREAP_SAN-}" ] || skip "a sanitizer has libraries of its own"
	for options in '' '--sharers spare' '--verbose' '--json'; do
		start_victim --mib 8
		# shellcheck disable=SC2086 # words
		run --separate-stderr opened_before_signal $options "$VICTIM"
		echo "$options: $output"
		[ "${output//$'\n'/ }" = 'ld libc libpopt' ]
	done
}

@test "start: --sharers=spare looks for sharers after the signal, and finds them" {
	requires mrelease ptrace strace kcmp
	for sharer in '' --sharer; do
		# shellcheck disable=SC2086 # nothing or one word
		start_victim --mib 8 $sharer
		strace -qq -f -e trace=kcmp,pidfd_send_signal -o trace "$MMREAP" kill --json \
			--sharers spare "$VICTIM" >row
		output=$(cat row)
		expect hold trace exited true
		if [ "$sharer" ]; then
			expect outcome spared sharers 1
		else
			expect outcome reaped
		fi
		# The first asks kthreadd whether it can be asked.
		run sed -e '/SIGKILL/Q' -e '/, 2, KCMP_VM/d' trace
		[[ $output != *kcmp* ]]
		run sed '1,/SIGKILL/d' trace
		[[ $output == *kcmp* ]]
	done
}

@test "start: the build that needs no library kills, reaps, and says what it lacks" {
	requires mrelease ptrace
	[ -z "${MMREAP_SAN-}" ] || skip "one build of it is enough"
	echo 'int main(void) { return 0; }' | gcc -static-pie -x c -o probe - -lpopt 2>why ||
		skip "no static C library or libpopt: $(head -n 1 why)"
	make -s -C "$TOP" -j2 STATIC=1 BUILD="$PWD/build" CFLAGS=-O1 >&2
	local MMREAP=$PWD/build/static/mmreap
	run ldd "$MMREAP"
	[[ $output == *'statically linked'* ]]

	start_victim --mib 8
	kill_json "$VICTIM"
	expect_status 0
	expect outcome reaped exited true
	is_gone "$VICTIM"

	start_victim --mib 8 --comm rescue-me
	mmreap kill --noheadings --output PID,OUTCOME --comm rescue-me
	expect_status 0
	[ "$output" = "$VICTIM reaped" ]

	start_victim --mib 8
	mmreap kill --thaw "$VICTIM"
	expect_status 4
	[[ $stderr == *'this build does not read the mount table'* ]]
	mmreap status "$VICTIM"
	expect_status 4
	if [ "$EUID" -eq 0 ]; then
		mmreap sharers --raw --noheadings --output PID "$VICTIM"
		expect_status 0
		[ "$output" = "$VICTIM" ]
	fi
}
