/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts of /proc to facts. Pure and fuzzed: any bytes in, a fact or -EBADMSG out. Lengths come from
 * the caller; nothing relies on a terminating NUL.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <mmreap/observe.h>

struct cursor {
	const char *p, *end;
};

static bool skip_blanks(struct cursor *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t'))
		c->p++;
	return c->p < c->end;
}

/* A number, perhaps negative; out of range is clamped, as a 64-bit field cannot be. */
static bool take_number(struct cursor *c, int base, int64_t *ret)
{
	bool negative = false;
	uint64_t v = 0;
	const char *start;

	if (!skip_blanks(c))
		return false;
	if (*c->p == '-') {
		negative = true;
		c->p++;
	}
	for (start = c->p; c->p < c->end; c->p++) {
		unsigned int digit = 99;

		if (*c->p >= '0' && *c->p <= '9')
			digit = (unsigned int)(*c->p - '0');
		else if (*c->p >= 'a' && *c->p <= 'f')
			digit = (unsigned int)(*c->p - 'a') + 10;
		if (digit >= (unsigned int)base)
			break;
		if (v > (UINT64_MAX - digit) / (unsigned int)base)
			v = UINT64_MAX / (unsigned int)base - 1;
		v = v * (unsigned int)base + digit;
	}
	if (c->p == start)
		return false;
	if (!negative)
		*ret = (int64_t)v;
	else
		*ret = v > INT64_MAX ? INT64_MIN : -(int64_t)v;
	return true;
}

/* No machine is larger, and in bytes it still is a number. */
#define MAX_KIB (INT64_MAX / 1024)
#define MAX_PAGES (INT64_MAX >> 20)
#define MAX_BYTES (INT64_MAX >> 8)

static bool take_size(struct cursor *c, int64_t max, int64_t *ret)
{
	int64_t v;

	if (!take_number(c, 10, &v) || v < 0 || v > max)
		return false;
	*ret = v;
	return true;
}

static void copy_comm(char *to, const char *from, size_t len)
{
	if (len >= COMM_SIZE)
		len = COMM_SIZE - 1;
	memcpy(to, from, len);
	to[len] = '\0';
}

int procfile_stat(const char *text, size_t len, struct stat_facts *ret)
{
	struct cursor c = { text, text + len };
	struct stat_facts f = { .policy = -1 };
	const char *open, *close;
	int64_t v[53] = { 0 };
	int64_t n;
	int field;

	if (!take_number(&c, 10, &n) || n <= 0 || n > INT32_MAX)
		return -EBADMSG;
	f.pid = (pid_t)n;
	if (!skip_blanks(&c) || *c.p != '(')
		return -EBADMSG;
	open = c.p + 1;
	/* The comm may hold ")" and blanks; no later field can: the last ")" is its end. */
	for (close = c.end - 1; close > open && *close != ')'; close--)
		;
	if (close < open || *close != ')')
		return -EBADMSG;
	copy_comm(f.comm, open, (size_t)(close - open));
	c.p = close + 1;
	if (!skip_blanks(&c))
		return -EBADMSG;
	f.state = *c.p++;
	if (f.state < 'A' || f.state > 'z')
		return -EBADMSG;
	for (field = 4; field <= 52 && take_number(&c, 10, &v[field]); field++)
		;
	if (field <= 28) /* all kernels print far more */
		return -EBADMSG;
	if (v[4] < 0 || v[4] > INT32_MAX || v[20] < 0 || v[20] > INT32_MAX)
		return -EBADMSG;
	f.ppid = (pid_t)v[4];
	f.flags = (unsigned int)v[9];
	f.utime_ticks = v[14];
	f.stime_ticks = v[15];
	f.threads = (int)v[20];
	f.start_ticks = (uint64_t)v[22];
	f.vsize_bytes = v[23];
	f.rss_pages = v[24];
	f.start_code = (uint64_t)v[26];
	f.pending = (uint64_t)v[31];
	f.start_stack = (uint64_t)v[28];
	if (field > 41)
		f.policy = (int)v[41];
	if (field > 52)
		f.exit_code = (int)v[52];
	*ret = f;
	return 0;
}

struct status_key {
	const char *key;
	size_t offset;
	enum { AS_INT, AS_BOOL, AS_KIB, AS_HEX } as;
};

#define KEY(k, field, how)                                   \
	{                                                    \
		k, offsetof(struct status_facts, field), how \
	}

