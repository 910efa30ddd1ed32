/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The mount table, through libmount: the only place that knows it. */
#include <errno.h>
#include <libmount.h>

#include <late/sonames.h>
#include <mmreap/late.h>
#include <mmreap/mounts.h>

#define FUNCTIONS(F)            \
	F(mnt_new_iter)         \
	F(mnt_free_iter)        \
	F(mnt_new_table)        \
	F(mnt_unref_table)      \
	F(mnt_table_parse_file) \
	F(mnt_table_next_fs)    \
	F(mnt_fs_get_devno)     \
	F(mnt_fs_get_fstype)    \
	F(mnt_fs_get_root)      \
	F(mnt_fs_get_target)    \
	F(mnt_fs_get_fs_options)
LATE_LIBRARY(
	mnt, FUNCTIONS, LATE_SONAME_MOUNT, "mounts", "recommended",
	"where cgroups are mounted and what procfs hides: --cgroup, --thaw, the commands that look");

int mounts_load_file(const char *path, dev_t proc_dev, struct mounts *ret)
{
	struct libmnt_iter *it;
	struct libmnt_table *tb;
	struct libmnt_fs *fs;
	int err = late_load(&mnt_library);

	*ret = (struct mounts){ .proc_dev = proc_dev };
	if (err < 0)
		return err;
	it = mnt.mnt_new_iter(MNT_ITER_FORWARD);
	tb = mnt.mnt_new_table();
	err = it && tb ? mnt.mnt_table_parse_file(tb, path) : -ENOMEM;
	if (err > 0)
		err = -EBADMSG;
	while (err == 0 && mnt.mnt_table_next_fs(tb, it, &fs) == 0)
		err = mounts_add(ret, mnt.mnt_fs_get_devno(fs), mnt.mnt_fs_get_fstype(fs),
				 mnt.mnt_fs_get_root(fs), mnt.mnt_fs_get_target(fs),
				 mnt.mnt_fs_get_fs_options(fs));
	mnt.mnt_free_iter(it);
	mnt.mnt_unref_table(tb);
	return err;
}
