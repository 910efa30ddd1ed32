// SPDX-License-Identifier: GPL-2.0-or-later

/* The story of `mmreap sharers`: parse, hold, compare, say. */

#include <errno.h>
#include <mmreap/cleanup.h>
#include <mmreap/command.h>
#include <mmreap/report.h>
#include <string.h>

#include "look.h"

struct story {
	struct sharers_request req;
	struct column_list columns;
	struct look look;
	struct kernelview *kernel; /* NULL: kcmp */
	struct sharers_row *rows;
	size_t n_rows, room, n_groups;
	enum exit_status *statuses; /* one for each target */
	struct cli_error error;	    /* the first */
	size_t n_vanished;	    /* members of a selection */
	bool failed;		    /* and said so: there is nothing to print */
};

static void story_free(struct story *s)
{
	look_close(&s->look);
	kernelview_close(s->kernel);
	free(s->rows);
	free(s->statuses);
	target_list_free(&s->req.targets);
}

static enum exit_status fail(struct story *s, enum exit_status status)
{
	s->failed = true;
	return status;
}

static struct sharers_row *new_row(struct story *s)
{
	if (s->n_rows == s->room) {
		size_t room = s->room ? 2 * s->room : 64;
		struct sharers_row *rows = reallocarray(s->rows, room, sizeof(*rows));

		if (rows == NULL)
			return NULL;
		s->rows = rows;
		s->room = room;
	}
	return &s->rows[s->n_rows];
}

/* Another target with the same memory has named this one already. */
static bool is_listed(struct story *s, const struct proc_ref *ref)
{
	for (size_t i = 0; i < s->n_rows; i++) {
		if (s->rows[i].id.pid == ref->pid && s->rows[i].id.inode == ref->inode) {
			s->rows[i].relation = RELATION_TARGET;
			return true;
		}
	}
	return false;
}

static int add_row(struct story *s, pid_t pid, enum relation relation, pid_t same_as,
		   enum source source, const struct blind *blind)
{
	struct sharers_row *row = new_row(s);
	int err;

	if (row == NULL)
		return -ENOMEM;
	err = observe_member(&sys_linux, &s->look.self, pid, same_as, s->look.zombie, row);
	if (err < 0)
		return err;
	row->group = s->n_groups + 1;
	row->relation = relation;
	row->source = source;
	row->blind = *blind;
	s->n_rows++;
	return 0;
}

/* On stderr at once; of what leaves no rows the first is the document as well. */
static enum exit_status complain(struct story *s, enum exit_status status,
				 const struct cli_error *error)
{
	if (*s->error.text == '\0')
		s->error = *error;
	return report_cli_error(status, error);
}

static enum exit_status note_vanished(struct story *s)
{
	s->n_vanished++;
	return STATUS_OK;
}

static enum exit_status say_not_held(struct story *s, const struct target *t)
{
	struct cli_error error;
	enum exit_status status = look_explain_target(t, &error);

	return status == STATUS_OK ? note_vanished(s) : complain(s, status, &error);
}

static enum exit_status judge(const struct story *s, size_t n_members, const struct blind *blind)
{
	if (!s->req.opt.check)
		return blind->no_right	? STATUS_DENIED
		       : blind->no_kcmp ? STATUS_UNSUPPORTED
					: STATUS_OK;
	if (n_members > 1)
		return STATUS_REFUSED;
	return blind_is(blind) ? STATUS_DENIED : STATUS_OK;
}

/* Rows for the target and its sharers, out of the kernel's own view. */
static int ask_kernel(struct story *s, const struct proc_ref *ref, struct blind *ret_blind)
{
	struct kernel_source source = look_kernel_source(s->kernel);
	struct group_scan scan;
	int err = shared_find(&sys_linux, &s->look.self, &source, ref, &scan);

	for (size_t i = 0; i < scan.n_rows && err == 0; i++) {
		struct sharers_row *row = new_row(s);

		if (row == NULL) {
			err = -ENOMEM;
			break;
		}
		*row = scan.rows[i];
		row->group = s->n_groups + 1;
		row->blind = scan.blind;
		s->n_rows++;
	}
	free(scan.rows);
	*ret_blind = scan.blind;
	/* Never twice the same: it is there, and that is all. */
	if (err == 0 && scan.blind.changed)
		err = add_row(s, ref->pid, RELATION_TARGET, 0, SOURCE_BPF, &scan.blind);
	return err;
}

