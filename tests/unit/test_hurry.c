// SPDX-License-Identifier: GPL-2.0-or-later

/* While somebody is held a line waits for no reader: of a terminal or a pipe, however full it is. */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmreap/report.h>

#include "unit.h"

#define LINE "mmreap: 4711:     1234 us: signal and whatever else there is to be told of it\n"
/* So many lines, before each of which so much is read: up to some that fit. */
#define LINES 200
#define READ_BYTES 16
#define LIMIT_S 10

static bool open_terminal(int ends[2])
{
	ends[0] = posix_openpt(O_RDWR | O_NOCTTY);
	if (ends[0] < 0 || grantpt(ends[0]) < 0 || unlockpt(ends[0]) < 0)
		return false;
	ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY);
	return ends[1] >= 0;
}

static bool open_pipe(int ends[2])
{
	return pipe(ends) == 0;
}

static void fill(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	while (write(fd, LINE, sizeof(LINE) - 1) > 0)
		;
	fcntl(fd, F_SETFL, flags);
}

static void say_all(const int ends[2])
{
	char some[READ_BYTES];

	fill(ends[1]);
	dup2(ends[1], STDERR_FILENO);
	alarm(LIMIT_S);
	report_hurry();
	for (int i = 0; i < LINES; i++) {
		if (read(ends[0], some, sizeof(some)) < 0)
			_exit(1);
		report_put(LINE, sizeof(LINE) - 1);
	}
	_exit(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK ? 2 : 0);
}

static void test_full(void)
{
	static const struct {
		bool (*open)(int ends[2]);
		const char *name;
	} rows[] = { { open_terminal, "a terminal" }, { open_pipe, "a pipe" } };

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		int ends[2], status = -1;
		pid_t pid;

		if (!rows[i].open(ends)) {
			note("%s cannot be had", rows[i].name);
			continue;
		}
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			say_all(ends);
		waitpid(pid, &status, 0);
		is_int(status, 0, "%s", rows[i].name);
		close(ends[0]);
		close(ends[1]);
	}
}

int main(void)
{
	RUN(test_full);
	return unit_done();
}
