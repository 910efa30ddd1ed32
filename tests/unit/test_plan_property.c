// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * What holds for every kill, whatever the kernel says: 300,000 runs of the plan with results by
 * chance, the same ones each time. In some runs a step is stubborn and answers alike for ever.
 */

#include <errno.h>

#include "unit.h"
#include <mmreap/plan.h>

#define RUNS 300000
#define MAX_STEPS 60000
#define MS ((int64_t)1000)
#define SECONDS (1000 * MS)
/* Steps that return at once may still take this long; what ends after it is late. */
#define SLACK_US (50 * MS)

/* --- chance: splitmix64, the same on every machine ------------------------------------- */

static uint64_t chance_state;

static uint64_t chance(uint64_t n)
{
	uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % n;
}

static bool one_in(uint64_t n)
{
	return chance(n) == 0;
}

static int chance_errno(void)
{
	static const int errnos[] = {
		EPERM,	ESRCH,	EINTR, EIO,    EAGAIN, ENOMEM,	  EACCES,    EFAULT,	EBUSY,
		EINVAL, ENOSYS, EBADF, ESTALE, ENOENT, ECANCELED, ETIMEDOUT, ETIMEDOUT, EINPROGRESS
	};

	return -errnos[chance(UNIT_ROWS(errnos))];
}

/* --- one run ------------------------------------------------------------------------------ */

struct run {
	struct plan_kill st;
	struct plan_step step;
	int64_t start_us, now_us;
	struct {
		bool stubborn;
		struct plan_result r;
	} habits[PLAN_COUNT];
	int progress; /* EINPROGRESS so often: nothing makes progress for ever */
	int steps;
	/* what we know of the world, apart from the plan */
	bool right, sharer_rights, held, signalled, flagged, termed, reaped, exited, by_itself;
	bool saw_mm, may_settle, nothing_to_lose, co_targets, shared;
	bool gone;  /* without our SIGKILL: its sharers may have to follow */
	bool asked; /* who shares, or that cannot be known */
	enum plan_mm mm;
	enum plan_kind last;
	bool refused; /* the last result forbids all that acts */
	const char *broken;
};

static void broke(struct run *run, const char *what)
{
	if (!run->broken)
		run->broken = what;
}

#define MUST(run, condition, what)        \
	do {                              \
		if (!(condition))         \
			broke(run, what); \
	} while (0)

static bool acts(enum plan_kind kind)
{
	return kind == PLAN_TERM || kind == PLAN_HOLD || kind == PLAN_SIGNAL ||
	       kind == PLAN_SIGNAL_SHARERS || kind == PLAN_REAP || kind == PLAN_REAP_KILL ||
	       kind == PLAN_THAW || kind == PLAN_BOOST;
}

static int chance_err(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_PAUSE:
	case PLAN_RELEASE:
	case PLAN_BOOST:
	case PLAN_TEST_MM:
	case PLAN_DONE:
		return 0;
	case PLAN_GRACE:
	case PLAN_AWAIT_EXIT:
		return one_in(2) ? 0 : one_in(4) ? -EINPROGRESS : -ETIMEDOUT;
	case PLAN_LOOK:
	case PLAN_RIGHT:
	case PLAN_SHARERS:
	case PLAN_SHARER_RIGHTS:
	case PLAN_LISTS:
	case PLAN_TERM:
	case PLAN_HOLD:
	case PLAN_SIGNAL:
	case PLAN_SIGNAL_SHARERS:
	case PLAN_REAP_KILL:
	case PLAN_THAW:
	case PLAN_SETTLE:
	case PLAN_REAP:
	case PLAN_EXAMINE:
		break;
	}
	return one_in(kind <= PLAN_LISTS ? 16 : 4) ? chance_errno() : 0;
}

/*
 * A result by chance, more often the kind of result that lets a run go on. One after the other: in
 * an initializer the order would be the compiler's, and a seed would mean nothing elsewhere.
 */
static struct plan_result chance_result(const struct run *run, enum plan_kind kind)
{
	struct plan_result r = { .err = chance_err(kind) };

