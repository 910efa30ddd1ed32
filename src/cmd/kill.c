// SPDX-License-Identifier: GPL-2.0-or-later

/* The story of `mmreap kill`: parse, hold, ask, act, say; once more while a cgroup has members. */

#include <errno.h>
#include <fcntl.h>
#include <mmreap/act.h>
#include <mmreap/caller.h>
#include <mmreap/cleanup.h>
#include <mmreap/command.h>
#include <mmreap/kernelview.h>
#include <mmreap/report.h>
#include <mmreap/stop.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

#include "selection.h"

/* A frozen cgroup cannot fork, so one round is the rule; who moves processes in may cause more. */
#define MAX_ROUNDS 8
#define FREEZE_US 2000000
/* For what the later rounds over a cgroup allocate: some thousand more members. */
#define ROUNDS_BYTES ((size_t)1 << 20)

/*
 * What a target needs open beside its pidfd and /proc/PID: task, stat, statm, pagemap, mem, the
 * memory cgroup, with --thaw a freezer cgroup. Others come and go: a file that is read, sharers.
 */
#define TARGET_FILES 7
#define OTHER_FILES 16

struct story {
	struct kill_request req;
	struct column_list columns;
	struct run_self self;
	struct selection selection;
	struct selection_error error;
	struct target *targets; /* of this round */
	size_t n_targets;
	struct kill_row *rows; /* of all rounds */
	size_t n_rows;
	struct act_arena arena;
	struct brace brace;
	int64_t deadline_us;   /* of all rounds; 0: none */
	enum exit_status rest; /* of members of a cgroup that have no row */
	struct stop stop;
};

static void story_free(struct story *s)
{
	act_free_rows(s->rows, s->n_rows);
	act_free_arena(&s->arena);
	free(s->rows);
	target_free(&sys_linux, s->targets, s->n_targets);
	selection_free(&s->selection);
	kill_request_free(&s->req);
	stop_close(&s->stop);
	observe_free_self(&sys_linux, &s->self);
}

static void say_step(void *arg, const struct proc_ref *ref, enum plan_kind kind, int err,
		     int64_t since_us)
{
	(void)arg;
	report_step(ref->pid, since_us, plan_kind_word(kind), err);
}

static void say_progress(void *arg, const struct proc_ref *ref, int64_t rss_bytes, int64_t of_bytes,
			 int64_t since_us)
{
	(void)arg;
	report_progress(ref, rss_bytes, of_bytes, since_us);
}

static void say_braced(void *arg)
{
	const struct story *s = arg;
	const struct brace *b = &s->brace;
	if (b->unlocked_bytes)
		report_say("memory of our own: %zu KiB locked, %zu KiB only brought in: %s",
			   b->locked_bytes / 1024, b->unlocked_bytes / 1024,
			   text_errno(-b->lock_err));
	else
		report_say("memory of our own: %zu KiB locked", b->locked_bytes / 1024);
	if (b->oom_err)
		report_say("the OOM killer may choose us: %s", text_errno(-b->oom_err));
	else
		report_say("the OOM killer will not choose us");
}

static void thaw_all(void *arg)
{
	struct story *s = arg;

	for (size_t i = 0; i < s->selection.n_cgroups; i++)
		cgroup_thaw(&sys_linux, &s->selection.cgroups[i]);
}

static void log_rows(const struct story *s)
{
	for (size_t i = 0; s->req.opt.log && !s->req.opt.dry_run && i < s->n_rows; i++)
		report_log_kill(&s->rows[i]);
}

static int say_outcomes(const struct story *s)
{
	const struct kill_options *opt = &s->req.opt;
	_cleanup_free_ enum exit_status *statuses = calloc(s->n_rows + 1, sizeof(*statuses));
	int err = 0;

	if (statuses == NULL)
		return report_error(false, STATUS_FAILURE, "%m");
	for (size_t i = 0; i < s->n_rows; i++)
		statuses[i] = outcome_status(s->rows[i].outcome);
	if (!report_wants_sentences(&s->req.out)) {
		err = report_print_rows(stdout, &report_table_kill, &s->req.out, &s->columns,
					s->rows, s->n_rows, sizeof(*s->rows));
	} else {
		for (size_t i = 0; i < s->n_rows; i++)
			if (!opt->quiet || outcome_status(s->rows[i].outcome) != STATUS_OK)
				report_print_kill(opt->quiet ? stderr : stdout, &s->rows[i],
						  s->req.out.bytes);
	}
	if (err < 0) {
		errno = -err;
		return report_error(false, STATUS_FAILURE, "%m");
	}
	statuses[s->n_rows] = s->rest;
	return (int)status_combine(statuses, s->n_rows + (s->rest != STATUS_OK));
}

