/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of several targets share with nobody: the targets are brought into the order in which kcmp
 * has their address spaces, and every process is looked for among them by halving.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/observe.h>

#include "sharing.h"

/* So often it is begun anew where a target ends or executes a program meanwhile. */
#define MAX_PASSES 3
#define MAX_TRIES 3

#define AUXV_SIZE 1024

enum { UNSEEN, ALONE, SHARES };

/*
 * struct mark - by what an execve is seen that is over: two of them can leave the order as it was
 * @pagemap: of the mm that it had; unreferenced as soon as nobody else has it either
 * @auxv: a hash of what the kernel gave to its program: addresses, which are others each time, for
 *	where its old mm is somebody's still
 * One case is left: addresses that are not random, an old mm that is somebody's still, and two execve
 * within a pass, the second to the same layout and the same place. Who shares with another target may
 * be missed then; that target is killed as was asked, and its reap finds the sharer.
 */
struct mark {
	struct member who;
	uint64_t auxv;
	int pagemap;
};

/* What is found of @pid; NULL: it is no target. */
static unsigned char *found_of(const struct crowd *c, pid_t pid)
{
	const pid_t *at = bsearch(&pid, c->pids, c->n, sizeof(pid), sharing_by_number);

	return at ? &c->found[at - c->pids] : NULL;
}

struct crowd *crowd_make(const pid_t *pids, size_t n)
{
	size_t each = sizeof(struct mark) + 2 * sizeof(struct member) + sizeof(size_t) +
		      sizeof(pid_t) + 1;
	struct crowd *c = calloc(1, sizeof(*c) + n * each);

	if (c == NULL)
		return NULL;
	c->n = n;
	c->marks = (struct mark *)(c + 1);
	c->groups = (size_t *)(c->marks + n);
	c->members = (struct member *)(c->groups + n);
	c->spare = c->members + n;
	c->pids = (pid_t *)(c->spare + n);
	c->found = (unsigned char *)(c->pids + n);
	memcpy(c->pids, pids, n * sizeof(*pids));
	qsort(c->pids, n, sizeof(*c->pids), sharing_by_number);
	return c;
}

bool crowd_is_alone(const struct crowd *c, pid_t pid)
{
	const unsigned char *found = found_of(c, pid);

	return c->err == 0 && found && *found == ALONE;
}

/* The member whose mm @tid uses; m->n: none. -EAGAIN: one of two that were compared has changed. */
static ssize_t find_mm(const struct members *m, pid_t tid)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int r = m->sys->kcmp_vm(m->all[middle].tid, tid);

		if (r == 0)
			return (ssize_t)middle;
		if (r != 1 && r != 2)
			return -EAGAIN;
		if (r == 1)
			low = middle + 1;
		else
			high = middle;
	}
	return (ssize_t)m->n;
}

/*
 * Does it share with a target? Then that is not alone. That it does not holds only if its thread has
 * the mm still that was compared; else another thread may. What ends altogether shares no more.
 * @bare: the one before had no mm; kernel threads come one after the other, and are asked for it first
 */
static int look_at(const struct members *m, const struct run_self *self, pid_t pid, bool *bare,
		   struct crowd *c)
{
	pid_t tid = pid;
	int refused = 0;

	for (int tries = 0; tries < MAX_TRIES; tries++) {
		ssize_t at;

		if (tries > 0 || *bare)
			tid = sharing_member(m, self, pid);
		*bare = tid == 0;
		/* Whoever stands before it: it is asked about twice. */
		if ((tid == -EPERM || tid == -EACCES) && refused++ == 0)
			continue;
		if (tid == -EPERM || tid == -EACCES)
			c->n_unknown++;
		if (tid <= 0)
			return 0;
		at = find_mm(m, tid);
		if (at >= 0 && (size_t)at < m->n) {
			*found_of(c, m->all[at].pid) = SHARES;
			return 0;
		}
		if (at >= 0 && m->sys->kcmp_vm(tid, m->zombie) > 0)
			return 0;
	}
	return -EAGAIN;
}

