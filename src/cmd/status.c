// SPDX-License-Identifier: GPL-2.0-or-later

/* The story of `mmreap status`: parse, hold, look, say. */

#include <errno.h>
#include <mmreap/cleanup.h>
#include <mmreap/command.h>
#include <mmreap/report.h>
#include <string.h>
#include <unistd.h>

#include "look.h"

/* For each read of --deep. */
#define DEEP_LIMIT_US 1000000

struct story {
	struct status_request req;
	struct column_list columns;
	struct look look;
	struct kernelview *kernel; /* NULL: /proc alone */
	struct kernel_snapshot before;
	struct status_row *rows;
	size_t n_rows;
	enum exit_status *statuses;
	bool report;  /* for people, not a table */
	bool sharers; /* somebody wants to know them */
	bool failed;  /* and said so: there is nothing to print */
};

static void story_free(struct story *s)
{
	look_close(&s->look);
	kernel_snapshot_free(&s->before);
	kernelview_close(s->kernel);
	free(s->rows);
	free(s->statuses);
	target_list_free(&s->req.targets);
}

static enum exit_status fail(struct story *s, int err)
{
	s->failed = true;
	errno = -err;
	return report_error(s->req.out.json, STATUS_FAILURE, "%m");
}

static void note_ancestors(const struct story *s, struct status_row *row)
{
	for (int64_t i = 0; i < row->n_sharers && i < ROW_SHARERS; i++)
		row->ancestor |= observe_is_ancestor(&s->look.self, row->sharers[i].id.pid);
}

static void find_sharers(const struct story *s, const struct proc_ref *ref, struct status_row *row)
{
	_cleanup_(look_comparison_free) struct comparison *c = NULL;

	row->blind.err = look_compare(&s->look, ref, &c);
	if (row->blind.err)
		return;
	row->blind = c->blind;
	/* None seen is no sharer only where all could be seen. */
	if (c->scan.n_found > 0 || !blind_is(&c->blind))
		row->n_sharers = (int64_t)c->scan.n_found;
	for (size_t i = 0; i < c->scan.n_found && i < ROW_SHARERS; i++)
		row->sharers[i] = c->scan.found[i];
	note_ancestors(s, row);
}

static bool has_mm(const struct status_row *row)
{
	return row->rss_bytes != UNKNOWN;
}

static void look_closer(const struct story *s, const struct proc_ref *ref, struct status_row *row)
{
	if (!row->seen || !has_mm(row))
		return;
	/* The kernel is asked for all of them at once, in the end. */
	if (s->sharers && row->source == SOURCE_BPF)
		shared_note_unseen(&sys_linux, &s->look.self, &s->before, ref, &row->blind);
	else if (s->sharers)
		find_sharers(s, ref, row);
	if (s->req.opt.deep)
		observe_deep(&sys_linux, ref, DEEP_LIMIT_US, row);
}

/* A target that is not held: what was seen of it. */
static void note_absent(const struct target *t, struct status_row *row)
{
	observe_no_life(&t->ref, row);
	if (t->err == -ESTALE)
		row->evidence = EVIDENCE_OTHER_INODE;
	else if (t->err == -ESRCH)
		row->evidence = t->ref.pid > 0 ? EVIDENCE_NO_PID : EVIDENCE_NO_PIDFD;
}

static enum exit_status look_at(struct story *s, const struct target *t, struct status_row *row)
{
	const struct kernel_snapshot *kernel = s->kernel ? &s->before : NULL;
	int err = t->err;

	if (err == 0)
		err = observe_life(&sys_linux, &s->look.self, &t->ref, &s->look.mounts, kernel, row,
				   NULL);
	else
		note_absent(t, row);
	if (err == 0) {
		look_closer(s, &t->ref, row);
		return row->phase != PHASE_GONE || t->selected ? STATUS_OK : STATUS_NO_PROCESS;
	}
	if (t->err == 0) { /* held, and /proc does not give what is needed */
		observe_no_life(&t->ref, row);
		errno = -err;
		report_say("%d: %m", (int)t->ref.pid);
	}
	/* It is there, and more cannot be said. */
	if (t->err != -ESRCH && t->err != -ESTALE)
		row->phase = PHASE_ALIVE;
	return t->err ? look_say_target(t, false) : STATUS_FAILURE;
}

static enum exit_status look_at_targets(struct story *s)
{
	size_t n = s->look.n_targets;

	if (n == 0) {
		s->failed = true;
		return report_error(s->req.out.json, STATUS_NO_PROCESS, "no process matched");
	}
	s->rows = calloc(n, sizeof(*s->rows));
	s->statuses = calloc(n, sizeof(*s->statuses));
	if (s->rows == NULL || s->statuses == NULL)
		return fail(s, -ENOMEM);
	for (size_t i = 0; i < n; i++)
		s->statuses[i] = look_at(s, &s->look.targets[i], &s->rows[i]);
	s->n_rows = n;
	return status_combine(s->statuses, n);
}

