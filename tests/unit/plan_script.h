/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A kill as a script: a row is what was asked, each step that the plan must ask for next with what
 * comes of it, and the verdict. The clock stands still but for PAUSE and -ETIMEDOUT, which take
 * until the limit of the step, and for .takes_us.
 *
 *	{ "EAGAIN twice, then 0",
 *	  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE(REAP), REAP(-EAGAIN), PAUSE(), REAP(-EAGAIN),
 *		     PAUSE(), REAP(0), GONE },
 *	  IS(REAPED, NONE, .hold = HOLD_TRACE) },
 *
 * What the script itself implies is checked without being said: signalled, reaped, exited, and that
 * no thread is held at the end.
 */

#include <errno.h>

#include "unit.h"
#include <mmreap/plan.h>

#define MS ((int64_t)1000)
#define SECONDS (1000 * MS)
#define SCRIPT_START ((int64_t)7000000)
#define SCRIPT_LINES 32
#define SCRIPT_ROUNDS 100000

/* Values of .limit_us beside a time from now on */
#define LIMIT_ANY 0   /* not looked at */
#define LIMIT_NONE -1 /* it must have none */
#define LIMIT_NOW -2  /* look, but do not wait */
#define LIMIT_SOON -3 /* a few milliseconds: then what is left is raised */

/* .opt.timeout_us: 0 in a row is "not given" */
#define NO_WAIT -2

/**
 * struct script_line - one step and what comes of it
 * @limit_us: the limit that the step must have, from now on, or one of LIMIT_*
 * @takes_us: the time until its result
 * @again: this many lines, up to this one, come again for as long as the plan asks for them
 */
struct script_line {
	bool used;
	enum plan_kind step;
	struct plan_result r;
	int64_t limit_us;
	int64_t takes_us;
	int again;
};

struct script_verdict {
	enum outcome outcome;
	enum reason reason;
	enum step_name where;
	int err;
	enum method method;
	enum hold hold;
	enum robust robust;
	bool third_party;
	int64_t after_us; /* time from the start to the verdict; 0: not looked at */
};

struct script {
	const char *name;
	struct kill_options opt; /* grace_us and timeout_us 0: not given */
	bool no_mrelease;
	bool alone;
	bool flag;
	bool selected;
	struct script_line lines[SCRIPT_LINES];
	struct script_verdict is;
};

/* clang-format off */

/* --- steps and their results ------------------------------------------------------------ */

#define LINE(kind, result, ...) { .step = PLAN_##kind, .used = true, .r = { result }, __VA_ARGS__ }
#define ERR(e) .err = (e)

/* "No such process", of one whose pidfd shows no exit. */
#define LIES(kind) LINE(kind, .err = -ESRCH, .r.lives = true)

#define LOOK(...) { .step = PLAN_LOOK, .used = true, .r = { .view = { __VA_ARGS__ } } }
#define LOOK_ERR(e) LINE(LOOK, ERR(e))
#define RIGHT(e) LINE(RIGHT, ERR(e))
#define SHARERS(...) { .step = PLAN_SHARERS, .used = true, .r = { .sharers = { __VA_ARGS__ } } }
#define SHARERS_ERR(e, ...) LINE(SHARERS, ERR(e), __VA_ARGS__)
#define SHARER_RIGHTS(e, ...) LINE(SHARER_RIGHTS, ERR(e), __VA_ARGS__)
#define LISTS(...) { .step = PLAN_LISTS, .used = true, .r = { .lists = { __VA_ARGS__ } } }
#define LISTS_ERR(e, ...) LINE(LISTS, ERR(e), __VA_ARGS__)
#define TERM(e) LINE(TERM, ERR(e))
#define GRACE(e, ...) LINE(GRACE, ERR(e), __VA_ARGS__)
#define HOLD(e, ...) LINE(HOLD, ERR(e), __VA_ARGS__)
#define KILL(e) LINE(SIGNAL, ERR(e))
#define KILL_SHARERS(e, ...) LINE(SIGNAL_SHARERS, ERR(e), __VA_ARGS__)
#define REAP_KILL(e, ...) LINE(REAP_KILL, ERR(e), __VA_ARGS__)
#define THAW(e, ...) LINE(THAW, ERR(e), __VA_ARGS__)
#define SETTLE(how, ...) LINE(SETTLE, .settled = SETTLED_##how, __VA_ARGS__)
#define SETTLE_USED(how) { .step = PLAN_SETTLE, .used = true, \
			   .r = { .settled = SETTLED_##how, .seen_in_use = true } }
#define SETTLE_ERR(e, ...) LINE(SETTLE, ERR(e), __VA_ARGS__)
#define REAP(e, ...) LINE(REAP, ERR(e), __VA_ARGS__)
#define EXAMINE(...) { .step = PLAN_EXAMINE, .used = true, .r = { __VA_ARGS__ } }
#define PAUSE(...) { .step = PLAN_PAUSE, .used = true, __VA_ARGS__ }
#define RELEASE { .step = PLAN_RELEASE, .used = true }
#define BOOST { .step = PLAN_BOOST, .used = true }
#define BOOST_NOBODY { .step = PLAN_BOOST, .used = true, .r = { ERR(-EALREADY) } }
#define EXIT(e, ...) LINE(AWAIT_EXIT, ERR(e), __VA_ARGS__)
#define EXIT_FROZEN(...) { .step = PLAN_AWAIT_EXIT, .used = true, \
			   .r = { .err = -ETIMEDOUT, .view = { .frozen = true } }, __VA_ARGS__ }