static const struct status_key status_keys[] = {
	KEY("Tgid", tgid, AS_INT),
	KEY("TracerPid", tracer, AS_INT),
	KEY("Threads", threads, AS_INT),
	KEY("CoreDumping", core_dumping, AS_BOOL),
	KEY("SigPnd", sig_pending, AS_HEX),
	KEY("ShdPnd", shd_pending, AS_HEX),
	KEY("SigBlk", sig_blocked, AS_HEX),
	KEY("SigIgn", sig_ignored, AS_HEX),
	KEY("SigCgt", sig_caught, AS_HEX),
	KEY("VmPeak", vm_peak_kib, AS_KIB),
	KEY("VmSize", vm_size_kib, AS_KIB),
	KEY("VmHWM", vm_hwm_kib, AS_KIB),
	KEY("VmRSS", vm_rss_kib, AS_KIB),
	KEY("RssAnon", rss_anon_kib, AS_KIB),
	KEY("RssFile", rss_file_kib, AS_KIB),
	KEY("RssShmem", rss_shmem_kib, AS_KIB),
	KEY("VmSwap", vm_swap_kib, AS_KIB),
	KEY("VmPTE", vm_pte_kib, AS_KIB),
	KEY("VmLck", vm_lck_kib, AS_KIB),
	KEY("VmPin", vm_pin_kib, AS_KIB),
	KEY("HugetlbPages", hugetlb_kib, AS_KIB),
	KEY("THP_enabled", thp_enabled, AS_INT),
};
#define N_STATUS_KEYS (sizeof(status_keys) / sizeof(status_keys[0]))

static void take_status_value(struct status_facts *f, const struct status_key *k, struct cursor *c)
{
	char *at = (char *)f + k->offset;
	int64_t v;

	switch (k->as) {
	case AS_INT:
		if (take_number(c, 10, &v))
			*(int *)at = v < INT32_MIN || v > INT32_MAX ? 0 : (int)v;
		break;
	case AS_BOOL:
		if (take_number(c, 10, &v))
			*(bool *)at = v != 0;
		break;
	case AS_KIB:
		take_size(c, MAX_KIB, (int64_t *)at);
		break;
	case AS_HEX:
		if (take_number(c, 16, &v))
			*(uint64_t *)at = (uint64_t)v;
		break;
	}
}

/* NSpid: one number for each PID namespace, ours first, its own last. */
static void take_ns_pids(struct status_facts *f, struct cursor *c)
{
	int64_t v;

	f->ns_levels = 0;
	while (take_number(c, 10, &v)) {
		f->ns_levels++;
		f->ns_pid = v < 0 || v > INT32_MAX ? 0 : (pid_t)v;
	}
}

/* Uid: real, effective, saved, file system. */
static void take_uids(struct status_facts *f, struct cursor *c)
{
	int64_t real, effective;

	if (take_number(c, 10, &real) && take_size(c, INT32_MAX, &effective))
		f->uid = (int)effective;
}

static void take_status_line(struct status_facts *f, const char *line, const char *stop)
{
	const char *colon = memchr(line, ':', (size_t)(stop - line));
	struct cursor c = { colon ? colon + 1 : stop, stop };
	size_t klen = colon ? (size_t)(colon - line) : 0;

	for (size_t i = 0; i < N_STATUS_KEYS; i++) {
		const struct status_key *k = &status_keys[i];

		if (strlen(k->key) == klen && memcmp(k->key, line, klen) == 0)
			take_status_value(f, k, &c);
	}
	if (klen == 5 && memcmp(line, "NSpid", 5) == 0)
		take_ns_pids(f, &c);
	if (klen == 3 && memcmp(line, "Uid", 3) == 0)
		take_uids(f, &c);
}

void procfile_status_begin(struct status_facts *ret)
{
	*ret = (struct status_facts){
		.uid = -1,
		.threads = -1,
		.vm_peak_kib = UNKNOWN,
		.vm_size_kib = UNKNOWN,
		.vm_rss_kib = UNKNOWN,
		.vm_hwm_kib = UNKNOWN,
		.rss_anon_kib = UNKNOWN,
		.rss_file_kib = UNKNOWN,
		.rss_shmem_kib = UNKNOWN,
		.vm_swap_kib = UNKNOWN,
		.vm_pte_kib = UNKNOWN,
		.vm_lck_kib = UNKNOWN,
		.vm_pin_kib = UNKNOWN,
		.hugetlb_kib = UNKNOWN,
		.thp_enabled = -1,
	};
}

size_t procfile_status_part(struct status_facts *f, char *buf, size_t len, size_t size)
{
	const char *line = buf, *end = buf + len, *nl;

	while (line < end && (nl = memchr(line, '\n', (size_t)(end - line)))) {
		take_status_line(f, line, nl);
		line = nl + 1;
	}
	len = (size_t)(end - line);
	memmove(buf, line, len);
	if (len < size)
		return len;
	/* None of ours is so long: what is still to come of it gets a beginning that no key has. */
	buf[0] = '#';
	return 1;
}

int procfile_status_end(const struct status_facts *f)
{
	/*
	 * Threads comes behind the lines of the mm, for each task and on all kernels
	 * (fs/proc/array.c:task_sig()): without it, that there are none of the mm says nothing.
	 */
	return f->tgid <= 0 || f->threads < 0 ? -EBADMSG : 0;
}

