// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <mmreap/caller.h>
#include <mmreap/cleanup.h>
#include <mmreap/mounts.h>
#include <mmreap/report.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "look.h"

enum exit_status look_open(const struct target_list *list, bool cgroups, bool json,
			   struct look *ret)
{
	struct selection_error error;
	struct caller caller;
	pid_t zombie;
	int err;

	*ret = (struct look){ .self.proc_fd = -1 };
	caller_load(&caller);
	err = observe_self(&sys_linux, &ret->self);
	if (err < 0) {
		selection_no_proc(err, &error);
		return selection_say(&error, json);
	}
	selection_raise_file_limit();
	if (selection_has_room(&ret->self, LOOK_ROOM) < 0)
		return look_say_no_room(json);
	if (cgroups || !observe_sees_hidden(&caller))
		err = mounts_load(&ret->mounts);
	if (err < 0) {
		selection_no_mounts(err, &error);
		return selection_say(&error, json);
	}
	observe_blind(&caller, caller_in_group(ret->mounts.hidepid_gid), &ret->mounts, &ret->blind);
	if (selection_open(&sys_linux, &ret->self, list, &ret->selection, &error) < 0 ||
	    selection_add_members(&ret->selection, false, false, &error) < 0 ||
	    selection_resolve(&ret->selection, &ret->targets, &ret->n_targets, &error) < 0)
		return selection_say(&error, json);
	/* Without one all but a comparison of all with all is possible. */
	zombie = sys_linux.make_zombie();
	ret->zombie = zombie > 0 ? zombie : 0;
	return STATUS_OK;
}

enum exit_status look_find_ancestors(struct look *look, bool json)
{
	int err = observe_ancestors(&sys_linux, &look->self, 0);

	errno = -err;
	return err < 0 ? report_error(json, STATUS_FAILURE, "%m") : STATUS_OK;
}

enum exit_status look_say_no_room(bool json)
{
	return report_error(json, STATUS_FAILURE, "cannot open what a look needs: %m");
}

void look_close(struct look *look)
{
	if (look->zombie > 0)
		sys_linux.drop_zombie(look->zombie);
	target_free(&sys_linux, look->targets, look->n_targets);
	selection_free(&look->selection);
	mounts_free(&look->mounts);
	observe_free_self(&sys_linux, &look->self);
}

enum exit_status look_explain_target(const struct target *t, struct cli_error *ret)
{
	char who[16] = "pidfd"; /* of a process that was waited for: it names no number any more */

	*ret = (struct cli_error){ 0 };
	if (t->ref.pid > 0)
		snprintf(who, sizeof(who), "%d", (int)t->ref.pid);
	errno = -t->err;
	switch (t->err) {
	case -ESRCH:
		cli_fail(ret, "%s: no such process", who);
		break;
	case -ESTALE:
		cli_fail(ret, "%s: no such process: the PID was reused, its inode is another", who);
		break;
	case -EOPNOTSUPP:
		cli_fail(ret,
			 "%s: this kernel has no unique pidfs inodes (Linux 6.9): give the PID "
			 "alone",
			 who);
		break;
	case -EACCES:
		cli_fail(ret, "%s: it is there, but /proc does not show it (hidepid)", who);
		break;
	default:
		cli_fail(ret, "%s: %m", who);
		break;
	}
	return outcome_status(t->outcome);
}

enum exit_status look_say_target(const struct target *t, bool json)
{
	struct cli_error error;
	enum exit_status status = look_explain_target(t, &error);

	if (status == STATUS_OK) /* a member of a selection that vanished */
		return status;
	error.json = json;
	return report_cli_error(status, &error);
}

/* A comparison waits for an execve of either process; that takes a moment, or for ever. */
#define COMPARE_LIMIT_US 2000000
#define MAX_UNKNOWN 65536

static void free_comparison(void *arg)
{
	struct comparison *c = arg;

	free(c->scan.found);
	free(c->scan.dents);
	free(c->scan.unknown);
	free(c);
}

void look_comparison_free(struct comparison **c)
{
	if (*c)
		free_comparison(*c);
	*c = NULL;
}

