/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * What is said, and how: sentences (pure), tables and JSON, messages.
 *
 * A command's row is described once, as a struct row_table: columns are JSON keys in lower case and
 * headings in upper case.
 */

#include <mmreap/model.h>
#include <mmreap/options.h>
#include <mmreap/outcome.h>
#include <mmreap/watch.h>
#include <mmreap/words.h>
#include <stdio.h>

/* --- sentences: pure ------------------------------------------------------------------- */

/* Each takes the language to say it in; NULL is English. */

/* As many processes as a sentence names fit, each with 15 bytes that must be escaped. */
#define SENTENCE_SIZE 2048

/**
 * explain_kill - Say in one sentence what came of a target, without the leading "PID comm: ".
 * @bytes: sizes in bytes, not in KiB, MiB...
 * @ret: at least SENTENCE_SIZE, always terminated; names from outside are escaped
 */
void explain_kill(const struct kill_row *row, const struct words *words, bool bytes, char *ret,
		  size_t size);

/**
 * explain_leaves_sharers_open - Does it matter for this outcome that somebody may not have been seen
 * who shares the memory? Then it is told; elsewhere the outcome itself says that nobody does.
 */
bool explain_leaves_sharers_open(const struct kill_row *row);

/** explain_blind - Say why a look at all processes is not complete; "" where it is */
void explain_blind(const struct blind *blind, const struct words *words, char *ret, size_t size);

/** explain_signals - Name the signals of a mask ("TERM,USR1"); "" for none */
void explain_signals(uint64_t signals, char *ret, size_t size);

/** explain_mm_flags - Name the flags of an mm; a bit without a name as "bit29" */
void explain_mm_flags(const struct mm_flags *flags, const char *separator, char *ret, size_t size);

/** explain_evidence - What a phase was concluded from, with @separator in between */
void explain_evidence(unsigned int evidence, const struct words *words, const char *separator,
		      char *ret, size_t size);

/** explain_blocker - What keeps it from its next phase; "": nothing */
void explain_blocker(const struct status_row *row, const struct words *words, char *ret,
		     size_t size);

/** explain_next - What can be done about it, as a command where there is one; "": nothing */
void explain_next(const struct status_row *row, const struct words *words, char *ret, size_t size);

/** struct probe_row - one capability: is it there, what follows, how it was found out */
struct probe_row {
	const struct words *words;
	const char *capability;
	char state[96];
	char consequence[160];
	char how[160];
};

#define PROBE_MAX_ROWS 24

/** explain_probe - Put what was tried in words. Returns the number of rows. */
size_t explain_probe(const struct probe_facts *facts, const struct words *words,
		     struct probe_row rows[PROBE_MAX_ROWS]);

/** probe_works - Does kill-and-reap work for the caller's own processes? */
bool probe_works(const struct probe_facts *facts);

/** explain_watch - Say in one sentence what an event of `watch` means */
void explain_watch(const struct watch_row *row, const struct words *words, bool bytes, char *ret,
		   size_t size);

const char *watch_event_word(enum watch_event event);
const char *watch_source_word(enum watch_source source);

/** text_escape - Copy @text with control characters, backslashes and invalid UTF-8 as \xHH */
void text_escape(const char *text, char *ret, size_t size);

/**
 * text_is_hidden - Is this character of @len bytes a control, or what turns the direction of writing?
 * A name must not rewrite the line around it.
 */
bool text_is_hidden(const char *s, size_t len);

/** text_size - Write a size for people ("43.9 GiB"), or in bytes */
#define SIZE_SIZE 32
void text_size(const struct words *words, int64_t n_bytes, bool bytes, char *ret, size_t size);

/** text_time - Write a length of time for people ("0.12 ms", "612 ms", "12.3 s") */
#define TIME_SIZE 32
void text_time(int64_t us, char *ret, size_t size);

/** text_utf8_length - Length of the well-formed UTF-8 sequence at @s (1 to 4), 0 if there is none */
size_t text_utf8_length(const char *s);

/** text_errno - The name of an error number ("ESRCH"), NULL for one without */
#define ERROR_SIZE 32
const char *text_errno(int err);

/* --- tables ---------------------------------------------------------------------------- */

enum cell_type {
	CELL_TEXT,
	CELL_NUMBER,
	CELL_INODE,   /* a number without a sign: all 64 bits of it */
	CELL_BYTES,   /* for people in the table, a number in JSON */
	CELL_TIME_US, /* printed in ms with three decimals */
	CELL_BOOL,
	CELL_PROCS, /* array of {pid,inode,comm} */
};

/**
 * struct cell - one value; @known false is null in JSON and empty in a table
 * @words: the language of a sentence, given to who fills it in
 */
struct cell {
	const struct words *words;
	bool known;
	int64_t number;
	const char *text;
	const struct proc_id *procs;
	size_t n_procs;
	char buffer[SENTENCE_SIZE]; /* for a text made on the spot */
};

struct column {
	const char *name;
	enum cell_type type;
	const char *help;
};

/**
 * struct row_table - the rows of one command
 * @key: the JSON key of the array
 * @defaults: columns of a table without -o; JSON has all of them
 * @widths: of each column at least, where the rows come one by one; NULL: as all rows need
 * @prose: a bit for each column that may be broken into lines where the terminal is narrow
 * @get: fill in a cell; it is all zero before but for @words
 */
struct row_table {
	const char *key;
	const struct column *columns;
	size_t n_columns;
	const char *defaults;
	const unsigned char *widths;
	uint64_t prose;
	void (*get)(const void *row, unsigned int column, struct cell *ret);
};

