/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan of a kill. Read it from plan_kill_next() at the bottom: one function for each kind of
 * step, each says what follows from what came of it.
 */
#include <errno.h>
#include <string.h>

#include <mmreap/plan.h>

#define MS ((int64_t)1000)
#define FOREVER INT64_MAX

/* Not given --timeout: give up after this long without anything moving. */
#define STALL_US (10000 * MS)
/* A posix_spawn() child shares the mm until it execs; a loop of them makes an mm look shared. */
#define VFORK_US (200 * MS)
/* Looks before the signal that can block (mmap lock, exec_update_lock): then we go on without. */
#define SHARERS_US (2000 * MS)
#define LISTS_US (2000 * MS)
#define HOLD_US (1000 * MS)
/* --timeout 0 still needs the exit stop of T before the reap: a few scheduling rounds. */
#define SETTLE_NOWAIT_US (100 * MS)
/* What is left of the exit after this long is starved, not slow; likewise the way to the stop. */
#define BOOST_EXIT_US (5 * MS)
#define BOOST_SETTLE_US (2 * MS)
#define BOOST_MAX_US (100 * MS)
#define LEAVES_US (100 * MS)
#define HOLD_TRIES 3
#define LOOK_TRIES 3
/* EINVAL with no sharer and no core dump in sight: a vfork relative came and went; look again. */
#define EINVAL_TRIES 50

/* --- helpers ------------------------------------------------------------------------------- */

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/*
 * The limit of a look before the signal. With --timeout it takes half of what is left at most: what
 * is not known by then does not keep the signal from being sent in time.
 */
static int64_t look_limit(const struct plan_kill *st, int64_t now, int64_t us)
{
	return min64(now + us, now + (st->deadline_us - now) / 2);
}

static bool no_wait(const struct plan_kill *st)
{
	return st->cfg.opt.timeout_us == 0;
}

/* The limit of a step that waits for the victim: the hard one, else "no progress for 10 s". */
static int64_t wait_limit(const struct plan_kill *st)
{
	if (st->deadline_us != FOREVER)
		return st->deadline_us;
	return st->progress_us + STALL_US;
}

static struct plan_step step_until(struct plan_kill *st, enum plan_kind kind, int64_t until_us)
{
	st->step = (struct plan_step){ .kind = kind, .until_us = until_us };
	return st->step;
}

static struct plan_step step(struct plan_kill *st, enum plan_kind kind)
{
	return step_until(st, kind, FOREVER);
}

static struct plan_step done(struct plan_kill *st, enum outcome o, enum reason why)
{
	st->outcome = o;
	st->reason = why;
	return step(st, PLAN_DONE);
}

static struct plan_step done_err(struct plan_kill *st, enum outcome o, enum reason why, int err)
{
	st->where = plan_step_name(st->step.kind);
	st->err = -err;
	return done(st, o, why);
}

static struct plan_step pause_then(struct plan_kill *st, int64_t now, int64_t us,
				   enum plan_kind then)
{
	st->then = then;
	return step_until(st, PLAN_PAUSE, min64(now + us, wait_limit(st)));
}

/* Only what is dying is ever raised: nothing that lives keeps a changed priority. */
static bool may_boost(const struct plan_kill *st)
{
	return !st->cfg.opt.boost_never && st->signalled && !st->view.frozen;
}

static struct plan_step await_exit(struct plan_kill *st, int64_t now)
{
	int64_t until = wait_limit(st);

	if (no_wait(st))
		until = now;
	else if (may_boost(st))
		until = min64(until, now + max64(BOOST_EXIT_US, st->calm_us));
	return step_until(st, PLAN_AWAIT_EXIT, until);
}

/* Let T go if it is held, then do @then. */
static struct plan_step release_then(struct plan_kill *st, int64_t now, enum plan_kind then)
{
	if (st->held) {
		st->held = false;
		st->then = then;
		return step(st, PLAN_RELEASE);
	}
	if (then == PLAN_AWAIT_EXIT)
		return await_exit(st, now);
	return step(st, then);
}

static struct plan_step done_released(struct plan_kill *st, enum outcome o, enum reason why)
{
	st->outcome = o;
	st->reason = why;
	return release_then(st, 0, PLAN_DONE);
}

static int64_t settle_limit(const struct plan_kill *st)
{
	return no_wait(st) ? st->progress_us + SETTLE_NOWAIT_US : wait_limit(st);
}

static struct plan_step settle(struct plan_kill *st, int64_t now)
{
	int64_t until = settle_limit(st);

	if (may_boost(st))
		until = min64(until, now + max64(BOOST_SETTLE_US, st->calm_us));
	return step_until(st, PLAN_SETTLE, until);
}

static struct plan_step examine(struct plan_kill *st, int64_t now)
{
	/* Past the limit it is only started: what it finds at once says why the limit passed. */
	return step_until(st, PLAN_EXAMINE, min64(now + SHARERS_US, st->deadline_us));
}

static struct plan_step reap(struct plan_kill *st)
{
	/* --timeout 0 means no wait beyond the reap call itself: the call has no limit then. */
	return step_until(st, PLAN_REAP, no_wait(st) ? FOREVER : wait_limit(st));
}

/* Is our own reaping part of the story at all? */
static bool may_reap(const struct plan_kill *st)
{
	if (st->spare || st->no_mm || !st->cfg.has_mrelease)
		return false;
	return st->cfg.opt.robust_ignore || !st->lists.unreadable;
}

static struct plan_step signal_sharers(struct plan_kill *st, int64_t now)
{
	return step_until(st, PLAN_SIGNAL_SHARERS, min64(now + SHARERS_US, wait_limit(st)));
}

/* Is there anybody else whom we are to kill, and may? */
static bool kills_sharers(const struct plan_kill *st)
{
	return st->may_kill_sharers && !st->cfg.opt.dry_run;
}

/* It is dead without our SIGKILL; who was to be killed with it still has the memory. */
static struct plan_step exited_first(struct plan_kill *st, int64_t now, enum reason why)
{
	if (!kills_sharers(st))
		return done(st, OUTCOME_EXITED, why);
	st->exited = st->exited_first = true;
	return signal_sharers(st, now);
}

