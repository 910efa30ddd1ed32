#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-deb.sh ARCHIVE: the Debian package, made twice, is the same; lintian and blhc find nothing.
# Where that can be done, it is installed over a copy of this system, and passes its autopkgtest, as
# an ordinary user and as root: the tests in AUTOPKGTEST_FILES, as all take as long as the live ring,
# which runs them with the same sources.

. "$(dirname "$0")/lib.sh"
archive=$(realpath "$1")

for tool in dpkg-buildpackage dh lintian blhc; do
	command -v "$tool" >/dev/null && continue
	lacks "Debian package, $tool" packages
	done_checking
done

# The unit tests once are enough.
for n in 1 2; do
	try "Debian package, build $n" env DEB_BUILD_OPTIONS="$([ "$n" = 1 ] || echo nocheck)" \
		"$HERE/build-deb.sh" "$archive" "$scratch/$n" || done_checking
	cp "$scratch/said" "$scratch/log"
done
none 'both builds are the same' "$(cd "$scratch/1" && for file in *.deb *.debian.tar.* *.dsc; do
	cmp "$file" "../2/$file"
done 2>&1)"
none 'lintian finds nothing' "$(cd "$scratch/1" &&
	lintian --allow-root --display-info --pedantic --fail-on=none ./*.changes 2>&1)"
try 'blhc: all hardening flags are used' blhc --all "$scratch/log"

mkdir "$scratch/root"
dpkg-deb -x "$scratch"/1/mmreap_*.deb "$scratch/root"
same 'files' "$({
	installed /usr zsh/vendor-completions | sed '/\/man\//s/$/.gz/'
	printf '/usr/share/doc/mmreap/%s\n' changelog.Debian.gz copyright NEWS.md.gz
	echo /usr/share/lintian/overrides/mmreap
} | sort)" "$(files "$scratch/root")"

# dpkg-shlibdeps does not see what is loaded late; the note says it.
named=$(dpkg-deb -f "$scratch"/1/mmreap_*.deb Depends Recommends Suggests | tr -d ',')
none 'what is loaded late is named in the control file' "$(
	late_sonames "$scratch/root/usr/bin/mmreap" | while read -r soname; do
		owner=$(dpkg-query -S "*/$soname" 2>/dev/null | sed 's/:.*//' | sort -u)
		grep -qw -- "${owner:-?}" <<<"$named" || echo "$soname: ${owner:-no package has it}"
	done)"

# overlay SUITE: on an overlay of this system, so that what is installed stays there
overlay() {
	unshare --mount bash -s "$scratch" "$1" <<'END'
set -eu
tree=$1/overlay suite=$2
mkdir -p "$tree"
mount -t tmpfs overlay "$tree"
mkdir "$tree/upper" "$tree/work" "$tree/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$tree/upper,workdir=$tree/work" "$tree/root"
for dir in proc sys dev; do mount --rbind "/$dir" "$tree/root/$dir"; done
mount -t tmpfs tmp "$tree/root/tmp"
chmod 1777 "$tree/root/tmp"
mkdir "$tree/root/tmp/packages"
cp "$1"/1/* "$tree/root/tmp/packages"
cd /
chroot "$tree/root" env HOME=/root dpkg -i $(cd "$tree/root" && echo tmp/packages/mmreap_*.deb)
chroot "$tree/root" env HOME=/root AUTOPKGTEST_FILES="$AUTOPKGTEST_FILES" bash -c '
	cd /tmp && dpkg-source -x packages/*.dsc tree && cd tree && "debian/tests/$0"' "$suite"
END
}
if [ "$(id -u)" -eq 0 ] && unshare --mount mount -t tmpfs none "$scratch/root"; then
	: "${AUTOPKGTEST_FILES=tests/cli tests/live/kill-names.bats tests/live/kill-user.bats}"
	export AUTOPKGTEST_FILES
	for suite in unprivileged root; do
		try "installed, autopkgtest $suite" overlay "$suite"
	done
else
	lacks 'autopkgtest' root
fi
done_checking
