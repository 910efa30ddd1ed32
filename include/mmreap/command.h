/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The commands: each cmd/NAME.c defines one, main.c lists them. */

#include <mmreap/options.h>

/**
 * struct command - one command
 * @run: argv[0] is the command word; returns an exit status (outcome.h)
 */
struct command {
	const struct cli_syntax *syntax;
	int (*run)(int argc, const char **argv);
};

extern const struct command command_kill;
extern const struct command command_sharers;
extern const struct command command_status;
extern const struct command command_watch;
extern const struct command command_probe;

/**
 * command_find - Find the command called @name; no abbreviations.
 * @list: ends with NULL
 * Returns NULL where there is none.
 */
const struct command *command_find(const struct command *const *list, const char *name);

/**
 * command_parse_global - Parse what stands before the command word.
 * @ret_index: CLI_RUN: where in @argv the command word is
 */
enum cli_verdict command_parse_global(const struct command *const *list, int argc,
				      const char **argv, int *ret_index,
				      struct cli_error *ret_error);

/**
 * command_dump_options - Print every option of every command, for completions and checkers.
 * A line each, five fields separated by tabs: command, long name, letter, argument, help; - for none.
 */
void command_dump_options(const struct command *const *list);
