/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The plan of a kill: (state, last result) in, next step out. Pure: no clock, no kernel, no memory
 * but its own; time comes in with each result. Every errno, retry, refusal and deadline of a kill
 * is decided here and nowhere else, and is a row of tests/unit/test_plan_kill.c.
 *
 * The acting side (act/kill.c) does the step and hands back what came of it. Kernel rules are
 * quoted where they are used, in plan/kill.c.
 */

#include <mmreap/model.h>
#include <mmreap/outcome.h>

enum plan_kind {
	PLAN_LOOK,	     /* read the process through its held /proc directory -> view */
	PLAN_RIGHT,	     /* signal 0 through the pidfd */
	PLAN_SHARERS,	     /* who else uses this mm -> sharers */
	PLAN_SHARER_RIGHTS,  /* a pidfd for each sharer, still sharing, signal 0 for each */
	PLAN_LISTS,	     /* open pagemap and mem, read all robust lists, choose T -> lists */
	PLAN_TERM,	     /* SIGTERM, the start of the grace time */
	PLAN_GRACE,	     /* wait for the exit during the grace time */
	PLAN_HOLD,	     /* seize T */
	PLAN_SIGNAL,	     /* SIGKILL to the target; several targets: when all are ready */
	PLAN_SIGNAL_SHARERS, /* SIGKILL to every checked sharer, look again until none is new */
	PLAN_REAP_KILL,	     /* the one call with the flag, instead of HOLD..REAP */
	PLAN_THAW,	     /* move the victim out of its frozen v1 cgroup */
	PLAN_SETTLE,	     /* wait until the robust lists are final -> settled */
	PLAN_REAP,	 /* process_mrelease; T is let go when RSS falls or the call returns 0 */
	PLAN_EXAMINE,	 /* after EINVAL or ESRCH: look and scan again -> view, sharers */
	PLAN_PAUSE,	 /* wait until step.until_us */
	PLAN_RELEASE,	 /* let T go */
	PLAN_AWAIT_EXIT, /* pidfd readable */
	PLAN_BOOST,	 /* raise what is left of the exit; -EALREADY: nobody new */
	PLAN_TEST_MM,	 /* the pagemap test -> mm */
	PLAN_DONE,
};
#define PLAN_COUNT (PLAN_DONE + 1)

/**
 * struct plan_step - what to do next
 * @until_us: absolute CLOCK_MONOTONIC limit of the step; past it the result is -ETIMEDOUT and
 *	whatever blocks is left behind. INT64_MAX: none.
 */
struct plan_step {
	enum plan_kind kind;
	int64_t until_us;
};

/** struct plan_view - what LOOK saw; bools are false where it could not be seen */
struct plan_view {
	bool init;    /* PID 1 of our namespace */
	bool ns_init; /* init of another PID namespace */
	bool self;
	bool ancestor;
	bool tracer; /* of mmreap: held, it would hold us */
	bool kthread;
	bool zombie;  /* the whole thread group is dead, its parent has not waited */
	bool has_mm;  /* some thread may have an mm */
	bool exiting; /* PF_EXITING: on its way out */
	bool dying;   /* SIGKILL or group exit decided: process_mrelease may work */
	bool core_dumping;
	bool frozen; /* v1 freezer: SIGKILL alone cannot end it */
	bool exited; /* pidfd readable */
};

/** struct plan_sharers - other thread groups with the same mm */
struct plan_sharers {
	int clone_vm;
	int vfork;	/* vfork parent or child, not yet past exec */
	int co_targets; /* targets of this run themselves: asked for, and signalled as such */
	int unknown;	/* could not be compared */
	bool protected; /* one of them is init, mmreap itself, an ancestor that is not allowed */
};

/** struct plan_lists - robust lists as read before the signal: nothing final yet */
struct plan_lists {
	int threads;
	int in_use;	 /* next != head or list_op_pending != 0 */
	int null;	 /* no list registered: nothing to lose, ever */
	bool unreadable; /* at least one could not be read */
	bool candidate;	 /* a thread fit to be T was found */
};

/**
 * struct plan_threads - the thread group at one moment after the signal
 * @complete: the listing is known to hold every living thread. Linux's readdir of /proc/PID/task
 *	skips threads when others die between two reads (proc_task_readdir counts positions), so it
 *	counts only when the number of threads was the same before and after and equals the entries.
 * @unsettled: threads, T not counted, whose list may still change: registered, and seen running
 * @in_use: threads, T not counted, with a list in use
 * @unreadable: threads, T not counted, whose list could not be read
 * @t_held: T is ours; @t_final: its list can change no more: T is in PTRACE_EVENT_EXIT, or was seen
 *	off the CPU (a thread in D state may never get to its exit); @t_in_use, @t_unreadable: its list
 * @gone: no thread is left that could have an mm
 */
