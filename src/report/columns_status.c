// SPDX-License-Identifier: GPL-2.0-or-later

/* The columns of `status`. */

#include "cells.h"
#include <string.h>

enum status_column {
	STATUS_PID,
	STATUS_INODE,
	STATUS_PHASE,
	STATUS_COMM,
	STATUS_STATE,
	STATUS_THREADS,
	STATUS_RSS,
	STATUS_SWAP,
	STATUS_SHARERS,
	STATUS_FLAGS,
	STATUS_USERS,
	STATUS_COUNT,
	STATUS_FROZEN,
	STATUS_OOMADJ,
	STATUS_BLOCKER,
	STATUS_PPID,
	STATUS_USER,
	STATUS_CGROUP,
	STATUS_COREDUMP,
	STATUS_THP,
	STATUS_KSM,
	STATUS_DUMPFILTER,
	STATUS_SIGPENDING,
	STATUS_VMAS,
	STATUS_ANON,
	STATUS_FILE,
	STATUS_SHMEM,
	STATUS_HUGETLB,
	STATUS_PAGETABLES,
	STATUS_ROBUST,
	STATUS_TRACER,
	STATUS_EVIDENCE,
	STATUS_NEXT,
	STATUS_INCOMPLETE,
	STATUS_SOURCE,
};

static const struct column status_columns[] = {
	[STATUS_PID] = { "pid", CELL_NUMBER, N_("process ID") },
	[STATUS_INODE] = { "inode", CELL_INODE,
			   N_("pidfs inode; PID:INODE names exactly this process") },
	[STATUS_PHASE] = { "phase", CELL_TEXT, N_("where in its life cycle the address space is") },
	[STATUS_COMM] = { "comm", CELL_TEXT, N_("command name") },
	[STATUS_STATE] = { "state", CELL_TEXT,
			   N_("state letter of /proc/PID/stat, of a thread that lives") },
	[STATUS_THREADS] = { "threads", CELL_NUMBER, N_("number of threads") },
	[STATUS_RSS] = { "rss", CELL_BYTES, N_("resident memory") },
	[STATUS_SWAP] = { "swap", CELL_BYTES, N_("swapped memory") },
	[STATUS_SHARERS] = { "sharers", CELL_NUMBER, N_("other processes with the same memory") },
	[STATUS_FLAGS] = { "flags", CELL_TEXT, N_("MMF_* flags that the source can see") },
	[STATUS_USERS] = { "users", CELL_NUMBER, N_("mm_users, where the kernel can be asked") },
	[STATUS_COUNT] = { "count", CELL_NUMBER, N_("mm_count, where the kernel can be asked") },
	[STATUS_FROZEN] = { "frozen", CELL_TEXT,
			    N_("version and path of the cgroup that freezes it") },
	[STATUS_OOMADJ] = { "oomadj", CELL_NUMBER, N_("oom_score_adj") },
	[STATUS_BLOCKER] = { "blocker", CELL_TEXT, N_("what keeps it from its next phase") },
	[STATUS_PPID] = { "ppid", CELL_NUMBER, N_("process ID of the parent") },
	[STATUS_USER] = { "user", CELL_NUMBER, N_("effective user ID") },
	[STATUS_CGROUP] = { "cgroup", CELL_TEXT, N_("cgroup that its memory is charged to") },
	[STATUS_COREDUMP] = { "coredump", CELL_BOOL, N_("it dumps core") },
	[STATUS_THP] = { "thp", CELL_BOOL, N_("transparent huge pages may be used") },
	[STATUS_KSM] = { "ksm", CELL_NUMBER, N_("pages merged by KSM") },
	[STATUS_DUMPFILTER] = { "dumpfilter", CELL_TEXT, N_("coredump_filter") },
	[STATUS_SIGPENDING] = { "sigpending", CELL_TEXT, N_("signals that are pending") },
	[STATUS_VMAS] = { "vmas", CELL_NUMBER, N_("mappings (--deep)") },
	[STATUS_ANON] = { "anon", CELL_BYTES,
			  N_("resident anonymous memory: a reap brings it back") },
	[STATUS_FILE] = { "file", CELL_BYTES, N_("resident file mappings") },
	[STATUS_SHMEM] = { "shmem", CELL_BYTES, N_("resident shared memory: no reap takes it") },
	[STATUS_HUGETLB] = { "hugetlb", CELL_BYTES, N_("hugetlb memory: no reap takes it") },
	[STATUS_PAGETABLES] = { "pagetables", CELL_BYTES, N_("page tables: freed by the exit") },
	[STATUS_ROBUST] = { "robust", CELL_TEXT,
			    N_("robust futexes: none, in-use, unreadable, blocked (--deep)") },
	[STATUS_TRACER] = { "tracer", CELL_NUMBER, N_("process ID of its tracer") },
	[STATUS_EVIDENCE] = { "evidence", CELL_TEXT, N_("what the phase was concluded from") },
	[STATUS_NEXT] = { "next", CELL_TEXT, N_("what can be done about it") },
	[STATUS_INCOMPLETE] = { "incomplete", CELL_TEXT, N_("why there may be more sharers") },
	[STATUS_SOURCE] = { "source", CELL_TEXT,
			    N_("where flags, counters and sharers come from: bpf or proc") },
};

static const char *robust_look_word(enum robust_look robust)
{
	switch (robust) {
	case ROBUST_LOOK_UNREAD:
		return NULL;
	case ROBUST_LOOK_NULL:
	case ROBUST_LOOK_EMPTY:
		return "none";
	case ROBUST_LOOK_IN_USE:
		return "in-use";
	case ROBUST_LOOK_UNREADABLE:
		return "unreadable";
	case ROBUST_LOOK_BLOCKED:
		return "blocked";
	}
	return NULL;
}

