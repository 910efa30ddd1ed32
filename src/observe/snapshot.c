/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel side told of all tasks: one entry for each thread group, and its flags by name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/kernelview.h>

#include "../bpf/record.h"

/* --- flags ------------------------------------------------------------------------------ */

#define WORD_BITS 32

/* The bits that never moved: include/linux/sched/coredump.h, since 6.13 include/linux/mm_types.h. */
#define NEVER_MOVED                                                                          \
	[16] = MM_FLAG_VM_MERGEABLE, [17] = MM_FLAG_VM_HUGEPAGE, [19] = MM_FLAG_HAS_UPROBES, \
	[20] = MM_FLAG_RECALC_UPROBES, [21] = MM_FLAG_OOM_SKIP, [22] = MM_FLAG_UNSTABLE

/* MMF_DUMP_*: the next to the first two bits. */
#define DUMPABLE_BITS 2
#define FILTER_BITS 9
#define DUMPABLE_MASK ((UINT64_C(1) << DUMPABLE_BITS) - 1)
#define FILTER_MASK (((UINT64_C(1) << FILTER_BITS) - 1) << DUMPABLE_BITS)

/*
 * The flags are macros and not in BTF. What is there, and changed in the same commit or release, tells
 * which kernel's bits they are. Read in the headers of 5.10.46, 6.1.192, 6.12.117 and 7.3.4, and tried
 * on 6.18.
 */
static const struct era {
	unsigned int shape;
	bool dumpable;
	unsigned char flags[WORD_BITS];
} eras[] = {
	/* 5.8: mm_struct.has_pinned is there until the flag takes its place (5.14). */
	{ KERNEL_SHAPE_UNMAPPED_AREA | KERNEL_SHAPE_HAS_PINNED,
	  true,
	  { NEVER_MOVED, [23] = MM_FLAG_HUGE_ZERO_PAGE, [24] = MM_FLAG_DISABLE_THP,
	    [25] = MM_FLAG_OOM_VICTIM, [26] = MM_FLAG_OOM_REAP_QUEUED,
	    [27] = MM_FLAG_MULTIPROCESS } },
	/* 5.14 */
	{ KERNEL_SHAPE_UNMAPPED_AREA,
	  true,
	  { NEVER_MOVED, [23] = MM_FLAG_HUGE_ZERO_PAGE, [24] = MM_FLAG_DISABLE_THP,
	    [25] = MM_FLAG_OOM_VICTIM, [26] = MM_FLAG_OOM_REAP_QUEUED, [27] = MM_FLAG_MULTIPROCESS,
	    [28] = MM_FLAG_HAS_PINNED } },
	/*
	 * 6.1: the maple tree; OOM_VICTIM went before it. 28 was added in 6.3; 29 was VM_MERGE_ANY in
	 * 6.4, and became HAS_MDWE_NO_INHERIT in 6.7 (VM_MERGE_ANY: 30): nothing in BTF tells the two.
	 */
	{ KERNEL_SHAPE_UNMAPPED_AREA | KERNEL_SHAPE_MAPLE,
	  true,
	  { NEVER_MOVED, [23] = MM_FLAG_HUGE_ZERO_PAGE, [24] = MM_FLAG_DISABLE_THP,
	    [25] = MM_FLAG_OOM_REAP_QUEUED, [26] = MM_FLAG_MULTIPROCESS, [27] = MM_FLAG_HAS_PINNED,
	    [28] = MM_FLAG_HAS_MDWE, [30] = MM_FLAG_VM_MERGE_ANY } },
	/* 6.10: TOPDOWN took the place of mm_struct.get_unmapped_area. */
	{ KERNEL_SHAPE_MAPLE,
	  true,
	  { NEVER_MOVED, [23] = MM_FLAG_HUGE_ZERO_PAGE, [24] = MM_FLAG_DISABLE_THP,
	    [25] = MM_FLAG_OOM_REAP_QUEUED, [26] = MM_FLAG_MULTIPROCESS, [27] = MM_FLAG_HAS_PINNED,
	    [28] = MM_FLAG_HAS_MDWE, [29] = MM_FLAG_HAS_MDWE_NO_INHERIT,
	    [30] = MM_FLAG_VM_MERGE_ANY, [31] = MM_FLAG_TOPDOWN } },
/* 6.18: mm_flags_t */
#define SINCE_6_18                                                                                 \
	{                                                                                          \
		NEVER_MOVED,                                                                       \
			[18] = MM_FLAG_HUGE_ZERO_FOLIO, [23] = MM_FLAG_DISABLE_THP_EXCEPT_ADVISED, \
			[24] = MM_FLAG_DISABLE_THP_COMPLETELY, [25] = MM_FLAG_OOM_REAP_QUEUED,     \
			[26] = MM_FLAG_MULTIPROCESS, [27] = MM_FLAG_HAS_PINNED,                    \
			[28] = MM_FLAG_HAS_MDWE, [29] = MM_FLAG_HAS_MDWE_NO_INHERIT,               \
			[30] = MM_FLAG_VM_MERGE_ANY, [31] = MM_FLAG_TOPDOWN                        \
	}
	{ KERNEL_SHAPE_MAPLE | KERNEL_SHAPE_MM_FLAGS_T, true, SINCE_6_18 },
	/* 7.2: dumpable moved to struct task_exec_state. */
	{ KERNEL_SHAPE_MAPLE | KERNEL_SHAPE_MM_FLAGS_T | KERNEL_SHAPE_EXEC_STATE, false,
	  SINCE_6_18 },
};

