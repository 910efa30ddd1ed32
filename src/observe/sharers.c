/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else uses this mm: kcmp(KCMP_VM) against every process that can be seen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/observe.h>

#include "beside.h"
#include "sharing.h"

/* So many threads of one process may end while it is asked which of them shares. */
#define MAX_DEATHS 100

/* What is taken of the directory at a time: some 170 processes; the most that one takes. */
#define PIECE 4096
#define MAX_ENTRY 32

bool sharing_has_mm(const struct sys *sys, int dirfd, const char *task_name, pid_t tid,
		    pid_t zombie)
{
	struct status_facts s;
	char name[48];

	if (zombie > 0)
		return sys->kcmp_vm(tid, zombie) > 0;
	snprintf(name, sizeof(name), "%s/%d/status", task_name, (int)tid);
	return observe_status_at(sys, dirfd, name, &s) == 0 && s.vm_size_kib != UNKNOWN;
}

pid_t sharing_thread(const struct sys *sys, int dirfd, const char *task_name, pid_t zombie)
{
	char dents[4096];
	pid_t tid, found = 0;
	ssize_t n;
	int fd = sys->open_at(dirfd, task_name, O_DIRECTORY);

	if (fd < 0)
		return 0;
	while (found == 0 && (n = sys->getdents(fd, dents, sizeof(dents))) > 0) {
		size_t off = 0;

		while (found == 0 && (tid = procfile_next_pid(dents, (size_t)n, &off)) > 0)
			if (sharing_has_mm(sys, dirfd, task_name, tid, zombie))
				found = tid;
	}
	sys->close(fd);
	return found;
}

static int64_t read_number(const struct sys *sys, int dirfd, const char *name)
{
	char buf[32], *end;
	long long v;

	if (sys->read_file(dirfd, name, buf, sizeof(buf)) <= 0)
		return UNKNOWN;
	v = strtoll(buf, &end, 10);
	return end == buf ? UNKNOWN : v;
}

/*
 * mm/oom_kill.c:in_vfork(): a vfork child that has not passed exec has badness 0; everybody else
 * has about 666, unless the admin took it out of the OOM killer's sight with -1000.
 */
bool sharing_in_vfork(const struct sys *sys, int procfd)
{
	return read_number(sys, procfd, "oom_score") == 0 &&
	       read_number(sys, procfd, "oom_score_adj") != -1000;
}

static enum relation relate(const struct sys *sys, const struct proc_ref *target,
			    const struct stat_facts *target_stat, int procfd,
			    const struct stat_facts *st)
{
	if (st->ppid == target->pid && sharing_in_vfork(sys, procfd))
		return RELATION_VFORK_CHILD;
	if (target_stat->ppid == st->pid && sharing_in_vfork(sys, target->procfd))
		return RELATION_VFORK_PARENT;
	return RELATION_CLONE_VM;
}

/*
 * Name a sharer; false if it is gone or shares no more by the time it is held.
 *
 * Equal means nothing as long as both may be NULL: the target's thread can have left its mm a moment
 * ago. A candidate that still has an mm after the compare had it then (a user task never gets an mm
 * back), and what equals an mm is one. A kernel thread can borrow an mm and is no sharer.
 */
static bool describe(const struct sys *sys, const struct run_self *self,
		     const struct proc_ref *target, const struct stat_facts *target_stat,
		     pid_t target_tid, pid_t pid, pid_t tid, pid_t zombie, struct sharer *ret)
{
	struct stat_facts st;
	bool good = false;
	char name[16];
	int pidfd = sys->pidfd_open(pid), procfd;

	if (pidfd < 0)
		return false;
	snprintf(name, sizeof(name), "%d", (int)pid);
	procfd = sys->open_at(self->proc_fd, name, O_DIRECTORY);
	if (procfd >= 0 && observe_stat(sys, procfd, &st) == 0 && !(st.flags & PF_KTHREAD) &&
	    !sys_is_reaped(sys, pidfd) && sys->kcmp_vm(target_tid, tid) == 0 &&
	    sharing_has_mm(sys, procfd, "task", tid, zombie)) {
		*ret = (struct sharer){ .id = { .pid = pid, .inode = sys->pidfd_inode(pidfd) } };
		memcpy(ret->id.comm, st.comm, sizeof(ret->id.comm));
		ret->relation = relate(sys, target, target_stat, procfd, &st);
		good = true;
	}
	if (procfd >= 0)
		sys->close(procfd);
	sys->close(pidfd);
	return good;
}

