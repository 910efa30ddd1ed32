// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LD_PRELOAD: each mutex that a thread beside the first takes is taken LATE_MS later.
 *
 * The moment between the last line of a job and the lock under which its thread says that it is idle
 * takes so long; and so does the other, between being told of a job and looking at it.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	static int (*real)(pthread_mutex_t *);
	const char *ms = getenv("LATE_MS");
	long late = ms ? strtol(ms, NULL, 10) : 0;
	struct timespec ts = { .tv_sec = late / 1000, .tv_nsec = late % 1000 * 1000000 };

	if (real == NULL)
		real = (int (*)(pthread_mutex_t *))dlsym(RTLD_NEXT, "pthread_mutex_lock");
	if (gettid() != getpid())
		nanosleep(&ts, NULL);
	return real(mutex);
}
