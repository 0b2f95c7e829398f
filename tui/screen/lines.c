#include "tui/screen/lines.h"

#include <stdlib.h>
#include <string.h>

enum { TAB = 8 };

/* Where in an escape sequence: ESC seen; ESC [ … up to a letter; ESC ] and the like … up to BEL or ESC \. */
enum { NO_ESCAPE, ESCAPE, CONTROL, STRING, STRING_END };

void ui_lines_fini(struct ui_lines *l)
{
	for (int i = 0; i < UI_MAX_LINES; i++)
		free(l->list[i]);
	*l = (struct ui_lines){ .nr = 0 };
}

static void line_end(struct ui_lines *l)
{
	char **line = &l->list[l->nr % UI_MAX_LINES];

	free(*line);
	*line = strndup(l->open, l->len);
	l->nr++;
	l->len = 0;
	l->again = false;
}

static uint8_t escape_after(uint8_t state, unsigned char c)
{
	switch (state) {
	case ESCAPE:
		return c == '[' ? CONTROL : c && strchr("]PX^_", c) ? STRING : c >= 0x20 && c < 0x30 ? ESCAPE : NO_ESCAPE;
	case CONTROL:
		return c >= 0x40 && c < 0x7f ? NO_ESCAPE : CONTROL;
	case STRING:
		return c == 7 ? NO_ESCAPE : c == 27 ? STRING_END : STRING;
	default:
		return c == '\\' ? NO_ESCAPE : STRING;
	}
}

static void put(struct ui_lines *l, char c)
{
	if (l->again)
		l->len = 0;
	l->again = false;
	if (l->len == UI_MAX_LINE - 1)
		line_end(l);
	l->open[l->len++] = c;
}

static void take(struct ui_lines *l, char c)
{
	unsigned char u = (unsigned char)c;

	if (c == '\n') {
		l->escape = NO_ESCAPE;
		line_end(l);
	} else if (l->escape) {
		l->escape = escape_after(l->escape, u);
	} else if (c == 27) {
		l->escape = ESCAPE;
	} else if (c == '\r') {
		l->again = true;
	} else if (c == '\b' && l->len) {
		l->len--;
	} else if (c == '\t') {
		do
			put(l, ' ');
		while (l->len % TAB);
	} else if (u >= 32 && u != 127) {
		put(l, c);
	}
}

void ui_lines_write(struct ui_lines *l, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		take(l, text[i]);
	l->open[l->len] = '\0';
}

void ui_lines_say(struct ui_lines *l, const char *text)
{
	size_t len = strlen(text);

	if (l->len)
		line_end(l);
	ui_lines_write(l, text, len);
	if (len && text[len - 1] != '\n')
		line_end(l);
}

uint32_t ui_lines_nr(const struct ui_lines *l)
{
	return (l->nr < UI_MAX_LINES ? l->nr : UI_MAX_LINES) + (l->len > 0);
}

const char *ui_lines_get(const struct ui_lines *l, uint32_t i)
{
	uint32_t kept = l->nr < UI_MAX_LINES ? l->nr : UI_MAX_LINES;
	const char *line = i < kept ? l->list[(l->nr - kept + i) % UI_MAX_LINES] : l->open;

	return line ? line : "";
}
