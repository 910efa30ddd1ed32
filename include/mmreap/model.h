/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The nouns that every room knows: processes, what was asked, what was found, what came of it.
 * Only data and names; no function here does anything.
 *
 * Units are in the names: _bytes, _us (CLOCK_MONOTONIC), _ticks (clock ticks since boot).
 * A figure that is not known is UNKNOWN, never 0.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define UNKNOWN ((int64_t)-1)

/* Longest comm: 15 bytes for processes, up to 63 for kernel threads in /proc/PID/stat. */
#define COMM_SIZE 64

/**
 * struct proc_ref - a process that is held, not merely numbered
 * @pid: in the caller's PID namespace
 * @pidfd: owned; refers to this process for ever (pidfd_open(2))
 * @procfd: owned; its /proc/PID directory, seen to be of the same process as @pidfd
 * @inode: pidfs inode, unique for the boot (Linux 6.9); 0 where the kernel has none
 * @start_ticks: field 22 of /proc/PID/stat
 * @comm: field 2 of /proc/PID/stat, any bytes, NUL-terminated
 */
struct proc_ref {
	pid_t pid;
	int pidfd;
	int procfd;
	uint64_t inode;
	uint64_t start_ticks;
	char comm[COMM_SIZE];
};

/** struct proc_id - what is printed of a process: no descriptors */
struct proc_id {
	pid_t pid;
	uint64_t inode;
	char comm[COMM_SIZE];
};

/* What became of a target. The words and statuses: plan/outcome.c. */
enum outcome {
	OUTCOME_REAPED,
	OUTCOME_FREED,
	OUTCOME_EXITED,
	OUTCOME_SPARED,
	OUTCOME_KILLED,
	OUTCOME_PINNED,
	OUTCOME_PENDING,
	OUTCOME_REFUSED_SHARED,
	OUTCOME_REFUSED_PROTECTED,
	OUTCOME_DENIED,
	OUTCOME_NO_PROCESS,
	OUTCOME_UNSUPPORTED,
	OUTCOME_FAILED,
};
#define OUTCOME_COUNT (OUTCOME_FAILED + 1)

enum method { METHOD_KILL_REAP, METHOD_REAP_KILL, METHOD_KILL_ONLY, METHOD_REAP_ONLY };
enum hold { HOLD_NONE, HOLD_TRACE, HOLD_FROZEN };
enum robust { ROBUST_NONE, ROBUST_HANDED_OVER, ROBUST_LET_GO, ROBUST_UNREADABLE, ROBUST_IGNORED };

/* Which system call (or look) the fact `errno` belongs to; the `step` of a row. */
enum step_name {
	STEPNAME_NONE,
	STEPNAME_RESOLVE, /* pidfd_open, /proc/PID */
	STEPNAME_RIGHT,	  /* pidfd_send_signal(0) */
	STEPNAME_SHARERS, /* kcmp */
	STEPNAME_LISTS,	  /* get_robust_list, /proc/PID/mem */
	STEPNAME_HOLD,	  /* ptrace(PTRACE_SEIZE) */
	STEPNAME_SIGNAL,  /* pidfd_send_signal(SIGKILL) */
	STEPNAME_SETTLE,  /* waiting until every robust list is final */
	STEPNAME_REAP,	  /* process_mrelease */
	STEPNAME_THAW,	  /* cgroup.procs of another freezer group */
	STEPNAME_EXIT,	  /* pidfd readable */
	STEPNAME_MM,	  /* the pagemap test */
};
#define STEPNAME_COUNT (STEPNAME_MM + 1)

