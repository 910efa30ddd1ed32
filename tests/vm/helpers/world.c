/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Build a situation of one or two processes, run a command in it, say what became of them.
 *
 *   world NAME COMMAND...
 *
 * The words TARGET and OTHER of COMMAND are replaced by PIDs. Its exit status is ours. The last line printed is
 *   fates: target=FATE other=FATE
 * where FATE is `lives` or the signal (or `exit`) that ended the process. Where memory was exhausted there is a
 * line before it, `figures: ` and JSON: see print_figures(). The names: see worlds[].
 */
#include "../../helpers/helpers.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

#define USER 1000
#define SIZE (16 * MIB)
/*
 * A process that is still there after this long was not ended by the command; one that is running
 * gets longer, for it may be about to touch memory that is no longer there.
 */
#define SETTLE_MS 700
#define RUNNING_MS 10000

struct world {
	const char *name;
	void (*build)(void);
};

/* Shared with every process that is built: how they find each other. */
static struct {
	volatile pid_t target, other;
	volatile int ready;
	volatile int go;
	volatile size_t taken; /* bytes that run_exhausted() has */
} * shared;

static int command_pidns = -1;
static const char *frozen_cgroup;

/* As we number them; 0 where the situation has one process only. */
static pid_t target, other;

static void wait_ready(int count)
{
	double limit = now_ms() + BUILD_LIMIT_MS;

	while (shared->ready < count) {
		if (now_ms() > limit)
			die("the world does not become ready");
		sleep_us(500);
	}
}

static char *fill_memory(int flags)
{
	char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	memset(memory, 1, SIZE);
	return memory;
}

static void say_ready(void)
{
	__atomic_add_fetch(&shared->ready, 1, __ATOMIC_SEQ_CST);
}

__attribute__((noreturn)) static void be_ready(void)
{
	say_ready();
	for (;;)
		syscall(SYS_pause);
}

/* The mm's dumpable mark is cleared by a change of user; other tests must still see the process. */
static void become(uid_t user)
{
	if (user == 0)
		return;
	if (syscall(SYS_setresgid, user, user, user) < 0 ||
	    syscall(SYS_setresuid, user, user, user) < 0 || prctl(PR_SET_DUMPABLE, 1) < 0)
		die("cannot become %d: %s", user, strerror(errno));
}

static int sharer_main(void *user)
{
	syscall(SYS_setresgid, user, user, user);
	syscall(SYS_setresuid, user, user, user);
	syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
	be_ready();
}

static pid_t clone_sharer(int flags, uid_t user, int (*run)(void *))
{
	size_t size = 65536;
	char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (stack == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	pid = clone(run, stack + size, CLONE_VM | SIGCHLD | flags, (void *)(uintptr_t)user);
	if (pid < 0)
		die("clone: %s", strerror(errno));
	return pid;
}

static pid_t start(void (*run)(void))
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		die_with_parent(parent);
		run();
		_exit(0);
	}
	return pid;
}

static void write_file(const char *folder, const char *file, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s: %s", path, strerror(errno));
	close(fd);
}

/* ---- the situations ------------------------------------------------------------------------- */
static void run_alone(void)
{
	fill_memory(MAP_PRIVATE);
	be_ready();
}

static void build_alone(void)
{
	target = start(run_alone);
	wait_ready(1);
}

static long free_kib(void)
{
	char text[512];

	if (read_text("/proc/meminfo", text, sizeof(text)) <= 0)
		die("no /proc/meminfo");
	return strtol(strstr(text, "MemFree:") + strlen("MemFree:"), NULL, 10);
}

/*
 * Takes memory until the machine has no more than $LEAVE_KIB of it left, none of which is the page
 * cache of a disk. The kernel's own killer would choose anybody else first.
 */
static void run_exhausted(void)
{
	long leave = number_arg(getenv("LEAVE_KIB"));
	size_t size = 64 * 1024;

	write_file("/proc/self", "oom_score_adj", "-999");
	for (;;) {
		char *memory;

		if (free_kib() <= leave) {
			write_file("/proc/sys/vm", "drop_caches", "3");
			if (free_kib() <= leave)
				break;
		}
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (memory == MAP_FAILED)
			die("mmap: %s", strerror(errno));
		shared->taken += size;
	}
	be_ready();
}

static void build_exhausted(void)
{
	target = start(run_exhausted);
	wait_ready(1);
}

/* The C library registers a robust list for every thread: a thread without one has to undo that. */
static void run_no_list(void)
{
	if (syscall(SYS_set_robust_list, NULL, 3 * sizeof(void *)) < 0)
		die("set_robust_list: %s", strerror(errno));
	run_alone();
}

static void build_no_list(void)
{
	target = start(run_no_list);
	wait_ready(1);
}

