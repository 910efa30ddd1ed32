/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process, seen through its held /proc directory and checked against its pidfd. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mmreap/observe.h>

int observe_stat(const struct sys *sys, int procfd, struct stat_facts *ret)
{
	char buf[2048];
	ssize_t n = sys->read_file(procfd, "stat", buf, sizeof(buf));

	return n < 0 ? (int)n : procfile_stat(buf, (size_t)n, ret);
}

int observe_status(const struct sys *sys, int procfd, struct status_facts *ret)
{
	return observe_status_at(sys, procfd, "status", ret);
}

/*
 * In pieces: the line Groups, of up to 65,536 numbers, comes before all that matters, and is longer
 * than any buffer on a worker's stack. One open file, read on end, is one state of the process
 * (fs/seq_file.c: its text is made once).
 */
int observe_status_at(const struct sys *sys, int dirfd, const char *name, struct status_facts *ret)
{
	int fd = sys->open_at(dirfd, name, 0), err;
	struct status_facts f;
	uint64_t off = 0;
	size_t kept = 0;
	char buf[4096];
	ssize_t n;

	if (fd < 0)
		return fd;
	procfile_status_begin(&f);
	while ((n = sys->pread(fd, buf + kept, sizeof(buf) - kept, off)) > 0) {
		off += (uint64_t)n;
		kept = procfile_status_part(&f, buf, kept + (size_t)n, sizeof(buf));
	}
	sys->close(fd);
	/* A text that ends within a line is not whole. */
	err = n < 0 ? (int)n : kept > 0 ? -EBADMSG : procfile_status_end(&f);
	if (err == 0)
		*ret = f;
	return err;
}

/* A procfs of another PID namespace has our numbers for other processes. */
static int names_us(const struct sys *sys, int proc_fd, pid_t pid, pid_t *ret_tracer)
{
	struct status_facts s;
	int err = observe_status_at(sys, proc_fd, "self/status", &s);

	if (err < 0)
		return err == -ENOENT ? -EXDEV : err;
	*ret_tracer = s.tracer;
	return s.tgid == pid ? 0 : -EXDEV;
}

int observe_self(const struct sys *sys, struct run_self *ret)
{
	struct run_self self = { .pid = getpid(), .page_bytes = sysconf(_SC_PAGESIZE) };
	int fd = sys->open_at(AT_FDCWD, "/proc", O_DIRECTORY);
	int err;

	if (fd < 0)
		return fd;
	err = sys->is_procfs(fd);
	if (err == 0)
		err = names_us(sys, fd, self.pid, &self.tracer);
	if (err < 0) {
		sys->close(fd);
		return err;
	}
	self.proc_fd = fd;
	*ret = self;
	return 0;
}

/* Nothing is written: a thread that was left behind may still read there. */
void observe_free_self(const struct sys *sys, const struct run_self *self)
{
	free(self->ancestors);
	if (self->proc_fd >= 0)
		sys->close(self->proc_fd);
}

static int note_ancestor(struct run_self *self, pid_t pid)
{
	size_t n = self->n_ancestors;

	if ((n & (n - 1)) == 0) { /* full: it has room for a power of two */
		pid_t *more = reallocarray(self->ancestors, n ? 2 * n : 1, sizeof(*more));

		if (more == NULL)
			return -ENOMEM;
		self->ancestors = more;
	}
	self->ancestors[self->n_ancestors++] = pid;
	return 0;
}

/* The parent of @pid; 0: it is outside of our PID namespace, or not to be known. */
static pid_t parent_of(const struct sys *sys, const struct run_self *self, pid_t pid,
		       uint64_t *ret_start_ticks)
{
	struct stat_facts st;
	char name[24], buf[2048];
	int pidfd, parent;
	ssize_t n;

	snprintf(name, sizeof(name), "%d/stat", (int)pid);
	n = sys->read_file(self->proc_fd, name, buf, sizeof(buf));
	if (n >= 0 && procfile_stat(buf, (size_t)n, &st) == 0) {
		*ret_start_ticks = st.start_ticks;
		return st.ppid;
	}
	pidfd = sys->pidfd_open(pid);
	if (pidfd < 0)
		return 0;
	parent = sys->pidfd_parent(pidfd);
	sys->close(pidfd);
	return parent > 0 ? parent : 0;
}

int observe_ancestors(const struct sys *sys, struct run_self *self, uint64_t since)
{
	uint64_t start_ticks = UINT64_MAX;
	pid_t pid = getppid();

	self->n_ancestors = 0;
	/* Up to the root of the tree that we can see; a race could lead in a circle. */
	while (pid > 0 && start_ticks >= since && !observe_is_ancestor(self, pid)) {
		int err = note_ancestor(self, pid);

		if (err < 0)
			return err;
		pid = parent_of(sys, self, pid, &start_ticks);
	}
	return 0;
}

