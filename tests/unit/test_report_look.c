// SPDX-License-Identifier: GPL-2.0-or-later

/* What the looking commands print: table, raw, JSON, the report of one process, every word. */

#include <errno.h>
#include <mmreap/report.h>
#include <stdlib.h>

#include "marked.h"
#include "unit.h"

/* What a row does not say is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

static const struct sharers_row shared[] = {
	{ .group = 1,
	  .id = { .pid = 4711, .inode = 12, .comm = "a \x1b" },
	  .ppid = 1,
	  .uid = 1000,
	  .relation = RELATION_TARGET,
	  .state = 'S',
	  .threads = 3,
	  .rss_bytes = 1536,
	  .killable = 1,
	  .users = UNKNOWN,
	  .source = SOURCE_KCMP,
	  .cgroup = "/a b",
	  .blind = { .n_unknown = 1, .unknown = { .pid = 1, .comm = "init" } } },
	{ .group = 1,
	  .id = { .pid = 4712 },
	  .ppid = 4711,
	  .uid = -1,
	  .relation = RELATION_VFORK_CHILD,
	  .state = 'D',
	  .threads = 1,
	  .rss_bytes = UNKNOWN,
	  .killable = 0,
	  .users = UNKNOWN,
	  .source = SOURCE_KCMP },
};

static const struct status_row frozen = {
	.id = { .pid = 4711, .inode = 12, .comm = "java" },
	.seen = true,
	.phase = PHASE_DYING_FROZEN,
	.evidence = EVIDENCE_KILL_PENDING | EVIDENCE_FREEZER_V1,
	.blocker = BLOCKER_FREEZER,
	.ppid = 1,
	.uid = 1000,
	.state = 'D',
	.threads = 3,
	.tid = 4711,
	.rss_bytes = 3 << 20,
	.anon_bytes = 2 << 20,
	.file_bytes = 1 << 19,
	.shmem_bytes = 1 << 19,
	.swap_bytes = 4096,
	.hugetlb_bytes = 2 << 20,
	.pagetable_bytes = 8192,
	.locked_bytes = 0,
	.pinned_bytes = 4096,
	.n_sharers = 1,
	.sharers = { { { .pid = 4712, .comm = "x" }, RELATION_CLONE_VM } },
	.has_oom_adj = true,
	.oom_adj = -1,
	.frozen_version = 1,
	.frozen = "/a",
	.cgroup = "/a/b",
	.tracer = 77,
	.wchan = "__refrigerator",
	.core_dumping = 0,
	.thp = 1,
	.ksm_pages = UNKNOWN,
	.dump_filter = 0x33,
	.pending = UINT64_C(1) << 8 | UINT64_C(1) << 33,
	.flags = { .named = 1u << MM_FLAG_OOM_SKIP | 1u << MM_FLAG_DISABLE_THP,
		   .dumpable = UNKNOWN },
	.users = UNKNOWN,
	.count = UNKNOWN,
	.deep = true,
	.vmas = 40,
	.anon_shared_bytes = 4096,
	.robust = ROBUST_LOOK_IN_USE,
	.robust_threads = 2,
};

static const struct status_row gone = {
	.id = { .pid = 4713 },
	.phase = PHASE_GONE,
	.evidence = EVIDENCE_REAPED_PID,
	.uid = -1,
	.rss_bytes = UNKNOWN,
	.anon_bytes = UNKNOWN,
	.file_bytes = UNKNOWN,
	.shmem_bytes = UNKNOWN,
	.swap_bytes = UNKNOWN,
	.hugetlb_bytes = UNKNOWN,
	.pagetable_bytes = UNKNOWN,
	.n_sharers = UNKNOWN,
	.core_dumping = UNKNOWN,
	.thp = UNKNOWN,
	.ksm_pages = UNKNOWN,
	.dump_filter = UNKNOWN,
	.users = UNKNOWN,
	.count = UNKNOWN,
	.vmas = UNKNOWN,
};

static void prints(const struct row_table *table, const struct output_options *out,
		   const void *rows, size_t n, size_t size, const char *want, const char *name)
{
	struct column_list columns;
	struct cli_error error;
	char *text = NULL;
	size_t length;
	FILE *f;

	if (!ok(report_choose_columns(table, out, &columns, &error) == 0, "columns: %s", name))
		return;
	f = open_memstream(&text, &length);
	if (f) {
		is_int(report_print_rows(f, table, out, &columns, rows, n, size), 0, "printed: %s",
		       name);
		fclose(f);
	}
	is_str(text, want, "%s", name);
	free(text);
}

static void test_sharers(void)
{
	static const struct output_options plain = { 0 }, raw = { .raw = true };
	static const struct output_options json = { .json = true };
	static const struct output_options bytes = { .columns = "pid,rss", .bytes = true };
	static const struct output_options more = { .columns = "+source", .noheadings = true };

	prints(&report_table_sharers, &plain, shared, 2, sizeof(*shared),
	       "GROUP  PID INODE PPID USER RELATION    STATE THREADS  RSS KILLABLE COMM\n"
	       "    1 4711    12    1 1000 target      S           3 1.5K      yes a \\x1b\n"
	       "    1 4712       4711      vfork-child D           1            no \n",
	       "table");
	prints(&report_table_sharers, &raw, shared, 2, sizeof(*shared),
	       "GROUP PID INODE PPID USER RELATION STATE THREADS RSS KILLABLE COMM\n"
	       "1 4711 12 1 1000 target S 3 1.5K yes a\\x20\\x1b\n"
	       "1 4712  4711  vfork-child D 1  no \n",
	       "raw");
	prints(&report_table_sharers, &json, shared, 2, sizeof(*shared),
	       "{\"sharers\":[\n"
	       "{\"group\":1,\"pid\":4711,\"inode\":12,\"ppid\":1,\"user\":1000,"
	       "\"relation\":\"target\",\"state\":\"S\",\"threads\":3,\"rss\":1536,"
	       "\"killable\":true,\"comm\":\"a \\u001b\",\"cgroup\":\"/a b\",\"users\":null,"
	       "\"source\":\"kcmp\",\"incomplete\":\"1 process could not be compared (1 init)\"},\n"
	       "{\"group\":1,\"pid\":4712,\"inode\":null,\"ppid\":4711,\"user\":null,"
	       "\"relation\":\"vfork-child\",\"state\":\"D\",\"threads\":1,\"rss\":null,"
	       "\"killable\":false,\"comm\":null,\"cgroup\":null,\"users\":null,"
	       "\"source\":\"kcmp\",\"incomplete\":null}\n]}\n",
	       "JSON");
	prints(&report_table_sharers, &bytes, shared, 1, sizeof(*shared), " PID  RSS\n4711 1536\n",
	       "bytes");
	prints(&report_table_sharers, &more, shared, 1, sizeof(*shared),
	       "    1 4711    12    1 1000 target   S           3 1.5K      yes a \\x1b kcmp\n",
	       "one more, no headings");
	prints(&report_table_sharers, &json, NULL, 0, sizeof(*shared), "{\"sharers\":[]}\n",
	       "nobody");
}

/* Nothing of it stands outside of a message. */
static void is_translated(const char *text)
{
	char outside[SENTENCE_SIZE];

	marked_outside(text, outside, sizeof(outside));
	is_str(outside, "", "%s", text);
}

