/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One process, read for `status`. Nothing but observe_deep() takes the mmap lock: not cmdline, environ,
 * maps, smaps*, ksm_stat, and no memory of the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mmreap/cleanup.h>
#include <mmreap/kernelview.h>
#include <mmreap/mounts.h>
#include <mmreap/observe.h>

#include "sharing.h"

static void read_wchan(const struct sys *sys, int procfd, char *buf, size_t size)
{
	/* "0": running, or not ours to see. */
	if (sys->read_file(procfd, "wchan", buf, size) <= 0 || strcmp(buf, "0") == 0)
		buf[0] = '\0';
}

static int look_at_thread(const struct sys *sys, int procfd, pid_t tid, struct phase_facts *f)
{
	struct status_facts s;
	struct stat_facts st;
	char name[32];
	int fd, err;

	snprintf(name, sizeof(name), "task/%d", (int)tid);
	fd = sys->open_at(procfd, name, O_DIRECTORY);
	if (fd < 0)
		return fd;
	err = observe_status(sys, fd, &s);
	if (err == 0 && s.vm_size_kib == UNKNOWN)
		err = -ENODATA;
	if (err == 0)
		err = observe_stat(sys, fd, &st);
	if (err == 0) {
		f->main = st;
		f->status = s;
		read_wchan(sys, fd, f->wchan, sizeof(f->wchan));
	}
	sys->close(fd);
	return err;
}

/* The leader has no mm: perhaps another thread still has. */
static void look_for_thread(const struct sys *sys, int procfd, struct phase_facts *f)
{
	int fd = sys->open_at(procfd, "task", O_DIRECTORY);
	char dents[4096];
	bool found = false;
	ssize_t n;

	if (fd < 0)
		return;
	while (!found && (n = sys->getdents(fd, dents, sizeof(dents))) > 0) {
		size_t off = 0;
		pid_t tid;

		while (!found && (tid = procfile_next_pid(dents, (size_t)n, &off)) > 0)
			found = tid != f->leader.pid && look_at_thread(sys, procfd, tid, f) == 0;
	}
	sys->close(fd);
}

/* --- the freezer ------------------------------------------------------------------------ */

static bool file_has(const struct sys *sys, const char *dir, const char *file, const char *word)
{
	char path[2 * CGROUP_SIZE], text[256];
	int n = snprintf(path, sizeof(path), "%s/%s", dir, file);

	return n > 0 && (size_t)n < sizeof(path) &&
	       sys->read_file(AT_FDCWD, path, text, sizeof(text)) > 0 && strstr(text, word);
}

/* One level up, in place; false at the root. */
static bool cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL || slash == path)
		return false;
	*slash = '\0';
	return true;
}

/*
 * Is this cgroup frozen, and by which of its ancestors? The nearest whose own file says so.
 * @is_file, @is_word: what says that it is; @by_file, @by_word: what says that itself does it.
 */
static bool find_freezer(const struct sys *sys, const struct cgroup_mount *mount, const char *path,
			 const char *is_file, const char *is_word, const char *by_file,
			 const char *by_word, char *ret)
{
	char dir[2 * CGROUP_SIZE], at[CGROUP_SIZE];

	if (mount == NULL || mounts_cgroup_dir(mount, path, dir, sizeof(dir)) < 0 ||
	    !file_has(sys, dir, is_file, is_word))
		return false;
	snprintf(ret, CGROUP_SIZE, "%s", path);
	snprintf(at, sizeof(at), "%s", path);
	while (mounts_cgroup_dir(mount, at, dir, sizeof(dir)) == 0) {
		if (file_has(sys, dir, by_file, by_word)) {
			memcpy(ret, at, sizeof(at));
			break;
		}
		if (!cut_last(at))
			break;
	}
	return true;
}

static void look_at_cgroups(const struct sys *sys, int procfd, const struct mounts *mounts,
			    struct status_row *row, struct phase_facts *f)
{
	char text[8192], path[CGROUP_SIZE];
	ssize_t n = sys->read_file(procfd, "cgroup", text, sizeof(text));

