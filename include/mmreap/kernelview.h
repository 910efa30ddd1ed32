/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <mmreap/model.h>

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
 * kernelview_open - Load and attach the kernel-side part. Takes some 20 ms.
 * @events: the ends of teardowns are wanted too, not only the list
 * -EOPNOTSUPP: not built in; -EPERM: no right (CAP_BPF and CAP_PERFMON), or not the initial PID
 * namespace, whose numbers it tells; else what libbpf says.
 */
int kernelview_open(bool events, struct kernelview **ret);
void kernelview_close(struct kernelview *view);

/**
 * struct kernel_group - a thread group, as it was at one moment
 * @pid, @ppid: in the initial PID namespace
 * @mm: compared, never printed; 0: it has none, and what is told of the mm does not hold
 * @start_ns, @exec_id: with @pid they name the process and its program for ever
 * @users, @count: mm_users, mm_count; @n_threads: its threads that have the mm
 * @file_pages...: about: what each CPU (each thread, before Linux 6.2) has not yet added is missing, up
 *	to 64 pages or so
 * @group_exit: its end is decided; @in_exec: one of its threads waits in execve for the others to end
 * @in_vfork: a vfork child that has the mm of its parent
 */
struct kernel_group {
	pid_t pid, ppid;
	char comm[COMM_SIZE];
	uint64_t mm;
	uint64_t start_ns, exec_id;
	struct mm_flags flags;
	int64_t users, count, n_threads;
	int64_t file_pages, anon_pages, swap_pages, shmem_pages, page_table_bytes;
	bool group_exit, in_exec, core_dump, in_vfork;
};

/** struct kernel_snapshot - every thread group, kernel threads (without mm) as well, by PID */
struct kernel_snapshot {
	struct kernel_group *groups;
	size_t n, room;
	struct kernel_member *members; /* threads, until they are counted */
	size_t n_members, members_room;
};

/** kernelview_list - Look at all tasks in one pass. @ret: kernel_snapshot_free() */
int kernelview_list(struct kernelview *view, struct kernel_snapshot *ret);

struct kernel_thread;

/* --- what was seen: observe/snapshot.c ------------------------------------------------------- */

/** kernel_snapshot_add - Add what the kernel side told (bpf/record.h). 0 or -ENOMEM. */
int kernel_snapshot_add(struct kernel_snapshot *s, const struct kernel_thread *record);
/** kernel_snapshot_finish - All was added: make one of each thread group, sort, count. */
void kernel_snapshot_finish(struct kernel_snapshot *s);
void kernel_snapshot_free(struct kernel_snapshot *s);

/** kernel_snapshot_find - The thread group with this PID, or NULL. */
const struct kernel_group *kernel_snapshot_find(const struct kernel_snapshot *s, pid_t pid);

/** kernel_snapshot_threads - How many threads have this mm, of all thread groups? */
int64_t kernel_snapshot_threads(const struct kernel_snapshot *s, uint64_t mm);

/**
 * kernel_group_is - Has the same process still the same mm?
 * It had it all the time between the two moments, then: no number and no address was used again.
 */
bool kernel_group_is(const struct kernel_group *before, const struct kernel_group *after);

/**
 * kernel_flags_decode - Name the bits of an mm's flags.
 * @shape: KERNEL_SHAPE_*, what the types of the kernel look like. Where that is none of a kernel whose
 *	bits are known, all are @others. The coredump filter is left out: /proc tells it.
 */
void kernel_flags_decode(unsigned int shape, uint64_t word, struct mm_flags *ret);

/* --- who shares, in the kernel's own view: observe/shared.c ----------------------------------- */

struct group_scan;
struct run_self;
struct sys;

/** struct kernel_source - what is asked: kernelview_list() and its view, in the tests something else */
struct kernel_source {
	int (*list)(void *arg, struct kernel_snapshot *ret);
	void *arg;
};

/**
 * shared_find - Find the processes that use the mm of @ref, that one included; NULL: every address
 * space that several processes use.
 *
 * Reported is who has the mm before it is described and after: all that was read in between, by its
 * number, was its own.
 * Returns 0, also where the target executes programs too fast to be seen twice (blind.changed); -ESRCH:
 * it has no mm; -ENODATA: it is there, but not in the list; -ENOMEM, or what the list says. @ret->rows is to be freed whatever is returned.
 */
int shared_find(const struct sys *sys, const struct run_self *self,
		const struct kernel_source *source, const struct proc_ref *ref,
		struct group_scan *ret);

/**
 * shared_note_unseen - Is the list complete? Where not even PID 1 is in it, that is told in @blind,
 * unless it is proved not to use the mm of @ref (NULL: any).
 */
void shared_note_unseen(const struct sys *sys, const struct run_self *self,
			const struct kernel_snapshot *s, const struct proc_ref *ref,
			struct blind *blind);

/**
 * shared_count - Who else uses the mm of @pid, in two snapshots one after the other?
 * @ret: the first @n of them, without inode
 * Returns how many, UNKNOWN: it has none, or not the same in both.
 */
int64_t shared_count(const struct kernel_snapshot *before, const struct kernel_snapshot *after,
		     pid_t pid, struct sharer *ret, size_t n);

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
