// SPDX-License-Identifier: GPL-2.0-or-later

/* --help, --version and the dump for the checkers, made from the option tables. */

#include <mmreap/command.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 79
#define HELP_COLUMN 41

/* "-m, --method auto|never"; returns its length */
static int name_option(const struct cli_option *o, bool align, char *ret, size_t size)
{
	char letter[] = "-x, ";

	letter[1] = o->letter;
	return snprintf(ret, size, "%s--%s%s%s",
			o->letter ? letter
			: align	  ? "    "
				  : "",
			o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void print_group(const struct cli_group *group)
{
	for (size_t i = 0; i < group->n_options; i++) {
		char name[64];

		if (!group->options[i].help)
			continue;
		name_option(&group->options[i], true, name, sizeof(name));
		printf("  %-*s%s\n", HELP_COLUMN - 2, name,
		       words_one(&words_local, group->options[i].help));
	}
}

/* The shared groups in one paragraph: there are 24 lines. */
static void print_compact(const struct cli_group *group)
{
	int column = printf("%s", words_one(&words_local, group->title));

	for (size_t i = 0; i < group->n_options; i++) {
		bool last = i + 1 == group->n_options;
		char name[64];
		int len = name_option(&group->options[i], false, name, sizeof(name)) + !last;

		if (column + 1 + len > WIDTH)
			column = printf("\n ") - 1;
		column += printf(" %s%s", name, last ? "" : ",");
	}
	putchar('\n');
}

void cli_print_help(const struct cli_syntax *syntax)
{
	printf(words_one(&words_local, "Usage: mmreap %s %s"), syntax->name,
	       words_one(&words_local, syntax->usage));
	printf("\n%s.\n", words_one(&words_local, syntax->summary));
	for (size_t g = 0; g < CLI_MAX_GROUPS && syntax->groups[g].group; g++) {
		const struct cli_group *group = syntax->groups[g].group;

		if (group->compact)
			print_compact(group);
		else
			print_group(group);
	}
}

void cli_print_version(void)
{
	printf("mmreap %s\n", MMREAP_VERSION);
	printf(words_one(&words_local, "optional parts: %s"), MMREAP_PARTS);
	putchar('\n');
}

static void dump_group(const char *command, const struct cli_group *group)
{
	for (size_t i = 0; i < group->n_options; i++) {
		const struct cli_option *o = &group->options[i];
		char letter[] = { '-', o->letter ? o->letter : '\0', '\0' };

		if (o->help)
			printf("%s\t--%s\t%s\t%s\t%s\n", command, o->name, letter,
			       o->arg ? o->arg : "-", o->help);
	}
}

void command_dump_options(const struct command *const *list)
{
	dump_group("mmreap", &cli_group_common);
	for (; *list; list++) {
		const struct cli_syntax *syntax = (*list)->syntax;

		for (size_t g = 0; g < CLI_MAX_GROUPS && syntax->groups[g].group; g++)
			dump_group(syntax->name, syntax->groups[g].group);
	}
}