/* Gone before we did anything. */
static struct plan_step vanished(struct plan_kill *st, int64_t now)
{
	if (st->graced || kills_sharers(st))
		return exited_first(st, now, st->graced ? REASON_GRACE : REASON_BY_ITSELF);
	if (st->cfg.selected)
		return done(st, OUTCOME_EXITED, REASON_VANISHED);
	return done(st, OUTCOME_NO_PROCESS, REASON_NOT_FOUND);
}

static struct plan_step read_lists(struct plan_kill *st, int64_t now);
static struct plan_step after_flag_look(struct plan_kill *st, const struct plan_result *r);
static struct plan_step reaped(struct plan_kill *st, int64_t now);

/* --- before the signal --------------------------------------------------------------------- */

static struct plan_step after_look(struct plan_kill *st, const struct plan_result *r)
{
	const struct plan_view *v = &r->view;

	if (st->flag_tried)
		return after_flag_look(st, r);
	if (r->err == -ESRCH && !r->lives)
		return vanished(st, r->now_us);
	/* It lives: in an execve by another thread its leader is gone for a moment. */
	if ((r->err == -ESRCH || r->err == -ENOENT) && st->tries_look++ < LOOK_TRIES)
		return pause_then(st, r->now_us, MS, PLAN_LOOK);
	if (r->err)
		return done_err(st, OUTCOME_FAILED, REASON_ERRNO, r->err);
	st->view = *v;
	if (v->init)
		return done(st, OUTCOME_REFUSED_PROTECTED, REASON_INIT);
	if (v->self)
		return done(st, OUTCOME_REFUSED_PROTECTED, REASON_SELF);
	if (v->kthread)
		return done(st, OUTCOME_REFUSED_PROTECTED, REASON_KTHREAD);
	if (v->ancestor && !st->cfg.opt.allow_ancestors)
		return done(st, OUTCOME_REFUSED_PROTECTED, REASON_ANCESTOR);
	if (v->zombie) {
		st->exited = true;
		return exited_first(st, r->now_us, st->graced ? REASON_GRACE : REASON_ZOMBIE);
	}
	if (!v->has_mm && v->exiting) {
		/* Inside or past exit_mmap(): nothing to hold, nothing to reap (ESRCH). */
		if (st->cfg.opt.dry_run)
			return done(st, OUTCOME_EXITED, REASON_BY_ITSELF);
		return await_exit(st, r->now_us);
	}
	if (st->cfg.opt.reap_only) {
		st->method = METHOD_REAP_ONLY;
		if (!st->cfg.has_mrelease)
			return done(st, OUTCOME_UNSUPPORTED, REASON_NO_MRELEASE);
		if (!v->dying)
			return done(st, OUTCOME_FAILED, REASON_NOT_DYING);
		return read_lists(st, r->now_us);
	}
	return step(st, PLAN_RIGHT);
}

static struct plan_step scan_sharers(struct plan_kill *st, int64_t now)
{
	return step_until(st, PLAN_SHARERS, look_limit(st, now, SHARERS_US));
}

static struct plan_step after_right(struct plan_kill *st, const struct plan_result *r)
{
	if (r->err == -ESRCH && !r->lives)
		return vanished(st, r->now_us);
	if (r->err == -EPERM ||
	    r->err == -EINVAL) /* EINVAL: not in our PID namespace or below it */
		return done_err(st, OUTCOME_DENIED, REASON_NO_RIGHT_TO_SIGNAL, r->err);
	if (r->err)
		return done_err(st, OUTCOME_FAILED, REASON_ERRNO, r->err);
	/*
	 * Who is to be spared need not be known before the signal, only before the reap; T, once it is
	 * held, keeps the mm for as long as that takes. Several targets may share among themselves.
	 */
	st->scan_later = st->cfg.opt.sharers == SHARERS_SPARE && st->cfg.alone &&
			 st->cfg.opt.grace_us == UNKNOWN && !st->cfg.opt.dry_run &&
			 !st->view.frozen && !st->cfg.has_flag &&
			 st->cfg.opt.method != CHOOSE_REAP_KILL;
	if (!st->scan_later)
		return scan_sharers(st, r->now_us);
	st->sharers = (struct plan_sharers){ 0 };
	st->spare = st->collective = st->may_kill_sharers = false;
	return read_lists(st, r->now_us);
}

/* It will not be held: then who shares must be known first, while it lives. */
static struct plan_step scan_now(struct plan_kill *st, int64_t now)
{
	st->scan_later = false;
	return scan_sharers(st, now);
}

static struct plan_step read_lists(struct plan_kill *st, int64_t now)
{
	return step_until(st, PLAN_LISTS, look_limit(st, now, LISTS_US));
}

static struct plan_step after_kill(struct plan_kill *st, const struct plan_result *r);

static struct plan_step check_sharers(struct plan_kill *st, int64_t now)
{
	return step_until(st, PLAN_SHARER_RIGHTS, look_limit(st, now, SHARERS_US));
}

/* Vfork children get some time to exec; then what they share counts. */
static bool may_await_vfork(struct plan_kill *st, int64_t now)
{
	const struct plan_sharers *s = &st->sharers;

	if (s->clone_vm > 0 || s->vfork == 0)
		return false;
	if (st->vfork_us == 0)
		st->vfork_us = now + VFORK_US;
	return now < st->vfork_us && now < st->deadline_us;
}

/* The signal is sent and T held: all that is asked is whether there is something to reap. */
static struct plan_step after_late_scan(struct plan_kill *st, const struct plan_result *r)
{
	if (r->err == -EINPROGRESS && r->now_us < wait_limit(st)) {
		st->progress_us = r->now_us;
		return step_until(st, PLAN_SHARERS, min64(r->now_us + SHARERS_US, st->deadline_us));
	}
	if (r->err == -EINPROGRESS) {
		st->where = STEPNAME_SHARERS;
		st->err = ETIMEDOUT;
		return done_released(st, OUTCOME_PENDING, REASON_NOT_EXITED);
	}
	/* Nothing known: process_mrelease() refuses by itself where somebody shares who lives on. */
	st->sharers = r->sharers;
	if (r->err)
		st->sharers = (struct plan_sharers){ .unknown = 1 };
	if (may_await_vfork(st, r->now_us))
		return pause_then(st, r->now_us, 5 * MS, PLAN_SHARERS);
	st->scan_later = false;
	st->spare = st->sharers.clone_vm + st->sharers.vfork > 0;
	return after_kill(st, r);
}

