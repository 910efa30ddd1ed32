// SPDX-License-Identifier: GPL-2.0-or-later

/* Loading a library; the only place that calls the dynamic linker. */

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include <mmreap/late.h>

static const char *missing;

int late_load(struct late_library *library)
{
	char *functions = library->functions;
	void *handle;

	if (library->loaded)
		return 0;
	handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; handle && library->names[i]; i++) {
		void *address = dlsym(handle, library->names[i]);

		memcpy(functions + i * sizeof(address), &address, sizeof(address));
		if (address)
			continue;
		dlclose(handle);
		handle = NULL;
	}
	library->loaded = handle != NULL;
	if (library->loaded)
		return 0;
	missing = library->soname;
	return -ELIBACC;
}

const char *late_missing(void)
{
	return missing;
}
