// SPDX-License-Identifier: GPL-2.0-or-later

/* The story of `mmreap watch`: parse, hold, open, wait for events, say each change. */

#include <errno.h>
#include <mmreap/cleanup.h>
#include <mmreap/command.h>
#include <mmreap/kernelview.h>
#include <mmreap/report.h>
#include <mmreap/stop.h>
#include <mmreap/watched.h>
#include <poll.h>
#include <string.h>

#include "look.h"

/* After an exit whatever holds the mm is gone in an instant, as a rule: looked for soon, then seldom. */
#define FIRST_GAP_US 1000
/* With -v: so long without going on is a blocker. */
#define STUCK_US 500000
/* Sharers are looked for one target at a time; with more the look would be as long as the watch. */
#define MAX_SHARER_SCANS 64
#define NEVER INT64_MAX
/* The first of the descriptors that are waited for: signals, standard output, the kernel's events. */
#define N_OWN 3

/**
 * struct item - one target
 * @due_us, @gap_us: when it is looked at without an event, and how long after that again
 * @since_us: when it last changed; @told: what holds it up was said since then
 */
struct item {
	struct target *target;
	struct watched w;
	bool open, done, told;
	enum exit_status status;
	int64_t due_us, gap_us, since_us;
};

struct story {
	struct watch_request req;
	struct column_list columns;
	struct look look;
	struct item *items;
	size_t n_items;
	struct pollfd *polls;
	struct kernelview *kernel; /* NULL: /proc alone */
	struct stop stop;
	bool draws, only_results, printed, broken;
	int64_t start_us, back_us, back_bytes, rate;
};

static void story_free(struct story *s)
{
	for (size_t i = 0; i < s->n_items; i++)
		if (s->items[i].open)
			watched_close(&s->items[i].w);
	free(s->items);
	free(s->polls);
	if (s->kernel)
		kernelview_close(s->kernel);
	look_close(&s->look);
	stop_close(&s->stop);
	target_list_free(&s->req.targets);
}

static int64_t now(const struct story *s)
{
	return sys_linux.now_us() - s->start_us;
}

/* --- saying ----------------------------------------------------------------------------- */

/* With a redrawn line in view the steps on the way are in that line. */
static bool is_result(const struct story *s, const struct item *it, enum watch_event event)
{
	switch (event) {
	case WATCH_UNKNOWN:
	case WATCH_BLOCKED:
	case WATCH_TIMEOUT:
		return true;
	case WATCH_START:
		return it->w.view.exited;
	case WATCH_EXIT:
		return s->req.opt.goal == WATCH_FOR_EXITED;
	case WATCH_REAPED:
		return s->req.opt.goal != WATCH_FOR_EXITED;
	case WATCH_GONE:
		return s->req.opt.goal == WATCH_FOR_GONE;
	case WATCH_PHASE:
	case WATCH_EXEC:
		break;
	}
	return false;
}

static void say(struct story *s, struct item *it, struct watch_row *row)
{
	if (s->only_results && !is_result(s, it, row->event))
		return;
	/* Who waits for the exit does not ask for more. */
	if (row->event == WATCH_UNKNOWN && s->req.opt.goal == WATCH_FOR_EXITED)
		return;
	row->id = it->w.life.id;
	row->source = changes_source(&it->w.view, row->event);
	row->time_us = now(s);
	row->view = it->w.view;
	row->memory = it->w.memory;
	row->third_party = it->w.third_party;
	if (!report_print_watch(stdout, row, &s->req.out, &s->columns, !s->printed))
		s->broken = true;
	s->printed = true;
}

