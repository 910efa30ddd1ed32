// SPDX-License-Identifier: GPL-2.0-or-later

/* From what was read to the phase of an mm: every phase, its evidence and what is in the way. */

#include <mmreap/observe.h>
#include <mmreap/outcome.h>

#include "unit.h"

/* What a row does not say is 0. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

#define BIT(sig) (UINT64_C(1) << ((sig)-1))
#define KILL BIT(9)
#define TERM BIT(15)

/* A process with memory, asleep: what a row changes is given after it. */
#define WITH_MM .vm_size_kib = 4096, .vm_rss_kib = 900, .rss_anon_kib = 500, .rss_file_kib = 400
#define NO_MM                                                                   \
	.vm_size_kib = UNKNOWN, .vm_rss_kib = UNKNOWN, .rss_anon_kib = UNKNOWN, \
	.rss_file_kib = UNKNOWN
#define TAKEN .vm_size_kib = 4096, .vm_rss_kib = 0, .rss_anon_kib = 0, .rss_file_kib = 0
#define TASK(s, ...)                                      \
	{                                                 \
		.state = (s), .threads = 1, ##__VA_ARGS__ \
	}

/* clang-format off */
static const struct row {
	const char *name;
	struct phase_facts facts;
	struct phase_verdict want;
} rows[] = {
	{ "asleep", { .leader = TASK('S'), .main = TASK('S'), .status = { WITH_MM } },
	  { PHASE_ALIVE, 0, BLOCKER_NONE } },
	{ "running", { .leader = TASK('R'), .main = TASK('R'), .status = { WITH_MM } },
	  { PHASE_ALIVE, 0, BLOCKER_NONE } },
	{ "in an uninterruptible wait, and nobody wants it to end",
	  { .leader = TASK('D'), .main = TASK('D'), .status = { WITH_MM }, .wchan = "io_schedule" },
	  { PHASE_ALIVE, 0, BLOCKER_NONE } },
	{ "alive in a frozen version 1 cgroup",
	  { .leader = TASK('D'), .main = TASK('D'), .status = { WITH_MM }, .frozen_v1 = true },
	  { PHASE_ALIVE, EVIDENCE_FREEZER_V1, BLOCKER_FREEZER } },
	{ "alive in a frozen version 2 cgroup",
	  { .leader = TASK('S'), .main = TASK('S'), .status = { WITH_MM }, .frozen_v2 = true },
	  { PHASE_ALIVE, EVIDENCE_FREEZER_V2, BLOCKER_FREEZER } },

	{ "its end is decided, as only the kernel tells: exit_group(0)",
	  { .leader = TASK('D'), .main = TASK('D'), .status = { WITH_MM }, .wchan = "io_schedule",
	    .kernel = EVIDENCE_GROUP_EXIT },
	  { PHASE_DYING, EVIDENCE_GROUP_EXIT, BLOCKER_WAIT } },
	{ "reaped, and the kernel tells so",
	  { .leader = TASK('D', .exit_code = 9), .main = TASK('D', .exit_code = 9), .frozen_v1 = true,
	    .status = { TAKEN }, .kernel = EVIDENCE_GROUP_EXIT | EVIDENCE_UNSTABLE | EVIDENCE_OOM_SKIP },
	  { PHASE_REAPED, EVIDENCE_EXIT_CODE | EVIDENCE_FREEZER_V1 | EVIDENCE_NO_RSS | EVIDENCE_GROUP_EXIT |
			  EVIDENCE_UNSTABLE | EVIDENCE_OOM_SKIP, BLOCKER_FREEZER } },
	{ "a flag of a reap does not make it die",
	  { .leader = TASK('S'), .main = TASK('S'), .status = { WITH_MM }, .kernel = EVIDENCE_UNSTABLE },
	  { PHASE_ALIVE, EVIDENCE_UNSTABLE, BLOCKER_NONE } },
	{ "past its mm, by exit_group(0)",
	  { .leader = TASK('R'), .main = TASK('R'), .status = { NO_MM }, .kernel = EVIDENCE_GROUP_EXIT },
	  { PHASE_EXIT_MMAP, EVIDENCE_NO_MM | EVIDENCE_GROUP_EXIT, BLOCKER_NONE } },
	{ "stopped by a signal: field 52 shows it",
	  { .leader = TASK('T', .exit_code = 19), .main = TASK('T', .exit_code = 19),
	    .status = { WITH_MM } },
	  { PHASE_STOPPED, EVIDENCE_STOPPED, BLOCKER_STOP } },
	{ "stopped for its tracer",
	  { .leader = TASK('t'), .main = TASK('t'), .status = { WITH_MM, .tracer = 7 } },
	  { PHASE_STOPPED, EVIDENCE_TRACING_STOP, BLOCKER_TRACER } },
	{ "a vfork parent",
	  { .leader = TASK('D'), .main = TASK('D'), .status = { WITH_MM }, .in_vfork = true },
	  { PHASE_VFORK_WAIT, EVIDENCE_VFORK, BLOCKER_VFORK_CHILD } },

	{ "dumping core", { .leader = TASK('D'), .main = TASK('D'),
			    .status = { WITH_MM, .core_dumping = true } },
	  { PHASE_CORE_DUMP, EVIDENCE_CORE_DUMPING, BLOCKER_CORE_DUMP } },
	{ "dumping core: the group is told to end when that begins",
	  { .leader = TASK('S', .flags = PF_DUMPCORE, .exit_code = 11),
	    .main = TASK('S', .flags = PF_DUMPCORE, .exit_code = 11),
	    .status = { WITH_MM, .core_dumping = true, .sig_pending = KILL } },
	  { PHASE_CORE_DUMP, EVIDENCE_CORE_DUMPING, BLOCKER_CORE_DUMP } },
	{ "an mm that maps nothing", { .leader = TASK('S'), .main = TASK('S'), .status = { .vm_size_kib = 0 } },
	  { PHASE_NO_VMA, EVIDENCE_NO_VMA, BLOCKER_NONE } },

	{ "asked to end, and the signal is blocked",
	  { .leader = TASK('S'), .main = TASK('S'),
	    .status = { WITH_MM, .shd_pending = TERM, .sig_blocked = TERM } },
	  { PHASE_SIGNALLED, EVIDENCE_SIGNAL_BLOCKED, BLOCKER_SIGNAL } },
	{ "asked to end by a signal to the thread, and it is handled",
	  { .leader = TASK('D'), .main = TASK('D'),
	    .status = { WITH_MM, .sig_pending = BIT(1), .sig_caught = BIT(1) } },
	  { PHASE_SIGNALLED, EVIDENCE_SIGNAL_CAUGHT, BLOCKER_SIGNAL } },
	{ "asked to end while frozen: that is in the way",
	  { .leader = TASK('S'), .main = TASK('S'), .frozen_v2 = true,
	    .status = { WITH_MM, .shd_pending = TERM, .sig_caught = TERM } },
	  { PHASE_SIGNALLED, EVIDENCE_SIGNAL_CAUGHT | EVIDENCE_FREEZER_V2, BLOCKER_FREEZER } },
	{ "a signal that asks for nothing is pending",
	  { .leader = TASK('S'), .main = TASK('S'),
	    .status = { WITH_MM, .shd_pending = BIT(17), .sig_blocked = BIT(17) } },
	  { PHASE_ALIVE, 0, BLOCKER_NONE } },

	{ "SIGKILL is pending for the group",
	  { .leader = TASK('S'), .main = TASK('S'), .status = { WITH_MM, .shd_pending = KILL } },
	  { PHASE_DYING, EVIDENCE_KILL_PENDING, BLOCKER_NONE } },
	{ "SIGKILL is pending for the thread, which waits",
	  { .leader = TASK('D'), .main = TASK('D'), .status = { WITH_MM, .sig_pending = KILL },
	    .wchan = "io_schedule" },
	  { PHASE_DYING, EVIDENCE_KILL_PENDING, BLOCKER_WAIT } },
	{ "it took the signal",
	  { .leader = TASK('R', .flags = PF_SIGNALED), .main = TASK('R', .flags = PF_SIGNALED),
	    .status = { WITH_MM } },
	  { PHASE_DYING, EVIDENCE_SIGNALED, BLOCKER_NONE } },
	{ "the exit of the group is decided",
	  { .leader = TASK('S', .exit_code = 256), .main = TASK('S', .exit_code = 256), .status = { WITH_MM } },
	  { PHASE_DYING, EVIDENCE_EXIT_CODE, BLOCKER_NONE } },
	{ "it exits by itself",
	  { .leader = TASK('R', .flags = PF_EXITING), .main = TASK('R', .flags = PF_EXITING), .status = { WITH_MM } },
	  { PHASE_DYING, EVIDENCE_EXITING, BLOCKER_NONE } },
	{ "killed and frozen, version 1",
	  { .leader = TASK('D', .exit_code = 9), .main = TASK('D', .exit_code = 9), .frozen_v1 = true,
	    .status = { WITH_MM, .shd_pending = KILL } },
	  { PHASE_DYING_FROZEN, EVIDENCE_KILL_PENDING | EVIDENCE_EXIT_CODE | EVIDENCE_FREEZER_V1,
	    BLOCKER_FREEZER } },
	{ "killed and frozen, version 2: that does not keep it",
	  { .leader = TASK('S'), .main = TASK('S'), .frozen_v2 = true,
	    .status = { WITH_MM, .shd_pending = KILL } },
	  { PHASE_DYING, EVIDENCE_KILL_PENDING, BLOCKER_NONE } },
	{ "killed, in its exit stop",
	  { .leader = TASK('t', .flags = PF_SIGNALED), .main = TASK('t', .flags = PF_SIGNALED),
	    .status = { WITH_MM, .shd_pending = KILL, .tracer = 7 } },
	  { PHASE_EXIT_STOP, EVIDENCE_KILL_PENDING | EVIDENCE_SIGNALED | EVIDENCE_TRACING_STOP,
	    BLOCKER_TRACER } },
	{ "killed, its memory taken",
	  { .leader = TASK('R'), .main = TASK('R'), .status = { TAKEN, .shd_pending = KILL } },
	  { PHASE_REAPED, EVIDENCE_KILL_PENDING | EVIDENCE_NO_RSS, BLOCKER_NONE } },
	{ "killed, its memory taken, frozen",
	  { .leader = TASK('D'), .main = TASK('D'), .frozen_v1 = true,
	    .status = { TAKEN, .rss_shmem_kib = 64, .shd_pending = KILL } },
	  { PHASE_REAPED, EVIDENCE_KILL_PENDING | EVIDENCE_NO_RSS | EVIDENCE_FREEZER_V1,
	    BLOCKER_FREEZER } },
	{ "killed, its memory taken, in its exit stop",
	  { .leader = TASK('t'), .main = TASK('t'), .status = { TAKEN, .shd_pending = KILL } },
	  { PHASE_REAPED, EVIDENCE_KILL_PENDING | EVIDENCE_NO_RSS | EVIDENCE_TRACING_STOP,
	    BLOCKER_TRACER } },
	{ "nothing resident, and nobody killed it: swapped out",
	  { .leader = TASK('S'), .main = TASK('S'), .status = { TAKEN } },
	  { PHASE_ALIVE, 0, BLOCKER_NONE } },

	{ "inside exit_mmap",
	  { .leader = TASK('R', .flags = PF_EXITING | PF_SIGNALED),
	    .main = TASK('R', .flags = PF_EXITING | PF_SIGNALED),
	    .status = { NO_MM, .shd_pending = KILL } },
	  { PHASE_EXIT_MMAP, EVIDENCE_NO_MM | EVIDENCE_KILL_PENDING | EVIDENCE_SIGNALED | EVIDENCE_EXITING,
	    BLOCKER_NONE } },
	{ "past its mm, in a wait",
	  { .leader = TASK('D', .flags = PF_EXITING), .main = TASK('D', .flags = PF_EXITING),
	    .status = { NO_MM }, .wchan = "nfs_wait" },
	  { PHASE_EXIT_MMAP, EVIDENCE_NO_MM | EVIDENCE_EXITING, BLOCKER_WAIT } },

	{ "a zombie", { .leader = TASK('Z'), .main = TASK('Z'), .status = { NO_MM } },
	  { PHASE_ZOMBIE, EVIDENCE_ZOMBIE, BLOCKER_PARENT } },
	{ "being reaped", { .leader = TASK('X'), .main = TASK('X'), .status = { NO_MM } },
	  { PHASE_ZOMBIE, EVIDENCE_ZOMBIE, BLOCKER_PARENT } },
	{ "the pidfd says that it has exited",
	  { .leader = TASK('R', .flags = PF_EXITING), .main = TASK('R'), .exited = true, .status = { NO_MM } },
	  { PHASE_ZOMBIE, EVIDENCE_ZOMBIE, BLOCKER_PARENT } },
	{ "a dead leader, a living thread",
	  { .leader = { .state = 'Z', .threads = 3 }, .main = { .state = 'S', .threads = 3 }, .status = { WITH_MM } },
	  { PHASE_ZOMBIE_LEADER, EVIDENCE_ZOMBIE | EVIDENCE_THREADS, BLOCKER_THREADS } },
	{ "a dead leader, and its threads are killed",
	  { .leader = { .state = 'Z', .threads = 3 }, .main = { .state = 'S', .threads = 3 },
	    .status = { WITH_MM, .sig_pending = KILL } },
	  { PHASE_DYING, EVIDENCE_KILL_PENDING, BLOCKER_NONE } },
	{ "a dead leader that ended with a status, its threads live",
	  { .leader = { .state = 'Z', .threads = 2, .exit_code = 1280, .flags = PF_EXITING },
	    .main = { .state = 'S', .threads = 2 }, .status = { WITH_MM } },
	  { PHASE_ZOMBIE_LEADER, EVIDENCE_ZOMBIE | EVIDENCE_THREADS, BLOCKER_THREADS } },
	{ "a kernel thread",
	  { .leader = TASK('I', .flags = PF_KTHREAD), .main = TASK('I', .flags = PF_KTHREAD), .status = { NO_MM } },
	  { PHASE_KTHREAD, EVIDENCE_KTHREAD, BLOCKER_NONE } },
	{ "waited for", { .gone = true }, { PHASE_GONE, EVIDENCE_REAPED_PID, BLOCKER_NONE } },
};
/* clang-format on */

