/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The kernel's own view of address spaces, where it is built in (observe/kernelview_bpf.c) and
 * where this user may have it. The other build has observe/kernelview_none.c.
 */

/**
 * kernelview_check - Can the kernel be asked?
 * Returns 0; -EOPNOTSUPP: not built in; else why not (-EPERM, -ENOENT: no BTF...).
 */
int kernelview_check(void);
