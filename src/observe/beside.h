/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <pthread.h>
#include <stdbool.h>

/** struct beside - a second thread for a job that two can do; private, but for where it is made */
struct beside {
	pthread_t thread;
	bool made;
};

/** beside_start - Begin @job in another thread, on another CPU. If none can be made it is not done. */
void beside_start(struct beside *b, void *(*job)(void *arg), void *arg);

/** beside_join - Wait until it is done, if it was begun. */
void beside_join(struct beside *b);
