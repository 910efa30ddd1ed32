// SPDX-License-Identifier: GPL-2.0-or-later

/* The kernel's own view: flags by name, thread groups out of records, who shares in two of them. */

#include <mmreap/kernelview.h>
#include <mmreap/report.h>

#include <stdio.h>

#include "../../src/bpf/record.h"
#include "fake_sys.h"
#include "unit.h"

/* What a row does not say is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define MAPLE KERNEL_SHAPE_MAPLE
#define BITMAP KERNEL_SHAPE_MM_FLAGS_T
#define AREA KERNEL_SHAPE_UNMAPPED_AREA
#define PINNED KERNEL_SHAPE_HAS_PINNED
#define EXEC_STATE KERNEL_SHAPE_EXEC_STATE

#define BIT(n) (UINT64_C(1) << (n))

static void test_flags(void)
{
	static const struct {
		unsigned int shape;
		uint64_t word;
		const char *want;
		const char *name;
	} rows[] = {
		/* The coredump filter is in bits 2...10, and told elsewhere. */
		{ MAPLE | BITMAP, 0xcd, "", "6.18: an ordinary program" },
		{ MAPLE | BITMAP, 0x7fc, "MMF_DUMPABLE=0", "6.18: not dumpable" },
		{ MAPLE | BITMAP, 0x2, "MMF_DUMPABLE=2", "6.18: by root only" },
		{ MAPLE | BITMAP, 0x1 | BIT(11) | BIT(15) | BIT(32) | BIT(63),
		  "bit11,bit15,bit32,bit63", "6.18: bits that nothing is known of" },
		{ MAPLE | BITMAP | EXEC_STATE, 0xcd, "bit0", "7.3: these bits are not dumpable" },
		{ MAPLE | BITMAP | EXEC_STATE, 0xcc | BIT(18) | BIT(31),
		  "MMF_HUGE_ZERO_FOLIO,MMF_TOPDOWN", "7.3" },
		{ 0, 0xcd, "bit0,bit2,bit3,bit6,bit7", "no such kernel: nothing is guessed" },
		{ BITMAP, BIT(21), "bit21", "mm_flags_t without the maple tree" },
		{ AREA | MAPLE | BITMAP, BIT(21), "bit21", "mm_flags_t and get_unmapped_area" },
		{ MAPLE | EXEC_STATE, BIT(21), "bit21", "task_exec_state before mm_flags_t" },
		{ AREA | MAPLE, 1 | BIT(29), "bit29", "6.1 ... 6.9: 29 is one of two" },
	};
	/* The headers of each, bit by bit; the same name in each of these. */
	static const struct {
		unsigned int shape;
		const char *kernel;
		const char *names[32];
	} kernels[] = {
#define SAME                                                                           \
	[16] = "MMF_VM_MERGEABLE", [17] = "MMF_VM_HUGEPAGE", [19] = "MMF_HAS_UPROBES", \
	[20] = "MMF_RECALC_UPROBES", [21] = "MMF_OOM_SKIP", [22] = "MMF_UNSTABLE"
		{ AREA | PINNED,
		  "5.10",
		  { SAME, [23] = "MMF_HUGE_ZERO_PAGE", [24] = "MMF_DISABLE_THP",
		    [25] = "MMF_OOM_VICTIM", [26] = "MMF_OOM_REAP_QUEUED",
		    [27] = "MMF_MULTIPROCESS" } },
		{ AREA,
		  "5.15",
		  { SAME, [23] = "MMF_HUGE_ZERO_PAGE", [24] = "MMF_DISABLE_THP",
		    [25] = "MMF_OOM_VICTIM", [26] = "MMF_OOM_REAP_QUEUED",
		    [27] = "MMF_MULTIPROCESS", [28] = "MMF_HAS_PINNED" } },
		{ AREA | MAPLE,
		  "6.1",
		  { SAME, [23] = "MMF_HUGE_ZERO_PAGE", [24] = "MMF_DISABLE_THP",
		    [25] = "MMF_OOM_REAP_QUEUED", [26] = "MMF_MULTIPROCESS",
		    [27] = "MMF_HAS_PINNED", [28] = "MMF_HAS_MDWE", [30] = "MMF_VM_MERGE_ANY" } },
		{ MAPLE,
		  "6.12",
		  { SAME, [23] = "MMF_HUGE_ZERO_PAGE", [24] = "MMF_DISABLE_THP",
		    [25] = "MMF_OOM_REAP_QUEUED", [26] = "MMF_MULTIPROCESS",
		    [27] = "MMF_HAS_PINNED", [28] = "MMF_HAS_MDWE",
		    [29] = "MMF_HAS_MDWE_NO_INHERIT", [30] = "MMF_VM_MERGE_ANY",
		    [31] = "MMF_TOPDOWN" } },
		{ MAPLE | BITMAP,
		  "6.18",
		  { SAME, [18] = "MMF_HUGE_ZERO_FOLIO", [23] = "MMF_DISABLE_THP_EXCEPT_ADVISED",
		    [24] = "MMF_DISABLE_THP_COMPLETELY", [25] = "MMF_OOM_REAP_QUEUED",
		    [26] = "MMF_MULTIPROCESS", [27] = "MMF_HAS_PINNED", [28] = "MMF_HAS_MDWE",
		    [29] = "MMF_HAS_MDWE_NO_INHERIT", [30] = "MMF_VM_MERGE_ANY",
		    [31] = "MMF_TOPDOWN" } },
	};
	struct mm_flags flags;
	char text[SENTENCE_SIZE], bit_name[16];

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		kernel_flags_decode(rows[i].shape, rows[i].word, &flags);
		explain_mm_flags(&flags, ",", text, sizeof(text));
		is_str(text, rows[i].want, "%s", rows[i].name);
	}
	for (size_t i = 0; i < UNIT_ROWS(kernels); i++) {
		for (unsigned int bit = 11; bit < 32; bit++) {
			const char *want = kernels[i].names[bit];

			kernel_flags_decode(kernels[i].shape, 1 | BIT(bit), &flags);
			explain_mm_flags(&flags, ",", text, sizeof(text));
			snprintf(bit_name, sizeof(bit_name), "bit%u", bit);
			is_str(text, want ? want : bit_name, "%s: %u", kernels[i].kernel, bit);
		}
	}
}

