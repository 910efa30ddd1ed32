/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A limit for what can block in the kernel. The mmap lock is waited for killably: nothing but the
 * end of the process gets a thread out of it, so the thread is left behind.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <mmreap/observe.h>

struct task {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool done, abandoned;
	void (*job)(void *arg);
	void (*destroy)(void *arg);
	void *arg;
};

static void free_task(struct task *t)
{
	pthread_cond_destroy(&t->wake);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void *run(void *data)
{
	struct task *t = data;
	bool abandoned;

	t->job(t->arg);
	pthread_mutex_lock(&t->lock);
	t->done = true;
	abandoned = t->abandoned;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
	if (abandoned) {
		t->destroy(t->arg);
		free_task(t);
	}
	return NULL;
}

static struct timespec after(int64_t us)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += us / 1000000;
	ts.tv_nsec += us % 1000000 * 1000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_nsec -= 1000000000;
		ts.tv_sec++;
	}
	return ts;
}

int observe_within(int64_t limit_us, void (*job)(void *), void (*destroy)(void *), void *arg)
{
	struct timespec until = after(limit_us);
	struct task *t = calloc(1, sizeof(*t));
	pthread_condattr_t attr;
	pthread_t thread;
	bool done;

	if (t == NULL)
		return -EAGAIN;
	*t = (struct task){ .job = job, .destroy = destroy, .arg = arg };
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&thread, NULL, run, t) != 0) {
		free_task(t);
		return -EAGAIN;
	}
	pthread_mutex_lock(&t->lock);
	while (!t->done && pthread_cond_timedwait(&t->wake, &t->lock, &until) == 0)
		;
	done = t->done;
	t->abandoned = !done;
	pthread_mutex_unlock(&t->lock);
	if (!done) {
		pthread_detach(thread);
		return -ETIMEDOUT;
	}
	pthread_join(thread, NULL);
	free_task(t);
	return 0;
}
