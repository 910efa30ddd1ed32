// SPDX-License-Identifier: GPL-2.0-or-later

#include "sentence.h"
#include <mmreap/report.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 2, 0))) static void add(struct sentence *s, const char *format,
						      va_list ap)
{
	int n = vsnprintf(s->at, s->left, format, ap);

	if (n < 0)
		return;
	if ((size_t)n < s->left) {
		s->at += n;
		s->left -= (size_t)n;
		return;
	}
	/* Cut; but not inside a character, and nothing comes behind it. */
	for (n = s->left ? (int)s->left - 1 : 0; n > 0; n--)
		if (((unsigned char)s->at[n - 1] & 0xc0) != 0x80)
			break;
	if (n > 0)
		n += (int)text_utf8_length(s->at + n - 1) - 1;
	if (s->left)
		s->at[n] = '\0';
	s->at += n;
	s->left = s->left ? 1 : 0;
}

void sentence_say(struct sentence *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(s, words_one(s->words, format), ap);
	va_end(ap);
}

void sentence_count(struct sentence *s, int64_t n, const char *one, const char *many, ...)
{
	va_list ap;

	va_start(ap, many);
	add(s, words_many(s->words, one, many, (unsigned long)n), ap);
	va_end(ap);
}

void sentence_put(struct sentence *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	add(s, format, ap);
	va_end(ap);
}

void sentence_error(const struct words *words, int err, char *ret, size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };
	const char *name = text_errno(err);

	*ret = '\0';
	if (name)
		sentence_put(&s, "%s", name);
	else
		sentence_say(&s, "error %d", err);
}

void sentence_remainder(struct sentence *s, int64_t shmem_bytes, int64_t hugetlb_bytes,
			int64_t pinned_bytes)
{
	char size[SIZE_SIZE];

	if (shmem_bytes > 0) {
		text_size(s->words, shmem_bytes, s->bytes, size, sizeof(size));
		sentence_say(s, SEMICOLON);
		sentence_say(s,
			     "%s was shared memory: what another mapping, descriptor or file "
			     "keeps of it stays",
			     size);
	}
	if (hugetlb_bytes > 0) {
		text_size(s->words, hugetlb_bytes, s->bytes, size, sizeof(size));
		sentence_say(s, SEMICOLON);
		sentence_say(s,
			     "%s was huge pages (hugetlb): what a file or another mapping keeps of "
			     "it stays",
			     size);
	}
	if (pinned_bytes > 0) {
		text_size(s->words, pinned_bytes, s->bytes, size, sizeof(size));
		sentence_say(s, SEMICOLON);
		sentence_say(s,
			     "%s was pinned (io_uring, RDMA, a driver): it stays as long as that "
			     "is open",
			     size);
	}
}

void sentence_proc(const struct proc_id *id, char *ret, size_t size)
{
	char comm[4 * COMM_SIZE];

	text_escape(id->comm, comm, sizeof(comm));
	snprintf(ret, size, "%d%s%s", id->pid, *comm ? " " : "", comm);
}

void sentence_procs(const struct words *words, const struct proc_id *ids, size_t stride, size_t n,
		    int64_t total, char *ret, size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };
	char list[PROCS_SIZE] = "", proc[PROC_SIZE];
	struct sentence l = { .at = list, .left = sizeof(list), .words = words };

	for (size_t i = 0; i < n; i++) {
		const void *id = (const char *)ids + i * stride;

		sentence_proc(id, proc, sizeof(proc));
		if (i)
			sentence_say(&l, COMMA);
		sentence_put(&l, "%s", proc);
	}
	*ret = '\0';
	if (total > (int64_t)n)
		sentence_count(&s, total - (int64_t)n, "%s and %lld more", "%s and %lld more", list,
			       (long long)total - (long long)n);
	else
		sentence_put(&s, "%s", list);
}
