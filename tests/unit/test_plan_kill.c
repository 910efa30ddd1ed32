// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The plan up to the signal: what is refused, what is asked of the kernel first, which method is
 * taken, what a dry run says. What follows the signal: test_plan_reap.c.
 */

#include "plan_script.h"

/* clang-format off */

static void test_look(void)
{
	static const struct script rows[] = {
		{ "gone before the first look", .lines = { LOOK_ERR(-ESRCH) }, IS(NO_PROCESS, NOT_FOUND) },
		{ "a member of a selection is gone: a success", .selected = true,
		  .lines = { LOOK_ERR(-ESRCH) }, IS(EXITED, VANISHED) },
		{ "it cannot be looked at", .lines = { LOOK_ERR(-EACCES) },
		  IS(FAILED, ERRNO, .where = STEPNAME_RESOLVE, .err = EACCES) },
		{ "text that is no stat line", .lines = { LOOK_ERR(-EBADMSG) },
		  IS(FAILED, ERRNO, .where = STEPNAME_RESOLVE, .err = EBADMSG) },

		{ "PID 1 of our namespace", .lines = { LOOK(.init = true, .has_mm = true) },
		  IS(REFUSED_PROTECTED, INIT) },
		{ "PID 1, and everything was asked for",
		  .opt = { .allow_ancestors = true, .robust_ignore = true, .sharers = SHARERS_KILL },
		  .lines = { LOOK(.init = true, .ancestor = true, .has_mm = true) },
		  IS(REFUSED_PROTECTED, INIT) },
		{ "mmreap itself", .lines = { LOOK(.self = true, .has_mm = true) },
		  IS(REFUSED_PROTECTED, SELF) },
		{ "mmreap itself, ancestors allowed", .opt = { .allow_ancestors = true },
		  .lines = { LOOK(.self = true, .has_mm = true) }, IS(REFUSED_PROTECTED, SELF) },
		{ "a kernel thread", .lines = { LOOK(.kthread = true) }, IS(REFUSED_PROTECTED, KTHREAD) },
		{ "a kernel thread, ancestors allowed", .opt = { .allow_ancestors = true },
		  .lines = { LOOK(.kthread = true) }, IS(REFUSED_PROTECTED, KTHREAD) },
		{ "an ancestor", .lines = { LOOK(.ancestor = true, .has_mm = true) },
		  IS(REFUSED_PROTECTED, ANCESTOR) },
		{ "an ancestor, allowed", .opt = { .allow_ancestors = true },
		  .lines = { LOOK(.ancestor = true, .has_mm = true), MAY, ONE_THREAD, HELD,
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "the init of a child namespace is a legal target",
		  .lines = { LOOK(.ns_init = true, .has_mm = true), MAY, ONE_THREAD, HELD,
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "protected targets under --reap-only", .opt = { .reap_only = true },
		  .lines = { LOOK(.init = true, .has_mm = true, .dying = true) },
		  IS(REFUSED_PROTECTED, INIT) },
		{ "protected targets under --dry-run", .opt = { .dry_run = true },
		  .lines = { LOOK(.self = true, .has_mm = true) }, IS(REFUSED_PROTECTED, SELF) },

		{ "a zombie", .lines = { LOOK(.zombie = true, .exiting = true) }, IS(EXITED, ZOMBIE) },
		{ "a zombie under --reap-only", .opt = { .reap_only = true },
		  .lines = { LOOK(.zombie = true, .exiting = true) },
		  IS(EXITED, ZOMBIE) },
		{ "tearing itself down: only waited for",
		  .lines = { LOOK(.exiting = true, .dying = true), EXIT(0, .limit_us = 10 * SECONDS),
			     MM(UNKNOWN) },
		  IS(EXITED, BY_ITSELF) },
		{ "tearing itself down, and does not get through",
		  .lines = { LOOK(.exiting = true, .dying = true), EXIT(-ETIMEDOUT) },
		  IS(PENDING, NOT_EXITED, .after_us = 10 * SECONDS) },
		{ "tearing itself down, not waited for", .opt = { .timeout_us = NO_WAIT },
		  .lines = { LOOK(.exiting = true, .dying = true),
			     EXIT(-ETIMEDOUT, .limit_us = LIMIT_NOW) },
		  IS(PENDING, NOT_EXITED) },
		{ "tearing itself down, --dry-run", .opt = { .dry_run = true },
		  .lines = { LOOK(.exiting = true, .dying = true) }, IS(EXITED, BY_ITSELF) },
		{ "a thread past exit, others with the mm: goes on",
		  .lines = { LOOK(.exiting = true, .has_mm = true), MAY, ONE_THREAD, HELD, SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
	};

	PLAY(rows);
}

static void test_right(void)
{
	static const struct script rows[] = {
		{ "pidfd_send_signal 0: EPERM", .lines = { ALIVE, RIGHT(-EPERM) },
		  IS(DENIED, NO_RIGHT_TO_SIGNAL, .where = STEPNAME_RIGHT, .err = EPERM) },
		{ "pidfd_send_signal 0: EINVAL, it is in no PID namespace below ours",
		  .lines = { ALIVE, RIGHT(-EINVAL) },
		  IS(DENIED, NO_RIGHT_TO_SIGNAL, .where = STEPNAME_RIGHT, .err = EINVAL) },
		{ "pidfd_send_signal 0: ESRCH", .lines = { ALIVE, RIGHT(-ESRCH) },
		  IS(NO_PROCESS, NOT_FOUND) },
		{ "pidfd_send_signal 0: ESRCH of a selected one", .selected = true,
		  .lines = { ALIVE, RIGHT(-ESRCH) }, IS(EXITED, VANISHED) },
		{ "pidfd_send_signal 0: EBADF is no question of rights",
		  .lines = { ALIVE, RIGHT(-EBADF) },
		  IS(FAILED, ERRNO, .where = STEPNAME_RIGHT, .err = EBADF) },
		{ "pidfd_send_signal 0: EPERM under --dry-run", .opt = { .dry_run = true },
		  .lines = { ALIVE, RIGHT(-EPERM) },
		  IS(DENIED, NO_RIGHT_TO_SIGNAL, .where = STEPNAME_RIGHT, .err = EPERM) },
	};

	PLAY(rows);
}

#define VFORK_WAIT SHARERS(.vfork = 1), PAUSE(.again = 2)

static void test_sharers(void)
{
	static const struct script rows[] = {
		{ "shared: refused", .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 2) },
		  IS(REFUSED_SHARED, SHARED) },
		{ "shared, and some unknown: refused", .lines = { ALIVE, RIGHT(0),
		  SHARERS(.clone_vm = 1, .vfork = 1, .unknown = 3) }, IS(REFUSED_SHARED, SHARED) },
		{ "shared under --dry-run: refused", .opt = { .dry_run = true },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1) }, IS(REFUSED_SHARED, SHARED) },
		{ "kcmp: it lost its mm meanwhile, the next look tells",
		  .lines = { ALIVE, RIGHT(0), SHARERS_ERR(-ESRCH), LISTS_ERR(-ESRCH) },
		  IS(NO_PROCESS, NOT_FOUND) },
		{ "kcmp: ENOSYS is said and does not refuse",
		  .lines = { ALIVE, RIGHT(0), SHARERS_ERR(-ENOSYS), ONE_THREAD, HELD, SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "kcmp: EPERM is said and does not refuse",
		  .lines = { ALIVE, RIGHT(0), SHARERS_ERR(-EPERM), ONE_THREAD, HELD, SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "kcmp: ETIMEDOUT, blocked on an execve",
		  .lines = { ALIVE, RIGHT(0), SHARERS_ERR(-ETIMEDOUT, .limit_us = 2 * SECONDS),
			     ONE_THREAD, HELD, SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "unknown ones alone do not refuse",
		  .lines = { ALIVE, RIGHT(0), SHARERS(.unknown = 7), ONE_THREAD, HELD, SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },

		{ "a vfork child that execs within 200 ms does not count",
		  .lines = { ALIVE, RIGHT(0), SHARERS(.vfork = 1), PAUSE(), SHARERS(.vfork = 1),
			     PAUSE(), SHARERS(.vfork = 0), ONE_THREAD, HELD, SETTLE(REAP), REAP(0),
			     GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "a vfork child that does not: refused after 200 ms",
		  .lines = { ALIVE, RIGHT(0), VFORK_WAIT },
		  IS(REFUSED_SHARED, SHARED_VFORK, .after_us = 200 * MS) },
		{ "a vfork child beside a sharer is not waited for",
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1, .vfork = 1) },
		  IS(REFUSED_SHARED, SHARED) },
		{ "a sharer turns up while a vfork child is waited for",
		  .lines = { ALIVE, RIGHT(0), SHARERS(.vfork = 1), PAUSE(), SHARERS(.clone_vm = 1) },
		  IS(REFUSED_SHARED, SHARED, .after_us = 5 * MS) },
		{ "a vfork child, --sharers=spare: waited for, then spared",
		  .opt = { .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), VFORK_WAIT, ONE_THREAD, KILL(0), EXIT(0), MM(HELD) },
		  IS(SPARED, NONE, .after_us = 200 * MS) },
		{ "a vfork child, --sharers=kill: waited for, then killed too",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), VFORK_WAIT, SHARER_RIGHTS(0), ONE_THREAD, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE, .after_us = 200 * MS) },

		{ "--sharers=kill: all rights are checked, then all are signalled",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 2), SHARER_RIGHTS(0), ONE_THREAD,
			     HELD, KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--sharers=kill: no right to one, none is signalled",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 2), SHARER_RIGHTS(-EPERM) },
		  IS(DENIED, NO_RIGHT_TO_SHARER, .where = STEPNAME_RIGHT, .err = EPERM) },
		{ "--sharers=kill: one is protected",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 2),
			     { .step = PLAN_SHARER_RIGHTS, .used = true,
			       .r = { .sharers = { .clone_vm = 2, .protected = true } } } },
		  IS(REFUSED_PROTECTED, SHARER_PROTECTED) },
		{ "--sharers=kill: one is protected, whatever else went wrong",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 2),
			     { .step = PLAN_SHARER_RIGHTS, .used = true,
			       .r = { .err = -EPERM, .sharers = { .clone_vm = 2, .protected = true } } } },
		  IS(REFUSED_PROTECTED, SHARER_PROTECTED) },
		{ "--sharers=kill: the set changed while it was checked: again",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(-EAGAIN),
			     SHARERS(.clone_vm = 2), SHARER_RIGHTS(0), ONE_THREAD, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--sharers=kill and nobody shares",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { READY, REAP(0), GONE }, IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--sharers=kill: a new one came that we may not kill: it keeps the memory",
		  .opt = { .sharers = SHARERS_KILL, .timeout_us = 1 * SECONDS },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), ONE_THREAD,
			     HELD, KILL_SHARERS(-EPERM), SETTLE(REAP), REAP(-ESRCH), RELEASE, EXIT(0),
			     MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, SHARER_LEFT, .hold = HOLD_TRACE, .where = STEPNAME_SIGNAL, .err = EPERM) },
		{ "--sharers=kill: looking for new ones takes too long: goes on",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), ONE_THREAD,
			     HELD, KILL_SHARERS(-ETIMEDOUT, .limit_us = 2 * SECONDS), SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--sharers=kill without process_mrelease: all are signalled all the same",
		  .opt = { .sharers = SHARERS_KILL }, .no_mrelease = true,
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), ONE_THREAD,
			     KILL(0), KILL_SHARERS(0), GONE },
		  IS(KILLED, NO_MRELEASE, .method = METHOD_KILL_ONLY) },
		{ "--sharers=kill with unreadable lists: all are signalled, none is reaped",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0),
			     LISTS(.threads = 1, .unreadable = true), KILL(0), KILL_SHARERS(0), GONE },
		  IS(FREED, UNREADABLE, .robust = ROBUST_UNREADABLE) },
		{ "--sharers=kill, a robust list in use and no thread to hold: let all go",
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), OWNER_ALONE,
			     KILL(0), KILL_SHARERS(0), GONE },
		  IS(FREED, LET_GO, .robust = ROBUST_LET_GO) },

		{ "--sharers=spare: only the target is killed, and it is said",
		  .opt = { .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, KILL(0), EXIT(0),
			     MM(HELD) },
		  IS(SPARED, NONE) },
		{ "--sharers=spare and nobody shares: reaped as ever",
		  .opt = { .sharers = SHARERS_SPARE },
		  .lines = { READY, REAP(0), GONE }, IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--sharers=spare, it does not exit", .opt = { .sharers = SHARERS_SPARE,
								.boost_never = true },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, KILL(0),
			     EXIT(-ETIMEDOUT) },
		  IS(PENDING, NOT_EXITED, .after_us = 10 * SECONDS) },
		{ "--sharers=spare without process_mrelease", .opt = { .sharers = SHARERS_SPARE },
		  .no_mrelease = true,
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, KILL(0), EXIT(0),
			     MM(HELD) },
		  IS(SPARED, NONE, .method = METHOD_KILL_ONLY) },
		{ "--sharers=spare, gone before the signal", .opt = { .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, KILL(-ESRCH) },
		  IS(EXITED, BY_ITSELF) },
	};

	PLAY(rows);
}

