/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Libraries that are loaded when they are first needed. On a machine that is out of memory each page
 * of each library may have to come from disk: `mmreap kill PID` is to touch none that it can do
 * without, and none at all before its signal.
 */

#include <stdbool.h>
#include <stdint.h>

/**
 * struct late_library - what is wanted of a library
 * @names: of its functions, NULL at the end
 * @functions: where their addresses go, in that order: nothing but function pointers
 */
struct late_library {
	const char *soname;
	const char *const *names;
	void *functions;
	bool loaded;
};

/**
 * late_load - Load the library, unless it is loaded already.
 * Returns 0, or -ELIBACC: it cannot be loaded, or lacks a function. To be called before any other
 * thread is made, or by the same thread always.
 */
int late_load(struct late_library *library);

/** late_trouble - Which library could not be loaded last, and why, as the dynamic linker says it */
const char *late_trouble(void);

/* What packagers read: https://uapi-group.org/specifications/specs/elf_dlopen_metadata/ */
#define LATE_NOTE_TYPE 0x407c0c0a
#define LATE_NOTE_TEXT(soname, feature, priority, description)                               \
	"[{\"soname\":[\"" soname "\"],\"feature\":\"" feature "\",\"priority\":\"" priority \
	"\",\"description\":\"" description "\"}]"

/* Names and types cannot stand in parentheses. NOLINTBEGIN(bugprone-macro-parentheses) */
#define LATE_POINTER(function) __typeof__(function) *function;
#define LATE_NAME(function) #function,

/**
 * LATE_LIBRARY - Define @name, with a pointer for each function (`name.function()`), and what
 * late_load() wants: name_library. The types are those of the library's header.
 * @FUNCTIONS: macro that calls its argument with each function
 * @so: from <late/sonames.h>, which is made from what the linker finds
 * @priority: required, recommended or suggested
 */
#define LATE_LIBRARY(name, FUNCTIONS, so, feature, priority, description)                          \
	static struct {                                                                            \
		FUNCTIONS(LATE_POINTER)                                                            \
	} name;                                                                                    \
	static const char *const name##_names[] = { FUNCTIONS(LATE_NAME) NULL };                   \
	static struct late_library name##_library = { .soname = so,                                \
						      .names = name##_names,                       \
						      .functions = &name };                        \
	static const struct {                                                                      \
		uint32_t name_size, text_size, type;                                               \
		char vendor[4];                                                                    \
		_Alignas(4) char text[sizeof(LATE_NOTE_TEXT(so, feature, priority, description))]; \
	} name##_note __attribute__((used, section(".note.dlopen"), aligned(4))) = {               \
		4, sizeof(LATE_NOTE_TEXT(so, feature, priority, description)), LATE_NOTE_TYPE,     \
		"FDO", LATE_NOTE_TEXT(so, feature, priority, description)                          \
	}
/* NOLINTEND(bugprone-macro-parentheses) */