#define MM(how, ...) LINE(TEST_MM, .mm = MM_##how, __VA_ARGS__)

/* --- parts that many rows share --------------------------------------------------------- */

#define ALIVE LOOK(.has_mm = true)
#define LEAVING LOOK(.has_mm = true, .exiting = true)
#define FROZEN LOOK(.has_mm = true, .frozen = true)
#define MAY RIGHT(0), SHARERS(.clone_vm = 0)
#define BEFORE ALIVE, MAY
#define BEFORE_FROZEN FROZEN, MAY
/* glibc registers a list for every thread: null is the exception */
#define ONE_THREAD LISTS(.threads = 1, .candidate = true)
#define NO_LISTS LISTS(.threads = 1, .null = 1, .candidate = true)
#define IN_USE LISTS(.threads = 5, .in_use = 1, .candidate = true)
#define OWNER_ALONE LISTS(.threads = 1, .in_use = 1)
#define HELD HOLD(0), KILL(0)
#define READY BEFORE, ONE_THREAD, HELD, SETTLE(REAP)
#define GONE EXIT(0), MM(UNREFERENCED)

#define IS(o, r, ...) .is = { .outcome = OUTCOME_##o, .reason = REASON_##r, __VA_ARGS__ }

/* clang-format on */

/* --- the player --------------------------------------------------------------------------- */

static inline int64_t script_wait(const struct plan_step *step, const struct script_line *line,
				  int64_t now)
{
	bool until_limit = step->kind == PLAN_PAUSE || line->r.err == -ETIMEDOUT;

	if (until_limit && step->until_us != INT64_MAX && step->until_us > now)
		now = step->until_us;
	return now + line->takes_us;
}

static inline bool script_check_limit(const struct plan_step *step, const struct script_line *line,
				      int64_t now, int number)
{
	int64_t left = step->until_us == INT64_MAX ? LIMIT_NONE : step->until_us - now;
	bool good = true;

	if (line->limit_us == LIMIT_SOON)
		good = left >= 1 * MS && left <= 50 * MS;
	else if (line->limit_us == LIMIT_NOW)
		good = left == 0;
	else if (line->limit_us != LIMIT_ANY)
		good = left == line->limit_us;
	if (!good)
		note("line %d: %s has %lld us, want %lld", number, plan_kind_word(step->kind),
		     (long long)left, (long long)line->limit_us);
	/* What ends at its limit must have one. */
	if ((step->kind == PLAN_PAUSE || line->r.err == -ETIMEDOUT) && left == LIMIT_NONE) {
		note("line %d: %s waits for ever", number, plan_kind_word(step->kind));
		good = false;
	}
	return good;
}

struct script_seen {
	bool signalled, reaped, exited;
	bool flag_failed; /* the next look says whether the one call has killed */
};

static inline void script_see(struct script_seen *seen, enum plan_kind kind,
			      const struct plan_result *r)
{
	bool dead = r->err == -ESRCH || r->view.zombie;

	if (kind == PLAN_LOOK && seen->flag_failed) {
		seen->signalled = dead || r->view.dying;
		seen->flag_failed = false;
	} else if (kind == PLAN_LOOK && !r->err && r->view.zombie) {
		seen->exited = true;
	}
	if (kind == PLAN_SIGNAL && r->err == 0)
		seen->signalled = true;
	if (kind == PLAN_SIGNAL && r->err == -ESRCH && !r->lives)
		seen->exited = true;
	if (kind == PLAN_SIGNAL_SHARERS && !seen->signalled) /* it is dead without our SIGKILL */
		seen->exited = true;
	if (kind == PLAN_REAP_KILL && (r->err == 0 || r->err == -ETIMEDOUT))
		seen->signalled = true;
	if (kind == PLAN_REAP_KILL && r->err && r->err != -ETIMEDOUT && r->err != -EINPROGRESS)
		seen->flag_failed = true;
	if ((kind == PLAN_REAP || kind == PLAN_REAP_KILL) && r->err == 0)
		seen->reaped = true;
	if ((kind == PLAN_AWAIT_EXIT || kind == PLAN_GRACE) && r->err == 0)
		seen->exited = true;
}

