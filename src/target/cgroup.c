// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * --cgroup and --thaw: find, list, freeze and thaw cgroups (Documentation/admin-guide/cgroup-v2.rst,
 * cgroup-v1/freezer-subsystem.rst).
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmreap/select.h>

#define FREEZE_POLL_US 500

static bool is_root(const struct sys *sys, const struct cgroup_mount *mount, int dirfd,
		    const char *path)
{
	char type[32];

	if (strspn(path, "/") == strlen(path))
		return true;
	/* The root of a v2 hierarchy, and only it, has no cgroup.type; what a container sees as its
	 * root is caught by the mount's own directory. */
	return mount->version == 2 && sys->read_file(dirfd, "cgroup.type", type, sizeof(type)) < 0;
}

/* @dir is a prefix of @path as whole components: what follows, else NULL. */
static const char *below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	if (strncmp(dir, path, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path + n;
}

static bool has_dots(const char *path)
{
	for (const char *p = path; p; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return true;
	}
	return false;
}

static const char *freeze_file(int version)
{
	return version == 2 ? "cgroup.freeze" : "freezer.state";
}

static int open_cgroup(const struct sys *sys, const struct cgroup_mount *mount, const char *dir,
		       const char *path, struct cgroup_ref *ret)
{
	int dirfd, version = mount->version;
	size_t len = strlen(dir);
	bool freezes, was_frozen;
	char buf[64];

	if (len >= sizeof(ret->path))
		return -ENAMETOOLONG;
	dirfd = sys->open_at(AT_FDCWD, dir, O_DIRECTORY);
	if (dirfd < 0)
		return dirfd == -ENOTDIR ? -ENOENT : dirfd;
	if (is_root(sys, mount, dirfd, path)) {
		sys->close(dirfd);
		return -EISDIR;
	}
	freezes = sys->read_file(dirfd, freeze_file(version), buf, sizeof(buf)) > 0;
	was_frozen = freezes && (version == 2 ? buf[0] == '1' : strncmp(buf, "THAWED", 6) != 0);
	*ret = (struct cgroup_ref){ .version = version,
				    .dirfd = dirfd,
				    .freezes = freezes,
				    .was_frozen = was_frozen,
				    .freeze_fd = -1,
				    .guard = -1 };
	memcpy(ret->path, dir, len + 1);
	return 0;
}

/* As in /proc/PID/cgroup: the one hierarchy in which it exists. */
static int find_relative(const struct sys *sys, const struct mounts *mounts, const char *path,
			 struct cgroup_ref *ret)
{
	char dir[4096], absolute[4096];
	struct cgroup_ref cg = { .dirfd = -1 };
	int err = -ENOENT, found = 0;

	if ((size_t)snprintf(absolute, sizeof(absolute), "/%s", path + strspn(path, "/")) >=
	    sizeof(absolute))
		return -ENAMETOOLONG;
	for (size_t i = 0; i < mounts->n_cgroups; i++) {
		int e = mounts_cgroup_dir(&mounts->cgroups[i], absolute, dir, sizeof(dir));

		if (e == 0)
			e = open_cgroup(sys, &mounts->cgroups[i], dir, absolute, &cg);
		if (e == -EISDIR)
			return e;
		if (e < 0) {
			if (e != -ENOENT)
				err = e;
			continue;
		}
		if (found++)
			cgroup_close(sys, &cg);
		else
			*ret = cg;
	}
	if (found > 1) {
		cgroup_close(sys, ret);
		return -ENOTUNIQ;
	}
	return found ? 0 : err;
}

int cgroup_find(const struct sys *sys, const struct mounts *mounts, const char *path,
		struct cgroup_ref *ret)
{
	const struct cgroup_mount *best = NULL;
	const char *rest = NULL;

	/* "a/.." is not what it seems to be below a symbolic link; nobody needs it here. */
	if (has_dots(path))
		return -EINVAL;
	for (size_t i = 0; i < mounts->n_cgroups; i++) {
		const struct cgroup_mount *m = &mounts->cgroups[i];
		const char *r = below(m->dir, path);

		if (r && (!best || strlen(m->dir) > strlen(best->dir))) {
			best = m;
			rest = r;
		}
	}
	if (best)
		return open_cgroup(sys, best, path, rest, ret);
	return find_relative(sys, mounts, path, ret);
}

/* Its end is not waited for while there is work: it may be slow where it gets no CPU. */
static void await_guardian(struct cgroup_ref *cg)
{
	while (cg->guardian > 0 && waitpid(cg->guardian, NULL, 0) < 0 && errno == EINTR)
		;
	cg->guardian = 0;
}

void cgroup_close(const struct sys *sys, struct cgroup_ref *cg)
{
	cgroup_thaw(sys, cg);
	await_guardian(cg);
	if (cg->freeze_fd >= 0)
		sys->close(cg->freeze_fd);
	if (cg->dirfd >= 0)
		sys->close(cg->dirfd);
	cg->freeze_fd = cg->dirfd = -1;
}

static int add_procs(const struct sys *sys, int dirfd, struct pid_list *ret)
{
	int fd = sys->open_at(dirfd, "cgroup.procs", 0), err = 0;
	char buf[4096];
	uint64_t off = 0;
	size_t kept = 0;
	ssize_t n;

	if (fd < 0)
		return fd;
	while (err == 0 && (n = sys->pread(fd, buf + kept, sizeof(buf) - 1 - kept, off)) > 0) {
		char *line = buf, *nl;

		off += (uint64_t)n;
		buf[kept + (size_t)n] = '\0';
		while (err == 0 && (nl = strchr(line, '\n'))) {
			long pid = strtol(line, NULL, 10);

			if (pid >= 0 && pid <= INT_MAX)
				err = pid_list_add(ret, (pid_t)pid);
			line = nl + 1;
		}
		kept = strlen(line);
		memmove(buf, line, kept + 1);
	}
	sys->close(fd);
	/* A threaded v2 cgroup refuses cgroup.procs: its processes are listed in its domain. */
	return n < 0 && n != -EOPNOTSUPP && n != -ENODEV ? (int)n : err;
}

/* struct linux_dirent64: d_type at 18, name at 19; 4 is a directory */
static int add_below(const struct sys *sys, int dirfd, const char *dirname, int depth,
		     struct pid_list *ret)
{
	int dir = sys->open_at(dirfd, dirname, O_DIRECTORY);
	int err = dir < 0 ? dir : depth > CGROUP_MAX_DEPTH ? -ELOOP : add_procs(sys, dir, ret);
	char dents[1024]; /* for each level */
	ssize_t n = 0;

	while (err == 0 && (n = sys->getdents(dir, dents, sizeof(dents))) > 0) {
		for (ssize_t off = 0; err == 0 && off + 19 < n;) {
			const char *name = dents + off + 19;
			uint16_t reclen;

			memcpy(&reclen, dents + off + 16, sizeof(reclen));
			if (dents[off + 18] == 4 && strcmp(name, ".") != 0 &&
			    strcmp(name, "..") != 0)
				err = add_below(sys, dir, name, depth + 1, ret);
			off += reclen;
		}
	}
	if (err == 0 && n < 0)
		err = (int)n;
	if (dir >= 0)
		sys->close(dir);
	/* Removed under our hands: it has no members any more. */
	return err == -ENOENT || err == -ENODEV ? 0 : err;
}

int cgroup_members(const struct sys *sys, const struct cgroup_ref *cg, struct pid_list *ret)
{
	return add_below(sys, cg->dirfd, ".", 0, ret);
}

static int write_frozen(const struct cgroup_ref *cg, bool frozen)
{
	const char *text = cg->version == 2 ? frozen ? "1" : "0" : frozen ? "FROZEN" : "THAWED";

	return pwrite(cg->freeze_fd, text, strlen(text), 0) < 0 ? -errno : 0;
}

static bool is_all_frozen(const struct sys *sys, const struct cgroup_ref *cg)
{
	char buf[256];

	if (cg->version == 2)
		return sys->read_file(cg->dirfd, "cgroup.events", buf, sizeof(buf)) > 0 &&
		       strstr(buf, "frozen 1");
	return sys->read_file(cg->dirfd, "freezer.state", buf, sizeof(buf)) > 0 &&
	       strncmp(buf, "FROZEN", 6) == 0;
}

/*
 * A child that thaws when the line to us breaks: nobody stays frozen because mmreap was killed. It
 * shares nothing with us but the descriptor and does nothing but read and write.
 */
static int start_guardian(struct cgroup_ref *cg)
{
	int fds[2], err;

	await_guardian(cg); /* of an earlier round */
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	cg->guardian = fork();
	if (cg->guardian == 0) {
		char byte;

		close(fds[1]);
		setsid(); /* a Ctrl-C for us is not for it */
		while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
			;
		write_frozen(cg, false);
		_exit(0);
	}
	err = cg->guardian < 0 ? -errno : 0;
	close(fds[0]);
	if (err < 0)
		close(fds[1]);
	else
		cg->guard = fds[1];
	return err;
}

int cgroup_freeze(const struct sys *sys, struct cgroup_ref *cg, int64_t limit_us, int interrupt_fd)
{
	struct pollfd interrupt = { .fd = interrupt_fd, .events = POLLIN };
	int64_t until = sys->now_us() + limit_us;
	int err;

	if (!cg->freezes || cg->was_frozen || cg->frozen_by_us)
		return 0;
	/* What thaws it is there before it is frozen: neither of them may fail afterwards. */
	if (cg->freeze_fd < 0)
		cg->freeze_fd = sys->open_at(cg->dirfd, freeze_file(cg->version), O_RDWR);
	if (cg->freeze_fd < 0)
		return cg->freeze_fd;
	err = start_guardian(cg);
	if (err < 0)
		return err;
	err = write_frozen(cg, true);
	cg->frozen_by_us = true;
	if (err < 0) {
		cgroup_thaw(sys, cg);
		return err;
	}
	while (!is_all_frozen(sys, cg)) {
		if (sys->now_us() >= until)
			return -ETIMEDOUT;
		if (poll(&interrupt, 1, 0) > 0)
			return -ECANCELED;
		sys->sleep_us(FREEZE_POLL_US);
		if (cg->version == 1) /* a v1 freezer that met a fork tries again when told */
			write_frozen(cg, true);
	}
	return 0;
}

void cgroup_thaw(const struct sys *sys, struct cgroup_ref *cg)
{
	int err;

	if (!cg->frozen_by_us)
		return;
	cg->frozen_by_us = false;
	err = write_frozen(cg, false);
	if (cg->guard >= 0) {
		/* Not by the end of the line, which takes a while, but where we could not do it. */
		if (err == 0)
			kill(cg->guardian, SIGKILL);
		sys->close(cg->guard);
		cg->guard = -1;
	}
}

int cgroup_kill(const struct sys *sys, const struct cgroup_ref *cg)
{
	return cg->version == 2 ? sys->write_file(cg->dirfd, "cgroup.kill", "1") : -ENOENT;
}

int cgroup_find_thawed(const struct sys *sys, const struct mounts *mounts, int procfd)
{
	const struct cgroup_mount *mount = mounts_find_cgroup(mounts, "freezer");
	char path[8192], dir[4200], state[32];
	ssize_t n;
	int fd;

	if (mount == NULL)
		return -ENOENT;
	n = sys->read_file(procfd, "cgroup", path, sizeof(path));
	if (n < 0)
		return (int)n;
	if (procfile_cgroup(path, (size_t)n, "freezer", path, sizeof(path)) < 0)
		return -ENOENT;
	while (path[0] == '/' && path[1] != '\0') {
		char *slash = strrchr(path, '/');

		slash[slash == path] = '\0'; /* the parent of "/a" is "/" */
		if (mounts_cgroup_dir(mount, path, dir, sizeof(dir)) < 0)
			return -ENOENT;
		fd = sys->open_at(AT_FDCWD, dir, O_DIRECTORY);
		if (fd < 0)
			return fd;
		/* The root has no freezer.state: it is never frozen. */
		if (sys->read_file(fd, "freezer.state", state, sizeof(state)) < 0 ||
		    strncmp(state, "THAWED", 6) == 0)
			return fd;
		sys->close(fd);
	}
	return -ENOENT;
}
