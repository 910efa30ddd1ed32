// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * A row of `kill` → one sentence. Pure.
 *
 * Rule: only what the row says was observed, and the next step for who reads it. What is UNKNOWN
 * is not mentioned; that a process exited says nothing about its memory.
 */

#include "sentence.h"
#include <errno.h>
#include <mmreap/report.h>

static void sharers_text(const struct sentence *s, const struct kill_row *row, char *ret,
			 size_t size)
{
	size_t n = row->n_sharers < ROW_SHARERS ? (size_t)row->n_sharers : ROW_SHARERS;

	sentence_procs(s->words, &row->sharers[0].id, sizeof(row->sharers[0]), n, row->n_sharers,
		       ret, size);
}

/* "43.9 GiB of 44.0 GiB" */
static void amount_text(const struct sentence *s, const struct kill_row *row, char *ret,
			size_t size)
{
	struct sentence a = { .at = ret, .left = size, .words = s->words };
	char part[SIZE_SIZE], whole[SIZE_SIZE];

	*ret = '\0';
	text_size(s->words, row->unmapped_bytes, s->bytes, part, sizeof(part));
	if (row->rss_before_bytes == UNKNOWN) {
		sentence_put(&a, "%s", part);
		return;
	}
	text_size(s->words, row->rss_before_bytes, s->bytes, whole, sizeof(whole));
	sentence_say(&a, "%s of %s", part, whole);
}

/* @us: how long it took; UNKNOWN where that is not known, or nobody's merit. */
static void say_unmapped(struct sentence *s, const struct kill_row *row, int64_t us)
{
	char amount[2 * SIZE_SIZE + 32], freed[SIZE_SIZE], time[TIME_SIZE] = "";

	if (us != UNKNOWN)
		text_time(us, time, sizeof(time));
	if (row->unmapped_bytes == UNKNOWN) {
		if (*time)
			sentence_say(s, "memory unmapped in %s", time);
		else
			sentence_say(s, "memory unmapped");
		return;
	}
	amount_text(s, row, amount, sizeof(amount));
	if (row->freed_bytes == UNKNOWN) {
		if (*time)
			sentence_say(s, "%s unmapped in %s", amount, time);
		else
			sentence_say(s, "%s unmapped", amount);
		return;
	}
	text_size(s->words, row->freed_bytes, s->bytes, freed, sizeof(freed));
	if (*time)
		sentence_say(s, "%s unmapped (%s freed) in %s", amount, freed, time);
	else
		sentence_say(s, "%s unmapped (%s freed)", amount, freed);
}

static void say_unmapped_by_exit(struct sentence *s, const struct kill_row *row)
{
	char amount[2 * SIZE_SIZE + 32], freed[SIZE_SIZE];

	amount_text(s, row, amount, sizeof(amount));
	if (row->freed_bytes == UNKNOWN) {
		sentence_say(s, "%s unmapped by its own exit", amount);
		return;
	}
	text_size(s->words, row->freed_bytes, s->bytes, freed, sizeof(freed));
	sentence_say(s, "%s unmapped (%s freed) by its own exit", amount, freed);
}

static void say_exited_after(struct sentence *s, const struct kill_row *row)
{
	char time[TIME_SIZE];

	if (!row->exited)
		return;
	sentence_say(s, COMMA);
	if (row->exit_us == UNKNOWN) {
		sentence_say(s, "exited");
		return;
	}
	text_time(row->exit_us, time, sizeof(time));
	sentence_say(s, "exited after %s", time);
}

static void say_shared(struct sentence *s, const struct kill_row *row)
{
	char list[PROCS_SIZE];

	if (row->n_sharers <= 0) {
		sentence_say(s, "its memory is shared with other processes");
		return;
	}
	sharers_text(s, row, list, sizeof(list));
	sentence_count(s, row->n_sharers, "its memory is shared with %lld process (%s)",
		       "its memory is shared with %lld processes (%s)", (long long)row->n_sharers,
		       list);
}

static void say_stays(struct sentence *s, const struct kill_row *row)
{
	char list[PROCS_SIZE];

	if (row->n_sharers <= 0) {
		sentence_say(s, "the memory stays with other processes");
		return;
	}
	sharers_text(s, row, list, sizeof(list));
	sentence_count(s, row->n_sharers, "the memory stays with %lld process (%s)",
		       "the memory stays with %lld processes (%s)", (long long)row->n_sharers,
		       list);
}

