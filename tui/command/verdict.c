/* verdict: the answer once more, from the recorded trace. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer/verdict/bundle.h"
#include "tui/command/conclude.h"

/* Whole or not at all: a temporary name beside it, renamed. */
static enum xf_status bundle_write(const struct ui_recording *trace, const char *path, struct xf_error *err)
{
	char temporary[PATH_MAX];
	enum xf_status status;
	FILE *out;
	int fd;

	if (snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path) >= (int)sizeof(temporary))
		return xf_fail(err, XF_INVALID, "the path for the bundle is too long");
	fd = mkstemp(temporary);
	out = fd < 0 ? NULL : fdopen(fd, "w");
	if (!out)
		return xf_fail_errno(err, XF_IO, errno, "%s cannot be written", path);
	fchmod(fd, 0644);
	status = tr_bundle_write(trace->log, &trace->verdicts, out, err);
	if (fclose(out) && !status)
		status = xf_fail_errno(err, XF_IO, errno, "%s could not be written", path);
	if (!status && rename(temporary, path))
		status = xf_fail_errno(err, XF_IO, errno, "%s could not be written", path);
	if (status)
		unlink(temporary);
	return status;
}

static bool any_failed(const struct tr_verdicts *verdicts)
{
	for (uint32_t i = 0; i < verdicts->nr; i++)
		if (verdicts->list[i].outcome == TR_FAILED)
			return true;
	return false;
}

int ui_verdict_run(struct ui_arguments *arguments)
{
	const struct ui_settings *settings = &arguments->settings;
	struct ui_recording trace;
	struct xf_error err = XF_ERROR_INIT;
	int exit_status;

	if (ui_recording_of(&trace, arguments, true))
		return UI_EXIT_USAGE;
	exit_status = ui_conclude(&trace, settings, settings->as ? settings->as : "verdict", !settings->as);
	/* for a run that was left, which has already said why its transfers failed */
	if (settings->as && any_failed(&trace.verdicts))
		exit_status = UI_EXIT_FAILED;
	if (settings->bundle && bundle_write(&trace, settings->bundle, &err)) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		exit_status = UI_EXIT_FAILED;
	}
	ui_recording_close(&trace);
	return exit_status;
}
