// SPDX-License-Identifier: GPL-2.0-or-later

/* Two looks → events and verdict: nothing is claimed that was not seen. */

#include "marked.h"
#include "unit.h"
#include <mmreap/report.h>
#include <mmreap/watched.h>
#include <string.h>

#define VIEW(...)           \
	{                   \
		__VA_ARGS__ \
	}
#define ALIVE VIEW(.mm = WATCH_MM_HELD, .phase = PHASE_ALIVE)

static const struct {
	const char *name;
	struct watch_view before, now;
	bool first;
	const char *events;
} rows[] = {
	{ "first look", { 0 }, ALIVE, true, "start" },
	{ "nothing new", ALIVE, ALIVE, false, "" },
	{ "another phase", ALIVE, VIEW(.mm = WATCH_MM_HELD, .phase = PHASE_DYING), false, "phase" },
	{ "an execve", ALIVE, VIEW(.mm = WATCH_MM_HELD, .phase = PHASE_ALIVE, .generation = 1),
	  false, "exec" },
	{ "an execve and another phase", ALIVE,
	  VIEW(.mm = WATCH_MM_HELD, .generation = 1, .phase = PHASE_STOPPED), false, "exec" },
	{ "exit, held", ALIVE, VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD),
	  false, "exited" },
	{ "exit, unreferenced", ALIVE,
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED), false,
	  "exited reaped" },
	{ "exit and waited for, held", ALIVE,
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD, .gone = true), false,
	  "exited gone" },
	{ "exit and waited for, unreferenced", ALIVE,
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED, .gone = true),
	  false, "exited reaped gone" },
	{ "exit, not known", VIEW(.phase = PHASE_ALIVE, .mm = WATCH_MM_UNKNOWN),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN), false,
	  "exited unknown" },
	{ "held, then unreferenced",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED), false,
	  "reaped" },
	{ "gone, then unreferenced",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD, .gone = true),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED, .gone = true),
	  false, "reaped" },
	{ "reaped, then waited for",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED, .gone = true),
	  false, "gone" },
	{ "unreferenced while it lives is no reap", ALIVE,
	  VIEW(.phase = PHASE_ALIVE, .mm = WATCH_MM_UNREFERENCED), false, "" },
	{ "torn down while it is still exiting is no reap", ALIVE,
	  VIEW(.phase = PHASE_ALIVE, .mm = WATCH_MM_TORN_DOWN, .by_kernel = true), false, "" },
	{ "too late",
	  { 0 },
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN),
	  true,
	  "start unknown" },
	{ "too late and waited for",
	  { 0 },
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN, .gone = true),
	  true,
	  "start unknown gone" },
	{ "just in time",
	  { 0 },
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED),
	  true,
	  "start reaped" },
	{ "the kernel tells: unreferenced is not enough",
	  VIEW(.mm = WATCH_MM_HELD, .phase = PHASE_ALIVE, .by_kernel = true),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED,
	       .by_kernel = true),
	  false, "exited" },
	{ "the kernel tells: torn down",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED,
	       .by_kernel = true),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_TORN_DOWN, .by_kernel = true),
	  false, "reaped" },
	{ "not known stays so", VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN),
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN), false, "" },
};

static void test_events(void)
{
	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		enum watch_event events[WATCH_MAX_EVENTS];
		size_t n =
			changes_find(rows[i].first ? NULL : &rows[i].before, &rows[i].now, events);
		char got[64] = "";

		for (size_t j = 0; j < n; j++) {
			strcat(got, j ? " " : "");
			strcat(got, watch_event_word(events[j]));
		}
		is_str(got, rows[i].events, "%s", rows[i].name);
	}
}

static const struct {
	const char *name;
	struct watch_view view;
	enum watch_verdict exited, reaped, gone;
} verdicts[] = {
	{ "alive", ALIVE, WATCH_WAIT, WATCH_WAIT, WATCH_WAIT },
	{ "alive, not known", VIEW(.phase = PHASE_ALIVE, .mm = WATCH_MM_UNKNOWN), WATCH_WAIT,
	  WATCH_WAIT, WATCH_WAIT },
	{ "alive, unreferenced", VIEW(.phase = PHASE_ALIVE, .mm = WATCH_MM_UNREFERENCED),
	  WATCH_WAIT, WATCH_WAIT, WATCH_WAIT },
	{ "held", VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD), WATCH_DONE,
	  WATCH_WAIT, WATCH_WAIT },
	{ "held and waited for",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD, .gone = true),
	  WATCH_DONE, WATCH_WAIT, WATCH_WAIT },
	{ "unreferenced", VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED),
	  WATCH_DONE, WATCH_DONE, WATCH_WAIT },
	{ "unreferenced, the kernel will tell",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED,
	       .by_kernel = true),
	  WATCH_DONE, WATCH_WAIT, WATCH_WAIT },
	{ "torn down",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_TORN_DOWN, .by_kernel = true),
	  WATCH_DONE, WATCH_DONE, WATCH_WAIT },
	{ "unreferenced and waited for",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED, .gone = true),
	  WATCH_DONE, WATCH_DONE, WATCH_DONE },
	{ "not known", VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN),
	  WATCH_DONE, WATCH_UNKNOWABLE, WATCH_WAIT },
	{ "not known, waited for",
	  VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNKNOWN, .gone = true),
	  WATCH_DONE, WATCH_UNKNOWABLE, WATCH_UNKNOWABLE },
};