/* A word of the interface is the same in all languages. */
static void is_word(const char *text)
{
	ok(!strstr(text, OPEN), "\"%s\" is no message", text);
}

static void test_blind(void)
{
	static const struct {
		struct blind blind;
		const char *want;
	} rows[] = {
		{ { 0 }, "" },
		{ { .n_unknown = 2, .unknown = { .pid = 3 } },
		  "2 processes could not be compared (first: 3)" },
		{ { .no_right = true, .hidepid = true },
		  "no right to inspect the target (ptrace); /proc hides the processes of other "
		  "users (hidepid)" },
		{ { .no_kcmp = true },
		  "address spaces cannot be compared: no kcmp, or a filter forbids it" },
		{ { .pid_ns = true }, "processes outside of this PID namespace cannot be seen" },
		{ { .blocked = true }, "the target is in the middle of an execve" },
		{ { .changed = true }, "processes changed faster than they were read" },
		{ { .err = -EAGAIN, .hidepid = true },
		  "the look for them failed: EAGAIN; /proc hides the processes of other users "
		  "(hidepid)" },
	};
	struct blind all = { 9, { .pid = 1 }, true, true, true, true, true, true, -EINVAL };
	char text[SENTENCE_SIZE];

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		explain_blind(&rows[i].blind, NULL, text, sizeof(text));
		is_str(text, rows[i].want, "row %zu", i);
	}
	explain_blind(&all, &marked_words, text, sizeof(text));
	is_translated(text);
	memset(all.unknown.comm, '\x01', COMM_SIZE - 1);
	explain_blind(&all, NULL, text, sizeof(text));
	ok(strlen(text) < sizeof(text), "everything at once fits");
}

