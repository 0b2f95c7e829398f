/*
 * screen: the terminal, and the only file that knows curses. Opens it, shows
 * cells, reads keys, and gives it back as it was on every way out.
 */
#ifndef UI_SCREEN_SCREEN_H
#define UI_SCREEN_SCREEN_H

#include "tui/screen/cells.h"

/* Keys that are no characters. */
enum { UI_KEY_NONE = -1, UI_KEY_UP = 0x10000, UI_KEY_DOWN, UI_KEY_PAGE_UP, UI_KEY_PAGE_DOWN, UI_KEY_HOME, UI_KEY_END };

/* Takes the terminal over. False, with a sentence in *why, when there is none that would do. */
bool ui_screen_open(bool colour, const char **why);

/* Gives the terminal back. Idempotent. Thread: the one that opened it. */
void ui_screen_close(void);

/*
 * The same from anywhere, a signal handler too: writes what switches a terminal
 * back and restores its modes, without curses. Idempotent.
 */
void ui_screen_restore(void);

/* The terminal's size now; it may change at any time. */
void ui_screen_size(int *rows, int *columns);

/* Shows the picture; only what changed is sent. */
void ui_screen_show(const struct ui_cells *cells);

/* A key, waiting at most wait_ms; UI_KEY_NONE. */
int ui_screen_key(int wait_ms);

#endif
