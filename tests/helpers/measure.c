// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The eye of the benchmark: it looks from outside, and the same way whoever does the work.
 *
 *   measure kill [OPTION...] -- COMMAND... -- VICTIM-OPTION... [-- VICTIM-OPTION...]...
 *     --memory DIR       the memory cgroup that the victims are started in, and nothing else is
 *     --join DIR         a cgroup that they are moved to when they are ready, 0.2 to 0.3 s before
 *                        COMMAND: a quota has long been used up then, and its period of 0.1 s is
 *                        anywhere
 *     --freeze DIR       another, frozen afterwards, and thawed at the end
 *     --mutex FILE       where a victim has its robust mutex
 *     --hogs PER_CPU     so many spinning processes meanwhile
 *     --limit MS         what has not happened by then counts as not happened (10000)
 *   measure unmap --memory DIR MIB THREADS
 *   measure time ROUNDS -- COMMAND... [-- COMMAND...]...
 *
 * kill: COMMAND gets the victims' pids as its last arguments; {pgrp} in it stands for their process
 * group, and then it gets no pids. One JSON object, in milliseconds from just before COMMAND is
 * started: "memory_ms", when 95 % of what the victims were told to touch (--mib) is uncharged from
 * the memory cgroup; "exit_ms", when the last pidfd is readable; "command_ms", when COMMAND is over.
 * "reaped": how many victims COMMAND says process_mrelease() gave it. "handed_over": whether the
 * next one can have the mutex.
 *
 * unmap: how long a process needs to unmap so much of its own, with so many threads.
 * time: for each COMMAND, run in turn, the microseconds of each round: "elapsed_us", from just before
 * it is started until it has been waited for, and "cpu_us", the CPU time of all its threads.
 */
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <sched.h>
#include <spawn.h>
#include <sys/resource.h>

#include "robust.h"

#define MAX_VICTIMS 256
#define MAX_WORDS 512
#define POLL_US 200
#define BACK_PERCENT 95

/* ---- cgroups --------------------------------------------------------------------------------- */

static void write_file(const char *dir, const char *file, const char *text)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static void move_to(const char *dir, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	write_file(dir, "cgroup.procs", text);
}

static bool has_file(const char *dir, const char *file)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return !access(path, F_OK);
}

static bool is_frozen(const char *dir)
{
	char path[PATH_MAX], text[256];
	bool old = has_file(dir, "freezer.state");

	snprintf(path, sizeof(path), "%s/%s", dir, old ? "freezer.state" : "cgroup.events");
	return read_text(path, text, sizeof(text)) > 0 &&
	       (old ? !strcmp(text, "FROZEN\n") : strstr(text, "frozen 1") != NULL);
}

static void set_frozen(const char *dir, bool frozen)
{
	double limit = now_ms() + BUILD_LIMIT_MS;

	if (has_file(dir, "freezer.state"))
		write_file(dir, "freezer.state", frozen ? "FROZEN" : "THAWED");
	else
		write_file(dir, "cgroup.freeze", frozen ? "1" : "0");
	while (frozen && !is_frozen(dir)) {
		if (now_ms() > limit)
			die("%s does not freeze", dir);
		sleep_us(500);
	}
}

