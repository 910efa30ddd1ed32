/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Looking at processes. Texts of /proc become facts in pure parsers (observe/procfile.c); reading
 * goes through struct sys and through a held /proc/PID directory, which names one process for ever:
 * after the process was reaped every read of it is ESRCH, whoever has the number then.
 *
 * Nothing here takes the victim's mmap lock, but observe_lists() (says so) and what --deep asks for.
 */

#include <mmreap/model.h>
#include <mmreap/plan.h>
#include <mmreap/sys.h>

/* include/linux/sched.h; the same numbers in 5.15 ... 7.3 */
#define PF_IO_WORKER 0x00000010u
#define PF_EXITING 0x00000004u
#define PF_POSTCOREDUMP 0x00000008u
#define PF_DUMPCORE 0x00000200u
#define PF_SIGNALED 0x00000400u
#define PF_USER_WORKER 0x00004000u /* vhost workers, Linux 6.4 */
#define PF_KTHREAD 0x00200000u

/** struct stat_facts - /proc/PID/stat (proc(5), fs/proc/array.c:do_task_stat) */
struct stat_facts {
	pid_t pid;
	char comm[COMM_SIZE];
	char state; /* R S D T t Z X I P */
	pid_t ppid;
	unsigned int flags; /* PF_* */
	int64_t utime_ticks, stime_ticks;
	uint64_t pending; /* signals 1...31 pending for the thread, a bit each */
	int threads;	  /* threads not yet released, a zombie leader included */
	uint64_t start_ticks;
	int64_t vsize_bytes;
	int64_t rss_pages;
	uint64_t
		start_code; /* address; 1 where we may not see it and there is an mm; 0 without mm */
	uint64_t start_stack; /* 0 where we may not see it */
	int policy;	      /* SCHED_*; -1 unknown */
	int exit_code;	      /* of the group when it is exiting; 0 without ptrace right */
};

/** kib_to_bytes - A size of /proc/PID/status in bytes; UNKNOWN stays UNKNOWN */
static inline int64_t kib_to_bytes(int64_t kib)
{
	return kib == UNKNOWN ? UNKNOWN : kib * 1024;
}

/** struct status_facts - /proc/PID/status; sizes in kB as printed, UNKNOWN where the line is absent */
struct status_facts {
	pid_t tgid;
	pid_t tracer;
	int uid;       /* effective */
	int ns_levels; /* PID namespaces it is seen in; 1 = ours only */
	pid_t ns_pid;  /* its PID in its own namespace */
	bool core_dumping;
	uint64_t sig_pending; /* SigPnd: of the thread */
	uint64_t shd_pending; /* ShdPnd: of the group */
	uint64_t sig_blocked, sig_ignored, sig_caught;
	int threads;	     /* as in stat */
	int64_t vm_peak_kib; /* never falls as long as the mm lives */
	int64_t vm_size_kib, vm_rss_kib, vm_hwm_kib, rss_anon_kib, rss_file_kib, rss_shmem_kib;
	int64_t vm_swap_kib, vm_pte_kib, vm_lck_kib, vm_pin_kib, hugetlb_kib;
	int thp_enabled; /* -1 unknown */
};

/* --- pure: text to facts; 0 or -EBADMSG ---------------------------------------------------- */

/** Parse a stat line; the comm may hold anything, also ") Z 1 (": the last ")" ends it. */
int procfile_stat(const char *text, size_t len, struct stat_facts *ret);
/**
 * procfile_status_part - Parse a status file, which may be longer than a buffer: take its whole lines
 * A Name: line never passes for another, control bytes are escaped there.
 * @buf: @len bytes, the next of the file behind what the call before has kept; @size holds more
 * Between procfile_status_begin() and procfile_status_end(), which says -EBADMSG. A line that is as
 * long as @size is passed over. Returns how many bytes are kept, at the start of @buf: the line that
 * has no end yet. They are less than @size; 0 at the end of a file that is whole.
 */
