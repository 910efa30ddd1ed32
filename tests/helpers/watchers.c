// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Many watches of many exits.
 *
 *   watchers race COUNT COMMAND...   one watch of a process that exits just then, COUNT times; every
 *                                    fourth shares its memory with another that stays
 *   watchers slow ROUNDS MIB N COMMAND...   how long the exit of a process of MIB takes, without
 *                                    watches and with N of them, in turns
 *   watchers many COUNT COMMAND...   one watch of COUNT processes, which are killed at once; a line
 *                                    "PID MS" for each that is said to be reaped, with the time
 *                                    (CLOCK_MONOTONIC) at which that was read
 *
 * COMMAND is `mmreap watch --json ...`; the PID is appended. The first two print one JSON object. What the race
 * calls wrong: a verdict that the state of the process contradicts, or an exit status that does not
 * belong to the verdict.
 */
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "helpers.h"

#define RACE_MIB 8
#define MAX_WATCHERS 64
#define MAX_ROUNDS 100

static char **command;
static int n_command;

struct watch {
	pid_t pid;
	int out;
};

static void start_many(const pid_t *pids, long count, struct watch *ret)
{
	char **args = calloc((size_t)(n_command + count + 1), sizeof(*args));
	int pipefd[2];

	if (args == NULL || pipe2(pipefd, O_CLOEXEC) < 0)
		die("out of memory");
	for (int i = 0; i < n_command; i++)
		args[i] = command[i];
	for (long i = 0; i < count; i++)
		if (asprintf(&args[n_command + i], "%d", (int)pids[i]) < 0)
			die("out of memory");
	ret->pid = fork();
	if (ret->pid == 0) {
		die_with_parent(getppid());
		dup2(pipefd[1], STDOUT_FILENO);
		execv(args[0], args);
		_exit(127);
	}
	close(pipefd[1]);
	ret->out = pipefd[0];
	for (long i = 0; i < count; i++)
		free(args[n_command + i]);
	free(args);
}

static void start_watch(pid_t target, struct watch *ret)
{
	start_many(&target, 1, ret);
}

