// SPDX-License-Identifier: GPL-2.0-or-later

/* The only place that knows gettext and the locale. */

#include <errno.h>
#include <libintl.h>
#include <locale.h>
#include <mmreap/words.h>
#include <stdbool.h>
#include <stdio.h>

#define DOMAIN "mmreap"

/*
 * Late, for a locale is several files to be opened and mapped, and whoever waits for memory should
 * not wait for them. Numbers stay as they are: nobody has to know whether a point is a comma.
 */
void words_open(void)
{
	static bool is_open;

	if (is_open)
		return;
	is_open = true;
	setlocale(LC_CTYPE, "");
	setlocale(LC_MESSAGES, "");
	bindtextdomain(DOMAIN, MMREAP_LOCALEDIR);
}

__attribute__((format_arg(1))) static const char *one(const char *text)
{
	words_open();
	return dgettext(DOMAIN, text);
}

static const char *many(const char *text, const char *plural, unsigned long n)
{
	words_open();
	return dngettext(DOMAIN, text, plural, n);
}

const struct words words_local = { .one = one, .many = many };

void words_format(char *ret_english, char *ret_local, size_t size, const char *format, va_list ap)
{
	locale_t english = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
	int err = errno;
	va_list again;

	va_copy(again, ap);
	before = uselocale(english);
	vsnprintf(ret_english, size, format, ap);
	uselocale(before);
	if (english)
		freelocale(english);
	words_open();
	errno = err;
	vsnprintf(ret_local, size, one(format), again);
	va_end(again);
	errno = err;
}
