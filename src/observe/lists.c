/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Robust futex lists and the threads that own them (kernel-facts 9.3, 9.5; get_robust_list(2)).
 * A TID may belong to a stranger a moment later: what was read under a number counts only if the
 * thread is still below the victim's own task directory afterwards.
 */
#include <errno.h>
#include <stdio.h>

#include <mmreap/observe.h>

/* struct robust_list_head and its 32-bit twin (include/uapi/linux/futex.h, kernel/futex/futex.h) */
struct head64 {
	uint64_t next, offset, pending;
};
struct head32 {
	uint32_t next, offset, pending;
};

#define SCHED_DEADLINE_POLICY 6
/* Reading stat costs as much as ten lists; among many running threads any one will do as T. */
#define MAX_T_LOOKS 16

static bool is_ours(const struct sys *sys, const struct victim_fds *fds, pid_t tid)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)tid);
	return sys->nlink(fds->task, name) >= 0;
}

static int thread_stat(const struct sys *sys, const struct victim_fds *fds, pid_t tid,
		       struct stat_facts *ret)
{
	char name[24], buf[2048];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/stat", (int)tid);
	n = sys->read_file(fds->task, name, buf, sizeof(buf));
	return n < 0 ? (int)n : procfile_stat(buf, (size_t)n, ret);
}

/* Read one list head of @size bytes; its three words widened into @h. */
static enum list_state read_head(const struct sys *sys, const struct victim_fds *fds, uint64_t head,
				 bool compat, struct head64 *h)
{
	struct head32 h32;
	ssize_t n;

	n = compat ? sys->pread(fds->mem, &h32, sizeof(h32), head)
		   : sys->pread(fds->mem, h, sizeof(*h), head);
	if (n == 0) /* mm_users is 0: it exits, or an execve has given it another mm */
		return LIST_NO_THREAD;
	if (n == -EIO ||
	    n == -EFAULT) /* the kernel cannot read it either: it gives up as on empty */
		return LIST_EMPTY;
	if (n != (ssize_t)(compat ? sizeof(h32) : sizeof(*h)))
		return LIST_UNREADABLE;
	if (compat)
		*h = (struct head64){ h32.next, h32.offset, h32.pending };
	/* Bit 0 of a pointer marks a PI futex. */
	return (h->next & ~UINT64_C(1)) != head || h->pending ? LIST_IN_USE : LIST_EMPTY;
}

static enum list_state pointer_state(const struct sys *sys, pid_t tid, bool compat,
				     uint64_t *ret_head)
{
	int err = sys->robust_list(tid, compat, ret_head);

	if (err == -ESRCH)
		return LIST_NO_THREAD;
	if (err < 0)
		return LIST_UNREADABLE;
	return *ret_head ? LIST_IN_USE : LIST_NULL;
}

static enum list_state one_abi(const struct sys *sys, const struct victim_fds *fds, pid_t tid,
			       bool compat, bool deep)
{
	struct head64 h;
	uint64_t head;
	enum list_state s = pointer_state(sys, tid, compat, &head);

	if (s != LIST_IN_USE || !deep)
		return s;
	if (fds->mem < 0)
		return LIST_UNREADABLE;
	s = read_head(sys, fds, head, compat, &h);
	if (s != LIST_NO_THREAD)
		return s;
	/* The pointer is cleared before the mm is given up: what has one now lives in another mm. */
	s = pointer_state(sys, tid, compat, &head);
	return s == LIST_IN_USE ? LIST_UNREADABLE : s;
}

static enum list_state list_state(const struct sys *sys, const struct victim_fds *fds, pid_t tid,
				  bool deep)
{
	enum list_state s = one_abi(sys, fds, tid, false, deep);

	/*
	 * The native call answers NULL for a list that was registered through the 32-bit entry. Where
	 * the width is not known, an empty answer proves nothing, and the 32-bit entry must not be
	 * tried: a kernel without it answers with SIGSEGV.
	 */
	if (fds->bits == 0 && (s == LIST_NULL || s == LIST_EMPTY))
		s = LIST_UNREADABLE;
	if (fds->bits == 32 && (s == LIST_NULL || s == LIST_EMPTY)) {
		enum list_state s32 = one_abi(sys, fds, tid, true, deep);

		if (s32 != LIST_NULL)
			s = s32;
	}
	if (s == LIST_NULL || s == LIST_NO_THREAD)
		return s;
	return is_ours(sys, fds, tid) ? s : LIST_NO_THREAD;
}

enum list_state observe_list(const struct sys *sys, const struct victim_fds *fds, pid_t tid)
{
	return list_state(sys, fds, tid, true);
}

enum list_state observe_list_pointer(const struct sys *sys, const struct victim_fds *fds, pid_t tid)
{
	return list_state(sys, fds, tid, false);
}

