/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Sentences put together of clauses in a buffer that is never left. Pure. */

#include <mmreap/model.h>
#include <mmreap/words.h>
#include <stddef.h>

/**
 * struct sentence - a sentence in the making
 * @at: always a terminated text; @left: room from there
 * @words: NULL: English
 * @bytes: sizes in bytes, not in KiB, MiB...
 */
struct sentence {
	char *at;
	size_t left;
	const struct words *words;
	bool bytes;
};

/* The punctuation between clauses is a message too: not every language has a semicolon. */
/* TRANSLATORS: between two clauses; also for lists */
#define COMMA N_(", ")
/* TRANSLATORS: before what explains the clause before */
#define COLON N_(": ")
/* TRANSLATORS: between two clauses */
#define SEMICOLON N_("; ")

/** sentence_say - Add a message */
__attribute__((format(printf, 2, 3))) void sentence_say(struct sentence *s, const char *format,
							...);

/** sentence_count - Add a message about @n things; what it says of them is in the arguments again */
__attribute__((format(printf, 3, 5), format(printf, 4, 5))) void
sentence_count(struct sentence *s, int64_t n, const char *one, const char *many, ...);

/** sentence_put - Add what is the same in all languages */
__attribute__((format(printf, 2, 3))) void sentence_put(struct sentence *s, const char *format,
							...);

/** sentence_error - Write "ESRCH", or the number of one without a name; ERROR_SIZE is enough */
void sentence_error(const struct words *words, int err, char *ret, size_t size);

/**
 * sentence_remainder - Add clauses, each behind a semicolon, on what was no part of one address space
 *
 * Unmapping it is not freeing it: a file, another mapping or a driver may keep it. UNKNOWN and 0 are
 * not spoken of.
 */
void sentence_remainder(struct sentence *s, int64_t shmem_bytes, int64_t hugetlb_bytes,
			int64_t pinned_bytes);

/** sentence_proc - Write "4711 java", the name escaped; PROC_SIZE is enough */
#define PROC_SIZE (4 * COMM_SIZE + 16)
void sentence_proc(const struct proc_id *id, char *ret, size_t size);

/**
 * sentence_procs - Write "4711 java, 4712 java and 3 more".
 * @ids: @n of them, @stride bytes apart; @total: how many there are
 */
#define PROCS_SIZE (ROW_SHARERS * (PROC_SIZE + 2) + 64)
void sentence_procs(const struct words *words, const struct proc_id *ids, size_t stride, size_t n,
		    int64_t total, char *ret, size_t size);