/* Die of the signal that stopped us, so that the shell sees it; but say first what is done already. */
static void die_of_signal(struct story *s)
{
	log_rows(s);
	for (size_t i = 0; i < s->n_rows; i++)
		if (s->rows[i].signalled || s->rows[i].graced)
			report_print_kill(stderr, &s->rows[i], s->req.out.bytes);
	if (!report_wants_sentences(&s->req.out)) {
		say_outcomes(s);
		fflush(stdout);
	}
	stop_die(&s->stop);
}

/* --interactive: who is not meant is let go before anything is touched. */
static int ask(struct story *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_targets; i++) {
		struct target *t = &s->targets[i];
		int yes;

		/* Nothing is touched yet: a Ctrl-C at the question just ends us. */
		sigprocmask(SIG_UNBLOCK, &s->stop.held, NULL);
		yes = t->err ? 1 : report_ask_kill(&t->ref, s->req.opt.sharers == SHARERS_KILL);
		sigprocmask(SIG_BLOCK, &s->stop.held, NULL);
		if (yes < 0)
			return yes;
		if (yes)
			s->targets[kept++] = *t;
		else
			target_release(&sys_linux, &t->ref);
	}
	s->n_targets = kept;
	return 0;
}

static bool is_known(const struct story *s, const struct target *t)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (s->rows[i].id.pid == t->ref.pid && s->rows[i].id.inode == t->ref.inode)
			return true;
	return false;
}

__attribute__((format(printf, 3, 4))) static int fail(struct story *s, enum exit_status status,
						      const char *format, ...)
{
	va_list ap;

	s->error.status = status;
	va_start(ap, format);
	words_format(s->error.said.text, s->error.said.local, sizeof(s->error.said.text), format,
		     ap);
	va_end(ap);
	return -1;
}

static int fail_memory(struct story *s)
{
	return fail(s, STATUS_FAILURE, "out of memory; nothing more was touched");
}

/* Who may turn out to be one: the targets, and where others are killed with them anybody. */
static int find_ancestors(struct story *s)
{
	uint64_t since = UINT64_MAX;

	for (size_t i = 0; i < s->n_targets; i++)
		if (s->targets[i].err == 0 && s->targets[i].ref.start_ticks < since)
			since = s->targets[i].ref.start_ticks;
	if (s->selection.n_cgroups || s->req.opt.sharers == SHARERS_KILL)
		since = 0;
	return observe_ancestors(&sys_linux, &s->self, since) < 0 ? fail_memory(s) : 0;
}

/* The members that are new since the last round; of the first round all. */
static int next_targets(struct story *s, int round)
{
	const struct kill_options *opt = &s->req.opt;
	size_t kept = 0;

	target_free(&sys_linux, s->targets, s->n_targets);
	s->targets = NULL;
	s->n_targets = 0;
	if (round > 0)
		s->selection.n_specs = 0;
	if (selection_add_members(&s->selection, true, opt->allow_ancestors, &s->error) < 0 ||
	    selection_resolve(&s->selection, &s->targets, &s->n_targets, &s->error) < 0)
		return -1;
	for (size_t i = 0; i < s->n_targets; i++) {
		struct target *t = &s->targets[i];

		if (round > 0 && (t->err || is_known(s, t)))
			target_release(&sys_linux, &t->ref);
		else
			s->targets[kept++] = *t;
	}
	s->n_targets = kept;
	return 0;
}

/* What could not be held in an earlier round, and was in this one: the last word counts. */
static void drop_superseded(struct story *s, size_t first)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n_rows; i++) {
		bool later = false;

		for (size_t j = first; i < first && s->rows[i].step == STEPNAME_RESOLVE &&
				       s->rows[i].reason == REASON_ERRNO && j < s->n_rows;
		     j++)
			later |= s->rows[j].id.pid == s->rows[i].id.pid;
		if (later)
			free(s->rows[i].killed);
		else
			s->rows[kept++] = s->rows[i];
	}
	s->n_rows = kept;
}

