// SPDX-License-Identifier: GPL-2.0-or-later

/* Rows as a table for people or raw for scripts, through libsmartcols. */

#include "json.h"
#include <ctype.h>
#include <errno.h>
#include <libsmartcols.h>
#include <mmreap/cleanup.h>
#include <mmreap/report.h>
#include <string.h>

static void unref_table(struct libscols_table **tb)
{
	scols_unref_table(*tb); /* takes NULL */
}

/* "4712 java,4800 java" */
static char *procs_text(const struct cell *cell)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	for (size_t i = 0; i < cell->n_procs; i++)
		fprintf(f, "%s%d %s", i ? "," : "", cell->procs[i].pid, cell->procs[i].comm);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}

/* "43.9 GiB" → "43.9G", as in the tables of util-linux: a blank would be \x20 in --raw. */
static void size_text(int64_t n_bytes, char *ret, size_t size)
{
	size_t blank;

	text_size(NULL, n_bytes, false, ret, size);
	blank = strcspn(ret, " ");
	ret[blank] = (char)toupper((unsigned char)ret[blank + 1]);
	ret[blank + 1] = '\0';
}

/*
 * NULL: out of memory; what is not known is an empty string. Control characters are escaped by
 * libsmartcols.
 */
static char *cell_text(const struct column *column, const struct cell *cell, bool bytes)
{
	char text[64];

	if (!cell->known)
		return strdup("");
	switch (column->type) {
	case CELL_TEXT:
		return strdup(cell->text);
	case CELL_PROCS:
		return procs_text(cell);
	case CELL_NUMBER:
		snprintf(text, sizeof(text), "%lld", (long long)cell->number);
		break;
	case CELL_BYTES:
		if (bytes)
			snprintf(text, sizeof(text), "%lld", (long long)cell->number);
		else
			size_text(cell->number, text, sizeof(text));
		break;
	case CELL_TIME_US:
		snprintf(text, sizeof(text), "%lld.%03lld", (long long)cell->number / 1000,
			 (long long)cell->number % 1000);
		break;
	case CELL_BOOL:
		return strdup(cell->number ? "yes" : "no");
	}
	return strdup(text);
}

static int add_headings(struct libscols_table *tb, const struct row_table *table,
			const struct column_list *columns)
{
	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &table->columns[columns->id[i]];
		bool left = column->type == CELL_TEXT || column->type == CELL_PROCS;
		char name[32] = "";

		for (size_t j = 0; j < sizeof(name) - 1 && column->name[j]; j++)
			name[j] = (char)toupper((unsigned char)column->name[j]);
		if (!scols_table_new_column(tb, name, 0, left ? 0 : SCOLS_FL_RIGHT))
			return -ENOMEM;
	}
	return 0;
}

static int add_row(struct libscols_table *tb, const struct row_table *table,
		   const struct column_list *columns, const struct output_options *out,
		   const void *row)
{
	struct libscols_line *line = scols_table_new_line(tb, NULL);

	if (!line)
		return -ENOMEM;
	for (size_t i = 0; i < columns->n; i++) {
		/* --raw is for scripts, as JSON is. */
		struct cell cell = { .words = out->raw ? NULL : &words_local };
		char *text;

		table->get(row, columns->id[i], &cell);
		text = cell_text(&table->columns[columns->id[i]], &cell, out->bytes);
		if (!text || scols_line_refer_data(line, i, text)) {
			free(text);
			return -ENOMEM;
		}
	}
	return 0;
}

int report_print_rows(FILE *f, const struct row_table *table, const struct output_options *out,
		      const struct column_list *columns, const void *rows, size_t n_rows,
		      size_t row_size)
{
	_cleanup_(unref_table) struct libscols_table *tb = NULL;
	int r;

	if (out->json) {
		json_print_rows(f, table, columns, rows, n_rows, row_size);
		return 0;
	}
	words_open();
	tb = scols_new_table();
	if (!tb)
		return -ENOMEM;
	scols_table_set_stream(tb, f);
	scols_table_enable_raw(tb, out->raw);
	scols_table_enable_noheadings(tb, out->noheadings);
	/* A cut PID or outcome would be a lie; let the terminal wrap. */
	scols_table_enable_nowrap(tb, 0);

	r = add_headings(tb, table, columns);
	for (size_t i = 0; !r && i < n_rows; i++)
		r = add_row(tb, table, columns, out, (const char *)rows + i * row_size);
	return r ? r : scols_print_table(tb);
}
