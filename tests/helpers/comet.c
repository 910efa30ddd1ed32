// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * comet [--vm] [--mother] [COUNT]: COUNT (1) processes, each of which lives a moment, starts its
 * successor and ends: whoever lists them is late. With --vm they share the address space of the
 * first, who stays. With --mother each of the COUNT stays too and starts others that live a moment.
 * Prints the pid of the first; all end with the reader of standard output.
 */
#include <sched.h>

#include "helpers.h"

#define STACK (32 * 1024)
#define STACKS 64
#define MOMENTS_MS 20

static bool vm, mother;

struct comet {
	char *stacks;
	int generation;
};

static int end_soon(void *arg)
{
	(void)arg;
	reader_is_gone(MOMENTS_MS);
	_exit(0);
}

static void next(struct comet *c, int (*run)(void *))
{
	/* A stack is used again long after its user is gone: 64 generations later. */
	char *top = c->stacks + (size_t)(++c->generation % STACKS + 1) * STACK;

	if (clone(run, top, (vm ? CLONE_VM : 0) | SIGCHLD, c) < 0)
		_exit(97);
}

static int fly(void *arg)
{
	if (reader_is_gone(1))
		_exit(0);
	next(arg, fly);
	_exit(0);
}

static int mother_main(void *arg)
{
	while (!reader_is_gone(1))
		next(arg, end_soon);
	_exit(0);
}

static void start(void)
{
	struct comet *c = calloc(1, sizeof(*c));

	if (c)
		c->stacks = malloc((size_t)(STACKS + 1) * STACK);
	if (!c || !c->stacks)
		die("out of memory");
	next(c, mother ? mother_main : fly);
}

int main(int argc, char **argv)
{
	pid_t parent = getppid(), self = getpid();
	long count = 1;
	pid_t pid;

	die_with_parent(parent);
	close_inherited();
	demand_reader();
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--vm"))
			vm = true;
		else if (!strcmp(argv[i], "--mother"))
			mother = true;
		else
			count = number_arg(argv[i]);
	}
	/* A thousand orphans in a second are ours, and nobody needs to wait for them. */
	signal(SIGCHLD, SIG_IGN);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("PR_SET_CHILD_SUBREAPER: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid > 0)
		linger();
	die_with_parent(self);
	for (long i = 0; i < count; i++)
		start();
	printf("%d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}