/* --- thread groups ---------------------------------------------------------------------- */

/**
 * struct task - one record
 * @tid: 0 is @pid; @thread: only the first part of it
 */
struct task {
	pid_t pid, tid;
	uint64_t mm;
	pid_t ppid;
	unsigned int state;
	bool thread;
	int users;
	uint64_t start_ns, exec_id;
};

static void take(struct kernel_snapshot *s, const struct task *tasks, size_t n)
{
	*s = (struct kernel_snapshot){ 0 };
	for (size_t i = 0; i < n && tasks[i].pid; i++) {
		const struct task *t = &tasks[i];
		struct kernel_record r = {
			.thread = { .size = t->thread ? sizeof(r.thread) : sizeof(r),
				    .pid = (unsigned int)t->pid,
				    .tid = (unsigned int)(t->tid ? t->tid : t->pid),
				    .shape = MAPLE | BITMAP,
				    .mm = t->mm },
			.ppid = (unsigned int)t->ppid,
			.state = t->state,
			.users = t->users,
			.start_ns = t->start_ns,
			.exec_id = t->exec_id,
			.pages = { 3, -4, 5, 6 },
			.comm = "a-name-too-long",
		};

		kernel_snapshot_add(s, &r.thread);
	}
	kernel_snapshot_finish(s);
}

