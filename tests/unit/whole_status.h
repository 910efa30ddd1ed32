/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* For the tests of the parser of /proc/PID/status, and for its harness. */

#include <stdlib.h>
#include <string.h>

#include <mmreap/observe.h>

/**
 * whole_status - Parse a text as one piece; a last line without its end counts as well
 * Returns 0, or -EBADMSG and leaves @ret as it is.
 */
static inline int whole_status(const char *text, size_t len, struct status_facts *ret)
{
	char *buf = malloc(len + 2);
	struct status_facts f;
	int err;

	if (buf == NULL)
		abort();
	memcpy(buf, text, len);
	buf[len] = '\n';
	procfile_status_begin(&f);
	procfile_status_part(&f, buf, len + 1, len + 2);
	free(buf);
	err = procfile_status_end(&f);
	if (err == 0)
		*ret = f;
	return err;
}
