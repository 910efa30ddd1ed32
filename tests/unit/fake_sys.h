/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A kernel of paper: a struct sys whose processes are rows of `fake`, so that what no real machine
 * shows on demand can be looked at. It answers as Linux does: a directory that was opened keeps
 * naming its process (ESRCH once that is reaped), a path goes by the number (ENOENT).
 *
 * Every descriptor is counted: fake_end() says whether one was left open.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/observe.h>
#include <mmreap/sys.h>

#ifndef FAKE_PROCS /* who wants more says so before */
#define FAKE_PROCS 12
#endif
#define FAKE_THREADS 40
#define FAKE_FDS 64
#define FAKE_FD0 100
#define FAKE_PATH 256

/**
 * struct fake_thread - one thread
 * @no_mm: it has left the mm
 * @list, @list32: robust list heads by the native and the compat entry, 0 none
 * @err: of get_robust_list(), negative
 */
struct fake_thread {
	pid_t tid;
	char state; /* 0 means S */
	unsigned int flags;
	int policy;
	bool no_mm;
	uint64_t list, list32;
	int err;
	pid_t tracer;
};

/**
 * struct fake_proc - one process
 * @mm: a number for its mm, 0 none
 * @threads: the first is the leader; none given: one, asleep
 * @n_status_threads: what stat says of the number of threads; 0: as many as there are
 * @start_code: 0 means hidden (1) where there is an mm
 * @random: an address in its auxv, another one after an execve
 * @kcmp_err, @open_err: negative errno of kcmp and pidfd_open
 * @next, @pending: words of every robust list head in its memory; @mem: what a read of it gives
 *	(0: the words, MEM_GONE: end of file, MEM_SHORT, or a negative errno)
 * @n_groups: numbers of ten digits in the line Groups of status
 * @status_cut: so many bytes from its end are missing
 * @vm_size_kib: UNKNOWN is no line at all; 0 is given as 4096
 */
struct fake_proc {
	pid_t pid, ppid;
	const char *comm;
	int mm;
	uint64_t inode;
	bool reaped, exited;
	struct fake_thread threads[FAKE_THREADS];
	int n_threads, n_status_threads;
	uint64_t start_ticks, start_code, random;
	int exit_code;
	uint64_t sig_pending, shd_pending;
	const char *ns_pids;
	bool core_dumping;
	int64_t vm_size_kib;
	int64_t vm_peak_kib; /* 0: no line */
	const char *wchan, *cgroup;
	const char *freezer; /* the state of its v1 cgroup, for the test to place */
	const char *oom_score, *oom_score_adj;
	const char *stat, *statm; /* text instead of the made one */
	int status_err;
	int n_groups;
	size_t status_cut;
	pid_t tgid;	/* what status says; 0: the PID */
	int parent_err; /* of pidfd_parent() */
	int signal_err, kcmp_err, open_err, proc_err, pagemap_err, mem_open_err;
	int bits; /* 0: 64; -1: no auxv */
	uint64_t next, pending;
	int mem;
	int pagemap; /* what the misaligned read gives: 0, or negative errno */
};

#define MEM_GONE 1
#define MEM_SHORT 2
#define NO_VM_SIZE ((int64_t)-2)

struct fake_fd {
	bool used;
	char path[FAKE_PATH];
	pid_t pid; /* of a pidfd or a file below /proc/PID; 0: /proc itself */
	int proc;  /* index of the process that it names for ever; -1 none */
	int mm;	   /* of the process when it was opened */
	bool pidfd;
	size_t at; /* next entry of a directory */
};

static struct {
	struct fake_proc procs[FAKE_PROCS];
	int n_procs;
	struct fake_fd fds[FAKE_FDS];
	int open;
	pid_t self;	  /* whom /proc/self leads to */
	int not_procfs;	  /* negative errno of is_procfs */
	int getdents_err; /* negative errno, after @getdents_good calls */
	int getdents_good;
	int entries; /* per getdents call; 0: all that fit */
	int kcmp_calls;
	bool mm_is_used; /* pagemap says so while somebody has the mm; else the row tells */
	struct {
		const char *path, *text;
	} files[4];	       /* outside of /proc/PID, by full path */
	void (*on_kcmp)(void); /* called before the answer */
	void (*on_list)(pid_t tid);
	void (*on_getdents)(void);
	void (*on_signal)(void);
	void (*on_open)(void); /* before a file is opened */
	int tid_err;	       /* of pidfd_open() of a thread; 0: ENOENT */
	bool misuse;	       /* something was asked that would block or change a real process */
} fake;

