// SPDX-License-Identifier: GPL-2.0-or-later

/* Option arguments and targets: what is accepted is in range, and read again says the same. */

#include <errno.h>
#include <limits.h>

#include "fuzz.h"
#include <mmreap/options.h>

static void duration(const char *text)
{
	int64_t us = -77, again = -1;
	char back[64];
	int err = value_parse_duration(text, &us);

	if (err) {
		claim((err == -EINVAL || err == -ERANGE) && us == -77);
		return;
	}
	claim(us >= 0 && strpbrk(text, "-+eExX \t\n") == NULL);
	/* Added to any time of day, it is a time still. */
	claim(us <= INT64_MAX / 4);
	snprintf(back, sizeof(back), "%lld.%06llds", (long long)us / 1000000,
		 (long long)us % 1000000);
	claim(value_parse_duration(back, &again) == 0 && again == us);
}

static void descriptor(const char *text)
{
	int fd = -77, again = -1;
	char back[24];
	int err = value_parse_fd(text, &fd);

	if (err) {
		claim((err == -EINVAL || err == -ERANGE) && fd == -77);
		return;
	}
	snprintf(back, sizeof(back), "%d", fd);
	claim(fd >= 0 && value_parse_fd(back, &again) == 0 && again == fd);
	claim(strcmp(text + strspn(text, "0"), back + strspn(back, "0")) == 0);
}

static void choice(const char *text)
{
	static const char words[] = "refuse|kill|spare";
	static const char *const all[] = { "refuse", "kill", "spare" };
	int i = value_parse_word(text, words);

	claim(i == -EINVAL || (i >= 0 && i < 3 && strcmp(all[i], text) == 0));
	for (int k = 0; k < 3; k++)
		claim(i == k || strcmp(all[k], text) != 0);
}

static void target(const char *text)
{
	struct target_spec spec, before, again;
	char back[64];
	int err;

	memset(&spec, 0x5a, sizeof(spec));
	before = spec;
	err = target_parse(text, &spec);
	if (err) {
		claim((err == -EINVAL || err == -ERANGE) &&
		      memcmp(&spec, &before, sizeof(spec)) == 0);
		return;
	}
	claim(spec.pid > 0 && spec.text == text && !spec.selected && !spec.comm && spec.fd == -1);
	claim(strspn(text, "0123456789:") == strlen(text));
	if (spec.kind == SPEC_PID_INODE) {
		claim(spec.inode > 0);
		snprintf(back, sizeof(back), "%d:%llu", spec.pid, (unsigned long long)spec.inode);
	} else {
		claim(spec.kind == SPEC_PID && spec.inode == 0 && !strchr(text, ':'));
		snprintf(back, sizeof(back), "%d", spec.pid);
	}
	claim(target_parse(back, &again) == 0 && again.kind == spec.kind && again.pid == spec.pid &&
	      again.inode == spec.inode);
	/* Of the text only leading zeros are lost. */
	claim(strcmp(text + strspn(text, "0"), back) == 0 || strstr(text, ":0"));
}

void fuzz_values(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	char *text = take_text(&in), *copy = exactly(text, strlen(text) + 1);

	free(text);
	duration(copy);
	descriptor(copy);
	choice(copy);
	target(copy);
	claim(!value_is_signal(copy) || (copy[0] == '-' && copy[1]));
	free(copy);
}
