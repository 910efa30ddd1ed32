// SPDX-License-Identifier: GPL-2.0-or-later

/* A worker goes from one job to the next by itself, and to no other. */

#include <mmreap/act.h>

#include "../../src/act/worker.h"
#include "unit.h"

#define LONG_US 60000000

static _Atomic int first_done, next_done;

static void first(struct worker *w)
{
	worker_sleep_us(w, LONG_US); /* until it is told to stop */
	atomic_fetch_add(&first_done, 1);
}

static void next(struct worker *w)
{
	(void)w;
	atomic_fetch_add(&next_done, 1);
}

static void await_idle(struct worker *w)
{
	while (!worker_idle(w))
		sys_linux.sleep_us(100);
}

static struct worker *start(void)
{
	struct worker *w = NULL;

	worker_start(&sys_linux, NULL, NULL, -1, worker_map(worker_berth_bytes(TRADE_TRACER)),
		     TRADE_TRACER, &w);
	return w;
}

static void test_run_after(void)
{
	struct worker *w = start();

	if (!ok(w != NULL, "there is a thread"))
		return;
	ok(worker_run(w, first), "at the first");
	ok(!worker_run(w, next), "no other is begun meanwhile");
	ok(!worker_run_after(w, next, next), "nor after one that it is not at");
	ok(worker_run_after(w, first, next), "but after the first");
	worker_stop(w);
	await_idle(w);
	is_int(atomic_load(&first_done), 1, "the first was done");
	is_int(atomic_load(&next_done), 1, "then the next, once");
	ok(worker_run_after(w, first, next), "at none: now");
	await_idle(w);
	is_int(atomic_load(&next_done), 2, "done");
	ok(worker_end(w), "ended");
}

static void test_end(void)
{
	struct worker *w = start();

	if (!ok(w != NULL, "there is a thread"))
		return;
	atomic_store(&next_done, 0);
	worker_run(w, first);
	worker_run_after(w, first, next);
	ok(worker_end(w), "ended");
	is_int(atomic_load(&next_done), 0, "without what was to come");
}

int main(void)
{
	RUN(test_run_after);
	RUN(test_end);
	return unit_done();
}
