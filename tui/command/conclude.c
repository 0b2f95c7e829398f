#include "tui/command/conclude.h"

#include <string.h>

#include "tui/command/json.h"
#include "tui/command/report.h"

FILE *ui_text_stream(const struct ui_settings *settings)
{
	bool taken = settings->json && (!*settings->json || !strcmp(settings->json, "-"));

	return taken ? stderr : stdout;
}

/* The trace's name in the document: none for one that was in memory only. */
static const char *trace_name(const struct ui_recording *trace)
{
	bool in_memory = !*trace->path || !strncmp(trace->path, "/proc/self/fd/", 14);

	return in_memory ? NULL : trace->path;
}

static int json_write(const struct ui_recording *trace, const struct ui_settings *settings, const char *command)
{
	struct ui_document document = { .command = command };
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status;
	json_t *json;

	if (trace) {
		document.log = trace->log;
		document.verdicts = &trace->verdicts;
		document.trace = trace_name(trace);
	}
	json = ui_document_json(&document);
	status = ui_json_write(json, settings->json, &err);
	json_decref(json);
	if (status)
		fprintf(stderr, "xferdb: %s\n", err.message);
	return status ? UI_EXIT_FAILED : UI_EXIT_DONE;
}

int ui_conclude(const struct ui_recording *trace, const struct ui_settings *settings, const char *command,
		bool errors)
{
	return ui_conclude_to(ui_text_stream(settings), trace, settings, command, errors);
}

int ui_conclude_to(FILE *out, const struct ui_recording *trace, const struct ui_settings *settings,
		   const char *command, bool errors)
{
	int exit_status = UI_EXIT_DONE;

	if (trace && !settings->quiet)
		ui_report_verdicts(out, &(struct ui_report){ trace->log, &trace->verdicts,
							     ui_style_for(out, settings), errors });
	fflush(out);
	if (trace && !ui_report_expected(stderr, &trace->verdicts, settings))
		exit_status = UI_EXIT_UNMET;
	if (!trace && (settings->expect || settings->strict)) {
		fprintf(stderr, "xferdb: nothing was recorded, so nothing can be expected: leave --no-trace out\n");
		exit_status = UI_EXIT_UNMET;
	}
	if (settings->json && json_write(trace, settings, command))
		exit_status = UI_EXIT_FAILED;
	return exit_status;
}
