/*
 * screen: the terminal, and the only file that knows curses. Opens it, shows
 * cells, reads keys, and gives it back as it was on every way out.
 *
 * Thread: one at a time, but for ui_screen_restore().
 */
#ifndef UI_SCREEN_SCREEN_H
#define UI_SCREEN_SCREEN_H

#include "tui/screen/cells.h"
#include "tui/screen/keys.h"

struct ui_screen_options {
	const struct ui_theme *theme;
	bool colour, mouse;
};

/* Takes the terminal over. False, with a sentence in *why, when there is none that would do. */
bool ui_screen_open(const struct ui_screen_options *options, const char **why);

/* Can the terminal show colours, and are they wanted? While it is open. */
bool ui_screen_colours(void);

/* Gives the terminal back. Idempotent. */
void ui_screen_close(void);

/*
 * The same from anywhere, a signal handler too: writes what switches a terminal
 * back and restores its modes, without curses. Idempotent.
 */
void ui_screen_restore(void);

/* Stops this process as Ctrl-Z would, the terminal given back meanwhile; returns when it goes on. */
void ui_screen_suspend(void);

/* From now on with this theme, and everything is drawn anew. */
void ui_screen_theme(const struct ui_theme *theme);

/* The terminal's size now; it may change at any time. */
void ui_screen_size(int *rows, int *columns);

/* Shows the picture; only what changed is sent. */
void ui_screen_show(const struct ui_cells *cells);

/* Where the mouse did something. */
struct ui_mouse {
	int row, column, turn; /* turn: -1, 1: the wheel; 0: a click */
};

/* A key, waiting at most wait_ms; UI_KEY_NONE: none came; UI_KEY_MOUSE: see *mouse. */
int ui_screen_key(int wait_ms, struct ui_mouse *mouse);

/* The terminal is gone. */
bool ui_screen_lost(void);

#endif
