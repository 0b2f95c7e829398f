/*
 * cells: the picture of a screen, in memory: what a view draws into and what
 * screen.c shows. Arithmetic only; a test compares it as text.
 */
#ifndef UI_SCREEN_CELLS_H
#define UI_SCREEN_CELLS_H

#include <stdbool.h>
#include <stdio.h>

#include "tui/command/style.h"

/* A rectangle of cells; outside of it nothing is drawn. */
struct ui_rect {
	int y, x, rows, columns;
};

struct ui_cell {
	char text[8];       /* one character, UTF-8; "" under the right half of a wide one */
	unsigned char tone; /* enum ui_tone + 1; 0: plain */
	bool reverse;
};

struct ui_cells {
	int rows, columns;
	struct ui_cell *cells;
	bool utf8;          /* else only ASCII may be drawn */
};

/* Empty cells of that size; false: out of memory. The content of before is lost. */
bool ui_cells_resize(struct ui_cells *cells, int rows, int columns);
void ui_cells_fini(struct ui_cells *cells);
void ui_cells_clear(struct ui_cells *cells);

/*
 * Draws text into one row of rect, cut at its right edge, and returns how many
 * columns it took. tone: enum ui_tone + 1, or 0. Control characters and what is
 * no UTF-8 become '?', so that text of foreign origin is harmless.
 */
int ui_cells_text(struct ui_cells *cells, const struct ui_rect *rect, int row, int column, int tone,
		  const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Reverse video for a whole row of rect. */
void ui_cells_reverse(struct ui_cells *cells, const struct ui_rect *rect, int row);

/* The picture as lines of text, trailing blanks cut. */
void ui_cells_write(const struct ui_cells *cells, FILE *out);

#endif
