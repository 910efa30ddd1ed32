// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sequence that every other program uses, for comparison:
 *
 *   naive PID...               SIGKILL, process_mrelease() at once, then the next PID
 *   naive --kill-only PID...   SIGKILL
 *
 * Waits until each process has exited and its address space is unreferenced, and prints one JSON
 * object for each: what process_mrelease() gave, and milliseconds from the signal to each of the two. A time
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

struct target {
	long pid;
	int pidfd, pagemap, error;
	double start, reap_ms;
};

static struct target hold(long pid)
{
	struct target target = { .pid = pid, .pidfd = open_pidfd((pid_t)pid), .reap_ms = -1 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/pagemap", pid);
	target.pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (target.pidfd < 0 || target.pagemap < 0)
		die("%ld: %s", pid, strerror(errno));
	return target;
}

static void kill_at_once(struct target *target, bool kill_only)
{
	target->start = now_ms();
	if (syscall(SYS_pidfd_send_signal, target->pidfd, SIGKILL, NULL, 0) < 0)
		die("SIGKILL %ld: %s", target->pid, strerror(errno));
	if (!kill_only) {
		target->error = syscall(SYS_process_mrelease, target->pidfd, 0) < 0 ? errno : 0;
		target->reap_ms = now_ms() - target->start;
	}
}

static void wait_and_print(const struct target *target, bool kill_only, double timeout_ms)
{
	struct pollfd pfd = { .fd = target->pidfd, .events = POLLIN };
	double exit_ms = -1, memory_ms = -1;

	while ((exit_ms < 0 || memory_ms < 0) && now_ms() - target->start < timeout_ms) {
		if (exit_ms < 0 && poll(&pfd, 1, 1) > 0)
			exit_ms = now_ms() - target->start;
		/* Nobody holds it *and* the process is over: before that the teardown may be at work. */
		if (exit_ms >= 0) {
			if (is_unreferenced(target->pagemap))
				memory_ms = now_ms() - target->start;
			else
				sleep_us(1000);
		}
	}
	printf("{\"pid\":%ld", target->pid);
	if (kill_only)
		printf(",\"mrelease\":null");
	else
		printf(",\"mrelease\":\"%s\"", error_name(target->error));
	print_ms("reap_ms", target->reap_ms);
	print_ms("exit_ms", exit_ms);
	print_ms("memory_ms", memory_ms);
	puts("}");
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "kill-only", no_argument, NULL, 'k' },
						 { "timeout", required_argument, NULL, 't' },
						 { 0 } };
	static struct target targets[256];
	pid_t parent = getppid();
	bool kill_only = false;
	long timeout_ms = 10000;
	int c, count;

	die_with_parent(parent);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'k')
			kill_only = true;
		else if (c == 't')
			timeout_ms = number_arg(optarg);
		else
			return 2;
	}
	count = argc - optind;
	if (count < 1 || count > (int)ARRAY_LEN(targets))
		die("usage: naive [--kill-only] [--timeout MS] PID...");
	for (int i = 0; i < count; i++)
		targets[i] = hold(number_arg(argv[optind + i]));
	for (int i = 0; i < count; i++)
		kill_at_once(&targets[i], kill_only);
	for (int i = 0; i < count; i++)
		wait_and_print(&targets[i], kill_only, (double)timeout_ms);
	return 0;
}
