/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A thread that does one job at a time for the driver and may be left behind while it blocks.
 * Input and output of a job are the worker's own, so that a late one writes into nobody's memory.
 * All of it, its stack included, lies in one berth, which is made and brought in before the first
 * signal and taken from a worker that was left behind by nobody.
 */

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <mmreap/act.h>

#define WORKER_SHARERS 256
#define WORKER_UNKNOWN 4

enum t_state { T_RUNNING, T_STOPPED, T_VANISHED };
enum reap_state { REAP_NOT, REAP_QUEUED, REAP_RUNNING, REAP_DONE, REAP_FAILED };

/**
 * struct reap - one process_mrelease(), by a reaper or by the target's own looker
 * @pidfd, @flags: of the call; @fds: of the target, borrowed; @pages: the biggest goes first
 * @guard: a tracer that is idle and holds T, or NULL: the reap gives it its job
 * @by: the reaper that took it; NULL: the looker
 * @start_us: 0 before it begins
 * @over: the call has returned @err at @end_us
 * @state: REAP_DONE or REAP_FAILED last, when @guard knows; then @rss_pages is there, too, but with @guard
 */
struct reap {
	int pidfd;
	unsigned int flags;
	struct victim_fds fds;
	int64_t pages;
	struct worker *guard, *by;
	_Atomic int state;
	_Atomic int64_t start_us;
	_Atomic bool over;
	int err;
	int64_t end_us, rss_pages;
};

/** struct shared - what the workers of a target tell each other and the driver */
struct shared {
	_Atomic int t_state;
	struct reap reap;
	_Atomic bool settled;	   /* the tracer need not wait for T's stop any more */
	_Atomic int64_t rss_pages; /* last sample, UNKNOWN before */
	_Atomic int64_t cpu_ticks; /* CPU time of the exiting process */
};

/**
 * struct reap_queue - the reaps of all targets; who takes one, takes one back, or leaves behind who
 * is at one, has the lock
 */
struct reap_queue {
	pthread_mutex_t lock;
	struct shared *all;
	size_t n;
};

/**
 * struct held_sharer - a sharer that is held and that we may signal
 * @fds: its threads have robust lists in the same memory; mem is the target's, borrowed
 * @co_target: it is a target of this run itself and gets its signal as such
 * @signalled: our SIGKILL reached it
 */
struct held_sharer {
	struct proc_ref ref;
	struct victim_fds fds;
	bool co_target;
	_Atomic bool signalled;
};

struct worker {
	const struct sys *sys;
	const struct run_self *self;
	struct shared *shared;
	int notify; /* eventfd of the driver */

	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	void (*job)(struct worker *w);	/* NULL: idle */
	void (*next)(struct worker *w); /* what it does after that, or NULL */
	bool quit, abandoned, left;
	bool alone;	   /* no thread could be made: its jobs are done where they are given */
	_Atomic bool stop; /* end the job soon: worker_stop() */

	/* in */
	struct proc_ref ref; /* borrowed descriptors */
	struct victim_fds fds;
	pid_t tid;
	pid_t zombie;
	struct crowd *crowd;	  /* of the run */
	int64_t until_us;	  /* of the step; heeded where the driver cannot say stop: @alone */
	struct reap_queue *queue; /* of a reaper */
	bool deep, has_tracer, allow_ancestors;
	/* in and out */
	struct held_sharer *sharers;  /* the victim's array, used by one job at a time */
	const struct target *targets; /* of the run */
	size_t n_targets;
	size_t n_sharers, cap_sharers;
	/* out */
	_Atomic pid_t number; /* of a tracer's thread, before it seizes */
	int err, scan_err;
	bool released;
	_Atomic bool opened; /* LISTS: fds and rss_pages are filled in and stay */
	int64_t rss_pages;
	struct plan_view view;
	struct plan_sharers sharer_facts;
	struct plan_lists lists;
	enum plan_settled settled;
	bool seen_in_use;
	struct proc_id obstacle;
	struct sharer_scan scan;
	pid_t unknown[WORKER_UNKNOWN]; /* of whom it is asked whether they can share */
};

/** Who lies in a berth: the tracer needs less. */
enum trade { TRADE_LOOKER, TRADE_TRACER };

