/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The looks and calls that can block, each a job of the looker thread. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "worker.h"

/* From then on the lists of threads that are off the CPU are read too: they may never exit. */
#define DEEP_AFTER_US 1000
#define WATCH_US 200000
/* From then on those of threads that would like to run, too: it takes some milliseconds. */
#define BARRIER_AFTER_US 10000

static bool is_target(const struct worker *w, const struct proc_id *id)
{
	for (size_t i = 0; i < w->n_targets; i++)
		if (w->targets[i].err == 0 && w->targets[i].ref.pid == id->pid &&
		    w->targets[i].ref.inode == id->inode)
			return true;
	return false;
}

static void count_relations(struct worker *w)
{
	struct plan_sharers f = { .unknown = w->scan.n_unknown };
	size_t stored = w->scan.n_found < w->scan.capacity ? w->scan.n_found : w->scan.capacity;

	for (size_t i = 0; i < stored; i++) {
		if (is_target(w, &w->scan.found[i].id))
			f.co_targets++;
		else if (w->scan.found[i].relation == RELATION_CLONE_VM)
			f.clone_vm++;
		else
			f.vfork++;
	}
	f.clone_vm += (int)(w->scan.n_found - stored);
	w->sharer_facts = f;
}

/*
 * Of a few that cannot be compared their VmPeak may prove that they do not share: in a container that is
 * its init, of which root there may not ask.
 */
static void prove_unknown(struct worker *w)
{
	struct blind blind = { 0 };
	size_t n = (size_t)w->scan.n_unknown;

	if (w->scan_err < 0 || n == 0 || n > w->scan.unknown_capacity)
		return;
	observe_unknown(w->sys, w->self, &w->ref, w->scan.unknown, n, w->zombie, &blind);
	w->scan.n_unknown = (int)blind.n_unknown;
}

static int find_sharers(struct worker *w)
{
	w->scan_err = observe_sharers(w->sys, w->self, &w->ref, w->zombie, &w->scan);
	prove_unknown(w);
	return w->scan_err;
}

void look_sharers(struct worker *w)
{
	w->err = find_sharers(w);
	count_relations(w);
}

void look_crowd(struct worker *w)
{
	w->crowd->dents = w->scan.dents;
	w->crowd->err = observe_crowd(w->sys, w->self, w->zombie, w->crowd);
}

static bool is_held_sharer(const struct worker *w, const struct proc_id *id)
{
	for (size_t i = 0; i < w->n_sharers; i++)
		if (w->sharers[i].ref.pid == id->pid && w->sharers[i].ref.inode == id->inode)
			return true;
	return false;
}

static bool is_protected(const struct worker *w, pid_t pid)
{
	return pid == 1 || pid == w->self->pid ||
	       (!w->allow_ancestors && observe_is_ancestor(w->self, pid));
}

static void hold_sharer(struct worker *w, const struct proc_ref *ref)
{
	struct held_sharer *s = &w->sharers[w->n_sharers++];
	struct proc_id id = { .pid = ref->pid, .inode = ref->inode };

	*s = (struct held_sharer){ .ref = *ref, .co_target = is_target(w, &id) };
	s->fds = (struct victim_fds){ .pagemap = -1,
				      .statm = -1,
				      .mem = w->fds.mem,
				      .bits = w->fds.bits,
				      .err = w->fds.err };
	s->fds.task = w->sys->open_at(ref->procfd, "task", O_DIRECTORY);
	s->fds.stat = w->sys->open_at(ref->procfd, "stat", 0);
}

/*
 * Hold every sharer found that is not held yet; each is verified to share still and asked for our
 * right to signal it. Returns how many are new, or the first refusal with w->obstacle.
 */
static int hold_new_sharers(struct worker *w)
{
	int fresh = 0;

	if (w->scan.n_found > w->scan.capacity)
		return -E2BIG;
	for (size_t i = 0; i < w->scan.n_found; i++) {
		const struct proc_id *id = &w->scan.found[i].id;
		struct proc_ref ref;
		pid_t leader;
		int err;

		if (is_held_sharer(w, id))
			continue;
		w->obstacle = *id;
		if (is_protected(w, id->pid)) {
			w->sharer_facts.protected = true;
			return -EPERM;
		}
		if (w->n_sharers == w->cap_sharers)
			return -E2BIG;
		err = target_hold(w->sys, w->self, id->pid, id->inode, &ref, &leader);
		if (err < 0) /* gone since the scan; another scan will tell */
			continue;
		err = w->sys->pidfd_signal(ref.pidfd, 0);
		if (err < 0 && err != -ESRCH) {
			target_release(w->sys, &ref);
			return err;
		}
		hold_sharer(w, &ref);
		fresh++;
	}
	w->obstacle = (struct proc_id){ 0 };
	return fresh;
}

