// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <mmreap/cleanup.h>
#include <mmreap/stop.h>

/* So long what was done may still be said; and so long if nobody keeps us from that. */
#define LAST_WORDS_S 1
#define MOST_WORDS_S 10

static const int kinds[] = { SIGINT, SIGTERM, SIGHUP };
static volatile sig_atomic_t came;

static void die(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, came);
	signal(came, SIG_DFL);
	kill(getpid(), came);
	/* Told between two waits of watch, they are held back while it wipes its line. */
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

static void lose_patience(int sig)
{
	struct pollfd out[] = { { .fd = STDOUT_FILENO, .events = POLLOUT },
				{ .fd = STDERR_FILENO, .events = POLLOUT } };
	static volatile sig_atomic_t times;

	/* Both take what we say: it is we who are slow, as on a machine that thrashes. */
	if (++times < MOST_WORDS_S / LAST_WORDS_S && poll(out, 2, 0) == 2)
		alarm(LAST_WORDS_S);
	else
		die();
	(void)sig;
}

static void set_handler(int sig, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigaction(sig, &action, NULL);
}

/*
 * The same signal may come twice at once, as from timeout(1): that is not impatience. An alarm before is
 * not ours: it ends us, as whoever set it wanted.
 */
static void note(int sig)
{
	if (came)
		return;
	came = sig;
	set_handler(SIGALRM, lose_patience);
	alarm(LAST_WORDS_S);
}

int stop_catch(struct stop *ret)
{
	sigemptyset(&ret->signals);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct sigaction old;

		if (sigaction(kinds[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaddset(&ret->signals, kinds[i]);
	}
	ret->fd = signalfd(-1, &ret->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ret->fd < 0)
		return -errno;
	/* What a terminal stops us with; by `stty tostop` a line of ours is enough. */
	ret->held = ret->signals;
	sigaddset(&ret->held, SIGTTOU);
	sigaddset(&ret->held, SIGTSTP);
	sigprocmask(SIG_BLOCK, &ret->held, NULL);
	return 0;
}

void stop_close(struct stop *stop)
{
	cleanup_close(&stop->fd);
}

void stop_allow(const struct stop *stop)
{
	static bool ready;
	sigset_t held = stop->held;

	for (size_t i = 0; !ready && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (sigismember(&stop->signals, kinds[i]))
			set_handler(kinds[i], note);
	ready = true;
	sigaddset(&held, SIGALRM);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
}

bool stop_forbid(const struct stop *stop)
{
	sigprocmask(SIG_BLOCK, &stop->signals, NULL);
	return came;
}

void stop_die(const struct stop *stop)
{
	stop_allow(stop);
	if (came)
		die();
}