extern const struct row_table report_table_kill;    /* struct kill_row */
extern const struct row_table report_table_sharers; /* struct sharers_row */
extern const struct row_table report_table_status;  /* struct status_row */
extern const struct row_table report_table_probe;   /* struct probe_row */

extern const struct row_table report_table_watch; /* struct watch_row */

#define REPORT_MAX_COLUMNS 40

/** struct column_list - the chosen columns, in order */
struct column_list {
	unsigned int id[REPORT_MAX_COLUMNS];
	size_t n;
};

/**
 * report_choose_columns - Choose the columns that the options ask for.
 * To be called before anything is touched.
 * Returns 0, or -EINVAL with @ret_error naming the column.
 */
int report_choose_columns(const struct row_table *table, const struct output_options *out,
			  struct column_list *ret, struct cli_error *ret_error);

/**
 * report_print_rows - Print rows as table, raw or JSON.
 * @rows: @n_rows rows of @row_size bytes
 * Returns 0 or a negative errno; failed writes are seen by report_close_stdout().
 */
int report_print_rows(FILE *f, const struct row_table *table, const struct output_options *out,
		      const struct column_list *columns, const void *rows, size_t n_rows,
		      size_t row_size);

/** report_list_columns - Print the columns of @table; returns an exit status */
int report_list_columns(const struct row_table *table, const struct output_options *out);

/** report_wants_sentences - Say whether `kill` prints its sentences: no table was asked for */
bool report_wants_sentences(const struct output_options *out);

/** report_print_kill - Print the line "PID comm: sentence" */
void report_print_kill(FILE *f, const struct kill_row *row, bool bytes);

/** report_print_status - Print the report of one process */
void report_print_status(FILE *f, const struct status_row *row, bool bytes);

/** report_log_kill - Send one line to syslog: who, whom, why and how much */
void report_log_kill(const struct kill_row *row);

/* --- talking while it happens ----------------------------------------------------------- */

/** report_has_progress - Is standard error a terminal that can redraw a line? */
bool report_has_progress(void);
/** report_progress - Redraw the line: bytes back of bytes at start, elapsed. */
void report_progress(const struct proc_ref *ref, int64_t rss_bytes, int64_t of_bytes,
		     int64_t since_us);
/** report_progress_end - Wipe the line, if there is one. */
void report_progress_end(void);

/**
 * struct watch_progress - what the redrawn line of `watch` says
 * @id: the target, where there is one
 * @back_bytes of @whole_bytes: 0 of 0 where not known; @bytes_per_s: 0 likewise
 */
struct watch_progress {
	struct proc_id id;
	size_t n_targets, n_done;
	int64_t back_bytes, whole_bytes, bytes_per_s;
	enum phase phase;
	int64_t time_us;
};

/** report_watch_line - Draw or redraw the line on standard error; it fits the terminal as it is now. */
void report_watch_line(const struct watch_progress *p);
/** report_watch_line_end - Wipe it, if it is there. */
void report_watch_line_end(void);

/**
 * report_print_watch - Print one event at once: a sentence, a row, or a line of JSON Lines.
 * @first: no event was printed before: headings are due
 * Returns whether it could be written.
 */
bool report_print_watch(FILE *f, const struct watch_row *row, const struct output_options *out,
			const struct column_list *columns, bool first);

/**
 * report_ask_kill - Ask y/N on the terminal: 1 yes, 0 no, negative errno without a terminal.
 * @with_sharers: it is about all that share its memory
 */
int report_ask_kill(const struct proc_ref *ref, bool with_sharers);

/* --- messages -------------------------------------------------------------------------- */

/**
 * report_hurry - From now on somebody is held: what is said on stderr is dropped where it would have to
 * wait for its reader.
 */
void report_hurry(void);
/** report_take_time - Nobody is held any more: say how much was dropped. */
void report_take_time(void);

/** report_put - Write text to stderr as it is, in one call. Returns whether it was taken. */
bool report_put(const char *text, size_t n);

/** report_say - Print "mmreap: MESSAGE" on stderr in one write, in the language of the user */
__attribute__((format(printf, 1, 2))) void report_say(const char *format, ...);

/** report_say_count - The same about @n things; what it says of them is in the arguments again */
__attribute__((format(printf, 2, 4), format(printf, 3, 4))) void
report_say_count(int64_t n, const char *one, const char *many, ...);

/** report_step - Print a step of --verbose: words of the interface, nothing to translate */
void report_step(pid_t pid, int64_t since_us, const char *step, int err);

/**
 * report_error - Say a message on stderr and, with @json, in English as {"error":{...}} on stdout.
 * %m in @format is the error in errno.
 * Returns @status.
 */
__attribute__((format(printf, 3, 4))) int report_error(bool json, enum exit_status status,
						       const char *format, ...);

/** report_cli_error - report_error() for a message that is in both languages already */
int report_cli_error(enum exit_status status, const struct cli_error *error);

/** report_error_document - Its part on stdout alone, for what was said already */
void report_error_document(enum exit_status status, const struct cli_error *error);

/** report_usage_error - The same for what the command line lacks; returns STATUS_USAGE */
int report_usage_error(const struct cli_error *error);

/** report_flush - Write out what was printed; false: it failed, report_close_stdout() will say why. */
bool report_flush(FILE *f);

/**
 * report_close_stdout - Close standard output and notice every failed write.
 * Returns @status, or STATUS_FAILURE where that was STATUS_OK and not all could be written.
 */
int report_close_stdout(int status);
