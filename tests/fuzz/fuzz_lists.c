// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Robust lists: head, memory and threads are the victim's own, and it may be hostile. Whatever it
 * puts there, the look ends after a fixed number of reads for each thread, stays inside the given
 * buffers, and takes no list for empty that is not.
 *
 * Input: flags, number of threads, for each a TID and its heads, then the memory from MEMORY on.
 */

#include <errno.h>
#include <fcntl.h>

#include "fuzz.h"
#include <mmreap/observe.h>

#define MEMORY UINT64_C(0x10000)
#define MAX_TIDS 8
/* get_robust_list() and read for each width, and once more where the read found no mm. */
#define MAX_READS 6

enum { TASK = 10, MEM, STAT };

static struct {
	struct {
		pid_t tid;
		uint64_t head, head32;
		uint8_t how; /* bits: gone, no list call, running, exiting */
	} threads[MAX_TIDS];
	int n_threads, at;
	const uint8_t *memory;
	size_t size;
	uint8_t flags;
	unsigned int reads;
} world;

static int index_of(pid_t tid)
{
	for (int i = 0; i < world.n_threads; i++)
		if (world.threads[i].tid == tid)
			return i;
	return -1;
}

static int robust_list(pid_t tid, bool compat, uint64_t *ret)
{
	int i = index_of(tid);

	world.reads++;
	if (i < 0)
		return -ESRCH;
	if (world.threads[i].how & 2)
		return -EPERM;
	*ret = compat ? world.threads[i].head32 : world.threads[i].head;
	return 0;
}

static ssize_t read_memory(int fd, void *buf, size_t size, uint64_t off)
{
	size_t n;

	if (fd == STAT) {
		int len = snprintf(buf, size,
				   "1 (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 %d 0 1 1 1 "
				   "1 1 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0\n",
				   world.n_threads);
		return len;
	}
	claim(fd == MEM);
	world.reads++;
	if (world.flags & 0x10)
		return 0;
	if (off < MEMORY || off >= MEMORY + world.size)
		return world.flags & 0x20 ? -EFAULT : -EIO;
	n = (size_t)(MEMORY + world.size - off);
	n = n < size ? n : size;
	memcpy(buf, world.memory + (off - MEMORY), n);
	return (ssize_t)n;
}

static ssize_t read_thread(int dirfd, const char *name, char *buf, size_t size)
{
	int i = index_of((pid_t)strtol(name, NULL, 10));

	claim(dirfd == TASK);
	if (i < 0 || world.threads[i].how & 1)
		return -ENOENT;
	return snprintf(
		buf, size,
		"%d (x) %c 1 1 1 0 -1 %u 0 0 0 0 0 0 0 0 20 0 1 0 1 1 1 1 1 1 1 0 0 0 0 0 0 0 "
		"0 0 0 17 0 0 0\n",
		world.threads[i].tid, world.threads[i].how & 4 ? 'R' : 'S',
		world.threads[i].how & 8 ? PF_EXITING : 0);
}

static ssize_t list_threads(int fd, void *buf, size_t size)
{
	char *to = buf;
	size_t at = 0;

	claim(fd == TASK);
	for (; world.at < world.n_threads && at + 40 <= size; world.at++, at += 40) {
		uint16_t reclen = 40;

		memset(to + at, 0, reclen);
		memcpy(to + at + 16, &reclen, sizeof(reclen));
		snprintf(to + at + 19, 20, "%d", world.threads[world.at].tid);
	}
	return (ssize_t)at;
}

static int go_back(int fd)
{
	claim(fd == TASK);
	world.at = 0;
	return 0;
}

static int count_links(int dirfd, const char *name)
{
	int i = index_of((pid_t)strtol(name, NULL, 10));

	claim(dirfd == TASK);
	return i < 0 || world.threads[i].how & 1 ? -ENOENT : 2;
}

static const struct sys sys = {
	.robust_list = robust_list,
	.pread = read_memory,
	.read_file = read_thread,
	.getdents = list_threads,
	.rewind = go_back,
	.nlink = count_links,
};

/* What a list in this memory is, said without the code under test. */
static enum list_state expected(uint64_t head, size_t word)
{
	uint64_t next = 0, pending = 0;

	if (head == 0)
		return LIST_NULL;
	if (world.flags & 0x10)
		return LIST_UNREADABLE; /* the pointer stands, the mm is another */
	if (head < MEMORY || head >= MEMORY + world.size)
		return LIST_EMPTY;
	if (MEMORY + world.size - head < 3 * word)
		return LIST_UNREADABLE;
	memcpy(&next, world.memory + (head - MEMORY), word);
	memcpy(&pending, world.memory + (head - MEMORY) + 2 * word, word);
	return (next & ~UINT64_C(1)) != head || pending ? LIST_IN_USE : LIST_EMPTY;
}

static void check_one(const struct victim_fds *fds, int i)
{
	enum list_state want = expected(world.threads[i].head, 8), got;

	world.reads = 0;
	got = observe_list(&sys, fds, world.threads[i].tid);
	claim(got <= LIST_NO_THREAD && world.reads <= MAX_READS);
	if (world.threads[i].how & 3 || fds->bits != 64)
		return;
	claim(got == want);
}

void fuzz_lists(const uint8_t *data, size_t size)
{
	static char dents[DENTS_SIZE];
	struct victim_fds fds = { .task = TASK, .pagemap = -1, .mem = MEM, .stat = STAT };
	struct input in = { data, size };
	struct plan_lists lists = { .threads = -7 };
	struct plan_threads threads;
	bool deep;
	pid_t tid = -7;
	int err;

	memset(&world, 0, sizeof(world));
	world.flags = take_u8(&in);
	deep = world.flags & 1;
	fds.bits = world.flags & 8 ? 0 : world.flags & 4 ? 32 : 64;
	world.n_threads = take_u8(&in) % (MAX_TIDS + 1);
	for (int i = 0; i < world.n_threads; i++) {
		world.threads[i].tid = 1 + i * 3;
		world.threads[i].how = take_u8(&in);
		/* Mostly inside: a byte says where. */
		world.threads[i].head = take_u8(&in);
		if (world.threads[i].head == 0xff)
			world.threads[i].head = take_u64(&in);
		else if (world.threads[i].head)
			world.threads[i].head += MEMORY - 1;
		world.threads[i].head32 = (uint32_t)world.threads[i].head;
	}
	world.memory = in.at;
	world.size = in.left;
	if (fds.bits == 32)
		for (int i = 0; i < world.n_threads; i += 2)
			world.threads[i].head = 0;
	for (int i = 0; i < world.n_threads; i++)
		check_one(&fds, i);

	world.reads = 0;
	err = observe_lists(&sys, &fds, deep, dents, &lists, &tid);
	claim(world.reads <= (unsigned int)world.n_threads * MAX_READS);
	if (err < 0) {
		claim(err == -ESRCH && lists.threads == -7 && tid == -7);
	} else {
		claim(lists.threads > 0 && lists.threads <= world.n_threads);
		claim(lists.null + lists.in_use <= lists.threads);
		claim(lists.candidate == (tid != 0) && (tid == 0 || index_of(tid) >= 0));
		claim(tid == 0 || !(world.threads[index_of(tid)].how & 9));
	}
	world.reads = 0;
	err = observe_threads(&sys, &fds, tid > 0 ? tid : 0, deep, dents, &threads);
	claim(err == 0 && world.reads <= (unsigned int)world.n_threads * 2 * MAX_READS);
	claim(threads.in_use + threads.unreadable + threads.unsettled <= world.n_threads);
}
