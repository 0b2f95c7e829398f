/*
 * cells: the picture of a screen, in memory: what views draw into and what
 * screen.c shows, a snapshot writes and a test compares. A cell is one character,
 * the role it plays (theme.h gives roles their looks) and attributes. Arithmetic only.
 */
#ifndef UI_SCREEN_CELLS_H
#define UI_SCREEN_CELLS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tui/screen/theme.h"

/* A rectangle of cells; outside of it nothing is drawn. */
struct ui_rect {
	int y, x, rows, columns;
};

struct ui_cell {
	char text[8];   /* one character, UTF-8; "" under the right half of a wide one */
	uint8_t role;   /* enum ui_role */
	uint8_t attrs;  /* UI_ATTR_*, on top of the role's own */
};

struct ui_cells {
	int rows, columns;
	struct ui_cell *cells;
	bool utf8;      /* else only ASCII may be drawn */
};

/* Empty cells of that size; false: out of memory. The content of before is lost. */
bool ui_cells_resize(struct ui_cells *cells, int rows, int columns);
void ui_cells_fini(struct ui_cells *cells);
void ui_cells_clear(struct ui_cells *cells);

/*
 * Draws text into one row of rect, cut at its edges, and returns how many
 * columns it took. Control characters and what is no UTF-8 become '?', so that text
 * of foreign origin is harmless.
 */
int ui_cells_text(struct ui_cells *cells, const struct ui_rect *rect, int row, int column, enum ui_role role,
		  const char *format, ...) __attribute__((format(printf, 6, 7)));

/* As much of the text's end as fits into so many columns: all of it, or from a character on. */
const char *ui_cells_tail(const struct ui_cells *cells, const char *text, int columns);

/* How many bytes of its beginning do; one character at least. */
size_t ui_cells_head(const struct ui_cells *cells, const char *text, int columns);

/* Adds attributes to (or, with 0, takes them from) `columns` cells of a row from column on; -1: to the edge. */
void ui_cells_attrs(struct ui_cells *cells, const struct ui_rect *rect, int row, int column, int columns,
		    unsigned attrs);

/* The same for the role. */
void ui_cells_role(struct ui_cells *cells, const struct ui_rect *rect, int row, int column, int columns,
		   enum ui_role role);

/* The cell at that place of rect, NULL outside. */
struct ui_cell *ui_cells_at(const struct ui_cells *cells, const struct ui_rect *rect, int row, int column);

/* The picture as lines of text, trailing blanks cut. */
void ui_cells_write(const struct ui_cells *cells, FILE *out);

/* The picture as SVG, in the theme's colours. */
void ui_cells_write_svg(const struct ui_cells *cells, const struct ui_theme *theme, FILE *out);

#endif