static void test_verdicts(void)
{
	for (size_t i = 0; i < UNIT_ROWS(verdicts); i++) {
		const struct watch_view *v = &verdicts[i].view;

		is_int(changes_verdict(v, WATCH_FOR_EXITED), verdicts[i].exited, "%s: exited",
		       verdicts[i].name);
		is_int(changes_verdict(v, WATCH_FOR_REAPED), verdicts[i].reaped, "%s: reaped",
		       verdicts[i].name);
		is_int(changes_verdict(v, WATCH_FOR_GONE), verdicts[i].gone, "%s: gone",
		       verdicts[i].name);
	}
}

/* Every pair of views: never a verdict without the pidfd, never `reaped` twice or unseen. */
static void test_never_more_than_seen(void)
{
	size_t wrong = 0, n_pairs = 0;

	for (unsigned int a = 0; a < 32; a++) {
		for (unsigned int b = 0; b < 32; b++) {
			struct watch_view before = { a & 1,  a & 2,	  a & 4, 0,
						     a >> 3, WATCH_KNOWN, 0,	 PHASE_ALIVE };
			struct watch_view now = { b & 1,  b & 2,       b & 4, 0,
						  b >> 3, WATCH_KNOWN, 0,     PHASE_ALIVE };
			enum watch_event events[WATCH_MAX_EVENTS];
			size_t n = changes_find(&before, &now, events);

			n_pairs++;
			for (size_t i = 0; i < n; i++) {
				if (events[i] != WATCH_REAPED)
					continue;
				wrong += !now.exited || now.mm < WATCH_MM_UNREFERENCED ||
					 (now.by_kernel && now.mm != WATCH_MM_TORN_DOWN) ||
					 changes_is_released(&before);
			}
		}
	}
	is_int(wrong, 0, "%zu pairs of looks", n_pairs);
}

static void test_sources(void)
{
	struct watch_view pagemap =
		VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED);
	struct watch_view kernel =
		VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_TORN_DOWN);

	is_int(changes_source(&pagemap, WATCH_REAPED), WATCH_BY_PAGEMAP, "pagemap");
	is_int(changes_source(&kernel, WATCH_REAPED), WATCH_BY_EXIT_MMAP, "exit_mmap");
	is_int(changes_source(&kernel, WATCH_EXIT), WATCH_BY_PIDFD, "pidfd");
	is_int(changes_source(&kernel, WATCH_PHASE), WATCH_BY_PROC, "proc");
}

/* --- sentences -------------------------------------------------------------------------- */

static const struct status_row no_life = { .phase = PHASE_DYING, .id = { .pid = 4711 } };
static const struct waiting_thread odd_thread = { .tid = 5, .state = 'D', .wchan = "\x1b[2J\xff" };
static const struct holders nobody = { .looked = true, .n_unseen = 2 };
static const struct holders reader = {
	.looked = true,
	.n = 1,
	.found = { { HOLDER_READER, { 4712, 0, "ps\n" }, "mem", false } },
};

