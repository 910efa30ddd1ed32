/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the commands that only look have in common: their targets, and what they cannot see. */

#include <mmreap/kernelview.h>
#include <mmreap/observe.h>
#include <mmreap/target.h>

#include "selection.h"

/**
 * struct look - the targets of a command that only looks, held
 * @zombie: a dead child of ours, the known NULL mm; 0 where none could be made
 * @blind: what no look from here can see
 */
struct look {
	struct run_self self;
	struct selection selection;
	struct target *targets;
	size_t n_targets;
	pid_t zombie;
	struct mounts mounts;
	struct blind blind;
};

/**
 * look_open - Hold every target.
 * @cgroups: the mount table is wanted for where they are; else it is read only where procfs can hide
 *	processes from us: libmount takes as long as 400 comparisons
 * @ret: to be released with look_close() whatever is returned
 * Returns STATUS_OK, or the exit status of the run after having said why.
 */
enum exit_status look_open(const struct target_list *list, bool cgroups, bool json,
			   struct look *ret);
void look_close(struct look *look);

/** look_find_ancestors - For whoever advises `kill`: it refuses them. Returns STATUS_OK, or has said why. */
enum exit_status look_find_ancestors(struct look *look, bool json);

/** look_explain_target - Put in words why a target is not held; returns its exit status. */
enum exit_status look_explain_target(const struct target *t, struct cli_error *ret);

/**
 * look_say_target - Say why a target is not held: on stderr, with @json on stdout too, as a line of
 * JSON Lines. Returns its exit status.
 */
enum exit_status look_say_target(const struct target *t, bool json);

/** look_say_no_room - Say that they cannot, and why (errno). */
enum exit_status look_say_no_room(bool json);

/* What one look has open at a time, beside the targets: for one of them, for all processes, deep. */
#define LOOK_ROOM 4
#define LOOK_ROOM_ALL 6
#define LOOK_ROOM_DEEP 8

/**
 * look_open_kernel - Ask for the kernel's own view, where @source allows it.
 * @room: how many files the look has open at a time; they must be left
 * @ret: NULL where there is none and none is demanded; to be closed with kernelview_close()
 * Returns STATUS_OK, or another after having said why it cannot be had.
 */
enum exit_status look_open_kernel(const struct look *look, enum source source, int room, bool json,
				  struct kernelview **ret);

/** look_cleanup_kernel - For a variable that holds one. */
static inline void look_cleanup_kernel(struct kernelview **view)
{
	kernelview_close(*view);
}

/** look_kernel_source - The view as what shared_find() asks. */
struct kernel_source look_kernel_source(struct kernelview *view);

/**
 * look_compare - Find who shares the mm of @ref, under a limit of time.
 * @ret: to be freed with look_comparison_free(), also after an error
 * Returns 0, also where nothing could be compared: ret->blind says so; -ESRCH: it has no mm; -ENOMEM.
 */
struct comparison {
	struct run_self self;
	struct proc_ref ref;
	pid_t zombie;
	int err;
	struct sharer_scan scan;
	struct blind blind;
};

int look_compare(const struct look *look, const struct proc_ref *ref, struct comparison **ret);
void look_comparison_free(struct comparison **c);
