// SPDX-License-Identifier: GPL-2.0-or-later

/* `probe`: what was tried, in words. One function for each capability. */

#include "cells.h"
#include <errno.h>
#include <string.h>

enum probe_column { PROBE_CAPABILITY, PROBE_STATE, PROBE_CONSEQUENCE, PROBE_HOW };

static const struct column probe_columns[] = {
	[PROBE_CAPABILITY] = { "capability", CELL_TEXT, "what is needed for something" },
	[PROBE_STATE] = { "state", CELL_TEXT, "whether it is there" },
	[PROBE_CONSEQUENCE] = { "consequence", CELL_TEXT, "what follows for mmreap" },
	[PROBE_HOW] = { "how", CELL_TEXT, "how it was found out" },
};

static void probe_get(const void *data, unsigned int column, struct cell *ret)
{
	const struct probe_row *row = data;

	switch ((enum probe_column)column) {
	case PROBE_CAPABILITY:
		set_text(ret, row->capability);
		break;
	case PROBE_STATE:
		set_text(ret, row->state);
		break;
	case PROBE_CONSEQUENCE:
		set_text(ret, row->consequence);
		break;
	case PROBE_HOW:
		set_text(ret, row->how);
		break;
	}
}

const struct row_table report_table_probe = {
	.key = "probe",
	.columns = probe_columns,
	.n_columns = sizeof(probe_columns) / sizeof(probe_columns[0]),
	.defaults = "capability,state,consequence,how",
	.get = probe_get,
};

/* --- words ------------------------------------------------------------------------------ */

static const char *error_name(int err)
{
	const char *name = err < 0 ? text_errno(-err) : "0";

	return name ? name : "an error";
}

#define SAY(field, ...) snprintf(row->field, sizeof(row->field), __VA_ARGS__)

/* What failed on the way to a trial is not the fault of what was to be tried. */
static bool is_untried(struct probe_row *row, int err)
{
	if (err != -ECHILD)
		return false;
	SAY(state, "unknown");
	SAY(consequence, "could not be tried");
	SAY(how, "an earlier step failed");
	return true;
}

static void say_call(struct probe_row *row, int err, const char *good, const char *bad,
		     const char *call)
{
	if (is_untried(row, err))
		return;
	SAY(state, "%s", err == 0 ? "yes" : "no");
	SAY(consequence, "%s", err == 0 ? good : bad);
	SAY(how, "%s on a child of its own gave %s", call, error_name(err));
}

bool probe_works(const struct probe_facts *f)
{
	/* ESRCH with an exit seen: the child was faster. The call is there, and it is permitted. */
	return f->mrelease_err == -EBADF && f->signal_err == 0 &&
	       (f->reap_err == 0 || (f->reap_err == -ESRCH && f->exited));
}

static void say_works(const struct probe_facts *f, struct probe_row *row)
{
	bool works = probe_works(f);

	SAY(state, "%s", works ? "yes" : "no");
	SAY(consequence, "%s",
	    !works	       ? "mmreap kill can only kill and wait"
	    : f->stop_err == 0 ? "mmreap kill gives memory back at once"
			       : "mmreap kill gives memory back, if the victim is not faster");
	if (f->child_err)
		SAY(how, "no child could be made: %s", error_name(f->child_err));
	else if (f->pidfd_err)
		SAY(how, "no pidfd for a child of its own: %s", error_name(f->pidfd_err));
	else if (f->signal_err)
		SAY(how, "SIGKILL to a child of its own gave %s", error_name(f->signal_err));
	else if (f->reap_err == 0 && f->rss_before_bytes != UNKNOWN)
		SAY(how, "killed and reaped a child of %lld KiB in %lld us",
		    (long long)f->rss_before_bytes / 1024, (long long)f->reap_us);
	else
		SAY(how, "killed a child of its own, process_mrelease gave %s",
		    error_name(f->reap_err));
}

static void say_mrelease(const struct probe_facts *f, struct probe_row *row)
{
	SAY(how, "process_mrelease(-1, 0) gave %s", error_name(f->mrelease_err));
	if (f->mrelease_err == -EBADF) {
		SAY(state, "yes");
		SAY(consequence, "the memory of who is dying can be taken back");
	} else {
		SAY(state, "%s", f->mrelease_err == -ENOSYS ? "no" : "filtered");
		SAY(consequence, "%s",
		    f->mrelease_err == -ENOSYS
			    ? "kill only: the kernel lacks the call, or a filter says so"
			    : "kill only: a filter (seccomp) forbids the call");
	}
}

