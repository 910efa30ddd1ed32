/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Built without the kernel's own view. */
#include <errno.h>

#include <mmreap/kernelview.h>

int kernelview_check(void)
{
	return -EOPNOTSUPP;
}

int kernelview_open(bool events, struct kernelview **ret)
{
	(void)events;
	(void)ret;
	return -EOPNOTSUPP;
}

void kernelview_close(struct kernelview *view)
{
	(void)view;
}

int kernelview_list(struct kernelview *view, struct kernel_snapshot *ret)
{
	(void)view;
	(void)ret;
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
