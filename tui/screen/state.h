/*
 * state: how the user left the screen: the theme, the marks, the pane in focus and its size, the order of the
 * lists. Kept in $XDG_STATE_HOME/xferdb/screen, a line a thing, `NAME VALUE`; what is not
 * understood there is passed over, and what cannot be written is not missed.
 */
#ifndef UI_SCREEN_STATE_H
#define UI_SCREEN_STATE_H

#include "tui/screen/scene.h"

void ui_state_read(struct ui_scene *scene, const char *text);
void ui_state_write(const struct ui_scene *scene, FILE *out);

/* The same from and to the user's file. */
void ui_state_load(struct ui_scene *scene);
void ui_state_save(const struct ui_scene *scene);

#endif