bool observe_is_ancestor(const struct run_self *self, pid_t pid)
{
	for (size_t i = 0; i < self->n_ancestors; i++)
		if (self->ancestors[i] == pid)
			return true;
	return false;
}

bool observe_is_tracer(const struct sys *sys, const struct run_self *self, pid_t pid)
{
	char name[40];

	if (self->tracer == 0)
		return false;
	/* It is told by its thread. */
	snprintf(name, sizeof(name), "%d/task/%d", (int)pid, (int)self->tracer);
	return sys->nlink(self->proc_fd, name) >= 0;
}

bool observe_is_refrigerated(const char *wchan, char state)
{
	return state == 'D' && strcmp(wchan, "__refrigerator") == 0;
}

bool observe_v1_frozen(const struct sys *sys, int procfd)
{
	char text[8192], state[32];
	ssize_t n = sys->read_file(procfd, "cgroup", text, sizeof(text));
	const char *path;

	if (n < 0)
		return false;
	path = procfile_cgroup_dir(text, (size_t)n, sizeof(text) - sizeof("/freezer.state"),
				   "freezer", "/sys/fs/cgroup/freezer");
	if (path == NULL)
		return false;
	/* The root is never frozen; "/../" leads out of our namespace, and here to another directory. */
	if (strcmp(path, "/") == 0 || strncmp(path, "/../", 4) == 0)
		return false;
	memcpy(text + strlen(text), "/freezer.state", sizeof("/freezer.state"));
	return sys->read_file(AT_FDCWD, text, state, sizeof(state)) > 0 &&
	       strncmp(state, "THAWED", 6) != 0;
}

int observe_view(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		 struct plan_view *ret, struct status_facts *ret_status)
{
	struct plan_view v = { 0 };
	struct status_facts s = { 0 };
	struct stat_facts st = { 0 };
	char wchan[64] = "";
	int err;

	err = observe_stat(sys, ref->procfd, &st);
	if (err == 0)
		err = observe_status(sys, ref->procfd, &s);
	if (err < 0)
		return err;
	if (st.state == 'D')
		sys->read_file(ref->procfd, "wchan", wchan, sizeof(wchan));

	v.exited = sys->pidfd_exited(ref->pidfd) == 1;
	v.init = ref->pid == 1;
	v.ns_init = s.ns_levels > 1 && s.ns_pid == 1;
	v.self = ref->pid == self->pid;
	v.ancestor = observe_is_ancestor(self, ref->pid);
	v.tracer = observe_is_tracer(sys, self, ref->pid);
	v.kthread = (st.flags & PF_KTHREAD) != 0;
	/*
	 * Not by state Z: while another thread than the leader executes a program, stat shows the
	 * old leader's end with no threads left (fs/exec.c:de_thread()).
	 */
	v.zombie = v.exited;
	v.exiting = (st.flags & PF_EXITING) != 0;
	/* A dead leader has no mm, but its living threads have. */
	v.has_mm = !v.zombie && (s.vm_size_kib != UNKNOWN || st.start_code != 0 || st.threads > 1);
	v.dying = phase_is_dying(&st, &s) != 0;
	v.core_dumping = s.core_dumping;
	v.frozen = observe_is_refrigerated(wchan, st.state) || observe_v1_frozen(sys, ref->procfd);
	*ret = v;
	if (ret_status)
		*ret_status = s;
	return 0;
}

/*
 * Did the open of a task's pagemap fail with @err because it has no mm? The files of a task without
 * belong to root (fs/proc/base.c:task_dump_owner()): to its owner EACCES can mean just that. Its stat
 * tells: start_code is 0 without an mm, and 1 where it is hidden.
 */
static bool lacks_mm(const struct sys *sys, int procfd, const char *stat, int err)
{
	struct stat_facts st;
	char buf[2048];
	ssize_t n;

	if (err != -EACCES)
		return err == -ESRCH;
	n = sys->read_file(procfd, stat, buf, sizeof(buf));
	if (n == -ESRCH || n == -ENOENT)
		return true;
	return n >= 0 && procfile_stat(buf, (size_t)n, &st) == 0 && st.start_code == 0;
}

/*
 * Where the files of the mm are, be they ours to open or not: in the process's own directory, or,
 * where the leader is dead, in that of a living thread ("task/TID/"). -ESRCH: no thread has an mm.
 */
