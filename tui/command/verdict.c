/* verdict: the answer once more, from the recorded trace. */
#include "tui/command/conclude.h"

int ui_verdict_run(struct ui_arguments *arguments)
{
	const struct ui_settings *settings = &arguments->settings;
	struct ui_trace trace;
	int exit_status;

	if (ui_trace_of(&trace, arguments, true))
		return UI_EXIT_USAGE;
	/* the run that was left has already said why its transfers failed */
	exit_status = ui_conclude(&trace, settings, settings->as ? settings->as : "verdict", !settings->as);
	ui_trace_close(&trace);
	return exit_status;
}
