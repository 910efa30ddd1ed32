/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <mmreap/brace.h>
#include <mmreap/cleanup.h>

#include "compat.h"

static void bring_in(void *start, size_t bytes, int advice, struct brace *b)
{
	if (mlock(start, bytes) == 0) {
		b->locked_bytes += bytes;
		return;
	}
	b->lock_err = -errno; /* over RLIMIT_MEMLOCK: ENOMEM, where that is 0: EPERM */
	b->unlocked_bytes += bytes;
	madvise(start, bytes, advice);
}

void brace_memory(void *start, size_t bytes, struct brace *b)
{
	bring_in(start, bytes, COMPAT_MADV_POPULATE_WRITE, b);
}

/* struct wanted - which of the loaded objects: the one that holds @ours; @libraries: the others too */
struct wanted {
	uintptr_t ours;
	uintptr_t page;
	bool libraries;
	struct brace *brace;
};

static bool holds(const struct dl_phdr_info *object, uintptr_t address)
{
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];

		if (p->p_type == PT_LOAD &&
		    address - (uintptr_t)object->dlpi_addr - p->p_vaddr < p->p_memsz)
			return true;
	}
	return false;
}

static void *end_at_once(void *unused)
{
	return unused;
}

/* Threads end after the signal, and that takes code of the C library that nothing else does. */
static void rehearse(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, PTHREAD_STACK_MIN + brace_thread_bytes() + 64 * 1024);
	if (pthread_create(&thread, &attr, end_at_once, NULL) == 0)
		pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}

static bool is_static(const struct dl_phdr_info *object)
{
	for (int i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_INTERP)
			return false;
	return true;
}

/* The end of what is needed of these pages: where no edge lies, are the tables of the dynamic loader. */
static uintptr_t needed_end(uintptr_t start, uintptr_t end, uintptr_t page)
{
	const uintptr_t edges[] = { (uintptr_t)&brace_code_edge, (uintptr_t)&brace_data_edge };
	uintptr_t needed = 0;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		if (edges[i] >= start && edges[i] < end && edges[i] > needed)
			needed = edges[i];
	return needed ? (needed + page - 1) & ~(page - 1) : end;
}

/*
 * What is written to is private and was touched when it was relocated. Of the libraries' 2 MiB we use
 * a part; to bring all of it in where memory is gone would wake the OOM killer.
 */
static int bring_object_in(struct dl_phdr_info *object, size_t size, void *arg)
{
	struct wanted *w = arg;
	bool ours = holds(object, w->ours);
	bool libraries = w->libraries || (ours && is_static(object));

	(void)size;
	if (!ours && !libraries)
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		uintptr_t start = (uintptr_t)object->dlpi_addr + p->p_vaddr;
		uintptr_t end = start + p->p_memsz;

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W))
			continue;
		start &= ~(w->page - 1);
		end = (end + w->page - 1) & ~(w->page - 1);
		if (ours) {
			uintptr_t needed = needed_end(start, end, w->page);

			bring_in((void *)start, needed - start, COMPAT_MADV_POPULATE_READ,
				 w->brace);
			start = needed;
		}
		if (start < end && (!ours || is_static(object)))
			mlock2((void *)start, end - start, MLOCK_ONFAULT);
	}
	return 0;
}

void brace_code(struct brace *b)
{
	struct wanted w = { .ours = (uintptr_t)&brace_code,
			    .page = (uintptr_t)sysconf(_SC_PAGESIZE),
			    .brace = b };
	struct rusage used;

	if (b->code)
		return;
	b->code = true;
	if (getrusage(RUSAGE_SELF, &used) == 0 && used.ru_majflt > 0) {
		w.libraries = true;
		rehearse();
	}
	dl_iterate_phdr(bring_object_in, &w);
}

static int add_thread_bytes(struct dl_phdr_info *object, size_t size, void *arg)
{
	size_t *sum = arg;

	(void)size;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];

		if (p->p_type == PT_TLS)
			*sum += p->p_memsz + p->p_align;
	}
	return 0;
}

size_t brace_thread_bytes(void)
{
	size_t sum = 0;

	dl_iterate_phdr(add_thread_bytes, &sum);
	return sum;
}

void brace_oom_score(struct brace *b)
{
	_cleanup_close_ int fd = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	char now[16] = "";

	b->oom_err = fd < 0 || write(fd, "-1000", 5) < 0 ? -errno : 0;
	/* Without the right to go below the least that was ever allowed: at least not the first. */
	if (b->oom_err && fd >= 0 && pread(fd, now, sizeof(now) - 1, 0) > 0 &&
	    strtol(now, NULL, 10) > 0 && write(fd, "0", 1) < 0)
		b->oom_err = -errno;
}

void brace_heap(size_t bytes, struct brace *b)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start;
	char *heap;

	compat_keep_heap();
	heap = malloc(bytes);
	if (heap == NULL)
		return;
	start = ((uintptr_t)heap + page - 1) & ~(page - 1);
	brace_memory((void *)start, ((uintptr_t)heap + bytes - start) & ~(page - 1), b);
	free(heap);
}