void look_sharer_rights(struct worker *w)
{
	int n;

	w->err = find_sharers(w);
	count_relations(w);
	if (w->err < 0)
		return;
	n = hold_new_sharers(w);
	w->err = n < 0 ? n : 0;
}

static void signal_sharer(struct worker *w, struct held_sharer *s)
{
	if (!s->co_target && !atomic_load(&s->signalled) &&
	    w->sys->pidfd_signal(s->ref.pidfd, 9) == 0)
		atomic_store(&s->signalled, true);
}

void look_signal_sharers(struct worker *w)
{
	size_t signalled = 0;

	for (;;) {
		int n, err;

		for (; signalled < w->n_sharers; signalled++)
			signal_sharer(w, &w->sharers[signalled]);
		/* A sharer can have made another one before it died. T still has the mm. */
		err = find_sharers(w);
		if (err < 0 || atomic_load(&w->stop)) {
			w->err = err == -ESRCH ? 0 : err;
			return;
		}
		n = hold_new_sharers(w);
		if (n <= 0) {
			w->err = n;
			return;
		}
	}
}

/* The lists of a sharer's threads lie in the same memory and are lost with it all the same. */
static void add_sharer_lists(struct worker *w, struct held_sharer *s)
{
	struct plan_lists l = { 0 };
	pid_t unused;

	s->fds.mem = w->fds.mem;
	s->fds.bits = w->fds.bits;
	if (observe_lists(w->sys, &s->fds, w->deep, w->scan.dents, &l, &unused) < 0)
		return; /* gone: SETTLE looks again */
	w->lists.threads += l.threads;
	w->lists.in_use += l.in_use;
	w->lists.null += l.null;
	w->lists.unreadable |= l.unreadable;
}

void look_lists(struct worker *w)
{
	w->tid = 0;
	w->rss_pages = UNKNOWN;
	if (w->fds.task < 0)
		observe_open(w->sys, &w->ref, &w->fds);
	if (w->fds.err == -ESRCH) { /* no thread has an mm, at this moment */
		observe_close(w->sys, &w->fds);
		w->err = -ESRCH;
		return;
	}
	w->rss_pages = observe_rss_pages(w->sys, &w->fds);
	atomic_store(&w->opened, true);
	w->lists = (struct plan_lists){ 0 };
	w->err = observe_lists(w->sys, &w->fds, w->deep, w->scan.dents, &w->lists, &w->tid);
	for (size_t i = 0; w->err == 0 && i < w->n_sharers; i++)
		add_sharer_lists(w, &w->sharers[i]);
	/* Lists need mem, and T needs its task directory. */
	if (w->err == 0 && w->deep && w->fds.mem < 0 && w->lists.null < w->lists.threads) {
		w->lists.unreadable = true;
		w->err = w->fds.err;
	}
	if (w->err == -EACCES || w->err == -EPERM || w->err == -ESRCH)
		w->lists.unreadable |= w->err != -ESRCH;
}

/* T's own list, read once nothing can change it any more. */
static void read_held_list(struct worker *w, struct plan_threads *t)
{
	switch (observe_list(w->sys, &w->fds, w->tid)) {
	case LIST_IN_USE:
		t->t_in_use = true;
		break;
	case LIST_UNREADABLE:
		t->t_unreadable = true;
		break;
	case LIST_NULL:
	case LIST_EMPTY:
	case LIST_NO_THREAD:
		break;
	}
}

/* All threads that use this memory must be done with their lists, whosever they are. */
static void add_sharer_threads(struct worker *w, const struct held_sharer *s, enum depth depth,
			       struct plan_threads *t)
{
	struct plan_threads st;

	if (observe_threads(w->sys, &s->fds, 0, depth, w->scan.dents, &st) < 0 || st.gone)
		return;
	t->complete &= st.complete;
	t->unsettled += st.unsettled;
	t->in_use += st.in_use;
	t->unreadable += st.unreadable;
}

