/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The kernel's own view of address spaces, where it is built in (observe/kernelview_bpf.c) and
 * where this user may have it. The other build has observe/kernelview_none.c.
 */

/**
 * kernelview_check - Can the kernel be asked?
 * Returns 0; -EOPNOTSUPP: not built in; else why not (-EPERM, -ENOENT: no BTF...).
 */
int kernelview_check(void);

struct kernelview;

/**
 * kernelview_open - Load and attach the kernel-side part.
 * -EOPNOTSUPP: not built in; -EPERM: no right (CAP_BPF and CAP_PERFMON), or not the initial PID
 * namespace, whose numbers it tells; else what libbpf says.
 */
int kernelview_open(struct kernelview **ret);
void kernelview_close(struct kernelview *view);

/** struct kernelview_task - a task that has an mm; @mm is compared, never printed */
struct kernelview_task {
	pid_t pid, tid;
	uint64_t mm;
	uint64_t flags;
	int users, count;
};

/** kernelview_list - Every task that has an mm, in one pass; the array is owned by the caller. */
int kernelview_list(struct kernelview *view, struct kernelview_task **ret, size_t *ret_n);

/**
 * kernelview_await - Wait for the teardown of the mm of this process.
 * The caller holds the process, so that its number is its own.
 * Returns what to ask kernelview_torn_down() for, or a negative errno; -ESRCH: it has no mm (any more).
 */
int kernelview_await(struct kernelview *view, pid_t pid);

/** kernelview_torn_down - Has exit_mmap() of that mm ended? 1, 0, or negative errno. */
int kernelview_torn_down(struct kernelview *view, int awaited);

/** kernelview_fd - Readable when a teardown has ended; kernelview_drain() makes it wait again. */
int kernelview_fd(struct kernelview *view);
void kernelview_drain(struct kernelview *view);
