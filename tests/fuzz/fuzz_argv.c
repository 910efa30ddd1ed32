// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Command lines. The first byte chooses the command; the words end with NUL; what follows the byte
 * pair ff ff is standard input. Parsing returns, runs no program, and hands over a request that is
 * in range or an error that can be printed.
 */

#include <unistd.h>

#include "fuzz.h"
#include <mmreap/command.h>
#include <mmreap/report.h>

#define MAX_WORDS 40

static bool parsing;

/* popt can run programs for aliases, and leaves by exit() when it prints help by itself. */
int execvp(const char *file, char *const argv[])
{
	(void)file;
	(void)argv;
	claim(!parsing);
	return -1;
}

static void at_exit(void)
{
	claim(!parsing);
}

static void check_list(const struct target_list *list)
{
	for (size_t i = 0; i < list->n_specs; i++) {
		const struct target_spec *s = &list->specs[i];

		claim(s->text);
		switch (s->kind) {
		case SPEC_PID:
			claim(s->pid > 0 && s->inode == 0);
			break;
		case SPEC_PID_INODE:
			claim(s->pid > 0 && s->inode > 0);
			break;
		case SPEC_COMM:
			claim(s->selected && *s->text && strlen(s->text) <= 15);
			break;
		case SPEC_CGROUP:
			claim(s->selected && *s->text);
			break;
		case SPEC_PIDFD:
			claim(s->fd >= 0 && !s->selected);
			break;
		}
	}
	for (size_t i = 0; i < list->n_texts; i++)
		claim(list->texts[i]);
}

static void check_duration(int64_t us)
{
	claim(us >= UNKNOWN && us <= INT64_MAX / 4);
}

static void check_verdict(enum cli_verdict verdict, const struct cli_error *error)
{
	claim(verdict == CLI_RUN || verdict == CLI_COLUMNS || verdict == CLI_DONE ||
	      verdict == CLI_USAGE);
	claim(memchr(error->text, '\0', sizeof(error->text)));
	claim(verdict != CLI_USAGE || *error->text);
	claim((verdict != CLI_RUN && verdict != CLI_COLUMNS) || !*error->text);
}

static void check_columns(const struct row_table *table, const struct output_options *out)
{
	struct column_list list = { .n = 999 };
	struct cli_error error;

	if (report_choose_columns(table, out, &list, &error)) {
		claim(list.n == 999 && *error.text);
		return;
	}
	claim(list.n > 0 && list.n <= table->n_columns);
	for (size_t i = 0; i < list.n; i++)
		for (size_t k = 0; k < i; k++)
			claim(list.id[i] < table->n_columns && list.id[i] != list.id[k]);
}

static void kill_line(int argc, const char **argv)
{
	struct kill_request r;
	struct cli_error error;
	enum cli_verdict verdict = cli_parse_kill(argc, argv, &r, &error);

	check_verdict(verdict, &error);
	check_list(&r.targets);
	check_duration(r.opt.grace_us);
	check_duration(r.opt.timeout_us);
	claim(r.opt.method <= CHOOSE_KILL_REAP && r.opt.sharers <= SHARERS_SPARE);
	if (verdict == CLI_RUN) {
		claim(r.targets.n_specs > 0 || r.targets.from_stdin);
		claim(!r.opt.reap_only || r.opt.grace_us == UNKNOWN);
		check_columns(&report_table_kill, &r.out);
	}
	kill_request_free(&r);
}

static void watch_line(int argc, const char **argv)
{
	struct watch_request r;
	struct cli_error error;
	enum cli_verdict verdict = cli_parse_watch(argc, argv, &r, &error);

	check_verdict(verdict, &error);
	check_list(&r.targets);
	check_duration(r.opt.timeout_us);
	check_duration(r.opt.interval_us);
	claim(r.opt.goal <= WATCH_FOR_GONE && r.opt.progress <= PROGRESS_NEVER);
	if (verdict == CLI_RUN) {
		claim(r.opt.interval_us >= 1000);
		check_columns(&report_table_watch, &r.out);
	}
	target_list_free(&r.targets);
}

static void sharers_line(int argc, const char **argv)
{
	struct sharers_request r = { 0 };
	struct cli_error error;
	enum cli_verdict verdict = cli_parse(&cli_syntax_sharers, argc, argv, &r, &error);

	check_verdict(verdict, &error);
	check_list(&r.targets);
	claim(r.opt.source <= SOURCE_KCMP);
	if (verdict == CLI_RUN)
		check_columns(&report_table_sharers, &r.out);
	target_list_free(&r.targets);
}

static void status_line(int argc, const char **argv)
{
	struct status_request r = { 0 };
	struct cli_error error;
	enum cli_verdict verdict = cli_parse(&cli_syntax_status, argc, argv, &r, &error);

	check_verdict(verdict, &error);
	check_list(&r.targets);
	claim(r.opt.source <= SOURCE_KCMP);
	if (verdict == CLI_RUN)
		check_columns(&report_table_status, &r.out);
	target_list_free(&r.targets);
}

static void probe_line(int argc, const char **argv)
{
	struct probe_request r = { 0 };
	struct cli_error error;
	enum cli_verdict verdict = cli_parse(&cli_syntax_probe, argc, argv, &r, &error);

	check_verdict(verdict, &error);
	claim(r.targets.n_specs == 0);
	if (verdict == CLI_RUN)
		check_columns(&report_table_probe, &r.out);
	target_list_free(&r.targets);
}

static void whole_line(int argc, const char **argv)
{
	static const struct command *const commands[] = {
		&command_kill,	&command_sharers, &command_status,
		&command_watch, &command_probe,	  NULL,
	};
	struct cli_error error;
	int index = -1;
	enum cli_verdict verdict = command_parse_global(commands, argc, argv, &index, &error);

	check_verdict(verdict, &error);
	claim(verdict != CLI_RUN ||
	      (index > 0 && index < argc && command_find(commands, argv[index])));
}

/* Standard streams of its own: help is thrown away, standard input comes from the bytes. */
void fuzz_argv(const uint8_t *data, size_t size)
{
	static void (*const lines[])(int, const char **) = { kill_line,	  watch_line, sharers_line,
							     status_line, probe_line, whole_line };
	static FILE *nowhere;
	const uint8_t *mark = size ? memmem(data, size, "\xff\xff", 2) : NULL;
	struct input in = { data, mark ? (size_t)(mark - data) : size };
	size_t n_stdin = mark ? size - in.left - 2 : 0, which;
	FILE *old_stdin = stdin, *old_stdout = stdout;
	const char *argv[MAX_WORDS + 1] = { NULL };
	char *copy = n_stdin ? exactly(mark + 2, n_stdin) : NULL;
	int argc = 0;

	if (!nowhere) {
		nowhere = fopen("/dev/null", "we");
		claim(nowhere && atexit(at_exit) == 0);
	}
	which = take_u8(&in) % (sizeof(lines) / sizeof(lines[0]));
	argv[argc++] = "kill";
	while (in.left && argc < MAX_WORDS)
		argv[argc++] = take_text(&in);
	stdin = copy ? fmemopen(copy, n_stdin, "r") : fopen("/dev/null", "re");
	claim(stdin);
	stdout = nowhere;
	parsing = true;
	lines[which](argc, argv);
	parsing = false;
	stdout = old_stdout;
	fclose(stdin);
	stdin = old_stdin;
	free(copy);
	while (--argc > 0)
		free((char *)argv[argc]);
}
