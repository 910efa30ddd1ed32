/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the same mm, in the kernel's own view: one pass finds them, a second one confirms them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mmreap/cleanup.h>
#include <mmreap/kernelview.h>
#include <mmreap/observe.h>

#include "sharing.h"

/* A target that executes programs all the time is another one in each pass. */
#define MAX_PASSES 20

static void cleanup_snapshot(struct kernel_snapshot *s)
{
	kernel_snapshot_free(s);
}

#define _cleanup_snapshot_ _cleanup_(cleanup_snapshot)

static int by_mm(const void *a, const void *b)
{
	const struct kernel_group *const *left = a, *const *right = b;

	if ((*left)->mm != (*right)->mm)
		return (*left)->mm < (*right)->mm ? -1 : 1;
	return ((*left)->pid > (*right)->pid) - ((*left)->pid < (*right)->pid);
}

/* The groups of @s that have an mm, in its order. How many. */
static size_t sort_by_mm(const struct kernel_snapshot *s, const struct kernel_group **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (s->groups[i].mm)
			ret[n++] = &s->groups[i];
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	qsort(ret, n, sizeof(*ret), by_mm);
	return n;
}

/* Related to @of, one of several that use the same mm. */
static enum relation relate(const struct kernel_group *of, const struct kernel_group *g)
{
	if (g->in_vfork && g->ppid == of->pid)
		return RELATION_VFORK_CHILD;
	if (of->in_vfork && of->ppid == g->pid)
		return RELATION_VFORK_PARENT;
	return RELATION_CLONE_VM;
}

/* Without a target: who has a vfork child in the group is told so, if it is none itself. */
static enum relation relate_in(const struct kernel_group *const *group, size_t n,
			       const struct kernel_group *g)
{
	enum relation relation = RELATION_CLONE_VM;

	for (size_t i = 0; i < n; i++) {
		enum relation r = group[i] == g ? RELATION_CLONE_VM : relate(group[i], g);

		if (r == RELATION_VFORK_CHILD)
			return r;
		if (r != RELATION_CLONE_VM)
			relation = r;
	}
	return relation;
}

/* /proc may hide who is there, from who may ask the kernel. */
static void describe(const struct sys *sys, const struct run_self *self,
		     const struct kernel_group *g, struct sharers_row *row)
{
	if (observe_member(sys, self, g->pid, 0, 0, row) < 0) {
		*row = (struct sharers_row){ .id = { .pid = g->pid },
					     .ppid = g->ppid,
					     .uid = -1,
					     .rss_bytes = UNKNOWN,
					     .killable = UNKNOWN };
		memcpy(row->id.comm, g->comm, sizeof(row->id.comm));
	}
	row->source = SOURCE_BPF;
}

/* @group: @n groups of the same mm; a row for each. */
static void describe_group(const struct sys *sys, const struct run_self *self,
			   const struct kernel_group *const *group, size_t n,
			   const struct kernel_group *target, struct group_scan *scan)
{
	scan->n_groups++;
	for (size_t i = 0; i < n; i++) {
		struct sharers_row *row = &scan->rows[scan->n_rows++];

		describe(sys, self, group[i], row);
		row->group = scan->n_groups;
		if (target == NULL)
			row->relation = relate_in(group, n, group[i]);
		else
			row->relation =
				group[i] == target ? RELATION_TARGET : relate(target, group[i]);
	}
}

/* Drop who is not the same any more, and who is left alone; number the others in order of PID. */
static void confirm(const struct kernel_snapshot *before, const struct kernel_snapshot *after,
		    bool all, struct group_scan *scan)
{
	size_t kept = 0, n_groups = 0;

	for (size_t i = 0, end; i < scan->n_rows; i = end) {
		size_t first = kept;

		for (end = i; end < scan->n_rows && scan->rows[end].group == scan->rows[i].group;
		     end++) {
			pid_t pid = scan->rows[end].id.pid;
			const struct kernel_group *g = kernel_snapshot_find(after, pid);

			if (!kernel_group_is(kernel_snapshot_find(before, pid), g))
				continue;
			scan->rows[kept] = scan->rows[end];
			scan->rows[kept].users = g->users;
			scan->rows[kept++].group = n_groups + 1;
		}
		if (all && kept - first < 2)
			kept = first;
		else
			n_groups++;
	}
	scan->n_rows = kept;
	scan->n_groups = n_groups;
}

static int by_first(const void *a, const void *b)
{
	const struct sharers_row *left = a, *right = b;

	if (left->group != right->group)
		return left->group < right->group ? -1 : 1;
	if ((left->relation == RELATION_TARGET) != (right->relation == RELATION_TARGET))
		return left->relation == RELATION_TARGET ? -1 : 1;
	return (left->id.pid > right->id.pid) - (left->id.pid < right->id.pid);
}

