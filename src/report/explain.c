// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * A row of `kill` → one sentence. Pure.
 *
 * Rule: only what the row says was observed, and the next step for who reads it. What is UNKNOWN
 * is not mentioned; that a process exited says nothing about its memory.
 */

#include <mmreap/report.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

struct sentence {
	char *at;
	size_t left;
	bool bytes;
};

__attribute__((format(printf, 2, 3))) static void add(struct sentence *s, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(s->at, s->left, format, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n >= s->left)
		n = s->left ? (int)s->left - 1 : 0;
	s->at += n;
	s->left -= (size_t)n;
}

static void add_size(struct sentence *s, int64_t n_bytes)
{
	char text[32];

	text_size(n_bytes, s->bytes, text, sizeof(text));
	add(s, "%s", text);
}

static void add_time(struct sentence *s, const char *before, int64_t us)
{
	char text[32];

	if (us == UNKNOWN)
		return;
	text_time(us, text, sizeof(text));
	add(s, "%s%s", before, text);
}

static void add_proc(struct sentence *s, const struct proc_id *id)
{
	char comm[4 * COMM_SIZE];

	text_escape(id->comm, comm, sizeof(comm));
	add(s, "%d%s%s", id->pid, *comm ? " " : "", comm);
}

static void add_count(struct sentence *s, int64_t n)
{
	add(s, "%lld %s", (long long)n, n == 1 ? "process" : "processes");
}

/* "2 processes (4712 java, 4800 java)" */
static void add_sharers(struct sentence *s, const struct kill_row *row)
{
	int64_t shown = row->n_sharers < ROW_SHARERS ? row->n_sharers : ROW_SHARERS;

	if (row->n_sharers <= 0) {
		add(s, "other processes");
		return;
	}
	add_count(s, row->n_sharers);
	for (int64_t i = 0; i < shown; i++) {
		add(s, i ? ", " : " (");
		add_proc(s, &row->sharers[i].id);
	}
	if (row->n_sharers > shown)
		add(s, " and %lld more", (long long)(row->n_sharers - shown));
	add(s, ")");
}

/* "43.9 GiB of 44.0 GiB unmapped"; false where the figures are not known. */
static bool add_unmapped(struct sentence *s, const struct kill_row *row)
{
	if (row->unmapped_bytes == UNKNOWN)
		return false;
	add_size(s, row->unmapped_bytes);
	if (row->rss_before_bytes != UNKNOWN) {
		add(s, " of ");
		add_size(s, row->rss_before_bytes);
	}
	add(s, " unmapped");
	if (row->freed_bytes != UNKNOWN) {
		add(s, " (");
		add_size(s, row->freed_bytes);
		add(s, " freed)");
	}
	return true;
}

static void add_exited(struct sentence *s, const struct kill_row *row)
{
	if (!row->exited)
		return;
	add(s, ", exited");
	add_time(s, " after ", row->exit_us);
}

static void add_errno(struct sentence *s, int err)
{
	const char *name = text_errno(err);

	if (name)
		add(s, "%s", name);
	else
		add(s, "error %d", err);
}

static void add_vfork(struct sentence *s, const struct kill_row *row)
{
	bool child = row->n_sharers == 1 && row->sharers[0].relation == RELATION_VFORK_CHILD;
	bool parent = row->n_sharers == 1 && row->sharers[0].relation == RELATION_VFORK_PARENT;

	if (!child && !parent) {
		add(s, "its memory is shared with ");
		add_sharers(s, row);
		add(s, " until a vfork child calls exec");
		return;
	}
	add(s, child ? "its memory is shared until its vfork child "
		     : "its memory is shared, as it is a vfork child of ");
	add_proc(s, &row->sharers[0].id);
	if (child)
		add(s, " calls exec");
	else
		add(s, " and has not called exec");
}

/*
 * The reason as a clause, with the next step after a semicolon. Each is whole by itself, so that a
 * pair of outcome and reason that nobody thought of still makes a sentence.
 */
