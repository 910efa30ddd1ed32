// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The same kill many times over, each on a fresh victim, and the sum of what came out:
 *
 *   series [OPTION...] COUNT -- COMMAND... -- VICTIM-OPTION...
 *     --waiter FILE          each time another process waits for the robust mutex in FILE
 *     --loop FILE            each time another process locks and unlocks it all the time
 *     --program NAME         instead of victim
 *     --waiter-program NAME  instead of waiter
 *     --exit-within-us MAX   each victim exits by itself at a random moment up to MAX
 *     --patience MS          how long a waiter gets after its victim is dead (1000)
 *     --hogs PER_CPU         so many spinning processes while the command runs
 *     --batch N              start N victims at a time, while the hogs rest (1)
 *
 * COMMAND gets the victim's pid as its last argument and prints JSON with the keys of `mmreap kill`
 * or of naive. One JSON object: for each key the words seen and how often, the median of each time.
 * "victim" says whether the victim was dead when the command had ended ("dead"), or got there within
 * five seconds ("late"), or never ("alive", then killed here).
 */
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>

#include "tally.h"

#define OUTPUT_SIZE 65536
#define LATE_MS 5000

extern char **environ;

static const char *const keys[] = { "outcome",	"hold",	  "robust", "exited",
				    "mrelease", "status", "victim", "waiter" };
static const char *const times[] = { "reap_ms", "exit_ms", "memory_ms", "wall_ms" };

static struct tally tally;
static double *samples[ARRAY_LEN(times)];
static long sample_counts[ARRAY_LEN(times)];
static char directory[PATH_MAX];
static const char *shm;
static bool loop;
static long patience_ms = 1000, exit_within_us;
static const char *program = "victim", *waiter_program = "waiter";

struct child {
	pid_t pid;
	int input, output;
};

/* Starts @argv[0]; only the asked standard streams become pipes, all ends close on exec. */
static struct child start(const char *const *argv, bool want_input)
{
	posix_spawn_file_actions_t actions;
	int in[2] = { -1, -1 }, out[2], error;
	struct child child = { .input = -1 };