/* The lowest free number: those below it are taken. */
static int next_file(const struct story *s)
{
	int next = fcntl(s->self.proc_fd, F_DUPFD_CLOEXEC, 0);

	if (next >= 0)
		close(next);
	return next;
}

/* For so many targets there are descriptors; each has its first two already. */
static size_t at_a_time(int next)
{
	struct rlimit files;

	if (next < 0 || getrlimit(RLIMIT_NOFILE, &files) < 0 ||
	    files.rlim_cur < (rlim_t)next + OTHER_FILES)
		return 0;
	return (size_t)(files.rlim_cur - (rlim_t)next - OTHER_FILES) / TARGET_FILES;
}

/*
 * The table of descriptors gets its size while we are one thread: with more of them each doubling
 * waits for an RCU grace period, 10 ms and longer (fs/file.c:expand_fdtable()).
 */
static void make_room_for_files(const struct story *s, int next, size_t n)
{
	int top = next + (int)n * TARGET_FILES + OTHER_FILES - 1;

	if (n > 1)
		top = fcntl(s->self.proc_fd, F_DUPFD_CLOEXEC, top);
	if (n > 1 && top >= 0)
		close(top);
}

/* All at once; where the descriptors do not suffice, which only a hard limit can bring about, in turn. */
static int act(struct story *s, struct act_run *run)
{
	int next = next_file(s);
	size_t most = at_a_time(next), first = s->n_rows, n;
	int64_t left;
	int err = 0;

	if (most == 0 && s->n_targets)
		return fail(s, STATUS_FAILURE,
			    "too few descriptors (ulimit -n); nothing more was touched");
	if (most < s->n_targets && !s->req.opt.quiet)
		report_say("descriptors for %zu of %zu targets at a time (ulimit -n): in turn",
			   most, s->n_targets);
	make_room_for_files(s, next, s->n_targets < most ? s->n_targets : most);
	for (size_t done = 0; err == 0 && done < s->n_targets; done += n) {
		n = s->n_targets - done < most ? s->n_targets - done : most;
		/* The hard limit is one for all turns and rounds. */
		if (s->deadline_us) {
			left = s->deadline_us - sys_linux.now_us();
			run->opt.timeout_us = left > 0 ? left : 1;
		}
		err = act_kill(run, s->targets + done, n, s->rows + s->n_rows);
		s->n_rows += n;
	}
	drop_superseded(s, first);
	return err;
}

static int64_t freeze_limit(const struct story *s)
{
	int64_t left;

	if (s->req.opt.timeout_us == 0)
		return 0;
	if (s->deadline_us == 0)
		return FREEZE_US;
	/* The kill itself gets half of what is left at least. */
	left = (s->deadline_us - sys_linux.now_us()) / 2;
	return left < FREEZE_US ? left : FREEZE_US;
}

/* One round: freeze, hold, act, thaw. Returns 0, -1 with s->error, or -EINTR. */
static int play_round(struct story *s, struct act_run *run, int round)
{
	const struct kill_options *opt = &s->req.opt;
	bool freeze = !opt->dry_run && !opt->interactive && (opt->grace_us == UNKNOWN || round > 0);
	struct kill_row *rows;
	int err;

	/* Look before freezing: a cgroup that must not be touched is not frozen either. */
	if (s->selection.n_cgroups && freeze) {
		struct selection probe = s->selection;

		probe.specs = NULL;
		probe.n_specs = probe.capacity = 0;
		err = selection_add_members(&probe, true, opt->allow_ancestors, &s->error);
		free(probe.specs);
		if (err < 0)
			return err;
		for (size_t i = 0; i < s->selection.n_cgroups; i++)
			if (cgroup_freeze(&sys_linux, &s->selection.cgroups[i], freeze_limit(s),
					  s->stop.fd) == -ECANCELED)
				return -EINTR;
	}
	run->frozen_by_us = false;
	for (size_t i = 0; i < s->selection.n_cgroups; i++)
		run->frozen_by_us |= s->selection.cgroups[i].frozen_by_us;
	if (next_targets(s, round) < 0)
		return -1;
	if (s->selection.n_cgroups == 0 && find_ancestors(s) < 0)
		return -1;
	if (opt->interactive && ask(s) < 0)
		return fail(s, STATUS_USAGE,
			    "--interactive needs a terminal to ask on; nothing was touched");
	rows = realloc(s->rows, (s->n_rows + s->n_targets + 1) * sizeof(*rows));
	if (rows == NULL)
		return fail_memory(s);
	s->rows = rows;
	err = act(s, run);
	thaw_all(s);
	return err;
}