/* What holds it up, as far as it can be known. */
static void say_stuck(struct story *s, struct item *it, enum watch_event event)
{
	struct waiting_thread thread = { 0 };
	struct holders holders = { 0 };
	struct watch_row row = { .event = event, .life = &it->w.life };

	if (it->w.view.exited && it->w.view.mm == WATCH_MM_HELD) {
		blocker_find_holders(&it->w, &holders);
		row.holders = &holders;
	} else {
		observe_life(&sys_linux, it->w.self, it->w.ref, &s->look.mounts, NULL, &it->w.life,
			     NULL);
		blocker_find_thread(&it->w, &thread);
		row.thread = &thread;
		it->w.life.n_sharers = (int64_t)it->w.n_sharers;
		for (size_t i = 0; i < it->w.n_sharers; i++)
			it->w.life.ancestor |=
				observe_is_ancestor(it->w.self, it->w.sharers[i].id.pid);
	}
	say(s, it, &row);
}

/* --- looking ---------------------------------------------------------------------------- */

static void judge(struct story *s, struct item *it)
{
	const struct watch_view *v = &it->w.view;

	switch (changes_verdict(v, s->req.opt.goal)) {
	case WATCH_WAIT:
		return;
	case WATCH_DONE:
		it->status = STATUS_OK;
		break;
	case WATCH_UNKNOWABLE:
		/* A member of a selection that vanished is what was wanted. */
		it->status = it->target->selected && v->gone && v->unknown == WATCH_TOO_LATE
				     ? STATUS_OK
				     : STATUS_DENIED;
		break;
	}
	it->done = true;
}

static void settle(struct story *s, struct item *it, const struct watch_view *before)
{
	enum watch_event events[WATCH_MAX_EVENTS];
	size_t n = changes_find(before, &it->w.view, events);
	int64_t t = now(s);

	for (size_t i = 0; i < n; i++)
		say(s, it, &(struct watch_row){ .event = events[i] });
	if (n > 0) {
		it->since_us = t;
		it->told = false;
		it->gap_us = it->w.view.exited ? FIRST_GAP_US : s->req.opt.interval_us;
	} else if (it->gap_us < s->req.opt.interval_us) {
		it->gap_us *= 2;
	}
	if (it->gap_us > s->req.opt.interval_us)
		it->gap_us = s->req.opt.interval_us;
	it->due_us = t + it->gap_us;
	judge(s, it);
}

static void look_again(struct story *s, struct item *it)
{
	struct watch_view before = it->w.view;

	watched_look(&it->w);
	settle(s, it, &before);
}

/* Is it on its way out, and does not get there? */
static bool is_stuck(const struct story *s, const struct item *it)
{
	const struct watch_view *v = &it->w.view;

	if (it->told || now(s) - it->since_us < STUCK_US)
		return false;
	if (v->exited)
		return true;
	switch (v->phase) {
	case PHASE_CORE_DUMP:
	case PHASE_SIGNALLED:
	case PHASE_DYING:
	case PHASE_DYING_FROZEN:
	case PHASE_EXIT_STOP:
	case PHASE_REAPED:
	case PHASE_EXIT_MMAP:
		return true;
	case PHASE_ALIVE:
	case PHASE_STOPPED:
	case PHASE_VFORK_WAIT:
	case PHASE_NO_VMA:
	case PHASE_ZOMBIE:
	case PHASE_ZOMBIE_LEADER:
	case PHASE_KTHREAD:
	case PHASE_GONE:
		break;
	}
	return false;
}

static void open_item(struct story *s, struct item *it)
{
	const struct proc_ref *ref = &it->target->ref;
	int err;

	if (it->target->err < 0) {
		it->status = look_say_target(it->target, s->req.out.json);
		it->done = true;
		return;
	}
	if (ref->pid == s->look.self.pid) {
		/* A cgroup may hold us too; nobody means that. */
		it->status = STATUS_OK;
		if (!it->target->selected)
			it->status = report_error(s->req.out.json, STATUS_USAGE,
						  "%d is mmreap itself: it would wait for ever",
						  (int)ref->pid);
		it->done = true;
		return;
	}
	err = watched_open(&sys_linux, &s->look.self, &s->look.mounts, ref, s->look.zombie, &it->w);
	it->open = err == 0;
	it->done = err < 0;
	it->w.collects = s->req.opt.goal == WATCH_FOR_GONE;
	errno = -err;
	if (err == -ENXIO)
		it->status = report_error(s->req.out.json, STATUS_NO_PROCESS,
					  "%d %s: a kernel thread has no address space",
					  (int)ref->pid, ref->comm);
	else if (err < 0)
		it->status = report_error(s->req.out.json, STATUS_FAILURE, "%d %s: %m",
					  (int)ref->pid, ref->comm);
}

