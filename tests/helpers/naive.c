// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sequence that every other program uses, for comparison:
 *
 *   naive PID               SIGKILL, process_mrelease() at once
 *   naive --kill-only PID   SIGKILL
 *
 * Waits until the process has exited and its address space is unreferenced, and prints one JSON
 * object: what process_mrelease() gave, and milliseconds from the signal to each of the two. A time
 * is null when the thing had not happened within --timeout MS (10000).
 */
#include <getopt.h>

#include "helpers.h"

static const char *error_name(int error)
{
	switch (error) {
	case 0:
		return "0";
	case ESRCH:
		return "ESRCH";
	case EINVAL:
		return "EINVAL";
	case EAGAIN:
		return "EAGAIN";
	case ENOSYS:
		return "ENOSYS";
	default:
		return strerror(error);
	}
}

/*
 * A misaligned read is refused while somebody holds the address space, and gives nothing once nobody
 * does; it never takes the mmap lock.
 */
static bool is_unreferenced(int pagemap)
{
	char byte;

	return pread(pagemap, &byte, 1, 1) == 0;
}

static void print_ms(const char *key, double ms)
{
	if (ms < 0)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%.3f", key, ms);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "kill-only", no_argument, NULL, 'k' },
						 { "timeout", required_argument, NULL, 't' },
						 { 0 } };
	double start, reap_ms = -1, exit_ms = -1, memory_ms = -1;
	pid_t parent = getppid();
	bool kill_only = false;
	long timeout_ms = 10000;
	int c, pidfd, pagemap, error = 0;
	char path[64];
	long pid;

	die_with_parent(parent);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'k')
			kill_only = true;
		else if (c == 't')
			timeout_ms = number_arg(optarg);
		else
			return 2;
	}
	if (optind != argc - 1)
		die("usage: naive [--kill-only] [--timeout MS] PID");
	pid = number_arg(argv[optind]);
	pidfd = open_pidfd((pid_t)pid);
	snprintf(path, sizeof(path), "/proc/%ld/pagemap", pid);
	pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (pidfd < 0 || pagemap < 0)
		die("%ld: %s", pid, strerror(errno));

	start = now_ms();
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
		die("SIGKILL %ld: %s", pid, strerror(errno));
	if (!kill_only) {
		error = syscall(SYS_process_mrelease, pidfd, 0) < 0 ? errno : 0;
		reap_ms = now_ms() - start;
	}
	while ((exit_ms < 0 || memory_ms < 0) && now_ms() - start < (double)timeout_ms) {
		struct pollfd pfd = { .fd = pidfd, .events = POLLIN };

		if (exit_ms < 0 && poll(&pfd, 1, 1) > 0)
			exit_ms = now_ms() - start;
		/* Nobody holds it *and* the process is over: before that the teardown may be at work. */
		if (exit_ms >= 0) {
			if (is_unreferenced(pagemap))
				memory_ms = now_ms() - start;
			else
				sleep_us(1000);
		}
	}

	printf("{\"pid\":%ld", pid);
	if (kill_only)
		printf(",\"mrelease\":null");
	else
		printf(",\"mrelease\":\"%s\"", error_name(error));
	print_ms("reap_ms", reap_ms);
	print_ms("exit_ms", exit_ms);
	print_ms("memory_ms", memory_ms);
	puts("}");
	return 0;
}
