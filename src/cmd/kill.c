// SPDX-License-Identifier: GPL-2.0-or-later

/* The story of `mmreap kill`: parse, hold, ask, act, say. */

#include <errno.h>
#include <mmreap/act.h>
#include <mmreap/cleanup.h>
#include <mmreap/command.h>
#include <mmreap/report.h>
#include <mmreap/target.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

struct story {
	struct kill_request req;
	struct column_list columns;
	struct run_self self;
	struct target *targets;
	size_t n_targets;
	struct kill_row *rows;
	sigset_t signals; /* taken by the signalfd */
	int interrupt_fd;
};

static void story_free(struct story *s)
{
	act_free_rows(s->rows, s->rows ? s->n_targets : 0);
	free(s->rows);
	target_free(&sys_linux, s->targets, s->n_targets);
	kill_request_free(&s->req);
	cleanup_close(&s->interrupt_fd);
	cleanup_close(&s->self.proc_fd);
}

static void say_step(void *arg, const struct proc_ref *ref, enum plan_kind kind, int err,
		     int64_t since_us)
{
	const char *error = err < 0 ? text_errno(-err) : NULL;

	(void)arg;
	report_say("%d: %8lld us: %s%s%s", (int)ref->pid, (long long)since_us, plan_kind_word(kind),
		   err < 0 ? ": " : "", err < 0 ? (error ? error : "error") : "");
}

/* The signals that end a tool by default, but not those that our starter had us ignore. */
static int catch_signals(struct story *s)
{
	static const int sigs[] = {SIGINT, SIGTERM, SIGHUP};

	sigemptyset(&s->signals);
	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++) {
		struct sigaction old;

		if (sigaction(sigs[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaddset(&s->signals, sigs[i]);
	}
	/* Before any thread is made: they inherit the mask. */
	sigprocmask(SIG_BLOCK, &s->signals, NULL);
	return signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Die of the signal that stopped us, so that the shell sees it; does not return if it was one. */
static void die_of_signal(struct story *s)
{
	struct signalfd_siginfo info;

	for (size_t i = 0; i < s->n_targets; i++)
		if (s->rows[i].signalled && s->rows[i].outcome == OUTCOME_PENDING)
			report_print_kill(stderr, &s->rows[i], s->req.out.bytes);
	if (read(s->interrupt_fd, &info, sizeof(info)) != sizeof(info))
		return;
	raise((int)info.ssi_signo);
	sigprocmask(SIG_UNBLOCK, &s->signals, NULL);
}

static int say_outcomes(const struct story *s)
{
	const struct kill_options *opt = &s->req.opt;
	enum outcome outcomes[s->n_targets ? s->n_targets : 1];
	int err = 0;

	for (size_t i = 0; i < s->n_targets; i++) {
		outcomes[i] = s->rows[i].outcome;
		if (opt->log && !opt->dry_run)
			report_log_kill(&s->rows[i]);
	}
	if (!report_wants_sentences(&s->req.out)) {
		err = report_print_rows(stdout, &report_table_kill, &s->req.out, &s->columns,
					s->rows, s->n_targets, sizeof(*s->rows));
	} else {
		for (size_t i = 0; i < s->n_targets; i++)
			if (!opt->quiet || outcome_status(outcomes[i]) != STATUS_OK)
				report_print_kill(opt->quiet ? stderr : stdout, &s->rows[i],
						  s->req.out.bytes);
	}
	if (err < 0)
		return report_error(false, STATUS_FAILURE, strerror(-err));
	return (int)outcome_combine(outcomes, s->n_targets);
}

static int resolve(struct story *s, struct cli_error *error)
{
	struct target_error who;
	int err = target_resolve(&sys_linux, &s->self, s->req.targets.specs,
				 s->req.targets.n_specs, &s->targets, &s->n_targets, &who);

	if (err == -EINVAL)
		cli_fail(error, "%d is a thread of process %d (%s), not a process; use %d",
			 (int)who.tid, (int)who.leader, who.comm, (int)who.leader);
	return err;
}

static int run(int argc, const char **argv)
{
	_cleanup_(story_free) struct story s = {.interrupt_fd = -1, .self.proc_fd = -1};
	const struct output_options *out = &s.req.out;
	struct act_run run = {.sys = &sys_linux, .self = &s.self};
	struct cli_error error = {0};
	struct rlimit files;
	int err;

	switch (cli_parse_kill(argc, argv, &s.req, &error)) {
	case CLI_DONE:
		return STATUS_OK;
	case CLI_COLUMNS:
		return report_list_columns(&report_table_kill, out);
	case CLI_USAGE:
		return report_usage_error(&error);
	case CLI_RUN:
		break;
	}
	error.json = out->json;
	if (report_choose_columns(&report_table_kill, out, &s.columns, &error) < 0)
		return report_usage_error(&error);
	err = observe_self(&sys_linux, &s.self);
	if (err < 0)
		return report_error(out->json, STATUS_FAILURE,
				    "/proc is not a mounted procfs: nothing can be told safely from "
				    "it, and nothing was touched; mount it");
	/* Seven descriptors for each target. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	if (resolve(&s, &error) == -EINVAL)
		return report_usage_error(&error);
	s.rows = calloc(s.n_targets + 1, sizeof(*s.rows));
	if (s.rows == NULL || s.targets == NULL)
		return report_error(out->json, STATUS_FAILURE, "out of memory; nothing was touched");
	if (s.n_targets == 0)
		return s.req.targets.from_stdin ? STATUS_NO_PROCESS : STATUS_OK;

	s.interrupt_fd = catch_signals(&s);
	run.interrupt_fd = s.interrupt_fd;
	run.opt = s.req.opt;
	run.on_step = s.req.opt.verbose ? say_step : NULL;
	act_probe(&sys_linux, &run.has_mrelease, &run.has_flag);
	err = act_kill(&run, s.targets, s.n_targets, s.rows);
	if (err == -EINTR)
		die_of_signal(&s);
	if (err == -ENOMEM)
		return report_error(out->json, STATUS_FAILURE, "out of memory; nothing was touched");
	return say_outcomes(&s);
}

const struct command command_kill = {.syntax = &cli_syntax_kill, .run = run};
