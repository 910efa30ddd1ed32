// SPDX-License-Identifier: GPL-2.0-or-later

/* Tables for people, through libsmartcols. */

#include "table.h"
#include <errno.h>
#include <libsmartcols.h>
#include <late/sonames.h>
#include <mmreap/late.h>
#include <stdlib.h>

#define FUNCTIONS(F)                     \
	F(scols_new_table)               \
	F(scols_unref_table)             \
	F(scols_table_set_stream)        \
	F(scols_table_enable_noheadings) \
	F(scols_table_enable_nowrap)     \
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
		char name[TABLE_HEADING];

		table_heading(column, name, sizeof(name));
		if (!scols.scols_table_new_column(tb, name, 0, left ? 0 : SCOLS_FL_RIGHT))
			return -ENOMEM;
	}
	return 0;
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
		text = table_cell_text(&table->columns[columns->id[i]], &cell, bytes);
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
	/* A cut PID or outcome would be a lie; let the terminal wrap. */
	scols.scols_table_enable_nowrap(tb, 0);

	r = add_headings(tb, table, columns);
	for (size_t i = 0; !r && i < n_rows; i++)
		r = add_row(tb, table, columns, (const char *)rows + i * row_size, out->bytes);
	if (!r)
		r = scols.scols_print_table(tb);
	scols.scols_unref_table(tb);
	return r;
}
