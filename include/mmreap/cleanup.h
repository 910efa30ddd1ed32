/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Cleanup attached to the variable; what is handed on is taken out of it first. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((__cleanup__(fn)))

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_close_ _cleanup_(cleanup_close)
#define _cleanup_free_ _cleanup_(cleanup_free)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

/** take_fd - Take the descriptor out of @fd, which no longer owns it */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/** take_ptr - Take the pointer out of the variable @p, which no longer owns it */
#define take_ptr(p)                         \
	({                                  \
		__typeof__(p) taken_ = (p); \
                                            \
		(p) = NULL;                 \
		taken_;                     \
	})
