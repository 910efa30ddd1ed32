# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# bash completion for mmreap. Commands, options and their words come from `mmreap --dump-options`,
# columns from `mmreap COMMAND --list-columns`: what the command knows is what is offered.

# "PID name" of each process that has memory, below this PID namespace's procfs. Not from the
# command line of the process: reading that waits for a lock which a process in trouble may hold.
_mmreap_processes() {
	local dir size name
	for dir in /proc/[0-9]*; do
		{ read -r size _ <"$dir/statm" && IFS= read -r name <"$dir/comm"; } 2>/dev/null || continue
		[[ $size == 0 || ${dir#/proc/} == "$$" ]] || printf '%s %s\n' "${dir#/proc/}" "$name"
	done
}

# Cgroups below $1, as in /proc/PID/cgroup or with the place where they are mounted.
_mmreap_cgroups() {
	local mount type dir
	while read -r _ mount type _; do
		[[ $type == cgroup || $type == cgroup2 ]] || continue
		for dir in "$mount${1:-/}"*/ "$1"*/; do
			[[ -d $dir && $dir == "$mount"/* ]] || continue
			dir=${dir%/}
			[[ -n $1 && $dir == "$1"* ]] || dir=${dir#"$mount"}
			printf '%s\n' "$dir"
		done
	done </proc/self/mounts | sort -u
}

# Columns of command $1 behind those that stand in $2 already.
_mmreap_columns() {
	local done='' column
	[[ $2 != *,* ]] || done=${2%,*},
	[[ $2 != +* || -n $done ]] || done=+
	while read -r column _; do
		[[ ,${done#+} == *",$column,"* ]] || printf '%s\n' "$done$column"
	done < <(mmreap "$1" --list-columns --raw --noheadings 2>/dev/null)
}

_mmreap_fill() {
	local line
	COMPREPLY=()
	while IFS= read -r line; do
		[[ $line != "$cur"* ]] || COMPREPLY+=("$line")
	done
}

_mmreap() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} dump command='' i
	local only_targets=false argument

	# --option=value are three words here.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} == -- ]]; then
			only_targets=true
		elif [[ -z $command && ${COMP_WORDS[i]} != -* ]]; then
			command=${COMP_WORDS[i]}
		fi
	done
	dump=$(mmreap --dump-options 2>/dev/null) || return

	if [[ -z $command ]]; then
		if [[ $cur == -* ]]; then
			_mmreap_fill < <(awk '$1 == "mmreap" { print $2; if ($3 != "-") print $3 }' <<<"$dump")
		else
			_mmreap_fill < <(awk '$1 != "mmreap" && !seen[$1]++ { print $1 }' <<<"$dump")
		fi
		return
	fi

	# What the word before wants; -Jo is -o at its end.
	argument=-
	if ! $only_targets; then
		[[ $prev != -[!-]* ]] || prev=-${prev:(-1)}
		# Not with -v, which makes something of a backslash.
		argument=$(command=$command option=$prev awk -F '\t' '
			$1 == ENVIRON["command"] && ($2 == ENVIRON["option"] || $3 == ENVIRON["option"]) {
				print $4
			}' <<<"$dump")
	fi
	case ${argument:--} in
	-) ;;
	*'|'*)
		_mmreap_fill <<<"${argument//|/$'\n'}"
		return
		;;
	'[+]LIST')
		compopt -o nospace
		_mmreap_fill < <(_mmreap_columns "$command" "$cur")
		return
		;;
	PATH)
		_mmreap_fill < <(_mmreap_cgroups "$cur")
		compopt -o nospace
		return
		;;
	NAME)
		_mmreap_fill < <(_mmreap_processes | cut -d ' ' -f 2- | sort -u)
		# Quoted when it is put in the line.
		compopt -o filenames
		return
		;;
	*)
		return
		;;
	esac

	if [[ $cur == -* ]] && ! $only_targets; then
		_mmreap_fill < <(command=$command awk '
			$1 == ENVIRON["command"] { print $2; if ($3 != "-") print $3 }' <<<"$dump")
	elif grep -q "^$command	--pidfd	" <<<"$dump"; then
		# Names are for the eye: what goes into the line is a PID.
		_mmreap_fill < <(_mmreap_processes)
		if ((${#COMPREPLY[@]} == 1)) || [[ $COMP_TYPE == 37 || $COMP_TYPE == 42 ]]; then
			COMPREPLY=("${COMPREPLY[@]%% *}")
		fi
	fi
}

complete -F _mmreap mmreap
