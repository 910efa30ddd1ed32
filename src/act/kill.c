/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver: asks the plan of each target for a step, starts it, and hands back what came of it.
 * It never blocks but in poll(). Order over several targets is kept here and only here: nobody is
 * signalled before all are ready, nobody is reaped before all are signalled, the biggest goes
 * first, and no more reaps run at a time than there are CPUs.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "worker.h"

#define FOREVER INT64_MAX
#define PATH_SIZE 4096
#define PROGRESS_US 200000
#define PROGRESS_AFTER_US 1000000
/* A reap that waits for the mmap lock uses no CPU: after this long it counts no more. */
#define SLOT_US 200000
/* Reaped in about a millisecond: its T is not let go before the end. */
#define SMALL_BYTES (16 * 1024 * 1024)
/* A look that was told to stop gets this long to heed it; then it is taken to be blocked. */
#define HEED_US 20000
/* A PTRACE_SEIZE that takes longer is looked at: then, and after each further eighth of its time. */
#define GLANCE_US 200
/* Dying threads that are raised at the same time, so that a thousand do not starve the rest. */
#define MAX_BOOSTED 4
/*
 * Dying threads and our own: nine tenths of a CPU that three hogs want, and never all of it, as a
 * real-time policy would take: page tables of 500 GiB must not starve sshd or the watchdog.
 */
#define BOOST_NICE (-15)
/* So many targets get memory that is brought in before the signal: 120 KiB each. */
#define MAX_BRACED 64

struct memcg {
	int fd; /* the cgroup's directory; -1: not found */
	const char *file;
	int64_t before;
	bool asked, alone;
};

/* SHARERS, of several targets: one scan for all who have come to it; then alone what it left open. */
enum crowding { CROWD_NOT, CROWD_WAITS, CROWD_RUNS };

struct victim {
	const struct target *target;
	struct kill_row *row;
	struct plan_kill plan;
	struct plan_step step;
	struct plan_result result;
	bool ready;   /* the result is there */
	bool started; /* the step's work is under way */
	bool finished;
	struct shared *shared; /* in the arena, as long as anybody uses it */
	struct worker *looker, *tracer;
	void *looker_berth, *tracer_berth; /* NULL: taken for good by one that was left behind */
	struct victim_fds fds;
	pid_t tid;
	struct held_sharer *sharers;
	size_t n_sharers, cap_sharers;
	struct memcg memcg;
	int thawed_fd;		       /* a freezer cgroup that is not frozen; -1: none */
	int64_t rss_before, rss_after; /* pages */
	int64_t seize_us, glance_us;   /* when it began, and when it is looked at next */
	int64_t signal_us, exit_us, reap_us, reap_started_us;
	int64_t seen_rss, seen_cpu_us, seen_ticks, moved_us, told_us;
	int seen_compared;
	enum crowding crowding;
	bool reread;	  /* the lists were read anew after an execve */
	bool left_behind; /* a worker still uses our descriptors and memory: they stay */
};

struct reaper {
	struct worker *worker; /* NULL: not started, or left behind */
	void *berth;
};

struct driver {
	const struct act_run *run;
	const struct sys *sys;
	struct victim *victims;
	const struct target *targets;
	size_t n;
	int notify;
	pid_t zombie;
	bool told_signalled;
	int64_t start_us;
	int cpus;
	cpu_set_t allowed;
	bool stays;	  /* we are on one of the allowed CPUs only */
	sigset_t at_rest; /* the mask without SIGTSTP */
	struct pollfd *polls;
	struct crowd *crowd;
	bool crowd_done;
	struct victim *scanner; /* its looker does the scan; NULL: it was left behind */
	struct reap_queue *queue;
	struct reaper *reapers; /* one for each CPU; without them each looker does its own reap */
	int n_reapers;
	bool reapers_started;
	char last_cgroup[PATH_SIZE]; /* of the target before */
};

/* Threads made from here on inherit it. */
void act_boost(const struct sys *sys, const struct kill_options *opt)
{
	struct sys_sched own;

	if (opt->boost_never || opt->dry_run || sys->sched_get(0, &own) < 0)
		return;
	if (own.policy != 0 && own.policy != 3 && own.policy != 5)
		return;
	own.policy = 0;
	if (own.nice > BOOST_NICE)
		own.nice = BOOST_NICE;
	sys->sched_set(0, &own); /* without the right we stay as we are */
}

void act_probe(const struct sys *sys, bool *ret_has_mrelease, bool *ret_has_flag)
{
	*ret_has_mrelease = sys->mrelease(-1, 0) == -EBADF;
	*ret_has_flag = *ret_has_mrelease && sys->mrelease(-1, SYS_MRELEASE_REAP_KILL) == -EBADF;
}

void act_free_rows(struct kill_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(rows[i].killed);
}

void act_free_arena(struct act_arena *arena)
{
	if (arena->base)
		munmap(arena->base, arena->bytes);
	*arena = (struct act_arena){ 0 };
}

/*
 * Up to the signal we and our threads take turns, and a thread that is made is put where there is least
 * to do. Where there is much to do on each CPU it waits there for the end of a time slice, and on its way
 * back we do; on our own CPU it follows us at once. Several targets are looked at side by side instead.
 */
static void stay_here(struct driver *d)
{
	cpu_set_t here;

	if (d->n != 1 || d->run->opt.boost_never || d->run->opt.dry_run ||
	    d->run->opt.grace_us != UNKNOWN ||
	    sched_getaffinity(0, sizeof(d->allowed), &d->allowed) < 0)
		return;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	d->stays = sched_setaffinity(0, sizeof(here), &here) == 0;
}

static void spread_out(struct driver *d)
{
	const struct victim *v = d->victims;

	if (!d->stays)
		return;
	d->stays = false;
	sched_setaffinity(0, sizeof(d->allowed), &d->allowed);
	if (v->looker)
		worker_allow(v->looker, &d->allowed);
	if (v->tracer)
		worker_allow(v->tracer, &d->allowed);
}

/* Ctrl-Z is let in only where mmreap sleeps, and nobody is held or frozen: wait_events(). */
static void keep_mask_at_rest(struct driver *d)
{
	sigprocmask(SIG_BLOCK, NULL, &d->at_rest);
	sigdelset(&d->at_rest, SIGTSTP);
}

/* --- results ------------------------------------------------------------------------------- */

/* The look for who shares has failed, or did not come back: nobody is known. */
static void forget_sharers(struct kill_row *row, int err)
{
	row->n_sharers = UNKNOWN;
	/* Where no thread has an mm any more there is none to share. */
	row->n_unknown = err == -ESRCH ? 0 : UNKNOWN;
	row->no_kcmp = err == -EPERM || err == -EACCES || err == -ENOSYS;
}

static void set_result(struct driver *d, struct victim *v, int err)
{
	if (v->step.kind == PLAN_SHARERS && err < 0 && err != -EINPROGRESS)
		forget_sharers(v->row, err);
	v->result.err = err;
	v->result.lives = err == -ESRCH && !d->sys->pidfd_exited(v->target->ref.pidfd);
	v->result.now_us = d->sys->now_us();
	v->ready = true;
	v->started = false;
}

static struct worker *start_worker(struct driver *d, struct victim *v, enum trade trade)
{
	void **berth = trade == TRADE_LOOKER ? &v->looker_berth : &v->tracer_berth;
	struct worker *w;

