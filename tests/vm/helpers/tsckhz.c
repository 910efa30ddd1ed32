/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rate of this machine's time stamp counter in kHz, which an emulated guest's counter has too.
 * A guest measures it by an emulated timer and gives up when this machine is busy; its clock would
 * then move in steps of 4 ms.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

static double monotonic_ns(uint64_t *ret_ticks)
{
	struct timespec ts;
	uint64_t before, after, best = UINT64_MAX;
	double ns = 0;

	/* The pair of readings that was interrupted least */
	for (int i = 0; i < 100; i++) {
		before = __rdtsc();
		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before < best) {
			best = after - before;
			*ret_ticks = before + best / 2;
			ns = (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
		}
	}
	return ns;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000 * 1000 };
	uint64_t ticks, later_ticks;
	double ns = monotonic_ns(&ticks), later_ns;

	nanosleep(&pause, NULL);
	later_ns = monotonic_ns(&later_ticks);
	printf("%.0f\n", (double)(later_ticks - ticks) * 1e6 / (later_ns - ns));
	return 0;
}
