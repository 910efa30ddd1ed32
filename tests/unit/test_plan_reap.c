// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The plan from the signal on: settling the robust lists, every errno of process_mrelease, frozen
 * victims, the exit and what became of the memory. What comes before: test_plan_kill.c.
 */

#include "plan_script.h"

/* clang-format off */

#define TRACE .hold = HOLD_TRACE

static void test_settle(void)
{
	static const struct script rows[] = {
		{ "no list was in use", .lines = { READY, REAP(0), GONE }, IS(REAPED, NONE, TRACE) },
		{ "one was in use before the signal and was handed over",
		  .lines = { BEFORE, IN_USE, HELD, SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE, .robust = ROBUST_HANDED_OVER) },
		{ "one came into use after the first look and was handed over",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE_USED(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE, .robust = ROBUST_HANDED_OVER) },
		{ "the held thread owns one: let go",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE(LET_GO), RELEASE, GONE },
		  IS(FREED, LET_GO, TRACE, .robust = ROBUST_LET_GO) },
		{ "the held thread's list is unreadable: let go",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE(UNREADABLE), RELEASE, GONE },
		  IS(FREED, UNREADABLE, TRACE, .robust = ROBUST_UNREADABLE) },
		{ "the lists turn unreadable: let go",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE_ERR(-EPERM), RELEASE, GONE },
		  IS(FREED, UNREADABLE, TRACE, .robust = ROBUST_UNREADABLE) },
		{ "the held thread vanished, and so did all others",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE(GONE), RELEASE, GONE },
		  IS(FREED, FASTER, TRACE) },
		{ "all are gone, and one list was in use",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE_USED(GONE), RELEASE, GONE },
		  IS(FREED, LET_GO, TRACE, .robust = ROBUST_LET_GO) },
		{ "the way to the exit stop is starved: raised until it gets there",
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE_ERR(-ETIMEDOUT, .limit_us = LIMIT_SOON),
			     BOOST, SETTLE_ERR(-ETIMEDOUT, .limit_us = LIMIT_SOON), BOOST,
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "a thread that never lets go of its list: not reaped, and let go after 10 s",
		  .lines = { BEFORE, IN_USE, HELD, SETTLE_ERR(-ETIMEDOUT), BOOST,
			     SETTLE_ERR(-ETIMEDOUT, .again = 2), RELEASE },
		  IS(PENDING, SETTLE_BLOCKED, TRACE, .robust = ROBUST_LET_GO,
		     .after_us = 10 * SECONDS) },
		{ "likewise, --boost=never", .opt = { .boost_never = true },
		  .lines = { BEFORE, IN_USE, HELD,
			     SETTLE_ERR(-ETIMEDOUT, .limit_us = 10 * SECONDS), RELEASE },
		  IS(PENDING, SETTLE_BLOCKED, TRACE, .robust = ROBUST_LET_GO,
		     .after_us = 10 * SECONDS) },
		{ "likewise, --timeout=1", .opt = { .boost_never = true, .timeout_us = 1 * SECONDS },
		  .lines = { BEFORE, IN_USE, HELD,
			     SETTLE_ERR(-ETIMEDOUT, .limit_us = 1 * SECONDS), RELEASE },
		  IS(PENDING, SETTLE_BLOCKED, TRACE, .robust = ROBUST_LET_GO, .after_us = 1 * SECONDS) },
		{ "likewise, --timeout=0: a few scheduling rounds, then let go",
		  .opt = { .boost_never = true, .timeout_us = NO_WAIT },
		  .lines = { BEFORE, IN_USE, HELD, SETTLE_ERR(-ETIMEDOUT, .limit_us = 100 * MS),
			     RELEASE, EXIT(-ETIMEDOUT, .limit_us = LIMIT_NOW) },
		  IS(PENDING, NOT_EXITED, TRACE, .robust = ROBUST_LET_GO) },
		{ "--timeout=0, and it has exited by then",
		  .opt = { .boost_never = true, .timeout_us = NO_WAIT },
		  .lines = { BEFORE, IN_USE, HELD, SETTLE_ERR(-ETIMEDOUT), RELEASE, GONE },
		  IS(FREED, SETTLE_BLOCKED, TRACE, .robust = ROBUST_LET_GO) },
		{ "something moves: the 10 s begin again", .opt = { .boost_never = true },
		  .lines = { BEFORE, ONE_THREAD, HELD,
			     SETTLE_ERR(-EINPROGRESS, .takes_us = 9 * SECONDS),
			     SETTLE(REAP, .limit_us = 10 * SECONDS), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
	};

	PLAY(rows);
}

