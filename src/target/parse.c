// SPDX-License-Identifier: GPL-2.0-or-later

/* Text of a target → struct target_spec. Pure. */

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <mmreap/options.h>
#include <string.h>

/*
 * Decimal digits up to @end and nothing else: strtoull() takes spaces, signs, and wraps negative
 * numbers, and a wrapped PID is somebody else's.
 */
static int parse_decimal(const char *text, const char *end, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	if (text == end)
		return -EINVAL;
	for (const char *p = text; p < end; p++)
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
	for (; text < end; text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (n > (max - digit) / 10)
			return -ERANGE;
		n = n * 10 + digit;
	}
	if (!n)
		return -ERANGE;
	*ret = n;
	return 0;
}

int target_parse(const char *text, struct target_spec *ret)
{
	const char *colon = strchr(text, ':');
	const char *end = text + strlen(text);
	uint64_t pid, inode = 0;
	int r_inode = 0, r_pid;

	r_pid = parse_decimal(text, colon ? colon : end, INT_MAX, &pid);
	if (colon)
		r_inode = parse_decimal(colon + 1, end, UINT64_MAX, &inode);
	if (r_pid == -EINVAL || r_inode == -EINVAL)
		return -EINVAL;
	if (r_pid || r_inode)
		return -ERANGE;

	*ret = (struct target_spec){
		.kind = colon ? SPEC_PID_INODE : SPEC_PID,
		.pid = (pid_t)pid,
		.inode = inode,
		.fd = -1,
		.text = text,
	};
	return 0;
}
