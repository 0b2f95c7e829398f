/* verdict: the answer once more, from the recorded trace. */
#include <stdio.h>

#include "tracer/export/whole.h"
#include "tracer/verdict/bundle.h"
#include "tui/command/conclude.h"

static enum xf_status bundle_to(void *ctx, FILE *out, const char *path, struct xf_error *err)
{
	const struct ui_recording *trace = ctx;

	(void)path;
	return tr_bundle_write(trace->log, &trace->verdicts, out, err);
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
	if (settings->bundle && ui_recording_is(&trace, settings->bundle)) {
		fprintf(stderr, "xferdb: --bundle %s is the trace itself: name another file\n", settings->bundle);
		exit_status = UI_EXIT_USAGE;
	} else if (settings->bundle && tr_whole_write(settings->bundle, bundle_to, &trace, &err)) {
		fprintf(stderr, "xferdb: %s\n", err.message);
		exit_status = UI_EXIT_FAILED;
	}
	ui_recording_close(&trace);
	return exit_status;
}
