# SPDX-License-Identifier: GPL-2.0-or-later
#
# fish complete.fish COMPLETIONS OUT <LINES: what fish offers at the end of each line, in OUT/NUMBER

source $argv[1]/mmreap.fish
set -l number 0
while read -l line
    set number (math $number + 1)
    complete -C $line | string replace \t ' ' >$argv[2]/$number
end