size_t procfile_status_part(struct status_facts *f, char *buf, size_t len, size_t size);
void procfile_status_begin(struct status_facts *ret);
int procfile_status_end(const struct status_facts *f);
/** Parse statm: resident and shared pages. All 0 when there is no mm. */
int procfile_statm(const char *text, size_t len, int64_t *ret_resident, int64_t *ret_shared);
/** A cgroup's file that begins with a size; UNKNOWN: it does not. */
int64_t procfile_bytes(const char *text, size_t len);
/** Parse smaps_rollup: anonymous memory, and its proportional share; UNKNOWN where not there. */
int procfile_rollup(const char *text, size_t len, int64_t *ret_anon_kib, int64_t *ret_pss_anon_kib);
/** The pointer width of a process from its auxiliary vector (AT_PHENT): 32, 64, or 0 unknown. */
int procfile_auxv_bits(const void *data, size_t len);
/** The next numeric name of a getdents64 buffer from *off on; 0 at its end. */
pid_t procfile_next_pid(const void *buf, size_t len, size_t *off);
/**
 * The path of one controller in /proc/PID/cgroup; @controller "" is the v2 line.
 * Into @buf, NUL-terminated, which may be @text. -ENOENT: not there, or cut before the end of its line;
 * -ENAMETOOLONG.
 */
int procfile_cgroup(const char *text, size_t len, const char *controller, char *buf, size_t size);
/**
 * The same in place, with @mount before it: @text, of @size, becomes "/sys/fs/cgroup/a/b". A stack may
 * be small (ulimit -s): one buffer serves. Returns the path in it, NULL: no such path, @text is as it was.
 */
const char *procfile_cgroup_dir(char *text, size_t len, size_t size, const char *controller,
				const char *mount);

/* --- looking -------------------------------------------------------------------------------- */

/** Read and parse through a held /proc/PID (or task/TID) directory. -ESRCH: gone. */
int observe_stat(const struct sys *sys, int procfd, struct stat_facts *ret);
int observe_status(const struct sys *sys, int procfd, struct status_facts *ret);
/** The same of a file @name below @dirfd. -EBADMSG also where the text is not whole. */
int observe_status_at(const struct sys *sys, int dirfd, const char *name, struct status_facts *ret);

/**
 * struct run_self - who we are, found once per run; the ancestors by observe_ancestors()
 * @ancestors: owned, the nearest first
 * @tracer: a thread of who traces us, 0: nobody. Held or frozen it would leave us in a stop for ever.
 * @proc_fd: owned: /proc, seen to be procfs
 */
struct run_self {
	pid_t pid;
	pid_t *ancestors;
	size_t n_ancestors;
	pid_t tracer;
	int proc_fd;
	long page_bytes;
};

/** Find out about ourselves. -ENOTTY: /proc is not procfs; -EXDEV: it is another PID namespace's. */
int observe_self(const struct sys *sys, struct run_self *ret);
/** The end of it: nobody may use it any more. */
void observe_free_self(const struct sys *sys, const struct run_self *self);

/**
 * observe_ancestors - Find our ancestors, up to the nearest that is older than all who are asked about.
 * @since: the start of the oldest, in ticks as stat has it; 0: find all
 * A parent is never younger than its child, also one that adopted it: kernel/fork.c:copy_process(),
 * kernel/exit.c:find_new_reaper(); an execve by another thread keeps the time, fs/exec.c:de_thread().
 * Beyond one that /proc hides its pidfd leads (Linux 6.13). -ENOMEM: not all could be noted.
 */
int observe_ancestors(const struct sys *sys, struct run_self *self, uint64_t since);
/** Is @pid one of those that were found? Pure. */
bool observe_is_ancestor(const struct run_self *self, pid_t pid);

/** Is @pid the process that traces us? */
bool observe_is_tracer(const struct sys *sys, const struct run_self *self, pid_t pid);

/**
 * observe_view - Look at one process and say what the plan wants to know.
 * Believed only if the pidfd still names it afterwards. -ESRCH: it has been reaped.
 * @ret_status may be NULL.
 */
int observe_view(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		 struct plan_view *ret, struct status_facts *ret_status);

/**
 * observe_v1_frozen - Is the process (or thread) of this /proc directory in a frozen v1 cgroup?
 * By the state of its freezer cgroup, at the usual mount point; false where that cannot be read.
 * wchan alone does not tell: since 6.1 a freezable sleep is frozen where it sleeps.
 */
bool observe_v1_frozen(const struct sys *sys, int procfd);

