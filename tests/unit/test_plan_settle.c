// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * May the memory be taken now? Every combination of what can be seen of a thread group, against the
 * rule told in sentences, and the rows that a reader looks for first.
 */

#include "unit.h"
#include <mmreap/plan.h>

static const char *const words[] = {
	[SETTLED_WAIT] = "wait",     [SETTLED_REAP] = "reap",
	[SETTLED_LET_GO] = "let go", [SETTLED_UNREADABLE] = "unreadable",
	[SETTLED_GONE] = "gone",
};

static void test_rows(void)
{
	static const struct {
		const char *name;
		struct plan_threads t;
		enum plan_settled want;
	} rows[] = {
		/* clang-format off */
		{ "T stands in the exit stop, all others are clean",
		  { .complete = true, .t_held = true, .t_final = true }, SETTLED_REAP },
		{ "T is not there yet", { .complete = true, .t_held = true }, SETTLED_WAIT },
		{ "T's list seems in use, but T can still change it",
		  { .complete = true, .t_held = true, .t_in_use = true }, SETTLED_WAIT },
		{ "T owns a lock: only T can hand it over",
		  { .complete = true, .t_held = true, .t_final = true, .t_in_use = true },
		  SETTLED_LET_GO },
		{ "T owns a lock: no need to wait for the others",
		  { .t_held = true, .t_final = true, .t_in_use = true, .unsettled = 9 },
		  SETTLED_LET_GO },
		{ "T's list cannot be read",
		  { .complete = true, .t_held = true, .t_final = true, .t_unreadable = true },
		  SETTLED_UNREADABLE },
		{ "a thread may have been skipped by readdir",
		  { .t_held = true, .t_final = true }, SETTLED_WAIT },
		{ "a thread still runs",
		  { .complete = true, .unsettled = 1, .t_held = true, .t_final = true }, SETTLED_WAIT },
		{ "a thread has not handed over yet",
		  { .complete = true, .in_use = 1, .t_held = true, .t_final = true }, SETTLED_WAIT },
		{ "a thread's list cannot be read: wait until it is gone",
		  { .complete = true, .unreadable = 1, .t_held = true, .t_final = true },
		  SETTLED_WAIT },
		{ "nobody is held, all are clean", { .complete = true }, SETTLED_REAP },
		{ "nobody is held, one runs", { .complete = true, .unsettled = 1 }, SETTLED_WAIT },
		{ "nobody is held, one has yet to hand over", { .complete = true, .in_use = 1 },
		  SETTLED_WAIT },
		{ "nobody is held, nobody is left", { .gone = true }, SETTLED_GONE },
		{ "nothing was seen at all", { .complete = false }, SETTLED_WAIT },
		/* clang-format on */
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++)
		is_str(words[plan_settle(&rows[i].t)], words[rows[i].want], "%s", rows[i].name);
}

/* The rule once more, as conditions on what is known. */
static bool others_are_final(const struct plan_threads *t)
{
	return t->complete && t->unsettled + t->in_use + t->unreadable == 0;
}

static bool is_allowed(const struct plan_threads *t, enum plan_settled verdict)
{
	bool t_is_final = t->t_held && t->t_final;
	bool t_is_clean = t_is_final && !t->t_in_use && !t->t_unreadable;
	bool all_gone = t->gone && !t->t_held;

	switch (verdict) {
	case SETTLED_REAP:
		return others_are_final(t) && (t_is_clean || !t->t_held) && !all_gone;
	case SETTLED_LET_GO:
		return t_is_final && t->t_in_use && !t->t_unreadable;
	case SETTLED_UNREADABLE:
		return t_is_final && t->t_unreadable;
	case SETTLED_GONE:
		return all_gone;
	case SETTLED_WAIT:
		/* There is nothing to wait for where one of the others holds. */
		return !is_allowed(t, SETTLED_REAP) && !is_allowed(t, SETTLED_LET_GO) &&
		       !is_allowed(t, SETTLED_UNREADABLE) && !is_allowed(t, SETTLED_GONE);
	}
	return false;
}

static void test_all(void)
{
	int seen[5] = { 0 }, wrong = 0;

	for (unsigned int bits = 0; bits < 1u << 9; bits++) {
		struct plan_threads t = { .complete = bits & 1,
					  .gone = bits & 2,
					  .t_held = bits & 4,
					  .t_final = bits & 8,
					  .t_in_use = bits & 16,
					  .t_unreadable = bits & 32,
					  .unsettled = bits & 64 ? 2 : 0,
					  .in_use = bits & 128 ? 1 : 0,
					  .unreadable = bits & 256 ? 3 : 0 };
		enum plan_settled verdict = plan_settle(&t);

		seen[verdict]++;
		if (is_allowed(&t, verdict))
			continue;
		note("%03x: %s", bits, words[verdict]);
		wrong++;
	}
	is_int(wrong, 0, "512 combinations obey the rule");
	for (int v = 0; v < 5; v++)
		ok(seen[v], "\"%s\" comes %d times", words[v], seen[v]);
}

int main(void)
{
	RUN(test_rows);
	RUN(test_all);
	return unit_done();
}
