#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Take a file out of a package of Debian's mirror, without touching this machine's own sources.
#
# usage: fetch.sh kernel SUITE PACKAGE FILE    the kernel image that a (meta)package stands for
#        fetch.sh source PACKAGE FILE          the source archive of a bookworm linux-source package
#        fetch.sh root SUITE PACKAGE FOLDER    a package and all that it depends on, unpacked together
#
# FILE (or FOLDER) appears when it is complete and not before; FILE.version names the package and its version.
set -euo pipefail

mirror=${LAB_MIRROR:-http://deb.debian.org}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
	echo "fetch.sh: $*" >&2
	exit 1
}

# apt with sources, lists and package state of its own; the machine's proxy settings stay in force
apt_setup() {
	local suite=$1 url
	mkdir -p "$scratch"/{lists,cache}/partial "$scratch/cache/archives/partial"
	: >"$scratch/status"
	echo "deb [signed-by=$keyring] $mirror/debian $suite main" >"$scratch/sources.list"
	case $suite in
	bullseye | bookworm | trixie)
		url=$mirror/debian-security
		echo "deb [signed-by=$keyring] $url $suite-security main" >>"$scratch/sources.list"
		;;
	esac
	cat >"$scratch/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$scratch/sources.list";
		Dir::Etc::sourceparts "-";
		Dir::State::lists "$scratch/lists";
		Dir::State::status "$scratch/status";
		Dir::Cache "$scratch/cache";
		APT::Architecture "amd64";
		APT::Architectures "amd64";
		APT::Sandbox::User "root";
		Acquire::Languages "none";
		Acquire::Retries "3";
	CONF
	export APT_CONFIG=$scratch/apt.conf
	apt-get -q update >"$scratch/log" 2>&1 || { cat "$scratch/log" >&2; die "no lists for $suite"; }
}

depends() { # package, regex: the first dependency that matches
	apt-cache show --no-all-versions "$1" | sed -n 's/^\(Pre-\)\?Depends: //p' |
		sed 's/ *[,|] */\n/g' | sed 's/ .*//' | grep -E -m1 "$2" || true
}

unpack() { # package, its folder
	(cd "$scratch" && apt-get -q download "$1" >"$scratch/log" 2>&1) ||
		{ cat "$scratch/log" >&2; die "cannot download $1"; }
	dpkg-deb -x "$scratch"/*.deb "$2"
	rm -f "$scratch"/*.deb
}

deliver() { # package, found file, wanted file
	local version
	[[ -e $2 ]] || die "not in $1: $(basename "$3")"
	version=$(apt-cache show --no-all-versions "$1" | sed -n 's/^Version: //p')
	echo "$1 $version" >"$3.version"
	mv "$2" "$3"
}

fetch_kernel() {
	local suite=$1 package=$2 file=$3 next
	apt_setup "$suite"
	# a meta package depends on the image; since 7.x the image's package on the one that holds it
	for pattern in '^linux-image-[0-9]' '^linux-binary-[0-9]'; do
		next=$(depends "$package" "$pattern")
		package=${next:-$package}
	done
	unpack "$package" "$scratch/tree"
	deliver "$package" "$(find "$scratch/tree" -name 'vmlinuz*' -type f)" "$file"
}

fetch_source() {
	local package=$1 file=$2
	apt_setup bookworm
	unpack "$package" "$scratch/tree"
	deliver "$package" "$(find "$scratch/tree/usr/src" -name 'linux-source-*.tar.xz')" "$file"
}

fetch_root() {
	local suite=$1 package=$2 folder=$3 archive
	apt_setup "$suite"
	# Nothing is installed there, so apt finds all of it, the C library included.
	apt-get -q -y --no-install-recommends --download-only install "$package" >"$scratch/log" 2>&1 ||
		{ cat "$scratch/log" >&2; die "cannot download $package"; }
	for archive in "$scratch"/cache/archives/*.deb; do
		dpkg-deb -x "$archive" "$scratch/tree"
	done
	deliver "$package" "$scratch/tree" "$folder"
}

(($# >= 3)) || die "see the head of this file"
what=$1
shift
file=${!#}
[[ -s $file ]] && exit 0
mkdir -p "$(dirname "$file")"
scratch=$(mktemp -d "$file.fetch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
case $what in
kernel | source | root) "fetch_$what" "$@" ;;
*) die "unknown: $what" ;;
esac