	if (pipe2(out, O_CLOEXEC) < 0 || (want_input && pipe2(in, O_CLOEXEC) < 0))
		die("pipe: %s", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	if (want_input)
		posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	error = posix_spawn(&child.pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	if (error)
		die("%s: %s", argv[0], strerror(error));
	posix_spawn_file_actions_destroy(&actions);
	close(out[1]);
	child.output = out[0];
	if (want_input) {
		close(in[0]);
		child.input = in[1];
	}
	return child;
}

static void add_time(size_t index, double ms)
{
	samples[index][sample_counts[index]++] = ms;
}

static void run_command(char **command, size_t length, const char *pid)
{
	static char output[OUTPUT_SIZE];
	const char *argv[64];
	char value[48];
	size_t used = 0;
	struct child child;
	double before;
	int status;
	ssize_t n;

	if (length + 2 > ARRAY_LEN(argv))
		die("command too long");
	memcpy(argv, command, length * sizeof(*argv));
	argv[length] = pid;
	argv[length + 1] = NULL;

	before = now_ms();
	child = start(argv, false);
	while (used < sizeof(output) - 1 &&
	       (n = read(child.output, output + used, sizeof(output) - 1 - used)) > 0)
		used += (size_t)n;
	output[used] = '\0';
	close(child.output);
	if (waitpid(child.pid, &status, 0) < 0)
		die("waitpid: %s", strerror(errno));
	add_time(ARRAY_LEN(times) - 1, now_ms() - before);

	for (size_t i = 0; i < 5; i++) {
		json_value(output, keys[i], value, sizeof(value));
		tally_add(&tally, keys[i], value);
	}
	for (size_t i = 0; i < 3; i++) {
		json_value(output, times[i], value, sizeof(value));
		if (value[0] >= '0' && value[0] <= '9')
			add_time(i, strtod(value, NULL));
	}
	if (WIFEXITED(status))
		snprintf(value, sizeof(value), "%d", WEXITSTATUS(status));
	else
		snprintf(value, sizeof(value), "signal %d", WTERMSIG(status));
	tally_add(&tally, "status", value);
}

static struct child start_waiter(void)
{
	char path[PATH_MAX + 16], line[64];
	const char *argv[] = { path, loop ? "--loop" : "--timeout", loop ? shm : "100000",
			       loop ? NULL : shm, NULL };
	struct child child;

	snprintf(path, sizeof(path), "%s/%s", directory, waiter_program);
	child = start(argv, true);
	if (!read_line(child.output, line, sizeof(line), BUILD_LIMIT_MS))
		die("the waiter does not wait");
	return child;
}

static void end_waiter(struct child *waiter)
{
	char line[64];

	close(waiter->input);
	if (!read_line(waiter->output, line, sizeof(line), patience_ms)) {
		snprintf(line, sizeof(line), "hang");
		kill(waiter->pid, SIGKILL);
	}
	tally_add(&tally, "waiter", line);
	close(waiter->output);
	waitpid(waiter->pid, NULL, 0);
}

/* ---- one victim, from its start to its end --------------------------------------------------- */

struct run {
	struct child victim, waiter;
	int pidfd;
	char pid[64];
};

static struct run start_run(char **victim_options, size_t option_count)
{
	char path[PATH_MAX + 16], exit_us[32];
	const char *argv[64] = { path };
	struct run run = { 0 };
	size_t argc = 1;

	snprintf(path, sizeof(path), "%s/%s", directory, program);
	if (option_count + 4 > ARRAY_LEN(argv))
		die("too many victim options");
	for (size_t i = 0; i < option_count; i++)
		argv[argc++] = victim_options[i];
	if (exit_within_us) {
		snprintf(exit_us, sizeof(exit_us), "%ld", random() % exit_within_us);
		argv[argc++] = "--exit-after-us";
		argv[argc++] = exit_us;
	}
	if (shm)
		unlink(shm);
	run.victim = start(argv, false);
	run.pidfd = open_pidfd(run.victim.pid);
	if (!read_line(run.victim.output, run.pid, sizeof(run.pid), BUILD_LIMIT_MS))
		die("the victim does not report");
	if (shm)
		run.waiter = start_waiter();
	return run;
}

static void end_run(struct run *run)
{
	struct pollfd pfd = { .fd = run->pidfd, .events = POLLIN };

	if (poll(&pfd, 1, 0) > 0) {
		tally_add(&tally, "victim", "dead");
	} else if (poll(&pfd, 1, LATE_MS) > 0) {
		tally_add(&tally, "victim", "late");
	} else {
		tally_add(&tally, "victim", "alive");
		kill(run->victim.pid, SIGKILL);
	}
	if (shm)
		end_waiter(&run->waiter);
	close(run->victim.output);
	close(run->pidfd);
	waitpid(run->victim.pid, NULL, 0);
}

/* ---- hogs ------------------------------------------------------------------------------------ */

static pid_t hogs[256];
static long hog_count;

static void start_hogs(void)
{
	pid_t self = getpid();

	for (long i = 0; i < hog_count; i++) {
		hogs[i] = fork();
		if (hogs[i] < 0)
			die("fork: %s", strerror(errno));
		if (hogs[i] == 0) {
			die_with_parent(self);
			raise(SIGSTOP);
			for (;;)
				__asm__ volatile("");
		}
	}
}

static void signal_hogs(int signal)
{
	for (long i = 0; i < hog_count; i++)
		kill(hogs[i], signal);
}

static void run_batch(struct run *runs, long size, char **command, size_t command_length,
		      char **victim_options, size_t option_count)
{
	for (long i = 0; i < size; i++)
		runs[i] = start_run(victim_options, option_count);
	signal_hogs(SIGCONT);
	for (long i = 0; i < size; i++) {
		run_command(command, command_length, runs[i].pid);
		end_run(&runs[i]);
	}
	signal_hogs(SIGSTOP);
}

static int compare(const void *a, const void *b)
{
	double difference = *(const double *)a - *(const double *)b;

	return (difference > 0) - (difference < 0);
}

static void print_times(void)
{
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		long n = sample_counts[i];

		if (!n)
			continue;
		qsort(samples[i], (size_t)n, sizeof(double), compare);
		printf(",\"%s\":{\"min\":%.3f,\"median\":%.3f,\"max\":%.3f}", times[i],
		       samples[i][0], samples[i][n / 2], samples[i][n - 1]);
	}
}

static size_t words_until_dashes(char **argv)
{
	size_t count = 0;

	while (argv[count] && strcmp(argv[count], "--"))
		count++;
	return count;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "waiter", required_argument, NULL, 'w' },
						 { "loop", required_argument, NULL, 'l' },
						 { "exit-within-us", required_argument, NULL, 'x' },
						 { "patience", required_argument, NULL, 'p' },
						 { "program", required_argument, NULL, 'v' },
						 { "waiter-program", required_argument, NULL, 'W' },
						 { "hogs", required_argument, NULL, 'h' },
						 { "batch", required_argument, NULL, 'b' },
						 { 0 } };
	size_t command_length, option_count = 0;
	pid_t parent = getppid();
	long count, batch = 1;
	struct run *runs;
	char **command;
	int c;

	die_with_parent(parent);
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'l':
			loop = true;
			shm = optarg;
			break;
		case 'w':
			shm = optarg;
			break;
		case 'x':
			exit_within_us = number_arg(optarg);
			break;
		case 'p':
			patience_ms = number_arg(optarg);
			break;
		case 'v':
			program = optarg;
			break;
		case 'W':
			waiter_program = optarg;
			break;
		case 'h':
			hog_count = number_arg(optarg) * sysconf(_SC_NPROCESSORS_ONLN);
			break;
		case 'b':
			batch = number_arg(optarg);
			break;
		default:
			return 2;
		}
	}
	if (argc - optind < 3 || strcmp(argv[optind + 1], "--"))
		die("usage: series [OPTION...] COUNT -- COMMAND... -- VICTIM-OPTION...");
	snprintf(directory, sizeof(directory), "%s", dirname(argv[0]));
	count = number_arg(argv[optind]);
	command = argv + optind + 2;
	command_length = words_until_dashes(command);
	if (command[command_length])
		option_count = words_until_dashes(command + command_length + 1);
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		samples[i] = calloc((size_t)count + 1, sizeof(double));
		if (!samples[i])
			die("out of memory");
	}

	srandom((unsigned int)getpid());
	runs = calloc((size_t)batch, sizeof(*runs));
	if (!runs || hog_count > (long)ARRAY_LEN(hogs))
		die("out of memory");
	start_hogs();
	for (long done = 0; done < count; done += batch)
		run_batch(runs, count - done < batch ? count - done : batch, command,
			  command_length, command + command_length + 1, option_count);

	printf("{\"count\":%ld,", count);
	tally_print(&tally, keys, ARRAY_LEN(keys));
	print_times();
	puts("}");
	return 0;
}