/* --- the line --------------------------------------------------------------------------- */

static void draw(struct story *s)
{
	struct watch_progress p = { .n_targets = s->n_items, .time_us = now(s) };
	const struct item *shown = NULL;
	int64_t passed;

	for (size_t i = 0; i < s->n_items; i++) {
		const struct item *it = &s->items[i];
		const struct watch_memory *m = &it->w.memory;

		p.n_done += it->done;
		if (!it->open)
			continue;
		if (!it->done && !shown)
			shown = it;
		if (m->used_bytes != UNKNOWN && m->used_most_bytes != UNKNOWN) {
			p.whole_bytes += m->used_most_bytes;
			p.back_bytes += m->used_most_bytes - m->used_bytes;
		} else if (m->rss_bytes != UNKNOWN && m->most_bytes != UNKNOWN) {
			p.whole_bytes += m->most_bytes;
			p.back_bytes += m->most_bytes - m->rss_bytes;
		}
	}
	if (shown == NULL)
		return;
	p.id = shown->w.life.id;
	p.phase = shown->w.view.phase;
	passed = p.time_us - s->back_us;
	if (passed >= 50000) {
		s->rate = (int64_t)((double)(p.back_bytes - s->back_bytes) * 1e6 / (double)passed);
		s->back_us = p.time_us;
		s->back_bytes = p.back_bytes;
	}
	p.bytes_per_s = s->rate > 0 ? s->rate : 0;
	report_watch_line(&p);
}

/* --- waiting ---------------------------------------------------------------------------- */

static bool is_over(const struct story *s)
{
	size_t n_done = 0, n_good = 0;

	for (size_t i = 0; i < s->n_items; i++) {
		n_done += s->items[i].done;
		n_good += s->items[i].done && s->items[i].status == STATUS_OK;
	}
	return n_done == s->n_items || (s->req.opt.any && n_good > 0);
}

/* One scan in a turn, so that events are not kept waiting. Returns whether there was one. */
static bool scan_sharers(struct story *s)
{
	const struct watch_options *opt = &s->req.opt;
	size_t n = s->n_items < MAX_SHARER_SCANS ? s->n_items : MAX_SHARER_SCANS;

	/* They are only told with what blocks. */
	if (opt->timeout_us == UNKNOWN && !opt->verbose)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct item *it = &s->items[i];

		if (it->open && !it->done && it->w.sharers_stale && !it->w.view.exited) {
			watched_find_sharers(&it->w);
			return true;
		}
	}
	return false;
}

/* Returns how long nothing is due. */
static int64_t arm(struct story *s, size_t *ret_n)
{
	int64_t due = s->req.opt.timeout_us == UNKNOWN ? NEVER : s->req.opt.timeout_us;
	int64_t left;

	*ret_n = s->n_items + N_OWN;
	s->polls[0] = (struct pollfd){ .fd = s->stop.fd, .events = POLLIN };
	/* A pipe that nobody reads any more is an error condition. */
	s->polls[1] = (struct pollfd){ .fd = STDOUT_FILENO };
	s->polls[2] = (struct pollfd){ .fd = s->kernel ? kernelview_fd(s->kernel) : -1,
				       .events = POLLIN };
	for (size_t i = 0; i < s->n_items; i++) {
		const struct item *it = &s->items[i];
		const struct watch_view *v = &it->w.view;

		/* After the exit it stays readable; POLLHUP says that it was waited for (Linux 6.9). */
		s->polls[i + N_OWN] = (struct pollfd){
			.fd = it->done || v->gone ? -1 : it->target->ref.pidfd,
			.events = v->exited ? 0 : POLLIN,
		};
		if (!it->done && it->due_us < due)
			due = it->due_us;
	}
	if (due == NEVER)
		return NEVER;
	left = due - now(s);
	return left > 0 ? left : 0;
}

