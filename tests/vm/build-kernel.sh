#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Build the lab's own kernel: linux-source-6.1 with reap-kill.patch and own.config.
#
# usage: build-kernel.sh SOURCE.tar.xz FOLDER
#
# The source tree, the object tree and the image stay in FOLDER, so that a change of the patch
# compiles one file again; an unchanged one compiles nothing.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source=$1
folder=$2
jobs=${LAB_JOBS:-$(nproc)}
tree=$folder/source
objects=$folder/objects

mkdir -p "$folder"
# What the image is made from. The archive is told by its size: a mirror never changes a package
# without changing its version, and hashing 140 MB at each run would be the longest step.
want=$({
	sed -n '/^--- a/,$p' "$here/reap-kill.patch"
	cat "$here/own.config"
	basename "$source"
	stat -Lc %s "$source"
	gcc --version
} | sha256sum | cut -d' ' -f1)
if [[ -e $folder/bzImage.version && $(cat "$folder/stamp" 2>/dev/null) == "$want" ]]; then
	exit 0
fi
rm -f "$folder/stamp"

if ! cmp -s <(stat -Lc '%n %s' "$source") "$folder/source.stamp"; then
	rm -rf "$tree" "$objects" "$folder/applied.patch"
	mkdir -p "$tree"
	tar -xf "$source" -C "$tree" --strip-components=1
	stat -Lc '%n %s' "$source" >"$folder/source.stamp"
fi
if ! cmp -s "$here/reap-kill.patch" "$folder/applied.patch"; then
	if [[ -e $folder/applied.patch ]]; then
		patch -s -R -p1 -d "$tree" <"$folder/applied.patch"
		rm "$folder/applied.patch"
	fi
	patch -s -p1 -d "$tree" <"$here/reap-kill.patch"
	cp "$here/reap-kill.patch" "$folder/applied.patch"
fi

mkdir -p "$objects"
awk 'NF && $1 !~ /^#/ {
	print $2 == "n" ? "# CONFIG_" $1 " is not set" : "CONFIG_" $1 "=" $2
}' "$here/own.config" >"$folder/wanted.config"
# Names and times that change from run to run are left out, so that equal input gives an equal image.
make=(make -s -C "$tree" "O=$objects" "-j$jobs"
	KBUILD_BUILD_TIMESTAMP=@0 KBUILD_BUILD_USER=lab KBUILD_BUILD_HOST=lab KBUILD_BUILD_VERSION=1)
"${make[@]}" KCONFIG_ALLCONFIG="$folder/wanted.config" allnoconfig >"$folder/config.log" 2>&1 ||
	{ cat "$folder/config.log" >&2; exit 1; }
# An option whose dependencies are missing is dropped by kconfig without a word.
missing=0
while read -r name value _; do
	if [[ $value == n ]]; then
		grep -q "^CONFIG_$name=" "$objects/.config" || continue
	else
		grep -qx "CONFIG_$name=$value" "$objects/.config" && continue
	fi
	echo "build-kernel.sh: CONFIG_$name=$value did not take" >&2
	missing=1
done < <(grep -Ev '^(#|$)' "$here/own.config")
((missing == 0))

"${make[@]}" bzImage
cp "$objects/arch/x86/boot/bzImage" "$folder/bzImage"
echo "linux-source-6.1 with reap-kill.patch $(make -s -C "$tree" kernelversion)" \
	>"$folder/bzImage.version"
echo "$want" >"$folder/stamp"
