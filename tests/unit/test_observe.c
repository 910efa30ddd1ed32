// SPDX-License-Identifier: GPL-2.0-or-later

/* Looking at processes, on a kernel of paper: what no real machine shows on demand. */

#include <sched.h>
#include <unistd.h>

#include "fake_sys.h"
#include "unit.h"

/* What a row does not say is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define SIGKILL_BIT (UINT64_C(1) << 8)
#define HEAD UINT64_C(0x7f0000001000)
#define HEAD32 UINT64_C(0xf7001000)
#define PID 500
#define ZOMBIE 900

#define zombie_row                                                                      \
	{                                                                               \
		.pid = ZOMBIE, .ppid = 1, .threads = { { ZOMBIE, 'Z', .no_mm = true } } \
	}

static const struct fake_proc zombie = zombie_row;

static int open_proc_dir(pid_t pid)
{
	char name[32];

	snprintf(name, sizeof(name), "/proc/%d", (int)pid);
	return fake_sys.open_at(AT_FDCWD, name, O_DIRECTORY);
}

static struct proc_ref hold(pid_t pid)
{
	return (struct proc_ref){ .pid = pid,
				  .pidfd = fake_sys.pidfd_open(pid),
				  .procfd = open_proc_dir(pid) };
}

static void let_go(struct proc_ref *ref)
{
	fake_sys.close(ref->pidfd);
	fake_sys.close(ref->procfd);
}

/* --- one process ------------------------------------------------------------------------ */

static void test_view(void)
{
	static pid_t ancestors[] = { 76, 70, 1 };
	static const struct run_self self = { .pid = 77, .ancestors = ancestors, .n_ancestors = 3 };
	/* clang-format off */
#define DEAD_LEADER { { .tid = PID, .state = 'Z', .flags = PF_EXITING, .no_mm = true }, { .tid = 501 } }
	static const struct {
		const char *name;
		struct fake_proc p;
		struct plan_view want;
	} rows[] = {
		{ "a sleeping process", { .pid = PID, .mm = 1 }, { .has_mm = true } },
		{ "PID 1", { .pid = 1, .mm = 1 }, { .has_mm = true, .init = true, .ancestor = true } },
		{ "the init of a child namespace", { .pid = PID, .mm = 1, .ns_pids = "500\t1" },
		  { .has_mm = true, .ns_init = true } },
		{ "the init of a grandchild namespace", { .pid = PID, .mm = 1, .ns_pids = "500\t9\t1" },
		  { .has_mm = true, .ns_init = true } },
		{ "a member of 3,000 groups", { .pid = PID, .mm = 1, .n_groups = 3000 }, { .has_mm = true } },
		{ "of as many as there can be, a core dump is written, and all wait for its end",
		  { .pid = PID, .mm = 1, .n_groups = 65536, .ns_pids = "500\t1", .core_dumping = true,
		    .vm_size_kib = UNKNOWN, .start_code = 1, .shd_pending = SIGKILL_BIT },
		  { .has_mm = true, .ns_init = true, .core_dumping = true, .dying = true } },
		{ "not its init", { .pid = PID, .mm = 1, .ns_pids = "500\t2" }, { .has_mm = true } },
		{ "the init of a namespace between is none of its own",
		  { .pid = PID, .mm = 1, .ns_pids = "500\t1\t7" }, { .has_mm = true } },
		{ "we ourselves", { .pid = 77, .mm = 1 }, { .has_mm = true, .self = true } },
		{ "our parent", { .pid = 76, .mm = 1 }, { .has_mm = true, .ancestor = true } },
		{ "its parent", { .pid = 70, .mm = 1 }, { .has_mm = true, .ancestor = true } },
		{ "a kernel thread", { .pid = PID, .threads = { { .tid = PID, .flags = PF_KTHREAD } } },
		  { .kthread = true } },

		{ "a zombie",
		  { .pid = PID, .exited = true, .threads = { { PID, 'Z', PF_EXITING } } },
		  { .zombie = true, .exited = true, .exiting = true, .dying = true } },
		{ "looks like one while another thread executes a program: the pidfd knows",
		  { .pid = PID, .threads = { { PID, 'Z', PF_EXITING } } },
		  { .exiting = true, .dying = true } },
		{ "the pidfd says that it has exited, before its state does",
		  { .pid = PID, .exited = true, .threads = { { .tid = PID, .flags = PF_EXITING } } },
		  { .zombie = true, .exited = true, .exiting = true, .dying = true } },
		{ "a dead leader with a living thread",
		  { .pid = PID, .mm = 1, .threads = DEAD_LEADER }, { .has_mm = true, .exiting = true } },
		{ "a dead leader whose threads are killed",
		  { .pid = PID, .mm = 1, .exit_code = 9, .threads = DEAD_LEADER },
		  { .has_mm = true, .exiting = true, .dying = true } },
		{ "a dead leader that ended with status 5, and its threads live on",
		  { .pid = PID, .mm = 1, .exit_code = 5 << 8, .threads = DEAD_LEADER },
		  { .has_mm = true, .exiting = true } },
		{ "inside exit_mmap",
		  { .pid = PID, .threads = { { .tid = PID, .state = 'R', .flags = PF_EXITING } } },
		  { .exiting = true, .dying = true } },
		{ "exiting, and still with its mm",
		  { .pid = PID, .mm = 1, .threads = { { .tid = PID, .state = 'R', .flags = PF_EXITING } } },
		  { .has_mm = true, .exiting = true, .dying = true } },
		{ "an mm without a single VMA", { .pid = PID, .mm = 1, .vm_size_kib = UNKNOWN },
		  { .has_mm = true } },
		{ "memory lines hidden, the code address tells",
		  { .pid = PID, .mm = 1, .vm_size_kib = NO_VM_SIZE }, { .has_mm = true } },

		{ "SIGKILL waits for the group", { .pid = PID, .mm = 1, .shd_pending = SIGKILL_BIT },
		  { .has_mm = true, .dying = true } },
		{ "SIGKILL waits for the thread", { .pid = PID, .mm = 1, .sig_pending = SIGKILL_BIT },
		  { .has_mm = true, .dying = true } },
		{ "another signal waits",
		  { .pid = PID, .mm = 1, .shd_pending = ~SIGKILL_BIT, .sig_pending = SIGKILL_BIT << 1 },
		  { .has_mm = true } },
		{ "a fatal signal was taken",
		  { .pid = PID, .mm = 1, .threads = { { .tid = PID, .flags = PF_SIGNALED } } },
		  { .has_mm = true, .dying = true } },
		{ "the group exits by a signal", { .pid = PID, .mm = 1, .exit_code = 9 },
		  { .has_mm = true, .dying = true } },
		{ "the group exits with status 1", { .pid = PID, .mm = 1, .exit_code = 256 },
		  { .has_mm = true, .dying = true } },
		{ "stopped by SIGSTOP", { .pid = PID, .mm = 1, .exit_code = 19 }, { .has_mm = true } },
		{ "stopped by SIGTSTP", { .pid = PID, .mm = 1, .exit_code = 20 }, { .has_mm = true } },
		{ "stopped by SIGTTIN", { .pid = PID, .mm = 1, .exit_code = 21 }, { .has_mm = true } },
		{ "stopped by SIGTTOU", { .pid = PID, .mm = 1, .exit_code = 22 }, { .has_mm = true } },
		{ "killed by the signal above those", { .pid = PID, .mm = 1, .exit_code = 23 },
		  { .has_mm = true, .dying = true } },
		{ "killed by the signal below those", { .pid = PID, .mm = 1, .exit_code = 18 },
		  { .has_mm = true, .dying = true } },
		{ "a core dump is written", { .pid = PID, .mm = 1, .core_dumping = true },
		  { .has_mm = true, .core_dumping = true } },

		{ "in the v1 freezer",
		  { .pid = PID, .mm = 1, .wchan = "__refrigerator", .threads = { { .tid = PID, .state = 'D' } } },
		  { .has_mm = true, .frozen = true } },
		{ "its v1 cgroup is frozen, whatever it sleeps in",
		  { .pid = PID, .mm = 1, .cgroup = "6:freezer:/x\n0::/\n", .freezer = "FROZEN\n" },
		  { .has_mm = true, .frozen = true } },
		{ "its v1 cgroup is about to be",
		  { .pid = PID, .mm = 1, .cgroup = "6:freezer:/x\n0::/\n", .freezer = "FREEZING\n" },
		  { .has_mm = true, .frozen = true } },
		{ "its v1 cgroup is not",
		  { .pid = PID, .mm = 1, .cgroup = "6:freezer:/x\n0::/\n", .freezer = "THAWED\n" },
		  { .has_mm = true } },
		{ "its v1 cgroup cannot be read",
		  { .pid = PID, .mm = 1, .cgroup = "6:freezer:/y\n0::/\n", .freezer = "FROZEN\n" },
		  { .has_mm = true } },
		{ "the root is never frozen",
		  { .pid = PID, .mm = 1, .cgroup = "6:freezer:/\n0::/x\n", .freezer = "FROZEN\n" },
		  { .has_mm = true } },
		{ "on its way out of it", { .pid = PID, .mm = 1, .wchan = "__refrigerator" },
		  { .has_mm = true } },
		{ "in another wait",
		  { .pid = PID, .mm = 1, .wchan = "do_exit", .threads = { { .tid = PID, .state = 'D' } } },
		  { .has_mm = true } },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct status_facts status = { 0 };
		struct plan_view got;
		struct proc_ref ref;
		bool same;

		fake_begin(&rows[i].p, 1);
		if (rows[i].p.freezer) {
			fake.files[0].path = "/sys/fs/cgroup/freezer/x/freezer.state";
			fake.files[0].text = rows[i].p.freezer;
			fake.files[1].path = "/sys/fs/cgroup/freezer//freezer.state";
			fake.files[1].text = rows[i].p.freezer;
		}
		ref = hold(rows[i].p.pid);
		is_int(observe_view(&fake_sys, &self, &ref, &got, &status), 0, "%s", rows[i].name);
		same = got.init == rows[i].want.init && got.ns_init == rows[i].want.ns_init &&
		       got.self == rows[i].want.self && got.ancestor == rows[i].want.ancestor &&
		       got.kthread == rows[i].want.kthread && got.zombie == rows[i].want.zombie &&
		       got.has_mm == rows[i].want.has_mm && got.exiting == rows[i].want.exiting &&
		       got.dying == rows[i].want.dying && got.frozen == rows[i].want.frozen &&
		       got.core_dumping == rows[i].want.core_dumping &&
		       got.exited == rows[i].want.exited;
		if (!ok(same, "view of: %s", rows[i].name))
			note("init %d ns_init %d self %d ancestor %d kthread %d zombie %d has_mm %d "
			     "exiting %d dying %d core %d frozen %d exited %d",
			     got.init, got.ns_init, got.self, got.ancestor, got.kthread, got.zombie,
			     got.has_mm, got.exiting, got.dying, got.core_dumping, got.frozen,
			     got.exited);
		is_int(status.tgid, rows[i].p.pid, "status of: %s", rows[i].name);
		let_go(&ref);
		ok(fake_end(), "all closed: %s", rows[i].name);
	}
}

