// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long it takes from exec to SIGKILL, for several commands in turn, each time on a fresh victim:
 *
 *   startup ROUNDS PROCESSES -- COMMAND... [-- COMMAND...]...
 *
 * COMMAND gets the victim's pid as its last argument; its output is thrown away. The clock starts in
 * the child whose next step is execve(2). It stops when the victim's second thread is dead: nobody
 * holds that one, and it alone has the end of a pipe. So each figure holds, beside the way to the
 * signal, the time in which a thread ends, the same for all: it and the clock's owner are real-time,
 * so that no command, at whatever priority it goes on, keeps them from the CPU (as root; without the
 * right they are as everybody). PROCESSES idle processes are there meanwhile, for commands that look
 * at all.
 *
 * One JSON array: for each command its microseconds, as quartiles, and how its median compares to
 * that of the first.
 */
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "helpers.h"

#define MAX_COMMANDS 8
#define LIMIT_MS 10000

struct command {
	char **words; /* two more at the end: the pid and NULL */
	double *us;
};

static struct command commands[MAX_COMMANDS];
static int n_commands;
static pthread_barrier_t met;

/* Those that are forked from here on are not. */
static void run_first(void)
{
	struct sched_param p = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p) < 0 && errno != EPERM)
		die("sched_setscheduler: %s", strerror(errno));
}

static void *second_thread(void *arg)
{
	(void)arg;
	run_first();
	if (unshare(CLONE_FILES) < 0)
		die("unshare: %s", strerror(errno));
	pthread_barrier_wait(&met);
	for (;;)
		pause();
}

/* @ret_end gives end of file when the second thread is dead. */
static pid_t start_victim(int *ret_end)
{
	pid_t pid, parent = getpid();
	int end[2], up[2];
	pthread_t thread;
	char byte;

	if (pipe2(end, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		die_with_parent(parent);
		pthread_barrier_init(&met, NULL, 2);
		if (pthread_create(&thread, NULL, second_thread, NULL) != 0)
			die("pthread_create");
		pthread_barrier_wait(&met);
		/* From here on the second thread has a table of its own, and the pipe stays there. */
		close(end[1]);
		if (write(up[1], "", 1) != 1)
			die("pipe: %s", strerror(errno));
		for (;;)
			pause();
	}
	close(end[1]);
	close(up[1]);
	if (read(up[0], &byte, 1) != 1)
		die("the victim did not start");
	close(up[0]);
	while (task_state(pid, pid) != 'S')
		sleep_us(50);
	*ret_end = end[0];
	return pid;
}

static double once(const struct command *c, double *start_ms)
{
	struct pollfd end = { .events = POLLIN };
	pid_t victim = start_victim(&end.fd), child;
	int n = 0, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	char pid[16];
	double us;

	while (c->words[n])
		n++;
	snprintf(pid, sizeof(pid), "%d", (int)victim);
	child = fork();
	if (child < 0)
		die("fork: %s", strerror(errno));
	if (child == 0) {
		c->words[n] = pid;
		dup2(null, STDOUT_FILENO);
		*start_ms = now_ms();
		execv(c->words[0], c->words);
		die("%s: %s", c->words[0], strerror(errno));
	}
	if (poll(&end, 1, LIMIT_MS) != 1)
		die("%s did not kill within %d ms", c->words[0], LIMIT_MS);
	us = (now_ms() - *start_ms) * 1e3;
	waitpid(child, NULL, 0);
	waitpid(victim, NULL, 0);
	close(end.fd);
	close(null);
	return us;
}

static void start_idle(long n)
{
	pid_t parent = getpid();

	for (; n > 0; n--) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0) {
			die_with_parent(parent);
			for (;;)
				pause();
		}
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print_one(const struct command *c, long rounds, double base)
{
	double median = c->us[rounds / 2];

	printf("{\"command\":\"%s\",\"low_us\":%.1f,\"median_us\":%.1f,\"high_us\":%.1f,\"ratio\":%.3f}",
	       c->words[0], c->us[rounds / 4], median, c->us[rounds * 3 / 4], median / base);
}

int main(int argc, char **argv)
{
	double *start_ms = mmap(NULL, sizeof(double), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long rounds = argc > 3 ? number_arg(argv[1]) : 0;

	if (rounds <= 0 || strcmp(argv[3], "--") != 0 || start_ms == MAP_FAILED)
		die("usage: startup ROUNDS PROCESSES -- COMMAND... [-- COMMAND...]...");
	for (int i = 3; i < argc; i++) {
		struct command *c = &commands[n_commands];
		int n = 0;

		if (strcmp(argv[i], "--") != 0)
			continue;
		while (i + 1 + n < argc && strcmp(argv[i + 1 + n], "--") != 0)
			n++;
		if (n == 0 || ++n_commands > MAX_COMMANDS)
			die("an empty command, or too many");
		c->words = calloc((size_t)n + 2, sizeof(*c->words));
		c->us = calloc((size_t)rounds, sizeof(*c->us));
		if (!c->words || !c->us)
			die("out of memory");
		memcpy(c->words, argv + i + 1, (size_t)n * sizeof(*c->words));
	}
	start_idle(number_arg(argv[2]));
	run_first();
	/* The first round warms the caches and does not count. */
	for (long r = -1; r < rounds; r++)
		for (int i = 0; i < n_commands; i++)
			commands[i].us[r < 0 ? 0 : r] = once(&commands[i], start_ms);
	printf("[");
	for (int i = 0; i < n_commands; i++) {
		qsort(commands[i].us, (size_t)rounds, sizeof(double), by_value);
		print_one(&commands[i], rounds, commands[0].us[rounds / 2]);
		printf(i < n_commands - 1 ? ",\n" : "]\n");
	}
	return 0;
}
