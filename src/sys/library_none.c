// SPDX-License-Identifier: GPL-2.0-or-later

/* Built without libraries that are loaded late. */

#include <mmreap/late.h>

const char *late_trouble(void)
{
	return "";
}