static void test_view_errors(void)
{
	static const struct run_self self = { .pid = 77 };
	static const struct {
		const char *name;
		struct fake_proc p;
		int err;
	} rows[] = {
		{ "the stat line is rubbish",
		  { .pid = PID, .mm = 1, .stat = "rubbish" },
		  -EBADMSG },
		{ "status cannot be read",
		  { .pid = PID, .mm = 1, .status_err = -EACCES },
		  -EACCES },
		{ "gone between the two", { .pid = PID, .mm = 1, .status_err = -ESRCH }, -ESRCH },
	};
	struct plan_view view, before;
	struct proc_ref ref;

	memset(&view, 0x5a, sizeof(view));
	before = view;
	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		fake_begin(&rows[i].p, 1);
		ref = hold(PID);
		is_int(observe_view(&fake_sys, &self, &ref, &view, NULL), rows[i].err, "%s",
		       rows[i].name);
		ok(!memcmp(&view, &before, sizeof(view)), "nothing is said: %s", rows[i].name);
		let_go(&ref);
	}
	/* The number is somebody else's by now: the held directory does not lead there. */
	fake_begin((struct fake_proc[]){ { .pid = PID, .mm = 1 }, { .pid = 501, .mm = 2 } }, 2);
	ref = hold(PID);
	fake.procs[0].reaped = true;
	fake.procs[1].pid = PID;
	is_int(observe_view(&fake_sys, &self, &ref, &view, NULL), -ESRCH, "reaped, the PID reused");
	ok(!memcmp(&view, &before, sizeof(view)), "nothing is said of the stranger");
	let_go(&ref);
	ok(fake_end(), "all closed");

	fake_begin(&rows[0].p, 1);
	fake.procs[0].stat = NULL;
	ref = hold(PID);
	is_int(observe_view(&fake_sys, &self, &ref, &view, NULL), 0, "status is not wanted");
	let_go(&ref);
}

static void begin_self(const struct fake_proc *procs, int n)
{
	fake_begin(procs, n);
	fake.self = getpid();
}

static void test_self(void)
{
	struct fake_proc procs[4] = { { .pid = getpid(), .ppid = getppid(), .mm = 4 },
				      { .pid = getppid(), .ppid = 33, .mm = 1 },
				      { .pid = 33, .ppid = 1, .mm = 2 },
				      { .pid = 1, .ppid = 0, .mm = 3 } };
	struct run_self self;

	begin_self(procs, 4);
	is_int(observe_self(&fake_sys, &self), 0, "found");
	is_int(self.pid, getpid(), "our PID");
	ok(self.page_bytes >= 4096, "our page size");
	ok(!observe_is_tracer(&fake_sys, &self, 33), "nobody traces us");
	observe_free_self(&fake_sys, &self);
	ok(fake_end(), "all closed");

	/* Told is the thread of it that does. */
	procs[0].threads[0].tracer = 34;
	procs[2].threads[0].tid = 33;
	procs[2].threads[1].tid = 34;
	begin_self(procs, 4);
	is_int(observe_self(&fake_sys, &self), 0, "traced");
	ok(observe_is_tracer(&fake_sys, &self, 33), "by the process of that thread");
	ok(!observe_is_tracer(&fake_sys, &self, 1), "and by no other");
	observe_free_self(&fake_sys, &self);
	ok(fake_end(), "all closed");

	begin_self(procs, 4);
	fake.not_procfs = -ENOTTY;
	is_int(observe_self(&fake_sys, &self), -ENOTTY, "/proc is something else");
	ok(fake_end(), "and closed again");
	begin_self(procs, 4);
	fake.self = 33;
	is_int(observe_self(&fake_sys, &self), -EXDEV, "/proc of a PID namespace around ours");
	ok(fake_end(), "and closed again");
	begin_self(procs, 4);
	fake.self = 0;
	is_int(observe_self(&fake_sys, &self), -EXDEV, "/proc of another PID namespace");
	ok(fake_end(), "and closed again");
	begin_self(procs, 4);
	fake.procs[0].status_cut = 1;
	is_int(observe_self(&fake_sys, &self), -EBADMSG, "we cannot be read ourselves");
	ok(fake_end(), "and closed again");
}

static void test_ancestors(void)
{
	struct fake_proc procs[4] = {
		{ .pid = getpid(), .ppid = getppid(), .mm = 4, .start_ticks = 900 },
		{ .pid = getppid(), .ppid = 33, .mm = 1, .start_ticks = 800 },
		{ .pid = 33, .ppid = 1, .mm = 2, .start_ticks = 800 },
		{ .pid = 1, .ppid = 0, .mm = 3, .start_ticks = 5 }
	};
	static const struct {
		const char *name;
		uint64_t since;
		size_t n;
	} rows[] = {
		{ "all of them", 0, 3 },
		{ "up to the oldest", 4, 3 },
		{ "as old as init", 5, 3 },
		{ "one tick later", 6, 3 },
		{ "as old as two: either may be the elder", 800, 3 },
		{ "younger than our parent: it is none", 801, 1 },
		{ "nobody is asked about", UINT64_MAX, 1 },
	};
	struct run_self self = { .pid = getpid() };

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		begin_self(procs, 4);
		self.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY);
		is_int(observe_ancestors(&fake_sys, &self, rows[i].since), 0, "%s", rows[i].name);
		is_int(self.n_ancestors, rows[i].n, "%s", rows[i].name);
		is_int(self.ancestors[0], getppid(), "the parent");
		ok(self.n_ancestors < 2 || self.ancestors[1] == 33, "its parent");
		ok(self.n_ancestors < 3 || self.ancestors[2] == 1, "and init");
		ok(observe_is_ancestor(&self, getppid()), "is one");
		is_int(observe_is_ancestor(&self, 1), rows[i].n == 3, "init: where it was found");
		ok(!observe_is_ancestor(&self, 34), "is none");
		observe_free_self(&fake_sys, &self);
		self.ancestors = NULL;
		ok(fake_end(), "all closed");
	}

	/* The parent of our parent is in another PID namespace. */
	procs[1].ppid = 0;
	begin_self(procs, 2);
	self.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY);
	is_int(observe_ancestors(&fake_sys, &self, 0), 0, "outside of our PID namespace");
	is_int(self.n_ancestors, 1, "one ancestor that can be seen");

	/* It ended, and a race shows no more of the tree. */
	fake.procs[1].ppid = 4711;
	is_int(observe_ancestors(&fake_sys, &self, 0), 0, "it ends meanwhile");
	is_int(self.n_ancestors, 2, "what is not seen protects itself by its number");

	fake.procs[1].ppid = getppid();
	is_int(observe_ancestors(&fake_sys, &self, 0), 0, "a /proc that goes round in a circle");
	is_int(self.n_ancestors, 1, "ends");
	observe_free_self(&fake_sys, &self);
	ok(fake_end(), "all closed");
}

