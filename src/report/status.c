// SPDX-License-Identifier: GPL-2.0-or-later

/* `status` for people: phase, evidence, blocker and next step in words, and the report of one. */

#include "sentence.h"
#include <mmreap/report.h>
#include <stdarg.h>
#include <string.h>

/* "TERM,USR1"; without the prefix, as kill -l prints them. */
void explain_signals(uint64_t signals, char *ret, size_t size)
{
	static const char *const names[] = {
		"HUP",	"INT",	  "QUIT", "ILL",   "TRAP", "ABRT", "BUS",  "FPE",
		"KILL", "USR1",	  "SEGV", "USR2",  "PIPE", "ALRM", "TERM", "STKFLT",
		"CHLD", "CONT",	  "STOP", "TSTP",  "TTIN", "TTOU", "URG",  "XCPU",
		"XFSZ", "VTALRM", "PROF", "WINCH", "IO",   "PWR",  "SYS",
	};
	const unsigned int n_names = sizeof(names) / sizeof(names[0]);
	size_t used = 0;

	*ret = '\0';
	for (unsigned int i = 0; i < 64 && used < size; i++) {
		const char *comma = used ? "," : "";

		if (!(signals >> i & 1))
			continue;
		if (i < n_names)
			used += (size_t)snprintf(ret + used, size - used, "%s%s", comma, names[i]);
		else
			used += (size_t)snprintf(ret + used, size - used, "%s%u", comma, i + 1);
	}
}

void explain_mm_flags(const struct mm_flags *flags, const char *separator, char *ret, size_t size)
{
	static const char *const names[MM_FLAG_COUNT] = {
		[MM_FLAG_VM_MERGEABLE] = "MMF_VM_MERGEABLE",
		[MM_FLAG_VM_HUGEPAGE] = "MMF_VM_HUGEPAGE",
		[MM_FLAG_HUGE_ZERO_PAGE] = "MMF_HUGE_ZERO_PAGE",
		[MM_FLAG_HUGE_ZERO_FOLIO] = "MMF_HUGE_ZERO_FOLIO",
		[MM_FLAG_HAS_UPROBES] = "MMF_HAS_UPROBES",
		[MM_FLAG_RECALC_UPROBES] = "MMF_RECALC_UPROBES",
		[MM_FLAG_OOM_SKIP] = "MMF_OOM_SKIP",
		[MM_FLAG_UNSTABLE] = "MMF_UNSTABLE",
		[MM_FLAG_DISABLE_THP] = "MMF_DISABLE_THP",
		[MM_FLAG_DISABLE_THP_EXCEPT_ADVISED] = "MMF_DISABLE_THP_EXCEPT_ADVISED",
		[MM_FLAG_DISABLE_THP_COMPLETELY] = "MMF_DISABLE_THP_COMPLETELY",
		[MM_FLAG_OOM_VICTIM] = "MMF_OOM_VICTIM",
		[MM_FLAG_OOM_REAP_QUEUED] = "MMF_OOM_REAP_QUEUED",
		[MM_FLAG_MULTIPROCESS] = "MMF_MULTIPROCESS",
		[MM_FLAG_HAS_PINNED] = "MMF_HAS_PINNED",
		[MM_FLAG_HAS_MDWE] = "MMF_HAS_MDWE",
		[MM_FLAG_HAS_MDWE_NO_INHERIT] = "MMF_HAS_MDWE_NO_INHERIT",
		[MM_FLAG_VM_MERGE_ANY] = "MMF_VM_MERGE_ANY",
		[MM_FLAG_TOPDOWN] = "MMF_TOPDOWN",
	};
	size_t used = 0;

	*ret = '\0';
	/* 1 is what every ordinary program has. */
	if (flags->dumpable != UNKNOWN && flags->dumpable != 1)
		used += (size_t)snprintf(ret, size, "MMF_DUMPABLE=%lld",
					 (long long)flags->dumpable);
	for (unsigned int i = 0; i < MM_FLAG_COUNT && used < size; i++)
		if (names[i] && mm_flags_has(flags, i))
			used += (size_t)snprintf(ret + used, size - used, "%s%s",
						 used ? separator : "", names[i]);
	for (unsigned int i = 0; i < 64 && used < size; i++)
		if (flags->others >> i & 1)
			used += (size_t)snprintf(ret + used, size - used, "%sbit%u",
						 used ? separator : "", i);
}