	if (*berth == NULL)
		*berth = worker_map(worker_berth_bytes(trade));
	if (*berth == NULL)
		return NULL;
	if (worker_start(d->sys, d->run->self, v->shared, d->notify, *berth, trade, &w) < 0)
		return NULL;
	if (w->alone && v->left_behind) { /* what blocked a thread would block the driver */
		worker_end(w);
		return NULL;
	}
	w->ref = v->target->ref;
	w->zombie = d->zombie;
	w->targets = d->targets;
	w->n_targets = d->n;
	w->allow_ancestors = d->run->opt.allow_ancestors;
	return w;
}

static bool have_looker(struct driver *d, struct victim *v)
{
	if (v->looker == NULL)
		v->looker = start_worker(d, v, TRADE_LOOKER);
	return v->looker != NULL;
}

/* Give the looker a job; false: there is none, or it is at another, and that is the result. */
static bool look(struct driver *d, struct victim *v, void (*job)(struct worker *))
{
	if (!have_looker(d, v)) {
		set_result(d, v, -EAGAIN);
		return false;
	}
	if (!worker_idle(v->looker)) {
		set_result(d, v, -EBUSY);
		return false;
	}
	v->looker->fds = v->fds;
	v->looker->tid = v->tid;
	v->looker->has_tracer = v->tracer != NULL;
	v->looker->sharers = v->sharers;
	v->looker->n_sharers = v->n_sharers;
	v->looker->cap_sharers = v->cap_sharers;
	v->looker->until_us = v->step.until_us;
	return worker_run(v->looker, job);
}

/* Or let it go on with this one, which was slow. */
static bool go_on_looking(struct driver *d, struct victim *v, void (*job)(struct worker *))
{
	return (v->looker && worker_is_at(v->looker, job)) || look(d, v, job);
}

static void leave_looker(struct victim *v)
{
	worker_abandon(v->looker);
	v->looker = NULL;
	v->looker_berth = NULL;
	v->left_behind = true;
}

static void leave_tracer(struct victim *v)
{
	worker_abandon(v->tracer);
	v->tracer = NULL;
	v->tracer_berth = NULL;
	v->left_behind = true;
}

/* The looker is stuck: leave it, and have another one ready while that is still allowed. */
static void abandon_looker(struct driver *d, struct victim *v)
{
	/* What it opened before it blocked is of use: the pagemap test needs no lock. */
	if (v->step.kind == PLAN_LISTS && atomic_load(&v->looker->opened)) {
		v->fds = v->looker->fds;
		v->rss_before = v->looker->rss_pages;
	}
	leave_looker(v);
	if (!v->plan.signalled)
		v->looker = start_worker(d, v, TRADE_LOOKER);
}

/* What waits for a T that was not signalled may wait for ever: the end of that wait lets T go. */
static void end_tracer(struct victim *v)
{
	if (v->tracer && !v->plan.signalled && worker_is_at(v->tracer, hold_seize))
		leave_tracer(v);
	if (v->tracer && !worker_end(v->tracer)) {
		v->tracer_berth = NULL;
		v->left_behind = true;
	}
	v->tracer = NULL;
}

/* --- memory cgroup: the figure `freed` ----------------------------------------------------- */

static int64_t memcg_read(struct driver *d, const struct memcg *m)
{
	char buf[32];
	ssize_t n = m->fd < 0 ? -1 : d->sys->read_file(m->fd, m->file, buf, sizeof(buf));

	return n <= 0 ? UNKNOWN : procfile_bytes(buf, (size_t)n);
}

/*
 * The charge of a cgroup tells what was given back only where nobody else is charged there: the
 * target is its one member and it has no children (a cgroup directory without any has nlink 2).
 */
static int memcg_open(struct driver *d, const char *dir)
{
	int fd = d->sys->open_at(AT_FDCWD, dir, O_DIRECTORY);

	if (fd >= 0 && d->sys->nlink(fd, ".") != 2) {
		d->sys->close(fd);
		return -1;
	}
	return fd;
}

/*
 * Is it alone? To list the members of a version 1 cgroup takes 0.3 us for each (they are all loaded and
 * sorted, kernel/cgroup/cgroup-v1.c). So it is asked after the signal where T is held, which keeps it
 * in the list; but before where others are killed as well, who may be members and gone by then.
 */
static void memcg_ask(struct driver *d, struct victim *v)
{
	char procs[64], want[16];

	if (v->memcg.fd < 0 || v->memcg.asked)
		return;
	v->memcg.asked = true;
	snprintf(want, sizeof(want), "%d\n", (int)v->target->ref.pid);
	v->memcg.alone = d->sys->read_file(v->memcg.fd, "cgroup.procs", procs, sizeof(procs)) > 0 &&
			 strcmp(procs, want) == 0;
}

static void memcg_find(struct driver *d, struct victim *v)
{
	char text[8192];
	const char *path;
	ssize_t n;

	v->memcg = (struct memcg){ .fd = -1, .before = UNKNOWN };
	n = d->sys->read_file(v->target->ref.procfd, "cgroup", text, sizeof(text));
	if (n < 0)
		return;
	/* The mount points that systemd has made usual; elsewhere the figure is not at hand. */
	v->memcg.file = "memory.usage_in_bytes";
	path = procfile_cgroup_dir(text, (size_t)n, PATH_SIZE, "memory", "/sys/fs/cgroup/memory");
	if (path == NULL) {
		v->memcg.file = "memory.current";
		path = procfile_cgroup_dir(text, (size_t)n, PATH_SIZE, "", "/sys/fs/cgroup");
	}
	/* Targets are often in the same one: none is alone there. */
	if (path == NULL || strcmp(path, "/") == 0 || strcmp(path, d->last_cgroup) == 0)
		return;
	v->memcg.fd = memcg_open(d, text);
	v->memcg.before = memcg_read(d, &v->memcg);
	snprintf(d->last_cgroup, sizeof(d->last_cgroup), "%s", path);
	if (d->n > 1 || d->run->opt.sharers == SHARERS_KILL)
		memcg_ask(d, v);
}

/* --- steps that are done at once ----------------------------------------------------------- */

/* Threads of the v1 freezer: T may have been another one than the leader. */
static bool is_frozen(struct driver *d, struct victim *v, char *wchan, size_t size)
{
	char dents[4096], name[32];
	int dir = d->sys->open_at(v->target->ref.procfd, "task", O_DIRECTORY);
	bool frozen = observe_v1_frozen(d->sys, v->target->ref.procfd);
	pid_t tid;
	ssize_t n;

	wchan[0] = '\0';
	if (dir < 0)
		return false;
	n = d->sys->getdents(dir, dents, sizeof(dents)); /* the first hundred will do */
	for (size_t off = 0;
	     n > 0 && !frozen && (tid = procfile_next_pid(dents, (size_t)n, &off));) {
		snprintf(name, sizeof(name), "%d/wchan", (int)tid);
		if (d->sys->read_file(dir, name, wchan, size) > 0)
			frozen = observe_is_refrigerated(wchan, 'D');
	}
	d->sys->close(dir);
	return frozen;
}

enum raised { RAISED_NOT, RAISED_BEFORE, RAISED_NOW };

/* Raise one dying thread; a TID that turns out to be a stranger's gets its old values back. */
static enum raised boost_thread(struct driver *d, int dir, pid_t tid)
{
	struct sys_sched old, raised = { .policy = 0, .nice = BOOST_NICE, .reset_on_fork = true };
	char name[16];