/* Beyond an ancestor that /proc hides there are others. */
static void test_ancestors_hidden(void)
{
	struct fake_proc procs[4] = {
		{ .pid = getpid(), .ppid = getppid(), .mm = 4, .start_ticks = 900 },
		{ .pid = getppid(), .ppid = 33, .mm = 1, .start_ticks = 800, .proc_err = -ENOENT },
		{ .pid = 33, .ppid = 1, .mm = 2, .start_ticks = 700, .proc_err = -EPERM },
		{ .pid = 1, .ppid = 0, .mm = 3, .start_ticks = 5 }
	};
	struct run_self self = { .pid = getpid() };

	begin_self(procs, 4);
	self.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY);
	is_int(observe_ancestors(&fake_sys, &self, 0), 0, "two are hidden");
	is_int(self.n_ancestors, 3, "their pidfds lead on");
	ok(observe_is_ancestor(&self, 1), "up to init");
	is_int(observe_ancestors(&fake_sys, &self, 850), 0, "since our parent is older");
	ok(observe_is_ancestor(&self, 33), "how old who is hidden is nobody knows");
	fake.procs[2].parent_err = -ENOTTY;
	is_int(observe_ancestors(&fake_sys, &self, 0), 0, "an older kernel");
	is_int(self.n_ancestors, 2, "knows no further");
	observe_free_self(&fake_sys, &self);
	ok(fake_end(), "all closed");
}

/* --- files of a victim -------------------------------------------------------------------- */

static void test_files(void)
{
	static const struct {
		const char *name;
		struct fake_proc p;
		int err, bits;
	} rows[] = {
		{ "all can be opened", { .pid = PID, .mm = 1 }, 0, 64 },
		{ "32-bit", { .pid = PID, .mm = 1, .bits = 32 }, 0, 32 },
		{ "no auxiliary vector", { .pid = PID, .mm = 1, .bits = -1 }, 0, 0 },
		{ "mem is refused", { .pid = PID, .mm = 1, .mem_open_err = -EACCES }, -EACCES, 64 },
		{ "pagemap is refused",
		  { .pid = PID, .mm = 1, .pagemap_err = -EPERM },
		  -EPERM,
		  64 },
		{ "both, differently",
		  { .pid = PID, .mm = 1, .pagemap_err = -EPERM, .mem_open_err = -EACCES },
		  -EACCES,
		  64 },
		{ "a kernel without pagemap",
		  { .pid = PID, .mm = 1, .pagemap_err = -ENOENT },
		  -ENOENT,
		  64 },
		{ "EACCES of both, and it has an mm: they are not ours",
		  { .pid = PID, .mm = 1, .pagemap_err = -EACCES, .mem_open_err = -EACCES },
		  -EACCES,
		  64 },
		{ "EACCES of both, and it has none: there is nothing to open",
		  { .pid = PID, .pagemap_err = -EACCES, .mem_open_err = -EACCES },
		  -ESRCH,
		  0 },
		{ "EACCES of both, the leader is dead, and a thread has an mm: they are not ours",
		  { .pid = PID,
		    .mm = 1,
		    .pagemap_err = -EACCES,
		    .mem_open_err = -EACCES,
		    .threads = { { PID, 'Z', PF_EXITING, .no_mm = true },
				 { 501, 'S', .no_mm = true },
				 { 502, 'S' } } },
		  -EACCES,
		  64 },
		{ "EACCES of both, the leader is dead, and no thread has an mm",
		  { .pid = PID,
		    .mm = 1,
		    .pagemap_err = -EACCES,
		    .mem_open_err = -EACCES,
		    .threads = { { PID, 'Z', PF_EXITING, .no_mm = true },
				 { 501, 'S', .no_mm = true } } },
		  -ESRCH,
		  0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct victim_fds fds;
		struct proc_ref ref;

		fake_begin(&rows[i].p, 1);
		ref = hold(PID);
		observe_open(&fake_sys, &ref, &fds);
		is_int(fds.err, rows[i].err, "%s", rows[i].name);
		is_int(fds.bits, rows[i].bits, "its width: %s", rows[i].name);
		ok(fds.task >= 0 && fds.stat >= 0 && fds.statm >= 0, "the rest is open: %s",
		   rows[i].name);
		ok((fds.mem < 0) == !!rows[i].p.mem_open_err &&
			   (fds.pagemap < 0) == !!rows[i].p.pagemap_err,
		   "only what was refused is missing: %s", rows[i].name);
		observe_close(&fake_sys, &fds);
		ok(fds.task == -1 && fds.pagemap == -1 && fds.mem == -1 && fds.stat == -1 &&
			   fds.statm == -1,
		   "closed once: %s", rows[i].name);
		observe_close(&fake_sys, &fds);
		let_go(&ref);
		ok(fake_end(), "all closed: %s", rows[i].name);
	}
}

static void lose_501(void)
{
	fake_drop_thread(&fake.procs[0], 501);
}

/* The leader is dead: the mm is found through a thread that has it. */
static void test_files_dead_leader(void)
{
	/* clang-format off */
	struct fake_proc p = { .pid = PID, .mm = 1, .bits = 32, .pagemap = -EINVAL, .next = HEAD32 + 64,
			       .threads = { { PID, 'Z', PF_EXITING, .no_mm = true },
					    { 501, 'S', .no_mm = true }, { 502, 'S', .list32 = HEAD32 } } };
	/* clang-format on */
	struct victim_fds fds;
	struct proc_ref ref;

	fake_begin(&p, 1);
	ref = hold(PID);
	observe_open(&fake_sys, &ref, &fds);
	is_int(fds.err, 0, "opened");
	is_int(fds.bits, 32, "its width");
	is_int(observe_mm(&fake_sys, &fds), MM_HELD, "its mm");
	is_int(observe_list(&fake_sys, &fds, 502), LIST_IN_USE, "its thread owns a lock");
	observe_close(&fake_sys, &fds);

	fake.entries = 1;
	observe_open(&fake_sys, &ref, &fds);
	is_int(fds.err, 0, "however many threads without an mm come first");
	is_int(observe_mm(&fake_sys, &fds), MM_HELD, "its mm is found");
	observe_close(&fake_sys, &fds);
	fake.entries = 0;

	fake.on_getdents = lose_501;
	observe_open(&fake_sys, &ref, &fds);
	is_int(fds.err, 0, "a thread ends before it is looked at");
	is_int(observe_mm(&fake_sys, &fds), MM_HELD, "and another has the mm");
	observe_close(&fake_sys, &fds);
	fake.on_getdents = NULL;

	fake.procs[0].threads[1].no_mm = true;
	observe_open(&fake_sys, &ref, &fds);
	is_int(fds.err, -ESRCH, "no thread has an mm");
	is_int(fds.bits, 0, "so its width is not known");
	observe_close(&fake_sys, &fds);
	let_go(&ref);
	ok(fake_end(), "all closed");
}

static void test_mm(void)
{
	static const struct {
		const char *name;
		int gives;
		enum plan_mm want;
	} rows[] = {
		{ "EINVAL: the mm is held", -EINVAL, MM_HELD },
		{ "0: nobody references it", 0, MM_UNREFERENCED },
		{ "EPERM says nothing", -EPERM, MM_UNKNOWN },
		{ "ESRCH says nothing", -ESRCH, MM_UNKNOWN },
		{ "a byte says nothing", 1, MM_UNKNOWN },
	};
	struct victim_fds none = { .pagemap = -1 };

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc p = { .pid = PID, .mm = 1, .pagemap = rows[i].gives };
		struct victim_fds fds;
		struct proc_ref ref;

		fake_begin(&p, 1);
		ref = hold(PID);
		observe_open(&fake_sys, &ref, &fds);
		fake.procs[0].reaped = true;
		is_int(observe_mm(&fake_sys, &fds), rows[i].want, "%s", rows[i].name);
		observe_close(&fake_sys, &fds);
		let_go(&ref);
		ok(fake_end(), "and the lock was not asked for");
	}
	is_int(observe_mm(&fake_sys, &none), MM_UNKNOWN, "not opened");
}

static void test_rss(void)
{
	static const struct {
		const char *name, *statm;
		bool reaped;
		int64_t want;
	} rows[] = {
		{ "resident pages", "9 7 3 0 0 0 0\n", false, 7 },
		{ "all taken, the mm is there", "9 0 0 0 0 0 0\n", false, 0 },
		{ "no mm any more", "0 0 0 0 0 0 0\n", false, UNKNOWN },
		{ "rubbish", "x", false, UNKNOWN },
		{ "reaped", "9 7 3 0 0 0 0\n", true, UNKNOWN },
	};
	struct victim_fds none = { .statm = -1 };

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc p = { .pid = PID, .mm = 1, .statm = rows[i].statm };
		struct victim_fds fds;
		struct proc_ref ref;

		fake_begin(&p, 1);
		ref = hold(PID);
		observe_open(&fake_sys, &ref, &fds);
		fake.procs[0].reaped = rows[i].reaped;
		is_int(observe_rss_pages(&fake_sys, &fds), rows[i].want, "%s", rows[i].name);
		observe_close(&fake_sys, &fds);
		let_go(&ref);
	}
	is_int(observe_rss_pages(&fake_sys, &none), UNKNOWN, "not opened");
}

