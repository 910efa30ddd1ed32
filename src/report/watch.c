// SPDX-License-Identifier: GPL-2.0-or-later

/* `watch` in words, as columns, and as one redrawn line. */

#include "cells.h"
#include "json.h"
#include "sentence.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *watch_event_word(enum watch_event event)
{
	static const char *const words[WATCH_EVENT_COUNT] = {
		[WATCH_START] = "start",     [WATCH_PHASE] = "phase",
		[WATCH_EXEC] = "exec",	     [WATCH_EXIT] = "exited",
		[WATCH_REAPED] = "reaped",   [WATCH_GONE] = "gone",
		[WATCH_UNKNOWN] = "unknown", [WATCH_BLOCKED] = "blocked",
		[WATCH_TIMEOUT] = "timeout",
	};

	return words[event];
}

const char *watch_source_word(enum watch_source source)
{
	static const char *const words[] = { "proc", "pidfd", "pagemap", "exit_mmap" };

	return words[source];
}

/* --- figures ---------------------------------------------------------------------------- */

/* What has left the address space; UNKNOWN while that cannot be told. */
static int64_t unmapped_bytes(const struct watch_row *row)
{
	const struct watch_memory *m = &row->memory;
	bool released = row->view.mm == WATCH_MM_UNREFERENCED || row->view.mm == WATCH_MM_TORN_DOWN;

	if (m->most_bytes == UNKNOWN || m->rss_bytes == UNKNOWN)
		return UNKNOWN;
	/* Between letting go of its mm and the end of it nothing shows what is left. */
	if (!released && (row->view.exited || row->view.phase == PHASE_EXIT_MMAP))
		return UNKNOWN;
	return m->most_bytes - m->rss_bytes;
}

static int64_t freed_bytes(const struct watch_row *row)
{
	const struct watch_memory *m = &row->memory;

	if (m->used_most_bytes == UNKNOWN || m->used_bytes == UNKNOWN)
		return UNKNOWN;
	return m->used_most_bytes - m->used_bytes;
}

/* --- who is in the way ------------------------------------------------------------------ */

static void say_holder(struct sentence *s, const struct holder *h, pid_t target)
{
	char proc[PROC_SIZE];

	sentence_proc(&h->id, proc, sizeof(proc));
	switch (h->kind) {
	case HOLDER_SHARER:
		sentence_say(s, "%s (uses the same memory)", proc);
		break;
	case HOLDER_READER:
		sentence_say(s, "%s (waits in a read or write of /proc/%d/%s)", proc, (int)target,
			     h->file);
		break;
	case HOLDER_VM_READER:
		sentence_say(s, "%s (waits in process_vm_%s)", proc, h->file);
		break;
	case HOLDER_OPEN_FILE:
		sentence_say(s, "%s (has /proc/%d/%s open, and may not be inspected further)", proc,
			     (int)target, h->file);
		break;
	}
}

static void say_holders(struct sentence *s, const struct watch_row *row)
{
	const struct holders *h = row->holders;

	if (h == NULL || !h->looked) {
		if (h && h->blocked)
			sentence_say(s, "unknown holder: looking for it did not end in time");
		else
			sentence_say(s, "unknown holder: not looked for");
		return;
	}
	if (h->n == 0) {
		sentence_say(s, "unknown holder: nothing in /proc shows it");
		if (h->n_unseen) {
			sentence_say(s, SEMICOLON);
			sentence_count(s, (int64_t)h->n_unseen,
				       "%zu process could not be inspected",
				       "%zu processes could not be inspected", h->n_unseen);
		}
		return;
	}
	for (size_t i = 0; i < h->n && i < MAX_HOLDERS; i++) {
		if (i)
			sentence_say(s, COMMA);
		say_holder(s, &h->found[i], row->id.pid);
	}
	if (h->n > MAX_HOLDERS) {
		sentence_say(s, COMMA);
		sentence_count(s, (int64_t)h->n - MAX_HOLDERS, "%zu more", "%zu more",
			       h->n - MAX_HOLDERS);
	}
}

static bool is_held(const struct watch_row *row)
{
	return row->view.exited && row->view.mm == WATCH_MM_HELD;
}

static void say_thread(struct sentence *s, const struct waiting_thread *thread)
{
	char wchan[4 * sizeof(thread->wchan)];
	bool traced = thread->state == 't';

	text_escape(thread->wchan, wchan, sizeof(wchan));
	if (*wchan && traced)
		sentence_say(s, "thread %d stopped for its tracer in %s", (int)thread->tid, wchan);
	else if (*wchan)
		sentence_say(s, "thread %d in an uninterruptible wait in %s", (int)thread->tid,
			     wchan);
	else if (traced)
		sentence_say(s, "thread %d stopped for its tracer", (int)thread->tid);
	else
		sentence_say(s, "thread %d in an uninterruptible wait", (int)thread->tid);
}

