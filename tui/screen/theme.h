/*
 * theme: what things look like. Views speak of roles; a theme gives each role one of the
 * terminal's sixteen colours and attributes. No state is told by colour alone:
 * every role that means something has a glyph or a word beside it.
 */
#ifndef UI_SCREEN_THEME_H
#define UI_SCREEN_THEME_H

#include <stddef.h>
#include <stdint.h>

enum { UI_ATTR_BOLD = 1, UI_ATTR_DIM = 2, UI_ATTR_REVERSE = 4, UI_ATTR_UNDERLINE = 8 };

/* ORDER roles: rows in theme.c */
enum ui_role {
	UI_ROLE_PLAIN, UI_ROLE_DIM, UI_ROLE_STRONG, UI_ROLE_TITLE, UI_ROLE_FOCUS, UI_ROLE_BAR, UI_ROLE_BAR_KEY,
	UI_ROLE_MATCH, UI_ROLE_AXIS, UI_ROLE_BORDER,
	/* verdicts */
	UI_ROLE_PROOF, UI_ROLE_WITNESS, UI_ROLE_LUCK, UI_ROLE_HANG, UI_ROLE_OPEN, UI_ROLE_BAD,
	/* what threads do */
	UI_ROLE_RUN, UI_ROLE_READ, UI_ROLE_HASH, UI_ROLE_CONNECT, UI_ROLE_SEND, UI_ROLE_AWAIT, UI_ROLE_RECEIVE,
	UI_ROLE_WAIT, UI_ROLE_BACKOFF, UI_ROLE_SLEEP, UI_ROLE_HELD, UI_ROLE_STOPPED,
	/* the timeline's own */
	UI_ROLE_CALL, UI_ROLE_BARRIER, UI_ROLE_ARROW, UI_ROLE_CURSOR,
	/* parts */
	UI_ROLE_QUEUED, UI_ROLE_DONE, UI_ROLE_COUNT
};

/* colour: 0 to 15 as terminals number them, -1: the default one. */
struct ui_look {
	int8_t colour;
	uint8_t attrs;
};

struct ui_theme {
	const char *name, *summary;
	struct ui_look looks[UI_ROLE_COUNT];
	/* for pictures: */
	uint32_t background, foreground, palette[16]; /* 0xRRGGBB */
};

extern const struct ui_theme ui_themes[];
extern const size_t ui_nr_themes;

/* The theme of that name; NULL when there is none. The first is the standard one. */
const struct ui_theme *ui_theme_find(const char *name);

#endif
