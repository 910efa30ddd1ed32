// SPDX-License-Identifier: GPL-2.0-or-later

/* `status` for people: phase, evidence, blocker and next step in words, and the report of one. */

#include <mmreap/report.h>
#include <stdarg.h>
#include <string.h>

#define LABEL "%-10s"

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

void explain_evidence(unsigned int evidence, const char *separator, char *ret, size_t size)
{
	static const char *const words[EVIDENCE_COUNT] = {
		"SIGKILL is pending (SigPnd, ShdPnd)",
		"it took a fatal signal (PF_SIGNALED)",
		"the exit status of its group is set (stat, field 52)",
		"it is exiting (PF_EXITING)",
		"it has no address space any more (no Vm lines)",
		"nothing is mapped (VmSize is 0)",
		"nothing private is resident (RssAnon and RssFile are 0, VmSize is not)",
		"it dumps core (CoreDumping)",
		"it is dead (state Z)",
		"threads of it live (Threads)",
		"it is stopped by a signal (state T)",
		"it is stopped for its tracer (state t)",
		"its cgroup is frozen (version 1 freezer)",
		"its cgroup is frozen (version 2)",
		"it sleeps until its vfork child has called exec or ended",
		"a signal that asks it to end is pending and blocked (SigBlk)",
		"a signal that asks it to end is pending and handled by it (SigCgt)",
		"it is a thread of the kernel (PF_KTHREAD)",
		"its PID has been waited for (signal 0: no such process)",
	};
	size_t used = 0;

	*ret = '\0';
	for (unsigned int i = 0; i < EVIDENCE_COUNT && used < size; i++)
		if (evidence >> i & 1)
			used += (size_t)snprintf(ret + used, size - used, "%s%s",
						 used ? separator : "", words[i]);
}

static const char *phase_sentence(const struct status_row *row)
{
	switch (row->phase) {
	case PHASE_ALIVE:
		return row->frozen_version ? "it lives, and is frozen"
					   : "it lives, and nobody asked it to end";
	case PHASE_STOPPED:
		return "it lives, and is stopped";
	case PHASE_VFORK_WAIT:
		return "it waits for a vfork child, which uses its memory";
	case PHASE_CORE_DUMP:
		return "it is being dumped; its memory stays until that is done";
	case PHASE_NO_VMA:
		return "its address space is empty";
	case PHASE_SIGNALLED:
		return "it was asked to end, and does not take the signal";
	case PHASE_DYING:
		return "its end is decided; its memory is still there";
	case PHASE_DYING_FROZEN:
		return "its end is decided, and the freezer keeps it from ending";
	case PHASE_EXIT_STOP:
		return "its end is decided, and a tracer holds it just before it";
	case PHASE_REAPED:
		return "its memory has been taken back; it has not exited yet";
	case PHASE_EXIT_MMAP:
		return "it has let go of its address space, and is about to be gone";
	case PHASE_ZOMBIE:
		return "it is dead, and its parent has not waited for it";
	case PHASE_ZOMBIE_LEADER:
		return "its first thread is dead; others live and use the memory";
	case PHASE_KTHREAD:
		return "a kernel thread: it has no address space";
	case PHASE_GONE:
		return "there is no such process any more";
	}
	return "";
}

void explain_blocker(const struct status_row *row, char *ret, size_t size)
{
	*ret = '\0';
	switch (row->blocker) {
	case BLOCKER_NONE:
		break;
	case BLOCKER_FREEZER:
		snprintf(ret, size, "frozen cgroup%s%s", *row->frozen ? " " : "", row->frozen);
		break;
	case BLOCKER_TRACER:
		if (row->tracer)
			snprintf(ret, size, "tracer %d", row->tracer);
		else
			snprintf(ret, size, "tracer");
		break;
	case BLOCKER_CORE_DUMP:
		snprintf(ret, size, "core dump%s%s", *row->wchan ? " in " : "", row->wchan);
		break;
	case BLOCKER_VFORK_CHILD:
		if (row->vfork_child)
			snprintf(ret, size, "vfork child %d", row->vfork_child);
		else
			snprintf(ret, size, "vfork child");
		break;
	case BLOCKER_STOP:
		snprintf(ret, size, "stop signal");
		break;
	case BLOCKER_SIGNAL:
		snprintf(ret, size, "%s",
			 row->evidence & EVIDENCE_SIGNAL_BLOCKED ? "blocked signal"
								 : "handled signal");
		break;
	case BLOCKER_PARENT:
		snprintf(ret, size, "parent %d", row->ppid);
		break;
	case BLOCKER_THREADS:
		snprintf(ret, size, "%d living threads", row->threads - 1);
		break;
	case BLOCKER_WAIT:
		snprintf(ret, size, "uninterruptible wait%s%s", *row->wchan ? " in " : "",
			 row->wchan);
		break;
	}
}

