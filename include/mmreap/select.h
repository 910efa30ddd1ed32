/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Selections: names and cgroups to PIDs. A PID found here is only a number; target_resolve() holds
 * the process and says what became of those that are gone.
 */

#include <mmreap/mounts.h>
#include <mmreap/scan.h>
#include <mmreap/target.h>

/**
 * select_comm - Every process whose comm is exactly @comm, but not mmreap itself.
 * The list comes from libproc2; each name is read again once its process is held.
 */
int select_comm(const struct sys *sys, const struct run_self *self, const char *comm,
		struct pid_list *ret);

/**
 * struct cgroup_ref - one cgroup, open
 * @dirfd: owned
 * @version: 1 or 2
 * @freezes: it can be frozen: version 2 (but the root), or in the v1 freezer hierarchy
 * @was_frozen: it was frozen when it was opened: then it is left so
 * @freeze_fd: owned, its freezer file for writing, open from the first freeze on; -1: none
 * @guard: owned write end of the pipe to the guardian that thaws if we die; -1: none
 * @guardian: our child, to be waited for by the next freeze or cgroup_close(); 0 or less: none
 */
struct cgroup_ref {
	int dirfd;
	int version;
	bool freezes;
	bool was_frozen;
	bool frozen_by_us;
	int freeze_fd;
	int guard;
	pid_t guardian;
	char path[4096];
};

/**
 * cgroup_find - Open the cgroup that a user named.
 * @path: absolute under a cgroup mount point, or as in /proc/PID/cgroup; then it must exist in one
 *	hierarchy only.
 * Returns 0, -ENOENT (no such cgroup), -ENOTUNIQ (in several hierarchies), -EISDIR (the root of a
 * hierarchy: every process of it), or what open(2) says.
 */
int cgroup_find(const struct sys *sys, const struct mounts *mounts, const char *path,
		struct cgroup_ref *ret);
void cgroup_close(const struct sys *sys, struct cgroup_ref *cg);

/* Each level takes stack and a descriptor, and whoever may make cgroups may make them as deep as he likes. */
#define CGROUP_MAX_DEPTH 64

/**
 * cgroup_members - Add every process in the cgroup and below. Duplicates stay in. 0 (version 2) is one
 * that our PID namespace does not see, or one that was just waited for.
 * Returns 0 only if none was passed over; -ELOOP: it is deeper than CGROUP_MAX_DEPTH.
 */
int cgroup_members(const struct sys *sys, const struct cgroup_ref *cg, struct pid_list *ret);

/**
 * cgroup_freeze - Freeze it and wait until it is (at most @limit_us). -ETIMEDOUT: not yet all;
 * -ECANCELED: @interrupt_fd (-1: none) became readable; other errors: it is not frozen, as it could not be made
 * sure that it is thawed again.
 */
int cgroup_freeze(const struct sys *sys, struct cgroup_ref *cg, int64_t limit_us, int interrupt_fd);
/** cgroup_thaw - Undo cgroup_freeze(); nothing if we did not freeze it. */
void cgroup_thaw(const struct sys *sys, struct cgroup_ref *cg);

/** cgroup_kill - Write cgroup.kill (version 2, Linux 5.14); -ENOENT where there is none. */
int cgroup_kill(const struct sys *sys, const struct cgroup_ref *cg);

/**
 * cgroup_find_thawed - The nearest v1 freezer cgroup above a process's that is not frozen.
 * @procfd: its /proc directory
 * Returns a directory descriptor (a PID written to its cgroup.procs leaves the freezer), or
 * -ENOENT, -errno.
 */
int cgroup_find_thawed(const struct sys *sys, const struct mounts *mounts, int procfd);
