// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * need WORD: status 0 when this machine and this user have what a test needs, else 1 and the reason.
 * Each is tried, on the caller or on a child of its own; no version is looked at.
 *
 * need --inode PID prints the pidfs inode number of a process.
 */
#include <linux/io_uring.h>
#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>

#include "helpers.h"

static int errno_unless(bool works)
{
	return works ? 0 : errno ? errno : EINVAL;
}

/* A descriptor that cannot be one: the call is there if it is looked at. */
static int need_mrelease(void)
{
	syscall(SYS_process_mrelease, -1, 0);
	return errno == EBADF ? 0 : errno;
}

static int need_kcmp(void)
{
	return errno_unless(syscall(SYS_kcmp, getpid(), getpid(), KCMP_VM, 0, 0) == 0);
}

static int need_ptrace(void)
{
	pid_t pid = fork();
	int error;

	if (pid == 0)
		for (;;)
			pause();
	error = errno_unless(ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXIT) == 0);
	kill(pid, SIGKILL);
	/* It stops once on its way out. */
	while (!error && waitpid(pid, NULL, __WALL) == pid)
		ptrace(PTRACE_DETACH, pid, NULL, 0);
	return error;
}

static int need_userfaultfd(void)
{
	struct uffdio_api api = { .api = UFFD_API };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	return errno_unless(fd >= 0 && ioctl(fd, UFFDIO_API, &api) == 0);
}

static int need_seccomp_notify(void)
{
	struct seccomp_notif_sizes sizes;

	return errno_unless(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0);
}

static int need_io_uring(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL };

	return errno_unless(syscall(SYS_io_uring_setup, 4, &params) >= 0);
}

static int need_pidns(void)
{
	return errno_unless(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
}

static int need_inodes(void)
{
	int first = open_pidfd(getpid()), second = open_pidfd(getppid());
	struct stat a, b;

	if (first < 0 || second < 0 || fstat(first, &a) < 0 || fstat(second, &b) < 0)
		return errno;
	return a.st_ino != b.st_ino ? 0 : ENOSYS;
}

/* PIDFD_GET_INFO, by its number and 64 bytes as in Linux 6.13. */
static int need_pidfd_info(void)
{
	uint64_t info[8] = { 1 };

	return errno_unless(ioctl(open_pidfd(getpid()), _IOWR(0xFF, 11, info), info) == 0);
}

static void print_inode(pid_t pid)
{
	struct stat st;

	if (fstat(open_pidfd(pid), &st) < 0)
		die("%d: %s", pid, strerror(errno));
	printf("%lu\n", (unsigned long)st.st_ino);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *word;
		int (*try)(void);
	} needs[] = {
		{ "mrelease", need_mrelease },
		{ "kcmp", need_kcmp },
		{ "ptrace", need_ptrace },
		{ "userfaultfd", need_userfaultfd },
		{ "seccomp", need_seccomp_notify },
		{ "io-uring", need_io_uring },
		{ "pidns", need_pidns },
		{ "inodes", need_inodes },
		{ "pidfd-info", need_pidfd_info },
	};

	if (argc == 3 && !strcmp(argv[1], "--inode")) {
		print_inode((pid_t)number_arg(argv[2]));
		return 0;
	}
	for (size_t i = 0; argc == 2 && i < ARRAY_LEN(needs); i++) {
		int error;

		if (strcmp(argv[1], needs[i].word))
			continue;
		error = needs[i].try();
		if (error)
			printf("%s: %s\n", argv[1], strerror(error));
		return error != 0;
	}
	die("unknown need: %s", argc == 2 ? argv[1] : "(none)");
}
