#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A pkill that has -m, which procps has from 4.0.6 on:
#
#   pkill.sh            the words of its command, a line each; status 1: there is none
#   pkill.sh --fetch    the same, from Debian's mirror where this machine has none
#
# PKILL names one, and then no other is looked for. The mirror's wants a newer C library than that of
# Debian 12: it is started by the loader that came with it, and nothing of it is installed. x86-64.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/cache.bash"
root=$cache/procps
libraries=$root/usr/lib/x86_64-linux-gnu

try() {
	[[ $("$@" --help 2>&1) == *--mrelease* ]] || return 0
	printf '%s\n' "$@"
	exit
}

if at_hand=$(type -P "${PKILL:-pkill}"); then try "$(realpath --no-symlinks "$at_hand")"; fi
if [ -z "${PKILL-}" ]; then
	[ "${1-}" != --fetch ] || "$here/../vm/fetch.sh" root sid procps "$root"
	try "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries" "$root/usr/bin/pkill"
fi
[ "${1-}" != --fetch ] || echo "pkill.sh: ${PKILL:-$root/usr/bin/pkill} does not run here, or has no -m" >&2
exit 1
