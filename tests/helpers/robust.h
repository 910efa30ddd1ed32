/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The robust, process-shared mutex that a victim and a waiter have in common, in a file that both
 * map. The private part, the list head that a reap destroys, is in the victim's thread area.
 */
#pragma once

#include <pthread.h>
#include <sys/mman.h>

#include "helpers.h"

#define ROBUST_MAGIC 0x6d6d7265U

struct robust {
	uint32_t magic; /* written last: the mutex is initialised */
	pthread_mutex_t mutex;
};

static inline struct robust *robust_map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	struct robust *robust;

	if (fd < 0 || ftruncate(fd, 4096) < 0)
		die("%s: %s", path, strerror(errno));
	robust = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (robust == MAP_FAILED)
		die("mmap %s: %s", path, strerror(errno));
	close(fd);
	return robust;
}

static inline struct robust *robust_create(const char *path)
{
	struct robust *robust = robust_map(path);
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	pthread_mutex_init(&robust->mutex, &attr);
	__atomic_store_n(&robust->magic, ROBUST_MAGIC, __ATOMIC_RELEASE);
	return robust;
}

static inline struct robust *robust_open(const char *path)
{
	struct robust *robust = robust_map(path);
	double limit = now_ms() + BUILD_LIMIT_MS;

	while (__atomic_load_n(&robust->magic, __ATOMIC_ACQUIRE) != ROBUST_MAGIC) {
		if (now_ms() > limit)
			die("%s: nobody initialised the mutex", path);
		sleep_us(1000);
	}
	return robust;
}

/* What a lock attempt gave, as the tests name it; the mutex is usable and free afterwards. */
static inline const char *robust_take(struct robust *robust)
{
	int error = pthread_mutex_lock(&robust->mutex);

	if (error == EOWNERDEAD)
		pthread_mutex_consistent(&robust->mutex);
	else if (error)
		die("pthread_mutex_lock: %s", strerror(error));
	pthread_mutex_unlock(&robust->mutex);
	return error ? "recovered" : "locked";
}
