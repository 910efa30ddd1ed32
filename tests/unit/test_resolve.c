// SPDX-License-Identifier: GPL-2.0-or-later

/* From numbers to held processes, on a kernel of paper: never the wrong one, no descriptor lost. */

#include <mmreap/target.h>

#include "fake_sys.h"
#include "unit.h"

/* What a row does not say is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define PID 500

static struct run_self self;

static void begin(const struct fake_proc *procs, int n)
{
	fake_begin(procs, n);
	self = (struct run_self){ .pid = 77,
				  .proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY) };
}

static bool end(void)
{
	fake_sys.close(self.proc_fd);
	return fake_end();
}

static void test_hold(void)
{
	/* clang-format off */
#define THREADS .threads = { { PID }, { 501 } }
	static const struct {
		const char *name;
		struct fake_proc p;
		pid_t pid;
		uint64_t inode;
		int tid_err, err;
		pid_t leader;
	} rows[] = {
		{ "a process", { .pid = PID, .mm = 1, .inode = 9001 }, PID },
		{ "a kernel without pidfs inodes", { .pid = PID, .mm = 1 }, PID },
		{ "the inode is right", { .pid = PID, .mm = 1, .inode = 9001 }, PID, 9001 },
		{ "an inode beyond 32 bits", { .pid = PID, .mm = 1, .inode = UINT64_MAX }, PID, UINT64_MAX },
		{ "the inode is another: the PID was reused",
		  { .pid = PID, .mm = 1, .inode = 9001 }, PID, 9000, .err = -ESTALE },
		{ "an inode where the kernel has none", { .pid = PID, .mm = 1 }, PID, 9000,
		  .err = -EOPNOTSUPP },
		{ "another user's", { .pid = PID, .mm = 1, .signal_err = -EPERM }, PID },
		{ "of another PID namespace", { .pid = PID, .mm = 1, .signal_err = -EINVAL }, PID },
		{ "a zombie", { .pid = PID, .exited = true, .threads = { { PID, 'Z' } } }, PID },
		{ "nobody", { .pid = PID, .mm = 1 }, 4711, .err = -ESRCH },
		{ "nobody, with an inode", { .pid = PID, .mm = 1 }, 4711, 9000, .err = -ESRCH },
		{ "a thread", { .pid = PID, .mm = 1, THREADS }, 501, .err = -EISDIR, .leader = PID },
		{ "a thread, before Linux 6.9", { .pid = PID, .mm = 1, THREADS }, 501,
		  .tid_err = -EINVAL, .err = -EISDIR, .leader = PID },
		{ "a thread with an inode", { .pid = PID, .mm = 1, THREADS }, 501, 9000,
		  .err = -EISDIR, .leader = PID },
		{ "EINVAL of a process that is just reaped", { .pid = PID, .mm = 1, .open_err = -EINVAL },
		  PID, .err = -ESRCH },
		{ "ENOENT, and its status cannot be read",
		  { .pid = PID, .mm = 1, .open_err = -ENOENT, .status_err = -ESRCH }, PID, .err = -ESRCH },
		{ "no descriptors left", { .pid = PID, .mm = 1, .open_err = -EMFILE }, PID, .err = -EMFILE },
		{ "no pidfd_open", { .pid = PID, .mm = 1, .open_err = -ENOSYS }, PID, .err = -ENOSYS },
		{ "alive, and hidepid hides it", { .pid = PID, .mm = 1, .proc_err = -ENOENT }, PID,
		  .err = -EACCES },
		{ "its directory is refused", { .pid = PID, .mm = 1, .proc_err = -EPERM }, PID,
		  .err = -EPERM },
		{ "its stat is rubbish", { .pid = PID, .mm = 1, .stat = "rubbish" }, PID, .err = -EBADMSG },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc p = rows[i].p;
		struct proc_ref ref, before;
		pid_t leader = -7;

		p.start_ticks = 12345;
		p.comm = "a)b c";
		begin(&p, 1);
		fake.tid_err = rows[i].tid_err;
		memset(&ref, 0x5a, sizeof(ref));
		before = ref;
		is_int(target_hold(&fake_sys, &self, rows[i].pid, rows[i].inode, &ref, &leader),
		       rows[i].err, "%s", rows[i].name);
		is_int(leader, rows[i].leader ? rows[i].leader : -7, "leader: %s", rows[i].name);
		if (rows[i].err) {
			ok(!memcmp(&ref, &before, sizeof(ref)), "nothing is said: %s",
			   rows[i].name);
		} else {
			is_int(ref.pid, PID, "PID: %s", rows[i].name);
			ok(ref.inode == p.inode, "inode: %s", rows[i].name);
			is_int(ref.start_ticks, 12345, "start: %s", rows[i].name);
			is_str(ref.comm, "a)b c", "comm: %s", rows[i].name);
			is_int(fake.open, 3, "two are open: %s", rows[i].name);
			target_release(&fake_sys, &ref);
			ok(ref.pidfd == -1 && ref.procfd == -1, "released: %s", rows[i].name);
			target_release(&fake_sys, &ref);
		}
		ok(end(), "all closed: %s", rows[i].name);
	}
}

