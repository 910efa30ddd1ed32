// SPDX-License-Identifier: GPL-2.0-or-later

/* Text of an argument → value: src/cli/values.c, src/target/parse.c. */

#include "unit.h"
#include <errno.h>
#include <mmreap/options.h>

static void test_duration(void)
{
	static const struct {
		const char *text;
		int r;
		int64_t us;
	} rows[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1000000 },
		{ "2s", 0, 2000000 },
		{ "500ms", 0, 500000 },
		{ "1m", 0, 60000000 },
		{ "1.5s", 0, 1500000 },
		{ "1.5", 0, 1500000 },
		{ "0.25m", 0, 15000000 },
		{ "0.001ms", 0, 1 },
		{ "0.000001", 0, 1 },
		{ "1.500000000", 0, 1500000 },
		{ "007", 0, 7000000 },
		{ "2305843009213.693951", 0, INT64_MAX / 4 },
		/* with the time since boot added it would be a time in the past */
		{ "2305843009213.693952", -ERANGE, 0 },
		{ "9223372036854", -ERANGE, 0 },
		{ "9223372036854.775807", -ERANGE, 0 },
		{ "9223372036854.775808", -ERANGE, 0 },
		{ "9223372036855", -ERANGE, 0 },
		{ "9223372036854775807", -ERANGE, 0 },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "18446744073709551617", -ERANGE, 0 },
		{ "153722867281m", -ERANGE, 0 },
		{ "0.0000001", -ERANGE, 0 },
		{ "0.0001ms", -ERANGE, 0 },
		{ "1.0000000000", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "1,5", -EINVAL, 0 },
		{ "1.5.5", -EINVAL, 0 },
		{ "1h", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1mss", -EINVAL, 0 },
		{ "1s1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "inf", -EINVAL, 0 },
		{ "nan", -EINVAL, 0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		int64_t us = 42;

		is_int(value_parse_duration(rows[i].text, &us), rows[i].r, "\"%s\" returns",
		       rows[i].text);
		is_int(us, rows[i].r ? 42 : rows[i].us, "\"%s\" microseconds", rows[i].text);
	}
}

static void test_fd(void)
{
	static const struct {
		const char *text;
		int r, fd;
	} rows[] = {
		{ "0", 0, 0 },
		{ "17", 0, 17 },
		{ "2147483647", 0, 2147483647 },
		{ "2147483648", -ERANGE, 0 },
		{ "99999999999", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1a", -EINVAL, 0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		int fd = -42;

		is_int(value_parse_fd(rows[i].text, &fd), rows[i].r, "\"%s\" returns",
		       rows[i].text);
		is_int(fd, rows[i].r ? -42 : rows[i].fd, "\"%s\" descriptor", rows[i].text);
	}
}

static void test_word(void)
{
	static const char words[] = "refuse|kill|spare";

	is_int(value_parse_word("refuse", words), 0, "first");
	is_int(value_parse_word("kill", words), 1, "middle");
	is_int(value_parse_word("spare", words), 2, "last");
	is_int(value_parse_word("spar", words), -EINVAL, "no abbreviations");
	is_int(value_parse_word("spares", words), -EINVAL, "nothing longer");
	is_int(value_parse_word("", words), -EINVAL, "empty");
	is_int(value_parse_word("Kill", words), -EINVAL, "case");
	is_int(value_parse_word("refuse|kill", words), -EINVAL, "two words");
}

static void test_signal(void)
{
	static const char *const yes[] = {
		"-9",	    "-0",      "-15",	"-64",	   "-KILL",	"-SIGKILL", "-TERM",
		"-SIGTERM", "-HUP",    "-INT",	"-USR1",   "-STOP",	"-RTMIN+1", "-SIGRTMAX-2",
		"-IO",	    "-VTALRM", "-ABRT", "-STKFLT", "-SIGWINCH",
	};
	static const char *const no[] = {
		"-",	  "",	   "--",   "-x",  "-J",	       "--9", "KILL", "-KIL",
		"-KILLX", "-kill", "-SIG", "-9x", "-ILL|INFO", "-|",  "-H",   "-O",
	};

	for (size_t i = 0; i < UNIT_ROWS(yes); i++)
		ok(value_is_signal(yes[i]), "%s is a signal", yes[i]);
	for (size_t i = 0; i < UNIT_ROWS(no); i++)
		ok(!value_is_signal(no[i]), "%s is none", no[i]);
}

static void test_target(void)
{
	static const struct {
		const char *text;
		int r;
		enum spec_kind kind;
		pid_t pid;
		uint64_t inode;
	} rows[] = {
		{ "1", 0, SPEC_PID, 1, 0 },
		{ "4711", 0, SPEC_PID, 4711, 0 },
		{ "0010", 0, SPEC_PID, 10, 0 }, /* decimal, never octal */
		{ "2147483647", 0, SPEC_PID, 2147483647, 0 },
		{ "12:34", 0, SPEC_PID_INODE, 12, 34 },
		{ "12:18446744073709551615", 0, SPEC_PID_INODE, 12, UINT64_MAX },
		{ "0", -ERANGE, 0, 0, 0 },
		{ "2147483648", -ERANGE, 0, 0, 0 },
		{ "4294967297", -ERANGE, 0, 0, 0 },	      /* 1 in 32 bits */
		{ "18446744073709551617", -ERANGE, 0, 0, 0 }, /* 1 in 64 bits */
		{ "99999999999", -ERANGE, 0, 0, 0 },
		{ "12:0", -ERANGE, 0, 0, 0 },
		{ "0:12", -ERANGE, 0, 0, 0 },
		{ "12:18446744073709551616", -ERANGE, 0, 0, 0 },
		{ "", -EINVAL, 0, 0, 0 },
		{ "abc", -EINVAL, 0, 0, 0 },
		{ "-5", -EINVAL, 0, 0, 0 },
		{ "+5", -EINVAL, 0, 0, 0 },
		{ " 5", -EINVAL, 0, 0, 0 },
		{ "5 ", -EINVAL, 0, 0, 0 },
		{ "5\t", -EINVAL, 0, 0, 0 },
		{ "5x", -EINVAL, 0, 0, 0 },
		{ "0x5", -EINVAL, 0, 0, 0 },
		{ "1e3", -EINVAL, 0, 0, 0 },
		{ "12:", -EINVAL, 0, 0, 0 },
		{ ":12", -EINVAL, 0, 0, 0 },
		{ ":", -EINVAL, 0, 0, 0 },
		{ "12:34:56", -EINVAL, 0, 0, 0 },
		{ "12:x", -EINVAL, 0, 0, 0 },
		{ "12:-1", -EINVAL, 0, 0, 0 },
		{ "12,13", -EINVAL, 0, 0, 0 },
		{ "99999999999999999999x", -EINVAL, 0, 0, 0 },
		{ "99999999999:x", -EINVAL, 0, 0, 0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct target_spec spec = { .pid = -42 };

		if (!is_int(target_parse(rows[i].text, &spec), rows[i].r, "\"%s\" returns",
			    rows[i].text))
			continue;
		if (rows[i].r) {
			is_int(spec.pid, -42, "\"%s\" leaves the spec alone", rows[i].text);
			continue;
		}
		ok(spec.kind == rows[i].kind && spec.pid == rows[i].pid &&
			   spec.inode == rows[i].inode && spec.fd == -1 && !spec.selected &&
			   spec.text == rows[i].text,
		   "\"%s\" is kind %d, %d:%llu", rows[i].text, (int)spec.kind, spec.pid,
		   (unsigned long long)spec.inode);
	}
}

int main(void)
{
	RUN(test_duration);
	RUN(test_fd);
	RUN(test_word);
	RUN(test_signal);
	RUN(test_target);
	return unit_done();
}
