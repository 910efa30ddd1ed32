# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a test needs of the machine. A need that is not met skips the test and says why; a need that
# MMREAP_MUST_RUN names ("root mrelease") fails it instead, so that no CI passes by skipping.

# requires WORD...
requires() {
	local word reason

	for word; do
		if ! declare -F "need_${word//-/_}" >/dev/null; then
			echo "nobody knows how to try '$word'" >&2
			return 1
		fi
		if reason=$(need_"${word//-/_}" "$word" 2>&1); then
			continue
		fi
		if [[ " ${MMREAP_MUST_RUN-} " == *" $word "* ]]; then
			echo "needs $word, and MMREAP_MUST_RUN says it is there: $reason" >&2
			return 1
		fi
		skip "needs $word: ${reason:-not there}"
	done
}

need_root() {
	((EUID == 0)) || {
		echo "run by uid $EUID"
		return 1
	}
}

need_nobody() {
	as_nobody test -x "$MMREAP" || {
		echo "uid 65534 cannot be taken on, or cannot reach $MMREAP"
		return 1
	}
}

need_userns() {
	unshare --user --map-root-user true
}

tried() {
	"$HELPERS/need" "$1"
}

need_mrelease() { tried mrelease; }
need_kcmp() { tried kcmp; }
need_ptrace() { tried ptrace; }
need_userfaultfd() { tried userfaultfd; }
need_seccomp() { tried seccomp; }
need_io_uring() { tried io-uring; }
need_pidns() { tried pidns; }
need_inodes() { tried inodes; }
need_pidfd_info() { tried pidfd-info; }

need_tmux() {
	tmux -V
}

need_script() {
	script --version
}

need_strace() {
	strace -qq -o /dev/null -e trace=none true
}

# The kernel's own view: built in, and both kernel and user allow it.
need_bpf() {
	"$MMREAP" watch --source bpf --timeout 0 "$$" >/dev/null || (($? == 3))
}

# A locale of another language, made here: in the C locale no catalogue is looked for.
need_locale() {
	[ -e "${DOCS_MMREAP-}" ] || {
		echo "no DOCS_MMREAP: make check-docs builds it"
		return 1
	}
	[ -e "$(dirname "$DOCS_MMREAP")/../po/de/LC_MESSAGES/mmreap.mo" ] || {
		echo "no catalogues were built (msgfmt)"
		return 1
	}
	[ -d "$BATS_FILE_TMPDIR/de_DE.UTF-8" ] ||
		localedef --inputfile=de_DE --charmap=UTF-8 "$BATS_FILE_TMPDIR/de_DE.UTF-8"
}

need_qemu() {
	qemu-system-x86_64 --version >/dev/null
}

need_m32() {
	"$HELPERS/victim32" --help >/dev/null || {
		echo "no 32-bit helper, or it does not run"
		return 1
	}
}

need_smp() {
	(($(nproc) > 1)) || {
		echo "one CPU"
		return 1
	}
}

# hugetlb_reserve MIB: more huge pages, until the test ends
hugetlb_reserve() {
	local nr=/proc/sys/vm/nr_hugepages before

	before=$(<"$nr")
	at_end "echo $before >$nr"
	echo $((before + $1 / 2)) >"$nr"
	(($(<"$nr") == before + $1 / 2))
}

need_hugetlb() {
	grep -qx 'Hugepagesize: *2048 kB' /proc/meminfo && [ -w /proc/sys/vm/nr_hugepages ]
}

# For what compares times: most of the machine's CPU time was idle over half a second.
need_idle() {
	local before after busy
	read -ra before </proc/stat
	sleep 0.5
	read -ra after </proc/stat
	# user nice system idle iowait irq softirq steal
	busy=$(awk -v a="${before[*]:1:8}" -v b="${after[*]:1:8}" 'BEGIN {
		split(a, x); split(b, y)
		for (i = 1; i <= 8; i++) all += y[i] - x[i]
		print int(100 - 100 * (y[4] - x[4] + y[5] - x[5]) / all)
	}')
	((busy <= 20)) || {
		echo "the machine is ${busy} % busy with something else"
		return 1
	}
}

cgroup_can() {
	local dir=$1 file=$2

	[ -n "$dir" ] || {
		echo "not mounted"
		return 1
	}
	mkdir "$dir/mmreap-need-$$" || return
	[ -w "$dir/mmreap-need-$$/$file" ]
	local status=$?
	rmdir "$dir/mmreap-need-$$"
	((status == 0)) || echo "no $file in $dir"
	return "$status"
}

need_freezer_v1() { cgroup_can "$(cgroup_mount v1 freezer)" freezer.state; }
need_freezer_v2() { cgroup_can "$(cgroup_mount v2)" cgroup.freeze; }

need_cpu_quota() {
	cgroup_can "$(cgroup_mount v1 cpu)" cpu.cfs_quota_us ||
		cgroup_can "$(cgroup_mount v2)" cpu.max
}

need_memcg() {
	cgroup_can "$(cgroup_mount v1 memory)" memory.limit_in_bytes ||
		cgroup_can "$(cgroup_mount v2)" memory.max
}

need_memcg_v1() { cgroup_can "$(cgroup_mount v1 memory)" memory.limit_in_bytes; }
