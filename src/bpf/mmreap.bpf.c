// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own view: which task has which mm, and when an mm has been torn down. Nothing is
 * changed and no program of others is looked at twice: the iterator runs once for each read of it.
 */
#include <linux/bpf.h>

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

static unsigned long long flags_of(const struct mm_struct *mm)
{
	if (bpf_core_type_exists(mm_flags_t))
		return BPF_CORE_READ((const struct mm_struct___bitmap *)mm, flags.__mm_flags[0]);
	return BPF_CORE_READ((const struct mm_struct___word *)mm, flags);
}

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct kernel_record r = { 0 };
	struct mm_struct *mm;

	if (!task)
		return 0;
	mm = task->mm;
	if (!mm)
		return 0;
	r.pid = task->tgid;
	r.tid = task->pid;
	r.mm = (unsigned long long)mm;
	r.users = BPF_CORE_READ(mm, mm_users.counter);
	r.count = BPF_CORE_READ(mm, mm_count.counter);
	r.flags = flags_of(mm);
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
