/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * From what was typed to processes that are held. Every target becomes a pidfd first; its /proc
 * directory is believed only after the pidfd was seen to be alive still.
 */

#include <mmreap/model.h>
#include <mmreap/observe.h>
#include <mmreap/sys.h>

/**
 * struct target - one target, held or not
 * @ref: owned; pidfd and procfd are -1 where it could not be held
 * @selected: it came from a selection: being gone is a success; @member: of a cgroup
 * @err, @outcome, @reason: why it is not held (negative errno); @err 0: it is
 */
struct target {
	struct proc_ref ref;
	bool selected;
	bool member;
	int err;
	enum outcome outcome;
	enum reason reason;
};

/** struct target_error - a target that is a usage error: a thread where a process was meant */
struct target_error {
	pid_t tid, leader;
	char comm[COMM_SIZE];
};

/**
 * target_hold - Turn a PID into a held process.
 * @inode: 0, or the inode it must have
 * Returns 0, -ESRCH (no such process), -ESTALE (the inode differs: the PID was reused), -EOPNOTSUPP
 * (an inode was asked for and this kernel has none), -EISDIR (a thread, *ret_leader is its process),
 * or what open(2) says. @ret is untouched on failure.
 */
int target_hold(const struct sys *sys, const struct run_self *self, pid_t pid, uint64_t inode,
		struct proc_ref *ret, pid_t *ret_leader);

/** target_hold_fd - The same for an inherited pidfd, which stays the caller's; -EISDIR: of *ret_tid. */
int target_hold_fd(const struct sys *sys, const struct run_self *self, int fd, struct proc_ref *ret,
		   pid_t *ret_tid, pid_t *ret_leader);

/** target_release - Close what @ref owns. */
void target_release(const struct sys *sys, struct proc_ref *ref);

/**
 * target_resolve - Hold every target of the specs, duplicates once.
 * Members of a cgroup come as SPEC_PID specs with @selected set.
 * @ret: array of *ret_n, owned by the caller (target_free())
 * Returns 0, -ENOMEM, or -EINVAL with *ret_error naming a thread that was meant as a process.
 */
int target_resolve(const struct sys *sys, const struct run_self *self,
		   const struct target_spec *specs, size_t n, struct target **ret, size_t *ret_n,
		   struct target_error *ret_error);
void target_free(const struct sys *sys, struct target *targets, size_t n);