void explain_evidence(unsigned int evidence, const struct words *words, const char *separator,
		      char *ret, size_t size)
{
	static const char *const messages[EVIDENCE_COUNT] = {
		N_("SIGKILL is pending (SigPnd, ShdPnd)"),
		N_("it took a fatal signal (PF_SIGNALED)"),
		N_("the exit status of its group is set (stat, field 52)"),
		N_("it is exiting (PF_EXITING)"),
		N_("it has no address space any more (no Vm lines)"),
		N_("nothing is mapped (VmSize is 0)"),
		N_("nothing private is resident (RssAnon and RssFile are 0, VmSize is not)"),
		N_("it dumps core (CoreDumping)"),
		N_("it is dead (state Z)"),
		N_("threads of it live (Threads)"),
		N_("it is stopped by a signal (state T)"),
		N_("it is stopped for its tracer (state t)"),
		N_("its cgroup is frozen (version 1 freezer)"),
		N_("its cgroup is frozen (version 2)"),
		N_("it sleeps until its vfork child has called exec or ended"),
		N_("a signal that asks it to end is pending and blocked (SigBlk)"),
		N_("a signal that asks it to end is pending and handled by it (SigCgt)"),
		N_("it is a thread of the kernel (PF_KTHREAD)"),
		N_("its PID has been waited for (signal 0: no such process)"),
		N_("its end is decided (SIGNAL_GROUP_EXIT)"),
		N_("a reap of its memory has begun (MMF_UNSTABLE)"),
		N_("its memory is no longer worth a reap (MMF_OOM_SKIP)"),
		N_("no process has this PID (pidfd_open: no such process)"),
		N_("the process of the pidfd has been waited for"),
		N_("the process that has this PID now is another one (its inode)"),
	};
	size_t used = 0;

	*ret = '\0';
	for (unsigned int i = 0; i < EVIDENCE_COUNT && used < size; i++)
		if (evidence >> i & 1)
			used += (size_t)snprintf(ret + used, size - used, "%s%s",
						 used ? separator : "",
						 words_one(words, messages[i]));
}

static const char *phase_sentence(const struct status_row *row)
{
	switch (row->phase) {
	case PHASE_ALIVE:
		return row->frozen_version ? N_("it lives, and is frozen")
					   : N_("it lives, and nobody asked it to end");
	case PHASE_STOPPED:
		return N_("it lives, and is stopped");
	case PHASE_VFORK_WAIT:
		return N_("it waits for a vfork child, which uses its memory");
	case PHASE_CORE_DUMP:
		return N_("it is being dumped; its memory stays until that is done");
	case PHASE_NO_VMA:
		return N_("its address space is empty");
	case PHASE_SIGNALLED:
		return N_("it was asked to end, and does not take the signal");
	case PHASE_DYING:
		return N_("its end is decided; its memory is still there");
	case PHASE_DYING_FROZEN:
		return N_("its end is decided, and the freezer keeps it from ending");
	case PHASE_EXIT_STOP:
		return N_("its end is decided, and a tracer holds it just before it");
	case PHASE_REAPED:
		return N_("its memory has been taken back; it has not exited yet");
	case PHASE_EXIT_MMAP:
		return N_("it has let go of its address space, and is about to be gone");
	case PHASE_ZOMBIE:
		return N_("it is dead, and its parent has not waited for it");
	case PHASE_ZOMBIE_LEADER:
		return N_("its first thread is dead; others live and use the memory");
	case PHASE_KTHREAD:
		return N_("a kernel thread: it has no address space");
	case PHASE_GONE:
		return N_("there is no such process any more");
	}
	return "";
}

