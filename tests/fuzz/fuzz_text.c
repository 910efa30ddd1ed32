// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Names from outside on their way to people and scripts: escaped they fit, hold no control character
 * and are UTF-8; in JSON they are one string that says the same; in every form of every row they
 * stay inside their line.
 *
 * Input: room for the escaped text, numbers, then the text.
 */

#include "../../src/report/json.h"
#include "fuzz.h"
#include <mmreap/report.h>

/* "\x1b" → ESC; what no escape is stays. */
static size_t unescape(const char *text, char *to)
{
	size_t n = 0;

	while (*text) {
		unsigned int byte;

		if (text[0] == '\\') {
			claim(text[1] == 'x' && sscanf(text + 2, "%2x", &byte) == 1);
			to[n++] = (char)byte;
			text += 4;
		} else {
			to[n++] = *text++;
		}
	}
	to[n] = '\0';
	return n;
}

static void escape(const char *text, size_t room)
{
	char *out = malloc(room), *back = malloc(room);

	if (!out || !back)
		abort();
	text_escape(text, out, room);
	claim(memchr(out, '\0', room));
	claim(is_for_terminal(out, strlen(out)) && !strchr(out, '\n'));
	unescape(out, back);
	claim(strncmp(back, text, strlen(back)) == 0);
	claim(room <= 4 * strlen(text) || strcmp(back, text) == 0);
	free(out);
	free(back);
}

static void json(const char *text)
{
	char *out = NULL, *back;
	size_t len, n;
	FILE *f = open_memstream(&out, &len);

	claim(f);
	json_print_string(f, text);
	fclose(f);
	claim(is_json(out, len) && is_for_terminal(out, len) && !memchr(out, '\n', len));
	back = unjson(out, len, &n);
	if (is_utf8(text, strlen(text)))
		claim(n == strlen(text) && memcmp(back, text, n) == 0);
	free(back);
	free(out);
}

static void sizes(int64_t n)
{
	char text[64];

	text_size(NULL, n, false, text, sizeof(text));
	claim(is_for_terminal(text, strlen(text)) && strlen(text) < 16);
	text_size(NULL, n, true, text, sizeof(text));
	claim(is_for_terminal(text, strlen(text)) && strlen(text) < 32);
	text_time(n < 0 ? 0 : n / 2, text, sizeof(text));
	claim(is_for_terminal(text, strlen(text)) && strlen(text) < 32 && !strchr(text, '-'));
}

/* --- rows ------------------------------------------------------------------------------- */

static void copy(char *to, const char *text, size_t size)
{
	strncpy(to, text, size - 1);
	to[size - 1] = '\0';
}

static void print(const struct row_table *table, const void *row, size_t row_size, bool bytes)
{
	for (int form = 0; form < 3; form++) {
		struct output_options out = { .output_all = true,
					      .noheadings = true,
					      .raw = form == 1,
					      .json = form == 2,
					      .bytes = bytes };
		struct column_list columns;
		struct cli_error error;
		char *text = NULL;
		size_t len, lines = 0;
		FILE *f = open_memstream(&text, &len);

		claim(f && report_choose_columns(table, &out, &columns, &error) == 0);
		claim(report_print_rows(f, table, &out, &columns, row, 1, row_size) == 0);
		fclose(f);
		for (size_t i = 0; i < len; i++)
			lines += text[i] == '\n';
		claim(is_for_terminal(text, len) && lines == (out.json ? 3 : 1));
		claim(!out.json || is_json(text, len));
		free(text);
	}
}

static void sentence(void (*say)(FILE *, const void *, bool), const void *row, size_t max_lines)
{
	size_t len, lines = 0;
	char *text = NULL;
	FILE *f = open_memstream(&text, &len);

	claim(f);
	say(f, row, false);
	fclose(f);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	if (!is_for_terminal(text, len) || lines < 1 || lines > max_lines)
		fprintf(stderr, "%zu lines: %s\n", lines, text);
	claim(is_for_terminal(text, len) && lines >= 1 && lines <= max_lines);
	free(text);
}

static void say_kill(FILE *f, const void *row, bool bytes)
{
	report_print_kill(f, row, bytes);
}

static void say_status(FILE *f, const void *row, bool bytes)
{
	report_print_status(f, row, bytes);
}

static void say_watch(FILE *f, const void *row, bool bytes)
{
	struct output_options out = { .bytes = bytes };

	report_print_watch(f, row, &out, NULL, true);
}

static void kill_row(const char *text, struct input *in)
{
	struct proc_id killed = { .pid = 7, .inode = 8 };
	struct kill_row row = {
		.id = { .pid = 1 + take_u8(in), .inode = take_u8(in) },
		.outcome = take_u8(in) % OUTCOME_COUNT,
		.reason = take_u8(in) % REASON_COUNT,
		.step = take_u8(in) % STEPNAME_COUNT,
		.err = take_u8(in),
		.n_sharers = take_u8(in) % 12,
		.killed = &killed,
		.n_killed = take_u8(in) % 2,
		.rss_before_bytes = (int64_t)(take_u64(in) >> 1),
		.rss_after_bytes = UNKNOWN,
		.unmapped_bytes = (int64_t)(take_u64(in) >> 1),
		.freed_bytes = UNKNOWN,
		.reap_us = take_u8(in),
		.exit_us = take_u8(in),
		.exit_signal = UNKNOWN,
	};
	uint8_t bits = take_u8(in);

	row.dry_run = bits & 1;
	row.ns_init = bits & 2;
	row.signalled = bits & 4;
	row.reaped = bits & 8;
	row.exited = bits & 16;
	row.third_party = bits & 32;
	copy(row.id.comm, text, COMM_SIZE);
	copy(killed.comm, text, COMM_SIZE);
	copy(row.obstacle.comm, text, COMM_SIZE);
	copy(row.wchan, text, sizeof(row.wchan));
	row.obstacle.pid = 9;
	for (int i = 0; i < ROW_SHARERS; i++) {
		row.sharers[i].id.pid = 100 + i;
		copy(row.sharers[i].id.comm, text, COMM_SIZE);
	}
	print(&report_table_kill, &row, sizeof(row), bits & 64);
	sentence(say_kill, &row, 1);
}

