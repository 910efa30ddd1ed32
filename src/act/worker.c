/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "worker.h"

/* Enough for the deepest job under a sanitizer; only touched pages cost memory. */
#define DEEPEST_BYTES (256 * 1024)
/* So much of it the jobs get to. */
#define LOOKER_BYTES (32 * 1024)
#define TRACER_BYTES (4 * 1024)
/* A thread that heeds `stop` needs a moment to end, and on a starved machine some more. */
#define END_US 500000
/* The way to the exit stop is some tens of microseconds on an idle machine. */
#define SLEEP_MIN_US 10

/*
 * The stack grows down from the worker, so that what has to be in memory is one piece. There is no
 * guard page below: what is not brought in is five times what the deepest job was seen to need.
 */
struct tables {
	struct sharer found[WORKER_SHARERS];
	char dents[DENTS_SIZE];
};

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

/* Beside @bytes of our own: a thread's own data lie there, of which the thread sanitizer has 800 KiB. */
static size_t stack_bytes(size_t bytes)
{
	static size_t others; /* the same for all threads; asked for by the driver alone */

	if (others == 0)
		others = PTHREAD_STACK_MIN + brace_thread_bytes();
	return whole_pages(bytes + others);
}

size_t worker_berth_bytes(enum trade trade)
{
	size_t bytes = stack_bytes(DEEPEST_BYTES) + sizeof(struct worker);

	return whole_pages(bytes + (trade == TRADE_LOOKER ? sizeof(struct tables) : 0));
}

void *worker_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	/* A huge page for each stack that is touched would be most of what we need altogether. */
	madvise(p, bytes, MADV_NOHUGEPAGE);
	return p;
}

void worker_brace(void *berth, enum trade trade, struct brace *b)
{
	size_t used = stack_bytes(trade == TRADE_LOOKER ? LOOKER_BYTES : TRACER_BYTES);
	size_t skip = stack_bytes(DEEPEST_BYTES) - used;

	brace_memory((char *)berth + skip, worker_berth_bytes(trade) - skip, b);
}

static void tell_locked(struct worker *w)
{
	uint64_t one = 1;
	ssize_t n;

	if (w->abandoned) /* the number may be another file's by now */
		return;
	/* The driver polls this; a full counter means that it is awake anyway. */
	n = write(w->notify, &one, sizeof(one));
	(void)n;
}

void worker_tell(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	tell_locked(w);
	pthread_mutex_unlock(&w->lock);
}

bool worker_stay(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	if (!w->abandoned)
		return true;
	pthread_mutex_unlock(&w->lock);
	return false;
}

void worker_go_on(struct worker *w)
{
	pthread_mutex_unlock(&w->lock);
}

static void do_job(struct worker *w, void (*job)(struct worker *w))
{
	job(w);
	pthread_mutex_lock(&w->lock);
	w->job = w->next;
	w->next = NULL;
	if (w->job == NULL)
		tell_locked(w);
	pthread_mutex_unlock(&w->lock);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		void (*job)(struct worker *) = w->job;

		if (job == NULL) {
			pthread_cond_wait(&w->wake, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		do_job(w, job);
		pthread_mutex_lock(&w->lock);
	}
	w->left = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void init_lock(struct worker *w)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
}

static void destroy_lock(struct worker *w)
{
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->lock);
}

int worker_start(const struct sys *sys, const struct run_self *self, struct shared *shared,
		 int notify, void *berth, enum trade trade, struct worker **ret)
{
	const size_t stack = stack_bytes(DEEPEST_BYTES);
	struct worker *w = (struct worker *)((char *)berth + stack);
	struct tables *tables = (struct tables *)(w + 1);
	pthread_attr_t attr;
	int err;

	*ret = NULL;
	*w = (struct worker){ .sys = sys, .self = self, .shared = shared, .notify = notify };
	if (trade == TRADE_LOOKER)
		w->scan = (struct sharer_scan){ .found = tables->found,
						.capacity = WORKER_SHARERS,
						.dents = tables->dents,
						.unknown = w->unknown,
						.unknown_capacity = WORKER_UNKNOWN };
	init_lock(w);
	pthread_attr_init(&attr);
	pthread_attr_setstack(&attr, berth, stack);
	err = pthread_create(&w->thread, &attr, worker_main, w);
	pthread_attr_destroy(&attr);
	w->alone = err != 0;
	if (err && trade == TRADE_TRACER) {
		destroy_lock(w);
		return -err;
	}
	*ret = w;
	return 0;
}

