/*
 * app: the screen on a live run, on a helper thread of its own, which is muted and
 * reads the recording while the transfer's threads never wait for it.
 */
#ifndef UI_SCREEN_APP_H
#define UI_SCREEN_APP_H

#include "tracer/verdict/verdict.h"
#include "tui/command/options.h"
#include "tui/screen/scene.h"

struct ui_screen_app;

/*
 * NULL, after saying why, when the terminal will not do. While a recording is under way, which other
 * processes may write into, too. From now to the end standard output and error of this process
 * and of programs it starts come to a pane, where they are the terminal (output.h), and standard
 * input is empty; start programs after it. Thread: main.
 */
struct ui_screen_app *ui_screen_app_start(const struct ui_settings *settings);

/* The same with somebody who can stop and go; the debugger must outlive the app. */
struct ui_screen_app *ui_screen_app_start_debug(const struct ui_settings *settings, const struct ui_debugger *debugger);

/*
 * The recording is about to be released (another follows): on return nobody reads it. And: there
 * is a recording again. Thread: any but the app's.
 */
void ui_screen_app_detach(struct ui_screen_app *app);
void ui_screen_app_attach(struct ui_screen_app *app);
/* The same where other processes write into the recording, too; fd stays open until it is detached or frozen. */
void ui_screen_app_attach_shared(struct ui_screen_app *app, int fd);

/* The master of the pseudo-terminal that programs started now have as theirs; 0: they have ours. Borrowed from app. */
int ui_screen_app_terminal(const struct ui_screen_app *app);

/* Has the user left the screen? Thread: any. */
bool ui_screen_app_left(struct ui_screen_app *app);

/* Text for the prompt pane, lines as they end in it. Thread: any. */
void ui_screen_app_say(struct ui_screen_app *app, const char *text, size_t len);

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
