/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel side hands to observe/kernelview_bpf.c. Fixed sizes: both sides are compiled apart. */

#define KERNEL_COMM_SIZE 16

/* What this kernel's types look like: what bits mean changed along with them (observe/snapshot.c). */
#define KERNEL_SHAPE_MM_FLAGS_T 1u    /* mm_flags_t */
#define KERNEL_SHAPE_MAPLE 2u	      /* mm_struct.mm_mt */
#define KERNEL_SHAPE_UNMAPPED_AREA 4u /* mm_struct.get_unmapped_area */
#define KERNEL_SHAPE_HAS_PINNED 8u    /* mm_struct.has_pinned */
#define KERNEL_SHAPE_EXEC_STATE 16u   /* struct task_exec_state */

/* The state of a thread group, a bit each. */
#define KERNEL_GROUP_EXIT 1u /* SIGNAL_GROUP_EXIT: its end is decided */
#define KERNEL_GROUP_EXEC 2u /* a thread in execve waits for the others to end */
#define KERNEL_CORE_DUMP 4u  /* it dumps core */
#define KERNEL_IN_VFORK 8u   /* a vfork child that has the mm of its parent */

/* A thread that has an mm. */
struct kernel_thread {
	unsigned int size; /* of the whole record */
	unsigned int pid;  /* of the thread group, in the initial PID namespace */
	unsigned int tid;
	unsigned int shape;
	unsigned long long mm; /* an address: compared, never printed */
};

/*
 * A thread group: told of its leader, and of each thread that has an mm where the leader has none. Of
 * other threads only the first part is told.
 */
struct kernel_record {
	struct kernel_thread thread;
	unsigned long long flags;
	unsigned long long start_ns; /* since boot, of the process */
	unsigned long long exec_id;  /* another one after each execve */
	long long pages[4];	     /* file, anonymous, swapped, shared: MM_FILEPAGES... */
	long long page_table_bytes;
	int users, count;
	unsigned int ppid;
	unsigned int state;
	char comm[KERNEL_COMM_SIZE];
};
