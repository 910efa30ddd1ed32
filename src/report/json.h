/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <mmreap/report.h>

void json_print_string(FILE *f, const char *text);

/* One object, without a newline: also a line of JSON Lines. */
void json_print_row(FILE *f, const struct row_table *table, const struct column_list *columns,
		    const void *row);

void json_print_rows(FILE *f, const struct row_table *table, const struct column_list *columns,
		     const void *rows, size_t n_rows, size_t row_size);