static void test_snapshot(void)
{
	static const struct task tasks[] = {
		{ .pid = 600, .tid = 580, .mm = 7, .thread = true }, /* the numbers went round */
		{ .pid = 600, .mm = 7, .users = 4, .ppid = 1, .state = KERNEL_GROUP_EXIT },
		{ .pid = 600, .tid = 601, .mm = 7, .thread = true },
		{ .pid = 500 }, /* a dead leader, and its threads */
		{ .pid = 500, .tid = 502, .mm = 8, .users = 2 },
		{ .pid = 500, .tid = 503, .mm = 8, .users = 2 },
		{ .pid = 700, .mm = 7, .users = 4, .state = KERNEL_IN_VFORK | KERNEL_CORE_DUMP },
		{ .pid = 2 },
	};
	const struct kernel_group *g;
	struct kernel_snapshot s;

	take(&s, tasks, UNIT_ROWS(tasks));
	is_int((long long)s.n, 4, "groups");
	g = kernel_snapshot_find(&s, 600);
	if (ok(g != NULL, "found")) {
		is_int(g->n_threads, 3, "threads");
		is_int(g->users, 4, "users");
		is_int(g->ppid, 1, "parent");
		is_int(g->anon_pages, 0, "not below 0");
		is_int(g->shmem_pages, 6, "shmem");
		is_str(g->comm, "a-name-too-long", "comm");
		ok(g->group_exit && !g->in_exec && !g->core_dump && !g->in_vfork, "state");
	}
	g = kernel_snapshot_find(&s, 500);
	ok(g && g->mm == 8 && g->n_threads == 2, "the threads of a dead leader");
	g = kernel_snapshot_find(&s, 700);
	ok(g && g->core_dump && g->in_vfork && !g->group_exit, "another state");
	g = kernel_snapshot_find(&s, 2);
	ok(g && g->mm == 0 && g->n_threads == 0 && g->flags.dumpable == UNKNOWN, "without an mm");
	ok(kernel_snapshot_find(&s, 501) == NULL && kernel_snapshot_find(&s, 1) == NULL &&
		   kernel_snapshot_find(&s, 701) == NULL,
	   "not there");
	is_int(kernel_snapshot_threads(&s, 7), 4, "threads of an mm");
	is_int(kernel_snapshot_threads(&s, 0), 0, "no mm has none");
	kernel_snapshot_free(&s);
	take(&s, tasks, 0);
	ok(kernel_snapshot_find(&s, 1) == NULL, "empty");
	kernel_snapshot_free(&s);
}

/* --- who shares ------------------------------------------------------------------------- */

#define MAX_TASKS 8
#define SELF 77

/* What the passes of the iterator see, one after the other; the last one again and again. */
struct script {
	const struct task (*passes)[MAX_TASKS];
	int n, at;
	int err;
};

static int list(void *arg, struct kernel_snapshot *ret)
{
	struct script *s = arg;
	int pass = s->at < s->n ? s->at : s->n - 1;

	s->at++;
	if (s->err < 0)
		return s->err;
	take(ret, s->passes[pass], MAX_TASKS);
	return 0;
}

static struct run_self self = { .pid = SELF };

/* "1: 500 501v; 2: 502 503" */
static void write_groups(const struct group_scan *scan, char *text, size_t size)
{
	size_t group = 0, used = 0;

	*text = '\0';
	for (size_t i = 0; i < scan->n_rows && used < size; i++) {
		static const char marks[] = { [RELATION_TARGET] = 't',
					      [RELATION_VFORK_CHILD] = 'c',
					      [RELATION_VFORK_PARENT] = 'p',
					      [RELATION_CLONE_VM] = ' ' };
		const struct sharers_row *row = &scan->rows[i];

		if (row->group != group)
			used += (size_t)snprintf(text + used, size - used,
						 "%s%zu:", group ? "; " : "", row->group);
		group = row->group;
		used += (size_t)snprintf(text + used, size - used, " %d", (int)row->id.pid);
		if (row->relation != RELATION_CLONE_VM)
			used += (size_t)snprintf(text + used, size - used, "%c",
						 marks[row->relation]);
	}
}

#define INIT                                  \
	{                                     \
		.pid = 1, .mm = 1, .users = 1 \
	}

