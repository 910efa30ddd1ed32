/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Worlds of the fake system that tests of several processes begin with: a task without mm, and us. */

#include <fcntl.h>

#include "fake_sys.h"

/* What a row does not say is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define ZOMBIE 900
#define SELF 77

#define ZOMBIE_ROW                                                                         \
	{                                                                                  \
		.pid = ZOMBIE, .ppid = SELF, .threads = { { ZOMBIE, 'Z', .no_mm = true } } \
	}
#define SELF_ROW                      \
	{                             \
		.pid = SELF, .mm = 99 \
	}

static struct run_self self = { .pid = SELF };

static inline void begin(const struct fake_proc *procs, int n)
{
	fake_begin(procs, n);
	self.proc_fd = fake_sys.open_at(AT_FDCWD, "/proc", O_DIRECTORY);
}

/* All that was opened was closed. */
static inline bool end(void)
{
	fake_sys.close(self.proc_fd);
	return fake_end();
}