/** Is a thread with this wchan and state kept by the v1 freezer? Pure. */
bool observe_is_refrigerated(const char *wchan, char state);

#define MAX_SHARERS 4096

/** struct sharer_scan - the result of a scan; arrays belong to the caller, made before any signal */
struct sharer_scan {
	struct sharer *found; /* capacity MAX_SHARERS or less */
	size_t capacity;
	size_t n_found; /* may exceed capacity: then only the first are stored */
	int n_unknown;
	_Atomic int n_compared; /* read by the driver: is the scan slow, or blocked? */
	char *dents;		/* scratch, DENTS_SIZE */
	bool two_threads;	/* a second one may do half of it, on another CPU */
	pid_t tid;		/* the thread of the target that was compared */
	pid_t *unknown;		/* the first of the n_unknown, as many as fit; NULL: not wanted */
	size_t unknown_capacity;
	char apart[64]; /* from n_compared: two CPUs count, each on a line of memory of its own */
	_Atomic int n_helped; /* what the second thread has compared */
};
#define DENTS_SIZE 32768

/**
 * observe_sharers - Find every other thread group that uses the target's mm, by kcmp(KCMP_VM).
 *
 * Compared are threads that have an mm: a dead leader is NULL and compares different although its
 * threads live, and two NULLs compare equal. @zombie is a dead child of ours, the known NULL; <= 0:
 * none could be made, then /proc/PID/status says who has an mm.
 * -ESRCH: the target has no mm; -ENOSYS, -EPERM: nothing can be compared.
 */
int observe_sharers(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		    pid_t zombie, struct sharer_scan *ret);

/**
 * struct crowd - several targets, for one scan; made by crowd_make(), to be freed with free()
 * @n_unknown: so many processes cannot be compared with any of them
 * @n_compared: read by the driver: is the scan slow, or blocked?
 * @err: what observe_crowd() returned
 * @dents: scratch, DENTS_SIZE
 */
struct crowd {
	int n_unknown;
	_Atomic int n_compared;
	int err;
	char *dents;
	/* its own */
	size_t n;
	pid_t *pids; /* sorted */
	unsigned char *found;
	struct mark *marks;
	struct member *members, *spare;
	size_t *groups;
};

/** crowd_make - @n targets by number, in one piece of memory; NULL: there is none. */
struct crowd *crowd_make(const pid_t *pids, size_t n);

/** crowd_is_alone - Is this target known to share with nobody, but for those who are not known? */
bool crowd_is_alone(const struct crowd *c, pid_t pid);

/**
 * observe_crowd - Find the targets that share with nobody, in one pass over /proc: each process is
 * compared with log2(n) of them, for kcmp tells an order. Of the others, and where this one fails,
 * observe_sharers() tells more. A target that is not held has a number that may be a stranger's.
 * A target that goes through an execve meanwhile is seen by its pagemap and by its auxv: then all is
 * looked at anew. One whose pagemap or auxv cannot be read is left open.
 * -EAGAIN: targets came and went all the time, or there is no @zombie; -ENOSYS, -EPERM: nothing can be
 * compared.
 */
int observe_crowd(const struct sys *sys, const struct run_self *self, pid_t zombie,
		  struct crowd *c);

/** struct thread_list - robust list of one thread */
enum list_state { LIST_NULL, LIST_EMPTY, LIST_IN_USE, LIST_UNREADABLE, LIST_NO_THREAD };

/** struct victim_fds - what is opened of a victim before the signal, owned; -1 where not */
struct victim_fds {
	int task;    /* /proc/PID/task */
	int pagemap; /* bound to the mm, not to the process */
	int mem;     /* likewise */
	int statm;
	int stat;
	int err;  /* why mem or pagemap could not be opened: negative errno */
	int bits; /* 32 or 64, 0 unknown */
};

/** Open them. Takes exec_update_lock: can block while the victim is in execve. */
void observe_open(const struct sys *sys, const struct proc_ref *ref, struct victim_fds *ret);
void observe_close(const struct sys *sys, struct victim_fds *fds);

/**
 * observe_list - The robust list of thread @tid: takes the mmap lock (killably), may fault pages in.
 * The thread is seen to belong to @fds->task after the read, else LIST_NO_THREAD.
 */
