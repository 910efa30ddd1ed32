/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A second thread that is worth it for a millisecond only if it runs at once, and not on our CPU.
 * A scheduler may well put it there, behind us, to leave the others asleep. So it is sent away.
 */
#include <sched.h>
#include <time.h>

#include "beside.h"

/* Longer than it needs for what it has begun, if it gets a CPU. */
#define PATIENCE_NS 1000000

void beside_start(struct beside *b, void *(*job)(void *arg), void *arg)
{
	cpu_set_t others;
	int here = sched_getcpu();

	b->made = pthread_create(&b->thread, NULL, job, arg) == 0;
	if (!b->made || here < 0 || sched_getaffinity(0, sizeof(others), &others) < 0)
		return;
	CPU_CLR((size_t)here, &others);
	/* Fails where there are no others. */
	pthread_setaffinity_np(b->thread, sizeof(others), &others);
}

/* Where it was sent somebody may have all the time; we do not need ours any more. */
static void call_back(const struct beside *b)
{
	cpu_set_t all, this;
	int here = sched_getcpu();

	if (here < 0 || sched_getaffinity(0, sizeof(all), &all) < 0)
		return;
	CPU_ZERO(&this);
	CPU_SET((size_t)here, &this);
	pthread_setaffinity_np(b->thread, sizeof(this), &this);
	pthread_setaffinity_np(b->thread, sizeof(all), &all);
}

void beside_join(struct beside *b)
{
	struct timespec until;

	if (!b->made)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += PATIENCE_NS;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	if (pthread_timedjoin_np(b->thread, NULL, &until) == 0)
		return;
	call_back(b);
	pthread_join(b->thread, NULL);
}
