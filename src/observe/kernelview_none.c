/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without the kernel's own view. */
#include <errno.h>

#include <mmreap/kernelview.h>

int kernelview_check(void)
{
	return -EOPNOTSUPP;
}
