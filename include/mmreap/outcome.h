/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Words and exit statuses: one table each, in plan/outcome.c. Pure.
 * The contract for scripts: a word or a number here never changes its meaning.
 */

#include <mmreap/model.h>

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILURE = 1,
	STATUS_USAGE = 2,
	STATUS_TIMEOUT = 3,
	STATUS_UNSUPPORTED = 4,
	STATUS_NO_PROCESS = 5,
	STATUS_DENIED = 6,
	STATUS_REFUSED = 7,
	STATUS_PINNED = 8,
	STATUS_PARTIAL = 64,
};

/** outcome_word - The word of @o as scripts see it ("reaped", "refused-shared"...) */
const char *outcome_word(enum outcome o);

/** outcome_status - The exit status of a run with this outcome alone */
enum exit_status outcome_status(enum outcome o);

/**
 * status_combine - Combine the statuses of several targets into one.
 * All good: 0. All failed alike: their common status. Some good and some not: 64.
 * All failed, differently: 1.
 */
enum exit_status status_combine(const enum exit_status *s, size_t n);

/** status_name - The name of an exit status ("ok", "usage"...), NULL for a number without one */
const char *status_name(enum exit_status s);

const char *method_word(enum method m);
const char *hold_word(enum hold h);
const char *robust_word(enum robust r);
const char *step_word(enum step_name s);
const char *relation_word(enum relation r);
const char *phase_word(enum phase p);
