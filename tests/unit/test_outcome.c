// SPDX-License-Identifier: GPL-2.0-or-later

/* Words and statuses: the tables of the contract, typed a second time. */

#include "unit.h"
#include <mmreap/outcome.h>

static const struct {
	enum outcome outcome;
	const char *word;
	int status;
} contract[] = {
	{ OUTCOME_REAPED, "reaped", 0 },
	{ OUTCOME_FREED, "freed", 0 },
	{ OUTCOME_EXITED, "exited", 0 },
	{ OUTCOME_SPARED, "spared", 0 },
	{ OUTCOME_KILLED, "killed", 4 },
	{ OUTCOME_PINNED, "pinned", 8 },
	{ OUTCOME_PENDING, "pending", 3 },
	{ OUTCOME_REFUSED_SHARED, "refused-shared", 7 },
	{ OUTCOME_REFUSED_PROTECTED, "refused-protected", 7 },
	{ OUTCOME_DENIED, "denied", 6 },
	{ OUTCOME_NO_PROCESS, "no-process", 5 },
	{ OUTCOME_UNSUPPORTED, "unsupported", 4 },
	{ OUTCOME_FAILED, "failed", 1 },
};

static void test_outcomes(void)
{
	is_int(UNIT_ROWS(contract), OUTCOME_COUNT, "every outcome is in the contract");
	for (size_t i = 0; i < UNIT_ROWS(contract); i++) {
		is_str(outcome_word(contract[i].outcome), contract[i].word, "word of %zu", i);
		is_int(outcome_status(contract[i].outcome), contract[i].status, "status of %s",
		       contract[i].word);
	}
}

static void test_statuses(void)
{
	static const struct {
		int status;
		const char *name;
	} rows[] = {
		{ 0, "ok" },	      { 1, "failure" },	   { 2, "usage" },  { 3, "timeout" },
		{ 4, "unsupported" }, { 5, "no-process" }, { 6, "denied" }, { 7, "refused" },
		{ 8, "pinned" },      { 64, "partial" },   { 9, NULL },	    { 63, NULL },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++)
		is_str(status_name((enum exit_status)rows[i].status), rows[i].name, "name of %d",
		       rows[i].status);
}

static void test_combine(void)
{
	static const struct {
		const char *name;
		int status;
		size_t n;
		enum outcome o[4];
	} rows[] = {
		{ "no target", 0, 0, { 0 } },
		{ "one good", 0, 1, { OUTCOME_REAPED } },
		{ "all kinds of good",
		  0,
		  4,
		  { OUTCOME_REAPED, OUTCOME_FREED, OUTCOME_EXITED, OUTCOME_SPARED } },
		{ "one bad", 5, 1, { OUTCOME_NO_PROCESS } },
		{ "two alike", 6, 2, { OUTCOME_DENIED, OUTCOME_DENIED } },
		{ "two words, one status",
		  7,
		  2,
		  { OUTCOME_REFUSED_SHARED, OUTCOME_REFUSED_PROTECTED } },
		{ "two different", 1, 2, { OUTCOME_DENIED, OUTCOME_NO_PROCESS } },
		{ "good then bad", 64, 2, { OUTCOME_REAPED, OUTCOME_NO_PROCESS } },
		{ "bad then good", 64, 2, { OUTCOME_PINNED, OUTCOME_FREED } },
		{ "good among different",
		  64,
		  3,
		  { OUTCOME_PINNED, OUTCOME_FREED, OUTCOME_PENDING } },
		{ "only the last differs",
		  1,
		  4,
		  { OUTCOME_PENDING, OUTCOME_PENDING, OUTCOME_PENDING, OUTCOME_FAILED } },
		{ "failed alone", 1, 1, { OUTCOME_FAILED } },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		enum exit_status s[4] = { 0 };

		for (size_t j = 0; j < rows[i].n; j++)
			s[j] = outcome_status(rows[i].o[j]);
		is_int(status_combine(s, rows[i].n), rows[i].status, "%s", rows[i].name);
	}
}

static void test_words(void)
{
	is_str(method_word(METHOD_KILL_REAP), "kill-reap", "method");
	is_str(method_word(METHOD_REAP_KILL), "reap-kill", "method");
	is_str(method_word(METHOD_KILL_ONLY), "kill-only", "method");
	is_str(method_word(METHOD_REAP_ONLY), "reap-only", "method");
	is_str(hold_word(HOLD_NONE), "none", "hold");
	is_str(hold_word(HOLD_TRACE), "trace", "hold");
	is_str(hold_word(HOLD_FROZEN), "frozen", "hold");
	is_str(robust_word(ROBUST_NONE), "none", "robust");
	is_str(robust_word(ROBUST_HANDED_OVER), "handed-over", "robust");
	is_str(robust_word(ROBUST_LET_GO), "let-go", "robust");
	is_str(robust_word(ROBUST_UNREADABLE), "unreadable", "robust");
	is_str(robust_word(ROBUST_IGNORED), "ignored", "robust");
	is_str(relation_word(RELATION_TARGET), "target", "relation");
	is_str(relation_word(RELATION_VFORK_CHILD), "vfork-child", "relation");
	is_str(relation_word(RELATION_VFORK_PARENT), "vfork-parent", "relation");
	is_str(relation_word(RELATION_CLONE_VM), "clone-vm", "relation");
	for (int i = 0; i < STEPNAME_COUNT; i++)
		ok(step_word((enum step_name)i) && *step_word((enum step_name)i), "step %d: %s", i,
		   step_word((enum step_name)i));
}

int main(void)
{
	RUN(test_outcomes);
	RUN(test_statuses);
	RUN(test_combine);
	RUN(test_words);
	return unit_done();
}
