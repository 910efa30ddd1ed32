/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The few kernel types that are looked at, by name only: where a field is in the running kernel is
 * found in its BTF when the program is loaded (CO-RE).
 */

#define CORE __attribute__((preserve_access_index))

typedef struct {
	int counter;
} atomic_t;

/* Linux 6.18: a bitmap of its own; before: an unsigned long. */
typedef struct {
	unsigned long __mm_flags[1];
} CORE mm_flags_t;

struct mm_struct {
	atomic_t mm_users;
	atomic_t mm_count;
} CORE;

struct mm_struct___bitmap {
	mm_flags_t flags;
} CORE;

struct mm_struct___word {
	unsigned long flags;
} CORE;

struct task_struct {
	int pid;
	int tgid;
	struct mm_struct *mm;
} CORE;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} CORE;

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} CORE;