/* Why an outcome is what it is: chosen by the plan, put in words by report/explain.c. */
enum reason {
	REASON_NONE,
	/* refused-protected */
	REASON_INIT,	 /* PID 1 of the caller's PID namespace */
	REASON_KTHREAD,	 /* kernel thread: it has no mm */
	REASON_SELF,	 /* mmreap itself */
	REASON_ANCESTOR, /* the shell or session that mmreap runs in */
	/* refused-shared */
	REASON_SHARED,
	REASON_SHARED_VFORK, /* only with vfork relatives that did not exec in time */
	/* denied */
	REASON_NO_RIGHT_TO_SIGNAL,
	REASON_NO_RIGHT_TO_SHARER, /* row.obstacle is the sharer */
	REASON_NO_RIGHT_TO_LISTS,  /* --reap-only with unreadable robust lists */
	REASON_SHARER_PROTECTED,   /* a sharer is init, mmreap itself, an ancestor */
	/* no-process */
	REASON_NOT_FOUND,
	REASON_INODE_DIFFERS, /* the PID was reused */
	/* unsupported */
	REASON_NO_PIDFS_INODE,
	REASON_NO_FLAG,		  /* -m reap-kill where the kernel does not know it */
	REASON_NO_MRELEASE,	  /* no process_mrelease: kernel < 5.15, or filtered */
	REASON_FLAG_NEEDS_IGNORE, /* -m reap-kill with a robust list to lose */
	REASON_FLAG_SHARED,	  /* -m reap-kill on a shared mm or a vfork pair */
	REASON_FLAG_INIT,	  /* -m reap-kill on the init of a PID namespace */
	/* exited */
	REASON_ZOMBIE,
	REASON_BY_ITSELF,
	REASON_GRACE,
	REASON_VANISHED, /* a member of a selection that is gone */
	/* freed */
	REASON_LET_GO,	   /* released for its robust futexes */
	REASON_FASTER,	   /* its own exit won */
	REASON_NOT_HELD,   /* no hold was possible, so its robust lists could not be proved empty */
	REASON_UNREADABLE, /* robust lists could not be read */
	REASON_BLOCKED_READ, /* reading them blocked */
	/* killed */
	REASON_MEMORY_UNSEEN, /* exited, but there is no right to see whether the mm is gone */
	/* pinned */
	REASON_SHARER_LEFT,
	REASON_UNKNOWN_HOLDER,
	/* pending */
	REASON_FROZEN,	      /* v1 freezer: the exit waits for the thaw */
	REASON_FROZEN_ROBUST, /* v1 freezer and robust futexes in use: not reaped either */
	REASON_CORE_DUMP,
	REASON_REAP_BLOCKED,	/* process_mrelease waits for the mmap lock */
	REASON_REAP_INCOMPLETE, /* EAGAIN until the limit: an mmu notifier that must not block */
	REASON_SETTLE_BLOCKED,	/* a thread did not let go of its robust list in time */
	REASON_GRACE_LIMIT,	/* the limit passed within the grace time */
	REASON_LOOK_BLOCKED,	/* a look before the signal did not return within the limit */
	REASON_NOT_EXITED,
	REASON_INTERRUPTED, /* mmreap was told to stop */
	/* reaped */
	REASON_NOT_WAITED,	 /* --timeout 0: exit not waited for */
	REASON_STILL_REFERENCED, /* reaped, exited, and yet somebody references the empty mm */
	/* failed */
	REASON_NOT_DYING, /* --reap-only on a process that nobody has killed */
	REASON_ERRNO,	  /* row.err says which, row.step where */
	REASON_DECLINED,  /* --interactive answered with no */
};
#define REASON_COUNT (REASON_DECLINED + 1)

enum relation { RELATION_TARGET, RELATION_VFORK_CHILD, RELATION_VFORK_PARENT, RELATION_CLONE_VM };

/** struct sharer - another process that uses the target's mm */
struct sharer {
	struct proc_id id;
	enum relation relation;
};

/* A row names at most this many sharers; row.n_sharers counts them all. */
#define ROW_SHARERS 8