static void say_flag(const struct probe_facts *f, struct probe_row *row)
{
	bool known = f->flag_err == -EBADF;

	SAY(state, "%s", known ? "yes" : "no");
	SAY(consequence, "%s",
	    known			? "one call can kill and reap"
	    : f->mrelease_err == -EBADF ? "two calls: kill, then reap; nothing is lost by it"
					: "there is no call that could take it");
	SAY(how, "process_mrelease(-1, PROCESS_MRELEASE_REAP_KILL) gave %s",
	    error_name(f->flag_err));
}

static void say_pidfd(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->pidfd_err, "processes are held, not numbered",
		 "nothing can be killed safely", "pidfd_open()");
}

static void say_inode(const struct probe_facts *f, struct probe_row *row)
{
	if (is_untried(row, f->pidfd_err ? -ECHILD : 0))
		return;
	SAY(state, "%s", f->inode ? "yes" : "no");
	SAY(consequence, "%s",
	    f->inode ? "PID:INODE names one process for ever"
		     : "PID:INODE is refused: inodes are not unique");
	SAY(how, "fstatfs() of a pidfd %s pidfs", f->inode ? "says" : "does not say");
}

static void say_info(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->info_err, "the exit status of any process held is told",
		 "the exit status of others' children is not told", "PIDFD_GET_INFO");
}

static void say_kcmp(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->kcmp_err, "sharers of memory are found", "sharers of memory are not known",
		 "kcmp(KCMP_VM)");
}

static void say_kernelview(const struct probe_facts *f, struct probe_row *row)
{
	SAY(state, "%s", f->kernelview_err ? "no" : "yes");
	SAY(consequence, "%s",
	    f->kernelview_err ? "sharers are found by kcmp; no mm_users, no events"
			      : "the kernel itself tells sharers, mm_users, events");
	if (f->kernelview_err == -EOPNOTSUPP)
		SAY(how, "this mmreap was built without it");
	else
		SAY(how, "loading it gave %s", error_name(f->kernelview_err));
}

static void say_proc(const struct probe_facts *f, struct probe_row *row)
{
	SAY(how, "mount options of /proc, and /proc/self");
	if (!f->proc_is_ours) {
		SAY(state, "foreign");
		SAY(consequence, "/proc shows another PID namespace: mount it anew");
	} else if (f->hides) {
		SAY(state, "hidepid=%u", f->hidepid);
		SAY(consequence, "processes of other users are not seen");
	} else if (f->hidepid) {
		SAY(state, "hidepid=%u", f->hidepid);
		SAY(consequence, "%s",
		    f->hidepid == 1 ? "others' processes are seen, not their files"
				    : "none: this user is exempt");
	} else {
		SAY(state, "%s", f->subset_pid ? "subset=pid" : "yes");
		SAY(consequence, "all processes are seen");
	}
}

static void say_namespaces(const struct probe_facts *f, struct probe_row *row)
{
	SAY(state, "%s",
	    f->initial_pid_ns && f->initial_user_ns ? "initial"
	    : f->initial_pid_ns			    ? "child (user)"
	    : f->initial_user_ns		    ? "child (PID)"
						    : "child (user, PID)");
	SAY(consequence, "%s",
	    !f->initial_pid_ns	  ? "processes outside are not seen: sharers are incomplete"
	    : !f->initial_user_ns ? "capabilities hold for processes of this namespace only"
				  : "everything can be seen");
	SAY(how, "inode numbers of /proc/self/ns/pid and user");
}

static void say_cgroups(const struct probe_facts *f, struct probe_row *row)
{
	SAY(state, "%s",
	    f->cgroup2 && f->memory_v1	    ? "v2, v1"
	    : f->cgroup2		    ? "v2"
	    : f->memory_v1 || f->freezer_v1 ? "v1"
					    : "no");
	SAY(consequence, "%s",
	    f->cgroup2 || f->memory_v1 || f->freezer_v1 ? "--cgroup can name them"
							: "--cgroup has nothing to name");
	SAY(how, "mount table");
}

static void say_freezer(const struct probe_facts *f, struct probe_row *row)
{
	SAY(state, "%s%s%s", f->freezer_v1 ? "v1" : "",
	    f->freezer_v1 && f->freezer_v2 == 1 ? ", " : "",
	    f->freezer_v2 == 1 ? "v2"
	    : f->freezer_v1    ? ""
			       : "no");
	SAY(consequence, "%s",
	    f->freezer_v1 ? "a v1-frozen victim is reaped, and exits only thawed (--thaw)"
			  : "nothing here can keep a killed process from exiting");
	SAY(how, "mount table; cgroup.freeze of its own cgroup%s",
	    f->freezer_v2 == UNKNOWN ? ": the root has none" : "");
}

