// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * refuse CALL ERRNO|delay=MS|until=FILE FIRST COUNT COMMAND...
 *
 * Runs COMMAND, in which the calls of CALL from number FIRST on, COUNT of them (0: all), fail with
 * ERRNO or take so long, or until there is such a file. They are counted over all threads, and only those with a first argument
 * that may be a descriptor or a PID: the probe with -1 is answered by the kernel. strace counts by
 * thread. Ends like COMMAND; nobody else is traced, unlike under strace.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "helpers.h"

#define SIGNAL_NR 424 /* pidfd_send_signal */

static const struct {
	const char *name;
	unsigned int nr;
} calls[] = { { "process_mrelease", 448 },
	      { "ptrace", SYS_ptrace },
	      { "kcmp", SYS_kcmp },
	      { "SIGKILL", SIGNAL_NR } };

static const struct {
	const char *name;
	int error;
} errors[] = { { "EAGAIN", EAGAIN }, { "EBADF", EBADF }, { "EINTR", EINTR }, { "EINVAL", EINVAL },
	       { "ENOSYS", ENOSYS }, { "EPERM", EPERM }, { "ESRCH", ESRCH } };

static int install(unsigned int nr)
{
	/* Of the signals only SIGKILL is meant: the second argument. */
	const unsigned int no_signal = nr == SIGNAL_NR ? 0xffffffffU : 0;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 6),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x80000000U, 4, 0),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, SIGKILL),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, no_signal, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_LEN(code), .filter = code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/* Delays end with the program, which need not wait for the call: @pidfd. */
static void answer(int pidfd, int listener, bool meant, int error, long delay_ms, const char *file)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	struct seccomp_notif call = { 0 };
	struct seccomp_notif_resp response = { 0 };
	pid_t other = -1;

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0)
		return;
	response.id = call.id;
	/* The calls of other threads do not wait with it. */
	if (meant && delay_ms)
		other = fork();
	if (other > 0)
		return;
	if (meant && delay_ms)
		poll(&pfd, 1, (int)delay_ms);
	while (meant && file && access(file, F_OK) < 0 && poll(&pfd, 1, 1) == 0)
		;
	if (meant && error)
		response.error = -error;
	else
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
	if (other == 0)
		_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int nr = 0;
	int error = 0, listener, status, ends[2];
	long delay_ms = 0, first, count;
	const char *file = NULL;
	struct pollfd pfds[2];
	pid_t pid, self = getpid();

	if (argc < 6)
		die("usage: refuse CALL ERRNO|delay=MS|until=FILE FIRST COUNT COMMAND...");
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (!strcmp(argv[1], calls[i].name))
			nr = calls[i].nr;
	for (size_t i = 0; i < ARRAY_LEN(errors); i++)
		if (!strcmp(argv[2], errors[i].name))
			error = errors[i].error;
	if (!strncmp(argv[2], "delay=", 6))
		delay_ms = number_arg(argv[2] + 6);
	if (!strncmp(argv[2], "until=", 6))
		file = argv[2] + 6;
	first = number_arg(argv[3]);
	count = number_arg(argv[4]);
	if (!nr || (!error && !delay_ms && !file))
		die("%s, %s: not known here", argv[1], argv[2]);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die("socketpair: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		die_with_parent(self);
		/* exec closes it: it is taken over before. */
		listener = install(nr);
		if (write(ends[1], &listener, sizeof(listener)) < 0 ||
		    read(ends[1], &listener, sizeof(listener)) < 0)
			_exit(97);
		execv(argv[5], argv + 5);
		_exit(97);
	}
	pfds[0] = (struct pollfd){ .fd = open_pidfd(pid), .events = POLLIN };
	if (read(ends[0], &listener, sizeof(listener)) != sizeof(listener))
		die("no filter");
	listener = (int)syscall(SYS_pidfd_getfd, pfds[0].fd, listener, 0);
	if (listener < 0 || write(ends[0], &listener, sizeof(listener)) < 0)
		die("pidfd_getfd: %s", strerror(errno));
	pfds[1] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (long n = 0; poll(pfds, 2, -1) > 0 && !pfds[0].revents;)
		if (pfds[1].revents & POLLIN) {
			n++;
			answer(pfds[0].fd, listener, n >= first && (!count || n < first + count),
			       error, delay_ms, file);
		} else {
			pfds[1].fd = -1;
		}
	if (waitpid(pid, &status, 0) < 0)
		die("waitpid: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
