/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system calls that the program makes, and the errors that a kernel, a sandbox or a full machine
 * may give for each. A call that is in no row stops the sweep: a new one has to be thought about.
 */
#pragma once

#include <sys/syscall.h>

#include "helpers.h"

enum fault_kind {
	FAULT_NORMAL,
	FAULT_ONCE,    /* never for ever: no kernel gives it without end */
	FAULT_NEVER,   /* cannot fail, or not for a caller like this one */
	FAULT_RUNTIME, /* what a sanitizer's own runtime does not survive */
};

struct fault_call {
	long nr;
	const char *name;
	enum fault_kind kind;
	int errors[9];
};

#define CALL(name, kind, ...)            \
	{                                \
		SYS_##name, #name, kind, \
		{                        \
			__VA_ARGS__      \
		}                        \
	}

static const struct fault_call fault_calls[] = {
	/* files */
	CALL(openat, FAULT_NORMAL, ENOENT, EACCES, EMFILE, ENFILE, ENOMEM, EINTR, ESRCH, EIO),
	CALL(open, FAULT_NORMAL, ENOENT, EACCES, EMFILE, ENOMEM),
	CALL(close, FAULT_NORMAL, EINTR, EIO),
	CALL(read, FAULT_NORMAL, EINTR, EIO, ESRCH, ENOMEM, EAGAIN),
	CALL(pread64, FAULT_NORMAL, EINTR, EIO, ESRCH, ENOMEM, EFAULT),
	CALL(write, FAULT_NORMAL, EINTR, EIO, ENOSPC, EPIPE, EAGAIN, EBUSY, ENOMEM),
	CALL(pwrite64, FAULT_NORMAL, EINTR, EIO, EBUSY, ENODEV, ENOMEM),
	CALL(lseek, FAULT_NORMAL, EINVAL, ESPIPE),
	CALL(newfstatat, FAULT_NORMAL, ENOENT, EACCES, ENOMEM, ESRCH),
	CALL(fstat, FAULT_NORMAL, ENOMEM, EIO),
	CALL(statx, FAULT_NORMAL, ENOENT, EACCES, ENOMEM),
	CALL(statfs, FAULT_NORMAL, ENOENT, EACCES, ENOSYS, EIO),
	CALL(fstatfs, FAULT_NORMAL, ENOSYS, EIO, ENOMEM),
	CALL(access, FAULT_NORMAL, ENOENT, EACCES),
	CALL(readlink, FAULT_NORMAL, ENOENT, EACCES, ENOMEM),
	CALL(readlinkat, FAULT_NORMAL, ENOENT, EACCES, ENOMEM, ESRCH),
	CALL(getdents64, FAULT_NORMAL, ENOENT, EIO, ENOMEM, EINTR),
	CALL(ioctl, FAULT_NORMAL, ENOTTY, EINVAL, ESRCH, EREMOTE, EINTR),
	CALL(fcntl, FAULT_NORMAL, EMFILE, EINVAL), /* to duplicate, that is */
	CALL(dup, FAULT_NORMAL, EMFILE),
	CALL(fadvise64, FAULT_NORMAL, EINVAL),
	/* descriptors that are no files */
	CALL(poll, FAULT_NORMAL, EINTR, ENOMEM),
	CALL(ppoll, FAULT_NORMAL, EINTR, ENOMEM),
	CALL(epoll_create1, FAULT_NORMAL, EMFILE, ENOMEM),
	CALL(epoll_ctl, FAULT_NORMAL, ENOMEM, ENOSPC),
	CALL(epoll_wait, FAULT_NORMAL, EINTR),
	CALL(epoll_pwait, FAULT_NORMAL, EINTR),
	CALL(eventfd2, FAULT_NORMAL, EMFILE, ENFILE, ENOMEM, ENODEV),
	CALL(signalfd4, FAULT_NORMAL, EMFILE, ENFILE, ENOMEM, ENODEV),
	CALL(pipe2, FAULT_NORMAL, EMFILE, ENFILE),
	CALL(socketpair, FAULT_NORMAL, EMFILE, ENFILE, ENOMEM, EACCES),
	CALL(socket, FAULT_NORMAL, EMFILE, EACCES, EAFNOSUPPORT),
	CALL(connect, FAULT_NORMAL, ENOENT, ECONNREFUSED, EACCES),
	CALL(sendto, FAULT_NORMAL, EPIPE, EINTR, ENOMEM, EAGAIN),
	CALL(memfd_create, FAULT_NORMAL, EMFILE, ENOMEM, ENOSYS),
	CALL(ftruncate, FAULT_NORMAL, ENOMEM, EINVAL),
	/* processes */
	CALL(pidfd_open, FAULT_NORMAL, ESRCH, EINVAL, EMFILE, ENFILE, ENOMEM, ENODEV, ENOSYS,
	     EPERM),
	CALL(pidfd_send_signal, FAULT_NORMAL, EPERM, ESRCH, EINVAL, ENOSYS, EAGAIN, ENOMEM),
	{ 448, "process_mrelease", FAULT_NORMAL, { EAGAIN, EINVAL, ESRCH, ENOSYS, EPERM, EBADF } },
	CALL(kcmp, FAULT_NORMAL, EPERM, EACCES, ESRCH, ENOSYS),
	CALL(ptrace, FAULT_NORMAL, EPERM, ESRCH, EIO, EBUSY),
	CALL(membarrier, FAULT_NORMAL, EINVAL, EPERM, ENOSYS),
	CALL(get_robust_list, FAULT_NORMAL, EPERM, ESRCH, ENOSYS),
	CALL(process_vm_readv, FAULT_NORMAL, EPERM, ESRCH, EFAULT, ENOMEM, ENOSYS),
	CALL(sched_getattr, FAULT_NORMAL, EPERM, ESRCH, EINVAL, ENOSYS),
	CALL(sched_setattr, FAULT_NORMAL, EPERM, ESRCH, EINVAL, EBUSY, ENOSYS),
	CALL(sched_getaffinity, FAULT_RUNTIME, EPERM, ESRCH, EINVAL),
	CALL(sched_setaffinity, FAULT_NORMAL, EPERM, ESRCH, EINVAL),
	CALL(getpriority, FAULT_NORMAL, ESRCH),
	CALL(setpriority, FAULT_NORMAL, EPERM, EACCES, ESRCH),
	CALL(prlimit64, FAULT_NORMAL, EPERM, EINVAL),
	CALL(clone3, FAULT_NORMAL, EAGAIN, ENOMEM, ENOSYS, EPERM),
	CALL(clone, FAULT_NORMAL, EAGAIN, ENOMEM, EPERM),
	CALL(fork, FAULT_NORMAL, EAGAIN, ENOMEM),
	CALL(vfork, FAULT_NORMAL, EAGAIN, ENOMEM),
	CALL(wait4, FAULT_NORMAL, EINTR, ECHILD),
	CALL(waitid, FAULT_NORMAL, EINTR, ECHILD),
	CALL(kill, FAULT_NORMAL, EPERM, ESRCH),
	CALL(prctl, FAULT_NORMAL, EPERM, EINVAL),
	CALL(setsid, FAULT_NORMAL, EPERM),
	CALL(capget, FAULT_NORMAL, EPERM, EINVAL),
	CALL(getgroups, FAULT_NORMAL, EINVAL),
	CALL(mlockall, FAULT_NORMAL, EPERM, ENOMEM, EAGAIN),
	CALL(mlock, FAULT_NORMAL, EPERM, ENOMEM, EAGAIN),
	CALL(mlock2, FAULT_NORMAL, EPERM, ENOMEM, EAGAIN),
	CALL(munlockall, FAULT_NORMAL, EPERM),
	CALL(bpf, FAULT_NORMAL, EPERM, ENOMEM, EINVAL, E2BIG, ENOSYS, EMFILE, EAGAIN),
	CALL(perf_event_open, FAULT_NORMAL, EPERM, EACCES, ENOENT, EMFILE, ENOSYS),
	CALL(getrusage, FAULT_NORMAL, EINVAL),
	CALL(sysinfo, FAULT_NORMAL, EFAULT),
	CALL(uname, FAULT_NORMAL, EFAULT),
	CALL(getrandom, FAULT_NORMAL, EAGAIN, EINTR, ENOSYS),
	/* time and locks: the same error without end is no kernel's */
	CALL(nanosleep, FAULT_ONCE, EINTR),
	CALL(clock_nanosleep, FAULT_ONCE, EINTR),
	CALL(futex, FAULT_ONCE, EAGAIN, EINTR),
	/* memory */
	CALL(brk, FAULT_RUNTIME, ENOMEM),
	CALL(mmap, FAULT_RUNTIME, ENOMEM, EAGAIN),
	CALL(mprotect, FAULT_RUNTIME, ENOMEM),
	CALL(mremap, FAULT_RUNTIME, ENOMEM),
	CALL(madvise, FAULT_RUNTIME, ENOMEM, EAGAIN),
	/* what has no error that could happen to this caller */
	CALL(munmap, FAULT_NEVER, 0),
	CALL(rt_sigaction, FAULT_NEVER, 0),
	CALL(alarm, FAULT_NEVER, 0),
	CALL(rt_sigprocmask, FAULT_NEVER, 0),
	CALL(sigaltstack, FAULT_NEVER, 0),
	CALL(tgkill, FAULT_NEVER, 0),
	CALL(gettid, FAULT_NEVER, 0),
	CALL(getpid, FAULT_NEVER, 0),
	CALL(getppid, FAULT_NEVER, 0),
	CALL(getuid, FAULT_NEVER, 0),
	CALL(geteuid, FAULT_NEVER, 0),
	CALL(getgid, FAULT_NEVER, 0),
	CALL(getegid, FAULT_NEVER, 0),
	CALL(set_robust_list, FAULT_NEVER, 0),
	CALL(rseq, FAULT_NEVER, 0),
	CALL(pause, FAULT_NEVER, 0),
	CALL(sched_yield, FAULT_NEVER, 0),
	CALL(restart_syscall, FAULT_NEVER, 0),
};