static void test_lists(void)
{
	static const struct script rows[] = {
		{ "get_robust_list: the process is gone",
		  .lines = { BEFORE, LISTS_ERR(-ESRCH, .limit_us = 500 * MS) }, IS(NO_PROCESS, NOT_FOUND) },
		{ "get_robust_list: EPERM: kill, and let its own exit hand over and free",
		  .lines = { BEFORE, LISTS_ERR(-EPERM), KILL(0), GONE },
		  IS(FREED, UNREADABLE, .robust = ROBUST_UNREADABLE, .where = STEPNAME_LISTS,
		     .err = EPERM) },
		{ "some list unreadable",
		  .lines = { BEFORE, LISTS(.threads = 3, .unreadable = true, .candidate = true), KILL(0),
			     GONE },
		  IS(FREED, UNREADABLE, .robust = ROBUST_UNREADABLE) },
		{ "reading them blocks: likewise, after half a second",
		  .lines = { BEFORE, LISTS_ERR(-ETIMEDOUT, .limit_us = 500 * MS), KILL(0), GONE },
		  IS(FREED, BLOCKED_READ, .robust = ROBUST_UNREADABLE, .where = STEPNAME_LISTS,
		     .err = ETIMEDOUT, .after_us = 500 * MS) },
		{ "unreadable, --robust=ignore: reaped at once, and said",
		  .opt = { .robust_ignore = true },
		  .lines = { BEFORE, LISTS_ERR(-EPERM), KILL(0), REAP(0), GONE },
		  IS(REAPED, NONE, .robust = ROBUST_IGNORED) },
		{ "in use, --robust=ignore: held and reaped without settling",
		  .opt = { .robust_ignore = true },
		  .lines = { BEFORE, IN_USE, HELD, REAP(0), GONE },
		  IS(REAPED, NONE, .robust = ROBUST_IGNORED, .hold = HOLD_TRACE) },
		{ "not one in use, --robust=ignore", .opt = { .robust_ignore = true },
		  .lines = { BEFORE, ONE_THREAD, HELD, REAP(0), GONE },
		  IS(REAPED, NONE, .robust = ROBUST_IGNORED, .hold = HOLD_TRACE) },
		{ "the owner is the only thread: let go, and freed by its own exit",
		  .lines = { BEFORE, OWNER_ALONE, KILL(0), GONE },
		  IS(FREED, LET_GO, .robust = ROBUST_LET_GO) },
		{ "--reap-only: unreadable is denied", .opt = { .reap_only = true },
		  .lines = { LOOK(.has_mm = true, .dying = true),
			     LISTS(.threads = 1, .unreadable = true) },
		  IS(DENIED, NO_RIGHT_TO_LISTS, .method = METHOD_REAP_ONLY,
		     .robust = ROBUST_UNREADABLE) },
		{ "--reap-only: EPERM is denied", .opt = { .reap_only = true },
		  .lines = { LOOK(.has_mm = true, .dying = true),
			     LISTS_ERR(-EPERM, .limit_us = 500 * MS) },
		  IS(DENIED, NO_RIGHT_TO_LISTS, .method = METHOD_REAP_ONLY, .where = STEPNAME_LISTS,
		     .err = EPERM, .robust = ROBUST_UNREADABLE) },
		{ "--reap-only: unreadable, --robust=ignore",
		  .opt = { .reap_only = true, .robust_ignore = true },
		  .lines = { LOOK(.has_mm = true, .dying = true),
			     LISTS(.threads = 1, .unreadable = true), REAP(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY, .robust = ROBUST_IGNORED) },
	};

	PLAY(rows);
}

static void test_hold(void)
{
	static const struct script rows[] = {
		{ "--hold=never: reaped without", .opt = { .hold_never = true },
		  .lines = { BEFORE, ONE_THREAD, KILL(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE) },
		{ "no thread is fit to be held",
		  .lines = { BEFORE, LISTS(.threads = 2), KILL(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE) },
		{ "PTRACE_SEIZE: EPERM, traced already or forbidden: reaped without",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-EPERM, .limit_us = 250 * MS), KILL(0),
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE) },
		{ "PTRACE_SEIZE: EPERM, and then its exit is faster: it is said",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-EPERM), KILL(0), SETTLE(GONE), GONE },
		  IS(FREED, NOT_HELD, .where = STEPNAME_HOLD, .err = EPERM) },
		{ "PTRACE_SEIZE: EPERM, and the reap comes too late",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-EPERM), KILL(0), SETTLE(REAP), REAP(-ESRCH),
			     GONE },
		  IS(FREED, NOT_HELD, .where = STEPNAME_HOLD, .err = EPERM) },
		{ "PTRACE_SEIZE: ESRCH once: another thread is chosen",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-ESRCH), ONE_THREAD, HELD, SETTLE(REAP), REAP(0),
			     GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "PTRACE_SEIZE: ESRCH thrice: without",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-ESRCH), ONE_THREAD, HOLD(-ESRCH), ONE_THREAD,
			     HOLD(-ESRCH), KILL(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE) },
		{ "PTRACE_SEIZE: ESRCH thrice, and the exit is faster",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-ESRCH), ONE_THREAD, HOLD(-ESRCH), ONE_THREAD,
			     HOLD(-ESRCH), KILL(0), SETTLE(GONE), GONE },
		  IS(FREED, NOT_HELD, .where = STEPNAME_HOLD, .err = ESRCH) },
		{ "PTRACE_SEIZE: ESRCH because all are gone",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-ESRCH), LISTS_ERR(-ESRCH) },
		  IS(NO_PROCESS, NOT_FOUND) },
		{ "PTRACE_SEIZE: ETIMEDOUT, stopped and frozen or in an execve",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-ETIMEDOUT, .limit_us = 250 * MS), KILL(0),
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .after_us = 250 * MS) },
		{ "PTRACE_SEIZE: EIO or whatever comes: without",
		  .lines = { BEFORE, ONE_THREAD, HOLD(-EIO), KILL(0), SETTLE(GONE), GONE },
		  IS(FREED, NOT_HELD, .where = STEPNAME_HOLD, .err = EIO) },
		{ "not held, and a list is in use: its threads hand over, then it is reaped",
		  .lines = { BEFORE, IN_USE, HOLD(-EPERM), KILL(0), SETTLE_USED(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .robust = ROBUST_HANDED_OVER) },
	};

	PLAY(rows);
}

