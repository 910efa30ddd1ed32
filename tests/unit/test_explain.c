// SPDX-License-Identifier: GPL-2.0-or-later

/* Rows of `kill` → sentences, and the texts they are made of. */

#include "marked.h"
#include "unit.h"
#include <errno.h>
#include <mmreap/report.h>

#define GIB (1024LL * 1024 * 1024)

/* Nothing is known: what a row starts from, and what it says then overrides. */
#pragma GCC diagnostic ignored "-Woverride-init"
#define ROW(...)                                                                       \
	{                                                                              \
		.id = { .pid = 4711, .comm = "java" }, .n_sharers = UNKNOWN,           \
		.rss_before_bytes = UNKNOWN, .rss_after_bytes = UNKNOWN,               \
		.unmapped_bytes = UNKNOWN, .freed_bytes = UNKNOWN, .reap_us = UNKNOWN, \
		.exit_us = UNKNOWN, .exit_signal = UNKNOWN, __VA_ARGS__                \
	}
#define KILLED .signalled = true, .exited = true, .exit_us = 615000
#define BYTES .rss_before_bytes = 44 * GIB, .unmapped_bytes = 44 * GIB - 100 * 1024 * 1024
#define TWO                                                                               \
	.n_sharers = 2, .sharers = {                                                      \
		{ .id = { .pid = 4712, .comm = "java" }, .relation = RELATION_CLONE_VM }, \
		{ .id = { .pid = 4800, .comm = "java" }, .relation = RELATION_CLONE_VM }, \
	}
#define ONE(r)                                                              \
	.n_sharers = 1, .sharers = {                                        \
		{ .id = { .pid = 4712, .comm = "make" }, .relation = (r) }, \
	}
#define OBSTACLE .obstacle = { .pid = 4700, .comm = "make" }

static struct proc_id killed[12] = {
	{ .pid = 4712, .comm = "java" },
	{ .pid = 4800, .comm = "ja\nva" },
};

