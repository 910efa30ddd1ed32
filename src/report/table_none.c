// SPDX-License-Identifier: GPL-2.0-or-later

/* Built without libsmartcols. */

#include "table.h"
#include <errno.h>

int table_print(FILE *f, const struct row_table *table, const struct output_options *out,
		const struct column_list *columns, const void *rows, size_t n_rows, size_t row_size)
{
	(void)f;
	(void)table;
	(void)out;
	(void)columns;
	(void)rows;
	(void)n_rows;
	(void)row_size;
	return -EOPNOTSUPP;
}
