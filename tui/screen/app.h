/*
 * app: the screen of a live run. A muted helper thread of its own reads the
 * recording, draws and takes keys; the transfer's threads never wait for it.
 */
#ifndef UI_SCREEN_APP_H
#define UI_SCREEN_APP_H

#include "tracer/verdict/verdict.h"
#include "tui/command/options.h"

struct ui_screen_app;

/* NULL, after saying why, when the terminal will not do. While a recording is under way. Thread: main. */
struct ui_screen_app *ui_screen_app_start(const struct ui_settings *settings);

/*
 * The run is over: stops reading the live recording (call before it is
 * stopped). The picture stays.
 */
void ui_screen_app_freeze(struct ui_screen_app *app);

/*
 * Shows the end: the closed trace and its verdict, until the user leaves; with NULL leaves at once.
 * Then gives the terminal back and frees app. Thread: the one that started it.
 */
void ui_screen_app_finish(struct ui_screen_app *app, const struct tr_log *log,
			  const struct tr_verdicts *verdicts);

/* Gives the terminal back at once, from any thread: the process is about to end. */
void ui_screen_restore(void);

#endif