/* The same by kcmp. */
static int compare(struct story *s, const struct proc_ref *ref, struct blind *ret_blind)
{
	_cleanup_(look_comparison_free) struct comparison *c = NULL;
	int err = look_compare(&s->look, ref, &c);

	if (err == 0)
		err = add_row(s, ref->pid, RELATION_TARGET, 0, SOURCE_KCMP, &c->blind);
	/* The number is its own as long as it has not been waited for. */
	if (err == 0 && sys_is_reaped(&sys_linux, ref->pidfd))
		err = -ESRCH;
	if (err < 0)
		return err;
	for (size_t i = 0; i < c->scan.n_found && i < c->scan.capacity; i++)
		add_row(s, c->scan.found[i].id.pid, c->scan.found[i].relation, c->scan.tid,
			SOURCE_KCMP, &c->blind);
	*ret_blind = c->blind;
	return 0;
}

static enum exit_status look_at(struct story *s, const struct target *t)
{
	struct cli_error error = { 0 };
	size_t first = s->n_rows;
	struct blind blind;
	int err;

	if (t->err < 0)
		return say_not_held(s, t);
	if (is_listed(s, &t->ref))
		return STATUS_OK;
	err = s->kernel ? ask_kernel(s, &t->ref, &blind) : -ENODATA;
	if (err == -ENODATA && s->req.opt.source == SOURCE_BPF) {
		cli_fail(&error, "%d %s: the kernel's own view does not show it", (int)t->ref.pid,
			 t->ref.comm);
		return complain(s, STATUS_DENIED, &error);
	}
	if (err == -ENODATA)
		err = compare(s, &t->ref, &blind);
	if (err < 0)
		s->n_rows = first;
	if (err == -ESRCH && t->selected)
		return note_vanished(s);
	if (err == -ESRCH) {
		cli_fail(
			&error,
			"%d %s: it has no address space: a zombie, a kernel thread, or about to exit",
			(int)t->ref.pid, t->ref.comm);
		return complain(s, STATUS_NO_PROCESS, &error);
	}
	if (err < 0) {
		errno = -err;
		cli_fail(&error, "%d %s: %m", (int)t->ref.pid, t->ref.comm);
		return complain(s, STATUS_FAILURE, &error);
	}
	s->n_groups++;
	return judge(s, s->n_rows - first, &blind);
}

static void say_blind(const struct story *s, const struct blind *blind)
{
	char why[SENTENCE_SIZE];

	explain_blind(blind, &words_local, why, sizeof(why));
	if (!s->req.opt.check && *why)
		report_say("incomplete: %s", why);
}

static enum exit_status look_at_targets(struct story *s)
{
	size_t n = s->look.n_targets, said = 0;
	bool json = s->req.out.json;

	s->statuses = calloc(n + 1, sizeof(*s->statuses));
	if (s->statuses == NULL)
		return fail(s, report_error(json, STATUS_FAILURE, "out of memory"));
	if (n == 0)
		return fail(s, report_error(json, STATUS_NO_PROCESS, "no process matched"));
	for (size_t i = 0; i < n; i++)
		s->statuses[i] = look_at(s, &s->look.targets[i]);
	/* Who is not there is not alone. */
	if (s->req.opt.check && s->n_vanished == n)
		return STATUS_NO_PROCESS;
	for (size_t i = 0; i < s->n_rows; i++) {
		if (s->rows[i].group == said)
			continue;
		said = s->rows[i].group;
		say_blind(s, &s->rows[i].blind);
	}
	/* Shared memory among the targets is the answer, whatever is not known of the others. */
	for (size_t i = 0; i < n && s->req.opt.check; i++)
		if (s->statuses[i] == STATUS_REFUSED)
			return STATUS_REFUSED;
	return status_combine(s->statuses, n);
}