/* The process is reaped and its number taken over, between any two calls. */
static int opens_until;

static void take_over(void)
{
	if (opens_until-- != 0)
		return;
	fake.procs[0].reaped = true;
	fake.procs[1].pid = PID;
	fake.procs[1].threads[0].tid = PID;
}

static void take_over_now(void)
{
	opens_until = 0;
	take_over();
}

static void test_reuse(void)
{
	static const struct fake_proc procs[] = {
		{ .pid = PID, .mm = 1, .inode = 9001, .comm = "mine", .start_ticks = 1 },
		{ .pid = 600, .mm = 2, .inode = 9002, .comm = "stranger", .start_ticks = 2 },
	};
	struct proc_ref ref;
	pid_t leader;

	for (int with_inode = 0; with_inode < 2; with_inode++) {
		begin(procs, 2);
		fake.on_open = take_over;
		opens_until = 0;
		is_int(target_hold(&fake_sys, &self, PID, with_inode ? 9001 : 0, &ref, &leader),
		       -ESRCH, "taken over before its directory is opened");
		fake.on_open = NULL;
		ok(end(), "all closed");

		begin(procs, 2);
		fake.on_signal = take_over_now;
		is_int(target_hold(&fake_sys, &self, PID, with_inode ? 9001 : 0, &ref, &leader),
		       -ESRCH, "taken over before it is seen to be alive");
		fake.on_signal = NULL;
		ok(end(), "all closed");
	}
	begin(procs, 2);
	take_over_now();
	is_int(target_hold(&fake_sys, &self, PID, 9001, &ref, &leader), -ESTALE,
	       "taken over before all of it");
	is_int(target_hold(&fake_sys, &self, PID, 0, &ref, &leader), 0,
	       "without an inode nobody can know");
	is_str(ref.comm, "stranger", "but it is held as what it is");
	target_release(&fake_sys, &ref);
	ok(end(), "all closed");
}

/* An execve by another thread than the leader, met so many times. */
static int execs_left;

static void meet_execve(void)
{
	fake.procs[0].proc_err = execs_left > 0 ? -ENOENT : 0;
	execs_left--;
}

static void name_thread(void)
{
	fake.procs[0].stat =
		execs_left-- > 0 ? "501 (old) Z 1 1 1 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0 0 0 "
				   "0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
				 : NULL;
}

static void test_execve(void)
{
	static const struct fake_proc procs[] = {
		{ .pid = PID, .mm = 1, .inode = 9001, .comm = "mine" },
	};
	static void (*const ways[])(void) = { meet_execve, name_thread };
	struct proc_ref ref;
	pid_t leader;

	for (size_t i = 0; i < UNIT_ROWS(ways); i++) {
		for (int times = 1; times <= 4; times++) {
			begin(procs, 1);
			fake.on_open = ways[i];
			execs_left = times;
			is_int(target_hold(&fake_sys, &self, PID, 9001, &ref, &leader), 0,
			       "%d execve are met", times);
			is_str(ref.comm, "mine", "the directory is its own");
			fake.on_open = NULL;
			target_release(&fake_sys, &ref);
			ok(end(), "all closed");
		}
	}
}