static void explain_who(const struct watch_row *row, const struct words *words, char *ret,
			size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };

	*ret = '\0';
	if (is_held(row)) {
		say_holders(&s, row);
	} else if (row->life) {
		char text[SENTENCE_SIZE];

		explain_blocker(row->life, words, text, sizeof(text));
		text_escape(text, ret, size);
		if (*ret == '\0' && row->thread && row->thread->tid)
			say_thread(&s, row->thread);
	}
}

static void explain_step(const struct watch_row *row, const struct words *words, char *ret,
			 size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };
	const struct holders *h = row->holders;
	bool ancestor = false;
	char kill[80];

	*ret = '\0';
	if (!is_held(row)) {
		if (row->life)
			explain_next(row->life, words, ret, size);
		return;
	}
	if (h == NULL || !h->looked || h->n == 0) {
		if (h && h->n_unseen)
			sentence_say(&s, "look again with the right to inspect all processes "
					 "(CAP_SYS_PTRACE)");
		else
			sentence_say(&s, "only its user in the kernel can let it go (a driver, "
					 "vhost, AIO)");
		return;
	}
	switch (h->found[0].kind) {
	case HOLDER_SHARER:
		for (size_t i = 0; i < h->n && i < MAX_HOLDERS; i++)
			ancestor |= h->found[i].ancestor;
		snprintf(kill, sizeof(kill), "mmreap kill %s%s%d",
			 ancestor ? "--allow-ancestors " : "", h->n > 1 ? "--sharers=kill " : "",
			 h->found[0].id.pid);
		sentence_say(&s, "%s ends who uses it", kill);
		break;
	case HOLDER_READER:
	case HOLDER_VM_READER:
	case HOLDER_OPEN_FILE:
		sentence_say(&s, "kill %d, or let its call end", h->found[0].id.pid);
		break;
	}
}

/* --- sentences -------------------------------------------------------------------------- */

static const char *unknown_reason(const struct watch_row *row)
{
	switch (row->view.unknown) {
	case WATCH_KNOWN:
		break;
	case WATCH_TOO_LATE:
		return N_("it had let go of its address space before the watch began");
	case WATCH_NO_RIGHT:
		return N_("no right to inspect it (ptrace)");
	case WATCH_NO_PAGEMAP:
		return N_("this kernel has no /proc/PID/pagemap");
	case WATCH_EXECUTED:
		return N_("its name changed just before the exit, perhaps by an execve");
	case WATCH_NO_ANSWER:
		return N_("its execve did not end in time");
	case WATCH_FAILED:
		return row->view.err ? text_errno(-row->view.err)
				     : N_("its pagemap cannot be read");
	}
	return NULL;
}

static void say_resident(struct sentence *s, const struct watch_row *row)
{
	const struct watch_memory *m = &row->memory;
	char size[SIZE_SIZE];

	if (m->rss_bytes == UNKNOWN || row->view.phase == PHASE_EXIT_MMAP || row->view.exited)
		return;
	text_size(s->words, m->rss_bytes, s->bytes, size, sizeof(size));
	sentence_say(s, COMMA);
	sentence_say(s, "%s resident", size);
}

static void say_cgroup(struct sentence *s, const struct watch_memory *m)
{
	char size[SIZE_SIZE];

	if (m->used_bytes == UNKNOWN)
		return;
	text_size(s->words, m->used_bytes, s->bytes, size, sizeof(size));
	sentence_say(s, SEMICOLON);
	sentence_say(s, "its cgroup holds %s now", size);
}

static void say_released(struct sentence *s, const struct watch_row *row, const char *time)
{
	int64_t unmapped = unmapped_bytes(row), freed = freed_bytes(row);
	char size[SIZE_SIZE];

	if (unmapped == UNKNOWN) {
		sentence_say(s, "reaped after %s", time);
	} else {
		text_size(s->words, unmapped, s->bytes, size, sizeof(size));
		sentence_say(s, "reaped after %s: %s unmapped", time, size);
	}
	if (freed != UNKNOWN && freed >= 0) {
		text_size(s->words, freed, s->bytes, size, sizeof(size));
		sentence_say(s, COMMA);
		sentence_say(s, "%s freed", size);
	}
	sentence_say(s, COMMA);
	if (row->view.mm == WATCH_MM_TORN_DOWN)
		sentence_say(s, "address space torn down");
	else
		sentence_say(s, "address space unreferenced");
	if (row->third_party && row->view.mm == WATCH_MM_UNREFERENCED) {
		sentence_say(s, SEMICOLON);
		sentence_say(s, "another process dropped it last and may still be freeing it");
	}
	sentence_remainder(s, row->memory.shmem_bytes, row->memory.hugetlb_bytes,
			   row->memory.pinned_bytes);
	say_cgroup(s, &row->memory);
}

