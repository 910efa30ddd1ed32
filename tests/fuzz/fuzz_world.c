// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * All that is read of a process, through the looks that read it: each file, link and directory answers
 * as the input says, with an error, a wrong text or the right one. Whatever is seen, every descriptor
 * is closed, nothing is changed, and what was concluded can be printed.
 */

#include <errno.h>
#include <fcntl.h>

#include "fuzz.h"
#include <mmreap/mounts.h>
#include <mmreap/report.h>
#include <mmreap/target.h>
#include <mmreap/watched.h>

#define MAX_FDS 128
#define MAX_CALLS 200000

static struct {
	struct input in;
	bool used[MAX_FDS], pidfd[MAX_FDS], listed[MAX_FDS];
	char name[MAX_FDS][32];
	int n_open;
	int n_calls;
} world;

/* A limit of time is for a kernel that blocks: here all is done at once, and the same each time. */
int observe_within(int64_t limit_us, void (*job)(void *), void (*destroy)(void *), void *arg)
{
	(void)limit_us;
	(void)destroy;
	job(arg);
	return 0;
}

/* 0 means: as it should be. */
static int fault(void)
{
	static const int errors[] = { ESRCH, ENOENT, EACCES, EPERM, EINVAL, EMFILE, ENOMEM, EIO };
	uint8_t tag = take_u8(&world.in);

	claim(++world.n_calls < MAX_CALLS);
	return tag & 0x80 ? -errors[tag % 8] : 0;
}

static int new_fd(const char *name, bool pidfd)
{
	for (int i = 0; i < MAX_FDS; i++) {
		if (world.used[i])
			continue;
		world.used[i] = true;
		world.pidfd[i] = pidfd;
		world.listed[i] = false;
		snprintf(world.name[i], sizeof(world.name[i]), "%s", name);
		world.n_open++;
		return 100 + i;
	}
	return -EMFILE;
}

/* A descriptor that is not of this world: --pidfd takes any number. */
#define INHERITED 5

static int slot(int fd)
{
	claim(fd >= 100 && fd < 100 + MAX_FDS && world.used[fd - 100]);
	return fd - 100;
}

static int close_fd(int fd)
{
	world.used[slot(fd)] = false;
	world.n_open--;
	return 0;
}

static const char *right_text(const char *name)
{
	static const struct {
		const char *end, *text;
	} rows[] = {
		{ "stat", "7 (a b) D 1 7 7 0 -1 4195332 1 0 0 0 1 2 0 0 20 0 3 0 99 4096 7 1 1 1 0 "
			  "0 0 256 0 0 0 0 0 0 17 1 1 1 0 0 0 0 0 0 0 0 0 0 9\n" },
		{ "status", "Name:\ta b\nTgid:\t7\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nNSpid:\t7\n"
			    "VmPeak:\t 40 kB\nVmSize:\t 30 kB\nVmRSS:\t 20 kB\nThreads:\t3\n"
			    "SigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n" },
		{ "cgroup", "6:freezer:/a/b\n4:memory:/a\n0::/u\n" },
		{ "freezer.state", "FROZEN\n" },
		{ "cgroup.events", "populated 1\nfrozen 1\n" },
		{ "wchan", "kernel_clone" },
		{ "children", "8 9 " },
		{ "syscall", "0 0x3 0x7ffc 0x10 0x0 0x0 0x0 0x7ffc 0x7f00\n" },
		{ "cgroup.procs", "7\n" },
		{ "memory.usage_in_bytes", "65536\n" },
		{ "comm", "a b\n" },
		{ "statm", "9 7 3 0 0 0 0\n" },
		{ "smaps_rollup", "Anonymous: 92 kB\nPss_Anon: 88 kB\n" },
		{ "/proc/self/fdinfo/5", "pos:\t0\nflags:\t02000002\nPid:\t7\nNSpid:\t7\n" },
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].end);

		if (len >= n && strcmp(name + len - n, rows[i].end) == 0 &&
		    (len == n || name[len - n - 1] == '/' || name[0] == '/'))
			return rows[i].text;
	}
	return "0\n";
}

/* Right, right but for some bytes, or anything; what fits of it. */
static ssize_t answer(const char *name, char *buf, size_t size)
{
	const char *right = right_text(name);
	uint8_t tag = take_u8(&world.in);
	size_t n = strlen(right);
	char *wrong = NULL;

	claim(++world.n_calls < MAX_CALLS && size > 0);
	if (tag >= 0xe0)
		return -(tag & 1 ? ESRCH : tag & 2 ? EACCES : ENOENT);
	if (tag >= 0x80) {
		wrong = take_text(&world.in);
		right = wrong;
		n = strlen(wrong);
	}
	n = n < size ? n : size;
	memcpy(buf, right, n);
	if (tag >= 0x40 && tag < 0x80)
		for (int i = tag & 7; i >= 0; i--) {
			uint8_t at = take_u8(&world.in), byte = take_u8(&world.in);

			if (n)
				buf[at % n] = (char)byte;
		}
	free(wrong);
	return (ssize_t)n;
}

