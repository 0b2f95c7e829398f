#include "tui/command/recording.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tui/command/paths.h"

static enum xf_status path_choose(struct ui_recording *trace, const char *path, struct xf_error *err)
{
	if (!path)
		return ui_path_last_trace(trace->path, sizeof(trace->path), false, err);
	if (strlen(path) >= sizeof(trace->path))
		return xf_fail(err, XF_INVALID, "the path of the trace is too long");
	strcpy(trace->path, path);
	return XF_OK;
}

enum xf_status ui_recording_open(struct ui_recording *trace, const char *path, bool judge, struct xf_error *err)
{
	enum xf_status status;

	*trace = (struct ui_recording){ .log = NULL };
	status = path_choose(trace, path, err);
	if (!status)
		status = tr_log_open(*trace->path ? trace->path : NULL, &trace->log, err);
	if (status || !judge)
		return status;
	status = tr_verdicts_compute(trace->log, &trace->verdicts, err);
	trace->judged = !status;
	return status;
}

void ui_recording_close(struct ui_recording *trace)
{
	if (trace->judged)
		tr_verdicts_fini(&trace->verdicts);
	if (trace->log)
		tr_log_close(trace->log);
	*trace = (struct ui_recording){ .log = NULL };
}

enum xf_status ui_recording_of(struct ui_recording *trace, const struct ui_arguments *arguments, bool judge)
{
	const char *path = arguments->nr_operands ? arguments->operands[0] : NULL;
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = ui_recording_open(trace, path, judge, &err);

	if (!status)
		return XF_OK;
	if (!path && status == XF_NOT_FOUND)
		fprintf(stderr, "xferdb: there is no trace yet (%s): make one with 'xferdb put', or name a FILE\n",
			trace->path);
	else
		fprintf(stderr, "xferdb: %s\n", err.message);
	ui_recording_close(trace);
	return status;
}

bool ui_recording_is(const struct ui_recording *trace, const char *path)
{
	struct stat own, other;

	return *trace->path && !stat(trace->path, &own) && !stat(path, &other) && own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}
