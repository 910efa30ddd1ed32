/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What all ways to print rows in columns have in common. */

#include <mmreap/report.h>

#define TABLE_HEADING 32

/* What stands in a cell, unescaped; "" where it is not known. NULL: out of memory. */
char *table_cell_text(const struct column *column, const struct cell *cell, bool bytes);

void table_heading(const struct column *column, char *ret, size_t size);

/*
 * Print the rows in aligned columns. 0, -ENOMEM; -ELIBACC: libsmartcols cannot be loaded, -EOPNOTSUPP:
 * it was left out of this build.
 */
int table_print(FILE *f, const struct row_table *table, const struct output_options *out,
		const struct column_list *columns, const void *rows, size_t n_rows,
		size_t row_size);
