/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be known of a process that may not be compared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <mmreap/observe.h>

#include "sharing.h"

int sharing_status(const struct sys *sys, int procfd, struct status_facts *ret)
{
	char dents[4096];
	pid_t tid;
	ssize_t n;
	int err = observe_status(sys, procfd, ret), fd;

	if (err < 0 || ret->vm_peak_kib != UNKNOWN || ret->threads <= 1)
		return err;
	fd = sys->open_at(procfd, "task", O_DIRECTORY);
	if (fd < 0)
		return fd;
	while ((n = sys->getdents(fd, dents, sizeof(dents))) > 0) {
		size_t off = 0;

		while ((tid = procfile_next_pid(dents, (size_t)n, &off)) > 0) {
			char name[24];
			int sub;

			snprintf(name, sizeof(name), "%d", (int)tid);
			sub = sys->open_at(fd, name, O_DIRECTORY);
			err = sub < 0 ? sub : observe_status(sys, sub, ret);
			if (sub >= 0)
				sys->close(sub);
			if (err == 0 && ret->vm_peak_kib != UNKNOWN) {
				sys->close(fd);
				return 0;
			}
		}
	}
	sys->close(fd);
	/* Threads, and none with an mm that could be seen: nothing is proved. */
	return -ENODATA;
}

/* Is it proved that @pid does not use the mm whose VmPeak was @peak_kib when it was read last? */
static bool is_other(const struct sys *sys, const struct run_self *self, int target_procfd,
		     pid_t pid, int64_t *peak_kib)
{
	struct status_facts other, after;
	int64_t before_kib = *peak_kib;
	char name[16];
	int err, fd;

	snprintf(name, sizeof(name), "%d", (int)pid);
	fd = sys->open_at(self->proc_fd, name, O_DIRECTORY);
	if (fd < 0)
		return false;
	err = sharing_status(sys, fd, &other);
	sys->close(fd);
	if (err < 0)
		return err == -ESRCH; /* gone: it uses no mm */
	if (other.vm_peak_kib == UNKNOWN)
		return true; /* one thread, and no mm: kernel thread or zombie */
	if (before_kib == UNKNOWN || other.vm_peak_kib == before_kib)
		return false;
	*peak_kib = sharing_status(sys, target_procfd, &after) < 0 ? UNKNOWN : after.vm_peak_kib;
	return *peak_kib == before_kib;
}

void sharing_note_unknown(const struct sys *sys, const struct run_self *self, pid_t pid,
			  struct blind *blind)
{
	struct stat_facts st;
	char name[24], buf[2048];
	ssize_t n;

	snprintf(name, sizeof(name), "%d/stat", (int)pid);
	n = sys->read_file(self->proc_fd, name, buf, sizeof(buf));
	if (n == -ESRCH || n == -ENOENT)
		return;
	if (n < 0 || procfile_stat(buf, (size_t)n, &st) < 0)
		st = (struct stat_facts){ 0 };
	/* A kernel thread never has an mm to share; a zombie has it no more. */
	if ((st.flags & PF_KTHREAD) || (st.state == 'Z' && st.threads <= 1))
		return;
	if (blind->n_unknown++ == 0) {
		blind->unknown.pid = pid;
		memcpy(blind->unknown.comm, st.comm, sizeof(st.comm));
	}
}

void observe_unknown(const struct sys *sys, const struct run_self *self,
		     const struct proc_ref *target, const pid_t *pids, size_t n, pid_t zombie,
		     struct blind *blind)
{
	struct status_facts s;
	int64_t peak_kib = sharing_status(sys, target->procfd, &s) < 0 ? UNKNOWN : s.vm_peak_kib;

	for (size_t i = 0; i < n; i++) {
		if (pids[i] == target->pid || pids[i] == zombie || pids[i] == self->pid)
			continue;
		if (!is_other(sys, self, target->procfd, pids[i], &peak_kib))
			sharing_note_unknown(sys, self, pids[i], blind);
	}
}