	snprintf(name, sizeof(name), "%d", (int)tid);
	if (d->sys->nlink(dir, name) < 0 || d->sys->sched_get(tid, &old) < 0)
		return RAISED_NOT;
	/* Real-time policies (FIFO 1, RR 2, DEADLINE 6) are above it already. */
	if (old.policy == 1 || old.policy == 2 || old.policy == 6)
		return RAISED_NOT;
	if (old.policy == 0 && old.nice <= BOOST_NICE)
		return RAISED_BEFORE;
	if (d->sys->sched_set(tid, &raised) < 0) {
		/* No right to raise the nice value: at least out of SCHED_IDLE and BATCH. */
		raised.nice = old.nice;
		if (old.policy == 0 || d->sys->sched_set(tid, &raised) < 0)
			return RAISED_NOT;
	}
	if (d->sys->nlink(dir, name) < 0 && d->sys->sched_set(tid, &old) < 0)
		return RAISED_NOT;
	return RAISED_NOW;
}

static void count_raised(enum raised how, int *raised, int *now)
{
	*raised += how != RAISED_NOT;
	*now += how == RAISED_NOW;
}

/* -EALREADY: nobody new. */
static int boost(struct driver *d, struct victim *v)
{
	int dir = d->sys->open_at(v->target->ref.procfd, "task", O_DIRECTORY);
	char dents[4096];
	int raised = 0, now = 0;
	pid_t tid;
	ssize_t n;

	if (dir < 0)
		return -EALREADY;
	/* T first: in SETTLE all wait for its way to the exit stop. */
	if (v->tid)
		count_raised(boost_thread(d, dir, v->tid), &raised, &now);
	n = d->sys->getdents(dir, dents, sizeof(dents));
	for (size_t off = 0;
	     n > 0 && raised < MAX_BOOSTED && (tid = procfile_next_pid(dents, (size_t)n, &off));)
		if (tid != v->tid)
			count_raised(boost_thread(d, dir, tid), &raised, &now);
	d->sys->close(dir);
	return now ? 0 : -EALREADY;
}

static int move_to(struct driver *d, int cgroup, const struct proc_ref *ref)
{
	char pid[16];

	/* The number is its own as long as it has not exited. */
	if (d->sys->pidfd_exited(ref->pidfd))
		return 0;
	snprintf(pid, sizeof(pid), "%d", (int)ref->pid);
	return d->sys->write_file(cgroup, "cgroup.procs", pid);
}

/* Who was killed with it has to end as well. */
static int thaw_sharers(struct driver *d, struct victim *v)
{
	int err = 0;

	for (size_t i = 0; i < v->n_sharers && err == 0; i++) {
		const struct held_sharer *s = &v->sharers[i];
		int cgroup;

		if (!atomic_load(&s->signalled) || !observe_v1_frozen(d->sys, s->ref.procfd))
			continue;
		cgroup = cgroup_find_thawed(d->sys, d->run->thaw_mounts, s->ref.procfd);
		if (cgroup < 0)
			return cgroup;
		err = move_to(d, cgroup, &s->ref);
		d->sys->close(cgroup);
	}
	return err;
}

/* Only the victim leaves the frozen cgroup: a process that moves to a thawed one is thawed. */
static int thaw(struct driver *d, struct victim *v)
{
	int err;

	if (v->thawed_fd < 0 && d->run->thaw_mounts)
		v->thawed_fd =
			cgroup_find_thawed(d->sys, d->run->thaw_mounts, v->target->ref.procfd);
	if (v->thawed_fd < 0)
		return v->thawed_fd;
	err = move_to(d, v->thawed_fd, &v->target->ref);
	return err ? err : thaw_sharers(d, v);
}

static bool has_exited(struct driver *d, struct victim *v)
{
	if (!d->sys->pidfd_exited(v->target->ref.pidfd))
		return false;
	for (size_t i = 0; i < v->n_sharers; i++)
		if (!d->sys->pidfd_exited(v->sharers[i].ref.pidfd))
			return false;
	return true;
}

static void send_kill(struct driver *d, struct victim *v)
{
	/* What was opened belongs to the mm of that time: an execve has made it somebody's past. */
	if (!v->reread && observe_mm(d->sys, &v->fds) == MM_UNREFERENCED) {
		v->reread = true;
		observe_close(d->sys, &v->fds);
		set_result(d, v, -ESTALE);
		return;
	}
	if (v->tracer == NULL)
		memcg_ask(d, v);
	v->memcg.before = memcg_read(d, &v->memcg);
	v->signal_us = v->moved_us = d->sys->now_us();
	set_result(d, v, d->sys->pidfd_signal(v->target->ref.pidfd, 9));
}

static void seize(struct driver *d, struct victim *v)
{
	atomic_store(&v->shared->t_state, T_RUNNING);
	end_tracer(v); /* of an earlier try: its T is not ours */
	v->tracer = start_worker(d, v, TRADE_TRACER);
	if (v->tracer == NULL) {
		set_result(d, v, -EAGAIN);
		return;
	}
	v->tracer->fds = v->fds;
	v->tracer->tid = v->tid;
	v->seize_us = d->sys->now_us();
	v->glance_us = v->seize_us + GLANCE_US;
	worker_run(v->tracer, hold_seize);
	v->started = true;
}

static bool is_seized(struct victim *v, int64_t now)
{
	if (now < v->glance_us && now < v->step.until_us)
		return false;
	v->glance_us = now + GLANCE_US + (now - v->seize_us) / 8;
	return hold_is_in_force(v->tracer);
}

static void queue_reap(struct driver *d, struct victim *v)
{
	struct reap *r = &v->shared->reap;

	if (v->tracer == NULL)
		memcg_ask(d, v);
	atomic_store(&v->shared->rss_pages, UNKNOWN);
	v->seen_rss = v->seen_cpu_us = UNKNOWN;
	v->reap_started_us = 0;
	r->pidfd = v->target->ref.pidfd;
	r->flags = v->step.kind == PLAN_REAP_KILL ? SYS_MRELEASE_REAP_KILL : 0;
	r->fds = v->fds;
	r->pages = v->rss_before;
	r->guard = NULL;
	if (v->tracer && v->rss_before * d->run->self->page_bytes > SMALL_BYTES)
		r->guard = v->tracer;
	atomic_store(&r->start_us, 0);
	atomic_store(&r->over, false);
	atomic_store(&r->state, REAP_QUEUED);
	v->started = true;
}

static void stop_watching(struct victim *v)
{
	if (v->looker && !worker_idle(v->looker))
		worker_stop(v->looker);
}

/* Before the signal, also where none is seen yet: one may come between the look and the signal. */
static void make_room_for_sharers(struct victim *v)
{
	const size_t n = WORKER_SHARERS;

	if (v->sharers)
		return;
	v->sharers = malloc(n * sizeof(*v->sharers));
	v->row->killed = malloc(n * sizeof(*v->row->killed));
	if (v->sharers == NULL || v->row->killed == NULL)
		return;
	/* Not calloc(), which leaves fresh pages untouched. */
	memset(v->sharers, 0, n * sizeof(*v->sharers));
	memset(v->row->killed, 0, n * sizeof(*v->row->killed));
	v->cap_sharers = n;
}

/* As it was when it was last seen alive. */
static void note_kinds(struct kill_row *row, const struct status_facts *s)
{
	if (s->rss_shmem_kib == UNKNOWN)
		return;
	row->shmem_bytes = kib_to_bytes(s->rss_shmem_kib);
	row->hugetlb_bytes = kib_to_bytes(s->hugetlb_kib);
	row->pinned_bytes = kib_to_bytes(s->vm_pin_kib);
}