/* "mmreap kill 4711", with what makes it work for this one. */
static void kill_command(const struct status_row *row, char *ret, size_t size)
{
	snprintf(ret, size, "mmreap kill %s%s%d", row->n_sharers > 0 ? "--sharers=kill " : "",
		 row->frozen_version == 1 ? "--thaw " : "", row->id.pid);
}

static void next_of_reaped(const struct status_row *row, char *ret, size_t size)
{
	if (row->blocker == BLOCKER_FREEZER)
		snprintf(ret, size, "mmreap kill --thaw %d lets it exit", row->id.pid);
	else if (row->blocker == BLOCKER_TRACER)
		snprintf(ret, size, "it exits when its tracer, %d, lets it go", row->tracer);
	else
		snprintf(ret, size, "wait: its memory is back, its exit takes a moment");
}

void explain_next(const struct status_row *row, char *ret, size_t size)
{
	char kill[64];

	kill_command(row, kill, sizeof(kill));
	*ret = '\0';
	switch (row->phase) {
	case PHASE_ALIVE:
		snprintf(ret, size, "%s would end it%s", kill,
			 row->n_sharers > 0 ? " and all that share its memory" : "");
		break;
	case PHASE_STOPPED:
		if (row->blocker == BLOCKER_STOP)
			snprintf(ret, size,
				 "kill -CONT %d lets it go on; %s ends it, stopped as it is",
				 row->id.pid, kill);
		else
			snprintf(ret, size,
				 "its tracer lets it go on; %s ends it, stopped as it is", kill);
		break;
	case PHASE_VFORK_WAIT:
		snprintf(ret, size,
			 "wait until the child has called exec; mmreap sharers %d shows both",
			 row->id.pid);
		break;
	case PHASE_CORE_DUMP:
		snprintf(ret, size, "wait for the dump; %s ends it", kill);
		break;
	case PHASE_NO_VMA:
	case PHASE_ZOMBIE_LEADER:
		snprintf(ret, size, "%s ends what is left of it", kill);
		break;
	case PHASE_SIGNALLED:
		snprintf(ret, size, "%s: SIGKILL cannot be blocked or handled", kill);
		break;
	case PHASE_DYING:
		snprintf(ret, size, "mmreap kill --reap-only %d takes its memory back now",
			 row->id.pid);
		break;
	case PHASE_DYING_FROZEN:
		snprintf(ret, size, "mmreap kill --thaw %d takes its memory back and lets it exit",
			 row->id.pid);
		break;
	case PHASE_EXIT_STOP:
		snprintf(
			ret, size,
			"mmreap kill --reap-only %d takes its memory back; it exits when its tracer lets it go",
			row->id.pid);
		break;
	case PHASE_REAPED:
		next_of_reaped(row, ret, size);
		break;
	case PHASE_EXIT_MMAP:
		snprintf(ret, size, "wait: nothing but CPU time speeds it up (renice)");
		break;
	case PHASE_ZOMBIE:
		snprintf(ret, size,
			 "nothing is left to free but its PID: its parent, %d, must wait for it",
			 row->ppid);
		break;
	case PHASE_KTHREAD:
	case PHASE_GONE:
		break;
	}
}