static const struct {
	int error;
	const char *name;
} fault_errors[] = {
#define ERROR(e)      \
	{             \
		e, #e \
	}
	ERROR(E2BIG),  ERROR(EACCES), ERROR(EAFNOSUPPORT), ERROR(EAGAIN), ERROR(EBADF),
	ERROR(EBUSY),  ERROR(ECHILD), ERROR(ECONNREFUSED), ERROR(EFAULT), ERROR(EINTR),
	ERROR(EINVAL), ERROR(EIO),    ERROR(EMFILE),	   ERROR(ENFILE), ERROR(ENODEV),
	ERROR(ENOENT), ERROR(ENOMEM), ERROR(ENOSPC),	   ERROR(ENOSYS), ERROR(ENOTTY),
	ERROR(EPERM),  ERROR(EPIPE),  ERROR(EREMOTE),	   ERROR(ESPIPE), ERROR(ESRCH),
#undef ERROR
};

static inline const struct fault_call *fault_find_call(long nr)
{
	for (size_t i = 0; i < ARRAY_LEN(fault_calls); i++)
		if (fault_calls[i].nr == nr)
			return &fault_calls[i];
	return NULL;
}

static inline const char *fault_error_name(int error)
{
	for (size_t i = 0; i < ARRAY_LEN(fault_errors); i++)
		if (fault_errors[i].error == error)
			return fault_errors[i].name;
	return "?";
}

static inline bool fault_may_last(const struct fault_call *call, int error)
{
	return call->kind != FAULT_ONCE && error != EINTR;
}
