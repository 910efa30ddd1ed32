// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * Texts of /proc: any bytes give a fact or -EBADMSG and untouched outputs; a fact that is written as
 * the kernel writes it is read as the same fact. The first byte chooses the parser.
 */

#include <errno.h>
#include <inttypes.h>

#include "../unit/whole_status.h"
#include "fuzz.h"
#include <mmreap/observe.h>

static int print_stat(const struct stat_facts *f, char *to, size_t size)
{
	return snprintf(to, size,
			"%d (%s) %c %d 1 2 0 -1 %u 3 4 5 6 %" PRId64 " %" PRId64
			" 7 8 20 0 %d 0 %" PRIu64 " %" PRId64 " %" PRId64
			" 18446744073709551615 %" PRIu64 " 9 %" PRIu64 " 0 0 %" PRIu64
			" 0 0 0 0 0 0 17 0 0 %d 0 0 0 1 2 3 4 5 6 7 %d\n",
			f->pid, f->comm, f->state, f->ppid, f->flags, f->utime_ticks,
			f->stime_ticks, f->threads, f->start_ticks, f->vsize_bytes, f->rss_pages,
			f->start_code, f->start_stack, f->pending, f->policy, f->exit_code);
}

static void stat_line(const char *text, size_t len)
{
	struct stat_facts f, before, again;
	char once[1024], twice[1024];
	int n;

	memset(&f, 0x5a, sizeof(f));
	before = f;
	if (procfile_stat(text, len, &f) != 0) {
		claim(procfile_stat(text, len, &f) == -EBADMSG);
		claim(memcmp(&f, &before, sizeof(f)) == 0);
		return;
	}
	claim(f.pid > 0 && f.ppid >= 0 && f.threads >= 0 && f.state >= 'A' && f.state <= 'z');
	claim(memchr(f.comm, '\0', sizeof(f.comm)) && memmem(text, len, f.comm, strlen(f.comm)));
	n = print_stat(&f, once, sizeof(once));
	claim(n > 0 && (size_t)n < sizeof(once) && procfile_stat(once, (size_t)n, &again) == 0);
	print_stat(&again, twice, sizeof(twice));
	claim(strcmp(once, twice) == 0);
}

static int print_status(const struct status_facts *f, char *to, size_t size)
{
	const struct {
		const char *key;
		int64_t kib;
	} sizes[] = {
		{ "VmPeak", f->vm_peak_kib },	  { "VmSize", f->vm_size_kib },
		{ "VmHWM", f->vm_hwm_kib },	  { "VmRSS", f->vm_rss_kib },
		{ "RssAnon", f->rss_anon_kib },	  { "RssFile", f->rss_file_kib },
		{ "RssShmem", f->rss_shmem_kib }, { "VmSwap", f->vm_swap_kib },
		{ "VmPTE", f->vm_pte_kib },	  { "VmLck", f->vm_lck_kib },
		{ "VmPin", f->vm_pin_kib },	  { "HugetlbPages", f->hugetlb_kib },
	};
	int n = snprintf(to, size,
			 "Tgid:\t%d\nTracerPid:\t%d\nThreads:\t%d\nCoreDumping:\t%d\n"
			 "THP_enabled:\t%d\nUid:\t0\t%d\t0\t0\n"
			 "SigPnd:\t%016" PRIx64 "\nShdPnd:\t%016" PRIx64 "\nSigBlk:\t%016" PRIx64
			 "\nSigIgn:\t%016" PRIx64 "\nSigCgt:\t%016" PRIx64 "\n",
			 f->tgid, f->tracer, f->threads, f->core_dumping, f->thp_enabled, f->uid,
			 f->sig_pending, f->shd_pending, f->sig_blocked, f->sig_ignored,
			 f->sig_caught);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		claim(sizes[i].kib == UNKNOWN ||
		      (sizes[i].kib >= 0 && sizes[i].kib <= INT64_MAX / 1024));
		if (sizes[i].kib != UNKNOWN)
			n += snprintf(to + n, size - (size_t)n, "%s:\t%8" PRId64 " kB\n",
				      sizes[i].key, sizes[i].kib);
	}
	return n;
}

static void status(const char *text, size_t len)
{
	struct status_facts f, before, again;
	char once[2048], twice[2048];
	int n;

	memset(&f, 0x5a, sizeof(f));
	before = f;
	if (whole_status(text, len, &f) != 0) {
		claim(whole_status(text, len, &f) == -EBADMSG);
		claim(memcmp(&f, &before, sizeof(f)) == 0);
		return;
	}
	claim(f.tgid > 0 && f.threads >= 0 && f.ns_levels >= 0 && f.ns_pid >= 0);
	n = print_status(&f, once, sizeof(once));
	claim(n > 0 && (size_t)n < sizeof(once) && whole_status(once, (size_t)n, &again) == 0);
	print_status(&again, twice, sizeof(twice));
	claim(strcmp(once, twice) == 0);
}

