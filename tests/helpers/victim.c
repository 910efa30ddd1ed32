// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A process in any situation that a test asks for. Every option combines with every other, unless
 * its line says otherwise.
 *
 * Prints, once the situation is there and seen to be there, one line with the pid of the process to
 * be killed, then one line for each further process that the situation needs ("sharer PID",
 * "child PID", "member PID"). Dies with its parent; what must outlive it dies with the reader of
 * standard output, which therefore has to be a pipe.
 *
 * A process that reports for the victim, or traces it, is forked before the memory is there, so that
 * it shares none of it.
 */
#include <getopt.h>
#include <grp.h>
#include <linux/io_uring.h>
#include <linux/userfaultfd.h>
#include <limits.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "robust.h"

#define THREAD_STACK (64 * 1024)
#define CHILD_STACK (64 * 1024)
#define REPORT_SIZE 16384

enum option_id {
	OPT_FIRST = 256,
	OPT_MIB,
	OPT_SHMEM_MIB,
	OPT_MEMFD_MIB,
	OPT_HUGETLB_MIB,
	OPT_THP,
	OPT_MLOCK,
	OPT_THREADS,
	OPT_BUSY,
	OPT_CHURN,
	OPT_SHM,
	OPT_OWN_ROBUST,
	OPT_WAIT_ROBUST,
	OPT_LOCKLOOP,
	OPT_UFFD_ROBUST,
	OPT_SHARER,
	OPT_SHARER_UID,
	OPT_SHARER_RUNS,
	OPT_LATE_SHARER,
	OPT_VFORK,
	OPT_VFORK_EXEC_MS,
	OPT_FORK_COW,
	OPT_DEAD_LEADER,
	OPT_ZOMBIE,
	OPT_PIDNS,
	OPT_STOP,
	OPT_COREDUMP,
	OPT_TRACED,
	OPT_TRACE_EXIT,
	OPT_NONDUMPABLE,
	OPT_TERM_HANDLER,
	OPT_BLOCK_TERM,
	OPT_NOVMA,
	OPT_MMAPLOCK,
	OPT_EXIT_AFTER_US,
	OPT_EXEC_LOOP_US,
	OPT_COMM,
	OPT_UID,
	OPT_REAL_UID,
	OPT_GROUPS,
	OPT_SCHED,
	OPT_NICE,
	OPT_RESPAWN,
	OPT_IO_URING,
	OPT_PINNED_MIB,
	OPT_STUCK,
	OPT_LINGER,
	OPT_HELP,
};

enum role { ROLE_NONE, ROLE_LEADER, ROLE_THREAD };

static struct {
	long mib, shmem_mib, memfd_mib, hugetlb_mib, pinned_mib;
	const char *stuck;
	bool thp, mlock;
	long threads, busy, churn;
	const char *shm;
	enum role own_robust;
	long wait_robust, lockloop;
	bool uffd_robust;
	long sharers, sharer_uid, late_uid;
	const char *sharer_runs;
	long fork_cow;
	bool vfork, dead_leader, zombie, pidns, stop, coredump, traced, trace_exit;
	long vfork_exec_ms;
	bool nondumpable, term_handler, block_term, novma;
	long mmaplock_mib, exit_after_us, exec_loop_us;
	const char *comm;
	long uid, real_uid, groups;
	int sched, nice;
	long respawn;
	bool io_uring;
} want = {
	.sharer_uid = -1,
	.late_uid = -1,
	.vfork_exec_ms = -1,
	.exit_after_us = -1,
	.exec_loop_us = -1,
	.uid = -1,
	.real_uid = -1,
	.sched = -1,
};