/* Start a step. What needs a gate or a slot is started by run_gates(). */
static void begin(struct driver *d, struct victim *v)
{
	const struct proc_ref *ref = &v->target->ref;
	struct plan_result *r = &v->result;
	struct status_facts s = { .rss_shmem_kib = UNKNOWN };

	v->started = false;
	memset(r, 0, sizeof(*r));
	switch (v->step.kind) {
	case PLAN_LOOK:
		set_result(d, v, observe_view(d->sys, d->run->self, ref, &r->view, &s));
		note_kinds(v->row, &s);
		r->view.frozen &= !d->run->frozen_by_us;
		v->row->ns_init = r->view.ns_init;
		break;
	case PLAN_RIGHT:
		set_result(d, v, d->sys->pidfd_signal(ref->pidfd, 0));
		v->crowding = d->n > 1 ? CROWD_WAITS : CROWD_NOT;
		break;
	case PLAN_TERM:
		set_result(d, v, d->sys->pidfd_signal(ref->pidfd, 15));
		break;
	case PLAN_SHARERS:
		if (d->run->opt.sharers == SHARERS_KILL && !d->run->opt.dry_run)
			make_room_for_sharers(v);
		v->started = v->crowding == CROWD_RUNS;
		if (v->crowding != CROWD_NOT)
			break;
		/* A slow scan goes on past its limit. */
		v->started = go_on_looking(d, v, look_sharers);
		break;
	case PLAN_SHARER_RIGHTS:
		make_room_for_sharers(v);
		v->started = look(d, v, look_sharer_rights);
		break;
	case PLAN_LISTS:
		if (v->plan.view.frozen && d->run->thaw_mounts && v->thawed_fd < 0)
			v->thawed_fd = cgroup_find_thawed(d->sys, d->run->thaw_mounts, ref->procfd);
		if (have_looker(d, v))
			v->looker->deep = !d->run->opt.robust_ignore;
		v->started = look(d, v, look_lists);
		if (v->memcg.fd < 0) /* meanwhile */
			memcg_find(d, v);
		break;
	case PLAN_HOLD:
		seize(d, v);
		break;
	case PLAN_SIGNAL_SHARERS:
		v->started = look(d, v, look_signal_sharers);
		break;
	case PLAN_SETTLE:
		if (v->tracer && !worker_is_at(v->tracer, hold_await_stop) &&
		    atomic_load(&v->shared->t_state) == T_RUNNING)
			worker_run_after(v->tracer, hold_seize, hold_await_stop);
		/* After a boost the same look goes on. */
		atomic_store(&v->shared->settled, false);
		v->started = go_on_looking(d, v, look_settle);
		break;
	case PLAN_EXAMINE:
		v->started = look(d, v, look_examine);
		break;
	case PLAN_RELEASE:
		memcg_ask(d, v);
		end_tracer(v);
		set_result(d, v, 0);
		break;
	case PLAN_THAW:
		set_result(d, v, thaw(d, v));
		break;
	case PLAN_BOOST:
		set_result(d, v, boost(d, v));
		break;
	case PLAN_TEST_MM:
		r->mm = observe_mm(d->sys, &v->fds);
		set_result(d, v, 0);
		break;
	case PLAN_AWAIT_EXIT:
		memcg_ask(d, v);
		end_tracer(v);
		if (v->seen_ticks == UNKNOWN)
			stop_watching(v); /* a look that went on past its limit */
		v->started = true;
		break;
	case PLAN_GRACE:
		end_tracer(v);
		v->started = true;
		break;
	case PLAN_SIGNAL:    /* at the gate */
	case PLAN_REAP_KILL: /* at the gate, then for a slot */
	case PLAN_REAP:	     /* for a slot */
	case PLAN_PAUSE:
	case PLAN_DONE:
		break;
	}
}

/* --- steps that take time ------------------------------------------------------------------ */

static void collect_sharers(struct victim *v)
{
	const struct worker *w = v->looker;
	size_t n = w->scan.n_found < ROW_SHARERS ? w->scan.n_found : ROW_SHARERS;
	/* A later look that found nobody does not say more than the first, which was for that. */
	bool unknown = v->step.kind != PLAN_SHARERS && v->row->n_sharers == UNKNOWN;

	v->result.view = w->view;
	v->result.sharers = w->sharer_facts;
	v->n_sharers = w->n_sharers;
	v->row->obstacle = w->obstacle;
	if (w->scan_err < 0)
		return;
	v->row->n_unknown = w->sharer_facts.unknown;
	/* After the signals none is left, if all went well; the row tells who shared. */
	if (v->step.kind == PLAN_SIGNAL_SHARERS && v->row->n_sharers >= (int64_t)w->scan.n_found)
		return;
	v->row->n_sharers = (int64_t)w->scan.n_found;
	if (w->scan.n_found == 0 && (w->sharer_facts.unknown || unknown))
		v->row->n_sharers = UNKNOWN;
	memcpy(v->row->sharers, w->scan.found, n * sizeof(w->scan.found[0]));
}

/* Take over what the looker found; it is idle. */
static void collect(struct victim *v)
{
	const struct worker *w = v->looker;
	enum plan_kind kind = v->step.kind;

	if (kind == PLAN_SHARERS || kind == PLAN_SHARER_RIGHTS || kind == PLAN_SIGNAL_SHARERS ||
	    kind == PLAN_EXAMINE) {
		collect_sharers(v);
	} else if (kind == PLAN_LISTS) {
		v->fds = w->fds;
		v->tid = w->tid;
		v->rss_before = w->rss_pages;
		v->result.lists = w->lists;
		/* Only to predict what the hold itself would find. */
		if (v->row->dry_run && v->tid && observe_tracer(w->sys, &v->fds, v->tid))
			v->result.lists.candidate = false;
	} else if (kind == PLAN_SETTLE) {
		v->result.settled = w->settled;
		v->result.seen_in_use = w->seen_in_use;
	}
}

static void collect_reap(struct driver *d, struct victim *v)
{
	const struct reap *r = &v->shared->reap;

	if (r->err == 0)
		v->reap_us = r->end_us - atomic_load(&r->start_us);
	v->rss_after = r->guard && v->tracer && r->err == 0 ? v->tracer->rss_pages : r->rss_pages;
	set_result(d, v, r->err);
}

/*
 * RSS is not read any more once T is let go; but what takes page tables away uses CPU time, and what
 * waits for the mmap lock does not.
 */
static bool reap_moved(struct victim *v, int64_t now)
{
	const struct worker *by = v->shared->reap.by ? v->shared->reap.by : v->looker;
	int64_t rss = atomic_load(&v->shared->rss_pages), cpu_us = worker_cpu_us(by);

	if (v->seen_cpu_us == UNKNOWN)
		v->seen_cpu_us = cpu_us;
	if (rss == v->seen_rss && cpu_us - v->seen_cpu_us < PROGRESS_US / 20)
		return false;
	v->seen_rss = rss;
	v->seen_cpu_us = cpu_us;
	v->moved_us = now;
	return true;
}

static void tell_progress(struct driver *d, struct victim *v, int64_t now)
{
	int64_t page = d->run->self->page_bytes, rss = atomic_load(&v->shared->rss_pages);
	int64_t since = v->signal_us ? v->signal_us : v->reap_started_us; /* --reap-only */

	if (!d->run->on_progress || since == 0 || now - since < PROGRESS_AFTER_US ||
	    now - v->told_us < PROGRESS_US)
		return;
	v->told_us = now;
	d->run->on_progress(d->run->arg, &v->target->ref, rss < 0 ? UNKNOWN : rss * page,
			    v->rss_before < 0 ? UNKNOWN : v->rss_before * page, now - since);
}