/**
 * struct kill_row - everything that `kill` says of one target
 * @outcome, @reason, @step, @err: the verdict; @err is a positive errno or 0
 * @n_sharers: other processes with this mm; UNKNOWN where some could not be compared and none was seen
 * @n_unknown: processes that could not be compared (no ptrace right); UNKNOWN: the look failed, and
 *	with @no_kcmp because kcmp is refused
 * @sharers: the first ROW_SHARERS of them
 * @killed: sharers and members that we signalled beside the target
 * @rss_before_bytes: resident set just before the signal; @rss_after_bytes: when the verdict was made
 * @shmem_bytes, @hugetlb_bytes, @pinned_bytes: what of it a file, another mapping or a driver may keep
 * @unmapped_bytes: left the address space; @freed_bytes: given back to the system, UNKNOWN unless a
 *	memory cgroup that holds only this process tells
 * @reap_us: length of the (last) process_mrelease call; @exit_us: signal to pidfd readable
 * @exit_signal: UNKNOWN where the kernel does not tell a non-parent
 * @graced: our SIGTERM reached it; @signalled: our SIGKILL
 * @reaped: process_mrelease returned 0; @exited: the pidfd was seen readable
 */
struct kill_row {
	struct proc_id id;
	enum outcome outcome;
	enum reason reason;
	enum step_name step;
	int err;
	bool dry_run;
	bool ns_init;
	bool graced;
	bool signalled;
	bool reaped;
	bool exited;
	bool third_party; /* somebody else dropped the last reference: teardown may go on */
	enum method method;
	enum hold hold;
	enum robust robust;
	int64_t n_sharers;
	int64_t n_unknown;
	bool no_kcmp;
	bool hidepid, pid_ns; /* as in struct blind; where the outcome leaves the question open */
	struct sharer sharers[ROW_SHARERS];
	struct proc_id *killed; /* owned by the run */
	size_t n_killed;
	struct proc_id
		obstacle; /* who stands in the way: leader, sharer, holder, zombie's parent */
	int64_t rss_before_bytes;
	int64_t shmem_bytes;
	int64_t hugetlb_bytes;
	int64_t pinned_bytes;
	int64_t rss_after_bytes;
	int64_t unmapped_bytes;
	int64_t freed_bytes;
	int64_t reap_us;
	int64_t exit_us;
	int64_t exit_signal;
	char wchan[32]; /* where it hangs, for `pending`; empty if unknown */
};

/* --- what was asked -------------------------------------------------------------------- */

enum spec_kind { SPEC_PID, SPEC_PID_INODE, SPEC_COMM, SPEC_CGROUP, SPEC_PIDFD };

/** struct target_spec - one target as the user gave it; texts are borrowed */
struct target_spec {
	enum spec_kind kind;
	pid_t pid;
	uint64_t inode;
	int fd;
	const char *text;
	const char *comm; /* came from --comm: it must still have that name once it is held */
	bool member;	  /* came from --cgroup: looked for there again once it is held */
	bool selected;	  /* came from `-`, --comm or --cgroup: gone is a success */
};

enum method_choice { CHOOSE_AUTO, CHOOSE_REAP_KILL, CHOOSE_KILL_REAP };
enum sharers_policy { SHARERS_REFUSE, SHARERS_KILL, SHARERS_SPARE };

/** struct kill_options - the command line of `kill`, as values */
struct kill_options {
	enum method_choice method;
	enum sharers_policy sharers;
	bool hold_never;
	bool robust_ignore;
	bool boost_never;
	bool reap_only;
	bool thaw;
	bool dry_run;
	bool interactive;
	bool allow_ancestors;
	bool quiet;
	bool verbose;
	bool log;
	int64_t grace_us;   /* UNKNOWN: none */
	int64_t timeout_us; /* UNKNOWN: not given, 10 s without progress */
};

/* --- looking --------------------------------------------------------------------------- */

/* SOURCE_KCMP: /proc, and kcmp where processes are compared; where none are it is called proc. */
enum source { SOURCE_AUTO, SOURCE_BPF, SOURCE_KCMP };

/* Cgroup paths are printed up to this length. */
#define CGROUP_SIZE 512

