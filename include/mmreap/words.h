/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Messages in the language of the user.
 *
 * A message is a sentence or a clause that is whole by itself, with placeholders for what is not
 * language: numbers, names, words of the interface. Clauses are joined by punctuation, never words
 * by words, for their order is the language's. Pure rooms choose the message and are given a struct
 * words to look it up in; NULL is English, which is what scripts read: JSON, --raw, keys, outcomes.
 *
 * xgettext finds a message by the function that takes it (po/po.mk), or by N_().
 */

#include <stdarg.h>
#include <stddef.h>

/** N_ - Mark a message that is looked up where it is used */
#define N_(text) text

/**
 * struct words - a language
 * @one: the translation of a message, which may hold a printf format
 * @many: the same, of the form that @n things need
 */
struct words {
	const char *(*one)(const char *text) __attribute__((format_arg(1)));
	const char *(*many)(const char *one, const char *many, unsigned long n)
		__attribute__((format_arg(1), format_arg(2)));
};

__attribute__((format_arg(2))) static inline const char *words_one(const struct words *words,
								   const char *text)
{
	return words ? words->one(text) : text;
}

__attribute__((format_arg(2), format_arg(3))) static inline const char *
words_many(const struct words *words, const char *one, const char *many, unsigned long n)
{
	return words ? words->many(one, many, n) : n == 1 ? one : many;
}

/**
 * words_local - the language of the environment (src/report/words.c).
 * The environment is read and the catalogue opened with the first message: never before the signal
 * of a `kill` that has nothing to say before.
 */
extern const struct words words_local;

/** words_open - Take the character set and the language of the environment, if not done yet */
void words_open(void);

/**
 * words_format - Format a message in English and in the language of the user.
 * %m is the error in errno, in the language of each.
 * @size: of either
 */
void words_format(char *ret_english, char *ret_local, size_t size, const char *format, va_list ap)
	__attribute__((format(printf, 4, 0)));