static const struct {
	struct watch_row row;
	const char *sentence;
} sentences[] = {
	{ { .event = WATCH_START, .view = ALIVE, .memory = { .rss_bytes = 1 << 30 } },
	  "alive, 1.0 GiB resident" },
	{ { .event = WATCH_START,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE),
	    .memory = { .rss_bytes = UNKNOWN } },
	  "zombie" },
	{ { .event = WATCH_EXIT,
	    .time_us = 612000,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD) },
	  "exited after 612 ms, its address space is still held" },
	{ { .event = WATCH_REAPED,
	    .time_us = 612000,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED),
	    .memory = { .most_bytes = 1 << 30,
			.used_bytes = UNKNOWN,
			.used_most_bytes = UNKNOWN } },
	  "reaped after 612 ms: 1.0 GiB unmapped, address space unreferenced" },
	{ { .event = WATCH_REAPED,
	    .time_us = 612000,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_TORN_DOWN),
	    .third_party = true,
	    .memory = { .most_bytes = 1 << 30,
			.used_bytes = 1 << 20,
			.used_most_bytes = 1 << 21 } },
	  "reaped after 612 ms: 1.0 GiB unmapped, 1.0 MiB freed, address space torn down; "
	  "its cgroup holds 1.0 MiB now" },
	{ { .event = WATCH_REAPED,
	    .time_us = 612000,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_UNREFERENCED),
	    .third_party = true,
	    .memory = { .most_bytes = UNKNOWN,
			.rss_bytes = UNKNOWN,
			.used_bytes = UNKNOWN,
			.used_most_bytes = UNKNOWN } },
	  "reaped after 612 ms, address space unreferenced; another process dropped it last and "
	  "may still be freeing it" },
	{ { .event = WATCH_UNKNOWN,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .unknown = WATCH_TOO_LATE),
	    .memory = { .used_bytes = UNKNOWN } },
	  "exited, but whether its address space is released cannot be known: it had let go of "
	  "its address space before the watch began" },
	{ { .event = WATCH_TIMEOUT,
	    .time_us = 2000000,
	    .id = { .pid = 4711 },
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD),
	    .memory = { .most_bytes = 1 << 30, .rss_bytes = 1 << 30 },
	    .holders = &reader },
	  "timeout after 2000 ms: exited, but its address space (1.0 GiB when last seen) is still "
	  "held: 4712 ps\\x0a (waits in a read or write of /proc/4711/mem); next: kill 4712, or "
	  "let its call end" },
	{ { .event = WATCH_BLOCKED,
	    .time_us = 2000000,
	    .view = VIEW(.exited = true, .phase = PHASE_ZOMBIE, .mm = WATCH_MM_HELD),
	    .memory = { .most_bytes = UNKNOWN },
	    .holders = &nobody },
	  "blocked after 2000 ms: exited, but its address space is still held: unknown holder: "
	  "nothing in /proc shows it; 2 processes could not be inspected; next: look again with "
	  "the right to inspect all processes (CAP_SYS_PTRACE)" },
	{ { .event = WATCH_TIMEOUT,
	    .time_us = 2000000,
	    .view = VIEW(.mm = WATCH_MM_HELD, .phase = PHASE_DYING),
	    .life = &no_life },
	  "timeout after 2000 ms: it is dying, why is not known; next: mmreap kill --reap-only "
	  "4711 takes its memory back now" },
	{ { .event = WATCH_TIMEOUT,
	    .time_us = 2000000,
	    .view = VIEW(.mm = WATCH_MM_HELD, .phase = PHASE_DYING),
	    .life = &no_life,
	    .thread = &odd_thread },
	  "timeout after 2000 ms: it is dying, blocker: thread 5 in an uninterruptible wait in "
	  "\\x1b[2J\\xff; next: mmreap kill --reap-only 4711 takes its memory back now" },
};

static void test_long_names(void)
{
	struct holders holders = { .n = MAX_HOLDERS, .looked = true };
	struct watch_row row = { .id = { .pid = 4194303 },
				 .event = WATCH_BLOCKED,
				 .view = VIEW(.exited = true, .mm = WATCH_MM_HELD),
				 .holders = &holders };
	static const char end[] = "; next: kill 4194303, or let its call end";
	char text[SENTENCE_SIZE];
	size_t len;

	for (int i = 0; i < MAX_HOLDERS; i++) {
		holders.found[i] = (struct holder){ .kind = HOLDER_OPEN_FILE,
						    .id = { .pid = 4194303 },
						    .file = "smaps_rollup" };
		memset(holders.found[i].id.comm, 1, 15);
	}
	explain_watch(&row, NULL, false, text, sizeof(text));
	len = strlen(text);
	is_str(len < sizeof(end) ? text : text + len - (sizeof(end) - 1), end,
	       "the longest names leave room for the next step");
}

static void test_sentences(void)
{
	for (size_t i = 0; i < UNIT_ROWS(sentences); i++) {
		char got[SENTENCE_SIZE];

		explain_watch(&sentences[i].row, NULL, false, got, sizeof(got));
		is_str(got, sentences[i].sentence, "row %zu", i);
	}
}

static void test_language(void)
{
	for (size_t i = 0; i < UNIT_ROWS(sentences); i++) {
		const struct watch_row *row = &sentences[i].row;
		char got[2 * SENTENCE_SIZE], outside[SENTENCE_SIZE];
		const char *rest = outside;

		explain_watch(row, &marked_words, false, got, sizeof(got));
		marked_outside(got, outside, sizeof(outside));
		rest = marked_after(rest, phase_word(row->view.phase));
		rest = marked_after(rest, text_errno(-row->view.err));
		is_str(rest, "", "%s", sentences[i].sentence);
	}
}

int main(void)
{
	RUN(test_events);
	RUN(test_verdicts);
	RUN(test_never_more_than_seen);
	RUN(test_sources);
	RUN(test_sentences);
	RUN(test_language);
	RUN(test_long_names);
	return unit_done();
}
