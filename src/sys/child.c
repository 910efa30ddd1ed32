/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mmreap/child.h>
#include <mmreap/cleanup.h>

/* At a tenth of a millisecond each. */
#define END_TRIES 10000

static void live(size_t n_bytes, int ready, pid_t parent)
{
	char *memory;

	/* Whatever becomes of mmreap, nothing is left of this. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	memory = mmap(NULL, n_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	memset(memory, 1, n_bytes);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

pid_t child_start(size_t n_bytes)
{
	_cleanup_close_ int in = -1, out = -1;
	pid_t parent = getpid(), pid;
	int ends[2];
	ssize_t n;
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[0];
	out = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		live(n_bytes, out, parent);
	close(take_fd(&out));
	do
		n = read(in, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		return pid;
	child_end(pid);
	return -ENOMEM;
}

void child_end(pid_t pid)
{
	struct timespec gap = { .tv_nsec = 100000 };
	int status;

	/* Ours, and not waited for: the number cannot be anybody else's. */
	kill(pid, SIGKILL);
	for (int i = 0; i < END_TRIES; i++) {
		pid_t r = waitpid(pid, &status, __WALL | WNOHANG);

		if (r < 0 && errno != EINTR)
			return;
		if (r > 0 && (WIFEXITED(status) || WIFSIGNALED(status)))
			return;
		/* Seized by us, and perhaps in its exit stop. Where this fails, our own end does it. */
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		nanosleep(&gap, NULL);
	}
}
