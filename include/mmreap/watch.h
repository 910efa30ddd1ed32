/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The nouns of `watch`: what was seen of an mm that goes, what changed, and what is told of it.
 * Only data. Three verdicts, never mixed up: the process (its pidfd), the address space (the pagemap
 * test, or the kernel's exit_mmap event), the memory (a cgroup of its own, or the resident set).
 */

#include <mmreap/model.h>

/* What is waited for: each includes what stands before it. */
enum watch_goal { WATCH_FOR_EXITED, WATCH_FOR_REAPED, WATCH_FOR_GONE };

/* What changed. The words: observe/changes.c. */
enum watch_event {
	WATCH_START,   /* the first look */
	WATCH_PHASE,   /* another phase, before the exit */
	WATCH_EXEC,    /* another address space: an execve */
	WATCH_EXIT,    /* the process is seen to have exited */
	WATCH_REAPED,  /* and its address space is released */
	WATCH_GONE,    /* and its parent has waited for it */
	WATCH_UNKNOWN, /* it exited; whether its address space is released cannot be known */
	WATCH_BLOCKED, /* it does not go on, and why */
	WATCH_TIMEOUT, /* the limit passed first */
};
#define WATCH_EVENT_COUNT (WATCH_TIMEOUT + 1)

/* The most events that one look can give. */
#define WATCH_MAX_EVENTS 4

/* Where an event was seen. */
enum watch_source { WATCH_BY_PROC, WATCH_BY_PIDFD, WATCH_BY_PAGEMAP, WATCH_BY_EXIT_MMAP };

/* The address space, as far as it can be seen. */
enum watch_mm {
	WATCH_MM_UNKNOWN,
	WATCH_MM_HELD,
	WATCH_MM_UNREFERENCED, /* nobody uses it: its teardown has begun, at least */
	WATCH_MM_TORN_DOWN,    /* exit_mmap() has ended: only the kernel's event tells */
};

/* Why the address space is not known. */
enum watch_unknown {
	WATCH_KNOWN,
	WATCH_TOO_LATE,	  /* it had let go of it before the first look */
	WATCH_NO_RIGHT,	  /* ptrace */
	WATCH_NO_PAGEMAP, /* this kernel has no /proc/PID/pagemap */
	WATCH_EXECUTED,	  /* an execve between the last look and the exit */
	WATCH_NO_ANSWER,  /* opening it blocked: an execve that does not end */
	WATCH_FAILED,	  /* another error: view.err */
};

/**
 * struct watch_view - one look at one target
 * @exited: the pidfd is readable; @gone: waited for
 * @by_kernel: this mm is known to the kernel's own view: only its event counts
 * @generation: how many address spaces it has had since the first look
 * @phase: as in `status`; zombie or gone once it has exited
 */
struct watch_view {
	bool exited;
	bool gone;
	bool by_kernel;
	unsigned int generation;
	enum watch_mm mm;
	enum watch_unknown unknown;
	int err;
	enum phase phase;
};

/**
 * struct watch_memory - what it had and has; UNKNOWN where not told
 * @most_bytes: largest resident set seen; @rss_bytes: the last one seen, 0 once it is released
 * @shmem_bytes, @hugetlb_bytes, @pinned_bytes: at the same time as @most_bytes
 * @alone: it is the only process of its memory cgroup
 * @used_most_bytes, @used_bytes: of that cgroup, else UNKNOWN
 */
struct watch_memory {
	int64_t most_bytes, rss_bytes;
	int64_t shmem_bytes, hugetlb_bytes, pinned_bytes;
	bool alone;
	int64_t used_most_bytes, used_bytes;
};

/* Who keeps an address space whose process is gone. */
enum holder_kind {
	HOLDER_SHARER,	  /* another process that uses it */
	HOLDER_READER,	  /* waits in a read of /proc/PID/FILE */
	HOLDER_VM_READER, /* waits in process_vm_readv or process_vm_writev */
	HOLDER_OPEN_FILE, /* has /proc/PID/FILE open; what it does cannot be seen */
};

struct holder {
	enum holder_kind kind;
	struct proc_id id;
	char file[16];
	bool ancestor; /* mmreap runs below it */
};

#define MAX_HOLDERS 8

/**
 * struct holders - who was found
 * @n: may be more than MAX_HOLDERS; @n_unseen: processes that could not be inspected
 * @blocked: the look did not come back in time
 */
struct holders {
	struct holder found[MAX_HOLDERS];
	size_t n, n_unseen;
	bool looked, blocked;
};

/* struct waiting_thread - a thread of an exiting process that does not go on; tid 0: none */
struct waiting_thread {
	pid_t tid;
	char state;
	char wchan[64];
};

/**
 * struct watch_row - what is told of one event
 * @time_us: since the watch began
 * @third_party: the address space was still held when the exit was seen
 * @life: before the exit, what `status` knows; may be NULL
 */
struct watch_row {
	struct proc_id id;
	enum watch_event event;
	enum watch_source source;
	int64_t time_us;
	struct watch_view view;
	struct watch_memory memory;
	bool third_party;
	const struct status_row *life;
	const struct holders *holders;
	const struct waiting_thread *thread;
};