static void test_reap(void)
{
	static const struct script rows[] = {
		{ "0", .lines = { READY, REAP(0, .limit_us = 10 * SECONDS), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "0, --timeout=3", .opt = { .timeout_us = 3 * SECONDS },
		  .lines = { READY, REAP(0, .limit_us = 3 * SECONDS), GONE }, IS(REAPED, NONE, TRACE) },
		{ "0, --timeout=0: the call itself is waited for, the exit is not",
		  .opt = { .timeout_us = NO_WAIT },
		  .lines = { READY, REAP(0, .limit_us = LIMIT_NONE),
			     EXIT(-ETIMEDOUT, .limit_us = LIMIT_NOW) },
		  IS(REAPED, NOT_WAITED, TRACE) },
		{ "0, --timeout=0, exited by then", .opt = { .timeout_us = NO_WAIT },
		  .lines = { READY, REAP(0), EXIT(0, .limit_us = LIMIT_NOW), MM(UNREFERENCED) },
		  IS(REAPED, NONE, TRACE) },
		{ "EAGAIN twice, then 0",
		  .lines = { READY, REAP(-EAGAIN), PAUSE(), REAP(-EAGAIN), PAUSE(), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "EAGAIN to the limit: some of it is freed, not all",
		  .lines = { READY, REAP(-EAGAIN), PAUSE(.again = 2), RELEASE },
		  IS(PENDING, REAP_INCOMPLETE, TRACE, .after_us = 10 * SECONDS) },
		{ "EAGAIN to the limit, --timeout=2", .opt = { .timeout_us = 2 * SECONDS },
		  .lines = { READY, REAP(-EAGAIN), PAUSE(.again = 2), RELEASE },
		  IS(PENDING, REAP_INCOMPLETE, TRACE, .after_us = 2 * SECONDS) },
		{ "EAGAIN, --timeout=0: there is no time to wait", .opt = { .timeout_us = NO_WAIT },
		  .lines = { READY, REAP(-EAGAIN), RELEASE }, IS(PENDING, REAP_INCOMPLETE, TRACE) },
		{ "EINTR: again", .lines = { READY, REAP(-EINTR), REAP(-EINTR), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "EINPROGRESS: bytes come back, so the 10 s begin again",
		  .lines = { READY, REAP(-EINPROGRESS, .takes_us = 8 * SECONDS),
			     REAP(-EINPROGRESS, .takes_us = 8 * SECONDS, .limit_us = 10 * SECONDS),
			     REAP(0, .limit_us = 10 * SECONDS), GONE },
		  IS(REAPED, NONE, TRACE, .after_us = 16 * SECONDS) },
		{ "EINPROGRESS does not push out a limit that was given",
		  .opt = { .timeout_us = 20 * SECONDS },
		  .lines = { READY, REAP(-EINPROGRESS, .takes_us = 8 * SECONDS),
			     REAP(-EINPROGRESS, .takes_us = 8 * SECONDS, .limit_us = 12 * SECONDS),
			     REAP(-ETIMEDOUT, .limit_us = 4 * SECONDS), RELEASE },
		  IS(PENDING, REAP_BLOCKED, TRACE, .where = STEPNAME_REAP, .after_us = 20 * SECONDS) },
		{ "EINPROGRESS, --timeout=0: still no limit", .opt = { .timeout_us = NO_WAIT },
		  .lines = { READY, REAP(-EINPROGRESS, .takes_us = 8 * SECONDS),
			     REAP(0, .limit_us = LIMIT_NONE), EXIT(-ETIMEDOUT) },
		  IS(REAPED, NOT_WAITED, TRACE) },
		{ "ETIMEDOUT: it waits for the mmap lock",
		  .lines = { READY, REAP(-ETIMEDOUT), RELEASE },
		  IS(PENDING, REAP_BLOCKED, TRACE, .where = STEPNAME_REAP, .after_us = 10 * SECONDS) },
		{ "ESRCH: its own exit was faster",
		  .lines = { READY, REAP(-ESRCH), RELEASE, GONE }, IS(FREED, FASTER, TRACE) },
		{ "ESRCH, without a hold", .opt = { .hold_never = true },
		  .lines = { BEFORE, ONE_THREAD, KILL(0), SETTLE(REAP), REAP(-ESRCH), GONE },
		  IS(FREED, FASTER) },
		{ "ESRCH, and the memory stays: pinned after 10 s",
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER, TRACE, .after_us = 10 * SECONDS) },
		{ "ENOSYS after all",
		  .lines = { READY, REAP(-ENOSYS), RELEASE, GONE },
		  IS(KILLED, NO_MRELEASE, TRACE, .method = METHOD_KILL_ONLY) },
		{ "EPERM: a sandbox forbids it",
		  .lines = { READY, REAP(-EPERM), RELEASE, GONE },
		  IS(KILLED, NO_MRELEASE, TRACE, .method = METHOD_KILL_ONLY) },
		{ "EBADF, or whatever no kernel gives: said, and its own exit frees",
		  .lines = { READY, REAP(-EBADF), RELEASE, GONE },
		  IS(FREED, ERRNO, TRACE, .where = STEPNAME_REAP, .err = EBADF) },
		{ "ENOMEM: no thread for the call",
		  .lines = { READY, REAP(-ENOMEM), RELEASE, GONE },
		  IS(FREED, ERRNO, TRACE, .where = STEPNAME_REAP, .err = ENOMEM) },
		{ "EBADF, and the memory stays", .opt = { .timeout_us = 1 * SECONDS },
		  .lines = { READY, REAP(-EBADF), RELEASE, EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER, TRACE, .where = STEPNAME_REAP, .err = EBADF) },
	};

	PLAY(rows);
}

#define DYING_VIEW .view = { .has_mm = true, .dying = true }
#define DUMPING .view = { .has_mm = true, .dying = true, .core_dumping = true }

static void test_einval(void)
{
	static const struct script rows[] = {
		{ "a core dump is written; the dumper heeds SIGKILL some milliseconds later",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), PAUSE(), REAP(-EINVAL),
			     EXAMINE(DUMPING), PAUSE(), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "a core dump that does not end",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), PAUSE(.again = 3),
			     EXAMINE(DUMPING), RELEASE },
		  IS(PENDING, CORE_DUMP, TRACE, .where = STEPNAME_REAP, .err = EINVAL,
		     .after_us = 10 * SECONDS) },
		{ "a core dump, --timeout=1", .opt = { .timeout_us = 1 * SECONDS },
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), PAUSE(.again = 3),
			     EXAMINE(DUMPING), RELEASE },
		  IS(PENDING, CORE_DUMP, TRACE, .where = STEPNAME_REAP, .err = EINVAL,
		     .after_us = 1 * SECONDS) },
		{ "a core dump, --timeout=0", .opt = { .timeout_us = NO_WAIT },
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), RELEASE },
		  IS(PENDING, CORE_DUMP, TRACE, .where = STEPNAME_REAP, .err = EINVAL) },
		{ "a core dump, and then it has exited",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), PAUSE(), REAP(-EINVAL),
			     EXAMINE(.view = { .exited = true }), RELEASE, GONE },
		  IS(FREED, FASTER, TRACE) },
		{ "a core dump, and then the reap comes too late",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), PAUSE(), REAP(-ESRCH), RELEASE,
			     GONE },
		  IS(FREED, FASTER, TRACE) },

		{ "a vfork relative that execs in time",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW, .sharers = { .vfork = 1 }),
			     PAUSE(), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "a vfork relative that does not: its memory stays",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW, .sharers = { .vfork = 1 }),
			     PAUSE(.again = 3), RELEASE, EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, SHARER_LEFT, TRACE, .where = STEPNAME_REAP, .err = EINVAL) },
		{ "a sharer that turned up after the check: named, not killed",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW, .sharers = { .clone_vm = 1 }),
			     RELEASE, EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, SHARER_LEFT, TRACE, .where = STEPNAME_REAP, .err = EINVAL,
		     .after_us = 10 * SECONDS) },
		{ "such a sharer, and it ends meanwhile: somebody else made the last put",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW, .sharers = { .clone_vm = 1 }),
			     RELEASE, EXIT(0), MM(HELD), PAUSE(), MM(UNREFERENCED) },
		  IS(FREED, FASTER, TRACE, .where = STEPNAME_REAP, .err = EINVAL, .third_party = true) },
		{ "--sharers=kill: such a sharer is killed, too",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), ONE_THREAD, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(-EINVAL),
			     EXAMINE(DYING_VIEW, .sharers = { .clone_vm = 2 }), KILL_SHARERS(0),
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },

		{ "nobody is seen: a relative came and went; again until it works",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW), PAUSE(), REAP(-EINVAL),
			     EXAMINE(DYING_VIEW), PAUSE(), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "nobody is seen, again and again: let go within a second, its own exit frees",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW), PAUSE(.again = 3), RELEASE,
			     GONE },
		  IS(FREED, FASTER, TRACE, .where = STEPNAME_REAP, .err = EINVAL, .after_us = 49 * MS) },
		{ "unknown sharers, again and again: pinned by an unknown holder",
		  .lines = { ALIVE, RIGHT(0), SHARERS(.unknown = 4), ONE_THREAD, HELD, SETTLE(REAP),
			     REAP(-EINVAL), EXAMINE(DYING_VIEW, .sharers = { .unknown = 4 }),
			     PAUSE(.again = 3), RELEASE, EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER, TRACE, .where = STEPNAME_REAP, .err = EINVAL) },
		{ "the second look: it has exited",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(.view = { .exited = true }), RELEASE, GONE },
		  IS(FREED, FASTER, TRACE) },
		{ "the second look: ESRCH",
		  .lines = { READY, REAP(-EINVAL), EXAMINE(.err = -ESRCH), RELEASE, GONE },
		  IS(FREED, FASTER, TRACE) },
		{ "the second look is blocked",
		  .lines = { READY, REAP(-EINVAL), { .step = PLAN_EXAMINE, .used = true,
			     .r = { .err = -ETIMEDOUT }, .limit_us = 2 * SECONDS }, PAUSE(), REAP(0),
			     GONE },
		  IS(REAPED, NONE, TRACE) },
		{ "--timeout passes while nobody is seen", .opt = { .timeout_us = 20 * MS,
								     .boost_never = true },
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DYING_VIEW), PAUSE(.again = 3),
			     EXAMINE(DYING_VIEW), RELEASE, EXIT(-ETIMEDOUT) },
		  IS(PENDING, NOT_EXITED, TRACE, .where = STEPNAME_REAP, .err = EINVAL,
		     .after_us = 20 * MS) },
	};

	PLAY(rows);
}

