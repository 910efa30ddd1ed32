// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inherit PID FD COMMAND...: run COMMAND with FD as a pidfd of PID, as a parent that started PID would.
 * inherit --thread TID FD COMMAND...: of that thread (Linux 6.9).
 * inherit --gone FD COMMAND...: of a child that has ended and was waited for.
 */
#include "helpers.h"

#define THREAD O_EXCL /* PIDFD_THREAD */

int main(int argc, char **argv)
{
	pid_t pid;
	int fd, as, flags = 0;

	if (argc < 4)
		die("usage: inherit PID|--thread TID|--gone FD COMMAND...");
	if (strcmp(argv[1], "--thread") == 0) {
		argv++;
		flags = THREAD;
	}
	as = (int)number_arg(argv[2]);
	if (strcmp(argv[1], "--gone")) {
		fd = (int)syscall(SYS_pidfd_open, (pid_t)number_arg(argv[1]), flags);
	} else {
		pid = fork();
		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0)
			_exit(0);
		fd = open_pidfd(pid);
		if (waitpid(pid, NULL, 0) < 0)
			die("waitpid: %s", strerror(errno));
	}
	if (fd < 0 || dup2(fd, as) < 0)
		die("pidfd: %s", strerror(errno));
	execv(argv[3], argv + 3);
	die("%s: %s", argv[3], strerror(errno));
}
