// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program in trouble, in a PID namespace of its own:
 *
 *   faults list                                     the scenes: a command and its world
 *   faults [OPTION]... sweep SCENE MMREAP           each of its system calls fails, one in each run
 *   faults [OPTION]... death ROUNDS SCENE MMREAP    it is killed at each moment of its run
 *
 *   --every K --from N    only every K-th run of the sweep, from number N on
 *   --only SPEC           the one run SPEC ("main:openat:3:EMFILE", "thread1:futex:1:EINTR"; with
 *                         a "+" at the end all later calls of the kind fail as well)
 *   --cgroup DIR          for the scenes that need one
 *   --host                in the PID namespace that we are in
 *   --sanitized           leave out what a sanitizer's runtime does not survive
 *
 * A seccomp filter stops the program at each system call, and we answer: nobody is traced by us. The
 * calls of the dynamic loader, before main(), are let through: the first run says how often which
 * thread makes which call, and then each of these is refused in a run of its own, with each error of
 * faulttable.h.
 *
 * After a run: no crash, not late, what was said agrees with what we saw ourselves (faultworld.h), and
 * who lives is as before: not traced, not stopped, not frozen, scheduled alike, with the same signal
 * masks, and it gets on. Who was signalled by name is read off the descriptor at the call itself.
 *
 * Prints one line of JSON; each finding is a paragraph on standard error.
 */
#include <getopt.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "faulttable.h"
#include "faultworld.h"
#include "pidns.h"
#include "tally.h"

/* What a command may take; without a fault a busy machine is no finding. */
#define LIMIT "0.3"
#define CLEAN_LIMIT "30"
/*
 * Late is told by the clock less the time in which the command, or we, stood in line for a CPU: a
 * machine that has no time for anybody makes nobody late.
 */
#define LATE_MS 4000
#define HANG_MS 60000
#define MAX_ROLES 64
#define MAX_POINTS 4096
#define CHILD_ROLE 32 /* roles from here on are processes, not threads */

static const struct scene {
	const char *name;
	unsigned int flags;
	const char *outcome; /* of the run without fault; NULL: a command that only looks */
	int status;
	const char *args[16];
} scenes[] = {
	/* %t %u target and second, %i PID:INODE of the target, %g the cgroup, %l the limit */
	{ "kill", WITH_THREAD, "reaped", 0, { "kill", "--json", "-t", "%l", "%t" } },
	{ "sentence", 0, "", 0, { "kill", "--verbose", "-t", "%l", "%t" } },
	{ "robust",
	  WITH_THREAD | WITH_ROBUST,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "%t" } },
	{ "robust-alone", WITH_ROBUST, "freed", 0, { "kill", "--json", "-t", "%l", "%t" } },
	{ "sharers-kill",
	  WITH_SHARER,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "--sharers", "kill", "%t" } },
	{ "sharers-spare",
	  WITH_SHARER,
	  "spared",
	  0,
	  { "kill", "--json", "-t", "%l", "--sharers", "spare", "%t" } },
	{ "sharers-refuse",
	  WITH_SHARER,
	  "refused-shared",
	  7,
	  { "kill", "--json", "-t", "%l", "%t" } },
	{ "grace-heeded",
	  WITH_THREAD,
	  "exited",
	  0,
	  { "kill", "--json", "-t", "%l", "--grace", "0.1", "%t" } },
	{ "grace-ignored",
	  WITH_THREAD | WITH_TERM_IGNORED,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "--grace", "0.01", "%t" } },
	{ "hold-never", 0, "*", 0, { "kill", "--json", "-t", "%l", "--hold", "never", "%t" } },
	{ "dry-run",
	  WITH_THREAD,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "--dry-run", "%t" } },
	{ "two", WITH_SECOND, "reaped", 0, { "kill", "--json", "-t", "%l", "%u", "%t" } },
	{ "inode", 0, "reaped", 0, { "kill", "--json", "-t", "%l", "%i" } },
	{ "cgroup",
	  WITH_SECOND | WITH_CGROUP,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "--cgroup", "%g" } },
	{ "frozen",
	  WITH_CGROUP | WITH_FROZEN,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "%t" } },
	{ "thaw",
	  WITH_CGROUP | WITH_FROZEN,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "--thaw", "%t" } },
	{ "reap-only",
	  WITH_CGROUP | WITH_FROZEN | WITH_SIGKILL,
	  "reaped",
	  0,
	  { "kill", "--json", "-t", "%l", "--reap-only", "%t" } },
	{ "sharers", WITH_SHARER, NULL, 0, { "sharers", "--json", "%t" } },
	{ "sharers-all", WITH_SHARER, NULL, 0, { "sharers", "--json", "--all" } },
	{ "sharers-check", WITH_SHARER, NULL, 7, { "sharers", "--check", "%t" } },
	{ "status", WITH_THREAD, NULL, 0, { "status", "--json", "%t" } },
	{ "status-deep", WITH_THREAD | WITH_SHARER, NULL, 0, { "status", "--deep", "%t" } },
	{ "status-all", 0, NULL, 0, { "status", "--json" } },
	{ "watch", 0, NULL, 0, { "watch", "--json", "-t", "%l", "%t" } },
	{ "watch-proc",
	  0,
	  NULL,
	  0,
	  { "watch", "--json", "--source", "proc", "--interval", "0.02", "-t", "%l", "%t" } },
	{ "probe", 0, NULL, 0, { "probe", "--json" } },
};