static void say_would_stay(struct sentence *s, const struct kill_row *row)
{
	char list[PROCS_SIZE];

	if (row->n_sharers <= 0) {
		sentence_say(s, "the memory would stay with other processes");
		return;
	}
	sharers_text(s, row, list, sizeof(list));
	sentence_count(s, row->n_sharers, "the memory would stay with %lld process (%s)",
		       "the memory would stay with %lld processes (%s)", (long long)row->n_sharers,
		       list);
}

static void say_sharer_left(struct sentence *s, const struct kill_row *row)
{
	char list[PROCS_SIZE];

	if (row->n_sharers <= 0) {
		sentence_say(s, "it is shared with other processes");
	} else {
		sharers_text(s, row, list, sizeof(list));
		sentence_count(s, row->n_sharers, "it is shared with %lld process (%s)",
			       "it is shared with %lld processes (%s)", (long long)row->n_sharers,
			       list);
	}
	sentence_say(s, SEMICOLON);
	sentence_say(s, "it comes back when they exit");
}

static void say_vfork(struct sentence *s, const struct kill_row *row)
{
	const struct sharer *only = row->n_sharers == 1 ? &row->sharers[0] : NULL;
	char proc[PROC_SIZE], list[PROCS_SIZE];

	if (only && only->relation == RELATION_VFORK_CHILD) {
		sentence_proc(&only->id, proc, sizeof(proc));
		sentence_say(s, "its memory is shared until its vfork child %s calls exec", proc);
	} else if (only && only->relation == RELATION_VFORK_PARENT) {
		sentence_proc(&only->id, proc, sizeof(proc));
		sentence_say(s,
			     "its memory is shared, as it is a vfork child of %s and has not "
			     "called exec",
			     proc);
	} else if (row->n_sharers <= 0) {
		sentence_say(s, "its memory is shared with other processes until a vfork child "
				"calls exec");
	} else {
		sharers_text(s, row, list, sizeof(list));
		sentence_count(s, row->n_sharers,
			       "its memory is shared with %lld process (%s) until a vfork child "
			       "calls exec",
			       "its memory is shared with %lld processes (%s) until a vfork child "
			       "calls exec",
			       (long long)row->n_sharers, list);
	}
}

/* What became of the attempt to thaw it, or that there should be one. */
static void say_thaw(struct sentence *s, const struct kill_row *row, const char *advice)
{
	char error[ERROR_SIZE];

	sentence_say(s, SEMICOLON);
	if (row->step != STEPNAME_THAW || !row->err) {
		sentence_put(s, "%s", words_one(s->words, advice));
		return;
	}
	sentence_error(s->words, row->err, error, sizeof(error));
	sentence_say(s, "moving it out failed: %s", error);
}

/*
 * The reason as a clause, with the next step after a semicolon. Each is whole by itself, so that a
 * pair of outcome and reason that nobody thought of still makes a sentence.
 */
