// SPDX-License-Identifier: GPL-2.0-or-later

/* Built without libraries that are loaded late. */

#include <mmreap/late.h>
#include <stddef.h>

const char *late_missing(void)
{
	return NULL;
}
