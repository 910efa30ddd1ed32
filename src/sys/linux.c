/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real kernel. Thin: one call each, errors turned into negative errnos. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mmreap/sys.h>

#include "compat.h"

static int neg(long ret)
{
	return ret < 0 ? -errno : (int)ret;
}

static int linux_pidfd_open(pid_t pid)
{
	return neg(syscall(SYS_pidfd_open, pid, 0));
}

static uint64_t linux_pidfd_inode(int pidfd)
{
	struct statfs fs;
	struct stat st;

	/* Before pidfs every pidfd shared one anonymous inode: its number names nobody. */
	if (fstatfs(pidfd, &fs) < 0 || fs.f_type != PIDFS_MAGIC || fstat(pidfd, &st) < 0)
		return 0;
	return st.st_ino;
}

static int linux_pidfd_signal(int pidfd, int sig)
{
	return neg(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

static int linux_mrelease(int pidfd, unsigned int flags)
{
	return neg(syscall(SYS_process_mrelease, pidfd, flags));
}

static int linux_pidfd_exited(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	if (poll(&p, 1, 0) < 0)
		return 0;
	return (p.revents & POLLIN) != 0;
}

static int linux_pidfd_exit_code(int pidfd)
{
	struct compat_pidfd_info info = { .mask = COMPAT_PIDFD_INFO_EXIT };

	if (ioctl(pidfd, COMPAT_PIDFD_GET_INFO, &info) < 0)
		return -errno;
	return info.mask & COMPAT_PIDFD_INFO_EXIT ? info.exit_code & 0xffff : -ENODATA;
}

static int linux_pidfd_parent(int pidfd)
{
	struct compat_pidfd_info info = { .mask = COMPAT_PIDFD_INFO_PID };

	if (ioctl(pidfd, COMPAT_PIDFD_GET_INFO, &info) < 0)
		return -errno;
	return (int)info.ppid;
}

static int linux_kcmp_vm(pid_t a, pid_t b)
{
	return neg(syscall(SYS_kcmp, a, b, KCMP_VM, 0, 0));
}

static int linux_membarrier(void)
{
	return neg(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
}

/* What the 32-bit door writes to: it takes 32-bit pointers only. */
struct low_slot {
	_Atomic bool taken;
	uint32_t head, len;
};
#define LOW_BYTES 4096

/* One page, made once, for all threads. */
static struct low_slot *low_page(void)
{
	static _Atomic(struct low_slot *) low;
	struct low_slot *page = atomic_load(&low), *made;

	if (page)
		return page;
	made = mmap(NULL, LOW_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (made == MAP_FAILED || atomic_compare_exchange_strong(&low, &page, made))
		return made;
	munmap(made, LOW_BYTES); /* another thread was faster */
	return page;
}

static int linux_robust_list32(pid_t tid, uint64_t *ret_head)
{
	struct low_slot *slots = low_page();

	if (slots == MAP_FAILED)
		return -errno;
	/* A call may block, and keeps its slot then: the others do not wait for it. */
	for (size_t i = 0; i < LOW_BYTES / sizeof(*slots); i++) {
		struct low_slot *s = &slots[i];
		long ret;

		if (atomic_exchange(&s->taken, true))
			continue;
		ret = compat_get_robust_list32(tid, (uintptr_t)&s->head, (uintptr_t)&s->len);
		if (ret >= 0)
			*ret_head = s->head;
		atomic_store(&s->taken, false);
		return ret < 0 ? (int)ret : 0;
	}
	return -EAGAIN;
}

static int linux_robust_list(pid_t tid, bool compat, uint64_t *ret_head)
{
	void *head = NULL;
	size_t len = 0;

	if (compat)
		return COMPAT_HAS_ROBUST32 ? linux_robust_list32(tid, ret_head) : -ENOSYS;
	if (syscall(SYS_get_robust_list, tid, &head, &len) < 0)
		return -errno;
	*ret_head = (uintptr_t)head;
	return 0;
}

static int linux_seize(pid_t tid)
{
	return neg(ptrace(PTRACE_SEIZE, tid, NULL, (void *)PTRACE_O_TRACEEXIT));
}

static int linux_interrupt(pid_t tid)
{
	return neg(ptrace(PTRACE_INTERRUPT, tid, NULL, NULL));
}

static int linux_detach(pid_t tid, int sig)
{
	return neg(ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)sig));
}

static int linux_wait_tracee(pid_t tid, int *ret_status)
{
	pid_t pid = waitpid(tid, ret_status, WNOHANG | __WALL | __WNOTHREAD);

	if (pid < 0)
		return -errno;
	return pid == tid;
}

static int linux_sched_get(pid_t tid, struct sys_sched *ret)
{
	struct compat_sched_attr a = { 0 };

	if (syscall(SYS_sched_getattr, tid, &a, sizeof(a), 0) < 0)
		return -errno;
	*ret = (struct sys_sched){ (int)a.policy, a.nice, a.flags & COMPAT_SCHED_RESET_ON_FORK };
	return 0;
}

static int linux_sched_set(pid_t tid, const struct sys_sched *to)
{
	struct compat_sched_attr a = {
		.size = sizeof(a),
		.policy = (uint32_t)to->policy,
		.flags = to->reset_on_fork ? COMPAT_SCHED_RESET_ON_FORK : 0,
		.nice = to->nice,
	};

	return neg(syscall(SYS_sched_setattr, tid, &a, 0));
}

static int linux_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 1 : CPU_COUNT(&set);
}

static int linux_open_at(int dirfd, const char *name, int extra)
{
	return neg(openat(dirfd, name, O_RDONLY | O_CLOEXEC | extra));
}

static ssize_t linux_pread(int fd, void *buf, size_t size, uint64_t off)
{
	ssize_t n = pread(fd, buf, size, (off_t)off);

	return n < 0 ? -errno : n;
}

static ssize_t linux_read_file(int dirfd, const char *name, char *buf, size_t size)
{
	int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	for (;;) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	buf[len] = '\0';
	return (ssize_t)len;
}

static int linux_write_file(int dirfd, const char *name, const char *text)
{
	int fd = openat(dirfd, name, O_WRONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (text[len])
		len++;
	n = write(fd, text, len);
	if (n < 0)
		n = -errno;
	close(fd);
	return n < 0 ? (int)n : 0;
}

static ssize_t linux_getdents(int fd, void *buf, size_t size)
{
	ssize_t n = getdents64(fd, buf, size);

	return n < 0 ? -errno : n;
}

static ssize_t linux_read_link(int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t n = readlinkat(dirfd, name, buf, size - 1);

	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return n;
}

static int linux_rewind(int fd)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

static int linux_nlink(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) < 0 ? -errno : (int)st.st_nlink;
}

static int linux_owner(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, 0) < 0 ? -errno : (int)st.st_uid;
}