void explain_blocker(const struct status_row *row, const struct words *words, char *ret,
		     size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };

	*ret = '\0';
	switch (row->blocker) {
	case BLOCKER_NONE:
		break;
	case BLOCKER_FREEZER:
		if (*row->frozen)
			sentence_say(&s, "frozen cgroup %s", row->frozen);
		else
			sentence_say(&s, "frozen cgroup");
		break;
	case BLOCKER_TRACER:
		if (row->tracer)
			sentence_say(&s, "tracer %d", row->tracer);
		else
			sentence_say(&s, "tracer");
		break;
	case BLOCKER_CORE_DUMP:
		if (*row->wchan)
			sentence_say(&s, "core dump in %s", row->wchan);
		else
			sentence_say(&s, "core dump");
		break;
	case BLOCKER_VFORK_CHILD:
		if (row->vfork_child)
			sentence_say(&s, "vfork child %d", row->vfork_child);
		else
			sentence_say(&s, "vfork child");
		break;
	case BLOCKER_STOP:
		sentence_say(&s, "stop signal");
		break;
	case BLOCKER_SIGNAL:
		if (row->evidence & EVIDENCE_SIGNAL_BLOCKED)
			sentence_say(&s, "blocked signal");
		else
			sentence_say(&s, "handled signal");
		break;
	case BLOCKER_PARENT:
		sentence_say(&s, "parent %d", row->ppid);
		break;
	case BLOCKER_THREADS:
		sentence_count(&s, row->threads - 1, "%d living thread", "%d living threads",
			       row->threads - 1);
		break;
	case BLOCKER_WAIT:
		if (*row->wchan)
			sentence_say(&s, "uninterruptible wait in %s", row->wchan);
		else
			sentence_say(&s, "uninterruptible wait");
		break;
	}
}

/* "mmreap kill --reap-only 4711"; mmreap refuses to touch what it runs below. */
static void command_with(const struct status_row *row, const char *options, char *ret, size_t size)
{
	snprintf(ret, size, "mmreap kill %s%s%d", row->ancestor ? "--allow-ancestors " : "",
		 options, row->id.pid);
}

/* "mmreap kill 4711", with what makes it work for this one. */
static void kill_command(const struct status_row *row, char *ret, size_t size)
{
	char options[32];

	snprintf(options, sizeof(options), "%s%s", row->n_sharers > 0 ? "--sharers=kill " : "",
		 row->frozen_version == 1 ? "--thaw " : "");
	command_with(row, options, ret, size);
}

static void say_next_of_reaped(struct sentence *s, const struct status_row *row, const char *thaw)
{
	if (row->blocker == BLOCKER_FREEZER)
		sentence_say(s, "%s lets it exit", thaw);
	else if (row->blocker == BLOCKER_TRACER)
		sentence_say(s, "it exits when its tracer, %d, lets it go", row->tracer);
	else if (row->blocker == BLOCKER_WAIT)
		sentence_say(s, "its memory is back; it exits when what it waits for answers: a "
				"disk, a server, a frozen file system");
	else
		sentence_say(s, "wait: its memory is back, its exit takes a moment");
}

/* As long as another process lives that has it, the memory cannot be taken. */
static void say_next_of_shared(struct sentence *s, const char *kill)
{
	sentence_say(s, "its memory is shared: %s ends all that have it", kill);
}

/* Is what helps in this phase a signal, a reap or a thaw? */
static bool is_up_to_us(const struct status_row *row)
{
	switch (row->phase) {
	case PHASE_REAPED:
		return row->blocker == BLOCKER_FREEZER;
	case PHASE_ALIVE:
	case PHASE_STOPPED:
	case PHASE_CORE_DUMP:
	case PHASE_NO_VMA:
	case PHASE_ZOMBIE_LEADER:
	case PHASE_SIGNALLED:
	case PHASE_DYING:
	case PHASE_DYING_FROZEN:
	case PHASE_EXIT_STOP:
		return true;
	case PHASE_VFORK_WAIT:
	case PHASE_EXIT_MMAP:
	case PHASE_ZOMBIE:
	case PHASE_KTHREAD:
	case PHASE_GONE:
		break;
	}
	return false;
}

