// SPDX-License-Identifier: GPL-2.0-or-later

/* The words and exit statuses that scripts rely on. */

#include <mmreap/outcome.h>

static const struct {
	const char *word;
	enum exit_status status;
} outcomes[OUTCOME_COUNT] = {
	[OUTCOME_REAPED] = { "reaped", STATUS_OK },
	[OUTCOME_FREED] = { "freed", STATUS_OK },
	[OUTCOME_EXITED] = { "exited", STATUS_OK },
	[OUTCOME_SPARED] = { "spared", STATUS_OK },
	[OUTCOME_KILLED] = { "killed", STATUS_UNSUPPORTED },
	[OUTCOME_PINNED] = { "pinned", STATUS_PINNED },
	[OUTCOME_PENDING] = { "pending", STATUS_TIMEOUT },
	[OUTCOME_REFUSED_SHARED] = { "refused-shared", STATUS_REFUSED },
	[OUTCOME_REFUSED_PROTECTED] = { "refused-protected", STATUS_REFUSED },
	[OUTCOME_DENIED] = { "denied", STATUS_DENIED },
	[OUTCOME_NO_PROCESS] = { "no-process", STATUS_NO_PROCESS },
	[OUTCOME_UNSUPPORTED] = { "unsupported", STATUS_UNSUPPORTED },
	[OUTCOME_FAILED] = { "failed", STATUS_FAILURE },
};

const char *outcome_word(enum outcome o)
{
	return outcomes[o].word;
}

enum exit_status outcome_status(enum outcome o)
{
	return outcomes[o].status;
}

enum exit_status status_combine(const enum exit_status *s, size_t n)
{
	enum exit_status common = STATUS_OK;
	bool some_ok = false, differ = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == STATUS_OK)
			some_ok = true;
		else if (common == STATUS_OK)
			common = s[i];
		else if (common != s[i])
			differ = true;
	}
	if (common == STATUS_OK)
		return STATUS_OK;
	if (some_ok)
		return STATUS_PARTIAL;
	return differ ? STATUS_FAILURE : common;
}

const char *status_name(enum exit_status s)
{
	switch (s) {
	case STATUS_OK:
		return "ok";
	case STATUS_FAILURE:
		return "failure";
	case STATUS_USAGE:
		return "usage";
	case STATUS_TIMEOUT:
		return "timeout";
	case STATUS_UNSUPPORTED:
		return "unsupported";
	case STATUS_NO_PROCESS:
		return "no-process";
	case STATUS_DENIED:
		return "denied";
	case STATUS_REFUSED:
		return "refused";
	case STATUS_PINNED:
		return "pinned";
	case STATUS_PARTIAL:
		return "partial";
	}
	return NULL;
}

const char *method_word(enum method m)
{
	static const char *const words[] = {
		[METHOD_KILL_REAP] = "kill-reap",
		[METHOD_REAP_KILL] = "reap-kill",
		[METHOD_KILL_ONLY] = "kill-only",
		[METHOD_REAP_ONLY] = "reap-only",
	};

	return words[m];
}

const char *hold_word(enum hold h)
{
	static const char *const words[] = {
		[HOLD_NONE] = "none",
		[HOLD_TRACE] = "trace",
		[HOLD_FROZEN] = "frozen",
	};

	return words[h];
}

const char *robust_word(enum robust r)
{
	static const char *const words[] = {
		[ROBUST_NONE] = "none",	      [ROBUST_HANDED_OVER] = "handed-over",
		[ROBUST_LET_GO] = "let-go",   [ROBUST_UNREADABLE] = "unreadable",
		[ROBUST_IGNORED] = "ignored",
	};

	return words[r];
}

const char *step_word(enum step_name s)
{
	static const char *const words[STEPNAME_COUNT] = {
		[STEPNAME_NONE] = "none",     [STEPNAME_RESOLVE] = "resolve",
		[STEPNAME_RIGHT] = "right",   [STEPNAME_SHARERS] = "sharers",
		[STEPNAME_LISTS] = "lists",   [STEPNAME_HOLD] = "hold",
		[STEPNAME_SIGNAL] = "signal", [STEPNAME_SETTLE] = "settle",
		[STEPNAME_REAP] = "reap",     [STEPNAME_THAW] = "thaw",
		[STEPNAME_EXIT] = "exit",     [STEPNAME_MM] = "mm",
	};

	return words[s];
}

const char *relation_word(enum relation r)
{
	static const char *const words[] = {
		[RELATION_TARGET] = "target",
		[RELATION_VFORK_CHILD] = "vfork-child",
		[RELATION_VFORK_PARENT] = "vfork-parent",
		[RELATION_CLONE_VM] = "clone-vm",
	};

	return words[r];
}

const char *phase_word(enum phase p)
{
	static const char *const words[PHASE_COUNT] = {
		[PHASE_ALIVE] = "alive",
		[PHASE_STOPPED] = "stopped",
		[PHASE_VFORK_WAIT] = "vfork-wait",
		[PHASE_CORE_DUMP] = "core-dump",
		[PHASE_NO_VMA] = "no-vma",
		[PHASE_SIGNALLED] = "signalled",
		[PHASE_DYING] = "dying",
		[PHASE_DYING_FROZEN] = "dying-frozen",
		[PHASE_EXIT_STOP] = "exit-stop",
		[PHASE_REAPED] = "reaped",
		[PHASE_EXIT_MMAP] = "exit-mmap",
		[PHASE_ZOMBIE] = "zombie",
		[PHASE_ZOMBIE_LEADER] = "zombie-leader",
		[PHASE_KTHREAD] = "kthread",
		[PHASE_GONE] = "gone",
	};

	return words[p];
}
