/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What all commands do with their targets: names and cgroups become PIDs, PIDs become processes. */

#include <mmreap/options.h>
#include <mmreap/outcome.h>
#include <mmreap/select.h>

/**
 * struct selection - the targets of a command line
 * @specs: owned; PIDs, of which those from --comm and --cgroup are marked as selected
 * @cgroups: owned; those of --cgroup, open
 */
struct selection {
	const struct sys *sys;
	const struct run_self *self;
	struct target_spec *specs;
	size_t n_specs, capacity;
	struct mounts mounts;
	struct cgroup_ref *cgroups;
	size_t n_cgroups;
};

/** struct selection_error - why nothing was selected, as a sentence, and the exit status for it */
struct selection_error {
	enum exit_status status;
	struct cli_error said;
};

/**
 * selection_open - Turn a target list into PIDs; cgroups are found but not yet listed.
 * @ret: to be freed with selection_free() whatever is returned
 * Returns 0 or -1 with @ret_error.
 */
int selection_open(const struct sys *sys, const struct run_self *self,
		   const struct target_list *list, struct selection *ret,
		   struct selection_error *ret_error);
void selection_free(struct selection *s);

/**
 * selection_add_members - Add the members of all cgroups.
 * @protect: refuse a cgroup that holds PID 1, mmreap or (but with @allow_ancestors) its ancestors
 */
int selection_add_members(struct selection *s, bool protect, bool allow_ancestors,
			  struct selection_error *ret_error);

/** selection_no_proc - Say why observe_self() gave @err. Returns -1 with @ret_error. */
int selection_no_proc(int err, struct selection_error *ret_error);

/** selection_no_mounts - Say why mounts_load() gave @err, and what helps. Returns -1 with @ret_error. */
int selection_no_mounts(int err, struct selection_error *ret_error);

/**
 * selection_has_room - Can so many more files (8 at most) be open at a time?
 * A look that cannot open what is there would take it for what is not. 0, or a negative errno, which
 * is in errno as well.
 */
int selection_has_room(const struct run_self *self, int n);

/** selection_raise_file_limit - Several descriptors for each target: as many as we may have. */
void selection_raise_file_limit(void);

/** selection_resolve - Hold every process; see target_resolve(). Returns 0 or -1 with @ret_error. */
int selection_resolve(const struct selection *s, struct target **ret, size_t *ret_n,
		      struct selection_error *ret_error);

/** selection_say - report_error() for @error; returns its status */
int selection_say(struct selection_error *error, bool json);
