// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Texts of /proc to facts: texts as kernels print them, texts that lie, and 100,000 generated ones,
 * the same each time. Each text lies in memory of exactly its length, so that the address sanitizer
 * sees a read behind its end.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "unit.h"
#include "whole_status.h"
#include <mmreap/observe.h>

/* --- chance: splitmix64, the same on every machine ------------------------------------- */

static uint64_t chance_state = 20261122;

static uint64_t chance(uint64_t n)
{
	uint64_t z = chance_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31)) % n;
}

/* A number of any size: as many small ones as huge ones. */
static uint64_t chance_number(void)
{
	uint64_t n = chance(UINT64_MAX);

	return n >> chance(64);
}

/* @len bytes, and nothing behind them. */
static char *exactly(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	memcpy(copy, text, len);
	return len ? copy : (free(copy), malloc(0));
}

/* --- texts as kernels print them -------------------------------------------------------- */

/* Linux 6.18 */
static const char stat_sleep[] =
	"14038 (sleep) R 14036 14036 4533 0 -1 4194304 110 0 0 0 7 9 0 0 20 0 1 0 343880 2560000 "
	"305 18446744073709551615 94484652974080 94484652992009 140724470733408 0 0 0 0 6 0 0 0 0 "
	"17 0 0 0 0 0 0 94484653006096 94484653007360 94485436055552 140724470741648 "
	"140724470741657 140724470741657 140724470743017 0\n";
static const char stat_kthreadd[] =
	"2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 21 0 0 18446744073709551615 0 0 "
	"0 0 0 0 0 2147483647 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
/* killed with SIGKILL, SCHED_FIFO, seen by a stranger: addresses hidden, start_code 1 */
static const char stat_dying[] =
	"77 (a b) D 1 77 77 0 -1 4195332 1 0 0 0 1 2 0 0 -2 0 3 0 99 4096 7 18446744073709551615 1 1 "
	"0 0 0 256 0 0 0 0 0 0 -1 1 1 1 0 0 0 0 0 0 0 0 0 0 9\n";

static const char stat_edge[] =
	"5 (x) S 1 5 5 0 -1 64 0 0 0 0 -9223372036854775808 -9223372036854775809 0 0 20 0 4 0 55 8192 "
	"2 0 1 1 0 0 0\n";

#define STAT_TAIL " S 1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 4 0 55 8192 2 0 1 1 0 0 0\n"

static int parse_stat(const char *text, size_t len, struct stat_facts *ret)
{
	char *copy = exactly(text, len);
	int err = procfile_stat(copy, len, ret);

	free(copy);
	return err;
}

static void test_stat(void)
{
	struct stat_facts f;

	is_int(parse_stat(stat_sleep, strlen(stat_sleep), &f), 0, "a process");
	is_int(f.pid, 14038, "pid");
	is_str(f.comm, "sleep", "comm");
	is_int(f.state, 'R', "state");
	is_int(f.ppid, 14036, "ppid");
	is_int(f.flags, 4194304, "flags");
	is_int(f.utime_ticks, 7, "utime");
	is_int(f.stime_ticks, 9, "stime");
	is_int(f.threads, 1, "threads");
	is_int(f.start_ticks, 343880, "start time");
	is_int(f.vsize_bytes, 2560000, "vsize");
	is_int(f.rss_pages, 305, "rss");
	is_int(f.start_code, 94484652974080, "start_code");
	is_int(f.start_stack, 140724470733408, "start_stack");
	is_int(f.pending, 0, "no signal waits");
	is_int(f.policy, 0, "policy");
	is_int(f.exit_code, 0, "exit_code");

	is_int(parse_stat(stat_kthreadd, strlen(stat_kthreadd), &f), 0, "a kernel thread");
	is_str(f.comm, "kthreadd", "its comm");
	is_int(f.ppid, 0, "its ppid");
	ok(f.flags & PF_KTHREAD, "its flag");
	is_int(f.start_code, 0, "it has no code");

	is_int(parse_stat(stat_dying, strlen(stat_dying), &f), 0, "a dying one");
	is_str(f.comm, "a b", "its comm has a blank");
	is_int(f.state, 'D', "its state");
	ok(f.flags & PF_SIGNALED, "its flag");
	is_int(f.threads, 3, "its threads");
	is_int(f.start_code, 1, "its code is hidden");
	is_int(f.pending, 256, "SIGKILL waits for it");
	is_int(f.policy, 1, "its policy");
	is_int(f.exit_code, 9, "its exit code");

	is_int(parse_stat(stat_edge, strlen(stat_edge), &f), 0, "the smallest number");
	ok(f.utime_ticks == INT64_MIN && f.stime_ticks == INT64_MIN, "is not 0");
}

