// SPDX-License-Identifier: GPL-2.0-or-later

/* The command line of `watch`. */

#include <mmreap/options.h>
#include <stddef.h>

#define AT(member) offsetof(struct watch_options, member)
static const struct cli_option watch_options[] = {
	{ "for", 0, CLI_CHOICE, "exited|reaped|gone", AT(goal), N_("what to wait for") },
	{ "any", 0, CLI_FLAG, NULL, AT(any), N_("one target is enough") },
	{ "timeout", 't', CLI_DURATION, "DURATION", AT(timeout_us),
	  N_("give up, and say what blocks") },
	{ "interval", 0, CLI_DURATION, "DURATION", AT(interval_us), N_("where there is no event") },
	{ "progress", 0, CLI_CHOICE, "auto|always|never", AT(progress), N_("one redrawn line") },
	{ "source", 0, CLI_CHOICE, "auto|bpf|proc", AT(source),
	  N_("kernel events, or /proc alone") },
	{ "verbose", 'v', CLI_FLAG, NULL, AT(verbose), N_("say what blocks before the timeout") },
};
#undef AT

static const struct cli_group watch_group = {
	.options = watch_options,
	.n_options = sizeof(watch_options) / sizeof(watch_options[0]),
};

const struct cli_syntax cli_syntax_watch = {
	.name = "watch",
	.summary = N_("wait until the reap is finished, and show it"),
	.usage = N_("[OPTION...] TARGET..."),
	.groups = {
		{ &watch_group, offsetof(struct watch_request, opt) },
		{ &cli_group_target, offsetof(struct watch_request, targets) },
		{ &cli_group_output, offsetof(struct watch_request, out) },
		{ &cli_group_common, 0 },
	},
	.targets_offset = offsetof(struct watch_request, targets),
	.targets = TARGETS_NEEDED,
};

enum cli_verdict cli_parse_watch(int argc, const char **argv, struct watch_request *ret,
				 struct cli_error *ret_error)
{
	enum cli_verdict verdict;

	*ret = (struct watch_request){
		.opt = { .goal = WATCH_FOR_REAPED, .timeout_us = UNKNOWN, .interval_us = 100000 }
	};
	verdict = cli_parse(&cli_syntax_watch, argc, argv, ret, ret_error);
	if (verdict == CLI_RUN && ret->opt.interval_us < 1000) {
		cli_fail(ret_error, "--interval is at least 1ms: each look holds the memory for an "
				    "instant");
		return CLI_USAGE;
	}
	return verdict;
}
