/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers in /proc, one after the other; read by a thread of their own where there are many. */
#include <fcntl.h>

#include "listing.h"

#define PIECE (DENTS_SIZE / LISTING_PIECES)
/* A thread costs as much as to list some 100 processes: fewer than about 200 are not worth one. */
#define THREAD_AFTER 3

static char *piece(const struct listing *l, size_t number)
{
	return l->dents + number % LISTING_PIECES * PIECE;
}

static void *run(void *data)
{
	struct listing *l = data;
	ssize_t n = 1;

	pthread_mutex_lock(&l->lock);
	while (n > 0 && !l->stop) {
		bool full = l->filled - l->emptied == LISTING_PIECES;

		/* Not woken for each piece. */
		while (full && l->filled - l->emptied > LISTING_PIECES / 2 && !l->stop)
			pthread_cond_wait(&l->wake, &l->lock);
		if (l->stop)
			break;
		pthread_mutex_unlock(&l->lock);
		n = l->sys->getdents(l->dir, piece(l, l->filled), PIECE);
		pthread_mutex_lock(&l->lock);
		l->len[l->filled++ % LISTING_PIECES] = n;
		pthread_cond_signal(&l->wake);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

int listing_open(const struct sys *sys, const struct run_self *self, char *dents, bool ahead,
		 struct listing *ret)
{
	*ret = (struct listing){ .sys = sys, .dents = dents, .ahead = ahead };
	/* A directory offset of our own: scans for several targets run side by side. */
	ret->dir = sys->open_at(self->proc_fd, ".", O_DIRECTORY);
	return ret->dir < 0 ? ret->dir : 0;
}

/* The next piece becomes the current one; its length. */
static ssize_t next_piece(struct listing *l)
{
	ssize_t n;

	l->off = 0;
	if (l->threaded) {
		pthread_mutex_lock(&l->lock);
		if (l->filled - ++l->emptied == LISTING_PIECES / 2)
			pthread_cond_signal(&l->wake);
		while (l->filled == l->emptied)
			pthread_cond_wait(&l->wake, &l->lock);
		n = l->len[l->emptied % LISTING_PIECES];
		pthread_mutex_unlock(&l->lock);
		return n;
	}
	n = l->sys->getdents(l->dir, l->dents, l->ahead ? PIECE : DENTS_SIZE);
	if (l->ahead && ++l->alone == THREAD_AFTER && n > 0) {
		pthread_mutex_init(&l->lock, NULL);
		pthread_cond_init(&l->wake, NULL);
		l->filled = 1;
		l->threaded = pthread_create(&l->thread, NULL, run, l) == 0;
	}
	return n;
}

pid_t listing_next(struct listing *l)
{
	for (;;) {
		pid_t pid = procfile_next_pid(piece(l, l->emptied), l->n, &l->off);
		ssize_t n;

		if (pid > 0)
			return pid;
		n = next_piece(l);
		if (n <= 0)
			return (pid_t)n;
		l->n = (size_t)n;
	}
}

void listing_close(struct listing *l)
{
	if (l->threaded) {
		pthread_mutex_lock(&l->lock);
		l->stop = true;
		pthread_cond_signal(&l->wake);
		pthread_mutex_unlock(&l->lock);
		pthread_join(l->thread, NULL);
	}
	l->sys->close(l->dir);
}