static void test_judge(void)
{
	bool seen[PHASE_COUNT] = { false };

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct phase_verdict got;

		phase_judge(&rows[i].facts, &got);
		is_str(phase_word(got.phase), phase_word(rows[i].want.phase), "%s", rows[i].name);
		is_int(got.evidence, rows[i].want.evidence, "evidence: %s", rows[i].name);
		is_int(got.blocker, rows[i].want.blocker, "blocker: %s", rows[i].name);
		seen[got.phase] = true;
	}
	for (size_t i = 0; i < PHASE_COUNT; i++)
		ok(seen[i], "%s has a row", phase_word((enum phase)i));
}

/* The words of the contract, typed a second time. */
static void test_words(void)
{
	static const char *const words[PHASE_COUNT] = {
		"alive",     "stopped", "vfork-wait",	 "core-dump", "no-vma",
		"signalled", "dying",	"dying-frozen",	 "exit-stop", "reaped",
		"exit-mmap", "zombie",	"zombie-leader", "kthread",   "gone",
	};

	for (size_t i = 0; i < PHASE_COUNT; i++)
		is_str(phase_word((enum phase)i), words[i], "phase %zu", i);
}

static void test_suspect(void)
{
	static const struct {
		const char *name;
		struct stat_facts st;
		bool want;
	} stats[] = {
		{ "asleep",
		  { .state = 'S', .threads = 1, .vsize_bytes = 9, .start_code = 9 },
		  false },
		{ "asleep, seen by anybody",
		  { .state = 'S', .threads = 1, .vsize_bytes = 9, .start_code = 1 },
		  false },
		{ "stopped",
		  { .state = 'T', .threads = 1, .vsize_bytes = 9, .exit_code = 19 },
		  false },
		{ "SIGKILL is pending",
		  { .state = 'D', .threads = 1, .vsize_bytes = 9, .pending = KILL },
		  true },
		{ "SIGTERM is pending",
		  { .state = 'D', .threads = 1, .vsize_bytes = 9, .pending = TERM },
		  false },
		{ "took a fatal signal",
		  { .state = 'R', .threads = 1, .vsize_bytes = 9, .flags = PF_SIGNALED },
		  true },
		{ "dumps core",
		  { .state = 'D', .threads = 1, .vsize_bytes = 9, .flags = PF_DUMPCORE },
		  true },
		{ "maps nothing", { .state = 'S', .threads = 1, .start_code = 1 }, true },
		{ "exits by itself", { .state = 'R', .threads = 1, .flags = PF_EXITING }, false },
		{ "a zombie of its own accord",
		  { .state = 'Z', .threads = 1, .exit_code = 256 },
		  false },
		{ "a zombie of another signal",
		  { .state = 'Z', .threads = 1, .exit_code = 15 },
		  false },
		{ "a killed zombie", { .state = 'Z', .threads = 1, .exit_code = 9 }, true },
		{ "a zombie whose end is not ours to see", { .state = 'Z', .threads = 1 }, false },
		{ "a dead leader", { .state = 'Z', .threads = 2 }, true },
		{ "a kernel thread",
		  { .state = 'I', .threads = 1, .flags = PF_KTHREAD | PF_SIGNALED },
		  false },
	};

	for (size_t i = 0; i < UNIT_ROWS(stats); i++)
		is_int(phase_is_suspect(&stats[i].st), stats[i].want, "%s", stats[i].name);
}

