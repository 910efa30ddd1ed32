/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <sched.h>
#include <sys/mount.h>

#include "helpers.h"

/* Go on as the init of a PID namespace with a /proc of its own; the caller waits, and ends likewise. */
static void enter_pid_namespace(void)
{
	int status;
	pid_t init;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
		die("PID namespace: %s", strerror(errno));
	init = fork();
	if (init == 0) {
		die_with_parent(0);
		if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("proc", "/proc", "proc", 0, NULL) < 0)
			die("/proc: %s", strerror(errno));
		return;
	}
	if (waitpid(init, &status, 0) < 0)
		die("waitpid: %s", strerror(errno));
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 97);
}
