// SPDX-License-Identifier: GPL-2.0-or-later

/* Rows as table, raw and JSON: the choice of columns and what is in the cells. */

#include "unit.h"
#include <errno.h>
#include <mmreap/report.h>
#include <stdlib.h>

static struct proc_id killed[] = {
	{ .pid = 4712, .inode = 13, .comm = "ja\"va" },
	{ .pid = 4800, .comm = "\xff" },
};

static const struct kill_row full = {
	.id = { .pid = 4711, .inode = 12, .comm = "a \x1b\\" },
	.outcome = OUTCOME_REAPED,
	.signalled = true,
	.reaped = true,
	.exited = true,
	.method = METHOD_KILL_REAP,
	.hold = HOLD_TRACE,
	.robust = ROBUST_HANDED_OVER,
	.n_sharers = 2,
	.killed = killed,
	.n_killed = 2,
	.rss_before_bytes = 1536,
	.rss_after_bytes = 0,
	.unmapped_bytes = 1536,
	.freed_bytes = 512,
	.reap_us = 1,
	.exit_us = 615010,
	.exit_signal = 9,
	.step = STEPNAME_HOLD,
	.err = EPERM,
};

static const struct kill_row nothing = {
	.id = { .pid = 4713 },
	.outcome = OUTCOME_NO_PROCESS,
	.reason = REASON_NOT_FOUND,
	.n_sharers = UNKNOWN,
	.rss_before_bytes = UNKNOWN,
	.rss_after_bytes = UNKNOWN,
	.unmapped_bytes = UNKNOWN,
	.freed_bytes = UNKNOWN,
	.reap_us = UNKNOWN,
	.exit_us = UNKNOWN,
	.exit_signal = UNKNOWN,
};

/* To be freed by the caller; NULL where the columns were refused. */
static char *print(const struct output_options *out, const struct kill_row *rows, size_t n)
{
	struct column_list columns;
	struct cli_error error;
	char *text = NULL;
	size_t size;
	FILE *f;

	if (report_choose_columns(&report_table_kill, out, &columns, &error))
		return NULL;
	f = open_memstream(&text, &size);
	if (!f || report_print_rows(f, &report_table_kill, out, &columns, rows, n, sizeof(*rows)) ||
	    fclose(f))
		return NULL;
	return text;
}

static void prints(const struct output_options *out, const struct kill_row *rows, size_t n,
		   const char *want, const char *name)
{
	char *text = print(out, rows, n);

	is_str(text, want, "%s", name);
	free(text);
}

/* The keys are the contract's, typed a second time. */
static void test_keys(void)
{
	static const char *const keys[] = {
		"pid",	   "inode",   "comm",	"outcome",     "dry_run",   "method",	"hold",
		"robust",  "sharers", "killed", "rss_before",  "rss_after", "unmapped", "freed",
		"reap_ms", "exit_ms", "exited", "exit_signal", "errno",	    "step",	"message",
	};

	is_int(report_table_kill.n_columns, UNIT_ROWS(keys), "number of keys");
	for (size_t i = 0; i < UNIT_ROWS(keys) && i < report_table_kill.n_columns; i++) {
		is_str(report_table_kill.columns[i].name, keys[i], "key %zu", i);
		ok(report_table_kill.columns[i].help, "%s has help", keys[i]);
	}
	is_str(report_table_kill.key, "kill", "key of the array");
}