	if (n <= 0)
		return;
	/* The one that memory is charged to: version 1 where it has that controller. */
	if (procfile_cgroup(text, (size_t)n, "memory", row->cgroup, sizeof(row->cgroup)) < 0 &&
	    procfile_cgroup(text, (size_t)n, "", row->cgroup, sizeof(row->cgroup)) < 0)
		row->cgroup[0] = '\0';
	if (procfile_cgroup(text, (size_t)n, "freezer", path, sizeof(path)) == 0 &&
	    find_freezer(sys, mounts_find_cgroup(mounts, "freezer"), path, "freezer.state", "FR",
			 "freezer.self_freezing", "1", row->frozen)) {
		f->frozen_v1 = true;
		row->frozen_version = 1;
	} else if (procfile_cgroup(text, (size_t)n, "", path, sizeof(path)) == 0 &&
		   find_freezer(sys, mounts_find_cgroup(mounts, ""), path, "cgroup.events",
				"frozen 1", "cgroup.freeze", "1", row->frozen)) {
		f->frozen_v2 = true;
		row->frozen_version = 2;
	}
	/* Where the mount is not ours to see, the wait says it. */
	if (observe_is_refrigerated(f->wchan, f->main.state)) {
		f->frozen_v1 = true;
		row->frozen_version = 1;
	}
}

/* --- small files ------------------------------------------------------------------------ */

static int64_t read_hex(const struct sys *sys, int procfd, const char *name)
{
	char buf[40], *end;
	unsigned long long v;

	if (sys->read_file(procfd, name, buf, sizeof(buf)) <= 0)
		return UNKNOWN;
	v = strtoull(buf, &end, 16);
	return end == buf ? UNKNOWN : (int64_t)v;
}

/* A zombie has an oom_score of 0, too. Children stand beside us in the same procfs. */
static bool is_vfork_child(const struct sys *sys, const struct proc_ref *ref, long pid)
{
	struct stat_facts st;
	char path[24];
	bool yes;
	int fd;

	snprintf(path, sizeof(path), "../%ld", pid);
	fd = sys->open_at(ref->procfd, path, O_DIRECTORY);
	if (fd < 0)
		return false;
	yes = observe_stat(sys, fd, &st) == 0 && st.start_code != 0 && sharing_in_vfork(sys, fd);
	sys->close(fd);
	return yes;
}

/*
 * A child of this thread that is in vfork, 0: none. It is the youngest, so the last of what may be
 * a long list, which is read in pieces: a number that is cut stays for the next.
 */
static pid_t find_vfork_child(const struct sys *sys, const struct proc_ref *ref, pid_t tid)
{
	char name[40], text[4096];
	size_t kept = 0;
	uint64_t off = 0;
	pid_t found = 0;
	ssize_t n = 0;
	int fd;

	snprintf(name, sizeof(name), "task/%d/children", (int)tid);
	fd = sys->open_at(ref->procfd, name, 0);
	while (fd >= 0 && found == 0 &&
	       (n = sys->pread(fd, text + kept, sizeof(text) - kept, off)) > 0) {
		char *p = text, *blank;

		off += (uint64_t)n;
		kept += (size_t)n;
		while (found == 0 && (blank = memchr(p, ' ', kept))) {
			long pid = strtol(p, NULL, 10);

			kept -= (size_t)(blank + 1 - p);
			p = blank + 1;
			if (pid > 0 && pid <= INT_MAX && is_vfork_child(sys, ref, pid))
				found = (pid_t)pid;
		}
		memmove(text, p, kept);
	}
	if (fd >= 0)
		sys->close(fd);
	return found;
}

/* Which MMF_* bits show through /proc; the others need the kernel's own view. */
static struct mm_flags visible_flags(const struct sys *sys, const struct proc_ref *ref,
				     const struct phase_facts *f)
{
	struct mm_flags flags = { .dumpable = UNKNOWN };

	if (f->status.vm_size_kib == UNKNOWN)
		return flags;
	if (f->status.thp_enabled == 0)
		mm_flags_set(&flags, MM_FLAG_DISABLE_THP);
	/*
	 * oom_score is 0 for an mm that is to be skipped; for init, kernel threads, a vfork child and
	 * -1000 as well. A vfork child does not die without its parent's mm: only the dying are told.
	 */
	if (ref->pid != 1 && phase_is_dying(&f->main, &f->status) &&
	    sharing_in_vfork(sys, ref->procfd))
		mm_flags_set(&flags, MM_FLAG_OOM_SKIP);
	return flags;
}