static struct comparison *new_comparison(const struct look *look, const struct proc_ref *ref)
{
	struct comparison *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	*c = (struct comparison){ .self = look->self,
				  .ref = *ref,
				  .zombie = look->zombie,
				  .blind = look->blind,
				  .scan.capacity = MAX_SHARERS,
				  .scan.two_threads = sys_linux.cpus() > 1,
				  .scan.unknown_capacity = MAX_UNKNOWN };
	c->scan.found = calloc(c->scan.capacity, sizeof(*c->scan.found));
	c->scan.unknown = calloc(c->scan.unknown_capacity, sizeof(*c->scan.unknown));
	c->scan.dents = malloc(DENTS_SIZE);
	if (c->scan.found && c->scan.unknown && c->scan.dents)
		return c;
	free_comparison(c);
	return NULL;
}

static void compare(void *arg)
{
	struct comparison *c = arg;
	size_t n;

	c->err = observe_sharers(&sys_linux, &c->self, &c->ref, c->zombie, &c->scan);
	if (c->err == 0) {
		n = (size_t)c->scan.n_unknown;
		if (n > c->scan.unknown_capacity)
			n = c->scan.unknown_capacity;
		observe_unknown(&sys_linux, &c->self, &c->ref, c->scan.unknown, n, c->zombie,
				&c->blind);
		c->blind.n_unknown += (size_t)c->scan.n_unknown - n;
		c->blind.changed = c->scan.n_found > c->scan.capacity;
	} else if (c->err == -EPERM || c->err == -EACCES || c->err == -ENOSYS) {
		_cleanup_free_ pid_t *pids = NULL;
		ssize_t all = observe_pids(&sys_linux, &c->self, &pids);

		if (all < 0)
			return;
		c->scan.n_found = 0;
		observe_unknown(&sys_linux, &c->self, &c->ref, pids, (size_t)all, c->zombie,
				&c->blind);
		/* Where every other process was proved to be another, no right was needed. */
		c->blind.no_kcmp = c->err == -ENOSYS && c->blind.n_unknown;
		c->blind.no_right = c->err != -ENOSYS && c->blind.n_unknown;
		c->err = 0;
	}
}

int look_compare(const struct look *look, const struct proc_ref *ref, struct comparison **ret)
{
	struct comparison *c = new_comparison(look, ref);
	int err;

	*ret = NULL;
	if (c == NULL)
		return -ENOMEM;
	err = observe_within(COMPARE_LIMIT_US, compare, free_comparison, c);
	/* No thread can be made: then without a limit, but a signal ends it. */
	if (err == -EAGAIN) {
		compare(c);
		err = 0;
	}
	if (err == -ETIMEDOUT) {
		c = new_comparison(look, ref);
		if (c == NULL)
			return -ENOMEM;
		c->blind.blocked = true;
		err = 0;
	} else if (err == 0) {
		err = c->err;
	}
	*ret = c;
	return err;
}

static int list(void *arg, struct kernel_snapshot *ret)
{
	return kernelview_list(arg, ret);
}

struct kernel_source look_kernel_source(struct kernelview *view)
{
	return (struct kernel_source){ .list = list, .arg = view };
}

static enum exit_status say_no_kernel(int err, bool json)
{
	if (err == -EOPNOTSUPP)
		return report_error(json, STATUS_UNSUPPORTED,
				    "--source bpf: the kernel's own view is not built in");
	errno = -err;
	return report_error(json, STATUS_UNSUPPORTED,
			    "--source bpf: the kernel cannot be asked: %m");
}

enum exit_status look_open_kernel(const struct look *look, enum source source, int room, bool json,
				  struct kernelview **ret)
{
	int err;

	*ret = NULL;
	if (source != SOURCE_KCMP) {
		err = kernelview_open(false, ret);
		if (err < 0)
			*ret = NULL;
		if (err < 0 && source == SOURCE_BPF)
			return say_no_kernel(err, json);
	}
	if (selection_has_room(&look->self, room) == 0)
		return STATUS_OK;
	/* It holds some ten descriptors; without it the look may still be possible. */
	if (*ret && source == SOURCE_AUTO) {
		kernelview_close(*ret);
		*ret = NULL;
		if (selection_has_room(&look->self, room) == 0)
			return STATUS_OK;
	}
	return look_say_no_room(json);
}