/* An exit that uses CPU time is under way. Asked before the limit, which is short where it is boosted. */
static bool exit_moved(struct driver *d, struct victim *v, int64_t now)
{
	int64_t ticks = atomic_load(&v->shared->cpu_ticks), seen = v->seen_ticks;

	if (v->step.kind == PLAN_AWAIT_EXIT) {
		tell_progress(d, v, now);
		if (v->looker && !v->looker->alone && worker_idle(v->looker))
			look(d, v, look_watch);
	}
	v->moved_us = now;
	if (ticks == UNKNOWN || ticks == seen)
		return false;
	v->seen_ticks = ticks;
	return seen != UNKNOWN;
}

/* A scan for sharers that compared somebody since its last limit is slow, not blocked. */
static bool scan_moved(struct victim *v)
{
	int compared;

	if (v->step.kind != PLAN_SHARERS)
		return false;
	compared =
		atomic_load(&v->looker->scan.n_compared) + atomic_load(&v->looker->scan.n_helped);
	if (compared == v->seen_compared)
		return false;
	v->seen_compared = compared;
	return true;
}

/* --- one look for the sharers of all ------------------------------------------------------- */

static bool is_crowding(const struct victim *v, enum crowding how)
{
	return v->crowding == how && v->step.kind == PLAN_SHARERS && !v->ready && !v->finished;
}

static void look_alone(struct driver *d, struct victim *v)
{
	v->crowding = CROWD_NOT;
	begin(d, v);
}

/* Only when the scanner is idle: the job is over, and whoever shares needs a looker that is free. */
static bool crowd_is_done(struct driver *d)
{
	if (!d->crowd_done && d->scanner)
		d->crowd_done = worker_idle(d->scanner->looker);
	return d->crowd_done;
}

static bool any_signalled(const struct driver *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->victims[i].signal_us || d->victims[i].plan.signalled)
			return true;
	return d->told_signalled;
}

/*
 * A scan for those who wait, unless it is for one, or another one is under way; NULL: none. Not after
 * the first signal either, where one is looked at anew: there may be no memory for it.
 */
static struct crowd *start_crowd(struct driver *d)
{
	struct victim *scanner = NULL;
	struct crowd *crowd = NULL;
	bool busy = false;
	size_t n = 0;
	pid_t *pids;

	if (any_signalled(d))
		return NULL;
	pids = calloc(d->n, sizeof(*pids));
	for (size_t i = 0; i < d->n; i++) {
		struct victim *v = &d->victims[i];

		busy |= is_crowding(v, CROWD_RUNS);
		if (pids == NULL || !is_crowding(v, CROWD_WAITS))
			continue;
		pids[n++] = v->target->ref.pid;
		scanner = v;
	}
	if (n > 1 && !busy && have_looker(d, scanner))
		crowd = crowd_make(pids, n);
	free(pids);
	if (crowd == NULL)
		return NULL;
	/* Who is at it still was left behind with it. */
	if (crowd_is_done(d))
		free(d->crowd);
	d->crowd = crowd;
	d->crowd_done = false;
	d->scanner = scanner;
	scanner->looker->crowd = crowd;
	look(d, scanner, look_crowd);
	return crowd;
}

static void run_crowd(struct driver *d)
{
	bool waits = false, runs;

	for (size_t i = 0; i < d->n; i++)
		waits |= is_crowding(&d->victims[i], CROWD_WAITS);
	if (!waits)
		return;
	runs = start_crowd(d) != NULL;
	for (size_t i = 0; i < d->n; i++) {
		struct victim *v = &d->victims[i];

		if (!is_crowding(v, CROWD_WAITS))
			continue;
		v->crowding = CROWD_RUNS;
		v->started = true;
		if (!runs)
			look_alone(d, v);
	}
}

static void check_crowd(struct driver *d, struct victim *v, bool late)
{
	int compared = atomic_load(&d->crowd->n_compared);
	bool moved = compared != v->seen_compared;
	bool done = crowd_is_done(d);

	if (done && !crowd_is_alone(d->crowd, v->target->ref.pid)) {
		look_alone(d, v);
	} else if (done) {
		v->result.sharers = (struct plan_sharers){ .unknown = d->crowd->n_unknown };
		v->row->n_unknown = d->crowd->n_unknown;
		v->row->n_sharers = d->crowd->n_unknown ? UNKNOWN : 0;
		v->crowding = CROWD_NOT;
		set_result(d, v, 0);
	} else if (late && moved) {
		v->seen_compared = compared;
		set_result(d, v, -EINPROGRESS);
	} else if (late) {
		if (d->scanner)
			abandon_looker(d, d->scanner);
		d->scanner = NULL;
		v->crowding = CROWD_NOT;
		set_result(d, v, -ETIMEDOUT);
	}
}

/* --- reaps --------------------------------------------------------------------------------- */

/*
 * Whoever is at it stays with it; false: it is over by now, and nobody is left. With the lock, as a
 * reaper that has just ended it would take the next one with it, which nobody would know to be lost.
 */
static bool leave_reap(struct driver *d, struct victim *v)
{
	const struct worker *by;
	bool running;

	pthread_mutex_lock(&d->queue->lock);
	running = atomic_load(&v->shared->reap.state) == REAP_RUNNING;
	by = v->shared->reap.by;
	for (int i = 0; running && by && i < d->n_reapers; i++) {
		struct reaper *reaper = &d->reapers[i];

		if (reaper->worker != by)
			continue;
		worker_abandon(reaper->worker);
		reaper->worker = NULL;
		v->left_behind = true;
	}
	pthread_mutex_unlock(&d->queue->lock);
	if (running && by == NULL)
		abandon_looker(d, v);
	return running;
}

/* Before all is ended: what nobody has taken nobody takes any more. */
static void drop_reap(struct driver *d, struct victim *v)
{
	int state;

	if (!v->started || (v->step.kind != PLAN_REAP && v->step.kind != PLAN_REAP_KILL))
		return;
	pthread_mutex_lock(&d->queue->lock);
	state = atomic_load(&v->shared->reap.state);
	if (state == REAP_QUEUED)
		atomic_store(&v->shared->reap.state, REAP_NOT);
	pthread_mutex_unlock(&d->queue->lock);
	if (state == REAP_QUEUED)
		v->started = false;
	else if (state == REAP_RUNNING)
		leave_reap(d, v);
}

static bool is_reaped(const struct victim *v)
{
	int state = atomic_load(&v->shared->reap.state);

	if (state != REAP_DONE && state != REAP_FAILED)
		return false;
	/* The looker gets another job next. */
	return v->shared->reap.by || worker_idle(v->looker);
}

static void still_reaping(struct victim *v, int64_t now)
{
	v->result.err = -EINPROGRESS;
	v->result.now_us = now;
	v->step = plan_kill_next(&v->plan, &v->result);
}

static void check_reap(struct driver *d, struct victim *v, int64_t now, bool late)
{
	int64_t start = atomic_load(&v->shared->reap.start_us);

	if (start == 0) /* it waits for its turn */
		return;
	if (v->reap_started_us == 0) {
		v->reap_started_us = v->moved_us = start;
		if (v->step.kind == PLAN_REAP_KILL)
			v->signal_us = start;
		still_reaping(v, start);
		late = now >= v->step.until_us;
	}
	tell_progress(d, v, now);
	if (is_reaped(v) && (!v->tracer || worker_idle(v->tracer))) {
		collect_reap(d, v);
		if (v->result.err == 0)
			end_tracer(v);
	} else if (now - v->moved_us > PROGRESS_US && reap_moved(v, now)) {
		still_reaping(v, now);
	} else if (late && is_reaped(v)) {
		/* The call has returned: it is the letting go that blocks. */
		leave_tracer(v);
		collect_reap(d, v);
	} else if (late && leave_reap(d, v)) {
		set_result(d, v, -ETIMEDOUT);
	}
}