static void say_held(struct sentence *s, const struct watch_row *row)
{
	char size[SIZE_SIZE];

	if (row->memory.most_bytes <= 0 || row->memory.rss_bytes == UNKNOWN) {
		sentence_say(s, "exited, but its address space is still held");
		return;
	}
	text_size(s->words, row->memory.rss_bytes, s->bytes, size, sizeof(size));
	sentence_say(s, "exited, but its address space (%s when last seen) is still held", size);
}

static void say_obstacle(struct sentence *s, const struct watch_row *row)
{
	char line[SENTENCE_SIZE];

	explain_who(row, s->words, line, sizeof(line));
	if (is_held(row)) {
		say_held(s, row);
		sentence_say(s, COLON);
		sentence_put(s, "%s", line);
	} else {
		sentence_say(s, "it is %s", phase_word(row->view.phase));
		if (*line) {
			sentence_say(s, COMMA);
			sentence_say(s, "blocker: %s", line);
		} else if (!row->view.exited && row->view.phase != PHASE_ALIVE) {
			sentence_say(s, COMMA);
			sentence_say(s, "why is not known");
		}
	}
	explain_step(row, s->words, line, sizeof(line));
	if (*line) {
		sentence_say(s, SEMICOLON);
		sentence_say(s, "next: %s", line);
	}
}

static void say_unknown(struct sentence *s, const struct watch_row *row)
{
	const char *why = unknown_reason(row);

	sentence_say(s, "exited, but whether its address space is released cannot be known");
	sentence_say(s, COLON);
	if (why)
		sentence_put(s, "%s", words_one(s->words, why));
	else
		sentence_say(s, "an error");
	say_cgroup(s, &row->memory);
}

void explain_watch(const struct watch_row *row, const struct words *words, bool bytes, char *ret,
		   size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words, .bytes = bytes };
	char time[TIME_SIZE];

	*ret = '\0';
	text_time(row->time_us, time, sizeof(time));
	switch (row->event) {
	case WATCH_START:
		sentence_put(&s, "%s", phase_word(row->view.phase));
		say_resident(&s, row);
		break;
	case WATCH_PHASE:
		sentence_say(&s, "%s after %s", phase_word(row->view.phase), time);
		say_resident(&s, row);
		break;
	case WATCH_EXEC:
		sentence_say(&s, "executed a program after %s, which has a new address space",
			     time);
		say_resident(&s, row);
		break;
	case WATCH_EXIT:
		sentence_say(&s, "exited after %s", time);
		if (is_held(row)) {
			sentence_say(&s, COMMA);
			sentence_say(&s, "its address space is still held");
		}
		break;
	case WATCH_REAPED:
		say_released(&s, row, time);
		break;
	case WATCH_GONE:
		sentence_say(&s, "gone after %s: its PID is free", time);
		break;
	case WATCH_UNKNOWN:
		say_unknown(&s, row);
		break;
	case WATCH_BLOCKED:
		sentence_say(&s, "blocked after %s", time);
		sentence_say(&s, COLON);
		say_obstacle(&s, row);
		break;
	case WATCH_TIMEOUT:
		sentence_say(&s, "timeout after %s", time);
		sentence_say(&s, COLON);
		say_obstacle(&s, row);
		break;
	}
}

/* --- columns ---------------------------------------------------------------------------- */

enum watch_column {
	COLUMN_TIME,
	COLUMN_PID,
	COLUMN_INODE,
	COLUMN_PHASE,
	COLUMN_RSS,
	COLUMN_UNMAPPED,
	COLUMN_SOURCE,
	COLUMN_EVENT,
	COLUMN_COMM,
	COLUMN_FREED,
	COLUMN_BLOCKER,
	COLUMN_NEXT,
	COLUMN_MESSAGE,
};

