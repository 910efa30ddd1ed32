// SPDX-License-Identifier: GPL-2.0-or-later

/* Command lines → requests, and every way to be wrong. */

#include "unit.h"
#include <mmreap/cleanup.h>
#include <mmreap/command.h>

static enum cli_verdict parse(const char *const *args, struct kill_request *ret,
			      struct cli_error *ret_error)
{
	const char *argv[24] = { "kill" };
	int argc = 1;

	while (args[argc - 1])
		argv[argc] = args[argc - 1], argc++;
	return cli_parse_kill(argc, argv, ret, ret_error);
}

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_defaults(void)
{
	_cleanup_(kill_request_free) struct kill_request r;
	struct cli_error e;

	is_int(parse(ARGS("4711", "12:34"), &r, &e), CLI_RUN, "two targets");
	is_int(r.targets.n_specs, 2, "both are there");
	is_int(r.targets.specs[0].kind, SPEC_PID, "first is a PID");
	is_int(r.targets.specs[0].pid, 4711, "first");
	is_int(r.targets.specs[1].kind, SPEC_PID_INODE, "second has an inode");
	is_int(r.targets.specs[1].inode, 34, "second");
	is_str(r.targets.specs[1].text, "12:34", "text is kept");
	ok(!r.targets.specs[0].selected, "typed, not selected");
	is_int(r.opt.method, CHOOSE_AUTO, "method");
	is_int(r.opt.sharers, SHARERS_REFUSE, "sharers");
	is_int(r.opt.grace_us, UNKNOWN, "no grace");
	is_int(r.opt.timeout_us, UNKNOWN, "no timeout");
	ok(!r.opt.hold_never && !r.opt.robust_ignore && !r.opt.boost_never && !r.opt.reap_only &&
		   !r.opt.thaw && !r.opt.dry_run && !r.opt.interactive && !r.opt.allow_ancestors &&
		   !r.opt.quiet && !r.opt.verbose && !r.opt.log,
	   "every flag is off");
	ok(!r.out.columns && !r.out.output_all && !r.out.noheadings && !r.out.raw && !r.out.json &&
		   !r.out.bytes,
	   "no output option");
}

static void test_options(void)
{
	_cleanup_(kill_request_free) struct kill_request r;
	struct cli_error e;

	is_int(parse(ARGS("-m", "kill-reap", "--hold=never", "--robust", "ignore", "--boost",
			  "never", "--sharers=spare", "-g2s", "-t", "2500ms", "--thaw", "--dry-run",
			  "-iqv", "--allow-ancestors", "--log", "-nbo", "+step", "1"),
		     &r, &e),
	       CLI_RUN, "all at once: %s", e.text);
	is_int(r.opt.method, CHOOSE_KILL_REAP, "method");
	is_int(r.opt.sharers, SHARERS_SPARE, "sharers");
	is_int(r.opt.grace_us, 2000000, "grace");
	is_int(r.opt.timeout_us, 2500000, "timeout");
	ok(r.opt.hold_never && r.opt.robust_ignore && r.opt.boost_never, "three words");
	ok(r.opt.thaw && r.opt.dry_run && r.opt.interactive && r.opt.allow_ancestors &&
		   r.opt.quiet && r.opt.verbose && r.opt.log,
	   "every flag");
	ok(!r.opt.reap_only, "and no other");
	ok(r.out.noheadings && r.out.bytes && !r.out.json && !r.out.raw, "output flags");
	is_str(r.out.columns, "+step", "columns");
}

static void test_targets(void)
{
	_cleanup_(kill_request_free) struct kill_request r;
	struct cli_error e;

	is_int(parse(ARGS("--comm", "java", "--cgroup=/a/b", "--pidfd", "7", "9"), &r, &e), CLI_RUN,
	       "selections add up");
	is_int(r.targets.n_specs, 4, "four");
	ok(r.targets.specs[0].kind == SPEC_COMM && !strcmp(r.targets.specs[0].text, "java") &&
		   r.targets.specs[0].selected,
	   "a name is a selection");
	ok(r.targets.specs[1].kind == SPEC_CGROUP && !strcmp(r.targets.specs[1].text, "/a/b") &&
		   r.targets.specs[1].selected,
	   "a cgroup is a selection");
	ok(r.targets.specs[2].kind == SPEC_PIDFD && r.targets.specs[2].fd == 7 &&
		   !r.targets.specs[2].selected,
	   "a pidfd is none");
	is_int(r.targets.specs[3].pid, 9, "and a PID");
}

