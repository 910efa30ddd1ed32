#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check-alpine.sh ARCHIVE: the APKBUILD is well-formed, and with the C library of Alpine (musl) all
# sources compile whose libraries are here for it, and the unit tests of these pass.

. "$(dirname "$0")/lib.sh"
archive=$(realpath "$1")

# ---- APKBUILD -------------------------------------------------------------------------------
try 'APKBUILD: shell' sh -n "$HERE/alpine/APKBUILD"
field() {
	sh -c '. "$1"; eval "echo \$$2"' - "$HERE/alpine/APKBUILD" "$1" | xargs
}
same 'APKBUILD: the version is that of the archive' "$(cat "$TOP/VERSION")" "$(field pkgver)"
same 'APKBUILD: nothing that a package must say is missing' '' \
	"$(for name in pkgname pkgver pkgrel pkgdesc url arch license source; do
		[ -n "$(field "$name")" ] || echo "$name"
	done)"
same 'APKBUILD: manuals, catalogues and completions are packages of their own' \
	'mmreap-doc mmreap-lang mmreap-bash-completion mmreap-zsh-completion mmreap-fish-completion' \
	"$(field subpackages)"

same 'APKBUILD: what is loaded late is named' "$(field depends | tr ' ' '\n')" \
	"$(sed -n 's/^LATE_PACKAGES := //p' "$TOP/Makefile" | tr ' ' '\n' | sed 's/:.*//; s/^\(lib\)*/lib/' | sort)"

# ---- musl -----------------------------------------------------------------------------------
if ! command -v musl-gcc >/dev/null; then
	lacks 'musl, musl-gcc' packages
	done_checking
fi
tar -xzf "$archive" -C "$scratch" || exit 1
cd "$scratch"/mmreap-* || exit 1

# The kernel's headers, which musl-gcc leaves out with everything that belongs to glibc.
mkdir "$scratch/kernel"
for dir in linux asm-generic; do ln -s "/usr/include/$dir" "$scratch/kernel/"; done
ln -s "$(dirname "$(find /usr/include -path '*/asm/unistd.h' | head -n 1)")" "$scratch/kernel/asm"

compile() {
	musl-gcc -std=gnu17 -Wall -Wextra -Werror -O2 -fPIE -Iinclude -idirafter "$scratch/kernel" \
		-D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DMMREAP_VERSION='"musl"' -DMMREAP_PARTS='"none"' \
		-DMMREAP_LOCALEDIR='"/usr/share/locale"' "$@"
}

# These need libraries that are not here for musl; Alpine has them.
libraries='<(popt|libmount|libsmartcols|libproc2/.*)\.h>'
mapfile -t without < <(grep -rlE "#include $libraries" src | sort)
mkdir objects
while IFS= read -r file; do
	object=objects/$(tr / _ <<<"${file%.c}").o
	try "musl: $file" compile -c -o "$object" "$file"
done < <(find src -name '*.c' ! -path 'src/bpf/*' ! -name '*_bpf.c' ! -name main.c | sort |
	grep -vxF "$(printf '%s\n' "${without[@]}")")
echo "# not for musl here: ${without[*]}"
ar rcs libmmreap.a objects/*.o

# What a unit test needs of those is defined in none of the objects, and in one of these sources.
for test in tests/unit/test_*.c; do
	name=${test##*/}
	try "musl: $name compiles" compile -c -o "${name%.c}.o" "$test" || continue
	if musl-gcc -static-pie -pthread -o "${name%.c}" "${name%.c}.o" libmmreap.a 2>"$scratch/link"; then
		try "musl: $name" "./${name%.c}"
		continue
	fi
	missing=$(sed -n "s/.*undefined reference to \`\(.*\)'.*/\1/p" "$scratch/link" | sort -u)
	unknown=$(for symbol in $missing; do
		grep -qE "\b$symbol\(" "${without[@]}" || echo "$symbol"
	done)
	[ -n "$missing" ] || unknown=$(cat "$scratch/link")
	none "musl: $name lacks only what needs a library" "$unknown"
done
done_checking