static void add_reason(struct sentence *s, const struct kill_row *row)
{
	switch (row->reason) {
	case REASON_NONE:
		break;

	case REASON_INIT:
		add(s, "it is the init of this PID namespace");
		break;
	case REASON_KTHREAD:
		add(s, "it is a kernel thread and has no memory of its own");
		break;
	case REASON_SELF:
		add(s, "it is mmreap itself");
		break;
	case REASON_ANCESTOR:
		add(s, "mmreap runs below it; use --allow-ancestors if it is really meant");
		break;
	case REASON_SHARED:
		add(s, "its memory is shared with ");
		add_sharers(s, row);
		add(s, "; use --sharers=kill or --sharers=spare");
		break;
	case REASON_SHARED_VFORK:
		add_vfork(s, row);
		add(s, "; try again, or use --sharers=kill or --sharers=spare");
		break;

	case REASON_NO_RIGHT_TO_SIGNAL:
		if (row->err == EINVAL)
			add(s, "it is outside the PID namespace of mmreap");
		else
			add(s, "no right to signal it; run mmreap as its user or as root");
		break;
	case REASON_NO_RIGHT_TO_SHARER:
		add(s, "no right to signal ");
		add_proc(s, &row->obstacle);
		add(s, ", which shares its memory; run mmreap as root, or use --sharers=spare");
		break;
	case REASON_NO_RIGHT_TO_LISTS:
		add(s,
		    "no right to read its robust futexes; run mmreap as root, or use --robust=ignore");
		break;
	case REASON_SHARER_PROTECTED:
		if (row->obstacle.pid)
			add_proc(s, &row->obstacle);
		else
			add(s, "a process");
		add(s, " that shares its memory is protected; use --sharers=spare");
		break;

	case REASON_NOT_FOUND:
		if (!row->obstacle.pid) {
			add(s, "there is none with this number");
			break;
		}
		add(s, "it is a thread of ");
		add_proc(s, &row->obstacle);
		add(s, "; give that PID");
		break;
	case REASON_INODE_DIFFERS:
		add(s, "the PID was reused by another one");
		break;

	case REASON_NO_PIDFS_INODE:
		add(s, "this kernel has no inode per process (Linux 6.9); give the PID alone");
		break;
	case REASON_NO_FLAG:
		add(s, "this kernel does not know PROCESS_MRELEASE_REAP_KILL; leave out --method");
		break;
	case REASON_NO_MRELEASE:
		add(s, "there is no process_mrelease (Linux 5.15), or a filter forbids it");
		break;
	case REASON_FLAG_NEEDS_IGNORE:
		add(s, "it has robust futexes that the one call would lose; leave out --method, "
		       "or use --robust=ignore");
		break;
	case REASON_FLAG_SHARED:
		add(s, "its memory is shared with ");
		add_sharers(s, row);
		add(s, ", and the one call is unsafe then; leave out --method");
		break;
	case REASON_FLAG_INIT:
		add(s, "it is the init of a PID namespace, and the one call is unsafe then; "
		       "leave out --method");
		break;

	case REASON_ZOMBIE:
		add(s, "it is a zombie and holds no memory");
		if (row->obstacle.pid) {
			add(s, "; its parent ");
			add_proc(s, &row->obstacle);
			add(s, " has not waited for it");
		}
		break;
	case REASON_BY_ITSELF:
		add(s, "by itself, before any SIGKILL");
		break;
	case REASON_GRACE:
		add(s, "within the grace time after SIGTERM");
		break;
	case REASON_VANISHED:
		add(s, "gone before anything was done");
		break;

	case REASON_LET_GO:
		add(s, "let go for its robust futexes");
		break;
	case REASON_FASTER:
		add(s, "its exit was faster");
		break;
	case REASON_NOT_HELD:
		add(s, "no thread of it could be held");
		if (row->err) {
			add(s, ": ");
			add_errno(s, row->err);
		}
		break;
	case REASON_UNREADABLE:
		add(s, "its robust futexes could not be read");
		break;
	case REASON_BLOCKED_READ:
		add(s, "reading its robust futexes blocked");
		break;

	case REASON_MEMORY_UNSEEN:
		add(s, "there is no right to see whether its memory came back; run mmreap as root");
		break;
	case REASON_SHARER_LEFT:
		add(s, "it is shared with ");
		add_sharers(s, row);
		add(s, "; it comes back when they exit");
		break;
	case REASON_UNKNOWN_HOLDER:
		if (row->obstacle.pid) {
			add_proc(s, &row->obstacle);
			add(s, " holds it");
		} else {
			add(s, "an unknown process or reader of its /proc files holds it");
		}
		break;

	case REASON_FROZEN:
		add(s, "its v1 cgroup is frozen; ");
		if (row->step == STEPNAME_THAW && row->err) {
			add(s, "moving it out failed: ");
			add_errno(s, row->err);
		} else {
			add(s, "use --thaw");
		}
		break;
	case REASON_FROZEN_ROBUST:
		add(s, "its v1 cgroup is frozen and it has robust futexes in use; ");
		if (row->step == STEPNAME_THAW && row->err) {
			add(s, "moving it out failed: ");
			add_errno(s, row->err);
		} else {
			add(s, "use --thaw or --robust=ignore");
		}
		break;
	case REASON_CORE_DUMP:
		add(s, "it is dumping core; run mmreap again later");
		break;
	case REASON_REAP_BLOCKED:
		add(s, "process_mrelease still waits for the mmap lock; run mmreap again later");
		break;
	case REASON_REAP_INCOMPLETE:
		add(s,
		    "process_mrelease could not take all of it (EAGAIN); run mmreap again later");
		break;
	case REASON_SETTLE_BLOCKED:
		add(s, "a thread has not let go of its robust futexes; run mmreap again, "
		       "or use --robust=ignore");
		break;
	case REASON_LOOK_BLOCKED:
		add(s, "a look at it did not return in time; use a longer --timeout");
		break;
	case REASON_NOT_EXITED:
		add(s, "run mmreap again to wait longer");
		break;
	case REASON_INTERRUPTED:
		add(s, "mmreap was told to stop");
		break;

	case REASON_NOT_WAITED:
		add(s, "its exit was not waited for");
		break;
	case REASON_STILL_REFERENCED:
		add(s, "the empty address space is still referenced");
		break;

	case REASON_NOT_DYING:
		add(s, "nobody has killed it; leave out --reap-only to do so");
		break;
	case REASON_ERRNO:
		add(s, "%s: ", step_word(row->step));
		add_errno(s, row->err);
		break;
	case REASON_DECLINED:
		add(s, "the answer was no");
		break;
	}
}

