/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The process list of libproc2 (sys/scan_late.c), and the list that it fills. */

#include <sys/types.h>

/** struct pid_list - owned array of PIDs */
struct pid_list {
	pid_t *pids;
	size_t n, capacity;
};

/** pid_list_add - Append; -ENOMEM. */
int pid_list_add(struct pid_list *list, pid_t pid);
void pid_list_free(struct pid_list *list);

/**
 * scan_comm - Candidates for a name: every process that libproc2 calls so, or may call so; all
 * processes where that library is not to be had.
 * Returns 0, -ENOMEM or what libproc2 or /proc says.
 */
int scan_comm(const char *comm, struct pid_list *ret);

/** scan_library - The same from libproc2 alone; -ELIBACC: it cannot be loaded, -EOPNOTSUPP: left out */
int scan_library(const char *comm, struct pid_list *ret);