static void say_reason(struct sentence *s, const struct kill_row *row)
{
	char obstacle[PROC_SIZE], error[ERROR_SIZE];

	sentence_proc(&row->obstacle, obstacle, sizeof(obstacle));
	sentence_error(s->words, row->err, error, sizeof(error));
	switch (row->reason) {
	case REASON_NONE:
		break;

	case REASON_INIT:
		sentence_say(s, "it is the init of this PID namespace");
		break;
	case REASON_KTHREAD:
		sentence_say(s, "it is a kernel thread and has no memory of its own");
		break;
	case REASON_SELF:
		sentence_say(s, "it is mmreap itself");
		break;
	case REASON_ANCESTOR:
		sentence_say(s,
			     "mmreap runs below it; use --allow-ancestors if it is really meant");
		break;
	case REASON_SHARED:
		say_shared(s, row);
		sentence_say(s, SEMICOLON);
		sentence_say(s, "use --sharers=kill or --sharers=spare");
		break;
	case REASON_SHARED_VFORK:
		say_vfork(s, row);
		sentence_say(s, SEMICOLON);
		sentence_say(s, "try again, or use --sharers=kill or --sharers=spare");
		break;

	case REASON_NO_RIGHT_TO_SIGNAL:
		if (row->err == EINVAL)
			sentence_say(s, "it is outside the PID namespace of mmreap");
		else
			sentence_say(s, "no right to signal it; run mmreap as its user or as root");
		break;
	case REASON_NO_RIGHT_TO_SHARER:
		sentence_say(s,
			     "no right to signal %s, which shares its memory; run mmreap as root, "
			     "or use --sharers=spare",
			     obstacle);
		break;
	case REASON_NO_RIGHT_TO_LISTS:
		sentence_say(
			s,
			"no right to read its robust futexes; run mmreap as root, or use --robust=ignore");
		break;
	case REASON_SHARER_PROTECTED:
		if (row->obstacle.pid)
			sentence_say(s,
				     "%s that shares its memory is protected; use --sharers=spare",
				     obstacle);
		else
			sentence_say(s, "a process that shares its memory is protected; "
					"use --sharers=spare");
		break;

	case REASON_NOT_FOUND:
		if (row->obstacle.pid)
			sentence_say(s, "it is a thread of %s; give that PID", obstacle);
		else
			sentence_say(s, "there is none with this number");
		break;
	case REASON_INODE_DIFFERS:
		sentence_say(s, "the PID was reused by another one");
		break;

	case REASON_NO_PIDFS_INODE:
		sentence_say(
			s, "this kernel has no inode per process (Linux 6.9); give the PID alone");
		break;
	case REASON_NO_FLAG:
		sentence_say(
			s,
			"this kernel does not know PROCESS_MRELEASE_REAP_KILL; leave out --method");
		break;
	case REASON_NO_MRELEASE:
		sentence_say(s,
			     "there is no process_mrelease (Linux 5.15), or a filter forbids it");
		break;
	case REASON_FLAG_NEEDS_IGNORE:
		sentence_say(
			s,
			"it has robust futexes that the one call would lose; leave out --method, "
			"or use --robust=ignore");
		break;
	case REASON_FLAG_SHARED:
		say_shared(s, row);
		sentence_say(s, SEMICOLON);
		sentence_say(s, "the one call is unsafe then; leave out --method");
		break;
	case REASON_FLAG_INIT:
		sentence_say(s,
			     "it is the init of a PID namespace, and the one call is unsafe then; "
			     "leave out --method");
		break;

	case REASON_ZOMBIE:
		sentence_say(s, "it is a zombie and holds no memory");
		if (row->obstacle.pid) {
			sentence_say(s, SEMICOLON);
			sentence_say(s, "its parent %s has not waited for it", obstacle);
		}
		break;
	case REASON_BY_ITSELF:
		sentence_say(s, "by itself, before any signal of ours");
		break;
	case REASON_GRACE:
		sentence_say(s, "within the grace time after SIGTERM");
		break;
	case REASON_VANISHED:
		sentence_say(s, "gone before anything was done");
		break;

	case REASON_LET_GO:
		sentence_say(s, "let go for its robust futexes");
		break;
	case REASON_FASTER:
		sentence_say(s, "its exit was faster");
		break;
	case REASON_NOT_HELD:
		sentence_say(s, "no thread of it could be held");
		if (row->err) {
			sentence_say(s, COLON);
			sentence_put(s, "%s", error);
		}
		break;
	case REASON_UNREADABLE:
		sentence_say(s, "its robust futexes could not be read");
		break;
	case REASON_BLOCKED_READ:
		sentence_say(s, "reading its robust futexes blocked");
		break;

	case REASON_MEMORY_UNSEEN:
		if (row->err && row->err != EPERM && row->err != EACCES) {
			sentence_say(s, "whether its memory came back could not be seen");
			sentence_say(s, COLON);
			sentence_put(s, "%s", error);
			break;
		}
		sentence_say(
			s,
			"there is no right to see whether its memory came back; run mmreap as root");
		break;
	case REASON_SHARER_LEFT:
		say_sharer_left(s, row);
		break;
	case REASON_UNKNOWN_HOLDER:
		if (row->obstacle.pid)
			sentence_say(s, "%s holds it", obstacle);
		else
			sentence_say(s, "an unknown process or reader of its /proc files holds it");
		break;

	case REASON_FROZEN:
		sentence_say(s, "its v1 cgroup is frozen");
		say_thaw(s, row, N_("use --thaw"));
		break;
	case REASON_FROZEN_ROBUST:
		sentence_say(s, "its v1 cgroup is frozen and it has robust futexes in use");
		say_thaw(s, row, N_("use --thaw or --robust=ignore"));
		break;
	case REASON_CORE_DUMP:
		sentence_say(s, "it is dumping core; run mmreap again later");
		break;
	case REASON_REAP_BLOCKED:
		sentence_say(s, "process_mrelease has not returned; run mmreap again later");
		break;
	case REASON_REAP_INCOMPLETE:
		sentence_say(
			s,
			"process_mrelease could not take all of it (EAGAIN); run mmreap again later");
		break;
	case REASON_SETTLE_BLOCKED:
		sentence_say(s, "a thread has not let go of its robust futexes; run mmreap again, "
				"or use --robust=ignore");
		break;
	case REASON_GRACE_LIMIT:
		sentence_say(s, "the limit passed within the grace time; use a longer --timeout");
		break;
	case REASON_LOOK_BLOCKED:
		sentence_say(s, "a look at it did not return in time; use a longer --timeout");
		break;
	case REASON_NOT_EXITED:
		sentence_say(
			s,
			"\"mmreap status %d\" says what holds it up; run mmreap again to wait longer",
			(int)row->id.pid);
		break;
	case REASON_INTERRUPTED:
		if (row->graced && !row->signalled)
			sentence_say(s, "mmreap was told to stop, after SIGTERM was sent");
		else
			sentence_say(s, "mmreap was told to stop");
		break;

	case REASON_NOT_WAITED:
		sentence_say(s, "its exit was not waited for");
		break;
	case REASON_STILL_REFERENCED:
		sentence_say(s, "the empty address space is still referenced");
		break;

	case REASON_NOT_DYING:
		sentence_say(s, "nobody has killed it; leave out --reap-only to do so");
		break;
	case REASON_ERRNO:
		sentence_put(s, "%s", step_word(row->step));
		sentence_say(s, COLON);
		sentence_put(s, "%s", error);
		break;
	case REASON_DECLINED:
		sentence_say(s, "the answer was no");
		break;
	}
}