static void run_shared_memory(void)
{
	fill_memory(MAP_SHARED);
	be_ready();
}

static void build_shared_memory(void)
{
	target = start(run_shared_memory);
	wait_ready(1);
}

static void run_pair(uid_t mine, uid_t sharers)
{
	fill_memory(MAP_PRIVATE);
	shared->other = clone_sharer(0, sharers, sharer_main);
	wait_ready(1);
	become(mine);
	be_ready();
}

static void run_pair_root(void)
{
	run_pair(0, 0);
}

static void run_pair_own_and_root(void)
{
	run_pair(USER, 0);
}

static void run_pair_root_and_own(void)
{
	run_pair(0, USER);
}

static void build_pair_of(void (*run)(void))
{
	target = start(run);
	wait_ready(2);
	other = shared->other;
}

static void build_pair(void)
{
	build_pair_of(run_pair_root);
}

static void build_mixed_own(void)
{
	build_pair_of(run_pair_own_and_root);
}

static void build_mixed_foreign(void)
{
	build_pair_of(run_pair_root_and_own);
}

/* The mark that two processes shared this mm stays when one of them has gone. */
static void run_sticky(void)
{
	pid_t sharer;

	fill_memory(MAP_PRIVATE);
	sharer = clone_sharer(0, 0, sharer_main);
	wait_ready(1);
	kill(sharer, SIGKILL);
	waitpid(sharer, NULL, 0);
	be_ready();
}

static void build_sticky(void)
{
	target = start(run_sticky);
	wait_ready(2);
}

/* A fork child has an mm of its own, and no mark. */
static void run_fork_of_pair(void)
{
	pid_t pid;

	clone_sharer(0, 0, sharer_main);
	wait_ready(1);
	pid = fork();
	if (pid == 0) {
		die_with_parent(getppid());
		shared->target = getpid();
		run_alone();
	}
	be_ready();
}

static void build_fork_of_pair(void)
{
	start(run_fork_of_pair);
	wait_ready(3);
	target = shared->target;
}

__attribute__((noreturn)) static void touch_for_ever(char *memory)
{
	for (size_t i = 0;; i = (i + 4096) % SIZE) {
		memory[i]++;
		if (i == 0)
			syscall(SYS_poll, NULL, 0, 1);
	}
}

/* The child of vfork() works on its parent's memory for as long as it likes. */
static int vfork_child(void *memory)
{
	shared->other = (pid_t)syscall(SYS_getpid);
	say_ready();
	touch_for_ever(memory);
}

static void run_vfork(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	char *memory = fill_memory(MAP_PRIVATE);

	shared->target = getpid();
	clone(vfork_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, memory);
	/* Here the child has gone, and a reap may be under way: go on with what is left. */
	touch_for_ever(memory);
}

static void build_vfork_parent(void)
{
	start(run_vfork);
	wait_ready(1);
	target = shared->target;
	other = shared->other;
	wait_task_state(target, target, "D");
}

static void build_vfork_child(void)
{
	build_vfork_parent();
	other = target;
	target = shared->other;
	shared->target = target;
}

static void run_vfork_gone(void)
{
	if (vfork() == 0)
		_exit(0);
	wait(NULL);
	run_alone();
}

static void build_vfork_gone(void)
{
	target = start(run_vfork_gone);
	wait_ready(1);
}

static void *living_thread(void *unused)
{
	(void)unused;
	be_ready();
}

static void run_dead_leader(void)
{
	pthread_t thread;

	fill_memory(MAP_PRIVATE);
	if (pthread_create(&thread, NULL, living_thread, NULL))
		die("no thread");
	syscall(SYS_exit, 0);
}

static void build_dead_leader(void)
{
	target = start(run_dead_leader);
	wait_ready(1);
	wait_task_state(target, target, "Z");
}

static void run_zombie(void)
{
}

static void build_zombie(void)
{
	target = start(run_zombie);
	wait_task_state(target, target, "Z");
}

static void build_kthread(void)
{
	/* PID 2 is kthreadd wherever /proc shows the machine's own PIDs */
	target = 2;
}

static void build_stopped(void)
{
	build_alone();
	kill(target, SIGSTOP);
	wait_task_state(target, target, "T");
}

static void move_target(const char *folder)
{
	char text[16];

	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		die("%s: %s", folder, strerror(errno));
	snprintf(text, sizeof(text), "%d", target);
	write_file(folder, "cgroup.procs", text);
	frozen_cgroup = folder;
}

static void build_frozen_v1(void)
{
	build_alone();
	move_target("/sys/fs/cgroup/freezer/mmreap-world");
	write_file(frozen_cgroup, "freezer.state", "FROZEN");
	wait_task_state(target, target, "D");
}