static void test_json(void)
{
	static const struct output_options json = { .json = true };
	static const struct output_options bytes = { .json = true,
						     .bytes = true,
						     .columns = "freed" };
	static const struct output_options two = { .json = true, .columns = "OUTCOME,pid" };
	static const struct output_options more = { .json = true, .columns = "+pid" };
	struct kill_row rows[2] = { full, nothing };
	char *all;

	prints(&json, &full, 1,
	       "{\"kill\":[\n"
	       "{\"pid\":4711,\"inode\":12,\"comm\":\"a \\u001b\\\\\",\"outcome\":\"reaped\","
	       "\"dry_run\":false,\"method\":\"kill-reap\",\"hold\":\"trace\","
	       "\"robust\":\"handed-over\",\"sharers\":2,\"killed\":["
	       "{\"pid\":4712,\"inode\":13,\"comm\":\"ja\\\"va\"},"
	       "{\"pid\":4800,\"inode\":null,\"comm\":\"\\ufffd\"}],"
	       "\"rss_before\":1536,\"rss_after\":0,\"unmapped\":1536,\"freed\":512,"
	       "\"reap_ms\":0.001,\"exit_ms\":615.010,\"exited\":true,\"exit_signal\":9,"
	       "\"errno\":\"EPERM\",\"step\":\"hold\",\"message\":\"reaped: 1.5 KiB of 1.5 KiB "
	       "unmapped (512 bytes freed) in 0.00 ms, exited after 615 ms; also killed 2 processes "
	       "(4712 ja\\\"va, 4800 \\\\xff)\"}\n]}\n",
	       "everything known");
	prints(&json, &nothing, 1,
	       "{\"kill\":[\n"
	       "{\"pid\":4713,\"inode\":null,\"comm\":null,\"outcome\":\"no-process\","
	       "\"dry_run\":false,\"method\":null,\"hold\":null,\"robust\":null,\"sharers\":null,"
	       "\"killed\":[],\"rss_before\":null,\"rss_after\":null,\"unmapped\":null,"
	       "\"freed\":null,\"reap_ms\":null,\"exit_ms\":null,\"exited\":false,"
	       "\"exit_signal\":null,\"errno\":null,\"step\":null,"
	       "\"message\":\"no such process\"}\n]}\n",
	       "nothing known is null, never 0");
	prints(&bytes, &full, 1, "{\"kill\":[\n{\"freed\":512}\n]}\n", "bytes are numbers anyway");
	prints(&two, rows, 2,
	       "{\"kill\":[\n{\"outcome\":\"reaped\",\"pid\":4711},\n"
	       "{\"outcome\":\"no-process\",\"pid\":4713}\n]}\n",
	       "a choice, in its order");
	prints(&json, NULL, 0, "{\"kill\":[]}\n", "no row");
	all = print(&json, &full, 1);
	prints(&more, &full, 1, all, "+LIST to all of them: no key twice");
	free(all);
}

static void test_table(void)
{
	static const struct output_options plain = { .columns = "pid,comm,freed,exit_ms,outcome" };
	static const struct output_options bytes = { .columns = "rss_before,pid", .bytes = true };
	static const struct output_options bare = { .columns = "pid,comm", .noheadings = true };
	static const struct output_options raw = { .columns = "pid,comm,rss_before,killed",
						   .raw = true };
	static const struct output_options twice = { .columns = "pid,PID,pid" };
	struct kill_row rows[2] = { full, nothing };

	prints(&plain, rows, 2,
	       " PID COMM    FREED EXIT_MS OUTCOME\n"
	       "4711 a \\x1b\\  512B 615.010 reaped\n"
	       "4713                       no-process\n",
	       "table: unknown is empty");
	prints(&bytes, rows, 2, "RSS_BEFORE  PID\n      1536 4711\n           4713\n", "bytes");
	prints(&bare, &full, 1, "4711 a \\x1b\\\n", "no headings");
	prints(&raw, &full, 1,
	       "PID COMM RSS_BEFORE KILLED\n"
	       "4711 a\\x20\\x1b\\x5c 1.5K 4712\\x20ja\"va,4800\\x20\\xff\n",
	       "raw: a cell is a word");
	prints(&twice, &full, 1, " PID\n4711\n", "a column only once");
}