void explain_next(const struct status_row *row, const struct words *words, char *ret, size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };
	char kill[96], reap[96], thaw[96];

	kill_command(row, kill, sizeof(kill));
	command_with(row, "--reap-only ", reap, sizeof(reap));
	command_with(row, "--thaw ", thaw, sizeof(thaw));
	*ret = '\0';
	/* What mmreap refuses, or is denied, is no advice. */
	if (row->id.pid == 1 && is_up_to_us(row))
		return;
	if (row->no_right && is_up_to_us(row)) {
		sentence_say(&s, "no right to signal it; run mmreap as its user or as root");
		return;
	}
	switch (row->phase) {
	case PHASE_ALIVE:
		if (row->n_sharers > 0)
			sentence_say(&s, "%s would end it and all that share its memory", kill);
		else
			sentence_say(&s, "%s would end it", kill);
		break;
	case PHASE_STOPPED:
		if (row->blocker == BLOCKER_STOP)
			sentence_say(&s,
				     "kill -CONT %d lets it go on; %s ends it, stopped as it is",
				     row->id.pid, kill);
		else
			sentence_say(&s, "its tracer lets it go on; %s ends it, stopped as it is",
				     kill);
		break;
	case PHASE_VFORK_WAIT:
		sentence_say(&s,
			     "wait until the child has called exec; mmreap sharers %d shows both",
			     row->id.pid);
		break;
	case PHASE_CORE_DUMP:
		sentence_say(&s, "wait for the dump; %s ends it", kill);
		break;
	case PHASE_NO_VMA:
	case PHASE_ZOMBIE_LEADER:
		sentence_say(&s, "%s ends what is left of it", kill);
		break;
	case PHASE_SIGNALLED:
		sentence_say(&s, "%s: SIGKILL cannot be blocked or handled", kill);
		break;
	case PHASE_DYING:
		if (row->n_sharers > 0)
			say_next_of_shared(&s, kill);
		else
			sentence_say(&s, "%s takes its memory back now", reap);
		break;
	case PHASE_DYING_FROZEN:
		if (row->n_sharers > 0)
			say_next_of_shared(&s, kill);
		else
			sentence_say(&s, "%s takes its memory back and lets it exit", thaw);
		break;
	case PHASE_EXIT_STOP:
		if (row->n_sharers > 0)
			say_next_of_shared(&s, kill);
		else
			sentence_say(
				&s, "%s takes its memory back; it exits when its tracer lets it go",
				reap);
		break;
	case PHASE_REAPED:
		say_next_of_reaped(&s, row, thaw);
		break;
	case PHASE_EXIT_MMAP:
		sentence_say(&s, "wait: nothing but CPU time speeds it up (renice)");
		break;
	case PHASE_ZOMBIE:
		sentence_say(
			&s, "nothing is left to free but its PID: its parent, %d, must wait for it",
			row->ppid);
		break;
	case PHASE_KTHREAD:
	case PHASE_GONE:
		break;
	}
}

/* --- the report of one process ---------------------------------------------------------- */

#define INDENT "  "

/* Labels are keys, like the names of columns: they stay, and so their width does. */
static void begin_line(FILE *f, const char *label, const char *text)
{
	fprintf(f, "%-10s %s", label, text);
}

__attribute__((format(printf, 2, 0))) static void end_line(FILE *f, const char *format, va_list ap)
{
	vfprintf(f, words_one(&words_local, format), ap);
	putc('\n', f);
}

__attribute__((format(printf, 3, 4))) static void print_line(FILE *f, const char *label,
							     const char *format, ...)
{
	va_list ap;

	begin_line(f, label, "");
	va_start(ap, format);
	end_line(f, format, ap);
	va_end(ap);
}

/* One of several things under the same label. */
__attribute__((format(printf, 3, 4))) static void print_item(FILE *f, const char *indent,
							     const char *format, ...)
{
	va_list ap;

	begin_line(f, "", indent);
	va_start(ap, format);
	end_line(f, format, ap);
	va_end(ap);
}

/* What is said in all languages alike, or is translated already. */
static void print_text(FILE *f, const char *label, const char *text)
{
	begin_line(f, label, "");
	fprintf(f, "%s\n", text);
}

