// SPDX-License-Identifier: GPL-2.0-or-later
/* The waiter as a 32-bit program: a mutex has another layout there. */
#include "../waiter.c"
