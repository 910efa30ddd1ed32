/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The command line as data: option tables in, values out.
 *
 * Each option exists once, as a row of a struct cli_group. The popt tables, --help and the dump that
 * man pages and completions are compared with are made from these rows.
 */

#include <mmreap/model.h>
#include <mmreap/watch.h>
#include <mmreap/words.h>

/** struct output_options - the output options, the same in every command */
struct output_options {
	const char *columns; /* -o LIST or +LIST; NULL: not given */
	bool output_all;
	bool noheadings;
	bool raw;
	bool json;
	bool bytes;
};

/**
 * struct target_list - the targets, in the order given
 * @specs: owned
 * @texts: owned; every text that the specs and options borrow
 * @from_stdin: `-` was given. With @n_specs 0 nothing matched, which is no usage error
 */
struct target_list {
	struct target_spec *specs;
	size_t n_specs;
	bool from_stdin;
	char **texts;
	size_t n_texts;
};

/** struct kill_request - the command line of `kill` */
struct kill_request {
	struct kill_options opt;
	struct output_options out;
	struct target_list targets;
};

/** kill_request_free - Free what @req owns; for _cleanup_() */
void kill_request_free(struct kill_request *req);

/** struct sharers_options, struct sharers_request - the command line of `sharers` */
struct sharers_options {
	bool all;
	bool check;
	enum source source;
};

struct sharers_request {
	struct sharers_options opt;
	struct output_options out;
	struct target_list targets;
};

/** struct status_options, struct status_request - the command line of `status` */
struct status_options {
	bool deep; /* also what takes the mmap lock of the target */
	enum source source;
};

struct status_request {
	struct status_options opt;
	struct output_options out;
	struct target_list targets;
};