static void test_flag(void)
{
	static const struct script rows[] = {
		{ "0, frozen: reaped, it stays", .flag = true,
		  .lines = { BEFORE_FROZEN, NO_LISTS, REAP_KILL(0) },
		  IS(REAPED, FROZEN, .method = METHOD_REAP_KILL, .hold = HOLD_FROZEN) },
		{ "0, frozen, --thaw", .flag = true, .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, NO_LISTS, REAP_KILL(0), THAW(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL, .hold = HOLD_FROZEN) },
		{ "0, --timeout=0", .flag = true, .opt = { .timeout_us = NO_WAIT },
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(0, .limit_us = LIMIT_NONE), EXIT(-ETIMEDOUT) },
		  IS(REAPED, NOT_WAITED, .method = METHOD_REAP_KILL) },
		{ "0, but the memory is unseen", .flag = true,
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(0), EXIT(0), MM(UNKNOWN) },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
		{ "EINPROGRESS: the 10 s begin again", .flag = true,
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(-EINPROGRESS, .takes_us = 9 * SECONDS),
			     REAP_KILL(0, .limit_us = 10 * SECONDS), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
		{ "EINPROGRESS, --timeout=0: still no limit", .flag = true,
		  .opt = { .timeout_us = NO_WAIT },
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(-EINPROGRESS, .takes_us = 9 * SECONDS),
			     REAP_KILL(0, .limit_us = LIMIT_NONE), EXIT(-ETIMEDOUT) },
		  IS(REAPED, NOT_WAITED, .method = METHOD_REAP_KILL) },
		{ "ETIMEDOUT: it has signalled and waits for the mmap lock", .flag = true,
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(-ETIMEDOUT) },
		  IS(PENDING, REAP_BLOCKED, .method = METHOD_REAP_KILL, .where = STEPNAME_REAP,
		     .after_us = 10 * SECONDS) },
		{ "ETIMEDOUT, --timeout=2", .flag = true, .opt = { .timeout_us = 2 * SECONDS },
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(-ETIMEDOUT, .limit_us = 2 * SECONDS) },
		  IS(PENDING, REAP_BLOCKED, .method = METHOD_REAP_KILL, .where = STEPNAME_REAP) },
	};

	PLAY(rows);
}