static int open_at(int dirfd, const char *name, int extra)
{
	int err = fault();

	(void)extra;
	if (dirfd != AT_FDCWD)
		slot(dirfd);
	return err < 0 ? err : new_fd(name, false);
}

static ssize_t read_file(int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t n;

	if (dirfd != AT_FDCWD)
		slot(dirfd);
	n = answer(name, buf, size - 1);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static ssize_t read_at(int fd, void *buf, size_t size, uint64_t off)
{
	/* A file ends, but for the memory that is read at an address. */
	if (off != 0 && take_u8(&world.in) < 0x80)
		return 0;
	return answer(world.name[slot(fd)], buf, size);
}

static ssize_t read_link(int dirfd, const char *name, char *buf, size_t size)
{
	slot(dirfd);
	if (take_u8(&world.in) & 1)
		return read_file(dirfd, name, buf, size);
	return snprintf(buf, size, "/proc/7/task/8/mem");
}

static ssize_t list_dir(int fd, void *buf, size_t size)
{
	static const char *const names[] = { ".", "..", "7", "8", "9" };
	uint8_t tag = take_u8(&world.in);
	uint16_t reclen = 24;
	char *to = buf;
	int i = slot(fd);

	claim(++world.n_calls < MAX_CALLS);
	if (tag >= 0xf0)
		return -EIO;
	if (tag >= 0x80) {
		size_t n = take_u8(&world.in);

		n = n < size ? n : size;
		take_bytes(&world.in, buf, n);
		return (ssize_t)n;
	}
	if (world.listed[i])
		return 0;
	world.listed[i] = true;
	for (size_t k = 0; k < 5; k++, to += reclen) {
		memset(to, 0, reclen);
		memcpy(to + 16, &reclen, sizeof(reclen));
		snprintf(to + 19, 5, "%s", names[k]);
	}
	return 5 * reclen;
}

static int go_back(int fd)
{
	world.listed[slot(fd)] = false;
	return 0;
}

static int count_links(int dirfd, const char *name)
{
	(void)name;
	if (dirfd != AT_FDCWD)
		slot(dirfd);
	return fault() < 0 ? -ENOENT : 2;
}

static int owner(int dirfd, const char *name)
{
	(void)name;
	slot(dirfd);
	return fault();
}

static int open_pidfd(pid_t pid)
{
	int err = fault();

	claim(pid > 0);
	return err < 0 ? err : new_fd("pidfd", true);
}

static uint64_t inode_of(int fd)
{
	(void)fd;
	return take_u8(&world.in) & 1 ? 12 : 0;
}

static int signal_to(int fd, int sig)
{
	(void)fd;
	claim(sig == 0);
	return fault();
}

static int has_exited(int fd)
{
	claim(fd == INHERITED || world.pidfd[slot(fd)]);
	return take_u8(&world.in) & 1;
}

static int compare(pid_t a, pid_t b)
{
	int err = fault();

	claim(a > 0 && b > 0);
	return err < 0 ? err : take_u8(&world.in) % 3;
}

static int robust_list(pid_t tid, bool compat, uint64_t *ret)
{
	int err = fault();

	claim(tid > 0);
	*ret = compat ? 0 : take_u8(&world.in);
	return err;
}

static int is_procfs(int fd)
{
	slot(fd);
	return fault();
}

static int64_t now_us(void)
{
	return world.n_calls;
}

static void sleep_us(int64_t us)
{
	claim(us >= 0);
}

/* No operation that changes anything: a call of one ends the run. */
static const struct sys sys = {
	.pidfd_open = open_pidfd,
	.pidfd_inode = inode_of,
	.pidfd_signal = signal_to,
	.pidfd_exited = has_exited,
	.kcmp_vm = compare,
	.robust_list = robust_list,
	.open_at = open_at,
	.pread = read_at,
	.read_file = read_file,
	.read_link = read_link,
	.getdents = list_dir,
	.rewind = go_back,
	.nlink = count_links,
	.owner = owner,
	.is_procfs = is_procfs,
	.close = close_fd,
	.now_us = now_us,
	.sleep_us = sleep_us,
};

static struct cgroup_mount hierarchies[] = {
	{ 2, (char *)"", (char *)"/", (char *)"/sys/fs/cgroup", (char *)"rw" },
	{ 1, (char *)"freezer", (char *)"/", (char *)"/sys/fs/cgroup/freezer",
	  (char *)"rw,freezer" },
	{ 1, (char *)"memory", (char *)"/", (char *)"/sys/fs/cgroup/memory", (char *)"rw,memory" },
};

static const struct mounts mounts = { .cgroups = hierarchies, .n_cgroups = 3 };

static void print(const struct row_table *table, const void *row, size_t row_size)
{
	struct output_options out = { .output_all = true, .json = true };
	struct column_list columns;
	struct cli_error error;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	claim(f && report_choose_columns(table, &out, &columns, &error) == 0);
	claim(report_print_rows(f, table, &out, &columns, row, 1, row_size) == 0);
	fclose(f);
	claim(is_json(text, len) && is_for_terminal(text, len));
	free(text);
}

static void look_at_life(const struct run_self *self, const struct proc_ref *ref)
{
	struct status_row row;
	char *text = NULL;
	size_t len;
	FILE *f;

	if (observe_life(&sys, self, ref, &mounts, NULL, &row, NULL) != 0)
		return;
	row.deep = true;
	if (row.seen)
		observe_deep(&sys, ref, 1000000, &row);
	print(&report_table_status, &row, sizeof(row));
	f = open_memstream(&text, &len);
	claim(f);
	report_print_status(f, &row, false);
	fclose(f);
	claim(is_for_terminal(text, len));
	free(text);
}

static void watch(const struct run_self *self, const struct proc_ref *ref)
{
	struct waiting_thread thread;
	struct holders holders;
	struct watched w;

	if (watched_open(&sys, self, &mounts, ref, 99, &w) != 0)
		return;
	watched_find_sharers(&w);
	watched_look(&w);
	watched_look(&w);
	blocker_find_holders(&w, &holders);
	blocker_find_thread(&w, &thread);
	{
		struct watch_row row = { .id = { .pid = 7 },
					 .event = WATCH_BLOCKED,
					 .view = w.view,
					 .memory = w.memory,
					 .life = &w.life,
					 .holders = &holders,
					 .thread = &thread };

		print(&report_table_watch, &row, sizeof(row));
	}
	watched_close(&w);
}

static void look_at_sharers(const struct run_self *self, const struct proc_ref *ref)
{
	static char dents[DENTS_SIZE];
	struct sharer found[4];
	struct sharer_scan scan = { .found = found, .capacity = 4, .dents = dents };
	struct group_scan groups = { 0 };
	struct sharers_row row = { .group = 1, .users = UNKNOWN };

	observe_sharers(&sys, self, ref, 99, &scan);
	observe_sharers(&sys, self, ref, 0, &scan); /* without a known NULL */
	if (observe_member(&sys, self, 8, 7, 99, &row) == 0)
		print(&report_table_sharers, &row, sizeof(row));
	if (observe_groups(&sys, self, 99, &groups) == 0)
		for (size_t i = 0; i < groups.n_rows; i++)
			print(&report_table_sharers, &groups.rows[i], sizeof(groups.rows[i]));
	free(groups.rows);
}

void fuzz_world(const uint8_t *data, size_t size)
{
	static pid_t init = 1;
	struct run_self self = {
		.pid = 6, .ancestors = &init, .n_ancestors = 1, .tracer = 7, .page_bytes = 4096
	};
	struct status_facts status;
	struct plan_view view;
	struct proc_ref ref;
	pid_t tid, leader;
	uint8_t which;

	memset(&world, 0, sizeof(world));
	world.in = (struct input){ data, size };
	which = take_u8(&world.in);
	self.proc_fd = new_fd("/proc", false);
	if (which & 1) {
		int fd = new_fd("pidfd", true), err;

		err = target_hold_fd(&sys, &self, which & 2 ? INHERITED : fd, &ref, &tid, &leader);
		close_fd(fd);
		if (err < 0)
			goto out;
		claim(ref.pid > 0);
	} else if (target_hold(&sys, &self, 7, which & 2 ? 12 : 0, &ref, &leader) < 0) {
		goto out;
	}
	claim(ref.pidfd >= 0 && ref.procfd >= 0 && memchr(ref.comm, '\0', sizeof(ref.comm)));
	switch (which >> 2 & 3) {
	case 0:
		look_at_life(&self, &ref);
		break;
	case 1:
		watch(&self, &ref);
		break;
	case 2:
		look_at_sharers(&self, &ref);
		break;
	default:
		if (observe_view(&sys, &self, &ref, &view, &status) == 0)
			observe_v1_frozen(&sys, ref.procfd);
		break;
	}
	target_release(&sys, &ref);
out:
	close_fd(self.proc_fd);
	claim(world.n_open == 0);
}
