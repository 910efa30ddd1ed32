// SPDX-License-Identifier: GPL-2.0-or-later

/* The story of `mmreap probe`: parse, try, say. */

#include <errno.h>
#include <mmreap/act.h>
#include <mmreap/cleanup.h>
#include <mmreap/command.h>
#include <mmreap/report.h>

static void request_free(struct probe_request *req)
{
	target_list_free(&req->targets);
}

static void self_free(struct run_self *self)
{
	observe_free_self(&sys_linux, self);
}

static int run(int argc, const char **argv)
{
	_cleanup_(request_free) struct probe_request req = { 0 };
	struct probe_row rows[PROBE_MAX_ROWS];
	struct cli_error error = { 0 };
	struct column_list columns;
	struct probe_facts facts;
	_cleanup_(self_free) struct run_self self = { .proc_fd = -1 };
	size_t n;
	int err;

	switch (cli_parse(&cli_syntax_probe, argc, argv, &req, &error)) {
	case CLI_DONE:
		return STATUS_OK;
	case CLI_COLUMNS:
		return report_list_columns(&report_table_probe, &req.out);
	case CLI_USAGE:
		return report_usage_error(&error);
	case CLI_RUN:
		break;
	}
	if (report_choose_columns(&report_table_probe, &req.out, &columns, &error) < 0)
		return report_usage_error(&error);
	err = observe_self(&sys_linux, &self);
	errno = -err;
	if (err < 0 && err != -ENOTTY && err != -EXDEV && err != -ENOENT)
		return report_error(req.out.json, STATUS_FAILURE, "cannot read /proc: %m");
	if (err < 0)
		return report_error(req.out.json, STATUS_UNSUPPORTED,
				    "/proc is not a mounted procfs: nothing works without it; "
				    "mount it");
	act_probe_all(&sys_linux, &self, &facts);
	n = explain_probe(&facts, req.out.json || req.out.raw ? NULL : &words_local, rows);
	err = report_print_rows(stdout, &report_table_probe, &req.out, &columns, rows, n,
				sizeof(*rows));
	if (err < 0) {
		errno = -err;
		return report_error(false, STATUS_FAILURE, "%m");
	}
	return probe_works(&facts) ? STATUS_OK : STATUS_UNSUPPORTED;
}

const struct command command_probe = { .syntax = &cli_syntax_probe, .run = run };
