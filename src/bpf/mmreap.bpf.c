// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own view: which task has which mm, and when an mm has been torn down. Nothing is
 * changed and no program of others is looked at twice: the iterator runs once for each read of it.
 */
#include <linux/bpf.h>
#include <stddef.h>

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "record.h"

/* The mms that are waited for; the value: when it was torn down (CLOCK_MONOTONIC), 0: not yet. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, unsigned long long);
	__type(value, unsigned long long);
} awaited SEC(".maps");

/* Only wakes up; what happened stands in the map, from which nothing is lost. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} wake SEC(".maps");

/* include/linux/sched.h, include/linux/sched/signal.h; the same numbers in 5.10 ... 7.3 */
#define PF_KTHREAD 0x00200000
#define SIGNAL_GROUP_EXIT 0x00000004

static unsigned long long flags_of(const struct mm_struct *mm)
{
	if (bpf_core_type_exists(mm_flags_t))
		return BPF_CORE_READ((const struct mm_struct___bitmap *)mm, flags.__mm_flags[0]);
	return BPF_CORE_READ((const struct mm_struct___word *)mm, flags);
}

static unsigned int shape(void)
{
	unsigned int s = 0;

	if (bpf_core_type_exists(mm_flags_t))
		s |= KERNEL_SHAPE_MM_FLAGS_T;
	if (bpf_core_field_exists(struct mm_struct___shape, mm_mt))
		s |= KERNEL_SHAPE_MAPLE;
	if (bpf_core_field_exists(struct mm_struct___shape, get_unmapped_area))
		s |= KERNEL_SHAPE_UNMAPPED_AREA;
	if (bpf_core_field_exists(struct mm_struct___shape, has_pinned))
		s |= KERNEL_SHAPE_HAS_PINNED;
	if (bpf_core_type_exists(struct task_exec_state))
		s |= KERNEL_SHAPE_EXEC_STATE;
	return s;
}

/*
 * What each CPU has not yet added is missing: where that stands is told by kallsyms alone, and only of
 * kernels with KALLSYMS_ALL.
 */
static void read_pages(const struct mm_struct *mm, long long pages[4])
{
	if (bpf_core_type_exists(struct mm_rss_stat)) {
		const struct mm_struct___counts *m = (const void *)mm;

		pages[0] = BPF_CORE_READ(m, rss_stat.count[0].counter);
		pages[1] = BPF_CORE_READ(m, rss_stat.count[1].counter);
		pages[2] = BPF_CORE_READ(m, rss_stat.count[2].counter);
		pages[3] = BPF_CORE_READ(m, rss_stat.count[3].counter);
	} else {
		const struct mm_struct___percpu *m = (const void *)mm;

		pages[0] = BPF_CORE_READ(m, rss_stat[0].count);
		pages[1] = BPF_CORE_READ(m, rss_stat[1].count);
		pages[2] = BPF_CORE_READ(m, rss_stat[2].count);
		pages[3] = BPF_CORE_READ(m, rss_stat[3].count);
	}
}

static unsigned int state_of(const struct task_struct *task, const struct mm_struct *mm)
{
	const struct signal_struct *signal = task->signal;
	unsigned int state = 0;

	if (signal->flags & SIGNAL_GROUP_EXIT)
		state |= KERNEL_GROUP_EXIT;
	if (bpf_core_field_exists(struct signal_struct___exec, group_exec_task) &&
	    BPF_CORE_READ((const struct signal_struct___exec *)signal, group_exec_task))
		state |= KERNEL_GROUP_EXEC;
	if (bpf_core_field_exists(struct signal_struct___dumped, core_state)) {
		if (BPF_CORE_READ((const struct signal_struct___dumped *)signal, core_state))
			state |= KERNEL_CORE_DUMP;
	} else if (mm && BPF_CORE_READ((const struct mm_struct___dumped *)mm, core_state)) {
		state |= KERNEL_CORE_DUMP;
	}
	/* mm/oom_kill.c: in_vfork() */
	if (mm && task->vfork_done && task->real_parent->mm == mm)
		state |= KERNEL_IN_VFORK;
	return state;
}

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct kernel_record r = { 0 };
	struct mm_struct *mm;

	if (!task)
		return 0;
	/* A kernel thread can borrow an mm, and is no user of it. */
	mm = task->flags & PF_KTHREAD ? NULL : task->mm;
	r.thread.pid = task->tgid;
	r.thread.tid = task->pid;
	r.thread.shape = shape();
	r.thread.mm = (unsigned long long)mm;
	if (task->pid != task->tgid && (!mm || task->group_leader->mm)) {
		r.thread.size = sizeof(r.thread);
		if (mm)
			bpf_seq_write(ctx->meta->seq, &r.thread, sizeof(r.thread));
		return 0;
	}
	r.thread.size = sizeof(r);
	r.start_ns = task->group_leader->start_boottime;
	r.exec_id = task->self_exec_id;
	r.ppid = task->real_parent->tgid;
	r.state = state_of(task, mm);
	bpf_core_read_str(r.comm, sizeof(r.comm), &task->comm);
	if (mm) {
		r.users = mm->mm_users.counter;
		r.count = mm->mm_count.counter;
		r.page_table_bytes = mm->pgtables_bytes.counter;
		r.flags = flags_of(mm);
		read_pages(mm, r.pages);
		/* Only as long as the task has it, it is this mm and no other at the same address. */
		if (BPF_CORE_READ(task, mm) != mm)
			r.thread.mm = 0;
	}
	bpf_seq_write(ctx->meta->seq, &r, sizeof(r));
	return 0;
}

/* mm/mmap.c: at the end of exit_mmap(), in the context of whoever made the last mmput(). */
SEC("raw_tp/exit_mmap")
int torn_down(struct bpf_raw_tracepoint_args *ctx)
{
	unsigned long long mm = ctx->args[0], now, *when;

	when = bpf_map_lookup_elem(&awaited, &mm);
	/* An address that is used again is that of another mm. */
	if (!when || *when)
		return 0;
	now = bpf_ktime_get_ns();
	*when = now;
	bpf_ringbuf_output(&wake, &now, sizeof(now), 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