static const struct option options[] = {
	{ "mib", required_argument, NULL, OPT_MIB },
	{ "shmem-mib", required_argument, NULL, OPT_SHMEM_MIB },
	{ "memfd-mib", required_argument, NULL, OPT_MEMFD_MIB },
	{ "hugetlb-mib", required_argument, NULL, OPT_HUGETLB_MIB },
	{ "thp", no_argument, NULL, OPT_THP },
	{ "mlock", no_argument, NULL, OPT_MLOCK },
	{ "threads", required_argument, NULL, OPT_THREADS },
	{ "busy", required_argument, NULL, OPT_BUSY },
	{ "churn", required_argument, NULL, OPT_CHURN },
	{ "shm", required_argument, NULL, OPT_SHM },
	{ "own-robust", required_argument, NULL, OPT_OWN_ROBUST },
	{ "wait-robust", required_argument, NULL, OPT_WAIT_ROBUST },
	{ "lockloop", required_argument, NULL, OPT_LOCKLOOP },
	{ "uffd-robust", no_argument, NULL, OPT_UFFD_ROBUST },
	{ "sharer", optional_argument, NULL, OPT_SHARER },
	{ "sharer-uid", required_argument, NULL, OPT_SHARER_UID },
	{ "sharer-runs", required_argument, NULL, OPT_SHARER_RUNS },
	{ "late-sharer", required_argument, NULL, OPT_LATE_SHARER },
	{ "vfork", no_argument, NULL, OPT_VFORK },
	{ "vfork-exec-ms", required_argument, NULL, OPT_VFORK_EXEC_MS },
	{ "fork-cow", optional_argument, NULL, OPT_FORK_COW },
	{ "dead-leader", no_argument, NULL, OPT_DEAD_LEADER },
	{ "zombie", no_argument, NULL, OPT_ZOMBIE },
	{ "pidns", no_argument, NULL, OPT_PIDNS },
	{ "stop", no_argument, NULL, OPT_STOP },
	{ "coredump", no_argument, NULL, OPT_COREDUMP },
	{ "traced", no_argument, NULL, OPT_TRACED },
	{ "trace-exit", no_argument, NULL, OPT_TRACE_EXIT },
	{ "nondumpable", no_argument, NULL, OPT_NONDUMPABLE },
	{ "term-handler", no_argument, NULL, OPT_TERM_HANDLER },
	{ "block-term", no_argument, NULL, OPT_BLOCK_TERM },
	{ "novma", no_argument, NULL, OPT_NOVMA },
	{ "mmaplock", optional_argument, NULL, OPT_MMAPLOCK },
	{ "exit-after-us", required_argument, NULL, OPT_EXIT_AFTER_US },
	{ "exec-loop-us", required_argument, NULL, OPT_EXEC_LOOP_US },
	{ "comm", required_argument, NULL, OPT_COMM },
	{ "uid", required_argument, NULL, OPT_UID },
	{ "real-uid", required_argument, NULL, OPT_REAL_UID },
	{ "groups", required_argument, NULL, OPT_GROUPS },
	{ "sched", required_argument, NULL, OPT_SCHED },
	{ "nice", required_argument, NULL, OPT_NICE },
	{ "respawn", required_argument, NULL, OPT_RESPAWN },
	{ "io-uring", no_argument, NULL, OPT_IO_URING },
	{ "pinned-mib", required_argument, NULL, OPT_PINNED_MIB },
	{ "stuck", required_argument, NULL, OPT_STUCK },
	{ "linger", no_argument, NULL, OPT_LINGER },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 }
};

static const char usage[] =
	"victim [OPTION...]     each option adds one trait\n"
	"  --mib N --shmem-mib N --memfd-mib N --hugetlb-mib N   touched memory of that kind\n"
	"  --thp  --mlock         let huge pages be used (else never); lock the memory\n"
	"  --threads N            sleeping threads\n"
	"  --busy N  --churn N    spinning threads; threads that start threads that end at once\n"
	"  --shm FILE             holds the robust mutex of the next four\n"
	"  --own-robust leader|thread   own it\n"
	"  --wait-robust N        threads that wait for it (without an owner here, `waiter --own` makes it)\n"
	"  --lockloop N           threads that lock and unlock it all the time\n"
	"  --uffd-robust          the leader's robust list head is on a page whose fault nobody serves\n"
	"  --sharer[=N] --sharer-uid UID   CLONE_VM processes; lines \"sharer PID\"\n"
	"  --sharer-runs SCRIPT   a child of the last of them is a shell that runs it; $1 is the victim,\n"
	"                         $2 the first sharer\n"
	"  --late-sharer UID      whoever gets SIGUSR1 starts a CLONE_VM process of that uid\n"
	"  --vfork                leader waits for a vfork child that does not exec; line \"child PID\"\n"
	"  --vfork-exec-ms N      it does so after N ms\n"
	"  --fork-cow[=N]         fork children that share the pages copy-on-write; lines \"child PID\"\n"
	"  --dead-leader          leader ended, threads live\n"
	"  --zombie               the pid is that of an unwaited child (nothing else combines)\n"
	"  --pidns                the pid is that of the init of a PID namespace\n"
	"  --stop                 SIGSTOPped\n"
	"  --coredump             dumping core, provided that core_pattern is a pipe that blocks\n"
	"  --traced --trace-exit  a child traces the leader; with PTRACE_O_TRACEEXIT, and holds it there\n"
	"  --nondumpable          PR_SET_DUMPABLE 0\n"
	"  --term-handler --block-term   SIGTERM is caught and ignored; blocked\n"
	"  --novma                address space empty (RLIMIT_CORE 0)\n"
	"  --mmaplock[=MIB]       a thread that changes the protection of MIB (256) all the time\n"
	"  --exit-after-us N      exits by itself that long after the report\n"
	"  --exec-loop-us N       a thread that executes this program anew that long after each start\n"
	"  --comm NAME            any bytes\n"
	"  --uid UID              real, effective, saved; gid likewise\n"
	"  --real-uid UID         only the real one: who has it may signal us, and we keep our rights\n"
	"  --groups N             so many supplementary groups\n"
	"  --sched idle|batch|fifo|other  --nice N   of all threads\n"
	"  --respawn N            N processes that start each other anew; lines \"member PID\"\n"
	"  --io-uring             a ring with a kernel thread (SQPOLL)\n"
	"  --pinned-mib N         fixed buffers of a ring that a child keeps open; line \"child PID\"\n"
	"  --stuck FILE           a thread in D state: it writes to FILE, on a frozen file system\n";