static void test_status(void)
{
	static const struct output_options plain = { 0 }, json = { .json = true };
	static const struct output_options few = { .columns = "pid,phase,frozen,flags,blocker",
						   .raw = true };
	struct status_row rows[2] = { frozen, gone }, hidden = gone;

	prints(&report_table_status, &plain, rows, 2, sizeof(*rows),
	       " PID INODE PHASE        COMM STATE THREADS  RSS SWAP SHARERS "
	       "FLAGS                        USERS COUNT FROZEN OOMADJ BLOCKER\n"
	       "4711    12 dying-frozen java D           3 3.0M 4.0K       1 "
	       "MMF_OOM_SKIP,MMF_DISABLE_THP             v1:/a      -1 frozen cgroup /a\n"
	       "4713       gone                                              "
	       "                                                       \n",
	       "table");
	prints(&report_table_status, &few, rows, 1, sizeof(*rows),
	       "PID PHASE FROZEN FLAGS BLOCKER\n"
	       "4711 dying-frozen v1:/a MMF_OOM_SKIP,MMF_DISABLE_THP frozen\\x20cgroup\\x20/a\n",
	       "raw");
	prints(&report_table_status, &json, rows, 2, sizeof(*rows),
	       "{\"status\":[\n"
	       "{\"pid\":4711,\"inode\":12,\"phase\":\"dying-frozen\",\"comm\":\"java\","
	       "\"state\":\"D\",\"threads\":3,\"rss\":3145728,\"swap\":4096,\"sharers\":1,"
	       "\"flags\":\"MMF_OOM_SKIP,MMF_DISABLE_THP\",\"users\":null,\"count\":null,"
	       "\"frozen\":\"v1:/a\",\"oomadj\":-1,\"blocker\":\"frozen cgroup /a\",\"ppid\":1,"
	       "\"user\":1000,\"cgroup\":\"/a/b\",\"coredump\":false,\"thp\":true,\"ksm\":null,"
	       "\"dumpfilter\":\"0x33\",\"sigpending\":\"KILL,34\",\"vmas\":40,\"anon\":2097152,"
	       "\"file\":524288,\"shmem\":524288,\"hugetlb\":2097152,\"pagetables\":8192,"
	       "\"robust\":\"in-use\",\"tracer\":77,"
	       "\"evidence\":\"SIGKILL is pending (SigPnd, ShdPnd); its cgroup is frozen "
	       "(version 1 freezer)\",\"next\":\"its memory is shared: mmreap kill --sharers=kill --thaw 4711 ends all that have it\",\"incomplete\":null,\"source\":\"proc\"},\n"
	       "{\"pid\":4713,\"inode\":null,\"phase\":\"gone\",\"comm\":null,\"state\":null,"
	       "\"threads\":null,\"rss\":null,\"swap\":null,\"sharers\":null,\"flags\":null,"
	       "\"users\":null,\"count\":null,\"frozen\":null,\"oomadj\":null,\"blocker\":null,"
	       "\"ppid\":null,\"user\":null,\"cgroup\":null,\"coredump\":null,\"thp\":null,"
	       "\"ksm\":null,\"dumpfilter\":null,\"sigpending\":null,\"vmas\":null,\"anon\":null,"
	       "\"file\":null,\"shmem\":null,\"hugetlb\":null,\"pagetables\":null,"
	       "\"robust\":null,\"tracer\":null,\"evidence\":\"its PID has been waited for (signal "
	       "0: no such process)\",\"next\":null,\"incomplete\":null,\"source\":null}\n]}\n",
	       "JSON: what is not known is null");
	hidden.phase = PHASE_ALIVE;
	hidden.evidence = 0;
	prints(&report_table_status,
	       &(struct output_options){ .json = true, .columns = "pid,phase,next" }, &hidden, 1,
	       sizeof(hidden), "{\"status\":[\n{\"pid\":4713,\"phase\":null,\"next\":null}\n]}\n",
	       "there, and nothing can be said of it");
}

static void reports(const struct status_row *row, bool bytes, const char *want, const char *name)
{
	char *text = NULL;
	size_t length;
	FILE *f = open_memstream(&text, &length);

	if (f) {
		report_print_status(f, row, bytes);
		fclose(f);
	}
	is_str(text, want, "%s", name);
	free(text);
}