/* --- robust lists ------------------------------------------------------------------------- */

static void drop_it(pid_t tid)
{
	fake_drop_thread(&fake.procs[0], tid);
}

static void test_list(void)
{
#define OTHER UINT64_C(0x7f0000002000)
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc p;
		enum list_state deep, pointer;
		bool vanishes;
	} rows[] = {
		{ "none registered", { .mm = 1 }, LIST_NULL, LIST_NULL },
		{ "empty: the head points at itself", { .mm = 1, .threads = { { PID, .list = HEAD } } },
		  LIST_EMPTY, LIST_IN_USE },
		{ "a lock is owned", { .mm = 1, .next = OTHER, .threads = { { PID, .list = HEAD } } },
		  LIST_IN_USE, LIST_IN_USE },
		{ "a lock is waited for", { .mm = 1, .pending = OTHER, .threads = { { PID, .list = HEAD } } },
		  LIST_IN_USE, LIST_IN_USE },
		{ "empty, bit 0 marks a PI futex",
		  { .mm = 1, .next = HEAD | 1, .threads = { { PID, .list = HEAD } } },
		  LIST_EMPTY, LIST_IN_USE },
		{ "a PI lock is owned",
		  { .mm = 1, .next = OTHER | 1, .threads = { { PID, .list = HEAD } } },
		  LIST_IN_USE, LIST_IN_USE },
		{ "EFAULT: the kernel cannot read it either",
		  { .mm = 1, .mem = -EFAULT, .threads = { { PID, .list = HEAD } } },
		  LIST_EMPTY, LIST_IN_USE },
		{ "EIO, as /proc/PID/mem says it",
		  { .mm = 1, .mem = -EIO, .threads = { { PID, .list = HEAD } } }, LIST_EMPTY, LIST_IN_USE },
		{ "the mm that was opened is gone, and it has a list: it lives in another one",
		  { .mm = 1, .mem = MEM_GONE, .threads = { { PID, .list = HEAD } } },
		  LIST_UNREADABLE, LIST_IN_USE },
		{ "half a head", { .mm = 1, .mem = MEM_SHORT, .threads = { { PID, .list = HEAD } } },
		  LIST_UNREADABLE, LIST_IN_USE },
		{ "EPERM of the memory", { .mm = 1, .mem = -EPERM, .threads = { { PID, .list = HEAD } } },
		  LIST_UNREADABLE, LIST_IN_USE },
		{ "the memory could not be opened",
		  { .mm = 1, .mem_open_err = -EACCES, .threads = { { PID, .list = HEAD } } },
		  LIST_UNREADABLE, LIST_IN_USE },
		{ "get_robust_list: EPERM", { .mm = 1, .threads = { { PID, .err = -EPERM } } },
		  LIST_UNREADABLE, LIST_UNREADABLE },
		{ "get_robust_list: ESRCH", { .mm = 1, .threads = { { PID, .err = -ESRCH } } },
		  LIST_NO_THREAD, LIST_NO_THREAD },
		{ "get_robust_list: ENOSYS", { .mm = 1, .threads = { { PID, .err = -ENOSYS } } },
		  LIST_UNREADABLE, LIST_UNREADABLE },
		{ "the number was a stranger's: in use", { .mm = 1, .next = OTHER,
		  .threads = { { PID, .list = HEAD } } }, LIST_NO_THREAD, LIST_NO_THREAD, .vanishes = true },
		{ "the number was a stranger's: EPERM", { .mm = 1, .threads = { { PID, .err = -EPERM } } },
		  LIST_NO_THREAD, LIST_NO_THREAD, .vanishes = true },

		{ "32-bit: the native entry says NULL, the other one owns a lock",
		  { .mm = 1, .bits = 32, .next = OTHER, .threads = { { PID, .list32 = HEAD32 } } },
		  LIST_IN_USE, LIST_IN_USE },
		{ "32-bit: empty", { .mm = 1, .bits = 32, .threads = { { PID, .list32 = HEAD32 } } },
		  LIST_EMPTY, LIST_IN_USE },
		{ "32-bit: waits", { .mm = 1, .bits = 32, .pending = 4,
		  .threads = { { PID, .list32 = HEAD32 } } }, LIST_IN_USE, LIST_IN_USE },
		{ "32-bit: the native list is in use, the other one empty",
		  { .mm = 1, .bits = 32, .next = HEAD32,
		    .threads = { { PID, .list = HEAD, .list32 = HEAD32 } } },
		  LIST_IN_USE, LIST_IN_USE },
		{ "32-bit: an empty native list, and no other",
		  { .mm = 1, .bits = 32, .threads = { { PID, .list = HEAD } } },
		  LIST_EMPTY, LIST_IN_USE },
		{ "32-bit: none", { .mm = 1, .bits = 32 }, LIST_NULL, LIST_NULL },
		{ "32-bit: not readable", { .mm = 1, .bits = 32, .mem = -EPERM,
		  .threads = { { PID, .list32 = HEAD32 } } }, LIST_UNREADABLE, LIST_IN_USE },
		{ "64-bit: the other entry is not asked",
		  { .mm = 1, .next = OTHER, .threads = { { PID, .list32 = HEAD32 } } },
		  LIST_NULL, LIST_NULL },
		{ "width unknown: NULL from the native entry proves nothing",
		  { .mm = 1, .bits = -1, .next = OTHER, .threads = { { PID, .list32 = HEAD32 } } },
		  LIST_UNREADABLE, LIST_UNREADABLE },
		{ "width unknown: nor does an empty list",
		  { .mm = 1, .bits = -1, .threads = { { PID, .list = HEAD } } },
		  LIST_UNREADABLE, LIST_IN_USE },
		{ "width unknown: what is in use is in use",
		  { .mm = 1, .bits = -1, .next = OTHER, .threads = { { PID, .list = HEAD } } },
		  LIST_IN_USE, LIST_IN_USE },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc p = rows[i].p;
		struct victim_fds fds;
		struct proc_ref ref;

		p.pid = PID;
		if (!p.threads[0].tid)
			p.threads[0].tid = PID;
		/* A second thread, so that the group outlives the first. */
		p.threads[1].tid = 501;
		fake_begin(&p, 1);
		ref = hold(PID);
		observe_open(&fake_sys, &ref, &fds);
		if (rows[i].vanishes)
			fake.on_list = drop_it;
		is_int(observe_list(&fake_sys, &fds, PID), rows[i].deep, "%s", rows[i].name);
		if (rows[i].vanishes) {
			fake.procs[0].threads[1] = fake.procs[0].threads[0];
			fake.procs[0].threads[0] = p.threads[0];
			fake.procs[0].n_threads = 2;
		}
		is_int(observe_list_pointer(&fake_sys, &fds, PID), rows[i].pointer, "pointer: %s",
		       rows[i].name);
		fake.on_list = NULL;
		observe_close(&fake_sys, &fds);
		let_go(&ref);
		ok(fake_end(), "all closed: %s", rows[i].name);
	}
}

static char dents[DENTS_SIZE];