static struct plan_step after_sharers(struct plan_kill *st, const struct plan_result *r)
{
	const struct plan_sharers *s = &r->sharers;

	if (st->scan_later)
		return after_late_scan(st, r);
	st->spare = st->collective = st->may_kill_sharers = false;
	/* Slow is not blocked: it is waited for, and without its answer nothing is signalled. */
	if (r->err == -EINPROGRESS && r->now_us < wait_limit(st)) {
		st->progress_us = r->now_us;
		return step_until(st, PLAN_SHARERS, min64(r->now_us + SHARERS_US, st->deadline_us));
	}
	if (r->err == -EINPROGRESS)
		return done_err(st, OUTCOME_PENDING, REASON_LOOK_BLOCKED, -ETIMEDOUT);
	/*
	 * Blocked (ETIMEDOUT), no kcmp in this kernel, no thread to look with (EAGAIN, or EBUSY if it
	 * were still at another look): nothing known. That does not refuse; it is said.
	 */
	if (r->err) {
		st->sharers = (struct plan_sharers){ .unknown = 1 };
		return read_lists(st, r->now_us);
	}
	st->sharers = *s;
	if (may_await_vfork(st, r->now_us))
		return pause_then(st, r->now_us, 5 * MS, PLAN_SHARERS);
	if (s->clone_vm + s->vfork == 0 && s->co_targets == 0)
		return read_lists(st, r->now_us);
	if (s->clone_vm + s->vfork == 0) {
		st->collective = true;
		return check_sharers(st, r->now_us);
	}
	switch (st->cfg.opt.sharers) {
	case SHARERS_REFUSE:
		return done(st, OUTCOME_REFUSED_SHARED,
			    s->clone_vm ? REASON_SHARED : REASON_SHARED_VFORK);
	case SHARERS_KILL:
		st->collective = true;
		return check_sharers(st, r->now_us);
	case SHARERS_SPARE:
		st->spare = true;
		break;
	}
	return read_lists(st, r->now_us);
}

static struct plan_step after_sharer_rights(struct plan_kill *st, const struct plan_result *r)
{
	if (r->sharers.protected)
		return done(st, OUTCOME_REFUSED_PROTECTED, REASON_SHARER_PROTECTED);
	if (r->err == -EPERM || r->err == -EINVAL)
		return done_err(st, OUTCOME_DENIED, REASON_NO_RIGHT_TO_SHARER, r->err);
	if (r->err == -ESRCH && st->tries_look++ < LOOK_TRIES) /* it lost its mm meanwhile */
		return pause_then(st, r->now_us, MS, PLAN_LOOK);
	if (r->err == -ETIMEDOUT)
		return done_err(st, OUTCOME_PENDING, REASON_LOOK_BLOCKED, r->err);
	if (r->err) /* without having asked for every right nothing may be signalled */
		return done_err(st, OUTCOME_FAILED, REASON_ERRNO, r->err);
	st->may_kill_sharers = st->cfg.opt.sharers == SHARERS_KILL;
	return read_lists(st, r->now_us);
}

/* Choose the method; false: the plan is done (unsupported). */
static bool choose_method(struct plan_kill *st)
{
	const struct plan_lists *l = &st->lists;
	bool shared = st->sharers.clone_vm + st->sharers.vfork + st->sharers.co_targets > 0;
	/* Zapping at once is safe only where no thread has ever registered a list. */
	bool nothing_to_lose =
		st->cfg.opt.robust_ignore || (!l->unreadable && l->null == l->threads);

	st->method = st->cfg.has_mrelease ? METHOD_KILL_REAP : METHOD_KILL_ONLY;
	switch (st->cfg.opt.method) {
	case CHOOSE_KILL_REAP:
		if (st->cfg.has_mrelease)
			return true;
		st->reason = REASON_NO_MRELEASE;
		return false;
	case CHOOSE_AUTO:
		if (st->cfg.has_flag && nothing_to_lose && !shared && st->sharers.unknown == 0 &&
		    !st->view.ns_init)
			st->method = METHOD_REAP_KILL;
		return true;
	case CHOOSE_REAP_KILL:
		if (!st->cfg.has_flag)
			st->reason = REASON_NO_FLAG;
		else if (st->view.ns_init)
			st->reason = REASON_FLAG_INIT;
		else if (!nothing_to_lose)
			st->reason = REASON_FLAG_NEEDS_IGNORE;
		else if (!shared) {
			st->method = METHOD_REAP_KILL;
			return true;
		} else /* the flag of v3 kills half of them where one may not be killed: do it ourselves */
			return true;
		return false;
	}
	return true;
}

static struct plan_step predict(struct plan_kill *st)
{
	bool in_use = st->lists.in_use && !st->cfg.opt.robust_ignore;

	if (st->view.frozen && !st->cfg.opt.thaw && !may_reap(st))
		return done(st, OUTCOME_PENDING, REASON_FROZEN);
	if (st->spare)
		return done(st, OUTCOME_SPARED, REASON_NONE);
	if (st->method == METHOD_KILL_ONLY)
		return done(st, OUTCOME_KILLED, REASON_NO_MRELEASE);
	if (st->lists.unreadable && !st->mm_tested) /* will its end be seen? */
		return step(st, PLAN_TEST_MM);
	if (st->mm_unseen)
		return done(st, OUTCOME_KILLED, REASON_MEMORY_UNSEEN);
	if (!may_reap(st))
		return done(st, OUTCOME_FREED, st->reason);
	if (st->view.frozen && in_use && !st->cfg.opt.thaw)
		return done(st, OUTCOME_PENDING, REASON_FROZEN_ROBUST);
	if (in_use && !st->lists.candidate)
		return done(st, OUTCOME_FREED, REASON_LET_GO);
	if (in_use)
		st->robust = ROBUST_HANDED_OVER;
	return done(st, OUTCOME_REAPED,
		    st->view.frozen && !st->cfg.opt.thaw ? REASON_FROZEN : REASON_NONE);
}