static inline void fake_begin(const struct fake_proc *procs, int n)
{
	memset(&fake, 0, sizeof(fake));
	for (int i = 0; i < n; i++)
		fake.procs[i] = procs[i];
	fake.n_procs = n;
	for (int i = 0; i < n; i++) {
		struct fake_proc *p = &fake.procs[i];

		if (p->n_threads == 0)
			while (p->n_threads < FAKE_THREADS && p->threads[p->n_threads].tid)
				p->n_threads++;
		if (p->n_threads == 0) {
			p->n_threads = 1;
			p->threads[0].tid = p->pid;
		}
	}
}

/* Were all descriptors closed, and nothing done that must not be? */
static inline bool fake_end(void)
{
	return fake.open == 0 && !fake.misuse;
}

static inline struct fake_proc *fake_find(pid_t pid)
{
	for (int i = 0; i < fake.n_procs; i++)
		if (fake.procs[i].pid == pid && !fake.procs[i].reaped)
			return &fake.procs[i];
	return NULL;
}

static inline struct fake_thread *fake_thread_of(struct fake_proc *p, pid_t tid)
{
	for (int i = 0; i < p->n_threads; i++)
		if (p->threads[i].tid == tid)
			return &p->threads[i];
	return NULL;
}

static inline struct fake_thread *fake_find_thread(pid_t tid, struct fake_proc **ret)
{
	for (int i = 0; i < fake.n_procs; i++) {
		struct fake_proc *p = &fake.procs[i];
		struct fake_thread *t = p->reaped ? NULL : fake_thread_of(p, tid);

		if (t) {
			*ret = p;
			return t;
		}
	}
	return NULL;
}

/* A thread ends: it leaves the listing and the mm. */
static inline void fake_drop_thread(struct fake_proc *p, pid_t tid)
{
	for (int i = 0; i < p->n_threads; i++) {
		if (p->threads[i].tid != tid)
			continue;
		for (; i + 1 < p->n_threads; i++)
			p->threads[i] = p->threads[i + 1];
		p->n_threads--;
	}
}

/* --- descriptors ------------------------------------------------------------------------ */

static inline struct fake_fd *fake_fd(int fd)
{
	int i = fd - FAKE_FD0;

	return i >= 0 && i < FAKE_FDS && fake.fds[i].used ? &fake.fds[i] : NULL;
}

static inline int fake_new_fd(const char *path, struct fake_proc *p, bool pidfd)
{
	for (int i = 0; i < FAKE_FDS; i++) {
		struct fake_fd *f = &fake.fds[i];

		if (f->used)
			continue;
		*f = (struct fake_fd){ .used = true, .pidfd = pidfd, .proc = -1 };
		snprintf(f->path, sizeof(f->path), "%s", path);
		if (p) {
			f->pid = p->pid;
			f->proc = (int)(p - fake.procs);
			f->mm = p->mm;
		}
		fake.open++;
		return FAKE_FD0 + i;
	}
	return -EMFILE;
}

static inline int fake_close(int fd)
{
	struct fake_fd *f = fake_fd(fd);

	if (!f) {
		fake.misuse = true;
		return -EBADF;
	}
	f->used = false;
	fake.open--;
	return 0;
}

static inline void fake_join(const struct fake_fd *dir, const char *name, char *path)
{
	int n;

	if (dir && !strcmp(name, "."))
		n = snprintf(path, FAKE_PATH, "%s", dir->path);
	else
		n = snprintf(path, FAKE_PATH, "%s%s%s", dir ? dir->path : "", dir ? "/" : "", name);
	fake.misuse |= n >= FAKE_PATH;
}

/*
 * What a path below /proc means: the process, and what is left of the path behind its directory.
 * Through a descriptor the process is the one that was opened.
 */