static const char *size_text(int64_t n_bytes, bool bytes, char ret[SIZE_SIZE])
{
	text_size(&words_local, n_bytes, bytes, ret, SIZE_SIZE);
	return ret;
}

static void print_memory(FILE *f, const struct status_row *row, bool bytes)
{
	char size[SIZE_SIZE];

	if (row->rss_bytes == UNKNOWN) {
		print_line(f, "memory", "no address space");
		return;
	}
	print_line(f, "memory", "%s resident", size_text(row->rss_bytes, bytes, size));
	if (row->anon_bytes > 0)
		print_item(f, INDENT, "%s anonymous: a reap brings it back",
			   size_text(row->anon_bytes, bytes, size));
	if (row->anon_shared_bytes > 0)
		print_item(f, INDENT INDENT,
			   "but for pages shared with forked children: at most %s",
			   size_text(row->anon_shared_bytes, bytes, size));
	else if (row->anon_bytes > 0 && row->anon_shared_bytes == UNKNOWN && row->deep)
		print_item(f, INDENT INDENT, "but for pages shared with forked children");
	else if (row->anon_bytes > 0 && row->anon_shared_bytes == UNKNOWN)
		print_item(f, INDENT INDENT,
			   "but for pages shared with forked children (--deep counts them)");
	if (row->file_bytes > 0)
		print_item(f, INDENT, "%s of files: unmapped by a reap, cached on",
			   size_text(row->file_bytes, bytes, size));
	if (row->shmem_bytes > 0)
		print_item(f, INDENT, "%s shared memory: no reap takes it",
			   size_text(row->shmem_bytes, bytes, size));
	if (row->swap_bytes > 0)
		print_item(f, INDENT, "%s swapped: a reap frees it too",
			   size_text(row->swap_bytes, bytes, size));
	if (row->hugetlb_bytes > 0)
		print_item(f, INDENT, "%s of huge pages (hugetlb): freed by the exit only",
			   size_text(row->hugetlb_bytes, bytes, size));
	if (row->pagetable_bytes > 0)
		print_item(f, INDENT, "%s page tables: freed by the exit only",
			   size_text(row->pagetable_bytes, bytes, size));
	if (row->pinned_bytes > 0)
		print_item(f, INDENT, "%s pinned by a driver or io_uring: stays until unpinned",
			   size_text(row->pinned_bytes, bytes, size));
}

static void print_sharers(FILE *f, const struct status_row *row)
{
	char why[SENTENCE_SIZE], comm[4 * COMM_SIZE], text[SENTENCE_SIZE] = "";
	size_t named = row->n_sharers > ROW_SHARERS ? ROW_SHARERS : (size_t)row->n_sharers;
	struct sentence s = { .at = text, .left = sizeof(text), .words = &words_local };

	explain_blind(&row->blind, &words_local, why, sizeof(why));
	if (row->n_sharers == UNKNOWN) {
		if (row->rss_bytes == UNKNOWN)
			return;
		if (*why)
			print_line(f, "sharers", "not known: %s", why);
		else
			print_line(f, "sharers", "not known");
		return;
	}
	if (row->n_sharers == 0) {
		print_line(f, "sharers", "none");
	} else {
		sentence_count(&s, row->n_sharers, "%lld process uses the same memory",
			       "%lld processes use the same memory", (long long)row->n_sharers);
		print_text(f, "sharers", text);
	}
	for (size_t i = 0; i < named; i++) {
		text_escape(row->sharers[i].id.comm, comm, sizeof(comm));
		begin_line(f, "", INDENT);
		fprintf(f, "%d %s (%s)\n", row->sharers[i].id.pid, comm,
			relation_word(row->sharers[i].relation));
	}
	if (*why)
		print_line(f, "", "incomplete: %s", why);
}