static const struct column watch_columns[] = {
	[COLUMN_TIME] = { "time_ms", CELL_TIME_US, N_("time since the watch began") },
	[COLUMN_PID] = { "pid", CELL_NUMBER, N_("process ID") },
	[COLUMN_INODE] = { "inode", CELL_INODE,
			   N_("pidfs inode; PID:INODE names exactly this process") },
	[COLUMN_PHASE] = { "phase", CELL_TEXT, N_("phase of its life cycle, as in status") },
	[COLUMN_RSS] = { "rss", CELL_BYTES, N_("resident memory when last seen") },
	[COLUMN_UNMAPPED] = { "unmapped", CELL_BYTES,
			      N_("memory that left the address space since it was largest") },
	[COLUMN_SOURCE] = { "source", CELL_TEXT, N_("proc, pidfd, pagemap or exit_mmap") },
	[COLUMN_EVENT] = { "event", CELL_TEXT,
			   N_("start, phase, exec, exited, reaped, gone, unknown, blocked or timeout") },
	[COLUMN_COMM] = { "comm", CELL_TEXT, N_("command name") },
	[COLUMN_FREED] = { "freed", CELL_BYTES,
			   N_("memory given back, where its cgroup holds nobody else") },
	[COLUMN_BLOCKER] = { "blocker", CELL_TEXT, N_("what holds it up") },
	[COLUMN_NEXT] = { "next", CELL_TEXT, N_("what can be done about it") },
	[COLUMN_MESSAGE] = { "message", CELL_TEXT, N_("the same in one sentence") },
};

