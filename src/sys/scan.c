// SPDX-License-Identifier: GPL-2.0-or-later

/* Lists of PIDs: libproc2 gives one for a name; where it is not there, everybody may be called so. */

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include <mmreap/scan.h>

int pid_list_add(struct pid_list *list, pid_t pid)
{
	if (list->n == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		pid_t *pids = realloc(list->pids, capacity * sizeof(*pids));

		if (pids == NULL)
			return -ENOMEM;
		list->pids = pids;
		list->capacity = capacity;
	}
	list->pids[list->n++] = pid;
	return 0;
}

void pid_list_free(struct pid_list *list)
{
	free(list->pids);
	*list = (struct pid_list){ 0 };
}

static int list_all(struct pid_list *ret)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (proc == NULL)
		return -errno;
	while (err == 0 && (errno = 0, entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			err = pid_list_add(ret, (pid_t)strtol(entry->d_name, NULL, 10));
	if (err == 0)
		err = -errno;
	closedir(proc);
	return err;
}

int scan_comm(const char *comm, struct pid_list *ret)
{
	int err = scan_library(comm, ret);

	return err == -ELIBACC || err == -EOPNOTSUPP ? list_all(ret) : err;
}