void look_settle(struct worker *w)
{
	int64_t start = w->sys->now_us();
	bool tried = false, passed = false;

	w->settled = SETTLED_WAIT;
	w->seen_in_use = false;
	for (;;) {
		int state = w->has_tracer ? atomic_load(&w->shared->t_state) : T_VANISHED;
		bool held = state != T_VANISHED;
		int64_t waited = w->sys->now_us() - start;
		enum depth depth = DEPTH_POINTERS;
		struct plan_threads t;

		if (waited > BARRIER_AFTER_US && !tried) {
			tried = true;
			passed = w->sys->membarrier() == 0;
		}
		if (passed)
			depth = DEPTH_ALL;
		else if (!held || waited > DEEP_AFTER_US)
			depth = DEPTH_OFF_CPU;
		w->err = observe_threads(w->sys, &w->fds, held ? w->tid : 0, depth, w->scan.dents,
					 &t);
		if (w->err < 0)
			return;
		t.t_final = state == T_STOPPED ||
			    (held && (passed || (depth == DEPTH_OFF_CPU &&
						 observe_off_cpu(w->sys, &w->fds, w->tid))));
		if (t.t_final)
			read_held_list(w, &t);
		for (size_t i = 0; i < w->n_sharers; i++)
			add_sharer_threads(w, &w->sharers[i], depth, &t);
		w->seen_in_use |= t.in_use > 0;
		w->settled = plan_settle(&t);
		if (w->settled == SETTLED_WAIT && w->sys->pidfd_exited(w->ref.pidfd))
			w->settled = SETTLED_GONE;
		if (w->settled != SETTLED_WAIT) {
			atomic_store(&w->shared->settled, true);
			return;
		}
		if (atomic_load(&w->stop) || (w->alone && w->sys->now_us() >= w->until_us)) {
			w->err = -ETIMEDOUT;
			return;
		}
		worker_sleep(w, start);
	}
}

void look_examine(struct worker *w)
{
	w->err = w->scan_err = observe_view(w->sys, w->self, &w->ref, &w->view, NULL);
	if (w->err < 0)
		return;
	/* Without an mm there is nothing to compare: the view alone says it. */
	if (find_sharers(w) < 0) {
		w->scan.n_found = 0;
		w->scan.n_unknown = 0;
	}
	count_relations(w);
}

static void reap(struct worker *w, struct reap *r)
{
	int err;

	atomic_store(&r->start_us, w->sys->now_us());
	if (r->guard && worker_stay(w)) {
		(void)worker_run_after(r->guard, hold_seize, hold_guard);
		worker_go_on(w);
	}
	err = w->sys->mrelease(r->pidfd, r->flags);
	r->end_us = w->sys->now_us();
	r->err = err;
	atomic_store(&r->over, true);
	if (r->guard && worker_stay(w)) {
		worker_stop(r->guard);
		worker_go_on(w);
	}
	r->rss_pages = err || r->guard ? UNKNOWN : observe_rss_pages(w->sys, &r->fds);
	atomic_store(&r->state, err ? REAP_FAILED : REAP_DONE);
}

void look_reap(struct worker *w)
{
	reap(w, &w->shared->reap);
}

struct reap *reap_take(struct reap_queue *q, struct worker *by)
{
	struct reap *biggest = NULL;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < q->n && !(by && atomic_load(&by->stop)); i++) {
		struct reap *r = &q->all[i].reap;

		if (atomic_load(&r->state) == REAP_QUEUED &&
		    (biggest == NULL || r->pages > biggest->pages))
			biggest = r;
	}
	if (biggest) {
		biggest->by = by;
		atomic_store(&biggest->state, REAP_RUNNING);
	}
	pthread_mutex_unlock(&q->lock);
	return biggest;
}

/* From one to the next without being woken up for it: a sleeper may find its CPU taken. */
void look_reap_queued(struct worker *w)
{
	struct reap *r;

	while (!atomic_load(&w->stop) && (r = reap_take(w->queue, w))) {
		reap(w, r);
		worker_tell(w);
	}
}

void look_watch(struct worker *w)
{
	while (!atomic_load(&w->stop)) {
		struct stat_facts st;

		if (observe_stat(w->sys, w->ref.procfd, &st) < 0)
			return;
		atomic_store(&w->shared->cpu_ticks, st.utime_ticks + st.stime_ticks);
		worker_sleep_us(w, WATCH_US);
	}
}
