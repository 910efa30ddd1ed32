// SPDX-License-Identifier: GPL-2.0-or-later

/* The search for sharers by two threads: it finds what one finds, whoever is fast and whoever is slow. */

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

#define FAKE_PROCS 400
#include "fake_sys.h"
#include "unit.h"

#define PID 500
#define ZOMBIE 900
#define FIRST 1000
/* What look_has_room() is asked for, and what a target and /proc itself take. */
#define ROOM 4
#define HELD 3

enum way { ONE, TWO, SLOW, SLOW_HELPER, BOTH_SLOW, WAYS };
static const char *const way_names[] = { "one", "two", "a slow one and its helper",
					 "one and its slow helper", "two slow ones" };

static struct {
	pthread_t caller;
	enum way way;
	_Atomic int by_others;
	bool by_turns; /* the first one waits for a helper before it asks anything */
	int naps, max_open;
	void (*prepare)(void);
} run;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool is_other(void)
{
	return !pthread_equal(pthread_self(), run.caller);
}

static void nap(int us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };

	nanosleep(&ts, NULL);
}

static void enter(void)
{
	if (run.way == BOTH_SLOW || (run.way == SLOW && !is_other()) ||
	    (run.way == SLOW_HELPER && is_other()))
		nap(20);
	pthread_mutex_lock(&lock);
	run.by_others += is_other();
}

static void leave(void)
{
	if (fake.open > run.max_open)
		run.max_open = fake.open;
	pthread_mutex_unlock(&lock);
}

#define LOCKED(type, name, parameters, ...)   \
	static type locked_##name parameters  \
	{                                     \
		type r;                       \
                                              \
		enter();                      \
		r = fake_##name(__VA_ARGS__); \
		leave();                      \
		return r;                     \
	}

LOCKED(int, pidfd_open, (pid_t pid), pid)
LOCKED(uint64_t, pidfd_inode, (int fd), fd)
LOCKED(int, pidfd_signal, (int fd, int sig), fd, sig)
LOCKED(int, open_at, (int dirfd, const char *name, int extra), dirfd, name, extra)
LOCKED(ssize_t, getdents, (int fd, void *buf, size_t size), fd, buf, size)
LOCKED(int, nlink, (int dirfd, const char *name), dirfd, name)
LOCKED(int, close, (int fd), fd)
LOCKED(int, kcmp, (pid_t a, pid_t b), a, b)

static ssize_t locked_read_file(int dirfd, const char *name, char *buf, size_t size)
{
	ssize_t n;

	enter();
	fake.open++; /* the file itself */
	n = fake_read_file(dirfd, name, buf, size);
	leave();
	nap(run.way == BOTH_SLOW ? 20 : 0);
	pthread_mutex_lock(&lock);
	fake.open--;
	pthread_mutex_unlock(&lock);
	return n;
}

static int kcmp_in_turn(pid_t a, pid_t b)
{
	/* Ten seconds, all in all: then there is no helper. */
	while (run.by_turns && !is_other() && b >= FIRST && !run.by_others && run.naps < 10000) {
		nap(1000);
		run.naps++;
	}
	return locked_kcmp(a, b);
}

static const struct sys locked_sys = {
	.pidfd_open = locked_pidfd_open,
	.pidfd_inode = locked_pidfd_inode,
	.pidfd_signal = locked_pidfd_signal,
	.kcmp_vm = kcmp_in_turn,
	.open_at = locked_open_at,
	.read_file = locked_read_file,
	.getdents = locked_getdents,
	.nlink = locked_nlink,
	.close = locked_close,
};

static struct fake_proc procs[FAKE_PROCS];
static struct sharer found[FAKE_PROCS + 1];
static pid_t unknown[FAKE_PROCS];
static char dents[DENTS_SIZE];

/* The target, NULL, and so many others, whose mms stand everywhere in the order but at the target's. */
static int make(int others)
{
	procs[0] = (struct fake_proc){ .pid = PID, .mm = 2 };
	procs[1] =
		(struct fake_proc){ .pid = ZOMBIE, .threads = { { ZOMBIE, 'Z', .no_mm = true } } };
	for (int i = 0; i < others; i++)
		procs[i + 2] = (struct fake_proc){ .pid = FIRST + i, .mm = 3 + i % 8 };
	return others + 2;
}