static const struct {
	const char *want;
	struct kill_row row;
} rows[] = {
	/* reaped */
	{ "reaped: 43.9 GiB of 44.0 GiB unmapped in 612 ms, exited after 615 ms",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, BYTES, .reaped = true, .reap_us = 612345) },
	{ "reaped: 43.9 GiB of 44.0 GiB unmapped (2.0 GiB freed) in 612 ms, exited after 615 ms",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, BYTES, .reaped = true, .reap_us = 612345,
	      .freed_bytes = 2 * GIB) },
	{ "reaped: 43.9 GiB of 44.0 GiB unmapped in 612 ms, exited after 615 ms; 2.0 GiB was shared "
	  "memory: what another mapping, descriptor or file keeps of it stays; 1.0 GiB was huge pages "
	  "(hugetlb): what a file or another mapping keeps of it stays; 3.0 GiB was pinned (io_uring, "
	  "RDMA, a driver): it stays as long as that is open",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, .reaped = true, BYTES, .reap_us = 612000,
	      .shmem_bytes = 2 * GIB, .hugetlb_bytes = GIB, .pinned_bytes = 3 * GIB) },
	{ "reaped: 43.9 GiB of 44.0 GiB unmapped in 612 ms, exited after 615 ms",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, .reaped = true, BYTES, .reap_us = 612000,
	      .shmem_bytes = 256 * 1024) },
	{ "reaped: memory unmapped, exited",
	  ROW(.outcome = OUTCOME_REAPED, .signalled = true, .exited = true, .reaped = true) },
	{ "reaped: 1.0 GiB unmapped in 0.8 ms, not exited: its exit was not waited for",
	  ROW(.outcome = OUTCOME_REAPED, .reason = REASON_NOT_WAITED, .signalled = true,
	      .reaped = true, .unmapped_bytes = GIB, .reap_us = 800) },
	{ "reaped: 1.0 GiB unmapped in 9.9 ms, not exited: its v1 cgroup is frozen; use --thaw",
	  ROW(.outcome = OUTCOME_REAPED, .reason = REASON_FROZEN, .signalled = true, .reaped = true,
	      .unmapped_bytes = GIB, .reap_us = 9900, .hold = HOLD_FROZEN) },
	{ "reaped: 1.0 GiB unmapped, not exited: its v1 cgroup is frozen; moving it out failed: EROFS",
	  ROW(.outcome = OUTCOME_REAPED, .reason = REASON_FROZEN, .signalled = true, .reaped = true,
	      .unmapped_bytes = GIB, .step = STEPNAME_THAW, .err = EROFS) },
	{ "reaped: 1.0 GiB unmapped, exited after 615 ms; the empty address space is still referenced",
	  ROW(.outcome = OUTCOME_REAPED, .reason = REASON_STILL_REFERENCED, KILLED, .reaped = true,
	      .unmapped_bytes = GIB) },
	{ "reaped: 1.0 GiB unmapped, exited after 615 ms; also killed 2 processes (4712 java, 4800 "
	  "ja\\x0ava)",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, .reaped = true, .unmapped_bytes = GIB, TWO,
	      .killed = killed, .n_killed = 2) },
	{ "reaped: 1.0 GiB unmapped, exited after 615 ms; also killed 1 process (4712 java); it is the "
	  "init of a PID namespace, which ends with it; a waiter for its robust futexes may "
	  "hang",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, .reaped = true, .unmapped_bytes = GIB,
	      .killed = killed, .n_killed = 1, .ns_init = true, .robust = ROBUST_IGNORED,
	      .n_unknown = 3) },
	{ "reaped: 1.0 GiB unmapped, exited after 615 ms; the memory is unreferenced, but another "
	  "process dropped it last and may still be freeing it",
	  ROW(.outcome = OUTCOME_REAPED, KILLED, .reaped = true, .unmapped_bytes = GIB,
	      .third_party = true) },

	/* freed */
	{ "freed: 43.9 GiB of 44.0 GiB unmapped by its own exit, exited after 615 ms; let go for its "
	  "robust futexes",
	  ROW(.outcome = OUTCOME_FREED, .reason = REASON_LET_GO, KILLED, BYTES) },
	{ "freed: its own exit gave the memory back, exited after 615 ms; its exit was faster",
	  ROW(.outcome = OUTCOME_FREED, .reason = REASON_FASTER, KILLED) },
	{ "freed: its own exit gave the memory back, exited after 615 ms; no thread of it could be "
	  "held: EPERM",
	  ROW(.outcome = OUTCOME_FREED, .reason = REASON_NOT_HELD, KILLED, .step = STEPNAME_HOLD,
	      .err = EPERM) },
	{ "freed: its own exit gave the memory back, exited after 615 ms; its robust futexes could not "
	  "be read",
	  ROW(.outcome = OUTCOME_FREED, .reason = REASON_UNREADABLE, KILLED, .n_unknown = 1) },
	{ "freed: SIGKILL sent, exited after 615 ms; its exit was faster; the memory is unreferenced, "
	  "but another process dropped it last and may still be freeing it",
	  ROW(.outcome = OUTCOME_FREED, .reason = REASON_FASTER, KILLED, .third_party = true) },

	/* exited */
	{ "exited: it is a zombie and holds no memory; its parent 4700 make has not waited for it",
	  ROW(.outcome = OUTCOME_EXITED, .reason = REASON_ZOMBIE, OBSTACLE) },
	{ "exited: it is a zombie and holds no memory",
	  ROW(.outcome = OUTCOME_EXITED, .reason = REASON_ZOMBIE) },
	{ "exited: by itself, before any signal of ours",
	  ROW(.outcome = OUTCOME_EXITED, .reason = REASON_BY_ITSELF) },
	{ "exited: within the grace time after SIGTERM, 1.0 GiB of 1.0 GiB unmapped",
	  ROW(.outcome = OUTCOME_EXITED, .reason = REASON_GRACE, .exited = true,
	      .rss_before_bytes = GIB, .unmapped_bytes = GIB) },
	{ "exited: gone before anything was done",
	  ROW(.outcome = OUTCOME_EXITED, .reason = REASON_VANISHED) },

	/* spared, killed, pinned */
	{ "spared: SIGKILL sent, exited after 615 ms; the memory stays with 2 processes (4712 java, "
	  "4800 java)",
	  ROW(.outcome = OUTCOME_SPARED, KILLED, TWO) },
	{ "killed: SIGKILL sent, not reaped, exited after 615 ms: there is no process_mrelease (Linux "
	  "5.15), or a filter forbids it",
	  ROW(.outcome = OUTCOME_KILLED, .reason = REASON_NO_MRELEASE, KILLED, BYTES) },
	{ "killed: SIGKILL sent, not reaped, exited after 615 ms: there is no right to see whether its "
	  "memory came back; run mmreap as root",
	  ROW(.outcome = OUTCOME_KILLED, .reason = REASON_MEMORY_UNSEEN, KILLED) },
	{ "pinned: its memory (44.0 GiB) did not come back, exited after 615 ms: it is shared with 1 "
	  "process (4712 make); it comes back when they exit",
	  ROW(.outcome = OUTCOME_PINNED, .reason = REASON_SHARER_LEFT, KILLED,
	      ONE(RELATION_CLONE_VM), .rss_before_bytes = 44 * GIB) },
	{ "pinned: its memory did not come back, exited after 615 ms: 4700 make holds it",
	  ROW(.outcome = OUTCOME_PINNED, .reason = REASON_UNKNOWN_HOLDER, KILLED, OBSTACLE) },
	{ "pinned: its memory did not come back, exited after 615 ms: an unknown process or reader of "
	  "its /proc files holds it",
	  ROW(.outcome = OUTCOME_PINNED, .reason = REASON_UNKNOWN_HOLDER, KILLED) },

	/* pending */
	{ "pending: SIGKILL sent, not reaped, not exited (waits in nfs_wait\\x1b); \"mmreap status 4711\" "
	  "says what holds it up; run mmreap again to wait longer",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_NOT_EXITED, .signalled = true,
	      .wchan = "nfs_wait\x1b") },
	{ "pending: no signal sent, not reaped, not exited; \"mmreap status 4711\" says what holds it "
	  "up; run mmreap again to wait longer; its memory is shared with 1 process (4712 make)",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_NOT_EXITED, ONE(RELATION_CLONE_VM)) },
	{ "pending: SIGKILL sent, 43.9 GiB of 44.0 GiB unmapped in 612 ms, not exited; \"mmreap status "
	  "4711\" says what holds it up; run mmreap again to wait longer",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_NOT_EXITED, .signalled = true,
	      .reaped = true, BYTES, .reap_us = 612345) },
	{ "pending: no signal sent, not reaped, not exited: process_mrelease has not returned; run "
	  "mmreap again later",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_REAP_BLOCKED,
	      .method = METHOD_REAP_ONLY) },
	{ "pending: SIGKILL sent, not reaped, not exited: its v1 cgroup is frozen and it has robust "
	  "futexes in use; use --thaw or --robust=ignore",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_FROZEN_ROBUST, .signalled = true) },
	{ "pending: SIGKILL sent, not reaped, not exited: it is dumping core; run mmreap again later",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_CORE_DUMP, .signalled = true) },
	{ "pending: SIGKILL sent, not reaped, not exited: mmreap was told to stop",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_INTERRUPTED, .signalled = true) },

	/* refused */
	{ "not killed: its memory is shared with 2 processes (4712 java, 4800 java); use --sharers=kill "
	  "or --sharers=spare",
	  ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED, TWO) },
	{ "not killed: its memory is shared with 1 process (4712 make); use --sharers=kill or "
	  "--sharers=spare",
	  ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED, ONE(RELATION_CLONE_VM)) },
	{ "not killed: its memory is shared until its vfork child 4712 make calls exec; try again, or "
	  "use --sharers=kill or --sharers=spare",
	  ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED_VFORK,
	      ONE(RELATION_VFORK_CHILD)) },
	{ "not killed: its memory is shared, as it is a vfork child of 4712 make and has not called "
	  "exec; try again, or use --sharers=kill or --sharers=spare",
	  ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED_VFORK,
	      ONE(RELATION_VFORK_PARENT)) },
	{ "would not be killed: it is the init of this PID namespace",
	  ROW(.outcome = OUTCOME_REFUSED_PROTECTED, .reason = REASON_INIT, .dry_run = true) },
	{ "not killed: it is a kernel thread and has no memory of its own",
	  ROW(.outcome = OUTCOME_REFUSED_PROTECTED, .reason = REASON_KTHREAD) },
	{ "not killed: it is mmreap itself",
	  ROW(.outcome = OUTCOME_REFUSED_PROTECTED, .reason = REASON_SELF) },
	{ "not killed: mmreap runs below it; use --allow-ancestors if it is really meant",
	  ROW(.outcome = OUTCOME_REFUSED_PROTECTED, .reason = REASON_ANCESTOR) },
	{ "not killed: 4700 make that shares its memory is protected; use --sharers=spare",
	  ROW(.outcome = OUTCOME_REFUSED_PROTECTED, .reason = REASON_SHARER_PROTECTED, OBSTACLE) },

	/* denied, no-process, unsupported, failed */
	{ "not killed: no right to signal it; run mmreap as its user or as root",
	  ROW(.outcome = OUTCOME_DENIED, .reason = REASON_NO_RIGHT_TO_SIGNAL, .err = EPERM) },
	{ "not killed: it is outside the PID namespace of mmreap",
	  ROW(.outcome = OUTCOME_DENIED, .reason = REASON_NO_RIGHT_TO_SIGNAL, .err = EINVAL) },
	{ "not killed: no right to signal 4700 make, which shares its memory; run mmreap as root, or "
	  "use --sharers=spare",
	  ROW(.outcome = OUTCOME_DENIED, .reason = REASON_NO_RIGHT_TO_SHARER, OBSTACLE,
	      .err = EPERM) },
	{ "not reaped: no right to read its robust futexes; run mmreap as root, or use --robust=ignore",
	  ROW(.outcome = OUTCOME_DENIED, .reason = REASON_NO_RIGHT_TO_LISTS,
	      .method = METHOD_REAP_ONLY) },
	{ "no such process", ROW(.outcome = OUTCOME_NO_PROCESS, .reason = REASON_NOT_FOUND) },
	{ "no such process: it is a thread of 4700 make; give that PID",
	  ROW(.outcome = OUTCOME_NO_PROCESS, .reason = REASON_NOT_FOUND, OBSTACLE) },
	{ "no such process: the PID was reused by another one",
	  ROW(.outcome = OUTCOME_NO_PROCESS, .reason = REASON_INODE_DIFFERS) },
	{ "not killed: this kernel has no inode per process (Linux 6.9); give the PID alone",
	  ROW(.outcome = OUTCOME_UNSUPPORTED, .reason = REASON_NO_PIDFS_INODE) },
	{ "not killed: this kernel does not know PROCESS_MRELEASE_REAP_KILL; leave out --method",
	  ROW(.outcome = OUTCOME_UNSUPPORTED, .reason = REASON_NO_FLAG) },
	{ "not reaped: there is no process_mrelease (Linux 5.15), or a filter forbids it",
	  ROW(.outcome = OUTCOME_UNSUPPORTED, .reason = REASON_NO_MRELEASE,
	      .method = METHOD_REAP_ONLY) },
	{ "not reaped: nobody has killed it; leave out --reap-only to do so",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_NOT_DYING, .method = METHOD_REAP_ONLY) },
	{ "not killed: signal: ENOMEM", ROW(.outcome = OUTCOME_FAILED, .reason = REASON_ERRNO,
					    .step = STEPNAME_SIGNAL, .err = ENOMEM) },
	{ "not killed: resolve: error 4095", ROW(.outcome = OUTCOME_FAILED, .reason = REASON_ERRNO,
						 .step = STEPNAME_RESOLVE, .err = 4095) },
	{ "failed: SIGKILL sent: reap: EIO; 1 process could not be checked for sharing its memory",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_ERRNO, .step = STEPNAME_REAP, .err = EIO,
	      .signalled = true, .n_unknown = 1) },
	{ "failed: SIGKILL sent: reap: EIO; who shares its memory may be hidden: /proc hides the "
	  "processes of other users (hidepid), processes outside of this PID namespace cannot be seen",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_ERRNO, .step = STEPNAME_REAP, .err = EIO,
	      .signalled = true, .hidepid = true, .pid_ns = true) },
	{ "failed: SIGKILL sent: reap: EIO; who shares its memory is not known",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_ERRNO, .step = STEPNAME_REAP, .err = EIO,
	      .signalled = true, .n_unknown = UNKNOWN) },
	{ "failed: SIGKILL sent: reap: EIO; kcmp is refused: who shares its memory is not known",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_ERRNO, .step = STEPNAME_REAP, .err = EIO,
	      .signalled = true, .n_unknown = UNKNOWN, .no_kcmp = true) },
	{ "not killed: the answer was no",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_DECLINED) },
	{ "not killed: mmreap was told to stop",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_INTERRUPTED) },
	{ "not killed: mmreap was told to stop, after SIGTERM was sent",
	  ROW(.outcome = OUTCOME_FAILED, .reason = REASON_INTERRUPTED, .graced = true) },
	{ "pending: SIGKILL sent, not reaped, not exited: mmreap was told to stop",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_INTERRUPTED, .graced = true,
	      .signalled = true) },

	/* --dry-run */
	{ "would be reaped: 44.0 GiB resident",
	  ROW(.outcome = OUTCOME_REAPED, .dry_run = true, .rss_before_bytes = 44 * GIB) },
	{ "would be reaped", ROW(.outcome = OUTCOME_REAPED, .dry_run = true) },
	{ "would be reaped: 44.0 GiB resident; it would end 1 process (4712 java); a waiter for its "
	  "robust futexes may hang",
	  ROW(.outcome = OUTCOME_REAPED, .dry_run = true, .rss_before_bytes = 44 * GIB,
	      .killed = killed, .n_killed = 1, .robust = ROBUST_IGNORED) },
	{ "would be reaped: its v1 cgroup is frozen; use --thaw",
	  ROW(.outcome = OUTCOME_REAPED, .reason = REASON_FROZEN, .dry_run = true) },
	{ "would be killed, and freed by its own exit: 44.0 GiB resident; let go for its robust futexes",
	  ROW(.outcome = OUTCOME_FREED, .reason = REASON_LET_GO, .dry_run = true,
	      .rss_before_bytes = 44 * GIB) },
	{ "would be killed: the memory would stay with 2 processes (4712 java, 4800 java)",
	  ROW(.outcome = OUTCOME_SPARED, .dry_run = true, TWO) },
	{ "would be killed, but not reaped: there is no process_mrelease (Linux 5.15), or a filter "
	  "forbids it",
	  ROW(.outcome = OUTCOME_KILLED, .reason = REASON_NO_MRELEASE, .dry_run = true) },
	{ "would be killed, but not exit or be reaped: its v1 cgroup is frozen and it has robust "
	  "futexes in use; use --thaw or --robust=ignore",
	  ROW(.outcome = OUTCOME_PENDING, .reason = REASON_FROZEN_ROBUST, .dry_run = true) },
	{ "would not be killed: its memory is shared with 1 process (4712 make); use --sharers=kill or "
	  "--sharers=spare",
	  ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED, .dry_run = true,
	      ONE(RELATION_CLONE_VM)) },
	{ "no such process",
	  ROW(.outcome = OUTCOME_NO_PROCESS, .reason = REASON_NOT_FOUND, .dry_run = true) },
};