/*
 * kcmp puts every mm in one order, and somewhere in it NULL, in each boot elsewhere. Who stands
 * beyond the target as seen from NULL has an mm, another one; so has who stands beyond NULL as seen
 * from the target. One question tells, if it is asked at the right end. Who stands between the two is
 * asked at both: it may share, or be a dead leader whose threads do. And as it can lose its mm on the
 * way, NULL is the last to be asked: to begin with it is worth it where most stand beyond it.
 *
 * Where nobody is known to be NULL everyone is asked at the target, and its status whether it has an mm.
 */
enum end { TARGET, NOTHING };

struct order {
	pid_t tid[2];	/* the target's thread that has the mm; a task without, <= 0: not known */
	int towards[2]; /* what kcmp says at this end of all that stand on the side of the other */
	size_t n_asked, n_beyond; /* about so many; so many of them have none, or stand beyond it */
	bool target_first;
};

/**
 * struct search - one pass over /proc, by one thread or by two, each of which takes what it lists
 * @order: as it is in the beginning: each counts for itself
 * @lock: for what is found, and for opening files: one at a time
 */
struct search {
	const struct sys *sys;
	const struct run_self *self;
	const struct proc_ref *ref;
	struct stat_facts target_stat;
	struct order order;
	struct sharer_scan *scan;
	int dir, err;
	pthread_mutex_t lock;
};

static bool has_mm(struct search *s, pid_t pid, pid_t tid)
{
	char name[24];
	bool has;

	snprintf(name, sizeof(name), "%d/task", (int)pid);
	pthread_mutex_lock(&s->lock);
	has = sharing_has_mm(s->sys, s->self->proc_fd, name, tid, s->order.tid[NOTHING]);
	pthread_mutex_unlock(&s->lock);
	return has;
}

/* Its leader has no mm, any more: another thread of @pid that shares, 0 none. */
static pid_t shares_by_thread(struct search *s, pid_t pid)
{
	const pid_t *ends = s->order.tid;
	char name[24];

	/* A dead leader with living threads: its task directory's nlink is 2 + threads. */
	snprintf(name, sizeof(name), "%d/task", (int)pid);
	if (s->sys->nlink(s->self->proc_fd, name) <= 3)
		return 0;
	for (int deaths = 0; deaths < MAX_DEATHS; deaths++) {
		pid_t tid;

		pthread_mutex_lock(&s->lock);
		tid = sharing_thread(s->sys, s->self->proc_fd, name, ends[NOTHING]);
		pthread_mutex_unlock(&s->lock);
		if (tid == 0 || s->sys->kcmp_vm(ends[TARGET], tid) == 0)
			return tid;
		if (has_mm(s, pid, tid)) /* and had it when it was compared */
			return 0;
	}
	return 0;
}

