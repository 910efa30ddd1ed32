// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * LD_PRELOAD: what mmreap takes from the machine between its first SIGKILL and its last verdict.
 *
 * Counts calls of the malloc family and of mmap in any thread, and page faults of the process, from
 * the first pidfd_send_signal(SIGKILL) until the wait for the child that was made to compare with,
 * which is what a run does last. One JSON object into the file that LEDGER names. On standard error
 * there is a line for each allocation: who called.
 *
 * With FENCE set, whoever gets in that time to what is neither written to nor locked of mmreap's own
 * file ends with SIGSEGV; `fenced` is how many KiB of it there are.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static long (*real_syscall)(long number, ...);
static pid_t (*real_waitpid)(pid_t pid, int *status, int options);
static void *(*real_mmap)(void *where, size_t size, int prot, int flags, int fd, off_t off);

static atomic_bool counting;
static atomic_int allocations, signals, verdicts;
static struct fence {
	char *start;
	size_t bytes;
	int prot;
} fences[8];
static int n_fences;
static struct rusage begin, end;

static void find_real(void)
{
	if (real_syscall)
		return;
	real_waitpid = (pid_t(*)(pid_t, int *, int))dlsym(RTLD_NEXT, "waitpid");
	real_mmap = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
	real_syscall = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
}

static void note(const char *what, size_t size, const void *caller)
{
	char line[128];
	int n;

	if (!atomic_load(&counting))
		return;
	atomic_fetch_add(&allocations, 1);
	n = snprintf(line, sizeof(line), "ledger: %s of %zu bytes for %p\n", what, size, caller);
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		atomic_fetch_add(&allocations, 1);
}

void *malloc(size_t size)
{
	note("malloc", size, __builtin_return_address(0));
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	note("calloc", n * size, __builtin_return_address(0));
	return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
	note("realloc", size, __builtin_return_address(0));
	return __libc_realloc(old, size);
}

void *memalign(size_t align, size_t size)
{
	note("memalign", size, __builtin_return_address(0));
	return __libc_memalign(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
	note("aligned_alloc", size, __builtin_return_address(0));
	return __libc_memalign(align, size);
}

int posix_memalign(void **ret, size_t align, size_t size)
{
	note("posix_memalign", size, __builtin_return_address(0));
	*ret = __libc_memalign(align, size);
	return *ret ? 0 : 12;
}

void *mmap(void *where, size_t size, int prot, int flags, int fd, off_t off)
{
	find_real();
	note("mmap", size, __builtin_return_address(0));
	return real_mmap(where, size, prot, flags, fd, off);
}

static void add_fence(size_t start, size_t until, int prot)
{
	if (n_fences < (int)(sizeof(fences) / sizeof(fences[0])))
		fences[n_fences++] = (struct fence){ (char *)start, until - start, prot };
}

static int is_locked(const char *smaps, size_t start)
{
	char line[32];

	snprintf(line, sizeof(line), "\n%zx-", start);
	smaps = strstr(smaps, line);
	smaps = smaps ? strstr(smaps, "\nVmFlags:") : NULL;
	return smaps == NULL || memmem(smaps, strcspn(smaps + 1, "\n"), " lo", 3) != NULL;
}

/* A mapping lies in one segment: what is locked of it is a mapping of its own. */
static int fence_object(struct dl_phdr_info *object, size_t size, void *smaps)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		size_t start = (object->dlpi_addr + p->p_vaddr) & ~(page - 1);
		size_t until =
			(object->dlpi_addr + p->p_vaddr + p->p_memsz + page - 1) & ~(page - 1);

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W))
			continue;
		for (const char *line = smaps; line; line = strchr(line, '\n')) {
			char *rest;
			size_t from = strtoul(++line, &rest, 16), to;

			if (*rest != '-' || from < start || from >= until)
				continue;
			to = strtoul(rest + 1, NULL, 16);
			if (!is_locked(smaps, from))
				add_fence(from, to < until ? to : until,
					  PROT_READ | (p->p_flags & PF_X ? PROT_EXEC : 0));
		}
	}
	return 1; /* the first object is the program */
}

static void set_fences(int up)
{
	for (int i = 0; i < n_fences; i++)
		mprotect(fences[i].start, fences[i].bytes, up ? PROT_NONE : fences[i].prot);
}

static void fence(void)
{
	static char smaps[256 * 1024] = "\n";
	size_t used = 1;
	ssize_t n;
	int fd;

	if (!getenv("FENCE"))
		return;
	fd = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
	while ((n = read(fd, smaps + used, sizeof(smaps) - 1 - used)) > 0)
		used += (size_t)n;
	close(fd);
	dl_iterate_phdr(fence_object, smaps);
	set_fences(1);
}

long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	find_real();
	if (number == SYS_pidfd_send_signal && a[1] == SIGKILL) {
		if (atomic_fetch_add(&signals, 1) == 0) {
			fence();
			getrusage(RUSAGE_SELF, &begin);
			atomic_store(&counting, true);
		}
	}
	return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	find_real();
	if (options == 0 && atomic_exchange(&counting, false)) {
		getrusage(RUSAGE_SELF, &end);
		set_fences(0);
		atomic_fetch_add(&verdicts, 1);
	}
	return real_waitpid(pid, status, options);
}

__attribute__((constructor)) static void start(void)
{
	find_real();
}

__attribute__((destructor)) static void tell(void)
{
	const char *name = getenv("LEDGER");
	char text[256];
	size_t fenced = 0;
	int fd, n;

	/* What only starts mmreap has nothing to tell. */
	fd = name && signals ? open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : -1;
	if (fd < 0)
		return;
	for (int i = 0; i < n_fences; i++)
		fenced += fences[i].bytes / 1024;
	n = snprintf(text, sizeof(text),
		     "{\"signals\":%d,\"verdicts\":%d,\"allocations\":%d,\"major\":%ld,"
		     "\"minor\":%ld,\"major_before\":%ld,\"fenced\":%zu}\n",
		     signals, verdicts, allocations, end.ru_majflt - begin.ru_majflt,
		     end.ru_minflt - begin.ru_minflt, begin.ru_majflt, fenced);
	if (write(fd, text, (size_t)n) != n)
		unlink(name);
	close(fd);
}