static void test_hold_fd(void)
{
	/* clang-format off */
	static const struct {
		const char *name, *fdinfo;
		struct fake_proc p;
		int err;
	} rows[] = {
		{ "an inherited pidfd", "pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t9001\nPid:\t500\nNSpid:\t500\n",
		  { .pid = PID, .mm = 1, .inode = 9001 } },
		{ "on a kernel without inodes", "Pid:\t500\n", { .pid = PID, .mm = 1 } },
		{ "its process was reaped", "Pid:\t-1\n", { .pid = PID, .mm = 1 }, -ESRCH },
		{ "reaped, and somebody else has the number", "Pid:\t600\n",
		  { .pid = PID, .mm = 1, .inode = 9001 }, -ESRCH },
		{ "reaped meanwhile", "Pid:\t500\n", { .pid = PID, .mm = 1, .reaped = true }, -ESRCH },
		{ "of a foreign PID namespace", "Pid:\t0\nNSpid:\t0\n", { .pid = PID, .mm = 1 }, -EREMOTE },
		{ "no pidfd at all", "pos:\t0\nflags:\t0100000\n", { .pid = PID, .mm = 1 }, -EBADF },
		{ "a number that is 500 in 32 bits", "Pid:\t4294967796\n", { .pid = PID, .mm = 1 }, -EBADF },
		{ "not open", NULL, { .pid = PID, .mm = 1 }, -EBADF },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc procs[] = { rows[i].p, { .pid = 600, .mm = 2, .inode = 9002 } };
		struct proc_ref ref, before;
		pid_t tid, leader;
		char name[40];
		int fd;

		procs[0].reaped = false;
		begin(procs, 2);
		fd = fake_sys.pidfd_open(PID);
		fake.procs[0].reaped = rows[i].p.reaped;
		snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
		if (rows[i].fdinfo) {
			fake.files[0].path = name;
			fake.files[0].text = rows[i].fdinfo;
		}
		memset(&ref, 0x5a, sizeof(ref));
		before = ref;
		is_int(target_hold_fd(&fake_sys, &self, fd, &ref, &tid, &leader), rows[i].err, "%s",
		       rows[i].name);
		if (rows[i].err) {
			ok(!memcmp(&ref, &before, sizeof(ref)), "nothing is said: %s",
			   rows[i].name);
		} else {
			is_int(ref.pid, PID, "PID: %s", rows[i].name);
			ok(ref.pidfd != fd, "a pidfd of its own: %s", rows[i].name);
			target_release(&fake_sys, &ref);
		}
		is_int(fake_sys.close(fd), 0, "the inherited one is still the caller's: %s",
		       rows[i].name);
		ok(end(), "all closed: %s", rows[i].name);
	}
}

/* On a kernel without inodes only the inherited pidfd itself can tell. */
static void test_hold_fd_reuse(void)
{
	static const struct fake_proc procs[] = { { .pid = PID, .mm = 1, .comm = "mine" },
						  { .pid = 600, .mm = 2, .comm = "stranger" } };
	struct proc_ref ref;
	pid_t tid, leader;
	char name[40];
	int fd;

	begin(procs, 2);
	fd = fake_sys.pidfd_open(PID);
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	fake.files[0].path = name;
	fake.files[0].text = "Pid:\t500\n"; /* read before it was reaped */
	take_over_now();
	is_int(target_hold_fd(&fake_sys, &self, fd, &ref, &tid, &leader), -ESRCH,
	       "the number is a stranger's by now");
	fake_sys.close(fd);
	ok(end(), "all closed");
}

/* --- many ----------------------------------------------------------------------------------- */

struct want {
	pid_t pid;
	int err;
	enum outcome outcome;
	enum reason reason;
};

