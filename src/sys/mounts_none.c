/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libmount. */
#include <errno.h>

#include <mmreap/mounts.h>

int mounts_load_file(const char *path, struct mounts *ret)
{
	(void)path;
	*ret = (struct mounts){ 0 };
	return -EOPNOTSUPP;
}
