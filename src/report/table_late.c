// SPDX-License-Identifier: GPL-2.0-or-later

/* Tables for people, through libsmartcols. */

#include "table.h"
#include <errno.h>
#include <libsmartcols.h>
#include <late/sonames.h>
#include <mmreap/late.h>
#include <stdlib.h>
#include <string.h>

/* No row is so wide. */
#define WIDEST 65536

#define FUNCTIONS(F)                     \
	F(scols_new_table)               \
	F(scols_unref_table)             \
	F(scols_table_set_stream)        \
	F(scols_table_enable_noheadings) \
	F(scols_table_enable_nowrap)     \
	F(scols_table_set_termforce)     \
	F(scols_table_set_termwidth)     \
	F(scols_table_new_column)        \
	F(scols_table_new_line)          \
	F(scols_line_refer_data)         \
	F(scols_print_table)
LATE_LIBRARY(scols, FUNCTIONS, LATE_SONAME_SMARTCOLS, "tables", "recommended",
	     "tables in aligned columns");

static int add_headings(struct libscols_table *tb, const struct row_table *table,
			const struct column_list *columns)
{
	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &table->columns[columns->id[i]];
		bool left = column->type == CELL_TEXT || column->type == CELL_PROCS;
		unsigned int width = table->widths ? table->widths[columns->id[i]] : 0;
		bool prose = table->prose >> columns->id[i] & 1;
		struct libscols_column *cl;
		char name[TABLE_HEADING];

		table_heading(column, name, sizeof(name));
		/* Without STRICTWIDTH a cell narrower than the heading is given the heading's width. */
		cl = scols.scols_table_new_column(tb, name, width,
						  (left ? 0 : SCOLS_FL_RIGHT) |
							  (prose ? SCOLS_FL_WRAP : 0) |
							  (width ? SCOLS_FL_STRICTWIDTH : 0));
		if (!cl)
			return -ENOMEM;
	}
	return 0;
}

/*
 * The library escapes controls, but not what turns the direction of writing; and a backslash of ours
 * it would escape once more. Takes @text.
 */
static char *escape(char *text)
{
	char *escaped = text ? malloc(4 * strlen(text) + 1) : NULL, *to = escaped;

	for (const char *p = text; escaped && *p;) {
		size_t len = text_utf8_length(p);

		if (len == 3 && text_is_hidden(p, len)) {
			unsigned int code = ((unsigned int)p[0] & 0xf) << 12 |
					    ((unsigned int)p[1] & 0x3f) << 6 |
					    ((unsigned int)p[2] & 0x3f);

			to += sprintf(to, "<U+%04X>", code);
			p += len;
		} else {
			*to++ = *p++;
		}
	}
	if (escaped)
		*to = '\0';
	free(text);
	return escaped;
}

static int add_row(struct libscols_table *tb, const struct row_table *table,
		   const struct column_list *columns, const void *row, bool bytes)
{
	struct libscols_line *line = scols.scols_table_new_line(tb, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < columns->n; i++) {
		struct cell cell = { .words = &words_local };
		char *text;

		table->get(row, columns->id[i], &cell);
		text = escape(table_cell_text(&table->columns[columns->id[i]], &cell, bytes));
		if (!text || scols.scols_line_refer_data(line, i, text)) {
			free(text);
			return -ENOMEM;
		}
	}
	return 0;
}

int table_print(FILE *f, const struct row_table *table, const struct output_options *out,
		const struct column_list *columns, const void *rows, size_t n_rows, size_t row_size)
{
	struct libscols_table *tb;
	int r = late_load(&scols_library);

	if (r)
		return r;
	words_open();
	tb = scols.scols_new_table();
	if (!tb)
		return -ENOMEM;
	scols.scols_table_set_stream(tb, f);
	scols.scols_table_enable_noheadings(tb, out->noheadings);
	/* A cut PID or outcome would be a lie; let the terminal wrap what is no prose. */
	scols.scols_table_enable_nowrap(tb, 0);
	/* Else it takes widths back from some rows and not from others. */
	if (table->widths) {
		scols.scols_table_set_termforce(tb, SCOLS_TERMFORCE_ALWAYS);
		scols.scols_table_set_termwidth(tb, WIDEST);
	}

	r = add_headings(tb, table, columns);
	for (size_t i = 0; !r && i < n_rows; i++)
		r = add_row(tb, table, columns, (const char *)rows + i * row_size, out->bytes);
	if (!r)
		r = scols.scols_print_table(tb);
	scols.scols_unref_table(tb);
	return r;
}