static void say_hold(const struct probe_facts *f, struct probe_row *row)
{
	if (is_untried(row, f->hold_err))
		return;
	SAY(state, "%s", f->stop_err == 0 ? "trace" : "no");
	SAY(consequence, "%s",
	    f->stop_err == 0 ? "the reap comes before the victim's own exit"
			     : "a victim may exit before the reap: that is left to its exit");
	SAY(how, "PTRACE_SEIZE of a child of its own gave %s%s", error_name(f->hold_err),
	    f->hold_err	       ? ""
	    : f->stop_err == 0 ? ", and its exit stop came"
			       : ", and its exit stop did not come");
}

static void say_robust(const struct probe_facts *f, struct probe_row *row)
{
	int err = f->lists_err ? f->lists_err : f->mem_err;

	say_call(row, err, "robust futexes are handed over before a reap",
		 "no reap where a robust futex may be lost",
		 f->lists_err ? "get_robust_list()" : "opening /proc/PID/mem");
}

static void say_mm(const struct probe_facts *f, struct probe_row *row)
{
	bool works = f->mm_before && f->mm_after;

	if (is_untried(row, f->pidfd_err ? -ECHILD : 0))
		return;
	SAY(state, "%s", works ? "yes" : "no");
	SAY(consequence, "%s",
	    works ? "it is seen whether memory is still referenced"
		  : "\"exited\" is all that can be said of memory");
	SAY(how, "pagemap of a child of its own, living and dead");
}

static void say_boost(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->boost_err, "an exit that lags can be hurried",
		 "an exit that lags is waited for", "raising its priority");
}

static void say_memlock(const struct probe_facts *f, struct probe_row *row)
{
	if (f->memlock_bytes == UNKNOWN)
		SAY(state, "unlimited");
	else
		SAY(state, "%lld KiB", (long long)f->memlock_bytes / 1024);
	SAY(consequence, "so much of mmreap can be kept in memory when there is none left");
	SAY(how, "RLIMIT_MEMLOCK");
}

static void say_caps(const struct probe_facts *f, struct probe_row *row)
{
	static const struct {
		int bit;
		const char *name;
	} caps[] = {
		{ 5, "kill" },	    { 14, "ipc_lock" },	    { 19, "sys_ptrace" },
		{ 23, "sys_nice" }, { 24, "sys_resource" }, { 38, "perfmon" },
		{ 39, "bpf" },
	};
	size_t used = 0;

	for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++)
		if (f->caps >> caps[i].bit & 1)
			used += (size_t)snprintf(row->state + used, sizeof(row->state) - used,
						 "%s%s", used ? "," : "", caps[i].name);
	if (used == 0)
		SAY(state, "none");
	SAY(consequence, "%s",
	    !(f->caps >> 5 & 1)	 ? "only processes of this user can be killed"
	    : f->initial_user_ns ? "processes of other users can be killed"
				 : "processes of this user namespace can be killed");
	SAY(how, "CapEff in /proc/self/status");
}

static void say_yama(const struct probe_facts *f, struct probe_row *row)
{
	SAY(how, "/proc/sys/kernel/yama/ptrace_scope%s", f->yama == UNKNOWN ? ": not there" : "");
	if (f->yama == UNKNOWN) {
		SAY(state, "no");
		SAY(consequence, "it restricts nothing");
		return;
	}
	SAY(state, "%lld", (long long)f->yama);
	SAY(consequence, "%s",
	    f->yama == 0	? "it restricts nothing"
	    : f->yama >= 3	? "no process can be held: nobody may trace"
	    : f->caps >> 19 & 1 ? "none: sys_ptrace is exempt"
	    : f->yama == 1 ? "only descendants of mmreap can be held: robust futexes are not seen"
			   : "no process can be held without sys_ptrace");
}

size_t explain_probe(const struct probe_facts *facts, struct probe_row rows[PROBE_MAX_ROWS])
{
	static const struct {
		const char *capability;
		void (*say)(const struct probe_facts *f, struct probe_row *row);
	} capabilities[] = {
		{ "kill-and-reap", say_works },
		{ "process_mrelease", say_mrelease },
		{ "reap-kill-flag", say_flag },
		{ "pidfd", say_pidfd },
		{ "pidfs-inodes", say_inode },
		{ "pidfd-info", say_info },
		{ "hold", say_hold },
		{ "robust-lists", say_robust },
		{ "pagemap-test", say_mm },
		{ "kcmp", say_kcmp },
		{ "kernel-view", say_kernelview },
		{ "boost", say_boost },
		{ "procfs", say_proc },
		{ "namespaces", say_namespaces },
		{ "cgroups", say_cgroups },
		{ "freezer", say_freezer },
		{ "memlock", say_memlock },
		{ "capabilities", say_caps },
		{ "yama", say_yama },
	};
	const size_t n = sizeof(capabilities) / sizeof(capabilities[0]);

	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct probe_row){ .capability = capabilities[i].capability };
		capabilities[i].say(facts, &rows[i]);
	}
	return n;
}