static void test_signal(void)
{
	static const struct script rows[] = {
		{ "SIGKILL: ESRCH: it was faster; there is nobody to let go",
		  .lines = { BEFORE, ONE_THREAD, HOLD(0), KILL(-ESRCH) }, IS(EXITED, BY_ITSELF) },
		{ "SIGKILL: EPERM, and the held thread is let go",
		  .lines = { BEFORE, ONE_THREAD, HOLD(0), KILL(-EPERM), RELEASE },
		  IS(DENIED, NO_RIGHT_TO_SIGNAL, .where = STEPNAME_SIGNAL, .err = EPERM) },
		{ "SIGKILL: EINVAL, and the held thread is let go",
		  .lines = { BEFORE, ONE_THREAD, HOLD(0), KILL(-EINVAL), RELEASE },
		  IS(FAILED, ERRNO, .where = STEPNAME_SIGNAL, .err = EINVAL) },
		{ "SIGKILL: EBADF, not held", .opt = { .hold_never = true },
		  .lines = { BEFORE, ONE_THREAD, KILL(-EBADF) },
		  IS(FAILED, ERRNO, .where = STEPNAME_SIGNAL, .err = EBADF) },
		{ "told to stop before the signal: let go, nothing touched",
		  .lines = { BEFORE, ONE_THREAD, HOLD(0), KILL(-EINTR), RELEASE },
		  IS(FAILED, INTERRUPTED, .where = STEPNAME_SIGNAL, .err = EINTR) },
		{ "told to stop before the signal, likewise",
		  .lines = { BEFORE, ONE_THREAD, HOLD(0), KILL(-ECANCELED), RELEASE },
		  IS(FAILED, INTERRUPTED, .where = STEPNAME_SIGNAL, .err = ECANCELED) },
	};

	PLAY(rows);
}

