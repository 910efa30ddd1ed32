// SPDX-License-Identifier: GPL-2.0-or-later

/* The process list of libproc2; nothing else includes it. */

#include <ctype.h>
#include <errno.h>
#include <libproc2/pids.h>
#include <stdbool.h>
#include <string.h>

#include <late/sonames.h>
#include <mmreap/late.h>
#include <mmreap/scan.h>

#define FUNCTIONS(F) F(procps_pids_new) F(procps_pids_get) F(procps_pids_unref)
LATE_LIBRARY(proc2, FUNCTIONS, LATE_SONAME_PROC2, "names", "recommended",
	     "processes by name: --comm");

/* The library rewrites what a terminal could not bear: such names are for the caller to compare. */
static bool is_plain(const char *name)
{
	for (; *name; name++)
		if (!isascii((unsigned char)*name) || !isprint((unsigned char)*name))
			return false;
	return true;
}

int scan_library(const char *comm, struct pid_list *ret)
{
	enum pids_item items[] = { PIDS_ID_PID, PIDS_CMD };
	struct pids_info *info = NULL;
	struct pids_stack *stack;
	bool plain = is_plain(comm);
	int err = late_load(&proc2_library);

	if (err == 0)
		err = proc2.procps_pids_new(&info, items, 2);
	if (err < 0)
		return err;
	while (err == 0 && (stack = proc2.procps_pids_get(info, PIDS_FETCH_TASKS_ONLY))) {
		/* PIDS_VAL has three arguments or four, by version: read the results themselves. */
		const char *name = stack->head[1].result.str;

		/* NULL for a process that is on its way out (4.0.4) */
		if (!plain || name == NULL || strcmp(name, comm) == 0)
			err = pid_list_add(ret, stack->head[0].result.s_int);
	}
	proc2.procps_pids_unref(&info);
	return err;
}
