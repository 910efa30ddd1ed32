# SPDX-License-Identifier: GPL-2.0-or-later
#
# zsh -f complete.zsh COMPLETIONS OUT <LINES: what zsh offers at the end of each line, in OUT/NUMBER
#
# An interactive zsh on a pseudo-terminal of its own gets the lines typed, and completes them.

zmodload zsh/zpty zsh/zselect || exit 1
completions=$1 out=$2

expect() {
	local text chunk
	repeat 3000; do
		zpty -r -t child chunk && text+=$chunk
		[[ $text == *"$1"* ]] && return
		zselect -t 2
	done
	print -u2 "zsh does not come back: ${text[-300,-1]}"
	exit 1
}

zpty -b child zsh -f -i
# The terminal echoes what is typed: the quotes keep that from looking like the answer.
zpty -w child "fpath=(${(q)completions} \$fpath); . ${(q)0:h}/offers.zsh; print REA''DY"
expect READY

number=0
while IFS= read -r line; do
	(( number++ ))
	: >$out/$number
	zpty -w child "OUT=${(q)out}/$number NUMBER=$number; print NEXT''-$number-"
	expect NEXT-$number-
	zpty -w -n child "$line"$'\C-x\C-w\C-x\C-e'
	expect END-$number-
done
zpty -d child
