/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A language in which every message stands between « and »: what stands outside of all of them in a
 * sentence was never offered for translation.
 */

#include <mmreap/words.h>
#include <stdio.h>
#include <string.h>

#define OPEN "\302\253"
#define CLOSE "\302\273"

__attribute__((format_arg(1))) static inline const char *marked_one(const char *text)
{
	static char marked[1024];

	snprintf(marked, sizeof(marked), OPEN "%s" CLOSE, text);
	return marked;
}

__attribute__((format_arg(1), format_arg(2))) static inline const char *
marked_many(const char *one, const char *many, unsigned long n)
{
	return marked_one(n == 1 ? one : many);
}

static const struct words marked_words = { .one = marked_one, .many = marked_many };

/* What stands outside; "?" where the marks do not match. */
static inline void marked_outside(const char *text, char *ret, size_t size)
{
	size_t n = 0;
	int depth = 0;

	for (; *text && n + 1 < size; text++) {
		if (!strncmp(text, OPEN, 2) || !strncmp(text, CLOSE, 2)) {
			depth += text[1] == OPEN[1] ? 1 : -1;
			text++;
		} else if (depth <= 0) {
			ret[n++] = *text;
		}
	}
	if (depth)
		n = (size_t)snprintf(ret, size, "?");
	ret[n] = '\0';
}

/* Cut @word off the start of @text, if it is there. */
static inline const char *marked_after(const char *text, const char *word)
{
	return word && !strncmp(text, word, strlen(word)) ? text + strlen(word) : text;
}