static void test_shared(void)
{
	static const struct {
		const char *name;
		struct task passes[3][MAX_TASKS];
		int n;
		pid_t target; /* 0: all */
		const char *want;
		int err;
		bool changed;
		size_t n_unknown;
	} rows[] = {
		{ "nobody shares", { { INIT, { .pid = 500, .mm = 2 } } }, 1, 0, "" },
		{ "a pair, and one alone",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 3 },
		      { .pid = 502, .mm = 2 } } },
		  1,
		  0,
		  "1: 500 502" },
		{ "by the first PID, not by the address",
		  { { INIT,
		      { .pid = 500, .mm = 9 },
		      { .pid = 501, .mm = 3 },
		      { .pid = 502, .mm = 9 },
		      { .pid = 503, .mm = 3 } } },
		  1,
		  0,
		  "1: 500 502; 2: 501 503" },
		{ "who has no mm shares none",
		  { { INIT, { .pid = 500 }, { .pid = 501 } } },
		  1,
		  0,
		  "" },
		{ "vfork",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 2, .ppid = 500, .state = KERNEL_IN_VFORK },
		      { .pid = 502, .mm = 2, .ppid = 500 } } },
		  1,
		  0,
		  "1: 500p 501c 502" },
		{ "a vfork child that has one itself",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 2, .ppid = 500, .state = KERNEL_IN_VFORK },
		      { .pid = 502, .mm = 2, .ppid = 501, .state = KERNEL_IN_VFORK } } },
		  1,
		  0,
		  "1: 500p 501c 502c" },
		{ "an address that is used again is no sharer",
		  { { INIT, { .pid = 500, .mm = 2, .exec_id = 1 }, { .pid = 501, .mm = 2 } },
		    { INIT, { .pid = 500, .mm = 2, .exec_id = 2 }, { .pid = 501, .mm = 2 } } },
		  2,
		  0,
		  "" },
		{ "a number that is used again is another process",
		  { { INIT, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2, .start_ns = 5 } },
		    { INIT, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2, .start_ns = 6 } } },
		  2,
		  0,
		  "" },
		{ "one of three goes",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 2 },
		      { .pid = 502, .mm = 2 } },
		    { INIT, { .pid = 500, .mm = 2 }, { .pid = 501 }, { .pid = 502, .mm = 2 } } },
		  2,
		  0,
		  "1: 500 502" },
		{ "one of two goes",
		  { { INIT, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2 } },
		    { INIT, { .pid = 500, .mm = 2 } } },
		  2,
		  0,
		  "" },
		{ "seen in the second pass alone: not confirmed",
		  { { INIT, { .pid = 500, .mm = 2 } },
		    { INIT, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2 } } },
		  2,
		  0,
		  "" },
		{ "a list without PID 1 is not complete",
		  { { { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2 } } },
		  1,
		  0,
		  "1: 500 501",
		  0,
		  false,
		  1 },

		{ "a target that is alone",
		  { { INIT, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 3 } } },
		  1,
		  500,
		  "1: 500t" },
		{ "a target, first",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 2 },
		      { .pid = 502, .mm = 2 } } },
		  1,
		  501,
		  "1: 501t 500 502" },
		{ "seen from the vfork child",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 2, .ppid = 500, .state = KERNEL_IN_VFORK } } },
		  1,
		  501,
		  "1: 501t 500p" },
		{ "seen from the vfork parent",
		  { { INIT,
		      { .pid = 500, .mm = 2 },
		      { .pid = 501, .mm = 2, .ppid = 500, .state = KERNEL_IN_VFORK } } },
		  1,
		  500,
		  "1: 500t 501c" },
		{ "a dead leader",
		  { { INIT,
		      { .pid = 500 },
		      { .pid = 500, .tid = 503, .mm = 2 },
		      { .pid = 501, .mm = 2 } } },
		  1,
		  500,
		  "1: 500t 501" },
		{ "a target without an mm", { { INIT, { .pid = 500 } } }, 1, 500, "", -ESRCH },
		{ "a target that is not in the list", { { INIT } }, 1, 500, "", -ENODATA },
		{ "a target that executes a program meanwhile: once more",
		  { { INIT, { .pid = 500, .mm = 2, .exec_id = 1 }, { .pid = 501, .mm = 2 } },
		    { INIT, { .pid = 500, .mm = 3, .exec_id = 2 }, { .pid = 501, .mm = 2 } } },
		  2,
		  500,
		  "1: 500t" },
		{ "a target that loses its mm meanwhile",
		  { { INIT, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2 } },
		    { INIT, { .pid = 500 }, { .pid = 501, .mm = 2 } } },
		  2,
		  500,
		  "",
		  -ESRCH },
	};
	static const struct fake_proc procs[] = {
		{ .pid = SELF, .mm = 99 }, { .pid = 1, .mm = 1, .comm = "init" },
		{ .pid = 500, .mm = 2 },   { .pid = 501, .mm = 2 },
		{ .pid = 502, .mm = 2 },   { .pid = 503, .mm = 2 },
	};
	char text[200];

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct script script = { .passes = rows[i].passes, .n = rows[i].n };
		struct kernel_source source = { list, &script };
		struct proc_ref ref = { .pid = rows[i].target, .procfd = -1 };
		struct group_scan scan;
		int err;

		fake_begin(procs, (int)UNIT_ROWS(procs));
		self.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY);
		if (ref.pid)
			ref.pidfd = fake_sys.pidfd_open(ref.pid);
		err = shared_find(&fake_sys, &self, &source, ref.pid ? &ref : NULL, &scan);
		is_int(err, rows[i].err, "%s", rows[i].name);
		write_groups(&scan, text, sizeof(text));
		is_str(text, rows[i].want, "%s", rows[i].name);
		is_int(scan.blind.changed, rows[i].changed, "%s: changed", rows[i].name);
		is_int((long long)scan.blind.n_unknown, (long long)rows[i].n_unknown, "%s: unseen",
		       rows[i].name);
		for (size_t j = 0; j < scan.n_rows; j++)
			ok(scan.rows[j].source == SOURCE_BPF, "%s: source", rows[i].name);
		free(scan.rows);
		if (ref.pid)
			fake_sys.close(ref.pidfd);
		fake_sys.close(self.proc_fd);
		ok(fake_end(), "%s: closed", rows[i].name);
	}
}