static void take_memory(const struct status_facts *s, struct status_row *row)
{
	row->rss_bytes = kib_to_bytes(s->vm_rss_kib);
	row->anon_bytes = kib_to_bytes(s->rss_anon_kib);
	row->file_bytes = kib_to_bytes(s->rss_file_kib);
	row->shmem_bytes = kib_to_bytes(s->rss_shmem_kib);
	row->swap_bytes = kib_to_bytes(s->vm_swap_kib);
	row->hugetlb_bytes = kib_to_bytes(s->hugetlb_kib);
	row->pagetable_bytes = kib_to_bytes(s->vm_pte_kib);
	row->locked_bytes = kib_to_bytes(s->vm_lck_kib);
	row->pinned_bytes = kib_to_bytes(s->vm_pin_kib);
}

static bool read_small(const struct sys *sys, int procfd, const char *name, int64_t *ret)
{
	char buf[32], *end;
	long long v;

	if (sys->read_file(procfd, name, buf, sizeof(buf)) <= 0)
		return false;
	v = strtoll(buf, &end, 10);
	if (end == buf)
		return false;
	*ret = v;
	return true;
}

void observe_no_life(const struct proc_ref *ref, struct status_row *row)
{
	*row = (struct status_row){
		.id = { .pid = ref->pid, .inode = ref->inode },
		.phase = PHASE_GONE,
		.uid = -1,
		.rss_bytes = UNKNOWN,
		.anon_bytes = UNKNOWN,
		.file_bytes = UNKNOWN,
		.shmem_bytes = UNKNOWN,
		.swap_bytes = UNKNOWN,
		.hugetlb_bytes = UNKNOWN,
		.pagetable_bytes = UNKNOWN,
		.locked_bytes = UNKNOWN,
		.pinned_bytes = UNKNOWN,
		.n_sharers = UNKNOWN,
		.core_dumping = UNKNOWN,
		.thp = UNKNOWN,
		.ksm_pages = UNKNOWN,
		.dump_filter = UNKNOWN,
		.users = UNKNOWN,
		.count = UNKNOWN,
		.mm_threads = UNKNOWN,
		.source = SOURCE_KCMP,
		.flags = { .dumpable = UNKNOWN },
		.vmas = UNKNOWN,
		.anon_shared_bytes = UNKNOWN,
		.robust_threads = UNKNOWN,
	};
	memcpy(row->id.comm, ref->comm, sizeof(row->id.comm));
}

static int read_facts(const struct sys *sys, const struct proc_ref *ref, struct phase_facts *f)
{
	int err = observe_stat(sys, ref->procfd, &f->leader);

	if (err == 0)
		err = observe_status(sys, ref->procfd, &f->status);
	if (err < 0)
		return err;
	f->main = f->leader;
	read_wchan(sys, ref->procfd, f->wchan, sizeof(f->wchan));
	if (f->status.vm_size_kib == UNKNOWN && f->leader.threads > 1)
		look_for_thread(sys, ref->procfd, f);
	f->exited = sys->pidfd_exited(ref->pidfd) == 1;
	return 0;
}

static void fill_row(const struct sys *sys, const struct proc_ref *ref, struct phase_facts *f,
		     struct status_row *row)
{
	row->seen = true;
	row->ppid = f->leader.ppid;
	row->uid = f->status.uid;
	row->state = f->main.state;
	row->threads = f->leader.threads;
	row->tid = f->main.pid;
	row->tracer = f->status.tracer;
	row->core_dumping = f->status.core_dumping;
	row->thp = f->status.thp_enabled < 0 ? UNKNOWN : f->status.thp_enabled;
	row->pending = f->status.sig_pending | f->status.shd_pending;
	row->blocked = f->status.sig_blocked;
	row->caught = f->status.sig_caught;
	row->has_oom_adj = read_small(sys, ref->procfd, "oom_score_adj", &row->oom_adj);
	if (!read_small(sys, ref->procfd, "ksm_merging_pages", &row->ksm_pages))
		row->ksm_pages = UNKNOWN;
	row->dump_filter = read_hex(sys, ref->procfd, "coredump_filter");
	row->flags = visible_flags(sys, ref, f);
	memcpy(row->id.comm, f->leader.comm, sizeof(row->id.comm));
	memcpy(row->wchan, f->wchan, sizeof(row->wchan));
	take_memory(&f->status, row);
	/* The wait is named only to those who may inspect it; the child shows it to everybody. */
	if (f->main.state == 'D' && (*f->wchan == '\0' || phase_is_vfork_wait(f->wchan)))
		row->vfork_child = find_vfork_child(sys, ref, f->main.pid);
	f->in_vfork =
		row->vfork_child != 0 || (f->main.state == 'D' && phase_is_vfork_wait(f->wchan));
}

/*
 * What the kernel told of this process a moment before. The caller may have held it only afterwards: by
 * its number and the time of its start it is the same.
 */
