// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * --cgroup PATH and the cgroup line of a victim: whatever is asked for or read, only directories
 * below a cgroup mount are opened, each is closed again, and the list of members does not depend on
 * where the reads are cut.
 *
 * Input: flags, the path typed (to NUL), /proc/PID/cgroup (to NUL), then cgroup.procs.
 */

#include <errno.h>
#include <fcntl.h>

#include "fuzz.h"
#include <mmreap/select.h>

#define MAX_FDS 256

static struct cgroup_mount hierarchies[] = {
	{ 2, (char *)"", (char *)"/", (char *)"/sys/fs/cgroup", (char *)"rw" },
	{ 1, (char *)"freezer", (char *)"/", (char *)"/sys/fs/cgroup/freezer",
	  (char *)"rw,freezer" },
	{ 1, (char *)"cpu", (char *)"/docker/a b", (char *)"/mnt/a b\n\\x",
	  (char *)"rw,cpu,cpuacct" },
	{ 1, (char *)"name=x", (char *)"/..", (char *)"/mnt/up/", (char *)"rw,name=x" },
};

static struct {
	int depth[MAX_FDS]; /* 0: closed */
	bool listed[MAX_FDS];
	int n_open;
	uint8_t flags;
	const char *own; /* /proc/PID/cgroup */
	const char *procs;
	size_t n_procs, chunk;
	int opened;
} world;

static bool is_below_a_mount(const char *path)
{
	for (size_t i = 0; i < sizeof(hierarchies) / sizeof(hierarchies[0]); i++) {
		size_t n = strlen(hierarchies[i].dir);

		n -= hierarchies[i].dir[n - 1] == '/';
		if (strncmp(path, hierarchies[i].dir, n) == 0 && (path[n] == '/' || !path[n]))
			return true;
	}
	return false;
}

static bool goes_up(const char *path)
{
	size_t n;

	for (;; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 0)
			return false;
		if (n == 2 && path[0] == '.' && path[1] == '.')
			return true;
	}
}

static int new_fd(int depth)
{
	for (int i = 0; i < MAX_FDS; i++) {
		if (world.depth[i] == 0) {
			world.depth[i] = depth;
			world.listed[i] = false;
			world.n_open++;
			return 3 + i;
		}
	}
	return -EMFILE;
}

static int *depth_of(int fd)
{
	claim(fd >= 3 && fd < 3 + MAX_FDS && world.depth[fd - 3] > 0);
	return &world.depth[fd - 3];
}

static int open_at(int dirfd, const char *name, int extra)
{
	(void)extra;
	if (dirfd != AT_FDCWD)
		return new_fd(*depth_of(dirfd) + (strcmp(name, "sub") == 0));
	claim(is_below_a_mount(name) && !goes_up(name));
	world.opened++;
	if (world.flags & 1 && world.opened % 2)
		return -ENOENT;
	return new_fd(1);
}

static int close_fd(int fd)
{
	*depth_of(fd) = 0;
	world.n_open--;
	return 0;
}

static ssize_t read_file(int dirfd, const char *name, char *buf, size_t size)
{
	const char *text = NULL;

	depth_of(dirfd);
	if (strcmp(name, "cgroup") == 0)
		text = world.own;
	else if (strcmp(name, "cgroup.type") == 0)
		text = world.flags & 2 ? NULL : "domain\n";
	else if (strcmp(name, "cgroup.freeze") == 0)
		text = world.flags & 4 ? "1\n" : "0\n";
	else if (strcmp(name, "freezer.state") == 0)
		text = world.flags & 8 ? "FROZEN\n" : world.flags & 16 ? NULL : "THAWED\n";
	if (!text)
		return -ENOENT;
	return snprintf(buf, size, "%s", text) < (int)size ? (ssize_t)strlen(text)
							   : (ssize_t)size - 1;
}

