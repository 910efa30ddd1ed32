// SPDX-License-Identifier: GPL-2.0-or-later

/* The column tables: a JSON key, a heading and a line of --list-columns are the same row. */

#include "cells.h"
#include <mmreap/report.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum kill_column {
	KILL_PID,
	KILL_INODE,
	KILL_COMM,
	KILL_OUTCOME,
	KILL_DRY_RUN,
	KILL_METHOD,
	KILL_HOLD,
	KILL_ROBUST,
	KILL_SHARERS,
	KILL_KILLED,
	KILL_RSS_BEFORE,
	KILL_RSS_AFTER,
	KILL_UNMAPPED,
	KILL_FREED,
	KILL_REAP_MS,
	KILL_EXIT_MS,
	KILL_EXITED,
	KILL_EXIT_SIGNAL,
	KILL_ERRNO,
	KILL_STEP,
	KILL_MESSAGE,
};

static const struct column kill_columns[] = {
	[KILL_PID] = { "pid", CELL_NUMBER, N_("process ID") },
	[KILL_INODE] = { "inode", CELL_INODE,
			 N_("pidfs inode; PID:INODE names exactly this process") },
	[KILL_COMM] = { "comm", CELL_TEXT, N_("command name") },
	[KILL_OUTCOME] = { "outcome", CELL_TEXT, N_("what became of it") },
	[KILL_DRY_RUN] = { "dry_run", CELL_BOOL, N_("nothing was done, the outcome is predicted") },
	[KILL_METHOD] = { "method", CELL_TEXT, N_("kill-reap, reap-kill, kill-only or reap-only") },
	[KILL_HOLD] = { "hold", CELL_TEXT, N_("how a thread was kept for the reap") },
	[KILL_ROBUST] = { "robust", CELL_TEXT, N_("what became of robust futexes") },
	[KILL_SHARERS] = { "sharers", CELL_NUMBER, N_("other processes with the same memory") },
	[KILL_KILLED] = { "killed", CELL_PROCS, N_("other processes that were killed with it") },
	[KILL_RSS_BEFORE] = { "rss_before", CELL_BYTES, N_("resident memory before the signal") },
	[KILL_RSS_AFTER] = { "rss_after", CELL_BYTES, N_("resident memory at the end") },
	[KILL_UNMAPPED] = { "unmapped", CELL_BYTES, N_("memory that left the address space") },
	[KILL_FREED] = { "freed", CELL_BYTES, N_("memory that came back to the system") },
	[KILL_REAP_MS] = { "reap_ms", CELL_TIME_US, N_("length of the reap call, milliseconds") },
	[KILL_EXIT_MS] = { "exit_ms", CELL_TIME_US, N_("from signal to exit, milliseconds") },
	[KILL_EXITED] = { "exited", CELL_BOOL, N_("the exit was seen") },
	[KILL_EXIT_SIGNAL] = { "exit_signal", CELL_NUMBER,
			       N_("signal that ended it, where it is told") },
	[KILL_ERRNO] = { "errno", CELL_TEXT, N_("name of the error") },
	[KILL_STEP] = { "step", CELL_TEXT, N_("step that the error belongs to") },
	[KILL_MESSAGE] = { "message", CELL_TEXT, N_("the outcome as a sentence") },
};

/* Before anything was done, or predicted to be done, there is no method, hold... to tell. */
static bool has_acted(const struct kill_row *row)
{
	return row->signalled || row->reaped ||
	       (row->dry_run &&
		(outcome_status(row->outcome) == STATUS_OK || row->outcome == OUTCOME_KILLED ||
		 row->outcome == OUTCOME_PENDING || row->outcome == OUTCOME_PINNED) &&
		row->outcome != OUTCOME_EXITED);
}