/* Is the step over? Sets the result if so. */
static void check(struct driver *d, struct victim *v, int64_t now)
{
	bool late = now >= v->step.until_us;

	switch (v->step.kind) {
	case PLAN_PAUSE:
		if (late)
			set_result(d, v, 0);
		return;
	case PLAN_HOLD:
		if (!v->started)
			return;
		if (worker_idle(v->tracer)) {
			int err = v->tracer->err;

			if (err < 0)
				end_tracer(v);
			set_result(d, v, err);
		} else if (is_seized(v, now)) {
			set_result(d, v, 0);
		} else if (late) {
			leave_tracer(v); /* a late success is undone by its end */
			set_result(d, v, -ETIMEDOUT);
		}
		return;
	case PLAN_AWAIT_EXIT:
	case PLAN_GRACE:
		/* Only the target got SIGTERM. */
		if (v->step.kind == PLAN_GRACE ? d->sys->pidfd_exited(v->target->ref.pidfd)
					       : has_exited(d, v)) {
			stop_watching(v);
			if (v->exit_us == 0)
				v->exit_us = now;
			set_result(d, v, 0);
		} else if (now - v->moved_us > PROGRESS_US && exit_moved(d, v, now)) {
			set_result(d, v, -EINPROGRESS);
		} else if (late) {
			char wchan[64];

			v->result.view.frozen = is_frozen(d, v, wchan, sizeof(wchan));
			set_result(d, v, -ETIMEDOUT);
		}
		return;
	case PLAN_REAP:
	case PLAN_REAP_KILL:
		if (v->started)
			check_reap(d, v, now, late);
		return;
	case PLAN_LISTS:
	case PLAN_SHARERS:
	case PLAN_SHARER_RIGHTS:
	case PLAN_SIGNAL_SHARERS:
	case PLAN_EXAMINE:
		if (!v->started)
			return;
		if (v->step.kind == PLAN_SHARERS && v->crowding == CROWD_RUNS) {
			check_crowd(d, v, late);
		} else if (worker_idle(v->looker)) {
			collect(v);
			set_result(d, v, v->looker->err);
		} else if (late && scan_moved(v)) {
			set_result(d, v, -EINPROGRESS);
		} else if (late && !atomic_load(&v->looker->stop)) {
			/* A loop heeds this at once; what blocks gets the same time again, no more. */
			worker_stop(v->looker);
			v->step.until_us = now + HEED_US;
		} else if (late) {
			abandon_looker(d, v);
			set_result(d, v, -ETIMEDOUT);
		}
		return;
	case PLAN_SETTLE:
		if (!v->started)
			return;
		/* The tracer heeds that it is settled, and guards the reap next. */
		if (worker_idle(v->looker) && (!v->tracer || worker_idle(v->tracer))) {
			collect(v);
			set_result(d, v, v->looker->err);
		} else if (late) {
			set_result(d, v, -ETIMEDOUT); /* the look goes on: it may only be slow */
		}
		return;
	case PLAN_LOOK:
	case PLAN_RIGHT:
	case PLAN_TERM:
	case PLAN_SIGNAL:
	case PLAN_THAW:
	case PLAN_RELEASE:
	case PLAN_BOOST:
	case PLAN_TEST_MM:
	case PLAN_DONE:
		return;
	}
}

/* --- several targets ----------------------------------------------------------------------- */

static bool is_before_signal(enum plan_kind kind)
{
	return kind <= PLAN_HOLD;
}

static bool at_gate(const struct victim *v)
{
	return !v->started && !v->ready &&
	       (v->step.kind == PLAN_SIGNAL || v->step.kind == PLAN_REAP_KILL);
}

/* The last threads that are made: who holds is more important. */
static void start_reapers(struct driver *d)
{
	if (d->reapers_started || d->run->opt.dry_run)
		return;
	d->reapers_started = true;
	for (int i = 0; i < d->n_reapers; i++) {
		struct worker *w;

		if (worker_start(d->sys, d->run->self, NULL, d->notify, d->reapers[i].berth,
				 TRADE_TRACER, &w) < 0)
			return;
		w->queue = d->queue;
		d->reapers[i].worker = w;
	}
}

static void reap_by_looker(struct driver *d)
{
	struct reap *r = reap_take(d->queue, NULL);

	for (size_t i = 0; r && i < d->n; i++)
		if (&d->victims[i].shared->reap == r && !look(d, &d->victims[i], look_reap))
			atomic_store(&r->state, REAP_NOT);
}

/* As many at a time as there are CPUs; one that waits for the mmap lock does not count for long. */
static void run_reaps(struct driver *d, int64_t now)
{
	int queued = 0, running = 0;

	for (size_t i = 0; i < d->n; i++) {
		struct victim *v = &d->victims[i];
		int state;

		if (v->finished || v->ready ||
		    (v->step.kind != PLAN_REAP && v->step.kind != PLAN_REAP_KILL))
			continue;
		if (!v->started)
			queue_reap(d, v);
		state = atomic_load(&v->shared->reap.state);
		queued += state == REAP_QUEUED;
		if (state == REAP_RUNNING && v->shared->reap.by == NULL)
			running++;
		if (state == REAP_RUNNING && v->reap_started_us && now - v->moved_us >= SLOT_US)
			running--;
	}
	for (int i = 0; i < d->n_reapers; i++)
		running += d->reapers[i].worker && !worker_idle(d->reapers[i].worker);
	for (int i = 0; i < d->n_reapers && queued > 0 && running < d->cpus; i++) {
		struct worker *w = d->reapers[i].worker;

		if (w == NULL || !worker_idle(w))
			continue;
		worker_run(w, look_reap_queued);
		queued--;
		running++;
	}
	for (; queued > 0 && running < d->cpus; queued--, running++)
		reap_by_looker(d);
	for (size_t i = 0; i < d->n; i++)
		if (atomic_load(&d->victims[i].shared->reap.state) != REAP_NOT)
			memcg_ask(d, &d->victims[i]);
}

static void run_gates(struct driver *d, int64_t now)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct victim *v = &d->victims[i];

		if (!v->finished &&
		    (is_before_signal(v->step.kind) ||
		     (v->step.kind == PLAN_PAUSE && is_before_signal(v->plan.then))))
			return; /* not everybody is ready */
	}
	start_reapers(d);
	for (size_t i = 0; i < d->n; i++)
		if (at_gate(&d->victims[i]) && d->victims[i].step.kind == PLAN_SIGNAL)
			send_kill(d, &d->victims[i]);
	for (size_t i = 0; i < d->n; i++) {
		const struct victim *v = &d->victims[i];

		if (v->finished)
			continue;
		if (v->ready && v->step.kind == PLAN_SIGNAL)
			return; /* what was just signalled may be the biggest */
	}
	spread_out(d);
	if (!d->told_signalled && d->run->on_signalled)
		d->run->on_signalled(d->run->arg);
	d->told_signalled = true;
	run_reaps(d, now);
}

/* --- the row ------------------------------------------------------------------------------- */

static int64_t pages_to_bytes(const struct driver *d, int64_t pages)
{
	return pages == UNKNOWN ? UNKNOWN : pages * d->run->self->page_bytes;
}