static const struct {
	const char *word;
	int status;
} outcomes[] = { { "reaped", 0 },  { "freed", 0 },	    { "exited", 0 },
		 { "spared", 0 },  { "killed", 4 },	    { "pinned", 8 },
		 { "pending", 3 }, { "refused-shared", 7 }, { "refused-protected", 7 },
		 { "denied", 6 },  { "no-process", 5 },	    { "unsupported", 4 },
		 { "failed", 1 } };

struct fault {
	int role;
	long nr;
	int n;
	int error;
	bool lasting;
};

struct death {
	long at;
	int signal;
	long delay_us;
	bool let_in;
};

struct point {
	int role;
	long nr;
	int n;
};

static struct {
	const struct scene *scene;
	const char *binary;
	bool sanitized, host;
	pid_t pid; /* of the running command */
	int listener, out, err;
	pid_t tids[MAX_ROLES];
	int roles[MAX_ROLES], n_roles, n_threads, n_children;
	int counts[MAX_ROLES][512];
	/* what the run came to */
	int status;
	double took_ms;
	bool hung, late, met, at_output, held;
	bool cannot_thaw; /* no write succeeds any more */
	bool denied;	  /* told by its one witness that the target does not exist */
	long stops, first_hold, last_hold;
	const char *now; /* the fault of this run */
	const char *limit;
	char text[262144], errors[65536];
	long findings;
	struct tally tally;
} run;

static struct point points[MAX_POINTS];
static size_t n_points;

/* --- the filter ------------------------------------------------------------------------------ */

static int install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = ARRAY_LEN(code), .filter = code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &program);
}

/*
 * The child cannot tell us the number of its listener, since every call of it waits for our answer:
 * it closes all descriptors first, and the number is 3.
 */