int procfile_statm(const char *text, size_t len, int64_t *ret_resident, int64_t *ret_shared)
{
	struct cursor c = { text, text + len };
	int64_t size, resident, shared;

	if (!take_number(&c, 10, &size) || !take_size(&c, MAX_PAGES, &resident) ||
	    !take_size(&c, MAX_PAGES, &shared))
		return -EBADMSG;
	*ret_resident = resident;
	*ret_shared = shared;
	return 0;
}

int64_t procfile_bytes(const char *text, size_t len)
{
	struct cursor c = { text, text + len };
	int64_t bytes;

	return take_size(&c, MAX_BYTES, &bytes) ? bytes : UNKNOWN;
}

int procfile_rollup(const char *text, size_t len, int64_t *ret_anon_kib, int64_t *ret_pss_anon_kib)
{
	static const char anon[] = "Anonymous:", pss_anon[] = "Pss_Anon:";
	const char *end = text + len;
	int64_t a = UNKNOWN, p = UNKNOWN;

	for (const char *line = text; line < end;) {
		const char *nl = memchr(line, '\n', (size_t)(end - line));
		const char *stop = nl ? nl : end;
		size_t room = (size_t)(stop - line);

		if (room > sizeof(anon) && memcmp(line, anon, sizeof(anon) - 1) == 0) {
			struct cursor c = { line + sizeof(anon) - 1, stop };

			take_size(&c, MAX_KIB, &a);
		} else if (room > sizeof(pss_anon) &&
			   memcmp(line, pss_anon, sizeof(pss_anon) - 1) == 0) {
			struct cursor c = { line + sizeof(pss_anon) - 1, stop };

			take_size(&c, MAX_KIB, &p);
		}
		line = stop + 1;
	}
	if (a < 0 && p < 0)
		return -EBADMSG;
	*ret_anon_kib = a;
	*ret_pss_anon_kib = p;
	return 0;
}

int procfile_auxv_bits(const void *data, size_t len)
{
	const char *p = data;

	/* AT_PHENT (4) is the size of a program header: 56 in 64-bit ELF, 32 in 32-bit. */
	for (size_t i = 0; i + 16 <= len; i += 16) {
		uint64_t pair[2];

		memcpy(pair, p + i, 16);
		if (pair[0] == 4 && pair[1] == 56)
			return 64;
		if (pair[0] == 0)
			break;
	}
	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint32_t pair[2];

		memcpy(pair, p + i, 8);
		if (pair[0] == 4 && pair[1] == 32)
			return 32;
		if (pair[0] == 0 && pair[1] == 0)
			break;
	}
	return 0;
}

/* struct linux_dirent64: u64 ino, s64 off, u16 reclen, u8 type, name */
#define DENT_NAME 19

pid_t procfile_next_pid(const void *buf, size_t len, size_t *off)
{
	const char *base = buf;

	while (*off + DENT_NAME < len) {
		const char *d = base + *off;
		uint16_t reclen;

		memcpy(&reclen, d + 16, sizeof(reclen));
		if (reclen <= DENT_NAME || *off + reclen > len)
			return 0;
		*off += reclen;

		struct cursor c = { d + DENT_NAME, d + reclen };
		int64_t n;

		if (*c.p < '1' || *c.p > '9' || !take_number(&c, 10, &n))
			continue;
		if (c.p < c.end && *c.p == '\0' && n > 0 && n <= INT32_MAX)
			return (pid_t)n;
	}
	return 0;
}

/* Is @name one of the comma-separated words of [p, end)? */
static bool has_word(const char *p, const char *end, const char *name, size_t nlen)
{
	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma ? comma : end;

		if ((size_t)(stop - p) == nlen && memcmp(p, name, nlen) == 0)
			return true;
		p = stop + 1;
	}
	return false;
}

int procfile_cgroup(const char *text, size_t len, const char *controller, char *buf, size_t size)
{
	const char *end = text + len;
	size_t clen = strlen(controller);

	/*
	 * "ID:controller,controller:/path"; "0::/path" is version 2. A line without its end was cut by
	 * the buffer it was read into, and its path is that of another cgroup.
	 */
	for (const char *line = text, *stop; (stop = memchr(line, '\n', (size_t)(end - line)));) {
		const char *a = memchr(line, ':', (size_t)(stop - line));
		const char *b = a ? memchr(a + 1, ':', (size_t)(stop - a - 1)) : NULL;

		if (b && (clen == 0 ? b == a + 1 : has_word(a + 1, b, controller, clen))) {
			size_t plen = (size_t)(stop - b - 1);

			if (plen >= size)
				return -ENAMETOOLONG;
			memmove(buf, b + 1, plen);
			buf[plen] = '\0';
			return 0;
		}
		line = stop + 1;
	}
	return -ENOENT;
}

const char *procfile_cgroup_dir(char *text, size_t len, size_t size, const char *controller,
				const char *mount)
{
	size_t head = strlen(mount);

	if (procfile_cgroup(text, len, controller, text + head, size - head) < 0)
		return NULL;
	memcpy(text, mount, head);
	return text + head;
}