static int linux_is_procfs(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return -errno;
	return fs.f_type == PROC_SUPER_MAGIC ? 0 : -ENOTTY;
}

static int linux_close(int fd)
{
	return neg(close(fd));
}

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, seen by user space since Linux 3.8 */
#define FIRST_PID_NS 0xEFFFFFFCu
/* init/main.c:rest_init(): in the first PID namespace, and nowhere else */
#define KTHREADD 2

/* It never has an mm, and is there already: asking it is a twentieth of the time that a child takes. */
static bool can_ask_kthreadd(void)
{
	struct stat ns;

	return stat("/proc/self/ns/pid", &ns) == 0 && ns.st_ino == FIRST_PID_NS &&
	       linux_kcmp_vm(getpid(), KTHREADD) > 0;
}

static pid_t linux_make_zombie(void)
{
	pid_t pid;

	if (can_ask_kthreadd())
		return KTHREADD;
	pid = vfork();
	if (pid == 0)
		_exit(0);
	if (pid < 0)
		return -errno;
	/* vfork returns when the child has let go of our mm; it is a zombie a moment later. */
	siginfo_t si;
	int r;
	do
		r = waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : pid;
}

static void linux_drop_zombie(pid_t pid)
{
	/* kthreadd is no child: ECHILD */
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

static void linux_collect(int pidfd)
{
	siginfo_t si;

	waitid((idtype_t)COMPAT_P_PIDFD, (id_t)pidfd, &si, WEXITED | WNOHANG);
}

static int64_t linux_now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void linux_sleep_us(int64_t us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	nanosleep(&ts, NULL);
}

const struct sys sys_linux = {
	.pidfd_open = linux_pidfd_open,
	.pidfd_inode = linux_pidfd_inode,
	.pidfd_signal = linux_pidfd_signal,
	.mrelease = linux_mrelease,
	.pidfd_exited = linux_pidfd_exited,
	.pidfd_exit_code = linux_pidfd_exit_code,
	.pidfd_parent = linux_pidfd_parent,
	.kcmp_vm = linux_kcmp_vm,
	.membarrier = linux_membarrier,
	.robust_list = linux_robust_list,
	.seize = linux_seize,
	.interrupt = linux_interrupt,
	.detach = linux_detach,
	.wait_tracee = linux_wait_tracee,
	.sched_get = linux_sched_get,
	.sched_set = linux_sched_set,
	.cpus = linux_cpus,
	.open_at = linux_open_at,
	.pread = linux_pread,
	.read_file = linux_read_file,
	.write_file = linux_write_file,
	.getdents = linux_getdents,
	.read_link = linux_read_link,
	.rewind = linux_rewind,
	.nlink = linux_nlink,
	.owner = linux_owner,
	.is_procfs = linux_is_procfs,
	.close = linux_close,
	.make_zombie = linux_make_zombie,
	.drop_zombie = linux_drop_zombie,
	.collect = linux_collect,
	.now_us = linux_now_us,
	.sleep_us = linux_sleep_us,
};
