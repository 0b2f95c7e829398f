/* recorded: the screen on recorded runs, on the caller's thread; and its picture without a terminal. */
#ifndef UI_SCREEN_RECORDED_H
#define UI_SCREEN_RECORDED_H

#include "tracer/verdict/verdict.h"
#include "tui/command/options.h"

/* One or two recorded runs, until the user leaves. Returns false, after saying why, when there is no terminal. */
struct ui_recorded {
	struct tr_log *log;           /* one that still grows is followed, where it is the only one, and … */
	const char *path;             /* … opened anew at its end: log is then another one, the caller's to close, too */
	struct tr_verdicts *verdicts; /* filled by the app; the caller's to fini when judged */
	bool judged;
	const char *name;
};
bool ui_recorded_view(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs);

/*
 * The same without a terminal: the keys of settings->keys are pressed, and the picture is written
 * to settings->snapshot, or the lists as settings->view_mode says. Errors: XF_INVALID (keys, size), XF_IO, XF_NOMEM.
 */
enum xf_status ui_recorded_snapshot(const struct ui_settings *settings, struct ui_recorded *runs, int nr_runs,
				      struct xf_error *err);

#endif