static void test_sentences(void)
{
	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		char text[SENTENCE_SIZE];

		explain_kill(&rows[i].row, NULL, false, text, sizeof(text));
		is_str(text, rows[i].want, "%s %zu", outcome_word(rows[i].row.outcome), i);
	}
}

/* Nothing is said but in whole messages, and these are the same with figures and without. */
static void test_language(void)
{
	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		const struct kill_row *row = &rows[i].row;
		char text[SENTENCE_SIZE * 2], outside[SENTENCE_SIZE];
		const char *rest = outside;

		explain_kill(row, &marked_words, false, text, sizeof(text));
		marked_outside(text, outside, sizeof(outside));
		rest = marked_after(rest, outcome_word(row->outcome));
		rest = marked_after(rest, step_word(row->step));
		rest = marked_after(rest, row->err ? text_errno(row->err) : NULL);
		is_str(rest, "", "%s", rows[i].want);
	}
}

static void test_bytes(void)
{
	const struct kill_row row = ROW(.outcome = OUTCOME_REAPED, KILLED, BYTES, .reaped = true);
	char text[SENTENCE_SIZE];

	explain_kill(&row, NULL, true, text, sizeof(text));
	is_str(text, "reaped: 47139782656 bytes of 47244640256 bytes unmapped, exited after 615 ms",
	       "exact");
}

