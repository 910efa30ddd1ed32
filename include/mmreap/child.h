/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* A child of our own, to try things on. */

#include <stddef.h>
#include <sys/types.h>

/**
 * child_start - Fork a child that has touched @n_bytes of memory and sleeps; it dies with us.
 * Returns its PID once the memory is there, or a negative errno.
 */
pid_t child_start(size_t n_bytes);

/** child_end - Kill the child and wait for it. */
void child_end(pid_t pid);