static void spawn(char *const *argv)
{
	static _Atomic int *installing;
	double limit = now_ms() + BUILD_LIMIT_MS;
	pid_t parent = getpid();
	int pidfd;

	if (!installing)
		installing =
			mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	*installing = 0;
	if (ftruncate(run.out, 0) < 0 || ftruncate(run.err, 0) < 0)
		die("ftruncate: %s", strerror(errno));
	lseek(run.out, 0, SEEK_SET);
	lseek(run.err, 0, SEEK_SET);
	run.pid = fork();
	if (run.pid < 0)
		die("fork: %s", strerror(errno));
	if (run.pid == 0) {
		die_with_parent(parent);
		/* A shell has what it starts in the background ignore it, and so would the command. */
		signal(SIGINT, SIG_DFL);
		dup2(run.out, STDOUT_FILENO);
		dup2(run.err, STDERR_FILENO);
		close_inherited();
		*installing = 1;
		if (install_filter() != 3)
			_exit(97);
		execv(argv[0], argv);
		_exit(97);
	}
	pidfd = open_pidfd(run.pid);
	while (!*installing)
		sched_yield();
	do {
		run.listener = (int)syscall(SYS_pidfd_getfd, pidfd, 3, 0);
		if (now_ms() > limit)
			die("no listener: %s", strerror(errno));
	} while (run.listener < 0);
	close(pidfd);
#ifdef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
	ioctl(run.listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
#endif
}

/* --- who makes the call, and whom it is about -------------------------------------------------- */

static int role_of(pid_t tid)
{
	char path[64];
	int i;

	for (i = 0; i < run.n_roles; i++)
		if (run.tids[i] == tid)
			return run.roles[i];
	if (run.n_roles == MAX_ROLES)
		return MAX_ROLES - 1;
	snprintf(path, sizeof(path), "/proc/%d/task/%d", run.pid, tid);
	run.tids[i] = tid;
	run.roles[i] = access(path, F_OK) == 0 ? run.n_threads++ : CHILD_ROLE + run.n_children++;
	run.n_roles++;
	return run.roles[i];
}

static const char *role_name(int role)
{
	static char text[16];

	if (role == 0)
		return "main";
	snprintf(text, sizeof(text), role < CHILD_ROLE ? "thread%d" : "child%d",
		 role < CHILD_ROLE ? role : role - CHILD_ROLE + 1);
	return text;
}

__attribute__((format(printf, 1, 2))) static void finding(const char *format, ...)
{
	va_list ap;

	run.findings++;
	fprintf(stderr, "FINDING %s %s: ", run.scene->name, run.now);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
}

static pid_t pid_of_pidfd(int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", run.pid, fd);
	return (pid_t)status_number(path, "Pid");
}

static int person_of(pid_t pid)
{
	char path[64];

	for (int i = 0; i < PEOPLE; i++) {
		snprintf(path, sizeof(path), "/proc/%d/task/%d", people[i].pid, pid);
		if (people[i].pid && (people[i].pid == pid || access(path, F_OK) == 0))
			return i;
	}
	return -1;
}

static bool is_its_thread(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d", run.pid, pid);
	return access(path, F_OK) == 0;
}

static bool is_its_child(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return status_number(path, "PPid") == run.pid;
}

/* A call that is let through and touches somebody: is it one that may be touched? */
static void note_touch(const struct seccomp_notif *stop)
{
	const __u64 *args = stop->data.args;
	int who, sig = 0;
	pid_t pid;

	switch (stop->data.nr) {
	case SYS_pidfd_send_signal:
		pid = pid_of_pidfd((int)args[0]);
		sig = (int)args[1];
		if (sig == 0 || pid < 0) /* it is gone, or it is no pidfd: nobody gets it */
			return;
		break;
	case SYS_kill:
	case SYS_tgkill:
		pid = (pid_t)args[0];
		sig = (int)args[1];
		break;
	case SYS_ptrace:
	case SYS_sched_setattr:
	case SYS_sched_setaffinity:
		pid = (pid_t)args[stop->data.nr == SYS_ptrace];
		break;
	default:
		return;
	}
	if (pid == 0 || is_its_thread(pid) || is_its_child(pid))
		return;
	who = person_of(pid);
	if (who < 0 && stop->data.nr != SYS_pidfd_send_signal && kill(pid, 0) < 0)
		return; /* let go of somebody who is dead */
	if (who < 0 || who == BYSTANDER || !run.scene->outcome)
		finding("call %d touches %s %d", stop->data.nr,
			who < 0 ? "a stranger," : person_names[who], pid);
	if (who >= 0) {
		people[who].kill_sent |= sig == SIGKILL;
		people[who].term_sent |= sig == SIGTERM;
	}
}

/* The first call of main(): are the standard descriptors open? */
static bool is_marker(const struct seccomp_notif *stop)
{
	return stop->data.nr == SYS_fcntl && stop->data.args[0] == STDIN_FILENO &&
	       stop->data.args[1] == F_GETFD;
}

/* From the seizure to the reap or the last act on who is seized; a reap of -1 is only a question. */
static void note_hold(const struct seccomp_notif *stop)
{
	if (stop->data.nr == SYS_ptrace && !run.first_hold)
		run.first_hold = run.stops;
	if (run.first_hold && (stop->data.nr == SYS_ptrace || stop->data.nr == 448))
		run.last_hold = run.stops;
}

static bool is_anybody_held(void)
{
	char path[64];

	for (int i = 0; i < PEOPLE; i++) {
		DIR *dir;
		struct dirent *entry;
		bool held = false;

		snprintf(path, sizeof(path), "/proc/%d/task", people[i].pid);
		if (!people[i].pid || !(dir = opendir(path)))
			continue;
		while (!held && (entry = readdir(dir))) {
			char status[96];

			snprintf(status, sizeof(status), "/proc/%d/task/%.16s/status",
				 people[i].pid, entry->d_name);
			held = atoi(entry->d_name) > 0 && status_number(status, "TracerPid") > 0;
		}
		closedir(dir);
		if (held)
			return true;
	}
	return false;
}

/* --- one run ----------------------------------------------------------------------------------- */

static char *fill_in(const char *arg, char *buffer, size_t size)
{
	struct stat st;

	if (!strcmp(arg, "%t"))
		snprintf(buffer, size, "%d", people[TARGET].pid);
	else if (!strcmp(arg, "%u"))
		snprintf(buffer, size, "%d", people[SECOND].pid);
	else if (!strcmp(arg, "%l"))
		snprintf(buffer, size, "%s", run.limit);
	else if (!strcmp(arg, "%g"))
		snprintf(buffer, size, "%s", cgroup_dir);
	else if (!strcmp(arg, "%i") && fstat(people[TARGET].pidfd, &st) == 0)
		snprintf(buffer, size, "%d:%lu", people[TARGET].pid, (unsigned long)st.st_ino);
	else
		snprintf(buffer, size, "%s", arg);
	return buffer;
}

static void answer(const struct seccomp_notif *stop, int error)
{
	struct seccomp_notif_resp response = { .id = stop->id };

	if (!error)
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (stop->data.nr !=
		 SYS_brk) /* which has no errno: 0 is less than what was asked for */
		response.error = -error;
	ioctl(run.listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

static bool waits(const struct seccomp_notif *stop)
{
	long nr = stop->data.nr;

	return nr == SYS_epoll_wait || nr == SYS_epoll_pwait || nr == SYS_ppoll ||
	       nr == SYS_clock_nanosleep || (nr == SYS_poll && stop->data.args[2] != 0);
}

static size_t read_back(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* How long it was ready to run and did not: the second number of schedstat; 0 where there is none. */
static double ms_in_line(pid_t pid)
{
	unsigned long long ran, stood;
	char path[64], text[128];

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	if (read_text(path, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%llu %llu", &ran, &stood) != 2)
		return 0;
	return (double)stood / 1e6;
}

/* @points: note which calls there are. Only one of @fault and @death. */
static void run_once(const struct fault *fault, const struct death *death, bool note)
{
	static char buffers[16][256];
	char *argv[20] = { (char *)run.binary };
	struct seccomp_notif stop;
	siginfo_t ended;
	bool started = false, watching = !strncmp(run.scene->name, "watch", 5), lasts = false;
	double begin = now_ms(), in_line = ms_in_line(getpid());

	for (int i = 0; run.scene->args[i]; i++)
		argv[i + 1] = fill_in(run.scene->args[i], buffers[i], sizeof(buffers[i]));
	memset(run.counts, 0, sizeof(run.counts));
	run.n_roles = run.n_threads = run.n_children = 0;
	run.met = run.hung = run.at_output = run.held = run.denied = false;
	run.cannot_thaw = fault && fault->lasting && fault->nr == SYS_pwrite64;
	run.stops = run.first_hold = run.last_hold = 0;
	spawn(argv);
	role_of(run.pid);
	for (;;) {
		struct pollfd pfd = { .fd = run.listener, .events = POLLIN };
		const struct fault_call *call;
		int role, n, error = 0;

		if (now_ms() - begin > HANG_MS) {
			run.hung = true;
			kill(run.pid, SIGKILL);
			break;
		}
		if (poll(&pfd, 1, 1000) == 0)
			continue;
		if (!(pfd.revents & POLLIN))
			break;
		memset(&stop, 0, sizeof(stop));
		if (ioctl(run.listener, SECCOMP_IOCTL_NOTIF_RECV, &stop) < 0)
			continue;
		if (!started && !(started = is_marker(&stop))) {
			answer(&stop, 0);
			continue;
		}
		role = role_of((pid_t)stop.pid);
		n = stop.data.nr < 512 ? ++run.counts[role][stop.data.nr] : 1;
		run.stops++;
		note_hold(&stop);
		call = fault_find_call(stop.data.nr);
		if (!call)
			die("system call %d is in no row of faulttable.h", stop.data.nr);
		if (note && n_points < MAX_POINTS)
			points[n_points++] = (struct point){ role, stop.data.nr, n };
		if (fault && stop.data.nr == fault->nr) {
			if (role == fault->role && n == fault->n)
				run.met = lasts = true;
			if (lasts && (fault->lasting || (role == fault->role && n == fault->n)))
				error = fault->error;
			/* The question whether a descriptor is open does not fail. */
			if (fault->nr == SYS_fcntl && stop.data.args[1] == F_GETFD)
				error = 0;
			/* A wake-up cannot fail. */
			if (fault->nr == SYS_futex && (stop.data.args[1] & 0x7f) % 9 != 0)
				error = 0;
			if (error && (fault->nr == SYS_write || fault->nr == SYS_close) &&
			    stop.data.args[0] == STDOUT_FILENO)
				run.at_output = true;
			run.denied |= error && fault->nr == SYS_pidfd_open;
		}
		if (death && run.stops == death->at) {
			run.held = is_anybody_held();
			if (death->let_in) {
				note_touch(&stop);
				answer(&stop, 0);
			}
			sleep_us(death->delay_us);
			run.held |= is_anybody_held();
			kill(run.pid, death->signal);
			run.met = true;
			/* Who is dead does not make the call any more, and must not be let to. */
			if (death->let_in || death->signal == SIGKILL)
				continue;
		}
		if (watching && waits(&stop)) {
			kill(people[TARGET].pid, SIGKILL);
			people[TARGET].kill_sent = true;
			watching = false;
		}
		if (!error)
			note_touch(&stop);
		answer(&stop, error);
	}
	close(run.listener);
	if (waitid(P_PID, (id_t)run.pid, &ended, WEXITED | WNOWAIT) < 0)
		die("waitid: %s", strerror(errno));
	run.took_ms = now_ms() - begin;
	run.late = run.took_ms - ms_in_line(run.pid) - (ms_in_line(getpid()) - in_line) > LATE_MS;
	waitpid(run.pid, &run.status, 0);
	if (!started)
		die("main() does not begin with fcntl(0, F_GETFD): say anew what it begins with");
	read_back(run.out, run.text, sizeof(run.text));
	read_back(run.err, run.errors, sizeof(run.errors));
}

/* --- the verdict ------------------------------------------------------------------------------- */

static const char *skip_json(const char *at, int depth);

static const char *skip_space(const char *at)
{
	return at + strspn(at, " \t\n");
}

static const char *skip_string(const char *at)
{
	if (*at++ != '"')
		return NULL;
	for (; *at != '"'; at++) {
		if (!*at || (unsigned char)*at < 0x20)
			return NULL;
		if (*at == '\\' && !*++at)
			return NULL;
	}
	return at + 1;
}

/* Past one JSON value; NULL: it is none. */
static const char *skip_json(const char *at, int depth)
{
	char close = *at == '{' ? '}' : ']';

	if (depth > 10)
		return NULL;
	if (*at == '"')
		return skip_string(at);
	if (*at != '{' && *at != '[') {
		size_t n = strspn(at, "-+.0123456789eEtrufalsn");

		return n ? at + n : NULL;
	}
	at = skip_space(at + 1);
	while (*at != close) {
		if (close == '}') {
			at = skip_string(at);
			if (!at || *(at = skip_space(at)) != ':')
				return NULL;
			at = skip_space(at + 1);
		}
		at = skip_json(at, depth + 1);
		if (!at)
			return NULL;
		at = skip_space(at);
		if (*at == ',')
			at = skip_space(at + 1);
		else if (*at != close)
			return NULL;
	}
	return at + 1;
}

static bool is_json(const char *text, bool lines)
{
	const char *at = skip_space(text);

	do {
		at = skip_json(at, 0);
		if (!at)
			return false;
		at = skip_space(at);
	} while (lines && *at);
	return !*at;
}

/* The row of @pid, cut out. */
static bool find_row(pid_t pid, char *row, size_t size)
{
	char key[32];
	const char *at;
	bool found = false;

	snprintf(key, sizeof(key), "{\"pid\":%d,", pid);

	/* The last one: rounds over a cgroup come to a process again. */
	for (at = run.text; (at = strstr(at, key)); at++)
		if (at == run.text || at[-1] == '\n') {
			snprintf(row, size, "%.*s", (int)strcspn(at, "\n"), at);
			found = true;
		}
	return found;
}

static int status_of(const char *outcome)
{
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
		if (!strcmp(outcome, outcomes[i].word))
			return outcomes[i].status;
	return -1;
}

static int exit_status(void)
{
	return WIFEXITED(run.status) ? WEXITSTATUS(run.status) : 128 + WTERMSIG(run.status);
}

static bool is_one_of(const char *word, const char *words)
{
	const char *at = strstr(words, word);
	size_t length = strlen(word);

	return at && (at == words || at[-1] == ' ') && (!at[length] || at[length] == ' ');
}

static bool killed_by_9(const struct person *person)
{
	return person->wait_status >= 0 && WIFSIGNALED(person->wait_status) &&
	       WTERMSIG(person->wait_status) == SIGKILL;
}

/* What the row says of @who against what we saw. */
static void judge_row(int who, const char *row)
{
	const struct person *person = &people[who];
	char outcome[32], exited[8], word[64], message[512];
	bool dry = strstr(row, "\"dry_run\":true") != NULL;
	double before, after, unmapped;

	json_value(row, "outcome", outcome, sizeof(outcome));
	json_value(row, "exited", exited, sizeof(exited));
	json_value(row, "message", message, sizeof(message));
	tally_add(&run.tally, "outcome", outcome);
	if (status_of(outcome) < 0)
		finding("no such outcome: %s", outcome);
	if (dry) {
		if (person->kill_sent || person->term_sent)
			finding("a dry run signalled the %s", person_names[who]);
		return;
	}
	if (is_one_of(outcome, "denied no-process unsupported refused-shared refused-protected") &&
	    (person->kill_sent || (person->exited && !person->term_sent)))
		finding("%s, but the %s was killed", outcome, person_names[who]);
	if (!strcmp(outcome, "no-process") && !person->exited && !run.denied)
		finding("no-process, but the %s lives", person_names[who]);
	if (is_one_of(outcome, "freed exited killed pinned") && !person->exited &&
	    !(!strcmp(outcome, "exited") && run.denied))
		finding("%s, but the %s has not exited", outcome, person_names[who]);
	if (is_one_of(outcome, "freed") && !person->unreferenced)
		finding("%s, but its memory is referenced", outcome);
	if (is_one_of(outcome, "exited") && person->kill_sent && killed_by_9(person) &&
	    !person->term_sent)
		finding("exited, but it was our SIGKILL");
	if (is_one_of(outcome, "freed killed spared") && !person->kill_sent &&
	    !(run.scene->flags & WITH_SIGKILL))
		finding("%s, but no SIGKILL was sent to the %s", outcome, person_names[who]);
	if (!strcmp(outcome, "reaped")) {
		if (!strcmp(exited, "true") && !(person->exited && person->unreferenced))
			finding("reaped and exited, but the %s %s", person_names[who],
				person->exited ? "is still referenced" : "has not exited");
		if (strcmp(exited, "true") && person->rss_pages_now > person->rss_pages / 2)
			finding("reaped, but the %s still has %ld of %ld pages", person_names[who],
				person->rss_pages_now, person->rss_pages);
	}
	if (!strcmp(exited, "true") && !person->exited)
		finding("exited is true, but the %s has not", person_names[who]);
	if (!strcmp(outcome, "pinned") && person->unreferenced)
		finding("pinned, but nobody uses the memory of the %s", person_names[who]);
	if (is_one_of(outcome, "pending failed") && strstr(message, "SIGKILL sent") &&
	    !person->kill_sent && !(run.scene->flags & WITH_SIGKILL))
		finding("%s: \"SIGKILL sent\", but none was", outcome);
	if (is_one_of(outcome, "pending failed") && !strstr(message, "SIGKILL sent") &&
	    person->kill_sent)
		finding("%s, but SIGKILL was sent: %s", outcome, message);
	json_value(row, "exit_signal", word, sizeof(word));
	if (strcmp(word, "null") && person->wait_status >= 0 &&
	    (int)strtol(word, NULL, 10) !=
		    (WIFSIGNALED(person->wait_status) ? WTERMSIG(person->wait_status) : 0))
		finding("exit_signal %s, wait status %x", word, (unsigned int)person->wait_status);
	json_value(row, "rss_before", word, sizeof(word));
	before = strcmp(word, "null") ? strtod(word, NULL) : -1;
	json_value(row, "rss_after", word, sizeof(word));
	after = strcmp(word, "null") ? strtod(word, NULL) : -1;
	json_value(row, "unmapped", word, sizeof(word));
	unmapped = strcmp(word, "null") ? strtod(word, NULL) : -1;
	if (before >= 0 && person->rss_pages && !(run.scene->flags & WITH_SIGKILL) &&
	    (before < PERSON_MIB * MIB || before > (double)(person->rss_pages + 512) * 4096))
		finding("rss_before %.0f, but it has %ld pages", before, person->rss_pages);
	if (unmapped > before)
		finding("unmapped %.0f of %.0f", unmapped, before);
	if ((before >= 0 && after > before) || (unmapped >= 0 && (before < 0 || after < 0)))
		finding("rss_before %.0f, rss_after %.0f, unmapped %.0f", before, after, unmapped);
	if (people[SHARER].pid && who == TARGET) {
		const char *killed = strstr(row, "\"killed\":[");
		char pid[32];
		bool listed;

		snprintf(pid, sizeof(pid), "\"pid\":%d,", people[SHARER].pid);
		listed = killed && memmem(killed, strcspn(killed, "]"), pid, strlen(pid));
		if (listed != people[SHARER].kill_sent)
			finding("the sharer was %skilled, \"killed\" says otherwise",
				people[SHARER].kill_sent ? "" : "not ");
		if (is_one_of(outcome, "reaped freed") && !people[SHARER].exited &&
		    !strcmp(exited, "true"))
			finding("%s, but the sharer lives", outcome);
	}
}

static void judge_kill(void)
{
	static char row[65536];
	int status = exit_status(), expected = -1, n_rows = 0, n_ok = 0;
	bool differ = false, targets[PEOPLE] = { true, run.scene->flags & WITH_SECOND };

	if (!is_json(run.text, false)) {
		if (!run.at_output)
			finding("not one JSON document");
		else if (status == 0)
			finding("the output failed, and the status is 0");
		return;
	}
	if (run.at_output && status == 0)
		finding("the output failed, and the status is 0");
	for (int i = 0; i < 2; i++) {
		char outcome[32];
		int s;

		if (!targets[i] || !find_row(people[i].pid, row, sizeof(row)))
			continue;
		n_rows++;
		judge_row(i, row);
		json_value(row, "outcome", outcome, sizeof(outcome));
		s = status_of(outcome);
		if (s == 0)
			n_ok++;
		else if (expected < 0)
			expected = s;
		else if (expected != s)
			differ = true;
	}
	if (n_rows == 0) {
		char word[16];

		json_value(run.text, "status", word, sizeof(word));
		if (!strstr(run.text, "\"error\"") || atoi(word) != status || status == 0)
			finding("neither a row nor an error that agrees with status %d", status);
		tally_add(&run.tally, "outcome", "error");
		if (people[TARGET].kill_sent && strstr(run.text, "nothing was touched"))
			finding("nothing was touched, it says, but it was killed");
		return;
	}
	/* Who could not be listed has no row, and is one more failure. */
	if (run.scene->flags & WITH_CGROUP && strstr(run.errors, "mmreap: cannot list cgroup"))
		expected = 1;
	if (expected < 0)
		expected = 0;
	else if (n_ok)
		expected = 64;
	else if (differ)
		expected = 1;
	if (status != expected && !run.at_output &&
	    !(expected == 0 && status == 64 && run.scene->flags & WITH_CGROUP))
		finding("status %d, the outcomes say %d", status, expected);
}

/* A command that only looks: what it says of the living and the dead. */
static void judge_look(void)
{
	const char *name = run.scene->name;
	int status = exit_status();
	char word[64];

	if (run.at_output && status == 0)
		finding("the output failed, and the status is 0");
	if (run.at_output)
		return;
	if (is_one_of("--json", run.scene->args[1] ? run.scene->args[1] : "") &&
	    !is_json(run.text, !strncmp(name, "watch", 5)) &&
	    !(!strncmp(name, "watch", 5) && status && !run.text[0])) /* no event is no line */
		finding("not JSON");
	snprintf(word, sizeof(word), "%d", status);
	tally_add(&run.tally, "status", word);
	if (!strcmp(name, "sharers-check") && status == 0)
		finding("alone, it says, but it is shared");
	if (!strcmp(name, "sharers") && status == 0) {
		snprintf(word, sizeof(word), "\"pid\":%d,", people[SHARER].pid);
		if (!strstr(run.text, word) && !strstr(run.errors, "incomplete"))
			finding("the sharer is missing, and it does not say incomplete");
	}
	if (!strncmp(name, "watch", 5) && status == 0 &&
	    !(people[TARGET].exited && people[TARGET].unreferenced))
		finding("watched to its end, but the target %s",
			people[TARGET].exited ? "is referenced" : "lives");
	if (!strcmp(name, "status") && status == 0) {
		json_value(run.text, "phase", word, sizeof(word));
		tally_add(&run.tally, "outcome", word);
		if (strcmp(word, "alive"))
			finding("a living target in phase %s", word);
	}
}

static void thaw_cgroup(void)
{
	if (cgroup_says("cgroup.freeze", "1"))
		cgroup_write("cgroup.freeze", "0");
	else if (cgroup_says("freezer.state", "FR"))
		world_thaw();
}

/* Who lives is as before; who was killed gets to die. */
static void judge_world(void)
{
	static char now[8192];

	for (int i = 0; i < PEOPLE; i++) {
		struct person *person = &people[i];
		double limit = now_ms() + BUILD_LIMIT_MS;

		if (!person->pid)
			continue;
		while (person->wait_status < 0 &&
		       (person->kill_sent || run.scene->flags & WITH_SIGKILL ||
			(person->term_sent && !(run.scene->flags & WITH_TERM_IGNORED)))) {
			if (i != TARGET && !person->kill_sent && !person->term_sent)
				break;
			if (waitpid(person->pid, &person->wait_status, WNOHANG | __WALL) ==
			    person->pid)
				break;
			if (now_ms() > limit) {
				finding("the %s was killed and does not die (state %c)",
					person_names[i], task_state(person->pid, person->pid));
				break;
			}
			sleep_us(100);
		}
		if (person->wait_status >= 0) {
			if (!person->kill_sent && !person->term_sent &&
			    !(run.scene->flags & WITH_SIGKILL))
				finding("the %s died of nobody's signal", person_names[i]);
			continue;
		}
		/* First, so that a SIGTERM to one that ignores it has arrived. */
		if (!person_runs(i, run.scene->flags))
			finding("the %s stands still (state %c)", person_names[i],
				task_state(person->pid, person->pid));
		person_look(person, now, sizeof(now));
		if (strcmp(now, person->before))
			finding("the %s is changed:\nbefore:\n%safter:\n%s", person_names[i],
				person->before, now);
	}
	/* The kernel marks the mutex of an owner that died: who waits for it gets it. */
	if (run.scene->flags & WITH_ROBUST && people[TARGET].wait_status >= 0 &&
	    !((unsigned int)bodies[TARGET].mutex.__data.__lock & 0x40000000U))
		finding("the robust mutex is lost");
	if (run.scene->flags & WITH_CGROUP) {
		double limit = now_ms() + BUILD_LIMIT_MS;

		while (cgroup_says("cgroup.freeze", "1") || cgroup_says("freezer.state", "FR")) {
			if (now_ms() > limit) {
				finding("the cgroup is left frozen");
				thaw_cgroup();
				break;
			}
			sleep_us(200);
		}
	}
}

/* The children of the command end with it, or soon after. */
static void judge_children(void)
{
	double limit = now_ms() + BUILD_LIMIT_MS;
	char path[64], text[4096];

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	for (;;) {
		bool left = false;
		char *at = text, *end;
		long pid;

		if (read_text(path, text, sizeof(text)) < 0)
			die("%s: %s", path, strerror(errno));
		for (; (pid = strtol(at, &end, 10)) > 0; at = end) {
			bool known = false;

			for (int i = 0; i < PEOPLE; i++)
				known |= people[i].pid == pid;
			if (!known && waitpid((pid_t)pid, NULL, WNOHANG | __WALL) == 0) {
				left = true;
				if (now_ms() > limit) {
					finding("process %ld is left behind", pid);
					kill((pid_t)pid, SIGKILL);
				}
			}
		}
		if (!left)
			return;
		sleep_us(200);
	}
}

static void judge(const struct death *death)
{
	long before = run.findings;
	const char *trace = getenv("FAULTS_SHOW");

	world_see();
	if (run.scene->flags & WITH_FROZEN || (run.cannot_thaw && run.scene->flags & WITH_CGROUP))
		thaw_cgroup();
	if (run.hung)
		finding("hangs");
	else if (run.late)
		finding("took %.0f ms", run.took_ms);
	if (WIFSIGNALED(run.status) && (!death || WTERMSIG(run.status) != death->signal) &&
	    !run.hung)
		finding("ended by signal %d", WTERMSIG(run.status));
	if (strstr(run.errors, "Sanitizer") || strstr(run.errors, "runtime error"))
		finding("a sanitizer speaks");
	if (!WIFSIGNALED(run.status) || run.text[0]) {
		if (!run.scene->outcome)
			judge_look();
		else if (run.scene->outcome[0] && !(WIFSIGNALED(run.status) && death))
			judge_kill();
		else if (exit_status() == 0 && !people[TARGET].exited)
			finding("status 0, but the target has not exited");
	}
	judge_world();
	judge_children();
	if (run.findings > before || trace)
		fprintf(stderr, "status %d, %.1f ms, %ld calls\n%.1500s%.1500s\n", exit_status(),
			run.took_ms, run.stops, run.text, run.errors);
}

/* --- the sweep --------------------------------------------------------------------------------- */

static void describe(const struct fault *fault, char *text, size_t size)
{
	const struct fault_call *call = fault_find_call(fault->nr);

	snprintf(text, size, "%s:%s:%d:%s%s", role_name(fault->role), call ? call->name : "?",
		 fault->n, fault_error_name(fault->error), fault->lasting ? "+" : "");
}

static void run_clean(bool note)
{
	static char row[65536];
	char outcome[32] = "";

	run.now = "clean";
	run.limit = CLEAN_LIMIT;
	world_make(run.scene->flags);
	run_once(NULL, NULL, note);
	if (find_row(people[TARGET].pid, row, sizeof(row)))
		json_value(row, "outcome", outcome, sizeof(outcome));
	if (exit_status() != run.scene->status ||
	    (run.scene->outcome && run.scene->outcome[0] && strcmp(run.scene->outcome, "*") &&
	     strcmp(run.scene->outcome, outcome)))
		finding("without a fault: status %d, outcome %s", exit_status(), outcome);
	judge(NULL);
	run.limit = LIMIT;
}

static bool is_new(const struct point *point, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (points[i].role == point->role && points[i].nr == point->nr &&
		    points[i].n == point->n)
			return false;
	return true;
}

/* Two clean runs: threads do not always meet in the same order. */
static void find_points(void)
{
	size_t kept = 0;

	run_clean(true);
	run_clean(true);
	for (size_t i = 0; i < n_points; i++)
		if (is_new(&points[i], kept))
			points[kept++] = points[i];
	n_points = kept;
}

static bool is_power_of_2(int n)
{
	return (n & (n - 1)) == 0;
}

static int sweep(long every, long from, const char *only)
{
	static const char *const keys[] = { "outcome", "status" };
	long job = 0, runs = 0, met = 0;
	double begin = now_ms();
	char name[64];

	find_points();
	memset(&run.tally, 0, sizeof(run.tally));
	for (size_t i = 0; i < n_points; i++) {
		const struct fault_call *call = fault_find_call(points[i].nr);

		if (call->kind == FAULT_NEVER || (call->kind == FAULT_RUNTIME && run.sanitized))
			continue;
		for (size_t e = 0; call->errors[e]; e++)
			for (int lasting = 0; lasting < 2; lasting++) {
				struct fault fault = { points[i].role, points[i].nr, points[i].n,
						       call->errors[e], lasting };

				if (lasting &&
				    (!fault_may_last(call, fault.error) || !is_power_of_2(fault.n)))
					continue;
				describe(&fault, name, sizeof(name));
				if (only ? strcmp(only, name) != 0 : job++ % every != from)
					continue;
				run.now = name;
				world_make(run.scene->flags);
				run_once(&fault, NULL, false);
				judge(NULL);
				runs++;
				met += run.met;
			}
	}
	printf("{\"scene\":\"%s\",\"calls\":%zu,\"faults\":%ld,\"runs\":%ld,\"met\":%ld,",
	       run.scene->name, n_points, job, runs, met);
	tally_print(&run.tally, keys, ARRAY_LEN(keys));
	printf(",\"seconds\":%.1f,\"findings\":%ld}\n", (now_ms() - begin) / 1000, run.findings);
	return run.findings != 0;
}

/* --- death ------------------------------------------------------------------------------------- */

/*
 * By each signal in turn, at the entry of a call or some time later. Every other pair of rounds evenly
 * over the run, the rest over the part in which a thread is held, where there is one.
 */
static int die_often(long rounds)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGINT, SIGHUP };
	long met = 0, held = 0, sent = 0, length, first, window;
	double begin = now_ms();
	char name[64];

	run_clean(false);
	length = run.stops;
	first = run.first_hold;
	window = first ? run.last_hold - first + 2 : 0;
	srandom((unsigned int)getpid() ^ (unsigned int)time(NULL));
	for (long i = 0; i < rounds; i++) {
		bool holding = window && i / 4 % 2;
		struct death death = { .at = holding ? first + random() % window
						     : 1 + (i * length / rounds + random() % 3) %
								       length,
				       .signal = signals[i % 4],
				       .delay_us = random() % 400,
				       .let_in = random() % 2 };

		snprintf(name, sizeof(name), "signal %d at call %ld%s %ld us", death.signal,
			 death.at, death.let_in ? " +" : "", death.delay_us);
		run.now = name;
		world_make(run.scene->flags);
		run_once(NULL, &death, false);
		judge(&death);
		/* A busy machine makes a run longer or shorter: it polls more often, or less. */
		if (!run.met && run.stops < length)
			length = run.stops;
		met += run.met;
		held += run.held;
		sent += people[TARGET].kill_sent;
	}
	printf("{\"scene\":\"%s\",\"rounds\":%ld,\"length\":%ld,\"met\":%ld,\"holding\":%ld,"
	       "\"killed\":%ld,\"seconds\":%.1f,\"findings\":%ld}\n",
	       run.scene->name, rounds, length, met, held, sent, (now_ms() - begin) / 1000,
	       run.findings);
	return run.findings != 0;
}

/* --- */

static int main_inside(int argc, char **argv, long every, long from, const char *only)
{
	const char *name = argv[argc - 2];

	run.binary = argv[argc - 1];
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
		if (!strcmp(scenes[i].name, name))
			run.scene = &scenes[i];
	if (!run.scene)
		die("%s: no such scene", name);
	if (run.scene->flags & WITH_CGROUP && !cgroup_dir)
		die("%s: needs --cgroup", name);
	bodies = mmap(NULL, 3 * sizeof(*bodies), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	run.out = memfd_create("out", MFD_CLOEXEC);
	run.err = memfd_create("err", MFD_CLOEXEC);
	if (bodies == MAP_FAILED || run.out < 0 || run.err < 0)
		die("no memory");
	if (!strcmp(argv[0], "sweep"))
		return sweep(every, from, only);
	return die_often(number_arg(argv[1]));
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "every", required_argument, NULL, 'e' },
		{ "from", required_argument, NULL, 'f' },
		{ "only", required_argument, NULL, 'o' },
		{ "cgroup", required_argument, NULL, 'c' },
		{ "sanitized", no_argument, NULL, 's' },
		{ "host", no_argument, NULL, 'h' },
		{ 0 },
	};
	long every = 1, from = 0;
	pid_t parent = getppid();
	const char *only = NULL;
	int c;

	die_with_parent(parent);
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 'e':
			every = number_arg(optarg);
			break;
		case 'f':
			from = number_arg(optarg);
			break;
		case 'o':
			only = optarg;
			break;
		case 'c':
			cgroup_dir = optarg;
			break;
		case 's':
			run.sanitized = true;
			break;
		case 'h':
			run.host = true;
			break;
		default:
			return 2;
		}
	}
	argc -= optind;
	argv += optind;
	if (argc == 1 && !strcmp(argv[0], "list")) {
		for (size_t i = 0; i < ARRAY_LEN(scenes); i++)
			printf("%s %s\n", scenes[i].name,
			       !scenes[i].outcome	       ? "look"
			       : scenes[i].flags & WITH_FROZEN ? "freezer"
			       : scenes[i].flags & WITH_CGROUP ? "cgroup"
							       : "kill");
		return 0;
	}
	if (!(argc == 3 && !strcmp(argv[0], "sweep")) && !(argc == 4 && !strcmp(argv[0], "death")))
		die("usage: faults list | [OPTION]... sweep SCENE MMREAP | death ROUNDS SCENE MMREAP");
	if (run.host) {
		prctl(PR_SET_CHILD_SUBREAPER, 1);
		return main_inside(argc, argv, every, from, only);
	}
	enter_pid_namespace();
	return main_inside(argc, argv, every, from, only);
}
