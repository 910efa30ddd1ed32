/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What old headers and other C libraries lack. The only file with #ifdef.
 * Numbers: the kernel's syscall tables (the same on all architectures since 424, but alpha + 110).
 */

#include <malloc.h>
#include <sys/syscall.h>

#ifdef __alpha__
#define COMPAT_SYS_BASE 110
#else
#define COMPAT_SYS_BASE 0
#endif

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal (424 + COMPAT_SYS_BASE)
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open (434 + COMPAT_SYS_BASE)
#endif
#ifndef SYS_process_mrelease
#define SYS_process_mrelease (448 + COMPAT_SYS_BASE)
#endif

#define COMPAT_P_PIDFD 3 /* include/uapi/linux/wait.h, Linux 5.4 */
#ifndef PIDFS_MAGIC	 /* linux/magic.h, Linux 6.9 */
#define PIDFS_MAGIC 0x50494446
#endif
#ifndef PROC_SUPER_MAGIC
#define PROC_SUPER_MAGIC 0x9fa0
#endif
#ifndef KCMP_VM
#define KCMP_VM 1
#endif
#ifndef __WALL
#define __WALL 0x40000000
#endif
#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif

/* include/uapi/linux/pidfd.h: _IOWR(0xFF, 11, struct pidfd_info), 64 bytes in its first version. */
struct compat_pidfd_info {
	__UINT64_TYPE__ mask;
	__UINT64_TYPE__ cgroupid;
	__UINT32_TYPE__ pid, tgid, ppid;
	__UINT32_TYPE__ ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
	__INT32_TYPE__ exit_code;
};
#define COMPAT_PIDFD_INFO_PID (1ULL << 0)
#define COMPAT_PIDFD_INFO_EXIT (1ULL << 3)
#define COMPAT_PIDFD_GET_INFO _IOWR(0xFF, 11, struct compat_pidfd_info)

/* include/uapi/linux/sched/types.h, the first version */
struct compat_sched_attr {
	__UINT32_TYPE__ size;
	__UINT32_TYPE__ policy;
	__UINT64_TYPE__ flags;
	__INT32_TYPE__ nice;
	__UINT32_TYPE__ priority;
	__UINT64_TYPE__ runtime, deadline, period;
};
#define COMPAT_SCHED_RESET_ON_FORK 1ULL

/*
 * The 32-bit get_robust_list of a 64-bit x86 kernel: int 0x80 reaches the compat table from 64-bit
 * code, with pointers cut to 32 bits (@arg must lie below 4 GiB). Called only for a victim that was
 * seen to be 32-bit: then the kernel has the entry. Other 64-bit architectures have no such door.
 */
#if defined(__x86_64__) && !defined(__ILP32__)
#define COMPAT_HAS_ROBUST32 1
static inline long compat_get_robust_list32(int tid, unsigned long head, unsigned long len)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "0"(312L), "b"((long)tid), "c"(head), "d"(len)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}
#else
#define COMPAT_HAS_ROBUST32 0
static inline long compat_get_robust_list32(int tid, unsigned long head, unsigned long len)
{
	(void)tid;
	(void)head;
	(void)len;
	return -38; /* ENOSYS */
}
#endif
#ifndef MAP_32BIT
#define MAP_32BIT 0
#endif

/* include/uapi/asm-generic/mman-common.h, Linux 5.14: before process_mrelease() itself */
#define COMPAT_MADV_POPULATE_READ 22
#define COMPAT_MADV_POPULATE_WRITE 23

/* What malloc() got from the kernel it keeps, also big blocks. musl has no such switch. */
static inline void compat_keep_heap(void)
{
#ifdef M_MMAP_THRESHOLD
	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	mallopt(M_TRIM_THRESHOLD, -1);
#endif
}
