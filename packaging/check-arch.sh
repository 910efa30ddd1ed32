#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-arch.sh ARCHIVE: makepkg makes the Arch package, with what should be in it.

. "$(dirname "$0")/lib.sh"
archive=$(realpath "$1")

if ! command -v makepkg >/dev/null || ! command -v pacman >/dev/null; then
	lacks 'Arch package, makepkg' packages
	done_checking
fi

mkdir "$scratch/arch"
cp "$archive" "$HERE/arch/PKGBUILD" "$scratch/arch"
# makepkg refuses to run as root. It is not its system: what is needed is here, but not its database.
as=()
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$scratch"
	chown -R nobody "$scratch/arch"
	as=(setpriv --reuid nobody --regid nogroup --clear-groups)
fi
make_package() {
	cd "$scratch/arch" && "${as[@]}" env HOME="$scratch/arch" PKGEXT=.pkg.tar \
		CARCH="$(uname -m)" makepkg --nodeps --noconfirm
}
try 'Arch package' make_package || done_checking
same 'the version is that of the archive' "$(cat "$TOP/VERSION")" \
	"$(sed -n 's/^pkgver=//p' "$HERE/arch/PKGBUILD")"
mkdir "$scratch/root"
tar -xf "$scratch"/arch/mmreap-[0-9]*.pkg.tar -C "$scratch/root" --exclude='.[A-Z]*'
same 'files' "$(installed /usr | sed '/\/man\//s/$/.gz/')" "$(files "$scratch/root")"
done_checking