#define GRACE_1S .grace_us = 1 * SECONDS

static void test_grace(void)
{
	static const struct script rows[] = {
		{ "exits within the grace time",
		  .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(0, .limit_us = 1 * SECONDS),
			     MM(UNREFERENCED) },
		  IS(EXITED, GRACE) },
		{ "exits within the grace time, memory unseen",
		  .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(0), MM(UNKNOWN) }, IS(EXITED, GRACE) },
		{ "exits within the grace time, but somebody keeps the memory",
		  .opt = { GRACE_1S, .timeout_us = 3 * SECONDS },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER, .after_us = 3 * SECONDS) },
		{ "does not exit: everything is looked at again, then killed and reaped",
		  .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT), READY, REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE, .after_us = 1 * SECONDS) },
		{ "its CPU use is no end of the grace time",
		  .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0),
			     GRACE(-EINPROGRESS, .takes_us = 300 * MS, .limit_us = 1 * SECONDS),
			     GRACE(-ETIMEDOUT, .limit_us = 700 * MS), READY, REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE, .after_us = 1 * SECONDS) },
		{ "the 10 s without progress count from the end of the grace time",
		  .opt = { .grace_us = 30 * SECONDS, .boost_never = true },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT), BEFORE, ONE_THREAD, HELD,
			     SETTLE(REAP, .limit_us = 10 * SECONDS), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE, .after_us = 30 * SECONDS) },
		{ "vfork children get their 200 ms anew after the grace time",
		  .opt = { GRACE_1S },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.vfork = 1), PAUSE(), SHARERS(.vfork = 0),
			     ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT), ALIVE, RIGHT(0), VFORK_WAIT },
		  IS(REFUSED_SHARED, SHARED_VFORK, .after_us = 1205 * MS) },
		{ "gone when looked at again", .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT), LOOK_ERR(-ESRCH) },
		  IS(EXITED, GRACE) },
		{ "a zombie when looked at again", .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT),
			     LOOK(.zombie = true, .exiting = true) },
		  IS(EXITED, GRACE) },
		{ "gone when its right is asked for again", .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT), ALIVE, RIGHT(-ESRCH) },
		  IS(EXITED, GRACE) },
		{ "it shares its memory by then", .opt = { GRACE_1S },
		  .lines = { BEFORE, ONE_THREAD, TERM(0), GRACE(-ETIMEDOUT), ALIVE, RIGHT(0),
			     SHARERS(.clone_vm = 1) },
		  IS(REFUSED_SHARED, SHARED) },
		{ "--sharers=spare: the sharers used the grace time to exit: reaped, nothing is spared",
		  .opt = { GRACE_1S, .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD, TERM(0),
			     GRACE(-ETIMEDOUT), READY, REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--sharers=kill: the sharers used the grace time to exit: only the target is killed",
		  .opt = { GRACE_1S, .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), ONE_THREAD,
			     TERM(0), GRACE(-ETIMEDOUT), READY, REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "SIGTERM: ESRCH", .opt = { GRACE_1S }, .lines = { BEFORE, ONE_THREAD, TERM(-ESRCH) },
		  IS(NO_PROCESS, NOT_FOUND) },
		{ "SIGTERM: EPERM", .opt = { GRACE_1S }, .lines = { BEFORE, ONE_THREAD, TERM(-EPERM) },
		  IS(DENIED, NO_RIGHT_TO_SIGNAL, .where = STEPNAME_SIGNAL, .err = EPERM) },
		{ "refused first: no SIGTERM", .opt = { GRACE_1S },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1) }, IS(REFUSED_SHARED, SHARED) },
		{ "--dry-run: no SIGTERM", .opt = { GRACE_1S, .dry_run = true },
		  .lines = { BEFORE, ONE_THREAD }, IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "--reap-only: no SIGTERM", .opt = { GRACE_1S, .reap_only = true },
		  .lines = { LOOK(.has_mm = true, .dying = true), ONE_THREAD, SETTLE(REAP), REAP(0),
			     GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY) },
		{ "with the flag", .opt = { GRACE_1S }, .flag = true,
		  .lines = { BEFORE, NO_LISTS, TERM(0), GRACE(-ETIMEDOUT), BEFORE, NO_LISTS,
			     REAP_KILL(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
	};

	PLAY(rows);
}

static void test_method(void)
{
	static const struct script rows[] = {
		{ "auto: the flag, where there is nothing to lose", .flag = true,
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(0, .limit_us = 10 * SECONDS), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
		{ "auto: not where a thread has registered a list, even an empty one", .flag = true,
		  .lines = { READY, REAP(0), GONE }, IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: not where one of several has", .flag = true,
		  .lines = { BEFORE, LISTS(.threads = 3, .null = 2, .candidate = true), HELD,
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: not where a list is unreadable", .flag = true,
		  .lines = { BEFORE, LISTS(.threads = 1, .null = 1, .unreadable = true), KILL(0), GONE },
		  IS(FREED, UNREADABLE, .robust = ROBUST_UNREADABLE) },
		{ "auto: not where sharers are unknown", .flag = true,
		  .lines = { ALIVE, RIGHT(0), SHARERS(.unknown = 1), NO_LISTS, HELD, SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: not where kcmp failed", .flag = true,
		  .lines = { ALIVE, RIGHT(0), SHARERS_ERR(-EPERM), NO_LISTS, HELD, SETTLE(REAP), REAP(0),
			     GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: not on a shared mm that is killed together", .flag = true,
		  .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), NO_LISTS, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: never on a vfork pair", .flag = true, .opt = { .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), VFORK_WAIT, SHARER_RIGHTS(0), NO_LISTS, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: never on an mm that is spared", .flag = true,
		  .opt = { .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), NO_LISTS, KILL(0), EXIT(0),
			     MM(HELD) },
		  IS(SPARED, NONE) },
		{ "auto: never on the init of a PID namespace", .flag = true,
		  .lines = { LOOK(.ns_init = true, .has_mm = true), MAY, NO_LISTS, HELD, SETTLE(REAP),
			     REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "auto: the flag, where --robust=ignore says that nothing counts", .flag = true,
		  .opt = { .robust_ignore = true },
		  .lines = { BEFORE, IN_USE, REAP_KILL(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL, .robust = ROBUST_IGNORED) },
		{ "the flag and lists that cannot be read, ignored: no error is left in the row",
		  .flag = true, .opt = { .robust_ignore = true },
		  .lines = { BEFORE, LISTS_ERR(-EPERM), REAP_KILL(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL, .robust = ROBUST_IGNORED) },
		{ "auto: kill-only, where there is no process_mrelease", .no_mrelease = true,
		  .lines = { BEFORE, ONE_THREAD, KILL(0), GONE },
		  IS(KILLED, NO_MRELEASE, .method = METHOD_KILL_ONLY) },
		{ "kill-only, memory unseen", .no_mrelease = true,
		  .lines = { BEFORE, ONE_THREAD, KILL(0), EXIT(0), MM(UNKNOWN) },
		  IS(KILLED, NO_MRELEASE, .method = METHOD_KILL_ONLY) },
		{ "kill-only, and the memory stays", .no_mrelease = true,
		  .opt = { .timeout_us = 1 * SECONDS },
		  .lines = { BEFORE, ONE_THREAD, KILL(0), EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, UNKNOWN_HOLDER, .method = METHOD_KILL_ONLY, .after_us = 1 * SECONDS) },

		{ "-m kill-reap: although the flag is there", .flag = true,
		  .opt = { .method = CHOOSE_KILL_REAP },
		  .lines = { BEFORE, NO_LISTS, HELD, SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "-m kill-reap without process_mrelease: unsupported", .no_mrelease = true,
		  .opt = { .method = CHOOSE_KILL_REAP }, .lines = { BEFORE, ONE_THREAD },
		  IS(UNSUPPORTED, NO_MRELEASE, .method = METHOD_KILL_ONLY) },
		{ "-m reap-kill without the flag: unsupported, nothing signalled",
		  .opt = { .method = CHOOSE_REAP_KILL }, .lines = { BEFORE, NO_LISTS },
		  IS(UNSUPPORTED, NO_FLAG) },
		{ "-m reap-kill without process_mrelease: unsupported", .no_mrelease = true,
		  .opt = { .method = CHOOSE_REAP_KILL }, .lines = { BEFORE, NO_LISTS },
		  IS(UNSUPPORTED, NO_FLAG, .method = METHOD_KILL_ONLY) },
		{ "-m reap-kill with a robust list to lose needs --robust=ignore", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL }, .lines = { BEFORE, ONE_THREAD },
		  IS(UNSUPPORTED, FLAG_NEEDS_IGNORE) },
		{ "-m reap-kill with a robust list in use needs it, too", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL }, .lines = { BEFORE, IN_USE },
		  IS(UNSUPPORTED, FLAG_NEEDS_IGNORE, .robust = ROBUST_LET_GO) },
		{ "-m reap-kill --robust=ignore", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL, .robust_ignore = true },
		  .lines = { BEFORE, IN_USE, REAP_KILL(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL, .robust = ROBUST_IGNORED) },
		{ "-m reap-kill, nothing to lose", .flag = true, .opt = { .method = CHOOSE_REAP_KILL },
		  .lines = { BEFORE, NO_LISTS, REAP_KILL(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
		{ "-m reap-kill on the init of a PID namespace", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL },
		  .lines = { LOOK(.ns_init = true, .has_mm = true), MAY, NO_LISTS },
		  IS(UNSUPPORTED, FLAG_INIT) },
		{ "-m reap-kill, unknown sharers: as asked", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.unknown = 2), NO_LISTS, REAP_KILL(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
		{ "-m reap-kill on a shared mm: refused like any", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1) }, IS(REFUSED_SHARED, SHARED) },
		{ "-m reap-kill --sharers=kill: by our own signals, each right checked", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL, .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), NO_LISTS, HELD,
			     KILL_SHARERS(0), SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "-m reap-kill --sharers=spare: never with the flag", .flag = true,
		  .opt = { .method = CHOOSE_REAP_KILL, .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), NO_LISTS, KILL(0), EXIT(0),
			     MM(HELD) },
		  IS(SPARED, NONE) },
	};

	PLAY(rows);
}

static void test_reap_only(void)
{
#define DYING LOOK(.has_mm = true, .dying = true)
	static const struct script rows[] = {
		{ "a dying process is reaped without a signal, and no right is asked for",
		  .opt = { .reap_only = true }, .lines = { DYING, ONE_THREAD, SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY) },
		{ "a living process is left alone", .opt = { .reap_only = true }, .lines = { ALIVE },
		  IS(FAILED, NOT_DYING, .method = METHOD_REAP_ONLY) },
		{ "no process_mrelease", .opt = { .reap_only = true }, .no_mrelease = true,
		  .lines = { DYING }, IS(UNSUPPORTED, NO_MRELEASE, .method = METHOD_REAP_ONLY) },
		{ "the flag is not for this", .opt = { .reap_only = true }, .flag = true,
		  .lines = { DYING, NO_LISTS, SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY) },
		{ "gone by then", .opt = { .reap_only = true }, .lines = { DYING, LISTS_ERR(-ESRCH) },
		  IS(NO_PROCESS, NOT_FOUND, .method = METHOD_REAP_ONLY) },
		{ "its own exit is faster", .opt = { .reap_only = true },
		  .lines = { DYING, ONE_THREAD, SETTLE(GONE), GONE },
		  IS(EXITED, BY_ITSELF, .method = METHOD_REAP_ONLY) },
		{ "the lists are handed over by its own threads, then it is reaped",
		  .opt = { .reap_only = true },
		  .lines = { DYING, IN_USE, SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY, .robust = ROBUST_HANDED_OVER) },
		{ "--robust=ignore: at once", .opt = { .reap_only = true, .robust_ignore = true },
		  .lines = { DYING, IN_USE, REAP(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY, .robust = ROBUST_IGNORED) },
		{ "nothing is raised: it is not ours", .opt = { .reap_only = true },
		  .lines = { DYING, ONE_THREAD, SETTLE(REAP, .limit_us = 10 * SECONDS), REAP(0),
			     EXIT(-ETIMEDOUT, .limit_us = 10 * SECONDS) },
		  IS(PENDING, NOT_EXITED, .method = METHOD_REAP_ONLY) },
		{ "frozen and killed by somebody: reaped, and it stays",
		  .opt = { .reap_only = true },
		  .lines = { LOOK(.has_mm = true, .dying = true, .frozen = true), ONE_THREAD,
			     SETTLE(REAP), REAP(0) },
		  IS(REAPED, FROZEN, .method = METHOD_REAP_ONLY, .hold = HOLD_FROZEN) },
		{ "frozen, --thaw, a list in use: out of the freezer first",
		  .opt = { .reap_only = true, .thaw = true },
		  .lines = { LOOK(.has_mm = true, .dying = true, .frozen = true), IN_USE, THAW(0),
			     SETTLE(REAP), REAP(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY, .hold = HOLD_FROZEN,
		     .robust = ROBUST_HANDED_OVER) },
		{ "frozen, --thaw, no list in use: out of the freezer afterwards",
		  .opt = { .reap_only = true, .thaw = true },
		  .lines = { LOOK(.has_mm = true, .dying = true, .frozen = true), ONE_THREAD,
			     SETTLE(REAP), REAP(0), THAW(0), GONE },
		  IS(REAPED, NONE, .method = METHOD_REAP_ONLY, .hold = HOLD_FROZEN) },
		{ "EINVAL, and it is not dying after all", .opt = { .reap_only = true },
		  .lines = { DYING, ONE_THREAD, SETTLE(REAP), REAP(-EINVAL),
			     EXAMINE(.view = { .has_mm = true }) },
		  IS(FAILED, NOT_DYING, .method = METHOD_REAP_ONLY, .where = STEPNAME_REAP,
		     .err = EINVAL) },
		{ "EINVAL, a sharer lives on, and nobody is signalled",
		  .opt = { .reap_only = true, .timeout_us = 1 * SECONDS },
		  .lines = { DYING, ONE_THREAD, SETTLE(REAP), REAP(-EINVAL),
			     EXAMINE(.view = { .has_mm = true, .dying = true },
				     .sharers = { .clone_vm = 1 }), EXIT(0), MM(HELD), PAUSE(.again = 2) },
		  IS(PINNED, SHARER_LEFT, .method = METHOD_REAP_ONLY, .where = STEPNAME_REAP,
		     .err = EINVAL) },
		{ "ENOSYS after all: nothing was signalled, so it was not killed",
		  .opt = { .reap_only = true },
		  .lines = { DYING, ONE_THREAD, SETTLE(REAP), REAP(-ENOSYS) },
		  IS(UNSUPPORTED, NO_MRELEASE, .method = METHOD_REAP_ONLY) },
		{ "dry run", .opt = { .reap_only = true, .dry_run = true },
		  .lines = { DYING, ONE_THREAD }, IS(REAPED, NONE, .method = METHOD_REAP_ONLY) },
	};

	PLAY(rows);
#undef DYING
}

static void test_dry_run(void)
{
	static const struct script rows[] = {
		{ "reaped", .opt = { .dry_run = true }, .lines = { BEFORE, ONE_THREAD },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "reaped without a hold", .opt = { .dry_run = true, .hold_never = true },
		  .lines = { BEFORE, ONE_THREAD }, IS(REAPED, NONE) },
		{ "no thread to hold", .opt = { .dry_run = true },
		  .lines = { BEFORE, LISTS(.threads = 1) }, IS(REAPED, NONE) },
		{ "with the flag", .opt = { .dry_run = true }, .flag = true, .lines = { BEFORE, NO_LISTS },
		  IS(REAPED, NONE, .method = METHOD_REAP_KILL) },
		{ "one of several threads owns a lock: handed over, then reaped",
		  .opt = { .dry_run = true }, .lines = { BEFORE, IN_USE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE, .robust = ROBUST_HANDED_OVER) },
		{ "the only thread owns a lock: let go", .opt = { .dry_run = true },
		  .lines = { BEFORE, OWNER_ALONE }, IS(FREED, LET_GO, .robust = ROBUST_LET_GO) },
		{ "the only thread owns a lock, --robust=ignore",
		  .opt = { .dry_run = true, .robust_ignore = true },
		  .lines = { BEFORE, OWNER_ALONE }, IS(REAPED, NONE, .robust = ROBUST_IGNORED) },
		{ "unreadable lists", .opt = { .dry_run = true },
		  .lines = { BEFORE, LISTS(.threads = 2, .unreadable = true, .candidate = true) },
		  IS(FREED, UNREADABLE, .robust = ROBUST_UNREADABLE) },
		{ "lists that block", .opt = { .dry_run = true },
		  .lines = { BEFORE, LISTS_ERR(-ETIMEDOUT) },
		  IS(FREED, BLOCKED_READ, .robust = ROBUST_UNREADABLE, .where = STEPNAME_LISTS,
		     .err = ETIMEDOUT) },
		{ "no process_mrelease", .opt = { .dry_run = true }, .no_mrelease = true,
		  .lines = { BEFORE, ONE_THREAD },
		  IS(KILLED, NO_MRELEASE, .method = METHOD_KILL_ONLY) },
		{ "spare", .opt = { .dry_run = true, .sharers = SHARERS_SPARE },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD }, IS(SPARED, NONE) },
		{ "kill the sharers: rights are checked all the same",
		  .opt = { .dry_run = true, .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(0), ONE_THREAD },
		  IS(REAPED, NONE, .hold = HOLD_TRACE) },
		{ "kill the sharers: no right to one",
		  .opt = { .dry_run = true, .sharers = SHARERS_KILL },
		  .lines = { ALIVE, RIGHT(0), SHARERS(.clone_vm = 1), SHARER_RIGHTS(-EPERM) },
		  IS(DENIED, NO_RIGHT_TO_SHARER, .where = STEPNAME_RIGHT, .err = EPERM) },
		{ "unsupported", .opt = { .dry_run = true, .method = CHOOSE_REAP_KILL },
		  .lines = { BEFORE, NO_LISTS }, IS(UNSUPPORTED, NO_FLAG) },
		{ "frozen", .opt = { .dry_run = true }, .lines = { BEFORE_FROZEN, ONE_THREAD },
		  IS(REAPED, FROZEN, .hold = HOLD_FROZEN) },
		{ "frozen, --thaw: it will exit, too", .opt = { .dry_run = true, .thaw = true },
		  .lines = { BEFORE_FROZEN, ONE_THREAD }, IS(REAPED, NONE, .hold = HOLD_FROZEN) },
		{ "frozen with a list in use", .opt = { .dry_run = true },
		  .lines = { BEFORE_FROZEN, IN_USE },
		  IS(PENDING, FROZEN_ROBUST, .hold = HOLD_FROZEN, .robust = ROBUST_LET_GO) },
		{ "frozen with a list in use, --thaw", .opt = { .dry_run = true, .thaw = true },
		  .lines = { BEFORE_FROZEN, IN_USE },
		  IS(REAPED, NONE, .hold = HOLD_TRACE, .robust = ROBUST_HANDED_OVER) },
		{ "frozen with a list in use, --robust=ignore",
		  .opt = { .dry_run = true, .robust_ignore = true },
		  .lines = { BEFORE_FROZEN, IN_USE },
		  IS(REAPED, FROZEN, .hold = HOLD_FROZEN, .robust = ROBUST_IGNORED) },
		{ "frozen with unreadable lists: nobody reaps and it cannot exit",
		  .opt = { .dry_run = true },
		  .lines = { BEFORE_FROZEN, LISTS(.threads = 1, .unreadable = true) },
		  IS(PENDING, FROZEN, .robust = ROBUST_UNREADABLE) },
		{ "frozen without process_mrelease: it cannot exit",
		  .opt = { .dry_run = true }, .no_mrelease = true, .lines = { BEFORE_FROZEN, ONE_THREAD },
		  IS(PENDING, FROZEN, .method = METHOD_KILL_ONLY) },
		{ "frozen, spared sharers: it cannot exit",
		  .opt = { .dry_run = true, .sharers = SHARERS_SPARE },
		  .lines = { FROZEN, RIGHT(0), SHARERS(.clone_vm = 1), ONE_THREAD },
		  IS(PENDING, FROZEN) },
		{ "gone", .opt = { .dry_run = true }, .lines = { LOOK_ERR(-ESRCH) },
		  IS(NO_PROCESS, NOT_FOUND) },
	};

	PLAY(rows);
}

/* What is done is done: asked again, the plan says DONE again. */
static void test_done(void)
{
	struct plan_kill st = { .cfg.opt.timeout_us = UNKNOWN };
	const struct plan_result gone = { .err = -ESRCH, .now_us = 5 };

	plan_kill_start(&st, 5);
	is_int(plan_kill_next(&st, &gone).kind, PLAN_DONE, "done");
	is_int(plan_kill_next(&st, &(struct plan_result){ .now_us = 6 }).kind, PLAN_DONE, "still done");
	is_int(st.outcome, OUTCOME_NO_PROCESS, "the verdict stays");
}

static void test_words(void)
{
	static const struct {
		enum plan_kind kind;
		const char *word;
	} rows[] = {
		{ PLAN_LOOK, "resolve" }, { PLAN_RIGHT, "right" }, { PLAN_SHARER_RIGHTS, "right" },
		{ PLAN_SHARERS, "sharers" }, { PLAN_EXAMINE, "sharers" }, { PLAN_LISTS, "lists" },
		{ PLAN_HOLD, "hold" }, { PLAN_RELEASE, "hold" }, { PLAN_TERM, "signal" },
		{ PLAN_SIGNAL, "signal" }, { PLAN_SIGNAL_SHARERS, "signal" }, { PLAN_THAW, "thaw" },
		{ PLAN_SETTLE, "settle" }, { PLAN_REAP, "reap" }, { PLAN_REAP_KILL, "reap" },
		{ PLAN_GRACE, "exit" }, { PLAN_AWAIT_EXIT, "exit" }, { PLAN_BOOST, "exit" },
		{ PLAN_TEST_MM, "mm" }, { PLAN_PAUSE, "none" }, { PLAN_DONE, "none" },
	};

	is_int(UNIT_ROWS(rows), PLAN_COUNT, "every step is here");
	for (size_t i = 0; i < UNIT_ROWS(rows); i++)
		is_str(step_word(plan_step_name(rows[i].kind)), rows[i].word, "step %d", rows[i].kind);
	for (int k = 0; k < PLAN_COUNT; k++) {
		const char *word = plan_kind_word((enum plan_kind)k);
		bool alone = word && *word;

		for (int other = 0; other < k && alone; other++)
			alone = strcmp(word, plan_kind_word((enum plan_kind)other)) != 0;
		ok(alone, "-v says %s of no other step", word ? word : "nothing");
	}
}

/* clang-format on */

int main(void)
{
	RUN(test_look);
	RUN(test_right);
	RUN(test_sharers);
	RUN(test_lists);
	RUN(test_hold);
	RUN(test_signal);
	RUN(test_grace);
	RUN(test_method);
	RUN(test_reap_only);
	RUN(test_dry_run);
	RUN(test_done);
	RUN(test_words);
	return unit_done();
}
