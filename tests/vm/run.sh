#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boot one of the lab's kernels with the tests in it, and bring their results back.
#
# usage: run.sh [--image] KERNEL [TEST.bats...]
#
# --image only makes the kernel's image, if it is not in the cache, and chooses the accelerator.
# KERNEL is a line of the file `kernels`. Without TEST, what that line names. Results, the console
# log and a one-line summary stay in $LAB_OUT/KERNEL. Exit status: 0 all passed; 1 a test failed;
# 3 the machine did not boot, or did not come to its end in time: the console log is printed.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)
. "$here/../lib/cache.bash"
out=${LAB_OUT:-$top/build/vm}
world=${LAB_WORLD:-$here} # where `kernels` and `deny` are
binary=${MMREAP:-$top/build/mmreap}
static=${MMREAP_STATIC:-$top/build/static/mmreap}
helpers=${MMREAP_HELPERS:-$top/build/tests}

die() {
	echo "run.sh: $*" >&2
	exit 2
}

image_file() { # image of a line in `kernels`
	case $1 in
	own) echo "$cache/own/bzImage" ;;
	*) echo "$cache/images/${1/\//-}" ;;
	esac
}

make_image() { # the same, made if it is not there
	case $1 in
	own)
		"$here/fetch.sh" source linux-source-6.1 "$cache/linux-source-6.1.tar.xz"
		"$here/build-kernel.sh" "$cache/linux-source-6.1.tar.xz" "$cache/own"
		;;
	*) "$here/fetch.sh" kernel "${1%%/*}" "${1#*/}" "$(image_file "$1")" ;;
	esac
}

