// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Drive popt by the option tables.
 *
 * What popt must not do in a tool that kills: read aliases from /etc and $HOME (no
 * poptReadDefaultConfig), run programs (POPT_CONTEXT_NO_EXEC), exit by itself (no POPT_AUTOHELP).
 * Strings are taken by val: a string bound to a variable leaks when the option is repeated.
 */

#include <errno.h>
#include <mmreap/cleanup.h>
#include <mmreap/options.h>
#include <popt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_OPTIONS 64

/* TASK_COMM_LEN without the NUL, for everything that is not a kernel thread. */
#define COMM_MAX 15

struct run {
	struct cli_error *error;
	struct target_list *list;
	const struct cli_option *options[MAX_OPTIONS];
	char *dest[MAX_OPTIONS];
	size_t n_options;
	bool list_columns;
};

void cli_fail(struct cli_error *error, const char *format, ...)
{
	va_list ap;

	if (*error->text)
		return;
	va_start(ap, format);
	words_format(error->text, error->local, sizeof(error->text), format, ap);
	va_end(ap);
}

void target_list_free(struct target_list *list)
{
	for (size_t i = 0; i < list->n_texts; i++)
		free(list->texts[i]);
	free(list->texts);
	free(list->specs);
	*list = (struct target_list){ 0 };
}

/* The list owns @text from now on, also when it cannot be kept. */
static const char *keep_text(struct run *run, char *text)
{
	char **texts = text ? reallocarray(run->list->texts, run->list->n_texts + 1, sizeof(*texts))
			    : NULL;

	if (!texts) {
		free(text);
		cli_fail(run->error, "out of memory");
		return NULL;
	}
	run->list->texts = texts;
	texts[run->list->n_texts++] = text;
	return text;
}

static void add_target(struct run *run, const struct target_spec *spec)
{
	struct target_list *list = run->list;
	struct target_spec *specs = reallocarray(list->specs, list->n_specs + 1, sizeof(*specs));

	if (!specs) {
		cli_fail(run->error, "out of memory");
		return;
	}
	list->specs = specs;
	specs[list->n_specs++] = *spec;
}

/* @line: of standard input; 0: it stood on the command line */
static void add_target_text(struct run *run, const char *text, unsigned long line)
{
	struct target_spec spec;
	int err = target_parse(text, &spec);

	if (err == 0) {
		spec.selected = line > 0;
		add_target(run, &spec);
	} else if (err == -ERANGE && line) {
		cli_fail(run->error, "line %lu of standard input: no process can be called \"%s\"",
			 line, text);
	} else if (err == -ERANGE) {
		cli_fail(run->error, "no process can be called \"%s\"", text);
	} else if (line) {
		cli_fail(run->error,
			 "line %lu of standard input: bad target \"%s\": expected a PID or "
			 "PID:INODE",
			 line, text);
	} else {
		cli_fail(run->error,
			 "bad target \"%s\": expected a PID or PID:INODE (--comm takes a name)",
			 text);
	}
}

static void add_stdin(struct run *run)
{
	_cleanup_free_ char *line = NULL;
	unsigned long n_line = 0;
	size_t size = 0;
	ssize_t len;

	while ((errno = 0, len = getline(&line, &size, stdin)) >= 0) {
		const char *text, *space = " \t\r\n";

		n_line++;
		if (strlen(line) != (size_t)len) {
			cli_fail(run->error, "line %lu of standard input: it contains a zero byte",
				 n_line);
			return;
		}
		line[strcspn(line, "#")] = '\0';
		for (size_t n = strlen(line); n && strchr(space, line[n - 1]); n--)
			line[n - 1] = '\0';
		text = line + strspn(line, space);
		if (!*text)
			continue;
		text = keep_text(run, strdup(text));
		if (text)
			add_target_text(run, text, n_line);
	}
	/* Half a list is no list. */
	if (!feof(stdin))
		cli_fail(run->error, "standard input cannot be read: %m");
}