static void status_row(const char *text, struct input *in)
{
	struct status_row row = {
		.id = { .pid = 1 + take_u8(in), .inode = take_u8(in) },
		.seen = true,
		.phase = take_u8(in) % PHASE_COUNT,
		.evidence = (unsigned int)take_u64(in) % (1u << EVIDENCE_COUNT),
		.blocker = take_u8(in) % (BLOCKER_WAIT + 1),
		.state = 'S',
		.n_sharers = take_u8(in) % 12,
		.frozen_version = take_u8(in) % 3,
		.vfork_child = take_u8(in),
		.rss_bytes = (int64_t)(take_u64(in) >> 1),
		.pending = take_u64(in),
		.robust = take_u8(in) % (ROBUST_LOOK_BLOCKED + 1),
	};

	copy(row.id.comm, text, COMM_SIZE);
	copy(row.wchan, text, sizeof(row.wchan));
	copy(row.frozen, text, CGROUP_SIZE);
	copy(row.cgroup, text, CGROUP_SIZE);
	copy(row.blind.unknown.comm, text, COMM_SIZE);
	row.blind.n_unknown = take_u8(in);
	for (int i = 0; i < ROW_SHARERS; i++)
		copy(row.sharers[i].id.comm, text, COMM_SIZE);
	print(&report_table_status, &row, sizeof(row), false);
	sentence(say_status, &row, 80);
}

static void sharers_row(const char *text, struct input *in)
{
	struct sharers_row row = {
		.group = 1,
		.id = { .pid = 1 + take_u8(in) },
		.relation = take_u8(in) % (RELATION_CLONE_VM + 1),
		.state = 'S',
		.rss_bytes = UNKNOWN,
		.killable = take_u8(in) % 2,
		.users = UNKNOWN,
		.blind = { .n_unknown = take_u8(in) },
	};

	copy(row.id.comm, text, COMM_SIZE);
	copy(row.cgroup, text, CGROUP_SIZE);
	copy(row.blind.unknown.comm, text, COMM_SIZE);
	print(&report_table_sharers, &row, sizeof(row), false);
}

static void watch_row(const char *text, struct input *in)
{
	struct waiting_thread thread = { .tid = 5, .state = 'D' };
	struct status_row life = { .frozen_version = 1,
				   .blocker = take_u8(in) % (BLOCKER_WAIT + 1) };
	struct holders holders = { .n = take_u8(in) % 12, .looked = true };
	struct watch_row row = {
		.id = { .pid = 1 + take_u8(in) },
		.event = take_u8(in) % WATCH_EVENT_COUNT,
		.source = take_u8(in) % (WATCH_BY_EXIT_MMAP + 1),
		.time_us = (int64_t)(take_u64(in) >> 2),
		.view = { .phase = take_u8(in) % PHASE_COUNT,
			  .mm = take_u8(in) % (WATCH_MM_TORN_DOWN + 1),
			  .unknown = take_u8(in) % (WATCH_FAILED + 1),
			  .err = -(int)take_u8(in) },
		.life = &life,
		.holders = &holders,
		.thread = take_u8(in) % 2 ? &thread : NULL,
	};

	row.view.exited = take_u8(in) % 2;
	copy(row.id.comm, text, COMM_SIZE);
	copy(thread.wchan, text, sizeof(thread.wchan));
	copy(life.wchan, text, sizeof(life.wchan));
	copy(life.frozen, text, CGROUP_SIZE);
	for (int i = 0; i < MAX_HOLDERS; i++) {
		holders.found[i].kind = take_u8(in) % (HOLDER_OPEN_FILE + 1);
		copy(holders.found[i].id.comm, text, COMM_SIZE);
	}
	print(&report_table_watch, &row, sizeof(row), false);
	sentence(say_watch, &row, 1);
}

void fuzz_text(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	size_t room = 1 + take_u8(&in);
	uint8_t which = take_u8(&in);
	struct input numbers;
	char *text;

	/* The text comes first, so that a change of it leaves the numbers alone. */
	text = take_text(&in);
	numbers = in;
	escape(text, room);
	json(text);
	sizes((int64_t)take_u64(&in));
	switch (which % 5) {
	case 0:
		kill_row(text, &numbers);
		break;
	case 1:
		status_row(text, &numbers);
		break;
	case 2:
		sharers_row(text, &numbers);
		break;
	case 3:
		watch_row(text, &numbers);
		break;
	default:
		break;
	}
	free(text);
}
