/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What works here, tried on a child of our own; no version is looked at. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <mmreap/act.h>
#include <mmreap/caller.h>
#include <mmreap/child.h>
#include <mmreap/kernelview.h>
#include <mmreap/mounts.h>

#define CHILD_BYTES (4 << 20)
#define WAIT_US 1000000
#define GAP_US 100

static void await_exit_stop(const struct sys *sys, pid_t pid, struct probe_facts *f)
{
	int64_t until = sys->now_us() + WAIT_US;
	int status, r;

	f->stop_err = -ETIMEDOUT;
	while (f->stop_err && sys->now_us() < until) {
		r = sys->wait_tracee(pid, &status);
		if (r == 1 && WIFSTOPPED(status) && status >> 16 == PTRACE_EVENT_EXIT)
			f->stop_err = 0;
		else if (r != 0)
			return;
		else
			sys->sleep_us(GAP_US);
	}
}

static void await_exit(const struct sys *sys, int pidfd, struct probe_facts *f)
{
	int64_t until = sys->now_us() + WAIT_US;

	while (!(f->exited = sys->pidfd_exited(pidfd) == 1) && sys->now_us() < until)
		sys->sleep_us(GAP_US);
}

static int64_t rss_bytes(const struct sys *sys, const struct run_self *self,
			 const struct victim_fds *fds)
{
	int64_t pages = observe_rss_pages(sys, fds);

	return pages == UNKNOWN ? UNKNOWN : pages * self->page_bytes;
}

/* The kill itself: hold, signal, reap, let go. */
static void try_kill(const struct sys *sys, const struct run_self *self, struct proc_ref *ref,
		     struct victim_fds *fds, struct probe_facts *f)
{
	int64_t start;

	f->hold_err = sys->seize(ref->pid);
	f->rss_before_bytes = rss_bytes(sys, self, fds);
	f->signal_err = sys->pidfd_signal(ref->pidfd, 9);
	if (f->signal_err < 0)
		return;
	if (f->hold_err == 0)
		await_exit_stop(sys, ref->pid, f);
	else
		f->stop_err = f->hold_err;
	start = sys->now_us();
	f->reap_err = sys->mrelease(ref->pidfd, 0);
	f->reap_us = sys->now_us() - start;
	f->rss_after_bytes = rss_bytes(sys, self, fds);
	if (f->stop_err == 0)
		sys->detach(ref->pid, 0);
	await_exit(sys, ref->pidfd, f);
	f->mm_after = observe_mm(sys, fds) == MM_UNREFERENCED;
}

static void try_child(const struct sys *sys, const struct run_self *self, pid_t pid,
		      struct probe_facts *f)
{
	struct victim_fds fds;
	struct sys_sched sched;
	struct proc_ref ref;
	uint64_t head;
	pid_t leader;
	int pidfd;

	pidfd = sys->pidfd_open(pid);
	f->pidfd_err = pidfd < 0 ? pidfd : 0;
	if (pidfd >= 0) {
		f->inode = sys->pidfd_inode(pidfd);
		sys->close(pidfd);
	}
	f->kcmp_err = sys->kcmp_vm(self->pid, pid);
	f->lists_err = sys->robust_list(pid, false, &head);
	if (f->kcmp_err > 0)
		f->kcmp_err = 0;
	f->boost_err = sys->sched_get(pid, &sched);
	if (f->boost_err == 0) {
		sched.nice--;
		f->boost_err = sys->sched_set(pid, &sched);
	}
	if (f->pidfd_err < 0)
		return;
	f->pidfd_err = target_hold(sys, self, pid, 0, &ref, &leader);
	if (f->pidfd_err < 0)
		return;
	observe_open(sys, &ref, &fds);
	f->mem_err = fds.mem < 0 ? fds.mem : 0;
	f->mm_before = observe_mm(sys, &fds) == MM_HELD;
	try_kill(sys, self, &ref, &fds, f);
	child_end(pid);
	/* Told only once it has been waited for. */
	f->info_err = sys->pidfd_exit_code(ref.pidfd);
	if (f->info_err > 0)
		f->info_err = 0;
	observe_close(sys, &fds);
	target_release(sys, &ref);
}

/* cgroup.freeze of our own cgroup; the root has none, and nothing is made to find out. */
static int64_t has_freezer_v2(const struct sys *sys, const struct mounts *mounts)
{
	const struct cgroup_mount *mount = mounts_find_cgroup(mounts, "");
	char text[4096], path[CGROUP_SIZE], dir[CGROUP_SIZE + 64], file[CGROUP_SIZE + 96];
	ssize_t n;

	if (mount == NULL)
		return 0;
	n = sys->read_file(AT_FDCWD, "/proc/self/cgroup", text, sizeof(text));
	if (n <= 0 || procfile_cgroup(text, (size_t)n, "", path, sizeof(path)) < 0 ||
	    path[1] == '\0' || mounts_cgroup_dir(mount, path, dir, sizeof(dir)) < 0)
		return UNKNOWN;
	snprintf(file, sizeof(file), "%s/cgroup.freeze", dir);
	return sys->nlink(AT_FDCWD, file) >= 0;
}

static void look_around(const struct sys *sys, struct probe_facts *f)
{
	struct mounts mounts;
	struct caller caller;
	char text[32];

	caller_load(&caller);
	f->proc_is_ours = caller.proc_is_ours;
	f->initial_pid_ns = caller.initial_pid_ns;
	f->initial_user_ns = caller.initial_user_ns;
	f->caps = caller.caps;
	f->uid = (int)caller.uid;
	f->memlock_bytes = caller.memlock_bytes;
	f->yama = UNKNOWN;
	if (sys->read_file(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) > 0)
		f->yama = strtol(text, NULL, 10);
	f->kernelview_err = kernelview_check();
	f->mounts_err = mounts_load(&mounts);
	if (f->mounts_err == 0) {
		f->exempt =
			observe_is_exempt(&caller, caller_in_group(mounts.hidepid_gid), &mounts);
		f->hidepid = mounts.hidepid;
		f->subset_pid = mounts.subset_pid;
		f->cgroup2 = mounts_find_cgroup(&mounts, "") != NULL;
		f->freezer_v2 = has_freezer_v2(sys, &mounts);
		f->freezer_v1 = mounts_find_cgroup(&mounts, "freezer") != NULL;
		f->memory_v1 = mounts_find_cgroup(&mounts, "memory") != NULL;
	}
	mounts_free(&mounts);
}

void act_probe_all(const struct sys *sys, const struct run_self *self, struct probe_facts *ret)
{
	struct probe_facts f = {
		.pidfd_err = -ECHILD,
		.signal_err = -ECHILD,
		.info_err = -ECHILD,
		.kcmp_err = -ECHILD,
		.lists_err = -ECHILD,
		.mem_err = -ECHILD,
		.boost_err = -ECHILD,
		.hold_err = -ECHILD,
		.stop_err = -ECHILD,
		.reap_err = -ECHILD,
		.rss_before_bytes = UNKNOWN,
		.rss_after_bytes = UNKNOWN,
	};
	pid_t pid;

	f.mrelease_err = sys->mrelease(-1, 0);
	f.flag_err = sys->mrelease(-1, SYS_MRELEASE_REAP_KILL);
	look_around(sys, &f);
	pid = child_start(CHILD_BYTES);
	if (pid < 0) {
		f.child_err = pid;
	} else {
		try_child(sys, self, pid, &f);
		/* Where it could not be held it lives still; else there is nothing left to wait for. */
		if (f.pidfd_err < 0)
			child_end(pid);
	}
	*ret = f;
}
