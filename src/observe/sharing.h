/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What sharers.c, groups.c and crowd.c know of comparing address spaces. */

#include <mmreap/observe.h>

/* Has thread @tid below @task_name an mm? Its status tells where no @zombie is known to have none (<= 0). */
bool sharing_has_mm(const struct sys *sys, int dirfd, const char *task_name, pid_t tid,
		    pid_t zombie);

/* The first thread below @task_name that has an mm; 0: none. All threads of a group share it. */
pid_t sharing_thread(const struct sys *sys, int dirfd, const char *task_name, pid_t zombie);

/* The status of a process, of a living thread where the leader is dead. -ENODATA: none with an mm was seen. */
int sharing_status(const struct sys *sys, int procfd, struct status_facts *ret);

/* A process that is there and cannot be compared, if it may have an mm. */
void sharing_note_unknown(const struct sys *sys, const struct run_self *self, pid_t pid,
			  struct blind *blind);

/* A vfork child that has not passed exec. */
bool sharing_in_vfork(const struct sys *sys, int procfd);

/* The order of PIDs, for qsort(3) and bsearch(3). */
int sharing_by_number(const void *a, const void *b);

/* --- processes in the order in which kcmp has their address spaces (groups.c) ---------------- */

struct member {
	pid_t pid;
	pid_t tid; /* its thread that has the mm; 0: dropped */
};

struct members {
	const struct sys *sys;
	pid_t zombie;
	struct member *all, *spare; /* room for as many as were ever in it */
	size_t n;
};

/* The thread of @pid that has an mm; 0: none has; negative errno: gone, or not to be compared. */
pid_t sharing_member(const struct members *m, const struct run_self *self, pid_t pid);

/* Merge sort; who has no mm any more leaves the list. */
void sharing_sort(struct members *m);

/*
 * Number those that are equal to their neighbour, in @groups (0: alone); who is lost on the way
 * leaves the list. True: all are in order, and the numbers hold; else the order was mended, and
 * needs another look.
 */
bool sharing_number(struct members *m, size_t *groups);