static void test_many_sharers(void)
{
	struct kill_row row =
		ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED, .n_sharers = 11);
	char text[SENTENCE_SIZE];

	for (int i = 0; i < ROW_SHARERS; i++)
		row.sharers[i].id.pid = 100 + i;
	explain_kill(&row, NULL, false, text, sizeof(text));
	is_str(text,
	       "not killed: its memory is shared with 11 processes (100, 101, 102, 103, 104, 105, 106, "
	       "107 and 3 more); use --sharers=kill or --sharers=spare",
	       "the rest is counted");
}

/* What holds for every outcome with every reason, whatever the plan may come to. */
static void test_every_pair(void)
{
	static const struct kill_row nothing = ROW(.signalled = false);
	static const struct kill_row acted = ROW(KILLED, .reaped = true, TWO, .err = EIO);
	static const char *const never[] = { "(null)", "-1", "  ", ": ;", ": :", ", ,", "bytes" };
	int bad = 0;

	for (int o = 0; o < OUTCOME_COUNT; o++)
		for (int r = 0; r < REASON_COUNT; r++)
			for (int k = 0; k < 4; k++) {
				struct kill_row row = k & 1 ? acted : nothing;
				char text[SENTENCE_SIZE], marked[2 * SENTENCE_SIZE];
				char outside[SENTENCE_SIZE];
				const char *rest = outside;
				size_t len;

				row.outcome = (enum outcome)o;
				row.reason = (enum reason)r;
				row.dry_run = k & 2;
				if (row.dry_run)
					row.signalled = row.reaped = row.exited = false;
				explain_kill(&row, NULL, false, text, sizeof(text));
				explain_kill(&row, &marked_words, false, marked, sizeof(marked));
				marked_outside(marked, outside, sizeof(outside));
				rest = marked_after(rest, outcome_word(row.outcome));
				rest = marked_after(rest, outcome_word(OUTCOME_FAILED));
				rest = marked_after(rest, step_word(row.step));
				rest = marked_after(rest, row.err ? text_errno(row.err) : NULL);
				if (*rest) {
					note("not to be translated: \"%s\"", marked);
					bad++;
				}
				len = strlen(text);
				for (size_t i = 0; i < UNIT_ROWS(never); i++)
					if (len < 6 || strstr(text, never[i]) ||
					    strchr(" :;,(", text[len - 1])) {
						note("%s, reason %d: \"%s\"",
						     outcome_word(row.outcome), r, text);
						bad++;
						break;
					}
				if (row.outcome == OUTCOME_KILLED &&
				    (strstr(text, "gave") || strstr(text, "freed") ||
				     strstr(text, "unmapped"))) {
					note("killed says: %s", text);
					bad++;
				}
				if (row.dry_run &&
				    (strstr(text, "sent") || strstr(text, "exited after"))) {
					note("a dry run says: %s", text);
					bad++;
				}
			}
	is_int(bad, 0, "sentences are whole and say nothing unknown");
}

