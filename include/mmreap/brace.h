/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Bracing ourselves for a machine without free memory: what the work after the decision needs is
 * brought in before it, and locked as far as we may. Nothing here can fail the run: what could not
 * be done is said.
 */

#include <stdbool.h>
#include <stddef.h>

/**
 * struct brace - what was done, added up over all calls; zero-initialise
 * @locked_bytes: locked in memory; @unlocked_bytes: brought in only, for the reason @lock_err
 * @code: brace_code() has done its work
 * @oom_err: 0: the kernel's OOM killer spares us (oom_score_adj -1000); negative errno: we have no
 *	right to ask for that (CAP_SYS_RESOURCE)
 */
struct brace {
	size_t locked_bytes, unlocked_bytes;
	int lock_err;
	bool code;
	int oom_err;
};

/** brace_memory - Bring whole pages of our own memory in, and lock them (mlock(2)). */
void brace_memory(void *start, size_t bytes, struct brace *b);

/*
 * Behind what a kill runs and reads from its first signal to its last verdict: the Makefile links what
 * else there is (ASIDE) behind these two.
 */
extern const char brace_data_edge[];
void brace_code_edge(void);

/**
 * brace_code - The same for what lies before the edges. If the disk was needed to come so far, also keep
 * what we use of the libraries (not counted): where it was not, they are in memory already, as everybody
 * uses them.
 */
void brace_code(struct brace *b);

/** brace_thread_bytes - What each thread has of its own (TLS): the C library keeps it on its stack. */
size_t brace_thread_bytes(void);

/** brace_oom_score - Ask the kernel's OOM killer to spare us, which only CAP_SYS_RESOURCE may. */
void brace_oom_score(struct brace *b);

/**
 * brace_heap - Let @bytes of malloc() memory lie ready, which later calls take from and free() does
 * not give back. Beyond that malloc() asks the kernel as ever.
 */
void brace_heap(size_t bytes, struct brace *b);