static void take_kernel(const struct kernel_snapshot *kernel, struct phase_facts *f,
			struct status_row *row)
{
	const struct kernel_group *g = kernel_snapshot_find(kernel, row->id.pid);
	uint64_t tick_ns = UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK);

	if (g == NULL || g->start_ns / tick_ns != f->leader.start_ticks)
		return;
	row->source = SOURCE_BPF;
	f->kernel = g->group_exit ? EVIDENCE_GROUP_EXIT : 0;
	/* Since then it may have lost it. */
	if (g->mm == 0 || f->status.vm_size_kib == UNKNOWN)
		return;
	row->flags = g->flags;
	row->users = g->users;
	row->count = g->count;
	row->mm_threads = kernel_snapshot_threads(kernel, g->mm);
	if (mm_flags_has(&g->flags, MM_FLAG_UNSTABLE))
		f->kernel |= EVIDENCE_UNSTABLE;
	if (mm_flags_has(&g->flags, MM_FLAG_OOM_SKIP))
		f->kernel |= EVIDENCE_OOM_SKIP;
}

int observe_life(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		 const struct mounts *mounts, const struct kernel_snapshot *kernel,
		 struct status_row *ret, struct phase_facts *ret_facts)
{
	struct phase_facts f = { 0 };
	struct phase_verdict verdict;
	struct status_row row;
	int err;

	observe_no_life(ref, &row);
	err = read_facts(sys, ref, &f);
	if (err == 0) {
		fill_row(sys, ref, &f, &row);
		look_at_cgroups(sys, ref->procfd, mounts, &row, &f);
		if (kernel)
			take_kernel(kernel, &f, &row);
	}
	/* Only now is it known that all of this was its own. */
	row.no_right = sys->pidfd_signal(ref->pidfd, 0) == -EPERM;
	row.ancestor = observe_is_ancestor(self, ref->pid);
	if (sys_is_reaped(sys, ref->pidfd)) {
		observe_no_life(ref, &row);
		f.gone = true;
	} else if (err < 0) {
		return err;
	}
	phase_judge(&f, &verdict);
	row.phase = verdict.phase;
	row.evidence = verdict.evidence;
	row.blocker = verdict.blocker;
	*ret = row;
	if (ret_facts)
		*ret_facts = f;
	return 0;
}

/* --- deep ------------------------------------------------------------------------------- */

/* What a job works with and gives back; its own, since it may be left behind. */
struct deep_job {
	const struct sys *sys;
	struct proc_ref ref;
	int procfd; /* opened anew: the caller's is closed while this may still read */
	int mm_fd;  /* of a thread that has the mm: a dead leader shows no mappings */
	int err;
	struct plan_lists lists;
	int64_t vmas, anon_kib, pss_anon_kib;
	struct mm_flags flags;
	char *text;
};

#define TEXT_SIZE (1 << 20)

static void free_job(void *arg)
{
	struct deep_job *j = arg;

	if (j->procfd >= 0)
		j->sys->close(j->procfd);
	if (j->mm_fd >= 0)
		j->sys->close(j->mm_fd);
	free(j->text);
	free(j);
}

static struct deep_job *new_job(const struct sys *sys, const struct proc_ref *ref, pid_t tid)
{
	struct deep_job *j = calloc(1, sizeof(*j));
	char name[32];

	if (j == NULL)
		return NULL;
	j->sys = sys;
	j->text = malloc(TEXT_SIZE);
	j->procfd = sys->open_at(ref->procfd, ".", O_DIRECTORY);
	snprintf(name, sizeof(name), "task/%d", (int)tid);
	j->mm_fd = sys->open_at(ref->procfd, name, O_DIRECTORY);
	j->ref = *ref;
	j->ref.procfd = j->procfd;
	j->vmas = j->anon_kib = j->pss_anon_kib = UNKNOWN;
	if (j->text == NULL || j->procfd < 0 || j->mm_fd < 0) {
		free_job(j);
		return NULL;
	}
	return j;
}

static void job_lists(void *arg)
{
	struct deep_job *j = arg;
	struct victim_fds fds;
	pid_t unused;

	observe_open(j->sys, &j->ref, &fds);
	j->err = observe_lists(j->sys, &fds, true, j->text, &j->lists, &unused);
	observe_close(j->sys, &fds);
}

