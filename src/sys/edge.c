/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <mmreap/brace.h>

const char brace_data_edge[1] = "";

void brace_code_edge(void)
{
}
