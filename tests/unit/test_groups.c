// SPDX-License-Identifier: GPL-2.0-or-later

/* Who shares with whom among all processes, and what is proved where nothing may be compared. */

#include <mmreap/caller.h>
#include <mmreap/mounts.h>

#include <unistd.h>

#include "fake_rows.h"
#include "unit.h"

/* "1: 500 501; 2: 502 503" */
static void write_groups(const struct group_scan *scan, char *text, size_t size)
{
	size_t group = 0, used = 0;

	*text = '\0';
	for (size_t i = 0; i < scan->n_rows && used < size; i++) {
		const struct sharers_row *row = &scan->rows[i];

		if (row->group != group)
			used += (size_t)snprintf(text + used, size - used,
						 "%s%zu:", group ? "; " : "", row->group);
		group = row->group;
		used += (size_t)snprintf(text + used, size - used, " %d", (int)row->id.pid);
		if (row->relation == RELATION_VFORK_CHILD)
			used += (size_t)snprintf(text + used, size - used, "c");
		if (row->relation == RELATION_VFORK_PARENT)
			used += (size_t)snprintf(text + used, size - used, "p");
	}
}

static void test_groups(void)
{
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc procs[FAKE_PROCS];
		const char *want;
		size_t n_unknown;
	} rows[] = {
		{ "nobody shares", { ZOMBIE_ROW, SELF_ROW, { .pid = 1, .mm = 1 }, { .pid = 500, .mm = 2 },
				     { .pid = 501, .mm = 3 } }, "", 0 },
		{ "nobody else at all", { ZOMBIE_ROW, SELF_ROW }, "", 0 },
		{ "a pair", { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 3 },
			      { .pid = 502, .mm = 2 } }, "1: 500 502", 0 },
		{ "three of one, two of another, far apart",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 4 }, { .pid = 501, .mm = 2 }, { .pid = 502, .mm = 4 },
		    { .pid = 503, .mm = 6 }, { .pid = 504, .mm = 2 }, { .pid = 505, .mm = 4 } },
		  "1: 500 502 505; 2: 501 504", 0 },
		{ "zombies and kernel threads are equal, and share nothing",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 2, .threads = { { .tid = 2, .flags = PF_KTHREAD } } },
		    { .pid = 3, .threads = { { .tid = 3, .flags = PF_KTHREAD } } },
		    { .pid = 500, .threads = { { .tid = 500, .state = 'Z', .no_mm = true } } } }, "", 0 },
		{ "threads are one process",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2, .threads = { { 500 }, { 501 }, { 502 } } } }, "", 0 },
		{ "a dead leader shares through its thread",
		  { ZOMBIE_ROW, SELF_ROW,
		    { .pid = 500, .mm = 2, .threads = { { .tid = 500, .state = 'Z', .no_mm = true }, { .tid = 501 } } },
		    { .pid = 510, .mm = 2 } }, "1: 500 510", 0 },
		{ "vfork", { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 },
			     { .pid = 501, .ppid = 500, .mm = 2, .oom_score = "0" } }, "1: 500p 501c", 0 },
		{ "out of the OOM killer's sight is not vfork",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 },
		    { .pid = 501, .ppid = 500, .mm = 2, .oom_score = "0", .oom_score_adj = "-1000" } },
		  "1: 500 501", 0 },
		{ "one that may not be compared is unknown, not alone",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 1, .mm = 2, .comm = "init", .kcmp_err = -EPERM }, { .pid = 500, .mm = 2 } },
		  "", 1 },
		{ "a kernel thread that may not be compared is none",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 2, .threads = { { .tid = 2, .flags = PF_KTHREAD } }, .kcmp_err = -EPERM } },
		  "", 0 },
		{ "nor is a zombie",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 3, .threads = { { .tid = 3, .state = 'Z' } }, .kcmp_err = -EPERM } },
		  "", 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct group_scan scan;
		char text[256];
		int n = 0;

		while (n < FAKE_PROCS && rows[i].procs[n].pid)
			n++;
		begin(rows[i].procs, n);
		is_int(observe_groups(&fake_sys, &self, ZOMBIE, &scan), 0, "%s", rows[i].name);
		write_groups(&scan, text, sizeof(text));
		is_str(text, rows[i].want, "groups: %s", rows[i].name);
		is_int(scan.blind.n_unknown, rows[i].n_unknown, "unknown: %s", rows[i].name);
		ok(!scan.blind.changed, "in order: %s", rows[i].name);
		free(scan.rows);
		ok(end(), "all closed: %s", rows[i].name);
	}
}

