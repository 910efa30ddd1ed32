// SPDX-License-Identifier: GPL-2.0-or-later

/* The lists of 32-bit threads, asked for by several at a time: each is told what it asked for. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mmreap/sys.h>

#include "../../src/sys/compat.h"
#include "unit.h"

#define CALLS 20000
#define ASKERS 4
/* So far apart are the numbers of the askers: 512 is what they were once put in order by. */
#define APART 512
#define THREADS (64 * APART)
#define HEAD(i) (0x10000u * ((unsigned int)(i) + 1))

#if COMPAT_HAS_ROBUST32
/* set_robust_list of the compat table: the pointer is noted, and followed when the thread ends. */
static long set_list(unsigned int head)
{
	long ret;

	__asm__ volatile("int $0x80"
			 : "=a"(ret)
			 : "0"(311L), "b"((long)head), "c"(12L)
			 : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}
#else
static long set_list(unsigned int head)
{
	(void)head;
	return -ENOSYS;
}
#endif

/* A kernel without the table ends who calls it. */
static bool has_door(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(set_list(HEAD(0)) == 0 ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static pthread_barrier_t all_there;
static _Atomic int n_askers, n_wrong;
static pid_t first;

static void *ask(void *unused)
{
	pid_t tid = gettid();
	int i;

	if (first && tid % APART != first % APART)
		return NULL;
	if (!first)
		first = tid;
	i = atomic_fetch_add(&n_askers, 1);
	set_list(HEAD(i));
	pthread_barrier_wait(&all_there);
	for (int n = 0; n < CALLS; n++) {
		uint64_t head = 0;

		if (sys_linux.robust_list(tid, true, &head) != 0 || head != HEAD(i))
			atomic_fetch_add(&n_wrong, 1);
	}
	return unused;
}

static void test_many(void)
{
	pthread_t askers[ASKERS];

	pthread_barrier_init(&all_there, NULL, ASKERS);
	for (int n = 0, made = 0; n < THREADS && made < ASKERS; n++) {
		if (pthread_create(&askers[made], NULL, ask, NULL) != 0)
			break;
		/* Whoever is no asker ends at once. */
		while (atomic_load(&n_askers) == made &&
		       pthread_tryjoin_np(askers[made], NULL) != 0)
			sched_yield();
		made = atomic_load(&n_askers);
	}
	if (!is_int(n_askers, ASKERS, "askers with such numbers"))
		return;
	for (int i = 0; i < ASKERS; i++)
		pthread_join(askers[i], NULL);
	is_int(n_wrong, 0, "answers that another one had asked for");
}

int main(void)
{
	if (has_door())
		RUN(test_many);
	else
		note("no table of 32-bit system calls here");
	return unit_done();
}
