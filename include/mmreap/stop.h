/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * SIGINT, SIGTERM and SIGHUP: while somebody is held they wait, and are read where we wait. While we say
 * what came of it they end us by themselves, as nobody knows whether what we say is ever read.
 *
 * What stops us waits too: who is held or frozen would be so until somebody says fg.
 */

#include <signal.h>
#include <stdbool.h>

/**
 * struct stop - the signals that tell us to end
 * @signals: those that end a tool by default, but not those that our starter had us ignore
 * @held: these, SIGTSTP and SIGTTOU
 * @fd: owned; readable when one of @signals waits
 */
struct stop {
	sigset_t signals, held;
	int fd;
};

/**
 * stop_catch - From now on they wait, in all threads that are made.
 * Returns 0, or a negative errno: nothing has changed.
 */
int stop_catch(struct stop *ret);
void stop_close(struct stop *stop);

/**
 * stop_allow - From now on the first of them ends us by itself: after a second if standard output or
 * stderr is full, and after ten in any case.
 */
void stop_allow(const struct stop *stop);

/** stop_forbid - They wait again. Returns whether one came meanwhile. */
bool stop_forbid(const struct stop *stop);

/** stop_die - Die of the one that came, so that a shell sees it. */
void stop_die(const struct stop *stop);