static pid_t self;
static int report_fd = STDOUT_FILENO; /* pidns: a pipe to the outer process */
static int companion_fd = -1; /* the process that reports for us, if the situation needs one */
static char report[REPORT_SIZE];
static struct robust *robust;
static volatile unsigned char *memory;
static char **saved_argv;
static int started;	  /* threads that have reached their place */
static bool robust_owned; /* own-robust thread: it has the mutex */
static pid_t *tids;
static int tid_count;
static pid_t stuck_tid;
static int ring_fd = -1;

/* ---- report ---------------------------------------------------------------------------------- */

static void report_add(const char *word, pid_t pid)
{
	size_t used = strlen(report);

	snprintf(report + used, sizeof(report) - used, "%s %d\n", word, pid);
}

static void write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n <= 0)
			_exit(97);
		text += n;
		length -= (size_t)n;
	}
}

static void announce(void)
{
	char text[REPORT_SIZE + 16];
	int length = snprintf(text, sizeof(text), "%d\n%s", self, report);

	/* The companion takes a zero byte for the end: other processes hold the pipe open too. */
	if (companion_fd >= 0)
		write_all(companion_fd, text, (size_t)length + 1);
	else
		write_all(report_fd, text, (size_t)length);
}

/* ---- companion: reports when the victim itself cannot, traces -------------------------------- */

static void companion_wait_number(const char *file, const char *key, bool zero)
{
	double limit = now_ms() + BUILD_LIMIT_MS;
	char path[64];
	long number;

	snprintf(path, sizeof(path), "/proc/%d/%s", self, file);
	for (;;) {
		number = status_number(path, key);
		if (number >= 0 && (number == 0) == zero)
			return;
		if (now_ms() > limit)
			die("%s of %d stays %ld", key, self, number);
		sleep_us(500);
	}
}

static void companion_trace(void)
{
	long ptrace_options = want.trace_exit ? PTRACE_O_TRACEEXIT : 0;

	if (ptrace(PTRACE_SEIZE, self, NULL, ptrace_options) < 0)
		die("PTRACE_SEIZE: %s", strerror(errno));
}

__attribute__((noreturn)) static void companion_serve_trace(void)
{
	int status;

	for (;;) {
		pid_t pid = waitpid(self, &status, __WALL);

		if (pid < 0 || WIFEXITED(status) || WIFSIGNALED(status))
			_exit(0);
		if (status >> 16 == PTRACE_EVENT_EXIT)
			linger();
		if (status >> 16 == PTRACE_EVENT_STOP) {
			int signal = WSTOPSIG(status);
			bool group_stop = signal == SIGSTOP || signal == SIGTSTP ||
					  signal == SIGTTIN || signal == SIGTTOU;

			ptrace(group_stop ? PTRACE_LISTEN : PTRACE_CONT, self, NULL, 0);
		} else {
			ptrace(PTRACE_CONT, self, NULL, WSTOPSIG(status));
		}
	}
}

static void companion_wait_stopped(void)
{
	/* A traced process is in the tracer's stop instead of a plain one. */
	if (!want.traced && !want.trace_exit)
		wait_task_state(self, self, want.dead_leader ? "Z" : "T");
	else
		sleep_us(20000);
}

__attribute__((noreturn)) static void companion_main(int go_fd)
{
	char text[REPORT_SIZE + 16];
	size_t length = 0;
	ssize_t n;

	do {
		n = read(go_fd, text + length, sizeof(text) - length);
		if (n <= 0)
			_exit(97);
		length += (size_t)n;
	} while (text[length - 1]);
	length--;
	if (want.dead_leader)
		wait_task_state(self, self, "Z");
	if (want.traced || want.trace_exit)
		companion_trace();
	if (want.stop) {
		kill(self, SIGSTOP);
		companion_wait_stopped();
	}
	if (want.coredump) {
		kill(self, SIGSEGV);
		companion_wait_number("status", "CoreDumping", false);
	}
	if (want.novma)
		companion_wait_number("status", "VmSize", true);
	write_all(report_fd, text, length);
	if (want.traced || want.trace_exit)
		companion_serve_trace();
	_exit(0);
}

