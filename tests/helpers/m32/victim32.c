// SPDX-License-Identifier: GPL-2.0-or-later
/* The victim as a 32-bit program: its robust list has the compat layout. */
#include "../victim.c"