/* The target first. Ordinals in the order of each group's first PID, not by where the kernel happened to put the mm. */
static void number(struct group_scan *scan)
{
	size_t group = 0, before = 0;

	for (size_t i = 0, end; i < scan->n_rows; i = end) {
		size_t first = (size_t)scan->rows[i].id.pid, of = scan->rows[i].group;

		for (end = i; end < scan->n_rows && scan->rows[end].group == of; end++)
			scan->rows[end].group = first;
	}
	qsort(scan->rows, scan->n_rows, sizeof(*scan->rows), by_first);
	for (size_t i = 0; i < scan->n_rows; i++) {
		group += scan->rows[i].group != before;
		before = scan->rows[i].group;
		scan->rows[i].group = group;
	}
}

/* Everybody who shares in this snapshot, or who shares with @target, itself first. */
static int find(const struct sys *sys, const struct run_self *self, const struct kernel_snapshot *s,
		const struct kernel_group *target, struct group_scan *scan)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	_cleanup_free_ const struct kernel_group **sorted = calloc(s->n + 1, sizeof(*sorted));
	size_t n = sorted ? sort_by_mm(s, sorted) : 0;

	scan->rows = calloc(n + 1, sizeof(*scan->rows));
	if (sorted == NULL || scan->rows == NULL)
		return -ENOMEM;
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && sorted[end]->mm == sorted[i]->mm; end++)
			;
		if (target ? sorted[i]->mm == target->mm : end - i > 1)
			describe_group(sys, self, sorted + i, end - i, target, scan);
	}
	return 0;
}

void shared_note_unseen(const struct sys *sys, const struct run_self *self,
			const struct kernel_snapshot *s, const struct proc_ref *ref,
			struct blind *blind)
{
	static const pid_t init = 1;

	if (kernel_snapshot_find(s, init))
		return;
	if (ref)
		observe_unknown(sys, self, ref, &init, 1, 0, blind);
	else
		sharing_note_unknown(sys, self, init, blind);
}

int64_t shared_count(const struct kernel_snapshot *before, const struct kernel_snapshot *after,
		     pid_t pid, struct sharer *ret, size_t n)
{
	const struct kernel_group *target = kernel_snapshot_find(before, pid);
	int64_t found = 0;

	if (target == NULL || target->mm == 0)
		return UNKNOWN;
	for (size_t i = 0; i < before->n; i++) {
		const struct kernel_group *g = &before->groups[i];

		if (g == target || g->mm != target->mm)
			continue;
		if (!kernel_group_is(target, kernel_snapshot_find(after, pid)))
			return UNKNOWN;
		if (!kernel_group_is(g, kernel_snapshot_find(after, g->pid)))
			continue;
		if ((size_t)found < n) {
			ret[found] = (struct sharer){ .id = { .pid = g->pid },
						      .relation = relate(target, g) };
			memcpy(ret[found].id.comm, g->comm, sizeof(g->comm));
		}
		found++;
	}
	return found;
}

static int scan_once(const struct sys *sys, const struct run_self *self,
		     const struct kernel_source *source, const struct proc_ref *ref,
		     struct group_scan *scan)
{
	_cleanup_snapshot_ struct kernel_snapshot before = { 0 }, after = { 0 };
	const struct kernel_group *target = NULL;
	int err = source->list(source->arg, &before);

	if (err < 0)
		return err;
	if (ref) {
		target = kernel_snapshot_find(&before, ref->pid);
		if (target == NULL)
			return sys_is_reaped(sys, ref->pidfd) ? -ESRCH : -ENODATA;
		if (target->mm == 0)
			return -ESRCH;
	}
	shared_note_unseen(sys, self, &before, ref, &scan->blind);
	err = find(sys, self, &before, target, scan);
	if (err == 0 && scan->n_rows > 0)
		err = source->list(source->arg, &after);
	if (err < 0)
		return err;
	if (ref) {
		/* Its number is its own as long as it has not been waited for. */
		if (sys_is_reaped(sys, ref->pidfd))
			return -ESRCH;
		if (!kernel_group_is(target, kernel_snapshot_find(&after, ref->pid)))
			return -EAGAIN;
	}
	confirm(&before, &after, ref == NULL, scan);
	number(scan);
	return 0;
}

int shared_find(const struct sys *sys, const struct run_self *self,
		const struct kernel_source *source, const struct proc_ref *ref,
		struct group_scan *ret)
{
	int err = -EAGAIN;

	*ret = (struct group_scan){ 0 };
	for (int i = 0; i < MAX_PASSES && err == -EAGAIN; i++) {
		free(ret->rows);
		*ret = (struct group_scan){ 0 };
		err = scan_once(sys, self, source, ref, ret);
	}
	if (err < 0)
		ret->n_rows = ret->n_groups = 0;
	if (err == -EAGAIN) {
		ret->blind.changed = true;
		err = 0;
	}
	return err;
}
