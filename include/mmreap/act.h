/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Doing what the plan says. One thread drives all targets and never blocks: whatever can block in
 * the kernel (the mmap lock, exec_update_lock, ptrace) is done by two helper threads for each
 * target, and the reaps of several targets by a reaper for each CPU; they are left behind when their
 * time is up. The tracer does nothing but trace: when it ends, for whatever reason, the kernel
 * detaches what it held.
 */

#include <mmreap/brace.h>
#include <mmreap/model.h>
#include <mmreap/observe.h>
#include <mmreap/plan.h>
#include <mmreap/select.h>
#include <mmreap/sys.h>
#include <mmreap/target.h>

/**
 * struct act_arena - the memory of all workers, kept for later runs; zero-initialise
 * @bytes: it holds two berths for each target of the largest run so far, and the reapers' (act/worker.h);
 *	a larger one makes a new arena, and is -ENOMEM where there is no memory for it
 * @braced: what the jobs get to is in memory
 */
struct act_arena {
	char *base;
	size_t bytes;
	bool braced;
};

/**
 * struct act_run - what a run works with; all borrowed
 * @on_step: told after each step of the plan, NULL for nobody: what it gave and when (since start)
 * @on_progress: told about every 200 ms while a reap or exit lasts longer than a second
 * @arena: see there; @brace: what is done before the first signal against a lack of memory adds up
 *	there, a second run adds only what is new
 * @on_braced: called when it is done, or NULL
 * @on_signalled: called once, when every target was signalled or ended: time to thaw; or NULL
 * @frozen_by_us: the targets' cgroup is frozen by this run and will be thawed by @on_signalled
 * @thaw_mounts: for --thaw: where the freezer is; NULL without
 * @interrupt_fd: readable when the run shall stop (a signalfd); -1: none
 *
 * SIGTSTP is held back by whoever starts it, and let in where nobody is held or frozen.
 */
struct act_run {
	const struct sys *sys;
	const struct run_self *self;
	struct kill_options opt;
	bool has_mrelease;
	bool has_flag;
	void (*on_step)(void *arg, const struct proc_ref *ref, enum plan_kind kind, int err,
			int64_t since_us);
	void (*on_progress)(void *arg, const struct proc_ref *ref, int64_t rss_bytes,
			    int64_t of_bytes, int64_t since_us);
	void (*on_braced)(void *arg);
	void (*on_signalled)(void *arg);
	void *arg;
	struct act_arena *arena;
	struct brace *brace;
	bool frozen_by_us;
	const struct mounts *thaw_mounts;
	int interrupt_fd;
};

/**
 * act_probe - Ask the kernel what it knows, with a bad descriptor: nobody can be touched.
 * process_mrelease(-1, 0) is EBADF where the call exists; (-1, 1) is EBADF where the flag does.
 */
void act_probe(const struct sys *sys, bool *ret_has_mrelease, bool *ret_has_flag);

/**
 * act_boost - Raise our own priority, once, unless @opt forbids it, or a real-time policy is higher anyway.
 * On a busy machine a time slice is used up before the signal is sent: each further one is waited for.
 */
void act_boost(const struct sys *sys, const struct kill_options *opt);

/**
 * act_kill - Kill and reap every target; all are held and signalled before the first is reaped.
 * @targets: held ones (err 0) are worked on, the others only get their row
 * @rows: @n rows, filled in whatever happens; row.killed is to be freed with act_free_rows()
 * Returns 0; -EINTR: @interrupt_fd became readable, everything is undone.
 */
int act_kill(const struct act_run *run, const struct target *targets, size_t n,
	     struct kill_row *rows);
void act_free_rows(struct kill_row *rows, size_t n);
void act_free_arena(struct act_arena *arena);

/**
 * act_probe_all - Find out what works, on a child of our own: nobody else is touched.
 * Takes some milliseconds, at most about three seconds.
 */
void act_probe_all(const struct sys *sys, const struct run_self *self, struct probe_facts *ret);
