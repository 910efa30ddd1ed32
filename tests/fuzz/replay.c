// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The checked-in inputs through their harnesses, without a fuzzer; part of the unit ring.
 *
 *	replay [NAME FILE...]	without arguments all of tests/fuzz/corpus/
 */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "../unit/unit.h"
#include "fuzz.h"

#define CORPUS "tests/fuzz/corpus"

static char current[512];

/* A broken claim names its input; what a sanitizer finds it tells itself, behind the last name. */
static void tell(int sig)
{
	static const char before[] = "not ok - fuzz: ";

	if (write(STDOUT_FILENO, before, sizeof(before) - 1) > 0 &&
	    write(STDOUT_FILENO, current, strlen(current)) > 0 && write(STDOUT_FILENO, "\n", 1) > 0)
		_exit(1);
	_exit(sig);
}

static bool replay(const struct harness *h, const char *path)
{
	FILE *f = fopen(path, "re");
	static uint8_t bytes[1 << 20];
	size_t n;
	char *copy;

	snprintf(current, sizeof(current), "%s", path);
	if (!f)
		return false;
	n = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	copy = exactly(bytes, n);
	h->run((const uint8_t *)copy, n);
	free(copy);
	return true;
}

static void replay_all(const struct harness *h)
{
	char dir[256], path[600];
	struct dirent *entry;
	int n = 0, n_read = 0;
	DIR *d;

	snprintf(dir, sizeof(dir), CORPUS "/%s", h->name);
	d = opendir(dir);
	while (d && (entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		n++;
		n_read += replay(h, path);
	}
	if (d)
		closedir(d);
	ok(n > 0 && n_read == n, "%s: %d of %d inputs", h->name, n_read, n);
}

int main(int argc, char **argv)
{
	signal(SIGABRT, tell);
	setvbuf(stdout, NULL, _IOLBF, 0);
	unit_group = "fuzz";
	for (const struct harness *h = harnesses; h->name; h++) {
		if (argc < 2)
			replay_all(h);
		else if (strcmp(h->name, argv[1]) == 0)
			for (int i = 2; i < argc; i++)
				ok(replay(h, argv[i]), "%s", argv[i]);
	}
	return unit_done();
}
