// SPDX-License-Identifier: GPL-2.0-or-later

/* `probe`: what was tried, in words. One function for each capability. */

#include "cells.h"
#include <errno.h>
#include <string.h>

enum probe_column { PROBE_CAPABILITY, PROBE_STATE, PROBE_CONSEQUENCE, PROBE_HOW };

static const struct column probe_columns[] = {
	[PROBE_CAPABILITY] = { "capability", CELL_TEXT, N_("what is needed for something") },
	[PROBE_STATE] = { "state", CELL_TEXT, N_("whether it is there") },
	[PROBE_CONSEQUENCE] = { "consequence", CELL_TEXT, N_("what follows for mmreap") },
	[PROBE_HOW] = { "how", CELL_TEXT, N_("how it was found out") },
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
	.prose = 1ULL << PROBE_STATE | 1ULL << PROBE_CONSEQUENCE | 1ULL << PROBE_HOW,
	.get = probe_get,
};

/* --- words ------------------------------------------------------------------------------ */

static const char *error_name(int err)
{
	const char *name = err < 0 ? text_errno(-err) : "0";

	return name ? name : "an error";
}

/* States are words of the interface; what follows from them, and how that was found, is language. */
#define STATE(...) snprintf(row->state, sizeof(row->state), __VA_ARGS__)
#define TELL(field, format, ...) \
	snprintf(row->field, sizeof(row->field), words_one(row->words, format), ##__VA_ARGS__)

/* What failed on the way to a trial is not the fault of what was to be tried. */
static bool is_untried(struct probe_row *row, int err)
{
	if (err != -ECHILD)
		return false;
	STATE("unknown");
	TELL(consequence, "could not be tried");
	TELL(how, "an earlier step failed");
	return true;
}

/* @good, @bad: what follows; @call: what was tried on the child */
static void say_call(struct probe_row *row, int err, const char *good, const char *bad,
		     const char *call)
{
	if (is_untried(row, err))
		return;
	STATE("%s", err == 0 ? "yes" : "no");
	snprintf(row->consequence, sizeof(row->consequence), "%s",
		 words_one(row->words, err == 0 ? good : bad));
	TELL(how, "%s on a child of its own gave %s", call, error_name(err));
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

	if (is_untried(row, f->child_err ? -ECHILD : 0)) {
		TELL(how, "no child could be made: %s", error_name(f->child_err));
		return;
	}
	STATE("%s", works ? "yes" : "no");
	TELL(consequence,
	     !works		? N_("mmreap kill can only kill and wait")
	     : f->stop_err == 0 ? N_("mmreap kill gives memory back at once")
				: N_("mmreap kill gives memory back, if the victim is not faster"));
	if (f->pidfd_err)
		TELL(how, "no pidfd for a child of its own: %s", error_name(f->pidfd_err));
	else if (f->signal_err)
		TELL(how, "SIGKILL to a child of its own gave %s", error_name(f->signal_err));
	else if (f->reap_err == 0 && f->rss_before_bytes != UNKNOWN)
		TELL(how, "killed and reaped a child of %lld KiB in %lld us",
		     (long long)f->rss_before_bytes / 1024, (long long)f->reap_us);
	else
		TELL(how, "killed a child of its own, process_mrelease gave %s",
		     error_name(f->reap_err));
}

static void say_mrelease(const struct probe_facts *f, struct probe_row *row)
{
	TELL(how, "process_mrelease(-1, 0) gave %s", error_name(f->mrelease_err));
	if (f->mrelease_err == -EBADF) {
		STATE("yes");
		TELL(consequence, "the memory of who is dying can be taken back");
	} else {
		STATE("%s", f->mrelease_err == -ENOSYS ? "no" : "filtered");
		TELL(consequence,
		     f->mrelease_err == -ENOSYS
			     ? N_("kill only: the kernel lacks the call, or a filter says so")
			     : N_("kill only: a filter (seccomp) forbids the call"));
	}
}

static void say_flag(const struct probe_facts *f, struct probe_row *row)
{
	bool known = f->flag_err == -EBADF;

	STATE("%s", known ? "yes" : "no");
	TELL(consequence, known ? N_("one call can kill and reap")
			  : f->mrelease_err == -EBADF
				  ? N_("two calls: kill, then reap; nothing is lost by it")
				  : N_("there is no call that could take it"));
	TELL(how, "process_mrelease(-1, PROCESS_MRELEASE_REAP_KILL) gave %s",
	     error_name(f->flag_err));
}

static void say_pidfd(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->pidfd_err, N_("processes are held, not numbered"),
		 N_("nothing can be killed safely"), "pidfd_open()");
}

