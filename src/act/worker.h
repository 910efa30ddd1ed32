/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A thread that does one job at a time for the driver and may be left behind while it blocks.
 * Input and output of a job are the worker's own, so that a late one writes into nobody's memory.
 */

#include <pthread.h>
#include <stdatomic.h>

#include <mmreap/act.h>

#define WORKER_SHARERS 256

enum t_state { T_RUNNING, T_STOPPED, T_VANISHED };
enum reap_state { REAP_RUNNING, REAP_DONE, REAP_FAILED };

/** struct shared - what the two workers of a target tell each other and the driver; refcounted */
struct shared {
	_Atomic int refs;
	_Atomic int t_state;
	_Atomic int reap_state;
	_Atomic int64_t rss_pages; /* last sample, UNKNOWN before */
	_Atomic int64_t cpu_ticks; /* CPU time of the exiting process */
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
	void (*job)(struct worker *w); /* NULL: idle */
	bool quit, abandoned, left;
	_Atomic bool stop; /* end the job soon */

	/* in */
	struct proc_ref ref; /* borrowed descriptors */
	struct victim_fds fds;
	pid_t tid;
	pid_t zombie;
	bool flag; /* REAP: with PROCESS_MRELEASE_REAP_KILL */
	bool deep, has_tracer, allow_ancestors;
	/* in and out */
	struct held_sharer *sharers;  /* the victim's array, used by one job at a time */
	const struct target *targets; /* of the run */
	size_t n_targets;
	size_t n_sharers, cap_sharers;
	/* out */
	int err;
	bool released;
	_Atomic bool opened; /* LISTS: fds and rss_pages are filled in and stay */
	int64_t start_us, end_us, rss_pages;
	struct plan_view view;
	struct plan_sharers sharer_facts;
	struct plan_lists lists;
	enum plan_settled settled;
	bool seen_in_use;
	struct proc_id obstacle;
	struct sharer found[WORKER_SHARERS];
	struct sharer_scan scan;
	char dents[DENTS_SIZE];
};

/** Start a worker; *ret is NULL on failure (-EAGAIN, -ENOMEM). */
int worker_start(const struct sys *sys, const struct run_self *self, struct shared *shared,
		 int notify, struct worker **ret);
/** Give it a job; it must be idle. */
void worker_run(struct worker *w, void (*job)(struct worker *w));
/** Has it done its job? */
bool worker_idle(struct worker *w);
/** End it, wait for it, free it: only where its job ends by itself or heeds `stop`. */
void worker_end(struct worker *w);
/** Leave it behind: it frees itself should it ever come back. */
void worker_abandon(struct worker *w);

/* --- jobs of the tracer (act/hold.c) -------------------------------------------------------- */

/** Seize w->tid. -ESRCH: it ended or was never ours (the thread must end then). */
void hold_seize(struct worker *w);
/** Wait until T is in its exit stop. */
void hold_await_stop(struct worker *w);
/** While the reap runs: sample RSS, let T go when it falls or when the call has returned 0. */
void hold_guard(struct worker *w);

/* --- jobs of the looker (act/look.c) -------------------------------------------------------- */

void look_sharers(struct worker *w);
void look_sharer_rights(struct worker *w);
void look_lists(struct worker *w);
void look_settle(struct worker *w);
void look_examine(struct worker *w);
void look_reap(struct worker *w);
void look_signal_sharers(struct worker *w);
/** Watch the CPU time of an exit, until told to stop. */
void look_watch(struct worker *w);
