// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * PID reuse, forced at every moment of a kill:
 *
 *   reuse [--inode] [--many N] ROUNDS -- COMMAND...   a victim ends, a bystander gets its pid
 *   reuse --thread ROUNDS -- COMMAND...               a thread of the victim ends, a bystander gets
 *                                                     its tid
 *
 * In a PID namespace of its own, where the number of the next process can be chosen (clone3() with
 * set_tid: what a write to ns_last_pid does, without its race). COMMAND gets the victim's pid
 * (--inode: PID:INODE) and is stopped at each system call by which it could look at a process or act
 * on it; at a random one the number changes hands. --many: N victims in each round, all on the
 * command line, each at a moment of its own. Without --inode the exchange comes after the
 * command opened its pidfd: before that the bystander would rightly be the target.
 *
 * Prints {"rounds":N,"exchanged":N,"outcome":{...},"harmed":N}; a bystander is harmed when it is
 * dead, traced, stopped, has a signal pending or is scheduled otherwise.
 */
#include <getopt.h>
#include <linux/sched.h>
#include <sys/mman.h>

#include "pidns.h"
#include "tally.h"
#include "trap.h"

#define VICTIM_PID 10000
#define MAX_VICTIMS 64
#define THREAD_TID (VICTIM_PID + 1)
#define THREAD_STACK (64 * 1024)
/* Whoever waits in a loop of short calls makes any number of stops: the first ones are the work. */
#define DEPTH_MAX (64 * n_victims)

static const int calls[] = { SYS_pidfd_open,
			     SYS_openat,
			     SYS_kcmp,
			     SYS_ptrace,
			     SYS_get_robust_list,
			     SYS_process_vm_readv,
			     SYS_pidfd_send_signal,
			     SYS_process_mrelease,
			     SYS_sched_setaffinity,
			     SYS_sched_setscheduler,
			     SYS_setpriority,
			     SYS_wait4,
			     SYS_pread64 };

static bool thread_mode, inode_mode;
static long n_victims = 1;
static volatile int *end_thread; /* shared with the victim */

static pid_t fork_as(pid_t pid)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD,
		.set_tid = (uintptr_t)&pid,
		.set_tid_size = 1,
	};
	double limit = now_ms() + BUILD_LIMIT_MS;
	pid_t got;

	/* A task leaves /proc a moment before its number is free. */
	do {
		got = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	} while (got < 0 && errno == EEXIST && now_ms() < limit);
	if (got < 0)
		die("clone3 as %d: %s", pid, strerror(errno));
	if (got == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return got;
}

/* Raw, since its end must be a plain exit of the thread that no library takes part in. */
static int thread_main(void *arg)
{
	(void)arg;
	while (!*end_thread)
		syscall(SYS_futex, end_thread, 0, 0, NULL, NULL, 0);
	syscall(SYS_exit, 0);
	return 0;
}

static void start_thread_as(pid_t tid)
{
	static char stack[THREAD_STACK] __attribute__((aligned(16)));
	double limit = now_ms() + BUILD_LIMIT_MS;
	pid_t got;

	do {
		char last[16];
		int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
		int length = snprintf(last, sizeof(last), "%d", tid - 1);

		if (fd < 0 || write(fd, last, (size_t)length) != length)
			die("ns_last_pid: %s", strerror(errno));
		close(fd);
		*end_thread = 0;
		got = clone(thread_main, stack + sizeof(stack),
			    CLONE_VM | CLONE_THREAD | CLONE_SIGHAND | CLONE_FS | CLONE_FILES |
				    CLONE_SYSVSEM,
			    NULL);
		if (got == tid)
			return;
		/* The number is not free yet: its last holder has left /proc only just now. */
		*end_thread = 1;
		syscall(SYS_futex, end_thread, 1, 1, NULL, NULL, 0);
		while (got > 0 && task_state(getpid(), got))
			sched_yield();
	} while (now_ms() < limit);
	die("the thread does not become %d", tid);
}

