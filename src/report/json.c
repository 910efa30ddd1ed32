// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * JSON. Not by libsmartcols: up to 2.38.1 (2.42 too) it has no array of objects, no null boolean,
 * and copies invalid UTF-8 as it is. `killed` needs the first, process names the last.
 */

#include "json.h"
#include <mmreap/report.h>

void json_print_string(FILE *f, const char *text)
{
	putc('"', f);
	while (*text) {
		size_t len = text_utf8_length(text);

		if (!len) {
			fputs("\\ufffd", f);
			len = 1;
		} else if (*text == '"' || *text == '\\') {
			fprintf(f, "\\%c", *text);
		} else if (text_is_hidden(text, len)) {
			const unsigned char *u = (const unsigned char *)text;

			/* All of them are below U+10000. */
			fprintf(f, "\\u%04x",
				len == 1   ? u[0]
				: len == 2 ? (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU)
					   : (u[0] & 0xfU) << 12 | (u[1] & 0x3fU) << 6 |
						     (u[2] & 0x3fU));
		} else {
			fwrite(text, 1, len, f);
		}
		text += len;
	}
	putc('"', f);
}

static void print_procs(FILE *f, const struct proc_id *procs, size_t n)
{
	putc('[', f);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "%s{\"pid\":%d,\"inode\":", i ? "," : "", procs[i].pid);
		if (procs[i].inode)
			fprintf(f, "%llu", (unsigned long long)procs[i].inode);
		else
			fputs("null", f);
		fputs(",\"comm\":", f);
		if (*procs[i].comm)
			json_print_string(f, procs[i].comm);
		else
			fputs("null", f);
		putc('}', f);
	}
	putc(']', f);
}

static void print_cell(FILE *f, const struct column *column, const struct cell *cell)
{
	if (!cell->known) {
		fputs("null", f);
		return;
	}
	switch (column->type) {
	case CELL_TEXT:
		json_print_string(f, cell->text);
		break;
	case CELL_NUMBER:
	case CELL_BYTES:
		fprintf(f, "%lld", (long long)cell->number);
		break;
	case CELL_INODE:
		fprintf(f, "%llu", (unsigned long long)cell->number);
		break;
	case CELL_TIME_US:
		fprintf(f, "%lld.%03lld", (long long)cell->number / 1000,
			(long long)cell->number % 1000);
		break;
	case CELL_BOOL:
		fputs(cell->number ? "true" : "false", f);
		break;
	case CELL_PROCS:
		print_procs(f, cell->procs, cell->n_procs);
		break;
	}
}

void json_print_row(FILE *f, const struct row_table *table, const struct column_list *columns,
		    const void *row)
{
	putc('{', f);
	for (size_t i = 0; i < columns->n; i++) {
		const struct column *column = &table->columns[columns->id[i]];
		struct cell cell = { 0 };

		table->get(row, columns->id[i], &cell);
		if (i)
			putc(',', f);
		json_print_string(f, column->name);
		putc(':', f);
		print_cell(f, column, &cell);
	}
	putc('}', f);
}

void json_print_rows(FILE *f, const struct row_table *table, const struct column_list *columns,
		     const void *rows, size_t n_rows, size_t row_size)
{
	fprintf(f, "{\"%s\":[", table->key);
	for (size_t i = 0; i < n_rows; i++) {
		fputs(i ? ",\n" : "\n", f);
		json_print_row(f, table, columns, (const char *)rows + i * row_size);
	}
	fputs(n_rows ? "\n]}\n" : "]}\n", f);
}
