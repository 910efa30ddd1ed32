/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every test helper needs: to die with its parent, to see what a task is doing, to stop with a
 * sentence. Header only, so that each helper stays one file.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB (1024UL * 1024UL)
#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* A wait that takes longer than this means that the situation could not be built. */
#define BUILD_LIMIT_MS 30000

__attribute__((noreturn, format(printf, 1, 2))) static inline void die(const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", program_invocation_short_name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(99);
}

static inline double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static inline void sleep_us(long us)
{
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

static inline long number_arg(const char *text)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end)
		die("not a number: %s", text);
	return value;
}

/*
 * The parent's death kills us. The setting is lost at a change of credentials: call it after that.
 * @parent is what getppid() gave at the start; a parent that died in between is noticed here.
 */
static inline void die_with_parent(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		die("PR_SET_PDEATHSIG: %s", strerror(errno));
	if (getppid() != parent)
		_exit(98);
}

/*
 * For a process that must outlive its victim, but not the test: the reader of our standard output is
 * the test, and its end is an error condition on the pipe. Raw system calls only, since the caller
 * may share memory and thread-local storage with its parent.
 */
static inline bool reader_is_gone(long wait_ms)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO };
	struct timespec ts = { .tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000 };

	return syscall(SYS_ppoll, &pfd, 1, wait_ms < 0 ? NULL : &ts, NULL, 0) > 0;
}

__attribute__((noreturn)) static inline void linger(void)
{
	while (!reader_is_gone(-1))
		;
	syscall(SYS_exit_group, 0);
	__builtin_unreachable();
}

static inline void demand_reader(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) < 0 ||
	    !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(STDOUT_FILENO)))
		die("standard output must be a pipe: its end is what ends the left-over processes");
}

/* Descriptors of the test (other victims' pipes, bats' own) would keep each other alive. */
static inline void close_inherited(void)
{
	syscall(SYS_close_range, 3, ~0U, 0);
}

/* Read a small /proc file whole; returns its length or a negative errno. */
static inline ssize_t read_text(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buffer, size - 1);
	if (n < 0)
		n = -errno;
	else
		buffer[n] = '\0';
	close(fd);
	return n;
}

/* One line without its end, within @limit_ms; false at the end of the output or when time is up. */
static inline bool read_line(int fd, char *line, size_t size, long limit_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t length = 0;

	while (length < size - 1 && poll(&pfd, 1, (int)limit_ms) > 0) {
		if (read(fd, line + length, 1) != 1)
			break;
		if (line[length] == '\n') {
			line[length] = '\0';
			return true;
		}
		length++;
	}
	line[length] = '\0';
	return false;
}

/* The state letter of a task, or 0 when it is gone. A comm may hold anything: the last ')' ends it. */
static inline char task_state(pid_t pid, pid_t tid)
{
	char path[64], text[1024];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	if (read_text(path, text, sizeof(text)) <= 0)
		return 0;
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

/* A numeric line such as "TracerPid" of a status file, -1 when it cannot be read. */
static inline long status_number(const char *path, const char *key)
{
	char text[8192], needle[64];
	const char *line;

	if (read_text(path, text, sizeof(text)) <= 0)
		return -1;
	snprintf(needle, sizeof(needle), "\n%s:", key);
	line = strstr(text, needle);
	return line ? strtol(line + strlen(needle), NULL, 10) : -1;
}

static inline void wait_task_state(pid_t pid, pid_t tid, const char *states)
{
	double limit = now_ms() + BUILD_LIMIT_MS;
	char state;

	for (;;) {
		state = task_state(pid, tid);
		if (state && strchr(states, state))
			return;
		if (now_ms() > limit)
			die("task %d of %d stays in '%c', not in [%s]", tid, pid,
			    state ? state : '-', states);
		sleep_us(200);
	}
}

static inline int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}
