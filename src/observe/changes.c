/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two looks → what happened in between, and whether that is what was waited for. Pure. */
#include <mmreap/watched.h>

bool changes_is_released(const struct watch_view *v)
{
	if (!v->exited)
		return false;
	/* The pagemap test says that the teardown has begun; where its end can be seen, wait for that. */
	return v->mm == WATCH_MM_TORN_DOWN || (v->mm == WATCH_MM_UNREFERENCED && !v->by_kernel);
}

static bool is_unknowable(const struct watch_view *v)
{
	return v->exited && v->mm == WATCH_MM_UNKNOWN;
}

size_t changes_find(const struct watch_view *before, const struct watch_view *now,
		    enum watch_event ret[WATCH_MAX_EVENTS])
{
	size_t n = 0;

	/* Who was dead at the first look was not seen to exit. */
	if (before == NULL)
		ret[n++] = WATCH_START;
	else if (now->exited && !before->exited)
		ret[n++] = WATCH_EXIT;
	else if (now->generation != before->generation)
		ret[n++] = WATCH_EXEC;
	else if (!now->exited && now->phase != before->phase)
		ret[n++] = WATCH_PHASE;
	if (changes_is_released(now) && !(before && changes_is_released(before)))
		ret[n++] = WATCH_REAPED;
	if (is_unknowable(now) && !(before && is_unknowable(before)))
		ret[n++] = WATCH_UNKNOWN;
	if (now->gone && !(before && before->gone))
		ret[n++] = WATCH_GONE;
	return n;
}

enum watch_verdict changes_verdict(const struct watch_view *v, enum watch_goal goal)
{
	if (!v->exited)
		return WATCH_WAIT;
	switch (goal) {
	case WATCH_FOR_EXITED:
		return WATCH_DONE;
	case WATCH_FOR_REAPED:
		break;
	case WATCH_FOR_GONE:
		if (!v->gone)
			return WATCH_WAIT;
		break;
	}
	if (changes_is_released(v))
		return WATCH_DONE;
	return is_unknowable(v) ? WATCH_UNKNOWABLE : WATCH_WAIT;
}

enum watch_source changes_source(const struct watch_view *v, enum watch_event event)
{
	switch (event) {
	case WATCH_EXIT:
	case WATCH_GONE:
		return WATCH_BY_PIDFD;
	case WATCH_REAPED:
		return v->mm == WATCH_MM_TORN_DOWN ? WATCH_BY_EXIT_MMAP : WATCH_BY_PAGEMAP;
	case WATCH_START:
	case WATCH_PHASE:
	case WATCH_EXEC:
	case WATCH_UNKNOWN:
	case WATCH_BLOCKED:
	case WATCH_TIMEOUT:
		break;
	}
	return WATCH_BY_PROC;
}