/** The size of a berth, in whole pages. */
size_t worker_berth_bytes(enum trade trade);
/** Memory for berths, nothing of it touched yet; NULL: there is none. */
void *worker_map(size_t bytes);
/** Bring the part of a berth in that the jobs get to; who lies there may be at work. */
void worker_brace(void *berth, enum trade trade, struct brace *b);
/**
 * Start a worker in this berth. *ret is NULL on failure (-EAGAIN, -ENOMEM), but for a looker: that
 * works without a thread as well, in the driver's time and with no limit to what blocks.
 */
int worker_start(const struct sys *sys, const struct run_self *self, struct shared *shared,
		 int notify, void *berth, enum trade trade, struct worker **ret);
/** Give it a job. False: it is at another one, and stays with that. */
bool worker_run(struct worker *w, void (*job)(struct worker *w));
/** Give it a job, or have it go on to that one when it is through with @before. */
bool worker_run_after(struct worker *w, void (*before)(struct worker *w),
		      void (*job)(struct worker *w));
/** Wake the driver up: something was done, and the job goes on. */
void worker_tell(struct worker *w);
/**
 * Of a job: not left behind, and kept from it until worker_go_on(). What a job does to another worker
 * it does in between: one that was left behind knows of nobody.
 */
bool worker_stay(struct worker *w);
void worker_go_on(struct worker *w);
/** Has it done its job? Before that nothing of what it found is whole, but what is atomic. */
bool worker_idle(struct worker *w);
/** Is it at this one? */
bool worker_is_at(struct worker *w, void (*job)(struct worker *w));
/** Tell it to end its job soon, also while it sleeps. */
void worker_stop(struct worker *w);
/**
 * Sleep between two looks of a job that began at @since_us: short at first, then an eighth of what
 * was waited for so far. It runs at a raised priority, as do hundreds beside it: looking at a fixed
 * rate they would keep those from the CPU whom they wait for.
 */
void worker_sleep(struct worker *w, int64_t since_us);
/** Let its thread run on these CPUs, which it had in common with who made it. */
void worker_allow(struct worker *w, const cpu_set_t *cpus);
/** CPU time that its thread has used so far; UNKNOWN where it has none of its own. */
int64_t worker_cpu_us(const struct worker *w);
/** Sleep, or until the job is to end. */
void worker_sleep_us(struct worker *w, int64_t us);
/** Tell it to end as soon as it is idle; worker_end() or worker_abandon() follows. */
void worker_quit(struct worker *w);
/**
 * End it: only where its job ends by itself or heeds `stop`. What blocks all the same is left behind
 * after a while: false.
 */
bool worker_end(struct worker *w);
/** Leave it behind: it ends should it ever come back, and its berth is never used again. */
void worker_abandon(struct worker *w);

/* --- jobs of the tracer (act/hold.c) -------------------------------------------------------- */

/** Seize w->tid. -ESRCH: it ended or was never ours (the thread must end then). */
void hold_seize(struct worker *w);
/** Of the driver, while that goes on: is the seizure in force already? Never blocks. */
bool hold_is_in_force(struct worker *w);
/** Wait until T is in its exit stop, or need not get there: it is in D state, and settled. */
void hold_await_stop(struct worker *w);
/** While the reap runs: sample RSS, let T go when it falls or when the call has returned 0. */
void hold_guard(struct worker *w);

/* --- jobs of the looker (act/look.c) -------------------------------------------------------- */

void look_sharers(struct worker *w);
/** For all targets of w->crowd at a time. */
void look_crowd(struct worker *w);
void look_sharer_rights(struct worker *w);
void look_lists(struct worker *w);
void look_settle(struct worker *w);
void look_examine(struct worker *w);
/** The reap of the target, which was taken for it. */
void look_reap(struct worker *w);
/** Of a reaper: take the biggest and reap it, then the next, as long as any are queued. */
void look_reap_queued(struct worker *w);
/** Take the biggest that is queued; NULL: none is, or @by is to stop. */
struct reap *reap_take(struct reap_queue *q, struct worker *by);
void look_signal_sharers(struct worker *w);
/** Watch the CPU time of an exit, until told to stop. */
void look_watch(struct worker *w);