static void say_inode(const struct probe_facts *f, struct probe_row *row)
{
	if (is_untried(row, f->pidfd_err ? -ECHILD : 0))
		return;
	STATE("%s", f->inode ? "yes" : "no");
	TELL(consequence, f->inode ? N_("PID:INODE names one process for ever")
				   : N_("PID:INODE is refused: inodes are not unique"));
	TELL(how, f->inode ? N_("fstatfs() of a pidfd says pidfs")
			   : N_("fstatfs() of a pidfd does not say pidfs"));
}

static void say_info(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->info_err, N_("the exit status of any process held is told"),
		 N_("the exit status of others' children is not told"), "PIDFD_GET_INFO");
}

static void say_kcmp(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->kcmp_err, N_("sharers of memory are found"),
		 N_("sharers of memory are not known"), "kcmp(KCMP_VM)");
}

static void say_kernelview(const struct probe_facts *f, struct probe_row *row)
{
	STATE("%s", f->kernelview_err ? "no" : "yes");
	TELL(consequence, f->kernelview_err
				  ? N_("sharers are found by kcmp; no mm_users, no events")
				  : N_("the kernel itself tells sharers, mm_users, events"));
	if (f->kernelview_err == -EOPNOTSUPP)
		TELL(how, "this mmreap was built without it");
	else
		TELL(how, "loading it gave %s", error_name(f->kernelview_err));
}

/* Nothing is concluded from a table that could not be read. */
static bool has_no_mounts(const struct probe_facts *f, struct probe_row *row)
{
	if (f->mounts_err == 0)
		return false;
	STATE("unknown");
	TELL(consequence, "only PIDs can name targets, and nothing can be thawed");
	TELL(how, "reading the mount table gave %s", error_name(f->mounts_err));
	return true;
}

static void say_proc(const struct probe_facts *f, struct probe_row *row)
{
	TELL(how, "mount options of /proc, and /proc/self");
	if (!f->proc_is_ours) {
		STATE("foreign");
		TELL(consequence, "/proc shows another PID namespace: mount it anew");
	} else if (f->mounts_err) {
		STATE("unknown");
		TELL(consequence, "whether it hides processes is not known");
	} else if (f->hidepid) {
		STATE("hidepid=%u", f->hidepid);
		if (f->exempt)
			TELL(consequence, "none: this user is exempt");
		else if (f->hidepid == 1)
			TELL(consequence, "others' processes are seen, not their files");
		else
			TELL(consequence, "processes of other users are not seen");
	} else {
		STATE("%s", f->subset_pid ? "subset=pid" : "yes");
		TELL(consequence, "all processes are seen");
	}
}

static void say_namespaces(const struct probe_facts *f, struct probe_row *row)
{
	STATE("%s", f->initial_pid_ns && f->initial_user_ns ? "initial"
		    : f->initial_pid_ns			    ? "child (user)"
		    : f->initial_user_ns		    ? "child (PID)"
							    : "child (user, PID)");
	TELL(consequence,
	     !f->initial_pid_ns	   ? N_("processes outside are not seen: sharers are incomplete")
	     : !f->initial_user_ns ? N_("capabilities hold for processes of this namespace only")
				   : N_("everything can be seen"));
	TELL(how, "inode numbers of /proc/self/ns/pid and user");
}

static void say_cgroups(const struct probe_facts *f, struct probe_row *row)
{
	if (has_no_mounts(f, row))
		return;
	STATE("%s", f->cgroup2 && f->memory_v1	    ? "v2, v1"
		    : f->cgroup2		    ? "v2"
		    : f->memory_v1 || f->freezer_v1 ? "v1"
						    : "no");
	TELL(consequence, f->cgroup2 || f->memory_v1 || f->freezer_v1
				  ? N_("--cgroup can name them")
				  : N_("--cgroup has nothing to name"));
	TELL(how, "mount table");
}

