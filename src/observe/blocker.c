/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What keeps an address space whose process is gone, or a process from exiting. Only what /proc
 * shows is named: in the kernel there are more holders (vhost, AIO, a driver), which it does not show.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <mmreap/watched.h>

#define SEARCH_LIMIT_US 5000000
#define MAX_FILES 16

/* Descriptors of a process that lead to a file of the target's address space. */
struct files {
	struct {
		int fd;
		char name[16];
	} at[MAX_FILES];
	size_t n;
};

struct search {
	const struct sys *sys;
	struct run_self self; /* its own descriptor: this may be left behind */
	pid_t target;
	int64_t peak_kib;
	bool by_number; /* the number is still the target's, or nobody's */
	struct sharer sharers[ROW_SHARERS];
	size_t n_sharers;
	struct holders holders;
};

static void destroy(void *arg)
{
	struct search *s = arg;

	if (s->self.proc_fd >= 0)
		s->sys->close(s->self.proc_fd);
	free(s);
}

static void add(struct search *s, enum holder_kind kind, const struct proc_id *id, const char *file)
{
	struct holders *h = &s->holders;

	if (h->n < MAX_HOLDERS) {
		h->found[h->n] = (struct holder){
			.kind = kind,
			.id = *id,
			.ancestor = observe_is_ancestor(&s->self, id->pid),
		};
		snprintf(h->found[h->n].file, sizeof(h->found[h->n].file), "%s", file);
	}
	h->n++;
}

/* --- sharers ---------------------------------------------------------------------------- */

/*
 * It shared the mm when the target lived. kcmp has nobody left to compare it with; but VmPeak never
 * falls, and one that is smaller than the target's was is of another address space (vfork, execve).
 */
static bool shares_still(const struct search *s, const struct sharer *sharer)
{
	int pidfd = s->sys->pidfd_open(sharer->id.pid), procfd;
	struct status_facts status;
	bool yes = false;
	char name[16];

	if (pidfd < 0)
		return false;
	snprintf(name, sizeof(name), "%d", (int)sharer->id.pid);
	procfd = s->sys->open_at(s->self.proc_fd, name, O_DIRECTORY);
	if (procfd >= 0) {
		yes = s->sys->pidfd_inode(pidfd) == sharer->id.inode &&
		      s->sys->pidfd_exited(pidfd) == 0 &&
		      observe_status(s->sys, procfd, &status) == 0 &&
		      (status.vm_peak_kib == UNKNOWN ? status.threads > 1
						     : status.vm_peak_kib >= s->peak_kib);
		s->sys->close(procfd);
	}
	s->sys->close(pidfd);
	return yes;
}

static bool is_sharer(const struct search *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_sharers; i++)
		if (s->sharers[i].id.pid == pid)
			return true;
	return false;
}

/* --- readers ---------------------------------------------------------------------------- */

/* "/proc/4711/mem" or "/proc/4711/task/4712/mem" → "mem"; NULL: not a file of the target. */
static const char *file_of_target(const char *link, pid_t target)
{
	char prefix[32];
	int n = snprintf(prefix, sizeof(prefix), "/proc/%d/", (int)target);
	const char *name;

	if (strncmp(link, prefix, (size_t)n) != 0)
		return NULL;
	name = link + n;
	if (strncmp(name, "task/", 5) == 0) {
		name = strchr(name + 5, '/');
		if (name == NULL)
			return NULL;
		name++;
	}
	return *name && strchr(name, '/') == NULL ? name : NULL;
}

