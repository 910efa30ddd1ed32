// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kill a killer in the middle of its work, many times, and see that its victim has not noticed:
 *
 *   holddeath ROUNDS -- COMMAND... -- VICTIM-OPTION...
 *
 * One victim for all rounds. COMMAND (the pid is appended) is stopped at each system call with which
 * a hold could be built, and SIGKILLed at a random one of them, from the first ptrace() on: at the
 * entry, or some microseconds after it was let in. At the latest when it is about to send SIGKILL,
 * which never gets out.
 *
 * After each round every thread of the victim must be untraced, neither stopped nor signalled, and
 * be scheduled as before. Prints {"rounds":N,"traced":N,"at_signal":N,"harmed":N}: traced counts the
 * rounds in which a thread was traced when the killer died, at_signal those that got as far as the
 * SIGKILL.
 */
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <sys/resource.h>

#include "trap.h"

#define THREADS_MAX 1024

struct thread {
	pid_t tid;
	int policy, priority, nice;
	cpu_set_t cpus;
};

static const int calls[] = { SYS_ptrace,
			     SYS_get_robust_list,
			     SYS_process_vm_readv,
			     SYS_pidfd_send_signal,
			     SYS_kcmp,
			     SYS_process_mrelease,
			     SYS_setpriority,
			     SYS_sched_setscheduler,
			     SYS_sched_setaffinity,
			     SYS_wait4,
			     SYS_waitid,
			     SYS_pread64 };

static struct thread before[THREADS_MAX], after[THREADS_MAX];

static pid_t start_victim(const char *directory, char **victim_options, size_t count)
{
	char path[PATH_MAX + 16], *argv[64] = { path }, line[32] = "";
	pid_t parent = getpid(), pid;
	int fds[2];

	snprintf(path, sizeof(path), "%s/victim", directory);
	if (count + 2 > ARRAY_LEN(argv))
		die("too many victim options");
	memcpy(argv + 1, victim_options, count * sizeof(*argv));
	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid == 0) {
		die_with_parent(parent);
		dup2(fds[1], STDOUT_FILENO);
		execv(path, argv);
		die("%s: %s", path, strerror(errno));
	}
	close(fds[1]);
	/* The read end stays open: its end would end the victim's further processes. */
	if (read(fds[0], line, sizeof(line) - 1) <= 0 || atoi(line) != pid)
		die("the victim does not report");
	return pid;
}

static size_t look(pid_t pid, struct thread *threads)
{
	char path[64];
	struct dirent *entry;
	size_t count = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir)) && count < THREADS_MAX) {
		struct thread *thread = &threads[count];
		struct sched_param param;

		if (entry->d_name[0] == '.')
			continue;
		memset(thread, 0, sizeof(*thread));
		thread->tid = atoi(entry->d_name);
		thread->policy = sched_getscheduler(thread->tid);
		sched_getparam(thread->tid, &param);
		thread->priority = param.sched_priority;
		thread->nice = getpriority(PRIO_PROCESS, (id_t)thread->tid);
		sched_getaffinity(thread->tid, sizeof(thread->cpus), &thread->cpus);
		count++;
	}
	closedir(dir);
	return count;
}

static bool is_traced(pid_t pid, const struct thread *threads, size_t count)
{
	char path[64];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, threads[i].tid);
		if (status_number(path, "TracerPid") > 0)
			return true;
	}
	return false;
}

static bool complain(pid_t tid, const char *what)
{
	fprintf(stderr, "thread %d: %s\n", tid, what);
	return true;
}

static bool is_harmed(pid_t pid, size_t count)
{
	char path[64];

	if (look(pid, after) != count)
		return complain(pid, "threads are missing");
	if (is_traced(pid, after, count))
		return complain(pid, "still traced");
	for (size_t i = 0; i < count; i++) {
		double limit = now_ms() + 1000;
		char state;

		if (memcmp(&before[i], &after[i], sizeof(before[i])))
			return complain(after[i].tid, "scheduled otherwise");
		/* A stop is left a moment after the tracer's death. */
		do {
			state = task_state(pid, after[i].tid);
		} while (state && !strchr("SR", state) && now_ms() < limit);
		if (!state || !strchr("SR", state))
			return complain(after[i].tid, "neither sleeps nor runs");
		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, after[i].tid);
		if (status_number(path, "SigPnd") || status_number(path, "ShdPnd"))
			return complain(after[i].tid, "a signal is pending");
	}
	return false;
}

struct round {
	bool traced, at_signal;
	long stops;
};

/* End it at the stop number @depth since the hold began; @depth < 0: only at the signal. */
static struct round run_round(char **argv, pid_t victim, size_t count, long depth)
{
	struct trapped trapped = trap_spawn(argv, calls, ARRAY_LEN(calls));
	struct round round = { 0 };
	struct seccomp_notif stop;
	static char text[65536];
	bool holding = false;

	while (trap_next(&trapped, &stop)) {
		round.at_signal = trap_is_sigkill(&stop);
		holding |= stop.data.nr == SYS_ptrace;
		if (!holding && !round.at_signal) {
			trap_continue(&trapped, &stop);
			continue;
		}
		if (round.at_signal || round.stops == depth) {
			if (!round.at_signal && random() % 2) {
				/* The next stop holds it, should it come before our kill. */
				trap_continue(&trapped, &stop);
				sleep_us(random() % 200);
			}
			round.traced = is_traced(victim, before, count);
			kill(trapped.pid, SIGKILL);
			break;
		}
		trap_continue(&trapped, &stop);
		round.stops++;
	}
	trap_finish(&trapped, text, sizeof(text));
	return round;
}

int main(int argc, char **argv)
{
	long rounds, deepest = 0, traced = 0, at_signal = 0, harmed = 0;
	size_t length = 0, option_count = 0, count;
	pid_t parent = getppid(), victim;
	char pid_text[16], *command[64], **words;

	die_with_parent(parent);
	if (argc < 4 || strcmp(argv[2], "--"))
		die("usage: holddeath ROUNDS -- COMMAND... -- VICTIM-OPTION...");
	rounds = number_arg(argv[1]);
	for (words = argv + 3; *words && strcmp(*words, "--") && length < 60; words++)
		command[length++] = *words;
	for (words += *words != NULL; words[option_count]; option_count++)
		;
	victim = start_victim(dirname(argv[0]), words, option_count);
	snprintf(pid_text, sizeof(pid_text), "%d", victim);
	command[length] = pid_text;
	command[length + 1] = NULL;
	count = look(victim, before);
	srandom((unsigned int)getpid());

	for (long i = 0; i < rounds; i++) {
		/* The first round counts the stops; one in four goes as far as the signal. */
		long depth = i && random() % 4 ? random() % (deepest + 1) : -1;
		struct round round = run_round(command, victim, count, depth);

		if (round.stops > deepest)
			deepest = round.stops;
		traced += round.traced;
		at_signal += round.at_signal;
		if (is_harmed(victim, count)) {
			harmed++;
			break;
		}
	}
	printf("{\"rounds\":%ld,\"stops\":%ld,\"traced\":%ld,\"at_signal\":%ld,\"harmed\":%ld}\n",
	       rounds, deepest, traced, at_signal, harmed);
	return harmed != 0;
}
