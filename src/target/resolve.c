/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Specs to held processes. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/target.h>

/* So many execve of one process may meet us one after the other. */
#define OPEN_TRIES 5

/* The process of a thread id; 0 when it is none or gone. */
static pid_t leader_of(const struct sys *sys, const struct run_self *self, pid_t tid)
{
	struct status_facts s;
	char name[32];

	snprintf(name, sizeof(name), "%d/status", (int)tid);
	if (observe_status_at(sys, self->proc_fd, name, &s) < 0 || s.tgid == tid)
		return 0;
	return s.tgid;
}

/*
 * The directory may turn out to be that of the thread whose number the leader has got in an execve by
 * another thread: it was looked up by the one and made for the other (fs/proc/base.c:proc_pid_lookup(),
 * fs/exec.c:de_thread()). Such a one names another number, or nobody any more.
 */
static int open_directory(const struct sys *sys, const struct run_self *self, pid_t pid,
			  int *ret_fd, struct stat_facts *ret)
{
	char name[16];
	int fd, err;

	snprintf(name, sizeof(name), "%d", (int)pid);
	fd = sys->open_at(self->proc_fd, name, O_DIRECTORY);
	if (fd < 0)
		return fd;
	err = observe_stat(sys, fd, ret);
	if (err == 0 && ret->pid != pid)
		err = -ESRCH;
	if (err < 0)
		sys->close(fd);
	else
		*ret_fd = fd;
	return err;
}

/* Open /proc/PID of a held pidfd; on success it is the same process. */
static int open_proc(const struct sys *sys, const struct run_self *self, pid_t pid, int pidfd,
		     struct proc_ref *ret)
{
	struct proc_ref ref = { .pid = pid, .pidfd = pidfd, .inode = sys->pidfd_inode(pidfd) };
	struct stat_facts st;
	int err = -ESRCH;

	for (int tries = 0; tries < OPEN_TRIES && (err == -ENOENT || err == -ESRCH); tries++) {
		err = open_directory(sys, self, pid, &ref.procfd, &st);
		/*
		 * Signal 0 is ESRCH only after the process was waited for; until then the number is its
		 * own, so a directory opened before is its own too. (EPERM: alive, and not ours to signal.)
		 */
		if (!sys_is_reaped(sys, pidfd))
			continue;
		if (err == 0)
			sys->close(ref.procfd);
		return -ESRCH;
	}
	if (err < 0) /* alive, and yet not to be seen: hidepid */
		return err == -ENOENT || err == -ESRCH ? -EACCES : err;
	ref.start_ticks = st.start_ticks;
	memcpy(ref.comm, st.comm, sizeof(ref.comm));
	*ret = ref;
	return 0;
}

int target_hold(const struct sys *sys, const struct run_self *self, pid_t pid, uint64_t inode,
		struct proc_ref *ret, pid_t *ret_leader)
{
	int pidfd = sys->pidfd_open(pid), err;

	/* A thread id: ENOENT since 6.9's pidfs, EINVAL before; a dying PID may be EINVAL too. */
	if (pidfd == -ENOENT || pidfd == -EINVAL) {
		pid_t leader = leader_of(sys, self, pid);

		if (leader == 0)
			return -ESRCH;
		*ret_leader = leader;
		return -EISDIR;
	}
	if (pidfd < 0)
		return pidfd;
	if (inode != 0) {
		uint64_t is = sys->pidfd_inode(pidfd);

		if (is != inode) {
			sys->close(pidfd);
			return is == 0 ? -EOPNOTSUPP : -ESTALE;
		}
	}
	err = open_proc(sys, self, pid, pidfd, ret);
	if (err < 0)
		sys->close(pidfd);
	return err;
}

/* fdinfo of a pidfd: "Pid:\tN"; 0 in a foreign PID namespace, -1 after it was reaped. */
static int pid_of_fd(const struct sys *sys, int fd, pid_t *ret)
{
	char name[40], buf[1024], *p;
	ssize_t n;
	long v;

	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	n = sys->read_file(AT_FDCWD, name, buf, sizeof(buf));
	if (n < 0)
		return n == -ENOENT ? -EBADF : (int)n;
	p = strstr(buf, "Pid:\t");
	if (p == NULL)
		return -EBADF;
	v = strtol(p + 5, NULL, 10);
	if (v < 0)
		return -ESRCH;
	if (v == 0)
		return -EREMOTE;
	if (v > INT_MAX)
		return -EBADF;
	*ret = (pid_t)v;
	return 0;
}

