#include "tui/screen/cells.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

bool ui_cells_resize(struct ui_cells *c, int rows, int columns)
{
	struct ui_cell *cells = calloc((size_t)rows * (size_t)columns + 1, sizeof(*cells));

	if (!cells)
		return false;
	free(c->cells);
	c->cells = cells;
	c->rows = rows;
	c->columns = columns;
	ui_cells_clear(c);
	return true;
}

void ui_cells_fini(struct ui_cells *c)
{
	free(c->cells);
	c->cells = NULL;
}

void ui_cells_clear(struct ui_cells *c)
{
	for (int i = 0; i < c->rows * c->columns; i++)
		c->cells[i] = (struct ui_cell){ .text = " " };
}

struct ui_cell *ui_cells_at(const struct ui_cells *c, const struct ui_rect *rect, int row, int column)
{
	int y = rect->y + row, x = rect->x + column;
	bool inside = row >= 0 && row < rect->rows && column >= 0 && column < rect->columns && y >= 0 &&
		      y < c->rows && x >= 0 && x < c->columns;

	return inside ? &c->cells[y * c->columns + x] : NULL;
}

/* The next character of text: its bytes and its width; what cannot be shown is one '?'. */
static size_t character(const struct ui_cells *c, const char *text, char to[8], int *width)
{
	wchar_t wide;
	mbstate_t state = { 0 };
	size_t len = mbrtowc(&wide, text, strlen(text), &state);
	bool whole = len != (size_t)-1 && len != (size_t)-2 && len > 0 && len < 8;

	*width = whole ? wcwidth(wide) : -1;
	if (*width >= 0 && (c->utf8 || (unsigned char)*text < 0x80)) {
		memcpy(to, text, len);
		to[len] = '\0';
		return len;
	}
	strcpy(to, "?");
	*width = 1;
	return whole ? len : 1;
}

/* Half a wide character is no character. */
static void halves_clear(struct ui_cells *c, const struct ui_rect *rect, int row, int column)
{
	struct ui_cell *here = ui_cells_at(c, rect, row, column), *left = ui_cells_at(c, rect, row, column - 1);

	if (here && !*here->text && left)
		strcpy(left->text, " ");
}

int ui_cells_text(struct ui_cells *c, const struct ui_rect *rect, int row, int column, enum ui_role role,
		  const char *format, ...)
{
	char text[4096], one[8];
	int x = column, width;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (row < 0 || row >= rect->rows)
		return 0;
	for (const char *p = text; *p; x += width) {
		struct ui_cell *cell;
		p += character(c, p, one, &width);
		if (x + width > rect->columns)
			break;
		cell = ui_cells_at(c, rect, row, x);
		if (!cell || !width)
			continue;
		halves_clear(c, rect, row, x);
		memcpy(cell->text, one, sizeof(one));
		cell->role = (uint8_t)role;
		if (width == 2 && (cell = ui_cells_at(c, rect, row, x + 1)))
			cell->text[0] = '\0', cell->role = (uint8_t)role;
	}
	return x - column;
}

const char *ui_cells_tail(const struct ui_cells *c, const char *text, int columns)
{
	char one[8];
	int width, over = -columns;

	for (const char *p = text; *p; over += width)
		p += character(c, p, one, &width);
	for (; over > 0 && *text; over -= width)
		text += character(c, text, one, &width);
	return text;
}

size_t ui_cells_head(const struct ui_cells *c, const char *text, int columns)
{
	char one[8];
	int width, used = 0;
	size_t len = 0;

	while (text[len]) {
		size_t bytes = character(c, text + len, one, &width);
		if (len && used + width > columns)
			break;
		used += width;
		len += bytes;
	}
	return len;
}

static int last_column(const struct ui_rect *rect, int column, int columns)
{
	return columns < 0 || column + columns > rect->columns ? rect->columns : column + columns;
}

void ui_cells_attrs(struct ui_cells *c, const struct ui_rect *rect, int row, int column, int columns, unsigned attrs)
{
	for (int x = column; x < last_column(rect, column, columns); x++) {
		struct ui_cell *cell = ui_cells_at(c, rect, row, x);
		if (cell)
			cell->attrs = attrs ? (uint8_t)(cell->attrs | attrs) : 0;
	}
}

void ui_cells_role(struct ui_cells *c, const struct ui_rect *rect, int row, int column, int columns, enum ui_role role)
{
	for (int x = column; x < last_column(rect, column, columns); x++) {
		struct ui_cell *cell = ui_cells_at(c, rect, row, x);
		if (cell)
			cell->role = (uint8_t)role;
	}
}

static int row_length(const struct ui_cells *c, int y)
{
	int length = c->columns;

	while (length > 0 && !strcmp(c->cells[y * c->columns + length - 1].text, " "))
		length--;
	return length;
}

void ui_cells_write(const struct ui_cells *c, FILE *out)
{
	for (int y = 0; y < c->rows; y++) {
		int length = row_length(c, y);
		for (int x = 0; x < length; x++)
			fputs(c->cells[y * c->columns + x].text, out);
		fputc('\n', out);
	}
}