enum list_state observe_list(const struct sys *sys, const struct victim_fds *fds, pid_t tid);
/** Only the pointer: LIST_NULL, LIST_NO_THREAD, LIST_UNREADABLE, or LIST_IN_USE for "some". */
enum list_state observe_list_pointer(const struct sys *sys, const struct victim_fds *fds,
				     pid_t tid);

/**
 * observe_lists - Read the lists of all threads and choose T (*ret_tid; 0: none is fit).
 * @deep: read the lists; else only the pointers, and every thread with one counts as empty-handed.
 */
int observe_lists(const struct sys *sys, const struct victim_fds *fds, bool deep, char *dents,
		  struct plan_lists *ret, pid_t *ret_tid);

/**
 * observe_off_cpu - Was this thread seen in any state but running?
 *
 * After SIGKILL was sent it then never runs user code again. False also where it cannot be seen.
 */
bool observe_off_cpu(const struct sys *sys, const struct victim_fds *fds, pid_t tid);

/** observe_tracer - The thread that traces this one; 0: nobody does, or it is none of theirs. */
pid_t observe_tracer(const struct sys *sys, const struct victim_fds *fds, pid_t tid);

/**
 * enum depth - whose lists are read, beside all the pointers
 * @DEPTH_OFF_CPU: of threads that are asleep, which may never get to their exit
 * @DEPTH_ALL: of those that are running or would like to as well. Only when sys.membarrier() has
 *	returned 0 that was called after the signal: every CPU has been in the kernel since, and a
 *	thread with SIGKILL pending never leaves it for its own code again
 *	(kernel/entry/common.c:exit_to_user_mode_loop()). So where one is throttled by a quota, or
 *	never gets its turn, its list is final all the same.
 */
enum depth { DEPTH_POINTERS, DEPTH_OFF_CPU, DEPTH_ALL };

/**
 * observe_threads - The thread group at this moment, after the signal.
 * @t: the held thread or 0; it is not counted.
 */
int observe_threads(const struct sys *sys, const struct victim_fds *fds, pid_t t, enum depth depth,
		    char *dents, struct plan_threads *ret);

/** The lock-free pagemap test (kernel-facts 9.6): a misaligned pread is EINVAL while the mm lives. */
enum plan_mm observe_mm(const struct sys *sys, const struct victim_fds *fds);

/** Resident pages of the victim through its open statm; UNKNOWN when it has no mm. Pins for an instant. */
int64_t observe_rss_pages(const struct sys *sys, const struct victim_fds *fds);

/* --- looking at everybody --------------------------------------------------------------- */

/**
 * observe_member - Describe one process of a shared address space.
 * @same_as: a task that it must share the mm with, 0: none
 * Fills in all of @ret but group, relation, users, source and blind. -ESRCH: it is gone, or shares
 * no longer.
 */
int observe_member(const struct sys *sys, const struct run_self *self, pid_t pid, pid_t same_as,
		   pid_t zombie, struct sharers_row *ret);

/**
 * observe_unknown - Which of these processes may use the mm of the target, for all that can be known
 * without kcmp? They are counted in @blind.
 *
 * VmPeak never falls: where the target's is the same before and after, and that of the other process
 * in between is different, the address spaces are two. Needs no right but to read /proc/PID/status.
 */
void observe_unknown(const struct sys *sys, const struct run_self *self,
		     const struct proc_ref *target, const pid_t *pids, size_t n, pid_t zombie,
		     struct blind *blind);

/** struct group_scan - shared address spaces; @rows owned by the caller, sorted by group */
struct group_scan {
	struct sharers_row *rows;
	size_t n_rows;
	size_t n_groups;
	struct blind blind;
};

/**
 * observe_groups - Find every address space that several processes use, in O(n log n) calls: kcmp
 * tells an order, the same for all pairs.
 * -ENOSYS, -EPERM: nothing can be compared; -EAGAIN: there is no @zombie; -ENOMEM. @ret->rows is to be
 * freed whatever is returned.
 */
int observe_groups(const struct sys *sys, const struct run_self *self, pid_t zombie,
		   struct group_scan *ret);

