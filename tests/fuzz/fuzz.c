// SPDX-License-Identifier: GPL-2.0-or-later

/*
 * The way in for libFuzzer and for AFL++'s driver of the same interface. FUZZ=NAME in the environment
 * chooses a harness; without it the first byte of the input does.
 */

#include "fuzz.h"

const struct harness harnesses[] = {
	{ "argv", fuzz_argv },	   { "cgroup", fuzz_cgroup },	  { "lists", fuzz_lists },
	{ "mounts", fuzz_mounts }, { "procfile", fuzz_procfile }, { "text", fuzz_text },
	{ "values", fuzz_values }, { "world", fuzz_world },	  { NULL, NULL },
};

static const struct harness *chosen;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("FUZZ");

	(void)argc;
	(void)argv;
	if (!name || !*name)
		return 0;
	for (chosen = harnesses; chosen->name && strcmp(chosen->name, name) != 0; chosen++)
		;
	if (!chosen->name) {
		fprintf(stderr, "no harness is called %s\n", name);
		exit(2);
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct harness *h = chosen;

	if (!h) {
		if (size == 0)
			return 0;
		h = &harnesses[*data % (sizeof(harnesses) / sizeof(harnesses[0]) - 1)];
		data++;
		size--;
	}
	h->run(data, size);
	return 0;
}
