// SPDX-License-Identifier: GPL-2.0-or-later

/* Built without libproc2. */

#include <errno.h>

#include <mmreap/scan.h>

int scan_library(const char *comm, struct pid_list *ret)
{
	(void)comm;
	(void)ret;
	return -EOPNOTSUPP;
}