static void test_frozen(void)
{
	static const struct script rows[] = {
		{ "reaped although frozen: it needs no hold, and its exit waits for the thaw",
		  .lines = { BEFORE_FROZEN, ONE_THREAD, KILL(0), SETTLE(REAP, .limit_us = 10 * SECONDS),
			     REAP(0) },
		  IS(REAPED, FROZEN, .hold = HOLD_FROZEN) },
		{ "--thaw: out of the freezer after the reap", .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, ONE_THREAD, KILL(0), SETTLE(REAP), REAP(0), THAW(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_FROZEN) },
		{ "--thaw fails after the reap: reaped, and why it did not exit",
		  .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, ONE_THREAD, KILL(0), SETTLE(REAP), REAP(0), THAW(-EACCES) },
		  IS(REAPED, FROZEN, .hold = HOLD_FROZEN, .where = STEPNAME_THAW, .err = EACCES) },
		{ "a list in use: not reaped, for its owner cannot hand it over",
		  .lines = { BEFORE_FROZEN, IN_USE, KILL(0) },
		  IS(PENDING, FROZEN_ROBUST, .hold = HOLD_FROZEN, .robust = ROBUST_LET_GO) },
		{ "a list in use, --robust=ignore", .opt = { .robust_ignore = true },
		  .lines = { BEFORE_FROZEN, IN_USE, KILL(0), REAP(0) },
		  IS(REAPED, FROZEN, .hold = HOLD_FROZEN, .robust = ROBUST_IGNORED) },
		{ "a list in use, --robust=ignore --thaw: afterwards",
		  .opt = { .robust_ignore = true, .thaw = true },
		  .lines = { BEFORE_FROZEN, IN_USE, KILL(0), REAP(0), THAW(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_FROZEN, .robust = ROBUST_IGNORED) },
		{ "a list in use, --thaw: held, out of the freezer, handed over, reaped",
		  .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, IN_USE, HELD, THAW(0), SETTLE_USED(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE, .robust = ROBUST_HANDED_OVER) },
		{ "a list in use, --thaw fails: let go, not reaped",
		  .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, IN_USE, HELD, THAW(-EBUSY), RELEASE },
		  IS(PENDING, FROZEN_ROBUST, TRACE, .robust = ROBUST_LET_GO, .where = STEPNAME_THAW,
		     .err = EBUSY) },
		{ "a list in use, --thaw, the only thread owns it: it exits and frees",
		  .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, OWNER_ALONE, KILL(0), THAW(0), GONE },
		  IS(FREED, LET_GO, .hold = HOLD_FROZEN, .robust = ROBUST_LET_GO) },
		{ "a list turns out to be in use while frozen: nothing moves, not reaped",
		  .lines = { BEFORE_FROZEN, ONE_THREAD, KILL(0),
			     SETTLE_ERR(-ETIMEDOUT, .limit_us = 10 * SECONDS) },
		  IS(PENDING, FROZEN_ROBUST, .hold = HOLD_FROZEN) },
		{ "unreadable lists, --thaw: out of the freezer at once, its own exit frees",
		  .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, LISTS(.threads = 1, .unreadable = true), KILL(0), THAW(0),
			     GONE },
		  IS(FREED, UNREADABLE, .robust = ROBUST_UNREADABLE) },
		{ "unreadable lists, --thaw fails", .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, LISTS(.threads = 1, .unreadable = true), KILL(0),
			     THAW(-EACCES) },
		  IS(PENDING, FROZEN, .robust = ROBUST_UNREADABLE, .where = STEPNAME_THAW,
		     .err = EACCES) },
		{ "unreadable lists: not reaped, not exited",
		  .lines = { BEFORE_FROZEN, LISTS(.threads = 1, .unreadable = true), KILL(0),
			     EXIT_FROZEN() },
		  IS(PENDING, FROZEN, .robust = ROBUST_UNREADABLE) },
		{ "no process_mrelease, --thaw: out of the freezer at once", .no_mrelease = true,
		  .opt = { .thaw = true },
		  .lines = { BEFORE_FROZEN, ONE_THREAD, KILL(0), THAW(0), GONE },
		  IS(KILLED, NO_MRELEASE, .method = METHOD_KILL_ONLY) },
		{ "--sharers=spare --thaw: out of the freezer at once",
		  .opt = { .thaw = true, .sharers = SHARERS_SPARE },
		  .lines = { FROZEN, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, KILL(0), THAW(0),
			     EXIT(0), MM(HELD) },
		  IS(SPARED, NONE) },
		{ "frozen only by the time of its exit: reaped, and it stays",
		  .lines = { READY, REAP(0), EXIT_FROZEN() }, IS(REAPED, FROZEN, TRACE) },
		{ "frozen only by the time of its exit, --thaw", .opt = { .thaw = true },
		  .lines = { READY, REAP(0), EXIT_FROZEN(), THAW(0), GONE }, IS(REAPED, NONE, TRACE) },
		{ "frozen only by the time of its exit, --thaw fails", .opt = { .thaw = true },
		  .lines = { READY, REAP(0), EXIT_FROZEN(), THAW(-EACCES) },
		  IS(REAPED, FROZEN, TRACE, .where = STEPNAME_THAW, .err = EACCES) },
		{ "frozen only by the time of its exit, not reaped",
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT_FROZEN(), EXIT_FROZEN(.again = 1) },
		  IS(PENDING, FROZEN, TRACE) },
		{ "nobody is raised who cannot run",
		  .opt = { .timeout_us = 1 * SECONDS },
		  .lines = { BEFORE_FROZEN, LISTS(.threads = 1, .unreadable = true), KILL(0),
			     EXIT(-ETIMEDOUT, .limit_us = 1 * SECONDS) },
		  IS(PENDING, FROZEN, .robust = ROBUST_UNREADABLE) },
	};

	PLAY(rows);
}

