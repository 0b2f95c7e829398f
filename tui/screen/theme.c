#include "tui/screen/theme.h"

#include <string.h>

enum { RED = 1, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, GREY, LRED, LGREEN, LYELLOW, LBLUE, LMAGENTA, LCYAN };
enum { B = UI_ATTR_BOLD, D = UI_ATTR_DIM, R = UI_ATTR_REVERSE, U = UI_ATTR_UNDERLINE };

/* What all themes have in common: shape without colour, which is the monochrome theme. */
#define SHAPE                                                                                      \
	[UI_ROLE_PLAIN] = { -1, 0 }, [UI_ROLE_STRONG] = { -1, B }, [UI_ROLE_BAR] = { -1, R },      \
	[UI_ROLE_BAR_KEY] = { -1, B }, [UI_ROLE_MATCH] = { -1, R | B }, [UI_ROLE_CURSOR] = { -1, R }

const struct ui_theme ui_themes[] = {
	{ "dark", "for a dark background",
	  { SHAPE, [UI_ROLE_DIM] = { GREY, 0 }, [UI_ROLE_TITLE] = { CYAN, 0 }, [UI_ROLE_FOCUS] = { LCYAN, B | R },
	    [UI_ROLE_AXIS] = { GREY, 0 }, [UI_ROLE_BORDER] = { GREY, 0 },
	    [UI_ROLE_PROOF] = { LGREEN, B }, [UI_ROLE_WITNESS] = { LMAGENTA, B }, [UI_ROLE_LUCK] = { LYELLOW, B },
	    [UI_ROLE_HANG] = { LRED, B }, [UI_ROLE_OPEN] = { -1, B }, [UI_ROLE_BAD] = { LRED, B },
	    [UI_ROLE_RUN] = { WHITE, 0 }, [UI_ROLE_READ] = { CYAN, 0 }, [UI_ROLE_HASH] = { LBLUE, 0 },
	    [UI_ROLE_CONNECT] = { BLUE, 0 }, [UI_ROLE_SEND] = { GREEN, 0 }, [UI_ROLE_AWAIT] = { YELLOW, 0 },
	    [UI_ROLE_RECEIVE] = { LGREEN, 0 }, [UI_ROLE_WAIT] = { GREY, 0 }, [UI_ROLE_BACKOFF] = { MAGENTA, B },
	    [UI_ROLE_SLEEP] = { GREY, 0 }, [UI_ROLE_HELD] = { LRED, B | R }, [UI_ROLE_STOPPED] = { LRED, B },
	    [UI_ROLE_CALL] = { LCYAN, B }, [UI_ROLE_BARRIER] = { LYELLOW, 0 }, [UI_ROLE_ARROW] = { LMAGENTA, B },
	    [UI_ROLE_QUEUED] = { GREY, 0 }, [UI_ROLE_DONE] = { GREEN, 0 } },
	  0x16181d, 0xd6d8dc,
	  { 0x16181d, 0xc8524f, 0x6cab5d, 0xcb9f43, 0x4f7cc4, 0xa86bb5, 0x4fa3a8, 0xb9bcc2, 0x6d727c, 0xf0706c,
	    0x93d681, 0xf2cc6b, 0x7fa8ec, 0xd694e2, 0x7fd0d5, 0xf2f3f5 } },
	{ "light", "for a light background",
	  { SHAPE, [UI_ROLE_DIM] = { GREY, 0 }, [UI_ROLE_TITLE] = { BLUE, 0 }, [UI_ROLE_FOCUS] = { BLUE, B | R },
	    [UI_ROLE_AXIS] = { GREY, 0 }, [UI_ROLE_BORDER] = { GREY, 0 },
	    [UI_ROLE_PROOF] = { GREEN, B }, [UI_ROLE_WITNESS] = { MAGENTA, B }, [UI_ROLE_LUCK] = { YELLOW, B },
	    [UI_ROLE_HANG] = { RED, B }, [UI_ROLE_OPEN] = { -1, B }, [UI_ROLE_BAD] = { RED, B },
	    [UI_ROLE_RUN] = { -1, 0 }, [UI_ROLE_READ] = { CYAN, 0 }, [UI_ROLE_HASH] = { BLUE, 0 },
	    [UI_ROLE_CONNECT] = { BLUE, 0 }, [UI_ROLE_SEND] = { GREEN, 0 }, [UI_ROLE_AWAIT] = { YELLOW, 0 },
	    [UI_ROLE_RECEIVE] = { GREEN, B }, [UI_ROLE_WAIT] = { GREY, 0 }, [UI_ROLE_BACKOFF] = { MAGENTA, B },
	    [UI_ROLE_SLEEP] = { GREY, 0 }, [UI_ROLE_HELD] = { RED, B | R }, [UI_ROLE_STOPPED] = { RED, B },
	    [UI_ROLE_CALL] = { BLUE, B }, [UI_ROLE_BARRIER] = { RED, 0 }, [UI_ROLE_ARROW] = { MAGENTA, B },
	    [UI_ROLE_QUEUED] = { GREY, 0 }, [UI_ROLE_DONE] = { GREEN, 0 } },
	  0xfbfbf8, 0x24262b,
	  { 0x24262b, 0xb3261e, 0x2f7d32, 0x9a6700, 0x1f5fbf, 0x8e3a9d, 0x0f7a80, 0x5c6068, 0x868b94, 0xd0433a,
	    0x469b48, 0xb98310, 0x3f7fdd, 0xac58bb, 0x2a989e, 0x111111 } },
	{ "colour-blind", "blue, orange and brightness instead of red and green",
	  { SHAPE, [UI_ROLE_DIM] = { GREY, 0 }, [UI_ROLE_TITLE] = { CYAN, 0 }, [UI_ROLE_FOCUS] = { LCYAN, B | R },
	    [UI_ROLE_AXIS] = { GREY, 0 }, [UI_ROLE_BORDER] = { GREY, 0 },
	    [UI_ROLE_PROOF] = { LBLUE, B }, [UI_ROLE_WITNESS] = { YELLOW, B }, [UI_ROLE_LUCK] = { -1, B | U },
	    [UI_ROLE_HANG] = { LYELLOW, B | R }, [UI_ROLE_OPEN] = { -1, B }, [UI_ROLE_BAD] = { LYELLOW, B },
	    [UI_ROLE_RUN] = { -1, 0 }, [UI_ROLE_READ] = { CYAN, 0 }, [UI_ROLE_HASH] = { LCYAN, 0 },
	    [UI_ROLE_CONNECT] = { BLUE, 0 }, [UI_ROLE_SEND] = { LBLUE, 0 }, [UI_ROLE_AWAIT] = { YELLOW, 0 },
	    [UI_ROLE_RECEIVE] = { LBLUE, B }, [UI_ROLE_WAIT] = { GREY, 0 }, [UI_ROLE_BACKOFF] = { LYELLOW, U },
	    [UI_ROLE_SLEEP] = { GREY, 0 }, [UI_ROLE_HELD] = { LYELLOW, B | R }, [UI_ROLE_STOPPED] = { LYELLOW, B },
	    [UI_ROLE_CALL] = { LCYAN, B }, [UI_ROLE_BARRIER] = { LYELLOW, 0 }, [UI_ROLE_ARROW] = { -1, B },
	    [UI_ROLE_QUEUED] = { GREY, 0 }, [UI_ROLE_DONE] = { LBLUE, 0 } },
	  0x16181d, 0xd6d8dc,
	  { 0x16181d, 0xd55e00, 0x009e73, 0xe69f00, 0x0072b2, 0xcc79a7, 0x56b4e9, 0xb9bcc2, 0x6d727c, 0xf07f2e,
	    0x2fc096, 0xf0c95a, 0x5aa9e6, 0xe39cc4, 0x8fd0f5, 0xf2f3f5 } },
	{ "mono", "no colour: bold, dim, reverse and underline",
	  { SHAPE, [UI_ROLE_DIM] = { -1, D }, [UI_ROLE_TITLE] = { -1, U }, [UI_ROLE_FOCUS] = { -1, B | R },
	    [UI_ROLE_AXIS] = { -1, D }, [UI_ROLE_BORDER] = { -1, D },
	    [UI_ROLE_PROOF] = { -1, B }, [UI_ROLE_WITNESS] = { -1, B }, [UI_ROLE_LUCK] = { -1, B },
	    [UI_ROLE_HANG] = { -1, B | R }, [UI_ROLE_OPEN] = { -1, B }, [UI_ROLE_BAD] = { -1, B },
	    [UI_ROLE_RUN] = { -1, 0 }, [UI_ROLE_READ] = { -1, 0 }, [UI_ROLE_HASH] = { -1, 0 },
	    [UI_ROLE_CONNECT] = { -1, 0 }, [UI_ROLE_SEND] = { -1, 0 }, [UI_ROLE_AWAIT] = { -1, 0 },
	    [UI_ROLE_RECEIVE] = { -1, 0 }, [UI_ROLE_WAIT] = { -1, D }, [UI_ROLE_BACKOFF] = { -1, B },
	    [UI_ROLE_SLEEP] = { -1, D }, [UI_ROLE_HELD] = { -1, B | R }, [UI_ROLE_STOPPED] = { -1, B },
	    [UI_ROLE_CALL] = { -1, B }, [UI_ROLE_BARRIER] = { -1, B }, [UI_ROLE_ARROW] = { -1, B },
	    [UI_ROLE_QUEUED] = { -1, D }, [UI_ROLE_DONE] = { -1, 0 } },
	  0xffffff, 0x000000,
	  { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 } },
};
const size_t ui_nr_themes = sizeof(ui_themes) / sizeof(*ui_themes);

const struct ui_theme *ui_theme_find(const char *name)
{
	for (size_t i = 0; i < ui_nr_themes; i++)
		if (!strcmp(ui_themes[i].name, name))
			return &ui_themes[i];
	return NULL;
}
