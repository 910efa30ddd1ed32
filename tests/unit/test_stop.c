// SPDX-License-Identifier: GPL-2.0-or-later

/* The signals that tell us to end, in a child each: which of them it dies of. */

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmreap/stop.h>

#include "unit.h"

/* Ten times as long as it takes where nobody reads. */
#define LIMIT_MS 10000

/* A pipe that takes no more: who writes to it waits for ever. */
static void fill_stdout(void)
{
	static const char page[4096];
	int ends[2];

	if (pipe2(ends, O_NONBLOCK) < 0)
		_exit(1);
	while (write(ends[1], page, sizeof(page)) > 0)
		;
	fcntl(ends[1], F_SETFL, 0);
	dup2(ends[1], STDOUT_FILENO);
}

static void say(void)
{
	if (write(STDOUT_FILENO, "", 1) < 0)
		_exit(1);
}

static void told_before_we_say(struct stop *stop)
{
	stop_allow(stop);
	raise(SIGTERM);
	say();
}

static void told_before_we_wait(struct stop *stop)
{
	stop_allow(stop);
	raise(SIGTERM);
	if (stop_forbid(stop))
		say();
}

static void told_while_somebody_is_held(struct stop *stop)
{
	raise(SIGTERM);
	stop_allow(stop);
	say();
}

static void alarm_of_another(struct stop *stop)
{
	stop_allow(stop);
	raise(SIGALRM);
}

/* What it died of; 0: it exited, -1: it did not end. */
static int fate(void (*scene)(struct stop *stop))
{
	struct pollfd end = { .events = POLLIN };
	int status = 0, n;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct stop stop = { .fd = -1 };

		fill_stdout();
		if (stop_catch(&stop) == 0)
			scene(&stop);
		_exit(0);
	}
	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	n = poll(&end, 1, LIMIT_MS);
	if (n == 0)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(end.fd);
	return n == 0 ? -1 : WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void test_fates(void)
{
	static const struct {
		void (*scene)(struct stop *stop);
		int dies_of;
		const char *name;
	} rows[] = {
		{ told_before_we_say, SIGTERM, "told to end, then it waits for who reads" },
		{ told_before_we_wait, SIGTERM, "told to end, then they are held back" },
		{ told_while_somebody_is_held, SIGTERM, "held back, then told to end" },
		{ alarm_of_another, SIGALRM, "an alarm that it did not set" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++)
		is_int(fate(rows[i].scene), rows[i].dies_of, "%s", rows[i].name);
}

int main(void)
{
	const char *sanitizers = getenv("MMREAP_SAN");

	/* It keeps a signal until the call returns in which it came: here none does. */
	if (sanitizers && strstr(sanitizers, "thread")) {
		puts("ok 1 # skip the thread sanitizer delivers no signal within write(2)\n1..1");
		return 0;
	}
	RUN(test_fates);
	return unit_done();
}