/* 0, or -EINTR: a signal tells us to end. */
static int wait_for_events(struct story *s, bool at_once)
{
	size_t n;
	int64_t left = arm(s, &n);
	struct timespec ts;
	int err;

	if (at_once)
		left = 0;
	ts = (struct timespec){ .tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000 };
	/* Elsewhere they end us by themselves: it may be that nobody reads what we print. */
	if (stop_forbid(&s->stop))
		return -EINTR;
	err = ppoll(s->polls, n, left == NEVER ? NULL : &ts, NULL);
	stop_allow(&s->stop);
	if (err < 0)
		return 0;
	if (s->polls[1].revents) {
		report_say("standard output: its reader has gone away");
		s->broken = true;
	}
	return s->polls[0].revents ? -EINTR : 0;
}

static void look_at_due(struct story *s)
{
	bool torn_down = s->polls[2].revents != 0;
	int64_t t = now(s);

	if (torn_down)
		kernelview_drain(s->kernel);

	for (size_t i = 0; i < s->n_items; i++) {
		struct item *it = &s->items[i];

		if (it->done || (s->polls[i + N_OWN].revents == 0 && it->due_us > t &&
				 !(torn_down && it->w.view.exited)))
			continue;
		look_again(s, it);
		if (s->req.opt.verbose && !it->done && is_stuck(s, it)) {
			it->told = true;
			say_stuck(s, it, WATCH_BLOCKED);
		}
	}
}

static int wait_for_all(struct story *s)
{
	const struct watch_options *opt = &s->req.opt;

	while (!is_over(s) && !s->broken) {
		bool scanned = scan_sharers(s);

		if (opt->timeout_us != UNKNOWN && now(s) >= opt->timeout_us)
			return -ETIMEDOUT;
		if (s->draws)
			draw(s);
		if (wait_for_events(s, scanned) == -EINTR)
			return -EINTR;
		look_at_due(s);
	}
	return 0;
}

/* --- the story -------------------------------------------------------------------------- */

static enum exit_status status_of(const struct story *s)
{
	_cleanup_free_ enum exit_status *statuses = calloc(s->n_items + 1, sizeof(*statuses));
	size_t n = 0;

	if (statuses == NULL)
		return report_error(false, STATUS_FAILURE, "out of memory");
	for (size_t i = 0; i < s->n_items; i++) {
		if (s->items[i].done && s->items[i].status == STATUS_OK && s->req.opt.any)
			return STATUS_OK;
		statuses[n++] = s->items[i].status;
	}
	return status_combine(statuses, n);
}

/* The kernel's events, where they can be had. What is open is opened before: this takes a while. */
static void ask_kernel(struct story *s)
{
	const struct watch_options *opt = &s->req.opt;
	int err = 0;

	if (opt->source == SOURCE_AUTO && opt->goal != WATCH_FOR_EXITED)
		err = kernelview_open(true, &s->kernel);
	errno = -err;
	if (opt->verbose && err == -EOPNOTSUPP)
		report_say("no kernel events (not built in): the source is /proc alone");
	else if (opt->verbose && err < 0)
		report_say("no kernel events (%m): the source is /proc alone");
	if (err < 0)
		s->kernel = NULL;
	if (s->kernel && opt->source == SOURCE_AUTO &&
	    selection_has_room(&s->look.self, LOOK_ROOM) < 0) {
		if (opt->verbose)
			report_say("no kernel events (%m): the source is /proc alone");
		kernelview_close(s->kernel);
		s->kernel = NULL;
	}
	for (size_t i = 0; s->kernel && i < s->n_items; i++) {
		struct item *it = &s->items[i];

		if (!it->open || it->done || it->w.view.exited)
			continue;
		err = watched_await(&it->w, s->kernel);
		errno = -err;
		if (opt->verbose && err < 0)
			report_say("%d %s: no kernel event (%m): the source is /proc",
				   (int)it->w.ref->pid, it->w.ref->comm);
	}
}