/* What is listed without a target: who is between SIGKILL and gone, and what is not as it should be. */
static void test_unusual(void)
{
	static const enum phase listed[] = { PHASE_CORE_DUMP, PHASE_NO_VMA, PHASE_DYING_FROZEN,
					     PHASE_EXIT_STOP, PHASE_REAPED, PHASE_ZOMBIE_LEADER };
	struct phase_facts f = { .leader = { .threads = 1 }, .main = { .threads = 1 } };

	for (size_t i = 0; i < PHASE_COUNT; i++) {
		bool want = false;

		for (size_t j = 0; j < UNIT_ROWS(listed); j++)
			want |= listed[j] == (enum phase)i;
		is_int(phase_is_unusual(&f, (enum phase)i), want, "%s, not killed",
		       phase_word((enum phase)i));
	}
	f.main.flags = PF_EXITING;
	ok(!phase_is_unusual(&f, PHASE_EXIT_MMAP), "exiting by itself is no news");
	f.status.shd_pending = KILL;
	ok(phase_is_unusual(&f, PHASE_EXIT_MMAP), "killed and exiting");
	ok(phase_is_unusual(&f, PHASE_DYING), "killed");
	f.leader.exit_code = 9;
	ok(phase_is_unusual(&f, PHASE_ZOMBIE), "a killed zombie");
	f.leader.exit_code = 9 << 8;
	ok(!phase_is_unusual(&f, PHASE_ZOMBIE), "a zombie that exited with 9");
}

static void test_vfork(void)
{
	ok(phase_is_vfork_wait("kernel_clone"), "Linux 5.10 and later");
	ok(phase_is_vfork_wait("kernel_clone.isra.0"), "renamed by the compiler");
	ok(phase_is_vfork_wait("_do_fork"), "before");
	ok(!phase_is_vfork_wait("io_schedule"), "another wait");
	ok(!phase_is_vfork_wait(""), "not ours to see");
}

int main(void)
{
	RUN(test_judge);
	RUN(test_words);
	RUN(test_suspect);
	RUN(test_unusual);
	RUN(test_vfork);
	return unit_done();
}