static void test_resolve(void)
{
	/* clang-format off */
	static const struct fake_proc world[] = {
		{ .pid = PID, .mm = 1, .inode = 9001 },
		{ .pid = 510, .mm = 2, .inode = 9010 },
		{ .pid = 520, .mm = 3, .inode = 9020, .proc_err = -ENOENT },
		{ .pid = 530, .mm = 4, .inode = 9030, .open_err = -EMFILE },
		{ .pid = 540, .mm = 5, .inode = 9040, .open_err = -ENOSYS },
		{ .pid = 550, .mm = 6 },
		{ .pid = 560, .mm = 7, .proc_err = -EPERM },
	};
#define P(n) { .kind = SPEC_PID, .pid = n }
#define SELECTED(n) { .kind = SPEC_PID, .pid = n, .selected = true }
#define PI(n, i) { .kind = SPEC_PID_INODE, .pid = n, .inode = i }
#define FD(n) { .kind = SPEC_PIDFD, .fd = n }
#define GONE(n) { n, -ESRCH, OUTCOME_NO_PROCESS, REASON_NOT_FOUND }
	static const struct {
		const char *name;
		struct target_spec specs[5];
		size_t n;
		struct want want[5];
		size_t n_want;
	} rows[] = {
		{ "none", { P(1) }, 0, { { 0 } }, 0 },
		{ "one", { P(PID) }, 1, { { PID } }, 1 },
		{ "two", { P(PID), P(510) }, 2, { { PID }, { 510 } }, 2 },
		{ "in the order given", { P(510), P(PID) }, 2, { { 510 }, { PID } }, 2 },
		{ "the same twice", { P(PID), P(510), P(PID) }, 3, { { PID }, { 510 } }, 2 },
		{ "the same by number and inode", { P(PID), PI(PID, 9001) }, 2, { { PID } }, 1 },
		{ "the same by inode and number", { PI(PID, 9001), P(PID) }, 2, { { PID } }, 1 },
		{ "the same, typed and selected", { P(PID), SELECTED(PID) }, 2, { { PID } }, 1 },
		{ "gone", { P(4711) }, 1, { GONE(4711) }, 1 },
		{ "gone, twice", { P(4711), P(4711) }, 2, { GONE(4711) }, 1 },
		{ "gone among others", { P(PID), P(4711), P(510) }, 3,
		  { { PID }, GONE(4711), { 510 } }, 3 },
		{ "a selected one is gone: a success", { SELECTED(4711) }, 1,
		  { { 4711, -ESRCH, OUTCOME_EXITED, REASON_VANISHED } }, 1 },
		{ "reused", { PI(PID, 77) }, 1, { { PID, -ESTALE, OUTCOME_NO_PROCESS, REASON_INODE_DIFFERS } },
		  1 },
		{ "reused, and the right one beside it", { PI(PID, 77), PI(PID, 9001) }, 2,
		  { { PID, -ESTALE, OUTCOME_NO_PROCESS, REASON_INODE_DIFFERS }, { PID } }, 2 },
		{ "no inodes in this kernel", { PI(550, 77) }, 1,
		  { { 550, -EOPNOTSUPP, OUTCOME_UNSUPPORTED, REASON_NO_PIDFS_INODE } }, 1 },
		{ "hidden", { P(520) }, 1, { { 520, -EACCES, OUTCOME_DENIED, REASON_ERRNO } }, 1 },
		{ "refused", { P(560) }, 1, { { 560, -EPERM, OUTCOME_DENIED, REASON_ERRNO } }, 1 },
		{ "no descriptors left", { P(530) }, 1, { { 530, -EMFILE, OUTCOME_FAILED, REASON_ERRNO } }, 1 },
		{ "no pidfds", { P(540) }, 1, { { 540, -ENOSYS, OUTCOME_UNSUPPORTED, REASON_ERRNO } }, 1 },
		{ "two descriptors that are none are two", { FD(8), FD(9) }, 2,
		  { { 0, -EBADF, OUTCOME_FAILED, REASON_ERRNO }, { 0, -EBADF, OUTCOME_FAILED, REASON_ERRNO } },
		  2 },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct target_error error = { 0 };
		struct target *targets = NULL;
		size_t n = 99;

		begin(world, (int)UNIT_ROWS(world));
		is_int(target_resolve(&fake_sys, &self, rows[i].specs, rows[i].n, &targets, &n,
				      &error),
		       0, "%s", rows[i].name);
		is_int(n, rows[i].n_want, "number: %s", rows[i].name);
		for (size_t k = 0; k < n && k < rows[i].n_want; k++) {
			const struct want *w = &rows[i].want[k];

			is_int(targets[k].ref.pid, w->pid, "PID: %s", rows[i].name);
			is_int(targets[k].err, w->err, "errno: %s", rows[i].name);
			ok((targets[k].ref.pidfd >= 0) == !w->err, "held or not: %s", rows[i].name);
			if (!w->err)
				continue;
			is_int(targets[k].outcome, w->outcome, "outcome: %s", rows[i].name);
			is_int(targets[k].reason, w->reason, "reason: %s", rows[i].name);
		}
		target_free(&fake_sys, targets, n);
		ok(end(), "all closed: %s", rows[i].name);
	}
}