static void build_frozen_v2(void)
{
	char path[128], text[256];

	build_alone();
	move_target("/sys/fs/cgroup/unified/mmreap-world");
	write_file(frozen_cgroup, "cgroup.freeze", "1");
	snprintf(path, sizeof(path), "%s/cgroup.events", frozen_cgroup);
	for (;;) {
		if (read_text(path, text, sizeof(text)) > 0 && strstr(text, "frozen 1"))
			return;
		sleep_us(500);
	}
}

static void build_init(void)
{
	target = 1;
}

/* ---- PID namespaces ------------------------------------------------------------------------- */
static int open_pidns(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

static pid_t start_ns_init(void)
{
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid < 0)
		die("CLONE_NEWPID: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* an init that touches its memory: a reap of it cannot go unnoticed */
		char *memory = fill_memory(MAP_PRIVATE);

		say_ready();
		touch_for_ever(memory);
	}
	return pid;
}

static void build_ns_init(void)
{
	target = start_ns_init();
	wait_ready(1);
	command_pidns = open_pidns(target);
	shared->target = 1;
}

static void build_ns_init_outside(void)
{
	target = start_ns_init();
	wait_ready(1);
}

/* The target inside a PID namespace, its sharer outside, the caller inside. */
static void run_foreign_sharer(void)
{
	fill_memory(MAP_PRIVATE);
	if (setns(command_pidns, CLONE_NEWPID) < 0)
		die("setns: %s", strerror(errno));
	shared->target = clone_sharer(0, 0, sharer_main);
	be_ready();
}

static void build_foreign_sharer(void)
{
	pid_t init = start_ns_init();
	char path[64], text[4096], *line;

	wait_ready(1);
	command_pidns = open_pidns(init);
	other = start(run_foreign_sharer);
	wait_ready(3);
	target = shared->target;
	/* The command sees the target by another number. */
	snprintf(path, sizeof(path), "/proc/%d/status", target);
	if (read_text(path, text, sizeof(text)) <= 0 || !(line = strstr(text, "\nNSpid:")))
		die("%s: no NSpid", path);
	if (sscanf(line, "\nNSpid: %*d %d", (int *)&shared->target) != 1)
		die("%s: one NSpid", path);
}

/* The same pair, and the caller outside: both can be signalled from there. */
static void build_inner_sharer(void)
{
	build_foreign_sharer();
	close(command_pidns);
	command_pidns = -1;
	shared->target = target;
}

static const struct world worlds[] = {
	{ "alone", build_alone },
	{ "no-list", build_no_list },
	{ "shared-memory", build_shared_memory },
	{ "pair", build_pair },
	{ "mixed-own", build_mixed_own },	  /* target of user 1000, sharer of root */
	{ "mixed-foreign", build_mixed_foreign }, /* the other way round */
	{ "sticky", build_sticky },
	{ "fork-of-pair", build_fork_of_pair },
	{ "vfork-parent", build_vfork_parent },
	{ "vfork-child", build_vfork_child },
	{ "vfork-gone", build_vfork_gone },
	{ "dead-leader", build_dead_leader },
	{ "exhausted", build_exhausted },
	{ "zombie", build_zombie },
	{ "kthread", build_kthread },
	{ "stopped", build_stopped },
	{ "frozen-v1", build_frozen_v1 },
	{ "frozen-v2", build_frozen_v2 },
	{ "init", build_init },
	{ "ns-init", build_ns_init },
	{ "ns-init-outside", build_ns_init_outside },
	{ "foreign-sharer", build_foreign_sharer },
	{ "inner-sharer", build_inner_sharer },
};

/* ---- the command, and what became of everyone ----------------------------------------------- */
static double free_bytes(void)
{
	struct sysinfo info;

	if (sysinfo(&info) < 0)
		die("sysinfo: %s", strerror(errno));
	return (double)info.freeram * info.mem_unit;
}

/*
 * Wait for the command, and print milliseconds from its start until three quarters of what the target
 * had taken are free, until the target has exited, until the command has; and its page faults that
 * read. What it has read itself stays in the page cache, so all that was taken is never free again.
 */
