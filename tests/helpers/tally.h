/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Count words by key, and print them as JSON: what many runs of one thing came to. */
#pragma once

#include "helpers.h"

#define TALLY_MAX 256

struct tally {
	struct tally_entry {
		char key[16], word[64];
		long count;
	} entries[TALLY_MAX];
	size_t used;
};

static inline void tally_add(struct tally *tally, const char *key, const char *word)
{
	for (size_t i = 0; i < tally->used; i++) {
		if (!strcmp(tally->entries[i].key, key) && !strcmp(tally->entries[i].word, word)) {
			tally->entries[i].count++;
			return;
		}
	}
	if (tally->used == TALLY_MAX)
		die("too many different words");
	snprintf(tally->entries[tally->used].key, sizeof(tally->entries[0].key), "%s", key);
	snprintf(tally->entries[tally->used].word, sizeof(tally->entries[0].word), "%s", word);
	tally->entries[tally->used++].count = 1;
}

/* "key":{"word":count,...} for each of @keys, every one of them present. */
static inline void tally_print(const struct tally *tally, const char *const *keys, size_t count)
{
	for (size_t k = 0; k < count; k++) {
		const char *comma = "";

		printf("%s\"%s\":{", k ? "," : "", keys[k]);
		for (size_t i = 0; i < tally->used; i++) {
			if (strcmp(tally->entries[i].key, keys[k]))
				continue;
			printf("%s\"%s\":%ld", comma, tally->entries[i].word,
			       tally->entries[i].count);
			comma = ",";
		}
		printf("}");
	}
}

/* The first value of @key in JSON text, unquoted; "-" when it is not there. */
static inline void json_value(const char *text, const char *key, char *ret_value, size_t size)
{
	char quoted[32];
	const char *at;
	size_t length = 0;

	snprintf(ret_value, size, "-");
	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	/* The same word may be a value. */
	for (at = text; (at = strstr(at, quoted)); at++) {
		const char *next = at + strlen(quoted);

		next += strspn(next, " \t\n");
		if (*next == ':') {
			at = next + 1;
			break;
		}
	}
	if (!at)
		return;
	at += strspn(at, " \t\n");
	if (*at == '"')
		length = strcspn(++at, "\"");
	else
		length = strcspn(at, ",} \t\n");
	snprintf(ret_value, size, "%.*s", (int)length, at);
}