static void test_report(void)
{
	struct status_row row = frozen;

	reports(&frozen, false,
		"4711 java (inode 12)\n"
		"phase      dying-frozen: its end is decided, and the freezer keeps it from ending\n"
		"evidence   SIGKILL is pending (SigPnd, ShdPnd)\n"
		"           its cgroup is frozen (version 1 freezer)\n"
		"memory     3.0 MiB resident\n"
		"             2.0 MiB anonymous: a reap brings it back\n"
		"               but for pages shared with forked children: at most 4.0 KiB\n"
		"             512.0 KiB of files: unmapped by a reap, cached on\n"
		"             512.0 KiB shared memory: no reap takes it\n"
		"             4.0 KiB swapped: a reap frees it too\n"
		"             2.0 MiB of huge pages (hugetlb): freed by the exit only\n"
		"             8.0 KiB page tables: freed by the exit only\n"
		"             4.0 KiB pinned by a driver or io_uring: stays until unpinned\n"
		"sharers    1 process uses the same memory\n"
		"             4712 x (clone-vm)\n"
		"robust     robust futexes in use by 2 threads: they are handed over before a reap\n"
		"kernel     not asked: all of this is from /proc\n"
		"flags      MMF_OOM_SKIP MMF_DISABLE_THP\n"
		"frozen     by cgroup /a (version 1)\n"
		"tracer     77\n"
		"pending    KILL,34\n"
		"oom adj    -1\n"
		"blocker    frozen cgroup /a\n"
		"next       its memory is shared: mmreap kill --sharers=kill --thaw 4711 ends all "
		"that have it\n",
		"everything");
	reports(&gone, false,
		"4713 \n"
		"phase      gone: there is no such process any more\n"
		"evidence   its PID has been waited for (signal 0: no such process)\n",
		"gone");
	row = (struct status_row){ .id = { .pid = 9, .comm = "a\nb" },
				   .seen = true,
				   .rss_bytes = 1000,
				   .anon_bytes = 1000,
				   .anon_shared_bytes = UNKNOWN,
				   .n_sharers = UNKNOWN,
				   .flags = { .dumpable = UNKNOWN },
				   .blind = { .no_right = true } };
	reports(&row, true,
		"9 a\\x0ab\n"
		"phase      alive: it lives, and nobody asked it to end\n"
		"memory     1000 bytes resident\n"
		"             1000 bytes anonymous: a reap brings it back\n"
		"               but for pages shared with forked children (--deep counts them)\n"
		"sharers    not known: no right to inspect the target (ptrace)\n"
		"robust     not read: --deep reads the lists of robust futexes\n"
		"kernel     not asked: all of this is from /proc\n"
		"next       mmreap kill 9 would end it\n",
		"little is known; a name cannot make lines");
	row = (struct status_row){
		.id = { .pid = 9, .comm = "a" },
		.seen = true,
		.phase = PHASE_REAPED,
		.evidence = EVIDENCE_GROUP_EXIT | EVIDENCE_UNSTABLE | EVIDENCE_OOM_SKIP,
		.rss_bytes = 0,
		.flags = { .named = 1u << MM_FLAG_OOM_SKIP | 1u << MM_FLAG_UNSTABLE,
			   .others = UINT64_C(1) << 40 | 1,
			   .dumpable = 2 },
		.users = 3,
		.count = 2,
		.mm_threads = 1,
		.source = SOURCE_BPF,
		.robust = ROBUST_LOOK_EMPTY
	};
	reports(&row, true,
		"9 a\n"
		"phase      reaped: its memory has been taken back; it has not exited yet\n"
		"evidence   its end is decided (SIGNAL_GROUP_EXIT)\n"
		"           a reap of its memory has begun (MMF_UNSTABLE)\n"
		"           its memory is no longer worth a reap (MMF_OOM_SKIP)\n"
		"memory     0 bytes resident\n"
		"sharers    none\n"
		"robust     no robust futex in use\n"
		"kernel     mm_users 3, mm_count 2; threads that have it: 1\n"
		"flags      MMF_DUMPABLE=2 MMF_OOM_SKIP MMF_UNSTABLE bit0 bit40\n"
		"next       wait: its memory is back, its exit takes a moment\n",
		"the kernel's own view");
}