static void kill_get(const void *data, unsigned int column, struct cell *ret)
{
	const struct kill_row *row = data;

	switch ((enum kill_column)column) {
	case KILL_PID:
		ret->known = row->id.pid > 0;
		ret->number = row->id.pid;
		break;
	case KILL_INODE:
		ret->known = row->id.inode != 0;
		ret->number = (int64_t)row->id.inode;
		break;
	case KILL_COMM:
		set_text(ret, row->id.comm);
		break;
	case KILL_OUTCOME:
		set_text(ret, outcome_word(row->outcome));
		break;
	case KILL_DRY_RUN:
		set_bool(ret, row->dry_run);
		break;
	case KILL_METHOD:
		set_text(ret, has_acted(row) ? method_word(row->method) : NULL);
		break;
	case KILL_HOLD:
		set_text(ret, has_acted(row) ? hold_word(row->hold) : NULL);
		break;
	case KILL_ROBUST:
		set_text(ret, has_acted(row) ? robust_word(row->robust) : NULL);
		break;
	case KILL_SHARERS:
		set_number(ret, row->n_sharers);
		break;
	case KILL_KILLED:
		ret->known = true;
		ret->procs = row->killed;
		ret->n_procs = row->n_killed;
		break;
	case KILL_RSS_BEFORE:
		set_number(ret, row->rss_before_bytes);
		break;
	case KILL_RSS_AFTER:
		set_number(ret, row->rss_after_bytes);
		break;
	case KILL_UNMAPPED:
		set_number(ret, row->unmapped_bytes);
		break;
	case KILL_FREED:
		set_number(ret, row->freed_bytes);
		break;
	case KILL_REAP_MS:
		set_number(ret, row->reap_us);
		break;
	case KILL_EXIT_MS:
		set_number(ret, row->exit_us);
		break;
	case KILL_EXITED:
		set_bool(ret, row->exited);
		break;
	case KILL_EXIT_SIGNAL:
		set_number(ret, row->exit_signal);
		break;
	case KILL_ERRNO:
		set_text(ret, text_errno(row->err));
		if (row->err && !ret->known) {
			snprintf(ret->buffer, sizeof(ret->buffer), "%d", row->err);
			set_buffer(ret);
		}
		break;
	case KILL_STEP:
		set_text(ret, row->step == STEPNAME_NONE ? NULL : step_word(row->step));
		break;
	case KILL_MESSAGE:
		explain_kill(row, ret->words, false, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	}
}

const struct row_table report_table_kill = {
	.key = "kill",
	.columns = kill_columns,
	.n_columns = sizeof(kill_columns) / sizeof(kill_columns[0]),
	.defaults = "pid,inode,comm,outcome,rss_before,unmapped,reap_ms,exit_ms",
	.get = kill_get,
};

/* --- the choice of columns ------------------------------------------------------------- */

static int add_column(const struct row_table *table, const char *name, size_t len,
		      struct column_list *list, struct cli_error *ret_error)
{
	for (unsigned int i = 0; i < table->n_columns; i++) {
		if (strlen(table->columns[i].name) != len ||
		    strncasecmp(table->columns[i].name, name, len))
			continue;
		/* Twice the same key is no JSON object. */
		for (size_t j = 0; j < list->n; j++)
			if (list->id[j] == i)
				return 0;
		if (list->n < REPORT_MAX_COLUMNS)
			list->id[list->n++] = i;
		return 0;
	}
	cli_fail(ret_error, "unknown column \"%.*s\"; see mmreap %s --list-columns", (int)len, name,
		 table->key);
	return -1;
}

static int add_names(const struct row_table *table, const char *names, struct column_list *list,
		     struct cli_error *ret_error)
{
	for (;;) {
		size_t len = strcspn(names, ",");

		if (add_column(table, names, len, list, ret_error))
			return -1;
		if (!names[len])
			return 0;
		names += len + 1;
	}
}

int report_choose_columns(const struct row_table *table, const struct output_options *out,
			  struct column_list *ret, struct cli_error *ret_error)
{
	struct column_list list = { 0 };
	const char *names = out->columns;
	bool more = names && *names == '+';

	*ret_error = (struct cli_error){ .json = out->json };
	if (out->output_all || (out->json && (!names || more))) {
		for (unsigned int i = 0; i < table->n_columns; i++)
			list.id[list.n++] = i;
	} else if (!names || more) {
		if (add_names(table, table->defaults, &list, ret_error))
			return -1;
	}
	if (names && add_names(table, names + more, &list, ret_error))
		return -1;
	*ret = list;
	return 0;
}

/* --- the columns themselves as rows ---------------------------------------------------- */

static const struct column column_columns[] = {
	{ "name", CELL_TEXT, N_("name in -o, in headings, and as a JSON key") },
	{ "type", CELL_TEXT, N_("type in JSON") },
	{ "description", CELL_TEXT, N_("what it tells") },
};

static void column_get(const void *data, unsigned int column, struct cell *ret)
{
	static const char *const types[] = {
		[CELL_TEXT] = "string",	 [CELL_NUMBER] = "number",  [CELL_INODE] = "number",
		[CELL_BYTES] = "number", [CELL_TIME_US] = "number", [CELL_BOOL] = "boolean",
		[CELL_PROCS] = "array",
	};
	const struct column *row = data;

	set_text(ret, column == 0   ? row->name
		      : column == 1 ? types[row->type]
				    : words_one(ret->words, row->help));
}

static const struct row_table column_table = {
	.key = "columns",
	.columns = column_columns,
	.n_columns = sizeof(column_columns) / sizeof(column_columns[0]),
	.defaults = "name,type,description",
	.get = column_get,
};

int report_list_columns(const struct row_table *table, const struct output_options *out)
{
	struct output_options plain = *out;
	struct column_list list;
	struct cli_error error;

	plain.columns = NULL;
	plain.output_all = false;
	if (report_choose_columns(&column_table, &plain, &list, &error) ||
	    report_print_rows(stdout, &column_table, &plain, &list, table->columns,
			      table->n_columns, sizeof(*table->columns)))
		return STATUS_FAILURE;
	return STATUS_OK;
}
