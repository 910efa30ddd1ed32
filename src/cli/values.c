// SPDX-License-Identifier: GPL-2.0-or-later

/* Text of an option's argument → value. Pure: no locale, no allocation, no output. */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <mmreap/options.h>
#include <string.h>

#define DIGITS_AFTER_POINT 9
/* So that two of them, added to the time since boot, are a time still. */
#define MAX_DURATION_US (INT64_MAX / 4)

static int duration_unit(const char *unit, int64_t *ret_us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {
		{ "", 1000000 },
		{ "s", 1000000 },
		{ "ms", 1000 },
		{ "m", 60000000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (!strcmp(unit, units[i].unit)) {
			*ret_us = units[i].us;
			return 0;
		}
	}
	return -EINVAL;
}

/* By hand: strtod() takes a locale's point, "inf", "nan", hexadecimal and signs. */
int value_parse_duration(const char *text, int64_t *ret_us)
{
	int64_t whole = 0, fraction = 0, scale = 1, unit, us;
	bool too_long = false;
	int n_digits = 0;

	for (; isdigit((unsigned char)*text); text++, n_digits++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *text - '0', &whole))
			too_long = true;
	if (!n_digits)
		return -EINVAL;
	if (*text == '.') {
		text++;
		n_digits = 0;
		for (; isdigit((unsigned char)*text); text++) {
			if (++n_digits > DIGITS_AFTER_POINT)
				return -ERANGE;
			fraction = fraction * 10 + (*text - '0');
			scale *= 10;
		}
		if (!n_digits)
			return -EINVAL;
	}
	if (duration_unit(text, &unit))
		return -EINVAL;
	/* fraction < 1e9 and unit <= 6e7: the product fits. */
	if (too_long || fraction * unit % scale || __builtin_mul_overflow(whole, unit, &us) ||
	    __builtin_add_overflow(us, fraction * unit / scale, &us) || us > MAX_DURATION_US)
		return -ERANGE;
	*ret_us = us;
	return 0;
}

int value_parse_fd(const char *text, int *ret_fd)
{
	int fd = 0;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	for (; *text; text++)
		if (__builtin_mul_overflow(fd, 10, &fd) ||
		    __builtin_add_overflow(fd, *text - '0', &fd))
			return -ERANGE;
	*ret_fd = fd;
	return 0;
}

int value_parse_word(const char *text, const char *words)
{
	size_t len = strlen(text);

	for (int i = 0;; i++) {
		size_t n = strcspn(words, "|");

		if (n == len && !strncmp(text, words, n))
			return i;
		if (!words[n])
			return -EINVAL;
		words += n + 1;
	}
}

bool value_is_signal(const char *text)
{
	/* The names of signal(7) on all architectures; RTMIN+1 and the like by their start. */
	static const char names[] = "|ABRT|ALRM|BUS|CHLD|CLD|CONT|EMT|FPE|HUP|ILL|INFO|INT|IO|IOT|"
				    "KILL|LOST|PIPE|POLL|PROF|PWR|QUIT|SEGV|STKFLT|STOP|SYS|TERM|"
				    "TRAP|TSTP|TTIN|TTOU|UNUSED|URG|USR1|USR2|VTALRM|WINCH|XCPU|"
				    "XFSZ|";
	const char *at;
	size_t n;

	if (*text++ != '-' || !*text)
		return false;
	n = strlen(text);
	if (strspn(text, "0123456789") == n)
		return true;
	if (!strncmp(text, "SIG", 3)) {
		text += 3;
		n -= 3;
	}
	if (!strncmp(text, "RTMIN", 5) || !strncmp(text, "RTMAX", 5))
		return true;
	at = n && !strchr(text, '|') ? strstr(names, text) : NULL;
	for (; at; at = strstr(at + 1, text))
		if (at[-1] == '|' && at[n] == '|')
			return true;
	return false;
}