static pid_t start_victim(pid_t number)
{
	int ready[2];
	char byte;
	pid_t pid;

	*end_thread = 0;
	if (pipe2(ready, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	pid = fork_as(number);
	if (pid == 0) {
		size_t size = n_victims > 1 ? MIB / 8 : 2 * MIB;
		char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				    -1, 0);

		memset(memory, 1, size);
		if (thread_mode)
			start_thread_as(THREAD_TID);
		close(ready[1]);
		/* Asleep the leader would be the better thread to hold. */
		while (thread_mode)
			__asm__ volatile("");
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 0)
		die("the victim does not report");
	close(ready[0]);
	return pid;
}

static pid_t start_bystander(pid_t pid)
{
	if (fork_as(pid) == 0)
		for (;;)
			pause();
	return pid;
}

/*
 * Traced by the command, which we have stopped, the task cannot end: then there is no exchange now
 * (0), but at a later stop.
 */
static bool is_held(pid_t pid, pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	return status_number(path, "TracerPid") > 0;
}

static pid_t exchange(pid_t victim)
{
	double limit = now_ms() + BUILD_LIMIT_MS;

	if (thread_mode) {
		*end_thread = 1;
		syscall(SYS_futex, end_thread, 1, 1, NULL, NULL, 0);
		while (task_state(victim, THREAD_TID)) {
			if (is_held(victim, THREAD_TID))
				return 0;
			if (now_ms() > limit)
				die("the thread does not end");
			sched_yield();
		}
		return start_bystander(THREAD_TID);
	}
	kill(victim, SIGKILL);
	while (waitpid(victim, NULL, WNOHANG) == 0) {
		if (is_held(victim, victim))
			return 0;
		if (now_ms() > limit)
			die("the victim does not end");
		sched_yield();
	}
	return start_bystander(victim);
}

static bool complain(const char *what)
{
	fprintf(stderr, "bystander: %s\n", what);
	return true;
}

/* What was seized by mistake is let go by a thread that ends: that may take a moment. */
static bool is_traced(pid_t pid)
{
	double limit = now_ms() + 1000;

	while (is_held(pid, pid))
		if (now_ms() > limit)
			return true;
	return false;
}

static bool is_harmed(pid_t pid)
{
	char path[64];
	double limit = now_ms() + 1000;
	cpu_set_t mine, its;
	char state;

	if (waitpid(pid, NULL, WNOHANG) != 0)
		return complain("dead");
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (is_traced(pid))
		return complain("traced");
	if (status_number(path, "SigPnd") || status_number(path, "ShdPnd"))
		return complain("a signal is pending");
	sched_getaffinity(0, sizeof(mine), &mine);
	sched_getaffinity(pid, sizeof(its), &its);
	if (sched_getscheduler(pid) != sched_getscheduler(0) || !CPU_EQUAL(&mine, &its))
		return complain("scheduled otherwise");
	do {
		state = task_state(pid, pid);
	} while (!strchr("SR", state) && now_ms() < limit);
	return strchr("SR", state) ? false : complain("stopped");
}

/* A number, and who has it. */
struct holder {
	pid_t victim, bystander;
	bool opened; /* the command has its pidfd */
	long depth;  /* the number changes hands at this stop, or as soon after as it can */
	char target[64];
};

static void begin_holder(struct holder *holder, pid_t number, long depth)
{
	*holder = (struct holder){ .victim = start_victim(number),
				   .opened = inode_mode,
				   .depth = depth };
	snprintf(holder->target, sizeof(holder->target), "%d", holder->victim);
	if (inode_mode) {
		struct stat st;
		int pidfd = open_pidfd(holder->victim);

		if (fstat(pidfd, &st) < 0)
			die("fstat: %s", strerror(errno));
		close(pidfd);
		snprintf(holder->target, sizeof(holder->target), "%d:%lu", holder->victim,
			 (unsigned long)st.st_ino);
	}
}

/* Returns whether the bystander was harmed. */
static bool end_holder(const struct holder *holder)
{
	bool harmed = holder->bystander > 0 && is_harmed(holder->bystander);

	if (holder->bystander > 0) {
		kill(holder->bystander, SIGKILL);
		waitpid(holder->bystander, NULL, 0);
	}
	if (holder->bystander <= 0 || thread_mode) {
		kill(holder->victim, SIGKILL);
		waitpid(holder->victim, NULL, 0);
	}
	return harmed;
}

/* Returns how many numbers change hands at this stop. */
static long change_hands(struct holder *holders, const struct seccomp_notif *stop, long stops,
			 bool at_ptrace)
{
	bool now = n_victims == 1 &&
		   (trap_is_sigkill(stop) || (at_ptrace && stop->data.nr == SYS_ptrace));
	long exchanged = 0;

	for (long i = 0; i < n_victims; i++) {
		struct holder *holder = &holders[i];

		if (holder->opened && holder->bystander <= 0 && (stops >= holder->depth || now)) {
			holder->bystander = exchange(holder->victim);
			exchanged += holder->bystander > 0;
		}
		holder->opened |= stop->data.nr == SYS_pidfd_open &&
				  (pid_t)stop->data.args[0] == holder->victim;
	}
	return exchanged;
}

static int run_rounds(long rounds, char **command, size_t length)
{
	static const char *const keys[] = { "outcome", "status" };
	static struct holder holders[MAX_VICTIMS];
	long exchanged = 0, harmed = 0, deepest = 0;
	static struct tally tally;
	static char text[262144];
	char word[64];

	for (long i = 0; i < rounds && !harmed; i++) {
		/* The narrowest place, between choosing a thread and seizing it, is not left to chance. */
		bool at_ptrace = thread_mode && random() % 3 == 0;
		struct seccomp_notif stop;
		struct trapped trapped;
		long stops = 0;
		int status;

		/* A little deeper than ever seen, so that the last stop is among the choices. */
		for (long v = 0; v < n_victims; v++) {
			begin_holder(&holders[v], VICTIM_PID + (pid_t)v,
				     at_ptrace ? DEPTH_MAX : random() % (deepest + 2));
			command[length + (size_t)v] = holders[v].target;
		}
		trapped = trap_spawn(command, calls, ARRAY_LEN(calls));
		while (trap_next(&trapped, &stop)) {
			if (trap_is_sigkill(&stop) && n_victims == 1 && holders->bystander > 0 &&
			    is_traced(holders->bystander))
				harmed += complain("held when the signal goes out");
			exchanged += change_hands(holders, &stop, stops, at_ptrace);
			stops += n_victims > 1 || holders->opened;
			trap_continue(&trapped, &stop);
		}
		if (stops > deepest && stops < DEPTH_MAX)
			deepest = stops;
		status = trap_finish(&trapped, text, sizeof(text));
		json_value(text, "outcome", word, sizeof(word));
		tally_add(&tally, "outcome", word);
		snprintf(word, sizeof(word), "%d", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
		tally_add(&tally, "status", word);
		for (long v = 0; v < n_victims; v++)
			if (end_holder(&holders[v])) {
				fprintf(stderr, "round %ld, stop %ld:\n%s\n", i, holders[v].depth,
					text);
				harmed++;
			}
	}
	printf("{\"rounds\":%ld,\"stops\":%ld,\"exchanged\":%ld,", rounds, deepest, exchanged);
	tally_print(&tally, keys, ARRAY_LEN(keys));
	printf(",\"harmed\":%ld}\n", harmed);
	fflush(stdout);
	return harmed != 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "thread", no_argument, NULL, 't' },
						 { "inode", no_argument, NULL, 'i' },
						 { "many", required_argument, NULL, 'm' },
						 { 0 } };
	pid_t parent = getppid();
	char *command[64 + MAX_VICTIMS] = { 0 };
	size_t length = 0;
	int c;

	die_with_parent(parent);
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (c == 't')
			thread_mode = true;
		else if (c == 'i')
			inode_mode = true;
		else if (c == 'm')
			n_victims = number_arg(optarg);
		else
			return 2;
	}
	if (n_victims < 1 || n_victims > MAX_VICTIMS || (thread_mode && n_victims > 1))
		die("--many: 1 to %d, and not with --thread", MAX_VICTIMS);
	if (argc - optind < 3 || strcmp(argv[optind + 1], "--"))
		die("usage: reuse [--thread|--inode] [--many N] ROUNDS -- COMMAND...");
	for (char **word = argv + optind + 2;
	     *word && length < ARRAY_LEN(command) - MAX_VICTIMS - 1; word++)
		command[length++] = *word;
	end_thread = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (end_thread == MAP_FAILED)
		die("mmap: %s", strerror(errno));

	enter_pid_namespace();
	srandom((unsigned int)now_ms());
	return run_rounds(number_arg(argv[optind]), command, length);
}
