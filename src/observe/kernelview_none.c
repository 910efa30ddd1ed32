/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without the kernel's own view. */
#include <errno.h>

#include <mmreap/kernelview.h>

int kernelview_check(void)
{
	return -EOPNOTSUPP;
}

int kernelview_open(struct kernelview **ret)
{
	(void)ret;
	return -EOPNOTSUPP;
}

void kernelview_close(struct kernelview *view)
{
	(void)view;
}

int kernelview_list(struct kernelview *view, struct kernelview_task **ret, size_t *ret_n)
{
	(void)view;
	(void)ret;
	(void)ret_n;
	return -EOPNOTSUPP;
}

int kernelview_await(struct kernelview *view, pid_t pid)
{
	(void)view;
	(void)pid;
	return -EOPNOTSUPP;
}

int kernelview_torn_down(struct kernelview *view, int awaited)
{
	(void)view;
	(void)awaited;
	return -EOPNOTSUPP;
}

int kernelview_fd(struct kernelview *view)
{
	(void)view;
	return -1;
}

void kernelview_drain(struct kernelview *view)
{
	(void)view;
}
