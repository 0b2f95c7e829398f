/* view: the screen on one recorded run, or on two of them side by side. */
#include <stdio.h>
#include <string.h>

#include "tui/command/conclude.h"
#include "tui/command/report.h"
#include "tui/command/signals.h"
#include "tui/screen/recorded.h"
#include "tui/screen/plain.h"
#include "tui/screen/setup.h"

struct shown {
	struct ui_recording traces[2];
	struct tr_verdicts verdicts[2];
	struct ui_recorded runs[2];
	int nr;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool open_all(struct shown *v, const struct ui_arguments *arguments)
{
	int nr = arguments->nr_operands ? (int)arguments->nr_operands : 1;

	for (int i = 0; i < nr; i++) {
		struct ui_arguments one = *arguments;
		one.operands = arguments->operands + i;
		one.nr_operands = arguments->nr_operands ? 1 : 0;
		if (ui_recording_of(&v->traces[i], &one, false))
			return false;
		v->runs[i] = (struct ui_recorded){ .log = v->traces[i].log, .verdicts = &v->verdicts[i],
						   .path = v->traces[i].path, .name = base_name(v->traces[i].path) };
		v->nr++;
	}
	return true;
}

static void close_all(struct shown *v)
{
	for (int i = 0; i < v->nr; i++) {
		if (v->runs[i].judged)
			tr_verdicts_fini(&v->verdicts[i]);
		if (v->runs[i].log != v->traces[i].log)
			tr_log_close(v->runs[i].log);
		ui_recording_close(&v->traces[i]);
	}
}

/* What was on the screen's first line, for the one below it. */
static void headings_print(struct shown *v, const struct ui_settings *settings)
{
	for (int i = 0; i < v->nr && !settings->quiet; i++) {
		struct ui_report report = { v->runs[i].log, v->runs[i].verdicts, ui_style_for(stdout, settings), NULL, true };
		if (v->runs[i].judged && v->verdicts[i].nr)
			ui_report_heading(stdout, &report, &v->verdicts[i].list[0]);
	}
}

static int plain_print(struct shown *v, const struct ui_settings *settings)
{
	struct xf_error err = XF_ERROR_INIT;

	for (int i = 0; i < v->nr; i++) {
		if (v->nr > 1)
			printf("%s:\n", v->runs[i].name);
		ui_plain_write(v->runs[i].log, 0, stdout);
		v->runs[i].judged = tr_verdicts_compute(v->runs[i].log, &v->verdicts[i], &err) == XF_OK;
		if (!v->runs[i].judged)
			fprintf(stderr, "xferdb: %s\n", err.message);
	}
	headings_print(v, settings);
	return UI_EXIT_DONE;
}

static int show(struct shown *v, const struct ui_settings *settings)
{
	struct xf_error err = XF_ERROR_INIT;

	if (settings->snapshot || settings->view_mode) {
		enum xf_status status = ui_recorded_snapshot(settings, v->runs, v->nr, &err);
		if (status)
			fprintf(stderr, "xferdb: %s\n", err.message);
		return status == XF_INVALID ? UI_EXIT_USAGE : status ? UI_EXIT_FAILED : UI_EXIT_DONE;
	}
	if (settings->plain || settings->tui == UI_NO)
		return plain_print(v, settings);
	if (!ui_recorded_view(settings, v->runs, v->nr))
		return UI_EXIT_USAGE;
	headings_print(v, settings);
	return ui_signals_count() ? UI_EXIT_INTERRUPTED : UI_EXIT_DONE;
}

/* False: said why they cannot be used. */
static bool keys_read(const struct ui_settings *settings, struct ui_keys *keys)
{
	struct xf_error err = XF_ERROR_INIT;

	if (ui_screen_keys(settings, keys, &err) == XF_OK)
		return true;
	fprintf(stderr, "xferdb: %s\n", err.message);
	return false;
}

static int keys_print(const struct ui_settings *settings)
{
	struct ui_keys keys;

	if (!keys_read(settings, &keys))
		return UI_EXIT_USAGE;
	ui_keys_print(&keys, stdout);
	return UI_EXIT_DONE;
}

int ui_view_run(struct ui_arguments *arguments)
{
	struct shown v = { .nr = 0 };
	struct ui_keys keys;
	int exit_status = UI_EXIT_USAGE;

	if (arguments->settings.print_tui_binding_commands)
		return keys_print(&arguments->settings);
	/* a file that is there by itself is complained of on the screen; one that was asked for is bad input */
	if (arguments->settings.keymap && !keys_read(&arguments->settings, &keys))
		return UI_EXIT_USAGE;
	if (open_all(&v, arguments))
		exit_status = show(&v, &arguments->settings);
	close_all(&v);
	return exit_status;
}
