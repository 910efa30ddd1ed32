/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world around a command that is made to fail or is killed: a target, perhaps a second one, a
 * sharer, and always a bystander. Each counts in memory shared with us while it runs. What became of
 * them is read off pidfds, pagemaps and wait statuses of our own.
 */
#pragma once

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "helpers.h"

#define PERSON_MIB 1
#define NAP_NS 300000

enum { TARGET, SECOND, SHARER, BYSTANDER, PEOPLE };

static const char *const person_names[PEOPLE] = { "target", "second", "sharer", "bystander" };

enum world_flags {
	WITH_SECOND = 1 << 0,
	WITH_SHARER = 1 << 1,
	WITH_THREAD = 1 << 2,	    /* the target has two threads */
	WITH_ROBUST = 1 << 3,	    /* its last thread owns a robust mutex */
	WITH_TERM_IGNORED = 1 << 4, /* SIGTERM does nothing to it */
	WITH_CGROUP = 1 << 5,	    /* target and second are in the cgroup */
	WITH_FROZEN = 1 << 6,	    /* ... which is frozen (version 1) */
	WITH_SIGKILL = 1 << 7,	    /* ... and the target killed */
};

/* include/uapi/linux/sched/types.h, whose header clashes with the C library's */
struct scheduling {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

struct body {
	_Atomic long beats[3];
	_Atomic int ready;
	_Atomic pid_t sharer;
	pthread_mutex_t mutex;
};

struct person {
	pid_t pid; /* 0: there is none */
	int pidfd, pagemap, statm;
	long rss_pages;
	char before[8192];
	/* what the command did, seen as it did it */
	bool kill_sent, term_sent;
	/* when the command had ended */
	bool exited, unreferenced;
	long rss_pages_now;
	int wait_status; /* of a dead one; -1 before */
};

static struct person people[PEOPLE];
static struct body *bodies; /* of TARGET, SECOND, BYSTANDER; the sharer beats in the target's */
static const char *cgroup_dir;

static void nap(void)
{
	struct timespec ts = { .tv_nsec = NAP_NS };

	syscall(SYS_nanosleep, &ts, NULL);
}

static void *second_thread(void *arg)
{
	struct body *body = arg;

	if (body->ready == -1)
		pthread_mutex_lock(&body->mutex);
	body->ready = 1;
	for (;;) {
		body->beats[1]++;
		nap();
	}
	return NULL;
}

/* Shares its parent's memory, thread-local storage too: raw calls only. */
static int sharer_main(void *arg)
{
	struct body *body = arg;

	for (;;) {
		body->beats[2]++;
		nap();
	}
	return 0;
}

static void ignore_it(int sig)
{
	(void)sig;
}

__attribute__((noreturn)) static void person_main(struct body *body, unsigned int flags,
						  pid_t parent)
{
	static char stack[16384] __attribute__((aligned(16)));
	size_t size = PERSON_MIB * MIB;
	char *memory;
	pthread_t thread;

	die_with_parent(parent);
	close_inherited();
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(memory, 1, size);
	if (flags & WITH_TERM_IGNORED)
		signal(SIGTERM, ignore_it);
	if (flags & WITH_ROBUST) {
		pthread_mutexattr_t attr;

		pthread_mutexattr_init(&attr);
		pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
		pthread_mutex_init(&body->mutex, &attr);
		if (!(flags & WITH_THREAD))
			pthread_mutex_lock(&body->mutex);
	}
	if (flags & WITH_SHARER) {
		/* Our parent's child, so that its end is seen there; it dies with the namespace. */
		body->sharer = clone(sharer_main, stack + sizeof(stack),
				     CLONE_VM | CLONE_PARENT | SIGCHLD, body);
		if (body->sharer < 0)
			die("clone: %s", strerror(errno));
	}
	if (flags & WITH_THREAD) {
		body->ready = flags & WITH_ROBUST ? -1 : -2;
		pthread_create(&thread, NULL, second_thread, body);
	} else {
		body->ready = 1;
	}
	for (;;) {
		body->beats[0]++;
		nap();
	}
}

static int open_of(pid_t pid, const char *file)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static void cgroup_write(const char *file, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup_dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

static bool cgroup_says(const char *file, const char *text)
{
	char path[512], buffer[256];

	snprintf(path, sizeof(path), "%s/%s", cgroup_dir, file);
	return read_text(path, buffer, sizeof(buffer)) > 0 && strstr(buffer, text);
}

static long person_rss(const struct person *person)
{
	char text[128];
	ssize_t n = pread(person->statm, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return strtol(strchr(text, ' ') ? strchr(text, ' ') : "0", NULL, 10);
}

/* All that a command could change, of every thread, as text. */
static void person_look(const struct person *person, char *text, size_t size)
{
	static const char *const keys[] = { "TracerPid", "SigPnd", "ShdPnd",	  "SigBlk",
					    "SigIgn",	 "SigCgt", "Cpus_allowed" };
	char path[96], status[8192];
	size_t length = 0;
	struct dirent *entry;
	ssize_t n;
	DIR *dir;

	text[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/task", person->pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		struct scheduling attr = { 0 };
		pid_t tid = atoi(entry->d_name);

		if (tid <= 0 || length + 1024 > size)
			continue;
		syscall(SYS_sched_getattr, tid, &attr, sizeof(attr), 0);
		length += (size_t)snprintf(text + length, size - length,
					   "%d: policy %u nice %d priority %u flags %llx", tid,
					   attr.policy, attr.nice, attr.priority,
					   (unsigned long long)attr.flags);
		snprintf(path, sizeof(path), "/proc/%d/task/%d/status", person->pid, tid);
		if (read_text(path, status, sizeof(status)) <= 0)
			status[0] = '\0';
		for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
			char *line = strstr(status, keys[i]);

			if (line)
				length += (size_t)snprintf(text + length, size - length, " %.*s",
							   (int)strcspn(line, "\n"), line);
		}
		length += (size_t)snprintf(text + length, size - length, "\n");
	}
	if (dir)
		closedir(dir);
	for (size_t i = 0; i < 2 && length + 1024 < size; i++) {
		snprintf(path, sizeof(path), "/proc/%d/%s", person->pid,
			 i ? "cgroup" : "oom_score_adj");
		n = read_text(path, text + length, size - length);
		length += n > 0 ? (size_t)n : 0;
	}
}

static struct body *body_of(int who)
{
	return &bodies[who == SHARER ? TARGET : who == BYSTANDER ? 2 : who];
}

/* Its counters go on: it neither stands still nor is it frozen. */
static bool person_runs(int who, unsigned int flags)
{
	struct body *body = body_of(who);
	double limit = now_ms() + BUILD_LIMIT_MS;

	for (int i = 0; i < 3; i++) {
		long seen = body->beats[i];
		bool is_its = who == SHARER   ? i == 2
			      : who == TARGET ? i == 0 || (i == 1 && flags & WITH_THREAD)
					      : i == 0;

		while (is_its && body->beats[i] == seen) {
			if (now_ms() > limit)
				return false;
			sleep_us(100);
		}
	}
	return true;
}

static void person_meet(int who, pid_t pid)
{
	struct person *person = &people[who];

	*person = (struct person){ .pid = pid, .wait_status = -1 };
	person->pidfd = open_pidfd(pid);
	fcntl(person->pidfd, F_SETFD, FD_CLOEXEC);
	person->pagemap = open_of(pid, "pagemap");
	person->statm = open_of(pid, "statm");
	person->rss_pages = person_rss(person);
}

static void person_forget(int who)
{
	struct person *person = &people[who];

	if (!person->pid)
		return;
	if (person->wait_status < 0) {
		kill(person->pid, SIGKILL);
		waitpid(person->pid, NULL, __WALL);
	}
	close(person->pidfd);
	close(person->pagemap);
	close(person->statm);
	person->pid = 0;
}

static void person_make(int who, unsigned int flags)
{
	struct body *body = body_of(who);
	double limit = now_ms() + BUILD_LIMIT_MS;
	pid_t parent = getpid(), pid;
	char text[16];

	memset(body, 0, sizeof(*body));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		person_main(body, who == TARGET ? flags : flags & WITH_TERM_IGNORED, parent);
	/* Both threads seen at work: pthread_create() blocks all signals for a moment. */
	while (body->ready != 1 || !body->beats[0] ||
	       (who == TARGET && flags & WITH_THREAD && !body->beats[1])) {
		if (now_ms() > limit)
			die("the %s does not get ready", person_names[who]);
		sleep_us(50);
	}
	if (flags & WITH_CGROUP && who != BYSTANDER) {
		snprintf(text, sizeof(text), "%d", pid);
		cgroup_write("cgroup.procs", text);
	}
	person_meet(who, pid);
	if (who == TARGET && flags & WITH_SHARER)
		person_meet(SHARER, body->sharer);
}

static void world_thaw(void)
{
	cgroup_write("freezer.state", "THAWED");
}

static void world_end(unsigned int flags)
{
	if (flags & WITH_FROZEN)
		world_thaw();
	for (int i = 0; i < PEOPLE; i++)
		if (i != BYSTANDER)
			person_forget(i);
}

static void world_freeze(void)
{
	double limit = now_ms() + BUILD_LIMIT_MS;

	cgroup_write("freezer.state", "FROZEN");
	while (!cgroup_says("freezer.state", "FROZEN")) {
		if (now_ms() > limit)
			die("the cgroup does not freeze");
		sleep_us(100);
	}
}

/* Make who is missing; who lived through the last run unharmed is used again. */
static void world_make(unsigned int flags)
{
	bool whole = people[TARGET].pid && people[TARGET].wait_status < 0;

	if (flags & WITH_SECOND)
		whole &= people[SECOND].pid && people[SECOND].wait_status < 0;
	if (flags & WITH_SHARER)
		whole &= people[SHARER].pid && people[SHARER].wait_status < 0;
	if (flags & WITH_SIGKILL)
		whole = false;
	if (!whole) {
		world_end(flags);
		person_make(TARGET, flags);
		if (flags & WITH_SECOND)
			person_make(SECOND, flags);
	}
	if (!people[BYSTANDER].pid)
		person_make(BYSTANDER, 0);
	if (flags & WITH_FROZEN)
		world_freeze();
	if (flags & WITH_SIGKILL)
		kill(people[TARGET].pid, SIGKILL);
	for (int i = 0; i < PEOPLE; i++) {
		struct person *person = &people[i];

		if (!person->pid)
			continue;
		person->kill_sent = person->term_sent = false;
		person_look(person, person->before, sizeof(person->before));
	}
}

/* The moment after the command's end: what is true of each. */
static void world_see(void)
{
	for (int i = 0; i < PEOPLE; i++) {
		struct person *person = &people[i];
		struct pollfd pfd = { .fd = person->pidfd, .events = POLLIN };
		char byte;

		if (!person->pid)
			continue;
		person->exited = poll(&pfd, 1, 0) == 1;
		/* Misaligned: EINVAL while somebody uses the address space, 0 when nobody does. */
		person->unreferenced = pread(person->pagemap, &byte, 1, 1) == 0;
		person->rss_pages_now = person->exited ? 0 : person_rss(person);
		if (person->exited)
			waitpid(person->pid, &person->wait_status, __WALL);
	}
}
