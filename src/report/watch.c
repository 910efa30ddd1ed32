// SPDX-License-Identifier: GPL-2.0-or-later

/* `watch` in words, as columns, and as one redrawn line. */

#include "cells.h"
#include "json.h"
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct text {
	char *at;
	size_t left;
	bool bytes;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->at, t->left, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= t->left)
		n = t->left ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

static void add_size(struct text *t, int64_t n_bytes)
{
	char size[32];

	text_size(n_bytes, t->bytes, size, sizeof(size));
	add(t, "%s", size);
}

static void add_time(struct text *t, const char *before, int64_t us)
{
	char time[32];

	text_time(us, time, sizeof(time));
	add(t, "%s%s", before, time);
}

static void add_proc(struct text *t, const struct proc_id *id)
{
	char comm[4 * COMM_SIZE];

	text_escape(id->comm, comm, sizeof(comm));
	add(t, "%d%s%s", id->pid, *comm ? " " : "", comm);
}

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

static void add_holder(struct text *t, const struct holder *h, pid_t target)
{
	add_proc(t, &h->id);
	switch (h->kind) {
	case HOLDER_SHARER:
		add(t, " (uses the same memory)");
		break;
	case HOLDER_READER:
		add(t, " (waits in a read or write of /proc/%d/%s)", (int)target, h->file);
		break;
	case HOLDER_VM_READER:
		add(t, " (waits in process_vm_%s)", h->file);
		break;
	case HOLDER_OPEN_FILE:
		add(t, " (has /proc/%d/%s open, and may not be inspected further)", (int)target,
		    h->file);
		break;
	}
}

static void add_holders(struct text *t, const struct watch_row *row)
{
	const struct holders *h = row->holders;

	if (h == NULL || !h->looked) {
		add(t, "unknown holder: %s",
		    h && h->blocked ? "looking for it did not end in time" : "not looked for");
		return;
	}
	if (h->n == 0) {
		add(t, "unknown holder: nothing in /proc shows it");
		if (h->n_unseen)
			add(t, "; %zu %s not be inspected", h->n_unseen,
			    h->n_unseen == 1 ? "process could" : "processes could");
		return;
	}
	for (size_t i = 0; i < h->n && i < MAX_HOLDERS; i++) {
		add(t, i ? ", " : "");
		add_holder(t, &h->found[i], row->id.pid);
	}
	if (h->n > MAX_HOLDERS)
		add(t, " and %zu more", h->n - MAX_HOLDERS);
}

static bool is_held(const struct watch_row *row)
{
	return row->view.exited && row->view.mm == WATCH_MM_HELD;
}

static void explain_who(const struct watch_row *row, char *ret, size_t size)
{
	struct text t = { .at = ret, .left = size };

	*ret = '\0';
	if (is_held(row)) {
		add_holders(&t, row);
	} else if (row->life) {
		char text[SENTENCE_SIZE];

		explain_blocker(row->life, text, sizeof(text));
		text_escape(text, ret, size);
		t.at += strlen(ret);
		t.left -= strlen(ret);
		if (*ret == '\0' && row->thread && row->thread->tid)
			add(&t, "thread %d %s%s%s", (int)row->thread->tid,
			    row->thread->state == 't' ? "stopped for its tracer"
						      : "in an uninterruptible wait",
			    *row->thread->wchan ? " in " : "", row->thread->wchan);
	}
}

static void explain_step(const struct watch_row *row, char *ret, size_t size)
{
	struct text t = { .at = ret, .left = size };
	const struct holders *h = row->holders;

	*ret = '\0';
	if (!is_held(row)) {
		if (row->life)
			explain_next(row->life, ret, size);
		return;
	}
	if (h == NULL || !h->looked || h->n == 0) {
		add(&t,
		    h && h->n_unseen
			    ? "look again with the right to inspect all processes (CAP_SYS_PTRACE)"
			    : "only its user in the kernel can let it go (a driver, vhost, AIO)");
		return;
	}
	switch (h->found[0].kind) {
	case HOLDER_SHARER:
		add(&t, "mmreap kill %s%d ends who uses it", h->n > 1 ? "--sharers=kill " : "",
		    h->found[0].id.pid);
		break;
	case HOLDER_READER:
	case HOLDER_VM_READER:
	case HOLDER_OPEN_FILE:
		add(&t, "kill %d, or let its call end", h->found[0].id.pid);
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
		return "it had let go of its address space before the watch began";
	case WATCH_NO_RIGHT:
		return "no right to inspect it (ptrace)";
	case WATCH_NO_PAGEMAP:
		return "this kernel has no /proc/PID/pagemap";
	case WATCH_EXECUTED:
		return "its name changed just before the exit, perhaps by an execve";
	case WATCH_NO_ANSWER:
		return "its execve did not end in time";
	case WATCH_FAILED:
		return row->view.err ? text_errno(-row->view.err) : "its pagemap cannot be read";
	}
	return NULL;
}

