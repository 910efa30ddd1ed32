/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where in its life cycle an mm is. Pure. Field numbers are those of /proc/PID/stat; which of them
 * hold in which phase was measured on Linux 6.18 (kernel-facts 3.1).
 */
#include <string.h>

#include <mmreap/observe.h>

#define BIT(sig) (UINT64_C(1) << ((sig)-1))
#define KILL_BIT BIT(9)
/* What asks a process to end and can be blocked or handled: HUP, INT, QUIT, TERM. */
#define ASKING_BITS (BIT(1) | BIT(2) | BIT(3) | BIT(15))

unsigned int phase_is_dying(const struct stat_facts *st, const struct status_facts *s)
{
	unsigned int evidence = 0;

	if ((s->shd_pending | s->sig_pending) & KILL_BIT)
		evidence |= EVIDENCE_KILL_PENDING;
	if (st->flags & PF_SIGNALED)
		evidence |= EVIDENCE_SIGNALED;
	if (st->flags & PF_EXITING) {
		/* A leader that ended by itself shows its own status, in the high byte. */
		if (st->threads == 1)
			evidence |= EVIDENCE_EXITING;
		if ((st->exit_code & 0x7f) != 0)
			evidence |= EVIDENCE_EXIT_CODE;
	} else if (st->exit_code != 0 && !(st->exit_code >= 19 && st->exit_code <= 22)) {
		/* Field 52 shows the signal of a stopped group too (SIGSTOP...SIGTTOU). */
		evidence |= EVIDENCE_EXIT_CODE;
	}
	return evidence;
}

bool phase_is_vfork_wait(const char *wchan)
{
	/* wait_for_vfork_done() is inlined; kernel_clone() was _do_fork() before Linux 5.10. */
	return strncmp(wchan, "kernel_clone", 12) == 0 || strncmp(wchan, "_do_fork", 8) == 0 ||
	       strncmp(wchan, "wait_for_vfork_done", 19) == 0;
}

static bool is_dead(char state)
{
	return state == 'Z' || state == 'X';
}

/* Reaping takes all that is private and leaves the mappings: VmSize stays, Rss falls to 0. */
static bool is_reaped(const struct status_facts *s)
{
	return s->vm_size_kib > 0 && s->rss_anon_kib == 0 && s->rss_file_kib == 0;
}

static enum blocker exit_blocker(const struct phase_facts *f)
{
	if (f->frozen_v1)
		return BLOCKER_FREEZER;
	if (f->main.state == 't')
		return BLOCKER_TRACER;
	if (f->main.state == 'D')
		return BLOCKER_WAIT;
	return BLOCKER_NONE;
}

static void judge_dying(const struct phase_facts *f, struct phase_verdict *v)
{
	v->blocker = exit_blocker(f);
	if (f->frozen_v1)
		v->evidence |= EVIDENCE_FREEZER_V1;
	if (f->main.state == 't')
		v->evidence |= EVIDENCE_TRACING_STOP;
	if (is_reaped(&f->status)) {
		v->phase = PHASE_REAPED;
		v->evidence |= EVIDENCE_NO_RSS;
	} else if (f->frozen_v1) {
		v->phase = PHASE_DYING_FROZEN;
	} else if (f->main.state == 't') {
		/* SIGKILL ends every other stop: it is in PTRACE_EVENT_EXIT, before exit_mm(). */
		v->phase = PHASE_EXIT_STOP;
	} else {
		v->phase = PHASE_DYING;
	}
}

