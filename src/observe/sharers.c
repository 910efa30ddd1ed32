/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who else uses this mm: kcmp(KCMP_VM) against every process that can be seen. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/observe.h>

#include "listing.h"
#include "sharing.h"

/* So many threads of one process may end while it is asked which of them shares. */
#define MAX_DEATHS 100

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

		while (found == 0 && (tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			int r = sys->kcmp_vm(tid, zombie);

			if (r > 0)
				found = tid;
		}
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
	    sys->kcmp_vm(tid, zombie) > 0) {
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
 * from the target. One question tells, if it is asked at the right end: that which told most so far.
 * Who stands between the two is asked at both: it may share, or be a dead leader whose threads do.
 */
enum end { TARGET, NOTHING };

struct order {
	pid_t tid[2];	/* the target's thread that has the mm; a task that has none */
	int towards[2]; /* what kcmp says at this end of all that stand on the side of the other */
	size_t done_at[2]; /* how many this end alone tells of: equal, or beyond it */
	bool target_first;
};

/* Its leader has no mm, any more: another thread of @pid that shares, 0 none. */
static pid_t shares_by_thread(const struct sys *sys, const struct run_self *self,
			      const struct order *o, pid_t pid)
{
	char name[24];

	/* A dead leader with living threads: its task directory's nlink is 2 + threads. */
	snprintf(name, sizeof(name), "%d/task", (int)pid);
	if (sys->nlink(self->proc_fd, name) <= 3)
		return 0;
	for (int deaths = 0; deaths < MAX_DEATHS; deaths++) {
		pid_t tid = sharing_thread(sys, self->proc_fd, name, o->tid[NOTHING]);

		if (tid == 0 || sys->kcmp_vm(o->tid[TARGET], tid) == 0)
			return tid;
		if (sys->kcmp_vm(tid, o->tid[NOTHING]) > 0) /* and had it when it was compared */
			return 0;
	}
	return 0;
}

/* The thread of @pid that shares, 0 none, negative errno where it cannot be compared. */
static pid_t shares(const struct sys *sys, const struct run_self *self, struct order *o, pid_t pid)
{
	enum end end = !o->target_first && o->done_at[NOTHING] > o->done_at[TARGET];
	int r = sys->kcmp_vm(o->tid[end], pid);

	if (r == o->towards[end]) {
		end = !end;
		r = sys->kcmp_vm(o->tid[end], pid);
		/* Either it stands between the two, or it has lost its mm since it was asked for it. */
		if (end == TARGET && r == o->towards[end]) {
			end = NOTHING;
			r = sys->kcmp_vm(o->tid[end], pid);
		}
	}
	o->done_at[end] += r >= 0 && r != o->towards[end];
	if (r != 0)
		return r < 0 ? r : 0;
	return end == TARGET ? pid : shares_by_thread(sys, self, o, pid);
}

/*
 * One pass over /proc. -EAGAIN: the compared thread of the target lost its mm on the way, or got
 * another one (execve) that stands elsewhere.
 */
static int scan_once(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		     pid_t zombie, bool target_first, struct sharer_scan *scan)
{
	struct order order = { .target_first = target_first };
	struct stat_facts target_stat;
	pid_t target_tid = ref->pid, pid;
	int null_order, last, err;
	struct listing listing;

	scan->n_found = 0;
	scan->n_unknown = 0;
	scan->n_compared = 0;
	err = observe_stat(sys, ref->procfd, &target_stat);
	if (err < 0)
		return err;
	null_order = sys->kcmp_vm(target_tid, zombie);
	if (null_order == 0) {
		target_tid = sharing_thread(sys, ref->procfd, "task", zombie);
		if (target_tid == 0)
			return -ESRCH;
		null_order = sys->kcmp_vm(target_tid, zombie);
		if (null_order == 0 || null_order == -ESRCH)
			return -EAGAIN;
	}
	if (null_order < 0)
		return null_order;
	scan->tid = target_tid;
	order.tid[TARGET] = target_tid;
	order.tid[NOTHING] = zombie;
	order.towards[TARGET] = null_order;
	order.towards[NOTHING] = sys->kcmp_vm(zombie, target_tid);
	err = listing_open(sys, self, scan->dents, scan->list_ahead, &listing);
	if (err < 0)
		return err;
	while ((pid = listing_next(&listing)) > 0) {
		struct sharer who;
		bool found = false;
		pid_t tid;

		if (pid == ref->pid || pid == zombie)
			continue;
		tid = shares(sys, self, &order, pid);
		scan->n_compared++;
		if (tid == -EPERM || tid == -EACCES) {
			if ((size_t)scan->n_unknown < scan->unknown_capacity)
				scan->unknown[scan->n_unknown] = pid;
			scan->n_unknown++;
		}
		for (int deaths = 0; tid > 0 && !found && deaths < MAX_DEATHS; deaths++) {
			found = describe(sys, self, ref, &target_stat, target_tid, pid, tid, zombie,
					 &who);
			/* It shares no more, or its thread has ended and another one shares on. */
			if (!found)
				tid = sys->kcmp_vm(tid, zombie) > 0
					      ? 0
					      : shares_by_thread(sys, self, &order, pid);
		}
		if (!found)
			continue;
		if (scan->n_found < scan->capacity)
			scan->found[scan->n_found] = who;
		scan->n_found++;
	}
	listing_close(&listing);
	if (pid < 0)
		return pid;
	/*
	 * Without its mm it was equal to nobody: who was not found may share all the same. And with an
	 * mm on the other side of NULL, who shares it was taken to stand beyond NULL.
	 */
	last = sys->kcmp_vm(target_tid, zombie);
	return last > 0 && (target_first || last == null_order) ? 0 : -EAGAIN;
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