static void test_lists(void)
{
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc p;
		struct plan_lists want; /* as read deep */
		pid_t t;
	} rows[] = {
		{ "one thread, asleep", { .mm = 1, .threads = { { PID, .list = HEAD } } },
		  { .threads = 1, .candidate = true }, PID },
		{ "none registered", { .mm = 1, .threads = { { PID }, { 501 } } },
		  { .threads = 2, .null = 2, .candidate = true }, PID },
		{ "the leader comes first",
		  { .mm = 1, .threads = { { PID, .list = HEAD }, { 501, .list = HEAD } } },
		  { .threads = 2, .candidate = true }, PID },
		{ "a sleeping thread before a running leader",
		  { .mm = 1, .threads = { { PID, 'R' }, { 501, 'R' }, { 502, 'S' } } },
		  { .threads = 3, .null = 3, .candidate = true }, 502 },
		{ "all run: the leader", { .mm = 1, .threads = { { PID, 'R' }, { 501, 'R' } } },
		  { .threads = 2, .null = 2, .candidate = true }, PID },
		{ "stopped and frozen ones may be held", { .mm = 1, .threads = { { PID, 'R' }, { 501, 'T' } } },
		  { .threads = 2, .null = 2, .candidate = true }, 501 },
		{ "not a dead leader",
		  { .mm = 1, .threads = { { PID, 'Z', PF_EXITING, .no_mm = true }, { 501, 'R' } } },
		  { .threads = 2, .null = 2, .candidate = true }, 501 },
		{ "not one that is dead, whatever its flags say",
		  { .mm = 1, .threads = { { PID, 'X' }, { 501, 'Z' }, { 502, 'R' } } },
		  { .threads = 3, .null = 3, .candidate = true }, 502 },
		{ "not one that exits", { .mm = 1, .threads = { { PID, 'S', PF_EXITING }, { 501, 'R' } } },
		  { .threads = 2, .null = 2, .candidate = true }, 501 },
		{ "not one that is traced already", { .mm = 1, .threads = { { PID, 't' }, { 501, 'R' } } },
		  { .threads = 2, .null = 2, .candidate = true }, 501 },
		{ "not an io_uring worker",
		  { .mm = 1, .threads = { { PID, 'R' }, { 501, 'S', PF_IO_WORKER } } },
		  { .threads = 2, .null = 2, .candidate = true }, PID },
		{ "not a vhost worker", { .mm = 1, .threads = { { PID, 'R' }, { 501, 'S', PF_USER_WORKER } } },
		  { .threads = 2, .null = 2, .candidate = true }, PID },
		{ "not SCHED_DEADLINE",
		  { .mm = 1, .threads = { { PID, 'S', .policy = SCHED_DEADLINE }, { 501, 'R' } } },
		  { .threads = 2, .null = 2, .candidate = true }, 501 },
		{ "nobody is fit", { .mm = 1, .threads = { { PID, 'S', PF_EXITING }, { 501, 't' } } },
		  { .threads = 2, .null = 2 }, 0 },
		{ "every thread owns a lock",
		  { .mm = 1, .next = OTHER, .threads = { { PID, .list = HEAD }, { 501, .list = HEAD } } },
		  { .threads = 2, .in_use = 2 }, 0 },
		{ "the leader owns one, another has none",
		  { .mm = 1, .next = OTHER, .threads = { { PID, .list = HEAD }, { 501, 'R' } } },
		  { .threads = 2, .in_use = 1, .null = 1, .candidate = true }, 501 },
		{ "one cannot be read",
		  { .mm = 1, .threads = { { PID, .list = HEAD }, { 501, .err = -EPERM } } },
		  { .threads = 2, .unreadable = true, .candidate = true }, PID },
		{ "one ended meanwhile", { .mm = 1, .threads = { { PID, .err = -ESRCH }, { 501, 'R' } } },
		  { .threads = 1, .null = 1, .candidate = true }, 501 },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		/* In one go, and entry by entry. */
		for (int entries = 0; entries < 2; entries++) {
			struct fake_proc p = rows[i].p;
			struct plan_lists got = { 0 };
			struct victim_fds fds;
			struct proc_ref ref;
			pid_t t = -1;
			bool same;

			p.pid = PID;
			fake_begin(&p, 1);
			ref = hold(PID);
			observe_open(&fake_sys, &ref, &fds);
			fake.entries = entries;
			is_int(observe_lists(&fake_sys, &fds, true, dents, &got, &t), 0, "%s",
			       rows[i].name);
			same = got.threads == rows[i].want.threads &&
			       got.null == rows[i].want.null && got.in_use == rows[i].want.in_use &&
			       got.unreadable == rows[i].want.unreadable &&
			       got.candidate == rows[i].want.candidate;
			if (!ok(same, "lists: %s", rows[i].name))
				note("threads %d null %d in_use %d unreadable %d candidate %d",
				     got.threads, got.null, got.in_use, got.unreadable,
				     got.candidate);
			is_int(t, rows[i].t, "T: %s", rows[i].name);
			observe_close(&fake_sys, &fds);
			let_go(&ref);
			ok(fake_end(), "all closed: %s", rows[i].name);
		}
	}
}

static void lose_list(pid_t tid)
{
	fake_thread_of(&fake.procs[0], tid)->list = 0;
}

static void drop_501_when_asked(pid_t tid)
{
	if (tid == 501)
		fake_drop_thread(&fake.procs[0], tid);
}

static void test_lists_race(void)
{
	struct fake_proc p = { .pid = PID,
			       .mm = 1,
			       .mem = MEM_GONE,
			       .threads = { { PID, 'R', .list = HEAD }, { 501 } } };
	struct plan_lists l = { 0 };
	struct victim_fds fds;
	struct proc_ref ref;
	pid_t t;

	fake_begin(&p, 1);
	ref = hold(PID);
	observe_open(&fake_sys, &ref, &fds);
	fake.on_list = lose_list;
	is_int(observe_list(&fake_sys, &fds, PID), LIST_NULL,
	       "the mm is gone, and so is the pointer: it was handed over");
	fake.procs[0].threads[0].list = 0;
	fake.on_list = drop_501_when_asked;
	is_int(observe_lists(&fake_sys, &fds, true, dents, &l, &t), 0,
	       "one ends while it is looked at");
	is_int(t, PID, "it is not chosen");
	observe_close(&fake_sys, &fds);
	let_go(&ref);
	ok(fake_end(), "all closed");
}

/* Whoever has the number is looked at only as a thread of theirs. */
static void test_tracer(void)
{
	struct fake_proc procs[] = {
		{ .pid = PID, .mm = 1, .threads = { { PID }, { 501, .tracer = 77 } } },
		{ .pid = 900, .mm = 2, .threads = { { 900, .tracer = 77 } } }
	};
	struct victim_fds fds;
	struct proc_ref ref;

	fake_begin(procs, 2);
	ref = hold(PID);
	observe_open(&fake_sys, &ref, &fds);
	is_int(observe_tracer(&fake_sys, &fds, PID), 0, "nobody");
	is_int(observe_tracer(&fake_sys, &fds, 501), 77, "of this thread alone");
	is_int(observe_tracer(&fake_sys, &fds, 900), 0, "a stranger");
	fake.procs[0].status_cut = 1;
	is_int(observe_tracer(&fake_sys, &fds, 501), 0, "a text that is not whole");
	observe_close(&fake_sys, &fds);
	let_go(&ref);
	ok(fake_end(), "all closed");
}

static void test_lists_else(void)
{
	struct fake_proc p = { .pid = PID,
			       .mm = 1,
			       .next = OTHER,
			       .threads = { { PID, .list = HEAD }, { 501, 'R' } } };
	struct victim_fds fds, none = { -1, -1, -1, -1, -1, 0, 0 };
	struct plan_lists l;
	struct proc_ref ref;
	pid_t t;

	fake_begin(&p, 1);
	ref = hold(PID);
	observe_open(&fake_sys, &ref, &fds);
	is_int(observe_lists(&fake_sys, &fds, false, dents, &l, &t), 0, "only the pointers");
	is_int(l.in_use, 0, "what is not read is not in use");
	is_int(l.null, 1, "and no NULL");
	is_int(t, PID, "and may be T");
	is_int(observe_lists(&fake_sys, &fds, true, dents, &l, &t), 0, "from the start again");
	is_int(l.threads, 2, "all of them");

	fake.getdents_err = -EIO;
	l.threads = 99;
	t = 98;
	is_int(observe_lists(&fake_sys, &fds, true, dents, &l, &t), -EIO, "the directory fails");
	ok(l.threads == 99 && t == 98, "and nothing is said");
	fake.getdents_err = -ENOENT;
	is_int(observe_lists(&fake_sys, &fds, true, dents, &l, &t), -ESRCH,
	       "the directory is gone for a moment: looked at again");
	fake.getdents_err = 0;
	fake.procs[0].n_threads = 0;
	is_int(observe_lists(&fake_sys, &fds, true, dents, &l, &t), -ESRCH, "nobody is left");
	ok(l.threads == 99 && t == 98, "and nothing is said");
	fake.procs[0].reaped = true;
	ok(observe_lists(&fake_sys, &fds, true, dents, &l, &t) < 0, "reaped");
	is_int(observe_lists(&fake_sys, &none, true, dents, &l, &t), -1, "not opened");
	observe_close(&fake_sys, &fds);
	let_go(&ref);
	ok(fake_end(), "all closed");

	/* Among many that run any will do: the search ends, the lists are read all the same. */
	for (int i = 0; i < FAKE_THREADS; i++)
		p.threads[i] = (struct fake_thread){ PID + i, i < 39 ? 'R' : 'S', .list = HEAD };
	p.next = 0;
	fake_begin(&p, 1);
	ref = hold(PID);
	observe_open(&fake_sys, &ref, &fds);
	is_int(observe_lists(&fake_sys, &fds, true, dents, &l, &t), 0, "forty threads");
	is_int(l.threads, 40, "all are counted");
	is_int(t, PID, "T is found among the first");
	observe_close(&fake_sys, &fds);
	let_go(&ref);
}

static void drop_501(void)
{
	fake_drop_thread(&fake.procs[0], 501);
}

static void add_503(void)
{
	struct fake_proc *p = &fake.procs[0];

	fake.on_getdents = NULL;
	p->threads[p->n_threads++] = (struct fake_thread){ .tid = 503, .state = 'R', .list = HEAD };
}