/* What holds of a process that is there; the others are empty without it. */
static void get_seen(const struct status_row *row, enum status_column column, struct cell *ret)
{
	switch (column) {
	case STATUS_STATE:
		set_letter(ret, row->state);
		break;
	case STATUS_THREADS:
		set_number(ret, row->threads);
		break;
	case STATUS_FLAGS:
		explain_mm_flags(&row->flags, ",", ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case STATUS_FROZEN:
		if (row->frozen_version)
			snprintf(ret->buffer, sizeof(ret->buffer), "v%d:%s", row->frozen_version,
				 row->frozen);
		set_buffer(ret);
		break;
	case STATUS_PPID:
		set_number(ret, row->ppid);
		break;
	case STATUS_USER:
		set_number(ret, row->uid);
		break;
	case STATUS_CGROUP:
		set_text(ret, row->cgroup);
		break;
	case STATUS_DUMPFILTER:
		if (row->dump_filter != UNKNOWN)
			snprintf(ret->buffer, sizeof(ret->buffer), "0x%llx",
				 (unsigned long long)row->dump_filter);
		set_buffer(ret);
		break;
	case STATUS_SIGPENDING:
		explain_signals(row->pending, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case STATUS_TRACER:
		set_number(ret, row->tracer ? row->tracer : UNKNOWN);
		break;
	case STATUS_ROBUST:
		set_text(ret, robust_look_word(row->robust));
		break;
	case STATUS_INCOMPLETE:
		explain_blind(&row->blind, ret->words, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case STATUS_SOURCE:
		set_text(ret, row->source == SOURCE_BPF ? "bpf" : "proc");
		break;
	case STATUS_PID:
	case STATUS_INODE:
	case STATUS_PHASE:
	case STATUS_COMM:
	case STATUS_RSS:
	case STATUS_SWAP:
	case STATUS_SHARERS:
	case STATUS_USERS:
	case STATUS_COUNT:
	case STATUS_OOMADJ:
	case STATUS_BLOCKER:
	case STATUS_COREDUMP:
	case STATUS_THP:
	case STATUS_KSM:
	case STATUS_VMAS:
	case STATUS_ANON:
	case STATUS_FILE:
	case STATUS_SHMEM:
	case STATUS_HUGETLB:
	case STATUS_PAGETABLES:
	case STATUS_EVIDENCE:
	case STATUS_NEXT:
		break;
	}
}

static void status_get(const void *data, unsigned int column, struct cell *ret)
{
	const struct status_row *row = data;

	switch ((enum status_column)column) {
	case STATUS_PID:
		set_number(ret, row->id.pid > 0 ? row->id.pid : UNKNOWN);
		break;
	case STATUS_INODE:
		set_inode(ret, &row->id);
		break;
	case STATUS_PHASE:
		set_text(ret,
			 row->seen || row->phase == PHASE_GONE ? phase_word(row->phase) : NULL);
		break;
	case STATUS_COMM:
		set_text(ret, row->id.comm);
		break;
	case STATUS_RSS:
		set_number(ret, row->rss_bytes);
		break;
	case STATUS_SWAP:
		set_number(ret, row->swap_bytes);
		break;
	case STATUS_SHARERS:
		set_number(ret, row->n_sharers);
		break;
	case STATUS_USERS:
		set_number(ret, row->users);
		break;
	case STATUS_COUNT:
		set_number(ret, row->count);
		break;
	case STATUS_OOMADJ:
		/* It may be -1, which is UNKNOWN elsewhere. */
		ret->known = row->has_oom_adj;
		ret->number = row->oom_adj;
		break;
	case STATUS_BLOCKER:
		explain_blocker(row, ret->words, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case STATUS_COREDUMP:
		set_number(ret, row->core_dumping);
		break;
	case STATUS_THP:
		set_number(ret, row->thp);
		break;
	case STATUS_KSM:
		set_number(ret, row->ksm_pages);
		break;
	case STATUS_VMAS:
		set_number(ret, row->vmas);
		break;
	case STATUS_ANON:
		set_number(ret, row->anon_bytes);
		break;
	case STATUS_FILE:
		set_number(ret, row->file_bytes);
		break;
	case STATUS_SHMEM:
		set_number(ret, row->shmem_bytes);
		break;
	case STATUS_HUGETLB:
		set_number(ret, row->hugetlb_bytes);
		break;
	case STATUS_PAGETABLES:
		set_number(ret, row->pagetable_bytes);
		break;
	case STATUS_EVIDENCE:
		explain_evidence(row->evidence, ret->words, "; ", ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case STATUS_NEXT:
		if (row->seen)
			explain_next(row, ret->words, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	case STATUS_STATE:
	case STATUS_THREADS:
	case STATUS_FLAGS:
	case STATUS_FROZEN:
	case STATUS_PPID:
	case STATUS_USER:
	case STATUS_CGROUP:
	case STATUS_DUMPFILTER:
	case STATUS_SIGPENDING:
	case STATUS_TRACER:
	case STATUS_ROBUST:
	case STATUS_INCOMPLETE:
	case STATUS_SOURCE:
		if (row->seen)
			get_seen(row, (enum status_column)column, ret);
		break;
	}
}

const struct row_table report_table_status = {
	.key = "status",
	.columns = status_columns,
	.n_columns = sizeof(status_columns) / sizeof(status_columns[0]),
	.defaults = "pid,inode,phase,comm,state,threads,rss,swap,sharers,flags,users,count,frozen,"
		    "oomadj,blocker",
	.get = status_get,
};
