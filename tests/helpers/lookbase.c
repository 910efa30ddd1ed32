// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bare loops that the benchmark of the looking commands is measured against.
 *
 * lookbase spawn N    N sleeping processes; prints PIDs of them, 8 at most, when all are there
 * lookbase kcmp PID   kcmp(KCMP_VM) of PID with every process in /proc
 * lookbase stat       read /proc/PID/stat of every process
 */
#include <dirent.h>
#include <linux/kcmp.h>

#include "helpers.h"

static void spawn(long count)
{
	long printed = count < 8 ? count : 8;
	pid_t self = getpid();

	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork: %s", strerror(errno));
		if (pid == 0) {
			die_with_parent(self);
			for (;;)
				pause();
		}
		/* Evenly spread among them: (i + 1) * printed / count steps at each. */
		if ((i + 1) * printed / count > i * printed / count)
			printf("%d%c", pid, i + 1 < count ? ' ' : '\n');
	}
	fflush(stdout);
	for (;;)
		pause();
}

static long over_all(void (*look)(const char *name, pid_t pid), pid_t pid)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	long n = 0;

	if (!dir)
		die("/proc: %s", strerror(errno));
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		look(entry->d_name, pid);
		n++;
	}
	closedir(dir);
	return n;
}

static void look_kcmp(const char *name, pid_t pid)
{
	syscall(SYS_kcmp, pid, atoi(name), KCMP_VM, 0, 0);
}

static void look_stat(const char *name, pid_t pid)
{
	char path[300], text[2048];

	(void)pid;
	snprintf(path, sizeof(path), "/proc/%s/stat", name);
	read_text(path, text, sizeof(text));
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();

	if (argc == 3 && !strcmp(argv[1], "spawn")) {
		die_with_parent(parent);
		spawn(number_arg(argv[2]));
	}
	if (argc == 3 && !strcmp(argv[1], "kcmp"))
		printf("%ld\n", over_all(look_kcmp, (pid_t)number_arg(argv[2])));
	else if (argc == 2 && !strcmp(argv[1], "stat"))
		printf("%ld\n", over_all(look_stat, 0));
	else
		die("usage: lookbase spawn N | kcmp PID | stat");
	return 0;
}