static void test_threads(void)
{
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc p;
		pid_t t;
		bool shallow, all;
		void (*on_getdents)(void);
		struct plan_threads want;
	} rows[] = {
		{ "nobody registered a list", { .mm = 1, .threads = { { PID }, { 501, 'R' } } },
		  .want = { .complete = true } },
		{ "T is held and not counted",
		  { .mm = 1, .next = OTHER, .threads = { { PID, .list = HEAD }, { 501 } } }, .t = PID,
		  .want = { .complete = true, .t_held = true } },
		{ "one still runs", { .mm = 1, .threads = { { PID }, { 501, 'R', .list = HEAD } } },
		  .want = { .complete = true, .unsettled = 1 } },
		{ "off the CPU with an empty list", { .mm = 1, .threads = { { PID }, { 501, 'D', .list = HEAD } } },
		  .want = { .complete = true } },
		{ "off the CPU, and it has yet to hand over",
		  { .mm = 1, .next = OTHER, .threads = { { PID }, { 501, 'S', .list = HEAD } } },
		  .want = { .complete = true, .in_use = 1 } },
		{ "no thread gets back to its own code: one that would like to run is settled",
		  { .mm = 1, .threads = { { PID }, { 501, 'R', .list = HEAD } } }, .all = true,
		  .want = { .complete = true } },
		{ "likewise, and it has yet to hand over",
		  { .mm = 1, .next = OTHER, .threads = { { PID }, { 501, 'R', .list = HEAD } } }, .all = true,
		  .want = { .complete = true, .in_use = 1 } },
		{ "only pointers: whoever has one is not settled",
		  { .mm = 1, .threads = { { PID }, { 501, 'D', .list = HEAD } } }, .shallow = true,
		  .want = { .complete = true, .unsettled = 1 } },
		{ "only pointers: unreadable", { .mm = 1, .threads = { { PID }, { 501, .err = -EPERM } } },
		  .shallow = true, .want = { .complete = true, .unreadable = 1 } },
		{ "a list cannot be read",
		  { .mm = 1, .mem = -EPERM, .threads = { { PID }, { 501, 'S', .list = HEAD } } },
		  .want = { .complete = true, .unreadable = 1 } },
		{ "a pointer cannot be read", { .mm = 1, .threads = { { PID }, { 501, .err = -EPERM } } },
		  .want = { .complete = true, .unreadable = 1 } },
		{ "three of them",
		  { .mm = 1, .next = OTHER, .threads = { { PID, 'R', .list = HEAD },
		    { 501, 'S', .list = HEAD }, { 502, 'S', .list = HEAD }, { 503, .err = -EPERM } } },
		  .want = { .complete = true, .unsettled = 1, .in_use = 2, .unreadable = 1 } },
		{ "a thread ends during the listing: what was skipped is not known",
		  { .mm = 1, .threads = { { PID }, { 501 }, { 502 } } }, .on_getdents = drop_501,
		  .want = { .complete = false } },
		{ "a thread comes during the listing",
		  { .mm = 1, .threads = { { PID }, { 501 } } }, .on_getdents = add_503,
		  .want = { .complete = false } },
		{ "the listing shows less than there are",
		  { .mm = 1, .n_status_threads = 3, .threads = { { PID }, { 501 } } },
		  .want = { .complete = false } },
		{ "only the leader's zombie is left",
		  { .threads = { { PID, 'Z', PF_EXITING } } }, .want = { .gone = true } },
		{ "the leader is dead, a thread is not",
		  { .mm = 1, .threads = { { PID, 'Z', PF_EXITING, .no_mm = true }, { 501, 'R', .list = HEAD } } },
		  .want = { .complete = true, .unsettled = 1 } },
		{ "being reaped", { .threads = { { PID, 'X', PF_EXITING } } }, .want = { .gone = true } },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc p = rows[i].p;
		struct plan_threads got;
		struct victim_fds fds;
		struct proc_ref ref;
		bool same;

		p.pid = PID;
		fake_begin(&p, 1);
		ref = hold(PID);
		observe_open(&fake_sys, &ref, &fds);
		fake.on_getdents = rows[i].on_getdents;
		is_int(observe_threads(&fake_sys, &fds, rows[i].t,
				       rows[i].shallow ? DEPTH_POINTERS
				       : rows[i].all   ? DEPTH_ALL
						       : DEPTH_OFF_CPU,
				       dents, &got),
		       0, "%s", rows[i].name);
		same = got.complete == rows[i].want.complete && got.gone == rows[i].want.gone &&
		       got.t_held == rows[i].want.t_held && !got.t_final && !got.t_in_use &&
		       !got.t_unreadable;
		/* What an incomplete listing counted proves nothing. */
		if (got.complete)
			same &= got.unsettled == rows[i].want.unsettled &&
				got.in_use == rows[i].want.in_use &&
				got.unreadable == rows[i].want.unreadable;
		if (!ok(same, "threads: %s", rows[i].name))
			note("complete %d gone %d unsettled %d in_use %d unreadable %d t_held %d",
			     got.complete, got.gone, got.unsettled, got.in_use, got.unreadable,
			     got.t_held);
		observe_close(&fake_sys, &fds);
		let_go(&ref);
		ok(fake_end(), "all closed: %s", rows[i].name);
	}
}

static void test_threads_end(void)
{
	struct fake_proc p = { .pid = PID, .mm = 1, .threads = { { PID }, { 501 } } };
	struct plan_threads got;
	struct victim_fds fds;
	struct proc_ref ref;

	fake_begin(&p, 1);
	ref = hold(PID);
	observe_open(&fake_sys, &ref, &fds);
	is_int(observe_threads(&fake_sys, &fds, 0, DEPTH_OFF_CPU, dents, &got), 0, "a first look");
	is_int(observe_threads(&fake_sys, &fds, 0, DEPTH_OFF_CPU, dents, &got), 0, "and a second");
	ok(got.complete, "which begins at the start again");
	fake.getdents_err = -ENOENT;
	is_int(observe_threads(&fake_sys, &fds, 0, DEPTH_OFF_CPU, dents, &got), 0,
	       "it goes while we look");
	ok(!got.complete, "so nothing is known");
	fake.getdents_err = -ESRCH;
	is_int(observe_threads(&fake_sys, &fds, 0, DEPTH_OFF_CPU, dents, &got), 0, "likewise");
	ok(!got.complete, "so nothing is known");
	fake.getdents_err = -EIO;
	is_int(observe_threads(&fake_sys, &fds, 0, DEPTH_OFF_CPU, dents, &got), -EIO,
	       "the directory fails");
	fake.getdents_err = 0;
	fake.procs[0].reaped = true;
	is_int(observe_threads(&fake_sys, &fds, 0, DEPTH_OFF_CPU, dents, &got), 0, "reaped");
	ok(got.gone, "is gone");
	observe_close(&fake_sys, &fds);
	let_go(&ref);
	ok(fake_end(), "all closed");
}

/* --- sharers -------------------------------------------------------------------------------- */

/* Whom the looks know to have no mm: the zombie, or, where no process can be made, nobody. */
static pid_t known_null;

