// SPDX-License-Identifier: GPL-2.0-or-later

/* Loading a library; the only place that calls the dynamic linker. */

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <mmreap/late.h>

static char trouble[256];

int late_load(struct late_library *library)
{
	char *functions = library->functions;
	void *handle;

	if (library->loaded)
		return 0;
	handle = dlopen(library->soname, RTLD_NOW | RTLD_LOCAL);
	if (handle == NULL) /* a lack of it, of descriptors, of memory: only the text tells which */
		snprintf(trouble, sizeof(trouble), "%s", dlerror());
	for (size_t i = 0; handle && library->names[i]; i++) {
		void *address = dlsym(handle, library->names[i]);

		memcpy(functions + i * sizeof(address), &address, sizeof(address));
		if (address)
			continue;
		snprintf(trouble, sizeof(trouble), "%s", dlerror());
		dlclose(handle);
		handle = NULL;
	}
	library->loaded = handle != NULL;
	return library->loaded ? 0 : -ELIBACC;
}

const char *late_trouble(void)
{
	return trouble;
}