static int kcmp_until;

static void exec_at(void)
{
	if (--kcmp_until == 0)
		fake_find(502)->mm = 9;
}

static void end_at(void)
{
	if (--kcmp_until == 0)
		fake_find(502)->reaped = true;
}

/* Whatever happens at whatever moment: those that stay are found, and nobody else is named. */
static void test_groups_race(void)
{
	static const struct fake_proc procs[] = {
		ZOMBIE_ROW,
		SELF_ROW,
		{ .pid = 500, .mm = 4 },
		{ .pid = 501, .mm = 2 },
		{ .pid = 502, .mm = 4 },
		{ .pid = 503, .mm = 6 },
		{ .pid = 504, .mm = 2 },
		{ .pid = 505, .mm = 4 },
		{ .pid = 506, .mm = 10 },
		{ .pid = 507, .mm = 6 },
	};
	static void (*const races[])(void) = { exec_at, end_at };
	int bad = 0, runs = 0;

	for (size_t r = 0; r < UNIT_ROWS(races); r++) {
		for (int at = 1; at < 80; at++, runs++) {
			struct group_scan scan;
			char text[256];
			bool good;

			begin(procs, (int)UNIT_ROWS(procs));
			kcmp_until = at;
			fake.on_kcmp = races[r];
			good = observe_groups(&fake_sys, &self, ZOMBIE, &scan) == 0;
			write_groups(&scan, text, sizeof(text));
			good = good && strstr(text, "501 504") && strstr(text, "503 507") &&
			       (strstr(text, "500 505") || strstr(text, "500 502 505"));
			free(scan.rows);
			if (!end() || !good) {
				bad++;
				note("race %zu at call %d: %s", r, at, text);
			}
		}
	}
	is_int(bad, 0, "%d races", runs);
}

static void test_groups_errors(void)
{
	static const struct fake_proc procs[] = { ZOMBIE_ROW, SELF_ROW };
	struct group_scan scan;

	begin(procs, 2);
	fake.procs[1].kcmp_err = -ENOSYS;
	is_int(observe_groups(&fake_sys, &self, ZOMBIE, &scan), -ENOSYS, "no kcmp");
	free(scan.rows);
	ok(end(), "all closed");

	begin(procs, 2);
	fake.getdents_err = -EIO;
	is_int(observe_groups(&fake_sys, &self, ZOMBIE, &scan), -EIO, "/proc cannot be listed");
	free(scan.rows);
	ok(end(), "all closed");
}

/* n log n: 10 processes are 45 pairs. */
static void test_groups_calls(void)
{
	struct fake_proc procs[FAKE_PROCS] = { ZOMBIE_ROW, SELF_ROW };
	struct group_scan scan;

	for (int i = 2; i < FAKE_PROCS; i++)
		procs[i] = (struct fake_proc){ .pid = 500 + i, .mm = i };
	begin(procs, FAKE_PROCS);
	is_int(observe_groups(&fake_sys, &self, ZOMBIE, &scan), 0, "nobody shares");
	ok(fake.kcmp_calls <= 1 + 11 + 4 * 11 + 11, "%d calls", fake.kcmp_calls);
	free(scan.rows);
	ok(end(), "all closed");
}

/* --- without the right to compare ------------------------------------------------------- */