/* --- what else was seen ---------------------------------------------------------------- */

static void add_notes(struct sentence *s, const struct kill_row *row)
{
	if (row->third_party)
		add(s, "; the memory is unreferenced, but another process dropped it last and may "
		       "still be freeing it");
	if (row->n_killed) {
		add(s, row->dry_run ? "; it would end " : "; also killed ");
		add_count(s, (int64_t)row->n_killed);
		for (size_t i = 0; i < row->n_killed && i < ROW_SHARERS; i++) {
			add(s, i ? ", " : " (");
			add_proc(s, &row->killed[i]);
		}
		if (row->n_killed > ROW_SHARERS)
			add(s, " and %zu more", row->n_killed - ROW_SHARERS);
		add(s, ")");
	}
	if (row->ns_init)
		add(s, "; it is the init of a PID namespace, which ends with it");
	if (row->robust == ROBUST_IGNORED && (row->reaped || row->dry_run))
		add(s, "; a waiter for its robust futexes may hang");
	/* A reap that succeeded, or an mm that nobody references, has answered the question itself. */
	if (row->n_unknown > 0 && !row->reaped && row->outcome != OUTCOME_FREED &&
	    row->outcome != OUTCOME_EXITED) {
		add(s, "; ");
		add_count(s, row->n_unknown);
		add(s, " could not be checked for sharing its memory");
	}
}

/* --- outcomes -------------------------------------------------------------------------- */

static void say_would(struct sentence *s, const struct kill_row *row)
{
	switch (row->outcome) {
	case OUTCOME_SPARED:
		add(s, "would be killed: the memory would stay with ");
		add_sharers(s, row);
		return;
	case OUTCOME_KILLED:
		add(s, "would be killed, but not reaped");
		break;
	case OUTCOME_FREED:
		add(s, "would be killed, and freed by its own exit");
		break;
	case OUTCOME_PENDING:
		add(s, row->method == METHOD_REAP_ONLY
			       ? "would not be reaped"
			       : "would be killed, but not exit or be reaped");
		break;
	case OUTCOME_PINNED:
		add(s, "would be killed, but its memory would not come back");
		break;
	case OUTCOME_REAPED:
	case OUTCOME_EXITED:
	case OUTCOME_REFUSED_SHARED:
	case OUTCOME_REFUSED_PROTECTED:
	case OUTCOME_DENIED:
	case OUTCOME_NO_PROCESS:
	case OUTCOME_UNSUPPORTED:
	case OUTCOME_FAILED:
		add(s, "would be %s", outcome_word(row->outcome));
		break;
	}
	if (row->rss_before_bytes != UNKNOWN) {
		add(s, ": ");
		add_size(s, row->rss_before_bytes);
		add(s, " resident");
	}
	if (row->reason != REASON_NONE) {
		add(s, row->rss_before_bytes != UNKNOWN ? "; " : ": ");
		add_reason(s, row);
	}
}

static void say_reaped(struct sentence *s, const struct kill_row *row)
{
	add(s, "reaped: ");
	if (!add_unmapped(s, row))
		add(s, "memory unmapped");
	add_time(s, " in ", row->reap_us);
	add_exited(s, row);
	if (row->reason != REASON_NONE) {
		add(s, row->exited ? "; " : ", not exited: ");
		add_reason(s, row);
	}
}

