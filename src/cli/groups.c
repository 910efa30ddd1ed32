// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The option groups that several commands share, and the command lines made of them.
 * An option exists once: here.
 */

#include <mmreap/options.h>
#include <stddef.h>

#define GROUP_OF(rows) .options = (rows), .n_options = sizeof(rows) / sizeof((rows)[0])

#define AT(member) offsetof(struct output_options, member)
static const struct cli_option output_options[] = {
	{ "output", 'o', CLI_TEXT, "[+]LIST", AT(columns), N_("columns to print") },
	{ "output-all", 'O', CLI_FLAG, NULL, AT(output_all), N_("print all columns") },
	{ "noheadings", 'n', CLI_FLAG, NULL, AT(noheadings), N_("no headings") },
	{ "raw", 'r', CLI_FLAG, NULL, AT(raw), N_("raw columns") },
	{ "json", 'J', CLI_FLAG, NULL, AT(json), N_("JSON") },
	{ "bytes", 'b', CLI_FLAG, NULL, AT(bytes), N_("sizes in bytes") },
	{ "list-columns", 'H', CLI_LIST_COLUMNS, NULL, 0, N_("list the columns") },
};
#undef AT

const struct cli_group cli_group_output = {
	.title = N_("Output:"),
	GROUP_OF(output_options),
	.compact = true,
};

static const struct cli_option target_options[] = {
	{ "comm", 0, CLI_COMM, "NAME", 0, N_("every process of exactly this name") },
	{ "cgroup", 0, CLI_CGROUP, "PATH", 0, N_("every process in this cgroup and below") },
	{ "pidfd", 0, CLI_PIDFD, "N", 0, N_("the process of an inherited pidfd") },
};

const struct cli_group cli_group_target = {
	.title = N_("Targets: PID, PID:INODE, - (from standard input),"),
	GROUP_OF(target_options),
	.compact = true,
};

static const struct cli_option common_options[] = {
	{ "help", 'h', CLI_HELP, NULL, 0, N_("this help") },
	{ "version", 'V', CLI_VERSION, NULL, 0, N_("version and optional parts") },
};

const struct cli_group cli_group_common = {
	.title = N_("Other:"),
	GROUP_OF(common_options),
	.compact = true,
};

/* --- kill ------------------------------------------------------------------------------ */

#define AT(member) offsetof(struct kill_options, member)
static const struct cli_option kill_options[] = {
	{ "method", 'm', CLI_CHOICE, "auto|reap-kill|kill-reap", AT(method),
	  N_("how to kill and reap") },
	{ "hold", 0, CLI_EITHER, "auto|never", AT(hold_never), N_("keep a thread for the reap") },
	{ "robust", 0, CLI_EITHER, "respect|ignore", AT(robust_ignore),
	  N_("futexes first, or ignored") },
	{ "boost", 0, CLI_EITHER, "auto|never", AT(boost_never), N_("raise an exit that lags") },
	{ "sharers", 0, CLI_CHOICE, "refuse|kill|spare", AT(sharers),
	  N_("others with the same memory") },
	{ "grace", 'g', CLI_DURATION, "DURATION", AT(grace_us), N_("SIGTERM first, then wait") },
	{ "reap-only", 0, CLI_FLAG, NULL, AT(reap_only), N_("no signal: reap who is dying") },
	{ "timeout", 't', CLI_DURATION, "DURATION", AT(timeout_us),
	  N_("hard limit for the whole run") },
	{ "thaw", 0, CLI_FLAG, NULL, AT(thaw), N_("let a frozen victim exit") },
	{ "dry-run", 0, CLI_FLAG, NULL, AT(dry_run), N_("only say what would be done") },
	{ "interactive", 'i', CLI_FLAG, NULL, AT(interactive), N_("ask about each target") },
	{ "allow-ancestors", 0, CLI_FLAG, NULL, AT(allow_ancestors),
	  N_("shell or session of mmreap too") },
	{ "quiet", 'q', CLI_FLAG, NULL, AT(quiet), N_("print no result") },
	{ "verbose", 'v', CLI_FLAG, NULL, AT(verbose), N_("print each step on stderr") },
	{ "log", 0, CLI_FLAG, NULL, AT(log), N_("tell syslog") },
	{ "signal", 's', CLI_SIGNAL, NULL, 0, NULL },
};
#undef AT

static const struct cli_group kill_group = {
	GROUP_OF(kill_options),
};

const struct cli_syntax cli_syntax_kill = {
	.name = "kill",
	.summary = N_("kill, and give the memory back now"),
	.usage = N_("[OPTION...] TARGET..."),
	.groups = {
		{ &kill_group, offsetof(struct kill_request, opt) },
		{ &cli_group_target, offsetof(struct kill_request, targets) },
		{ &cli_group_output, offsetof(struct kill_request, out) },
		{ &cli_group_common, 0 },
	},
	.targets_offset = offsetof(struct kill_request, targets),
	.targets = TARGETS_NEEDED,
};

void kill_request_free(struct kill_request *req)
{
	target_list_free(&req->targets);
}

enum cli_verdict cli_parse_kill(int argc, const char **argv, struct kill_request *ret,
				struct cli_error *ret_error)
{
	const struct kill_options *opt = &ret->opt;
	enum cli_verdict verdict;

	*ret = (struct kill_request){ .opt = { .grace_us = UNKNOWN, .timeout_us = UNKNOWN } };
	verdict = cli_parse(&cli_syntax_kill, argc, argv, ret, ret_error);
	if (verdict != CLI_RUN)
		return verdict;
	if (opt->timeout_us > 0 && opt->grace_us >= opt->timeout_us)
		cli_fail(ret_error,
			 "--grace must be shorter than --timeout, or nothing would be killed");
	/* --reap-only sends no signal: what asks for one contradicts it. */
	else if (opt->reap_only && opt->grace_us != UNKNOWN)
		cli_fail(ret_error, "--reap-only sends no signal: --grace cannot be used with it");
	else if (opt->reap_only && opt->method != CHOOSE_AUTO)
		cli_fail(ret_error, "--reap-only sends no signal: --method cannot be used with it");
	else if (opt->reap_only && opt->sharers != SHARERS_REFUSE)
		cli_fail(ret_error,
			 "--reap-only sends no signal: --sharers cannot be used with it");
	return *ret_error->text ? CLI_USAGE : CLI_RUN;
}