static struct plan_step signal_it(struct plan_kill *st, int64_t now)
{
	/* The hard limit is over, and nothing was touched yet: then nothing is. */
	if (now >= st->deadline_us)
		return done_released(st, OUTCOME_PENDING,
				     st->no_mm ? REASON_NOT_EXITED : REASON_LOOK_BLOCKED);
	return step(st, PLAN_SIGNAL);
}

static struct plan_step start_reap_only(struct plan_kill *st, int64_t now)
{
	if (st->cfg.opt.robust_ignore)
		return reap(st);
	if (st->view.frozen && st->lists.in_use) {
		if (st->cfg.opt.thaw)
			return step(st, PLAN_THAW);
		return done(st, OUTCOME_PENDING, REASON_FROZEN_ROBUST);
	}
	return settle(st, now);
}

static struct plan_step await_leaving(struct plan_kill *st, int64_t now)
{
	return step_until(st, PLAN_AWAIT_EXIT, min64(now + LEAVES_US, st->deadline_us));
}

/*
 * Threads are left, and none has an mm: all are past exit_mm(). Nothing to hold, nothing to reap, and
 * nothing to see the memory by: who leaves by itself is not signalled, so that this can be said.
 */
static struct plan_step without_mm(struct plan_kill *st, int64_t now)
{
	st->no_mm = true;
	st->scan_later = false;
	st->reason = REASON_FASTER;
	if (st->cfg.opt.dry_run)
		return done(st, OUTCOME_EXITED, REASON_BY_ITSELF);
	if (st->cfg.opt.reap_only)
		return await_exit(st, now);
	if (st->view.exiting && !no_wait(st))
		return await_leaving(st, now);
	if (st->cfg.opt.grace_us != UNKNOWN && !st->graced)
		return step(st, PLAN_TERM);
	return signal_it(st, now);
}

static struct plan_step after_lists(struct plan_kill *st, const struct plan_result *r)
{
	const struct kill_options *opt = &st->cfg.opt;

	/* No thread has an mm (any more): it exits by itself, or it is in the middle of an execve. */
	if (r->err == -ESRCH && st->tries_look++ < LOOK_TRIES)
		return pause_then(st, r->now_us, MS, PLAN_LOOK);
	if (r->err == -ESRCH)
		return without_mm(st, r->now_us);
	st->lists = r->lists;
	st->robust = st->lists.in_use ? ROBUST_LET_GO : ROBUST_NONE; /* until it is settled */
	if (r->err) {
		st->lists.unreadable = true;
		st->err = -r->err;
		st->where = STEPNAME_LISTS;
	}
	if (opt->robust_ignore)
		st->robust = ROBUST_IGNORED;
	else if (st->lists.unreadable) {
		st->robust = ROBUST_UNREADABLE;
		st->reason = r->err == -ETIMEDOUT ? REASON_BLOCKED_READ : REASON_UNREADABLE;
	}
	if (opt->reap_only) {
		if (st->lists.unreadable && !opt->robust_ignore)
			return done(st, OUTCOME_DENIED, REASON_NO_RIGHT_TO_LISTS);
		st->hold = st->view.frozen ? HOLD_FROZEN : HOLD_NONE;
		return opt->dry_run ? predict(st) : start_reap_only(st, r->now_us);
	}
	if (!choose_method(st))
		return done(st, OUTCOME_UNSUPPORTED, st->reason);

	bool thaw_first = st->view.frozen && opt->thaw && st->lists.in_use && !opt->robust_ignore;
	bool hold = st->method == METHOD_KILL_REAP && may_reap(st) && !opt->hold_never &&
		    st->lists.candidate && !st->view.tracer && (!st->view.frozen || thaw_first);

	if (st->scan_later && !hold)
		return scan_now(st, r->now_us);
	/* A v1-frozen victim cannot run: it holds itself. */
	st->hold = st->view.frozen && may_reap(st) ? HOLD_FROZEN : HOLD_NONE;
	if (opt->dry_run) {
		if (hold)
			st->hold = HOLD_TRACE;
		return predict(st);
	}
	if (opt->grace_us != UNKNOWN && !st->graced)
		return step(st, PLAN_TERM);
	if (hold)
		return step_until(st, PLAN_HOLD, look_limit(st, r->now_us, HOLD_US));
	if (st->method == METHOD_REAP_KILL && r->now_us < st->deadline_us)
		return step_until(st, PLAN_REAP_KILL, no_wait(st) ? FOREVER : wait_limit(st));
	return signal_it(st, r->now_us);
}

static struct plan_step after_term(struct plan_kill *st, const struct plan_result *r)
{
	if (r->err == -ESRCH && !r->lives)
		return vanished(st, r->now_us);
	if (r->err == -EPERM)
		return done_err(st, OUTCOME_DENIED, REASON_NO_RIGHT_TO_SIGNAL, r->err);
	if (r->err)
		return done_err(st, OUTCOME_FAILED, REASON_ERRNO, r->err);
	st->graced = true;
	return step_until(st, PLAN_GRACE, min64(r->now_us + st->cfg.opt.grace_us, st->deadline_us));
}

static struct plan_step after_grace(struct plan_kill *st, const struct plan_result *r)
{
	st->progress_us = r->now_us;
	if (r->err == 0) {
		st->exited = true;
		return kills_sharers(st) ? exited_first(st, r->now_us, REASON_GRACE)
					 : step(st, PLAN_TEST_MM);
	}
	if (r->err == -EINPROGRESS)
		return step_until(st, PLAN_GRACE, st->step.until_us);
	if (r->now_us >= st->deadline_us)
		return done(st, OUTCOME_PENDING, REASON_GRACE_LIMIT);
	/* It lives on: everything seen before is old. */
	st->vfork_us = 0;
	return step(st, PLAN_LOOK);
}

