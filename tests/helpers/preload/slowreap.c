// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LD_PRELOAD: process_mrelease(2) of a real descriptor uses SLOW_MS of CPU time before it begins, as
 * if there were so many page tables.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void spin(long ms)
{
	struct timespec ts;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	while (ts.tv_sec * 1000 + ts.tv_nsec / 1000000 < ms);
}

long syscall(long number, ...)
{
	static long (*real)(long, ...);
	const char *ms = getenv("SLOW_MS");
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (real == NULL)
		real = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	if (number == SYS_process_mrelease && (int)a[0] >= 0 && ms)
		spin(strtol(ms, NULL, 10));
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
