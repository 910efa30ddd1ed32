/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own view, through libbpf: a task iterator, and the end of exit_mmap(). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mmreap/caller.h>
#include <mmreap/kernelview.h>

#include "../bpf/late.h"
#include "../bpf/record.h"
#include "mmreap.skel.h"

/* An mm that is awaited; its address may be that of another one once it is torn down. */
struct awaited {
	uint64_t mm;
	bool torn_down;
};

struct kernelview {
	struct mmreap_bpf *skeleton;
	struct ring_buffer *ring;
	struct awaited *awaited;
	int n_awaited;
	_Alignas(struct kernel_record) char buffer[32768];
};

static int silent(enum libbpf_print_level level, const char *format, va_list ap)
{
	(void)level;
	(void)format;
	(void)ap;
	return 0;
}

static int ignore(void *arg, void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

/* Asked before anything is loaded: to be refused by the kernel takes as long as to be served. */
static bool has_right(void)
{
	struct caller caller;

	caller_load(&caller);
	/* It tells the numbers of the initial PID namespace. */
	return caller.initial_pid_ns && caller.initial_user_ns &&
	       (caller_has(&caller, CALLER_CAP_SYS_ADMIN) ||
		(caller_has(&caller, CALLER_CAP_BPF) && caller_has(&caller, CALLER_CAP_PERFMON)));
}

static int open_and_load(struct kernelview *v, bool events)
{
	int err;

	errno = 0;
	v->skeleton = mmreap_bpf__open();
	if (v->skeleton == NULL)
		return errno ? -errno : -EINVAL;
	if (!events)
		bpf_program__set_autoload(v->skeleton->progs.torn_down, false);
	err = mmreap_bpf__load(v->skeleton);
	if (err == 0)
		err = mmreap_bpf__attach(v->skeleton);
	return err;
}

int kernelview_open(bool events, struct kernelview **ret)
{
	struct kernelview *v;
	int err;

	if (!has_right())
		return -EPERM;
	err = late_load(&libbpf_library);
	if (err < 0)
		return err;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return -ENOMEM;
	libbpf_set_print(silent);
	err = open_and_load(v, events);
	if (err == 0 && events) {
		v->ring = ring_buffer__new(bpf_map__fd(v->skeleton->maps.wake), ignore, NULL, NULL);
		err = v->ring ? 0 : errno ? -errno : -EINVAL;
	}
	if (err < 0) {
		kernelview_close(v);
		return err;
	}
	*ret = v;
	return 0;
}

void kernelview_close(struct kernelview *v)
{
	if (v == NULL)
		return;
	ring_buffer__free(v->ring);
	mmreap_bpf__destroy(v->skeleton);
	free(v->awaited);
	free(v);
}

int kernelview_check(void)
{
	struct kernelview *v;
	int err = kernelview_open(true, &v);

	if (err == 0)
		kernelview_close(v);
	return err;
}

/* Calls @take for each record until it returns false. */
static int iterate(struct kernelview *v, bool (*take)(void *arg, const struct kernel_thread *t),
		   void *arg)
{
	int fd = bpf_iter_create(bpf_link__fd(v->skeleton->links.list_tasks));
	size_t left = 0;
	bool more = true;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (more) {
		size_t off = 0;

		n = read(fd, v->buffer + left, sizeof(v->buffer) - left);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		left += (size_t)n;
		while (more && left - off >= sizeof(struct kernel_thread)) {
			const struct kernel_thread *t = (const void *)(v->buffer + off);

			if (left - off < t->size)
				break;
			more = take(arg, t);
			off += t->size;
		}
		/* A read may end inside a record. */
		left -= off;
		memmove(v->buffer, v->buffer + off, left);
	}
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

struct list {
	struct kernel_snapshot snapshot;
	int err;
};

static bool add(void *arg, const struct kernel_thread *t)
{
	struct list *l = arg;

	l->err = kernel_snapshot_add(&l->snapshot, t);
	return l->err == 0;
}

int kernelview_list(struct kernelview *v, struct kernel_snapshot *ret)
{
	struct list l = { 0 };
	int err = iterate(v, add, &l);

	if (err == 0)
		err = l.err;
	if (err < 0) {
		kernel_snapshot_free(&l.snapshot);
		return err;
	}
	kernel_snapshot_finish(&l.snapshot);
	*ret = l.snapshot;
	return 0;
}

struct search {
	pid_t pid;
	uint64_t mm;
};

static bool is_not_it(void *arg, const struct kernel_thread *t)
{
	struct search *s = arg;

	/* A dead leader has none; one of its threads has. */
	if ((pid_t)t->pid != s->pid || t->mm == 0)
		return true;
	s->mm = t->mm;
	return false;
}

static uint64_t mm_of(struct kernelview *v, pid_t pid)
{
	struct search s = { .pid = pid };

	return iterate(v, is_not_it, &s) < 0 ? 0 : s.mm;
}

static bool is_in_map(struct kernelview *v, uint64_t mm, uint64_t *ret_when)
{
	return bpf_map_lookup_elem(bpf_map__fd(v->skeleton->maps.awaited), &mm, ret_when) == 0;
}

int kernelview_await(struct kernelview *v, pid_t pid)
{
	int map = bpf_map__fd(v->skeleton->maps.awaited);
	struct awaited *more = reallocarray(v->awaited, (size_t)v->n_awaited + 1, sizeof(*more));
	uint64_t mm = mm_of(v, pid), when = 0;
	bool is_there;

	if (more == NULL)
		return -ENOMEM;
	v->awaited = more;
	if (mm == 0)
		return -ESRCH;
	is_there = is_in_map(v, mm, &when);
	/* That was another mm, at the same address. Who waits for it is told before it is forgotten. */
	for (int i = 0; i < v->n_awaited && when != 0; i++)
		if (v->awaited[i].mm == mm)
			v->awaited[i].torn_down = true;
	if (!is_there || when != 0) {
		when = 0;
		if (bpf_map_update_elem(map, &mm, &when, BPF_ANY) < 0)
			return -errno;
	}
	/* Had it gone before it stood in the map, its end would never be told. */
	if (mm_of(v, pid) != mm)
		return -ESRCH;
	v->awaited[v->n_awaited] = (struct awaited){ .mm = mm };
	return v->n_awaited++;
}

int kernelview_torn_down(struct kernelview *v, int awaited)
{
	struct awaited *a = &v->awaited[awaited];
	uint64_t when;

	if (!a->torn_down) {
		if (!is_in_map(v, a->mm, &when))
			return -ENOENT;
		a->torn_down = when != 0;
	}
	return a->torn_down;
}

int kernelview_fd(struct kernelview *v)
{
	return ring_buffer__epoll_fd(v->ring);
}

void kernelview_drain(struct kernelview *v)
{
	ring_buffer__consume(v->ring);
}
