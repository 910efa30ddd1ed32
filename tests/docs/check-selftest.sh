#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The checkers of this directory, each seen to fail on a copy of the tree with a planted fault.

. "$(dirname "$0")/lib.sh"

scratch=$(mktemp -d) || exit 1
trap 'rm -r "${scratch:?}"' EXIT

# plant CHECKER FAILS EDIT...: after the edit, run in man/ or completions/, that test fails
plant() {
	local checker=$1 fails=$2 got
	shift 2
	rm -rf "${scratch:?}/tree" && mkdir "$scratch/tree"
	cp -r "$TOP/man" "$TOP/completions" "$scratch/tree"
	(cd "$scratch/tree" && "$@") || {
		not_ok "$fails: planted" "$*"
		return
	}
	if diff -rq "$TOP/man" "$scratch/tree/man" >/dev/null &&
		diff -rq "$TOP/completions" "$scratch/tree/completions" >/dev/null; then
		not_ok "$fails: planted" "$* changes nothing"
		return
	fi
	got=$(TOP=$scratch/tree MMREAP_MUST_RUN='' "$HERE/check-$checker.sh" 2>&1 |
		sed -n 's/^not ok [0-9]* - //p')
	if grep -qxF "$fails" <<<"$got"; then
		ok "found: $fails, after $*"
	else
		not_ok "found: $fails, after $*" "$got"
	fi
}

kill=man/mmreap-kill.1
if command -v mandoc >/dev/null; then
	plant man 'mandoc finds nothing: mmreap.7' sed -i '/^\.Sh NAME/i .Xx' man/mmreap.7
fi
if command -v man >/dev/null; then
	plant man 'fits 80 columns: mmreap-kill.1' \
		sed -i 's/^ PID COMM    OUTCOME.*/&                                 X/' $kill
fi
plant man 'a page for each command, and for no other' cp man/mmreap.7 man/mmreap-none.1
plant man 'mmreap.1 lists the commands' sed -i 's/^\.It Cm kill$/.It Cm slay/' man/mmreap.1
plant man 'options of mmreap-kill.1' sed -i 's/refuse | kill | spare/refuse | kill/' $kill
plant man 'options of mmreap-kill.1' sed -i '/^\.It Fl -thaw$/d' $kill
plant man 'options of mmreap.1' sed -i 's/^\.It Fl V , Fl -version/.It Fl v , Fl -version/' man/mmreap.1
plant man 'statuses of mmreap.1' sed -i 's/^\.It Sy 8 Pq pinned/.It Sy 9 Pq pinned/' man/mmreap.1
plant man 'outcomes and statuses of mmreap-kill.1' sed -i 's/^\.It Sy freed Pq 0/.It Sy freed Pq 1/' $kill
plant man 'columns of mmreap-kill.1' sed -i 's/^\.It Sy freed Pq number/.It Sy freed Pq string/' $kill
plant man 'default columns of mmreap-kill.1' sed -i 's/^\(\.It Sy freed Pq number\)/\1 , default/' $kill
plant man 'words of hold in mmreap-kill.1' sed -i 's/^\.Sy frozen$/.Sy cold/' $kill
plant man 'phases of mmreap-status.1' sed -i '/^\.It Sy exit-stop$/d' man/mmreap-status.1
plant man 'capabilities of mmreap-probe.1' sed -i '/^\.It Sy yama$/d' man/mmreap-probe.1
plant man 'mmreap.7 tells of ESRCH' sed -i 's/^\.It Er ESRCH/.It Er ENOENT/' man/mmreap.7
if [ "$(id -u)" -eq 0 ] && unshare --pid --fork --mount-proc true 2>/dev/null; then
	plant examples 'mmreap-kill.1, example shared' sed -i 's/with 1 process (4712/with 1 process (4713/' $kill
	plant examples 'mmreap-kill.1, example grace' sed -i 's/^4711 java: exited: within/& all of/' $kill
fi
for shell in bash zsh fish; do
	command -v $shell >/dev/null || continue
	export COMPLETION_SHELLS=$shell
	case $shell in
	bash) plant completions 'bash: kill: a cgroup' \
		sed -i 's/_mmreap_cgroups()/_mmreap_no_cgroups()/' completions/mmreap.bash ;;
	zsh) plant completions 'zsh: columns of kill, a second one' \
		sed -i "s/compset -P '\*,'/:/" completions/_mmreap ;;
	fish) plant completions 'fish: words of kill --method=' \
		sed -i "s/string replace -a '|' ' '/string replace -r '^auto.' ''/" completions/mmreap.fish ;;
	esac
done
done_checking