static void job_rollup(void *arg)
{
	struct deep_job *j = arg;
	ssize_t n = j->sys->read_file(j->mm_fd, "smaps_rollup", j->text, TEXT_SIZE);

	j->err = n < 0 ? (int)n
		       : procfile_rollup(j->text, (size_t)n, &j->anon_kib, &j->pss_anon_kib);
}

static void job_maps(void *arg)
{
	struct deep_job *j = arg;
	int fd = j->sys->open_at(j->mm_fd, "maps", 0);
	int64_t lines = 0;
	uint64_t off = 0;
	ssize_t n;

	if (fd < 0) {
		j->err = fd;
		return;
	}
	while ((n = j->sys->pread(fd, j->text, TEXT_SIZE, off)) > 0) {
		for (ssize_t i = 0; i < n; i++)
			lines += j->text[i] == '\n';
		off += (uint64_t)n;
	}
	j->sys->close(fd);
	j->err = (int)n;
	j->vmas = lines;
}

static void job_ksm(void *arg)
{
	struct deep_job *j = arg;
	ssize_t n = j->sys->read_file(j->mm_fd, "ksm_stat", j->text, TEXT_SIZE);

	j->err = n < 0 ? (int)n : 0;
	if (n < 0)
		return;
	if (strstr(j->text, "ksm_merge_any: yes"))
		mm_flags_set(&j->flags, MM_FLAG_VM_MERGE_ANY);
	if (strstr(j->text, "ksm_mergeable: yes"))
		mm_flags_set(&j->flags, MM_FLAG_VM_MERGEABLE);
}

/* Run one read; the job, to be freed, or NULL: it blocked, or there was no memory for it. */
static struct deep_job *read_deep(const struct sys *sys, const struct proc_ref *ref,
				  int64_t limit_us, void (*job)(void *), struct status_row *row)
{
	struct deep_job *j = row->deep_blocked ? NULL : new_job(sys, ref, row->tid);
	int err;

	if (j == NULL)
		return NULL;
	err = observe_within(limit_us, job, free_job, j);
	if (err == 0)
		return j;
	if (err == -ETIMEDOUT)
		row->deep_blocked = true;
	else
		free_job(j);
	return NULL;
}

static void take_lists(const struct deep_job *j, struct status_row *row)
{
	if (j->err == -ESRCH)
		return;
	if (j->err < 0) {
		row->robust = ROBUST_LOOK_UNREADABLE;
		return;
	}
	row->robust_threads = j->lists.in_use;
	if (j->lists.in_use > 0)
		row->robust = ROBUST_LOOK_IN_USE;
	else if (j->lists.unreadable)
		row->robust = ROBUST_LOOK_UNREADABLE;
	else
		row->robust =
			j->lists.null == j->lists.threads ? ROBUST_LOOK_NULL : ROBUST_LOOK_EMPTY;
	if (row->robust == ROBUST_LOOK_UNREADABLE)
		row->robust_threads = UNKNOWN;
}

/*
 * A page that k processes map counts 1/k in Pss, so that 1 - 1/k of it is missing there: half of it
 * with one other process, more with more. Twice what is missing is the most that can be shared.
 */
static int64_t shared_at_most(int64_t anon_kib, int64_t pss_anon_kib)
{
	int64_t missing = anon_kib - pss_anon_kib;

	if (anon_kib == UNKNOWN || pss_anon_kib == UNKNOWN)
		return UNKNOWN;
	if (missing < 0)
		missing = 0;
	return kib_to_bytes(2 * missing < anon_kib ? 2 * missing : anon_kib);
}

void observe_deep(const struct sys *sys, const struct proc_ref *ref, int64_t limit_us,
		  struct status_row *row)
{
	struct deep_job *j;

	row->deep = true;
	j = read_deep(sys, ref, limit_us, job_lists, row);
	if (j) {
		take_lists(j, row);
		free_job(j);
	} else if (row->deep_blocked) {
		row->robust = ROBUST_LOOK_BLOCKED;
	}
	j = read_deep(sys, ref, limit_us, job_rollup, row);
	if (j && j->err == 0)
		row->anon_shared_bytes = shared_at_most(j->anon_kib, j->pss_anon_kib);
	if (j)
		free_job(j);
	j = read_deep(sys, ref, limit_us, job_maps, row);
	if (j) {
		row->vmas = j->err == 0 ? j->vmas : UNKNOWN;
		free_job(j);
	}
	j = read_deep(sys, ref, limit_us, job_ksm, row);
	if (j) {
		row->flags.named |= j->flags.named;
		free_job(j);
	}
}
