/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One watched process. A read of /proc/PID/status holds the mm for an instant; should the process let
 * go of it just then, our thread would tear it down. So there is one such read in an interval, none
 * once the exit is seen, and none of /proc/PID/stat, which holds it much longer, unless something
 * has changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/cleanup.h>
#include <mmreap/mounts.h>
#include <mmreap/watched.h>

/* What waits for an execve of the target may wait for ever. */
#define OPEN_LIMIT_US 1000000
#define SHARERS_LIMIT_US 2000000
/* The kernel's event can be missed (a program on the same CPU that is in the middle of another). */
#define EVENT_LIMIT_US 10000000

/* --- opening ---------------------------------------------------------------------------- */

struct open_job {
	const struct sys *sys;
	struct proc_ref ref; /* its own directory: the caller's may be closed meanwhile */
	struct victim_fds fds;
};

static void open_destroy(void *arg)
{
	struct open_job *j = arg;

	observe_close(j->sys, &j->fds);
	if (j->ref.procfd >= 0)
		j->sys->close(j->ref.procfd);
	free(j);
}

static void open_run(void *arg)
{
	struct open_job *j = arg;

	observe_open(j->sys, &j->ref, &j->fds);
}

static const struct victim_fds no_fds = { -1, -1, -1, -1, -1, 0, 0 };

/* The files of the mm that it has now; on failure ->err says why there is no pagemap. */
static void open_mm(struct watched *w)
{
	struct open_job *j = calloc(1, sizeof(*j));
	int err;

	observe_close(w->sys, &w->fds);
	w->fds.err = -ENOMEM;
	if (j == NULL)
		return;
	*j = (struct open_job){ .sys = w->sys, .ref = *w->ref, .fds = no_fds };
	j->ref.procfd = w->sys->open_at(w->ref->procfd, ".", O_DIRECTORY);
	if (j->ref.procfd < 0) {
		w->fds.err = j->ref.procfd;
		free(j);
		return;
	}
	err = observe_within(OPEN_LIMIT_US, open_run, open_destroy, j);
	if (err == 0) {
		w->fds = j->fds;
		j->fds = no_fds;
	} else {
		w->fds.err = err;
	}
	if (err != -ETIMEDOUT)
		open_destroy(j);
}

static enum watch_unknown why_unknown(int err)
{
	switch (err) {
	case -ESRCH:
		return WATCH_TOO_LATE;
	case -EACCES:
	case -EPERM:
		return WATCH_NO_RIGHT;
	case -ENOENT:
		return WATCH_NO_PAGEMAP;
	case -ETIMEDOUT:
		return WATCH_NO_ANSWER;
	default:
		return WATCH_FAILED;
	}
}

static void note_mm(struct watched *w)
{
	bool known = w->fds.pagemap >= 0;

	w->view.mm = known ? WATCH_MM_HELD : WATCH_MM_UNKNOWN;
	w->view.unknown = known ? WATCH_KNOWN : why_unknown(w->fds.err);
	w->view.err = known ? 0 : w->fds.err;
}

/* --- its cgroup ------------------------------------------------------------------------- */

/* The directory of the cgroup that its memory is charged to, and not the root. */
static void find_memcg(struct watched *w)
{
	char text[8192], path[CGROUP_SIZE];
	ssize_t n = w->sys->read_file(w->ref->procfd, "cgroup", text, sizeof(text));
	const struct cgroup_mount *mount = mounts_find_cgroup(w->mounts, "memory");
	const char *controller = mount ? "memory" : "";

	w->memcg[0] = '\0';
	if (mount == NULL)
		mount = mounts_find_cgroup(w->mounts, "");
	if (n <= 0 || mount == NULL ||
	    procfile_cgroup(text, (size_t)n, controller, path, sizeof(path)) < 0 ||
	    strcmp(path, "/") == 0 ||
	    mounts_cgroup_dir(mount, path, w->memcg, sizeof(w->memcg)) < 0)
		w->memcg[0] = '\0';
	w->memcg_version = mount ? mount->version : 0;
}

static ssize_t read_memcg(const struct watched *w, const char *name, char *buf, size_t size)
{
	char path[2 * CGROUP_SIZE + 40];

	snprintf(path, sizeof(path), "%s/%s", w->memcg, name);
	return w->sys->read_file(AT_FDCWD, path, buf, size);
}