static void fill_row(struct driver *d, struct victim *v)
{
	struct kill_row *row = v->row;
	const struct plan_kill *p = &v->plan;
	int64_t after;

	row->outcome = p->outcome;
	row->reason = p->reason;
	row->step = p->where;
	row->err = p->err;
	row->method = p->method;
	row->hold = p->hold;
	row->robust = p->robust;
	row->graced = p->graced;
	row->signalled = p->signalled;
	row->reaped = p->reaped;
	row->exited = p->exited;
	row->third_party = p->third_party;
	row->rss_before_bytes = pages_to_bytes(d, v->rss_before);
	row->rss_after_bytes = pages_to_bytes(d, v->rss_after);
	/* Exited, and nobody holds the mm: it is gone with all that was in it. */
	if (p->exited && observe_mm(d->sys, &v->fds) == MM_UNREFERENCED)
		row->rss_after_bytes = 0;
	if (row->rss_before_bytes != UNKNOWN && row->rss_after_bytes != UNKNOWN &&
	    (p->signalled || p->reaped))
		row->unmapped_bytes = row->rss_before_bytes > row->rss_after_bytes
					      ? row->rss_before_bytes - row->rss_after_bytes
					      : 0;
	after = memcg_read(d, &v->memcg);
	if (v->memcg.alone && v->memcg.before != UNKNOWN && after != UNKNOWN &&
	    (p->signalled || p->reaped))
		row->freed_bytes = v->memcg.before > after ? v->memcg.before - after : 0;
	row->reap_us = v->reap_us;
	if (p->exited && v->exit_us && v->signal_us)
		row->exit_us = v->exit_us - v->signal_us;
	if (p->exited) {
		int code = d->sys->pidfd_exit_code(v->target->ref.pidfd);

		if (code >= 0)
			row->exit_signal = code & 0x7f;
	}
	if (p->outcome == OUTCOME_PENDING) {
		char wchan[64];

		is_frozen(d, v, wchan, sizeof(wchan));
		if (strcmp(wchan, "0") != 0)
			snprintf(row->wchan, sizeof(row->wchan), "%.31s", wchan);
	}
}

static void fill_killed(struct victim *v)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n_sharers; i++) {
		const struct proc_ref *ref = &v->sharers[i].ref;
		struct proc_id *id = &v->row->killed[n];

		/* A dry run has asked for the right to each. */
		if (!atomic_load(&v->sharers[i].signalled) &&
		    !(v->row->dry_run && v->plan.may_kill_sharers && !v->sharers[i].co_target))
			continue;
		*id = (struct proc_id){ .pid = ref->pid, .inode = ref->inode };
		memcpy(id->comm, ref->comm, sizeof(id->comm));
		n++;
	}
	v->row->n_killed = n;
}

static void finish(struct driver *d, struct victim *v)
{
	end_tracer(v);
	fill_row(d, v);
	fill_killed(v);
	v->finished = true;
}

/* --- the loop ------------------------------------------------------------------------------ */

/* Run the plan of one target as far as it goes without waiting. */
static void advance(struct driver *d, struct victim *v)
{
	while (v->ready && !v->finished) {
		struct plan_step was = v->step;

		v->ready = false;
		v->step = plan_kill_next(&v->plan, &v->result);
		/* What a boost interrupts goes on after it: told is who was raised. */
		if (d->run->on_step && v->step.kind != PLAN_BOOST &&
		    !(was.kind == PLAN_BOOST && v->result.err))
			d->run->on_step(d->run->arg, &v->target->ref, was.kind, v->result.err,
					v->result.now_us - d->start_us);
		if (v->step.kind == PLAN_DONE)
			finish(d, v);
		else
			begin(d, v);
	}
}

static int64_t next_wake(const struct driver *d, int64_t now)
{
	int64_t wake = now + PROGRESS_US;

	for (size_t i = 0; i < d->n; i++) {
		const struct victim *v = &d->victims[i];

		if (v->finished)
			continue;
		if (v->ready)
			return now;
		if (v->step.until_us < wake)
			wake = v->step.until_us;
		if (v->step.kind == PLAN_HOLD && v->glance_us < wake)
			wake = v->glance_us;
	}
	return wake;
}

/* Sleep until something may have happened; -EINTR: told to stop. */
static int wait_events(struct driver *d, int64_t now)
{
	int64_t gap = next_wake(d, now) - now;
	struct timespec ts;
	bool holds = d->run->frozen_by_us && !d->told_signalled;
	uint64_t count;
	nfds_t n = 0;

	if (gap < 0)
		gap = 0;
	ts = (struct timespec){ .tv_sec = gap / 1000000, .tv_nsec = gap % 1000000 * 1000 };
	d->polls[n++] = (struct pollfd){ .fd = d->notify, .events = POLLIN };
	d->polls[n++] = (struct pollfd){ .fd = d->run->interrupt_fd, .events = POLLIN };
	for (size_t i = 0; i < d->n; i++) {
		const struct victim *v = &d->victims[i];

		holds |= v->tracer != NULL;
		if (!v->finished && (v->step.kind == PLAN_AWAIT_EXIT || v->step.kind == PLAN_GRACE))
			d->polls[n++] =
				(struct pollfd){ .fd = v->target->ref.pidfd, .events = POLLIN };
	}
	if (ppoll(d->polls, n, &ts, holds ? NULL : &d->at_rest) < 0)
		return 0;
	if (d->polls[1].revents & POLLIN)
		return -EINTR;
	if (d->polls[0].revents & POLLIN && read(d->notify, &count, sizeof(count)) < 0)
		return 0;
	return 0;
}

/* Told to stop: let every T go and say what was already done. */
static void interrupt(struct driver *d)
{
	for (size_t i = 0; i < d->n; i++)
		drop_reap(d, &d->victims[i]);
	for (size_t i = 0; i < d->n; i++) {
		struct victim *v = &d->victims[i];

		if (v->finished)
			continue;
		/* What was just done counts, also where the plan has not heard of it yet. */
		if (v->ready)
			plan_kill_next(&v->plan, &v->result);
		if (v->started && v->step.kind == PLAN_REAP_KILL)
			v->plan.signalled = true;
		if (v->plan.step.kind != PLAN_DONE) {
			v->plan.outcome = v->plan.signalled ? OUTCOME_PENDING : OUTCOME_FAILED;
			v->plan.reason = REASON_INTERRUPTED;
		}
		finish(d, v);
	}
}

/*
 * Before the first signal, while the first looks are under way: bring in what the work after it
 * needs, so that no page has to be found or read then. Everybody's berth would be more than what
 * the smallest machine can spare, so the first targets' have to do.
 */
static void brace(struct driver *d)
{
	struct act_arena *arena = d->run->arena;
	struct brace *b = d->run->brace;

	if (arena->braced || d->run->opt.dry_run)
		return;
	arena->braced = true;
	for (size_t i = 0; i < d->n && i < MAX_BRACED; i++) {
		struct victim *v = &d->victims[i];

		if (v->finished)
			continue;
		if (v->looker_berth)
			worker_brace(v->looker_berth, TRADE_LOOKER, b);
		if (v->tracer_berth)
			worker_brace(v->tracer_berth, TRADE_TRACER, b);
	}
	for (int i = 0; i < d->n_reapers; i++)
		worker_brace(d->reapers[i].berth, TRADE_TRACER, b);
	brace_code(b);
	brace_oom_score(b);
	if (d->run->on_braced)
		d->run->on_braced(d->run->arg);
}

static int drive(struct driver *d)
{
	for (;;) {
		bool all = true;
		int64_t now = d->sys->now_us();
		int err;

		for (size_t i = 0; i < d->n; i++) {
			struct victim *v = &d->victims[i];

			if (!v->finished && !v->ready)
				check(d, v, now);
			advance(d, v);
			all &= v->finished;
		}
		if (all)
			return 0;
		run_crowd(d);
		brace(d);
		run_gates(d, now);
		err = wait_events(d, d->sys->now_us());
		if (err < 0) {
			interrupt(d);
			return err;
		}
	}
}

