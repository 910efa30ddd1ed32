// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gap: one spinning process of normal priority on each CPU. Prints its pid when they spin; each line
 * on standard input is answered with the longest time, in milliseconds, for which one of them did
 * not run since the last answer. Ends with standard input.
 */
#include <sched.h>
#include <sys/mman.h>

#include "helpers.h"

static volatile double *longest;

__attribute__((noreturn)) static void spin(int cpu, pid_t parent)
{
	double last = now_ms(), now;
	cpu_set_t set;

	die_with_parent(parent);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("sched_setaffinity: %s", strerror(errno));
	for (;; last = now) {
		now = now_ms();
		if (now - last > longest[cpu])
			longest[cpu] = now - last;
	}
}

int main(void)
{
	pid_t parent = getppid(), self = getpid();
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
	char line[64];

	die_with_parent(parent);
	longest = mmap(NULL, (size_t)cpus * sizeof(*longest), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (longest == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	for (int i = 0; i < cpus; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0)
			spin(i, self);
	}
	printf("%d\n", self);
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		double most = 0;

		for (int i = 0; i < cpus; i++) {
			if (longest[i] > most)
				most = longest[i];
			longest[i] = 0;
		}
		printf("%.1f\n", most);
		fflush(stdout);
	}
	return 0;
}