static int search(int n, enum way way, struct sharer_scan *scan)
{
	struct run_self self = { 0 };
	struct proc_ref ref = { .pid = PID };
	int err;

	fake_begin(procs, n);
	if (run.prepare)
		run.prepare();
	run.caller = pthread_self();
	run.way = way;
	run.by_others = run.max_open = 0;
	scan->two_threads = way != ONE;
	self.proc_fd = fake_open_at(AT_FDCWD, "/proc", 0);
	ref.pidfd = fake_pidfd_open(PID);
	ref.procfd = fake_open_at(self.proc_fd, "500", 0);
	err = observe_sharers(&locked_sys, &self, &ref, ZOMBIE, scan);
	fake_close(ref.pidfd);
	fake_close(ref.procfd);
	fake_close(self.proc_fd);
	return err;
}

static struct sharer_scan new_scan(size_t capacity)
{
	memset(found, 0, sizeof(found));
	memset(unknown, 0, sizeof(unknown));
	return (struct sharer_scan){ .found = found,
				     .capacity = capacity,
				     .dents = dents,
				     .unknown = unknown,
				     .unknown_capacity = capacity };
}

/* Every @step of them shares, or has a dead leader and a thread that does, or cannot be compared. */
static void test_found(void)
{
	static const int counts[] = { 0, 1, 100, 160, 180, 398 };

	for (size_t i = 0; i < UNIT_ROWS(counts); i++) {
		for (enum way way = ONE; way < WAYS; way++) {
			struct sharer_scan scan = new_scan(FAKE_PROCS);
			int n = make(counts[i]), n_found = 0, n_unknown = 0, wrong = 0;

			for (int k = 0; k < counts[i]; k++) {
				struct fake_proc *p = &procs[k + 2];

				if (k % 7 == 3)
					p->mm = 2;
				if (k % 21 == 10) {
					p->threads[0] =
						(struct fake_thread){ p->pid, 'Z', .no_mm = true };
					p->threads[1] =
						(struct fake_thread){ .tid = p->pid + 10000 };
				}
				if (k % 7 == 5)
					p->kcmp_err = -EPERM;
			}
			run.by_turns = way != ONE && counts[i] > 170;
			is_int(search(n, way, &scan), 0, "%d others, %s", counts[i],
			       way_names[way]);
			for (int k = 0; k < counts[i]; k++) {
				wrong += k % 7 == 3 && found[n_found++].id.pid != FIRST + k;
				wrong += k % 7 == 5 && unknown[n_unknown++] != FIRST + k;
			}
			is_int(wrong, 0, "the right ones, in order: %d, %s", counts[i],
			       way_names[way]);
			is_int(scan.n_found, n_found, "and no others: %d, %s", counts[i],
			       way_names[way]);
			is_int(scan.n_unknown, n_unknown, "unknown: %d, %s", counts[i],
			       way_names[way]);
			is_int(scan.n_compared + scan.n_helped, n, "everybody: %d, %s", counts[i],
			       way_names[way]);
			ok(fake_end(), "all closed: %d, %s", counts[i], way_names[way]);
			ok(run.max_open <= HELD + ROOM, "%d open at a time: %d, %s", run.max_open,
			   counts[i], way_names[way]);
			if (run.by_turns)
				ok(run.by_others > 0, "a helper for %d, %s", counts[i],
				   way_names[way]);
			else if (way == ONE || counts[i] <= 160)
				is_int(run.by_others, 0, "no helper for %d, %s", counts[i],
				       way_names[way]);
		}
	}
	run.by_turns = false;
}