/* One of all processes: is it listed? */
static bool look_at_suspect(struct story *s, pid_t pid, struct status_row *row)
{
	const struct kernel_snapshot *kernel = s->kernel ? &s->before : NULL;
	struct phase_facts facts;
	struct proc_ref ref;
	pid_t leader;
	bool listed;

	if (target_hold(&sys_linux, &s->look.self, pid, 0, &ref, &leader) < 0)
		return false;
	listed = observe_life(&sys_linux, &s->look.self, &ref, &s->look.mounts, kernel, row,
			      &facts) == 0 &&
		 phase_is_unusual(&facts, row->phase);
	if (listed)
		look_closer(s, &ref, row);
	target_release(&sys_linux, &ref);
	return listed;
}

static enum exit_status look_at_all(struct story *s)
{
	_cleanup_free_ pid_t *pids = NULL;
	ssize_t n = observe_suspects(&sys_linux, &s->look.self, &pids);

	if (n < 0)
		return fail(s, (int)n);
	s->rows = calloc((size_t)n + 1, sizeof(*s->rows));
	if (s->rows == NULL)
		return fail(s, -ENOMEM);
	for (ssize_t i = 0; i < n; i++)
		s->n_rows += look_at_suspect(s, pids[i], &s->rows[s->n_rows]);
	if (s->look.blind.hidepid)
		report_say("incomplete: /proc hides the processes of other users (hidepid)");
	return STATUS_OK;
}

/* A second look at all tasks, if there is anything to confirm. */
static void ask_for_sharers(struct story *s)
{
	struct kernel_snapshot after = { 0 };
	bool asked = false;
	int err = 0;

	for (size_t i = 0; i < s->n_rows; i++) {
		struct status_row *row = &s->rows[i];

		if (row->source != SOURCE_BPF || !has_mm(row))
			continue;
		if (!asked)
			err = kernelview_list(s->kernel, &after);
		asked = true;
		row->blind.err = err;
		if (err < 0)
			continue;
		row->n_sharers =
			shared_count(&s->before, &after, row->id.pid, row->sharers, ROW_SHARERS);
		row->blind.changed = row->n_sharers == UNKNOWN;
		/* None seen is no sharer only where all could be seen. */
		if (row->n_sharers == 0 && blind_is(&row->blind))
			row->n_sharers = UNKNOWN;
		note_ancestors(s, row);
	}
	kernel_snapshot_free(&after);
}

/* A scan of all processes for each target: only where it is printed. */
static bool wants_sharers(const struct column_list *columns)
{
	for (size_t i = 0; i < columns->n; i++) {
		const char *name = report_table_status.columns[columns->id[i]].name;

		if (strcmp(name, "sharers") == 0 || strcmp(name, "next") == 0 ||
		    strcmp(name, "incomplete") == 0)
			return true;
	}
	return false;
}

static int say(const struct story *s, enum exit_status status)
{
	int err = 0;

	if (s->report && s->n_rows == 1 && (s->rows->seen || s->rows->phase == PHASE_GONE))
		report_print_status(stdout, s->rows, s->req.out.bytes);
	else
		err = report_print_rows(stdout, &report_table_status, &s->req.out, &s->columns,
					s->rows, s->n_rows, sizeof(*s->rows));
	errno = -err;
	return err < 0 ? report_error(false, STATUS_FAILURE, "%m") : (int)status;
}

static int run(int argc, const char **argv)
{
	_cleanup_(story_free) struct story s = { .look.self.proc_fd = -1 };
	const struct output_options *out = &s.req.out;
	struct cli_error error = { 0 };
	enum exit_status status;
	int err, room;
	bool all;

	switch (cli_parse(&cli_syntax_status, argc, argv, &s.req, &error)) {
	case CLI_DONE:
		return STATUS_OK;
	case CLI_COLUMNS:
		return report_list_columns(&report_table_status, out);
	case CLI_USAGE:
		return report_usage_error(&error);
	case CLI_RUN:
		break;
	}
	if (report_choose_columns(&report_table_status, out, &s.columns, &error) < 0)
		return report_usage_error(&error);
	all = s.req.targets.n_specs == 0 && !s.req.targets.from_stdin;
	room = s.req.opt.deep ? LOOK_ROOM_DEEP : all ? LOOK_ROOM_ALL : LOOK_ROOM;
	status = look_open(&s.req.targets, true, out->json, &s.look);
	if (status == STATUS_OK)
		status = look_open_kernel(&s.look, s.req.opt.source, room, out->json, &s.kernel);
	if (status == STATUS_OK)
		status = look_find_ancestors(&s.look, out->json);
	if (status != STATUS_OK)
		return status;
	s.report = !all && s.look.n_targets == 1 && report_wants_sentences(out) &&
		   isatty(STDOUT_FILENO);
	s.sharers = s.report || wants_sharers(&s.columns);
	/* The targets are held by now. */
	err = s.kernel ? kernelview_list(s.kernel, &s.before) : 0;
	if (err < 0) {
		errno = -err;
		return report_error(out->json, STATUS_FAILURE, "%m");
	}
	status = all ? look_at_all(&s) : look_at_targets(&s);
	if (s.kernel && s.sharers)
		ask_for_sharers(&s);
	return s.failed ? (int)status : say(&s, status);
}

const struct command command_status = { .syntax = &cli_syntax_status, .run = run };
