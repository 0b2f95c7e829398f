/*
 * main: reads the command line, finds the command in the table and runs it. The
 * one place where usage errors are printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tui/command/arguments.h"
#include "tui/command/front.h"
#include "tui/command/help.h"
#include "tui/command/schema.h"

static int usage_error(const struct ui_arguments *arguments, const struct xf_error *err)
{
	fprintf(stderr, "xferdb: %s\n", err->message);
	if (!strstr(err->message, "--help"))
		fprintf(stderr, "See 'xferdb%s%s --help'.\n", arguments->command ? " " : "",
			arguments->command ? arguments->command->name : "");
	return UI_EXIT_USAGE;
}

static int help(const struct ui_arguments *arguments)
{
	if (arguments->command)
		ui_help_command(stdout, arguments->command);
	else
		ui_help_overview(stdout);
	return UI_EXIT_DONE;
}

static int schema(void)
{
	struct xf_error err = XF_ERROR_INIT;

	if (ui_schema_print(stdout, &err) == XF_OK && !fflush(stdout))
		return UI_EXIT_DONE;
	fprintf(stderr, "xferdb: %s\n", err.message);
	return UI_EXIT_FAILED;
}

static int run(struct ui_arguments *arguments)
{
	if (arguments->help)
		return help(arguments);
	if (arguments->version) {
		puts("xferdb " XFERDB_VERSION);
		return UI_EXIT_DONE;
	}
	if (arguments->schema)
		return schema();
	if (ui_front_lacks(arguments))
		return ui_front_hand_over(arguments);
	ui_front_forget();
	return arguments->command->run(arguments);
}

/* A reader that has seen enough (head) is no trouble of ours. */
static bool reader_left(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

/* What went well but was not printed did not go well: a full disk. Who failed has said so. */
static int printed(int exit_status)
{
	bool failed = ferror(stdout);

	errno = 0;
	failed = fflush(stdout) || failed;
	if (!failed || exit_status != UI_EXIT_DONE || reader_left())
		return exit_status;
	fprintf(stderr, "xferdb: the output could not be written%s%s\n", errno ? ": " : "", errno ? strerror(errno) : "");
	return UI_EXIT_FAILED;
}

/* A closed 0, 1 or 2 would be the next file we open, and what is printed would go there. */
static void streams_open(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct ui_arguments arguments;
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status;
	int exit_status;

	streams_open();
	ui_front_keep(argc, argv);
	setlocale(LC_CTYPE, ""); /* which characters may be drawn; numbers stay as they are */
	status = ui_arguments_parse(&arguments, argc, argv, &err);
	exit_status = status ? usage_error(&arguments, &err) : printed(run(&arguments));

	ui_arguments_fini(&arguments);
	return exit_status;
}