/* Through a buffer as small as the first byte says: each line that fits is read as it is in the whole. */
static void status_parts(const char *text, size_t len)
{
	size_t size = len ? 16 + (uint8_t)*text : 16, kept = 0, n, longest = 0, end;
	struct status_facts parts, whole;
	char *buf = malloc(size), one[2048], two[2048];
	int err;

	if (!buf)
		abort();
	procfile_status_begin(&parts);
	for (size_t off = 0; off < len; off += n) {
		n = size - kept < len - off ? size - kept : len - off;
		memcpy(buf + kept, text + off, n);
		kept = procfile_status_part(&parts, buf, kept + n, size);
		claim(kept < size);
	}
	free(buf);
	for (size_t at = 0; at < len; at = end + 1) {
		const char *nl = memchr(text + at, '\n', len - at);

		end = nl ? (size_t)(nl - text) : len;
		longest = end - at > longest ? end - at : longest;
	}
	claim(len == 0 || (kept == 0) == (text[len - 1] == '\n'));
	if (longest >= size || kept)
		return;
	err = procfile_status_end(&parts);
	claim(whole_status(text, len, &whole) == err);
	if (err)
		return;
	print_status(&parts, one, sizeof(one));
	print_status(&whole, two, sizeof(two));
	claim(strcmp(one, two) == 0);
}

static void statm(const char *text, size_t len)
{
	int64_t resident = 77, shared = 78, r, s;
	char back[64];
	int n;

	if (procfile_statm(text, len, &resident, &shared) != 0) {
		claim(resident == 77 && shared == 78);
		return;
	}
	claim(resident >= 0 && shared >= 0);
	n = snprintf(back, sizeof(back), "1 %" PRId64 " %" PRId64, resident, shared);
	claim(procfile_statm(back, (size_t)n, &r, &s) == 0 && r == resident && s == shared);
}

static void rollup(const char *text, size_t len)
{
	int64_t anon = 77, pss = 78, a, p;
	char back[128];
	int n = 0;

	if (procfile_rollup(text, len, &anon, &pss) != 0) {
		claim(anon == 77 && pss == 78);
		return;
	}
	claim(anon >= UNKNOWN && pss >= UNKNOWN && (anon >= 0 || pss >= 0));
	claim(anon <= INT64_MAX / 1024 && pss <= INT64_MAX / 1024);
	if (anon != UNKNOWN)
		n += snprintf(back, sizeof(back), "Anonymous: %" PRId64 " kB\n", anon);
	if (pss != UNKNOWN)
		n += snprintf(back + n, sizeof(back) - (size_t)n, "Pss_Anon: %" PRId64 " kB\n",
			      pss);
	claim(procfile_rollup(back, (size_t)n, &a, &p) == 0 && a == anon && p == pss);
}

static void auxv(const char *data, size_t len)
{
	int bits = procfile_auxv_bits(data, len);

	claim(bits == 0 || bits == 32 || bits == 64);
}

static void dents(const char *data, size_t len)
{
	size_t off = 0, last = 0;
	pid_t pid;

	while ((pid = procfile_next_pid(data, len, &off)) != 0) {
		claim(pid > 0 && off > last && off <= len);
		last = off;
	}
	claim(off <= len);
}

static void cgroup(const char *text, size_t len)
{
	static const char *const controllers[] = { "", "freezer", "cpu", "memory", "name=systemd" };
	size_t size = len ? 1 + (uint8_t)*text % 64 : 1;
	char *path = malloc(size), line[80];

	if (!path)
		abort();
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		int err;

		memset(path, 'x', size);
		err = procfile_cgroup(text, len, controllers[i], path, size);
		claim(err == 0 || err == -ENOENT || err == -ENAMETOOLONG);
		if (err != 0) {
			claim(path[0] == 'x');
			continue;
		}
		claim(memchr(path, '\0', size) && !strchr(path, '\n'));
		snprintf(line, sizeof(line), ":%s", path);
		claim(memmem(text, len, line, strlen(line)));
	}
	free(path);
}

void fuzz_procfile(const uint8_t *data, size_t size)
{
	static void (*const parsers[])(const char *, size_t) = { stat_line, status,	 statm,
								 rollup,    auxv,	 dents,
								 cgroup,    status_parts };
	struct input in = { data, size };
	size_t which = take_u8(&in) % (sizeof(parsers) / sizeof(parsers[0]));
	char *copy = exactly(in.at, in.left);

	parsers[which](copy, in.left);
	free(copy);
}
