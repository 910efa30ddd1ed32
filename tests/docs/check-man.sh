#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages: clean, one for each command, and saying what the code says.

. "$(dirname "$0")/lib.sh"

scratch=$(mktemp -d) || exit 1
trap 'rm -r "${scratch:?}"' EXIT
pages=("$TOP"/man/*.[1-9])

# ---- clean ----------------------------------------------------------------------------------
for page in "${pages[@]}"; do
	name=${page##*/}
	if command -v mandoc >/dev/null; then
		none "mandoc finds nothing: $name" "$(mandoc -Tlint -W warning "$page" 2>&1)"
	else
		lacks "mandoc finds nothing: $name" mandoc
	fi
	if command -v man >/dev/null; then
		text=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$page" 2>"$scratch/warnings" | col -bx)
		none "man warns of nothing: $name" "$(cat "$scratch/warnings")"
		none "fits 80 columns: $name" "$(grep -E '.{81}' <<<"$text")"
	else
		lacks "man warns of nothing: $name" man
	fi
done

# ---- complete -------------------------------------------------------------------------------
same 'a page for each command, and for no other' \
	"$({ echo mmreap.1; commands | sed 's/.*/mmreap-&.1/'; echo mmreap.7; } | sort)" \
	"$(printf '%s\n' "${pages[@]##*/}" | sort)"
same 'mmreap.1 lists the commands' "$(commands | sort)" \
	"$(sed -n '/^\.Sh COMMANDS/,/^\.Sh OPTIONS/s/^\.It Cm //p' "$TOP/man/mmreap.1" | sort)"
for command in $(commands); do
	grep -q "^\.Xr mmreap-$command 1" "$TOP/man/mmreap.1" ||
		not_ok "mmreap.1 refers to mmreap-$command.1"
done

# section FILE TITLE: its text
section() {
	awk -v title="$2" '/^\.Sh / { on = substr($0, 5) == title } on' "$1"
}

# options COMMAND FILE: the items of OPTIONS in the form of the dump
options() {
	section "$2" OPTIONS | awk -v command="$1" '
		$1 != ".It" || $2 != "Fl" { next }
		{
			name = "-"; letter = "-"; arg = ""
			for (i = 2; i <= NF; i++) {
				if ($i == "Fl") {
					i++
					if ($i ~ /^-/) name = "-" $i; else letter = "-" $i
				} else if ($i !~ /^(,|Ar|Cm|Ns)$/) {
					arg = arg $i
				}
			}
			print command "\t" name "\t" letter "\t" (arg == "" ? "-" : arg)
		}'
}

# items FILE SECTION: word and what stands in parentheses behind it
items() {
	section "$1" "$2" | sed -n 's/^\.It Sy \([^ ]*\) Pq \(.*\)/\1 \2/p' | sed 's/ ,/,/g'
}

# words FILE SECTION ITEM: what is printed in bold below that item
words() {
	section "$1" "$2" | awk -v item="$3" '
		$1 == ".It" { on = $3 == item; next }
		on && $1 == ".Sy" { for (i = 2; i <= NF && $i !~ /^[A-Z]/; i++) if ($i ~ /[a-z]/) print $i }' |
		sort -u
}

same 'options of mmreap.1' "$(dump | grep '^mmreap	' | cut -f 1-4 | sort)" \
	"$(options mmreap "$TOP/man/mmreap.1" | sort)"
same 'statuses of mmreap.1' "$("$WORDS" | awk '$1 == "status" { print $2, $3 }')" \
	"$(items "$TOP/man/mmreap.1" 'EXIT STATUS')"

for command in $(commands); do
	page=$TOP/man/mmreap-$command.1
	[ -e "$page" ] || continue
	same "options of mmreap-$command.1" "$(dump | grep "^$command	" | cut -f 1-4 | sort)" \
		"$(options "$command" "$page" | sort)"
	if [ -n "$(columns "$command")" ]; then
		same "columns of mmreap-$command.1" "$(columns "$command")" \
			"$(items "$page" COLUMNS | sed 's/, default$//')"
		# The headings of a table to which nothing new is added.
		options=(--raw -o "+$(columns "$command" | sed 's/ .*//; q')")
		case $command in
		kill) options+=(--dry-run) ;;
		watch) options+=(--timeout=1ms) ;;
		esac
		if dump | grep -q "^$command	--pidfd	"; then options+=("$$"); fi
		same "default columns of mmreap-$command.1" \
			"$("$MMREAP" "$command" "${options[@]}" 2>/dev/null | head -n 1 | tr 'A-Z ' 'a-z\n')" \
			"$(items "$page" COLUMNS | sed -n 's/ .*, default$//p')"
	fi
done

kill=$TOP/man/mmreap-kill.1
same 'outcomes and statuses of mmreap-kill.1' \
	"$("$WORDS" | awk '$1 == "outcome" { print $2, $3 }')" "$(items "$kill" OUTCOMES)"
for kind in method hold robust step; do
	same "words of $kind in mmreap-kill.1" \
		"$("$WORDS" | awk -v kind="$kind" '$1 == kind { print $2 }' | sort)" \
		"$(words "$kill" COLUMNS "$kind")"
done

same 'words of relation in mmreap-sharers.1' \
	"$("$WORDS" | awk '$1 == "relation" { print $2 }' | sort)" \
	"$(words "$TOP/man/mmreap-sharers.1" COLUMNS relation)"
for kind in event source; do
	same "words of $kind in mmreap-watch.1" \
		"$("$WORDS" | awk -v kind="watch-$kind" '$1 == kind { print $2 }' | sort)" \
		"$(words "$TOP/man/mmreap-watch.1" COLUMNS "$kind")"
done
same 'phases of mmreap-status.1' "$("$WORDS" | awk '$1 == "phase" { print $2 }')" \
	"$(section "$TOP/man/mmreap-status.1" PHASES | sed -n 's/^\.It Sy //p')"
same 'capabilities of mmreap-probe.1' "$("$MMREAP" probe --noheadings --raw -o capability)" \
	"$(section "$TOP/man/mmreap-probe.1" CAPABILITIES | sed -n 's/^\.It Sy //p')"

# ---- names ----------------------------------------------------------------------------------
# What NOTES must tell apart, and what the page on the mm must name.
for name in 'Xr pkill 1' 'Ar PID : Ns Ar INODE' 'Xr earlyoom 1'; do
	if section "$TOP/man/mmreap.1" NOTES | grep -qF "$name"; then
		ok "NOTES of mmreap.1 name ${name%% *} ${name#* }"
	else
		not_ok "NOTES of mmreap.1 name ${name%% *} ${name#* }"
	fi
done
for name in EAGAIN EBADF EINVAL EINTR ENOSYS EPERM ESRCH; do
	grep -q "^\.It Er $name" "$TOP/man/mmreap.7" || not_ok "mmreap.7 tells of $name"
done

done_checking