static int look_at_all(const struct members *m, const struct run_self *self, struct crowd *c)
{
	int dir = m->sys->open_at(self->proc_fd, ".", O_DIRECTORY), err = 0;
	bool bare = false;
	ssize_t n = 0;

	if (dir < 0)
		return dir;
	while (err == 0 && (n = m->sys->getdents(dir, c->dents, DENTS_SIZE)) > 0) {
		size_t off = 0;
		pid_t pid;

		while (err == 0 && (pid = procfile_next_pid(c->dents, (size_t)n, &off)) > 0) {
			const unsigned char *found = found_of(c, pid);

			/* How the targets share among themselves their order tells. */
			if (pid != m->zombie && (found == NULL || *found == UNSEEN))
				err = look_at(m, self, pid, &bare, c);
			c->n_compared++;
		}
	}
	m->sys->close(dir);
	return n < 0 ? (int)n : err;
}

/* FNV-1a; 0: it cannot be read. */
static uint64_t hash_auxv(const struct sys *sys, const struct run_self *self, struct member who)
{
	uint64_t hash = 0xcbf29ce484222325;
	char name[48], auxv[AUXV_SIZE];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/task/%d/auxv", (int)who.pid, (int)who.tid);
	n = sys->read_file(self->proc_fd, name, auxv, sizeof(auxv));
	for (ssize_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)auxv[i]) * 0x100000001b3;
	return n > 0 ? hash : 0;
}

static bool has_kept_mm(const struct sys *sys, const struct run_self *self, const struct mark *mark)
{
	struct victim_fds fds = { .pagemap = mark->pagemap };

	return mark->auxv && hash_auxv(sys, self, mark->who) == mark->auxv &&
	       observe_mm(sys, &fds) == MM_HELD;
}

static bool set_mark(const struct sys *sys, const struct run_self *self, struct member who,
		     struct mark *ret)
{
	char name[48];

	snprintf(name, sizeof(name), "%d/task/%d/pagemap", (int)who.pid, (int)who.tid);
	*ret = (struct mark){ .who = who, .pagemap = sys->open_at(self->proc_fd, name, 0) };
	if (ret->pagemap < 0)
		return false;
	ret->auxv = hash_auxv(sys, self, who);
	if (has_kept_mm(sys, self, ret))
		return true;
	sys->close(ret->pagemap);
	return false;
}

/* The order must be seen again after it: a target that ended has led astray who was compared with it. */
static int scan_in_order(struct members *m, const struct run_self *self, struct crowd *c)
{
	size_t n;
	int err;

	memset(c->found, UNSEEN, c->n);
	c->n_unknown = 0;
	if (!sharing_number(m, c->groups))
		return -EAGAIN;
	n = m->n;
	for (size_t i = 0; i < n; i++)
		*found_of(c, m->all[i].pid) = ALONE;
	err = look_at_all(m, self, c);
	if (err < 0)
		return err;
	if (!sharing_number(m, c->groups) || m->n != n)
		return -EAGAIN;
	for (size_t i = 0; i < n; i++)
		if (c->groups[i])
			*found_of(c, m->all[i].pid) = SHARES;
	return 0;
}

/* One pass, in which each target has kept its mm. Who cannot be marked leaves the list, and is not known. */
static int scan_once(struct members *m, const struct run_self *self, struct crowd *c)
{
	size_t marked = 0;
	int err;

	for (size_t i = 0; i < m->n; i++) {
		struct member who = m->all[i];

		if (set_mark(m->sys, self, who, &c->marks[marked]))
			m->all[marked++] = who;
	}
	m->n = marked;
	err = scan_in_order(m, self, c);
	for (size_t i = 0; i < marked; i++) {
		if (err == 0 && !has_kept_mm(m->sys, self, &c->marks[i]))
			err = -EAGAIN;
		m->sys->close(c->marks[i].pagemap);
	}
	return err;
}

int observe_crowd(const struct sys *sys, const struct run_self *self, pid_t zombie, struct crowd *c)
{
	struct members m = { .sys = sys, .zombie = zombie, .all = c->members, .spare = c->spare };
	int err = zombie > 0 ? sys->kcmp_vm(self->pid, zombie) : -EAGAIN;

	if (err < 0)
		return err;
	for (size_t i = 0; i < c->n; i++) {
		pid_t tid = sharing_member(&m, self, c->pids[i]);

		if (tid > 0)
			m.all[m.n++] = (struct member){ c->pids[i], tid };
	}
	sharing_sort(&m);
	err = -EAGAIN;
	for (int i = 0; i < MAX_PASSES && err == -EAGAIN; i++)
		err = scan_once(&m, self, c);
	return err;
}
