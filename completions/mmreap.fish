# SPDX-License-Identifier: GPL-2.0-or-later
#
# fish completion for mmreap. Commands, options and their words come from `mmreap --dump-options`,
# columns from `mmreap COMMAND --list-columns`: what the command knows is what is offered.

# Not from the command line of a process: reading that waits for a lock which a process in trouble
# may hold.
function __mmreap_processes
    set -l pids (string replace -rf '^/proc/([0-9]+)$' '$1' /proc/*)
    # Field 23, the size of the address space: a process without one has nothing to give back.
    cat /proc/(string match -v $fish_pid -- $pids)/stat 2>/dev/null |
        string replace -rf '^(\d+) \((.*)\) (?:\S+ ){20}[1-9]\d* .*' '$1\t$2'
end

function __mmreap_names
    __mmreap_processes | string replace -r '^[0-9]+\t' '' | sort -u
end

# As in /proc/PID/cgroup or with the place where they are mounted.
function __mmreap_cgroups
    set -l word (string replace -r '^--cgroup=' '' -- (commandline -ct))
    test -n "$word"; or set word /
    for line in (cat /proc/self/mounts)
        set -l fields (string split ' ' -- $line)
        contains -- $fields[3] cgroup cgroup2; or continue
        for dir in $fields[2]$word*/
            string replace -- $fields[2] '' (string trim --right --chars=/ -- $dir)
        end
        if string match -q -- "$fields[2]/*" $word
            for dir in $word*/
                string trim --right --chars=/ -- $dir
            end
        end
    end | sort -u
end

function __mmreap_columns
    set -l word (string replace -r '^--output=' '' -- (commandline -ct))[1]
    set -l head (string match -r '^(?:.*,|\+)?' -- "$word")
    for line in (mmreap $argv[1] --list-columns --raw --noheadings 2>/dev/null)
        set -l fields (string split ' ' -- $line)
        string match -q -- "*,$fields[1],*" ,(string replace -r '^\+' '' -- "$head")
        or printf '%s%s\t%s\n' "$head" $fields[1] (string replace -a '\x20' ' ' -- $fields[3])
    end
end

function __mmreap_option
    set -l fields (string split \t -- $argv[1])
    set -l condition "__fish_seen_subcommand_from $fields[1]"
    test $fields[1] = mmreap; and set condition __fish_use_subcommand
    set -l options -c mmreap -n $condition -l (string replace -- -- '' $fields[2]) -d $fields[5]
    test $fields[3] = -; or set -a options -s (string replace -- - '' $fields[3])
    switch $fields[4]
        case -
        case '*|*'
            set -a options -x -a (string replace -a '|' ' ' -- $fields[4])
        case '[+]LIST'
            set -a options -x -a "(__mmreap_columns $fields[1])"
        case NAME
            set -a options -x -a '(__mmreap_names)'
        case PATH
            set -a options -x -a '(__mmreap_cgroups)'
        case '*'
            set -a options -x
    end
    complete $options
    test $fields[2] = --pidfd
    and complete -c mmreap -n $condition -a '(__mmreap_processes)'
end

complete -c mmreap -e
complete -c mmreap -f
for line in (mmreap --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) */\1\t/p')
    complete -c mmreap -n __fish_use_subcommand -a (string split \t -- $line)[1] -d (string split \t -- $line)[2]
end
for line in (mmreap --dump-options 2>/dev/null)
    __mmreap_option $line
end