/* The thread of @pid that shares, 0 none, negative errno where it cannot be compared. */
static pid_t shares(struct search *s, struct order *o, pid_t pid)
{
	enum end end = !o->target_first && 2 * o->n_beyond > o->n_asked;
	int r = s->sys->kcmp_vm(o->tid[end], pid);

	if (o->tid[NOTHING] <= 0 && r != 0)
		return r < 0 ? r : shares_by_thread(s, pid);
	if (o->tid[NOTHING] <= 0)
		return pid;
	if (r == o->towards[end]) {
		end = !end;
		r = s->sys->kcmp_vm(o->tid[end], pid);
		/* Either it stands between the two, or it has lost its mm since it was asked for it. */
		if (end == TARGET && r == o->towards[end]) {
			end = NOTHING;
			r = s->sys->kcmp_vm(o->tid[end], pid);
		}
	}
	o->n_asked++;
	o->n_beyond += end == NOTHING && r >= 0 && r != o->towards[end];
	if (r != 0)
		return r < 0 ? r : 0;
	return end == TARGET ? pid : shares_by_thread(s, pid);
}

static void note_unknown(struct search *s, pid_t pid)
{
	struct sharer_scan *scan = s->scan;

	pthread_mutex_lock(&s->lock);
	if ((size_t)scan->n_unknown < scan->unknown_capacity)
		scan->unknown[scan->n_unknown] = pid;
	scan->n_unknown++;
	pthread_mutex_unlock(&s->lock);
}

/* Whether it does still; false: it is gone, or shares no more by the time it is held. */
static bool note_sharer(struct search *s, pid_t pid, pid_t tid)
{
	struct sharer_scan *scan = s->scan;
	struct sharer who;
	bool found;

	pthread_mutex_lock(&s->lock);
	found = describe(s->sys, s->self, s->ref, &s->target_stat, s->order.tid[TARGET], pid, tid,
			 s->order.tid[NOTHING], &who);
	if (found && scan->n_found < scan->capacity)
		scan->found[scan->n_found] = who;
	scan->n_found += found;
	pthread_mutex_unlock(&s->lock);
	return found;
}

static void look_at(struct search *s, struct order *order, pid_t pid)
{
	pid_t tid = shares(s, order, pid);

	if (tid == -EPERM || tid == -EACCES)
		note_unknown(s, pid);
	for (int deaths = 0; tid > 0 && deaths < MAX_DEATHS; deaths++) {
		if (note_sharer(s, pid, tid))
			return;
		/* It shares no more, or its thread has ended and another one shares on. */
		tid = has_mm(s, pid, tid) ? 0 : shares_by_thread(s, pid);
	}
}

static void *help(void *search);

/*
 * Until nothing is left. @n_compared: counted one by one, as each may be slow
 * @helper: who takes a part as soon as it is seen that there are more
 */
static void look_through(struct search *s, char *dents, _Atomic int *n_compared,
			 struct beside *helper)
{
	struct order order = s->order;
	ssize_t n;

	while ((n = s->sys->getdents(s->dir, dents, PIECE)) > 0) {
		size_t off = 0;
		pid_t pid;

		if (helper && n > PIECE - MAX_ENTRY) {
			beside_start(helper, help, s);
			helper = NULL;
		}
		for (; (pid = procfile_next_pid(dents, (size_t)n, &off)) > 0; (*n_compared)++)
			if (pid != s->ref->pid && pid != order.tid[NOTHING])
				look_at(s, &order, pid);
	}
	if (n < 0) {
		pthread_mutex_lock(&s->lock);
		s->err = (int)n;
		pthread_mutex_unlock(&s->lock);
	}
}

static void *help(void *search)
{
	struct search *s = search;

	look_through(s, s->scan->dents + PIECE, &s->scan->n_helped, NULL);
	return NULL;
}

static int by_pid(const void *a, const void *b)
{
	const struct sharer *left = a, *right = b;

	return (left->id.pid > right->id.pid) - (left->id.pid < right->id.pid);
}