enum progress { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

/** struct watch_options, struct watch_request - the command line of `watch` */
struct watch_options {
	enum watch_goal goal;
	bool any;	    /* one target is enough */
	int64_t timeout_us; /* UNKNOWN: none */
	int64_t interval_us;
	enum progress progress;
	enum source source;
	bool verbose;
};

struct watch_request {
	struct watch_options opt;
	struct output_options out;
	struct target_list targets;
};

/** struct probe_request - the command line of `probe`; it takes no targets */
struct probe_request {
	struct output_options out;
	struct target_list targets;
};

/**
 * struct cli_error - what is wrong with a command line, as one sentence without prefix
 * @json: --json was on the line: the error must be a document too
 * @text: in English, for that document; @local: in the language of the user
 */
struct cli_error {
	bool json;
	char text[512];
	char local[512];
};

enum cli_verdict {
	CLI_RUN,     /* the request is complete: go */
	CLI_COLUMNS, /* --list-columns: print them and do nothing else */
	CLI_DONE,    /* help or version is printed */
	CLI_USAGE,   /* the error is filled in; nothing may be touched */
};

/** cli_parse_watch - The same for `watch`; what @ret owns is freed with target_list_free() */
enum cli_verdict cli_parse_watch(int argc, const char **argv, struct watch_request *ret,
				 struct cli_error *ret_error);

/**
 * cli_parse_kill - Parse the command line of `kill`; reads standard input when `-` is a target.
 * @argv: argv[0] is "kill"
 * @ret: to be freed with kill_request_free() whatever is returned
 * @ret_error: filled for CLI_USAGE
 */
enum cli_verdict cli_parse_kill(int argc, const char **argv, struct kill_request *ret,
				struct cli_error *ret_error);

/* --- the tables ------------------------------------------------------------------------ */

enum cli_kind {
	CLI_FLAG,     /* bool = true */
	CLI_EITHER,   /* bool = second word of arg ("auto|never") */
	CLI_CHOICE,   /* enum = ordinal of the word in arg ("refuse|kill|spare") */
	CLI_DURATION, /* int64_t, microseconds */
	CLI_TEXT,     /* const char * */
	CLI_COMM,     /* a target: adds to the struct target_list */
	CLI_CGROUP,
	CLI_PIDFD,
	CLI_LIST_COLUMNS,
	CLI_HELP,
	CLI_VERSION,
	CLI_SIGNAL, /* hidden: always refused */
};

/**
 * struct cli_option - one option
 * @name: long name; @letter: short name or 0
 * @arg: name of the argument for people, or the words it may be; NULL: takes none
 * @offset: where the value goes, from the start of the group's struct
 * @help: a few words; NULL: hidden
 */
struct cli_option {
	const char *name;
	char letter;
	enum cli_kind kind;
	const char *arg;
	size_t offset;
	const char *help;
};

/** struct cli_group - options that share a destination struct; @compact: names only in --help */
struct cli_group {
	const char *title;
	const struct cli_option *options;
	size_t n_options;
	bool compact;
};

#define CLI_MAX_GROUPS 4

/**
 * struct cli_syntax - the command line of one command
 * @usage: what follows the command word
 * @groups: up to the first NULL group; @offset is that of the group's struct in the request
 * @targets_offset: of the struct target_list in the request; every request has one, for the texts
 * @targets: whether there may, or must, be any
 */
struct cli_syntax {
	const char *name;
	const char *summary;
	const char *usage;
	struct {
		const struct cli_group *group;
		size_t offset;
	} groups[CLI_MAX_GROUPS];
	size_t targets_offset;
	enum { TARGETS_NONE, TARGETS_OPTIONAL, TARGETS_NEEDED } targets;
};

extern const struct cli_group cli_group_output; /* struct output_options */
extern const struct cli_group cli_group_target; /* struct target_list */
extern const struct cli_group cli_group_common; /* --help, --version: no struct */
extern const struct cli_syntax cli_syntax_kill;
extern const struct cli_syntax cli_syntax_sharers; /* struct sharers_request */
extern const struct cli_syntax cli_syntax_status;  /* struct status_request */
extern const struct cli_syntax cli_syntax_watch;   /* struct watch_request */
extern const struct cli_syntax cli_syntax_probe;   /* struct probe_request */

/**
 * cli_parse - Parse a command line by its tables into @request, which holds the defaults already.
 * Every error is found before it returns, the first one is told.
 */
enum cli_verdict cli_parse(const struct cli_syntax *syntax, int argc, const char **argv,
			   void *request, struct cli_error *ret_error);

/** cli_print_help - Print the help of a command on standard output; it fits 80 by 24 */
void cli_print_help(const struct cli_syntax *syntax);

/** cli_print_version - Print version and optional parts on standard output */
void cli_print_version(void);

/**
 * cli_fail - Keep the first error of a command line; later ones are consequences.
 * %m in @format is the error in errno.
 */
__attribute__((format(printf, 2, 3))) void cli_fail(struct cli_error *error, const char *format,
						    ...);

/** target_list_free - Free what @list owns */
void target_list_free(struct target_list *list);

/* --- values: pure ---------------------------------------------------------------------- */

/**
 * value_parse_duration - Parse 500ms, 2s, 1m, 1.5s or a bare number of seconds.
 * @ret_us: microseconds
 * Returns 0, -EINVAL (no duration), -ERANGE (too long, or finer than a microsecond).
 */
int value_parse_duration(const char *text, int64_t *ret_us);

/** value_parse_fd - Parse a descriptor number. Returns 0, -EINVAL or -ERANGE. */
int value_parse_fd(const char *text, int *ret_fd);

/**
 * value_parse_word - Find @text among @words ("refuse|kill|spare"); no abbreviations.
 * Returns the ordinal or -EINVAL.
 */
int value_parse_word(const char *text, const char *words);

/** value_is_signal - Say whether @text is an option like -9, -KILL or -SIGKILL */
bool value_is_signal(const char *text);

/**
 * target_parse - Parse a PID or PID:INODE (src/target/parse.c).
 * Returns 0, -EINVAL (neither form) or -ERANGE (no process can have that number).
 */
int target_parse(const char *text, struct target_spec *ret);