static void watch_get(const void *data, unsigned int column, struct cell *ret)
{
	const struct watch_row *row = data;
	bool stuck = row->event == WATCH_BLOCKED || row->event == WATCH_TIMEOUT;

	switch ((enum watch_column)column) {
	case COLUMN_TIME:
		set_number(ret, row->time_us);
		break;
	case COLUMN_PID:
		set_number(ret, row->id.pid);
		break;
	case COLUMN_INODE:
		set_inode(ret, &row->id);
		break;
	case COLUMN_PHASE:
		set_text(ret, phase_word(row->view.phase));
		break;
	case COLUMN_RSS:
		set_number(ret, row->memory.rss_bytes);
		break;
	case COLUMN_UNMAPPED:
		set_number(ret, unmapped_bytes(row));
		break;
	case COLUMN_SOURCE:
		set_text(ret, watch_source_word(row->source));
		break;
	case COLUMN_EVENT:
		set_text(ret, watch_event_word(row->event));
		break;
	case COLUMN_COMM:
		set_text(ret, row->id.comm);
		break;
	case COLUMN_FREED:
		set_number(ret, freed_bytes(row));
		break;
	case COLUMN_BLOCKER:
		if (stuck)
			explain_who(row, ret->words, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case COLUMN_NEXT:
		if (stuck)
			explain_step(row, ret->words, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case COLUMN_MESSAGE:
		explain_watch(row, ret->words, false, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	}
}

/* The widest that there is, or that is usual, and wider than the heading; what is longer stands out. */
static const unsigned char watch_widths[] = {
	[COLUMN_TIME] = 9,    [COLUMN_PID] = 7,	     [COLUMN_INODE] = 8,   [COLUMN_PHASE] = 13,
	[COLUMN_RSS] = 6,     [COLUMN_UNMAPPED] = 9, [COLUMN_SOURCE] = 9,  [COLUMN_EVENT] = 7,
	[COLUMN_COMM] = 15,   [COLUMN_FREED] = 6,    [COLUMN_BLOCKER] = 8, [COLUMN_NEXT] = 5,
	[COLUMN_MESSAGE] = 8,
};

const struct row_table report_table_watch = {
	.key = "watch",
	.columns = watch_columns,
	.n_columns = sizeof(watch_columns) / sizeof(watch_columns[0]),
	.widths = watch_widths,
	.defaults = "time_ms,pid,inode,phase,rss,unmapped,source,event",
	.get = watch_get,
};

bool report_print_watch(FILE *f, const struct watch_row *row, const struct output_options *out,
			const struct column_list *columns, bool first)
{
	struct output_options line = *out;
	char comm[4 * COMM_SIZE], text[SENTENCE_SIZE];

	report_watch_line_end();
	if (out->json) {
		json_print_row(f, &report_table_watch, columns, row);
		putc('\n', f);
	} else if (report_wants_sentences(out)) {
		text_escape(row->id.comm, comm, sizeof(comm));
		explain_watch(row, &words_local, out->bytes, text, sizeof(text));
		fprintf(f, "%d%s%s: %s\n", row->id.pid, *comm ? " " : "", comm, text);
	} else {
		line.noheadings = out->noheadings || !first;
		report_print_rows(f, &report_table_watch, &line, columns, row, 1, sizeof(*row));
	}
	return report_flush(f);
}

/* --- the line ---------------------------------------------------------------------------- */

static size_t columns_of_terminal(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

#define MAX_ROWS 24

static size_t drawn; /* bytes of the line that stands there */

/*
 * A terminal that was made narrower has broken the line: it stands on several rows, the cursor on
 * the last of them.
 */
static void wipe(struct sentence *t, size_t columns)
{
	size_t rows = drawn > columns ? (drawn + columns - 1) / columns : 1;

	/* Row by row: some terminals keep what a wipe of the whole screen takes (tmux). */
	sentence_put(t, "\r\033[K");
	for (; rows > 1 && rows < MAX_ROWS; rows--)
		sentence_put(t, "\033[A\033[K");
}

static void say(const char *text)
{
	if (!report_put(text, strlen(text)))
		drawn = 0;
}

void report_watch_line_end(void)
{
	char text[256];
	struct sentence t = { .at = text, .left = sizeof(text) };

	if (drawn == 0)
		return;
	wipe(&t, columns_of_terminal());
	say(text);
	drawn = 0;
}

static void put_bar(struct sentence *t, size_t width, int64_t part, int64_t whole)
{
	size_t full = whole > 0 ? (size_t)((double)part / (double)whole * (double)width) : 0;

	sentence_put(t, "[");
	for (size_t i = 0; i < width; i++)
		sentence_put(t, "%c", i < full ? '#' : '-');
	sentence_put(t, "] ");
}

/* What is said after the bar. */
static void say_progress(struct sentence *s, const struct watch_progress *p)
{
	char back[SIZE_SIZE], whole[SIZE_SIZE], rate[SIZE_SIZE], time[TIME_SIZE];
	const char *phase = phase_word(p->phase);

	text_time(p->time_us, time, sizeof(time));
	text_size(s->words, p->back_bytes, false, back, sizeof(back));
	text_size(s->words, p->whole_bytes, false, whole, sizeof(whole));
	text_size(s->words, p->bytes_per_s, false, rate, sizeof(rate));
	if (p->whole_bytes <= 0)
		sentence_say(s, "%s, %s", phase, time);
	else if (p->bytes_per_s <= 0)
		sentence_say(s, "%s of %s back, %s, %s", back, whole, phase, time);
	else
		sentence_say(s, "%s of %s back, %s/s, %s, %s", back, whole, rate, phase, time);
}

void report_watch_line(const struct watch_progress *p)
{
	size_t columns = columns_of_terminal(), width, head_len, rest_len, room;
	char head[PROC_SIZE] = "", rest[256] = "", line[1024];
	struct sentence h = { .at = head, .left = sizeof(head), .words = &words_local };
	struct sentence r = { .at = rest, .left = sizeof(rest), .words = &words_local };
	struct sentence t = { .at = line, .left = sizeof(line) };
	char *start;

	if (p->n_targets == 1) {
		sentence_proc(&p->id, head, sizeof(head));
		h.at += strlen(head);
		h.left -= strlen(head);
	} else {
		sentence_say(&h, "%zu of %zu", p->n_done, p->n_targets);
	}
	sentence_say(&h, COLON);
	say_progress(&r, p);

	wipe(&t, columns);
	/*
	 * Without a break at the margin: a terminal that has just become narrower tells its size a
	 * quarter of a second later (tmux).
	 */
	sentence_put(&t, "\033[?7l");
	start = t.at;
	head_len = strlen(head);
	rest_len = strlen(rest);
	/* Some terminals go to the next row in the last column, and Ctrl-C writes "^C" first. */
	width = columns > 3 ? columns - 3 : 1;
	room = width > head_len + rest_len + 3 ? width - head_len - rest_len - 3 : 0;
	sentence_put(&t, "%s", head);
	if (room >= 5 && p->whole_bytes > 0)
		put_bar(&t, room > 40 ? 40 : room, p->back_bytes, p->whole_bytes);
	sentence_put(&t, "%s", rest);
	if ((size_t)(t.at - start) > width) {
		char *end = start + width;

		while (end > start && ((unsigned char)*end & 0xc0) == 0x80)
			end--;
		*end = '\0';
		t.left += (size_t)(t.at - end);
		t.at = end;
	}
	drawn = (size_t)(t.at - start);
	sentence_put(&t, "\033[?7h");
	say(line);
}
