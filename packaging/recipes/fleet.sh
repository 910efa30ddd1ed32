#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fleet.sh <OUTPUT: one table from `mmreap kill --json` of many hosts, each line of whose output begins
# with `HOST: `, as pdsh and clush print it:
#
#   pdsh -w node[01-64] mmreap kill --json --comm java | fleet.sh
#   clush -w node[01-64] mmreap kill --json --comm java | fleet.sh
#   ansible all -m command -a 'mmreap kill --json --comm java' -o prints lines of another kind: use
#   its json callback, and .plays[].tasks[].hosts[].stdout.
#
# Columns: host, pid, outcome, unmapped bytes, message. The lines of different hosts may be mixed.

jq --raw-input --null-input --raw-output '
	reduce (inputs | capture("^(?<host>[^:]+): ?(?<text>.*)$")) as $line
		({}; .[$line.host] += $line.text + "\n")
	| to_entries[] | .key as $host
	| (.value | try fromjson catch { error: { message: "no JSON" } })
	| (.kill // [{ outcome: "error", message: .error.message }])[]
	| [$host, .pid, .outcome, .unmapped, .message] | @tsv'