static bool has_row(const struct story *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_rows; i++)
		if (s->rows[i].id.pid == pid)
			return true;
	return false;
}

/* With --interactive every one is asked about once; who comes later is left alone. */
static bool goes_on(const struct story *s)
{
	return s->selection.n_cgroups && !s->req.opt.dry_run && !s->req.opt.interactive;
}

/* Where nothing freezes them, processes that start each other anew may be quicker than we are. */
static void tell_left(struct story *s)
{
	for (size_t i = 0; goes_on(s) && i < s->selection.n_cgroups; i++) {
		const struct cgroup_ref *cg = &s->selection.cgroups[i];
		struct pid_list pids = { 0 };
		char list[64] = "";
		size_t n = 0, used = 0;
		int err = cgroup_members(&sys_linux, cg, &pids);

		/* That is no proof that nobody is in it. */
		if (err < 0) {
			errno = -err;
			report_say("cannot list cgroup %.200s and all below it: %m", cg->path);
			s->rest = STATUS_FAILURE;
		}
		for (size_t j = 0; j < pids.n; j++) {
			if (pids.pids[j] == 0 || has_row(s, pids.pids[j]))
				continue;
			n++;
			if (used < sizeof(list))
				used += (size_t)snprintf(list + used, sizeof(list) - used, " %d",
							 (int)pids.pids[j]);
		}
		pid_list_free(&pids);
		if (n == 0)
			continue;
		s->rest = STATUS_FAILURE;
		report_say_count((int64_t)n,
				 "cgroup %.200s: %zu new process could not be ended:%s%s",
				 "cgroup %.200s: %zu new processes could not be ended:%s%s",
				 cg->path, n, list, used < sizeof(list) ? "" : " ...");
	}
}

static int play(struct story *s, struct act_run *run)
{
	int err = play_round(s, run, 0);

	for (int round = 1; err == 0 && goes_on(s); round++) {
		if (s->deadline_us && sys_linux.now_us() >= s->deadline_us)
			break;
		/* The last resort is the kernel's own; it reaps nothing, but nobody escapes it. */
		if (round == MAX_ROUNDS)
			for (size_t i = 0; i < s->selection.n_cgroups; i++)
				cgroup_kill(&sys_linux, &s->selection.cgroups[i]);
		err = play_round(s, run, round);
		if (s->n_targets == 0 || round == MAX_ROUNDS)
			break;
	}
	return err;
}

/* Has not exited: what the kernel counts and marks of its mm says why, or how far it is. */
static void tell_one(const struct kernel_snapshot *kernel, const struct target *t)
{
	const struct kernel_group *g = kernel_snapshot_find(kernel, t->ref.pid);
	char flags[SENTENCE_SIZE];

	/* Held all the time: its number is its own. */
	if (t->err < 0 || g == NULL || g->mm == 0 || sys_is_reaped(&sys_linux, t->ref.pidfd))
		return;
	explain_mm_flags(&g->flags, ",", flags, sizeof(flags));
	report_say("%d: mm_users %lld, mm_count %lld; threads that have it: %lld; flags: %s",
		   (int)t->ref.pid, (long long)g->users, (long long)g->count,
		   (long long)kernel_snapshot_threads(kernel, g->mm), *flags ? flags : "0");
}

/* --verbose, when all is done: loading it takes time and memory, which nobody had to spare before. */
static void tell_kernel(const struct story *s)
{
	struct kernel_snapshot kernel = { 0 };
	struct kernelview *view;
	bool wanted = false;
	int err;

	for (size_t i = 0; i < s->n_targets; i++)
		wanted |= s->targets[i].err == 0 &&
			  sys_linux.pidfd_exited(s->targets[i].ref.pidfd) == 0;
	if (!s->req.opt.verbose || !wanted)
		return;
	err = kernelview_open(false, &view);
	if (err < 0) {
		errno = -err;
		report_say("the kernel's own view cannot be had: %m");
		return;
	}
	if (kernelview_list(view, &kernel) == 0)
		for (size_t i = 0; i < s->n_targets; i++)
			tell_one(&kernel, &s->targets[i]);
	kernel_snapshot_free(&kernel);
	kernelview_close(view);
}