static struct plan_step after_hold(struct plan_kill *st, const struct plan_result *r)
{
	if (r->err == 0) {
		st->held = true;
		st->hold = HOLD_TRACE;
		return signal_it(st, r->now_us);
	}
	/* T ended before it was seized: choose another one. */
	if (r->err == -ESRCH && ++st->tries_hold < HOLD_TRIES)
		return read_lists(st, r->now_us);
	/* EPERM: traced already, or no right. ETIMEDOUT: in an execve. */
	if (st->scan_later)
		return scan_now(st, r->now_us);
	st->where = STEPNAME_HOLD;
	st->err = -r->err;
	st->reason = REASON_NOT_HELD;
	return signal_it(st, r->now_us);
}

/* --- the signal ---------------------------------------------------------------------------- */

/* Leave the rest to its own exit; one that is frozen cannot even do that. */
static struct plan_step own_exit(struct plan_kill *st, int64_t now)
{
	if (st->view.frozen && st->cfg.opt.thaw && !st->thawed)
		return step(st, PLAN_THAW);
	return release_then(st, now, PLAN_AWAIT_EXIT);
}

static struct plan_step after_kill(struct plan_kill *st, const struct plan_result *r)
{
	if (st->scan_later)
		return scan_sharers(st, r->now_us);
	if (st->collective && st->step.kind == PLAN_SIGNAL)
		return signal_sharers(st, r->now_us);
	if (!may_reap(st)) /* spared, no call, unreadable lists: its own exit frees, if anything */
		return own_exit(st, r->now_us);
	if (st->cfg.opt.robust_ignore)
		return reap(st);
	if (st->view.frozen && st->lists.in_use && !st->thawed) {
		if (st->cfg.opt.thaw)
			return step(st, PLAN_THAW);
		return done_released(st, OUTCOME_PENDING, REASON_FROZEN_ROBUST);
	}
	if (st->lists.in_use && !st->lists.candidate) {
		/* No thread can be held without keeping it from handing over: let all go. */
		st->reason = REASON_LET_GO;
		return own_exit(st, r->now_us);
	}
	return settle(st, r->now_us);
}

static struct plan_step after_signal(struct plan_kill *st, const struct plan_result *r)
{
	st->progress_us = r->now_us;
	if (r->err == 0) {
		st->signalled = true;
		return after_kill(st, r);
	}
	st->hold = HOLD_NONE;
	/* Another mm since the lists were read: it went through an execve. Read anew. */
	if (r->err == -ESTALE && ++st->tries_stale < HOLD_TRIES)
		return release_then(st, r->now_us, PLAN_LOOK);
	if (r->err == -ESRCH && !r->lives) {
		st->exited = true;
		st->held = false; /* there is nobody left to let go */
		return exited_first(st, r->now_us, REASON_BY_ITSELF);
	}
	st->where = STEPNAME_SIGNAL;
	st->err = -r->err;
	/* EINTR: told to stop before the signal. Nothing was touched, nothing stays changed. */
	if (r->err == -EINTR || r->err == -ECANCELED)
		return done_released(st, OUTCOME_FAILED, REASON_INTERRUPTED);
	return done_released(st, r->err == -EPERM ? OUTCOME_DENIED : OUTCOME_FAILED,
			     r->err == -EPERM ? REASON_NO_RIGHT_TO_SIGNAL : REASON_ERRNO);
}

static struct plan_step after_signal_sharers(struct plan_kill *st, const struct plan_result *r)
{
	st->progress_us = r->now_us;
	if (r->err && r->err != -ETIMEDOUT) {
		/* A sharer came between check and signal that we may not kill: it keeps the mm. */
		st->where = STEPNAME_SIGNAL;
		st->err = -r->err;
		st->collective = false;
		st->kept = true;
	}
	if (st->exited_first)
		return await_exit(st, r->now_us);
	return after_kill(st, r);
}

static struct plan_step after_reap_kill(struct plan_kill *st, const struct plan_result *r)
{
	st->progress_us = r->now_us;
	if (r->err == -EINPROGRESS)
		return step_until(st, PLAN_REAP_KILL, no_wait(st) ? FOREVER : wait_limit(st));
	if (r->err == -ETIMEDOUT) { /* it signals before it waits for the mmap lock */
		st->signalled = true;
		st->where = STEPNAME_REAP;
		return done(st, OUTCOME_PENDING, REASON_REAP_BLOCKED);
	}
	if (r->err == 0) {
		st->signalled = true;
		return reaped(st, r->now_us);
	}
	/*
	 * Whatever the errno, the target may be dead or untouched (v3: EBUSY after half of them):
	 * look at it instead of believing it, and go the long way from what is seen.
	 */
	st->reap_err = -r->err;
	st->err = -r->err;
	st->where = STEPNAME_REAP;
	st->cfg.has_flag = false;
	st->method = METHOD_KILL_REAP;
	if (st->cfg.opt.method == CHOOSE_REAP_KILL)
		st->cfg.opt.method = CHOOSE_AUTO;
	st->flag_tried = st->flag_failed = true;
	return step(st, PLAN_LOOK);
}

/* After a failed one-call kill: dead or dying is by our hand, as it was alive when we called. */
static struct plan_step after_flag_look(struct plan_kill *st, const struct plan_result *r)
{
	st->flag_tried = false;
	if (r->err && (r->err != -ESRCH || r->lives))
		return done_err(st, OUTCOME_FAILED, REASON_ERRNO, r->err);
	if (r->err == 0 && !r->view.zombie && !r->view.dying) {
		st->err = 0;
		st->where = STEPNAME_NONE;
		return step(st, PLAN_RIGHT);
	}
	st->signalled = true;
	st->view = r->view;
	if (r->err || r->view.zombie)
		return await_exit(st, r->now_us);
	return reap(st); /* no list to lose: that was the condition for the flag */
}

