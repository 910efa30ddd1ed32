// SPDX-License-Identifier: GPL-2.0-or-later

/* Which of several targets share with nobody: one scan for all of them. */

#include "fake_rows.h"
#include "unit.h"

/* All rows up to the first without a PID. */
static void begin_all(const struct fake_proc *procs)
{
	int n = 0;

	while (n < FAKE_PROCS && procs[n].pid)
		n++;
	begin(procs, n);
	fake.mm_is_used = true;
}

static size_t count(const pid_t *pids)
{
	size_t n = 0;

	while (pids[n])
		n++;
	return n;
}

/* One scan; *ret_text: "500 502", those that are alone. */
static int scan(const pid_t *pids, struct crowd *ret, char *text, size_t size)
{
	static char dents[DENTS_SIZE];
	size_t n = count(pids), used = 0;
	struct crowd *c = crowd_make(pids, n);

	c->dents = dents;
	c->err = observe_crowd(&fake_sys, &self, ZOMBIE, c);
	*text = '\0';
	for (size_t i = 0; i < n && used < size; i++)
		if (crowd_is_alone(c, pids[i]))
			used += (size_t)snprintf(text + used, size - used, "%s%d", used ? " " : "",
						 (int)pids[i]);
	*ret = *c;
	free(c);
	return ret->err;
}

static void test_crowd(void)
{
	/* clang-format off */
	static const struct {
		const char *name;
		struct fake_proc procs[FAKE_PROCS];
		pid_t targets[FAKE_PROCS];
		const char *alone;
		int n_unknown;
	} rows[] = {
		{ "nobody shares", { ZOMBIE_ROW, SELF_ROW, { .pid = 1, .mm = 1 }, { .pid = 500, .mm = 2 },
				     { .pid = 501, .mm = 3 }, { .pid = 502, .mm = 4 } }, { 502, 500, 501 }, "502 500 501", 0 },
		{ "one shares with a process before it", { ZOMBIE_ROW, SELF_ROW, { .pid = 10, .mm = 3 }, { .pid = 500, .mm = 2 },
				     { .pid = 501, .mm = 3 }, { .pid = 502, .mm = 4 } }, { 500, 501, 502 }, "500 502", 0 },
		{ "each place in the order is found", { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 1 }, { .pid = 501, .mm = 2 },
				     { .pid = 502, .mm = 3 }, { .pid = 503, .mm = 4 }, { .pid = 504, .mm = 5 },
				     { .pid = 600, .mm = 1 }, { .pid = 601, .mm = 2 }, { .pid = 602, .mm = 3 },
				     { .pid = 603, .mm = 4 }, { .pid = 604, .mm = 5 } }, { 500, 501, 502, 503, 504 }, "", 0 },
		{ "targets share among themselves", { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 3 },
				     { .pid = 502, .mm = 2 } }, { 500, 501, 502 }, "501", 0 },
		{ "three of them, and a stranger", { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 2 },
				     { .pid = 502, .mm = 2 }, { .pid = 503, .mm = 2 }, { .pid = 504, .mm = 5 } },
		  { 500, 501, 502, 504 }, "504", 0 },
		{ "kernel threads and zombies share nothing",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 2, .threads = { { .tid = 2, .flags = PF_KTHREAD } } },
		    { .pid = 3, .threads = { { .tid = 3, .state = 'Z', .no_mm = true } } }, { .pid = 500, .mm = 2 },
		    { .pid = 501, .mm = 3 } }, { 500, 501 }, "500 501", 0 },
		{ "a zombie is not known to be alone",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .threads = { { .tid = 500, .state = 'Z', .no_mm = true } } },
		    { .pid = 501, .mm = 3 } }, { 500, 501 }, "501", 0 },
		{ "a dead leader shares through its thread",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 3 },
		    { .pid = 510, .mm = 2, .threads = { { .tid = 510, .state = 'Z', .no_mm = true }, { .tid = 511 } } } },
		  { 500, 501 }, "501", 0 },
		{ "a target whose leader is dead",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2 }, { .pid = 501, .mm = 3 },
		    { .pid = 510, .mm = 2, .threads = { { .tid = 510, .state = 'Z', .no_mm = true }, { .tid = 511 } } } },
		  { 501, 510 }, "501", 0 },
		{ "who may not be compared is unknown",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 1, .mm = 2, .kcmp_err = -EPERM }, { .pid = 500, .mm = 2 },
		    { .pid = 501, .mm = 3 } }, { 500, 501 }, "500 501", 1 },
		{ "a target that may not be compared is unknown to the others",
		  { ZOMBIE_ROW, SELF_ROW, { .pid = 500, .mm = 2, .kcmp_err = -EPERM }, { .pid = 501, .mm = 2 },
		    { .pid = 502, .mm = 3 } }, { 500, 501, 502 }, "501 502", 1 },
		{ "a target that is gone", { ZOMBIE_ROW, SELF_ROW, { .pid = 501, .mm = 2 } }, { 500, 501 }, "501", 0 },
		{ "none of them is there", { ZOMBIE_ROW, SELF_ROW }, { 500, 501 }, "", 0 },
	};
	/* clang-format on */

	for (size_t i = 0; i < UNIT_ROWS(rows); i++) {
		struct crowd c;
		char text[256];

		begin_all(rows[i].procs);
		is_int(scan(rows[i].targets, &c, text, sizeof(text)), 0, "%s", rows[i].name);
		is_str(text, rows[i].alone, "alone: %s", rows[i].name);
		is_int(c.n_unknown, rows[i].n_unknown, "unknown: %s", rows[i].name);
		ok(end(), "all closed: %s", rows[i].name);
	}
}