static void test_more_than_fit(void)
{
	for (enum way way = ONE; way < WAYS; way++) {
		struct sharer_scan scan = new_scan(5);
		int n = make(398), strangers = 0;

		for (int k = 2; k < n; k++) {
			procs[k].mm = k % 2 ? 2 : 4;
			procs[k].threads[0] =
				(struct fake_thread){ procs[k].pid, 'Z', .no_mm = k % 2 };
			procs[k].threads[1] = (struct fake_thread){ .tid = procs[k].pid + 10000 };
		}
		for (int k = 3; k < n; k += 4)
			procs[k].kcmp_err = -EPERM;
		run.by_turns = way != ONE;
		is_int(search(n, way, &scan), 0, "%s", way_names[way]);
		is_int(scan.n_found, 99, "all are counted: %s", way_names[way]);
		is_int(scan.n_unknown, 100, "and those unknown: %s", way_names[way]);
		for (int k = 0; k < 5; k++)
			strangers += found[k].id.pid % 4 != (FIRST + 3) % 4 ||
				     unknown[k] % 4 != (FIRST + 1) % 4 ||
				     (k > 0 && (found[k].id.pid <= found[k - 1].id.pid ||
						unknown[k] <= unknown[k - 1]));
		is_int(strangers, 0, "some of them are named, in order: %s", way_names[way]);
		ok(run.max_open <= HELD + ROOM, "%d open at a time: %s", run.max_open,
		   way_names[way]);
		ok(found[5].id.pid == 0 && unknown[5] == 0, "and nothing behind them: %s",
		   way_names[way]);
	}
	run.by_turns = false;
}

static int good_calls;

static void fail_soon(void)
{
	fake.getdents_err = -EIO;
	fake.getdents_good = good_calls;
}

static void test_error(void)
{
	run.prepare = fail_soon;
	for (good_calls = 0; good_calls < 4; good_calls++) {
		for (enum way way = ONE; way < WAYS; way++) {
			struct sharer_scan scan = new_scan(FAKE_PROCS);
			int n = make(398);

			procs[7].mm = 2;
			is_int(search(n, way, &scan), -EIO, "after %d good pieces, %s", good_calls,
			       way_names[way]);
			is_int(scan.n_found, 0, "half a directory is none");
			ok(fake_end(), "all closed");
		}
	}
	run.prepare = NULL;
}

/* At any moment the leader of a sharer ends, and then a thread of its; the last one shares on. */
static int leader_ends_at, thread_ends_at;

static void end_threads(void)
{
	struct fake_proc *p = fake_find(FIRST + 120);

	if (fake.kcmp_calls == leader_ends_at)
		p->threads[0].no_mm = true;
	if (fake.kcmp_calls == thread_ends_at)
		fake_drop_thread(p, 20001);
}

static void watch_kcmp(void)
{
	fake.on_kcmp = end_threads;
}

static void test_deaths(void)
{
	int missed = 0, runs = 0;

	run.prepare = watch_kcmp;
	for (leader_ends_at = 1; leader_ends_at < 800; leader_ends_at += 3) {
		struct sharer_scan scan = new_scan(FAKE_PROCS);
		int n = make(398);

		procs[122].mm = 2;
		procs[122].threads[0].tid = FIRST + 120;
		procs[122].threads[1].tid = 20001;
		procs[122].threads[2].tid = 20002;
		thread_ends_at = leader_ends_at + leader_ends_at % 4;
		if (search(n, TWO, &scan) || scan.n_found != 1 || found[0].id.pid != FIRST + 120)
			if (!missed++)
				note("leader ends at %d", leader_ends_at);
		missed += !fake_end();
		runs++;
	}
	is_int(missed, 0, "a sharer is found whichever of its threads end meanwhile: %d runs",
	       runs);
	run.prepare = NULL;
}

static void test_no_thread(void)
{
	struct sharer_scan scan = new_scan(FAKE_PROCS);
	pthread_attr_t before, attr;
	size_t size;
	int n = make(398);

	/* A stack that there is no room for. */
	pthread_getattr_default_np(&before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)1 << 48);
	is_int(pthread_setattr_default_np(&attr), 0, "no thread can be made");
	/* musl takes it and goes on with a smaller one. */
	pthread_getattr_default_np(&attr);
	pthread_attr_getstacksize(&attr, &size);
	if (size >= (size_t)1 << 48) {
		procs[390].mm = 2;
		is_int(search(n, TWO, &scan), 0, "one does all of it");
		is_int(scan.n_found, 1, "and finds who shares");
		is_int(run.by_others, 0, "alone");
		ok(fake_end(), "all closed");
	}
	pthread_setattr_default_np(&before);
	pthread_attr_destroy(&attr);
	pthread_attr_destroy(&before);
}

int main(void)
{
	RUN(test_found);
	RUN(test_more_than_fit);
	RUN(test_error);
	RUN(test_deaths);
	RUN(test_no_thread);
	return unit_done();
}