static void test_unknown(void)
{
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc other;
		size_t n_unknown;
	} rows[] = {
		{ "another peak is another mm", { .pid = 501, .mm = 3, .vm_peak_kib = 5000 }, 0 },
		{ "the same peak proves nothing", { .pid = 501, .mm = 3, .vm_peak_kib = 4711 }, 1 },
		{ "nor does a sharer", { .pid = 501, .mm = 2, .vm_peak_kib = 4711 }, 1 },
		{ "one thread without memory lines has no mm", { .pid = 501 }, 0 },
		{ "a sharer of 65,536 groups: its peak stands behind them",
		  { .pid = 501, .mm = 2, .vm_peak_kib = 4711, .n_groups = 65536 }, 1 },
		{ "a status that ends within a line is no proof",
		  { .pid = 501, .mm = 3, .vm_peak_kib = 5000, .status_cut = 3 }, 1 },
		{ "nor is one that ends with the lines of the mm", { .pid = 501, .mm = 3, .status_cut = 60 }, 1 },
		{ "it is hidden", { .pid = 501, .mm = 3, .vm_peak_kib = 5000, .proc_err = -EACCES }, 1 },
		{ "a dead leader: its thread is read",
		  { .pid = 501, .mm = 3, .vm_peak_kib = 5000, .threads = { { .tid = 501, .state = 'Z', .no_mm = true }, { .tid = 502 } } }, 0 },
		{ "a dead leader that may share",
		  { .pid = 501, .mm = 2, .vm_peak_kib = 4711, .threads = { { .tid = 501, .state = 'Z', .no_mm = true }, { .tid = 502 } } }, 1 },
		{ "gone meanwhile", { .pid = 501, .mm = 3, .vm_peak_kib = 5000, .status_err = -ESRCH }, 0 },
	};
	/* clang-format on */
	static const pid_t pids[] = { 500, 501, SELF, ZOMBIE };

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct fake_proc procs[] = { ZOMBIE_ROW,
					     SELF_ROW,
					     { .pid = 500, .mm = 2, .vm_peak_kib = 4711 },
					     rows[i].other };
		struct blind blind = { 0 };
		struct proc_ref ref;

		begin(procs, 4);
		ref = (struct proc_ref){ .pid = 500,
					 .procfd = fake_sys.open_at(self.proc_fd, "500", 0) };
		observe_unknown(&fake_sys, &self, &ref, pids, UNIT_ROWS(pids), ZOMBIE, &blind);
		is_int(blind.n_unknown, rows[i].n_unknown, "%s", rows[i].name);
		if (blind.n_unknown)
			is_int(blind.unknown.pid, 501, "named: %s", rows[i].name);
		fake_sys.close(ref.procfd);
		ok(end(), "all closed: %s", rows[i].name);
	}
}

static int opens;

static void grow(void)
{
	/* First the target's status is opened; its mm grows while the other process is read. */
	if (++opens == 2)
		fake_find(500)->vm_peak_kib = 5000;
}

static void test_unknown_race(void)
{
	static const pid_t pids[] = { 501 };
	struct fake_proc procs[] = { ZOMBIE_ROW,
				     SELF_ROW,
				     { .pid = 500, .mm = 2, .vm_peak_kib = 4711 },
				     { .pid = 501, .mm = 2, .vm_peak_kib = 5000 } };
	struct blind blind = { 0 };
	struct proc_ref ref;

	begin(procs, 4);
	ref = (struct proc_ref){ .pid = 500, .procfd = fake_sys.open_at(self.proc_fd, "500", 0) };
	opens = 0;
	fake.on_open = grow;
	observe_unknown(&fake_sys, &self, &ref, pids, 1, ZOMBIE, &blind);
	is_int(blind.n_unknown, 1, "a peak that rose in between proves nothing");
	fake.on_open = NULL;
	fake_sys.close(ref.procfd);
	ok(end(), "all closed");
}

static void test_member(void)
{
	static const struct fake_proc procs[] = {
		ZOMBIE_ROW,
		SELF_ROW,
		{ .pid = 500, .mm = 2, .comm = "a", .inode = 12, .ppid = 1 },
		{ .pid = 501, .mm = 2, .comm = "b", .signal_err = -EPERM },
		{ .pid = 502, .mm = 3 },
	};
	struct sharers_row row;

	begin(procs, 5);
	is_int(observe_member(&fake_sys, &self, 500, 0, ZOMBIE, &row), 0, "one of its own");
	is_int(row.id.pid, 500, "pid");
	is_int(row.id.inode, 12, "inode");
	is_str(row.id.comm, "a", "comm");
	is_int(row.killable, 1, "may be signalled");
	is_int(row.users, UNKNOWN, "mm_users is not known");
	is_int(observe_member(&fake_sys, &self, 501, 500, ZOMBIE, &row), 0,
	       "shares with the first");
	is_int(row.killable, 0, "may not be signalled");
	is_int(observe_member(&fake_sys, &self, 502, 500, ZOMBIE, &row), -ESRCH, "does not share");
	is_int(observe_member(&fake_sys, &self, 503, 500, ZOMBIE, &row), -ESRCH, "is not there");
	ok(end(), "all closed");
}

