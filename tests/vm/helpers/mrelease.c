/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bare system call: what the kernel does, without any of mmreap's care.
 *
 *   mrelease PID FLAGS [OTHER]   process_mrelease(pidfd of PID, FLAGS)
 *   mrelease bad FLAGS           the same with descriptor -1
 *   mrelease self FLAGS          on the caller
 *   mrelease sharer FLAGS        on a process that shares the caller's mm
 *
 * Prints the name of the error, or 0, and whether the RSS of PID, or of OTHER, which shares its mm,
 * was there still when the call returned (within a tenth: the kernel counts it per CPU).
 */
#include "../../helpers/helpers.h"

#include <sched.h>
#include <sys/pidfd.h>

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

static long rss_of_one(pid_t pid)
{
	char path[64], text[128];
	long size, rss;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	if (read_text(path, text, sizeof(text)) <= 0 || sscanf(text, "%ld %ld", &size, &rss) != 2)
		return 0;
	return rss;
}

static long rss_pages(pid_t pid, pid_t other)
{
	long rss = rss_of_one(pid), others = other > 0 ? rss_of_one(other) : 0;

	return rss > others ? rss : others;
}

static int wait_for_signals(void *unused)
{
	(void)unused;
	for (;;)
		syscall(SYS_pause);
	return 0;
}

static pid_t clone_sharer(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	pid_t pid = clone(wait_for_signals, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);

	if (pid < 0)
		die("clone: %s", strerror(errno));
	return pid;
}

int main(int argc, char **argv)
{
	pid_t pid = -1, other;
	long before = 0, after;
	unsigned int flags;
	int fd = -1, error;

	if (argc != 3 && argc != 4)
		die("usage: mrelease PID|bad|self|sharer FLAGS [OTHER]");
	flags = (unsigned int)number_arg(argv[2]);
	other = argc == 4 ? (pid_t)number_arg(argv[3]) : 0;

	if (!strcmp(argv[1], "self"))
		pid = getpid();
	else if (!strcmp(argv[1], "sharer"))
		pid = clone_sharer();
	else if (strcmp(argv[1], "bad"))
		pid = (pid_t)number_arg(argv[1]);

	if (pid > 0) {
		fd = open_pidfd(pid);
		if (fd < 0)
			die("pidfd_open %d: %s", pid, strerror(errno));
		before = rss_pages(pid, other);
	}
	error = syscall(SYS_process_mrelease, fd, flags) < 0 ? errno : 0;
	after = pid > 0 ? rss_pages(pid, other) : 0;
	printf("%s rss=%s\n", error ? strerrorname_np(error) : "0",
	       before == 0		 ? "none"
	       : after < before / 10	 ? "gone"
	       : after > before / 10 * 9 ? "kept"
					 : "part");
	if (!strcmp(argv[1], "sharer"))
		kill(pid, SIGKILL);
	return 0;
}