/* How fit is this thread to be held? 2 asleep, 1 running, 0 not at all. */
static int fitness(const struct sys *sys, const struct victim_fds *fds, pid_t tid)
{
	struct stat_facts st;

	if (thread_stat(sys, fds, tid, &st) < 0)
		return 0;
	if (st.flags & (PF_EXITING | PF_IO_WORKER | PF_USER_WORKER | PF_KTHREAD))
		return 0;
	if (st.state == 'Z' || st.state == 'X' || st.state == 't')
		return 0;
	if (st.policy == SCHED_DEADLINE_POLICY)
		return 0;
	return st.state == 'R' ? 1 : 2;
}

int observe_lists(const struct sys *sys, const struct victim_fds *fds, bool deep, char *dents,
		  struct plan_lists *ret, pid_t *ret_tid)
{
	struct plan_lists l = { 0 };
	int best = 0, looks = 0;
	pid_t chosen = 0, tid;
	ssize_t n;
	int err;

	if (fds->task < 0)
		return fds->task;
	err = sys->rewind(fds->task);
	if (err < 0)
		return err;
	while ((n = sys->getdents(fds->task, dents, DENTS_SIZE)) > 0) {
		size_t off = 0;

		while ((tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			enum list_state s = list_state(sys, fds, tid, deep);
			int fit;

			if (s == LIST_NO_THREAD)
				continue;
			l.threads++;
			l.null += s == LIST_NULL;
			l.in_use += deep && s == LIST_IN_USE;
			l.unreadable |= s == LIST_UNREADABLE;
			if ((deep && s == LIST_IN_USE) || best == 2 || looks >= MAX_T_LOOKS)
				continue;
			looks++;
			fit = fitness(sys, fds, tid);
			/* The leader comes first and seldom leaves: threads come and go. */
			if (fit > best) {
				best = fit;
				chosen = tid;
			}
		}
	}
	if (n < 0 && n != -ENOENT)
		return (int)n;
	if (n < 0 || l.threads == 0) /* in an execve its task directory can be gone for a moment */
		return -ESRCH;
	l.candidate = chosen != 0;
	*ret = l;
	*ret_tid = chosen;
	return 0;
}

/* Number of threads; 0 when the group is dead but for its leader's zombie, or gone. */
static int count_threads(const struct sys *sys, const struct victim_fds *fds)
{
	struct stat_facts st;
	char buf[2048];
	ssize_t n;

	n = fds->stat < 0 ? fds->stat : sys->pread(fds->stat, buf, sizeof(buf), 0);
	if (n <= 0 || procfile_stat(buf, (size_t)n, &st) < 0)
		return 0;
	if ((st.state == 'Z' || st.state == 'X') && st.threads <= 1)
		return 0;
	return st.threads;
}

bool observe_off_cpu(const struct sys *sys, const struct victim_fds *fds, pid_t tid)
{
	struct stat_facts st;

	return thread_stat(sys, fds, tid, &st) == 0 && st.state != 'R';
}

pid_t observe_tracer(const struct sys *sys, const struct victim_fds *fds, pid_t tid)
{
	struct status_facts st;
	char name[24];

	snprintf(name, sizeof(name), "%d/status", (int)tid);
	return observe_status_at(sys, fds->task, name, &st) == 0 ? st.tracer : 0;
}

static void count_one(const struct sys *sys, const struct victim_fds *fds, pid_t tid,
		      enum depth depth, struct plan_threads *t)
{
	struct stat_facts st;

	switch (observe_list_pointer(sys, fds, tid)) {
	case LIST_NULL:
	case LIST_NO_THREAD:
		return;
	case LIST_UNREADABLE:
		t->unreadable++;
		return;
	case LIST_EMPTY:
	case LIST_IN_USE:
		break;
	}
	if (depth == DEPTH_POINTERS) {
		t->unsettled++;
		return;
	}
	/* First the state, then the list: off the CPU after the signal, it changes no more. */
	if (thread_stat(sys, fds, tid, &st) < 0)
		return;
	if (st.state == 'R' && depth < DEPTH_ALL) {
		t->unsettled++;
		return;
	}
	switch (observe_list(sys, fds, tid)) {
	case LIST_IN_USE:
		t->in_use++;
		break;
	case LIST_UNREADABLE:
		t->unreadable++;
		break;
	case LIST_NULL:
	case LIST_EMPTY:
	case LIST_NO_THREAD:
		break;
	}
}

int observe_threads(const struct sys *sys, const struct victim_fds *fds, pid_t held,
		    enum depth depth, char *dents, struct plan_threads *ret)
{
	struct plan_threads t = { .t_held = held != 0 };
	int before = count_threads(sys, fds), entries = 0, err;
	pid_t tid;
	ssize_t n;

	if (before == 0) {
		t.gone = true;
		*ret = t;
		return 0;
	}
	err = sys->rewind(fds->task);
	if (err < 0)
		return err;
	while ((n = sys->getdents(fds->task, dents, DENTS_SIZE)) > 0) {
		size_t off = 0;

		while ((tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			entries++;
			if (tid != held)
				count_one(sys, fds, tid, depth, &t);
		}
	}
	if (n < 0 && n != -ESRCH && n != -ENOENT)
		return (int)n;
	t.complete = entries == before && count_threads(sys, fds) == before;
	*ret = t;
	return 0;
}
