# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by the interactive zsh of complete.zsh: its ^X^W writes what completion offers for the
# line to $OUT, each with what is shown for it, and ^X^E clears the line and says so.

autoload -Uz compinit && compinit -D -u
zstyle ':completion:*' verbose yes
PS1= PROMPT_EOL_MARK=
setopt no_beep

# Every offer goes through compadd; calls with -O, -A, -D are its queries.
compadd() {
	local -a captured said
	local at n
	if [[ -z ${(M)@:#-[OAD]} ]]; then
		builtin compadd -O captured "$@"
		at=${@[(i)-d]}
		if (( at < $# )); then
			builtin compadd -O captured -D ${@[at+1]} "$@"
			said=("${(@P)${@[at+1]}}")
		fi
		for ((n = 1; n <= $#captured; n++)); do
			print -r -- "$IPREFIX${captured[n]} ${said[n]-}" >>$OUT
		done
	fi
	builtin compadd "$@"
}

write-down() {
	_main_complete
	compstate[insert]= compstate[list]=
}
zle -C write-down complete-word write-down

end-line() {
	print -n END-$NUMBER-
	zle kill-whole-line
}
zle -N end-line
bindkey '^X^W' write-down '^X^E' end-line