bool worker_run(struct worker *w, void (*job)(struct worker *w))
{
	bool idle;

	pthread_mutex_lock(&w->lock);
	idle = w->job == NULL;
	if (idle) {
		atomic_store(&w->stop, false);
		w->err = 0;
		w->job = job;
		pthread_cond_broadcast(&w->wake);
	}
	pthread_mutex_unlock(&w->lock);
	if (idle && w->alone)
		do_job(w, job);
	return idle;
}

bool worker_run_after(struct worker *w, void (*before)(struct worker *w),
		      void (*job)(struct worker *w))
{
	bool at;

	pthread_mutex_lock(&w->lock);
	at = w->job == before;
	if (at)
		w->next = job;
	pthread_mutex_unlock(&w->lock);
	return at || worker_run(w, job);
}

void worker_allow(struct worker *w, const cpu_set_t *cpus)
{
	if (!w->alone)
		pthread_setaffinity_np(w->thread, sizeof(*cpus), cpus);
}

int64_t worker_cpu_us(const struct worker *w)
{
	struct timespec ts;
	clockid_t clock;

	if (w == NULL || w->alone || pthread_getcpuclockid(w->thread, &clock) != 0 ||
	    clock_gettime(clock, &ts) < 0)
		return UNKNOWN;
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

bool worker_idle(struct worker *w)
{
	bool idle;

	pthread_mutex_lock(&w->lock);
	idle = w->job == NULL;
	pthread_mutex_unlock(&w->lock);
	return idle;
}

bool worker_is_at(struct worker *w, void (*job)(struct worker *w))
{
	bool at;

	pthread_mutex_lock(&w->lock);
	at = w->job == job;
	pthread_mutex_unlock(&w->lock);
	return at;
}

void worker_stop(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	atomic_store(&w->stop, true);
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

void worker_sleep(struct worker *w, int64_t since_us)
{
	int64_t gap = (w->sys->now_us() - since_us) / 8;

	worker_sleep_us(w, gap > SLEEP_MIN_US ? gap : SLEEP_MIN_US);
}

void worker_sleep_us(struct worker *w, int64_t us)
{
	int64_t until = w->sys->now_us() + us;

	if (w->alone && until > w->until_us)
		until = w->until_us;
	struct timespec ts = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };

	pthread_mutex_lock(&w->lock);
	while (!atomic_load(&w->stop) && pthread_cond_timedwait(&w->wake, &w->lock, &ts) == 0)
		;
	pthread_mutex_unlock(&w->lock);
}

void worker_quit(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

static bool end_within(struct worker *w, int64_t us)
{
	int64_t until = w->sys->now_us() + us;
	struct timespec ts = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };
	bool left;

	atomic_store(&w->stop, true);
	if (w->alone) {
		destroy_lock(w);
		return true;
	}
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_broadcast(&w->wake);
	while (!w->left && us > 0 && pthread_cond_timedwait(&w->wake, &w->lock, &ts) == 0)
		;
	left = w->left;
	w->abandoned = !left;
	pthread_mutex_unlock(&w->lock);
	if (!left) {
		pthread_detach(w->thread);
		return false;
	}
	pthread_join(w->thread, NULL);
	destroy_lock(w);
	return true;
}

bool worker_end(struct worker *w)
{
	return end_within(w, END_US);
}

void worker_abandon(struct worker *w)
{
	end_within(w, 0);
}
