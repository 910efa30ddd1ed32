// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU hogs: hog COUNT [idle|other|batch|fifo [NICE]]. Prints its pid when all of them spin; the
 * children end with it, and it with its parent.
 */
#include <sched.h>
#include <sys/resource.h>

#include "helpers.h"

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int policy;
	} policies[] = { { "idle", SCHED_IDLE },
			 { "other", SCHED_OTHER },
			 { "batch", SCHED_BATCH },
			 { "fifo", SCHED_FIFO } };
	pid_t parent = getppid(), self;
	struct sched_param param = { 0 };
	int policy = SCHED_OTHER;
	long count, nice;

	die_with_parent(parent);
	close_inherited();
	if (argc < 2 || argc > 4)
		die("usage: hog COUNT [idle|other|batch|fifo [NICE]]");
	count = number_arg(argv[1]);
	nice = argc > 3 ? number_arg(argv[3]) : 0;
	for (size_t i = 0; argc > 2 && i < ARRAY_LEN(policies); i++)
		if (!strcmp(argv[2], policies[i].name))
			policy = policies[i].policy;
	param.sched_priority = policy == SCHED_FIFO;

	self = getpid();
	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0) {
			die_with_parent(self);
			if (sched_setscheduler(0, policy, &param) < 0)
				die("sched_setscheduler: %s", strerror(errno));
			if (argc > 3 && setpriority(PRIO_PROCESS, 0, (int)nice) < 0)
				die("setpriority: %s", strerror(errno));
			for (;;)
				__asm__ volatile("");
		}
	}
	printf("%d\n", self);
	fflush(stdout);
	for (;;)
		pause();
}