static void test_small_buffer(void)
{
	struct kill_row row = ROW(.outcome = OUTCOME_REFUSED_SHARED, .reason = REASON_SHARED,
				  .n_sharers = ROW_SHARERS);
	char text[SENTENCE_SIZE + 8];

	for (int i = 0; i < ROW_SHARERS; i++) {
		row.sharers[i].id.pid = 2147483647;
		memset(row.sharers[i].id.comm, 1, COMM_SIZE - 1);
	}
	for (size_t size = 1; size <= SENTENCE_SIZE; size++) {
		memset(text, 'Z', sizeof(text));
		explain_kill(&row, NULL, false, text, size);
		if (strnlen(text, size) >= size || text[size] != 'Z') {
			ok(false, "size %zu overflows", size);
			return;
		}
	}
	ok(true, "any size is kept to");
}

static void test_cut(void)
{
	struct proc_id others[ROW_SHARERS];
	struct kill_row row = ROW(.outcome = OUTCOME_REAPED, .killed = others,
				  .n_killed = ROW_SHARERS, KILLED, .reaped = true);
	char whole[SENTENCE_SIZE], text[SENTENCE_SIZE];
	size_t bad = 0;

	for (int i = 0; i < ROW_SHARERS; i++)
		others[i] = (struct proc_id){ .pid = 1,
					      .comm = "\xe6\x97\xa5\xf0\x9f\x98\x80\xc3\xa9"
						      "a" };
	explain_kill(&row, NULL, false, whole, sizeof(whole));
	for (size_t size = 1; size < strlen(whole); size++) {
		size_t len;

		explain_kill(&row, NULL, false, text, size);
		len = strlen(text);
		bad += strncmp(text, whole, len) != 0 || len + 4 < size ||
		       ((unsigned char)whole[len] & 0xc0) == 0x80;
	}
	is_int(bad, 0, "cut anywhere, but not inside a character");
}