/**
 * struct blind - why a look at all processes may have missed one; all zero: it has not
 * @n_unknown: processes that are there, but could not be compared
 * @unknown: the first of them
 * @no_right: the target itself may not be compared (ptrace); @no_kcmp: the call is missing
 * @hidepid: procfs does not show the processes of other users
 * @pid_ns: we are in a PID namespace, and see nothing outside of it
 * @blocked: a comparison waited for an execve of the target until its limit
 * @changed: processes came, went or changed too fast to be put in order
 * @err: nobody was found, for this negative errno
 */
struct blind {
	size_t n_unknown;
	struct proc_id unknown;
	bool no_right;
	bool no_kcmp;
	bool hidepid;
	bool pid_ns;
	bool blocked;
	bool changed;
	int err;
};

/**
 * struct sharers_row - one process of a shared address space
 * @group: 1, 2...: never a kernel address
 * @killable: may we signal it? UNKNOWN where that was not told
 * @users: mm_users, UNKNOWN without the kernel's own view
 */
struct sharers_row {
	size_t group;
	struct proc_id id;
	pid_t ppid;
	int uid; /* -1 unknown */
	enum relation relation;
	char state; /* of /proc/PID/stat */
	int threads;
	int64_t rss_bytes;
	int64_t killable;
	int64_t users;
	enum source source;
	char cgroup[CGROUP_SIZE];
	struct blind blind; /* of the whole group */
};

/* Where in its life cycle an mm is. The words: plan/outcome.c. */
enum phase {
	PHASE_ALIVE,
	PHASE_STOPPED,	  /* job control, or its tracer */
	PHASE_VFORK_WAIT, /* a vfork child uses its memory */
	PHASE_CORE_DUMP,
	PHASE_NO_VMA,	    /* an mm that maps nothing */
	PHASE_SIGNALLED,    /* the signal that was sent is blocked or handled */
	PHASE_DYING,	    /* group exit decided, memory still there */
	PHASE_DYING_FROZEN, /* the same, and the version 1 freezer keeps it from exiting */
	PHASE_EXIT_STOP,    /* the same, and a tracer holds it in its exit stop */
	PHASE_REAPED,	    /* memory taken, not exited */
	PHASE_EXIT_MMAP,    /* it has let go of its mm: tearing it down itself, or past that */
	PHASE_ZOMBIE,
	PHASE_ZOMBIE_LEADER, /* leader dead, threads live */
	PHASE_KTHREAD,
	PHASE_GONE,
};
#define PHASE_COUNT (PHASE_GONE + 1)

/* What a phase was concluded from, a bit each; in words: report/status.c. */
enum evidence {
	EVIDENCE_KILL_PENDING = 1 << 0,	 /* SIGKILL is pending (SigPnd, ShdPnd) */
	EVIDENCE_SIGNALED = 1 << 1,	 /* PF_SIGNALED: it took a fatal signal */
	EVIDENCE_EXIT_CODE = 1 << 2,	 /* the exit status of the group is set */
	EVIDENCE_EXITING = 1 << 3,	 /* PF_EXITING */
	EVIDENCE_NO_MM = 1 << 4,	 /* no Vm lines in status */
	EVIDENCE_NO_VMA = 1 << 5,	 /* VmSize is 0 */
	EVIDENCE_NO_RSS = 1 << 6,	 /* nothing private is resident, VmSize is not 0 */
	EVIDENCE_CORE_DUMPING = 1 << 7,	 /* CoreDumping: 1, or PF_DUMPCORE */
	EVIDENCE_ZOMBIE = 1 << 8,	 /* state Z, or the pidfd is readable */
	EVIDENCE_THREADS = 1 << 9,	 /* threads beside the dead leader */
	EVIDENCE_STOPPED = 1 << 10,	 /* state T */
	EVIDENCE_TRACING_STOP = 1 << 11, /* state t */
	EVIDENCE_FREEZER_V1 = 1 << 12,	 /* waits in __refrigerator, or freezer.state */
	EVIDENCE_FREEZER_V2 = 1 << 13,	 /* cgroup.events */
	EVIDENCE_VFORK = 1 << 14,	 /* state D in the wait for a vfork child */
	EVIDENCE_SIGNAL_BLOCKED = 1 << 15,
	EVIDENCE_SIGNAL_CAUGHT = 1 << 16,
	EVIDENCE_KTHREAD = 1 << 17,    /* PF_KTHREAD */
	EVIDENCE_REAPED_PID = 1 << 18, /* signal 0 through the pidfd: no such process */
	/* From the kernel's own view. */
	EVIDENCE_GROUP_EXIT = 1 << 19, /* SIGNAL_GROUP_EXIT */
	EVIDENCE_UNSTABLE = 1 << 20,   /* MMF_UNSTABLE */
	EVIDENCE_OOM_SKIP = 1 << 21,   /* MMF_OOM_SKIP */
	/* Of what was never held. */
	EVIDENCE_NO_PID = 1 << 22,	/* pidfd_open: no such process */
	EVIDENCE_NO_PIDFD = 1 << 23,	/* the pidfd that was given names none any more */
	EVIDENCE_OTHER_INODE = 1 << 24, /* the pidfd of its number has another inode */
};
#define EVIDENCE_COUNT 25