static void test_suspects(void)
{
	static const struct fake_proc procs[] = {
		SELF_ROW,
		{ .pid = 2, .threads = { { .tid = 2, .flags = PF_KTHREAD } } },
		{ .pid = 500, .mm = 2, .threads = { { .tid = 500, .flags = PF_SIGNALED } } },
		{ .pid = 501, .mm = 3, .stat = "rubbish" },
		{ .pid = 502, .threads = { { .tid = 502, .state = 'Z' } }, .exit_code = 9 },
	};
	pid_t *pids = NULL;

	begin(procs, 5);
	is_int(observe_suspects(&fake_sys, &self, &pids), 2, "two");
	ok(pids && pids[0] == 500 && pids[1] == 502, "the killed ones");
	free(pids);
	ok(end(), "all closed");
}

/* --- what is hidden --------------------------------------------------------------------- */

static void test_blind(void)
{
	static const uint64_t ptrace = UINT64_C(1) << CALLER_CAP_SYS_PTRACE;
	/* clang-format off */
	static const struct {
		const char *name;
		struct caller caller;
		bool in_group;
		struct mounts mounts;
		bool hidepid, pid_ns;
	} rows[] = {
		{ "root on a plain system", { .initial_pid_ns = true, .initial_user_ns = true }, false, { 0 }, false, false },
		{ "hidepid=noaccess shows that they are there",
		  { .initial_pid_ns = true, .initial_user_ns = true }, false, { .hidepid = HIDEPID_NOACCESS }, false, false },
		{ "hidepid=invisible", { .initial_pid_ns = true, .initial_user_ns = true }, false,
		  { .hidepid = HIDEPID_INVISIBLE }, true, false },
		{ "with the exempt group", { .initial_pid_ns = true, .initial_user_ns = true }, true,
		  { .hidepid = HIDEPID_INVISIBLE }, false, false },
		{ "with a group of that number in a user namespace", { .initial_pid_ns = true }, true,
		  { .hidepid = HIDEPID_INVISIBLE }, true, false },
		{ "with the capability", { .caps = ptrace, .initial_pid_ns = true, .initial_user_ns = true }, false,
		  { .hidepid = HIDEPID_INVISIBLE }, false, false },
		{ "with the capability over a user namespace", { .caps = ptrace, .initial_pid_ns = true }, false,
		  { .hidepid = HIDEPID_INVISIBLE }, true, false },
		{ "hidepid=ptraceable", { .initial_pid_ns = true, .initial_user_ns = true }, false,
		  { .hidepid = HIDEPID_PTRACEABLE }, true, false },
		{ "no group is exempt from that", { .initial_pid_ns = true, .initial_user_ns = true }, true,
		  { .hidepid = HIDEPID_PTRACEABLE }, true, false },
		{ "subset=pid hides no process", { .initial_pid_ns = true, .initial_user_ns = true }, false,
		  { .subset_pid = true }, false, false },
		{ "in a PID namespace", { .caps = ptrace, .initial_user_ns = true }, false, { 0 }, false, true },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct blind blind;

		observe_blind(&rows[i].caller, rows[i].in_group, &rows[i].mounts, &blind);
		is_int(blind.hidepid, rows[i].hidepid, "%s", rows[i].name);
		is_int(observe_sees_hidden(&rows[i].caller),
		       rows[i].caller.caps && rows[i].caller.initial_user_ns, "all: %s",
		       rows[i].name);
		is_int(blind.pid_ns, rows[i].pid_ns, "namespace: %s", rows[i].name);
		is_int(blind_is(&blind), rows[i].hidepid || rows[i].pid_ns, "blind: %s",
		       rows[i].name);
	}
	ok(blind_is(&(struct blind){ .n_unknown = 1 }), "one unknown");
	ok(blind_is(&(struct blind){ .no_right = true }), "no right");
	ok(blind_is(&(struct blind){ .no_kcmp = true }), "no call");
	ok(blind_is(&(struct blind){ .blocked = true }), "blocked");
	ok(blind_is(&(struct blind){ .changed = true }), "changed");
	ok(blind_is(&(struct blind){ .err = -EAGAIN }), "failed");
}

/* --- mounts ----------------------------------------------------------------------------- */

