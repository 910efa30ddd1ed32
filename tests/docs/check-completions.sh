#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completions in the real shells (COMPLETION_SHELLS): what they offer is what the command's tables
# have.

. "$(dirname "$0")/lib.sh"

PATH=${MMREAP%/*}:$PATH
scratch=$(mktemp -d) || exit 1
cgroup=
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	exec {victim}<&-
	[ -z "$cgroup" ] || rmdir "$cgroup"
	rm -r "${scratch:?}"
}

# A process to be found by number and by name.
name=docs-$((RANDOM % 1000))
exec {victim}< <(exec "$HELPERS/victim" --mib 1 --comm "$name")
trap cleanup EXIT
read -r pid <&"$victim"

# A cgroup to be found, where one may be made.
mount=$(findmnt -nfo TARGET -t cgroup2 || findmnt -nfo TARGET -t cgroup)
if [ -n "$mount" ] && mkdir "$mount/mmreap-docs-$$" 2>/dev/null; then
	cgroup=$mount/mmreap-docs-$$
fi

# ask LINE WHAT EXPECTED [has]: to be completed in every shell; WHAT names the test. What is offered
# is EXPECTED, or, with `has`, one of the offers matches it.
lines=() names=() expected=() modes=()
ask() {
	lines+=("$1") names+=("$2") expected+=("$3") modes+=("${4-all}")
}

ask 'mmreap ' 'commands' "$(commands)"
ask 'mmreap -' 'options before the command' \
	"$(dump | awk '$1 == "mmreap" { print $2; if ($3 != "-") print $3 }')"
for command in $(commands); do
	ask "mmreap $command -" "options of $command" \
		"$(dump | awk -v c="$command" '$1 == c { print $2; if ($3 != "-") print $3 }')"
	while IFS=$'\t' read -r _ long short argument _; do
		case $argument in
		*'|'*) wanted=${argument//|/$'\n'} ;;
		'[+]LIST')
			wanted=$(columns "$command" | cut -d ' ' -f 1)
			ask "mmreap $command $long ${wanted##*$'\n'}," "columns of $command, a second one" \
				"$(sed "\$d; s/^/${wanted##*$'\n'},/" <<<"$wanted")"
			ask "mmreap $command $long +" "columns of $command, more" "+${wanted//$'\n'/$'\n+'}"
			;;
		*) continue ;;
		esac
		ask "mmreap $command $long " "words of $command $long" "$wanted"
		ask "mmreap $command $long=" "words of $command $long=" "$wanted"
		[ "$short" = - ] || ask "mmreap $command $short " "words of $command $short" "$wanted"
	done < <(dump | grep "^$command	")
	if dump | grep -q "^$command	--pidfd	"; then
		ask "mmreap $command " "$command: a PID with its name" "$pid.* $name" has
		ask "mmreap $command a\\qb " "$command: after a word with a backslash" \
			"$pid.* $name" has
		ask "mmreap $command --comm docs" "$command: a name" "$name" has
		[ -z "$cgroup" ] || {
			ask "mmreap $command --cgroup /mmreap-d" "$command: a cgroup" \
				"/${cgroup##*/}" has
			ask "mmreap $command --cgroup $mount/mmreap-d" "$command: a cgroup where it is mounted" \
				"$cgroup" has
		}
	else
		ask "mmreap $command ${pid%?}" "$command takes no targets" ''
	fi
done

# What is offered, without what is shown beside it, and without what stands in the line.
offers() {
	cut -d ' ' -f 1 | sed "s/^--[a-z-]*=//; /^\$/d" | sort
}

for shell in ${COMPLETION_SHELLS:-bash zsh fish}; do
	case $shell in
	bash) run=(bash --norc "$HERE/complete.bash") ;;
	zsh) run=(zsh -f "$HERE/complete.zsh") ;;
	fish) run=(fish --no-config "$HERE/complete.fish") ;;
	esac
	if ! command -v "$shell" >/dev/null; then
		lacks "$shell" "$shell"
		continue
	fi
	mkdir "$scratch/$shell"
	none "$shell: comes to its end" "$(printf '%s\n' "${lines[@]}" |
		HOME=$scratch XDG_CONFIG_HOME=$scratch XDG_DATA_HOME=$scratch timeout 600 "${run[@]}" \
			"$TOP/completions" "$scratch/$shell" 2>&1 >/dev/null)"
	for i in "${!lines[@]}"; do
		got=$scratch/$shell/$((i + 1))
		if [ "${modes[i]}" = all ]; then
			same "$shell: ${names[i]}" "$(sort <<<"${expected[i]}" | sed '/^$/d')" \
				"$(offers <"$got")"
		elif grep -qxE "${expected[i]}|${expected[i]}( .*)" "$got"; then
			ok "$shell: ${names[i]}"
		else
			not_ok "$shell: ${names[i]}" "$(cat "$got")"
		fi
	done
done
done_checking
