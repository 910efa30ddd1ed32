#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-rpm.sh ARCHIVE: the RPM package builds, has what it should, and rpmlint finds no fault.

. "$(dirname "$0")/lib.sh"
archive=$(realpath "$1")

for tool in rpmbuild rpmlint; do
	command -v "$tool" >/dev/null && continue
	lacks "RPM package, $tool" packages
	done_checking
done

top=$scratch/rpmbuild
mkdir -p "$top/SOURCES"
cp "$archive" "$top/SOURCES"
# Not an RPM system: what is needed is here, but the database of packages does not know.
try 'RPM package' rpmbuild -ba --nodeps --define "_topdir $top" --define "_prefix /usr" \
	"$HERE/rpm/mmreap.spec" || done_checking
same 'the version is that of the archive' "mmreap-$(cat "$TOP/VERSION")" \
	"$(rpmspec -q --qf '%{name}-%{version}\n' "$HERE/rpm/mmreap.spec" | head -n 1)"
package=$(echo "$top"/RPMS/*/mmreap-[0-9]*.rpm)
# Compressing pages, and the names of directories for documents, are a distribution's.
same 'files' "$({
	installed /usr
	echo /usr/share/doc/mmreap/NEWS.md
	echo /usr/share/licenses/mmreap/COPYING
} | sort)" "$(rpm -qp --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' "$package" | sed -n 's/^-[^ ]* //p' |
	sed -E '/\.build-id/d; s|^(/usr/share/(doc\|licenses)/mmreap)-[^/]*|\1|; s|(/man/.*)\.gz$|\1|' | sort)"
mkdir "$scratch/root"
(cd "$scratch/root" && rpm2cpio "$package" | cpio -idm --quiet)
same 'what is loaded late is recommended' "$(late_sonames "$scratch/root/usr/bin/mmreap" | sort)" \
	"$(rpm -qp --recommends --suggests "$package" | sed 's/()(64bit)$//' | sort)"
try 'rpmlint' rpmlint --config "$HERE/rpm/rpmlint.toml" "$HERE/rpm/mmreap.spec" "$package" "$top"/SRPMS/*.rpm
done_checking