static void test_escape(void)
{
	static const struct {
		const char *text, *want;
	} texts[] = {
		{ "", "" },
		{ "java", "java" },
		{ "a b", "a b" },
		{ "\"'$`", "\"'$`" },
		{ "a\\x41", "a\\x5cx41" },
		{ "a\nb\tc\r", "a\\x0ab\\x09c\\x0d" },
		{ "\x1b[31m", "\\x1b[31m" },
		{ "\x7f", "\\x7f" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82\xac\xf0\x9f\x98\x80", "\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\xc2\x9b", "\\xc2\\x9b" }, /* a control of ISO 6429 */
		{ "a\xe2\x80\xae"
		  "b",
		  "a\\xe2\\x80\\xaeb" }, /* right-to-left override */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
		{ "\xff", "\\xff" },
		{ "\xc3", "\\xc3" },
		{ "\xc3(", "\\xc3(" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc0\xaf", "\\xc0\\xaf" }, /* overlong */
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },		/* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* beyond Unicode */
	};

	for (size_t i = 0; i < UNIT_ROWS(texts); i++) {
		char text[64];

		text_escape(texts[i].text, text, sizeof(text));
		is_str(text, texts[i].want, "row %zu", i);
	}
	for (size_t size = 1; size < 12; size++) {
		char text[16];

		memset(text, 'Z', sizeof(text));
		text_escape("\xc3\xbc\n\xe2\x82\xac", text, size);
		ok(strlen(text) < size && text[size] == 'Z', "size %zu: %s", size, text);
	}
}

static void test_sizes(void)
{
	static const struct {
		int64_t n;
		const char *want;
	} sizes[] = {
		{ 0, "0 bytes" },	   { 1, "1 byte" },	     { 1023, "1023 bytes" },
		{ 1024, "1.0 KiB" },	   { 1536, "1.5 KiB" },	     { 1048524, "1023.9 KiB" },
		{ 1048525, "1.0 MiB" }, /* not 1024.0 KiB */
		{ 1048576, "1.0 MiB" },	   { GIB - 1, "1.0 GiB" },   { 44 * GIB, "44.0 GiB" },
		{ 1024 * GIB, "1.0 TiB" }, { INT64_MAX, "8.0 EiB" }, { -1536, "-1.5 KiB" },
		{ INT64_MIN, "-8.0 EiB" },
	};
	char text[32];

	for (size_t i = 0; i < UNIT_ROWS(sizes); i++) {
		text_size(NULL, sizes[i].n, false, text, sizeof(text));
		is_str(text, sizes[i].want, "%lld", (long long)sizes[i].n);
	}
	text_size(NULL, 44 * GIB, true, text, sizeof(text));
	is_str(text, "47244640256 bytes", "exact");
}

static void test_times(void)
{
	static const struct {
		int64_t us;
		const char *want;
	} times[] = {
		{ 0, "0.00 ms" },	{ 4, "0.00 ms" },	    { 5, "0.01 ms" },
		{ 99, "0.10 ms" },	{ 100, "0.1 ms" },	    { 1000, "1.0 ms" },
		{ 9949, "9.9 ms" },	{ 9950, "10 ms" },	    { 612345, "612 ms" },
		{ 612500, "613 ms" },	{ 9999499, "9999 ms" },	    { 9999500, "10.0 s" },
		{ 12345678, "12.3 s" }, { 3600000000, "3600.0 s" },
	};

	for (size_t i = 0; i < UNIT_ROWS(times); i++) {
		char text[32];

		text_time(times[i].us, text, sizeof(text));
		is_str(text, times[i].want, "%lld us", (long long)times[i].us);
	}
}

static void test_errnos(void)
{
	is_str(text_errno(ESRCH), "ESRCH", "ESRCH");
	is_str(text_errno(EPERM), "EPERM", "EPERM");
	is_str(text_errno(ECANCELED), "ECANCELED", "ECANCELED");
	is_str(text_errno(0), NULL, "none");
	is_str(text_errno(-ESRCH), NULL, "negative");
	is_str(text_errno(4095), NULL, "unknown");
}

int main(void)
{
	RUN(test_sentences);
	RUN(test_language);
	RUN(test_bytes);
	RUN(test_many_sharers);
	RUN(test_every_pair);
	RUN(test_small_buffer);
	RUN(test_cut);
	RUN(test_escape);
	RUN(test_sizes);
	RUN(test_times);
	RUN(test_errnos);
	return unit_done();
}