static int print_figures(pid_t pid, double begin, double free_before)
{
	double memory_ms = -1, exit_ms = -1, command_ms = -1, enough;
	struct pollfd pfd = { .fd = open_pidfd(target), .events = POLLIN };
	struct rusage used = { 0 };
	int status = 0;

	enough = free_before + 0.75 * (double)shared->taken;
	while ((memory_ms < 0 || exit_ms < 0 || command_ms < 0) &&
	       (command_ms < 0 || now_ms() - begin < command_ms + RUNNING_MS)) {
		if (memory_ms < 0 && free_bytes() >= enough)
			memory_ms = now_ms() - begin;
		if (exit_ms < 0 && poll(&pfd, 1, 0) > 0)
			exit_ms = now_ms() - begin;
		if (command_ms < 0 && wait4(pid, &status, WNOHANG, &used) == pid)
			command_ms = now_ms() - begin;
		sleep_us(1000);
	}
	close(pfd.fd);
	printf("figures: {\"taken\":%zu,\"memory_ms\":%.1f,\"exit_ms\":%.1f,\"command_ms\":%.1f,"
	       "\"major\":%ld}\n",
	       shared->taken, memory_ms, exit_ms, command_ms, used.ru_majflt);
	return status;
}

static int run_command(char **argv)
{
	static char target_text[16], other_text[16];
	double begin, free_before = shared->taken ? free_bytes() : 0;
	pid_t pid, inner;
	int status;

	snprintf(target_text, sizeof(target_text), "%d", shared->target ? shared->target : target);
	snprintf(other_text, sizeof(other_text), "%d", other);
	for (char **word = argv; *word; word++) {
		if (!strcmp(*word, "TARGET"))
			*word = target_text;
		else if (!strcmp(*word, "OTHER"))
			*word = other_text;
	}

	begin = now_ms();
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		if (command_pidns >= 0) {
			if (setns(command_pidns, CLONE_NEWPID) < 0 || unshare(CLONE_NEWNS) < 0)
				die("setns: %s", strerror(errno));
			inner = fork();
			if (inner > 0) {
				waitpid(inner, &status, 0);
				_exit(WIFEXITED(status) ? WEXITSTATUS(status)
							: 128 + WTERMSIG(status));
			}
			mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
			if (mount("proc", "/proc", "proc", 0, NULL) < 0)
				die("proc: %s", strerror(errno));
		}
		execvp(argv[0], argv);
		die("%s: %s", argv[0], strerror(errno));
	}
	if (shared->taken)
		status = print_figures(pid, begin, free_before);
	else
		waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/*
 * The exit code is read from /proc and not waited for: not every process here is our child. A
 * leader that is a zombie says nothing about its threads, so the pidfd has to say that all are gone.
 */
static const char *fate_of(pid_t pid, int pidfd, double limit, char *text, size_t size)
{
	struct pollfd pfd = { .fd = pidfd, .events = POLLIN };
	double left = limit - now_ms();
	char path[64], stat[1024], *field;
	int code;

	limit = now_ms() + RUNNING_MS;
	for (int wait = left > 0 ? (int)left : 0; poll(&pfd, 1, wait) == 0; wait = 1)
		if (task_state(pid, pid) != 'R' || now_ms() > limit)
			return "lives";
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_text(path, stat, sizeof(stat)) <= 0 || !(field = strrchr(stat, ' ')))
		return "gone";
	code = atoi(field);
	if (!(code & 0x7f))
		return "exit";
	snprintf(text, size, "SIG%s", sigabbrev_np(code & 0x7f));
	return text;
}

static int build_and_run(const struct world *world, char **argv)
{
	int status, target_fd, other_fd;
	char text[32];
	double limit;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap: %s", strerror(errno));

	world->build();
	target_fd = open_pidfd(target);
	other_fd = other ? open_pidfd(other) : -1;
	if (target_fd < 0 || (other && other_fd < 0))
		die("pidfd_open: %s", strerror(errno));

	status = run_command(argv);
	limit = now_ms() + SETTLE_MS;
	printf("fates: target=%s", fate_of(target, target_fd, limit, text, sizeof(text)));
	printf(" other=%s\n", other ? fate_of(other, other_fd, limit, text, sizeof(text)) : "none");
	fflush(stdout);

	if (frozen_cgroup) {
		if (strstr(frozen_cgroup, "freezer"))
			write_file(frozen_cgroup, "freezer.state", "THAWED");
		kill(target, SIGKILL);
		waitpid(target, NULL, 0);
		rmdir(frozen_cgroup);
	}
	return status;
}

int main(int argc, char **argv)
{
	const struct world *world = NULL;
	pid_t parent = getpid(), pid;
	int status;

	for (size_t i = 0; argc > 2 && i < ARRAY_LEN(worlds); i++)
		if (!strcmp(worlds[i].name, argv[1]))
			world = &worlds[i];
	if (!world)
		die("usage: world NAME COMMAND...");

	/* A process group for all that is built, whoever its parent is by then: none is left over. */
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		die_with_parent(parent);
		setpgid(0, 0);
		/* Not reaped by us before their fate is read */
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		exit(build_and_run(world, argv + 2));
	}
	waitpid(pid, &status, 0);
	kill(-pid, SIGKILL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
