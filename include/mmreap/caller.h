/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Who runs mmreap, and where: what the kernel says of the calling process itself. */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* include/uapi/linux/capability.h */
#define CALLER_CAP_KILL 5
#define CALLER_CAP_IPC_LOCK 14
#define CALLER_CAP_SYS_PTRACE 19
#define CALLER_CAP_SYS_ADMIN 21
#define CALLER_CAP_SYS_NICE 23
#define CALLER_CAP_SYS_RESOURCE 24
#define CALLER_CAP_PERFMON 38
#define CALLER_CAP_BPF 39

/**
 * struct caller - the caller
 * @caps: effective capabilities, a bit each
 * @memlock_bytes: RLIMIT_MEMLOCK, -1 unlimited
 * @initial_pid_ns, @initial_user_ns: in the namespaces that the kernel started with
 * @proc_is_ours: /proc shows our PID namespace: its numbers are ours
 */
struct caller {
	uid_t uid;
	uint64_t caps;
	int64_t memlock_bytes;
	bool initial_pid_ns;
	bool initial_user_ns;
	bool proc_is_ours;
};

/** caller_load - Fill in @ret; what cannot be read is taken for the lesser right. */
void caller_load(struct caller *ret);

/** caller_in_initial_pid_ns - Of struct caller this alone, without taking memory. */
bool caller_in_initial_pid_ns(void);

/** caller_in_group - Is @gid our effective or a supplementary group? */
bool caller_in_group(gid_t gid);

static inline bool caller_has(const struct caller *c, int cap)
{
	return c->caps >> cap & 1;
}
