/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The smallest harness for table tests: one binary for each test_*.c, one TAP line for each row.
 *
 *	static void test_words(void)
 *	{
 *		ok(outcome_word(OUTCOME_REAPED), "reaped has a word");
 *		is_str(outcome_word(OUTCOME_FREED), "freed", "freed");
 *	}
 *
 *	int main(void)
 *	{
 *		RUN(test_words);
 *		return unit_done();
 *	}
 *
 * Each check returns whether it passed, so that a row may say more with note().
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static int unit_passed, unit_failed;
static const char *unit_group = "";

__attribute__((format(printf, 4, 0))) static inline bool
unit_vcheck(bool good, const char *file, int line, const char *fmt, va_list ap)
{
	if (good)
		unit_passed++;
	else
		unit_failed++;
	printf("%s %d - %s: ", good ? "ok" : "not ok", unit_passed + unit_failed, unit_group);
	vprintf(fmt, ap);
	putchar('\n');
	if (!good)
		printf("# %s:%d\n", file, line);
	return good;
}

__attribute__((format(printf, 4, 5))) static inline bool unit_check(bool good, const char *file,
								    int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	unit_vcheck(good, file, line, fmt, ap);
	va_end(ap);
	return good;
}

__attribute__((format(printf, 5, 6))) static inline bool
unit_int(long long got, long long want, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	unit_vcheck(got == want, file, line, fmt, ap);
	va_end(ap);
	if (got != want)
		printf("#   got %lld, want %lld\n", got, want);
	return got == want;
}

/* NULL equals only NULL. */
__attribute__((format(printf, 5, 6))) static inline bool
unit_str(const char *got, const char *want, const char *file, int line, const char *fmt, ...)
{
	bool same = got && want ? !strcmp(got, want) : got == want;
	va_list ap;

	va_start(ap, fmt);
	unit_vcheck(same, file, line, fmt, ap);
	va_end(ap);
	if (!same)
		printf("#   got  %s%s%s\n#   want %s%s%s\n", got ? "\"" : "", got ? got : "NULL",
		       got ? "\"" : "", want ? "\"" : "", want ? want : "NULL", want ? "\"" : "");
	return same;
}

/* ok(condition, "row %s", name): the row is named by printf arguments */
#define ok(cond, ...) unit_check((cond), __FILE__, __LINE__, __VA_ARGS__)
/* is_int(got, want, "row %s", name) and is_str(): say both values on failure */
#define is_int(got, want, ...) \
	unit_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) unit_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
#define note(...) (printf("# " __VA_ARGS__), putchar('\n'))

/* RUN(test_words): rows are printed as "test_words: ..." */
#define RUN(function) (unit_group = #function, function())

#define UNIT_ROWS(array) (sizeof(array) / sizeof((array)[0]))

/* The plan comes last, so that a binary that ends early is seen to have none. */
static inline int unit_done(void)
{
	printf("1..%d\n# %d passed, %d failed\n", unit_passed + unit_failed, unit_passed,
	       unit_failed);
	return fflush(stdout) || unit_failed ? 1 : 0;
}