static void init_row(const struct act_run *run, const struct target *t, struct kill_row *row)
{
	*row = (struct kill_row){
		.id = { .pid = t->ref.pid, .inode = t->ref.inode },
		.outcome = t->outcome,
		.reason = t->reason,
		.step = t->err ? STEPNAME_RESOLVE : STEPNAME_NONE,
		.err = -t->err,
		.dry_run = run->opt.dry_run,
		.method = run->opt.reap_only  ? METHOD_REAP_ONLY
			  : run->has_mrelease ? METHOD_KILL_REAP
					      : METHOD_KILL_ONLY,
		.n_sharers = UNKNOWN,
		.rss_before_bytes = UNKNOWN,
		.shmem_bytes = UNKNOWN,
		.hugetlb_bytes = UNKNOWN,
		.pinned_bytes = UNKNOWN,
		.rss_after_bytes = UNKNOWN,
		.unmapped_bytes = UNKNOWN,
		.freed_bytes = UNKNOWN,
		.reap_us = UNKNOWN,
		.exit_us = UNKNOWN,
		.exit_signal = UNKNOWN,
	};
	memcpy(row->id.comm, t->ref.comm, sizeof(row->id.comm));
}

static void init_victim(struct driver *d, struct victim *v, const struct target *t,
			struct kill_row *row)
{
	*v = (struct victim){ .target = t,
			      .row = row,
			      .fds = { -1, -1, -1, -1, -1, 0, 0 },
			      .memcg = { .fd = -1, .before = UNKNOWN },
			      .thawed_fd = -1,
			      .rss_before = UNKNOWN,
			      .rss_after = UNKNOWN,
			      .seen_ticks = UNKNOWN,
			      .reap_us = UNKNOWN };
	v->plan.cfg = (struct plan_config){ .opt = d->run->opt,
					    .selected = t->selected,
					    .has_mrelease = d->run->has_mrelease,
					    .has_flag = d->run->has_flag,
					    .alone = d->n == 1 };
	v->finished = t->err != 0;
}

/*
 * One piece for all that the workers need: what they share, then two berths for each
 * target. It is not given back where a worker that was left behind may still use it.
 */
static bool make_arena(struct driver *d)
{
	size_t looker = worker_berth_bytes(TRADE_LOOKER);
	size_t tracer = worker_berth_bytes(TRADE_TRACER);
	size_t page = (size_t)d->run->self->page_bytes;
	size_t shared = d->n * sizeof(struct shared) + sizeof(struct reap_queue);
	size_t reapers = (size_t)d->n_reapers * tracer;
	size_t need;
	struct act_arena *arena = d->run->arena;
	char *berth;

	shared = (shared + page - 1) / page * page;
	need = shared + reapers + d->n * (looker + tracer);
	if (arena->bytes < need) {
		act_free_arena(arena);
		arena->base = worker_map(need);
		if (arena->base == NULL)
			return false;
		arena->bytes = need;
	}
	d->queue = (struct reap_queue *)arena->base;
	*d->queue = (struct reap_queue){ .all = (struct shared *)(d->queue + 1), .n = d->n };
	pthread_mutex_init(&d->queue->lock, NULL);
	berth = arena->base + shared;
	for (int i = 0; i < d->n_reapers; i++, berth += tracer)
		d->reapers[i].berth = berth;
	for (size_t i = 0; i < d->n; i++) {
		struct victim *v = &d->victims[i];

		v->shared = &d->queue->all[i];
		*v->shared = (struct shared){ 0 };
		atomic_store(&v->shared->cpu_ticks, UNKNOWN);
		v->looker_berth = berth;
		v->tracer_berth = berth + looker;
		berth += looker + tracer;
	}
	return true;
}

static void end_victim(struct driver *d, struct victim *v)
{
	if (v->looker) {
		stop_watching(v);
		/* It may be in a call that blocks: only an idle one or a watcher is waited for. */
		if (!worker_idle(v->looker) && !v->plan.exited)
			leave_looker(v);
		else if (!worker_end(v->looker))
			v->left_behind = true;
	}
	if (v->left_behind)
		return;
	for (size_t i = 0; i < v->n_sharers; i++) {
		v->sharers[i].fds.mem = -1; /* the target's */
		observe_close(d->sys, &v->sharers[i].fds);
		target_release(d->sys, &v->sharers[i].ref);
	}
	free(v->sharers);
	if (v->memcg.fd >= 0)
		d->sys->close(v->memcg.fd);
	if (v->thawed_fd >= 0)
		d->sys->close(v->thawed_fd);
	observe_close(d->sys, &v->fds);
}

/* Nobody is touched; each row says why. */
static void fail_all(int err, const struct target *targets, size_t n, struct kill_row *rows)
{
	for (size_t i = 0; i < n; i++) {
		if (targets[i].err)
			continue;
		rows[i].outcome = OUTCOME_FAILED;
		rows[i].reason = REASON_ERRNO;
		rows[i].step = STEPNAME_RESOLVE;
		rows[i].err = -err;
	}
}

static int prepare(struct driver *d, const struct target *targets, size_t n, struct kill_row *rows)
{
	for (size_t i = 0; i < n; i++)
		init_row(d->run, &targets[i], &rows[i]);
	d->victims = calloc(n ? n : 1, sizeof(*d->victims));
	d->polls = calloc(n + 2, sizeof(*d->polls));
	d->cpus = d->sys->cpus();
	if (n > 1)
		d->n_reapers = n < (size_t)d->cpus ? (int)n : d->cpus;
	d->reapers = calloc((size_t)d->n_reapers + 1, sizeof(*d->reapers));
	d->notify = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (d->notify < 0)
		return -errno;
	if (!d->victims || !d->polls || !d->reapers)
		return -ENOMEM;
	d->targets = targets;
	d->n = n;
	for (size_t i = 0; i < n; i++)
		init_victim(d, &d->victims[i], &targets[i], &rows[i]);
	if (!make_arena(d))
		return -ENOMEM;
	d->zombie = d->sys->make_zombie();
	return 0;
}

int act_kill(const struct act_run *run, const struct target *targets, size_t n,
	     struct kill_row *rows)
{
	struct driver d = { .run = run, .sys = run->sys, .notify = -1, .zombie = -1 };
	int err = prepare(&d, targets, n, rows);
	bool left_behind = false;

	d.start_us = run->sys->now_us();
	stay_here(&d);
	keep_mask_at_rest(&d);
	if (err < 0) {
		fail_all(err, targets, n, rows);
		err = 0;
	} else {
		for (size_t i = 0; i < n; i++) {
			struct victim *v = &d.victims[i];

			if (v->finished)
				continue;
			v->step = plan_kill_start(&v->plan, d.start_us);
			begin(&d, v);
		}
		err = drive(&d);
		spread_out(&d);
	}
	if (crowd_is_done(&d))
		free(d.crowd);
	/* All at once: each needs a moment to end. */
	for (size_t i = 0; i < d.n; i++)
		if (d.victims[i].looker)
			worker_quit(d.victims[i].looker);
	/* None is in a call: who was has been left behind. */
	for (int i = 0; d.reapers && i < d.n_reapers; i++)
		if (d.reapers[i].worker)
			left_behind |= !worker_end(d.reapers[i].worker);
	for (size_t i = 0; i < d.n; i++) {
		end_victim(&d, &d.victims[i]);
		left_behind |= d.victims[i].left_behind;
	}
	if (d.zombie > 0)
		run->sys->drop_zombie(d.zombie);
	if (d.notify >= 0)
		close(d.notify);
	if (left_behind)
		*run->arena = (struct act_arena){ 0 };
	free(d.victims);
	free(d.polls);
	free(d.reapers);
	return err;
}