/* What keeps the mm from its next phase. */
enum blocker {
	BLOCKER_NONE,
	BLOCKER_FREEZER,
	BLOCKER_TRACER,
	BLOCKER_CORE_DUMP,
	BLOCKER_VFORK_CHILD,
	BLOCKER_STOP,
	BLOCKER_SIGNAL, /* blocked or handled by the process */
	BLOCKER_PARENT, /* has not waited for its zombie */
	BLOCKER_THREADS,
	BLOCKER_WAIT, /* in D: row.wchan says where */
};

/* Robust futexes, as far as they were looked at. */
enum robust_look {
	ROBUST_LOOK_UNREAD, /* it would take the mmap lock: --deep */
	ROBUST_LOOK_NULL,   /* no thread has registered a list */
	ROBUST_LOOK_EMPTY,
	ROBUST_LOOK_IN_USE,
	ROBUST_LOOK_UNREADABLE,
	ROBUST_LOOK_BLOCKED, /* the read did not come back in time */
};

/* The MMF_* flags of an mm. The numbers are ours: the kernel's move. The words: report/status.c. */
enum mm_flag {
	MM_FLAG_NONE,
	MM_FLAG_VM_MERGEABLE,
	MM_FLAG_VM_HUGEPAGE,
	MM_FLAG_HUGE_ZERO_PAGE,
	MM_FLAG_HUGE_ZERO_FOLIO,
	MM_FLAG_HAS_UPROBES,
	MM_FLAG_RECALC_UPROBES,
	MM_FLAG_OOM_SKIP, /* nothing is left to reap */
	MM_FLAG_UNSTABLE, /* a reap has begun */
	MM_FLAG_DISABLE_THP,
	MM_FLAG_DISABLE_THP_EXCEPT_ADVISED,
	MM_FLAG_DISABLE_THP_COMPLETELY,
	MM_FLAG_OOM_VICTIM,
	MM_FLAG_OOM_REAP_QUEUED,
	MM_FLAG_MULTIPROCESS,
	MM_FLAG_HAS_PINNED,
	MM_FLAG_HAS_MDWE,
	MM_FLAG_HAS_MDWE_NO_INHERIT,
	MM_FLAG_VM_MERGE_ANY,
	MM_FLAG_TOPDOWN,
};
#define MM_FLAG_COUNT (MM_FLAG_TOPDOWN + 1)

/**
 * struct mm_flags - the flags of an mm, as far as the source can see them
 * @named: a bit for each enum mm_flag
 * @others: bits of the kernel's own word that have no name here
 * @dumpable: 0, 1 (the usual), 2 as in prctl(PR_GET_DUMPABLE); UNKNOWN where the flags do not tell it
 */
struct mm_flags {
	uint64_t named;
	uint64_t others;
	int64_t dumpable;
};

