// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What the harnesses check their outputs with: written apart from src/, so that a mistake there is
 * not made here a second time.
 */

#include "fuzz.h"

void claim_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "%s:%d: broken: %s\n", file, line, what);
	abort();
}

char *exactly(const void *data, size_t len)
{
	char *copy = malloc(len);

	if (!copy && len)
		abort();
	if (len)
		memcpy(copy, data, len);
	return copy;
}

/* The code point at @text, and its length; 0 where none is well-formed (Unicode 15, table 3-7). */
static size_t decode(const char *text, size_t len, uint32_t *ret)
{
	static const struct {
		uint8_t first, last, low, high; /* of the first byte, of the second */
		size_t len;
	} rows[] = {
		{ 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	const uint8_t *u = (const uint8_t *)text;

	for (size_t i = 0; len && i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (u[0] < rows[i].first || u[0] > rows[i].last || rows[i].len > len)
			continue;
		if (rows[i].len > 1 && (u[1] < rows[i].low || u[1] > rows[i].high))
			continue;
		*ret = rows[i].len == 1 ? u[0] : u[0] & (0x7fu >> rows[i].len);
		for (size_t k = 1; k < rows[i].len; k++) {
			if ((u[k] & 0xc0) != 0x80)
				return 0;
			*ret = *ret << 6 | (u[k] & 0x3f);
		}
		return rows[i].len;
	}
	return 0;
}

bool is_utf8(const char *text, size_t len)
{
	uint32_t code;

	for (size_t n; len; text += n, len -= n) {
		n = decode(text, len, &code);
		if (n == 0)
			return false;
	}
	return true;
}

bool is_for_terminal(const char *text, size_t len)
{
	uint32_t code;

	for (size_t n; len; text += n, len -= n) {
		n = decode(text, len, &code);
		if (n == 0 || (code < 0x20 && code != '\n') || (code >= 0x7f && code < 0xa0))
			return false;
	}
	return true;
}

/* --- JSON ------------------------------------------------------------------------------- */

struct reader {
	const char *p, *end;
	int depth;
};

static bool next_is(struct reader *r, char c)
{
	while (r->p < r->end && strchr(" \t\r\n", *r->p) && *r->p)
		r->p++;
	return r->p < r->end && *r->p == c;
}

static bool eat(struct reader *r, char c)
{
	bool yes = next_is(r, c);

	r->p += yes;
	return yes;
}

static bool word(struct reader *r, const char *w)
{
	size_t n = strlen(w);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0)
		return false;
	r->p += n;
	return true;
}

static bool digits(struct reader *r)
{
	const char *start = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > start;
}

static bool number(struct reader *r)
{
	const char *start;

	if (r->p < r->end && *r->p == '-')
		r->p++;
	start = r->p;
	if (!digits(r) || (*start == '0' && r->p > start + 1))
		return false;
	if (r->p < r->end && *r->p == '.') {
		r->p++;
		return digits(r);
	}
	return true; /* exponents are valid, but nothing here prints one */
}

static bool hex4(struct reader *r, uint32_t *ret)
{
	*ret = 0;
	for (int i = 0; i < 4; i++, r->p++) {
		static const char set[] = "0123456789abcdef";
		const char *at = r->p < r->end && *r->p ? strchr(set, *r->p) : NULL;

		if (!at)
			return false;
		*ret = *ret << 4 | (uint32_t)(at - set);
	}
	return true;
}

static size_t encode(uint32_t code, char *to)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 0x3f));
	to[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* @to: room for as many bytes as are read, or NULL */
static bool string(struct reader *r, char *to, size_t *ret_len)
{
	uint32_t code;
	size_t n;

	*ret_len = 0;
	if (!eat(r, '"'))
		return false;
	while (r->p < r->end && *r->p != '"') {
		char one[4];

		if (*r->p == '\\') {
			r->p++;
			if (r->p == r->end)
				return false;
			n = 1;
			one[0] = *r->p++;
			if (one[0] == 'u') {
				if (!hex4(r, &code) || (code >= 0xd800 && code < 0xe000))
					return false;
				n = encode(code, one);
			} else if (one[0] != '"' && one[0] != '\\') {
				return false; /* the others are valid, but not printed here */
			}
		} else {
			n = decode(r->p, (size_t)(r->end - r->p), &code);
			if (n == 0 || code < 0x20)
				return false;
			memcpy(one, r->p, n);
			r->p += n;
		}
		if (to)
			memcpy(to + *ret_len, one, n);
		*ret_len += n;
	}
	return eat(r, '"');
}

static bool value(struct reader *r)
{
	size_t unused;
	bool good = true;

	if (next_is(r, '"'))
		return string(r, NULL, &unused);
	if (eat(r, '{')) {
		if (++r->depth > 16)
			return false;
		if (!eat(r, '}')) {
			do {
				next_is(r, '"');
				good = string(r, NULL, &unused) && eat(r, ':') && value(r);
			} while (good && eat(r, ','));
			good = good && eat(r, '}');
		}
		r->depth--;
		return good;
	}
	if (eat(r, '[')) {
		if (++r->depth > 16)
			return false;
		if (!eat(r, ']')) {
			do
				good = value(r);
			while (good && eat(r, ','));
			good = good && eat(r, ']');
		}
		r->depth--;
		return good;
	}
	return word(r, "null") || word(r, "true") || word(r, "false") || number(r);
}

bool is_json(const char *text, size_t len)
{
	struct reader r = { .p = text, .end = text + len };

	if (!value(&r))
		return false;
	next_is(&r, '\0');
	return r.p == r.end;
}

char *unjson(const char *text, size_t len, size_t *ret_len)
{
	struct reader r = { .p = text, .end = text + len };
	char *to = malloc(len + 1);

	if (!to)
		abort();
	claim(string(&r, to, ret_len));
	claim(r.p == r.end);
	return to;
}
