/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the kernel side hands to observe/kernelview_bpf.c. Fixed sizes: both sides are compiled apart. */

/* One task that has an mm. */
struct kernel_record {
	unsigned int pid; /* of the thread group, in the initial PID namespace */
	unsigned int tid;
	unsigned long long mm; /* an address: compared, never printed */
	unsigned long long flags;
	int users, count;
};
