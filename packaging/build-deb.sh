#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# build-deb.sh ARCHIVE OUT: Debian packages of a source archive, in OUT
#
# Where they are built does not show in them: called twice, the results are the same, byte for byte.

set -eu
archive=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")

name=$(basename "$archive" .tar.gz)
scratch=$(mktemp -d)
trap 'rm -rf "${scratch:?}"' EXIT

cp "$archive" "$scratch/mmreap_${name#mmreap-}.orig.tar.gz"
tar -xzf "$archive" -C "$scratch"
cd "$scratch/$name"
cp -r packaging/debian debian
dpkg-buildpackage --no-sign --build=full
cd "$scratch"
mv ./*.deb ./*.dsc ./*.changes ./*.buildinfo ./*.orig.tar.gz ./*.debian.tar.* "$out"
