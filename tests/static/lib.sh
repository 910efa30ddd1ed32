# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Common ground of the checkers. A checker looks at the tree in the current directory, prints one
# TAP line for each file or fact, and ends with a status other than 0 when one was not ok. So the
# self-test can run the same checker on a tree of its own with a planted violation.

set -u
shopt -s nullglob
STATIC=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CC=${CC:-gcc}
failures=0

# Preprocessor flags and warnings come from the Makefile, where they live once.
if [ -z "${STATIC_CPPFLAGS-}" ]; then
	STATIC_CPPFLAGS=$(make -s -C "$STATIC/../.." print-cppflags) || exit 1
	STATIC_WARN=$(make -s -C "$STATIC/../.." print-warn) || exit 1
fi
export STATIC_CPPFLAGS STATIC_WARN STATIC CC
declare -a cppflags warnings
eval "cppflags=($STATIC_CPPFLAGS)"
read -ra warnings <<<"$STATIC_WARN"
: "${cppflags[@]}" "${warnings[@]}"

# ok NAME / not_ok NAME [TEXT]
ok() {
	echo "ok - $1"
}

not_ok() {
	local line
	failures=$((failures + 1))
	echo "not ok - $1"
	[ -z "${2-}" ] || while IFS= read -r line; do echo "#   $line"; done <<<"$2"
}

# none NAME TEXT: ok when nothing was found
none() {
	if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

# try NAME COMMAND...: ok when the command ends well; what it says is shown only when not
try() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$said"; fi
}

# try_each NAME FUNCTION FILE...: the same for each file, as many at once as there are CPUs
try_each() {
	local name=$1 function=$2 dir file
	shift 2
	[ $# -gt 0 ] || return 0
	dir=$(mktemp -d) || exit 1
	export -f "${function?}"
	# shellcheck disable=SC2016 # expanded by the inner shell
	printf '%s\n' "$@" | nl -ba -w1 -s ' ' | xargs -d '\n' -P "$(nproc)" -I'{}' bash -c '
		eval "cppflags=($STATIC_CPPFLAGS)"; read -ra warnings <<<"$STATIC_WARN"
		number=${1%% *} file=${1#* }
		"$2" "$file" >"$3/$number" 2>&1 && touch "$3/$number.ok"' _ '{}' "$function" "$dir"
	local i=0
	for file; do
		i=$((i + 1))
		if [ -e "$dir/$i.ok" ]; then
			ok "$name: $file"
		else
			not_ok "$name: $file" "$(cat "$dir/$i" 2>/dev/null)"
		fi
	done
	rm -r "${dir:?}"
}

# Both halves of each optional part, but for the kernel's view where this machine cannot make it.
sources() {
	local absent='*_bpf.c'
	[ "${BPF_USED-no}" != yes ] || absent=
	find src -name '*.c' -not -path 'src/bpf/*' -not -name "$absent" 2>/dev/null | sort
}

# Everything in C: sources, headers, tests.
c_files() {
	find src include tests -name '*.[ch]' 2>/dev/null | sort
}

# Scripts of any shell, found by suffix or by first line.
scripts() {
	{
		find . -path ./.git -prune -o -path ./build -prune -o -type f \
			\( -name '*.sh' -o -name '*.bash' -o -name '*.bats' \) -print
		find . -path ./.git -prune -o -path ./build -prune -o -type f -perm -u+x \
			-exec grep -lE -m1 '^#!.*\b(ba|da)?sh\b|^#!.*\bbats\b' '{}' +
	} | sed 's|^\./||' | sort -u
}

# room FILE: the kind of its row in the table and what it may include; nothing when there is none
room() {
	local pattern kind rooms
	while read -r pattern kind rooms; do
		# shellcheck disable=SC2053 # a pattern it is
		if [[ $pattern == src/* && $1 == $pattern ]]; then
			echo "$kind $rooms"
			return
		fi
	done <"$STATIC/rooms"
}

# contract HEADER: the room whose contract include/mmreap/HEADER.h is
contract() {
	awk -v header="$1" '/^@/ { for (i = 2; i <= NF; i++) if ($i == header) print substr($1, 2) }' \
		"$STATIC/rooms"
}

# expression FILE...: one extended regular expression of the symbol lists
expression() {
	cat "$@" | sed '/^#/d; /^$/d' | paste -sd '|' | sed 's/.*/^(&)$/'
}

done_checking() {
	exit $((failures > 0))
}
