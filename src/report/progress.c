// SPDX-License-Identifier: GPL-2.0-or-later

/* One redrawn line while a reap lasts, and the question of --interactive. */

#include "sentence.h"
#include <errno.h>
#include <mmreap/cleanup.h>
#include <mmreap/report.h>
#include <string.h>

static bool drawn;

bool report_has_progress(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

void report_progress(const struct proc_ref *ref, int64_t rss_bytes, int64_t of_bytes,
		     int64_t since_us)
{
	char comm[SENTENCE_SIZE], back[SIZE_SIZE] = "", of[SIZE_SIZE] = "", time[TIME_SIZE];
	char text[256] = "";
	char line[sizeof(text) + 8];
	struct sentence s = { .at = text, .left = sizeof(text), .words = &words_local };

	text_escape(ref->comm, comm, sizeof(comm));
	text_time(since_us, time, sizeof(time));
	if (of_bytes != UNKNOWN)
		text_size(&words_local, of_bytes, false, of, sizeof(of));
	if (of_bytes != UNKNOWN && rss_bytes != UNKNOWN)
		text_size(&words_local, of_bytes > rss_bytes ? of_bytes - rss_bytes : 0, false,
			  back, sizeof(back));
	if (*back)
		sentence_say(&s, "%d %.40s: %s of %s unmapped, %s", (int)ref->pid, comm, back, of,
			     time);
	else if (*of)
		sentence_say(&s, "%d %.40s: %s, exiting, %s", (int)ref->pid, comm, of, time);
	else
		sentence_say(&s, "%d %.40s: exiting, %s", (int)ref->pid, comm, time);
	/* The line is wiped to its end: it was longer a moment ago, perhaps. */
	snprintf(line, sizeof(line), "\r%s\033[K", text);
	drawn |= report_put(line, strlen(line));
}

void report_progress_end(void)
{
	static const char wipe[] = "\r\033[K";

	if (drawn && report_put(wipe, sizeof(wipe) - 1))
		drawn = false;
}

int report_ask_kill(const struct proc_ref *ref, bool with_sharers)
{
	/* Standard input may be the list of targets. */
	_cleanup_fclose_ FILE *tty = fopen("/dev/tty", "r+e");
	char comm[SENTENCE_SIZE], answer[64];

	if (tty == NULL)
		return -errno;
	text_escape(ref->comm, comm, sizeof(comm));
	/* TRANSLATORS: y is the only answer that counts, in every language */
	if (with_sharers)
		fprintf(tty,
			words_one(&words_local, "Kill %d %s and whoever shares its memory? (y/N) "),
			(int)ref->pid, comm);
	else
		fprintf(tty, words_one(&words_local, "Kill %d %s? (y/N) "), (int)ref->pid, comm);
	fflush(tty);
	if (fgets(answer, sizeof(answer), tty) == NULL)
		return 0;
	/* The rest of a long line is no answer to the next question. */
	for (int c = 0; strchr(answer, '\n') == NULL && c != '\n' && c != EOF;)
		c = fgetc(tty);
	return answer[0] == 'y' || answer[0] == 'Y';
}