/* Nobody else is in it, nor below it. */
static bool is_alone(const struct watched *w)
{
	char text[64], *end;
	ssize_t n = read_memcg(w, "cgroup.procs", text, sizeof(text));
	long pid;

	if (n < 0 || w->sys->nlink(AT_FDCWD, w->memcg) != 2)
		return false;
	if (n == 0) /* it has exited */
		return true;
	pid = strtol(text, &end, 10);
	return pid == w->ref->pid && strcmp(end, "\n") == 0;
}

static void look_at_memcg(struct watched *w)
{
	const char *name = w->memcg_version == 1 ? "memory.usage_in_bytes" : "memory.current";
	char text[32];
	ssize_t n;

	w->memory.used_bytes = UNKNOWN;
	if (!w->memcg[0] || !w->memory.alone)
		return;
	w->memory.alone = is_alone(w);
	if (!w->memory.alone)
		return;
	n = read_memcg(w, name, text, sizeof(text));
	if (n > 0)
		w->memory.used_bytes = procfile_bytes(text, (size_t)n);
	if (w->memory.used_bytes > w->memory.used_most_bytes)
		w->memory.used_most_bytes = w->memory.used_bytes;
}

/* --- looking ---------------------------------------------------------------------------- */

static void take_memory(struct watched *w, int64_t rss_bytes, int64_t shmem_bytes,
			int64_t hugetlb_bytes, int64_t pinned_bytes)
{
	struct watch_memory *m = &w->memory;

	if (rss_bytes == UNKNOWN) /* it has let go of its mm: which is not yet gone */
		return;
	m->rss_bytes = rss_bytes;
	if (rss_bytes < m->most_bytes)
		return;
	m->most_bytes = rss_bytes;
	m->shmem_bytes = shmem_bytes;
	m->hugetlb_bytes = hugetlb_bytes;
	m->pinned_bytes = pinned_bytes;
}

/* What cannot change without another phase: only then is more read. */
static uint64_t sign(const struct watched *w, const struct status_facts *s)
{
	static const char *const waits[] = { "do_signal_stop", "ptrace_stop", "__refrigerator",
					     "get_signal", "kernel_clone" };
	uint64_t signature = s->sig_pending | s->shd_pending;
	char wchan[64] = "";

	/* Bits of signals that do not exist. */
	signature = signature << 8 & ~UINT64_C(0xfff);
	w->sys->read_file(w->ref->procfd, "wchan", wchan, sizeof(wchan));
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
		if (strncmp(wchan, waits[i], strlen(waits[i])) == 0)
			signature |= i + 1;
	if (s->core_dumping)
		signature |= 1 << 4;
	if (s->vm_size_kib == UNKNOWN)
		signature |= 1 << 5;
	else if (s->vm_size_kib == 0)
		signature |= 1 << 6;
	if (s->rss_anon_kib == 0 && s->rss_file_kib == 0)
		signature |= 1 << 7;
	if (s->tracer)
		signature |= 1 << 8;
	return signature + 1; /* 0: not looked yet */
}

/* 0, or why nothing new is known. */
static int look_at_life(struct watched *w, bool all)
{
	struct status_facts s;
	uint64_t signature;
	int err = observe_status(w->sys, w->ref->procfd, &s);

	if (err < 0)
		return err;
	if (s.vm_peak_kib != UNKNOWN)
		w->peak_kib = s.vm_peak_kib;
	take_memory(w, kib_to_bytes(s.vm_rss_kib), kib_to_bytes(s.rss_shmem_kib),
		    kib_to_bytes(s.hugetlb_kib), kib_to_bytes(s.vm_pin_kib));
	signature = sign(w, &s);
	/* What dies changes in ways that these signs do not show (a dead leader's threads). */
	if (!all && signature == w->signature && s.vm_size_kib != UNKNOWN)
		return 0;
	err = observe_life(w->sys, w->self, w->ref, w->mounts, NULL, &w->life, NULL);
	if (err < 0)
		return err;
	w->signature = signature;
	take_memory(w, w->life.rss_bytes, w->life.shmem_bytes, w->life.hugetlb_bytes,
		    w->life.pinned_bytes);
	if (w->life.phase != w->view.phase)
		w->sharers_stale = true;
	w->view.phase = w->life.phase;
	return 0;
}

