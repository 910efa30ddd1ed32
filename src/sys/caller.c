/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about the calling process. */
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <mmreap/caller.h>
#include <mmreap/cleanup.h>

/* include/uapi/linux/nsfs.h: inode numbers of the initial namespaces, the same since Linux 3.8 */
#define INITIAL_PID_NS 0xEFFFFFFCu
#define INITIAL_USER_NS 0xEFFFFFFDu

static bool has_inode(const char *path, ino_t inode)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == inode;
}

static uint64_t effective_caps(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (syscall(SYS_capget, &header, data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

/* /proc/self names us by our number in the namespace of that procfs; outside of it, by none. */
static bool proc_is_ours(void)
{
	char text[24];
	ssize_t n = readlink("/proc/self", text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strtol(text, NULL, 10) == getpid();
}

bool caller_in_initial_pid_ns(void)
{
	return has_inode("/proc/self/ns/pid", INITIAL_PID_NS);
}

void caller_load(struct caller *ret)
{
	struct rlimit lock;

	*ret = (struct caller){
		.uid = geteuid(),
		.caps = effective_caps(),
		.initial_pid_ns = caller_in_initial_pid_ns(),
		.initial_user_ns = has_inode("/proc/self/ns/user", INITIAL_USER_NS),
		.proc_is_ours = proc_is_ours(),
	};
	if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0)
		ret->memlock_bytes = lock.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)lock.rlim_cur;
}

bool caller_in_group(gid_t gid)
{
	_cleanup_free_ gid_t *groups = NULL;
	int n = getgroups(0, NULL);

	if (getegid() == gid)
		return true;
	groups = n > 0 ? calloc((size_t)n, sizeof(*groups)) : NULL;
	n = groups ? getgroups(n, groups) : 0;
	for (int i = 0; i < n; i++)
		if (groups[i] == gid)
			return true;
	return false;
}
