// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands for the process on the other side of a robust mutex.
 *
 *   waiter [--timeout MS] SHM   block on the mutex; print "waiting" once really asleep, then how it ended
 *   waiter --loop SHM           lock and unlock all the time until standard input ends
 *   waiter --own SHM            take the mutex, print "owned", let go when standard input ends
 *
 * The last line is "recovered" (EOWNERDEAD), "locked" (plain success), "missed" (only with --loop:
 * handed over, but the wake-up was lost) or "hang". A hang ends the
 * program with status 1.
 */
#include <getopt.h>

#include <linux/futex.h>

#include "robust.h"

static struct robust *robust;
static const char *result;
static pid_t locker_tid;
static unsigned long rounds;
static bool looping, recovered;

static void *lock_thread(void *arg)
{
	const char *got;

	(void)arg;
	__atomic_store_n(&locker_tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	do {
		got = robust_take(robust);
		if (!strcmp(got, "recovered"))
			__atomic_store_n(&recovered, true, __ATOMIC_RELAXED);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_RELAXED);
	} while (__atomic_load_n(&looping, __ATOMIC_RELAXED));
	__atomic_store_n(&result, got, __ATOMIC_RELEASE);
	return NULL;
}

/*
 * One uninterrupted lock attempt per wait: an attempt that is cut short and begun anew would look at
 * the futex word again and so hide a lost wake-up.
 */
static bool wait_result(long timeout_ms)
{
	double limit = now_ms() + (double)timeout_ms;

	while (!__atomic_load_n(&result, __ATOMIC_ACQUIRE)) {
		if (now_ms() > limit)
			return false;
		sleep_us(500);
	}
	return true;
}

static void wait_stdin_end(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) != 0)
		;
}

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "timeout", required_argument, NULL, 't' },
						 { "loop", no_argument, NULL, 'l' },
						 { "own", no_argument, NULL, 'o' },
						 { 0 } };
	pid_t parent = getppid();
	long timeout_ms = 3000;
	bool own = false, was_looping;
	pthread_t thread;
	int c;

	die_with_parent(parent);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't':
			timeout_ms = number_arg(optarg);
			break;
		case 'l':
			looping = true;
			break;
		case 'o':
			own = true;
			break;
		default:
			return 2;
		}
	}
	if (optind != argc - 1)
		die("usage: waiter [--timeout MS] [--loop|--own] SHM");
	robust = own ? robust_create(argv[optind]) : robust_open(argv[optind]);

	if (own) {
		pthread_mutex_lock(&robust->mutex);
		say("owned");
		wait_stdin_end();
		pthread_mutex_unlock(&robust->mutex);
		return 0;
	}

	if (pthread_create(&thread, NULL, lock_thread, NULL))
		die("pthread_create");
	while (!__atomic_load_n(&locker_tid, __ATOMIC_ACQUIRE))
		sleep_us(100);
	was_looping = looping;
	if (looping) {
		while (!__atomic_load_n(&rounds, __ATOMIC_RELAXED))
			sleep_us(100);
		say("looping");
		wait_stdin_end();
		__atomic_store_n(&looping, false, __ATOMIC_RELAXED);
	} else {
		/* Unless the mutex was free: then there is nothing to wait for. */
		while (!__atomic_load_n(&result, __ATOMIC_ACQUIRE) &&
		       task_state(getpid(), locker_tid) != 'S')
			sleep_us(100);
		say("waiting");
	}
	if (!wait_result(timeout_ms)) {
		/*
		 * Handed over, and yet nobody woke us: a thread of the victim was woken, and killed
		 * before it set FUTEX_WAITERS again, while another one had taken the lock. Neither
		 * death sees a waiter then (kernel/futex/core.c:handle_futex_death()). Plain SIGKILL
		 * loses the wake-up as often (1 of 100 here). What a lost list leaves behind is
		 * another thing: the TID of a dead owner.
		 */
		unsigned int word = (unsigned int)robust->mutex.__data.__lock;

		say(was_looping && (word & FUTEX_TID_MASK) == 0 ? "missed" : "hang");
		_exit(1);
	}
	say(recovered ? "recovered" : result);
	return 0;
}