/* --- what else was seen ---------------------------------------------------------------- */

static void say_killed_too(struct sentence *s, const struct kill_row *row)
{
	size_t n = row->n_killed < ROW_SHARERS ? row->n_killed : ROW_SHARERS;
	char list[PROCS_SIZE];

	sentence_procs(s->words, row->killed, sizeof(*row->killed), n, (int64_t)row->n_killed, list,
		       sizeof(list));
	if (row->dry_run)
		sentence_count(s, (int64_t)row->n_killed, "it would end %zu process (%s)",
			       "it would end %zu processes (%s)", row->n_killed, list);
	else
		sentence_count(s, (int64_t)row->n_killed, "also killed %zu process (%s)",
			       "also killed %zu processes (%s)", row->n_killed, list);
}

/* Every program maps some pages of shared memory. */
static int64_t if_many(int64_t bytes)
{
	return bytes < 1 << 20 ? 0 : bytes;
}

/* A reap that succeeded, or an mm that nobody references, has answered the question itself. */
bool explain_leaves_sharers_open(const struct kill_row *row)
{
	switch (row->outcome) {
	case OUTCOME_REAPED:
	case OUTCOME_FREED:
		return row->dry_run;
	case OUTCOME_SPARED:
	case OUTCOME_KILLED:
	case OUTCOME_PINNED:
	case OUTCOME_PENDING:
		return !row->reaped;
	case OUTCOME_FAILED:
		return row->signalled && !row->reaped;
	case OUTCOME_EXITED:
	case OUTCOME_REFUSED_SHARED:
	case OUTCOME_REFUSED_PROTECTED:
	case OUTCOME_DENIED:
	case OUTCOME_NO_PROCESS:
	case OUTCOME_UNSUPPORTED:
		break;
	}
	return false;
}

static void say_hidden(struct sentence *s, const struct kill_row *row)
{
	sentence_say(s, SEMICOLON);
	sentence_say(s, "who shares its memory may be hidden");
	sentence_say(s, COLON);
	if (row->hidepid)
		sentence_say(s, "/proc hides the processes of other users (hidepid)");
	if (row->hidepid && row->pid_ns)
		sentence_say(s, COMMA);
	if (row->pid_ns)
		sentence_say(s, "processes outside of this PID namespace cannot be seen");
}