static ssize_t read_procs(int fd, void *buf, size_t size, uint64_t off)
{
	size_t n;

	depth_of(fd);
	if (off >= world.n_procs)
		return 0;
	n = world.n_procs - (size_t)off;
	n = n < size ? n : size;
	n = n < world.chunk ? n : world.chunk;
	memcpy(buf, world.procs + off, n);
	return (ssize_t)n;
}

/* A file, then one directory, three levels down. */
static ssize_t list_dir(int fd, void *buf, size_t size)
{
	static const char *const names[] = { ".", "..", "cgroup.procs", "sub" };
	char *to = buf;
	uint16_t reclen = 40;

	claim(size >= 4 * reclen);
	if (*depth_of(fd) > 3 || world.listed[fd - 3])
		return 0;
	world.listed[fd - 3] = true;
	for (size_t i = 0; i < 4; i++, to += reclen) {
		memset(to, 0, reclen);
		memcpy(to + 16, &reclen, sizeof(reclen));
		to[18] = i == 2 ? 8 : 4;
		snprintf(to + 19, 20, "%s", names[i]);
	}
	return 4 * reclen;
}

static int write_file(int dirfd, const char *name, const char *text)
{
	(void)dirfd;
	(void)name;
	(void)text;
	claim(false); /* nothing here changes a cgroup */
	return -EROFS;
}

static const struct sys sys = {
	.open_at = open_at,
	.close = close_fd,
	.read_file = read_file,
	.pread = read_procs,
	.getdents = list_dir,
	.write_file = write_file,
};

/* As the kernel writes it: a number in each line. */
static bool is_list(const char *text)
{
	return strspn(text, "0123456789\n") == strlen(text) && *text != '\n' &&
	       !strstr(text, "\n\n");
}

static void check_members(const struct cgroup_ref *cg)
{
	struct pid_list all = { 0 }, pieces = { 0 };

	world.chunk = SIZE_MAX;
	claim(cgroup_members(&sys, cg, &all) == 0);
	world.chunk = 1 + world.flags / 32;
	claim(cgroup_members(&sys, cg, &pieces) == 0);
	for (size_t i = 0; i < all.n; i++)
		claim(all.pids[i] >= 0);
	if (is_list(world.procs)) {
		claim(all.n == pieces.n);
		for (size_t i = 0; i < all.n; i++)
			claim(all.pids[i] == pieces.pids[i]);
	}
	pid_list_free(&all);
	pid_list_free(&pieces);
}

void fuzz_cgroup(const uint8_t *data, size_t size)
{
	struct mounts mounts = { .cgroups = hierarchies, .n_cgroups = 4 };
	struct input in = { data, size };
	struct cgroup_ref *cg = malloc(sizeof(*cg)); /* it is large, and its end is watched */
	char *path, *own, *procs, dir[4200];
	int err, procfd;

	if (!cg)
		abort();
	memset(&world, 0, sizeof(world));
	world.flags = take_u8(&in);
	path = take_text(&in);
	world.own = own = take_text(&in);
	world.procs = procs = take_text(&in);
	world.n_procs = strlen(procs);

	err = cgroup_find(&sys, &mounts, path, cg);
	claim(err <= 0);
	if (err == 0) {
		claim(cg->dirfd >= 3 && (cg->version == 1 || cg->version == 2));
		claim(memchr(cg->path, '\0', sizeof(cg->path)) && is_below_a_mount(cg->path));
		check_members(cg);
		cgroup_close(&sys, cg);
	}
	claim(world.n_open == 0);

	procfd = new_fd(1);
	err = cgroup_find_thawed(&sys, &mounts, procfd);
	if (err >= 0)
		close_fd(err);
	close_fd(procfd);
	claim(world.n_open == 0);

	for (size_t i = 0; i < mounts.n_cgroups; i++) {
		err = mounts_cgroup_dir(&hierarchies[i], path, dir, sizeof(dir));
		claim(err == 0 || err == -ENOENT || err == -ENAMETOOLONG);
		claim(err < 0 || (is_below_a_mount(dir) && !goes_up(dir)));
	}
	free(procs);
	free(own);
	free(path);
	free(cg);
}