static void test_exit(void)
{
	static const struct script rows[] = {
		{ "its exit lags: raised until it is through",
		  .lines = { READY, REAP(0), EXIT(-ETIMEDOUT, .limit_us = LIMIT_SOON), BOOST,
			     EXIT(-ETIMEDOUT, .limit_us = LIMIT_SOON), BOOST, EXIT(0),
			     MM(UNREFERENCED) },
		  IS(REAPED, NONE, TRACE) },
		{ "its exit lags, --boost=never", .opt = { .boost_never = true },
		  .lines = { READY, REAP(0), EXIT(0, .limit_us = 10 * SECONDS), MM(UNREFERENCED) },
		  IS(REAPED, NONE, TRACE) },
		{ "reaped, and it does not exit within 10 s", .opt = { .boost_never = true },
		  .lines = { READY, REAP(0), EXIT(-ETIMEDOUT) },
		  IS(PENDING, NOT_EXITED, TRACE, .after_us = 10 * SECONDS) },
		{ "reaped, and it does not exit within 10 s, raised all the time",
		  .lines = { READY, REAP(0), EXIT(-ETIMEDOUT), BOOST, EXIT(-ETIMEDOUT, .again = 2) },
		  IS(PENDING, NOT_EXITED, TRACE, .after_us = 10 * SECONDS) },
		{ "its exit uses CPU time: the 10 s begin again", .opt = { .boost_never = true },
		  .lines = { READY, REAP(0), EXIT(-EINPROGRESS, .takes_us = 9 * SECONDS),
			     EXIT(-EINPROGRESS, .takes_us = 9 * SECONDS, .limit_us = 10 * SECONDS),
			     EXIT(0, .limit_us = 10 * SECONDS), MM(UNREFERENCED) },
		  IS(REAPED, NONE, TRACE, .after_us = 18 * SECONDS) },
		{ "its exit uses CPU time, but a limit was given",
		  .opt = { .boost_never = true, .timeout_us = 10 * SECONDS },
		  .lines = { READY, REAP(0), EXIT(-EINPROGRESS, .takes_us = 9 * SECONDS),
			     EXIT(-ETIMEDOUT, .limit_us = 1 * SECONDS) },
		  IS(PENDING, NOT_EXITED, TRACE, .after_us = 10 * SECONDS) },
		{ "the limit counts from the start of the run",
		  .opt = { .boost_never = true, .timeout_us = 5 * SECONDS },
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE(REAP, .takes_us = 2 * SECONDS),
			     REAP(0, .takes_us = 2 * SECONDS, .limit_us = 3 * SECONDS),
			     EXIT(-ETIMEDOUT, .limit_us = 1 * SECONDS) },
		  IS(PENDING, NOT_EXITED, TRACE, .after_us = 5 * SECONDS) },
		{ "let go, and not exited by the limit",
		  .opt = { .boost_never = true, .timeout_us = 5 * SECONDS },
		  .lines = { BEFORE, ONE_THREAD, HELD, SETTLE(LET_GO), RELEASE, EXIT(-ETIMEDOUT) },
		  IS(PENDING, NOT_EXITED, TRACE, .robust = ROBUST_LET_GO) },
		{ "not exited, for a core dump is written", .opt = { .boost_never = true },
		  .lines = { READY, REAP(-EINVAL), EXAMINE(DUMPING), PAUSE(), REAP(-ESRCH), RELEASE,
			     EXIT(-ETIMEDOUT) },
		  IS(PENDING, CORE_DUMP, TRACE) },
	};

	PLAY(rows);
}