static void say_notes(struct sentence *s, const struct kill_row *row)
{
	if ((row->reaped || row->exited) && row->outcome != OUTCOME_SPARED && !row->dry_run)
		sentence_remainder(s, if_many(row->shmem_bytes), if_many(row->hugetlb_bytes),
				   if_many(row->pinned_bytes));
	if (row->third_party) {
		sentence_say(s, SEMICOLON);
		sentence_say(s, "the memory is unreferenced, but another process dropped it last "
				"and may still be freeing it");
	}
	if (row->n_killed) {
		sentence_say(s, SEMICOLON);
		say_killed_too(s, row);
	}
	/* As long as they live it cannot be reaped, however long one waits. */
	if (row->outcome == OUTCOME_PENDING && !row->reaped && row->n_sharers > 0 &&
	    row->n_killed == 0) {
		sentence_say(s, SEMICOLON);
		say_shared(s, row);
	}
	if (row->ns_init) {
		sentence_say(s, SEMICOLON);
		sentence_say(s, "it is the init of a PID namespace, which ends with it");
	}
	if (row->robust == ROBUST_IGNORED && (row->reaped || row->dry_run)) {
		sentence_say(s, SEMICOLON);
		sentence_say(s, "a waiter for its robust futexes may hang");
	}
	if (!explain_leaves_sharers_open(row))
		return;
	if (row->hidepid || row->pid_ns)
		say_hidden(s, row);
	if (row->n_unknown == 0)
		return;
	sentence_say(s, SEMICOLON);
	if (row->n_unknown == UNKNOWN && row->no_kcmp)
		sentence_say(s, "kcmp is refused: who shares its memory is not known");
	else if (row->n_unknown == UNKNOWN)
		sentence_say(s, "who shares its memory is not known");
	else
		sentence_count(s, row->n_unknown,
			       "%lld process could not be checked for sharing its memory",
			       "%lld processes could not be checked for sharing its memory",
			       (long long)row->n_unknown);
}

/* --- outcomes -------------------------------------------------------------------------- */

/* A word of the interface, the same in every language, and what there is to tell of it. */
static void say_outcome(struct sentence *s, enum outcome outcome)
{
	sentence_put(s, "%s", outcome_word(outcome));
	sentence_say(s, COLON);
}

static void say_would(struct sentence *s, const struct kill_row *row)
{
	char size[SIZE_SIZE];

	switch (row->outcome) {
	case OUTCOME_SPARED:
		sentence_say(s, "would be killed");
		sentence_say(s, COLON);
		say_would_stay(s, row);
		return;
	case OUTCOME_KILLED:
		sentence_say(s, "would be killed, but not reaped");
		break;
	case OUTCOME_FREED:
		sentence_say(s, "would be killed, and freed by its own exit");
		break;
	case OUTCOME_PENDING:
		if (row->method == METHOD_REAP_ONLY)
			sentence_say(s, "would not be reaped");
		else
			sentence_say(s, "would be killed, but not exit or be reaped");
		break;
	case OUTCOME_PINNED:
		sentence_say(s, "would be killed, but its memory would not come back");
		break;
	case OUTCOME_REAPED:
	case OUTCOME_EXITED: /* of these only the first is predicted here */
	case OUTCOME_REFUSED_SHARED:
	case OUTCOME_REFUSED_PROTECTED:
	case OUTCOME_DENIED:
	case OUTCOME_NO_PROCESS:
	case OUTCOME_UNSUPPORTED:
	case OUTCOME_FAILED:
		sentence_say(s, "would be reaped");
		break;
	}
	if (row->rss_before_bytes != UNKNOWN) {
		text_size(s->words, row->rss_before_bytes, s->bytes, size, sizeof(size));
		sentence_say(s, COLON);
		sentence_say(s, "%s resident", size);
	}
	if (row->reason != REASON_NONE) {
		sentence_say(s, row->rss_before_bytes != UNKNOWN ? SEMICOLON : COLON);
		say_reason(s, row);
	}
}

static void say_reaped(struct sentence *s, const struct kill_row *row)
{
	say_outcome(s, row->outcome);
	say_unmapped(s, row, row->reap_us);
	say_exited_after(s, row);
	if (row->reason != REASON_NONE) {
		if (!row->exited) {
			sentence_say(s, COMMA);
			sentence_say(s, "not exited");
		}
		sentence_say(s, row->exited ? SEMICOLON : COLON);
		say_reason(s, row);
	}
}

static void say_freed(struct sentence *s, const struct kill_row *row)
{
	say_outcome(s, row->outcome);
	if (row->unmapped_bytes != UNKNOWN && row->third_party)
		say_unmapped(s, row, UNKNOWN);
	else if (row->unmapped_bytes != UNKNOWN)
		say_unmapped_by_exit(s, row);
	else if (row->third_party)
		sentence_say(s, "SIGKILL sent");
	else
		sentence_say(s, "its own exit gave the memory back");
	say_exited_after(s, row);
	if (row->reason != REASON_NONE) {
		sentence_say(s, SEMICOLON);
		say_reason(s, row);
	}
}

