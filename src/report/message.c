// SPDX-License-Identifier: GPL-2.0-or-later

/* Lines and messages: results on standard output, diagnostics on stderr, a record in syslog. */

#include "json.h"
#include <errno.h>
#include <fcntl.h>
#include <mmreap/cleanup.h>
#include <mmreap/report.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* Room for a message in which every byte is escaped. */
#define LINE_SIZE (4 * sizeof(((struct cli_error *)NULL)->text))

/* Somebody is held; what was dropped since then. */
static bool hurried;
static int64_t n_dropped;
/*
 * The same terminal or pipe as stderr, and never waits; -1: none is to be had, as of a socket or of
 * another user's terminal. That stderr itself does not wait would hold for all who share it.
 */
static int quick = -1;
static bool tried;

/* When there is something to say: most have nothing to. */
static void open_quick(void)
{
	struct stat st;

	tried = true;
	/* No file: what is opened anew would write over its beginning. */
	if (isatty(STDERR_FILENO) || (fstat(STDERR_FILENO, &st) == 0 && S_ISFIFO(st.st_mode)))
		quick = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

bool report_put(const char *text, size_t n)
{
	struct pollfd reader = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (hurried && !tried)
		open_quick();
	if (quick >= 0)
		return write(quick, text, n) == (ssize_t)n;
	/* Where something is taken a line is, as a rule. */
	return (!hurried || poll(&reader, 1, 0) > 0) && write(STDERR_FILENO, text, n) >= 0;
}

void report_hurry(void)
{
	hurried = true;
}

void report_take_time(void)
{
	int64_t n = n_dropped;

	hurried = false;
	n_dropped = 0;
	cleanup_close(&quick);
	quick = -1;
	tried = false;
	if (n > 0)
		report_say_count(n, "%lld line could not be said on the way: nobody read it",
				 "%lld lines could not be said on the way: nobody read them",
				 (long long)n);
}

static void print_message(const char *text)
{
	static const char prefix[] = "mmreap: ";
	const size_t start = sizeof(prefix) - 1;
	char line[sizeof(prefix) + LINE_SIZE];
	size_t n;

	memcpy(line, prefix, start);
	text_escape(text, line + start, LINE_SIZE);
	n = strlen(line);
	line[n++] = '\n';
	/*
	 * One write: lines of several processes on the same terminal stay whole. Not dprintf(), which
	 * takes memory: steps are told in the middle of a kill.
	 */
	if (!report_put(line, n))
		n_dropped += hurried;
}

void report_say(const char *format, ...)
{
	struct cli_error error;
	va_list ap;

	va_start(ap, format);
	words_format(error.text, error.local, sizeof(error.text), format, ap);
	va_end(ap);
	print_message(error.local);
}

void report_say_count(int64_t n, const char *one, const char *many, ...)
{
	char text[sizeof(((struct cli_error *)NULL)->text)];
	va_list ap;

	va_start(ap, many);
	vsnprintf(text, sizeof(text), words_many(&words_local, one, many, (unsigned long)n), ap);
	va_end(ap);
	print_message(text);
}

void report_step(pid_t pid, int64_t since_us, const char *step, int err)
{
	const char *error = err < 0 ? text_errno(-err) : NULL;
	char text[128];

	snprintf(text, sizeof(text), "%d: %8lld us: %s%s%s", (int)pid, (long long)since_us, step,
		 err < 0 ? ": " : "", err < 0 ? (error ? error : "error") : "");
	print_message(text);
}

void report_error_document(enum exit_status status, const struct cli_error *error)
{
	printf("{\"error\":{\"status\":%d,\"message\":", status);
	json_print_string(stdout, error->text);
	puts("}}");
}

int report_cli_error(enum exit_status status, const struct cli_error *error)
{
	if (error->json)
		report_error_document(status, error);
	print_message(error->local);
	return status;
}

int report_error(bool json, enum exit_status status, const char *format, ...)
{
	struct cli_error error = { .json = json };
	va_list ap;

	va_start(ap, format);
	words_format(error.text, error.local, sizeof(error.text), format, ap);
	va_end(ap);
	return report_cli_error(status, &error);
}

int report_usage_error(const struct cli_error *error)
{
	return report_cli_error(STATUS_USAGE, error);
}

bool report_wants_sentences(const struct output_options *out)
{
	return !out->json && !out->raw && !out->noheadings && !out->output_all && !out->columns;
}

void report_print_kill(FILE *f, const struct kill_row *row, bool bytes)
{
	char comm[4 * COMM_SIZE], sentence[SENTENCE_SIZE];

	text_escape(row->id.comm, comm, sizeof(comm));
	explain_kill(row, &words_local, bytes, sentence, sizeof(sentence));
	/* A pidfd whose process was waited for names no number any more. */
	if (row->id.pid == 0)
		fprintf(f, "pidfd: %s\n", sentence);
	else
		fprintf(f, "%d%s%s: %s\n", row->id.pid, *comm ? " " : "", comm, sentence);
}

void report_log_kill(const struct kill_row *row)
{
	char comm[4 * COMM_SIZE], sentence[SENTENCE_SIZE];

	text_escape(row->id.comm, comm, sizeof(comm));
	/* For whoever reads the log, or what does: not the one who killed. */
	explain_kill(row, NULL, false, sentence, sizeof(sentence));
	openlog("mmreap", LOG_PID, LOG_AUTH);
	syslog(LOG_NOTICE, "uid %u: %d%s%s: %s", getuid(), row->id.pid, *comm ? " " : "", comm,
	       sentence);
	closelog();
}

/* Of the first write that failed before the end: the stream keeps only that it did. */
static int write_error;

bool report_flush(FILE *f)
{
	errno = 0;
	if (fflush(f) == 0 && !ferror(f))
		return true;
	if (write_error == 0)
		write_error = errno;
	return false;
}

int report_close_stdout(int status)
{
	bool failed_before = ferror(stdout);

	errno = !failed_before ? 0 : write_error ? write_error : EIO;
	if ((fclose(stdout) || failed_before) && errno != 0) {
		report_say("standard output: %m");
		return status == STATUS_OK ? STATUS_FAILURE : status;
	}
	return status;
}