/* An execve gives it another address space, and the open pagemap is that of the old one. */
static void follow_exec(struct watched *w)
{
	if (w->fds.pagemap < 0 || observe_mm(w->sys, &w->fds) != MM_UNREFERENCED)
		return;
	/* While it exits the same is seen: then there is nothing to be opened, and the old one is it. */
	struct victim_fds old = w->fds;

	w->fds = no_fds;
	open_mm(w);
	if (w->fds.pagemap < 0 && w->fds.err == -ESRCH) {
		observe_close(w->sys, &w->fds);
		w->fds = old;
		return;
	}
	observe_close(w->sys, &old);
	note_mm(w);
	w->view.generation++;
	if (w->kernel)
		watched_await(w, w->kernel);
	w->memory.most_bytes = w->memory.rss_bytes = 0;
	w->signature = 0;
}

int watched_await(struct watched *w, struct kernelview *kernel)
{
	int awaited;

	w->kernel = kernel;
	w->view.by_kernel = false;
	/* What was opened and what is awaited must be the same mm: no execve in between. */
	if (w->view.mm != WATCH_MM_HELD)
		return -ESRCH;
	awaited = kernelview_await(kernel, w->ref->pid);
	if (awaited < 0)
		return awaited;
	if (w->sys->pidfd_exited(w->ref->pidfd) == 1 || observe_mm(w->sys, &w->fds) != MM_HELD)
		return -ESRCH;
	w->awaited = awaited;
	w->view.by_kernel = true;
	return 0;
}

/* Has its name changed since the last look? */
static bool is_another_name(struct watched *w)
{
	char comm[COMM_SIZE];
	ssize_t n = w->sys->read_file(w->ref->procfd, "comm", comm, sizeof(comm));
	bool changed;

	if (n <= 0)
		return false;
	changed = strcmp(comm, w->comm) != 0;
	memcpy(w->comm, comm, sizeof(w->comm));
	return changed;
}

static void look_at_remains(struct watched *w)
{
	struct watch_view *v = &w->view;

	v->phase = PHASE_ZOMBIE;
	/* Whose parent executed mmreap waits for nobody but us. */
	if (w->collects)
		w->sys->collect(w->ref->pidfd);
	if (sys_is_reaped(w->sys, w->ref->pidfd)) {
		v->gone = true;
		v->phase = PHASE_GONE;
	}
	if (v->by_kernel && v->mm != WATCH_MM_UNKNOWN &&
	    kernelview_torn_down(w->kernel, w->awaited) == 1) {
		v->mm = WATCH_MM_TORN_DOWN;
		w->memory.rss_bytes = 0;
		return;
	}
	if (v->mm == WATCH_MM_UNREFERENCED && v->by_kernel &&
	    w->sys->now_us() - w->unreferenced_us > EVENT_LIMIT_US)
		v->by_kernel = false;
	if (v->mm != WATCH_MM_HELD)
		return;
	switch (observe_mm(w->sys, &w->fds)) {
	case MM_HELD:
		w->third_party = true;
		break;
	case MM_UNREFERENCED:
		v->mm = WATCH_MM_UNREFERENCED;
		w->unreferenced_us = w->sys->now_us();
		w->memory.rss_bytes = 0;
		break;
	case MM_UNKNOWN:
		v->mm = WATCH_MM_UNKNOWN;
		v->unknown = WATCH_FAILED;
		break;
	}
}

static int look(struct watched *w, bool all)
{
	bool exited = w->sys->pidfd_exited(w->ref->pidfd) == 1;
	int err = 0;

	if (!exited) {
		is_another_name(w);
		follow_exec(w);
		err = look_at_life(w, all || w->signature == 0);
		exited = w->sys->pidfd_exited(w->ref->pidfd) == 1;
	}
	if (exited && !w->view.exited) {
		w->view.exited = true;
		/* Between the last look and the exit it may have executed something: then its name
		 * tells, as a rule, and what the new address space came to is not known. */
		if (!all && w->view.mm == WATCH_MM_HELD && is_another_name(w)) {
			w->view.mm = WATCH_MM_UNKNOWN;
			w->view.unknown = WATCH_EXECUTED;
		}
	}
	if (exited)
		look_at_remains(w);
	look_at_memcg(w);
	return exited ? 0 : err;
}