static void say_exited(struct sentence *s, const struct kill_row *row)
{
	sentence_put(s, "%s", outcome_word(row->outcome));
	if (row->reason != REASON_NONE) {
		sentence_say(s, COLON);
		say_reason(s, row);
	}
	if (row->unmapped_bytes != UNKNOWN) {
		sentence_say(s, COMMA);
		say_unmapped(s, row, UNKNOWN);
	}
}

static void say_pinned(struct sentence *s, const struct kill_row *row)
{
	char size[SIZE_SIZE];

	say_outcome(s, row->outcome);
	if (row->rss_before_bytes == UNKNOWN) {
		sentence_say(s, "its memory did not come back");
	} else {
		text_size(s->words, row->rss_before_bytes, s->bytes, size, sizeof(size));
		sentence_say(s, "its memory (%s) did not come back", size);
	}
	say_exited_after(s, row);
	if (row->reason != REASON_NONE) {
		sentence_say(s, COLON);
		say_reason(s, row);
	}
}

static void say_signal(struct sentence *s, const struct kill_row *row)
{
	if (row->signalled)
		sentence_say(s, "SIGKILL sent");
	else if (row->graced)
		sentence_say(s, "SIGTERM sent");
	else
		sentence_say(s, "no signal sent");
}

static void say_pending(struct sentence *s, const struct kill_row *row)
{
	char wchan[4 * sizeof(row->wchan)];

	say_outcome(s, row->outcome);
	say_signal(s, row);
	sentence_say(s, COMMA);
	if (row->reaped)
		say_unmapped(s, row, row->reap_us);
	else
		sentence_say(s, "not reaped");
	if (!row->exited) {
		text_escape(row->wchan, wchan, sizeof(wchan));
		sentence_say(s, COMMA);
		if (*wchan)
			sentence_say(s, "not exited (waits in %s)", wchan);
		else
			sentence_say(s, "not exited");
	}
	if (row->reason != REASON_NONE) {
		sentence_say(s, row->reason == REASON_NOT_EXITED ? SEMICOLON : COLON);
		say_reason(s, row);
	}
}

static void say_no_process(struct sentence *s, const struct kill_row *row)
{
	sentence_say(s, "no such process");
	/* "There is none" would say it twice. */
	if (row->reason != REASON_NONE && (row->reason != REASON_NOT_FOUND || row->obstacle.pid)) {
		sentence_say(s, COLON);
		say_reason(s, row);
	}
}

static void say_not_done(struct sentence *s, const struct kill_row *row)
{
	bool reap_only = row->method == METHOD_REAP_ONLY;

	if (row->signalled) {
		say_outcome(s, OUTCOME_FAILED);
		sentence_say(s, "SIGKILL sent");
	} else if (row->dry_run && reap_only) {
		sentence_say(s, "would not be reaped");
	} else if (row->dry_run) {
		sentence_say(s, "would not be killed");
	} else if (reap_only) {
		sentence_say(s, "not reaped");
	} else {
		sentence_say(s, "not killed");
	}
	if (row->reason != REASON_NONE) {
		sentence_say(s, COLON);
		say_reason(s, row);
	}
}

static void say_spared(struct sentence *s, const struct kill_row *row)
{
	say_outcome(s, row->outcome);
	say_signal(s, row);
	say_exited_after(s, row);
	sentence_say(s, SEMICOLON);
	say_stays(s, row);
}

static void say_killed(struct sentence *s, const struct kill_row *row)
{
	say_outcome(s, row->outcome);
	sentence_say(s, "SIGKILL sent");
	sentence_say(s, COMMA);
	sentence_say(s, "not reaped");
	say_exited_after(s, row);
	if (row->reason != REASON_NONE) {
		sentence_say(s, COLON);
		say_reason(s, row);
	}
}

void explain_kill(const struct kill_row *row, const struct words *words, bool bytes, char *ret,
		  size_t size)
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
	struct sentence s = { .at = ret, .left = size, .words = words, .bytes = bytes };
	bool acts = outcomes[row->outcome].acts;

	ret[0] = '\0';
	if (row->dry_run && acts)
		say_would(&s, row);
	else
		outcomes[row->outcome].say(&s, row);
	if (acts || row->signalled || row->n_killed)
		say_notes(&s, row);
}
