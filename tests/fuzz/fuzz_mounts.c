// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The mount table. With the first byte even, the rest is a table as it is; else it is names of cgroups
 * and mount points of any bytes, written down as the kernel does (show_mountinfo), and read back.
 *
 * Whether a mount point leads to a cgroup is asked of statfs(2), which says yes here.
 */

#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fuzz.h"
#include <mmreap/mounts.h>

static long magic;

int statfs(const char *path, struct statfs *ret)
{
	(void)path;
	memset(ret, 0, sizeof(*ret));
	ret->f_type = magic;
	return 0;
}

static void load(const char *table, size_t len, struct mounts *ret, int *ret_err)
{
	int fd = memfd_create("mountinfo", MFD_CLOEXEC);
	char path[40];

	claim(fd >= 0 && write(fd, table, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	*ret_err = mounts_load_file(path, makedev(0, 5), ret);
	close(fd);
}

static void check(const struct mounts *m)
{
	static const char *const controllers[] = { "", "freezer", "name=systemd", "rw", "all" };

	for (size_t i = 0; i < m->n_cgroups; i++) {
		const struct cgroup_mount *c = &m->cgroups[i];
		char dir[64];

		claim(c->version == 1 || c->version == 2);
		claim(c->controller && c->root && c->dir && c->options);
		claim((c->version == 2) == (*c->controller == '\0'));
		claim(i == 0 || c->version == 1); /* version 2 first, and once */
		for (size_t k = 0; k < i; k++)
			claim(strcmp(c->controller, m->cgroups[k].controller) != 0);
		mounts_cgroup_dir(c, "/x", dir, sizeof(dir));
		claim(c->version == 2 || mounts_find_cgroup(m, c->controller));
	}
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		const struct cgroup_mount *c = mounts_find_cgroup(m, controllers[i]);

		claim(!c || (c->version == 2) == (*controllers[i] == '\0'));
	}
}

/* fs/seq_file.c: mangle_path() with " \t\n\\", and "#" in a source */
static void mangle(FILE *f, const char *text)
{
	for (; *text; text++) {
		if (strchr(" \t\n\\#", *text))
			fprintf(f, "\\%03o", (unsigned char)*text);
		else
			putc(*text, f);
	}
}

static void round_trip(struct input *in)
{
	char *root, *dir, *other, *table = NULL;
	struct mounts m;
	size_t len;
	FILE *f = open_memstream(&table, &len);
	int err;

	claim(f);
	root = take_text(in);
	dir = take_text(in);
	other = take_text(in);
	fputs("21 1 0:5 / /proc rw,nosuid - proc proc rw,hidepid=2,gid=4\n22 21 0:6 / /proc rw - proc "
	      "proc rw\n30 21 0:26 /",
	      f);
	mangle(f, root);
	fputs(" /", f);
	mangle(f, dir);
	fputs(" rw,relatime shared:9 - cgroup ", f);
	mangle(f, *other ? other : "cgroup");
	fputs(" rw,freezer\n31 21 0:27 / /", f);
	mangle(f, other);
	fputs(" rw - tmpfs tmpfs rw\n", f);
	fclose(f);
	magic = CGROUP_SUPER_MAGIC;
	load(table, len, &m, &err);
	claim(err == 0 && m.n_cgroups == 1);
	claim(m.cgroups[0].root[0] == '/' && strcmp(m.cgroups[0].root + 1, root) == 0);
	claim(m.cgroups[0].dir[0] == '/' && strcmp(m.cgroups[0].dir + 1, dir) == 0);
	claim(m.hidepid == HIDEPID_INVISIBLE && m.hidepid_gid == 4 && !m.subset_pid);
	check(&m);
	mounts_free(&m);
	free(root);
	free(dir);
	free(other);
	free(table);
}

void fuzz_mounts(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t how = take_u8(&in);
	struct mounts m;
	int err;

	if (how & 1) {
		round_trip(&in);
		return;
	}
	magic = how & 2 ? CGROUP_SUPER_MAGIC : CGROUP2_SUPER_MAGIC;
	load((const char *)in.at, in.left, &m, &err);
	claim(err <= 0);
	check(&m);
	mounts_free(&m);
}