	r.view.init = one_in(40);
	r.view.ns_init = one_in(8);
	r.view.self = one_in(40);
	r.view.ancestor = one_in(20);
	r.view.kthread = one_in(40);
	r.view.zombie = one_in(20);
	r.view.has_mm = !one_in(8);
	r.view.exiting = one_in(4);
	r.view.dying = run->st.cfg.opt.reap_only ? !one_in(8) : one_in(4);
	r.view.core_dumping = one_in(6);
	r.view.frozen = one_in(4);
	r.view.exited = one_in(10);
	if (one_in(3)) {
		r.sharers.clone_vm = (int)chance(3);
		r.sharers.vfork = (int)chance(2);
		r.sharers.co_targets = one_in(4) && !run->st.cfg.alone;
		r.sharers.unknown = (int)chance(2);
		r.sharers.protected = one_in(6);
	}
	r.lists.threads = 1 + (int)chance(4);
	r.lists.candidate = !one_in(4);
	if (one_in(2))
		r.lists.null = r.lists.threads;
	else if (one_in(2))
		r.lists.in_use = 1 + (int)chance((uint64_t)r.lists.threads);
	r.lists.unreadable = one_in(6);
	r.settled = (enum plan_settled)chance(5);
	r.seen_in_use = one_in(3);
	r.mm = (enum plan_mm)chance(3);
	return r;
}

static int64_t chance_timeout(void)
{
	if (one_in(4))
		return 0;
	return one_in(2) ? (int64_t)chance(4000) * MS + 1 : UNKNOWN;
}

static void chance_config(struct run *run)
{
	struct plan_config *cfg = &run->st.cfg;
	struct kill_options *opt = &cfg->opt;

	cfg->selected = one_in(4);
	cfg->has_mrelease = !one_in(6);
	cfg->has_flag = cfg->has_mrelease && one_in(2);
	cfg->alone = one_in(2);
	opt->method = one_in(3) ? (enum method_choice)chance(3) : CHOOSE_AUTO;
	opt->sharers = (enum sharers_policy)chance(3);
	opt->hold_never = one_in(5);
	opt->robust_ignore = one_in(4);
	opt->boost_never = one_in(2);
	opt->reap_only = one_in(5);
	opt->thaw = one_in(2);
	opt->dry_run = one_in(6);
	opt->allow_ancestors = one_in(2);
	opt->grace_us = one_in(4) ? (int64_t)chance(3) * SECONDS + 1 : UNKNOWN;
	opt->timeout_us = chance_timeout();
}

/* Must the step be over at its limit? The others return at once. */
static bool can_block(enum plan_kind kind)
{
	switch (kind) {
	case PLAN_SHARERS:
	case PLAN_SHARER_RIGHTS:
	case PLAN_LISTS:
	case PLAN_GRACE:
	case PLAN_HOLD:
	case PLAN_SIGNAL_SHARERS:
	case PLAN_REAP_KILL:
	case PLAN_SETTLE:
	case PLAN_REAP:
	case PLAN_EXAMINE:
	case PLAN_PAUSE:
	case PLAN_AWAIT_EXIT:
		return true;
	case PLAN_LOOK:
	case PLAN_RIGHT:
	case PLAN_TERM:
	case PLAN_SIGNAL:
	case PLAN_THAW:
	case PLAN_RELEASE:
	case PLAN_BOOST:
	case PLAN_TEST_MM:
	case PLAN_DONE:
		break;
	}
	return false;
}