static void add_resident(struct text *t, const struct watch_row *row)
{
	const struct watch_memory *m = &row->memory;

	if (m->rss_bytes == UNKNOWN || row->view.phase == PHASE_EXIT_MMAP || row->view.exited)
		return;
	add(t, ", ");
	add_size(t, m->rss_bytes);
	add(t, " resident");
}

/* Memory that is no part of any one address space. */
static void add_remainder(struct text *t, const struct watch_memory *m)
{
	static const char *const what[] = {
		"was shared memory: what another mapping, descriptor or file keeps of it stays",
		"was huge pages (hugetlb): what a file or another mapping keeps of it stays",
		"was pinned (io_uring, RDMA, a driver): it stays as long as that is open",
	};
	const int64_t bytes[] = { m->shmem_bytes, m->hugetlb_bytes, m->pinned_bytes };

	for (size_t i = 0; i < 3; i++) {
		if (bytes[i] <= 0)
			continue;
		add(t, "; ");
		add_size(t, bytes[i]);
		add(t, " %s", what[i]);
	}
	if (m->used_bytes != UNKNOWN) {
		add(t, "; its cgroup holds ");
		add_size(t, m->used_bytes);
		add(t, " now");
	}
}

static void add_released(struct text *t, const struct watch_row *row)
{
	int64_t unmapped = unmapped_bytes(row), freed = freed_bytes(row);

	add_time(t, "reaped after ", row->time_us);
	if (unmapped != UNKNOWN) {
		add(t, ": ");
		add_size(t, unmapped);
		add(t, " unmapped");
	}
	if (freed != UNKNOWN && freed >= 0) {
		add(t, ", ");
		add_size(t, freed);
		add(t, " freed");
	}
	add(t, row->view.mm == WATCH_MM_TORN_DOWN ? ", address space torn down"
						  : ", address space unreferenced");
	if (row->third_party && row->view.mm == WATCH_MM_UNREFERENCED)
		add(t, "; another process dropped it last and may still be freeing it");
	add_remainder(t, &row->memory);
}

static void add_obstacle(struct text *t, const struct watch_row *row)
{
	char line[SENTENCE_SIZE];

	if (is_held(row)) {
		add(t, "exited, but its address space");
		if (row->memory.most_bytes > 0 && row->memory.rss_bytes != UNKNOWN) {
			add(t, " (");
			add_size(t, row->memory.rss_bytes);
			add(t, " when last seen)");
		}
		add(t, " is still held");
	} else {
		add(t, "it is %s", phase_word(row->view.phase));
	}
	explain_who(row, line, sizeof(line));
	if (*line)
		add(t, "%s: %s", is_held(row) ? "" : ", blocker", line);
	else if (!row->view.exited && row->view.phase != PHASE_ALIVE)
		add(t, ", why is not known");
	explain_step(row, line, sizeof(line));
	if (*line)
		add(t, "; next: %s", line);
}

