// SPDX-License-Identifier: GPL-2.0-or-later

/* Which reap a reaper takes, and that one which was told to stop takes none. */

#include <mmreap/act.h>

#include "../../src/act/worker.h"
#include "unit.h"

#define N 4

static struct shared all[N];
static struct reap_queue queue = { .lock = PTHREAD_MUTEX_INITIALIZER, .all = all, .n = N };

static void fill(void)
{
	static const int64_t pages[N] = { 10, 30, 20, 40 };

	for (int i = 0; i < N; i++) {
		all[i] = (struct shared){ .reap.pages = pages[i] };
		atomic_store(&all[i].reap.state, i == 3 ? REAP_DONE : REAP_QUEUED);
	}
}

static void test_order(void)
{
	static struct worker reaper;

	fill();
	ok(reap_take(&queue, &reaper) == &all[1].reap, "the biggest that is queued");
	is_int(atomic_load(&all[1].reap.state), REAP_RUNNING, "it is taken");
	ok(all[1].reap.by == &reaper, "by whom is known");
	ok(reap_take(&queue, NULL) == &all[2].reap, "then the next, by a looker");
	ok(all[2].reap.by == NULL, "which is no reaper");
	ok(reap_take(&queue, &reaper) == &all[0].reap, "then the smallest");
	ok(reap_take(&queue, &reaper) == NULL, "no more");
}

/* It may have looked whether it is to stop just before it was left behind. */
static void test_stop(void)
{
	static struct worker reaper;

	fill();
	atomic_store(&reaper.stop, true);
	ok(reap_take(&queue, &reaper) == NULL, "who is left behind takes nobody with it");
	for (int i = 0; i < 3; i++) {
		is_int(atomic_load(&all[i].reap.state), REAP_QUEUED, "left to the others: %d", i);
		ok(all[i].reap.by == NULL, "nobody's: %d", i);
	}
	ok(reap_take(&queue, NULL) == &all[1].reap, "the others take it");
}

int main(void)
{
	RUN(test_order);
	RUN(test_stop);
	return unit_done();
}
