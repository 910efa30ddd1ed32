#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Install what the lab needs beyond the tests on this machine. Debian, root; does nothing where
# everything is there.
set -euo pipefail

packages=(
	qemu-system-x86 busybox-static cpio e2fsprogs   # the guest and what is in it
	bash bats coreutils diffutils findutils gawk grep jq procps sed strace util-linux bsdutils
	gcc make patch flex bison bc libelf-dev libssl-dev xz-utils zstd  # its kernel
	apt debian-archive-keyring                      # where the sources and images come from
)
missing=()
for package in "${packages[@]}"; do
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] ||
		missing+=("$package")
done
((${#missing[@]})) || exit 0
echo "installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get -q update >/dev/null
apt-get -q install -y --no-install-recommends "${missing[@]}" >/dev/null
