// SPDX-License-Identifier: GPL-2.0-or-later

/* The numbers in /proc, in order and each once, whoever reads the directory and how fast. */

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "../../src/observe/listing.h"
#include "unit.h"

#define FIRST 1000

/* /proc with so many processes; what fails, what is slow, and who asked */
static struct {
	int processes, at;
	int calls, good_calls; /* then comes -EIO; 0: never */
	int delay_us;
	int by_others, open;
	bool too_large;
	pthread_t caller;
} dir;

static char dents[DENTS_SIZE];

static int open_proc(int dirfd, const char *name, int extra)
{
	(void)dirfd;
	(void)name;
	(void)extra;
	dir.open++;
	return 3;
}

static int close_proc(int fd)
{
	(void)fd;
	dir.open--;
	return 0;
}

static void nap(int us)
{
	struct timespec ts = { .tv_nsec = us * 1000L };

	if (us)
		nanosleep(&ts, NULL);
}

static ssize_t list_proc(int fd, void *buf, size_t size)
{
	size_t used = 0;

	(void)fd;
	nap(dir.delay_us);
	dir.by_others += !pthread_equal(pthread_self(), dir.caller);
	dir.too_large |= (char *)buf < dents || (char *)buf + size > dents + sizeof(dents);
	if (++dir.calls > dir.good_calls && dir.good_calls)
		return -EIO;
	for (; dir.at < dir.processes; dir.at++) {
		char *entry = (char *)buf + used, name[16];
		/* Every tenth is no process. */
		int length =
			snprintf(name, sizeof(name), dir.at % 10 ? "%d" : "x%d", FIRST + dir.at);
		uint16_t reclen = (uint16_t)((19 + length + 1 + 7) / 8 * 8);

		if (used + reclen > size)
			break;
		memset(entry, 0, reclen);
		memcpy(entry + 16, &reclen, sizeof(reclen));
		memcpy(entry + 19, name, (size_t)length);
		used += reclen;
	}
	return (ssize_t)used;
}

static const struct sys fake_proc = {
	.open_at = open_proc,
	.close = close_proc,
	.getdents = list_proc,
};

static struct run_self self;

static void begin(int processes)
{
	memset(&dir, 0, sizeof(dir));
	dir.caller = pthread_self();
	dir.processes = processes;
}

/* All there are, up to @stop of them; is each the next one? What ended it is *ret_end. */
static int take(struct listing *l, int stop, int delay_us, pid_t *ret_end)
{
	int n = 0;
	pid_t want = FIRST, pid;

	*ret_end = 1;
	while (n < stop && (*ret_end = pid = listing_next(l)) > 0) {
		want += (want - FIRST) % 10 == 0;
		if (pid != want) {
			note("got %d instead of %d", (int)pid, (int)want);
			return -1;
		}
		want++;
		n++;
		if (n % 64 == 0)
			nap(delay_us);
	}
	return n;
}

static int numbers(int processes)
{
	return processes - (processes + 9) / 10;
}

static void test_all(void)
{
	static const int counts[] = { 0, 1, 2, 84, 85, 86, 100, 170, 255, 256, 257, 1400, 9000 };

	for (size_t i = 0; i < UNIT_ROWS(counts); i++) {
		for (int way = 0; way < 4; way++) {
			static const char *const names[] = { "alone", "ahead", "ahead, slow reader",
							     "ahead, slow lister" };
			struct listing l;
			pid_t end;
			int n;

			begin(counts[i]);
			dir.delay_us = way == 3 ? 100 : 0;
			is_int(listing_open(&fake_proc, &self, dents, way > 0, &l), 0, "open");
			n = take(&l, 1 << 20, way == 2 ? 100 : 0, &end);
			listing_close(&l);
			is_int(n, numbers(counts[i]), "%d entries, %s", counts[i], names[way]);
			is_int(end, 0, "and an end: %d entries, %s", counts[i], names[way]);
			ok(!dir.too_large && dir.open == 0, "within the buffer, and closed");
			ok(way > 0 || dir.by_others == 0, "no thread unless allowed");
			if (counts[i] <= 100)
				is_int(dir.by_others, 0, "none for %d entries, %s", counts[i],
				       names[way]);
			if (counts[i] >= 1400 && way > 0)
				ok(dir.by_others > 0, "one for %d, %s", counts[i], names[way]);
		}
	}
}

static void test_error(void)
{
	for (int good = 1; good < 24; good++) {
		for (int ahead = 0; ahead < 2; ahead++) {
			struct listing l;
			pid_t end;
			int n;

			begin(9000);
			dir.good_calls = good;
			listing_open(&fake_proc, &self, dents, ahead, &l);
			n = take(&l, 1 << 20, 0, &end);
			listing_close(&l);
			is_int(n, numbers(dir.at), "%d good pieces: all of them", good);
			if (dir.at == dir.processes)
				continue;
			is_int(end, -EIO, "and then the error");
			ok(dir.open == 0, "closed");
		}
	}
}

/* The thread may be at work, wait for room, or have ended. */
static void test_early_close(void)
{
	static const int stops[] = { 0, 1, 100, 300, 2000 };

	for (size_t i = 0; i < UNIT_ROWS(stops); i++) {
		for (int us = 0; us < 3; us++) {
			struct listing l;
			pid_t end;

			begin(9000);
			dir.delay_us = us == 2 ? 100 : 0;
			listing_open(&fake_proc, &self, dents, true, &l);
			is_int(take(&l, stops[i], 0, &end), stops[i], "the first %d", stops[i]);
			nap(us == 1 ? 2000 : 0);
			listing_close(&l);
			ok(dir.open == 0 && dir.at < dir.processes, "closed before the end");
		}
	}
}

static void test_no_thread(void)
{
	pthread_attr_t before, attr;
	size_t size;
	struct listing l;
	pid_t end;

	/* A stack that there is no room for. */
	pthread_getattr_default_np(&before);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, (size_t)1 << 48);
	is_int(pthread_setattr_default_np(&attr), 0, "no thread can be made");
	/* musl takes it and goes on with a smaller one. */
	pthread_getattr_default_np(&attr);
	pthread_attr_getstacksize(&attr, &size);
	if (size < (size_t)1 << 48) {
		pthread_setattr_default_np(&before);
		return;
	}
	begin(9000);
	listing_open(&fake_proc, &self, dents, true, &l);
	is_int(take(&l, 1 << 20, 0, &end), numbers(9000), "listed all the same");
	is_int(end, 0, "to the end");
	is_int(dir.by_others, 0, "by ourselves");
	listing_close(&l);
	pthread_setattr_default_np(&before);
	pthread_attr_destroy(&attr);
	pthread_attr_destroy(&before);
}

int main(void)
{
	RUN(test_all);
	RUN(test_error);
	RUN(test_early_close);
	RUN(test_no_thread);
	return unit_done();
}
