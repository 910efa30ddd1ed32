/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <pthread.h>

#include <mmreap/observe.h>

#define LISTING_PIECES 16

/** struct listing - /proc while it is listed; private, but for where it is made */
struct listing {
	const struct sys *sys;
	int dir;
	char *dents;   /* the caller's, DENTS_SIZE */
	size_t n, off; /* of the current piece: how long it is, and how far we are */
	bool ahead;    /* a thread may read ahead */
	int alone;     /* pieces read without it */
	bool threaded; /* it does; the rest is between the two, under the lock */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool stop;
	size_t filled, emptied; /* pieces, counted from the first one on */
	ssize_t len[LISTING_PIECES];
};

/**
 * listing_open - Begin to list /proc, into @dents (DENTS_SIZE, the caller's).
 * @ahead: where there are many (some 200), a thread reads on while the caller works on what it has
 */
int listing_open(const struct sys *sys, const struct run_self *self, char *dents, bool ahead,
		 struct listing *ret);
/** The next PID; 0 at the end, or negative errno. */
pid_t listing_next(struct listing *l);
void listing_close(struct listing *l);
