// SPDX-License-Identifier: GPL-2.0-or-later

/* --comm: names to PIDs. */

#include <errno.h>
#include <string.h>

#include <mmreap/select.h>

int select_comm(const struct sys *sys, const struct run_self *self, const char *comm,
		struct pid_list *ret)
{
	struct pid_list found = { 0 };
	int err = scan_comm(comm, &found);

	for (size_t i = 0; err == 0 && i < found.n; i++) {
		struct proc_ref ref;
		pid_t leader;
		int failed;

		if (found.pids[i] == self->pid)
			continue;
		failed = target_hold(sys, self, found.pids[i], 0, &ref, &leader);
		/* Not to be opened is not gone. */
		if (failed == -EMFILE || failed == -ENFILE || failed == -ENOMEM)
			err = failed;
		if (failed < 0)
			continue;
		if (strcmp(ref.comm, comm) == 0)
			err = pid_list_add(ret, ref.pid);
		target_release(sys, &ref);
	}
	pid_list_free(&found);
	return err;
}