static void start_companion(void)
{
	int fds[2];
	pid_t pid;

	if (!want.stop && !want.coredump && !want.traced && !want.trace_exit && !want.novma &&
	    !want.dead_leader)
		return;
	demand_reader();
	if (want.pidns)
		die("--pidns: the rest of this situation cannot be seen from inside");
	if (pipe2(fds, O_CLOEXEC) < 0)
		die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[1]);
		companion_main(fds[0]);
	}
	close(fds[0]);
	companion_fd = fds[1];
	prctl(PR_SET_PTRACER, pid); /* Yama, where there is one: a child may trace us */
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void *get_memory(long mib, int flags, int fd)
{
	size_t size = (size_t)mib * MIB, page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char *area;

	if (!mib)
		return NULL;
	area = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (area == MAP_FAILED)
		die("mmap %ld MiB: %s", mib, strerror(errno));
	if (!(flags & MAP_HUGETLB))
		madvise(area, size, want.thp ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	for (size_t i = 0; i < size; i += page)
		area[i] = (unsigned char)(i >> 12 | 1);
	if (want.mlock && mlock(area, size) < 0)
		die("mlock: %s", strerror(errno));
	return area;
}

static void make_memory(void)
{
	memory = get_memory(want.mib, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	get_memory(want.shmem_mib, MAP_SHARED | MAP_ANONYMOUS, -1);
	get_memory(want.hugetlb_mib, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	if (want.memfd_mib) {
		int fd = memfd_create("victim", MFD_CLOEXEC);

		if (fd < 0 || ftruncate(fd, want.memfd_mib * (off_t)MIB) < 0)
			die("memfd: %s", strerror(errno));
		get_memory(want.memfd_mib, MAP_SHARED, fd);
	}
}

_Noreturn static void *mmaplock_thread(void *arg)
{
	size_t size = (size_t)want.mmaplock_mib * MIB;
	void *area = get_memory(want.mmaplock_mib, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	(void)arg;
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
	for (;;) {
		mprotect(area, size, PROT_READ);
		mprotect(area, size, PROT_READ | PROT_WRITE);
	}
}

/* ---- threads --------------------------------------------------------------------------------- */

static void thread_is_here(void)
{
	int slot = __atomic_fetch_add(&tid_count, 1, __ATOMIC_RELAXED);

	__atomic_store_n(&tids[slot], (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
}

_Noreturn static void *sleep_thread(void *arg)
{
	(void)arg;
	thread_is_here();
	for (;;)
		pause();
}

_Noreturn static void *busy_thread(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
	for (;;)
		__asm__ volatile("");
}

static void *short_thread(void *arg)
{
	return arg;
}

static void start_thread(void *(*run)(void *), pthread_t *ret_thread)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	error = pthread_create(&thread, &attr, run, NULL);
	if (error)
		die("pthread_create: %s", strerror(error));
	pthread_attr_destroy(&attr);
	if (ret_thread)
		*ret_thread = thread;
	else
		pthread_detach(thread);
}

_Noreturn static void *churn_thread(void *arg)
{
	pthread_t thread;

	(void)arg;
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
	for (;;) {
		start_thread(short_thread, &thread);
		pthread_join(thread, NULL);
	}
}

_Noreturn static void *own_robust_thread(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&robust->mutex);
	__atomic_store_n(&robust_owned, true, __ATOMIC_RELEASE);
	thread_is_here();
	for (;;)
		pause();
}

_Noreturn static void *wait_robust_thread(void *arg)
{
	(void)arg;
	thread_is_here();
	pthread_mutex_lock(&robust->mutex);
	for (;;)
		pause();
}

_Noreturn static void *lockloop_thread(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
	for (;;)
		robust_take(robust);
}

/* Outlives the leader, and takes over its duty to die with the parent. */
static void *keeper_thread(void *arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return sleep_thread(arg);
}

static void *exec_thread(void *arg)
{
	extern char **environ;

	(void)arg;
	sleep_us(want.exec_loop_us);
	/* Not announced a second time: the report would look like a second victim. */
	setenv("VICTIM_REPORTED", "1", 1);
	execve("/proc/self/exe", saved_argv, environ);
	die("exec: %s", strerror(errno));
}

/* A writer waits in D for the thaw (fs/super.c: sb_start_write()), and no signal reaches it. */
_Noreturn static void *stuck_thread(void *arg)
{
	int fd = open(want.stuck, O_WRONLY);

	(void)arg;
	if (fd < 0)
		die("%s: %s", want.stuck, strerror(errno));
	__atomic_store_n(&stuck_tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (write(fd, "x", 1) < 0)
		die("%s: %s", want.stuck, strerror(errno));
	die("%s: its file system is not frozen", want.stuck);
}

static void start_stuck_thread(void)
{
	pid_t tid;

	if (!want.stuck)
		return;
	start_thread(stuck_thread, NULL);
	while (!(tid = __atomic_load_n(&stuck_tid, __ATOMIC_ACQUIRE)))
		sleep_us(100);
	wait_task_state(self, tid, "D");
}

static void start_threads(void)
{
	int wanted = 0;

	tids = calloc((size_t)(want.threads + want.wait_robust + 4), sizeof(*tids));
	if (!tids)
		die("out of memory");
	if (want.own_robust == ROLE_THREAD) {
		start_thread(own_robust_thread, NULL);
		wanted++;
		/* The waiters must find it taken. */
		while (!__atomic_load_n(&robust_owned, __ATOMIC_ACQUIRE))
			sleep_us(100);
	}
	for (long i = 0; i < want.threads; i++, wanted++)
		start_thread(sleep_thread, NULL);
	if (want.dead_leader) {
		start_thread(keeper_thread, NULL);
		wanted++;
	}
	for (long i = 0; i < want.wait_robust; i++, wanted++)
		start_thread(wait_robust_thread, NULL);
	for (long i = 0; i < want.lockloop; i++, wanted++)
		start_thread(lockloop_thread, NULL);
	for (long i = 0; i < want.busy; i++, wanted++)
		start_thread(busy_thread, NULL);
	for (long i = 0; i < want.churn; i++, wanted++)
		start_thread(churn_thread, NULL);
	if (want.mmaplock_mib) {
		start_thread(mmaplock_thread, NULL);
		wanted++;
	}
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < wanted)
		sleep_us(100);
	/* In a PID namespace of our own the numbers do not fit the /proc that is mounted. */
	for (int i = 0; i < tid_count && !want.pidns; i++)
		wait_task_state(self, tids[i], "S");
	start_stuck_thread();
}

/* ---- robust list on a page that blocks its reader -------------------------------------------- */

static void uffd_robust(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	void *address;

	address = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	area.range.start = (uintptr_t)address;
	area.range.len = page;
	if (fd < 0 || address == MAP_FAILED || ioctl(fd, UFFDIO_API, &api) < 0 ||
	    ioctl(fd, UFFDIO_REGISTER, &area) < 0)
		die("userfaultfd: %s", strerror(errno));
	/* The kernel notes the address only; it is read at the exit, or by who asks. */
	if (syscall(SYS_set_robust_list, address, 3 * sizeof(void *)) < 0)
		die("set_robust_list: %s", strerror(errno));
}

/* ---- further processes ----------------------------------------------------------------------- */

static void *child_stack(void)
{
	char *stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);

	if (stack == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	return stack + CHILD_STACK;
}

/* glibc's fork() would take what is the victim's. */
static void run_script(pid_t first)
{
	char pids[2][16];

	snprintf(pids[0], sizeof(pids[0]), "%d", (int)getppid());
	snprintf(pids[1], sizeof(pids[1]), "%d", (int)first);
	if (syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) != 0)
		return;
	execl("/bin/sh", "sh", want.sharer_runs, pids[0], pids[1], NULL);
	_exit(97);
}

/* glibc's setresuid() would signal the victim's threads: the bare call changes only the caller. */
static int sharer_main(void *arg)
{
	if (want.sharer_uid >= 0) {
		syscall(SYS_setresgid, want.sharer_uid, want.sharer_uid, want.sharer_uid);
		syscall(SYS_setresuid, want.sharer_uid, want.sharer_uid, want.sharer_uid);
	}
	if (arg)
		run_script(*(pid_t *)arg);
	__atomic_add_fetch(&started, 1, __ATOMIC_RELEASE);
	linger();
}

static int late_sharer_main(void *arg)
{
	(void)arg;
	if (syscall(SYS_setresuid, want.late_uid, want.late_uid, want.late_uid) < 0)
		syscall(SYS_exit_group, 97);
	linger();
}

static void on_usr1(int signal)
{
	(void)signal;
	if (clone(late_sharer_main, child_stack(), CLONE_VM | SIGCHLD, NULL) < 0)
		die("clone: %s", strerror(errno));
}

static void start_sharers(void)
{
	int before = __atomic_load_n(&started, __ATOMIC_ACQUIRE);
	static pid_t first;

	if (want.sharers || want.late_uid >= 0)
		demand_reader();
	for (long i = 0; i < want.sharers; i++) {
		bool runs = want.sharer_runs && i == want.sharers - 1;
		pid_t pid =
			clone(sharer_main, child_stack(), CLONE_VM | SIGCHLD, runs ? &first : NULL);

		if (pid < 0)
			die("clone: %s", strerror(errno));
		report_add("sharer", pid);
		first = first ? first : pid;
	}
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < before + want.sharers)
		sleep_us(100);
	/* As in set_identity(): the address space is one. */
	if (want.sharer_uid >= 0)
		prctl(PR_SET_DUMPABLE, 1);
}

static void start_lingering_child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		linger();
	report_add("child", pid);
}

static void start_cow_children(void)
{
	if (want.fork_cow)
		demand_reader();
	for (long i = 0; i < want.fork_cow; i++)
		start_lingering_child();
}

static int vfork_main(void *arg)
{
	static const char *const args[] = { "victim", "--linger", NULL };

	(void)arg;
	/* The victim waits in the kernel until we exec or end: we speak for it. */
	report_add("child", (pid_t)syscall(SYS_getpid));
	announce();
	if (want.vfork_exec_ms < 0)
		linger();
	reader_is_gone(want.vfork_exec_ms);
	execve("/proc/self/exe", (char *const *)args, (char *const *)args + 2);
	_exit(97);
}

static void vfork_and_wait(void)
{
	demand_reader();
	if (clone(vfork_main, child_stack(), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL) < 0)
		die("vfork: %s", strerror(errno));
}

/*
 * A ring of processes, each of which starts its successor anew when that ends. The slot of a
 * successor that both its neighbours see dead is filled by the one that wins the exchange.
 */
struct ring {
	long count;
	pid_t members[];
};

__attribute__((noreturn)) static void ring_member(struct ring *ring, long index);

static void ring_spawn(struct ring *ring, long index)
{
	pid_t pid = fork();

	if (pid == 0)
		ring_member(ring, index);
	/* After a failed fork the slot holds a pid that cannot exist, and is tried again. */
	__atomic_store_n(&ring->members[index], pid < 0 ? INT_MAX : pid, __ATOMIC_RELEASE);
}

static void ring_member(struct ring *ring, long index)
{
	long next = (index + 1) % ring->count;

	for (;;) {
		pid_t pid = __atomic_load_n(&ring->members[next], __ATOMIC_ACQUIRE);
		struct pollfd pfds[2] = { { .fd = STDOUT_FILENO }, { .events = POLLIN } };

		if (pid > 0) {
			pfds[1].fd = open_pidfd(pid);
			if (pfds[1].fd >= 0) {
				poll(pfds, 2, -1);
				close(pfds[1].fd);
			}
		}
		if (reader_is_gone(0))
			_exit(0);
		if (pid > 0 && __atomic_compare_exchange_n(&ring->members[next], &pid, -1, false,
							   __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
			ring_spawn(ring, next);
		else
			sleep_us(1000);
	}
}

static void start_ring(void)
{
	struct ring *ring;

	if (!want.respawn)
		return;
	demand_reader();
	ring = mmap(NULL, sizeof(*ring) + (size_t)want.respawn * sizeof(pid_t),
		    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ring == MAP_FAILED)
		die("mmap: %s", strerror(errno));
	ring->count = want.respawn;
	signal(SIGCHLD, SIG_IGN); /* nobody waits for them: the dead leave at once */
	for (long i = 0; i < want.respawn; i++)
		ring_spawn(ring, i);
	for (long i = 0; i < want.respawn; i++)
		report_add("member", ring->members[i]);
}

/* Unmaps everything, itself included, and dies of that; the victim sleeps in the kernel meanwhile. */
static int unmap_main(void *arg)
{
	struct rlimit none = { 0 };

	(void)arg;
	setrlimit(RLIMIT_CORE, &none);
	wait_task_state(self, self, "S");
	for (int shift = sizeof(void *) * 8 - 1; shift > 20; shift--)
		syscall(SYS_munmap, 0, ((uintptr_t)1 << shift) - (uintptr_t)sysconf(_SC_PAGESIZE));
	return 0;
}

static void start_unmapper(void)
{
	signal(SIGCHLD, SIG_IGN);
	if (clone(unmap_main, child_stack(), CLONE_VM | SIGCHLD, NULL) < 0)
		die("clone: %s", strerror(errno));
}

/* ---- small traits ---------------------------------------------------------------------------- */

static void on_term(int signal)
{
	(void)signal;
}

static void set_signals(void)
{
	struct sigaction action = { .sa_handler = on_term, .sa_flags = SA_RESTART };
	struct sigaction late = { .sa_handler = on_usr1, .sa_flags = SA_RESTART };
	sigset_t set;

	if (want.late_uid >= 0)
		sigaction(SIGUSR1, &late, NULL);
	if (want.term_handler)
		sigaction(SIGTERM, &action, NULL);
	if (want.block_term) {
		sigemptyset(&set);
		sigaddset(&set, SIGTERM);
		pthread_sigmask(SIG_BLOCK, &set, NULL);
	}
}

static void set_identity(void)
{
	gid_t *groups = calloc((size_t)want.groups + 1, sizeof(*groups));
	uid_t uid = (uid_t)want.uid;

	if (!groups)
		die("groups: %s", strerror(ENOMEM));
	/* Of ten digits: as long a line in status as there can be. */
	for (long i = 0; i < want.groups; i++)
		groups[i] = (gid_t)(2000000000 + i);
	if ((want.groups || want.uid >= 0) && setgroups((size_t)want.groups, groups) < 0)
		die("%ld groups: %s", want.groups, strerror(errno));
	free(groups);
	if (want.real_uid >= 0 && setresuid((uid_t)want.real_uid, (uid_t)-1, (uid_t)-1) < 0)
		die("real uid %ld: %s", want.real_uid, strerror(errno));
	if (want.uid < 0)
		return;
	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		die("uid %ld: %s", want.uid, strerror(errno));
	/* A change of credentials made us non-dumpable, which is a trait of its own. */
	prctl(PR_SET_DUMPABLE, 1);
}

/* Before the threads are there: they inherit it. */
static void set_scheduling(void)
{
	struct sched_param param = { .sched_priority = want.sched == SCHED_FIFO };

	if (want.nice && setpriority(PRIO_PROCESS, 0, want.nice) < 0)
		die("nice: %s", strerror(errno));
	if (want.sched >= 0 && sched_setscheduler(0, want.sched, &param) < 0)
		die("sched_setscheduler: %s", strerror(errno));
}

static void start_ring_buffer(void)
{
	struct io_uring_params params = { .flags = IORING_SETUP_SQPOLL, .sq_thread_idle = 60000 };

	if (want.io_uring && syscall(SYS_io_uring_setup, 4, &params) < 0)
		die("io_uring_setup: %s", strerror(errno));
}

/*
 * The ring belongs to whoever has it open. Its keeper is forked before the memory is there: what
 * stays is what the ring has pinned (io_uring/rsrc.c), no page that the child maps.
 */
static void start_ring_keeper(void)
{
	struct io_uring_params params = { 0 };

	if (!want.pinned_mib)
		return;
	demand_reader();
	ring_fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	if (ring_fd < 0)
		die("io_uring_setup: %s", strerror(errno));
	start_lingering_child();
}

static void pin_memory(void)
{
	struct iovec buffer = { .iov_len = (size_t)want.pinned_mib * MIB };

	if (!want.pinned_mib)
		return;
	buffer.iov_base = get_memory(want.pinned_mib, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (syscall(SYS_io_uring_register, ring_fd, IORING_REGISTER_BUFFERS, &buffer, 1) < 0)
		die("io_uring_register: %s", strerror(errno));
}

/* ---- targets that are children of ours ------------------------------------------------------- */

__attribute__((noreturn)) static void keep_zombie(void)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0)
		_exit(0);
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		die("waitid: %s", strerror(errno));
	self = pid;
	announce();
	for (;;)
		pause();
}

/* Goes on in the child, which is pid 1 inside; the pid that the test sees is known only outside. */
static void enter_pidns(void)
{
	char text[REPORT_SIZE + 16];
	size_t length = 0;
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	if (unshare(CLONE_NEWPID) < 0 || pipe2(fds, O_CLOEXEC) < 0)
		die("PID namespace: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		die("fork: %s", strerror(errno));
	if (pid == 0) {
		close(fds[0]);
		report_fd = fds[1];
		return;
	}
	close(fds[1]);
	while ((n = read(fds[0], text + length, sizeof(text) - 1 - length)) > 0) {
		length += (size_t)n;
		text[length] = '\0';
		if (strchr(text, '\n'))
			break;
	}
	if (!length)
		_exit(97);
	self = pid;
	announce();
	waitpid(pid, &status, 0);
	_exit(0);
}

/* ---- main ------------------------------------------------------------------------------------ */

static int sched_arg(const char *name)
{
	if (!strcmp(name, "idle"))
		return SCHED_IDLE;
	if (!strcmp(name, "batch"))
		return SCHED_BATCH;
	if (!strcmp(name, "fifo"))
		return SCHED_FIFO;
	if (!strcmp(name, "other"))
		return SCHED_OTHER;
	die("unknown policy: %s", name);
}

static void take_option(enum option_id id)
{
	switch (id) {
	case OPT_MIB:
		want.mib = number_arg(optarg);
		break;
	case OPT_SHMEM_MIB:
		want.shmem_mib = number_arg(optarg);
		break;
	case OPT_MEMFD_MIB:
		want.memfd_mib = number_arg(optarg);
		break;
	case OPT_HUGETLB_MIB:
		want.hugetlb_mib = number_arg(optarg);
		break;
	case OPT_THP:
		want.thp = true;
		break;
	case OPT_MLOCK:
		want.mlock = true;
		break;
	case OPT_THREADS:
		want.threads = number_arg(optarg);
		break;
	case OPT_BUSY:
		want.busy = number_arg(optarg);
		break;
	case OPT_CHURN:
		want.churn = number_arg(optarg);
		break;
	case OPT_SHM:
		want.shm = optarg;
		break;
	case OPT_OWN_ROBUST:
		if (strcmp(optarg, "leader") && strcmp(optarg, "thread"))
			die("--own-robust leader|thread");
		want.own_robust = optarg[0] == 'l' ? ROLE_LEADER : ROLE_THREAD;
		break;
	case OPT_WAIT_ROBUST:
		want.wait_robust = number_arg(optarg);
		break;
	case OPT_LOCKLOOP:
		want.lockloop = number_arg(optarg);
		break;
	case OPT_UFFD_ROBUST:
		want.uffd_robust = true;
		break;
	case OPT_SHARER:
		want.sharers = optarg ? number_arg(optarg) : 1;
		break;
	case OPT_SHARER_UID:
		want.sharer_uid = number_arg(optarg);
		break;
	case OPT_SHARER_RUNS:
		want.sharer_runs = optarg;
		break;
	case OPT_LATE_SHARER:
		want.late_uid = number_arg(optarg);
		break;
	case OPT_VFORK:
		want.vfork = true;
		break;
	case OPT_VFORK_EXEC_MS:
		want.vfork = true;
		want.vfork_exec_ms = number_arg(optarg);
		break;
	case OPT_FORK_COW:
		want.fork_cow = optarg ? number_arg(optarg) : 1;
		break;
	case OPT_DEAD_LEADER:
		want.dead_leader = true;
		break;
	case OPT_ZOMBIE:
		want.zombie = true;
		break;
	case OPT_PIDNS:
		want.pidns = true;
		break;
	case OPT_STOP:
		want.stop = true;
		break;
	case OPT_COREDUMP:
		want.coredump = true;
		break;
	case OPT_TRACED:
		want.traced = true;
		break;
	case OPT_TRACE_EXIT:
		want.trace_exit = true;
		break;
	case OPT_NONDUMPABLE:
		want.nondumpable = true;
		break;
	case OPT_TERM_HANDLER:
		want.term_handler = true;
		break;
	case OPT_BLOCK_TERM:
		want.block_term = true;
		break;
	case OPT_NOVMA:
		want.novma = true;
		break;
	case OPT_MMAPLOCK:
		want.mmaplock_mib = optarg ? number_arg(optarg) : 256;
		break;
	case OPT_EXIT_AFTER_US:
		want.exit_after_us = number_arg(optarg);
		break;
	case OPT_EXEC_LOOP_US:
		want.exec_loop_us = number_arg(optarg);
		break;
	case OPT_COMM:
		want.comm = optarg;
		break;
	case OPT_UID:
		want.uid = number_arg(optarg);
		break;
	case OPT_REAL_UID:
		want.real_uid = number_arg(optarg);
		break;
	case OPT_GROUPS:
		want.groups = number_arg(optarg);
		break;
	case OPT_SCHED:
		want.sched = sched_arg(optarg);
		break;
	case OPT_NICE:
		want.nice = (int)number_arg(optarg);
		break;
	case OPT_RESPAWN:
		want.respawn = number_arg(optarg);
		break;
	case OPT_PINNED_MIB:
		want.pinned_mib = number_arg(optarg);
		break;
	case OPT_STUCK:
		want.stuck = optarg;
		break;
	case OPT_IO_URING:
		want.io_uring = true;
		break;
	case OPT_LINGER:
		linger();
	case OPT_HELP:
		fputs(usage, stdout);
		exit(0);
	case OPT_FIRST:
		break;
	}
}

static void take_robust(void)
{
	bool here = want.own_robust != ROLE_NONE || want.lockloop;

	if (!here && !want.wait_robust)
		return;
	if (!want.shm)
		die("a robust mutex needs --shm FILE");
	robust = here ? robust_create(want.shm) : robust_open(want.shm);
	if (want.own_robust == ROLE_LEADER)
		pthread_mutex_lock(&robust->mutex);
}

int main(int argc, char **argv)
{
	pid_t parent = getppid();
	int c;

	saved_argv = argv;
	close_inherited();
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return 2;
		take_option((enum option_id)c);
	}
	if (optind != argc)
		die("unexpected argument: %s", argv[optind]);

	if (want.comm)
		prctl(PR_SET_NAME, want.comm);
	if (want.zombie || want.pidns)
		die_with_parent(parent);
	if (want.zombie)
		keep_zombie();
	if (want.pidns) {
		enter_pidns();
		parent = 0; /* that is how a parent outside looks from inside */
	}
	self = getpid();

	take_robust();
	if (want.uffd_robust)
		uffd_robust();
	start_ring_buffer();
	start_ring_keeper();
	set_identity();
	die_with_parent(parent);
	start_companion();
	set_signals();
	make_memory();
	pin_memory();
	set_scheduling();
	start_threads();
	start_sharers();
	start_cow_children();
	start_ring();
	if (want.nondumpable)
		prctl(PR_SET_DUMPABLE, 0);

	if (want.vfork)
		vfork_and_wait();
	else if (!getenv("VICTIM_REPORTED"))
		announce();
	/* Only now: it does not wait for the report. */
	if (want.exec_loop_us >= 0)
		start_thread(exec_thread, NULL);
	if (want.dead_leader)
		syscall(SYS_exit, 0);
	if (want.novma)
		start_unmapper();
	if (want.exit_after_us >= 0) {
		sleep_us(want.exit_after_us);
		_exit(0);
	}
	for (;;)
		pause();
}
