/*
 * keys: which key means which request. One table of standard bindings, which a
 * file may change; help, the key bar and --print-tui-binding-commands read the
 * result.
 *
 * The file: a line a binding, `KEY REQUEST`, '#' begins a comment; `KEY none` takes a binding
 * away. Keys are characters, or Enter Esc Tab S-Tab Space Backspace Up Down Left Right
 * PgUp PgDn Home End Del F1 … F12 C-a … C-z.
 */
#ifndef UI_SCREEN_KEYS_H
#define UI_SCREEN_KEYS_H

#include <stdbool.h>
#include <stdio.h>

#include "core/event/status.h"
#include "tui/screen/request.h"

/* Keys that are no characters. ORDER special keys: names in keys.c */
enum {
	UI_KEY_NONE = -1, UI_KEY_ENTER = '\r', UI_KEY_TAB = '\t', UI_KEY_ESC = 27, UI_KEY_BACKSPACE = 127,
	UI_KEY_UP = 0x110000, UI_KEY_DOWN, UI_KEY_LEFT, UI_KEY_RIGHT, UI_KEY_PAGE_UP, UI_KEY_PAGE_DOWN, UI_KEY_HOME,
	UI_KEY_END, UI_KEY_DELETE, UI_KEY_BACK_TAB, UI_KEY_F1, UI_KEY_F12 = UI_KEY_F1 + 11, UI_KEY_MOUSE, UI_KEY_RESIZE,
};

/* Where a binding holds: everywhere, or in one kind of pane or run, which then comes first. */
/* TIMELINE: where left and right mean something (parts and evidence, too). RECORDING: nobody can be told to stop and go. */
enum ui_context { UI_ANYWHERE, UI_IN_TIMELINE, UI_IN_RECORDING, UI_IN_LIST, UI_CONTEXTS };

enum { UI_MAX_BINDINGS = 192 };

struct ui_binding {
	int key;
	enum ui_context context;
	enum ui_request request; /* UI_REQ_none: taken away */
};

struct ui_keys {
	struct ui_binding list[UI_MAX_BINDINGS];
	int nr;
};

/* The standard bindings. */
void ui_keys_init(struct ui_keys *keys);

/* Changes by a file's text; the name is for messages. Errors: XF_INVALID with the line's number. */
enum xf_status ui_keys_read(struct ui_keys *keys, const char *text, const char *name, struct xf_error *err);

/* contexts: bits 1 << enum ui_context of those that hold now. */
enum ui_request ui_keys_request(const struct ui_keys *keys, int key, unsigned contexts);

/* The key of a request, by name; "" when there is none. With all: several, separated by blanks. Returns buf. */
const char *ui_keys_of(const struct ui_keys *keys, enum ui_request request, bool all, char *buf, size_t cap);

/* The first key that means it in these contexts. Returns buf. */
const char *ui_keys_here(const struct ui_keys *keys, enum ui_request request, unsigned contexts, char *buf, size_t cap);

/* "Enter", "C-l", "n". Returns buf. */
const char *ui_key_name(int key, char *buf, size_t cap);
/* The key of that name; UI_KEY_NONE. */
int ui_key_find(const char *name, size_t len);

/* Every binding as a file ui_keys_read() takes, with the help as comments. */
void ui_keys_print(const struct ui_keys *keys, FILE *out);

#endif