static void test_sharers(void)
{
#define DEAD_ONE(pid)                                        \
	{                                                    \
		{ .tid = pid, .state = 'Z', .no_mm = true }, \
		{                                            \
			.tid = pid + 1                       \
		}                                            \
	}
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc procs[6];
		int err, unknown;
		struct {
			pid_t pid;
			enum relation relation;
		} want[3];
	} rows[] = {
		{ "alone", { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 2 }, { .pid = 601, .mm = 3 },
			     { .pid = 602, .mm = 4 } } },
		{ "its threads are no sharers", { { .pid = PID, .mm = 1, .threads = { { PID }, { 501 } } } } },
		{ "one shares", { { .pid = 400, .mm = 2 }, { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1 } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "two share", { { .pid = 400, .mm = 1 }, { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1 } },
		  .want = { { 400, RELATION_CLONE_VM }, { 600, RELATION_CLONE_VM } } },
		{ "zombies and kernel threads have no mm in common",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .threads = { { 600, 'Z', .no_mm = true } } },
		    { .pid = 601, .threads = { { 601, 'S', PF_KTHREAD } } } } },
		{ "a kernel thread that borrows the mm",
		  { { .pid = PID, .mm = 1 },
		    { .pid = 600, .mm = 1, .threads = { { 600, 'S', PF_KTHREAD } } } } },
		{ "a dead leader whose thread shares",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1, .threads = DEAD_ONE(600) } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "a dead leader whose thread does not",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 2, .threads = DEAD_ONE(600) } } },
		{ "the target's leader is dead",
		  { { .pid = PID, .mm = 1, .threads = DEAD_ONE(PID) }, { .pid = 600, .mm = 1 },
		    { .pid = 601, .mm = 2 } }, .want = { { 600, RELATION_CLONE_VM } } },
		{ "both leaders are dead",
		  { { .pid = PID, .mm = 1, .threads = DEAD_ONE(PID) },
		    { .pid = 600, .mm = 1, .threads = DEAD_ONE(600) } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "the target has no mm",
		  { { .pid = PID, .threads = { { PID, 'Z', .no_mm = true } } }, { .pid = 600, .mm = 1 } },
		  .err = -ESRCH },
		{ "one cannot be compared",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1, .kcmp_err = -EPERM },
		    { .pid = 601, .mm = 1 } }, .unknown = 1, .want = { { 601, RELATION_CLONE_VM } } },
		{ "one cannot be compared, EACCES",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1, .kcmp_err = -EACCES } }, .unknown = 1 },
		{ "one is gone when it is compared",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1, .kcmp_err = -ESRCH } } },
		{ "the target cannot be compared", { { .pid = PID, .mm = 1, .kcmp_err = -EPERM },
		  { .pid = 600, .mm = 1 } }, .err = -EPERM },
		{ "no kcmp in this kernel", { { .pid = PID, .mm = 1, .kcmp_err = -ENOSYS } }, .err = -ENOSYS },
		{ "one is gone when it is held",
		  { { .pid = PID, .mm = 1 }, { .pid = 600, .mm = 1, .open_err = -ESRCH } } },

		{ "a vfork child", { { .pid = PID, .mm = 1 },
		  { .pid = 600, .ppid = PID, .mm = 1, .oom_score = "0" } },
		  .want = { { 600, RELATION_VFORK_CHILD } } },
		{ "a child that shares for good", { { .pid = PID, .mm = 1 },
		  { .pid = 600, .ppid = PID, .mm = 1 } }, .want = { { 600, RELATION_CLONE_VM } } },
		{ "a child that the OOM killer may not see",
		  { { .pid = PID, .mm = 1 },
		    { .pid = 600, .ppid = PID, .mm = 1, .oom_score = "0", .oom_score_adj = "-1000" } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "a child whose score cannot be read", { { .pid = PID, .mm = 1 },
		  { .pid = 600, .ppid = PID, .mm = 1, .oom_score = "?" } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "a child whose score is 0 only in 64 bits", { { .pid = PID, .mm = 1 },
		  { .pid = 600, .ppid = PID, .mm = 1, .oom_score = "18446744073709551616" } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "somebody else's child", { { .pid = PID, .mm = 1 },
		  { .pid = 600, .ppid = 1, .mm = 1, .oom_score = "0" } },
		  .want = { { 600, RELATION_CLONE_VM } } },
		{ "a vfork parent", { { .pid = PID, .ppid = 600, .mm = 1, .oom_score = "0" },
		  { .pid = 600, .mm = 1 } }, .want = { { 600, RELATION_VFORK_PARENT } } },
		{ "a parent that shares for good", { { .pid = PID, .ppid = 600, .mm = 1 },
		  { .pid = 600, .mm = 1 } }, .want = { { 600, RELATION_CLONE_VM } } },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		for (int entries = 0; entries < 2; entries++) {
			struct sharer found[4] = { 0 };
			struct sharer_scan scan = { .found = found, .capacity = 4, .dents = dents };
			struct run_self self;
			struct fake_proc procs[7];
			struct proc_ref ref;
			int n = 0;

			while (n < 6 && rows[i].procs[n].pid) {
				procs[n] = rows[i].procs[n];
				procs[n].inode = (uint64_t)procs[n].pid + 7000;
				n++;
			}
			procs[n++] = zombie;
			fake_begin(procs, n);
			fake.entries = entries;
			self = (struct run_self){ .proc_fd =
							  fake_sys.open_at(AT_FDCWD, "/proc", 0) };
			ref = hold(PID);
			is_int(observe_sharers(&fake_sys, &self, &ref, known_null, &scan),
			       rows[i].err, "%s", rows[i].name);
			n = 0;
			while (n < 3 && rows[i].want[n].pid)
				n++;
			is_int(scan.n_found, n, "number: %s", rows[i].name);
			is_int(scan.n_unknown, rows[i].unknown, "unknown: %s", rows[i].name);
			for (int k = 0; k < n && k < (int)scan.n_found; k++) {
				is_int(found[k].id.pid, rows[i].want[k].pid, "PID: %s",
				       rows[i].name);
				is_int(found[k].id.inode, rows[i].want[k].pid + 7000, "inode: %s",
				       rows[i].name);
				is_int(found[k].relation, rows[i].want[k].relation, "relation: %s",
				       rows[i].name);
				is_str(found[k].id.comm, "fake", "comm: %s", rows[i].name);
			}
			let_go(&ref);
			fake_sys.close(self.proc_fd);
			ok(fake_end(), "all closed: %s", rows[i].name);
		}
	}
}

/* At one comparison the thread that is compared leaves its mm, at a later one it is gone. */
static int mm_lost_at, thread_gone_at;
static pid_t comes_and_goes;

static void lose_mm(void)
{
	struct fake_proc *p;
	struct fake_thread *t = fake_find_thread(comes_and_goes, &p);

	if (t && fake.kcmp_calls > mm_lost_at)
		t->no_mm = true;
	if (t && fake.kcmp_calls > thread_gone_at)
		fake_drop_thread(p, comes_and_goes);
}

static struct run_self self_of_race;

static void race(const struct fake_proc *procs, int n, pid_t tid, size_t sharers)
{
	struct sharer found[4] = { 0 };
	int wrong = 0;

	comes_and_goes = tid;
	for (mm_lost_at = 0; mm_lost_at < 24; mm_lost_at++) {
		for (thread_gone_at = mm_lost_at; thread_gone_at < 25; thread_gone_at++) {
			struct sharer_scan scan = { .found = found, .capacity = 4, .dents = dents };
			struct proc_ref ref;
			int err;

			fake_begin(procs, n);
			self_of_race.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0);
			ref = hold(PID);
			fake.on_kcmp = lose_mm;
			err = observe_sharers(&fake_sys, &self_of_race, &ref, known_null, &scan);
			/* Never a stranger. */
			if (scan.n_found > sharers || (err && scan.n_found)) {
				if (!wrong++)
					note("mm lost at %d, gone at %d: %zu found, err %d",
					     mm_lost_at, thread_gone_at, scan.n_found, err);
			}
			for (size_t i = 0; i < scan.n_found && i < 4; i++)
				wrong += found[i].id.pid != 650;
			let_go(&ref);
			fake_sys.close(self_of_race.proc_fd);
			wrong += !fake_end();
		}
	}
	is_int(wrong, 0, "at no moment is a stranger taken for a sharer");
}

static void test_sharers_race(void)
{
	/* clang-format off */
#define STRANGERS { .pid = 600, .mm = 2 }, \
		{ .pid = 601, .threads = { { 601, 'Z', .no_mm = true } } }, \
		{ .pid = 602, .threads = { { 602, 'S', PF_KTHREAD } } }
	static const struct fake_proc alone[] = { { .pid = PID, .mm = 1 }, STRANGERS, zombie_row };
	static const struct fake_proc threads[] = {
		{ .pid = PID, .mm = 1, .threads = { { PID }, { 501 }, { 502 } } }, STRANGERS, zombie_row };
	static const struct fake_proc dead_leader[] = {
		{ .pid = PID, .mm = 1,
		  .threads = { { PID, 'Z', .no_mm = true }, { 501 }, { 502 } } }, STRANGERS, zombie_row };
	static const struct fake_proc shared[] = {
		{ .pid = PID, .mm = 1, .threads = { { PID }, { 501 } } }, { .pid = 650, .mm = 1 },
		STRANGERS, zombie_row };
	/* clang-format on */

	race(alone, 5, PID, 0);
	race(threads, 5, PID, 0);
	race(threads, 5, 501, 0);
	race(dead_leader, 5, 501, 0);
	race(shared, 6, PID, 1);
	race(shared, 6, 650, 1);
}

/* Whichever of its threads end, and when: the last one shares all the time. */
static int leader_ends_at, thread_ends_at;

static void end_threads(void)
{
	struct fake_proc *p = fake_find(650);

	if (fake.kcmp_calls == leader_ends_at)
		p->threads[0].no_mm = true;
	if (fake.kcmp_calls == thread_ends_at)
		fake_drop_thread(p, 651);
}

static void test_sharers_deaths(void)
{
	/* Their mms: on either side of NULL, or all on that of the target. */
	static const int others[][2] = { { 10, 4 }, { 4, 4 }, { 10, 10 }, { 5, 5 } };
	int missed = 0, runs = 0;

	for (size_t i = 0; i < UNIT_ROWS(others); i++) {
		for (leader_ends_at = 1; leader_ends_at < 30; leader_ends_at++) {
			for (thread_ends_at = leader_ends_at; thread_ends_at < 30;
			     thread_ends_at++) {
				const struct fake_proc procs[] = {
					{ .pid = PID, .mm = 2 },
					{ .pid = 600, .mm = others[i][0] },
					{ .pid = 601, .mm = others[i][1] },
					{ .pid = 650,
					  .mm = 2,
					  .threads = { { 650 }, { 651 }, { 652 } } },
					zombie_row,
				};
				struct sharer found[4] = { 0 };
				struct sharer_scan scan = { .found = found,
							    .capacity = 4,
							    .dents = dents };
				struct proc_ref ref;

				fake_begin(procs, 5);
				self_of_race.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0);
				ref = hold(PID);
				fake.on_kcmp = end_threads;
				if (observe_sharers(&fake_sys, &self_of_race, &ref, known_null,
						    &scan) ||
				    scan.n_found != 1 || found[0].id.pid != 650) {
					if (!missed++)
						note("leader ends at %d, thread at %d",
						     leader_ends_at, thread_ends_at);
				}
				runs++;
				let_go(&ref);
				fake_sys.close(self_of_race.proc_fd);
				missed += !fake_end();
			}
		}
	}
	is_int(missed, 0, "a sharer is found whichever of its threads end meanwhile: %d runs",
	       runs);
}

