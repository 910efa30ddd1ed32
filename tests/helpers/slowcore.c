// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A core_pattern helper that takes no byte: the dumping process blocks once the pipe is full. Ends
 * when the dump is given up, or after a minute, so that nothing is left when a test is.
 */
#include "helpers.h"

int main(void)
{
	struct pollfd pfd = { .fd = STDIN_FILENO };

	poll(&pfd, 1, 60000);
	return 0;
}
