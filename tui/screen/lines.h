/*
 * lines: what was said, line by line, the last of it kept: commands and their
 * output, and what programs write. Text of foreign origin is made harmless: escape sequences
 * are passed over, a carriage return begins the line anew, other control characters are left out.
 */
#ifndef UI_SCREEN_LINES_H
#define UI_SCREEN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UI_MAX_LINES = 2000, UI_MAX_LINE = 1024 };

struct ui_lines {
	char *list[UI_MAX_LINES];  /* a ring; owned */
	uint32_t nr;               /* ever ended */
	/* the line that has not ended */
	char open[UI_MAX_LINE];
	size_t len;
	bool again;                /* a carriage return: what comes next replaces it */
	uint8_t escape;            /* how far into an escape sequence */
};

void ui_lines_fini(struct ui_lines *lines);

/* Whole lines: what is open is ended first, and text's end ends a line. */
void ui_lines_say(struct ui_lines *lines, const char *text);

/* A piece of a stream. */
void ui_lines_write(struct ui_lines *lines, const char *text, size_t len);

/* How many there are, the open one among them; and the i-th of them, from the oldest kept. */
uint32_t ui_lines_nr(const struct ui_lines *lines);
const char *ui_lines_get(const struct ui_lines *lines, uint32_t i);

#endif