static int find_mm(const struct sys *sys, const struct proc_ref *ref, int task, char *prefix,
		   size_t size)
{
	char dents[4096], name[48], stat[48];
	int fd = sys->open_at(ref->procfd, "pagemap", 0);
	pid_t tid;
	ssize_t n;

	prefix[0] = '\0';
	if (fd >= 0)
		sys->close(fd);
	if (!lacks_mm(sys, ref->procfd, "stat", fd))
		return 0;
	if (task < 0)
		return -ESRCH;
	sys->rewind(task);
	while ((n = sys->getdents(task, dents, sizeof(dents))) > 0) {
		size_t off = 0;

		while ((tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			snprintf(name, sizeof(name), "task/%d/pagemap", (int)tid);
			snprintf(stat, sizeof(stat), "task/%d/stat", (int)tid);
			fd = sys->open_at(ref->procfd, name, 0);
			if (fd >= 0)
				sys->close(fd);
			if (fd == -ENOENT || lacks_mm(sys, ref->procfd, stat, fd))
				continue;
			snprintf(prefix, size, "task/%d/", (int)tid);
			return 0;
		}
	}
	return -ESRCH;
}

static int open_below(const struct sys *sys, const struct proc_ref *ref, const char *prefix,
		      const char *file)
{
	char name[64];

	snprintf(name, sizeof(name), "%s%s", prefix, file);
	return sys->open_at(ref->procfd, name, 0);
}

void observe_open(const struct sys *sys, const struct proc_ref *ref, struct victim_fds *ret)
{
	struct victim_fds fds;
	char auxv[1024], prefix[32], name[64];
	bool of_thread;
	ssize_t n;
	int err;

	fds.task = sys->open_at(ref->procfd, "task", O_DIRECTORY);
	fds.stat = sys->open_at(ref->procfd, "stat", 0);
	err = find_mm(sys, ref, fds.task, prefix, sizeof(prefix));
	of_thread = *prefix != '\0';
	fds.statm = open_below(sys, ref, prefix, "statm");
	fds.pagemap = open_below(sys, ref, prefix, "pagemap");
	fds.mem = open_below(sys, ref, prefix, "mem");
	/* Denied because it is not ours, or because it has just lost its mm? */
	if (fds.mem < 0 || fds.pagemap < 0)
		err = find_mm(sys, ref, fds.task, prefix, sizeof(prefix));
	/* The thread has ended, in an execve perhaps: that there is a pagemap its leader has told. */
	if (of_thread && (fds.mem == -ENOENT || fds.pagemap == -ENOENT))
		err = -ESRCH;
	fds.err = err < 0 ? err : fds.mem < 0 ? fds.mem : fds.pagemap < 0 ? fds.pagemap : 0;
	snprintf(name, sizeof(name), "%sauxv", prefix);
	n = sys->read_file(ref->procfd, name, auxv, sizeof(auxv));
	fds.bits = n > 0 ? procfile_auxv_bits(auxv, (size_t)n) : 0;
	*ret = fds;
}

void observe_close(const struct sys *sys, struct victim_fds *fds)
{
	int all[] = { fds->task, fds->stat, fds->statm, fds->pagemap, fds->mem };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] >= 0)
			sys->close(all[i]);
	*fds = (struct victim_fds){ -1, -1, -1, -1, -1, 0, 0 };
}

enum plan_mm observe_mm(const struct sys *sys, const struct victim_fds *fds)
{
	char byte;
	ssize_t n;

	if (fds->pagemap < 0)
		return MM_UNKNOWN;
	/*
	 * fs/proc/task_mmu.c:pagemap_read(): mmget_not_zero() fails first (0), then the alignment
	 * is checked (EINVAL), and only then the mmap lock is taken.
	 */
	n = sys->pread(fds->pagemap, &byte, 1, 1);
	if (n == 0)
		return MM_UNREFERENCED;
	return n == -EINVAL ? MM_HELD : MM_UNKNOWN;
}

int64_t observe_rss_pages(const struct sys *sys, const struct victim_fds *fds)
{
	char buf[256];
	int64_t resident, shared;
	ssize_t n;

	if (fds->statm < 0)
		return UNKNOWN;
	n = sys->pread(fds->statm, buf, sizeof(buf), 0);
	if (n <= 0 || procfile_statm(buf, (size_t)n, &resident, &shared) < 0)
		return UNKNOWN;
	/* Without an mm all fields are 0; with one, size (the first) is not, but for a no-VMA mm. */
	if (buf[0] == '0')
		return UNKNOWN;
	return resident;
}