int sharing_by_number(const void *a, const void *b)
{
	const pid_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

/* In the order of /proc, whoever found it. */
static void sort(struct sharer_scan *scan)
{
	size_t n_found = scan->n_found, n_unknown = (size_t)scan->n_unknown;

	if (n_found > scan->capacity)
		n_found = scan->capacity;
	if (n_unknown > scan->unknown_capacity)
		n_unknown = scan->unknown_capacity;
	if (n_found)
		qsort(scan->found, n_found, sizeof(*scan->found), by_pid);
	if (n_unknown)
		qsort(scan->unknown, n_unknown, sizeof(*scan->unknown), sharing_by_number);
}

/* A directory offset of our own: scans for several targets run side by side. */
static int look_at_all(struct search *s)
{
	struct beside helper = { 0 };

	s->dir = s->sys->open_at(s->self->proc_fd, ".", O_DIRECTORY);
	if (s->dir < 0)
		return s->dir;
	pthread_mutex_init(&s->lock, NULL);
	look_through(s, s->scan->dents, &s->scan->n_compared,
		     s->scan->two_threads ? &helper : NULL);
	beside_join(&helper);
	if (helper.made)
		sort(s->scan);
	pthread_mutex_destroy(&s->lock);
	s->sys->close(s->dir);
	return s->err;
}

/*
 * The thread of the target that is compared, and how it stands to NULL where somebody is known to be
 * that. -ESRCH: none has an mm; -EAGAIN: it has just lost it.
 */
static int find_ends(struct search *s, pid_t zombie)
{
	const struct sys *sys = s->sys;
	pid_t tid = s->ref->pid;
	int towards = sys->kcmp_vm(tid, zombie > 0 ? zombie : tid);

	if (towards < 0)
		return towards;
	if (zombie > 0 ? towards == 0 : !sharing_has_mm(sys, s->ref->procfd, "task", tid, 0)) {
		tid = sharing_thread(sys, s->ref->procfd, "task", zombie);
		if (tid == 0)
			return -ESRCH;
		towards = sys->kcmp_vm(tid, zombie > 0 ? zombie : tid);
		if (towards == -ESRCH || (towards == 0 && zombie > 0))
			return -EAGAIN;
	}
	s->scan->tid = tid;
	s->order.tid[TARGET] = tid;
	s->order.tid[NOTHING] = zombie;
	s->order.towards[TARGET] = towards;
	s->order.towards[NOTHING] = zombie > 0 ? sys->kcmp_vm(zombie, tid) : 0;
	return towards < 0 ? towards : 0;
}

/*
 * One pass over /proc. -EAGAIN: the compared thread of the target lost its mm on the way, or got
 * another one (execve) that stands elsewhere.
 */
static int scan_once(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		     pid_t zombie, bool target_first, struct sharer_scan *scan)
{
	struct search s = {
		.sys = sys,
		.self = self,
		.ref = ref,
		.order.target_first = target_first,
		.scan = scan,
	};
	int last, err;

	scan->n_found = 0;
	scan->n_unknown = 0;
	scan->n_compared = scan->n_helped = 0;
	err = observe_stat(sys, ref->procfd, &s.target_stat);
	if (err == 0)
		err = find_ends(&s, zombie);
	if (err == 0)
		err = look_at_all(&s);
	if (err < 0)
		return err;
	/*
	 * Without its mm it was equal to nobody: who was not found may share all the same. And with an
	 * mm on the other side of NULL, who shares it was taken to stand beyond NULL.
	 */
	if (zombie <= 0)
		return sharing_has_mm(sys, ref->procfd, "task", scan->tid, zombie) ? 0 : -EAGAIN;
	last = sys->kcmp_vm(scan->tid, zombie);
	return last > 0 && (target_first || last == s.order.towards[TARGET]) ? 0 : -EAGAIN;
}

int observe_sharers(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		    pid_t zombie, struct sharer_scan *scan)
{
	int err = -EAGAIN;

	for (int tries = 0; tries < 3 && err == -EAGAIN; tries++)
		err = scan_once(sys, self, ref, zombie, tries > 0, scan);
	if (err < 0)
		scan->n_found = 0;
	return err == -EAGAIN ? -ESRCH : err;
}
