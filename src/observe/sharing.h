/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What sharers.c and groups.c both know of comparing address spaces. */

#include <mmreap/observe.h>

/* The first thread below @task_name that has an mm; 0: none. All threads of a group share it. */
pid_t sharing_thread(const struct sys *sys, int dirfd, const char *task_name, pid_t zombie);

/* A process that is there and cannot be compared, if it may have an mm. */
void sharing_note_unknown(const struct sys *sys, const struct run_self *self, pid_t pid,
			  struct blind *blind);

/* A vfork child that has not passed exec. */
bool sharing_in_vfork(const struct sys *sys, int procfd);
