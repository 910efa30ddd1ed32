/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Looking at an mm until it is released, without keeping it and without being the one who tears it
 * down: before the exit /proc is read once in an interval, and each read holds the mm for an
 * instant; after it only the pagemap test is made.
 */

#include <mmreap/kernelview.h>
#include <mmreap/observe.h>
#include <mmreap/watch.h>

/* --- pure: observe/changes.c ---------------------------------------------------------------- */

/** changes_find - What happened between two looks, in order; @before NULL: the first. How many. */
size_t changes_find(const struct watch_view *before, const struct watch_view *now,
		    enum watch_event ret[WATCH_MAX_EVENTS]);

/** changes_is_released - Is the address space released, for all that may be claimed? */
bool changes_is_released(const struct watch_view *view);

enum watch_verdict { WATCH_WAIT, WATCH_DONE, WATCH_UNKNOWABLE };

/** changes_verdict - Has what is waited for come true? */
enum watch_verdict changes_verdict(const struct watch_view *view, enum watch_goal goal);

/** changes_source - Where this event was seen */
enum watch_source changes_source(const struct watch_view *view, enum watch_event event);

/* --- one target: observe/watched.c ---------------------------------------------------------- */

/**
 * struct watched - one target
 * @fds: owned; the pagemap is bound to the mm, not to the process
 * @kernel: borrowed, or NULL; @awaited: its name for the mm
 * @collects: a child of our own is to be waited for when it has exited
 * @unreferenced_us: when the pagemap test first said so
 * @sharers: those that used the mm when they were last looked for
 * @sharers_stale: they are to be looked for (again)
 */
struct watched {
	const struct sys *sys;
	const struct run_self *self;
	const struct mounts *mounts;
	const struct proc_ref *ref;
	pid_t zombie;
	struct victim_fds fds;
	struct watch_view view;
	struct watch_memory memory;
	struct status_row life;
	char memcg[2 * CGROUP_SIZE];
	int memcg_version;
	char comm[COMM_SIZE]; /* as /proc/PID/comm had it at the last look */
	uint64_t signature;
	bool third_party;
	struct kernelview *kernel;
	int awaited;
	int64_t unreferenced_us;
	int64_t peak_kib;
	struct sharer sharers[ROW_SHARERS];
	size_t n_sharers;
	bool sharers_stale;
	bool collects;
};

/**
 * watched_open - Open what has to be open while the mm is attached, and look for the first time.
 * 0; -ENXIO: a kernel thread; another negative errno: it is there, and cannot be looked at. Only
 * after 0 there is anything to close.
 */
int watched_open(const struct sys *sys, const struct run_self *self, const struct mounts *mounts,
		 const struct proc_ref *ref, pid_t zombie, struct watched *ret);
void watched_close(struct watched *w);

/** watched_await - Let the kernel tell when its mm is torn down. 0, or why it does not. */
int watched_await(struct watched *w, struct kernelview *kernel);

/** watched_look - Look again: @w->view and @w->memory. */
void watched_look(struct watched *w);

/** watched_find_sharers - Look for those who use the same mm; only while it is attached. */
void watched_find_sharers(struct watched *w);

/* --- who keeps it: observe/blocker.c --------------------------------------------------------- */

/** blocker_find_holders - Who keeps the address space of a process that has exited? */
void blocker_find_holders(const struct watched *w, struct holders *ret);

/** blocker_find_thread - Which of its threads does not go on? */
void blocker_find_thread(const struct watched *w, struct waiting_thread *ret);