static void say_freezer(const struct probe_facts *f, struct probe_row *row)
{
	if (has_no_mounts(f, row))
		return;
	STATE("%s%s%s", f->freezer_v1 ? "v1" : "", f->freezer_v1 && f->freezer_v2 == 1 ? ", " : "",
	      f->freezer_v2 == 1 ? "v2"
	      : f->freezer_v1	 ? ""
				 : "no");
	TELL(consequence,
	     f->freezer_v1 ? N_("a v1-frozen victim is reaped, and exits only thawed (--thaw)")
			   : N_("nothing here can keep a killed process from exiting"));
	TELL(how, f->freezer_v2 == UNKNOWN
			  ? N_("mount table; cgroup.freeze of its own cgroup: the root has none")
			  : N_("mount table; cgroup.freeze of its own cgroup"));
}

static void say_hold(const struct probe_facts *f, struct probe_row *row)
{
	if (is_untried(row, f->hold_err))
		return;
	STATE("%s", f->stop_err == 0 ? "trace" : "no");
	TELL(consequence,
	     f->stop_err == 0 ? N_("the reap comes before the victim's own exit")
			      : N_("a victim may exit before the reap: that is left to its exit"));
	TELL(how,
	     f->hold_err ? N_("PTRACE_SEIZE of a child of its own gave %s")
	     : f->stop_err == 0
		     ? N_("PTRACE_SEIZE of a child of its own gave %s, and its exit stop "
			  "came")
		     : N_("PTRACE_SEIZE of a child of its own gave %s, and its exit stop "
			  "did not come"),
	     error_name(f->hold_err));
}

static void say_robust(const struct probe_facts *f, struct probe_row *row)
{
	int err = f->lists_err ? f->lists_err : f->mem_err;

	say_call(row, err, N_("robust futexes are handed over before a reap"),
		 N_("no reap where a robust futex may be lost"),
		 f->lists_err ? "get_robust_list()" : "open(/proc/PID/mem)");
}

static void say_mm(const struct probe_facts *f, struct probe_row *row)
{
	bool works = f->mm_before && f->mm_after;

	if (is_untried(row, f->pidfd_err ? -ECHILD : 0))
		return;
	STATE("%s", works ? "yes" : "no");
	TELL(consequence, works ? N_("it is seen whether memory is still referenced")
				: N_("\"exited\" is all that can be said of memory"));
	TELL(how, "pagemap of a child of its own, living and dead");
}

static void say_boost(const struct probe_facts *f, struct probe_row *row)
{
	say_call(row, f->boost_err, N_("an exit that lags can be hurried"),
		 N_("an exit that lags is waited for"), "sched_setattr()");
}

static void say_memlock(const struct probe_facts *f, struct probe_row *row)
{
	if (f->memlock_bytes == UNKNOWN)
		STATE("unlimited");
	else
		STATE("%lld KiB", (long long)f->memlock_bytes / 1024);
	TELL(consequence, "so much of mmreap can be kept in memory when there is none left");
	TELL(how, "RLIMIT_MEMLOCK");
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
		STATE("none");
	TELL(consequence, !(f->caps >> 5 & 1) ? N_("only processes of this user can be killed")
			  : f->initial_user_ns
				  ? N_("processes of other users can be killed")
				  : N_("processes of this user namespace can be killed"));
	TELL(how, "CapEff in /proc/self/status");
}

static void say_yama(const struct probe_facts *f, struct probe_row *row)
{
	if (f->yama == UNKNOWN) {
		TELL(how, "/proc/sys/kernel/yama/ptrace_scope: not there");
		STATE("no");
		TELL(consequence, "it restricts nothing");
		return;
	}
	TELL(how, "/proc/sys/kernel/yama/ptrace_scope");
	STATE("%lld", (long long)f->yama);
	TELL(consequence,
	     f->yama == 0	 ? N_("it restricts nothing")
	     : f->yama >= 3	 ? N_("no process can be held: nobody may trace")
	     : f->caps >> 19 & 1 ? N_("none: sys_ptrace is exempt")
	     : f->yama == 1
		     ? N_("only descendants of mmreap can be held: robust futexes are not seen")
		     : N_("no process can be held without sys_ptrace"));
}

size_t explain_probe(const struct probe_facts *facts, const struct words *words,
		     struct probe_row rows[PROBE_MAX_ROWS])
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
		rows[i] = (struct probe_row){ .capability = capabilities[i].capability,
					      .words = words };
		capabilities[i].say(facts, &rows[i]);
	}
	return n;
}
