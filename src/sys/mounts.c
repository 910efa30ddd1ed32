/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted of the mount table; who reads it is in mounts_late.c. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <mmreap/mounts.h>

/* Options of a version 1 superblock that are no controller (kernel/cgroup/cgroup-v1.c). */
static bool is_generic(const char *option, size_t len)
{
	static const char *const generic[] = {
		"rw",
		"ro",
		"noprefix",
		"xattr",
		"clone_children",
		"none",
		"cpuset_v2_mode",
		"favordynmods",
		"seclabel",
		"nofavordynmods",
		"all",
	};

	if (len >= 14 && strncmp(option, "release_agent=", 14) == 0)
		return true;
	for (size_t i = 0; i < sizeof(generic) / sizeof(generic[0]); i++)
		if (strlen(generic[i]) == len && strncmp(generic[i], option, len) == 0)
			return true;
	return false;
}

/* The first controller of "rw,xattr,cpu,cpuacct", or its "name=..."; NULL: out of memory or none. */
static char *first_controller(const char *options)
{
	while (*options) {
		size_t len = strcspn(options, ",");

		if (len && !is_generic(options, len))
			return strndup(options, len);
		options += len + (options[len] == ',');
	}
	return NULL;
}

static bool has_option(const char *options, const char *word)
{
	size_t want = strlen(word);

	for (; *options; options += *options == ',') {
		size_t len = strcspn(options, ",");

		if (len == want && strncmp(options, word, len) == 0)
			return true;
		options += len;
	}
	return false;
}

/* A mount point may be covered by another mount: what is seen there decides. */
static bool is_reachable(const char *dir, int version)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return false;
	return (unsigned long)fs.f_type ==
	       (unsigned long)(version == 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
}

static void free_cgroup(struct cgroup_mount *c)
{
	free(c->controller);
	free(c->root);
	free(c->dir);
	free(c->options);
}

static int add_cgroup(struct mounts *m, const char *root, const char *dir, const char *options,
		      int version)
{
	struct cgroup_mount *all, c = { .version = version };

	if (!is_reachable(dir, version))
		return 0;
	c.controller = version == 2 ? strdup("") : first_controller(options);
	if (c.controller == NULL)
		return 0;
	c.root = strdup(root);
	c.dir = strdup(dir);
	c.options = strdup(options);
	if (c.root == NULL || c.dir == NULL || c.options == NULL) {
		free_cgroup(&c);
		return -ENOMEM;
	}
	/* The same hierarchy twice: the mount that shows more of it stays. */
	for (size_t i = 0; i < m->n_cgroups; i++) {
		struct cgroup_mount *old = &m->cgroups[i];

		if (strcmp(old->controller, c.controller) != 0)
			continue;
		if (strlen(c.root) < strlen(old->root)) {
			free_cgroup(old);
			*old = c;
		} else {
			free_cgroup(&c);
		}
		return 0;
	}
	all = reallocarray(m->cgroups, m->n_cgroups + 1, sizeof(*all));
	if (all == NULL) {
		free_cgroup(&c);
		return -ENOMEM;
	}
	m->cgroups = all;
	all[m->n_cgroups++] = c;
	/* Version 2 first. */
	if (version == 2) {
		all[m->n_cgroups - 1] = all[0];
		all[0] = c;
	}
	return 0;
}

/* Words since Linux 5.8, numbers before. */
static enum hidepid parse_hidepid(const char *value, size_t len)
{
	static const struct {
		const char *word;
		enum hidepid is;
	} words[] = {
		{ "noaccess", HIDEPID_NOACCESS },     { "1", HIDEPID_NOACCESS },
		{ "invisible", HIDEPID_INVISIBLE },   { "2", HIDEPID_INVISIBLE },
		{ "ptraceable", HIDEPID_PTRACEABLE }, { "4", HIDEPID_PTRACEABLE },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].word) == len && strncmp(words[i].word, value, len) == 0)
			return words[i].is;
	return HIDEPID_OFF;
}

/* The value of "@name=...", up to the next comma; NULL: not among them. */
static const char *option_value(const char *options, const char *name, size_t *ret_len)
{
	size_t want = strlen(name);

	for (; *options; options += *options == ',') {
		size_t len = strcspn(options, ",");

		if (len > want && options[want] == '=' && strncmp(options, name, want) == 0) {
			*ret_len = len - want - 1;
			return options + want + 1;
		}
		options += len;
	}
	return NULL;
}

static void take_proc(struct mounts *m, const char *options)
{
	const char *value;
	size_t len;

	m->subset_pid = has_option(options, "subset=pid");
	value = option_value(options, "hidepid", &len);
	if (value)
		m->hidepid = parse_hidepid(value, len);
	value = option_value(options, "gid", &len);
	if (value)
		m->hidepid_gid = (gid_t)strtoul(value, NULL, 10);
}

int mounts_add(struct mounts *m, dev_t dev, const char *type, const char *root, const char *dir,
	       const char *options)
{
	if (type == NULL || dir == NULL)
		return 0;
	root = root ? root : "";
	options = options ? options : "";
	if (strcmp(type, "cgroup2") == 0)
		return add_cgroup(m, root, dir, options, 2);
	if (strcmp(type, "cgroup") == 0)
		return add_cgroup(m, root, dir, options, 1);
	/* Mounts may cover each other and be moved, in any order: what is seen at /proc decides. */
	if (dev == m->proc_dev && strcmp(type, "proc") == 0)
		take_proc(m, options);
	return 0;
}

int mounts_load(struct mounts *ret)
{
	struct stat proc;

	*ret = (struct mounts){ 0 };
	if (stat("/proc", &proc) < 0)
		return -errno;
	return mounts_load_file("/proc/self/mountinfo", proc.st_dev, ret);
}

void mounts_free(struct mounts *m)
{
	for (size_t i = 0; i < m->n_cgroups; i++)
		free_cgroup(&m->cgroups[i]);
	free(m->cgroups);
	*m = (struct mounts){ 0 };
}

const struct cgroup_mount *mounts_find_cgroup(const struct mounts *m, const char *controller)
{
	if (is_generic(controller, strlen(controller)))
		return NULL;
	for (size_t i = 0; i < m->n_cgroups; i++) {
		const struct cgroup_mount *c = &m->cgroups[i];

		if (*controller == '\0' ? c->version == 2
					: c->version == 1 && has_option(c->options, controller))
			return c;
	}
	return NULL;
}

/* A cgroup outside of the caller's cgroup namespace is "/../name" (cgroup_namespaces(7)). */
static bool goes_up(const char *path)
{
	for (size_t len; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && strncmp(path, "..", 2) == 0)
			return true;
	}
	return false;
}

int mounts_cgroup_dir(const struct cgroup_mount *mount, const char *path, char *buf, size_t size)
{
	size_t root = strcmp(mount->root, "/") == 0 ? 0 : strlen(mount->root);
	int n;

	if (strncmp(path, mount->root, root) != 0 || (path[root] != '/' && path[root] != '\0'))
		return -ENOENT;
	path += root;
	if (goes_up(path))
		return -ENOENT;
	n = snprintf(buf, size, "%s%s", mount->dir, strcmp(path, "/") == 0 ? "" : path);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}
