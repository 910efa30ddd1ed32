// SPDX-License-Identifier: GPL-2.0-or-later

/* The command lines of the commands that only look. */

#include <mmreap/options.h>
#include <stddef.h>

#define GROUP_OF(rows) .options = (rows), .n_options = sizeof(rows) / sizeof((rows)[0])

#define AT(member) offsetof(struct sharers_options, member)
static const struct cli_option sharers_options[] = {
	{ "all", 'a', CLI_FLAG, NULL, AT(all), N_("every shared address space there is") },
	{ "check", 0, CLI_FLAG, NULL, AT(check), N_("status: 0 alone, 7 shared, 6 unknown") },
	{ "source", 0, CLI_CHOICE, "auto|bpf|kcmp", AT(source), N_("where the answer comes from") },
};
#undef AT

static const struct cli_group sharers_group = {
	GROUP_OF(sharers_options),
};

const struct cli_syntax cli_syntax_sharers = {
	.name = "sharers",
	.summary = N_("say which processes share an address space"),
	.usage = N_("[OPTION...] TARGET... | --all"),
	.groups = {
		{ &sharers_group, offsetof(struct sharers_request, opt) },
		{ &cli_group_target, offsetof(struct sharers_request, targets) },
		{ &cli_group_output, offsetof(struct sharers_request, out) },
		{ &cli_group_common, 0 },
	},
	.targets_offset = offsetof(struct sharers_request, targets),
	.targets = TARGETS_OPTIONAL,
};

#define AT(member) offsetof(struct status_options, member)
static const struct cli_option status_options[] = {
	{ "deep", 0, CLI_FLAG, NULL, AT(deep), N_("also what can wait for its mmap lock") },
	{ "source", 0, CLI_CHOICE, "auto|bpf|proc", AT(source), N_("where the answer comes from") },
};
#undef AT

static const struct cli_group status_group = {
	GROUP_OF(status_options),
};

const struct cli_syntax cli_syntax_status = {
	.name = "status",
	.summary = N_("say where in its life cycle an address space is, and why"),
	.usage = N_("[OPTION...] [TARGET...]"),
	.groups = {
		{ &status_group, offsetof(struct status_request, opt) },
		{ &cli_group_target, offsetof(struct status_request, targets) },
		{ &cli_group_output, offsetof(struct status_request, out) },
		{ &cli_group_common, 0 },
	},
	.targets_offset = offsetof(struct status_request, targets),
	.targets = TARGETS_OPTIONAL,
};

const struct cli_syntax cli_syntax_probe = {
	.name = "probe",
	.summary = N_("say what this kernel, this machine and this user can do"),
	.usage = N_("[OPTION...]"),
	.groups = {
		{ &cli_group_output, offsetof(struct probe_request, out) },
		{ &cli_group_common, 0 },
	},
	.targets_offset = offsetof(struct probe_request, targets),
	.targets = TARGETS_NONE,
};
