// SPDX-License-Identifier: GPL-2.0-or-later

/* The words that scripts rely on, as the code has them, for check-docs: kind, word, more. */

#include <mmreap/outcome.h>
#include <mmreap/report.h>
#include <stdio.h>

int main(void)
{
	for (enum outcome o = 0; o < OUTCOME_COUNT; o++)
		printf("outcome\t%s\t%d\n", outcome_word(o), outcome_status(o));
	for (int s = 0; s < 256; s++)
		if (status_name((enum exit_status)s))
			printf("status\t%d\t%s\n", s, status_name((enum exit_status)s));
	for (enum method m = 0; m <= METHOD_REAP_ONLY; m++)
		printf("method\t%s\n", method_word(m));
	for (enum hold h = 0; h <= HOLD_FROZEN; h++)
		printf("hold\t%s\n", hold_word(h));
	for (enum robust r = 0; r <= ROBUST_IGNORED; r++)
		printf("robust\t%s\n", robust_word(r));
	/* "none" is never printed: it is null. */
	for (enum step_name s = STEPNAME_NONE + 1; s < STEPNAME_COUNT; s++)
		printf("step\t%s\n", step_word(s));
	for (enum relation r = 0; r <= RELATION_CLONE_VM; r++)
		printf("relation\t%s\n", relation_word(r));
	for (enum phase p = 0; p < PHASE_COUNT; p++)
		printf("phase\t%s\n", phase_word(p));
	for (enum watch_event e = 0; e < WATCH_EVENT_COUNT; e++)
		printf("watch-event\t%s\n", watch_event_word(e));
	for (enum watch_source w = 0; w <= WATCH_BY_EXIT_MMAP; w++)
		printf("watch-source\t%s\n", watch_source_word(w));
	return 0;
}