static void test_memory(void)
{
	static const struct script rows[] = {
		{ "reaped, exited, and somebody references the empty mm",
		  .lines = { READY, REAP(0), EXIT(0), MM(HELD) }, IS(REAPED, STILL_REFERENCED, TRACE) },
		{ "reaped, exited, memory unseen", .lines = { READY, REAP(0), EXIT(0), MM(UNKNOWN) },
		  IS(REAPED, NONE, TRACE) },
		{ "not reaped, exited, memory unseen: nothing is claimed",
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT(0), MM(UNKNOWN) },
		  IS(KILLED, MEMORY_UNSEEN, TRACE) },
		{ "held for a moment after its exit: a third party tears it down",
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT(0), MM(HELD), PAUSE(), MM(HELD), PAUSE(),
			     MM(UNREFERENCED) },
		  IS(FREED, FASTER, TRACE, .third_party = true) },
		{ "held, --timeout=0: pinned as far as can be seen", .opt = { .timeout_us = NO_WAIT },
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT(0), MM(HELD) },
		  IS(PINNED, UNKNOWN_HOLDER, TRACE) },
		{ "held, --timeout=2", .opt = { .timeout_us = 2 * SECONDS },
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER, TRACE, .after_us = 2 * SECONDS) },
		{ "the test is made seldom: 1, 2, 4, 8 ms, and 50 ms at last",
		  .lines = { READY, REAP(-ESRCH), RELEASE, EXIT(0), MM(HELD), PAUSE(.limit_us = 1 * MS),
			     MM(HELD), PAUSE(.limit_us = 2 * MS), MM(HELD), PAUSE(.limit_us = 4 * MS),
			     MM(HELD), PAUSE(.limit_us = 8 * MS), MM(HELD),
			     PAUSE(.limit_us = 16 * MS), MM(HELD), PAUSE(.limit_us = 32 * MS),
			     MM(HELD), PAUSE(.limit_us = 50 * MS), MM(HELD),
			     PAUSE(.limit_us = 50 * MS), MM(UNREFERENCED) },
		  IS(FREED, FASTER, TRACE, .third_party = true) },
		{ "by itself, and somebody keeps the memory", .opt = { .timeout_us = 1 * SECONDS },
		  .lines = { LOOK(.exiting = true), EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER) },
		{ "by itself", .lines = { LOOK(.exiting = true), EXIT(0), MM(UNREFERENCED) },
		  IS(EXITED, BY_ITSELF) },
		{ "spared, and the others have ended as well", .opt = { .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, KILL(0), GONE },
		  IS(SPARED, NONE) },
	};

	PLAY(rows);
}