static enum exit_status look_at_all(struct story *s)
{
	struct kernel_source source = look_kernel_source(s->kernel);
	struct group_scan scan;
	bool json = s->req.out.json;
	int err = s->kernel ? shared_find(&sys_linux, &s->look.self, &source, NULL, &scan)
			    : observe_groups(&sys_linux, &s->look.self, s->look.zombie, &scan);

	s->rows = scan.rows;
	s->n_rows = scan.n_rows;
	if (s->kernel == NULL && (err == -ENOSYS || err == -EPERM))
		return fail(s, report_error(json, STATUS_UNSUPPORTED,
					    "no address spaces can be compared: this kernel has no "
					    "kcmp, or a filter forbids it"));
	if (s->kernel == NULL && s->look.zombie == 0)
		return fail(s,
			    report_error(json, STATUS_FAILURE,
					 "all cannot be compared with all: that takes a child of "
					 "mmreap, and no process can be made (ulimit -u)"));
	if (err < 0) {
		errno = -err;
		return fail(s, report_error(json, STATUS_FAILURE, "%m"));
	}
	/* From the kernel nobody is hidden. */
	scan.blind.hidepid = !s->kernel && s->look.blind.hidepid;
	scan.blind.pid_ns = !s->kernel && s->look.blind.pid_ns;
	for (size_t i = 0; i < s->n_rows; i++)
		s->rows[i].blind = scan.blind;
	say_blind(s, &scan.blind);
	return STATUS_OK;
}

static bool is_usage_error(const struct sharers_request *req, struct cli_error *error)
{
	bool targets = req->targets.n_specs || req->targets.from_stdin;

	if (req->opt.all && targets)
		cli_fail(error, "--all and targets cannot be used together");
	else if (req->opt.all && req->opt.check)
		cli_fail(error, "--check asks about targets: --all cannot be used with it");
	else if (req->opt.check && req->out.json)
		cli_fail(error, "--check prints nothing: --json cannot be used with it");
	else if (!req->opt.all && !targets)
		cli_fail(error, "no target given, and not --all: name a PID, or see --help");
	return *error->text;
}

static int run(int argc, const char **argv)
{
	_cleanup_(story_free) struct story s = { .look.self.proc_fd = -1 };
	const struct output_options *out = &s.req.out;
	struct cli_error error = { 0 };
	enum exit_status status;
	int err;

	switch (cli_parse(&cli_syntax_sharers, argc, argv, &s.req, &error)) {
	case CLI_DONE:
		return STATUS_OK;
	case CLI_COLUMNS:
		return report_list_columns(&report_table_sharers, out);
	case CLI_USAGE:
		return report_usage_error(&error);
	case CLI_RUN:
		break;
	}
	if (is_usage_error(&s.req, &error) ||
	    report_choose_columns(&report_table_sharers, out, &s.columns, &error) < 0)
		return report_usage_error(&error);
	status = look_open(&s.req.targets, false, out->json, &s.look);
	if (status == STATUS_OK)
		status = look_open_kernel(&s.look, s.req.opt.source,
					  s.req.opt.all ? LOOK_ROOM_ALL : LOOK_ROOM, out->json,
					  &s.kernel);
	if (status != STATUS_OK)
		return status;
	status = s.req.opt.all ? look_at_all(&s) : look_at_targets(&s);
	if (s.req.opt.check || s.failed)
		return status;
	if (out->json && s.n_rows == 0 && status != STATUS_OK) {
		report_error_document(status, &s.error);
		return status;
	}
	err = report_print_rows(stdout, &report_table_sharers, out, &s.columns, s.rows, s.n_rows,
				sizeof(*s.rows));
	errno = -err;
	return err < 0 ? report_error(false, STATUS_FAILURE, "%m") : (int)status;
}

const struct command command_sharers = { .syntax = &cli_syntax_sharers, .run = run };
