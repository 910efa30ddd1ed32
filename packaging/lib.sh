# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Common ground of the checks of packages: that of tests/docs, and a place for what is built.

# shellcheck source=../tests/docs/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/docs/lib.sh"
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "${scratch:?}"' EXIT
# Nobody's settings, and none of the make that may have started this: its command is another one.
export HOME=$scratch LC_ALL=C.UTF-8
unset MAKEFLAGS MAKELEVEL DESTDIR CC MMREAP MMREAP_HELPERS MMREAP_SAN

# try NAME COMMAND...: ok when it ends well; what it says is in $scratch/said
try() {
	local name=$1
	shift
	if "$@" >"$scratch/said" 2>&1; then
		ok "$name"
	else
		not_ok "$name" "$(grep -A 8 '^not ok' "$scratch/said" | head -n 80
			tail -n 20 "$scratch/said")"
		return 1
	fi
}

# installed PREFIX [ZSH]: what `make install` puts there; ZSH is where its completions are
installed() {
	(
		cd "$TOP" || exit 1
		echo "$1/bin/mmreap"
		for page in man/*.[1-9]; do echo "$1/share/man/man${page##*.}/${page##*/}"; done
		for po in po/*.po; do
			echo "$1/share/locale/$(basename "$po" .po)/LC_MESSAGES/mmreap.mo"
		done
		echo "$1/share/bash-completion/completions/mmreap"
		echo "$1/share/${2:-zsh/site-functions}/_mmreap"
		echo "$1/share/fish/vendor_completions.d/mmreap.fish"
	) | sort
}

# late_sonames PROGRAM: the libraries that it loads when it needs them, from its note
late_sonames() {
	readelf -p .note.dlopen "$1" | grep -o '"soname":\["[^"]*"\]' | cut -d'"' -f4
}

# files DIR: what is there, besides directories
files() {
	(cd "$1" && find . ! -type d | sed 's/^\.//' | sort)
}