static void add_selection(struct run *run, enum cli_kind kind, const char *text)
{
	struct target_spec spec = {
		.kind = kind == CLI_COMM ? SPEC_COMM : SPEC_CGROUP,
		.fd = -1,
		.text = text,
		.selected = true,
	};
	const char *name = kind == CLI_COMM ? "--comm" : "--cgroup";

	if (!*text)
		cli_fail(run->error, "%s is empty", name);
	else if (kind == CLI_COMM && strlen(text) > COMM_MAX)
		cli_fail(run->error,
			 "--comm %s can never match: the kernel keeps only %d bytes of a name",
			 text, COMM_MAX);
	else
		add_target(run, &spec);
}

static void add_pidfd(struct run *run, const char *text)
{
	struct target_spec spec = { .kind = SPEC_PIDFD, .text = text };

	if (value_parse_fd(text, &spec.fd))
		cli_fail(run->error, "--pidfd takes the number of an open descriptor, not \"%s\"",
			 text);
	else
		add_target(run, &spec);
}

static void take_duration(struct run *run, const struct cli_option *o, const char *arg, char *dest)
{
	int64_t us;

	switch (value_parse_duration(arg, &us)) {
	case 0:
		memcpy(dest, &us, sizeof(us));
		break;
	case -ERANGE:
		cli_fail(run->error, "--%s cannot be \"%s\": too long, or finer than a microsecond",
			 o->name, arg);
		break;
	default:
		cli_fail(run->error, "--%s takes a duration like 500ms, 2s, 1m or 1.5s, not \"%s\"",
			 o->name, arg);
		break;
	}
}

static void take_word(struct run *run, const struct cli_option *o, const char *arg, char *dest)
{
	int i = value_parse_word(arg, o->arg);

	if (i < 0)
		cli_fail(run->error, "--%s takes %s, not \"%s\"", o->name, o->arg, arg);
	else if (o->kind == CLI_EITHER)
		*(bool *)dest = i == 1;
	else
		memcpy(dest, &i, sizeof(i));
}

static void refuse_signal(struct run *run)
{
	cli_fail(run->error, "mmreap always sends SIGKILL");
}

/* CLI_RUN: go on; else the verdict for the whole line. */
static enum cli_verdict take_option(struct run *run, const struct cli_syntax *syntax, size_t i,
				    const char *arg)
{
	const struct cli_option *o = run->options[i];

	switch (o->kind) {
	case CLI_FLAG:
		*(bool *)run->dest[i] = true;
		break;
	case CLI_EITHER:
	case CLI_CHOICE:
		take_word(run, o, arg, run->dest[i]);
		break;
	case CLI_DURATION:
		take_duration(run, o, arg, run->dest[i]);
		break;
	case CLI_TEXT:
		memcpy(run->dest[i], &arg, sizeof(arg));
		break;
	case CLI_COMM:
	case CLI_CGROUP:
		add_selection(run, o->kind, arg);
		break;
	case CLI_PIDFD:
		add_pidfd(run, arg);
		break;
	case CLI_LIST_COLUMNS:
		run->list_columns = true;
		break;
	case CLI_HELP:
		cli_print_help(syntax);
		return CLI_DONE;
	case CLI_VERSION:
		cli_print_version();
		return CLI_DONE;
	case CLI_SIGNAL:
		refuse_signal(run);
		break;
	}
	return CLI_RUN;
}

/* A command that sends none has nothing to say about signals. */
static bool takes_signal(const struct run *run)
{
	for (size_t i = 0; i < run->n_options; i++)
		if (run->options[i]->kind == CLI_SIGNAL)
			return true;
	return false;
}

static void refuse_option(struct run *run, const struct cli_syntax *syntax, int rc, const char *bad)
{
	if (takes_signal(run) && (value_is_signal(bad) || !strncmp(bad, "--signal=", 9)))
		refuse_signal(run);
	else if (rc == POPT_ERROR_BADOPT)
		cli_fail(run->error, "unknown option %s; see mmreap %s --help", bad, syntax->name);
	else if (rc == POPT_ERROR_NOARG)
		cli_fail(run->error, "option %s needs an argument", bad);
	else if (rc == POPT_ERROR_UNWANTEDARG)
		cli_fail(run->error, "option %s takes no argument", bad);
	else
		cli_fail(run->error, "option %s: %s", bad, poptStrerror(rc));
}

