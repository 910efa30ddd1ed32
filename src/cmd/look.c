// SPDX-License-Identifier: GPL-2.0-or-later

#include <errno.h>
#include <mmreap/caller.h>
#include <mmreap/cleanup.h>
#include <mmreap/kernelview.h>
#include <mmreap/mounts.h>
#include <mmreap/report.h>
#include <string.h>
#include <sys/resource.h>

#include "look.h"

static void raise_file_limit(void)
{
	struct rlimit files;

	/* Two descriptors for each target. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

enum exit_status look_open(const struct target_list *list, bool json, struct look *ret)
{
	struct selection_error error;
	struct caller caller;
	pid_t zombie;

	*ret = (struct look){ .self.proc_fd = -1 };
	caller_load(&caller);
	if (observe_self(&sys_linux, &ret->self) < 0)
		return report_error(json, STATUS_FAILURE,
				    "/proc is not a mounted procfs: nothing can be told from it; "
				    "mount it");
	/* The numbers of another namespace name other processes here. */
	if (!caller.proc_is_ours)
		return report_error(json, STATUS_FAILURE,
				    "/proc belongs to another PID namespace: nothing can be told "
				    "from it; mount procfs anew in this one");
	if (mounts_load(&ret->mounts) < 0)
		return report_error(json, STATUS_FAILURE, "the mount table cannot be read");
	observe_blind(&caller, caller_in_group(ret->mounts.hidepid_gid), &ret->mounts, &ret->blind);
	raise_file_limit();
	if (selection_open(&sys_linux, &ret->self, list, &ret->selection, &error) < 0 ||
	    selection_add_members(&ret->selection, false, false, &error) < 0 ||
	    selection_resolve(&ret->selection, &ret->targets, &ret->n_targets, &error) < 0)
		return report_error(json, error.status, error.text);
	zombie = sys_linux.make_zombie();
	if (zombie < 0)
		return report_error(json, STATUS_FAILURE, strerror(-zombie));
	ret->zombie = zombie;
	return STATUS_OK;
}

void look_close(struct look *look)
{
	if (look->zombie > 0)
		sys_linux.drop_zombie(look->zombie);
	target_free(&sys_linux, look->targets, look->n_targets);
	selection_free(&look->selection);
	mounts_free(&look->mounts);
	cleanup_close(&look->self.proc_fd);
}

enum exit_status look_say_target(const struct target *t)
{
	enum exit_status status = outcome_status(t->outcome);
	const char *why = strerror(-t->err);

	if (status == STATUS_OK) /* a member of a selection that vanished */
		return status;
	switch (t->err) {
	case -ESRCH:
		why = "no such process";
		break;
	case -ESTALE:
		why = "no such process: the PID was reused, its inode is another";
		break;
	case -EOPNOTSUPP:
		why = "this kernel has no unique pidfs inodes (Linux 6.9): give the PID alone";
		break;
	case -EACCES:
		why = "it is there, but /proc does not show it (hidepid)";
		break;
	default:
		break;
	}
	report_say("%d: %s", (int)t->ref.pid, why);
	return status;
}

enum exit_status look_check_source(enum source source, bool json)
{
	int err = source == SOURCE_BPF ? kernelview_check() : 0;
	char text[160];

	if (err == 0)
		return STATUS_OK;
	if (err == -EOPNOTSUPP)
		return report_error(json, STATUS_UNSUPPORTED,
				    "--source bpf: the kernel's own view is not built in");
	snprintf(text, sizeof(text), "--source bpf: the kernel cannot be asked: %s",
		 strerror(-err));
	return report_error(json, STATUS_UNSUPPORTED, text);
}