static inline int fake_walk(int dirfd, const char *name, struct fake_proc **ret, char *rest,
			    size_t size)
{
	struct fake_fd *dir = dirfd == AT_FDCWD ? NULL : fake_fd(dirfd);
	char path[FAKE_PATH];
	const char *p;
	pid_t pid;

	*ret = NULL;
	rest[0] = '\0';
	if (dirfd != AT_FDCWD && !dir)
		return -EBADF;
	fake_join(dir, name, path);
	if (!strcmp(path, "/proc"))
		return 0;
	if (strncmp(path, "/proc/", 6))
		return -ENOENT;
	p = path + 6;
	pid = strncmp(p, "self/", 5) ? (pid_t)strtol(p, NULL, 10) : fake.self;
	if (dir && dir->proc >= 0) {
		*ret = &fake.procs[dir->proc];
		if ((*ret)->reaped)
			return -ESRCH;
	} else {
		*ret = fake_find(pid);
		if (!*ret) /* threads have a directory that is not listed */
			fake_find_thread(pid, ret);
		if (!*ret)
			return -ENOENT;
		if ((*ret)->proc_err)
			return (*ret)->proc_err;
	}
	p = strchr(p, '/');
	snprintf(rest, size, "%s", p ? p + 1 : "");
	return 0;
}

/* Files of the mm: ESRCH where the thread has none, and whatever the row says. */
static inline int fake_open_mm(const struct fake_proc *p, const char *rest)
{
	const struct fake_thread *t = &p->threads[0];
	const char *name = strrchr(rest, '/');
	pid_t tid;

	name = name ? name + 1 : rest;
	if (sscanf(rest, "task/%d/", &tid) == 1)
		t = fake_thread_of((struct fake_proc *)p, tid);
	if (!t)
		return -ENOENT;
	if (strcmp(name, "pagemap") && strcmp(name, "mem"))
		return 0;
	if (!strcmp(name, "mem") ? p->mem_open_err : p->pagemap_err)
		return !strcmp(name, "mem") ? p->mem_open_err : p->pagemap_err;
	return p->mm && !t->no_mm ? 0 : -ESRCH;
}

static inline int fake_open_at(int dirfd, const char *name, int extra)
{
	struct fake_fd *dir = dirfd == AT_FDCWD ? NULL : fake_fd(dirfd);
	struct fake_proc *p;
	char rest[96], path[FAKE_PATH];
	int err;

	(void)extra;
	if (fake.on_open)
		fake.on_open();
	err = fake_walk(dirfd, name, &p, rest, sizeof(rest));
	if (err < 0)
		return err;
	if (p) {
		err = fake_open_mm(p, rest);
		if (err < 0)
			return err;
	}
	fake_join(dir, name, path);
	return fake_new_fd(path, p, false);
}

/* --- texts ------------------------------------------------------------------------------ */

static inline int fake_stat(const struct fake_proc *p, const struct fake_thread *t, char *buf,
			    size_t size)
{
	uint64_t code = p->start_code ? p->start_code : 1;

	if (p->stat && t->tid == p->pid)
		return snprintf(buf, size, "%s", p->stat);
	return snprintf(
		buf, size,
		"%d (%s) %c %d 1 1 0 -1 %u 0 0 0 0 1 2 0 0 20 0 %d 0 %llu 4096 1 "
		"18446744073709551615 %llu 1 0 0 0 0 0 0 0 0 0 0 17 0 0 %d 0 0 0 0 0 0 0 0 0 0 %d\n",
		(int)t->tid, p->comm ? p->comm : "fake", t->state ? t->state : 'S', (int)p->ppid,
		t->flags, p->n_status_threads ? p->n_status_threads : p->n_threads,
		(unsigned long long)p->start_ticks,
		(unsigned long long)(p->mm && !t->no_mm ? code : 0), t->policy, p->exit_code);
}