/** observe_pids - Every PID in /proc, owned by the caller. Returns how many, or negative errno. */
ssize_t observe_pids(const struct sys *sys, const struct run_self *self, pid_t **ret);

struct caller;
struct mounts;

/** observe_sees_hidden - Does procfs show all processes to @caller, however it is mounted? Pure. */
bool observe_sees_hidden(const struct caller *caller);

/** observe_is_exempt - Does the hidepid of /proc, if any, not hold for @caller? Pure. */
bool observe_is_exempt(const struct caller *caller, bool in_hidepid_group,
		       const struct mounts *mounts);

/** observe_blind - What the way /proc is mounted and the PID namespace hide. Pure. */
void observe_blind(const struct caller *caller, bool in_hidepid_group, const struct mounts *mounts,
		   struct blind *ret);

/** blind_is - Is anything hidden? */
bool blind_is(const struct blind *b);

struct kernel_snapshot;

/* --- the life cycle of one mm ------------------------------------------------------------ */

/**
 * struct phase_facts - what a phase is concluded from
 * @leader: of the thread group leader; @main: of the thread whose memory is looked at, the leader
 *	itself unless it is dead
 * @gone: it has been waited for; @exited: the pidfd is readable
 * @in_vfork: the thread waits for a vfork child
 */
struct phase_facts {
	struct stat_facts leader, main;
	struct status_facts status; /* of @main */
	bool gone;
	bool exited;
	bool frozen_v1, frozen_v2;
	bool in_vfork;
	char wchan[64];
	unsigned int kernel; /* EVIDENCE_* that the kernel's own view gives */
};

/** struct phase_verdict - what was concluded, from which evidence, and what is in the way */
struct phase_verdict {
	enum phase phase;
	unsigned int evidence;
	enum blocker blocker;
};

/** phase_judge - Conclude the phase. Pure. */
void phase_judge(const struct phase_facts *facts, struct phase_verdict *ret);

/**
 * phase_is_dying - Is the exit of the group decided? The evidence, 0: no. Pure.
 * What process_mrelease() asks for (task_will_free_mem()), as far as /proc shows it.
 */
unsigned int phase_is_dying(const struct stat_facts *st, const struct status_facts *s);

/** phase_is_suspect - Is this stat line worth a closer look without a target given? Pure. */
bool phase_is_suspect(const struct stat_facts *st);

/** phase_is_unusual - Is a process in this phase listed without a target given? Pure. */
bool phase_is_unusual(const struct phase_facts *facts, enum phase phase);

/** phase_is_vfork_wait - Is this wchan the wait for a vfork child? Pure. */
bool phase_is_vfork_wait(const char *wchan);

/**
 * observe_life - Look at one process and conclude its phase; nothing here takes the mmap lock.
 * Fills in all of @ret but the sharers and what --deep reads.
 * @kernel: the kernel's own view of a moment ago, or NULL
 * @ret_facts may be NULL. Returns 0, also for a process that is gone; -EACCES: hidden.
 */
int observe_life(const struct sys *sys, const struct run_self *self, const struct proc_ref *ref,
		 const struct mounts *mounts, const struct kernel_snapshot *kernel,
		 struct status_row *ret, struct phase_facts *ret_facts);

/** observe_no_life - The row of a process that is gone, the evidence left to the caller. */
void observe_no_life(const struct proc_ref *ref, struct status_row *row);

/**
 * observe_deep - Read what takes the mmap lock: robust lists, mappings, what is shared with forked
 * children. Each read is given @limit_us; the first that does not come back ends it.
 */
void observe_deep(const struct sys *sys, const struct proc_ref *ref, int64_t limit_us,
		  struct status_row *row);

/**
 * observe_within - Run @job in a thread of its own for at most @limit_us.
 * Returns 0; -ETIMEDOUT: it was left behind, and frees @arg itself with @destroy should it ever
 * come back; -EAGAIN: no thread could be made.
 */
int observe_within(int64_t limit_us, void (*job)(void *), void (*destroy)(void *), void *arg);

/**
 * observe_suspects - The processes whose stat line is worth a closer look, and nothing else read.
 * @ret: owned by the caller. Returns how many, or negative errno.
 */
ssize_t observe_suspects(const struct sys *sys, const struct run_self *self, pid_t **ret);