void explain_watch(const struct watch_row *row, bool bytes, char *ret, size_t size)
{
	struct text t = { .at = ret, .left = size, .bytes = bytes };
	const char *why;

	*ret = '\0';
	switch (row->event) {
	case WATCH_START:
		add(&t, "%s", phase_word(row->view.phase));
		add_resident(&t, row);
		break;
	case WATCH_PHASE:
		add(&t, "%s", phase_word(row->view.phase));
		add_time(&t, " after ", row->time_us);
		add_resident(&t, row);
		break;
	case WATCH_EXEC:
		add_time(&t, "executed a program after ", row->time_us);
		add(&t, ", which has a new address space");
		add_resident(&t, row);
		break;
	case WATCH_EXIT:
		add_time(&t, "exited after ", row->time_us);
		if (is_held(row))
			add(&t, ", its address space is still held");
		break;
	case WATCH_REAPED:
		add_released(&t, row);
		break;
	case WATCH_GONE:
		add_time(&t, "gone after ", row->time_us);
		add(&t, ": its PID is free");
		break;
	case WATCH_UNKNOWN:
		why = unknown_reason(row);
		add(&t, "exited, but whether its address space is released cannot be known: %s",
		    why ? why : "an error");
		if (row->memory.used_bytes != UNKNOWN) {
			add(&t, "; its cgroup holds ");
			add_size(&t, row->memory.used_bytes);
		}
		break;
	case WATCH_BLOCKED:
		add_time(&t, "blocked after ", row->time_us);
		add(&t, ": ");
		add_obstacle(&t, row);
		break;
	case WATCH_TIMEOUT:
		add_time(&t, "timeout after ", row->time_us);
		add(&t, ": ");
		add_obstacle(&t, row);
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
	[COLUMN_TIME] = { "time_ms", CELL_TIME_US, "time since the watch began" },
	[COLUMN_PID] = { "pid", CELL_NUMBER, "process ID" },
	[COLUMN_INODE] = { "inode", CELL_NUMBER,
			   "pidfs inode; PID:INODE names exactly this process" },
	[COLUMN_PHASE] = { "phase", CELL_TEXT, "phase of its life cycle, as in status" },
	[COLUMN_RSS] = { "rss", CELL_BYTES, "resident memory when last seen" },
	[COLUMN_UNMAPPED] = { "unmapped", CELL_BYTES,
			      "memory that left the address space since it was largest" },
	[COLUMN_SOURCE] = { "source", CELL_TEXT, "proc, pidfd, pagemap or exit_mmap" },
	[COLUMN_EVENT] = { "event", CELL_TEXT,
			   "start, phase, exec, exited, reaped, gone, unknown, blocked or timeout" },
	[COLUMN_COMM] = { "comm", CELL_TEXT, "command name" },
	[COLUMN_FREED] = { "freed", CELL_BYTES,
			   "memory given back, where its cgroup holds nobody else" },
	[COLUMN_BLOCKER] = { "blocker", CELL_TEXT, "what holds it up" },
	[COLUMN_NEXT] = { "next", CELL_TEXT, "what can be done about it" },
	[COLUMN_MESSAGE] = { "message", CELL_TEXT, "the same in one sentence" },
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
			explain_who(row, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case COLUMN_NEXT:
		if (stuck)
			explain_step(row, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case COLUMN_MESSAGE:
		explain_watch(row, false, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	}
}

const struct row_table report_table_watch = {
	.key = "watch",
	.columns = watch_columns,
	.n_columns = sizeof(watch_columns) / sizeof(watch_columns[0]),
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
		explain_watch(row, out->bytes, text, sizeof(text));
		fprintf(f, "%d%s%s: %s\n", row->id.pid, *comm ? " " : "", comm, text);
	} else {
		line.noheadings = out->noheadings || !first;
		report_print_rows(f, &report_table_watch, &line, columns, row, 1, sizeof(*row));
	}
	return fflush(f) == 0 && !ferror(f);
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
static void wipe(struct text *t, size_t columns)
{
	size_t rows = drawn > columns ? (drawn + columns - 1) / columns : 1;

	/* Row by row: some terminals keep what a wipe of the whole screen takes (tmux). */
	add(t, "\r\033[K");
	for (; rows > 1 && rows < MAX_ROWS; rows--)
		add(t, "\033[A\033[K");
}

static void say(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		drawn = 0;
}

void report_watch_line_end(void)
{
	char text[256];
	struct text t = { .at = text, .left = sizeof(text) };

	if (drawn == 0)
		return;
	wipe(&t, columns_of_terminal());
	say(text);
	drawn = 0;
}

static void add_bar(struct text *t, size_t width, int64_t part, int64_t whole)
{
	size_t full = whole > 0 ? (size_t)((double)part / (double)whole * (double)width) : 0;

	add(t, "[");
	for (size_t i = 0; i < width; i++)
		add(t, "%c", i < full ? '#' : '-');
	add(t, "] ");
}

void report_watch_line(const struct watch_progress *p)
{
	size_t columns = columns_of_terminal(), width, head_len, rest_len, room;
	char head[128] = "", rest[160] = "", line[1024];
	struct text h = { .at = head, .left = sizeof(head) };
	struct text r = { .at = rest, .left = sizeof(rest) };
	struct text t = { .at = line, .left = sizeof(line) };
	char *start;

	if (p->n_targets == 1)
		add_proc(&h, &p->id);
	else
		add(&h, "%zu of %zu", p->n_done, p->n_targets);
	add(&h, ": ");
	if (p->whole_bytes > 0) {
		add_size(&r, p->back_bytes);
		add(&r, " of ");
		add_size(&r, p->whole_bytes);
		add(&r, " back, ");
		if (p->bytes_per_s > 0) {
			add_size(&r, p->bytes_per_s);
			add(&r, "/s, ");
		}
	}
	add(&r, "%s, ", phase_word(p->phase));
	add_time(&r, "", p->time_us);

	wipe(&t, columns);
	/*
	 * Without a break at the margin: a terminal that has just become narrower tells its size a
	 * quarter of a second later (tmux).
	 */
	add(&t, "\033[?7l");
	start = t.at;
	head_len = strlen(head);
	rest_len = strlen(rest);
	/* Some terminals go to the next row in the last column, and Ctrl-C writes "^C" first. */
	width = columns > 3 ? columns - 3 : 1;
	room = width > head_len + rest_len + 3 ? width - head_len - rest_len - 3 : 0;
	add(&t, "%s", head);
	if (room >= 5 && p->whole_bytes > 0)
		add_bar(&t, room > 40 ? 40 : room, p->back_bytes, p->whole_bytes);
	add(&t, "%s", rest);
	if ((size_t)(t.at - start) > width) {
		char *end = start + width;

		while (end > start && ((unsigned char)*end & 0xc0) == 0x80)
			end--;
		*end = '\0';
		t.left += (size_t)(t.at - end);
		t.at = end;
	}
	drawn = (size_t)(t.at - start);
	add(&t, "\033[?7h");
	say(line);
}
