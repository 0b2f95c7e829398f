/*
 * request: every user action, by number, name and sentence. The rows stand in
 * request.def; what they do is scene.c's.
 */
#ifndef UI_SCREEN_REQUEST_H
#define UI_SCREEN_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum ui_request_group {
	UI_REQUESTS_LEAVE, UI_REQUESTS_MOVE, UI_REQUESTS_TIME, UI_REQUESTS_ZOOM, UI_REQUESTS_PANE, UI_REQUESTS_LIST,
	UI_REQUESTS_DEBUG, UI_REQUESTS_COUNT
};

enum ui_request {
	UI_REQ_none,
#define UI_REQUEST(name, group, bar, help) UI_REQ_##name,
#include "tui/screen/request.def"
#undef UI_REQUEST
	UI_REQ_COUNT
};

struct ui_request_info {
	const char *name;  /* "next-event" */
	enum ui_request_group group;
	const char *bar;   /* a word for the key bar; "": not shown there */
	const char *help;
};

const struct ui_request_info *ui_request_info(enum ui_request request);

/* By name, '-' and '_' alike; UI_REQ_none. Shortened names count where only one fits. */
enum ui_request ui_request_find(const char *name, size_t len);

/* Does its name begin so? And the name as people write it. Returns buf. */
bool ui_request_begins(enum ui_request request, const char *text);
const char *ui_request_name(enum ui_request request, char *buf, size_t cap);

const char *ui_request_group_title(enum ui_request_group group);

#endif
