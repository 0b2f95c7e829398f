/* setup: what a scene looks like and which keys it knows: by options, environment and the user's file. */
#ifndef UI_SCREEN_SETUP_H
#define UI_SCREEN_SETUP_H

#include "tui/command/options.h"
#include "tui/screen/scene.h"

/* A scene as the user wants it; what is wrong with the file of keys it tells itself. out: what it will be shown on. */
void ui_screen_setup(struct ui_scene *scene, const struct ui_settings *settings, FILE *out);

/* Key bindings: the standard ones, changed by the user's file. Errors: XF_INVALID, XF_NOT_FOUND (--keymap only). */
enum xf_status ui_screen_keys(const struct ui_settings *settings, struct ui_keys *keys, struct xf_error *err);

#endif
