// SPDX-License-Identifier: GPL-2.0-or-later

/* The process list of libproc2; nothing else includes it. */

#include <ctype.h>
#include <errno.h>
#include <libproc2/pids.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

/* The library rewrites what a terminal could not bear: such names are for the caller to compare. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (!isascii((unsigned char)*name) || !isprint((unsigned char)*name))
			return false;
	return true;
}

int scan_comm(const char *comm, struct pid_list *ret)
{
	enum pids_item items[] = { PIDS_ID_PID, PIDS_CMD };
	struct pids_info *info = NULL;
	struct pids_stack *stack;
	bool plain = is_plain(comm);
	int err = procps_pids_new(&info, items, 2);

	if (err < 0)
		return err;
	while (err == 0 && (stack = procps_pids_get(info, PIDS_FETCH_TASKS_ONLY))) {
		/* PIDS_VAL has three arguments or four, by version: read the results themselves. */
		const char *name = stack->head[1].result.str;

		/* NULL for a process that is on its way out (4.0.4) */
		if (!plain || name == NULL || strcmp(name, comm) == 0)
			err = pid_list_add(ret, stack->head[0].result.s_int);
	}
	procps_pids_unref(&info);
	return err;
}
