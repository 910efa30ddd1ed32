#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make a guest's initramfs from programs of this machine and from the tree.
#
# usage: build-initramfs.sh [--small] OUT COMMAND-FILE [SOURCE:DESTINATION...]
#
# --small is for guests in which the archive and what is unpacked from it would fill the RAM.
# SOURCE may be a folder. Every ELF file brings the libraries that it needs.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
small=false
if [[ $1 == --small ]]; then
	small=true
	shift
fi
out=$1
command=$2
shift 2

# What bats and the tests call. Whatever is missing here comes from busybox.
programs=(
	bash bats strace jq grep sed awk find xargs cmp diff
	cat chmod chown cp cut date dd dirname basename echo env expr false head id install join ln ls
	mkdir mkfifo mktemp mv nl nproc od paste printf pwd readlink realpath rm rmdir seq sleep sort
	stat stdbuf stty tac tail tee test timeout touch tr true truncate tty uname uniq wc yes
	ps pgrep pkill kill prlimit taskset chrt renice nice setpriv setsid unshare nsenter flock script
	mount umount mountpoint findmnt
)
! $small || programs=(bash bats env jq timeout)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# as on the host, so that an interpreter or library named by either path is found
mkdir -p "$root"/{usr/bin,usr/lib,usr/lib64,usr/libexec,usr/sbin,bb,dev,proc,sys,tmp,run,root,etc,lab,var/tmp,mnt}
for link in bin lib lib64 sbin; do ln -s "usr/$link" "$root/$link"; done
chmod 755 "$root"
chmod 1777 "$root/tmp" "$root/var/tmp"
mknod "$root/dev/console" c 5 1 2>/dev/null || : "the kernel goes on without"

elf_libraries() { # file: the paths of what the loader would load
	ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p'
}

add() { # file on this machine, its place in the guest
	install -D "$1" "$root/$2"
	local library
	while read -r library; do
		[[ -e $root/$library ]] || install -D "$library" "$root/$library"
	done < <(elf_libraries "$1")
}

for program in "${programs[@]}"; do
	path=$(type -P "$program") || { echo "build-initramfs.sh: no $program here" >&2; exit 1; }
	add "$(readlink -f "$path")" "usr/bin/$program"
done
ln -sf bash "$root/usr/bin/sh"
# bats, and the one locale in which names of processes are more than ASCII
for folder in /usr/lib/bats-core /usr/libexec/bats-core /usr/lib/locale/C.utf8; do
	mkdir -p "$root/${folder%/*}"
	 cp -r "$folder" "$root/${folder%/*}/"
done
add "$(type -P busybox)" bb/busybox
install -m 755 "$here/guest-init" "$root/init"
install -m 755 "$command" "$root/lab/command"
cat >"$root/etc/passwd" <<-PASSWD
	root:x:0:0:root:/root:/bin/bash
	daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
	nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
PASSWD
printf 'root:x:0:\ndaemon:x:1:\nnogroup:x:65534:\n' >"$root/etc/group"

for pair in "$@"; do
	from=${pair%%:*}
	to=${pair#*:}
	if [[ -d $from ]]; then
		while read -r file; do add "$from/$file" "$to/$file"; done < <(cd "$from" && find . -type f)
	else
		add "$from" "$to"
	fi
done

# Debug information is half of it, and the guest would hold it in RAM.
find "$root" -type f -perm /111 -exec strip --strip-debug {} + 2>/dev/null || : "scripts among them"
mkdir -p "$(dirname "$out")"
(cd "$root" && find . -print0 | LC_ALL=C sort -z |
	cpio --quiet -0 -o -H newc -R 0:0) >"$out.tmp"
mv "$out.tmp" "$out"
