// SPDX-License-Identifier: GPL-2.0-or-later

/* Names of error numbers; strerrorname_np() is glibc's alone. Pure. */

#include <errno.h>
#include <mmreap/report.h>

#define NAME(e) [e] = #e

const char *text_errno(int err)
{
	static const char *const names[] = {
		NAME(EPERM),	  NAME(ENOENT),	    NAME(ESRCH),     NAME(EINTR),
		NAME(EIO),	  NAME(ENXIO),	    NAME(E2BIG),     NAME(EBADF),
		NAME(ECHILD),	  NAME(EAGAIN),	    NAME(ENOMEM),    NAME(EACCES),
		NAME(EFAULT),	  NAME(EBUSY),	    NAME(EEXIST),    NAME(EXDEV),
		NAME(ENODEV),	  NAME(EISDIR),	    NAME(ENOTDIR),   NAME(EINVAL),
		NAME(ENFILE),	  NAME(EMFILE),	    NAME(ENOTTY),    NAME(EFBIG),
		NAME(ENOSPC),	  NAME(ESPIPE),	    NAME(EROFS),     NAME(EPIPE),
		NAME(EDOM),	  NAME(ERANGE),	    NAME(EDEADLK),   NAME(ENAMETOOLONG),
		NAME(ENOSYS),	  NAME(ENOTEMPTY),  NAME(ELOOP),     NAME(ENODATA),
		NAME(ETIME),	  NAME(EPROTO),	    NAME(EOVERFLOW), NAME(EILSEQ),
		NAME(EUSERS),	  NAME(EOPNOTSUPP), NAME(ENOBUFS),   NAME(ETIMEDOUT),
		NAME(EALREADY),	  NAME(ESTALE),	    NAME(EDQUOT),    NAME(ECANCELED),
		NAME(EOWNERDEAD), NAME(EREMOTE),    NAME(ELIBACC),
	};

	return err > 0 && (size_t)err < sizeof(names) / sizeof(names[0]) ? names[err] : NULL;
}