/* --- the report of one process ---------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void print_line(FILE *f, const char *label,
							     const char *format, ...)
{
	va_list ap;

	fprintf(f, LABEL " ", label);
	va_start(ap, format);
	vfprintf(f, format, ap);
	va_end(ap);
	putc('\n', f);
}

static void print_kind(FILE *f, int64_t n_bytes, bool bytes, const char *what)
{
	char size[32];

	if (n_bytes <= 0)
		return;
	text_size(n_bytes, bytes, size, sizeof(size));
	print_line(f, "", "  %s %s", size, what);
}

static void print_memory(FILE *f, const struct status_row *row, bool bytes)
{
	char size[32], shared[64] = "";

	if (row->rss_bytes == UNKNOWN) {
		print_line(f, "memory", "none");
		return;
	}
	text_size(row->rss_bytes, bytes, size, sizeof(size));
	print_line(f, "memory", "%s resident", size);
	print_kind(f, row->anon_bytes, bytes, "anonymous: a reap brings it back");
	if (row->anon_bytes > 0 && row->anon_shared_bytes == UNKNOWN) {
		print_line(f, "", "    but for pages shared with forked children%s",
			   row->deep ? "" : " (--deep counts them)");
	} else if (row->anon_shared_bytes > 0) {
		text_size(row->anon_shared_bytes, bytes, shared, sizeof(shared));
		print_line(f, "", "    but for pages shared with forked children: at most %s",
			   shared);
	}
	print_kind(f, row->file_bytes, bytes, "of files: unmapped by a reap, cached on");
	print_kind(f, row->shmem_bytes, bytes, "shared memory: no reap takes it");
	print_kind(f, row->swap_bytes, bytes, "swapped: a reap frees it too");
	print_kind(f, row->hugetlb_bytes, bytes, "of huge pages (hugetlb): freed by the exit only");
	print_kind(f, row->pagetable_bytes, bytes, "page tables: freed by the exit only");
	print_kind(f, row->pinned_bytes, bytes,
		   "pinned by a driver or io_uring: stays until unpinned");
}

static void print_sharers(FILE *f, const struct status_row *row)
{
	static const char *const no_mm = "";
	char why[SENTENCE_SIZE], comm[4 * COMM_SIZE];
	size_t named = row->n_sharers > ROW_SHARERS ? ROW_SHARERS : (size_t)row->n_sharers;

	explain_blind(&row->blind, why, sizeof(why));
	if (row->n_sharers == UNKNOWN) {
		if (row->rss_bytes != UNKNOWN)
			print_line(f, "sharers", "not known%s%s", *why ? ": " : no_mm, why);
		return;
	}
	if (row->n_sharers == 0)
		print_line(f, "sharers", "none");
	else
		print_line(f, "sharers", "%lld %s the same memory", (long long)row->n_sharers,
			   row->n_sharers == 1 ? "process uses" : "processes use");
	for (size_t i = 0; i < named; i++) {
		text_escape(row->sharers[i].id.comm, comm, sizeof(comm));
		print_line(f, "", "  %d %s (%s)", row->sharers[i].id.pid, comm,
			   relation_word(row->sharers[i].relation));
	}
	if (*why)
		print_line(f, "", "incomplete: %s", why);
}

static void print_robust(FILE *f, const struct status_row *row)
{
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
		print_line(f, "robust",
			   "robust futexes in use by %lld %s: they are handed over before a reap",
			   (long long)row->robust_threads,
			   row->robust_threads == 1 ? "thread" : "threads");
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
	char text[SENTENCE_SIZE], *line = text, *end;
	const char *label = "evidence";

	explain_evidence(evidence, "\n", text, sizeof(text));
	for (; *line; line = end + (*end != '\0'), label = "") {
		end = strchrnul(line, '\n');
		print_line(f, label, "%.*s", (int)(end - line), line);
	}
}

void report_print_status(FILE *f, const struct status_row *row, bool bytes)
{
	char comm[4 * COMM_SIZE], text[SENTENCE_SIZE], path[4 * CGROUP_SIZE];

	text_escape(row->id.comm, comm, sizeof(comm));
	fprintf(f, "%d %s", row->id.pid, comm);
	if (row->id.inode)
		fprintf(f, " (inode %llu)", (unsigned long long)row->id.inode);
	putc('\n', f);
	print_line(f, "phase", "%s: %s", phase_word(row->phase), phase_sentence(row));
	print_evidence(f, row->evidence);
	if (row->seen && row->phase != PHASE_KTHREAD) {
		print_memory(f, row, bytes);
		print_sharers(f, row);
		print_robust(f, row);
	}
	if (row->frozen_version) {
		text_escape(row->frozen, path, sizeof(path));
		print_line(f, "frozen", "by cgroup %s (version %d)", *path ? path : "?",
			   row->frozen_version);
	}
	if (row->tracer)
		print_line(f, "tracer", "%d", row->tracer);
	if (row->pending) {
		explain_signals(row->pending, text, sizeof(text));
		print_line(f, "pending", "%s", text);
	}
	if (row->has_oom_adj && row->oom_adj != 0)
		print_line(f, "oom adj", "%lld", (long long)row->oom_adj);
	if (row->deep_blocked)
		print_line(f, "deep", "a read waited for the mmap lock and was given up");
	explain_blocker(row, text, sizeof(text));
	if (*text) {
		text_escape(text, path, sizeof(path));
		print_line(f, "blocker", "%s", path);
	}
	explain_next(row, text, sizeof(text));
	if (*text)
		print_line(f, "next", "%s", text);
}
