// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <mmreap/caller.h>
#include <mmreap/late.h>
#include <mmreap/report.h>

#include "selection.h"

#define MAX_ROOM 8
/* libproc2 passes over what it cannot open: the list, and two files of a process. */
#define SCAN_ROOM 3

__attribute__((format(printf, 3, 4))) static int
fail(struct selection_error *e, enum exit_status status, const char *format, ...)
{
	va_list ap;

	e->status = status;
	va_start(ap, format);
	words_format(e->said.text, e->said.local, sizeof(e->said.text), format, ap);
	va_end(ap);
	return -1;
}

static int out_of_memory(struct selection_error *e)
{
	return fail(e, STATUS_FAILURE, "out of memory; nothing was touched");
}

static int add_spec(struct selection *s, const struct target_spec *spec, struct selection_error *e)
{
	if (s->n_specs == s->capacity) {
		size_t capacity = s->capacity ? s->capacity * 2 : 16;
		struct target_spec *specs = realloc(s->specs, capacity * sizeof(*specs));

		if (specs == NULL)
			return out_of_memory(e);
		s->specs = specs;
		s->capacity = capacity;
	}
	s->specs[s->n_specs++] = *spec;
	return 0;
}

static int add_pids(struct selection *s, const struct pid_list *pids, const char *comm,
		    struct selection_error *e)
{
	for (size_t i = 0; i < pids->n; i++) {
		struct target_spec spec = { .kind = SPEC_PID,
					    .pid = pids->pids[i],
					    .comm = comm,
					    .member = comm == NULL,
					    .selected = true };

		if (spec.pid != 0 && add_spec(s, &spec, e) < 0)
			return -1;
	}
	return 0;
}

int selection_has_room(const struct run_self *self, int n)
{
	int fds[MAX_ROOM], err = 0, count = 0;

	/* Opened, not copied: that takes what an open of the look itself takes. */
	while (count < n && count < MAX_ROOM && err == 0) {
		fds[count] = sys_linux.open_at(self->proc_fd, ".", O_DIRECTORY);
		if (fds[count] < 0)
			err = fds[count];
		else
			count++;
	}
	while (count > 0)
		sys_linux.close(fds[--count]);
	errno = -err;
	return err;
}

static int add_comm(struct selection *s, const char *comm, struct selection_error *e)
{
	struct pid_list pids = { 0 };
	int err = selection_has_room(s->self, SCAN_ROOM);

	if (err == 0)
		err = select_comm(s->sys, s->self, comm, &pids);
	if (err < 0) {
		errno = -err;
		err = fail(e, STATUS_FAILURE, "cannot list the processes: %m");
	} else {
		err = add_pids(s, &pids, comm, e);
	}
	pid_list_free(&pids);
	return err;
}

int selection_no_proc(int err, struct selection_error *ret_error)
{
	if (err == -ENOTTY || err == -EXDEV || err == -ENOENT)
		return fail(ret_error, STATUS_FAILURE,
			    "/proc is not a procfs of this PID namespace: nothing can be told from "
			    "it; mount one");
	errno = -err;
	return fail(ret_error, STATUS_FAILURE, "cannot read /proc: %m");
}

int selection_no_mounts(int err, struct selection_error *ret_error)
{
	if (err == -ELIBACC)
		return fail(ret_error, STATUS_UNSUPPORTED,
			    "the mount table cannot be read: %s; install that library if it is "
			    "missing, or name processes by PID to `mmreap kill`",
			    late_trouble());
	if (err == -EOPNOTSUPP)
		return fail(ret_error, STATUS_UNSUPPORTED,
			    "this build does not read the mount table; name processes by PID to "
			    "`mmreap kill`");
	errno = -err;
	return fail(ret_error, STATUS_FAILURE, "cannot read the mount table: %m");
}

static int add_cgroup(struct selection *s, const char *path, struct selection_error *e)
{
	struct cgroup_ref *cgroups;
	int err;

	if (s->mounts.n_cgroups == 0) {
		err = mounts_load(&s->mounts);
		if (err < 0)
			return selection_no_mounts(err, e);
	}
	cgroups = realloc(s->cgroups, (s->n_cgroups + 1) * sizeof(*cgroups));
	if (cgroups == NULL)
		return out_of_memory(e);
	s->cgroups = cgroups;
	err = cgroup_find(s->sys, &s->mounts, path, &cgroups[s->n_cgroups]);
	if (err == -EISDIR)
		return fail(e, STATUS_REFUSED,
			    "%.200s is the root cgroup: every process is in it; name one below it",
			    path);
	if (err == -ENOTUNIQ)
		return fail(e, STATUS_USAGE,
			    "cgroup %.200s exists in more than one hierarchy; give its path under "
			    "the mount point",
			    path);
	if (err == -ENOENT)
		return fail(e, STATUS_NO_PROCESS, "no such cgroup: %.200s; see /proc/PID/cgroup",
			    path);
	if (err == -EINVAL)
		return fail(e, STATUS_USAGE, "cgroup path %.200s has \"..\" in it", path);
	if (err < 0) {
		errno = -err;
		return fail(e, err == -EACCES ? STATUS_DENIED : STATUS_FAILURE,
			    "cannot open cgroup %.200s: %m", path);
	}
	s->n_cgroups++;
	return 0;
}

int selection_open(const struct sys *sys, const struct run_self *self,
		   const struct target_list *list, struct selection *ret,
		   struct selection_error *ret_error)
{
	*ret = (struct selection){ .sys = sys, .self = self };
	for (size_t i = 0; i < list->n_specs; i++) {
		const struct target_spec *spec = &list->specs[i];
		int err;

		if (spec->kind == SPEC_COMM)
			err = add_comm(ret, spec->text, ret_error);
		else if (spec->kind == SPEC_CGROUP)
			err = add_cgroup(ret, spec->text, ret_error);
		else
			err = add_spec(ret, spec, ret_error);
		if (err < 0)
			return err;
	}
	return 0;
}

