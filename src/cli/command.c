// SPDX-License-Identifier: GPL-2.0-or-later

/* The command word, and what may stand before it. */

#include <mmreap/command.h>
#include <popt.h>
#include <stdio.h>
#include <string.h>

const struct command *command_find(const struct command *const *list, const char *name)
{
	for (; *list; list++)
		if (!strcmp((*list)->syntax->name, name))
			return *list;
	return NULL;
}

static void print_global_help(const struct command *const *list)
{
	const struct words *w = &words_local;

	puts(words_one(w, "Usage: mmreap COMMAND [OPTION...] [TARGET...]"));
	puts(words_one(w, "Kill processes and get their memory back at once."));
	printf("\n%s\n", words_one(w, "Commands:"));
	for (; *list; list++)
		printf("  %-10s %s\n", (*list)->syntax->name,
		       words_one(w, (*list)->syntax->summary));
	printf("\n%s\n", words_one(w, "Options:"));
	printf("  -h, --help     %s\n",
	       words_one(w, "this help; mmreap COMMAND --help for a command's own"));
	printf("  -V, --version  %s\n", words_one(w, "version and optional parts"));
}

/* Without a command there is no table to say which words are options: take the two as they are. */
static bool wants_json(const char **argv)
{
	for (argv++; *argv && strcmp(*argv, "--"); argv++)
		if (!strcmp(*argv, "--json") || !strcmp(*argv, "-J"))
			return true;
	return false;
}

enum cli_verdict command_parse_global(const struct command *const *list, int argc,
				      const char **argv, int *ret_index,
				      struct cli_error *ret_error)
{
	enum { HELP = 1, VERSION, DUMP };
	const struct poptOption table[] = {
		{ .longName = "help", .shortName = 'h', .val = HELP },
		{ .longName = "version", .shortName = 'V', .val = VERSION },
		{ .longName = "dump-options", .val = DUMP }, /* for completions and checkers */
		{ 0 },
	};
	enum cli_verdict verdict = CLI_USAGE;
	const char **rest;
	poptContext con;
	int rc, n_rest = 0;

	*ret_error = (struct cli_error){ .json = wants_json(argv) };
	/* POSIXMEHARDER: what follows the command word is the command's. */
	con = poptGetContext("mmreap", argc, argv, table,
			     POPT_CONTEXT_POSIXMEHARDER | POPT_CONTEXT_NO_EXEC);
	if (!con) {
		cli_fail(ret_error, "out of memory");
		return CLI_USAGE;
	}

	rc = poptGetNextOpt(con);
	rest = poptGetArgs(con);
	while (rest && rest[n_rest])
		n_rest++;
	if (rc == HELP) {
		print_global_help(list);
		verdict = CLI_DONE;
	} else if (rc == VERSION) {
		cli_print_version();
		verdict = CLI_DONE;
	} else if (rc == DUMP) {
		command_dump_options(list);
		verdict = CLI_DONE;
	} else if (rc < -1) {
		cli_fail(ret_error, "unknown option %s; see mmreap --help",
			 poptBadOption(con, POPT_BADOPTION_NOALIAS));
	} else if (!n_rest) {
		cli_fail(ret_error, "no command given; see mmreap --help");
	} else if (!command_find(list, rest[0])) {
		cli_fail(ret_error, "unknown command \"%s\"; see mmreap --help", rest[0]);
	} else {
		*ret_index = argc - n_rest;
		verdict = CLI_RUN;
	}
	poptFreeContext(con);
	return verdict;
}
