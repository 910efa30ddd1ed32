// SPDX-License-Identifier: GPL-2.0-or-later

/* Find the command, run it, close standard output, exit: the only exit point. */

#include <fcntl.h>
#include <mmreap/command.h>
#include <mmreap/report.h>
#include <signal.h>
#include <unistd.h>

static const struct command *const commands[] = {
	&command_kill, &command_sharers, &command_status, &command_watch, &command_probe, NULL,
};

/*
 * A descriptor below 3 that is closed would be given to the next pidfd, and a message would go
 * there. The filler is opened the wrong way round, so that using it is still an error.
 */
static bool fill_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return false;
	return true;
}

static int run(int argc, const char **argv)
{
	struct cli_error error;
	int index;

	switch (command_parse_global(commands, argc, argv, &index, &error)) {
	case CLI_RUN:
		return command_find(commands, argv[index])->run(argc - index, argv + index);
	case CLI_COLUMNS:
	case CLI_DONE:
		return STATUS_OK;
	case CLI_USAGE:
		break;
	}
	return report_usage_error(&error);
}

int main(int argc, const char **argv)
{
	if (!fill_standard_fds()) {
		report_say("a standard descriptor is closed, and /dev/null does not open");
		return STATUS_FAILURE;
	}
	/*
	 * A reader that went away, or a file at its limit, is found when standard output is closed, not in
	 * the middle of a kill.
	 */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Ignored by who started us, a child that ends leaves its number to a stranger before we wait for it. */
	signal(SIGCHLD, SIG_DFL);
	return report_close_stdout(run(argc, argv));
}