static void test_order(void)
{
	struct kill_request r;
	struct cli_error e;

	is_int(parse(ARGS("1", "--dry-run", "2"), &r, &e), CLI_RUN, "options between targets");
	ok(r.opt.dry_run && r.targets.n_specs == 2, "are options");
	kill_request_free(&r);
	is_int(parse(ARGS("--", "1"), &r, &e), CLI_RUN, "after --");
	is_int(r.targets.n_specs, 1, "a target");
	kill_request_free(&r);
	is_int(parse(ARGS("-t1", "-t2", "-o", "pid", "-o", "comm", "1"), &r, &e), CLI_RUN,
	       "repeated");
	is_int(r.opt.timeout_us, 2000000, "the last duration holds");
	is_str(r.out.columns, "comm", "the last list holds");
	kill_request_free(&r);
	is_int(parse(ARGS("-H"), &r, &e), CLI_COLUMNS, "-H needs no target");
	kill_request_free(&r);
	is_int(parse(ARGS("-H", "1"), &r, &e), CLI_COLUMNS, "-H wants only the list");
	is_int(r.targets.n_specs, 0, "and takes no target");
	kill_request_free(&r);
	is_int(parse(ARGS("--comm", "123456789012345"), &r, &e), CLI_RUN, "15 bytes are a name");
	kill_request_free(&r);
	is_int(parse(ARGS("--reap-only", "-t", "1", "--robust=ignore", "1"), &r, &e), CLI_RUN,
	       "--reap-only with what it may have: %s", e.text);
	kill_request_free(&r);
}