static void test_cgroup_dir(void)
{
	static char none[] = "", root[] = "/", rw[] = "rw";
	static char unified[] = "/sys/fs/cgroup/unified", cpu_dir[] = "/sys/fs/cgroup/cpu";
	static char cpu[] = "cpu", cpu_options[] = "rw,cpu,cpuacct";
	static char systemd[] = "name=systemd", systemd_root[] = "/docker/ab";
	static char systemd_dir[] = "/sys/fs/cgroup/systemd",
		    systemd_options[] = "rw,xattr,name=systemd";
	static struct cgroup_mount mounts[] = {
		{ 2, none, root, unified, rw },
		{ 1, cpu, root, cpu_dir, cpu_options },
		{ 1, systemd, systemd_root, systemd_dir, systemd_options },
	};
	const struct mounts m = { .cgroups = mounts, .n_cgroups = 3 };
	static const struct {
		const char *name, *controller, *path;
		int err;
		const char *dir;
	} rows[] = {
		{ "version 2", "", "/a/b", 0, "/sys/fs/cgroup/unified/a/b" },
		{ "its root", "", "/", 0, "/sys/fs/cgroup/unified" },
		{ "by its first controller", "cpu", "/a", 0, "/sys/fs/cgroup/cpu/a" },
		{ "by its second", "cpuacct", "/a", 0, "/sys/fs/cgroup/cpu/a" },
		{ "below the root of a container", "name=systemd", "/docker/ab/x", 0,
		  "/sys/fs/cgroup/systemd/x" },
		{ "the root of a container", "name=systemd", "/docker/ab", 0,
		  "/sys/fs/cgroup/systemd" },
		{ "outside of it", "name=systemd", "/docker/abc", -ENOENT, NULL },
		{ "far outside of it", "name=systemd", "/x", -ENOENT, NULL },
		{ "no path", "", "x", -ENOENT, NULL },
		/* of a process outside of our cgroup namespace: no directory below the mount */
		{ "outside of the namespace", "", "/../batch", -ENOENT, NULL },
		{ "its parent", "cpu", "/..", -ENOENT, NULL },
		{ "outside, below a container", "name=systemd", "/docker/ab/../x", -ENOENT, NULL },
		{ "names with dots", "cpu", "/..a/...", 0, "/sys/fs/cgroup/cpu/..a/..." },
	};
	const struct cgroup_mount *mount;
	char buf[64];

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		mount = mounts_find_cgroup(&m, rows[i].controller);
		if (!ok(mount, "mounted: %s", rows[i].name))
			continue;
		is_int(mounts_cgroup_dir(mount, rows[i].path, buf, sizeof(buf)), rows[i].err, "%s",
		       rows[i].name);
		if (rows[i].dir)
			is_str(buf, rows[i].dir, "directory: %s", rows[i].name);
	}
	is_int(mounts_cgroup_dir(&mounts[0], "/a", buf, 8), -ENAMETOOLONG, "too long");
	ok(!mounts_find_cgroup(&m, "memory"), "not mounted");
	ok(!mounts_find_cgroup(&m, "rw"), "an option is no controller");
}

/* --- limits ----------------------------------------------------------------------------- */

static void job_quick(void *arg)
{
	*(int *)arg = 4711;
}

static void never(void *arg)
{
	(void)arg;
	ok(false, "it came back in time: it is not destroyed");
}

struct slow {
	int pipe[2], freed[2];
};

static void job_slow(void *arg)
{
	char byte;

	if (read(((struct slow *)arg)->pipe[0], &byte, 1) != 1)
		ok(false, "the job is let go");
}

static void free_slow(void *arg)
{
	struct slow *s = arg;

	if (write(s->freed[1], "", 1) != 1)
		ok(false, "the job says that it is freed");
}

static void test_within(void)
{
	struct slow slow;
	char byte;
	int n = 0;

	is_int(observe_within(10000000, job_quick, never, &n), 0, "in time");
	is_int(n, 4711, "its result");
	if (pipe(slow.pipe) || pipe(slow.freed))
		return;
	is_int(observe_within(1000, job_slow, free_slow, &slow), -ETIMEDOUT, "left behind");
	is_int(write(slow.pipe[1], "", 1), 1, "let go");
	is_int(read(slow.freed[0], &byte, 1), 1, "it frees what it works with");
}

int main(void)
{
	RUN(test_groups);
	RUN(test_groups_race);
	RUN(test_groups_errors);
	RUN(test_groups_calls);
	RUN(test_unknown);
	RUN(test_unknown_race);
	RUN(test_member);
	RUN(test_suspects);
	RUN(test_blind);
	RUN(test_cgroup_dir);
	RUN(test_within);
	return unit_done();
}