static int kcmp_until;
static pid_t whom;

static void exec(pid_t pid, int mm)
{
	fake_find(pid)->mm = mm;
	fake_find(pid)->random++;
}

static void exec_at(void)
{
	if (--kcmp_until == 0)
		exec(whom, 9);
}

/* After the second one it stands where it stood, and for some calls it did not. */
static void exec_twice_at(void)
{
	static int mm;

	if (--kcmp_until == 0) {
		mm = fake_find(whom)->mm;
		exec(whom, 9);
	} else if (kcmp_until == -12) {
		exec(whom, mm);
	}
}

/* The addresses are not random, and nobody else has the old mm: a third one in the same place. */
static void exec_without_aslr_at(void)
{
	if (--kcmp_until == 0)
		fake_find(whom)->mm = 9;
	else if (kcmp_until == -12)
		fake_find(whom)->mm = whom == 502 ? 17 : whom == 504 ? 18 : 12;
}

static void end_at(void)
{
	if (--kcmp_until == 0)
		fake_find(whom)->mm = 0;
}

static void reap_at(void)
{
	if (--kcmp_until == 0)
		fake_find(whom)->reaped = true;
}

static void forbid_at(void)
{
	if (--kcmp_until == 0)
		fake_find(whom)->kcmp_err = -EPERM;
}

/* One comparison, whosever, and no other. */
static void forbid_once_at(void)
{
	kcmp_until--;
	for (int i = 0; i < fake.n_procs; i++)
		fake.procs[i].kcmp_err = kcmp_until == 0 ? -EPERM : 0;
}

/* Without its mm it leads astray who is compared with it, and then it is there no more. */
static void end_and_reap_at(void)
{
	if (--kcmp_until == 0)
		fake_find(whom)->mm = 0;
	if (kcmp_until == -12)
		fake_find(whom)->reaped = true;
}

/* Another thread of the process that shares has the mm still. */
static void end_thread_at(void)
{
	if (--kcmp_until == 0)
		fake_drop_thread(fake_find(601), 602);
}