/* The whole text, and what of it is in @buf is a part. */
static inline int fake_status(const struct fake_proc *p, const struct fake_thread *t, char *buf,
			      size_t size)
{
	static char text[1 << 20];
	size_t len;
	int64_t kib = p->vm_size_kib ? p->vm_size_kib : 4096;
	char vm[64] = "", peak[64] = "";

	if (p->mm && !t->no_mm && kib != NO_VM_SIZE)
		snprintf(vm, sizeof(vm), "VmSize:\t%8lld kB\n",
			 (long long)(kib == UNKNOWN ? 0 : kib));
	if (p->mm && !t->no_mm && p->vm_peak_kib)
		snprintf(peak, sizeof(peak), "VmPeak:\t%8lld kB\n", (long long)p->vm_peak_kib);
	len = (size_t)
		snprintf(text, sizeof(text),
			 "Name:\tfake\nTgid:\t%d\nTracerPid:\t%d\nUid:\t0\t0\t0\t0\nGroups:\t",
			 (int)(p->tgid ? p->tgid : p->pid), (int)t->tracer);
	for (int i = 0; i < p->n_groups; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%d ", 2000000000 + i);
	len += (size_t)
		snprintf(text + len, sizeof(text) - len,
			 " \nNSpid:\t%s\n%s%sCoreDumping:\t%d\nThreads:\t%d\nSigPnd:\t%016llx\n"
			 "ShdPnd:\t%016llx\n",
			 p->ns_pids ? p->ns_pids : "1", peak, vm, p->core_dumping, p->n_threads,
			 (unsigned long long)p->sig_pending, (unsigned long long)p->shd_pending);
	len -= p->status_cut;
	memcpy(buf, text, len < size ? len : size);
	return (int)len;
}

static inline int fake_auxv(const struct fake_proc *p, const struct fake_thread *t, char *buf,
			    size_t size)
{
	const uint64_t wide[] = { 6, 4096, 4, 56, 25, p->random, 0, 0 };
	static const uint32_t narrow[] = { 6, 4096, 4, 32, 0, 0 };

	/* A dead leader has none, whatever its threads have. */
	if (p->bits < 0 || !p->mm || t->no_mm || size < sizeof(wide))
		return 0;
	if (p->bits == 32) {
		memcpy(buf, narrow, sizeof(narrow));
		return (int)sizeof(narrow);
	}
	memcpy(buf, wide, sizeof(wide));
	return (int)sizeof(wide);
}

static inline int fake_text(struct fake_proc *p, const char *rest, char *buf, size_t size)
{
	pid_t tid;
	int used = 0;

	if (!strcmp(rest, "stat"))
		return fake_stat(p, &p->threads[0], buf, size);
	if (!strcmp(rest, "status"))
		return p->status_err ? p->status_err : fake_status(p, &p->threads[0], buf, size);
	if (!strcmp(rest, "statm"))
		return snprintf(buf, size, "%s",
				p->statm ? p->statm
				: p->mm	 ? "9 7 3 0 0 0 0\n"
					 : "0 0 0 0 0 0 0\n");
	if (!strcmp(rest, "wchan"))
		return snprintf(buf, size, "%s", p->wchan ? p->wchan : "0");
	if (!strcmp(rest, "cgroup"))
		return snprintf(buf, size, "%s", p->cgroup ? p->cgroup : "0::/\n");
	if (!strcmp(rest, "oom_score"))
		return snprintf(buf, size, "%s\n", p->oom_score ? p->oom_score : "666");
	if (!strcmp(rest, "oom_score_adj"))
		return snprintf(buf, size, "%s\n", p->oom_score_adj ? p->oom_score_adj : "0");
	if (!strcmp(rest, "auxv"))
		return fake_auxv(p, &p->threads[0], buf, size);
	if (sscanf(rest, "task/%d/%n", &tid, &used) == 1 && used) {
		struct fake_thread *t = fake_thread_of(p, tid);

		if (!t)
			return -ENOENT;
		if (!strcmp(rest + used, "stat"))
			return fake_stat(p, t, buf, size);
		if (!strcmp(rest + used, "auxv"))
			return fake_auxv(p, t, buf, size);
		if (!strcmp(rest + used, "status"))
			return fake_status(p, t, buf, size);
	}
	return -ENOENT;
}

static inline ssize_t fake_read_file(int dirfd, const char *name, char *buf, size_t size)
{
	struct fake_proc *p;
	char rest[96];
	int err, n;

	for (size_t i = 0; i < sizeof(fake.files) / sizeof(fake.files[0]); i++)
		if (fake.files[i].path && !strcmp(fake.files[i].path, name))
			return snprintf(buf, size, "%s", fake.files[i].text);
	err = fake_walk(dirfd, name, &p, rest, sizeof(rest));
	if (err < 0)
		return err;
	if (!p)
		return -EISDIR;
	n = fake_text(p, rest, buf, size);
	if (n >= (int)size)
		n = (int)size - 1;
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static inline ssize_t fake_pread_mem(const struct fake_proc *p, void *buf, size_t size,
				     uint64_t off)
{
	uint64_t wide[3] = { p->next ? p->next : off, 0, p->pending };
	uint32_t narrow[3] = { (uint32_t)wide[0], 0, (uint32_t)wide[2] };

	if (p->mem == MEM_GONE)
		return 0;
	if (p->mem == MEM_SHORT)
		return 5;
	if (p->mem < 0)
		return p->mem;
	if (size == sizeof(wide))
		memcpy(buf, wide, sizeof(wide));
	else if (size == sizeof(narrow))
		memcpy(buf, narrow, sizeof(narrow));
	else
		fake.misuse = true;
	return (ssize_t)size;
}

static inline bool fake_is_used(int mm)
{
	for (int i = 0; i < fake.n_procs; i++)
		for (int t = 0; t < fake.procs[i].n_threads && !fake.procs[i].reaped; t++)
			if (fake.procs[i].mm == mm && !fake.procs[i].threads[t].no_mm)
				return true;
	return false;
}

static inline ssize_t fake_pread(int fd, void *buf, size_t size, uint64_t off)
{
	struct fake_fd *f = fake_fd(fd);
	const char *name = f ? strrchr(f->path, '/') : NULL;
	struct fake_proc *p;
	static char text[1 << 20];
	int n;

	if (!f || f->proc < 0 || !name)
		return -EBADF;
	p = &fake.procs[f->proc];
	/* mem and pagemap are bound to the mm: they outlive the process. */
	if (!strcmp(name, "/mem"))
		return fake_pread_mem(p, buf, size, off);
	if (!strcmp(name, "/pagemap")) {
		/* An aligned read would wait for the mmap lock. */
		fake.misuse |= size % 8 == 0 || off % 8 == 0;
		if (fake.mm_is_used && p->pagemap == 0)
			return fake_is_used(f->mm) ? -EINVAL : 0;
		return p->pagemap;
	}
	if (p->reaped)
		return -ESRCH;
	n = fake_text(p, strchr(f->path + strlen("/proc/"), '/') + 1, text, sizeof(text));
	if (n < 0)
		return n;
	if (off >= (uint64_t)n)
		return 0;
	n -= (int)off;
	n = (int)((size_t)n < size ? (size_t)n : size);
	memcpy(buf, text + off, (size_t)n);
	return n;
}

/* --- directories ------------------------------------------------------------------------ */

static inline bool fake_put_dent(char *buf, size_t size, size_t *at, const char *name)
{
	uint16_t reclen = (uint16_t)((19 + strlen(name) + 1 + 7) / 8 * 8);

	if (*at + reclen > size)
		return false;
	memset(buf + *at, 0, reclen);
	memcpy(buf + *at + 16, &reclen, sizeof(reclen));
	memcpy(buf + *at + 19, name, strlen(name));
	*at += reclen;
	return true;
}

static inline ssize_t fake_getdents(int fd, void *buf, size_t size)
{
	struct fake_fd *f = fake_fd(fd);
	const char *tail = f ? strrchr(f->path, '/') : NULL;
	bool task = tail && !strcmp(tail, "/task");
	struct fake_proc *p = NULL;
	size_t at = 0;
	int n = 0;

	if (!f)
		return -EBADF;
	if (fake.getdents_err && fake.getdents_good-- <= 0)
		return fake.getdents_err;
	if (task) {
		p = &fake.procs[f->proc];
		if (p->reaped)
			return -ENOENT;
	}
	for (;; f->at++, n++) {
		int i = (int)f->at - 2;
		char name[24];

		if (fake.entries && n == fake.entries)
			break;
		if (i >= (p ? p->n_threads : fake.n_procs))
			break;
		if (i < 0)
			snprintf(name, sizeof(name), "%s", i == -2 ? "." : "..");
		else if (!p && fake.procs[i].reaped)
			continue;
		else
			snprintf(name, sizeof(name), "%d",
				 (int)(p ? p->threads[i].tid : fake.procs[i].pid));
		if (!fake_put_dent(buf, size, &at, name))
			break;
	}
	if (fake.on_getdents)
		fake.on_getdents();
	return (ssize_t)at;
}

static inline int fake_rewind(int fd)
{
	struct fake_fd *f = fake_fd(fd);

	if (!f)
		return -EBADF;
	f->at = 0;
	return 0;
}

static inline int fake_nlink(int dirfd, const char *name)
{
	struct fake_proc *p;
	char rest[96];
	pid_t tid;
	int err = fake_walk(dirfd, name, &p, rest, sizeof(rest));

	if (err < 0)
		return err;
	if (!p)
		return -ENOENT;
	if (!strcmp(rest, "task"))
		return 2 + p->n_threads;
	if (sscanf(rest, "task/%d", &tid) == 1)
		return fake_thread_of(p, tid) ? 2 : -ENOENT;
	return 2;
}

/* --- system calls ----------------------------------------------------------------------- */

static inline int fake_pidfd_open(pid_t pid)
{
	struct fake_proc *p = fake_find(pid), *owner;

	if (p && p->open_err)
		return p->open_err;
	if (p)
		return fake_new_fd("pidfd", p, true);
	if (!fake_find_thread(pid, &owner))
		return -ESRCH;
	return fake.tid_err ? fake.tid_err : -ENOENT;
}

static inline struct fake_proc *fake_by_pidfd(int fd)
{
	struct fake_fd *f = fake_fd(fd);

	return f && f->pidfd ? &fake.procs[f->proc] : NULL;
}

static inline uint64_t fake_pidfd_inode(int fd)
{
	struct fake_proc *p = fake_by_pidfd(fd);

	return p ? p->inode : 0;
}

static inline int fake_pidfd_signal(int fd, int sig)
{
	struct fake_proc *p = fake_by_pidfd(fd);

	fake.misuse |= sig != 0;
	if (fake.on_signal)
		fake.on_signal();
	if (!p)
		return -EBADF;
	return p->reaped ? -ESRCH : p->signal_err;
}

static inline int fake_pidfd_parent(int fd)
{
	struct fake_proc *p = fake_by_pidfd(fd);

	if (!p)
		return -EBADF;
	return p->reaped ? -ESRCH : p->parent_err ? p->parent_err : p->ppid;
}

static inline int fake_pidfd_exited(int fd)
{
	struct fake_proc *p = fake_by_pidfd(fd);

	return p && (p->exited || p->reaped);
}

static inline int fake_kcmp(pid_t a, pid_t b)
{
	struct fake_proc *pa = NULL, *pb = NULL;
	struct fake_thread *ta, *tb;
	int ma, mb;

	fake.kcmp_calls++;
	if (fake.on_kcmp)
		fake.on_kcmp();
	ta = fake_find_thread(a, &pa);
	tb = fake_find_thread(b, &pb);
	if (!ta || !tb || !pa || !pb)
		return -ESRCH;
	if (pa->kcmp_err || pb->kcmp_err)
		return pa->kcmp_err ? pa->kcmp_err : pb->kcmp_err;
	ma = ta->no_mm ? 0 : pa->mm;
	mb = tb->no_mm ? 0 : pb->mm;
	/* Pointers are shuffled before they are ordered: NULL is anywhere among them. */
	ma = (ma * 7 + 5) % 11;
	mb = (mb * 7 + 5) % 11;
	return ma == mb ? 0 : ma < mb ? 1 : 2;
}

static inline int fake_robust_list(pid_t tid, bool compat, uint64_t *ret)
{
	struct fake_proc *p;
	struct fake_thread *t = fake_find_thread(tid, &p);
	struct fake_thread copy;

	if (!t)
		return -ESRCH;
	copy = *t;
	if (fake.on_list)
		fake.on_list(tid);
	if (copy.err)
		return copy.err;
	*ret = compat ? copy.list32 : copy.list;
	return 0;
}

static inline int fake_is_procfs(int fd)
{
	return fake_fd(fd) ? fake.not_procfs : -EBADF;
}

/* What no look may do. */
static inline int fake_mrelease(int fd, unsigned int flags)
{
	(void)fd;
	(void)flags;
	fake.misuse = true;
	return -ENOSYS;
}

static inline int fake_seize(pid_t tid)
{
	(void)tid;
	fake.misuse = true;
	return -EPERM;
}

static inline int fake_write_file(int dirfd, const char *name, const char *text)
{
	(void)dirfd;
	(void)name;
	(void)text;
	fake.misuse = true;
	return -EROFS;
}

static inline int64_t fake_now_us(void)
{
	return 1;
}

static inline void fake_sleep_us(int64_t us)
{
	(void)us;
}

static const struct sys fake_sys = {
	.pidfd_open = fake_pidfd_open,
	.pidfd_inode = fake_pidfd_inode,
	.pidfd_signal = fake_pidfd_signal,
	.pidfd_exited = fake_pidfd_exited,
	.pidfd_parent = fake_pidfd_parent,
	.mrelease = fake_mrelease,
	.kcmp_vm = fake_kcmp,
	.robust_list = fake_robust_list,
	.seize = fake_seize,
	.open_at = fake_open_at,
	.pread = fake_pread,
	.read_file = fake_read_file,
	.write_file = fake_write_file,
	.getdents = fake_getdents,
	.rewind = fake_rewind,
	.nlink = fake_nlink,
	.is_procfs = fake_is_procfs,
	.close = fake_close,
	.now_us = fake_now_us,
	.sleep_us = fake_sleep_us,
};
