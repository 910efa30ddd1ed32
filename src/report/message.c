// SPDX-License-Identifier: GPL-2.0-or-later

/* Lines and messages: results on standard output, diagnostics on stderr, a record in syslog. */

#include "json.h"
#include <errno.h>
#include <mmreap/report.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* Room for a message in which every byte is escaped. */
#define LINE_SIZE (4 * sizeof(((struct cli_error *)NULL)->text))

void report_say(const char *format, ...)
{
	char text[sizeof(((struct cli_error *)NULL)->text)], line[LINE_SIZE];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	text_escape(text, line, sizeof(line));
	/* One write: lines of several processes on the same terminal stay whole. */
	dprintf(STDERR_FILENO, "mmreap: %s\n", line);
}

int report_error(bool json, enum exit_status status, const char *text)
{
	if (json) {
		printf("{\"error\":{\"status\":%d,\"message\":", status);
		json_print_string(stdout, text);
		puts("}}");
	}
	report_say("%s", text);
	return status;
}

int report_usage_error(const struct cli_error *error)
{
	return report_error(error->json, STATUS_USAGE, error->text);
}

bool report_wants_sentences(const struct output_options *out)
{
	return !out->json && !out->raw && !out->noheadings && !out->output_all && !out->columns;
}

void report_print_kill(FILE *f, const struct kill_row *row, bool bytes)
{
	char comm[4 * COMM_SIZE], sentence[SENTENCE_SIZE];

	text_escape(row->id.comm, comm, sizeof(comm));
	explain_kill(row, bytes, sentence, sizeof(sentence));
	fprintf(f, "%d%s%s: %s\n", row->id.pid, *comm ? " " : "", comm, sentence);
}

void report_log_kill(const struct kill_row *row)
{
	char comm[4 * COMM_SIZE], sentence[SENTENCE_SIZE];

	text_escape(row->id.comm, comm, sizeof(comm));
	explain_kill(row, false, sentence, sizeof(sentence));
	openlog("mmreap", LOG_PID, LOG_AUTH);
	syslog(LOG_NOTICE, "uid %u: %d%s%s: %s", getuid(), row->id.pid, *comm ? " " : "", comm,
	       sentence);
	closelog();
}

int report_close_stdout(int status)
{
	bool failed_before = ferror(stdout);

	/* The errno of a write that failed earlier is lost. */
	errno = failed_before ? EIO : 0;
	if ((fclose(stdout) || failed_before) && errno != 0) {
		report_say("standard output: %s", strerror(errno));
		return status == STATUS_OK ? STATUS_FAILURE : status;
	}
	return status;
}