/* The leader of a process that shares; its other threads share on. */
static void end_leader_at(void)
{
	if (--kcmp_until == 0)
		fake_find(600)->threads[0].no_mm = true;
}

static void end_leader_and_thread_at(void)
{
	end_leader_at();
	if (kcmp_until == -1)
		fake_drop_thread(fake_find(600), 606);
}

/* Whatever happens to whom at whatever moment: who shares all the time is never said to be alone. */
static void test_crowd_race(void)
{
	static const struct fake_proc procs[FAKE_PROCS] = {
		ZOMBIE_ROW,
		{ .pid = 60, .mm = 4 },
		SELF_ROW,
		{ .pid = 500, .mm = 4 },
		{ .pid = 501, .mm = 2 },
		{ .pid = 502, .mm = 6 },
		{ .pid = 503, .mm = 10 },
		{ .pid = 504, .mm = 7 },
		{ .pid = 505, .mm = 1 },
		{ .pid = 600, .mm = 2, .threads = { { 600 }, { 606 }, { 607 } } },
		{ .pid = 601,
		  .mm = 10,
		  .threads = { { 601, 'Z', .no_mm = true }, { 602 }, { 603 }, { 604 } } },
	};
	static const pid_t targets[] = { 500, 501, 502, 503, 504, 505, 0 };
	static void (*const races[])(void) = { exec_at,		end_at,
					       reap_at,		forbid_at,
					       end_and_reap_at, end_thread_at,
					       exec_twice_at,	exec_without_aslr_at,
					       end_leader_at,	end_leader_and_thread_at,
					       forbid_once_at };
	int bad = 0, runs = 0, useless = 0, once = 0;

	for (size_t r = 0; r < UNIT_ROWS(races); r++) {
		for (pid_t who = 502; who <= 505; who++) {
			for (int at = 1; at < 120; at++, runs++) {
				struct crowd c;
				char text[256];
				bool unknown;
				int err;

				if (who == 503) /* it shares */
					break;
				begin_all(procs);
				kcmp_until = at;
				whom = who;
				fake.on_kcmp = races[r];
				err = scan(targets, &c, text, sizeof(text));
				useless += (err < 0 || *text == '\0') && at > 1;
				/* Who may not be asked once is asked again; the target itself, after all the rest. */
				unknown = races[r] == forbid_once_at && (c.n_unknown || err < 0);
				once += races[r] == forbid_once_at && err == 0 && c.n_unknown;
				if (!end() || (err < 0 && err != -EAGAIN && !unknown) ||
				    (!unknown && (strstr(text, "500") || strstr(text, "501") ||
						  strstr(text, "503")))) {
					bad++;
					note("race %zu of %d at call %d: %d, %s", r, (int)who, at,
					     err, text);
				}
			}
		}
	}
	is_int(bad, 0, "%d races", runs);
	is_int(useless, 0, "and those who stay are told apart");
	is_int(once, 0, "who may not be asked once is not unknown for that");
}

/* Once in each pass, to the other side of 502; a directory is read until it gives nothing more. */
static void exec_in_each_pass(void)
{
	static int calls;

	if (calls++ % 2 == 0)
		exec(500, fake_find(500)->mm == 4 ? 3 : 4);
}

static void test_crowd_errors(void)
{
	static const struct fake_proc procs[FAKE_PROCS] = { ZOMBIE_ROW,
							    SELF_ROW,
							    { .pid = 500, .mm = 4 },
							    { .pid = 501, .mm = 2 },
							    { .pid = 502, .mm = 1 } };
	static const pid_t targets[] = { 500, 501, 502, 0 };
	struct crowd c;
	char text[256];

	begin_all(procs);
	fake.procs[1].kcmp_err = -ENOSYS;
	is_int(scan(targets, &c, text, sizeof(text)), -ENOSYS, "no kcmp");
	is_str(text, "", "none is known to be alone");
	ok(end(), "all closed");

	begin_all(procs);
	fake.getdents_err = -EIO;
	is_int(scan(targets, &c, text, sizeof(text)), -EIO, "/proc cannot be listed");
	is_str(text, "", "none is known to be alone");
	ok(end(), "all closed");

	begin_all(procs);
	fake.on_getdents = exec_in_each_pass;
	is_int(scan(targets, &c, text, sizeof(text)), -EAGAIN, "never in order");
	is_str(text, "", "none is known to be alone");
	ok(end(), "all closed");
}