/* The limit of the run holds whatever step it is: nothing may be begun that ends later. */
static void test_limit(void)
{
	static const struct script rows[] = {
		{ "--timeout is shorter than the scan for sharers may take",
		  .opt = { .timeout_us = 100 * MS },
		  .lines = { ALIVE, RIGHT(0), SHARERS_ERR(-ETIMEDOUT, .limit_us = 100 * MS) },
		  IS(PENDING, LOOK_BLOCKED, .after_us = 100 * MS) },
		{ "--timeout is shorter than reading the lists may take",
		  .opt = { .timeout_us = 100 * MS },
		  .lines = { BEFORE, LISTS_ERR(-ETIMEDOUT, .limit_us = 100 * MS) },
		  IS(PENDING, LOOK_BLOCKED, .after_us = 100 * MS) },
		{ "the rights of sharers are looked at under a limit",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1),
			     SHARER_RIGHTS(0, .limit_us = 2 * SECONDS), ONE_THREAD, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, TRACE) },
	};

	PLAY(rows);
}

/* clang-format on */

int main(void)
{
	RUN(test_settle);
	RUN(test_reap);
	RUN(test_einval);
	RUN(test_flag);
	RUN(test_frozen);
	RUN(test_exit);
	RUN(test_memory);
	RUN(test_limit);
	return unit_done();
}