static struct plan_step after_thaw(struct plan_kill *st, const struct plan_result *r)
{
	st->thawed = true;
	if (r->err) {
		st->where = STEPNAME_THAW;
		st->err = -r->err;
		if (st->reaped)
			return done(st, OUTCOME_REAPED, REASON_FROZEN);
		return done_released(st, OUTCOME_PENDING,
				     may_reap(st) ? REASON_FROZEN_ROBUST : REASON_FROZEN);
	}
	st->view.frozen = false;
	st->progress_us = r->now_us;
	if (!st->reaped && st->held)
		return settle(st, r->now_us);
	if (!st->reaped && may_reap(st)) { /* not held: what it hands over it frees itself */
		st->robust = ROBUST_LET_GO;
		st->reason = REASON_LET_GO;
	}
	return await_exit(st, r->now_us);
}

/* --- the reap ------------------------------------------------------------------------------ */

enum plan_settled plan_settle(const struct plan_threads *t)
{
	if (t->gone && !t->t_held)
		return SETTLED_GONE;
	/* T's own list: only T itself can hand it over, and it does so when it is let go. */
	if (t->t_held && t->t_final && t->t_unreadable)
		return SETTLED_UNREADABLE;
	if (t->t_held && t->t_final && t->t_in_use)
		return SETTLED_LET_GO;
	if (!t->complete || t->unsettled || t->in_use || t->unreadable)
		return SETTLED_WAIT;
	if (t->t_held && !t->t_final)
		return SETTLED_WAIT;
	return SETTLED_REAP;
}

static struct plan_step after_settle(struct plan_kill *st, const struct plan_result *r)
{
	bool in_use = st->lists.in_use || r->seen_in_use;

	if (r->err == -EINPROGRESS) {
		st->progress_us = r->now_us;
		return settle(st, r->now_us);
	}
	if (r->err == -ETIMEDOUT) {
		if (may_boost(st) && r->now_us < settle_limit(st)) {
			st->then = PLAN_SETTLE;
			return step(st, PLAN_BOOST);
		}
		if (no_wait(st)) {
			st->robust = ROBUST_LET_GO;
			st->reason = REASON_SETTLE_BLOCKED;
			return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
		}
		return done_released(st, OUTCOME_PENDING,
				     st->view.frozen ? REASON_FROZEN_ROBUST
						     : REASON_SETTLE_BLOCKED);
	}
	st->progress_us = r->now_us;
	if (r->err) { /* the lists turned unreadable: let its own exit do it */
		st->robust = ROBUST_UNREADABLE;
		st->reason = REASON_UNREADABLE;
		return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
	}
	switch (r->settled) {
	case SETTLED_REAP:
		st->robust = in_use ? ROBUST_HANDED_OVER : ROBUST_NONE;
		return reap(st);
	case SETTLED_LET_GO:
		st->robust = ROBUST_LET_GO;
		st->reason = REASON_LET_GO;
		break;
	case SETTLED_UNREADABLE:
		st->robust = ROBUST_UNREADABLE;
		st->reason = REASON_UNREADABLE;
		break;
	case SETTLED_GONE:
		st->robust = in_use ? ROBUST_LET_GO : ROBUST_NONE;
		if (st->reason != REASON_NOT_HELD)
			st->reason = in_use ? REASON_LET_GO : REASON_FASTER;
		break;
	case SETTLED_WAIT: /* a SETTLE does not end with it */
		break;
	}
	return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
}

static struct plan_step reaped(struct plan_kill *st, int64_t now)
{
	st->reaped = true;
	st->held = false; /* let go by the reap itself */
	st->err = 0;
	st->where = STEPNAME_NONE;
	st->reason = REASON_NONE;
	if (st->view.frozen && st->cfg.opt.thaw && !st->thawed)
		return step(st, PLAN_THAW);
	if (st->view.frozen)
		return done(st, OUTCOME_REAPED, REASON_FROZEN);
	return await_exit(st, now);
}

static struct plan_step after_reap(struct plan_kill *st, const struct plan_result *r)
{
	if (r->err == 0 || r->err == -EINPROGRESS)
		st->progress_us = r->now_us;
	switch (r->err) {
	case -EINPROGRESS: /* still at it, and bytes are coming back */
		return reap(st);
	case 0:
		return reaped(st, r->now_us);
	case -EINTR:
	case -EAGAIN: /* an mmu notifier could not run without sleeping; the rest was freed */
		st->reap_err = -r->err;
		if (no_wait(st) || r->now_us >= wait_limit(st))
			return done_released(st, OUTCOME_PENDING, REASON_REAP_INCOMPLETE);
		return pause_then(st, r->now_us, MS, PLAN_REAP);
	case -EINVAL: /* not dying, or a sharer is not, or a core dump is being written */
		st->reap_err = EINVAL;
		return examine(st, r->now_us);
	case -ESRCH: /* no thread has an mm any more: its exit was faster, or T slipped away */
		st->reap_err = ESRCH;
		if (st->reason != REASON_NOT_HELD)
			st->reason = REASON_FASTER;
		return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
	case -ENOSYS:
	case -EPERM: /* no such call after all, or a sandbox forbids it */
		st->reap_err = -r->err;
		if (st->cfg.opt.reap_only)
			return done_err(st, OUTCOME_UNSUPPORTED, REASON_NO_MRELEASE, r->err);
		st->cfg.has_mrelease = false;
		st->method = METHOD_KILL_ONLY;
		return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
	case -ETIMEDOUT:
		if (st->reap_err == EAGAIN) /* it was tried over and over, and did return */
			return done_released(st, OUTCOME_PENDING, REASON_REAP_INCOMPLETE);
		st->reap_err = ETIMEDOUT;
		st->where = STEPNAME_REAP;
		return done_released(st, OUTCOME_PENDING, REASON_REAP_BLOCKED);
	default:
		st->reap_err = -r->err;
		st->where = STEPNAME_REAP;
		st->err = -r->err;
		st->reason = REASON_ERRNO;
		return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
	}
}

/* EINVAL stays the kernel's last word: its own exit frees the memory, or does not. */
static struct plan_step not_reapable(struct plan_kill *st, int64_t now)
{
	st->where = STEPNAME_REAP;
	st->err = EINVAL;
	return release_then(st, now, PLAN_AWAIT_EXIT);
}

