// SPDX-License-Identifier: GPL-2.0-or-later

/* Names from outside and sizes as text. Pure. */

#include <mmreap/report.h>
#include <stdio.h>
#include <string.h>

/* Length of the well-formed UTF-8 sequence at @s, 0 if there is none. */
size_t text_utf8_length(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	unsigned int code;
	size_t len;

	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf)
		len = 2;
	else if (u[0] >= 0xe0 && u[0] <= 0xef)
		len = 3;
	else if (u[0] >= 0xf0 && u[0] <= 0xf4)
		len = 4;
	else
		return 0;
	code = u[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (u[i] & 0x3f);
	}
	/* Overlong forms, surrogates, beyond the end of Unicode. */
	if ((len == 3 && (code < 0x800 || (code >= 0xd800 && code <= 0xdfff))) ||
	    (len == 4 && (code < 0x10000 || code > 0x10ffff)))
		return 0;
	return len;
}

bool text_is_hidden(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *)s;

	if (len == 1)
		return u[0] < 0x20 || u[0] == 0x7f;
	if (len == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	if (len == 3 && u[0] == 0xe2)
		return (u[1] == 0x80 && (u[2] == 0x8e || u[2] == 0x8f ||     /* U+200E, U+200F */
					 (u[2] >= 0xa8 && u[2] <= 0xae))) || /* U+2028..U+202E */
		       (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);	     /* U+2066..U+2069 */
	return false;
}

void text_escape(const char *text, char *ret, size_t size)
{
	char *const end = ret + size - 1;

	while (*text) {
		size_t len = text_utf8_length(text);
		bool plain = len && *text != '\\' && !text_is_hidden(text, len);
		size_t need;

		if (!len)
			len = 1;
		need = plain ? len : 4 * len;
		if ((size_t)(end - ret) < need)
			break;
		if (plain) {
			memcpy(ret, text, len);
			ret += len;
			text += len;
			continue;
		}
		for (; len; len--, text++) {
			static const char digits[] = "0123456789abcdef";
			unsigned char byte = (unsigned char)*text;

			*ret++ = '\\';
			*ret++ = 'x';
			*ret++ = digits[byte >> 4];
			*ret++ = digits[byte & 15];
		}
	}
	*ret = '\0';
}

void text_size(const struct words *words, int64_t n_bytes, bool bytes, char *ret, size_t size)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned long long n =
		n_bytes < 0 ? 0 - (unsigned long long)n_bytes : (unsigned long long)n_bytes;
	const char *sign = n_bytes < 0 ? "-" : "";
	unsigned long long tenths;
	unsigned int shift = 10, i = 0;

	if (bytes || n < 1024) {
		snprintf(ret, size, words_many(words, "%s%llu byte", "%s%llu bytes", n), sign, n);
		return;
	}
	/* Rounded to a tenth first: 1023.96 KiB are 1.0 MiB. */
	for (;;) {
		unsigned long long unit = 1ULL << shift;

		tenths = n / unit * 10 + (n % unit * 10 + unit / 2) / unit;
		if (tenths < 10240 || i + 1 == sizeof(units) / sizeof(units[0]))
			break;
		shift += 10;
		i++;
	}
	snprintf(ret, size, "%s%llu.%llu %s", sign, tenths / 10, tenths % 10, units[i]);
}

/* "612 ms"; finer below 10 ms, coarser above 10 s. */
void text_time(int64_t us, char *ret, size_t size)
{
	long long n = us;

	if (n < 100)
		snprintf(ret, size, "0.%02lld ms", (n + 5) / 10);
	else if (n < 9950)
		snprintf(ret, size, "%lld.%lld ms", (n + 50) / 1000, (n + 50) % 1000 / 100);
	else if (n < 9999500)
		snprintf(ret, size, "%lld ms", (n + 500) / 1000);
	else
		snprintf(ret, size, "%lld.%lld s", (n + 50000) / 1000000,
			 (n + 50000) % 1000000 / 100000);
}
