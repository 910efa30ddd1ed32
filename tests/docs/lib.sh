# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Common ground of the checkers of manuals and completions. TOP is the tree whose man/ and
# completions/ are looked at: the self-test gives one with planted faults.

set -u
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=${TOP:-$(cd "$HERE/../.." && pwd)}
MMREAP=${MMREAP:-$HERE/../../build/mmreap}
# shellcheck disable=SC2034 # for who sources this
HELPERS=${MMREAP_HELPERS:-$HERE/../../build/tests}
# shellcheck disable=SC2034
WORDS=${DOCS_WORDS:-$HERE/../../build/docs/words}
number=0
failures=0

ok() {
	number=$((number + 1))
	echo "ok $number - $1"
}

# not_ok NAME [TEXT]
not_ok() {
	number=$((number + 1))
	failures=$((failures + 1))
	echo "not ok $number - $1"
	[ -z "${2-}" ] || echo "#   ${2//$'\n'/$'\n#   '}"
}

# none NAME TEXT: ok when there is nothing to say
none() {
	if [ -z "$2" ]; then ok "$1"; else not_ok "$1" "$2"; fi
}

# same NAME EXPECTED GOT
same() {
	none "$1" "$(diff --label code <(echo "$2") --label text <(echo "$3") -u | tail -n +3)"
}

# lacks NAME WORD: the machine has no WORD. A skip, unless MMREAP_MUST_RUN names the word.
lacks() {
	if [[ " ${MMREAP_MUST_RUN-} " == *" $2 "* ]]; then
		not_ok "$1" "$2 must be here"
	else
		number=$((number + 1))
		echo "ok $number - $1 # skip no $2"
	fi
}

done_checking() {
	echo "1..$number"
	exit $((failures > 0))
}

# Every option of every command: COMMAND, long name, short name or -, argument or -
dump() {
	"$MMREAP" --dump-options
}

commands() {
	dump | cut -f 1 | grep -vx mmreap | uniq
}

# columns COMMAND: name and type of each; nothing where the command prints no table
columns() {
	dump | grep -q "^$1	--list-columns	" || return 0
	"$MMREAP" "$1" --list-columns --raw --noheadings | cut -d ' ' -f 1,2
}
