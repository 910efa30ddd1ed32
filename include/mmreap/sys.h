/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel, as a table of operations: the one way down. `sys_linux` is the real one; the unit
 * ring has a fake. Every operation returns 0 or a non-negative value, or a negative errno; none
 * prints, allocates or retries (EINTR is handed up, except by read_file).
 */

#include <errno.h>

#include <mmreap/model.h>

/** struct sys_sched - the part of a thread's scheduling that a boost changes */
struct sys_sched {
	int policy; /* SCHED_* */
	int nice;
	bool reset_on_fork;
};

struct sys {
	/* --- processes, by pidfd ------------------------------------------------------- */
	/** pidfd_open(2): a new descriptor, or -ESRCH, -EINVAL/-ENOENT (a TID), -EMFILE... */
	int (*pidfd_open)(pid_t pid);
	/** The pidfs inode of a pidfd; 0 where pidfds are not pidfs files (before Linux 6.9). */
	uint64_t (*pidfd_inode)(int pidfd);
	/** pidfd_send_signal(2); @sig 0 asks for existence and right only. Never blocks. */
	int (*pidfd_signal)(int pidfd, int sig);
	/** process_mrelease(2). Can block killably on the mmap lock: never call it from the driver. */
	int (*mrelease)(int pidfd, unsigned int flags);
	/** 1 if readable (the whole thread group has exited), else 0. Never blocks. */
	int (*pidfd_exited)(int pidfd);
	/** Exit code in wait(2) format through PIDFD_GET_INFO (Linux 6.15), or -ENODATA and others. */
	int (*pidfd_exit_code)(int pidfd);

	/**
	 * The parent's PID by PIDFD_GET_INFO (Linux 6.13), also of a process that procfs hides; 0: outside
	 * of our PID namespace. -ENOTTY: an older kernel; -ESRCH: it was reaped.
	 */
	int (*pidfd_parent)(int pidfd);

	/* --- address spaces and threads, by number: the caller checks before and after --- */
	/** kcmp(2) KCMP_VM: 0 same, 1..3 other. Can block on an execve of either process. */
	int (*kcmp_vm)(pid_t a, pid_t b);
	/** get_robust_list(2); @compat asks for the 32-bit list. Can block on an execve (6.18). */
	int (*robust_list)(pid_t tid, bool compat, uint64_t *ret_head);
	/**
	 * membarrier(MEMBARRIER_CMD_GLOBAL): 0 when every CPU has been in the kernel since the call
	 * (synchronize_rcu(); kernel/sched/membarrier.c), some milliseconds later. -EINVAL with
	 * nohz_full, where a CPU need not.
	 */
	int (*membarrier)(void);
	/** ptrace(PTRACE_SEIZE, PTRACE_O_TRACEEXIT). Can block killably. */
	int (*seize)(pid_t tid);
	/** PTRACE_INTERRUPT: make a seized thread stop soon, so that it can be detached. */
	int (*interrupt)(pid_t tid);
	/** PTRACE_DETACH: needs a stop; @sig is handed over to the thread, 0 for none. */
	int (*detach)(pid_t tid, int sig);
	/** waitpid(WNOHANG|__WALL|__WNOTHREAD): 0 nothing yet, 1 and *ret_status, or -ECHILD. */
	int (*wait_tracee)(pid_t tid, int *ret_status);
	/** sched_getattr(2), sched_setattr(2); @tid 0 is the calling thread. */
	int (*sched_get)(pid_t tid, struct sys_sched *ret);
	int (*sched_set)(pid_t tid, const struct sys_sched *to);
	/** CPUs that we may run on. */
	int (*cpus)(void);

	/* --- files: /proc and cgroups --------------------------------------------------- */
	/** openat(2) O_RDONLY|O_CLOEXEC|extra. */
	int (*open_at)(int dirfd, const char *name, int extra);
	/** pread(2) at @off. */
	ssize_t (*pread)(int fd, void *buf, size_t size, uint64_t off);
	/** Open, read whole (to @size - 1), NUL-terminate, close: the length, or negative errno. */
	ssize_t (*read_file)(int dirfd, const char *name, char *buf, size_t size);
	/** Open for writing, write @text in one call, close. */
	int (*write_file)(int dirfd, const char *name, const char *text);
	/** getdents64(2) into @buf; 0 at the end. */
	ssize_t (*getdents)(int fd, void *buf, size_t size);
	/** readlinkat(2), NUL-terminated: the length, or negative errno. Cut to @size - 1. */
	ssize_t (*read_link)(int dirfd, const char *name, char *buf, size_t size);
	/** lseek(fd, 0, SEEK_SET). */
	int (*rewind)(int fd);
	/** st_nlink of @name below @dirfd: for /proc/PID/task it is 2 + number of threads. */
	int (*nlink)(int dirfd, const char *name);
	/** st_uid and st_mode... of @name below dirfd: owner uid, or negative errno. */
	int (*owner)(int dirfd, const char *name);
	/** 0 if @fd is on procfs, -ENOTTY if it is something else. */
	int (*is_procfs)(int fd);
	int (*close)(int fd);

	/* --- ourselves ------------------------------------------------------------------ */
	/**
	 * The PID of a task that is known to have no mm: kthreadd where we may compare with it, else a
	 * child of our own that is dead and not waited for. -EAGAIN, -ENOMEM: no more processes.
	 */
	pid_t (*make_zombie)(void);
	/** Collect it, if it is a child. */
	void (*drop_zombie)(pid_t pid);
	/** waitid(P_PIDFD, WNOHANG): collect a child of ours that has exited; nobody else is touched. */
	void (*collect)(int pidfd);
	/** CLOCK_MONOTONIC in microseconds. */
	int64_t (*now_us)(void);
	void (*sleep_us)(int64_t us);
};

extern const struct sys sys_linux;

/**
 * sys_is_reaped - Has the process of @pidfd been waited for, so that its number is free?
 * Signal 0 says so by ESRCH (kernel/signal.c:kill_pid_info_type()); a sandbox that answers the same
 * for somebody who lives is not believed.
 */
static inline bool sys_is_reaped(const struct sys *sys, int pidfd)
{
	return sys->pidfd_signal(pidfd, 0) == -ESRCH && sys->pidfd_exited(pidfd);
}

/* What process_mrelease(-1, 1) says of the flag: EBADF knows it (mm/oom_kill.c, order of checks). */
#define SYS_MRELEASE_REAP_KILL 1u