int target_hold_fd(const struct sys *sys, const struct run_self *self, int fd, struct proc_ref *ret,
		   pid_t *ret_tid, pid_t *ret_leader)
{
	pid_t pid;
	int err = pid_of_fd(sys, fd, &pid);
	struct proc_ref ref;

	if (err < 0)
		return err;
	/* A pidfd of our own for it, and then: is the inherited one of that process still? */
	err = target_hold(sys, self, pid, sys->pidfd_inode(fd), &ref, ret_leader);
	if (err == 0 && sys_is_reaped(sys, fd)) {
		target_release(sys, &ref);
		err = -ESRCH;
	}
	if (err == 0)
		*ret = ref;
	if (err == -EISDIR) /* PIDFD_THREAD */
		*ret_tid = pid;
	return err == -ESTALE ? -ESRCH : err;
}

void target_release(const struct sys *sys, struct proc_ref *ref)
{
	if (ref->pidfd >= 0)
		sys->close(ref->pidfd);
	if (ref->procfd >= 0)
		sys->close(ref->procfd);
	ref->pidfd = ref->procfd = -1;
}

static void set_error(struct target *t, int err)
{
	t->err = err;
	t->outcome = OUTCOME_FAILED;
	t->reason = REASON_ERRNO;
	switch (err) {
	case -ESRCH:
		t->outcome = t->selected ? OUTCOME_EXITED : OUTCOME_NO_PROCESS;
		t->reason = t->selected ? REASON_VANISHED : REASON_NOT_FOUND;
		break;
	case -ESTALE:
		t->outcome = OUTCOME_NO_PROCESS;
		t->reason = REASON_INODE_DIFFERS;
		break;
	case -EOPNOTSUPP:
		t->outcome = OUTCOME_UNSUPPORTED;
		t->reason = REASON_NO_PIDFS_INODE;
		break;
	case -ENOSYS: /* no pidfd_open (before Linux 5.3): nothing here can be done safely */
		t->outcome = OUTCOME_UNSUPPORTED;
		break;
	case -EACCES:
	case -EPERM:
		t->outcome = OUTCOME_DENIED;
		break;
	default:
		break;
	}
}

static bool same_process(const struct proc_ref *a, const struct proc_ref *b)
{
	return a->pid == b->pid && a->inode == b->inode && a->start_ticks == b->start_ticks;
}

static bool is_duplicate(const struct target *targets, size_t n, const struct target *t)
{
	for (size_t i = 0; i < n; i++) {
		if (t->err == 0 && targets[i].err == 0 && same_process(&targets[i].ref, &t->ref))
			return true;
		if (t->err != 0 && t->ref.pid != 0 && targets[i].err == t->err &&
		    targets[i].ref.pid == t->ref.pid && targets[i].ref.inode == t->ref.inode)
			return true;
	}
	return false;
}

static int resolve_one(const struct sys *sys, const struct run_self *self,
		       const struct target_spec *spec, struct target *t, pid_t *ret_tid,
		       pid_t *ret_leader)
{
	*t = (struct target){
		.ref = { .pid = spec->pid, .pidfd = -1, .procfd = -1, .inode = spec->inode },
		.selected = spec->selected,
		.member = spec->member,
	};
	int err;

	if (spec->kind == SPEC_PIDFD)
		return target_hold_fd(sys, self, spec->fd, &t->ref, ret_tid, ret_leader);
	*ret_tid = spec->pid;
	err = target_hold(sys, self, spec->pid, spec->kind == SPEC_PID_INODE ? spec->inode : 0,
			  &t->ref, ret_leader);
	/* Chosen by its name as a number: is what is held now the one that had it? */
	if (err == 0 && spec->comm && strcmp(spec->comm, t->ref.comm) != 0) {
		target_release(sys, &t->ref);
		err = -ESRCH;
	}
	return err;
}

int target_resolve(const struct sys *sys, const struct run_self *self,
		   const struct target_spec *specs, size_t n, struct target **ret, size_t *ret_n,
		   struct target_error *ret_error)
{
	struct target *targets = calloc(n ? n : 1, sizeof(*targets));
	size_t count = 0;

	if (targets == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct target *t = &targets[count];
		pid_t tid = 0, leader = 0;
		int err = resolve_one(sys, self, &specs[i], t, &tid, &leader);

		if (err == -EISDIR) {
			struct proc_ref ref;
			pid_t unused;

			*ret_error = (struct target_error){ .tid = tid, .leader = leader };
			if (target_hold(sys, self, leader, 0, &ref, &unused) == 0) {
				memcpy(ret_error->comm, ref.comm, sizeof(ref.comm));
				target_release(sys, &ref);
			}
			target_free(sys, targets, count);
			return -EINVAL;
		}
		if (err < 0)
			set_error(t, err);
		if (is_duplicate(targets, count, t))
			target_release(sys, &t->ref);
		else
			count++;
	}
	*ret = targets;
	*ret_n = count;
	return 0;
}

void target_free(const struct sys *sys, struct target *targets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		target_release(sys, &targets[i].ref);
	free(targets);
}
