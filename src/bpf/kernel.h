/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The few kernel types that are looked at, by name only: where a field is in the running kernel is
 * found in its BTF when the program is loaded (CO-RE). What follows ___ in a name is ours alone: the
 * same type as other kernels have it.
 */

#define CORE __attribute__((preserve_access_index))

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	long counter;
} atomic_long_t;

/* Linux 6.18: a bitmap of its own; before: an unsigned long. */
typedef struct {
	unsigned long __mm_flags[1];
} CORE mm_flags_t;

/* Linux 6.2: what is not yet added up stands in counters of each CPU. */
struct percpu_counter {
	long long count;
} CORE;

/* Before: what is not yet added up stands in the tasks. */
struct mm_rss_stat {
	atomic_long_t count[4];
} CORE;

struct core_state;
struct maple_tree {
	int unused;
} CORE;

/* Linux 7.2: what the first two bits of the flags told. */
struct task_exec_state {
	int unused;
} CORE;

struct mm_struct {
	atomic_t mm_users;
	atomic_t mm_count;
	atomic_long_t pgtables_bytes;
} CORE;

struct mm_struct___bitmap {
	mm_flags_t flags;
} CORE;

struct mm_struct___word {
	unsigned long flags;
} CORE;

struct mm_struct___percpu {
	struct percpu_counter rss_stat[4];
} CORE;

struct mm_struct___counts {
	struct mm_rss_stat rss_stat;
} CORE;

struct mm_struct___shape {
	struct maple_tree mm_mt;
	unsigned long (*get_unmapped_area)(void);
	atomic_t has_pinned;
} CORE;

/* Before Linux 5.16 */
struct mm_struct___dumped {
	struct core_state *core_state;
} CORE;

struct task_struct;

struct signal_struct {
	unsigned int flags;
} CORE;

/* Linux 5.17: named for the execve alone; before, a core dump and an exit used it as well. */
struct signal_struct___exec {
	struct task_struct *group_exec_task;
} CORE;

/* Linux 5.16 */
struct signal_struct___dumped {
	struct core_state *core_state;
} CORE;

struct completion;

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	unsigned long long start_boottime;
	unsigned long long self_exec_id;
	struct mm_struct *mm;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct completion *vfork_done;
	struct signal_struct *signal;
	char comm[16];
} CORE;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} CORE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} CORE;
