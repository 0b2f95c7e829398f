/*
 * bar: the last row: which keys are worth knowing where one is: first what goes with the pane, then the
 * run, then what holds everywhere. Drawn by view.c, clicked by mouse.c.
 */
#ifndef UI_SCREEN_BAR_H
#define UI_SCREEN_BAR_H

#include "tui/screen/scene.h"

enum { UI_MAX_BAR = 40 };

struct ui_bar_entry {
	enum ui_request request;
	char key[16];
	const char *word;
	int x, columns;            /* key and word */
};

/* The entries that a bar of so many columns has room for. */
int ui_bar_make(const struct ui_scene *scene, int columns, struct ui_bar_entry list[UI_MAX_BAR]);

#endif