/* Those that work on the address space: status, stat and the like are done with it in an instant. */
static bool is_mm_file(const char *name)
{
	static const char *const names[] = { "mem",  "pagemap",	  "environ",   "cmdline",
					     "maps", "smaps",	  "numa_maps", "smaps_rollup",
					     "auxv", "clear_refs" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static void look_at_file(const struct search *s, int dir, int fd, struct files *files)
{
	char name[16], link[128];
	const char *file;

	snprintf(name, sizeof(name), "%d", fd);
	if (files->n == MAX_FILES || s->sys->read_link(dir, name, link, sizeof(link)) <= 0)
		return;
	file = file_of_target(link, s->target);
	if (file == NULL || !is_mm_file(file))
		return;
	files->at[files->n].fd = fd;
	snprintf(files->at[files->n].name, sizeof(files->at[0].name), "%s", file);
	files->n++;
}

static int find_files(const struct search *s, int procfd, struct files *ret)
{
	int dir = s->sys->open_at(procfd, "fd", O_DIRECTORY);
	char dents[4096];
	ssize_t n;

	ret->n = 0;
	if (dir < 0)
		return dir;
	look_at_file(s, dir, 0, ret); /* 0 is no PID: procfile_next_pid() passes it over */
	while ((n = s->sys->getdents(dir, dents, sizeof(dents))) > 0) {
		size_t off = 0;
		pid_t fd;

		while ((fd = procfile_next_pid(dents, (size_t)n, &off)) > 0)
			look_at_file(s, dir, (int)fd, ret);
	}
	s->sys->close(dir);
	return 0;
}

static bool reads_or_writes(long nr)
{
	return nr == SYS_read || nr == SYS_pread64 || nr == SYS_readv || nr == SYS_preadv ||
	       nr == SYS_write || nr == SYS_pwrite64 || nr == SYS_writev || nr == SYS_pwritev ||
	       nr == SYS_preadv2 || nr == SYS_pwritev2 || nr == SYS_splice;
}

/* One thread that sleeps in a system call: "17 0x5 0x7f... ", or "running". */
static bool look_at_call(struct search *s, const char *text, const struct files *files,
			 const struct proc_id *id)
{
	char *end;
	long nr = strtol(text, &end, 10);
	unsigned long first;

	if (end == text)
		return false;
	first = strtoul(end, NULL, 16);
	if ((nr == SYS_process_vm_readv || nr == SYS_process_vm_writev) &&
	    first == (unsigned long)s->target) {
		add(s, HOLDER_VM_READER, id, nr == SYS_process_vm_readv ? "readv" : "writev");
		return true;
	}
	for (size_t i = 0; i < files->n && reads_or_writes(nr); i++) {
		if (first == (unsigned long)files->at[i].fd) {
			add(s, HOLDER_READER, id, files->at[i].name);
			return true;
		}
	}
	return false;
}

/* Returns whether one was found; *ret_err: a thread could not be looked at. */
static bool look_at_calls(struct search *s, int procfd, const struct files *files,
			  const struct proc_id *id, int *ret_err)
{
	int dir = s->sys->open_at(procfd, "task", O_DIRECTORY);
	char dents[4096], name[32], text[256];
	bool found = false;
	ssize_t n;

	if (dir < 0)
		return false;
	while (!found && (n = s->sys->getdents(dir, dents, sizeof(dents))) > 0) {
		size_t off = 0;
		pid_t tid;

		while (!found && (tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			ssize_t len;

			snprintf(name, sizeof(name), "%d/syscall", (int)tid);
			len = s->sys->read_file(dir, name, text, sizeof(text));
			if (len > 0)
				found = look_at_call(s, text, files, id);
			else if (len == -EPERM || len == -EACCES)
				*ret_err = (int)len;
		}
	}
	s->sys->close(dir);
	return found;
}

static void look_at_process(struct search *s, pid_t pid)
{
	struct stat_facts st;
	struct files files;
	struct proc_id id;
	char name[16];
	int procfd, err;

	snprintf(name, sizeof(name), "%d", (int)pid);
	procfd = s->sys->open_at(s->self.proc_fd, name, O_DIRECTORY);
	if (procfd < 0)
		return;
	/* The dead have no files and are in no call. */
	if (observe_stat(s->sys, procfd, &st) < 0 || (st.flags & PF_KTHREAD) ||
	    (st.state == 'Z' && st.threads <= 1)) {
		s->sys->close(procfd);
		return;
	}
	id = (struct proc_id){ .pid = pid };
	memcpy(id.comm, st.comm, sizeof(id.comm));
	err = find_files(s, procfd, &files);
	if (!look_at_calls(s, procfd, &files, &id, &err) && files.n > 0 && err < 0)
		add(s, HOLDER_OPEN_FILE, &id, files.at[0].name);
	if (err == -EACCES || err == -EPERM)
		s->holders.n_unseen++;
	s->sys->close(procfd);
}

static void run(void *arg)
{
	struct search *s = arg;
	pid_t *pids = NULL;
	ssize_t n;

	for (size_t i = 0; i < s->n_sharers; i++)
		if (shares_still(s, &s->sharers[i]))
			add(s, HOLDER_SHARER, &s->sharers[i].id, "");
	n = s->by_number ? observe_pids(s->sys, &s->self, &pids) : 0;
	for (ssize_t i = 0; i < n; i++)
		if (pids[i] != s->self.pid && pids[i] != s->target && !is_sharer(s, pids[i]))
			look_at_process(s, pids[i]);
	free(pids);
	s->holders.looked = true;
}

void blocker_find_holders(const struct watched *w, struct holders *ret)
{
	struct search *s = calloc(1, sizeof(*s));
	char name[16];
	int err;

	*ret = (struct holders){ 0 };
	if (s == NULL)
		return;
	*s = (struct search){ .sys = w->sys,
			      .self = *w->self,
			      .target = w->ref->pid,
			      .peak_kib = w->peak_kib,
			      .n_sharers = w->n_sharers };
	memcpy(s->sharers, w->sharers, sizeof(s->sharers));
	s->self.proc_fd = w->sys->open_at(w->self->proc_fd, ".", O_DIRECTORY);
	if (s->self.proc_fd < 0) {
		destroy(s);
		return;
	}
	/* Once it has been waited for, somebody else may have the number. */
	snprintf(name, sizeof(name), "%d", (int)w->ref->pid);
	s->by_number = !w->view.gone || w->sys->nlink(w->self->proc_fd, name) < 0;
	err = observe_within(SEARCH_LIMIT_US, run, destroy, s);
	if (err == 0)
		*ret = s->holders;
	else
		ret->blocked = true;
	if (err != -ETIMEDOUT)
		destroy(s);
}

void blocker_find_thread(const struct watched *w, struct waiting_thread *ret)
{
	int dir = w->sys->open_at(w->ref->procfd, "task", O_DIRECTORY);
	char dents[4096], name[24];
	ssize_t n;

	*ret = (struct waiting_thread){ 0 };
	if (dir < 0)
		return;
	while (ret->tid == 0 && (n = w->sys->getdents(dir, dents, sizeof(dents))) > 0) {
		size_t off = 0;
		pid_t tid;

		while (ret->tid == 0 && (tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			struct stat_facts st;
			int fd;

			snprintf(name, sizeof(name), "%d", (int)tid);
			fd = w->sys->open_at(dir, name, O_DIRECTORY);
			if (fd < 0)
				continue;
			if (observe_stat(w->sys, fd, &st) == 0 &&
			    (st.state == 'D' || st.state == 't')) {
				ret->tid = tid;
				ret->state = st.state;
				if (w->sys->read_file(fd, "wchan", ret->wchan,
						      sizeof(ret->wchan)) <= 0 ||
				    strcmp(ret->wchan, "0") == 0)
					ret->wchan[0] = '\0';
			}
			w->sys->close(fd);
		}
	}
	w->sys->close(dir);
}