/*
 * Where it matters, and only when all is done: who shares may have been hidden from us. Init always is
 * there: if it is not shown, others may be hidden as well, and no mount table need be read.
 */
static void note_hidden(struct story *s)
{
	bool asked = false, hidepid = false, pid_ns = false;

	for (size_t i = 0; i < s->n_rows; i++) {
		struct kill_row *row = &s->rows[i];

		if (!explain_leaves_sharers_open(row))
			continue;
		if (!asked) {
			hidepid = sys_linux.nlink(s->self.proc_fd, "1") == -ENOENT;
			pid_ns = !caller_in_initial_pid_ns();
			asked = true;
		}
		row->hidepid = hidepid;
		row->pid_ns = pid_ns;
		/* None seen is no sharer only where all could be seen. */
		if (row->n_sharers == 0 && (hidepid || pid_ns))
			row->n_sharers = UNKNOWN;
	}
}

static int run_story(struct story *s)
{
	struct act_run run = { .sys = &sys_linux,
			       .self = &s->self,
			       .opt = s->req.opt,
			       .on_step = s->req.opt.verbose ? say_step : NULL,
			       .on_progress = report_has_progress() ? say_progress : NULL,
			       .on_braced = s->req.opt.verbose ? say_braced : NULL,
			       .on_signalled = thaw_all,
			       .arena = &s->arena,
			       .brace = &s->brace,
			       .arg = s };
	bool json = s->req.out.json;
	int err;

	selection_raise_file_limit();
	if (selection_open(&sys_linux, &s->self, &s->req.targets, &s->selection, &s->error) < 0)
		return selection_say(&s->error, json);
	if (s->req.opt.thaw && s->selection.mounts.n_cgroups == 0) {
		err = mounts_load(&s->selection.mounts);
		if (err < 0) {
			selection_no_mounts(err, &s->error);
			return selection_say(&s->error, json);
		}
	}
	/* Asked before there are targets. */
	if (s->selection.n_cgroups && find_ancestors(s) < 0)
		return selection_say(&s->error, json);
	run.thaw_mounts = s->req.opt.thaw ? &s->selection.mounts : NULL;
	err = stop_catch(&s->stop);
	if (err < 0) {
		errno = -err;
		return report_error(json, STATUS_FAILURE,
				    "signals cannot be waited for: %m; nothing was touched");
	}
	run.interrupt_fd = s->stop.fd;
	act_probe(&sys_linux, &run.has_mrelease, &run.has_flag);
	if (s->selection.n_cgroups && !s->req.opt.dry_run)
		brace_heap(ROUNDS_BYTES, &s->brace);
	if (s->req.opt.timeout_us > 0)
		s->deadline_us = sys_linux.now_us() + s->req.opt.timeout_us;
	report_hurry();
	err = play(s, &run);
	/* From here on nobody is held, and who does not read us holds nobody up. */
	thaw_all(s);
	stop_allow(&s->stop);
	report_progress_end();
	report_take_time();
	if (err == 0)
		tell_left(s);
	if (err == -EINTR) {
		die_of_signal(s);
		return STATUS_FAILURE;
	}
	note_hidden(s);
	tell_kernel(s);
	if (err == -1 && s->n_rows == 0)
		return selection_say(&s->error, json);
	if (err == -1)
		s->rest = (enum exit_status)selection_say(&s->error, false);
	if (s->n_rows == 0 && !s->req.opt.interactive)
		return report_error(json, STATUS_NO_PROCESS, "no process matched");
	log_rows(s);
	return say_outcomes(s);
}

static int run(int argc, const char **argv)
{
	_cleanup_(story_free) struct story s = { .stop.fd = -1, .self.proc_fd = -1 };
	const struct output_options *out = &s.req.out;
	struct cli_error error = { 0 };
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
	act_boost(&sys_linux, &s.req.opt);
	if (report_choose_columns(&report_table_kill, out, &s.columns, &error) < 0)
		return report_usage_error(&error);
	err = observe_self(&sys_linux, &s.self);
	if (err < 0) {
		selection_no_proc(err, &s.error);
		return selection_say(&s.error, out->json);
	}
	return run_story(&s);
}

const struct command command_kill = { .syntax = &cli_syntax_kill, .run = run };