void kernel_flags_decode(unsigned int shape, uint64_t word, struct mm_flags *ret)
{
	struct mm_flags flags = { .dumpable = UNKNOWN, .others = word };

	for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++) {
		const struct era *era = &eras[i];

		if (era->shape != shape)
			continue;
		flags.others &= ~FILTER_MASK;
		if (era->dumpable) {
			flags.dumpable = (int64_t)(word & DUMPABLE_MASK);
			flags.others &= ~DUMPABLE_MASK;
		}
		for (unsigned int bit = 0; bit < WORD_BITS; bit++) {
			if (!(word >> bit & 1) || era->flags[bit] == MM_FLAG_NONE)
				continue;
			mm_flags_set(&flags, era->flags[bit]);
			flags.others &= ~(UINT64_C(1) << bit);
		}
	}
	*ret = flags;
}

/* --- groups ----------------------------------------------------------------------------- */

struct kernel_member {
	pid_t pid;
	uint64_t mm;
};

static void *grown(void *array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? 2 * *room : 1024;

	if (n < *room)
		return array;
	array = reallocarray(array, more, size);
	if (array)
		*room = more;
	return array;
}

static int add_member(struct kernel_snapshot *s, const struct kernel_thread *t)
{
	struct kernel_member *members =
		grown(s->members, s->n_members, &s->members_room, sizeof(*members));

	if (members == NULL)
		return -ENOMEM;
	s->members = members;
	members[s->n_members++] = (struct kernel_member){ (pid_t)t->pid, t->mm };
	return 0;
}

/* One CPU can take off what another one has not yet added. */
static int64_t n_pages(const struct kernel_record *r, int of)
{
	return r->pages[of] > 0 ? r->pages[of] : 0;
}

int kernel_snapshot_add(struct kernel_snapshot *s, const struct kernel_thread *t)
{
	const struct kernel_record *r = (const struct kernel_record *)t;
	struct kernel_group *groups, *g;

	if (t->mm && add_member(s, t) < 0)
		return -ENOMEM;
	if (t->size < sizeof(*r))
		return 0;
	groups = grown(s->groups, s->n, &s->room, sizeof(*groups));
	if (groups == NULL)
		return -ENOMEM;
	s->groups = groups;
	g = &groups[s->n++];
	*g = (struct kernel_group){
		.pid = (pid_t)t->pid,
		.ppid = (pid_t)r->ppid,
		.mm = t->mm,
		.start_ns = r->start_ns,
		.exec_id = r->exec_id,
		.users = r->users,
		.count = r->count,
		.file_pages = n_pages(r, 0),
		.anon_pages = n_pages(r, 1),
		.swap_pages = n_pages(r, 2),
		.shmem_pages = n_pages(r, 3),
		.page_table_bytes = r->page_table_bytes,
		.group_exit = r->state & KERNEL_GROUP_EXIT,
		.in_exec = r->state & KERNEL_GROUP_EXEC,
		.core_dump = r->state & KERNEL_CORE_DUMP,
		.in_vfork = r->state & KERNEL_IN_VFORK,
	};
	memcpy(g->comm, r->comm, sizeof(r->comm));
	g->comm[sizeof(r->comm) - 1] = '\0';
	g->flags.dumpable = UNKNOWN;
	if (t->mm)
		kernel_flags_decode(t->shape, r->flags, &g->flags);
	return 0;
}

/* Of a group that is told more than once first the one with an mm: its leader has none. */
static int by_pid(const void *a, const void *b)
{
	const struct kernel_group *left = a, *right = b;

	if (left->pid != right->pid)
		return left->pid < right->pid ? -1 : 1;
	return (left->mm == 0) - (right->mm == 0);
}

static int members_by_pid(const void *a, const void *b)
{
	const struct kernel_member *left = a, *right = b;

	return (left->pid > right->pid) - (left->pid < right->pid);
}

void kernel_snapshot_finish(struct kernel_snapshot *s)
{
	size_t kept = 0, at = 0;

	if (s->n == 0)
		return;
	qsort(s->groups, s->n, sizeof(*s->groups), by_pid);
	if (s->n_members)
		qsort(s->members, s->n_members, sizeof(*s->members), members_by_pid);
	for (size_t i = 0; i < s->n; i++) {
		struct kernel_group *g = &s->groups[kept];

		if (kept > 0 && g[-1].pid == s->groups[i].pid)
			continue;
		*g = s->groups[i];
		kept++;
		while (at < s->n_members && s->members[at].pid < g->pid)
			at++;
		for (; at < s->n_members && s->members[at].pid == g->pid; at++)
			g->n_threads += g->mm && s->members[at].mm == g->mm;
	}
	s->n = kept;
}

void kernel_snapshot_free(struct kernel_snapshot *s)
{
	free(s->groups);
	free(s->members);
	*s = (struct kernel_snapshot){ 0 };
}

const struct kernel_group *kernel_snapshot_find(const struct kernel_snapshot *s, pid_t pid)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->groups[middle].pid == pid)
			return &s->groups[middle];
		if (s->groups[middle].pid < pid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

int64_t kernel_snapshot_threads(const struct kernel_snapshot *s, uint64_t mm)
{
	int64_t n = 0;

	for (size_t i = 0; i < s->n && mm; i++)
		if (s->groups[i].mm == mm)
			n += s->groups[i].n_threads;
	return n;
}

bool kernel_group_is(const struct kernel_group *before, const struct kernel_group *after)
{
	return before && after && before->pid == after->pid &&
	       before->start_ns == after->start_ns && before->exec_id == after->exec_id &&
	       before->mm == after->mm && before->mm != 0;
}