/* Every phase has its next step, but for those where there is nothing to do. */
static void test_next(void)
{
	static const struct {
		const char *name;
		struct status_row row;
		const char *next;
	} rows[] = {
		{ "alive", { .phase = PHASE_ALIVE }, "mmreap kill 5 would end it" },
		{ "alive and shared",
		  { .phase = PHASE_ALIVE, .n_sharers = 2 },
		  "mmreap kill --sharers=kill 5 would end it and all that share its memory" },
		{ "alive and frozen",
		  { .phase = PHASE_ALIVE, .frozen_version = 1 },
		  "mmreap kill --thaw 5 would end it" },
		{ "alive, frozen by version 2: that does not keep it",
		  { .phase = PHASE_ALIVE, .frozen_version = 2 },
		  "mmreap kill 5 would end it" },
		{ "alive, and mmreap runs below it",
		  { .phase = PHASE_ALIVE, .ancestor = true, .n_sharers = 1 },
		  "mmreap kill --allow-ancestors --sharers=kill 5 would end it and all that share "
		  "its memory" },
		{ "stopped",
		  { .phase = PHASE_STOPPED, .blocker = BLOCKER_STOP },
		  "kill -CONT 5 lets it go on; mmreap kill 5 ends it, stopped as it is" },
		{ "stopped by its tracer",
		  { .phase = PHASE_STOPPED, .blocker = BLOCKER_TRACER },
		  "its tracer lets it go on; mmreap kill 5 ends it, stopped as it is" },
		{ "vfork",
		  { .phase = PHASE_VFORK_WAIT },
		  "wait until the child has called exec; mmreap sharers 5 shows both" },
		{ "core dump",
		  { .phase = PHASE_CORE_DUMP },
		  "wait for the dump; mmreap kill 5 ends it" },
		{ "no VMA", { .phase = PHASE_NO_VMA }, "mmreap kill 5 ends what is left of it" },
		{ "signalled",
		  { .phase = PHASE_SIGNALLED },
		  "mmreap kill 5: SIGKILL cannot be blocked or handled" },
		{ "dying",
		  { .phase = PHASE_DYING },
		  "mmreap kill --reap-only 5 takes its memory back now" },
		{ "exit stop",
		  { .phase = PHASE_EXIT_STOP },
		  "mmreap kill --reap-only 5 takes its memory back; it exits when its tracer lets "
		  "it go" },
		{ "dying, and mmreap runs below it",
		  { .phase = PHASE_DYING, .ancestor = true },
		  "mmreap kill --allow-ancestors --reap-only 5 takes its memory back now" },
		{ "dying and frozen, and mmreap runs below it",
		  { .phase = PHASE_DYING_FROZEN, .ancestor = true },
		  "mmreap kill --allow-ancestors --thaw 5 takes its memory back and lets it exit" },
		{ "dying and shared",
		  { .phase = PHASE_DYING, .n_sharers = 1 },
		  "its memory is shared: mmreap kill --sharers=kill 5 ends all that have it" },
		{ "dying, frozen and shared",
		  { .phase = PHASE_DYING_FROZEN, .n_sharers = 1, .frozen_version = 1 },
		  "its memory is shared: mmreap kill --sharers=kill --thaw 5 ends all that have "
		  "it" },
		{ "exit stop and shared",
		  { .phase = PHASE_EXIT_STOP, .n_sharers = 1 },
		  "its memory is shared: mmreap kill --sharers=kill 5 ends all that have it" },
		{ "not ours",
		  { .phase = PHASE_ALIVE, .no_right = true },
		  "no right to signal it; run mmreap as its user or as root" },
		{ "a zombie, not ours",
		  { .phase = PHASE_ZOMBIE, .no_right = true, .ppid = 7 },
		  "nothing is left to free but its PID: its parent, 7, must wait for it" },
		{ "reaped and frozen",
		  { .phase = PHASE_REAPED, .blocker = BLOCKER_FREEZER },
		  "mmreap kill --thaw 5 lets it exit" },
		{ "reaped in its exit stop",
		  { .phase = PHASE_REAPED, .blocker = BLOCKER_TRACER, .tracer = 7 },
		  "it exits when its tracer, 7, lets it go" },
		{ "reaped in D state",
		  { .phase = PHASE_REAPED, .blocker = BLOCKER_WAIT },
		  "its memory is back; it exits when what it waits for answers: a disk, a server, a "
		  "frozen file system" },
		{ "reaped",
		  { .phase = PHASE_REAPED },
		  "wait: its memory is back, its exit takes a moment" },
		{ "in exit_mmap",
		  { .phase = PHASE_EXIT_MMAP },
		  "wait: nothing but CPU time speeds it up (renice)" },
		{ "zombie",
		  { .phase = PHASE_ZOMBIE, .ppid = 7 },
		  "nothing is left to free but its PID: its parent, 7, must wait for it" },
		{ "zombie leader",
		  { .phase = PHASE_ZOMBIE_LEADER },
		  "mmreap kill 5 ends what is left of it" },
		{ "kernel thread", { .phase = PHASE_KTHREAD }, "" },
		{ "gone", { .phase = PHASE_GONE }, "" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct status_row row = rows[i].row;
		char text[SENTENCE_SIZE];

		row.id.pid = 5;
		row.seen = true;
		explain_next(&row, NULL, text, sizeof(text));
		is_str(text, rows[i].next, "%s", rows[i].name);
		explain_next(&row, &marked_words, text, sizeof(text));
		is_translated(text);
	}
}

static void test_blocker(void)
{
	static const struct {
		struct status_row row;
		const char *want;
	} rows[] = {
		{ { .blocker = BLOCKER_NONE }, "" },
		{ { .blocker = BLOCKER_FREEZER }, "frozen cgroup" },
		{ { .blocker = BLOCKER_FREEZER, .frozen = "/a" }, "frozen cgroup /a" },
		{ { .blocker = BLOCKER_TRACER, .tracer = 7 }, "tracer 7" },
		{ { .blocker = BLOCKER_TRACER }, "tracer" },
		{ { .blocker = BLOCKER_CORE_DUMP }, "core dump" },
		{ { .blocker = BLOCKER_CORE_DUMP, .wchan = "pipe_write" },
		  "core dump in pipe_write" },
		{ { .blocker = BLOCKER_VFORK_CHILD, .vfork_child = 8 }, "vfork child 8" },
		{ { .blocker = BLOCKER_VFORK_CHILD }, "vfork child" },
		{ { .blocker = BLOCKER_STOP }, "stop signal" },
		{ { .blocker = BLOCKER_SIGNAL, .evidence = EVIDENCE_SIGNAL_BLOCKED },
		  "blocked signal" },
		{ { .blocker = BLOCKER_SIGNAL, .evidence = EVIDENCE_SIGNAL_CAUGHT },
		  "handled signal" },
		{ { .blocker = BLOCKER_PARENT, .ppid = 3 }, "parent 3" },
		{ { .blocker = BLOCKER_THREADS, .threads = 4 }, "3 living threads" },
		{ { .blocker = BLOCKER_WAIT }, "uninterruptible wait" },
		{ { .blocker = BLOCKER_WAIT, .wchan = "nfs_wait" },
		  "uninterruptible wait in nfs_wait" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		char text[SENTENCE_SIZE];

		explain_blocker(&rows[i].row, NULL, text, sizeof(text));
		is_str(text, rows[i].want, "row %zu", i);
		explain_blocker(&rows[i].row, &marked_words, text, sizeof(text));
		is_translated(text);
	}
}

static void test_evidence(void)
{
	char text[4 * SENTENCE_SIZE], small[30];

	for (unsigned int i = 0; i < EVIDENCE_COUNT; i++) {
		explain_evidence(1U << i, NULL, "; ", text, sizeof(text));
		ok(*text && !strstr(text, "; "), "bit %u has words", i);
		explain_evidence(1U << i, &marked_words, "; ", text, sizeof(text));
		is_translated(text);
	}
	explain_evidence((1U << EVIDENCE_COUNT) - 1, NULL, "; ", text, sizeof(text));
	ok(strlen(text) < SENTENCE_SIZE, "all of it fits a cell: %zu", strlen(text));
	explain_evidence(~0U, NULL, "; ", small, sizeof(small));
	is_int(strlen(small), sizeof(small) - 1, "cut where there is no room");
}

static void test_signals(void)
{
	char text[SENTENCE_SIZE], small[9];

	explain_signals(0, text, sizeof(text));
	is_str(text, "", "none");
	explain_signals(UINT64_C(1) << 14 | 1, text, sizeof(text));
	is_str(text, "HUP,TERM", "two");
	explain_signals(UINT64_C(1) << 30 | UINT64_C(1) << 31 | UINT64_C(1) << 63, text,
			sizeof(text));
	is_str(text, "SYS,32,64", "without a name");
	explain_signals(~UINT64_C(0), text, sizeof(text));
	ok(strlen(text) < sizeof(text), "all fit");
	explain_signals(~UINT64_C(0), small, sizeof(small));
	is_str(small, "HUP,INT,", "cut where there is no room");
}

/* --- probe ------------------------------------------------------------------------------ */

static const struct probe_facts root = {
	.mrelease_err = -EBADF,
	.flag_err = -EINVAL,
	.kernelview_err = -EOPNOTSUPP,
	.inode = 5,
	.mm_before = true,
	.mm_after = true,
	.reap_us = 120,
	.rss_before_bytes = 4 << 20,
	.exited = true,
	.proc_is_ours = true,
	.initial_pid_ns = true,
	.initial_user_ns = true,
	.cgroup2 = true,
	.freezer_v2 = 1,
	.memlock_bytes = 8 << 20,
	.caps = ~UINT64_C(0),
	.yama = UNKNOWN,
};

static const struct probe_row *find(const struct probe_row *rows, size_t n, const char *capability)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(rows[i].capability, capability))
			return &rows[i];
	return NULL;
}

