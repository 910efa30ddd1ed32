/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's own view, through libbpf: a task iterator, and the end of exit_mmap(). */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
};

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
static bool is_initial_pid_ns(void)
{
	char link[32];
	ssize_t n = readlink("/proc/self/ns/pid", link, sizeof(link) - 1);

	if (n < 0)
		return false;
	link[n] = '\0';
	return strcmp(link, "pid:[4026531836]") == 0;
}

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

int kernelview_open(struct kernelview **ret)
{
	struct kernelview *v;
	int err;

	if (!is_initial_pid_ns())
		return -EPERM;
	err = late_load(&libbpf_library);
	if (err < 0)
		return err;
	v = calloc(1, sizeof(*v));
	if (v == NULL)
		return -ENOMEM;
	libbpf_set_print(silent);
	errno = 0;
	v->skeleton = mmreap_bpf__open_and_load();
	if (v->skeleton == NULL) {
		err = errno ? -errno : -EINVAL;
		free(v);
		return err;
	}
	err = mmreap_bpf__attach(v->skeleton);
	if (err == 0) {
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
	int err = kernelview_open(&v);

	if (err == 0)
		kernelview_close(v);
	return err;
}

/* Calls @take for each record until it returns false. */
static int iterate(struct kernelview *v, bool (*take)(void *arg, const struct kernel_record *r),
		   void *arg)
{
	struct kernel_record records[64];
	int fd = bpf_iter_create(bpf_link__fd(v->skeleton->links.list_tasks));
	size_t left = 0;
	bool more = true;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (more) {
		size_t whole;

		n = read(fd, (char *)records + left, sizeof(records) - left);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		left += (size_t)n;
		whole = left / sizeof(*records);
		for (size_t i = 0; i < whole && more; i++)
			more = take(arg, &records[i]);
		/* A read may end inside a record. */
		left -= whole * sizeof(*records);
		memmove(records, records + whole, left);
	}
	n = n < 0 ? -errno : 0;
	close(fd);
	return (int)n;
}

struct list {
	struct kernelview_task *tasks;
	size_t n, room;
	bool failed;
};

static bool add_task(void *arg, const struct kernel_record *r)
{
	struct list *l = arg;

	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 1024;
		struct kernelview_task *more = reallocarray(l->tasks, room, sizeof(*more));

		if (more == NULL) {
			l->failed = true;
			return false;
		}
		l->tasks = more;
		l->room = room;
	}
	l->tasks[l->n++] = (struct kernelview_task){
		.pid = (pid_t)r->pid,
		.tid = (pid_t)r->tid,
		.mm = r->mm,
		.flags = r->flags,
		.users = r->users,
		.count = r->count,
	};
	return true;
}

int kernelview_list(struct kernelview *v, struct kernelview_task **ret, size_t *ret_n)
{
	struct list l = { 0 };
	int err = iterate(v, add_task, &l);

	if (err == 0 && l.failed)
		err = -ENOMEM;
	if (err < 0) {
		free(l.tasks);
		return err;
	}
	*ret = l.tasks;
	*ret_n = l.n;
	return 0;
}

struct search {
	pid_t pid;
	uint64_t mm;
};

static bool is_not_it(void *arg, const struct kernel_record *r)
{
	struct search *s = arg;

	if ((pid_t)r->pid != s->pid)
		return true;
	s->mm = r->mm;
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