static void test_stat_names(void)
{
	static const struct {
		const char *text, *comm;
	} rows[] = {
		{ "5 ()" STAT_TAIL, "" },
		{ "5 ())" STAT_TAIL, ")" },
		{ "5 ((sd-pam))" STAT_TAIL, "(sd-pam)" },
		{ "5 (x) Z 1 ()" STAT_TAIL, "x) Z 1 (" },
		{ "5 () Z 1 5 5 0 -1 4 0)" STAT_TAIL, ") Z 1 5 5 0 -1 4 0" },
		{ "5 (new\nline)" STAT_TAIL, "new\nline" },
		{ "5 (\033[31mred)" STAT_TAIL, "\033[31mred" },
		{ "5 (\"quote\\)" STAT_TAIL, "\"quote\\" },
		{ "5 (\xff\xfe)" STAT_TAIL, "\xff\xfe" },
		{ "5 ( )" STAT_TAIL, " " },
		/* no shorter line is believed */
		{ "5 (x) S 1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 4 0 55 8192 2 0 1 1 0", "x" },
		/* a kernel thread's name with its work, up to 63 bytes; what is longer is cut */
		{ "5 (kworker/u8:3+events_unbound)" STAT_TAIL, "kworker/u8:3+events_unbound" },
		{ "5 (0123456789012345678901234567890123456789012345678901234567890123456789)" STAT_TAIL,
		  "012345678901234567890123456789012345678901234567890123456789012" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct stat_facts f = { 0 };

		is_int(parse_stat(rows[i].text, strlen(rows[i].text), &f), 0, "row %zu", i);
		is_str(f.comm, rows[i].comm, "name of row %zu", i);
		ok(f.state == 'S' && f.ppid == 1 && f.threads == 4 && f.start_ticks == 55,
		   "the name of row %zu passes for nothing else", i);
		is_int(f.policy, -1, "a short line has no policy: row %zu", i);
		is_int(f.exit_code, 0, "nor an exit code: row %zu", i);
	}
}

static void test_stat_bad(void)
{
	static const char *const rows[] = {
		"",
		"\n",
		"5",
		"5 ",
		"5 (",
		"5 (x",
		"5 (x)",
		"5 (x) ",
		"5 (x) S",
		"5 (x) S 1 5 5",
		"x (x)" STAT_TAIL,
		"5 x" STAT_TAIL,
		"0 (x)" STAT_TAIL,
		"-5 (x)" STAT_TAIL,
		"99999999999 (x)" STAT_TAIL,
		"(x)" STAT_TAIL,
		"5 (x) 7 1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 4 0 55 8192 2 0 1 1 0 0 0\n",
		"5 (x) S -1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 4 0 55 8192 2 0 1 1 0 0 0\n",
		"5 (x) S 1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 -4 0 55 8192 2 0 1 1 0 0 0\n",
		"5 (x) S 1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 9999999999 0 55 8192 2 0 1 1 0 0 0\n",
		"5 (x) S 1 5 5 0 -1 64 0 0 0 0 0 0 0 0 20 0 4 0 55 8192 2 0 1 1\n",
		"5 (x) S 1 5 5 0 -1 64 0 0 z 0 0 0 0 0 20 0 4 0 55 8192 2 0 1 1 0 0 0\n",
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct stat_facts f, before;

		memset(&f, 0x5a, sizeof(f));
		before = f;
		is_int(parse_stat(rows[i], strlen(rows[i]), &f), -EBADMSG, "bad row %zu", i);
		ok(!memcmp(&f, &before, sizeof(f)), "bad row %zu leaves the facts alone", i);
	}
	/* Cut anywhere: the same facts or none. */
	for (size_t len = 0; len < strlen(stat_sleep); len++) {
		struct stat_facts f;

		if (parse_stat(stat_sleep, len, &f) == 0 &&
		    !ok(f.pid == 14038 && f.ppid == 14036 && !strcmp(f.comm, "sleep"),
			"cut after %zu bytes", len))
			break;
	}
}

static const char status_sleep[] =
	"Name:\tsleep\nUmask:\t0022\nState:\tR (running)\nTgid:\t14038\nNgid:\t0\nPid:\t14038\n"
	"PPid:\t14036\nTracerPid:\t17\nUid:\t1000\t1001\t1002\t1003\nGid:\t0\t0\t0\t0\nFDSize:\t256\n"
	"Groups:\t \nNStgid:\t14038\nNSpid:\t14038\t99\t1\nNSpgid:\t14036\nNSsid:\t4533\nKthread:\t0\n"
	"VmPeak:\t    2600 kB\nVmSize:\t    2500 kB\nVmLck:\t      12 kB\nVmPin:\t      13 kB\n"
	"VmHWM:\t    1524 kB\nVmRSS:\t    1424 kB\nRssAnon:\t     100 kB\nRssFile:\t    1324 kB\n"
	"RssShmem:\t       8 kB\nVmData:\t     224 kB\nVmStk:\t     132 kB\nVmExe:\t      20 kB\n"
	"VmLib:\t    1528 kB\nVmPTE:\t      44 kB\nVmSwap:\t       3 kB\nHugetlbPages:\t    2048 kB\n"
	"CoreDumping:\t1\nTHP_enabled:\t1\nuntag_mask:\t0xffffffffffffffff\nThreads:\t6\n"
	"SigQ:\t9/96365\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000004000\n"
	"SigBlk:\t0000000000010000\nSigIgn:\tfffffffffffffff6\nSigCgt:\tabcdef0123456789\n"
	"CapInh:\t0000000000000000\nCpus_allowed_list:\t0-1\n";
static const char status_kthreadd[] =
	"Name:\tkthreadd\nState:\tS (sleeping)\nTgid:\t2\nPid:\t2\nPPid:\t0\nTracerPid:\t0\n"
	"Uid:\t0\t0\t0\t0\nNSpid:\t2\nThreads:\t1\nSigPnd:\t0000000000000000\n";
static const char status_empty[] = "Tgid:\t9\nVmSize:\t       0 kB\nThreads:\t1\n";
static const char status_sizes[] =
	"Tgid:\t9\nVmRSS:\t-5 kB\nVmSize:\t9007199254740992 kB\nVmPin:\t9007199254740991 kB\n"
	"NSpid:\t9\t-3\nUid:\t0\t-7\nThreads:\t1\n";
/* The second line is as long as a buffer of 64 bytes, but for "mSize:...". */
static const char status_long[] =
	"Tgid:\t9\nV234567890123456789012345678901234567890123456789012345678901234"
	"mSize:\t9 kB\nThreads:\t1\n";

static int parse_status(const char *text, size_t len, struct status_facts *ret)
{
	char *copy = exactly(text, len);
	int err = whole_status(copy, len, ret);

	free(copy);
	return err;
}

static void test_status(void)
{
	struct status_facts f;

	is_int(parse_status(status_sleep, strlen(status_sleep), &f), 0, "a process");
	is_int(f.tgid, 14038, "tgid");
	is_int(f.tracer, 17, "tracer");
	is_int(f.uid, 1001, "the effective uid");
	is_int(f.ns_levels, 3, "PID namespaces");
	is_int(f.ns_pid, 1, "PID in its own");
	ok(f.core_dumping, "core dumping");
	is_int(f.sig_pending, 1 << 8, "SigPnd");
	is_int(f.shd_pending, 1 << 14, "ShdPnd");
	is_int(f.sig_blocked, 1 << 16, "SigBlk");
	ok(f.sig_ignored == UINT64_C(0xfffffffffffffff6), "SigIgn, all 64 bits");
	ok(f.sig_caught == UINT64_C(0xabcdef0123456789), "SigCgt, all digits");
	is_int(f.vm_size_kib, 2500, "VmSize");
	is_int(f.vm_rss_kib, 1424, "VmRSS");
	is_int(f.vm_hwm_kib, 1524, "VmHWM");
	is_int(f.rss_anon_kib, 100, "RssAnon");
	is_int(f.rss_file_kib, 1324, "RssFile");
	is_int(f.rss_shmem_kib, 8, "RssShmem");
	is_int(f.vm_swap_kib, 3, "VmSwap");
	is_int(f.vm_pte_kib, 44, "VmPTE");
	is_int(f.vm_lck_kib, 12, "VmLck");
	is_int(f.vm_pin_kib, 13, "VmPin");
	is_int(f.hugetlb_kib, 2048, "HugetlbPages");
	is_int(f.thp_enabled, 1, "THP_enabled");

	is_int(parse_status(status_kthreadd, strlen(status_kthreadd), &f), 0, "a kernel thread");
	is_int(f.ns_levels, 1, "one PID namespace");
	is_int(f.vm_size_kib, UNKNOWN, "a line that is not there is unknown, not 0");
	is_int(f.vm_rss_kib, UNKNOWN, "RSS, too");
	is_int(f.thp_enabled, -1, "THP, too");
	ok(!f.core_dumping, "no core dump");

	is_int(parse_status(status_empty, strlen(status_empty), &f), 0, "an mm without VMA");
	is_int(f.vm_size_kib, 0, "is 0, not unknown");
	is_int(f.uid, -1, "uid not there");

	is_int(parse_status(status_sizes, strlen(status_sizes), &f), 0, "sizes that cannot be");
	ok(f.vm_rss_kib == UNKNOWN && f.vm_size_kib == UNKNOWN, "are unknown");
	ok(f.vm_pin_kib == INT64_MAX / 1024, "the largest that can be counted in bytes");
	ok(f.ns_pid == 0 && f.uid == -1, "numbers that cannot be are none");
}

static void test_status_lies(void)
{
	static const struct {
		const char *text;
		int err;
	} rows[] = {
		/* the kernel escapes a newline in a name */
		{ "Name:\tTgid:\t666\nTgid:\t9\nThreads:\t1\n", 0 },
		{ "Name:\t\\nTgid:\t666\nTgid:\t9\nThreads:\t1\n", 0 },
		{ "Threads:\t1\nTgid:\t9", 0 },
		{ "Tgid:9\nThreads:0\n", 0 },
		/* not whole: nothing is known of its mm */
		{ "Tgid:\t9\n", -EBADMSG },
		{ "Tgid:\t9\nGroups:\t1 2 3", -EBADMSG },
		{ "Tgid:\t9\nThreads:\t\n", -EBADMSG },
		{ "Tgid:\t9\nThreads:\t-1\n", -EBADMSG },
		{ "", -EBADMSG },
		{ "\n\n\n", -EBADMSG },
		{ "Tgid:\n", -EBADMSG },
		{ "Tgid:\tx\n", -EBADMSG },
		{ "Tgid:\t0\n", -EBADMSG },
		{ "Tgid:\t-9\n", -EBADMSG },
		{ "Tgid:\t99999999999\n", -EBADMSG },
		{ "XTgid:\t9\n", -EBADMSG },
		{ "Tgid\t9\n", -EBADMSG },
		{ "tgid:\t9\n", -EBADMSG },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct status_facts f, before;

		memset(&f, 0x5a, sizeof(f));
		before = f;
		is_int(parse_status(rows[i].text, strlen(rows[i].text), &f), rows[i].err, "row %zu",
		       i);
		if (rows[i].err)
			ok(!memcmp(&f, &before, sizeof(f)), "row %zu leaves the facts alone", i);
		else
			is_int(f.tgid, 9, "row %zu: the right line", i);
	}
}

/* @text through a buffer of @size bytes, of which each read fills no more than @step. */
static int parse_parts(const char *text, size_t len, size_t size, size_t step,
		       struct status_facts *ret)
{
	char *buf = malloc(size);
	size_t kept = 0, n;

	if (!buf)
		abort();
	procfile_status_begin(ret);
	for (size_t off = 0; off < len; off += n) {
		n = size - kept < step ? size - kept : step;
		n = n < len - off ? n : len - off;
		memcpy(buf + kept, text + off, n);
		kept = procfile_status_part(ret, buf, kept + n, size);
		if (kept >= size)
			abort();
	}
	free(buf);
	return kept ? -ENODATA : procfile_status_end(ret);
}

/* Whatever is read at once, and whatever lines there are that do not fit. */
static void test_status_parts(void)
{
	static const char numbers[] = " 4294967294 4294967293";
	const char *groups = strstr(status_sleep, "Groups:\t") + strlen("Groups:\t");
	size_t head = (size_t)(groups - status_sleep), len = strlen(status_sleep), n = 0;
	char *text = malloc(len + 65536 * 11);
	struct status_facts whole, got;

	if (!text)
		abort();
	memset(&whole, 0, sizeof(whole)); /* the holes between the fields, too */
	memset(&got, 0, sizeof(got));
	parse_status(status_sleep, len, &whole);
	for (size_t size = 64; size < 1300; size += 7)
		n += parse_parts(status_sleep, len, size, 1 + size % 90, &got) == 0 &&
		     memcmp(&got, &whole, sizeof(got)) == 0;
	is_int((int)n, 177, "the same facts through any buffer that holds our lines");

	memcpy(text, status_sleep, head);
	for (int i = 0; i < 32768; i++)
		memcpy(text + head + 22 * i, numbers, 22);
	memcpy(text + head + 65536 * 11, groups, len - head);
	is_int(parse_parts(text, len + 65536 * 11, 4096, 4096, &got), 0, "65,536 groups");
	ok(memcmp(&got, &whole, sizeof(got)) == 0, "hide nothing");
	memcpy(text + head + 40000, "\tVmSize:\t9 kB", 14);
	is_int(parse_parts(text, len + 65536 * 11, 64, 64, &got), 0, "what stands in such a line");
	ok(memcmp(&got, &whole, sizeof(got)) == 0, "is no line of its own");

	is_int(parse_parts(status_long, strlen(status_long), 64, 64, &got), 0,
	       "what its end is read as");
	is_int(got.vm_size_kib, UNKNOWN, "neither");

	is_int(parse_parts(text, head + 40000, 4096, 4096, &got), -ENODATA, "cut in it");
	is_int(parse_parts(status_sleep,
			   (size_t)(strstr(status_sleep, "CoreDumping") - status_sleep), 4096, 4096,
			   &got),
	       -EBADMSG, "cut behind the lines of the mm");
	free(text);
}

static void test_statm(void)
{
	static const struct {
		const char *text;
		int err;
		int64_t resident, shared;
	} rows[] = {
		{ "730 472 445 5 0 89 0\n", 0, 472, 445 },
		{ "0 0 0 0 0 0 0\n", 0, 0, 0 },
		{ "8796093022208 8796093022207 1 0 0 0 0\n", 0, 8796093022207, 1 },
		/* more bytes than there are numbers, and what would pass for unknown */
		{ "1 8796093022208 1 0 0 0 0\n", -EBADMSG, 0, 0 },
		{ "1 1 -1 0 0 0 0\n", -EBADMSG, 0, 0 },
		{ "1 18446744073709551615 1 0 0 0 0\n", -EBADMSG, 0, 0 },
		{ "1 2 3", 0, 2, 3 },
		{ "", -EBADMSG, 0, 0 },
		{ "730 472", -EBADMSG, 0, 0 },
		{ "730 x 445\n", -EBADMSG, 0, 0 },
		{ "a b c\n", -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		int64_t resident = 77, shared = 78;
		size_t len = strlen(rows[i].text);
		char *copy = exactly(rows[i].text, len);

		is_int(procfile_statm(copy, len, &resident, &shared), rows[i].err, "row %zu", i);
		is_int(resident, rows[i].err ? 77 : rows[i].resident, "resident of row %zu", i);
		is_int(shared, rows[i].err ? 78 : rows[i].shared, "shared of row %zu", i);
		free(copy);
	}
}

/* Linux 6.18 */
static const char rollup_text[] =
	"55a1c1d1f000-7ffe8a7d2000 ---p 00000000 00:00 0                          [rollup]\n"
	"Rss:                1424 kB\nPss:                 215 kB\nPss_Dirty:            92 kB\n"
	"Pss_Anon:             88 kB\nPss_File:            127 kB\nPss_Shmem:             0 kB\n"
	"Shared_Clean:       1324 kB\nAnonymous:            92 kB\nKSM:                   0 kB\n"
	"LazyFree:              0 kB\nAnonHugePages:         7 kB\n";

static void test_rollup(void)
{
	static const struct {
		const char *text;
		int err;
		int64_t anon, pss_anon;
	} rows[] = {
		{ rollup_text, 0, 92, 88 },
		{ "Anonymous: 5 kB\n", 0, 5, UNKNOWN },
		{ "Pss_Anon: 5 kB\n", 0, UNKNOWN, 5 },
		{ "Anonymous: 0 kB\nPss_Anon: 0 kB", 0, 0, 0 },
		{ "AnonHugePages: 7 kB\nXAnonymous: 8 kB\n", -EBADMSG, 0, 0 },
		{ "Anonymous:\nPss_Anon:\n", -EBADMSG, 0, 0 },
		{ "Anonymous: -5 kB\nPss_Anon: 9007199254740992 kB\n", -EBADMSG, 0, 0 },
		{ "Anonymous: x\n", -EBADMSG, 0, 0 },
		{ "", -EBADMSG, 0, 0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		int64_t anon = 77, pss_anon = 78;
		size_t len = strlen(rows[i].text);
		char *copy = exactly(rows[i].text, len);

		is_int(procfile_rollup(copy, len, &anon, &pss_anon), rows[i].err, "row %zu", i);
		is_int(anon, rows[i].err ? 77 : rows[i].anon, "anonymous of row %zu", i);
		is_int(pss_anon, rows[i].err ? 78 : rows[i].pss_anon, "its share of row %zu", i);
		free(copy);
	}
}

static void test_auxv(void)
{
	static const uint64_t wide[] = {
		33, 0x7f9408a90000, 51, 3632, 16, 0x1f8bfbff, 6, 4096, 17, 100, 3, 64, 4, 56, 0, 0
	};
	static const uint32_t narrow[] = {
		32, 0xf7f0, 16, 0xbfeb, 6, 4096, 3, 52, 4, 32, 5, 9, 0, 0
	};
	static const uint64_t none[] = { 6, 4096, 0, 0, 4, 56 };
	static const uint32_t none32[] = { 6, 4096, 0, 0, 4, 32 };
	static const struct {
		const char *name;
		const void *data;
		size_t len;
		int bits;
	} rows[] = {
		{ "64-bit", wide, sizeof(wide), 64 },
		{ "64-bit, cut before AT_PHENT", wide, 6 * 16, 0 },
		{ "64-bit, cut within AT_PHENT", wide, 6 * 16 + 15, 0 },
		{ "64-bit, AT_PHENT last", wide, 7 * 16, 64 },
		{ "32-bit", narrow, sizeof(narrow), 32 },
		{ "32-bit, cut before AT_PHENT", narrow, 4 * 8, 0 },
		{ "32-bit, cut within AT_PHENT", narrow, 4 * 8 + 7, 0 },
		{ "nothing after AT_NULL", none, sizeof(none), 0 },
		{ "nothing after AT_NULL, 32-bit", none32, sizeof(none32), 0 },
		{ "empty: a kernel thread or a reaped mm", wide, 0, 0 },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		char *copy = exactly(rows[i].data, rows[i].len);

		is_int(procfile_auxv_bits(copy, rows[i].len), rows[i].bits, "%s", rows[i].name);
		free(copy);
	}
}

/* struct linux_dirent64, as getdents64(2) fills it */
static size_t put_dent(char *buf, size_t at, const char *name)
{
	size_t len = 19 + strlen(name) + 1;
	uint16_t reclen = (uint16_t)((len + 7) / 8 * 8);

	memset(buf + at, 0, reclen);
	memcpy(buf + at + 16, &reclen, sizeof(reclen));
	buf[at + 18] = 4;
	memcpy(buf + at + 19, name, strlen(name));
	return at + reclen;
}

static void test_dents(void)
{
	static const char *const names[] = {
		".",   "..",	     "1",	   "sys",
		"42",  "007",	     "0",	   "12a",
		"a12", "-5",	     "99999999",   "self",
		" 6",  "2147483647", "2147483648", "18446744073709551617",
		"3 ",  "4"
	};
	static const pid_t want[] = { 1, 42, 99999999, 2147483647, 4, 0 };
	char buf[1024];
	size_t len = 0, off = 0;
	char *copy;

	for (size_t i = 0; i < UNIT_ROWS(names); i++)
		len = put_dent(buf, len, names[i]);
	copy = exactly(buf, len);
	for (size_t i = 0; i < UNIT_ROWS(want); i++)
		is_int(procfile_next_pid(copy, len, &off), want[i], "number %zu", i);
	is_int(procfile_next_pid(copy, len, &off), 0, "the end stays the end");
	free(copy);

	/* Cut anywhere: no number that was not there, and an end. */
	for (size_t cut = 0; cut < len; cut++) {
		bool good = true;
		size_t at = 0;
		pid_t pid;

		copy = exactly(buf, cut);
		for (off = 0; (pid = procfile_next_pid(copy, cut, &off)) > 0; at++)
			good &= at < UNIT_ROWS(want) && pid == want[at];
		free(copy);
		if (!good && !ok(good, "cut after %zu bytes", cut))
			break;
	}
	/* A record of no length must not be read for ever. */
	memset(buf, 0, sizeof(buf));
	off = 0;
	is_int(procfile_next_pid(buf, sizeof(buf), &off), 0, "a record of no length");
}

static const char cgroup_text[] = "9:name=systemd:/a\n8:pids:/b\n6:freezer:/v1/frozen:odd\n"
				  "4:memory:/\n2:cpu,cpuacct:/c\n0::/user.slice/x (deleted)\n";

static void test_cgroup(void)
{
	static const struct {
		const char *text, *controller;
		size_t size;
		int err;
		const char *path;
	} rows[] = {
		{ cgroup_text, "freezer", 64, 0, "/v1/frozen:odd" },
		{ cgroup_text, "memory", 64, 0, "/" },
		{ cgroup_text, "cpu", 64, 0, "/c" },
		{ cgroup_text, "cpuacct", 64, 0, "/c" },
		{ cgroup_text, "name=systemd", 64, 0, "/a" },
		{ cgroup_text, "", 64, 0, "/user.slice/x (deleted)" },
		{ cgroup_text, "cpuset", 64, -ENOENT, NULL },
		{ cgroup_text, "cpuac", 64, -ENOENT, NULL },
		{ cgroup_text, "freeze", 64, -ENOENT, NULL },
		{ cgroup_text, "freezer", 15, 0, "/v1/frozen:odd" },
		{ cgroup_text, "freezer", 14, -ENAMETOOLONG, NULL },
		{ cgroup_text, "freezer", 1, -ENAMETOOLONG, NULL },
		{ "0::/\n", "", 2, 0, "/" },
		{ "0::/x\n", "", 8, 0, "/x" },
		{ "0::/x", "", 8, -ENOENT, NULL }, /* cut: it may be /xy */
		{ "0::/x", "freezer", 8, -ENOENT, NULL },
		{ "8:pids:/b\n", "", 8, -ENOENT, NULL },
		{ "", "", 8, -ENOENT, NULL },
		{ "0:", "", 8, -ENOENT, NULL },
		{ "rubbish\n0::/y\n", "", 8, 0, "/y" },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		size_t len = strlen(rows[i].text);
		char *copy = exactly(rows[i].text, len), *buf = malloc(rows[i].size);

		if (!buf)
			abort();
		is_int(procfile_cgroup(copy, len, rows[i].controller, buf, rows[i].size),
		       rows[i].err, "row %zu", i);
		if (rows[i].path)
			is_str(buf, rows[i].path, "path of row %zu", i);
		free(copy);
		free(buf);
	}
}

static void test_cgroup_in_place(void)
{
	static const char file[] = "3:cpu,memory:/a\n0::/b c/d\n";
	/* clang-format off */
	static const struct {
		const char *controller, *mount;
		size_t size;
		const char *dir, *path;
	} rows[] = {
		{ "", "/sys/fs/cgroup", 64, "/sys/fs/cgroup/b c/d", "/b c/d" },
		{ "memory", "/sys/fs/cgroup/memory", 64, "/sys/fs/cgroup/memory/a", "/a" },
		{ "memory", "", 64, "/a", "/a" },
		{ "memory", "/mnt", 7, "/mnt/a", "/a" },
		{ "memory", "/mnt", 6, NULL, NULL },
		{ "freezer", "/mnt", 64, NULL, NULL },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		char text[64];
		const char *path;

		memcpy(text, file, sizeof(file));
		path = procfile_cgroup_dir(text, sizeof(file) - 1, rows[i].size, rows[i].controller,
					   rows[i].mount);
		is_str(path ? path : "none", rows[i].path ? rows[i].path : "none", "path %zu", i);
		is_str(text, rows[i].dir ? rows[i].dir : file, "directory %zu", i);
	}
}

/* --- generated texts -------------------------------------------------------------------- */

#define CASES 100000
#define ROUND_TRIPS 20000 /* for each of six kinds of text */
#define TEXT_MAX 4096

struct text {
	char bytes[TEXT_MAX];
	size_t len;
};

static void put(struct text *t, const char *bytes, size_t len)
{
	if (len > TEXT_MAX - t->len)
		len = TEXT_MAX - t->len;
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void chance_seed(struct text *t)
{
	static const uint64_t auxv[] = { 33, 4, 4, 56, 17, 100, 4, 32, 0, 0 };
	static const struct {
		const void *bytes;
		size_t len;
	} seeds[] = {
		{ stat_sleep, sizeof(stat_sleep) - 1 },
		{ stat_dying, sizeof(stat_dying) - 1 },
		{ stat_kthreadd, sizeof(stat_kthreadd) - 1 },
		{ status_sleep, sizeof(status_sleep) - 1 },
		{ status_kthreadd, sizeof(status_kthreadd) - 1 },
		{ cgroup_text, sizeof(cgroup_text) - 1 },
		{ rollup_text, sizeof(rollup_text) - 1 },
		{ auxv, sizeof(auxv) },
		{ "730 472 445 5 0 89 0\n", 21 },
	};
	size_t which = chance(UNIT_ROWS(seeds) + 2);
	char number[24];

	if (which < UNIT_ROWS(seeds)) {
		put(t, seeds[which].bytes, seeds[which].len);
		return;
	}
	if (which == UNIT_ROWS(seeds)) {
		for (size_t n = chance(12); n; n--) {
			snprintf(number, sizeof(number), "%" PRIu64, chance_number());
			t->len = put_dent(t->bytes, t->len, chance(4) ? number : "self");
		}
		return;
	}
	for (size_t n = chance(300); n; n--) {
		char byte = (char)chance(256);

		put(t, &byte, 1);
	}
}

static void chance_harm(struct text *t)
{
	static const char *const splinters[] = { ")",
						 "(",
						 ") Z 1 (",
						 ":",
						 "\n",
						 "\t",
						 " ",
						 "-",
						 "--",
						 "0",
						 "18446744073709551616",
						 "99999999999999999999999999",
						 "-9223372036854775808",
						 "Tgid:\t",
						 "0::",
						 ",",
						 "" };
	size_t at = chance(t->len + 1), n = chance(t->len - at + 1);
	const char *splinter;
	size_t len;

	switch (chance(6)) {
	case 0: /* cut */
		t->len = at;
		break;
	case 1: /* flip */
		if (at < t->len)
			t->bytes[at] = (char)chance(256);
		break;
	case 2: /* take out */
		memmove(t->bytes + at, t->bytes + at + n, t->len - at - n);
		t->len -= n;
		break;
	case 3: /* say again */
		put(t, t->bytes + at, n);
		break;
	case 4: /* put in */
		splinter = splinters[chance(UNIT_ROWS(splinters))];
		len = strlen(splinter);
		if (len > TEXT_MAX - t->len)
			break;
		memmove(t->bytes + at + len, t->bytes + at, t->len - at);
		memcpy(t->bytes + at, splinter, len);
		t->len += len;
		break;
	case 5: /* fill */
		memset(t->bytes + at, (int)chance(256), n < 16 ? n : 16);
		break;
	}
}

/* The rules that hold for any bytes. */
static const char *stat_rule(const char *text, size_t len)
{
	struct stat_facts f, before;
	int err;

	memset(&f, 0x5a, sizeof(f));
	before = f;
	err = procfile_stat(text, len, &f);
	if (err)
		return err != -EBADMSG			? "stat: errno"
		       : memcmp(&f, &before, sizeof(f)) ? "stat: touched"
							: NULL;
	if (f.pid <= 0 || f.ppid < 0 || f.threads < 0)
		return "stat: range";
	return memchr(f.comm, '\0', sizeof(f.comm)) ? NULL : "stat: comm";
}

static void test_bytes(void)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} rows[] = {
		{ "0\n", 0 },
		{ "67321856\n", 67321856 },
		{ "36028797018963967\n", INT64_MAX >> 8 },
		{ "36028797018963968\n", UNKNOWN },
		{ "9223372036854775807\n", UNKNOWN },
		{ "99999999999999999999999\n", UNKNOWN },
		/* Watch took one for the charge of a cgroup, and subtracted it. */
		{ "-9223372036854775808\n", UNKNOWN },
		{ "-1\n", UNKNOWN },
		{ "max\n", UNKNOWN },
		{ "\n", UNKNOWN },
		{ "", UNKNOWN },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		size_t len = strlen(rows[i].text);
		char *copy = exactly(rows[i].text, len);

		is_int(procfile_bytes(copy, len), rows[i].bytes, "row %zu", i);
		free(copy);
	}
}

static const char *status_rule(const char *text, size_t len)
{
	struct status_facts f, before;
	int err;

	memset(&f, 0x5a, sizeof(f));
	before = f;
	err = whole_status(text, len, &f);
	if (err)
		return err != -EBADMSG			? "status: errno"
		       : memcmp(&f, &before, sizeof(f)) ? "status: touched"
							: NULL;
	return f.tgid > 0 && f.ns_levels >= 0 ? NULL : "status: range";
}

static const char *statm_rule(const char *text, size_t len)
{
	int64_t resident = 77, shared = 78;
	int err = procfile_statm(text, len, &resident, &shared);

	if (err)
		return err != -EBADMSG			? "statm: errno"
		       : resident != 77 || shared != 78 ? "statm: touched"
							: NULL;
	return NULL;
}

static const char *rollup_rule(const char *text, size_t len)
{
	int64_t anon = 77, pss_anon = 78;
	int err = procfile_rollup(text, len, &anon, &pss_anon);

	if (err)
		return err != -EBADMSG		      ? "rollup: errno"
		       : anon != 77 || pss_anon != 78 ? "rollup: touched"
						      : NULL;
	return anon >= 0 || pss_anon >= 0 ? NULL : "rollup: nothing";
}

static const char *auxv_rule(const char *data, size_t len)
{
	int bits = procfile_auxv_bits(data, len);

	return bits == 0 || bits == 32 || bits == 64 ? NULL : "auxv";
}

static const char *dents_rule(const char *buf, size_t len)
{
	size_t off = 0, last = 0;
	pid_t pid;

	while ((pid = procfile_next_pid(buf, len, &off)) != 0) {
		if (pid < 0 || off <= last || off > len)
			return "dents";
		last = off;
	}
	return NULL;
}

static const char *cgroup_rule(const char *text, size_t len)
{
	static const char *const controllers[] = { "", "freezer", "cpu", "memory", "name=systemd" };
	size_t size = 1 + chance(60);
	char *buf = malloc(size);
	const char *broken = NULL;
	int err;

	if (!buf)
		abort();
	memset(buf, 'x', size);
	err = procfile_cgroup(text, len, controllers[chance(UNIT_ROWS(controllers))], buf, size);
	if (err && err != -ENOENT && err != -ENAMETOOLONG)
		broken = "cgroup: errno";
	if (!err && !memchr(buf, '\0', size))
		broken = "cgroup: no end";
	if (!err && !broken && strchr(buf, '\n'))
		broken = "cgroup: two lines";
	free(buf);
	return broken;
}

static const char *try_all(const char *bytes, size_t len)
{
	static const char *(*const rules[])(const char *, size_t) = {
		stat_rule, status_rule, statm_rule, rollup_rule, auxv_rule, dents_rule, cgroup_rule,
	};

	for (size_t i = 0; i < UNIT_ROWS(rules); i++) {
		const char *broken = rules[i](bytes, len);

		if (broken)
			return broken;
	}
	return NULL;
}

static void test_generated(void)
{
	int broken = 0;

	for (int i = 0; i < CASES; i++) {
		struct text t = { .len = 0 };
		const char *what;
		char *copy;

		chance_seed(&t);
		for (size_t n = chance(6); n; n--)
			chance_harm(&t);
		copy = exactly(t.bytes, t.len);
		what = try_all(copy, t.len);
		free(copy);
		if (what && ++broken <= 10)
			note("case %d: %s", i, what);
	}
	is_int(broken, 0, "%d generated texts through every parser", CASES);
}

/* --- generated facts: what is written is what is read ------------------------------------ */

static bool stat_agrees(void)
{
	struct stat_facts want = { 0 };
	struct stat_facts got = { 0 };
	size_t n = chance(COMM_SIZE);
	char text[1024], *copy;
	int len, err;

	/* One after the other: in an initializer the order would be the compiler's. */
	want.pid = 1 + (pid_t)chance(4194304);
	want.state = "RSDTtZXI"[chance(8)];
	want.ppid = (pid_t)chance(4194304);
	want.flags = (unsigned int)chance_number();
	want.utime_ticks = (int64_t)(chance_number() >> 1);
	want.stime_ticks = (int64_t)(chance_number() >> 1);
	want.threads = (int)chance(70000);
	want.start_ticks = chance_number();
	want.vsize_bytes = (int64_t)(chance_number() >> 1);
	want.rss_pages = (int64_t)(chance_number() >> 1);
	want.start_code = chance_number();
	want.start_stack = chance_number();
	want.pending = chance_number();
	want.policy = (int)chance(7);
	want.exit_code = (int)chance(65536);
	for (size_t i = 0; i < n; i++)
		want.comm[i] = chance(3) ? "() Z1\n\\\"%"[chance(9)] : (char)(1 + chance(255));
	len = snprintf(text, sizeof(text),
		       "%d (%s) %c %d 1 2 0 -1 %u 3 4 5 6 %" PRId64 " %" PRId64
		       " 7 8 20 0 %d 0 %" PRIu64 " %" PRId64 " %" PRId64
		       " 18446744073709551615 %" PRIu64 " 9 %" PRIu64 " 0 0 %" PRIu64
		       " 0 0 0 0 0 0 17 0 0 %d 0 0 0 1 2 3 4 5 6 7 %d\n",
		       want.pid, want.comm, want.state, want.ppid, want.flags, want.utime_ticks,
		       want.stime_ticks, want.threads, want.start_ticks, want.vsize_bytes,
		       want.rss_pages, want.start_code, want.start_stack, want.pending, want.policy,
		       want.exit_code);
	copy = exactly(text, (size_t)len);
	err = procfile_stat(copy, (size_t)len, &got);
	free(copy);
	return !err && got.pid == want.pid && !strcmp(got.comm, want.comm) &&
	       got.state == want.state && got.ppid == want.ppid && got.flags == want.flags &&
	       got.utime_ticks == want.utime_ticks && got.stime_ticks == want.stime_ticks &&
	       got.threads == want.threads && got.start_ticks == want.start_ticks &&
	       got.vsize_bytes == want.vsize_bytes && got.rss_pages == want.rss_pages &&
	       got.start_code == want.start_code && got.pending == want.pending &&
	       got.start_stack == want.start_stack && got.policy == want.policy &&
	       got.exit_code == want.exit_code;
}

/* A size as /proc prints it, or none: half of the lines are missing on some kernel. */
static int64_t chance_kib(struct text *t, const char *key)
{
	int64_t kib = (int64_t)(chance_number() >> 11);
	char line[64];
	int len;

	if (chance(4) == 0)
		return UNKNOWN;
	len = snprintf(line, sizeof(line), "%s:\t%8" PRId64 " kB\n", key, kib);
	put(t, line, (size_t)len);
	return kib;
}

__attribute__((format(printf, 2, 3))) static void put_line(struct text *t, const char *format, ...);

static void put_line(struct text *t, const char *format, ...)
{
	char line[128];
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	put(t, line, (size_t)len);
}

/* A name as the kernel puts it into status: "\\" and "\n" escaped (proc_task_name()). */
static void put_name(struct text *t)
{
	static const char *const parts[] = { "Tgid:\t666", "\\n", "\\\\", ":",
					     "\t",	   " ",	  "\xff", "kB" };

	put(t, "Name:\t", 6);
	for (size_t n = chance(5); n; n--) {
		const char *part = parts[chance(UNIT_ROWS(parts))];

		put(t, part, strlen(part));
	}
	put(t, "\n", 1);
}

static bool status_agrees(void)
{
	struct text t = { .len = 0 };
	struct status_facts want = { .uid = -1, .thp_enabled = -1 }, got;
	char *copy;
	int err;

	put_name(&t);
	want.tgid = 1 + (pid_t)chance(4194304);
	put_line(&t, "State:\tS (sleeping)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n", want.tgid,
		 1 + (int)chance(4194304));
	want.tracer = (pid_t)chance(4194304);
	put_line(&t, "TracerPid:\t%d\n", want.tracer);
	if (chance(4)) {
		want.uid = (int)chance(65536);
		put_line(&t, "Uid:\t%d\t%d\t%d\t%d\n", (int)chance(9), want.uid, (int)chance(9),
			 (int)chance(9));
	}
	want.ns_levels = (int)chance(33);
	put(&t, "NSpid:", 6);
	for (int i = 0; i < want.ns_levels; i++) {
		want.ns_pid = 1 + (pid_t)chance(4194304);
		put_line(&t, "\t%d", want.ns_pid);
	}
	put(&t, "\n", 1);
	want.vm_peak_kib = chance_kib(&t, "VmPeak");
	want.vm_size_kib = chance_kib(&t, "VmSize");
	want.vm_lck_kib = chance_kib(&t, "VmLck");
	want.vm_pin_kib = chance_kib(&t, "VmPin");
	want.vm_hwm_kib = chance_kib(&t, "VmHWM");
	want.vm_rss_kib = chance_kib(&t, "VmRSS");
	want.rss_anon_kib = chance_kib(&t, "RssAnon");
	want.rss_file_kib = chance_kib(&t, "RssFile");
	want.rss_shmem_kib = chance_kib(&t, "RssShmem");
	chance_kib(&t, "VmData");
	want.vm_pte_kib = chance_kib(&t, "VmPTE");
	want.vm_swap_kib = chance_kib(&t, "VmSwap");
	want.hugetlb_kib = chance_kib(&t, "HugetlbPages");
	want.core_dumping = chance(2);
	want.threads = (int)chance(70000);
	put_line(&t, "CoreDumping:\t%d\nThreads:\t%d\n", want.core_dumping, want.threads);
	want.sig_pending = chance_number();
	want.shd_pending = chance_number();
	want.sig_blocked = chance_number();
	want.sig_ignored = chance_number();
	want.sig_caught = chance_number();
	put_line(&t, "SigPnd:\t%016" PRIx64 "\nShdPnd:\t%016" PRIx64 "\nSigBlk:\t%016" PRIx64 "\n",
		 want.sig_pending, want.shd_pending, want.sig_blocked);
	put_line(&t, "SigIgn:\t%016" PRIx64 "\nSigCgt:\t%016" PRIx64 "\n", want.sig_ignored,
		 want.sig_caught);
	copy = exactly(t.bytes, t.len);
	err = whole_status(copy, t.len, &got);
	free(copy);
	return !err && got.tgid == want.tgid && got.tracer == want.tracer && got.uid == want.uid &&
	       got.ns_levels == want.ns_levels && got.ns_pid == want.ns_pid &&
	       got.core_dumping == want.core_dumping && got.threads == want.threads &&
	       got.sig_pending == want.sig_pending && got.shd_pending == want.shd_pending &&
	       got.sig_blocked == want.sig_blocked && got.sig_ignored == want.sig_ignored &&
	       got.sig_caught == want.sig_caught && got.vm_peak_kib == want.vm_peak_kib &&
	       got.vm_size_kib == want.vm_size_kib && got.vm_rss_kib == want.vm_rss_kib &&
	       got.vm_hwm_kib == want.vm_hwm_kib && got.rss_anon_kib == want.rss_anon_kib &&
	       got.rss_file_kib == want.rss_file_kib && got.rss_shmem_kib == want.rss_shmem_kib &&
	       got.vm_swap_kib == want.vm_swap_kib && got.vm_pte_kib == want.vm_pte_kib &&
	       got.vm_lck_kib == want.vm_lck_kib && got.vm_pin_kib == want.vm_pin_kib &&
	       got.hugetlb_kib == want.hugetlb_kib && got.thp_enabled == want.thp_enabled;
}

/* Any bytes in a path but the two that no cgroup can have in its name. */
static bool cgroup_agrees(void)
{
	static const char *const controllers[] = { "", "cpu,cpuacct", "freezer", "memory",
						   "name=x" };
	static const char *const asked[] = { "", "cpuacct", "freezer", "memory", "name=x" };
	char want[UNIT_ROWS(controllers)][80], got[80], *copy;
	bool there[UNIT_ROWS(controllers)], good = true;
	struct text t = { .len = 0 };

	for (size_t i = 0; i < UNIT_ROWS(controllers); i++) {
		size_t n = 1 + chance(70);

		want[i][0] = '/';
		for (size_t k = 1; k < n; k++) {
			want[i][k] = chance(3) ? ":,/0= \\\t"[chance(8)] : (char)(1 + chance(255));
			if (want[i][k] == '\n')
				want[i][k] = '.';
		}
		want[i][n] = '\0';
		there[i] = chance(4);
		if (there[i])
			put_line(&t, "%d:%s:%s\n", i ? 12 - (int)i : 0, controllers[i], want[i]);
	}
	copy = exactly(t.bytes, t.len);
	for (size_t i = 0; i < UNIT_ROWS(controllers); i++) {
		int err = procfile_cgroup(copy, t.len, asked[i], got, sizeof(got));

		good &= there[i] ? !err && !strcmp(got, want[i]) : err == -ENOENT;
	}
	free(copy);
	return good;
}

static bool sizes_agree(void)
{
	int64_t resident = (int64_t)(chance_number() >> 21),
		shared = (int64_t)(chance_number() >> 21);
	int64_t got[4] = { -7, -7, -7, -7 }, anon, pss;
	struct text t = { .len = 0 };
	char *copy;
	int err;

	put_line(&t, "%" PRIu64 " %" PRId64 " %" PRId64 " 5 0 89 0\n", chance_number(), resident,
		 shared);
	copy = exactly(t.bytes, t.len);
	err = procfile_statm(copy, t.len, &got[0], &got[1]);
	free(copy);
	if (err || got[0] != resident || got[1] != shared)
		return false;

	t.len = 0;
	chance_kib(&t, "Rss");
	pss = chance_kib(&t, "Pss_Anon");
	chance_kib(&t, "Pss_File");
	anon = chance_kib(&t, "Anonymous");
	chance_kib(&t, "AnonHugePages");
	copy = exactly(t.bytes, t.len);
	err = procfile_rollup(copy, t.len, &got[2], &got[3]);
	free(copy);
	if (anon == UNKNOWN && pss == UNKNOWN)
		return err == -EBADMSG && got[2] == -7 && got[3] == -7;
	return !err && got[2] == anon && got[3] == pss;
}

static bool auxv_agrees(void)
{
	uint64_t wide[40];
	uint32_t narrow[40];
	size_t n = 2 * (1 + chance(18)), at = 2 * chance(n / 2);
	bool is_wide = chance(2), has = chance(4);
	void *copy;
	int bits;

	for (size_t i = 0; i < n; i++) {
		/* no other type is AT_PHENT, and only the last is AT_NULL */
		wide[i] = i % 2 ? chance_number() : 5 + chance(40);
		narrow[i] = i % 2 ? (uint32_t)chance_number() : (uint32_t)(5 + chance(40));
	}
	if (has) {
		wide[at] = narrow[at] = 4;
		wide[at + 1] = 56;
		narrow[at + 1] = 32;
	}
	memset(wide + n, 0, 2 * sizeof(*wide));
	memset(narrow + n, 0, 2 * sizeof(*narrow));
	n += 2;
	copy = is_wide ? exactly((char *)wide, n * 8) : exactly((char *)narrow, n * 4);
	bits = procfile_auxv_bits(copy, is_wide ? n * 8 : n * 4);
	free(copy);
	/* Words of one width may look like the other's: only what is there must be found. */
	return has ? bits == (is_wide ? 64 : 32) : bits == 0 || bits == (is_wide ? 32 : 64);
}

static bool dents_agree(void)
{
	char buf[4096], name[24], *copy;
	size_t n = chance(60), len = 0, off = 0;
	pid_t want[60];
	size_t n_want = 0, at = 0;
	bool good = true;
	pid_t pid;

	for (size_t i = 0; i < n; i++) {
		bool number = chance(3);

		pid = 1 + (pid_t)chance(4194304);
		snprintf(name, sizeof(name), number ? "%d" : "x%d", pid);
		len = put_dent(buf, len, name);
		if (number)
			want[n_want++] = pid;
	}
	copy = exactly(buf, len);
	while (good && (pid = procfile_next_pid(copy, len, &off)) != 0)
		good = at < n_want && want[at++] == pid;
	free(copy);
	return good && at == n_want;
}

static void test_round_trip(void)
{
	static const struct {
		const char *what;
		bool (*agrees)(void);
	} rows[] = {
		{ "stat lines of any name and numbers", stat_agrees },
		{ "status, with lines missing", status_agrees },
		{ "cgroup paths of any bytes", cgroup_agrees },
		{ "statm and smaps_rollup", sizes_agree },
		{ "auxiliary vectors of both widths", auxv_agrees },
		{ "directories", dents_agree },
	};

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		int good = 0;

		for (int n = 0; n < ROUND_TRIPS; n++)
			good += rows[i].agrees();
		is_int(good, ROUND_TRIPS, "%d generated %s", ROUND_TRIPS, rows[i].what);
	}
}

int main(void)
{
	RUN(test_bytes);
	RUN(test_stat);
	RUN(test_stat_names);
	RUN(test_stat_bad);
	RUN(test_status);
	RUN(test_status_lies);
	RUN(test_status_parts);
	RUN(test_statm);
	RUN(test_rollup);
	RUN(test_auxv);
	RUN(test_dents);
	RUN(test_cgroup);
	RUN(test_cgroup_in_place);
	RUN(test_generated);
	RUN(test_round_trip);
	return unit_done();
}
