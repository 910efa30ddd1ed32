// SPDX-License-Identifier: GPL-2.0-or-later

/* The columns of `sharers`, and why the view is incomplete in words. */

#include "cells.h"
#include "sentence.h"
#include <string.h>

enum sharers_column {
	SHARERS_GROUP,
	SHARERS_PID,
	SHARERS_INODE,
	SHARERS_PPID,
	SHARERS_USER,
	SHARERS_RELATION,
	SHARERS_STATE,
	SHARERS_THREADS,
	SHARERS_RSS,
	SHARERS_KILLABLE,
	SHARERS_COMM,
	SHARERS_CGROUP,
	SHARERS_USERS,
	SHARERS_SOURCE,
	SHARERS_INCOMPLETE,
};

static const struct column sharers_columns[] = {
	[SHARERS_GROUP] = { "group", CELL_NUMBER, N_("ordinal of the address space") },
	[SHARERS_PID] = { "pid", CELL_NUMBER, N_("process ID") },
	[SHARERS_INODE] = { "inode", CELL_INODE,
			    N_("pidfs inode; PID:INODE names exactly this process") },
	[SHARERS_PPID] = { "ppid", CELL_NUMBER, N_("process ID of the parent") },
	[SHARERS_USER] = { "user", CELL_NUMBER, N_("effective user ID") },
	[SHARERS_RELATION] = { "relation", CELL_TEXT,
			       N_("target, vfork-child, vfork-parent or clone-vm") },
	[SHARERS_STATE] = { "state", CELL_TEXT, N_("state letter of /proc/PID/stat") },
	[SHARERS_THREADS] = { "threads", CELL_NUMBER, N_("number of threads") },
	[SHARERS_RSS] = { "rss", CELL_BYTES, N_("resident memory, the same for the whole group") },
	[SHARERS_KILLABLE] = { "killable", CELL_BOOL, N_("you may signal it") },
	[SHARERS_COMM] = { "comm", CELL_TEXT, N_("command name") },
	[SHARERS_CGROUP] = { "cgroup", CELL_TEXT, N_("cgroup that its memory is charged to") },
	[SHARERS_USERS] = { "users", CELL_NUMBER, N_("mm_users, where the kernel can be asked") },
	[SHARERS_SOURCE] = { "source", CELL_TEXT, N_("where the answer comes from: bpf or kcmp") },
	[SHARERS_INCOMPLETE] = { "incomplete", CELL_TEXT,
				 N_("why there may be more; empty where there are not") },
};

/* Begins the next reason, after a semicolon where there was one before. */
static void next_reason(struct sentence *s, const char *begin)
{
	if (s->at != begin)
		sentence_say(s, SEMICOLON);
}

void explain_blind(const struct blind *blind, const struct words *words, char *ret, size_t size)
{
	struct sentence s = { .at = ret, .left = size, .words = words };
	char proc[PROC_SIZE], error[ERROR_SIZE];

	*ret = '\0';
	if (blind->err) {
		sentence_error(words, -blind->err, error, sizeof(error));
		sentence_say(&s, "the look for them failed: %s", error);
	}
	if (blind->no_right) {
		next_reason(&s, ret);
		sentence_say(&s, "no right to inspect the target (ptrace)");
	}
	if (blind->no_kcmp) {
		next_reason(&s, ret);
		sentence_say(&s,
			     "address spaces cannot be compared: no kcmp, or a filter forbids it");
	}
	if (blind->n_unknown) {
		sentence_proc(&blind->unknown, proc, sizeof(proc));
		next_reason(&s, ret);
		sentence_count(&s, (int64_t)blind->n_unknown,
			       "%zu process could not be compared (%s)",
			       "%zu processes could not be compared (first: %s)", blind->n_unknown,
			       proc);
	}
	if (blind->hidepid) {
		next_reason(&s, ret);
		sentence_say(&s, "/proc hides the processes of other users (hidepid)");
	}
	if (blind->pid_ns) {
		next_reason(&s, ret);
		sentence_say(&s, "processes outside of this PID namespace cannot be seen");
	}
	if (blind->blocked) {
		next_reason(&s, ret);
		sentence_say(&s, "the target is in the middle of an execve");
	}
	if (blind->changed) {
		next_reason(&s, ret);
		sentence_say(&s, "processes changed faster than they were read");
	}
}

static void sharers_get(const void *data, unsigned int column, struct cell *ret)
{
	const struct sharers_row *row = data;

	switch ((enum sharers_column)column) {
	case SHARERS_GROUP:
		set_number(ret, (int64_t)row->group);
		break;
	case SHARERS_PID:
		set_number(ret, row->id.pid);
		break;
	case SHARERS_INODE:
		set_inode(ret, &row->id);
		break;
	case SHARERS_PPID:
		set_number(ret, row->ppid);
		break;
	case SHARERS_USER:
		set_number(ret, row->uid);
		break;
	case SHARERS_RELATION:
		set_text(ret, relation_word(row->relation));
		break;
	case SHARERS_STATE:
		set_letter(ret, row->state);
		break;
	case SHARERS_THREADS:
		set_number(ret, row->threads);
		break;
	case SHARERS_RSS:
		set_number(ret, row->rss_bytes);
		break;
	case SHARERS_KILLABLE:
		set_number(ret, row->killable);
		break;
	case SHARERS_COMM:
		set_text(ret, row->id.comm);
		break;
	case SHARERS_CGROUP:
		set_text(ret, row->cgroup);
		break;
	case SHARERS_USERS:
		set_number(ret, row->users);
		break;
	case SHARERS_SOURCE:
		set_text(ret, row->source == SOURCE_BPF ? "bpf" : "kcmp");
		break;
	case SHARERS_INCOMPLETE:
		explain_blind(&row->blind, ret->words, ret->buffer, sizeof(ret->buffer));
		set_buffer(ret);
		break;
	}
}

const struct row_table report_table_sharers = {
	.key = "sharers",
	.columns = sharers_columns,
	.n_columns = sizeof(sharers_columns) / sizeof(sharers_columns[0]),
	.defaults = "group,pid,inode,ppid,user,relation,state,threads,rss,killable,comm",
	.get = sharers_get,
};