static void test_probe(void)
{
	static const struct output_options raw = { .columns = "capability,state", .raw = true };
	struct probe_row rows[PROBE_MAX_ROWS];
	size_t n = explain_probe(&root, NULL, rows);

	prints(&report_table_probe, &raw, rows, n, sizeof(*rows),
	       "CAPABILITY STATE\nkill-and-reap yes\nprocess_mrelease yes\nreap-kill-flag no\n"
	       "pidfd yes\npidfs-inodes yes\npidfd-info yes\nhold trace\nrobust-lists yes\n"
	       "pagemap-test yes\nkcmp yes\nkernel-view no\nboost yes\nprocfs yes\n"
	       "namespaces initial\ncgroups v2\nfreezer v2\nmemlock 8192\\x20KiB\n"
	       "capabilities kill,ipc_lock,sys_ptrace,sys_nice,sys_resource,perfmon,bpf\nyama no\n",
	       "everything works");
	for (size_t i = 0; i < n; i++)
		ok(*rows[i].state && *rows[i].consequence && *rows[i].how, "%s is told in full",
		   rows[i].capability);
	ok(probe_works(&root), "kill-and-reap works");
}

static void test_probe_states(void)
{
#define SET(...)            \
	{                   \
		__VA_ARGS__ \
	}
	/* clang-format off */
	static const struct {
		const char *name;
		struct probe_facts facts;
		bool works;
		const char *capability, *state, *consequence;
	} rows[] = {
		{ "no call", SET(.mrelease_err = -ENOSYS, .flag_err = -ENOSYS, .reap_err = -ENOSYS), false,
		  "process_mrelease", "no", "kill only: the kernel lacks the call, or a filter says so" },
		{ "no call, no flag", SET(.mrelease_err = -ENOSYS, .flag_err = -ENOSYS, .reap_err = -ENOSYS), false,
		  "reap-kill-flag", "no", "there is no call that could take it" },
		{ "no call, no reap", SET(.mrelease_err = -ENOSYS, .flag_err = -ENOSYS, .reap_err = -ENOSYS), false,
		  "kill-and-reap", "no", "mmreap kill can only kill and wait" },
		{ "filtered", SET(.mrelease_err = -EPERM, .flag_err = -EPERM, .reap_err = -EPERM), false,
		  "process_mrelease", "filtered", "kill only: a filter (seccomp) forbids the call" },
		{ "the flag", SET(.mrelease_err = -EBADF, .flag_err = -EBADF), true,
		  "reap-kill-flag", "yes", "one call can kill and reap" },
		{ "no hold, the child was faster",
		  SET(.mrelease_err = -EBADF, .hold_err = -EPERM, .stop_err = -EPERM, .reap_err = -ESRCH, .exited = true), true,
		  "kill-and-reap", "yes", "mmreap kill gives memory back, if the victim is not faster" },
		{ "no hold", SET(.mrelease_err = -EBADF, .hold_err = -EPERM, .stop_err = -EPERM), true,
		  "hold", "no", "a victim may exit before the reap: that is left to its exit" },
		{ "ESRCH, and it did not exit", SET(.mrelease_err = -EBADF, .reap_err = -ESRCH), false,
		  "kill-and-reap", "no", "mmreap kill can only kill and wait" },
		{ "no signal", SET(.mrelease_err = -EBADF, .signal_err = -EPERM, .reap_err = -ECHILD), false,
		  "kill-and-reap", "no", "mmreap kill can only kill and wait" },
		{ "no child", SET(.mrelease_err = -EBADF, .child_err = -EAGAIN, .pidfd_err = -ECHILD, .signal_err = -ECHILD,
				  .kcmp_err = -ECHILD), false, "kcmp", "unknown", "could not be tried" },
		{ "no child to kill and reap", SET(.mrelease_err = -EBADF, .child_err = -EAGAIN, .reap_err = -ECHILD), false,
		  "kill-and-reap", "unknown", "could not be tried" },
		{ "no kcmp", SET(.mrelease_err = -EBADF, .kcmp_err = -ENOSYS), true, "kcmp", "no", "sharers of memory are not known" },
		{ "no pidfs", SET(.mrelease_err = -EBADF), true, "pidfs-inodes", "no", "PID:INODE is refused: inodes are not unique" },
		{ "no pagemap", SET(.mrelease_err = -EBADF, .mm_before = true), true, "pagemap-test", "no",
		  "\"exited\" is all that can be said of memory" },
		{ "no memory of others", SET(.mrelease_err = -EBADF, .mem_err = -EACCES), true, "robust-lists", "no",
		  "no reap where a robust futex may be lost" },
		{ "hidden", SET(.mrelease_err = -EBADF, .proc_is_ours = true, .hidepid = 2), true, "procfs", "hidepid=2",
		  "processes of other users are not seen" },
		{ "hidden from others", SET(.mrelease_err = -EBADF, .proc_is_ours = true, .hidepid = 2, .exempt = true), true, "procfs",
		  "hidepid=2", "none: this user is exempt" },
		{ "shown closed", SET(.mrelease_err = -EBADF, .proc_is_ours = true, .hidepid = 1), true, "procfs", "hidepid=1",
		  "others' processes are seen, not their files" },
		{ "closed to others", SET(.mrelease_err = -EBADF, .proc_is_ours = true, .hidepid = 1, .exempt = true), true, "procfs",
		  "hidepid=1", "none: this user is exempt" },
		{ "a foreign /proc", SET(.mrelease_err = -EBADF), true, "procfs", "foreign",
		  "/proc shows another PID namespace: mount it anew" },
		{ "namespaces", SET(.mrelease_err = -EBADF), true, "namespaces", "child (user, PID)",
		  "processes outside are not seen: sharers are incomplete" },
		{ "a user namespace", SET(.mrelease_err = -EBADF, .initial_pid_ns = true), true, "namespaces", "child (user)",
		  "capabilities hold for processes of this namespace only" },
		{ "root of a user namespace", SET(.mrelease_err = -EBADF, .caps = 1 << 5), true, "capabilities", "kill",
		  "processes of this user namespace can be killed" },
		{ "nobody", SET(.mrelease_err = -EBADF, .initial_user_ns = true), true, "capabilities", "none",
		  "only processes of this user can be killed" },
		{ "unlimited", SET(.mrelease_err = -EBADF, .memlock_bytes = UNKNOWN), true, "memlock", "unlimited",
		  "so much of mmreap can be kept in memory when there is none left" },
		{ "Yama for descendants", SET(.mrelease_err = -EBADF, .yama = 1), true, "yama", "1",
		  "only descendants of mmreap can be held: robust futexes are not seen" },
		{ "Yama for root", SET(.mrelease_err = -EBADF, .yama = 2, .caps = 1 << 19), true, "yama", "2",
		  "none: sys_ptrace is exempt" },
		{ "Yama for nobody", SET(.mrelease_err = -EBADF, .yama = 3, .caps = 1 << 19), true, "yama", "3",
		  "no process can be held: nobody may trace" },
		{ "version 1 only", SET(.mrelease_err = -EBADF, .freezer_v1 = true), true, "freezer", "v1",
		  "a v1-frozen victim is reaped, and exits only thawed (--thaw)" },
		{ "both freezers", SET(.mrelease_err = -EBADF, .freezer_v1 = true, .freezer_v2 = 1), true, "freezer", "v1, v2",
		  "a v1-frozen victim is reaped, and exits only thawed (--thaw)" },
		{ "no cgroup", SET(.mrelease_err = -EBADF), true, "cgroups", "no", "--cgroup has nothing to name" },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct probe_row said[PROBE_MAX_ROWS];
		size_t n = explain_probe(&rows[i].facts, NULL, said);
		const struct probe_row *row = find(said, n, rows[i].capability);

		is_int(probe_works(&rows[i].facts), rows[i].works, "works: %s", rows[i].name);
		if (!ok(row, "has %s: %s", rows[i].capability, rows[i].name))
			continue;
		is_str(row->state, rows[i].state, "state: %s", rows[i].name);
		is_str(row->consequence, rows[i].consequence, "consequence: %s", rows[i].name);
		n = explain_probe(&rows[i].facts, &marked_words, said);
		for (size_t j = 0; j < n; j++) {
			is_translated(said[j].consequence);
			is_translated(said[j].how);
			is_word(said[j].state);
		}
	}
}