void selection_free(struct selection *s)
{
	for (size_t i = 0; i < s->n_cgroups; i++)
		cgroup_close(s->sys, &s->cgroups[i]);
	free(s->cgroups);
	free(s->specs);
	mounts_free(&s->mounts);
}

/* Killing all of a cgroup that holds us is never what was meant: not even the rest of it. */
static int refuse_member(const struct selection *s, const char *path, pid_t pid,
			 bool allow_ancestors, struct selection_error *e)
{
	if (pid == 0 && !caller_in_initial_pid_ns())
		return fail(e, STATUS_REFUSED,
			    "cgroup %.200s holds processes of another PID namespace: refused as a "
			    "whole, nothing was touched; name its processes one by one",
			    path);
	if (pid == 1)
		return fail(e, STATUS_REFUSED,
			    "cgroup %.200s holds init (PID %d): refused as a whole, nothing was "
			    "touched; name its processes one by one",
			    path, (int)pid);
	if (pid == s->self->pid)
		return fail(e, STATUS_REFUSED,
			    "cgroup %.200s holds mmreap itself (%d): refused as a whole, nothing "
			    "was touched; name its processes one by one",
			    path, (int)pid);
	if (!allow_ancestors && observe_is_ancestor(s->self, pid))
		return fail(e, STATUS_REFUSED,
			    "cgroup %.200s holds an ancestor of mmreap (%d): refused as a whole, "
			    "nothing was touched; name its processes one by one",
			    path, (int)pid);
	/* Frozen with the others it would keep us in a stop, and nobody would thaw them. */
	if (observe_is_tracer(s->sys, s->self, pid))
		return fail(e, STATUS_REFUSED,
			    "cgroup %.200s holds the tracer of mmreap (%d): refused as a whole, "
			    "nothing was touched; name its processes one by one",
			    path, (int)pid);
	return 0;
}

/* Who is in a part that could not be listed would be missed. */
static int fail_listing(struct selection_error *e, const char *path, int err)
{
	if (err == -ELOOP)
		return fail(e, STATUS_FAILURE,
			    "cgroup %.200s has more than %d levels below it; name those further "
			    "down",
			    path, CGROUP_MAX_DEPTH);
	errno = -err;
	return fail(e, err == -EACCES ? STATUS_DENIED : STATUS_FAILURE,
		    "cannot list cgroup %.200s and all below it: %m", path);
}

int selection_add_members(struct selection *s, bool protect, bool allow_ancestors,
			  struct selection_error *ret_error)
{
	for (size_t i = 0; i < s->n_cgroups; i++) {
		const char *path = s->cgroups[i].path;
		struct pid_list pids = { 0 };
		int err = cgroup_members(s->sys, &s->cgroups[i], &pids);

		if (err < 0)
			err = fail_listing(ret_error, path, err);
		for (size_t j = 0; err == 0 && protect && j < pids.n; j++)
			err = refuse_member(s, path, pids.pids[j], allow_ancestors, ret_error);
		if (err == 0)
			err = add_pids(s, &pids, NULL, ret_error);
		pid_list_free(&pids);
		if (err < 0)
			return err;
	}
	return 0;
}

static bool has_pid(const struct pid_list *pids, pid_t pid)
{
	for (size_t i = 0; i < pids->n; i++)
		if (pids->pids[i] == pid)
			return true;
	return false;
}

/*
 * A number that was listed in a cgroup can have changed hands before it was held. Listed again, it
 * is that of the process that is held. Who is not in it any more is left alone.
 */
static int drop_strangers(const struct selection *s, struct target *targets, size_t *n)
{
	struct pid_list pids = { 0 };
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; err == 0 && i < s->n_cgroups; i++)
		err = cgroup_members(s->sys, &s->cgroups[i], &pids);
	for (size_t i = 0; i < *n; i++) {
		if (targets[i].member && (err < 0 || !has_pid(&pids, targets[i].ref.pid)))
			target_release(s->sys, &targets[i].ref);
		else
			targets[kept++] = targets[i];
	}
	*n = kept;
	pid_list_free(&pids);
	return err;
}

void selection_raise_file_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int selection_resolve(const struct selection *s, struct target **ret, size_t *ret_n,
		      struct selection_error *ret_error)
{
	struct target_error who;
	int err = target_resolve(s->sys, s->self, s->specs, s->n_specs, ret, ret_n, &who);

	if (err == -ENOMEM)
		return out_of_memory(ret_error);
	/* Only a descriptor gives EBADF, and a wrong one is a slip like a PID that is no number. */
	for (size_t i = 0; err == 0 && i < *ret_n; i++) {
		if ((*ret)[i].err != -EBADF)
			continue;
		target_free(s->sys, *ret, *ret_n);
		*ret = NULL;
		*ret_n = 0;
		return fail(ret_error, STATUS_USAGE,
			    "--pidfd wants an open pidfd, as pidfd_open(2) gives it; nothing was "
			    "touched");
	}
	if (err == 0 && s->n_cgroups && drop_strangers(s, *ret, ret_n) < 0)
		return fail(ret_error, STATUS_FAILURE, "cannot list the cgroup again");
	if (err == 0)
		return 0;
	return fail(ret_error, STATUS_USAGE,
		    "%d is a thread of process %d (%s), not a process; use %d", (int)who.tid,
		    (int)who.leader, who.comm, (int)who.leader);
}

int selection_say(struct selection_error *error, bool json)
{
	error->said.json = json;
	return report_cli_error(error->status, &error->said);
}