/*
 * Where the mms of these numbers stand in the order of the fake's kcmp:
 *	4 is the first of 11, none the 6th, 5 the 8th, 2 the 9th, 10 the 10th
 */
static int changes_at;

static void change_mm(void)
{
	/* execve, and then a child that shares the new mm */
	if (fake.kcmp_calls == changes_at)
		fake.procs[0].mm = fake.procs[5].mm = 10;
}

static void change_at_each(void)
{
	fake.procs[0].mm = fake.kcmp_calls % 2 ? 4 : 10;
}

static void test_sharers_order(void)
{
	struct sharer found[4] = { 0 };
	struct sharer_scan scan = { .found = found, .capacity = 4, .dents = dents };
	struct fake_proc procs[8] = { { .pid = PID } };
	struct run_self self;
	struct proc_ref ref;
	/* clang-format off */
	static const struct {
		const char *name;
		int target, mms[6];	/* of the others; 0: a zombie */
		int calls;		/* 2 before, 1 after, and what is asked of each */
	} rows[] = {
		{ "beyond the target: one question each", 2, { 10, 10, 10, 10, 10, 10 }, 3 + 6 },
		{ "beyond NULL: two for the first, one for each that follows", 2,
		  { 4, 4, 4, 4, 4, 4 }, 3 + 2 + 5 },
		{ "between: two each", 2, { 5, 5, 5, 5, 5, 5 }, 3 + 12 },
		{ "some beyond NULL, most between: two each as soon as that is seen", 2,
		  { 4, 4, 5, 5, 5, 5 }, 3 + 2 + 1 + 3 + 3 + 2 + 2 },
		{ "no mm: likewise", 2, { 0, 0, 0, 0, 0, 0 }, 3 + 2 + 5 },
		{ "more beyond NULL than beyond the target", 2, { 10, 4, 4, 4, 10, 4 },
		  3 + 1 + 2 + 2 + 1 + 2 + 1 },
		{ "more beyond the target than beyond NULL", 2, { 4, 10, 10, 10, 4, 10 },
		  3 + 2 + 2 + 1 + 1 + 2 + 1 },
		{ "the same where NULL is the greater one", 4, { 10, 10, 10, 10, 10, 10 }, 3 + 2 + 5 },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		procs[0].mm = rows[i].target;
		for (int k = 0; k < 6; k++)
			procs[k + 1] = (struct fake_proc){
				.pid = 600 + k,
				.mm = rows[i].mms[k],
				.threads = { { 600 + k, .no_mm = rows[i].mms[k] == 0 } }
			};
		procs[7] = zombie;
		fake_begin(procs, 8);
		self = (struct run_self){ .proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0) };
		ref = hold(PID);
		is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0, "%s",
		       rows[i].name);
		is_int(scan.n_found, 0, "nobody: %s", rows[i].name);
		is_int(fake.kcmp_calls, rows[i].calls, "questions: %s", rows[i].name);
		let_go(&ref);
		fake_sys.close(self.proc_fd);
		ok(fake_end(), "all closed: %s", rows[i].name);
	}

	/* The target gets an mm on the other side of NULL, and with it a sharer, 604. */
	for (changes_at = 1; changes_at < 20; changes_at++) {
		procs[0].mm = 4;
		for (int k = 0; k < 6; k++)
			procs[k + 1] = (struct fake_proc){ .pid = 600 + k, .mm = k < 4 ? 5 : 9 };
		fake_begin(procs, 8);
		self = (struct run_self){ .proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0) };
		ref = hold(PID);
		fake.on_kcmp = change_mm;
		is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0,
		       "execve at question %d", changes_at);
		ok(fake.procs[0].mm == 4 || (scan.n_found == 1 && found[0].id.pid == 604),
		   "the sharer of the new mm is found: execve at question %d", changes_at);
		let_go(&ref);
		fake_sys.close(self.proc_fd);
	}

	fake_begin(procs, 8);
	self = (struct run_self){ .proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0) };
	ref = hold(PID);
	fake.on_kcmp = change_at_each;
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0,
	       "who does nothing but execve has an address space all the same");
	let_go(&ref);
	fake_sys.close(self.proc_fd);
}

static void retire_600(void)
{
	fake.procs[1].reaped = true;
	fake.procs[2].pid = fake.procs[2].threads[0].tid = 600;
}

static void test_sharers_else(void)
{
	static const struct fake_proc procs[] = {
		{ .pid = PID, .mm = 1, .threads = { { PID, 'Z', .no_mm = true }, { 501 } } },
		{ .pid = 600, .mm = 1, .comm = "first" },
		{ .pid = 700, .mm = 1, .comm = "second" },
		{ .pid = 610, .mm = 2, .kcmp_err = -EPERM },
		{ .pid = 611, .mm = 3, .kcmp_err = -EPERM },
		zombie_row,
	};
	struct sharer found[4] = { 0 };
	pid_t unknown[2] = { 0, -7 };
	struct sharer_scan scan = { .found = found,
				    .capacity = 4,
				    .dents = dents,
				    .unknown = unknown,
				    .unknown_capacity = 1 };
	struct run_self self;
	struct proc_ref ref;

	fake_begin(procs, 6);
	self = (struct run_self){ .proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0) };
	ref = hold(PID);
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0, "two, and two unknown");
	is_int(scan.n_found, 2, "two");
	is_int(scan.tid, 501, "by the thread that has the mm");
	is_int(scan.n_unknown, 2, "both unknown ones are counted");
	ok(unknown[0] == 610 && unknown[1] == -7, "as many are named as there is room for");
	ok(fake.kcmp_calls < 30, "in one pass");

	/* The number of the first goes to the second while it is described. */
	fake.on_signal = retire_600;
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0,
	       "one is reaped meanwhile");
	for (size_t i = 0; i < scan.n_found; i++)
		is_str(found[i].id.comm, "second", "nobody is called by another one's name");
	fake.on_signal = NULL;

	fake.entries = 6;
	fake.getdents_good = 2;
	fake.getdents_err = -EIO;
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), -EIO, "half a directory");
	is_int(scan.n_found, 0, "is none");
	let_go(&ref);
	fake_sys.close(self.proc_fd);
	ok(fake_end(), "all closed");
}

static void test_sharers_many(void)
{
	struct fake_proc procs[8] = { { .pid = PID, .mm = 1 } };
	struct sharer found[3] = { 0 };
	struct sharer_scan scan = { .found = found, .capacity = 2, .dents = dents };
	struct run_self self;
	struct proc_ref ref;

	for (int i = 1; i < 7; i++)
		procs[i] = (struct fake_proc){ .pid = 600 + i, .mm = 1 };
	procs[7] = zombie;
	fake_begin(procs, 8);
	self = (struct run_self){ .proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", 0) };
	ref = hold(PID);
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0,
	       "more than there is room for");
	is_int(scan.n_found, 6, "all are counted");
	is_int(found[1].id.pid, 602, "the first are named");
	is_int(found[2].id.pid, 0, "and nothing is written behind them");
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), 0, "again");
	is_int(scan.n_found, 6, "from the start");
	fake.getdents_err = -EIO;
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), -EIO, "the directory fails");
	fake.procs[0].reaped = true;
	is_int(observe_sharers(&fake_sys, &self, &ref, ZOMBIE, &scan), -ESRCH,
	       "the target is gone");
	is_int(scan.n_found, 0, "with no sharers");
	let_go(&ref);
	fake_sys.close(self.proc_fd);
	ok(fake_end(), "all closed");
}

int main(void)
{
	RUN(test_view);
	RUN(test_view_errors);
	RUN(test_self);
	RUN(test_ancestors);
	RUN(test_ancestors_hidden);
	RUN(test_files);
	RUN(test_files_dead_leader);
	RUN(test_mm);
	RUN(test_rss);
	RUN(test_list);
	RUN(test_lists);
	RUN(test_lists_race);
	RUN(test_tracer);
	RUN(test_lists_else);
	RUN(test_threads);
	RUN(test_threads_end);
	for (known_null = 0; known_null <= ZOMBIE; known_null += ZOMBIE) {
		RUN(test_sharers);
		RUN(test_sharers_race);
		RUN(test_sharers_deaths);
	}
	RUN(test_sharers_order);
	RUN(test_sharers_else);
	RUN(test_sharers_many);
	return unit_done();
}