static int open_usage(const char *dir)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir,
		 has_file(dir, "memory.current") ? "memory.current" : "memory.usage_in_bytes");
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static long long read_usage(int fd)
{
	char text[32];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		die("the charge of the memory cgroup cannot be read");
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

/* ---- victims --------------------------------------------------------------------------------- */

static struct victim {
	pid_t child, pid; /* ours; the one to be killed */
	int pidfd, output;
	bool exited;
} victims[MAX_VICTIMS];
static size_t victim_count;
static pid_t group;
static char directory[PATH_MAX];

static void start_victim(char **words, size_t count, const char *memory)
{
	struct victim *v = &victims[victim_count];
	char path[PATH_MAX + 16], line[64];
	char *argv[32] = { path };
	int out[2];

	if (victim_count == MAX_VICTIMS || count + 2 > ARRAY_LEN(argv))
		die("too many victims, or too many options for one");
	memcpy(argv + 1, words, count * sizeof(*words));
	snprintf(path, sizeof(path), "%s/victim", directory);
	if (pipe2(out, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	v->child = fork();
	if (v->child < 0)
		die("fork: %s", strerror(errno));
	if (v->child == 0) {
		setpgid(0, group);
		move_to(memory, getpid());
		dup2(out[1], STDOUT_FILENO);
		execv(path, argv);
		die("%s: %s", path, strerror(errno));
	}
	if (!group)
		group = v->child;
	setpgid(v->child, group);
	close(out[1]);
	v->output = out[0];
	if (!read_line(v->output, line, sizeof(line), BUILD_LIMIT_MS))
		die("the victim does not report");
	v->pid = (pid_t)number_arg(line);
	v->pidfd = open_pidfd(v->pid);
	if (v->pidfd < 0)
		die("pidfd_open: %s", strerror(errno));
	victim_count++;
}

static void end_victims(const char *frozen)
{
	for (size_t i = 0; i < victim_count; i++)
		syscall(SYS_pidfd_send_signal, victims[i].pidfd, SIGKILL, NULL, 0);
	if (frozen)
		set_frozen(frozen, false);
	for (size_t i = 0; i < victim_count; i++) {
		struct pollfd pfd = { .fd = victims[i].pidfd, .events = POLLIN };

		if (poll(&pfd, 1, BUILD_LIMIT_MS) != 1)
			die("victim %d does not end", victims[i].pid);
		waitpid(victims[i].child, NULL, 0);
		close(victims[i].output);
		close(victims[i].pidfd);
	}
}

/* The memory that @words ask for. */
static long long wanted_bytes(char **words, size_t count)
{
	for (size_t i = 0; i + 1 < count; i++)
		if (!strcmp(words[i], "--mib"))
			return number_arg(words[i + 1]) * (long long)MIB;
	return 0;
}

/* ---- load ------------------------------------------------------------------------------------ */

static pid_t hogs[1024];

static void start_hogs(long count)
{
	pid_t self = getpid();

	if (count > (long)ARRAY_LEN(hogs))
		die("too many hogs");
	for (long i = 0; i < count; i++) {
		hogs[i] = fork();
		if (hogs[i] < 0)
			die("fork: %s", strerror(errno));
		if (hogs[i] == 0) {
			die_with_parent(self);
			for (;;)
				__asm__ volatile("");
		}
	}
	/* Each has run, and the scheduler knows it for what it is. */
	if (count)
		sleep_us(50000);
}

static void end_hogs(long count)
{
	for (long i = 0; i < count; i++)
		kill(hogs[i], SIGKILL);
	for (long i = 0; i < count; i++)
		waitpid(hogs[i], NULL, 0);
}

/*
 * Whoever measures must not wait for a CPU; what we start does not inherit it. Not permitted: then
 * the figures are as good as the machine is idle.
 */
static void watch_closely(void)
{
	struct sched_param param = { .sched_priority = 1 };

	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
}

/* ---- one kill -------------------------------------------------------------------------------- */

static pid_t start_command(char *const *argv, int output)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int error;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
	error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
	if (error)
		die("%s: %s", argv[0], strerror(error));
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

static void fill_in(char **argv, size_t size, char **command, size_t length)
{
	static char text[MAX_VICTIMS + 1][16];
	bool by_group = false;
	size_t used = 0;

	snprintf(text[MAX_VICTIMS], sizeof(text[0]), "%d", group);
	if (length + victim_count + 1 > size)
		die("command too long");
	for (size_t i = 0; i < length; i++) {
		bool here = !strcmp(command[i], "{pgrp}");

		by_group |= here;
		argv[used++] = here ? text[MAX_VICTIMS] : command[i];
	}
	for (size_t i = 0; !by_group && i < victim_count; i++) {
		snprintf(text[i], sizeof(text[0]), "%d", victims[i].pid);
		argv[used++] = text[i];
	}
	argv[used] = NULL;
}

struct times {
	double memory_ms, exit_ms, command_ms; /* -1: not within the limit */
	int status;
};

static struct times watch(char *const *argv, int output, int usage, long long bound,
			  double limit_ms)
{
	const struct timespec step = { .tv_nsec = POLL_US * 1000L };
	struct times times = { -1, -1, -1, -1 };
	struct pollfd pfds[MAX_VICTIMS + 1];
	double start = now_ms(), now;
	size_t left = victim_count;
	pid_t command = start_command(argv, output);
	int command_pidfd = open_pidfd(command);

	for (size_t i = 0; i < victim_count; i++)
		pfds[i] = (struct pollfd){ .fd = victims[i].pidfd, .events = POLLIN };
	pfds[victim_count] = (struct pollfd){ .fd = command_pidfd, .events = POLLIN };
	for (;;) {
		ppoll(pfds, victim_count + 1, &step, NULL);
		now = now_ms() - start;
		for (size_t i = 0; i < victim_count; i++) {
			if (pfds[i].fd < 0 || !pfds[i].revents)
				continue;
			pfds[i].fd = -1; /* poll() passes it over */
			if (--left == 0)
				times.exit_ms = now;
		}
		if (pfds[victim_count].fd >= 0 && pfds[victim_count].revents) {
			pfds[victim_count].fd = -1;
			times.command_ms = now;
		}
		if (times.memory_ms < 0 && read_usage(usage) <= bound)
			times.memory_ms = now_ms() - start;
		if ((times.memory_ms >= 0 && times.exit_ms >= 0 && times.command_ms >= 0) ||
		    now > limit_ms)
			break;
	}
	if (times.command_ms < 0)
		kill(command, SIGKILL);
	waitpid(command, &times.status, 0);
	close(command_pidfd);
	return times;
}

static int count_words(int output)
{
	static const char *const words[] = { "\"outcome\":\"reaped\"", "\"mrelease\":\"0\"" };
	static char text[1024 * 1024];
	ssize_t n = pread(output, text, sizeof(text) - 1, 0);
	int count = 0;

	text[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (const char *at = text; (at = strstr(at, words[i])); at++)
			count++;
	return count;
}

static void print_ms(const char *key, double ms)
{
	if (ms < 0)
		printf(",\"%s\":null", key);
	else
		printf(",\"%s\":%.3f", key, ms);
}

static const char *handed_over(const char *mutex)
{
	int error;

	if (!mutex)
		return "null";
	error = pthread_mutex_trylock(&robust_open(mutex)->mutex);
	return error == EOWNERDEAD ? "true" : "false";
}

static size_t words_until_dashes(char **argv)
{
	size_t count = 0;

	while (argv[count] && strcmp(argv[count], "--"))
		count++;
	return count;
}

static int measure_kill(int argc, char **argv)
{
	static const struct option options[] = { { "memory", required_argument, NULL, 'm' },
						 { "join", required_argument, NULL, 'j' },
						 { "freeze", required_argument, NULL, 'f' },
						 { "mutex", required_argument, NULL, 'x' },
						 { "hogs", required_argument, NULL, 'h' },
						 { "limit", required_argument, NULL, 'l' },
						 { 0 } };
	const char *memory = NULL, *join = NULL, *frozen = NULL, *mutex = NULL;
	long hog_count = 0, limit_ms = 10000;
	char **command, *full[MAX_WORDS];
	size_t command_length;
	long long bytes = 0, before;
	struct times times;
	int c, output, usage;

	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'm':
			memory = optarg;
			break;
		case 'j':
			join = optarg;
			break;
		case 'f':
			frozen = optarg;
			break;
		case 'x':
			mutex = optarg;
			break;
		case 'h':
			hog_count = number_arg(optarg) * sysconf(_SC_NPROCESSORS_ONLN);
			break;
		case 'l':
			limit_ms = number_arg(optarg);
			break;
		default:
			return 2;
		}
	}
	command = argv + optind;
	command_length = words_until_dashes(command);
	if (!memory || !command_length || !command[command_length])
		die("measure kill: a memory cgroup, a command and a victim are needed");
	if (mutex)
		unlink(mutex);
	usage = open_usage(memory);
	for (char **words = command + command_length; *words;) {
		size_t count = words_until_dashes(++words);

		start_victim(words, count, memory);
		bytes += wanted_bytes(words, count);
		words += count;
	}
	for (size_t i = 0; i < victim_count; i++) {
		if (join)
			move_to(join, victims[i].pid);
		if (frozen && strcmp(frozen, memory))
			move_to(frozen, victims[i].pid);
	}
	if (join)
		usleep(200000 + (useconds_t)(getpid() * 7919 % 100000));
	if (frozen)
		set_frozen(frozen, true);
	start_hogs(hog_count);
	output = memfd_create("output", MFD_CLOEXEC);
	before = read_usage(usage);
	if (output < 0 || before < bytes)
		die("the memory cgroup has %lld bytes, the victims %lld", before, bytes);
	fill_in(full, ARRAY_LEN(full), command, command_length);
	watch_closely();
	times = watch(full, output, usage, before - bytes / 100 * BACK_PERCENT, (double)limit_ms);
	end_hogs(hog_count);
	end_victims(frozen);

	printf("{\"victims\":%zu,\"mib\":%lld,\"reaped\":%d,\"handed_over\":%s", victim_count,
	       bytes / (long long)MIB, count_words(output), handed_over(mutex));
	print_ms("memory_ms", times.memory_ms);
	print_ms("exit_ms", times.exit_ms);
	print_ms("command_ms", times.command_ms);
	printf(",\"status\":%d}\n",
	       WIFEXITED(times.status) ? WEXITSTATUS(times.status) : 128 + WTERMSIG(times.status));
	return 0;
}

/* ---- the hardware's limit -------------------------------------------------------------------- */

static unsigned char *area;
static size_t slice;
static pthread_barrier_t ready;

static void *unmap_slice(void *arg)
{
	unsigned char *from = area + (size_t)(uintptr_t)arg * slice;

	pthread_barrier_wait(&ready);
	if (madvise(from, slice, MADV_DONTNEED) < 0)
		die("madvise: %s", strerror(errno));
	return NULL;
}

static int measure_unmap(const char *memory, long mib, long threads)
{
	size_t size = (size_t)mib * MIB;
	pthread_t ids[64];
	double start;

	if (mib <= 0 || threads <= 0 || threads > (long)ARRAY_LEN(ids) || mib % threads)
		die("measure unmap: so many threads cannot share that");
	move_to(memory, getpid());
	area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (area == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	/* As the victims do it: small pages, each of them written to. */
	madvise(area, size, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += (size_t)sysconf(_SC_PAGESIZE))
		area[i] = 1;
	slice = size / (size_t)threads;
	pthread_barrier_init(&ready, NULL, (unsigned int)threads);
	start = now_ms();
	for (long i = 1; i < threads; i++)
		if (pthread_create(&ids[i], NULL, unmap_slice, (void *)(uintptr_t)i))
			die("pthread_create");
	unmap_slice(NULL);
	for (long i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	printf("{\"mib\":%ld,\"threads\":%ld,\"unmap_ms\":%.3f}\n", mib, threads, now_ms() - start);
	return 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

struct round {
	long elapsed_us, cpu_us;
};

static struct round time_command(char *const *argv, int null)
{
	double start = now_ms();
	pid_t pid = start_command(argv, null);
	struct rusage usage;
	struct round times;
	int status;

	if (wait4(pid, &status, 0, &usage) < 0)
		die("wait: %s", strerror(errno));
	times.elapsed_us = (long)((now_ms() - start) * 1000);
	/* What is found is no matter here; whether it could run at all is. */
	if (!WIFEXITED(status) || WEXITSTATUS(status) == 2 || WEXITSTATUS(status) >= 99)
		die("%s: status %x", argv[0], (unsigned int)status);
	times.cpu_us = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		       usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	return times;
}

static int measure_time(long rounds, char **argv)
{
	char *words[16][16] = { { 0 } };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct round *times[ARRAY_LEN(words)];
	size_t commands = 0;

	while (*argv) {
		size_t length = words_until_dashes(++argv);

		if (commands == ARRAY_LEN(words) || length + 1 > ARRAY_LEN(words[0]) || !length)
			die("measure time: too many commands, or one that is too long or empty");
		memcpy(words[commands], argv, length * sizeof(*argv));
		times[commands] = calloc((size_t)rounds, sizeof(**times));
		if (!times[commands++])
			die("out of memory");
		argv += length;
	}
	for (long round = -1; round < rounds; round++) /* the first one warms the caches */
		for (size_t i = 0; i < commands; i++)
			times[i][round < 0 ? 0 : round] = time_command(words[i], null);
	for (size_t i = 0; i < commands; i++) {
		printf("%s{\"elapsed_us\":[", i ? "," : "[");
		for (long round = 0; round < rounds; round++)
			printf("%s%ld", round ? "," : "", times[i][round].elapsed_us);
		printf("],\"cpu_us\":[");
		for (long round = 0; round < rounds; round++)
			printf("%s%ld", round ? "," : "", times[i][round].cpu_us);
		printf("]}");
	}
	puts("]");
	return 0;
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();

	die_with_parent(parent);
	snprintf(directory, sizeof(directory), "%s", dirname(strdupa(argv[0])));
	if (argc > 2 && !strcmp(argv[1], "kill"))
		return measure_kill(argc - 1, argv + 1);
	if (argc == 6 && !strcmp(argv[1], "unmap") && !strcmp(argv[2], "--memory"))
		return measure_unmap(argv[3], number_arg(argv[4]), number_arg(argv[5]));
	if (argc > 4 && !strcmp(argv[1], "time") && !strcmp(argv[3], "--"))
		return measure_time(number_arg(argv[2]), argv + 3);
	die("usage: measure kill|unmap|time ...");
}
