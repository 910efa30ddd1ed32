#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make the image of a guest's disk, with programs that are to be read from there.
#
# usage: build-disk.sh OUT PROGRAM [FILE...] -- ...
#
# Each PROGRAM gets a folder of its name, with its dynamic loader, its libraries and the FILEs, none of
# which it shares with anybody. The loader is called `loader`; a static program has none.
set -euo pipefail

out=$1
shift

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
folder=
for word in "$@"; do
	if [[ $word == -- ]]; then
		folder=
		continue
	fi
	if [[ -z $folder ]]; then
		folder=$root/$(basename "$word")
		mkdir "$folder"
		while read -r library; do
			cp -L "$library" "$folder"
		done < <(ldd "$word" | grep -o '/[^ ]*')
		for library in "$folder"/ld-*; do
			[[ ! -e $library ]] || mv "$library" "$folder/loader"
		done
	fi
	cp -L "$word" "$folder"
done
chmod -R go+rX "$root"
# Debug information is not read, but it would be most of the image.
find "$root" -type f -exec strip --strip-debug {} +
rm -f "$out"
truncate -s "$(($(du -sk "$root" | cut -f 1) + 1024))K" "$out"
PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext2 -b 4096 -m 0 -d "$root" "$out"