# A denied test is skipped with its reason, in the copy that goes into the guest. A line that
# denies nothing is an error: the list would rot otherwise.
deny() { # deny-list, folder with the copies
	local list=$1 tree=$2 file pattern reason
	[[ -e $list ]] || return 0
	while IFS='|' read -r file pattern reason; do
		[[ -z $file || $file == \#* ]] && continue
		read -r file <<<"$file"
		read -r pattern <<<"$pattern"
		read -r reason <<<"$reason"
		[[ -n $pattern && -n $reason ]] || die "$list: FILE | TEST | REASON expected: $file"
		[[ -e $tree/$file ]] || die "$list: no such file: $file"
		awk -v pattern="$pattern" -v reason="${reason//\'/}" '
			{ print }
			/^@test / {
				name = $0
				sub(/^@test ["'\'']/, "", name)
				sub(/["'\''] *\{ *$/, "", name)
				if (pattern == "*" || index(name, pattern)) {
					print "\tskip '\''denied here: " reason "'\''"
					found = 1
				}
			}
			END { exit !found }
		' "$tree/$file" >"$tree/$file.denied" || die "$list: denies nothing: $file | $pattern"
		mv "$tree/$file.denied" "$tree/$file"
	done <"$list"
}

needs() { # every word that tests/lib/needs.bash knows
	sed -n 's/^need_\([a-z0-9_]*\)().*/\1/p' "$top/tests/lib/needs.bash" | tr '_\n' '- '
}

# Both of the guest's CPUs in one thread of QEMU where two at once are seen to crash the kernel: code
# that one CPU patches (the kernel does so for static keys) is not always seen by the other.
qemu_accel() { # accelerator, threads: one, many or -
	case $1,$2 in
	tcg,one) echo tcg,thread=single ;;
	*) echo "$1" ;;
	esac
}

boot() { # accelerator, limit, image, cpus, MiB, initramfs, folder of the logs, command line, disk
	local accel=$1 limit=$2 image=$3 cpus=$4 mib=$5 initramfs=$6 logs=$7 append=$8 drive=()
	[[ -z ${9-} ]] || drive=(-drive "file=$9,format=raw,if=virtio,readonly=on")
	# Without ACPI the CPUs are counted by socket. The kernel's log and the results have a serial
	# port each, so that neither garbles the other.
	timeout --kill-after=5 "$limit" qemu-system-x86_64 -M pc -accel "$accel" -cpu max -m "$mib" \
		-smp "$cpus,sockets=$cpus,cores=1,threads=1" -nodefaults -no-user-config \
		-display none -no-reboot -monitor none \
		-serial "file:$logs/console.log" -serial "file:$logs/results.log" \
		"${drive[@]}" -kernel "$image" -initrd "$initramfs" -append "console=ttyS0 panic=-1 oops=panic \
tsc=reliable tsc_early_khz=$tsc_khz no_timer_check rootfstype=ramfs rdinit=/init $append" </dev/null >"$logs/qemu.log" 2>&1
}

# /dev/kvm may exist, open, and never bring a guest to user space: believe a timed boot only.
accelerator() {
	local probe=$cache/kvm image
	case ${LAB_ACCEL:-auto} in
	auto) ;;
	*) echo "$LAB_ACCEL"; return ;;
	esac
	[[ -r /dev/kvm && -w /dev/kvm ]] || { echo tcg; return; }
	image=$1
	if [[ $(cat "$probe/machine" 2>/dev/null) != "$(uname -nr)" ]]; then
		mkdir -p "$probe"
		echo : >"$probe/command"
		"$here/build-initramfs.sh" "$probe/initramfs" "$probe/command" "$here/kernels:mmreap/kernels"
		echo tcg >"$probe/verdict"
		: >"$probe/results.log"
		boot kvm 10 "$image" 2 512 "$probe/initramfs" "$probe" "" || :
		grep -q '^lab: end status 0' "$probe/results.log" && echo kvm >"$probe/verdict"
		rm "$probe/initramfs"
		uname -nr >"$probe/machine"
	fi
	cat "$probe/verdict"
}

only_image=false
if [[ ${1-} == --image ]]; then
	only_image=true
	shift
fi
(($# >= 1)) || die "which kernel? $(awk '!/^#/ && NF { printf "%s ", $1 }' "$world/kernels")"
kernel=$1
shift
read -r _ image cpus threads mib limit tests append < <(awk -v name="$kernel" '$1 == name' "$world/kernels") ||
	die "no kernel $kernel; there are: $(awk '!/^#/ && NF { printf "%s ", $1 }' "$world/kernels")"
make_image "$image"
[[ -x $out/helpers/tsckhz ]] || die "no $out/helpers/tsckhz: run this through make check-vm"
tsc_khz=$("$out/helpers/tsckhz")
accel=$(accelerator "$(image_file "$image")")
[[ $accel == tcg || $accel == kvm ]] || die "accelerator $accel"
if $only_image; then
	echo "# $kernel: $(cat "$(image_file "$image").version"), $accel"
	exit
fi

logs=$out/$kernel
rm -rf "$logs"
mkdir -p "$logs/tree"
# the guest sees the tree as the host does: tests, built helpers, the binary
mkdir -p "$logs/tree/tests/vm"
for folder in tests/lib tests/live tests/vm/live; do
	[[ -d $top/$folder ]] && cp -r "$top/$folder" "$logs/tree/$folder"
done
files=()
if (($#)); then
	for file in "$@"; do
		[[ -e $file ]] || die "no $file"
		name=$(realpath --relative-to="$top" "$file")
		if [[ $name == ../* ]]; then # a test that is not in the tree
			name=tests/vm/live/$(basename "$file")
			cp "$file" "$logs/tree/$name"
		fi
		files+=("$name")
	done
else
	for name in ${tests//,/ }; do
		file=tests/vm/live/$name.bats
		[[ -e $top/$file ]] || file=tests/live/$name.bats
		[[ -e $top/$file ]] || die "kernels: $kernel: no test file $name.bats"
		files+=("$file")
	done
fi
for list in all "$kernel"; do deny "$world/deny/$list" "$logs/tree"; done
{
	echo "export MMREAP_LAB_KERNEL=$kernel MMREAP_LAB_CPUS=$cpus"
	echo 'export MMREAP=/mmreap/build/mmreap MMREAP_HELPERS=/mmreap/build/tests'
	# A need that this kernel does not meet is a line in its deny-list, never a silent skip.
	echo "export MMREAP_MUST_RUN='$(needs)'"
	printf 'exec bats --tap --timing'
	printf ' %q' "${files[@]}"
	echo
} >"$logs/command"
parts=("$logs/tree:mmreap")
small=() disk=
if ((mib < 128)); then
	small=(--small) disk=$logs/disk
	ln -s "$static" "$logs/mmreap-static"
	"$here/build-disk.sh" "$disk" "$binary" "$helpers/ledger.so" -- "$logs/mmreap-static" -- \
		"$(type -P kill)" --
	rm "$logs/mmreap-static"
fi
for folder in "$helpers" "$out/helpers"; do
	((mib < 128)) && [[ $folder == "$helpers" ]] && continue
	[[ -d $folder ]] && parts+=("$folder:mmreap/build/tests")
done
[[ -x $binary ]] && parts+=("$binary:mmreap/build/mmreap")
"$here/build-initramfs.sh" "${small[@]}" "$logs/initramfs" "$logs/command" "${parts[@]}"

started=$EPOCHREALTIME
boot "$(qemu_accel "$accel" "$threads")" "$limit" "$(image_file "$image")" "$cpus" "$mib" "$logs/initramfs" "$logs" "$append" "$disk" || :
took=$(awk -v a="$started" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
rm -f "$logs/initramfs" "$logs/disk"
rm -rf "$logs/tree"

# the serial port ends its lines as terminals do
tr -d '\r' <"$logs/results.log" | tee "$logs/results.tap"
rm "$logs/results.log"
read -r release up < <(sed -n 's/^lab: kernel \([^ ]*\) .* up \(.*\)/\1 \2/p' "$logs/results.tap") || :
status=$(sed -n 's/^lab: end status \([0-9]*\).*/\1/p' "$logs/results.tap")
count() { grep -cE "$1" "$logs/results.tap" || :; }
passed=$(count '^ok .*ms$|^ok [^#]*( in [0-9]+ms)?$')
denied=$(count '^ok .*# skip denied here')
skipped=$(($(count '^ok .*# skip') - denied))
failed=$(count '^not ok ')

verdict=passed
if [[ -z $release ]]; then
	verdict='did not boot'
elif [[ -z $status ]]; then
	verdict='no end marker'
elif ((status != 0)); then
	verdict=failed
fi
printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$kernel" "${release:--}" "$accel" "${up:--}" \
	"$passed" "$failed" "$skipped" "$denied" "$took" "$verdict" >"$logs/summary"

case $verdict in
passed) exit 0 ;;
failed)
	exit 1
	;;
*)
	echo "run.sh: $kernel: $verdict after $took s of $limit; its console log ($logs/console.log):" >&2
	tail -n 60 "$logs/console.log" >&2
	cat "$logs/qemu.log" >&2
	exit 3
	;;
esac
