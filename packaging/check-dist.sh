#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-dist.sh ARCHIVE: the source archive builds outside of git, installs what is promised where it
# is promised, and takes it away again; a second archive of the same commit is the same.

. "$(dirname "$0")/lib.sh"
archive=$(realpath "$1")
jobs=-j$(nproc)

tar -xzf "$archive" -C "$scratch" || exit 1
tree=$(echo "$scratch"/mmreap-*)
TOP=$tree
cd "$tree" || exit 1

same 'archive: its name says the version' "mmreap-$(cat VERSION)" "${tree##*/}"
none 'archive: no file that git does not know, or that nobody may read' \
	"$(find . \( -name '*.o' -o -name '*~' -o -name .git -o ! -perm -u+r \) -print)"
try 'archive: builds' make "$jobs" WERROR=1 || done_checking
try 'archive: unit tests' make "$jobs" check-unit

try 'install: /usr/local' make install DESTDIR="$scratch/local"
same 'install: /usr/local has what belongs there' "$(installed /usr/local)" "$(files "$scratch/local")"
try 'install: the distribution'\''s places' make install DESTDIR="$scratch/usr" PREFIX=/usr \
	ZSH_COMPLETIONS=/usr/share/zsh/vendor-completions
same 'install: /usr has what belongs there' "$(installed /usr zsh/vendor-completions)" \
	"$(files "$scratch/usr")"
same 'install: modes' "$(printf '%s\n' '644 -' '755 /usr/bin/mmreap')" "$(cd "$scratch/usr" &&
	find . ! -type d -printf '%m /%P\n' | sed '/^644 /s/ .*/ -/' | sort -u)"
same 'install: the command runs' "mmreap $(cat VERSION)" \
	"$("$scratch/usr/usr/bin/mmreap" --version | head -n 1)"
try 'uninstall' make uninstall DESTDIR="$scratch/local"
same 'uninstall: nothing is left' '' "$(files "$scratch/local")"

try 'clean' make clean
none 'clean: nothing of the archive is changed' "$(tar -dzf "$archive" -C "$scratch" 2>&1)"
same 'clean: nothing is added' "$(tar -tzf "$archive" | grep -v '/$' | sort)" \
	"$(cd "$scratch" && find "${tree##*/}" ! -type d | sort)"
done_checking