static void test_choice(void)
{
	static const struct {
		const char *name;
		struct output_options out;
		bool good;
		size_t n;
		const char *text;
	} rows[] = {
		{ "default", { 0 }, true, 8, "" },
		{ "more", { .columns = "+step" }, true, 9, "" },
		{ "more of the same", { .columns = "+pid" }, true, 8, "" },
		{ "all", { .output_all = true }, true, 21, "" },
		{ "JSON has all", { .json = true }, true, 21, "" },
		{ "one", { .columns = "step" }, true, 1, "" },
		{ "unknown", { .columns = "bogus" }, false, 0, "\"bogus\"" },
		{ "unknown among good", { .columns = "pid,bogus,comm" }, false, 0, "\"bogus\"" },
		{ "no abbreviation", { .columns = "out" }, false, 0, "\"out\"" },
		{ "empty", { .columns = "" }, false, 0, "\"\"" },
		{ "only a plus", { .columns = "+" }, false, 0, "\"\"" },
		{ "comma at the end", { .columns = "pid," }, false, 0, "\"\"" },
		{ "blank", { .columns = "pid, comm" }, false, 0, "\" comm\"" },
		{ "unknown in JSON", { .columns = "x", .json = true }, false, 0, "\"x\"" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct column_list list = { .n = 0 };
		struct cli_error error;
		int r = report_choose_columns(&report_table_kill, &rows[i].out, &list, &error);

		is_int(r == 0, rows[i].good, "%s", rows[i].name);
		is_int(list.n, rows[i].n, "%s: columns", rows[i].name);
		if (!ok(strstr(error.text, rows[i].text) && !*error.text == rows[i].good,
			"%s: message", rows[i].name))
			note("%s", error.text);
		is_int(error.json, rows[i].out.json, "%s: JSON", rows[i].name);
	}
}

/* Method, hold and robust are told only where there was one, or would have been. */
static void test_acted(void)
{
	static const struct output_options out = { .json = true, .columns = "method,hold,robust" };
	static const char acted[] = "{\"kill\":[\n{\"method\":\"kill-reap\",\"hold\":\"none\","
				    "\"robust\":\"none\"}\n]}\n";
	static const char idle[] =
		"{\"kill\":[\n{\"method\":null,\"hold\":null,\"robust\":null}\n]}\n";
	static const struct {
		const char *name, *want;
		struct kill_row row;
	} rows[] = {
		{ "signalled", acted, { .outcome = OUTCOME_PENDING, .signalled = true } },
		{ "reaped only", acted, { .outcome = OUTCOME_REAPED, .reaped = true } },
		{ "would be", acted, { .outcome = OUTCOME_REAPED, .dry_run = true } },
		{ "would be pending", acted, { .outcome = OUTCOME_PENDING, .dry_run = true } },
		{ "would be refused",
		  idle,
		  { .outcome = OUTCOME_REFUSED_SHARED, .dry_run = true } },
		{ "gone already", idle, { .outcome = OUTCOME_EXITED, .dry_run = true } },
		{ "refused", idle, { .outcome = OUTCOME_REFUSED_SHARED } },
		{ "denied", idle, { .outcome = OUTCOME_DENIED } },
		{ "failed after the signal",
		  acted,
		  { .outcome = OUTCOME_FAILED, .signalled = true } },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++)
		prints(&out, &rows[i].row, 1, rows[i].want, rows[i].name);
}

static void test_sentences_or_table(void)
{
	ok(report_wants_sentences(&(struct output_options){ 0 }), "by default");
	ok(report_wants_sentences(&(struct output_options){ .bytes = true }), "with --bytes");
	ok(!report_wants_sentences(&(struct output_options){ .json = true }), "not with --json");
	ok(!report_wants_sentences(&(struct output_options){ .raw = true }), "not with --raw");
	ok(!report_wants_sentences(&(struct output_options){ .columns = "pid" }),
	   "not with --output");
	ok(!report_wants_sentences(&(struct output_options){ .output_all = true }),
	   "not with --output-all");
	ok(!report_wants_sentences(&(struct output_options){ .noheadings = true }),
	   "not with --noheadings");
}

int main(void)
{
	RUN(test_keys);
	RUN(test_json);
	RUN(test_table);
	RUN(test_choice);
	RUN(test_acted);
	RUN(test_sentences_or_table);
	return unit_done();
}
