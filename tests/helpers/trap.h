/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run a program so that it stops at the entry of chosen system calls, in every thread, until we let
 * it go on. A seccomp filter with a listener does that without being the program's tracer, and it
 * ends with us.
 */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "helpers.h"

struct trapped {
	pid_t pid;
	int listener;
	int output; /* read end of its standard output */
};

static inline int trap_install(const int *calls, size_t count)
{
	struct sock_filter filter[64] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { .filter = filter };
	size_t length = 1;

	for (size_t i = 0; i < count; i++, length++)
		filter[length] =
			(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i],
						     (uint8_t)(count - i), 0);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[length++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	program.len = (unsigned short)length;
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

static inline struct trapped trap_spawn(char *const *argv, const int *calls, size_t count)
{
	struct trapped trapped = { 0 };
	int ready[2], go[2], output[2], number, pidfd;
	pid_t parent = getpid();
	char byte = 0;

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	trapped.pid = fork();
	if (trapped.pid < 0)
		die("fork: %s", strerror(errno));
	if (trapped.pid == 0) {
		die_with_parent(parent);
		dup2(output[1], STDOUT_FILENO);
		close(go[1]);
		number = trap_install(calls, count);
		if (number < 0)
			die("seccomp: %s", strerror(errno));
		if (write(ready[1], &number, sizeof(number)) != sizeof(number) ||
		    read(go[0], &byte, 1) != 1)
			_exit(97);
		execv(argv[0], argv);
		die("%s: %s", argv[0], strerror(errno));
	}
	close(ready[1]);
	close(go[0]);
	close(output[1]);
	pidfd = open_pidfd(trapped.pid);
	if (read(ready[0], &number, sizeof(number)) != sizeof(number))
		die("no listener");
	trapped.listener = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
	if (trapped.listener < 0 || write(go[1], &byte, 1) != 1)
		die("pidfd_getfd: %s", strerror(errno));
	close(pidfd);
	close(ready[0]);
	close(go[1]);
	trapped.output = output[0];
	return trapped;
}

/* Wait for the next stop; false once the program has ended (or the stopped thread died). */
static inline bool trap_next(const struct trapped *trapped, struct seccomp_notif *ret_stop)
{
	struct pollfd pfd = { .fd = trapped->listener, .events = POLLIN };

	for (;;) {
		if (poll(&pfd, 1, BUILD_LIMIT_MS) <= 0)
			die("the trapped program neither stops nor ends");
		if (!(pfd.revents & POLLIN))
			return false;
		memset(ret_stop, 0, sizeof(*ret_stop));
		if (ioctl(trapped->listener, SECCOMP_IOCTL_NOTIF_RECV, ret_stop) == 0)
			return true;
		if (errno != ENOENT && errno != EINTR) /* ENOENT: the thread died meanwhile */
			die("NOTIF_RECV: %s", strerror(errno));
	}
}

static inline void trap_continue(const struct trapped *trapped, const struct seccomp_notif *stop)
{
	struct seccomp_notif_resp answer = { .id = stop->id,
					     .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	/* It may have been killed meanwhile: then there is nobody to answer. */
	ioctl(trapped->listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static inline bool trap_is_sigkill(const struct seccomp_notif *stop)
{
	return stop->data.nr == SYS_pidfd_send_signal && stop->data.args[1] == SIGKILL;
}

/* Read what it printed, wait for it; returns the wait status. */
static inline int trap_finish(struct trapped *trapped, char *text, size_t size)
{
	size_t length = 0;
	int status;
	ssize_t n;

	while (length < size - 1 &&
	       (n = read(trapped->output, text + length, size - 1 - length)) > 0)
		length += (size_t)n;
	text[length] = '\0';
	close(trapped->output);
	close(trapped->listener);
	if (waitpid(trapped->pid, &status, 0) < 0)
		die("waitpid: %s", strerror(errno));
	return status;
}
