/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the harnesses share. Each fuzz_NAME.c feeds bytes to one parser and claims what must hold for
 * any bytes; fuzz.c calls them for libFuzzer and AFL++, replay.c for the inputs in corpus/NAME/.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** struct harness - one parser under test; @run is given any bytes */
struct harness {
	const char *name;
	void (*run)(const uint8_t *data, size_t size);
};

extern const struct harness harnesses[]; /* ends with a NULL name */

void fuzz_argv(const uint8_t *data, size_t size);
void fuzz_cgroup(const uint8_t *data, size_t size);
void fuzz_lists(const uint8_t *data, size_t size);
void fuzz_mounts(const uint8_t *data, size_t size);
void fuzz_procfile(const uint8_t *data, size_t size);
void fuzz_text(const uint8_t *data, size_t size);
void fuzz_values(const uint8_t *data, size_t size);
void fuzz_world(const uint8_t *data, size_t size);

/* claim(condition): it holds, or this input is a finding */
#define claim(cond) ((cond) ? (void)0 : claim_broken(#cond, __FILE__, __LINE__))
__attribute__((noreturn)) void claim_broken(const char *what, const char *file, int line);

/** is_utf8 - Is all of it well-formed UTF-8? */
bool is_utf8(const char *text, size_t len);

/** is_for_terminal - Well-formed UTF-8, and no control character but the ends of lines? */
bool is_for_terminal(const char *text, size_t len);

/** is_json - One JSON value (RFC 8259) with nothing but white space around it? */
bool is_json(const char *text, size_t len);

/** unjson - What a JSON string says, its quotes included in @text; owned by the caller */
char *unjson(const char *text, size_t len, size_t *ret_len);

/** exactly - A copy of @len bytes with nothing behind it, for the address sanitizer; owned */
char *exactly(const void *data, size_t len);

/* --- input: bytes taken from the front; 0 and empty at the end ----------------------------- */

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take_u8(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline void take_bytes(struct input *in, void *to, size_t size)
{
	size_t n = size < in->left ? size : in->left;

	memset(to, 0, size);
	memcpy(to, in->at, n);
	in->at += n;
	in->left -= n;
}

static inline uint64_t take_u64(struct input *in)
{
	uint64_t v;

	take_bytes(in, &v, sizeof(v));
	return v;
}

/* Up to the next NUL, which is taken too; owned by the caller. */
static inline char *take_text(struct input *in)
{
	const uint8_t *nul = in->left ? memchr(in->at, 0, in->left) : NULL;
	size_t n = nul ? (size_t)(nul - in->at) : in->left;
	char *text = malloc(n + 1);

	if (!text)
		abort();
	if (n)
		memcpy(text, in->at, n);
	text[n] = '\0';
	n += nul != NULL;
	in->at += n;
	in->left -= n;
	return text;
}