void watched_look(struct watched *w)
{
	look(w, false);
}

void watched_close(struct watched *w)
{
	if (w->sys)
		observe_close(w->sys, &w->fds);
}

int watched_open(const struct sys *sys, const struct run_self *self, const struct mounts *mounts,
		 const struct proc_ref *ref, pid_t zombie, struct watched *ret)
{
	struct watched *w = ret;
	int err;

	*w = (struct watched){ .sys = sys,
			       .self = self,
			       .mounts = mounts,
			       .ref = ref,
			       .zombie = zombie,
			       .fds = no_fds,
			       .sharers_stale = true };
	w->memory = (struct watch_memory){ .rss_bytes = UNKNOWN,
					   .most_bytes = UNKNOWN,
					   .shmem_bytes = UNKNOWN,
					   .hugetlb_bytes = UNKNOWN,
					   .pinned_bytes = UNKNOWN,
					   .used_bytes = UNKNOWN,
					   .used_most_bytes = UNKNOWN };
	w->view.phase = PHASE_GONE;
	w->life.id = (struct proc_id){ .pid = ref->pid, .inode = ref->inode };
	memcpy(w->life.id.comm, ref->comm, sizeof(w->life.id.comm));
	open_mm(w);
	note_mm(w);
	find_memcg(w);
	w->memory.alone = w->memcg[0] && is_alone(w);
	err = look(w, true);
	if (err == 0 && w->view.phase == PHASE_KTHREAD)
		err = -ENXIO;
	if (err < 0)
		watched_close(w);
	return err;
}

/* --- sharers ---------------------------------------------------------------------------- */

struct sharers_job {
	const struct sys *sys;
	struct run_self self;
	struct proc_ref ref;
	pid_t zombie;
	struct sharer_scan scan;
	int err;
};

static void sharers_destroy(void *arg)
{
	struct sharers_job *j = arg;

	if (j->ref.procfd >= 0)
		j->sys->close(j->ref.procfd);
	if (j->self.proc_fd >= 0)
		j->sys->close(j->self.proc_fd);
	free(j->scan.found);
	free(j->scan.dents);
	free(j);
}

static void sharers_run(void *arg)
{
	struct sharers_job *j = arg;

	j->err = observe_sharers(j->sys, &j->self, &j->ref, j->zombie, &j->scan);
}

static struct sharers_job *new_sharers_job(const struct watched *w)
{
	struct sharers_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return NULL;
	*j = (struct sharers_job){
		.sys = w->sys, .self = *w->self, .ref = *w->ref, .zombie = w->zombie
	};
	j->ref.procfd = w->sys->open_at(w->ref->procfd, ".", O_DIRECTORY);
	j->self.proc_fd = w->sys->open_at(w->self->proc_fd, ".", O_DIRECTORY);
	j->scan.capacity = ROW_SHARERS;
	j->scan.found = calloc(j->scan.capacity, sizeof(*j->scan.found));
	j->scan.dents = malloc(DENTS_SIZE);
	if (j->ref.procfd < 0 || j->self.proc_fd < 0 || !j->scan.found || !j->scan.dents) {
		sharers_destroy(j);
		return NULL;
	}
	return j;
}

void watched_find_sharers(struct watched *w)
{
	struct sharers_job *j;
	int err;

	w->sharers_stale = false;
	if (w->view.exited)
		return;
	j = new_sharers_job(w);
	if (j == NULL)
		return;
	err = observe_within(SHARERS_LIMIT_US, sharers_run, sharers_destroy, j);
	if (err == 0 && j->err == 0) {
		w->n_sharers = j->scan.n_found < ROW_SHARERS ? j->scan.n_found : ROW_SHARERS;
		memcpy(w->sharers, j->scan.found, w->n_sharers * sizeof(*w->sharers));
	}
	if (err != -ETIMEDOUT)
		sharers_destroy(j);
}
