// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * comet [--vm] [COUNT]: COUNT (1) processes, each of which lives a moment, starts its successor and ends:
 * whoever lists them is late. With --vm they share the address space of the first, who stays.
 * Prints the pid of the first; all end with the reader of standard output.
 */
#include <sched.h>

#include "helpers.h"

#define STACK (32 * 1024)
#define STACKS 64

struct comet {
	char *stacks;
	bool vm;
	int generation;
};

static int fly(void *arg)
{
	struct comet *c = arg;
	char *top = c->stacks + (size_t)(++c->generation % STACKS + 1) * STACK;

	if (reader_is_gone(1))
		_exit(0);
	if (clone(fly, top, (c->vm ? CLONE_VM : 0) | SIGCHLD, c) < 0)
		_exit(97);
	_exit(0);
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	bool vm = argc > 1 && !strcmp(argv[1], "--vm");
	long count = argc > 1 + vm ? number_arg(argv[1 + vm]) : 1;

	die_with_parent(parent);
	close_inherited();
	demand_reader();
	signal(SIGCHLD, SIG_IGN);
	for (long i = 0; i < count; i++) {
		struct comet *c = calloc(1, sizeof(*c));

		if (c)
			c->stacks = malloc((size_t)(STACKS + 1) * STACK);
		if (!c || !c->stacks)
			die("out of memory");
		c->vm = vm;
		/* The first of them is forked in any case: we stay. */
		if (clone(fly, c->stacks + (STACKS + 1) * STACK, (vm ? CLONE_VM : 0) | SIGCHLD, c) <
		    0)
			die("clone: %s", strerror(errno));
	}
	printf("%d\n", getpid());
	fflush(stdout);
	for (;;)
		pause();
}