/* What has the old mm of a target still, after two execve of the target that nobody else saw. */
static void exec_twice_in_each_pass(void)
{
	if (fake.kcmp_calls % 7 == 0)
		exec(502, 9);
	else if (fake.kcmp_calls % 7 == 4)
		exec(502, 1);
}

static void test_crowd_marks(void)
{
	static const struct fake_proc procs[FAKE_PROCS] = {
		ZOMBIE_ROW,
		SELF_ROW,
		{ .pid = 500, .mm = 4 },
		{ .pid = 501, .mm = 2 },
		{ .pid = 502, .mm = 1 },
		{ .pid = 600, .mm = 1 },
	};
	static const pid_t targets[] = { 500, 501, 502, 0 };
	static const int errors[] = { -EACCES, -EMFILE };
	struct crowd c;
	char text[256];

	begin_all(procs);
	is_int(scan(targets, &c, text, sizeof(text)), 0, "nobody executes anything");
	is_str(text, "500 501", "who shares is not alone");
	ok(end(), "all closed");

	begin_all(procs);
	fake.on_kcmp = exec_twice_in_each_pass;
	is_int(scan(targets, &c, text, sizeof(text)), -EAGAIN, "execve all the time");
	is_str(text, "", "none is known to be alone");
	ok(end(), "all closed");

	for (size_t i = 0; i < UNIT_ROWS(errors); i++) {
		begin_all(procs);
		fake.procs[3].pagemap_err = errors[i];
		is_int(scan(targets, &c, text, sizeof(text)), 0, "a pagemap is not opened");
		is_str(text, "500", "that target is not known to be alone");
		ok(end(), "all closed");
	}

	begin_all(procs);
	fake.procs[2].pagemap = -EIO;
	is_int(scan(targets, &c, text, sizeof(text)), 0, "a pagemap says nothing");
	is_str(text, "501", "that target is not known to be alone");
	ok(end(), "all closed");

	begin_all(procs);
	fake.procs[2].bits = -1;
	is_int(scan(targets, &c, text, sizeof(text)), 0, "an auxv cannot be read");
	is_str(text, "501", "that target is not known to be alone");
	ok(end(), "all closed");
}

/* 4 targets among 11 processes: 2 calls to enlist, sort and check each, 3 for each of the others. */
static void test_crowd_calls(void)
{
	struct fake_proc procs[FAKE_PROCS] = { ZOMBIE_ROW, SELF_ROW };
	static const pid_t targets[] = { 502, 503, 504, 505, 0 };
	struct crowd c;
	char text[256];

	for (int i = 2; i < FAKE_PROCS; i++)
		procs[i] = (struct fake_proc){ .pid = 500 + i, .mm = i };
	begin_all(procs);
	is_int(scan(targets, &c, text, sizeof(text)), 0, "nobody shares");
	is_str(text, "502 503 504 505", "all are alone");
	is_int(c.n_compared, FAKE_PROCS, "everybody was looked at");
	ok(fake.kcmp_calls <= 1 + 4 + 5 + 3 + 7 * 4 + 3, "%d calls", fake.kcmp_calls);
	ok(end(), "all closed");
}

int main(void)
{
	RUN(test_crowd);
	RUN(test_crowd_race);
	RUN(test_crowd_errors);
	RUN(test_crowd_marks);
	RUN(test_crowd_calls);
	return unit_done();
}