static void say_freed(struct sentence *s, const struct kill_row *row)
{
	add(s, "freed: ");
	if (!add_unmapped(s, row))
		add(s, row->third_party ? "SIGKILL sent" : "its own exit gave the memory back");
	else if (!row->third_party)
		add(s, " by its own exit");
	add_exited(s, row);
	if (row->reason != REASON_NONE) {
		add(s, "; ");
		add_reason(s, row);
	}
}

static void say_exited(struct sentence *s, const struct kill_row *row)
{
	add(s, "exited");
	if (row->reason != REASON_NONE) {
		add(s, ": ");
		add_reason(s, row);
	}
	if (row->unmapped_bytes != UNKNOWN) {
		add(s, ", ");
		add_unmapped(s, row);
	}
}

static void say_pinned(struct sentence *s, const struct kill_row *row)
{
	add(s, "pinned: its memory");
	if (row->rss_before_bytes != UNKNOWN) {
		add(s, " (");
		add_size(s, row->rss_before_bytes);
		add(s, ")");
	}
	add(s, " did not come back");
	add_exited(s, row);
	if (row->reason != REASON_NONE) {
		add(s, ": ");
		add_reason(s, row);
	}
}

static void say_pending(struct sentence *s, const struct kill_row *row)
{
	add(s, "pending: %s", row->signalled ? "SIGKILL sent" : "no signal sent");
	if (row->reaped) {
		add(s, ", ");
		if (!add_unmapped(s, row))
			add(s, "memory unmapped");
		add_time(s, " in ", row->reap_us);
	} else {
		add(s, ", not reaped");
	}
	if (!row->exited)
		add(s, ", not exited");
	if (*row->wchan) {
		char wchan[4 * sizeof(row->wchan)];

		text_escape(row->wchan, wchan, sizeof(wchan));
		add(s, " (waits in %s)", wchan);
	}
	if (row->reason != REASON_NONE) {
		add(s, row->reason == REASON_NOT_EXITED ? "; " : ": ");
		add_reason(s, row);
	}
}

static void say_no_process(struct sentence *s, const struct kill_row *row)
{
	add(s, "no such process");
	/* "There is none" would say it twice. */
	if (row->reason != REASON_NONE && (row->reason != REASON_NOT_FOUND || row->obstacle.pid)) {
		add(s, ": ");
		add_reason(s, row);
	}
}

static void say_not_done(struct sentence *s, const struct kill_row *row)
{
	if (row->signalled)
		add(s, "failed: SIGKILL sent");
	else
		add(s, "%s %s", row->dry_run ? "would not be" : "not",
		    row->method == METHOD_REAP_ONLY ? "reaped" : "killed");
	if (row->reason != REASON_NONE) {
		add(s, ": ");
		add_reason(s, row);
	}
}

static void say_spared(struct sentence *s, const struct kill_row *row)
{
	add(s, "spared: SIGKILL sent");
	add_exited(s, row);
	add(s, "; the memory stays with ");
	add_sharers(s, row);
}

static void say_killed(struct sentence *s, const struct kill_row *row)
{
	add(s, "killed: SIGKILL sent, not reaped");
	add_exited(s, row);
	if (row->reason != REASON_NONE) {
		add(s, ": ");
		add_reason(s, row);
	}
}

void explain_kill(const struct kill_row *row, bool bytes, char *ret, size_t size)
{
	static const struct {
		void (*say)(struct sentence *s, const struct kill_row *row);
		bool acts; /* there is more to tell, and --dry-run only predicts it */
	} outcomes[OUTCOME_COUNT] = {
		[OUTCOME_REAPED] = { say_reaped, true },
		[OUTCOME_FREED] = { say_freed, true },
		[OUTCOME_EXITED] = { say_exited, false },
		[OUTCOME_SPARED] = { say_spared, true },
		[OUTCOME_KILLED] = { say_killed, true },
		[OUTCOME_PINNED] = { say_pinned, true },
		[OUTCOME_PENDING] = { say_pending, true },
		[OUTCOME_REFUSED_SHARED] = { say_not_done, false },
		[OUTCOME_REFUSED_PROTECTED] = { say_not_done, false },
		[OUTCOME_DENIED] = { say_not_done, false },
		[OUTCOME_NO_PROCESS] = { say_no_process, false },
		[OUTCOME_UNSUPPORTED] = { say_not_done, false },
		[OUTCOME_FAILED] = { say_not_done, false },
	};
	struct sentence s = { .at = ret, .left = size, .bytes = bytes };
	bool acts = outcomes[row->outcome].acts;

	ret[0] = '\0';
	if (row->dry_run && acts)
		say_would(&s, row);
	else
		outcomes[row->outcome].say(&s, row);
	if (acts || row->signalled)
		add_notes(&s, row);
}