static enum exit_status say_no_kernel(int err, bool json)
{
	if (err == -EOPNOTSUPP)
		return report_error(json, STATUS_UNSUPPORTED,
				    "--source bpf: the kernel's own view is not built in");
	errno = -err;
	return report_error(json, STATUS_UNSUPPORTED, "--source bpf: %m");
}

static enum exit_status watch(struct story *s)
{
	int err;

	/* First all that depends on being in time, and then what takes time. */
	for (size_t i = 0; i < s->n_items; i++) {
		s->items[i].target = &s->look.targets[i];
		open_item(s, &s->items[i]);
	}
	ask_kernel(s);
	if (!is_over(s) && selection_has_room(&s->look.self, LOOK_ROOM) < 0)
		return look_say_no_room(s->req.out.json);
	while (scan_sharers(s))
		;
	for (size_t i = 0; i < s->n_items; i++)
		if (!s->items[i].done)
			settle(s, &s->items[i], NULL);
	err = wait_for_all(s);
	if (err == -EINTR) {
		report_watch_line_end();
		stop_die(&s->stop);
		return STATUS_FAILURE; /* a thread that was left behind has taken the signal */
	}
	for (size_t i = 0; i < s->n_items && err == -ETIMEDOUT; i++) {
		if (s->items[i].done)
			continue;
		s->items[i].status = STATUS_TIMEOUT;
		say_stuck(s, &s->items[i], WATCH_TIMEOUT);
	}
	report_watch_line_end();
	return s->broken ? STATUS_FAILURE : status_of(s);
}

static bool can_redraw(void)
{
	return report_has_progress() && isatty(STDOUT_FILENO);
}

static int run(int argc, const char **argv)
{
	_cleanup_(story_free) struct story s = { .stop.fd = -1, .look.self.proc_fd = -1 };
	const struct output_options *out = &s.req.out;
	const struct watch_options *opt = &s.req.opt;
	struct cli_error error = { 0 };
	enum exit_status status;
	int err;

	s.start_us = sys_linux.now_us();
	switch (cli_parse_watch(argc, argv, &s.req, &error)) {
	case CLI_DONE:
		return STATUS_OK;
	case CLI_COLUMNS:
		return report_list_columns(&report_table_watch, out);
	case CLI_USAGE:
		return report_usage_error(&error);
	case CLI_RUN:
		break;
	}
	error.json = out->json;
	if (report_choose_columns(&report_table_watch, out, &s.columns, &error) < 0)
		return report_usage_error(&error);
	if (opt->source == SOURCE_BPF) {
		err = kernelview_open(true, &s.kernel);
		if (err < 0)
			return say_no_kernel(err, out->json);
	}
	status = look_open(&s.req.targets, true, out->json, &s.look);
	if (status == STATUS_OK)
		status = look_find_ancestors(&s.look, out->json);
	if (status != STATUS_OK)
		return status;
	if (s.look.n_targets == 0)
		return report_error(out->json, STATUS_NO_PROCESS, "no process matched");
	if (s.look.mounts.n_cgroups == 0)
		mounts_load(&s.look.mounts);
	s.items = calloc(s.look.n_targets, sizeof(*s.items));
	s.polls = calloc(s.look.n_targets + N_OWN, sizeof(*s.polls));
	if (s.items == NULL || s.polls == NULL)
		return report_error(out->json, STATUS_FAILURE, "out of memory");
	s.n_items = s.look.n_targets;
	s.draws = opt->progress == PROGRESS_ALWAYS ||
		  (opt->progress == PROGRESS_AUTO && can_redraw());
	s.only_results = s.draws && isatty(STDOUT_FILENO) && report_wants_sentences(out);
	err = stop_catch(&s.stop);
	errno = -err;
	if (err < 0)
		return look_say_no_room(out->json);
	stop_allow(&s.stop);
	return watch(&s);
}

const struct command command_watch = { .syntax = &cli_syntax_watch, .run = run };