struct plan_threads {
	bool complete;
	bool gone;
	int unsettled;
	int in_use;
	int unreadable;
	bool t_held;
	bool t_final;
	bool t_in_use;
	bool t_unreadable;
};

enum plan_settled { SETTLED_WAIT, SETTLED_REAP, SETTLED_LET_GO, SETTLED_UNREADABLE, SETTLED_GONE };

/**
 * plan_settle - May the memory be taken now?
 *
 * A list is final when its thread can never run user code again and the list is empty, or when the
 * kernel has cleared the pointer (futex_cleanup(), kernel/futex/core.c). After SIGKILL has been
 * sent every thread has TIF_SIGPENDING (complete_signal()), so a thread that is then seen off the
 * CPU (any state but R) is in the kernel and dies on its way out: @unsettled counts the others.
 */
enum plan_settled plan_settle(const struct plan_threads *t);

enum plan_mm { MM_UNKNOWN, MM_HELD, MM_UNREFERENCED };

/**
 * struct plan_result - what came of the last step
 * @err: 0 or negative errno; -ETIMEDOUT when step.until_us passed; -EINPROGRESS: still at it, and
 *	something moved (bytes came back, or the exit used CPU time)
 * @lives: @err is -ESRCH, and yet its pidfd shows no exit: then nobody is gone
 */
struct plan_result {
	int err;
	bool lives;
	int64_t now_us;
	struct plan_view view;
	struct plan_sharers sharers;
	struct plan_lists lists;
	enum plan_settled settled;
	bool seen_in_use; /* SETTLE: some list was in use on the way */
	enum plan_mm mm;
};

/** struct plan_config - what holds for the whole run: the wish and the kernel's abilities */
struct plan_config {
	struct kill_options opt;
	bool selected;	   /* the target came from a selection: gone is a success */
	bool has_mrelease; /* process_mrelease(-1, 0) gave EBADF */
	bool has_flag;	   /* process_mrelease(-1, 1) gave EBADF */
	bool alone;	   /* there is no other target in this run */
};

/** struct plan_kill - the state; zero-initialise, set cfg, then plan_kill_start() */
struct plan_kill {
	struct plan_config cfg;
	struct plan_step step; /* the step being done */
	enum plan_kind then;   /* after PAUSE or RELEASE */
	int64_t deadline_us;   /* hard limit, INT64_MAX: none */
	int64_t progress_us;   /* last time something moved */
	int64_t vfork_us;      /* until when vfork relatives are waited for; 0: not yet asked */
	int64_t pause_us;      /* length of the next pause */
	int64_t calm_us;       /* no boost for so long: the last one found nobody new to raise */
	int tries_hold;
	int tries_stale; /* it had another mm when it was to be signalled */
	int tries_reap;
	int tries_look;
	bool no_mm;		   /* threads are left, but no mm */
	bool mm_tested, mm_unseen; /* --dry-run: there is no right to see the mm */
	bool may_kill_sharers;	   /* --sharers=kill, and the right to each is checked */
	bool exited_first;	   /* dead without our SIGKILL: only the sharers get one */
	bool flag_failed;
	bool flag_tried; /* the one call failed: who knows whether it killed */
	struct plan_view view;
	struct plan_sharers sharers;
	struct plan_lists lists;
	bool scan_later; /* who shares is looked for after the signal: T keeps the mm until then */
	bool spare;	 /* the mm stays with the sharers */
	bool collective; /* sharers are killed too */
	bool kept;	 /* by a sharer that we may not kill */
	bool held;
	bool thawed;
	bool graced;
	bool was_held_at_exit; /* the pagemap test found the mm held after the exit */
	int reap_err;	       /* last error of process_mrelease that ended the trying */
	/* the verdict, valid when the step is DONE; also filled as facts come in */
	enum outcome outcome;
	enum reason reason;
	enum step_name where;
	int err; /* positive errno or 0 */
	enum method method;
	enum hold hold;
	enum robust robust;
	bool signalled;
	bool reaped;
	bool exited;
	bool third_party;
};

/** plan_kill_start - The first step. @now_us: the start of the run, from which --timeout counts. */
struct plan_step plan_kill_start(struct plan_kill *st, int64_t now_us);

/** plan_kill_next - The next step, given what came of the last one. */
struct plan_step plan_kill_next(struct plan_kill *st, const struct plan_result *last);

/** plan_step_name - The step's name in the row (`step`) and under -v. */
enum step_name plan_step_name(enum plan_kind kind);

/** plan_kind_word - What the step does, for -v. */
const char *plan_kind_word(enum plan_kind kind);