static struct plan_step after_examine(struct plan_kill *st, const struct plan_result *r)
{
	const struct plan_sharers *s = &r->sharers;

	if (r->err == -ESRCH || r->view.exited)
		return release_then(st, r->now_us, PLAN_AWAIT_EXIT);
	if (r->err == 0)
		st->sharers = *s;
	st->view.core_dumping = r->view.core_dumping;
	if (r->view.core_dumping) {
		/* The dumper notices SIGKILL within some milliseconds. */
		if (!no_wait(st) && r->now_us < wait_limit(st))
			return pause_then(st, r->now_us, MS, PLAN_REAP);
		st->where = STEPNAME_REAP;
		st->err = EINVAL;
		return done_released(st, OUTCOME_PENDING, REASON_CORE_DUMP);
	}
	if (r->now_us >= wait_limit(st))
		return not_reapable(st, r->now_us);
	if (s->clone_vm + s->vfork > 0) {
		/* None was there before the signal, and one has come since: it is meant as well. */
		if (st->cfg.opt.sharers == SHARERS_KILL && st->signalled && !st->kept)
			st->collective = true;
		if (st->collective && ++st->tries_reap < EINVAL_TRIES)
			return signal_sharers(st, r->now_us);
		if (s->clone_vm == 0 && !st->collective) {
			if (st->vfork_us == 0 || st->tries_reap++ == 0)
				st->vfork_us = r->now_us + VFORK_US;
			if (r->now_us < st->vfork_us)
				return pause_then(st, r->now_us, 2 * MS, PLAN_REAP);
		}
		return not_reapable(st, r->now_us);
	}
	if (st->cfg.opt.reap_only && !r->view.dying) {
		st->where = STEPNAME_REAP;
		st->err = EINVAL;
		return done(st, OUTCOME_FAILED, REASON_NOT_DYING);
	}
	if (++st->tries_reap < EINVAL_TRIES)
		return pause_then(st, r->now_us, MS, PLAN_REAP);
	return not_reapable(st, r->now_us);
}

/* --- the end ------------------------------------------------------------------------------- */

static struct plan_step not_exited(struct plan_kill *st)
{
	if (no_wait(st) && st->reaped)
		return done(st, OUTCOME_REAPED, REASON_NOT_WAITED);
	if (st->view.frozen)
		return done(st, OUTCOME_PENDING, REASON_FROZEN);
	if (st->view.core_dumping)
		return done(st, OUTCOME_PENDING, REASON_CORE_DUMP);
	return done(st, OUTCOME_PENDING, REASON_NOT_EXITED);
}

static struct plan_step after_exit(struct plan_kill *st, const struct plan_result *r)
{
	if (r->err == 0 || r->err == -EINPROGRESS)
		st->progress_us = r->now_us;
	if (r->err == 0) {
		st->exited = true;
		return step(st, PLAN_TEST_MM);
	}
	if (st->no_mm && !st->signalled && !st->cfg.opt.reap_only)
		return r->err == -EINPROGRESS ? await_leaving(st, r->now_us)
					      : signal_it(st, r->now_us);
	if (r->err == -EINPROGRESS)
		return await_exit(st, r->now_us);
	if (st->exited_first) /* it is a sharer that does not exit, and keeps the memory */
		return no_wait(st) || r->now_us >= wait_limit(st) ? step(st, PLAN_TEST_MM)
								  : await_exit(st, r->now_us);
	/* A thread in the v1 freezer: this exit waits for the thaw, and so need not we. */
	st->view.frozen = r->view.frozen;
	if (r->view.frozen) {
		if (st->cfg.opt.thaw && !st->thawed)
			return step(st, PLAN_THAW);
		if (st->reaped)
			return done(st, OUTCOME_REAPED, REASON_FROZEN);
	}
	if (no_wait(st) || r->now_us >= wait_limit(st))
		return not_exited(st);
	if (may_boost(st)) {
		st->then = PLAN_AWAIT_EXIT;
		return step(st, PLAN_BOOST);
	}
	return await_exit(st, r->now_us);
}

static struct plan_step after_test_mm(struct plan_kill *st, const struct plan_result *r)
{
	enum reason why = st->reason;

	if (st->cfg.opt.dry_run) {
		st->mm_tested = true;
		st->mm_unseen = r->mm == MM_UNKNOWN;
		return predict(st);
	}
	if (st->spare && (st->signalled || st->graced))
		return done(st, OUTCOME_SPARED, REASON_NONE);
	switch (r->mm) {
	case MM_UNREFERENCED:
		/* Held at the exit and now not: somebody else tore it down and may still be at it. */
		st->third_party = st->was_held_at_exit;
		if (st->flag_failed) { /* what the one call said does not matter any more */
			st->err = 0;
			st->where = STEPNAME_NONE;
		}
		if (st->reaped)
			return done(st, OUTCOME_REAPED, REASON_NONE);
		if (!st->signalled)
			return done(st, OUTCOME_EXITED,
				    st->graced ? REASON_GRACE : REASON_BY_ITSELF);
		if (st->method == METHOD_KILL_ONLY)
			return done(st, OUTCOME_KILLED, REASON_NO_MRELEASE);
		return done(st, OUTCOME_FREED, why == REASON_NONE ? REASON_FASTER : why);
	case MM_HELD:
		if (st->reaped)
			return done(st, OUTCOME_REAPED, REASON_STILL_REFERENCED);
		st->was_held_at_exit = true;
		if (!no_wait(st) && r->now_us < wait_limit(st)) {
			st->pause_us = st->pause_us ? min64(st->pause_us * 2, 50 * MS) : MS;
			return pause_then(st, r->now_us, st->pause_us, PLAN_TEST_MM);
		}
		return done(st, OUTCOME_PINNED,
			    st->sharers.clone_vm + st->sharers.vfork ? REASON_SHARER_LEFT
								     : REASON_UNKNOWN_HOLDER);
	case MM_UNKNOWN:
		break;
	}
	if (st->reaped)
		return done(st, OUTCOME_REAPED, REASON_NONE);
	if (!st->signalled)
		return done(st, OUTCOME_EXITED, st->graced ? REASON_GRACE : REASON_BY_ITSELF);
	if (st->no_mm) { /* it is not for lack of a right */
		st->err = ESRCH;
		st->where = STEPNAME_LISTS;
	}
	return done(st, OUTCOME_KILLED,
		    st->method == METHOD_KILL_ONLY ? REASON_NO_MRELEASE : REASON_MEMORY_UNSEEN);
}

