// SPDX-License-Identifier: GPL-2.0-or-later

/* Rows as JSON, raw for scripts, or as a table for people, which libsmartcols lays out. */

#include "json.h"
#include "table.h"
#include <ctype.h>
#include <errno.h>
#include <mmreap/late.h>
#include <stdlib.h>
#include <string.h>

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

char *table_cell_text(const struct column *column, const struct cell *cell, bool bytes)
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
	case CELL_INODE:
		snprintf(text, sizeof(text), "%llu", (unsigned long long)cell->number);
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

void table_heading(const struct column *column, char *ret, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && column->name[i]; i++)
		ret[i] = (char)toupper((unsigned char)column->name[i]);
	ret[i] = '\0';
}

/* One word, whatever is in it: that is what --raw of util-linux does. */
static void print_word(FILE *f, const char *text, bool first)
{
	if (!first)
		putc(' ', f);
	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (isascii(byte) && isgraph(byte) && byte != '\\')
			putc(byte, f);
		else
			fprintf(f, "\\x%02x", byte);
	}
}

static int print_raw(FILE *f, const struct row_table *table, const struct output_options *out,
		     const struct column_list *columns, const void *rows, size_t n_rows,
		     size_t row_size)
{
	for (size_t i = 0; !out->noheadings && i < columns->n; i++) {
		char heading[TABLE_HEADING];

		table_heading(&table->columns[columns->id[i]], heading, sizeof(heading));
		print_word(f, heading, i == 0);
	}
	if (!out->noheadings)
		putc('\n', f);
	for (size_t r = 0; r < n_rows; r++) {
		for (size_t i = 0; i < columns->n; i++) {
			const struct column *column = &table->columns[columns->id[i]];
			struct cell cell = { 0 }; /* for scripts, as JSON is: in English */
			char *text;

			table->get((const char *)rows + r * row_size, columns->id[i], &cell);
			text = table_cell_text(column, &cell, out->bytes);
			if (!text)
				return -ENOMEM;
			print_word(f, text, i == 0);
			free(text);
		}
		putc('\n', f);
	}
	return 0;
}

int report_print_rows(FILE *f, const struct row_table *table, const struct output_options *out,
		      const struct column_list *columns, const void *rows, size_t n_rows,
		      size_t row_size)
{
	static bool told;
	int err;

	if (out->json) {
		json_print_rows(f, table, columns, rows, n_rows, row_size);
		return 0;
	}
	if (out->raw)
		return print_raw(f, table, out, columns, rows, n_rows, row_size);
	err = table_print(f, table, out, columns, rows, n_rows, row_size);
	/* What was found out is told all the same. */
	if (err == -ELIBACC && !told)
		report_say("columns are not aligned: %s; install that library if it is missing, or "
			   "use --raw or --json",
			   late_trouble());
	told = true;
	if (err == -ELIBACC || err == -EOPNOTSUPP)
		return print_raw(f, table, out, columns, rows, n_rows, row_size);
	return err;
}