/* Its output to the end, and how it ended; a hang ends as a failure. */
static int end_watch(struct watch *w, char *text, size_t size, struct rusage *usage)
{
	double limit = now_ms() + BUILD_LIMIT_MS;
	size_t len = 0;
	int status;

	for (;;) {
		struct pollfd p = { .fd = w->out, .events = POLLIN };
		ssize_t n;

		if (now_ms() > limit || poll(&p, 1, 1000) < 0)
			die("a watch hangs");
		if (p.revents == 0)
			continue;
		n = read(w->out, text + len, size - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	close(w->out);
	if (wait4(w->pid, &status, 0, usage) != w->pid || !WIFEXITED(status))
		die("a watch did not exit: %x", status);
	return WEXITSTATUS(status);
}

static void await_line(struct watch *w, char *text, size_t size)
{
	struct pollfd p = { .fd = w->out, .events = POLLIN };

	if (poll(&p, 1, BUILD_LIMIT_MS) != 1 || read(w->out, text, size) <= 0)
		die("a watch does not begin");
}

static int sharer(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return 0;
}

/* A process with its own memory, which says when it has it. @exit_us: then it exits; -1: never. */
static pid_t start_process(long mib, long exit_us, pid_t *ret_sharer)
{
	static char stack[64 * 1024];
	pid_t *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int ready[2];
	pid_t pid, parent = getpid();
	char byte;

	if (shared == MAP_FAILED || pipe2(ready, O_CLOEXEC) < 0)
		die("a process cannot be prepared: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		char *memory;

		die_with_parent(parent);
		memory = mmap(NULL, (size_t)mib * MIB, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			_exit(99);
		madvise(memory, (size_t)mib * MIB, MADV_NOHUGEPAGE);
		memset(memory, 1, (size_t)mib * MIB);
		/* A child of the parent, which can end it. */
		if (ret_sharer)
			*shared = clone(sharer, stack + sizeof(stack),
					CLONE_VM | CLONE_PARENT | SIGCHLD, NULL);
		if (write(ready[1], "r", 1) != 1)
			_exit(99);
		if (exit_us < 0)
			sharer(NULL);
		sleep_us(exit_us);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		die("a process does not begin");
	close(ready[0]);
	if (ret_sharer)
		*ret_sharer = *shared;
	munmap(shared, sizeof(*shared));
	return pid;
}

static bool has_exited(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

static long begin_once_us(void)
{
	pid_t pid = start_process(RACE_MIB, -1, NULL);
	char text[16384];
	struct watch w;
	double begin = now_ms();

	start_watch(pid, &w);
	await_line(&w, text, sizeof(text));
	begin = now_ms() - begin;
	kill(pid, SIGKILL);
	end_watch(&w, text, sizeof(text), NULL);
	waitpid(pid, NULL, 0);
	return (long)(begin * 1e3);
}

/* How long a watch takes to begin: what exits within twice that time races with it. */
static long begin_us(void)
{
	long least = begin_once_us();

	for (int i = 0; i < 4; i++) {
		long us = begin_once_us();

		if (us < least)
			least = us;
	}
	return least;
}

static void race(long count)
{
	long range_us = 2 * begin_us() + 1;

	long reaped = 0, unknown = 0, held = 0, wrong = 0;
	char text[16384];

	srand(1);
	for (long i = 0; i < count; i++) {
		pid_t other = 0,
		      pid = start_process(RACE_MIB, rand() % range_us, i % 4 == 3 ? &other : NULL);
		struct watch w;
		bool says_reaped, says_unknown, says_exited;
		int status;

		start_watch(pid, &w);
		status = end_watch(&w, text, sizeof(text), NULL);
		says_reaped = strstr(text, "\"event\":\"reaped\"") != NULL;
		says_unknown = strstr(text, "\"event\":\"unknown\"") != NULL;
		says_exited = strstr(text, "\"event\":\"exited\"") != NULL;
		reaped += says_reaped;
		unknown += says_unknown;
		held += status == 3 && says_exited;
		if ((says_reaped && (status != 0 || !has_exited(pid) || other)) ||
		    (says_unknown && (status != 6 || !has_exited(pid))) ||
		    says_reaped + says_unknown + (status == 3) != 1 ||
		    (status == 3 && says_exited && !other)) {
			wrong++;
			fprintf(stderr, "wrong: status %d, %s: %s\n", status,
				other ? "shared" : "alone", text);
		}
		waitpid(pid, NULL, 0);
		if (other) {
			kill(other, SIGKILL);
			waitpid(other, NULL, 0);
		}
	}
	printf("{\"count\":%ld,\"reaped\":%ld,\"unknown\":%ld,\"held\":%ld,\"wrong\":%ld}\n", count,
	       reaped, unknown, held, wrong);
}

static double exit_ms(long mib, long n, double *ret_most_ms)
{
	pid_t pid = start_process(mib, -1, NULL);
	struct watch w[MAX_WATCHERS];
	char text[16384];
	siginfo_t info;
	double begin;

	for (long i = 0; i < n; i++)
		start_watch(pid, &w[i]);
	for (long i = 0; i < n; i++)
		await_line(&w[i], text, sizeof(text));
	begin = now_ms();
	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	begin = now_ms() - begin;
	for (long i = 0; i < n; i++) {
		struct rusage u;
		double ms;

		if (end_watch(&w[i], text, sizeof(text), &u) != 0)
			die("a watch failed: %s", text);
		ms = (double)u.ru_stime.tv_sec * 1e3 + (double)u.ru_stime.tv_usec / 1e3;
		if (ms > *ret_most_ms)
			*ret_most_ms = ms;
	}
	waitpid(pid, NULL, 0);
	return begin;
}

static void many(long count)
{
	pid_t *pids = calloc((size_t)count, sizeof(*pids));
	size_t size = 0, started = 0;
	char *line = NULL;
	struct watch w;
	int status;
	FILE *f;

	if (pids == NULL)
		die("out of memory");
	for (long i = 0; i < count; i++)
		pids[i] = start_process(1, -1, NULL);
	start_many(pids, count, &w);
	f = fdopen(w.out, "r");
	if (f == NULL)
		die("fdopen: %s", strerror(errno));
	/* The reader of this has a limit; a watch that hangs ends with it. */
	while (getline(&line, &size, f) > 0) {
		double ms = now_ms();
		const char *pid = strstr(line, "\"pid\":");

		if (strstr(line, "\"event\":\"reaped\"") && pid)
			printf("%ld %.3f\n", strtol(pid + 6, NULL, 10), ms);
		if (strstr(line, "\"event\":\"start\"") && ++started == (size_t)count)
			for (long i = 0; i < count; i++)
				kill(pids[i], SIGKILL);
	}
	free(line);
	fclose(f);
	if (waitpid(w.pid, &status, 0) != w.pid || status != 0)
		die("the watch ended with %x", status);
	for (long i = 0; i < count; i++)
		waitpid(pids[i], NULL, 0);
	free(pids);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void slow(long rounds, long mib, long n)
{
	double with[MAX_ROUNDS] = { 0 }, without[MAX_ROUNDS] = { 0 }, most = 0, none = 0;

	for (long i = 0; i < rounds; i++) {
		without[i] = exit_ms(mib, 0, &none);
		with[i] = exit_ms(mib, n, &most);
	}
	qsort(with, (size_t)rounds, sizeof(*with), by_value);
	qsort(without, (size_t)rounds, sizeof(*without), by_value);
	printf("{\"without_min\":%.1f,\"without_median\":%.1f,\"with_min\":%.1f,"
	       "\"with_median\":%.1f,\"most_system_ms\":%.1f}\n",
	       without[0], without[rounds / 2], with[0], with[rounds / 2], most);
}

int main(int argc, char **argv)
{
	bool slows = argc > 1 && !strcmp(argv[1], "slow");
	int skip = slows ? 5 : 3;

	die_with_parent(getppid());
	if (argc <= skip || argc - skip > 60)
		die("usage: watchers race|many COUNT COMMAND... | slow ROUNDS MIB N COMMAND...");
	command = argv + skip;
	n_command = argc - skip;
	if (slows) {
		if (number_arg(argv[2]) > MAX_ROUNDS || number_arg(argv[4]) > MAX_WATCHERS)
			die("too many");
		slow(number_arg(argv[2]), number_arg(argv[3]), number_arg(argv[4]));
	} else if (!strcmp(argv[1], "many")) {
		many(number_arg(argv[2]));
	} else {
		race(number_arg(argv[2]));
	}
	return 0;
}
