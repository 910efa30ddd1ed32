/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "worker.h"

/* Enough for the deepest job under a sanitizer; only touched pages cost memory. */
#define STACK_BYTES (256 * 1024)

static void drop_shared(struct shared *shared)
{
	if (atomic_fetch_sub(&shared->refs, 1) == 1)
		free(shared);
}

static void worker_free(struct worker *w)
{
	drop_shared(w->shared);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	uint64_t one = 1;
	bool abandoned;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		void (*job)(struct worker *) = w->job;

		if (job == NULL) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		job(w);
		pthread_mutex_lock(&w->lock);
		w->job = NULL;
		/* The driver polls this; a full counter means that it is awake anyway. */
		if (!w->abandoned && write(w->notify, &one, sizeof(one)) < 0)
			continue;
	}
	abandoned = w->abandoned;
	pthread_mutex_unlock(&w->lock);
	if (abandoned)
		worker_free(w);
	return NULL;
}

int worker_start(const struct sys *sys, const struct run_self *self, struct shared *shared,
		 int notify, struct worker **ret)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_attr_t attr;
	int err;

	*ret = NULL;
	if (w == NULL)
		return -ENOMEM;
	w->sys = sys;
	w->self = self;
	w->shared = shared;
	w->notify = notify;
	w->scan = (struct sharer_scan){ .found = w->found,
					.capacity = WORKER_SHARERS,
					.dents = w->dents };
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	atomic_fetch_add(&shared->refs, 1);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	err = pthread_create(&w->thread, &attr, worker_main, w);
	pthread_attr_destroy(&attr);
	if (err) {
		worker_free(w);
		return -err;
	}
	*ret = w;
	return 0;
}

void worker_run(struct worker *w, void (*job)(struct worker *w))
{
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->stop, false);
	w->err = 0;
	w->job = job;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

bool worker_idle(struct worker *w)
{
	bool idle;

	pthread_mutex_lock(&w->lock);
	idle = w->job == NULL;
	pthread_mutex_unlock(&w->lock);
	return idle;
}

void worker_end(struct worker *w)
{
	atomic_store(&w->stop, true);
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	worker_free(w);
}

void worker_abandon(struct worker *w)
{
	atomic_store(&w->stop, true);
	pthread_mutex_lock(&w->lock);
	w->quit = w->abandoned = true;
	pthread_cond_signal(&w->wake);
	pthread_detach(w->thread);
	pthread_mutex_unlock(&w->lock);
}