static inline bool script_differs(const char *what, long long got, long long want)
{
	if (got == want)
		return false;
	note("%s: got %lld, want %lld", what, got, want);
	return true;
}

static inline bool script_check_verdict(const struct plan_kill *st, const struct script_verdict *is,
					const struct script_seen *seen, bool dry_run, int64_t took)
{
	int bad = 0;

	if (st->outcome != is->outcome) {
		note("outcome: got %s, want %s", outcome_word(st->outcome),
		     outcome_word(is->outcome));
		bad++;
	}
	bad += script_differs("reason", st->reason, is->reason);
	bad += script_differs("where", st->where, is->where);
	bad += script_differs("err", st->err, is->err);
	bad += script_differs("method", st->method, is->method);
	bad += script_differs("hold", st->hold, is->hold);
	bad += script_differs("robust", st->robust, is->robust);
	bad += script_differs("third_party", st->third_party, is->third_party);
	if (is->after_us)
		bad += script_differs("after_us", took, is->after_us);
	if (!dry_run) {
		bad += script_differs("signalled", st->signalled, seen->signalled);
		bad += script_differs("reaped", st->reaped, seen->reaped);
		bad += script_differs("exited", st->exited, seen->exited);
	}
	bad += script_differs("held", st->held, false);
	return !bad;
}

static inline void script_play(const struct script *row)
{
	struct plan_kill st = { .cfg = { .opt = row->opt,
					 .selected = row->selected,
					 .has_mrelease = !row->no_mrelease,
					 .has_flag = row->flag,
					 .alone = row->alone } };
	struct script_seen seen = { 0 };
	int64_t now = SCRIPT_START;
	int loop_from = -1, loop_to = -1, rounds = 0, i = 0;
	struct plan_step step;
	bool good = true;

	if (st.cfg.opt.grace_us == 0)
		st.cfg.opt.grace_us = UNKNOWN;
	if (st.cfg.opt.timeout_us == 0)
		st.cfg.opt.timeout_us = UNKNOWN;
	else if (st.cfg.opt.timeout_us == NO_WAIT)
		st.cfg.opt.timeout_us = 0;
	step = plan_kill_start(&st, now);
	while (step.kind != PLAN_DONE && good) {
		const struct script_line *line = &row->lines[i];
		bool end = i == SCRIPT_LINES || !line->used;
		struct plan_result r;

		if (i <= loop_to && !end && step.kind != line->step) {
			i = loop_to + 1; /* the plan has had enough of it */
			loop_from = loop_to = -1;
			continue;
		}
		if (end || step.kind != line->step) {
			note("line %d: the plan wants \"%s\", the script says \"%s\"", i + 1,
			     plan_kind_word(step.kind), end ? "end" : plan_kind_word(line->step));
			good = false;
			break;
		}
		good = script_check_limit(&step, line, now, i + 1);
		r = line->r;
		r.now_us = now = script_wait(&step, line, now);
		script_see(&seen, step.kind, &r);
		step = plan_kill_next(&st, &r);
		if (line->again) {
			loop_from = i - line->again + 1;
			loop_to = i;
		}
		if (i == loop_to && step.kind == row->lines[loop_from].step) {
			i = loop_from;
			if (++rounds > SCRIPT_ROUNDS) {
				note("line %d: again and again without end", i + 1);
				good = false;
			}
			continue;
		}
		i++;
	}
	if (good && loop_to >= i)
		i = loop_to + 1;
	if (good && i < SCRIPT_LINES && row->lines[i].used) {
		note("line %d: the plan is done, the script says \"%s\"", i + 1,
		     plan_kind_word(row->lines[i].step));
		good = false;
	}
	if (good)
		good = script_check_verdict(&st, &row->is, &seen, row->opt.dry_run,
					    now - SCRIPT_START);
	ok(good, "%s", row->name);
}

static inline void script_play_all(const struct script *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		script_play(&rows[i]);
}

#define PLAY(rows) script_play_all(rows, UNIT_ROWS(rows))
