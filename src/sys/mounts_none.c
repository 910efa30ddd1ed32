/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without libmount. */
#include <errno.h>

#include <mmreap/mounts.h>

int mounts_load_file(const char *path, dev_t proc_dev, struct mounts *ret)
{
	(void)path;
	*ret = (struct mounts){ .proc_dev = proc_dev };
	return -EOPNOTSUPP;
}