static void check_output(struct run *run, const struct output_options *out)
{
	if (out->raw && out->json)
		cli_fail(run->error, "--raw and --json cannot be used together");
	if (out->columns && out->output_all)
		cli_fail(run->error, "--output and --output-all cannot be used together");
}

static void take_arguments(struct run *run, const struct cli_syntax *syntax, const char **args)
{
	for (; args && *args; args++) {
		const char *text;

		if (syntax->targets == TARGETS_NONE) {
			cli_fail(run->error, "%s takes no targets", syntax->name);
			return;
		}
		if (!strcmp(*args, "-")) {
			run->list->from_stdin = true;
			continue;
		}
		text = keep_text(run, strdup(*args));
		if (text)
			add_target_text(run, text, 0);
	}
	if (syntax->targets == TARGETS_NEEDED && !run->list->n_specs && !run->list->from_stdin)
		cli_fail(run->error, "no target given: name a PID, or see --help");
	/* Not before the rest is known to be good: a mistyped line must not wait for a terminal. */
	if (run->list->from_stdin && !*run->error->text)
		add_stdin(run);
}

static enum cli_verdict take_line(struct run *run, const struct cli_syntax *syntax, poptContext con)
{
	enum cli_verdict verdict = CLI_RUN;
	int rc;

	/* After an error the rest is still looked at, for --json. */
	while (verdict == CLI_RUN && (rc = poptGetNextOpt(con)) != -1) {
		char *arg = poptGetOptArg(con);

		if (rc < -1) {
			free(arg);
			refuse_option(run, syntax, rc, poptBadOption(con, POPT_BADOPTION_NOALIAS));
		} else if (!arg || keep_text(run, arg)) {
			verdict = take_option(run, syntax, (size_t)rc - 1, arg ? arg : "");
		}
	}
	return verdict;
}

/* val is the index + 1: 0 would mean that popt keeps the option to itself. */
static void fill_tables(struct run *run, const struct cli_syntax *syntax, char *request,
			struct poptOption *ret)
{
	for (size_t g = 0; g < CLI_MAX_GROUPS && syntax->groups[g].group; g++) {
		const struct cli_group *group = syntax->groups[g].group;

		for (size_t i = 0; i < group->n_options && run->n_options < MAX_OPTIONS; i++) {
			const struct cli_option *o = &group->options[i];
			size_t n = run->n_options++;

			run->options[n] = o;
			run->dest[n] = request + syntax->groups[g].offset + o->offset;
			ret[n] = (struct poptOption){
				.longName = o->name,
				.shortName = o->letter,
				.argInfo = o->arg ? POPT_ARG_STRING : POPT_ARG_NONE,
				.val = (int)n + 1,
			};
		}
	}
}

static const struct output_options *output_of(const struct cli_syntax *syntax, const char *request)
{
	for (size_t g = 0; g < CLI_MAX_GROUPS; g++)
		if (syntax->groups[g].group == &cli_group_output)
			return (const void *)(request + syntax->groups[g].offset);
	return NULL;
}

enum cli_verdict cli_parse(const struct cli_syntax *syntax, int argc, const char **argv,
			   void *request, struct cli_error *ret_error)
{
	struct run run = {
		.error = ret_error,
		.list = (void *)((char *)request + syntax->targets_offset),
	};
	struct poptOption table[MAX_OPTIONS + 1] = { 0 };
	const struct output_options *out = output_of(syntax, request);
	enum cli_verdict verdict;
	poptContext con;

	*ret_error = (struct cli_error){ 0 };
	fill_tables(&run, syntax, request, table);
	con = poptGetContext("mmreap", argc, argv, table, POPT_CONTEXT_NO_EXEC);
	if (!con) {
		cli_fail(ret_error, "out of memory");
		return CLI_USAGE;
	}

	verdict = take_line(&run, syntax, con);
	if (verdict == CLI_RUN && out)
		check_output(&run, out);
	if (verdict == CLI_RUN && !run.list_columns)
		take_arguments(&run, syntax, poptGetArgs(con));
	poptFreeContext(con);

	ret_error->json = out && out->json;
	if (verdict != CLI_RUN)
		return verdict;
	if (*ret_error->text)
		return CLI_USAGE;
	return run.list_columns ? CLI_COLUMNS : CLI_RUN;
}