/* May the plan ask for this step now? */
static void check_step(struct run *run)
{
	const struct kill_options *opt = &run->st.cfg.opt;
	enum plan_kind kind = run->step.kind;
	bool is_reap = kind == PLAN_REAP || kind == PLAN_REAP_KILL;

	MUST(run, !run->refused || !acts(kind) || (run->gone && kind == PLAN_SIGNAL_SHARERS),
	     "acts after a refusal");
	MUST(run, !opt->dry_run || !acts(kind), "acts under --dry-run");
	if (opt->reap_only)
		MUST(run,
		     kind != PLAN_TERM && kind != PLAN_SIGNAL && kind != PLAN_SIGNAL_SHARERS &&
			     kind != PLAN_REAP_KILL && kind != PLAN_HOLD && kind != PLAN_BOOST,
		     "touches the process under --reap-only");
	switch (kind) {
	case PLAN_TERM:
	case PLAN_HOLD:
		MUST(run, run->right, "touches a process before its right is known");
		MUST(run, !run->held, "SIGTERM or hold while one is held");
		MUST(run, !run->signalled, "SIGTERM or hold after SIGKILL");
		break;
	case PLAN_SIGNAL:
		MUST(run, run->right, "signals a process before its right is known");
		MUST(run, !run->signalled, "signals twice");
		MUST(run, run->asked || (opt->sharers == SHARERS_SPARE && run->st.cfg.alone),
		     "signals before it has asked who shares");
		MUST(run, opt->grace_us == UNKNOWN || run->termed, "no grace");
		break;
	case PLAN_SIGNAL_SHARERS:
		MUST(run, run->signalled || run->gone, "signals the sharers first");
		run->exited |= !run->signalled;
		/* One that came after the signal is asked for its right by this very step. */
		MUST(run, run->sharer_rights || !run->shared, "signals sharers without right");
		MUST(run, opt->sharers == SHARERS_KILL || run->co_targets,
		     "signals sharers against the wish");
		break;
	case PLAN_REAP_KILL:
		MUST(run, run->right, "signals a process before its right is known");
		MUST(run, run->nothing_to_lose || opt->robust_ignore,
		     "the flag with lists to lose");
		MUST(run, opt->grace_us == UNKNOWN || run->termed, "no grace");
		break;
	case PLAN_REAP:
		MUST(run, run->signalled || opt->reap_only, "reaps what it has not killed");
		MUST(run, run->asked || opt->reap_only, "reaps before it has asked who shares");
		MUST(run, opt->robust_ignore || run->may_settle,
		     "reaps before the lists are final");
		MUST(run, run->st.cfg.has_mrelease, "reaps without the call");
		break;
	case PLAN_BOOST:
		MUST(run, run->signalled || run->flagged, "raises what lives");
		MUST(run, !opt->boost_never, "raises against the wish");
		break;
	case PLAN_THAW:
		MUST(run, opt->thaw, "thaws without the wish");
		MUST(run, run->signalled || run->flagged || opt->reap_only || run->by_itself,
		     "thaws what lives");
		break;
	case PLAN_AWAIT_EXIT:
	case PLAN_TEST_MM:
		MUST(run, !run->held, "waits for the exit of what it holds");
		break;
	case PLAN_RELEASE:
		MUST(run, run->held, "lets go what it does not hold");
		break;
	case PLAN_LOOK:
	case PLAN_RIGHT:
	case PLAN_SHARERS:
	case PLAN_SHARER_RIGHTS:
	case PLAN_LISTS:
	case PLAN_GRACE:
	case PLAN_SETTLE:
	case PLAN_EXAMINE:
	case PLAN_PAUSE:
	case PLAN_DONE:
		break;
	}
	if (!can_block(kind))
		return;
	if (is_reap && opt->timeout_us == 0)
		return; /* the call itself has no limit then */
	MUST(run, run->step.until_us != INT64_MAX, "a step that blocks has no limit");
	if (opt->timeout_us > 0 && run->step.until_us > run->now_us)
		MUST(run, run->step.until_us <= run->start_us + opt->timeout_us,
		     "a step may end after --timeout");
}