static inline bool mm_flags_has(const struct mm_flags *flags, enum mm_flag flag)
{
	return flags->named >> flag & 1;
}

static inline void mm_flags_set(struct mm_flags *flags, enum mm_flag flag)
{
	flags->named |= UINT64_C(1) << flag;
}

/**
 * struct status_row - what `status` says of one process; figures are UNKNOWN where not told
 * @seen: the process was there and /proc showed it; else only id and phase (gone) hold
 * @no_right: we may not signal it
 * @ancestor: mmreap runs below it, or below one that shares its memory
 * @tid: the thread whose memory is shown: not the leader where that is dead
 * @frozen: the cgroup that freezes it, of @frozen_version (1, 2; 0: it is not frozen)
 * @anon_shared_bytes: --deep: at most so much anonymous memory is shared with forked children
 */
struct status_row {
	struct proc_id id;
	bool seen;
	enum phase phase;
	unsigned int evidence;
	enum blocker blocker;
	pid_t ppid;
	int uid;
	bool no_right, ancestor;
	char state;
	int threads;
	pid_t tid;
	int64_t rss_bytes, anon_bytes, file_bytes, shmem_bytes, swap_bytes, hugetlb_bytes;
	int64_t pagetable_bytes, locked_bytes, pinned_bytes;
	int64_t n_sharers;
	struct sharer sharers[ROW_SHARERS];
	struct blind blind;
	bool has_oom_adj;
	int64_t oom_adj; /* -1 is a value of its own */
	int frozen_version;
	char frozen[CGROUP_SIZE];
	char cgroup[CGROUP_SIZE];
	pid_t tracer;
	pid_t vfork_child;
	char wchan[64];
	int64_t core_dumping;
	int64_t thp;
	int64_t ksm_pages;
	int64_t dump_filter;
	uint64_t pending, blocked, caught;
	struct mm_flags flags;
	int64_t users, count; /* mm_users, mm_count: only the kernel's own view tells */
	int64_t mm_threads;   /* threads that had the mm at that moment, those of sharers as well */
	enum source source;   /* where flags, users, count and the sharers come from */
	bool deep;
	bool deep_blocked; /* a read waited for the mmap lock until its limit */
	int64_t vmas;
	int64_t anon_shared_bytes;
	enum robust_look robust;
	int64_t robust_threads; /* with a list in use */
};

/**
 * struct probe_facts - what this kernel, machine and user can do, as tried; errors are negative
 * errnos, 0 means that it works
 * @mrelease_err, @flag_err: process_mrelease(-1, 0) and (-1, 1): -EBADF where it is known
 * @child_err: of making the child that all else is tried on
 * @hold_err: PTRACE_SEIZE; @stop_err: and its exit stop was seen
 * @reap_err: process_mrelease() on the killed child; @rss_after_bytes: what it left
 * @mem_err: opening its memory; @lists_err: get_robust_list()
 * @mm_before, @mm_after: the pagemap test told a living and a dead mm
 */
struct probe_facts {
	int mrelease_err, flag_err;
	int child_err;
	int pidfd_err, signal_err;
	uint64_t inode;
	int info_err;
	int kcmp_err;
	int kernelview_err;
	int lists_err, mem_err;
	bool mm_before, mm_after;
	int boost_err;
	int hold_err, stop_err;
	int reap_err;
	int64_t reap_us;
	int64_t rss_before_bytes, rss_after_bytes;
	bool exited;
	int mounts_err; /* then hidepid, exempt, subset_pid, cgroups and freezers are not known */
	unsigned int hidepid; /* as mounted */
	bool exempt, subset_pid, proc_is_ours;
	bool initial_pid_ns, initial_user_ns;
	bool cgroup2, freezer_v1, memory_v1;
	int64_t freezer_v2;    /* UNKNOWN: only seen from below the root cgroup */
	int64_t memlock_bytes; /* UNKNOWN: unlimited */
	uint64_t caps;
	int uid;
	int64_t yama; /* ptrace_scope; UNKNOWN: there is no Yama */
};