static void test_errors(void)
{
	static const struct {
		const char *args[6]; /* ends with NULL */
		const char *text;    /* in the message */
	} rows[] = {
		{ { NULL }, "no target" },
		{ { "abc" }, "\"abc\"" },
		{ { "1", "abc" }, "\"abc\"" },
		{ { "abc", "1" }, "\"abc\"" },
		{ { "" }, "\"\"" },
		{ { "0" }, "\"0\"" },
		{ { "12:" }, "\"12:\"" },
		{ { "99999999999" }, "\"99999999999\"" },
		{ { "--", "-5" }, "\"-5\"" },
		{ { "--", "1", "--dry-run" }, "\"--dry-run\"" },
		{ { "1", "--comm=" }, "--comm is empty" },
		{ { "1", "--comm", "" }, "--comm is empty" },
		{ { "1", "--cgroup=" }, "--cgroup is empty" },
		{ { "1", "--cgroup", "" }, "--cgroup is empty" },
		{ { "--comm", "1234567890123456" }, "15 bytes" },
		{ { "--pidfd=", "1" }, "--pidfd" },
		{ { "--pidfd=-1", "1" }, "--pidfd" },
		{ { "1", "-9" }, "always sends SIGKILL" },
		{ { "-5", "1" }, "always sends SIGKILL" },
		{ { "-KILL", "1" }, "always sends SIGKILL" },
		{ { "-SIGKILL", "1" }, "always sends SIGKILL" },
		{ { "-HUP", "1" }, "always sends SIGKILL" },
		{ { "-s", "KILL", "1" }, "always sends SIGKILL" },
		{ { "-s9", "1" }, "always sends SIGKILL" },
		{ { "--signal", "9", "1" }, "always sends SIGKILL" },
		{ { "--signal=9", "1" }, "always sends SIGKILL" },
		{ { "1", "--frobnicate" }, "--frobnicate" },
		{ { "1", "--dry" }, "--dry" },
		{ { "1", "--dry-runx" }, "--dry-runx" },
		{ { "1", "-x" }, "-x" },
		{ { "1", "-qx" }, "-qx" },
		{ { "1", "--dry-run=no" }, "--dry-run" },
		{ { "1", "-t" }, "-t needs an argument" },
		{ { "1", "--timeout" }, "--timeout needs an argument" },
		{ { "-t", "", "1" }, "--timeout takes a duration" },
		{ { "-t-1", "1" }, "--timeout takes a duration" },
		{ { "-g1h", "1" }, "--grace takes a duration" },
		{ { "-t99999999999999999999", "1" }, "too long" },
		{ { "--hold=maybe", "1" }, "auto|never" },
		{ { "--hold=", "1" }, "auto|never" },
		{ { "--sharers=k", "1" }, "refuse|kill|spare" },
		{ { "-mkill", "1" }, "auto|reap-kill|kill-reap" },
		{ { "-rJ", "1" }, "--raw and --json" },
		{ { "-O", "-opid", "1" }, "--output and --output-all" },
		{ { "--reap-only", "-g1", "1" }, "--grace" },
		{ { "-g1", "-t1", "1" }, "--grace must be shorter than --timeout" },
		{ { "-g5s", "-t300ms", "1" }, "--grace must be shorter than --timeout" },
		{ { "--reap-only", "-mkill-reap", "1" }, "--method" },
		{ { "--reap-only", "--sharers=kill", "1" }, "--sharers" },
		{ { "-H", "--bogus" }, "--bogus" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		_cleanup_(kill_request_free) struct kill_request r;
		struct cli_error e;

		is_int(parse(rows[i].args, &r, &e), CLI_USAGE, "row %zu, %s", i, rows[i].text);
		if (!ok(strstr(e.text, rows[i].text), "row %zu says %s", i, rows[i].text))
			note("%s", e.text);
		ok(!e.json || strstr(rows[i].text, "json"), "row %zu is not JSON", i);
	}
}

static void test_json_error(void)
{
	static const char *const rows[][6] = {
		{ "-J", "abc" },     { "abc", "-J" },	   { "--bogus", "--json", "1" },
		{ "-9", "-J", "1" }, { "-bJ", "-t", "x" }, { "-J" },
		{ "--comm=", "-J" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		_cleanup_(kill_request_free) struct kill_request r;
		struct cli_error e;

		is_int(parse(rows[i], &r, &e), CLI_USAGE, "row %zu", i);
		ok(e.json, "row %zu asked for JSON: %s", i, e.text);
	}
}

static int run_nothing(int argc, const char **argv)
{
	(void)argc, (void)argv;
	return 0;
}

static void test_global(void)
{
	static const struct command kill_command = { &cli_syntax_kill, run_nothing };
	static const struct command *const list[] = { &kill_command, NULL };
	static const struct {
		const char *name;
		const char *argv[6];
		enum cli_verdict verdict;
		int index;
		bool json;
	} rows[] = {
		{ "a command", { "mmreap", "kill", "1" }, CLI_RUN, 1, false },
		{ "its options are its own",
		  { "mmreap", "kill", "--bogus", "-J" },
		  CLI_RUN,
		  1,
		  true },
		{ "after --", { "mmreap", "--", "kill", "1" }, CLI_RUN, 2, false },
		{ "nothing", { "mmreap" }, CLI_USAGE, 0, false },
		{ "only --", { "mmreap", "--" }, CLI_USAGE, 0, false },
		{ "unknown", { "mmreap", "frob" }, CLI_USAGE, 0, false },
		{ "unknown in JSON", { "mmreap", "frob", "-J" }, CLI_USAGE, 0, true },
		{ "empty", { "mmreap", "" }, CLI_USAGE, 0, false },
		{ "abbreviated", { "mmreap", "kil", "1" }, CLI_USAGE, 0, false },
		{ "longer", { "mmreap", "kills", "1" }, CLI_USAGE, 0, false },
		{ "upper case", { "mmreap", "KILL", "1" }, CLI_USAGE, 0, false },
		{ "a command's option",
		  { "mmreap", "--dry-run", "kill", "1" },
		  CLI_USAGE,
		  0,
		  false },
		{ "JSON too early", { "mmreap", "--json", "kill", "1" }, CLI_USAGE, 0, true },
		{ "a PID", { "mmreap", "4711" }, CLI_USAGE, 0, false },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		const char *argv[6];
		struct cli_error e;
		int argc = 0, index = 0;

		memcpy(argv, rows[i].argv, sizeof(argv));
		while (argv[argc])
			argc++;
		is_int(command_parse_global(list, argc, argv, &index, &e), rows[i].verdict, "%s",
		       rows[i].name);
		is_int(index, rows[i].index, "%s: place of the word", rows[i].name);
		is_int(e.json, rows[i].json, "%s: JSON", rows[i].name);
		is_int(!*e.text, rows[i].verdict == CLI_RUN, "%s: message", rows[i].name);
	}
	ok(command_find(list, "kill") == &kill_command, "kill is found");
	ok(!command_find(list, "k"), "k is not");
}

/* What a table row may be wrong in. */
static void test_tables(void)
{
	const struct cli_syntax *s = &cli_syntax_kill;
	char letters[64] = "";

	for (size_t g = 0; g < CLI_MAX_GROUPS && s->groups[g].group; g++) {
		const struct cli_group *group = s->groups[g].group;

		for (size_t i = 0; i < group->n_options; i++) {
			const struct cli_option *o = &group->options[i];
			char letter[] = { o->letter, '\0' };
			bool words = o->kind == CLI_EITHER || o->kind == CLI_CHOICE;

			ok(!o->letter || !strchr(letters, o->letter), "-%s is used once", letter);
			strcat(letters, letter);
			ok(!words || strchr(o->arg, '|'), "--%s says its words", o->name);
			ok(o->help || o->kind == CLI_SIGNAL, "--%s has help", o->name);
		}
	}
}

int main(void)
{
	RUN(test_defaults);
	RUN(test_options);
	RUN(test_targets);
	RUN(test_order);
	RUN(test_errors);
	RUN(test_json_error);
	RUN(test_global);
	RUN(test_tables);
	return unit_done();
}
