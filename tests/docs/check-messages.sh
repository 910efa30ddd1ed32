#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The catalogues against the sources: every message is in the template, whole, and translated.

. "$(dirname "$0")/lib.sh"

for tool in xgettext msgfmt msgattrib; do
	command -v "$tool" >/dev/null || {
		lacks 'messages' gettext
		done_checking
	}
done
scratch=$(mktemp -d) || exit 1
trap 'rm -r "${scratch:?}"' EXIT
cd "$TOP" || exit 1

# messages FILE: one a line, both forms of a plural, without the entry of the header
messages() {
	msgattrib --no-wrap --no-obsolete --no-location "$1" 2>/dev/null |
		sed -nE 's/^msgid(_plural)? "(.+)"$/\2/p' | sort
}

make -s pot POT="$scratch/pot" >"$scratch/said" 2>&1
none 'template: xgettext finds nothing to say' "$(grep -v '^xgettext --' "$scratch/said")"
[ -s "$scratch/pot" ] || done_checking
same 'template: the messages of the sources (make update-po)' \
	"$(messages "$scratch/pot")" "$(messages po/mmreap.pot)"

# What begins or ends with a blank is glued to something else; punctuation is meant to be, and after
# a question stands the cursor.
none 'template: no message is a piece of a sentence' \
	"$(messages po/mmreap.pot | grep -E '^ | $' | grep -vxE '[,;:] |.*\? \([^()]*\) ')"

# strerror() knows one language, where a message is said in two.
none 'sources: %m says an error' "$(grep -rnw strerror src/cmd src/cli src/report)"

for po in po/*.po; do
	language=${po##*/}
	language=${language%.po}
	same "$language: the messages of the template" "$(messages po/mmreap.pot)" "$(messages "$po")"
	none "$language: formats agree" \
		"$(msgfmt --check --output-file=/dev/null "$po" 2>&1)"
	none "$language: complete" \
		"$(msgattrib --untranslated "$po"; msgattrib --only-fuzzy --no-obsolete "$po")"
done
done_checking