static void judge_living(const struct phase_facts *f, struct phase_verdict *v)
{
	const struct status_facts *s = &f->status;
	uint64_t asked = (s->sig_pending | s->shd_pending) & ASKING_BITS;

	if (f->frozen_v1)
		v->evidence |= EVIDENCE_FREEZER_V1;
	if (f->frozen_v2)
		v->evidence |= EVIDENCE_FREEZER_V2;
	if (f->frozen_v1 || f->frozen_v2)
		v->blocker = BLOCKER_FREEZER;
	if (is_dead(f->leader.state)) {
		v->phase = PHASE_ZOMBIE_LEADER;
		v->evidence |= EVIDENCE_ZOMBIE | EVIDENCE_THREADS;
		v->blocker = BLOCKER_THREADS;
	} else if (s->vm_size_kib == 0) {
		v->phase = PHASE_NO_VMA;
		v->evidence |= EVIDENCE_NO_VMA;
	} else if (f->main.state == 'T') {
		v->phase = PHASE_STOPPED;
		v->evidence |= EVIDENCE_STOPPED;
		v->blocker = BLOCKER_STOP;
	} else if (f->main.state == 't') {
		v->phase = PHASE_STOPPED;
		v->evidence |= EVIDENCE_TRACING_STOP;
		v->blocker = BLOCKER_TRACER;
	} else if (f->in_vfork) {
		v->phase = PHASE_VFORK_WAIT;
		v->evidence |= EVIDENCE_VFORK;
		v->blocker = BLOCKER_VFORK_CHILD;
	} else if (asked) {
		v->phase = PHASE_SIGNALLED;
		if (asked & s->sig_blocked)
			v->evidence |= EVIDENCE_SIGNAL_BLOCKED;
		if (asked & s->sig_caught)
			v->evidence |= EVIDENCE_SIGNAL_CAUGHT;
		if (v->blocker == BLOCKER_NONE)
			v->blocker = BLOCKER_SIGNAL;
	} else {
		v->phase = PHASE_ALIVE;
	}
}

/* /proc does not show the end that an exit_group(0) has decided; the kernel's own view does. */
static unsigned int decided(const struct phase_facts *f)
{
	return phase_is_dying(&f->main, &f->status) | (f->kernel & EVIDENCE_GROUP_EXIT);
}

void phase_judge(const struct phase_facts *f, struct phase_verdict *ret)
{
	struct phase_verdict v = { .phase = PHASE_ALIVE };

	if (f->gone) {
		v.phase = PHASE_GONE;
		v.evidence = EVIDENCE_REAPED_PID;
	} else if (f->leader.flags & PF_KTHREAD) {
		v.phase = PHASE_KTHREAD;
		v.evidence = EVIDENCE_KTHREAD;
	} else if (f->exited || (is_dead(f->leader.state) && f->leader.threads <= 1)) {
		v.phase = PHASE_ZOMBIE;
		v.evidence = EVIDENCE_ZOMBIE;
		v.blocker = BLOCKER_PARENT;
	} else if (f->status.core_dumping || (f->main.flags & PF_DUMPCORE)) {
		/* Before dying: the whole group is told to end when a dump begins. */
		v.phase = PHASE_CORE_DUMP;
		v.evidence = EVIDENCE_CORE_DUMPING;
		v.blocker = BLOCKER_CORE_DUMP;
	} else if (f->status.vm_size_kib == UNKNOWN) {
		v.phase = PHASE_EXIT_MMAP;
		v.evidence = EVIDENCE_NO_MM | decided(f);
		v.blocker = exit_blocker(f);
	} else {
		v.evidence = decided(f);
		if (v.evidence)
			judge_dying(f, &v);
		else
			judge_living(f, &v);
		v.evidence |= f->kernel;
	}
	*ret = v;
}

bool phase_is_suspect(const struct stat_facts *st)
{
	bool dead = is_dead(st->state);

	if (st->flags & PF_KTHREAD)
		return false;
	if (dead)
		return st->threads > 1 || (st->exit_code & 0x7f) == 9;
	if (st->flags & (PF_SIGNALED | PF_DUMPCORE | PF_POSTCOREDUMP))
		return true;
	if (st->pending & KILL_BIT)
		return true;
	/* An mm that maps nothing; 0 in both while it is torn down, or was never there. */
	return st->vsize_bytes == 0 && st->start_code != 0;
}

bool phase_is_unusual(const struct phase_facts *f, enum phase phase)
{
	const unsigned int killed = EVIDENCE_KILL_PENDING | EVIDENCE_SIGNALED;

	switch (phase) {
	case PHASE_CORE_DUMP:
	case PHASE_NO_VMA:
	case PHASE_DYING_FROZEN:
	case PHASE_EXIT_STOP:
	case PHASE_REAPED:
	case PHASE_ZOMBIE_LEADER:
		return true;
	case PHASE_DYING:
	case PHASE_EXIT_MMAP:
		return phase_is_dying(&f->main, &f->status) & killed;
	case PHASE_ZOMBIE:
		return (f->leader.exit_code & 0x7f) == 9;
	case PHASE_ALIVE:
	case PHASE_STOPPED:
	case PHASE_VFORK_WAIT:
	case PHASE_SIGNALLED:
	case PHASE_KTHREAD:
	case PHASE_GONE:
		return false;
	}
	return false;
}
