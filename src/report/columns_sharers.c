// SPDX-License-Identifier: GPL-2.0-or-later

/* The columns of `sharers`, and why the view is incomplete in words. */

#include "cells.h"
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
	[SHARERS_GROUP] = { "group", CELL_NUMBER, "ordinal of the address space" },
	[SHARERS_PID] = { "pid", CELL_NUMBER, "process ID" },
	[SHARERS_INODE] = { "inode", CELL_NUMBER,
			    "pidfs inode; PID:INODE names exactly this process" },
	[SHARERS_PPID] = { "ppid", CELL_NUMBER, "process ID of the parent" },
	[SHARERS_USER] = { "user", CELL_NUMBER, "effective user ID" },
	[SHARERS_RELATION] = { "relation", CELL_TEXT,
			       "target, vfork-child, vfork-parent or clone-vm" },
	[SHARERS_STATE] = { "state", CELL_TEXT, "state letter of /proc/PID/stat" },
	[SHARERS_THREADS] = { "threads", CELL_NUMBER, "number of threads" },
	[SHARERS_RSS] = { "rss", CELL_BYTES, "resident memory, the same for the whole group" },
	[SHARERS_KILLABLE] = { "killable", CELL_BOOL, "you may signal it" },
	[SHARERS_COMM] = { "comm", CELL_TEXT, "command name" },
	[SHARERS_CGROUP] = { "cgroup", CELL_TEXT, "cgroup that its memory is charged to" },
	[SHARERS_USERS] = { "users", CELL_NUMBER, "mm_users, where the kernel can be asked" },
	[SHARERS_SOURCE] = { "source", CELL_TEXT, "where the answer comes from: bpf or kcmp" },
	[SHARERS_INCOMPLETE] = { "incomplete", CELL_TEXT,
				 "why there may be more; empty where there are not" },
};

void explain_blind(const struct blind *blind, char *ret, size_t size)
{
	char comm[4 * COMM_SIZE], text[7][SENTENCE_SIZE / 2];
	size_t n = 0, used = 0;

	text_escape(blind->unknown.comm, comm, sizeof(comm));
	if (blind->no_right)
		snprintf(text[n++], sizeof(text[0]), "no right to inspect the target (ptrace)");
	if (blind->no_kcmp)
		snprintf(text[n++], sizeof(text[0]),
			 "address spaces cannot be compared: no kcmp, or a filter forbids it");
	if (blind->n_unknown)
		snprintf(text[n++], sizeof(text[0]), "%zu %s not be compared (%s%d%s%s)",
			 blind->n_unknown,
			 blind->n_unknown == 1 ? "process could" : "processes could",
			 blind->n_unknown == 1 ? "" : "first: ", blind->unknown.pid,
			 *comm ? " " : "", comm);
	if (blind->hidepid)
		snprintf(text[n++], sizeof(text[0]),
			 "/proc hides the processes of other users (hidepid)");
	if (blind->pid_ns)
		snprintf(text[n++], sizeof(text[0]),
			 "processes outside of this PID namespace cannot be seen");
	if (blind->blocked)
		snprintf(text[n++], sizeof(text[0]), "the target is in the middle of an execve");
	if (blind->changed)
		snprintf(text[n++], sizeof(text[0]),
			 "processes changed faster than they were read");
	*ret = '\0';
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(ret + used, size - used, "%s%s", i ? "; " : "", text[i]);
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
		explain_blind(&row->blind, ret->buffer, sizeof(ret->buffer));
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