/* The columns of the contract, typed a second time. */
static void test_columns(void)
{
	static const char *const of_sharers[] = { "group", "pid",      "inode",	    "ppid",
						  "user",  "relation", "state",	    "threads",
						  "rss",   "killable", "comm",	    "cgroup",
						  "users", "source",   "incomplete" };
	static const char *const of_status[] = {
		"pid",	    "inode",	"phase",   "comm",	 "state",      "threads",
		"rss",	    "swap",	"sharers", "flags",	 "users",      "count",
		"frozen",   "oomadj",	"blocker", "ppid",	 "user",       "cgroup",
		"coredump", "thp",	"ksm",	   "dumpfilter", "sigpending", "vmas",
		"anon",	    "file",	"shmem",   "hugetlb",	 "pagetables", "robust",
		"tracer",   "evidence", "next",	   "incomplete", "source",
	};

	is_int(report_table_sharers.n_columns, UNIT_ROWS(of_sharers), "number of sharers");
	for (size_t i = 0; i < UNIT_ROWS(of_sharers); i++)
		is_str(report_table_sharers.columns[i].name, of_sharers[i], "sharers %zu", i);
	is_int(report_table_status.n_columns, UNIT_ROWS(of_status), "number of status");
	for (size_t i = 0; i < UNIT_ROWS(of_status); i++)
		is_str(report_table_status.columns[i].name, of_status[i], "status %zu", i);
	ok(report_table_status.n_columns <= REPORT_MAX_COLUMNS, "a list takes all");
}

int main(void)
{
	RUN(test_columns);
	RUN(test_sharers);
	RUN(test_blind);
	RUN(test_status);
	RUN(test_report);
	RUN(test_next);
	RUN(test_blocker);
	RUN(test_evidence);
	RUN(test_signals);
	RUN(test_probe);
	RUN(test_probe_states);
	return unit_done();
}