static void print_robust(FILE *f, const struct status_row *row)
{
	char text[SENTENCE_SIZE] = "";
	struct sentence s = { .at = text, .left = sizeof(text), .words = &words_local };

	switch (row->robust) {
	case ROBUST_LOOK_UNREAD:
		if (row->rss_bytes != UNKNOWN && !row->deep)
			print_line(f, "robust",
				   "not read: --deep reads the lists of robust futexes");
		break;
	case ROBUST_LOOK_NULL:
	case ROBUST_LOOK_EMPTY:
		print_line(f, "robust", "no robust futex in use");
		break;
	case ROBUST_LOOK_IN_USE:
		sentence_count(
			&s, row->robust_threads,
			"robust futexes in use by %lld thread: they are handed over before a "
			"reap",
			"robust futexes in use by %lld threads: they are handed over before a "
			"reap",
			(long long)row->robust_threads);
		print_text(f, "robust", text);
		break;
	case ROBUST_LOOK_UNREADABLE:
		print_line(f, "robust", "not known: no right to read its lists of robust futexes");
		break;
	case ROBUST_LOOK_BLOCKED:
		print_line(f, "robust", "not known: the read did not come back in time");
		break;
	}
}

/* One line for each piece of evidence. */
static void print_evidence(FILE *f, unsigned int evidence)
{
	char text[EVIDENCE_COUNT * 160], *line = text, *end;
	const char *label = "evidence";

	explain_evidence(evidence, &words_local, "\n", text, sizeof(text));
	for (; *line; line = end, label = "") {
		end = strchrnul(line, '\n');
		if (*end)
			*end++ = '\0';
		print_text(f, label, line);
	}
}

/* Its counters and flags, and whether the kernel was asked for them. */
static void print_kernel(FILE *f, const struct status_row *row)
{
	char flags[SENTENCE_SIZE];

	if (row->source != SOURCE_BPF)
		print_line(f, "kernel", "not asked: all of this is from /proc");
	else if (row->users != UNKNOWN)
		print_line(f, "kernel", "mm_users %lld, mm_count %lld; threads that have it: %lld",
			   (long long)row->users, (long long)row->count,
			   (long long)row->mm_threads);
	else
		print_line(f, "kernel", "asked: it has no address space");
	explain_mm_flags(&row->flags, " ", flags, sizeof(flags));
	if (*flags)
		print_text(f, "flags", flags);
}

void report_print_status(FILE *f, const struct status_row *row, bool bytes)
{
	char comm[4 * COMM_SIZE], text[SENTENCE_SIZE], path[4 * CGROUP_SIZE];

	text_escape(row->id.comm, comm, sizeof(comm));
	if (row->id.pid > 0)
		fprintf(f, "%d %s", row->id.pid, comm);
	else
		fputs("pidfd", f);
	if (row->id.inode)
		fprintf(f, " (inode %llu)", (unsigned long long)row->id.inode);
	putc('\n', f);
	begin_line(f, "phase", phase_word(row->phase));
	fprintf(f, "%s%s\n", words_one(&words_local, COLON),
		words_one(&words_local, phase_sentence(row)));
	print_evidence(f, row->evidence);
	if (row->seen && row->phase != PHASE_KTHREAD) {
		print_memory(f, row, bytes);
		print_sharers(f, row);
		print_robust(f, row);
		print_kernel(f, row);
	}
	if (row->frozen_version) {
		text_escape(row->frozen, path, sizeof(path));
		print_line(f, "frozen", "by cgroup %s (version %d)", *path ? path : "?",
			   row->frozen_version);
	}
	if (row->tracer) {
		begin_line(f, "tracer", "");
		fprintf(f, "%d\n", row->tracer);
	}
	if (row->pending) {
		explain_signals(row->pending, text, sizeof(text));
		print_text(f, "pending", text);
	}
	if (row->has_oom_adj && row->oom_adj != 0) {
		begin_line(f, "oom adj", "");
		fprintf(f, "%lld\n", (long long)row->oom_adj);
	}
	if (row->deep_blocked)
		print_line(f, "deep", "a read waited for the mmap lock and was given up");
	explain_blocker(row, &words_local, text, sizeof(text));
	if (*text) {
		text_escape(text, path, sizeof(path));
		print_text(f, "blocker", path);
	}
	explain_next(row, &words_local, text, sizeof(text));
	if (*text)
		print_text(f, "next", text);
}
