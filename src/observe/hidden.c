/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a look at all processes cannot see. Pure: from facts about the caller and the mount table.
 * A procfs with hidepid=noaccess shows that a process is there; subset=pid hides files, no process.
 */
#include <mmreap/caller.h>
#include <mmreap/mounts.h>
#include <mmreap/observe.h>

bool observe_sees_hidden(const struct caller *caller)
{
	/* In a user namespace the capability is one over its own processes only. */
	return caller_has(caller, CALLER_CAP_SYS_PTRACE) && caller->initial_user_ns;
}

/*
 * fs/proc/base.c:has_pid_permissions(). The mount table gives the group's number in the initial user
 * namespace (proc_show_options()); our own are those in ours.
 */
bool observe_is_exempt(const struct caller *caller, bool in_hidepid_group,
		       const struct mounts *mounts)
{
	return observe_sees_hidden(caller) || (in_hidepid_group && caller->initial_user_ns &&
					       mounts->hidepid != HIDEPID_PTRACEABLE);
}

void observe_blind(const struct caller *caller, bool in_hidepid_group, const struct mounts *mounts,
		   struct blind *ret)
{
	bool invisible =
		mounts->hidepid == HIDEPID_INVISIBLE || mounts->hidepid == HIDEPID_PTRACEABLE;

	*ret = (struct blind){
		.hidepid = invisible && !observe_is_exempt(caller, in_hidepid_group, mounts),
		.pid_ns = !caller->initial_pid_ns,
	};
}

bool blind_is(const struct blind *b)
{
	return b->n_unknown || b->no_right || b->no_kcmp || b->hidepid || b->pid_ns || b->blocked ||
	       b->changed || b->err;
}