static struct plan_step after_pause(struct plan_kill *st, const struct plan_result *r)
{
	if (st->then == PLAN_SHARERS)
		return scan_sharers(st, r->now_us);
	if (st->then != PLAN_REAP)
		return step(st, st->then);
	/* Past the limit: one last look says why it did not work. */
	if (r->now_us >= wait_limit(st) && st->reap_err == EINVAL)
		return examine(st, r->now_us);
	if (r->now_us >= wait_limit(st) && st->reap_err == EAGAIN)
		return done_released(st, OUTCOME_PENDING, REASON_REAP_INCOMPLETE);
	return reap(st);
}

/* Who was raised and does not end (D state) is not helped by raising him again. */
static struct plan_step after_boost(struct plan_kill *st, const struct plan_result *r)
{
	st->calm_us = r->err ? min64(max64(st->calm_us * 2, BOOST_EXIT_US), BOOST_MAX_US) : 0;
	return st->then == PLAN_SETTLE ? settle(st, r->now_us) : await_exit(st, r->now_us);
}

struct plan_step plan_kill_start(struct plan_kill *st, int64_t now_us)
{
	st->deadline_us = st->cfg.opt.timeout_us > 0 ? now_us + st->cfg.opt.timeout_us : FOREVER;
	st->progress_us = now_us;
	st->method = st->cfg.has_mrelease ? METHOD_KILL_REAP : METHOD_KILL_ONLY;
	return step(st, PLAN_LOOK);
}

struct plan_step plan_kill_next(struct plan_kill *st, const struct plan_result *r)
{
	switch (st->step.kind) {
	case PLAN_LOOK:
		return after_look(st, r);
	case PLAN_RIGHT:
		return after_right(st, r);
	case PLAN_SHARERS:
		return after_sharers(st, r);
	case PLAN_SHARER_RIGHTS:
		return after_sharer_rights(st, r);
	case PLAN_LISTS:
		return after_lists(st, r);
	case PLAN_TERM:
		return after_term(st, r);
	case PLAN_GRACE:
		return after_grace(st, r);
	case PLAN_HOLD:
		return after_hold(st, r);
	case PLAN_SIGNAL:
		return after_signal(st, r);
	case PLAN_SIGNAL_SHARERS:
		return after_signal_sharers(st, r);
	case PLAN_REAP_KILL:
		return after_reap_kill(st, r);
	case PLAN_THAW:
		return after_thaw(st, r);
	case PLAN_SETTLE:
		return after_settle(st, r);
	case PLAN_REAP:
		return after_reap(st, r);
	case PLAN_EXAMINE:
		return after_examine(st, r);
	case PLAN_PAUSE:
		return after_pause(st, r);
	case PLAN_RELEASE:
		return release_then(st, r->now_us, st->then);
	case PLAN_BOOST:
		return after_boost(st, r);
	case PLAN_AWAIT_EXIT:
		return after_exit(st, r);
	case PLAN_TEST_MM:
		return after_test_mm(st, r);
	case PLAN_DONE:
		break;
	}
	return st->step;
}

enum step_name plan_step_name(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_LOOK:
		return STEPNAME_RESOLVE;
	case PLAN_RIGHT:
	case PLAN_SHARER_RIGHTS:
		return STEPNAME_RIGHT;
	case PLAN_SHARERS:
	case PLAN_EXAMINE:
		return STEPNAME_SHARERS;
	case PLAN_LISTS:
		return STEPNAME_LISTS;
	case PLAN_HOLD:
	case PLAN_RELEASE:
		return STEPNAME_HOLD;
	case PLAN_TERM:
	case PLAN_SIGNAL:
	case PLAN_SIGNAL_SHARERS:
		return STEPNAME_SIGNAL;
	case PLAN_THAW:
		return STEPNAME_THAW;
	case PLAN_SETTLE:
		return STEPNAME_SETTLE;
	case PLAN_REAP:
	case PLAN_REAP_KILL:
		return STEPNAME_REAP;
	case PLAN_GRACE:
	case PLAN_AWAIT_EXIT:
	case PLAN_BOOST:
		return STEPNAME_EXIT;
	case PLAN_TEST_MM:
		return STEPNAME_MM;
	case PLAN_PAUSE:
	case PLAN_DONE:
		break;
	}
	return STEPNAME_NONE;
}

const char *plan_kind_word(enum plan_kind kind)
{
	static const char *const words[PLAN_COUNT] = {
		[PLAN_LOOK] = "look at the process",
		[PLAN_RIGHT] = "right to signal",
		[PLAN_SHARERS] = "look for sharers (kcmp)",
		[PLAN_SHARER_RIGHTS] = "right to signal every sharer",
		[PLAN_LISTS] = "read robust lists, choose a thread",
		[PLAN_TERM] = "SIGTERM",
		[PLAN_GRACE] = "grace time",
		[PLAN_HOLD] = "hold (PTRACE_SEIZE)",
		[PLAN_SIGNAL] = "SIGKILL",
		[PLAN_SIGNAL_SHARERS] = "SIGKILL to the sharers",
		[PLAN_REAP_KILL] = "process_mrelease(REAP_KILL)",
		[PLAN_THAW] = "thaw",
		[PLAN_SETTLE] = "robust lists final",
		[PLAN_REAP] = "process_mrelease",
		[PLAN_EXAMINE] = "look again",
		[PLAN_PAUSE] = "pause",
		[PLAN_RELEASE] = "let go",
		[PLAN_AWAIT_EXIT] = "exit",
		[PLAN_BOOST] = "boost",
		[PLAN_TEST_MM] = "pagemap test",
		[PLAN_DONE] = "done",
	};

	return words[kind];
}