/* A target that is another program in every pass, and a list that cannot be had. */
static int restless(void *arg, struct kernel_snapshot *ret)
{
	struct task task[] = { { .pid = 1, .mm = 1 }, { .pid = 500, .mm = 2 } };
	int *calls = arg;

	task[1].exec_id = (uint64_t)++ * calls;
	take(ret, task, UNIT_ROWS(task));
	return 0;
}

static int failing(void *arg, struct kernel_snapshot *ret)
{
	(void)ret;
	return *(int *)arg;
}

static void test_never(void)
{
	static const struct fake_proc procs[] = { { .pid = SELF, .mm = 99 },
						  { .pid = 500, .mm = 2 } };
	struct proc_ref ref = { .pid = 500 };
	int calls = 0, err = -ENOSPC;
	struct group_scan scan;

	fake_begin(procs, (int)UNIT_ROWS(procs));
	self.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY);
	ref.pidfd = fake_sys.pidfd_open(ref.pid);
	is_int(shared_find(&fake_sys, &self, &(struct kernel_source){ restless, &calls }, &ref,
			   &scan),
	       0, "never the same");
	ok(scan.blind.changed && scan.n_rows == 0, "and that is told");
	ok(calls > 2 && calls < 100, "it ends");
	free(scan.rows);
	is_int(shared_find(&fake_sys, &self, &(struct kernel_source){ failing, &err }, &ref, &scan),
	       -ENOSPC, "no list");
	free(scan.rows);
	fake_sys.close(ref.pidfd);
	fake_sys.close(self.proc_fd);
	ok(fake_end(), "closed");
}

static void test_count(void)
{
	static const struct task before[] = {
		{ .pid = 1, .mm = 1 },
		{ .pid = 500, .mm = 2 },
		{ .pid = 501, .mm = 2, .ppid = 500, .state = KERNEL_IN_VFORK },
		{ .pid = 502, .mm = 2, .exec_id = 1 },
		{ .pid = 503, .mm = 3 },
		{ .pid = 504, .mm = 4, .exec_id = 1 },
		{ .pid = 505, .mm = 4 },
		{ .pid = 506 },
	};
	static const struct task after[] = {
		{ .pid = 1, .mm = 1 },
		{ .pid = 500, .mm = 2 },
		{ .pid = 501, .mm = 2, .ppid = 500, .state = KERNEL_IN_VFORK },
		{ .pid = 502, .mm = 2, .exec_id = 2 },
		{ .pid = 503, .mm = 3 },
		{ .pid = 504, .mm = 4, .exec_id = 2 },
		{ .pid = 505, .mm = 4 },
	};
	struct kernel_snapshot a, b;
	struct sharer found[2] = { 0 };

	take(&a, before, UNIT_ROWS(before));
	take(&b, after, UNIT_ROWS(after));
	is_int(shared_count(&a, &b, 500, found, 2), 1, "who executed a program meanwhile is none");
	ok(found[0].id.pid == 501 && found[0].relation == RELATION_VFORK_CHILD, "named");
	is_int(shared_count(&a, &b, 500, found, 0), 1, "counted beyond what is named");
	is_int(shared_count(&a, &b, 503, found, 2), 0, "none");
	is_int(shared_count(&a, &b, 504, found, 2), UNKNOWN, "another program itself");
	is_int(shared_count(&a, &b, 505, found, 2), 0, "not confirmed");
	is_int(shared_count(&a, &b, 506, found, 2), UNKNOWN, "no mm");
	is_int(shared_count(&a, &b, 999, found, 2), UNKNOWN, "not there");
	kernel_snapshot_free(&a);
	kernel_snapshot_free(&b);
}

int main(void)
{
	RUN(test_flags);
	RUN(test_snapshot);
	RUN(test_shared);
	RUN(test_never);
	RUN(test_count);
	return unit_done();
}