/* What the result says of the world. */
static void learn(struct run *run, const struct plan_result *r)
{
	const struct kill_options *opt = &run->st.cfg.opt;
	const struct plan_view *v = &r->view;

	run->refused = false;
	run->gone |= (r->err == -ESRCH && !r->lives &&
		      (run->step.kind == PLAN_LOOK || run->step.kind == PLAN_RIGHT ||
		       run->step.kind == PLAN_TERM || run->step.kind == PLAN_SIGNAL)) ||
		     (run->step.kind == PLAN_GRACE && r->err == 0) ||
		     (run->step.kind == PLAN_LOOK && r->err == 0 && v->zombie);
	switch (run->step.kind) {
	case PLAN_LOOK:
		run->right = false;
		run->by_itself = !v->has_mm && v->exiting;
		if (run->flagged) {
			/* The one call failed: this look says whether it has killed. */
			run->flagged = false;
			run->signalled = r->err == -ESRCH || (!r->err && (v->dying || v->zombie));
			break;
		}
		run->refused = r->err || v->init || v->self || v->kthread ||
			       (v->ancestor && !opt->allow_ancestors);
		run->exited |= !run->refused && v->zombie;
		break;
	case PLAN_RIGHT:
		run->right = r->err == 0;
		run->refused = r->err != 0;
		break;
	case PLAN_SHARERS:
		run->asked = true;
		run->sharer_rights = false;
		run->co_targets = r->err == 0 && r->sharers.co_targets > 0;
		run->shared =
			r->err == 0 && (run->co_targets || r->sharers.clone_vm || r->sharers.vfork);
		run->refused = r->err == 0 && opt->sharers == SHARERS_REFUSE &&
			       r->sharers.clone_vm + r->sharers.vfork > 0;
		break;
	case PLAN_SHARER_RIGHTS:
		run->sharer_rights = r->err == 0 && !r->sharers.protected;
		run->refused = !run->sharer_rights;
		break;
	case PLAN_LISTS:
		run->nothing_to_lose =
			r->err == 0 && !r->lists.unreadable && r->lists.null == r->lists.threads;
		break;
	case PLAN_TERM:
		run->termed |= r->err == 0;
		break;
	case PLAN_HOLD:
		run->held = r->err == 0;
		break;
	case PLAN_SIGNAL:
		run->signalled |= r->err == 0;
		if (r->err == -ESRCH) {
			run->held = false; /* nobody is left */
			run->exited = true;
		}
		run->refused = r->err && r->err != -ESTALE;
		break;
	case PLAN_REAP_KILL:
		run->flagged = r->err && r->err != -ETIMEDOUT && r->err != -EINPROGRESS;
		run->may_settle = run->flagged; /* nothing to lose was its condition */
		run->signalled |= r->err == 0 || r->err == -ETIMEDOUT;
		run->reaped |= r->err == 0;
		break;
	case PLAN_SETTLE:
		run->may_settle = r->err == 0 && r->settled == SETTLED_REAP;
		break;
	case PLAN_REAP:
		run->reaped |= r->err == 0;
		if (r->err == 0)
			run->held = false; /* the reap itself lets it go */
		break;
	case PLAN_SIGNAL_SHARERS:
		run->may_settle = false;
		break;
	case PLAN_RELEASE:
		run->held = false;
		break;
	case PLAN_GRACE:
	case PLAN_AWAIT_EXIT:
		run->exited |= r->err == 0;
		break;
	case PLAN_TEST_MM:
		run->saw_mm = true;
		run->mm = r->mm;
		break;
	case PLAN_THAW:
	case PLAN_EXAMINE:
	case PLAN_PAUSE:
	case PLAN_BOOST:
	case PLAN_DONE:
		break;
	}
}

/* Does the verdict say only what was seen? */
static void check_verdict(struct run *run)
{
	const struct plan_kill *st = &run->st;
	const struct kill_options *opt = &st->cfg.opt;
	int64_t took = run->now_us - run->start_us;

	MUST(run, !run->held && !st->held, "a thread is still held");
	MUST(run, st->signalled == run->signalled || run->flagged, "signalled");
	MUST(run, st->reaped == run->reaped, "reaped");
	MUST(run, st->exited == run->exited, "exited");
	if (opt->timeout_us > 0)
		MUST(run, took <= opt->timeout_us + SLACK_US, "late");
	if (opt->dry_run)
		return;
	switch (st->outcome) {
	case OUTCOME_REAPED:
		MUST(run, run->reaped, "reaped, but not by us");
		break;
	case OUTCOME_FREED:
		MUST(run, !run->reaped && (run->signalled || run->flagged),
		     "freed, not killed by us");
		MUST(run, run->saw_mm && run->mm == MM_UNREFERENCED, "freed, unseen");
		MUST(run, st->cfg.has_mrelease || opt->method == CHOOSE_REAP_KILL,
		     "freed without the call");
		break;
	case OUTCOME_EXITED:
		MUST(run, !run->signalled && !run->flagged, "exited, although we signalled");
		break;
	case OUTCOME_SPARED:
		MUST(run,
		     (run->signalled || run->termed) && !run->reaped &&
			     opt->sharers == SHARERS_SPARE,
		     "spared");
		break;
	case OUTCOME_KILLED:
		MUST(run, (run->signalled || run->flagged) && !run->reaped && run->exited,
		     "killed");
		break;
	case OUTCOME_PINNED:
		MUST(run, run->exited && !run->reaped && run->mm == MM_HELD, "pinned, unseen");
		break;
	case OUTCOME_PENDING:
		MUST(run, !run->exited, "pending, and it has exited");
		break;
	case OUTCOME_REFUSED_SHARED:
	case OUTCOME_REFUSED_PROTECTED:
	case OUTCOME_UNSUPPORTED:
	case OUTCOME_NO_PROCESS:
		MUST(run, !run->signalled && !run->flagged && !run->reaped,
		     "says that nothing was touched");
		break;
	case OUTCOME_DENIED:
		MUST(run, !run->signalled && !run->reaped, "denied, and it was done");
		break;
	case OUTCOME_FAILED:
		MUST(run, !run->reaped, "failed, and it was done");
		break;
	}
}

