/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What the mount table says: where the cgroup hierarchies are, and what procfs hides. Read from
 * /proc/self/mountinfo; no mount point is touched but those of cgroup file systems.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct cgroup_mount - one mounted cgroup hierarchy, once, however often it is mounted
 * @version: 1 or 2
 * @controller: how its line in /proc/PID/cgroup is found (procfile_cgroup()): "" for version 2, else
 *	one of its controllers ("freezer") or its name ("name=systemd")
 * @root: the cgroup, in the form of /proc/PID/cgroup, that @dir shows: "/" but in some containers
 * @dir: the mount point
 * @options: those of the superblock ("rw,cpu,cpuacct")
 */
struct cgroup_mount {
	int version;
	char *controller;
	char *root;
	char *dir;
	char *options;
};

enum hidepid { HIDEPID_OFF, HIDEPID_NOACCESS, HIDEPID_INVISIBLE, HIDEPID_PTRACEABLE = 4 };

/**
 * struct mounts - what was found
 * @cgroups: owned; version 2 first
 * @proc_dev: the file system that is seen at /proc
 * @hidepid, @hidepid_gid, @subset_pid: its options; the group is exempt, 0 is the default
 */
struct mounts {
	struct cgroup_mount *cgroups;
	size_t n_cgroups;
	dev_t proc_dev;
	enum hidepid hidepid;
	gid_t hidepid_gid;
	bool subset_pid;
};

/**
 * mounts_load - Read the mount table.
 * 0, -ENOMEM, -ELIBACC (libmount cannot be loaded), -EOPNOTSUPP (left out of this build), or another
 * negative errno; @ret may be freed anyway.
 */
int mounts_load(struct mounts *ret);

/** mounts_load_file - The same from a file in the format of mountinfo */
int mounts_load_file(const char *path, dev_t proc_dev, struct mounts *ret);

/** mounts_add - Take one line of the table; what is not known is NULL. 0 or -ENOMEM. */
int mounts_add(struct mounts *m, dev_t dev, const char *type, const char *root, const char *dir,
	       const char *options);

/** mounts_free - Free what @m owns; for _cleanup_() */
void mounts_free(struct mounts *m);

/**
 * mounts_find_cgroup - The mount of one hierarchy.
 * @controller: "" for version 2, else a version 1 controller or "name=NAME"
 * NULL: it is not mounted here.
 */
const struct cgroup_mount *mounts_find_cgroup(const struct mounts *m, const char *controller);

/**
 * mounts_cgroup_dir - The directory of a cgroup.
 * @path: as in /proc/PID/cgroup ("/a/b")
 * Returns 0; -ENOENT: @path is outside of what is mounted, or of our namespace; -ENAMETOOLONG. Not whether it exists.
 */
int mounts_cgroup_dir(const struct cgroup_mount *mount, const char *path, char *buf, size_t size);
