/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The hold: one thread T of the victim, seized with PTRACE_O_TRACEEXIT, stops in
 * PTRACE_EVENT_EXIT before exit_mm() (kernel/exit.c:do_exit()), so that the mm stays attached and
 * process_mrelease() finds it. All of it happens on the tracer thread; its end lets T go.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker.h"

/* So far RSS must fall to say that the reap has begun: more than reclaim takes between two looks. */
#define FALL_MIN_PAGES 256
#define FALL_MAX_PAGES 4096
#define GUARD_US 100

static bool is_ours(struct worker *w)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)w->tid);
	return w->sys->nlink(w->fds.task, name) >= 0;
}

void hold_seize(struct worker *w)
{
	/* A TID may have gone to a stranger: look, act, look again (kernel-facts 9.5). */
	if (!is_ours(w)) {
		w->err = -ESRCH;
		return;
	}
	atomic_store(&w->number, gettid());
	w->err = w->sys->seize(w->tid);
	if (w->err == 0 && !is_ours(w))
		w->err = -ESRCH;
}

/*
 * PTRACE_SEIZE makes us the tracer, and then waits until a stopped T has had the CPU, to be trapped
 * (kernel/ptrace.c:ptrace_attach()). That can take for ever, and SIGKILL ends it: the trap is given
 * up (kernel/signal.c:complete_signal()). Seen below the victim's own task directory, T is no stranger.
 */
bool hold_is_in_force(struct worker *w)
{
	pid_t number = atomic_load(&w->number);

	return number && observe_tracer(w->sys, &w->fds, w->tid) == number;
}

/* T ended, or is in its exit stop; T_RUNNING: neither yet. */
static enum t_state look_at_tracee(struct worker *w)
{
	int status, r = w->sys->wait_tracee(w->tid, &status);

	if (r < 0)
		return T_VANISHED;
	if (r == 0)
		return T_RUNNING;
	if (!WIFSTOPPED(status))
		return T_VANISHED;
	/* Any other stop was for a signal before ours: SIGKILL wakes it. */
	return status >> 16 == PTRACE_EVENT_EXIT ? T_STOPPED : T_RUNNING;
}

void hold_await_stop(struct worker *w)
{
	int64_t start = w->sys->now_us();

	while (!atomic_load(&w->stop) && !atomic_load(&w->shared->settled)) {
		enum t_state state = look_at_tracee(w);

		if (state != T_RUNNING) {
			atomic_store(&w->shared->t_state, state);
			return;
		}
		worker_sleep(w, start);
	}
	w->err = -ETIMEDOUT;
}

static void let_go(struct worker *w)
{
	/* Without --robust the stop may not have been waited for. */
	if (atomic_load(&w->shared->t_state) == T_RUNNING)
		atomic_store(&w->shared->t_state, look_at_tracee(w));
	/* Where this fails (T is on its way to the stop), the end of this thread detaches. */
	if (atomic_load(&w->shared->t_state) == T_STOPPED && w->sys->detach(w->tid, 0) == 0)
		w->released = true;
}

void hold_guard(struct worker *w)
{
	struct reap *reap = &w->shared->reap;
	int64_t before = observe_rss_pages(w->sys, &w->fds), now;
	int64_t enough = before / 32;

	if (enough < FALL_MIN_PAGES)
		enough = FALL_MIN_PAGES;
	if (enough > FALL_MAX_PAGES)
		enough = FALL_MAX_PAGES;
	/*
	 * Holding T to the end of a big reap would waste the help of its own exit: both take from
	 * the same page tables. RSS seen falling is the proof that the call is past its checks.
	 */
	while (!atomic_load(&reap->over) && !atomic_load(&w->stop)) {
		now = observe_rss_pages(w->sys, &w->fds);
		atomic_store(&w->shared->rss_pages, now);
		if (!w->released && now != UNKNOWN && before - now > enough)
			let_go(w);
		if (w->released) /* reading on could make us the one who tears the mm down */
			break;
		worker_sleep_us(w, GUARD_US);
	}
	if (w->released || !atomic_load(&reap->over) || reap->err)
		return;
	w->rss_pages = observe_rss_pages(w->sys, &w->fds);
	let_go(w);
}