/* A thread where a process was meant: a usage error, and nothing stays held. */
static void test_resolve_thread(void)
{
	static const struct fake_proc world[] = {
		{ .pid = PID, .mm = 1, .comm = "mine", .threads = { { PID }, { 501 } } },
		{ .pid = 510, .mm = 2 },
		{ .pid = 520, .mm = 3, .comm = "hidden", .threads = { { 520 }, { 521 } } },
	};
	static const struct target_spec specs[] = { P(510), P(501), P(PID) }, hidden[] = { P(521) };
	struct target *targets = (struct target *)world;
	struct target_error error = { 0 };
	size_t n = 99;

	begin(world, 3);
	is_int(target_resolve(&fake_sys, &self, specs, 3, &targets, &n, &error), -EINVAL,
	       "a thread");
	is_int(error.tid, 501, "which one");
	is_int(error.leader, PID, "of which process");
	is_str(error.comm, "mine", "and its name");
	ok(targets == (struct target *)world && n == 99, "nothing is returned");
	ok(end(), "and nothing is held");

	begin(world, 3);
	fake.procs[2].open_err = -EMFILE;
	is_int(target_resolve(&fake_sys, &self, hidden, 1, &targets, &n, &error), -EINVAL,
	       "a thread of a process that cannot be held");
	is_int(error.leader, 520, "its process is told");
	is_str(error.comm, "", "without a name");
	ok(end(), "and nothing is held");
}

static void test_resolve_fd(void)
{
	static const struct fake_proc world[] = { { .pid = PID, .mm = 1, .inode = 9001 } };
	struct target_spec specs[] = { P(PID), FD(0) };
	struct target_error error = { 0 };
	struct target *targets;
	char name[40];
	size_t n;
	int fd;

	begin(world, 1);
	fd = fake_sys.pidfd_open(PID);
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	fake.files[0].path = name;
	fake.files[0].text = "Pid:\t500\n";
	specs[1].fd = fd;
	is_int(target_resolve(&fake_sys, &self, specs, 2, &targets, &n, &error), 0,
	       "PID and pidfd");
	is_int(n, 1, "of one process are one target");
	target_free(&fake_sys, targets, n);
	is_int(target_resolve(&fake_sys, &self, specs + 1, 1, &targets, &n, &error), 0, "by pidfd");
	is_int(targets[0].ref.pid, PID, "the number comes from its fdinfo");
	target_free(&fake_sys, targets, n);
	is_int(fake_sys.close(fd), 0, "the inherited one is left open");
	ok(end(), "all closed");
}

int main(void)
{
	RUN(test_hold);
	RUN(test_reuse);
	RUN(test_execve);
	RUN(test_hold_fd);
	RUN(test_hold_fd_reuse);
	RUN(test_resolve);
	RUN(test_resolve_thread);
	RUN(test_resolve_fd);
	return unit_done();
}