static void take_step(struct run *run)
{
	enum plan_kind kind = run->step.kind;
	struct plan_result r =
		run->habits[kind].stubborn ? run->habits[kind].r : chance_result(run, kind);
	int64_t until = run->step.until_us;

	if (r.err == -EINPROGRESS && ++run->progress > 30)
		r.err = -ETIMEDOUT;
	if (r.err == -ETIMEDOUT && (until == INT64_MAX || !can_block(kind)))
		r.err = -EPERM;
	run->now_us += 1 + (int64_t)chance(300);
	if ((r.err == -ETIMEDOUT || kind == PLAN_PAUSE) && until > run->now_us &&
	    until != INT64_MAX)
		run->now_us = until;
	r.now_us = run->now_us;
	learn(run, &r);
	run->last = kind;
	run->step = plan_kill_next(&run->st, &r);
	run->steps++;
}

static void play(struct run *run, uint64_t seed)
{
	chance_state = seed * UINT64_C(0x2545f4914f6cdd1d) + 1;
	*run = (struct run){ .now_us = 1000 * SECONDS, .start_us = 1000 * SECONDS };
	chance_config(run);
	for (int kind = 0; kind < PLAN_COUNT; kind++) {
		run->habits[kind].stubborn = one_in(5);
		run->habits[kind].r = chance_result(run, (enum plan_kind)kind);
	}
	run->step = plan_kill_start(&run->st, run->now_us);
	while (!run->broken) {
		check_step(run);
		if (run->step.kind == PLAN_DONE || run->broken)
			break;
		take_step(run);
		MUST(run, run->steps < MAX_STEPS, "does not end");
	}
	if (!run->broken)
		check_verdict(run);
}

static void tell(struct run *run, uint64_t seed)
{
	note("seed %llu: %s; step \"%s\" after \"%s\", outcome %s", (unsigned long long)seed,
	     run->broken, plan_kind_word(run->step.kind), plan_kind_word(run->last),
	     outcome_word(run->st.outcome));
}

static void test_properties(void)
{
	static int outcomes[OUTCOME_COUNT], kinds[PLAN_COUNT];
	static struct run run;
	const char *told[20] = { 0 };
	size_t n_told = 0;
	int broken = 0;

	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		bool known = false;

		play(&run, seed);
		outcomes[run.st.outcome]++;
		kinds[run.last]++;
		if (!run.broken)
			continue;
		broken++;
		for (size_t i = 0; i < n_told; i++)
			known |= told[i] == run.broken;
		if (known || n_told == UNIT_ROWS(told))
			continue;
		told[n_told++] = run.broken;
		tell(&run, seed);
	}
	is_int(broken, 0, "%d runs keep every rule", RUNS);
	/* Else the runs would prove little. */
	for (int o = 0; o < OUTCOME_COUNT; o++)
		ok(outcomes[o] >= RUNS / 10000, "%s was the end of %d runs",
		   outcome_word((enum outcome)o), outcomes[o]);
}

int main(void)
{
	RUN(test_properties);
	return unit_done();
}
