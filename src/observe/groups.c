/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who shares with whom among all processes, and what is told of each of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/cleanup.h>
#include <mmreap/observe.h>

#include "sharing.h"

/* Processes that execve disturb the order: so often it is mended. */
#define MAX_PASSES 20

ssize_t observe_pids(const struct sys *sys, const struct run_self *self, pid_t **ret)
{
	_cleanup_free_ char *dents = malloc(DENTS_SIZE);
	_cleanup_free_ pid_t *pids = NULL;
	size_t n_pids = 0, room = 0;
	ssize_t n;
	int dir;

	if (dents == NULL)
		return -ENOMEM;
	dir = sys->open_at(self->proc_fd, ".", O_DIRECTORY);
	if (dir < 0)
		return dir;
	while ((n = sys->getdents(dir, dents, DENTS_SIZE)) > 0) {
		size_t off = 0;
		pid_t pid;

		while ((pid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			if (n_pids == room) {
				pid_t *more = reallocarray(pids, room + 1024, sizeof(*pids));

				if (more == NULL) {
					sys->close(dir);
					return -ENOMEM;
				}
				pids = more;
				room += 1024;
			}
			pids[n_pids++] = pid;
		}
	}
	sys->close(dir);
	if (n < 0)
		return n;
	*ret = take_ptr(pids);
	return (ssize_t)n_pids;
}

ssize_t observe_suspects(const struct sys *sys, const struct run_self *self, pid_t **ret)
{
	_cleanup_free_ pid_t *pids = NULL;
	ssize_t n = observe_pids(sys, self, &pids), kept = 0;

	for (ssize_t i = 0; i < n; i++) {
		struct stat_facts st;
		char name[24], buf[2048];
		ssize_t len;

		snprintf(name, sizeof(name), "%d/stat", (int)pids[i]);
		len = sys->read_file(self->proc_fd, name, buf, sizeof(buf));
		if (len > 0 && procfile_stat(buf, (size_t)len, &st) == 0 && phase_is_suspect(&st))
			pids[kept++] = pids[i];
	}
	if (n < 0)
		return n;
	*ret = take_ptr(pids);
	return kept;
}

/* --- one process ------------------------------------------------------------------------ */

/* The cgroup that memory is charged to: version 1 where that controller is there, else version 2. */
static void read_cgroup(const struct sys *sys, int procfd, char *buf, size_t size)
{
	char text[8192];
	ssize_t n = sys->read_file(procfd, "cgroup", text, sizeof(text));

	buf[0] = '\0';
	if (n > 0 && procfile_cgroup(text, (size_t)n, "memory", buf, size) < 0)
		procfile_cgroup(text, (size_t)n, "", buf, size);
}

/* A dead leader shows no memory; its threads do. */
static int64_t rss_bytes(const struct sys *sys, int procfd, const struct status_facts *s)
{
	int64_t kib = s->vm_rss_kib;
	struct status_facts of_thread;

	if (kib == UNKNOWN && s->threads > 1 && sharing_status(sys, procfd, &of_thread) == 0)
		kib = of_thread.vm_rss_kib;
	return kib_to_bytes(kib);
}

static int describe(const struct sys *sys, int pidfd, int procfd, pid_t pid, pid_t same_as,
		    pid_t zombie, struct sharers_row *ret)
{
	struct sharers_row row = { .id = { .pid = pid }, .users = UNKNOWN };
	struct status_facts s = { .vm_rss_kib = UNKNOWN };
	struct stat_facts st;
	pid_t tid = pid;
	int err = observe_stat(sys, procfd, &st), right;

	if (err == 0)
		err = observe_status(sys, procfd, &s);
	if (err < 0)
		return err;
	if (same_as && st.state == 'Z' && st.threads > 1)
		tid = sharing_thread(sys, procfd, "task", zombie);
	read_cgroup(sys, procfd, row.cgroup, sizeof(row.cgroup));
	row.rss_bytes = rss_bytes(sys, procfd, &s);
	row.id.inode = sys->pidfd_inode(pidfd);
	memcpy(row.id.comm, st.comm, sizeof(row.id.comm));
	row.ppid = st.ppid;
	row.uid = s.uid;
	row.state = st.state;
	row.threads = st.threads;
	right = sys->pidfd_signal(pidfd, 0);
	if (right == -ESRCH)
		return -ESRCH;
	row.killable = right == 0 ? 1 : right == -EPERM ? 0 : UNKNOWN;
	/* Last: it is the mm of this process, which is held, and of the other, still. */
	if (same_as && (tid == 0 || sys->kcmp_vm(same_as, tid) != 0))
		return -ESRCH;
	*ret = row;
	return 0;
}

int observe_member(const struct sys *sys, const struct run_self *self, pid_t pid, pid_t same_as,
		   pid_t zombie, struct sharers_row *ret)
{
	int pidfd = sys->pidfd_open(pid), procfd, err;
	char name[16];

	if (pidfd < 0)
		return pidfd;
	snprintf(name, sizeof(name), "%d", (int)pid);
	procfd = sys->open_at(self->proc_fd, name, O_DIRECTORY);
	err = procfd < 0 ? procfd : describe(sys, pidfd, procfd, pid, same_as, zombie, ret);
	if (procfd >= 0)
		sys->close(procfd);
	sys->close(pidfd);
	return err == -ENOENT ? -ESRCH : err;
}

/* --- all processes ---------------------------------------------------------------------- */

static bool is_lost(const struct members *m, const struct member *a)
{
	return m->sys->kcmp_vm(a->tid, m->zombie) <= 0;
}

/*
 * -1, 0, 1 as kcmp orders the two (1: less, 2: greater); who has no mm any more is dropped.
 * Dropped ones are less than all, so that they leave a merge at once.
 */
static int compare(struct members *m, struct member *a, struct member *b)
{
	int r;

	if (a->tid == 0 || b->tid == 0)
		return a->tid == 0 ? -1 : 1;
	r = m->sys->kcmp_vm(a->tid, b->tid);
	if (r == 0)
		return 0;
	if (r == 1 || r == 2)
		return r == 1 ? -1 : 1;
	if (is_lost(m, a)) {
		a->tid = 0;
		return -1;
	}
	b->tid = 0;
	return 1;
}

static void merge(struct members *m, size_t left, size_t middle, size_t right)
{
	size_t a = left, b = middle;

	for (size_t to = left; to < right; to++) {
		bool first = b == right || (a < middle && compare(m, &m->all[a], &m->all[b]) <= 0);

		m->spare[to] = first ? m->all[a++] : m->all[b++];
	}
	memcpy(m->all + left, m->spare + left, (right - left) * sizeof(*m->all));
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static void drop_lost(struct members *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++)
		if (m->all[i].tid != 0)
			m->all[kept++] = m->all[i];
	m->n = kept;
}

/* From the bottom up: every comparison is a system call, so as few as can be. */
void sharing_sort(struct members *m)
{
	for (size_t width = 1; width < m->n; width *= 2)
		for (size_t i = 0; i + width < m->n; i += 2 * width)
			merge(m, i, i + width, smaller(i + 2 * width, m->n));
	drop_lost(m);
}

/* Put @one where it belongs; a few calls, so that hardly anything changes meanwhile. */
static void insert(struct members *m, struct member one)
{
	size_t low = 0, high = m->n;

	while (low < high && one.tid != 0) {
		size_t middle = low + (high - low) / 2;
		int r = compare(m, &m->all[middle], &one);

		if (m->all[middle].tid == 0) {
			memmove(m->all + middle, m->all + middle + 1,
				(m->n - middle - 1) * sizeof(*m->all));
			m->n--;
			high--;
		} else if (r < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	if (one.tid == 0)
		return;
	memmove(m->all + low + 1, m->all + low, (m->n - low) * sizeof(*m->all));
	m->all[low] = one;
	m->n++;
}

/*
 * Not in order: one of two neighbours got another mm while we sorted (execve), and may have kept
 * others from their place. Which of the two cannot be told: both are taken out, and put in again.
 */
bool sharing_number(struct members *m, size_t *groups)
{
	size_t kept = 0, n_groups = 0, aside = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct member next = m->all[i];
		int r = -1;

		while (kept > 0 && next.tid != 0) {
			r = compare(m, &m->all[kept - 1], &next);
			if (m->all[kept - 1].tid != 0)
				break;
			kept--;
		}
		if (next.tid == 0)
			continue;
		if (kept > 0 && r > 0) {
			m->spare[aside++] = m->all[--kept];
			m->spare[aside++] = next;
			continue;
		}
		groups[kept] = 0;
		if (kept > 0 && r == 0) {
			if (groups[kept - 1] == 0)
				groups[kept - 1] = ++n_groups;
			groups[kept] = groups[kept - 1];
		}
		m->all[kept++] = next;
	}
	m->n = kept;
	for (size_t i = 0; i < aside; i++)
		insert(m, m->spare[i]);
	return aside == 0;
}

pid_t sharing_member(const struct members *m, const struct run_self *self, pid_t pid)
{
	int r = m->sys->kcmp_vm(pid, m->zombie);
	char name[24];

	if (r != 0)
		return r < 0 ? r : pid;
	/* A dead leader may have living threads: nlink is 2 + threads. */
	snprintf(name, sizeof(name), "%d/task", (int)pid);
	if (m->sys->nlink(self->proc_fd, name) <= 3)
		return 0;
	return sharing_thread(m->sys, self->proc_fd, name, m->zombie);
}

/* Everybody who has an mm that we may compare. */
static void enlist(struct members *m, const struct run_self *self, const pid_t *pids, size_t n,
		   struct blind *blind)
{
	for (size_t i = 0; i < n; i++) {
		pid_t pid = pids[i], tid;

		if (pid == m->zombie)
			continue;
		tid = sharing_member(m, self, pid);
		if (tid == -EPERM || tid == -EACCES)
			sharing_note_unknown(m->sys, self, pid, blind);
		else if (tid > 0)
			m->all[m->n++] = (struct member){ pid, tid };
	}
}

/* Within a group: who is in vfork has its parent there too. */
static void relate(const struct sys *sys, const struct run_self *self, struct sharers_row *rows,
		   size_t n)
{
	for (size_t i = 0; i < n; i++)
		rows[i].relation = RELATION_CLONE_VM;
	for (size_t i = 0; i < n; i++) {
		bool in_vfork;
		char name[16];
		int fd;

		snprintf(name, sizeof(name), "%d", (int)rows[i].id.pid);
		fd = sys->open_at(self->proc_fd, name, O_DIRECTORY);
		if (fd < 0)
			continue;
		in_vfork = sharing_in_vfork(sys, fd);
		sys->close(fd);
		for (size_t j = 0; in_vfork && j < n; j++) {
			if (rows[j].id.pid != rows[i].ppid)
				continue;
			rows[i].relation = RELATION_VFORK_CHILD;
			if (rows[j].relation == RELATION_CLONE_VM)
				rows[j].relation = RELATION_VFORK_PARENT;
		}
	}
}

/* Believed if it has the same mm as another member once it is described. */
static bool describe_member(const struct members *m, const struct run_self *self, size_t first,
			    size_t end, size_t of, struct sharers_row *row)
{
	const struct member *one = &m->all[of];

	for (size_t i = first; i < end; i++) {
		pid_t other = m->all[i].tid;

		if (i != of && m->sys->kcmp_vm(other, one->tid) == 0 &&
		    observe_member(m->sys, self, one->pid, other, m->zombie, row) == 0)
			return true;
	}
	return false;
}

static int by_pid(const void *a, const void *b)
{
	const struct sharers_row *left = a, *right = b;

	return (left->id.pid > right->id.pid) - (left->id.pid < right->id.pid);
}

/* By the first of the group, then by PID: not by where the kernel happened to put the mm. */
static int by_group(const void *a, const void *b)
{
	const struct sharers_row *left = a, *right = b;

	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	return by_pid(a, b);
}

/* Ordinals in the order of each group's first PID, which is its group until then. */
static void number_rows(struct group_scan *scan)
{
	size_t group = 0, before = 0;

	qsort(scan->rows, scan->n_rows, sizeof(*scan->rows), by_group);
	for (size_t i = 0; i < scan->n_rows; i++) {
		if (scan->rows[i].group != before)
			group++;
		before = scan->rows[i].group;
		scan->rows[i].group = group;
	}
	scan->n_groups = group;
}

/* Describe the members of each group; who left it meanwhile is left out, and a group of one too. */
static void describe_groups(const struct members *m, const struct run_self *self,
			    const size_t *groups, struct group_scan *scan)
{
	for (size_t i = 0, end; i < m->n; i = end) {
		size_t first = scan->n_rows, n;

		for (end = i + 1; end < m->n && groups[i] && groups[end] == groups[i]; end++)
			;
		for (size_t j = i; j < end && end - i > 1; j++) {
			struct sharers_row *row = &scan->rows[scan->n_rows];

			if (!describe_member(m, self, i, end, j, row))
				continue;
			row->source = SOURCE_KCMP;
			scan->n_rows++;
		}
		n = scan->n_rows - first;
		if (n < 2) {
			scan->n_rows = first;
			continue;
		}
		relate(m->sys, self, scan->rows + first, n);
		qsort(scan->rows + first, n, sizeof(*scan->rows), by_pid);
		for (size_t j = first; j < scan->n_rows; j++)
			scan->rows[j].group = (size_t)scan->rows[first].id.pid;
	}
	number_rows(scan);
}

int observe_groups(const struct sys *sys, const struct run_self *self, pid_t zombie,
		   struct group_scan *ret)
{
	_cleanup_free_ struct member *all = NULL, *spare = NULL;
	_cleanup_free_ size_t *groups = NULL;
	_cleanup_free_ pid_t *pids = NULL;
	struct members m = { .sys = sys, .zombie = zombie };
	int err = zombie > 0 ? sys->kcmp_vm(self->pid, zombie) : -EAGAIN;
	bool sorted = false;
	ssize_t n;

	*ret = (struct group_scan){ 0 };
	if (err < 0)
		return err;
	n = observe_pids(sys, self, &pids);
	if (n < 0)
		return (int)n;
	all = calloc((size_t)n + 1, sizeof(*all));
	spare = calloc((size_t)n + 1, sizeof(*spare));
	groups = calloc((size_t)n + 1, sizeof(*groups));
	ret->rows = calloc((size_t)n + 1, sizeof(*ret->rows));
	if (all == NULL || spare == NULL || groups == NULL || ret->rows == NULL)
		return -ENOMEM;
	m.all = all;
	m.spare = spare;
	enlist(&m, self, pids, (size_t)n, &ret->blind);
	sharing_sort(&m);
	for (int i = 0; i < MAX_PASSES && !sorted; i++)
		sorted = sharing_number(&m, groups);
	ret->blind.changed = !sorted;
	/* Never in order: what is there is a list of processes, but who is beside whom says nothing. */
	if (sorted)
		describe_groups(&m, self, groups, ret);
	return 0;
}
