#include "tui/screen/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tui/command/paths.h"
#include "tui/screen/view.h"

enum { MAX_FILE = 8192 };

static enum ui_pane pane_of(const char *title)
{
	int pane = 0;

	while (pane < UI_PANE_COUNT && strcmp(ui_views[pane]->title, title) != 0)
		pane++;
	return (enum ui_pane)pane;
}

/* ---- reading */

static void theme_read(struct ui_scene *s, const char *value)
{
	const struct ui_theme *theme = ui_theme_find(value);

	s->theme = theme ? theme : s->theme;
}

static void pane_read(struct ui_scene *s, const char *value)
{
	enum ui_pane pane = pane_of(value);

	if (pane < UI_PANE_HELP)
		s->focus = pane;
}

static void higher_read(struct ui_scene *s, const char *value)
{
	int rows = atoi(value);

	s->enlarged = rows < -200 ? -200 : rows > 200 ? 200 : rows;
}

/* "threads busy", "parts state turned" */
static void sort_read(struct ui_scene *s, const char *value)
{
	char title[32], column[32], turned[32] = "";
	enum ui_pane pane;

	if (sscanf(value, "%31s %31s %31s", title, column, turned) < 2)
		return;
	pane = pane_of(title);
	for (int i = 0; pane < UI_PANE_COUNT && ui_views[pane]->columns && ui_views[pane]->columns[i].name; i++)
		if (!strcmp(ui_views[pane]->columns[i].name, column)) {
			s->lists[pane].sort = i;
			s->lists[pane].inverted = !strcmp(turned, "turned");
		}
}

static void alone_read(struct ui_scene *s, const char *value)
{
	s->maximised = !strcmp(value, "yes");
}

static void tree_read(struct ui_scene *s, const char *value)
{
	s->tree = !strcmp(value, "yes");
}

static void whole_read(struct ui_scene *s, const char *value)
{
	s->wrap = !strcmp(value, "yes");
}

static const struct {
	const char *name;
	void (*read)(struct ui_scene *s, const char *value);
} things[] = {
	{ "theme", theme_read }, { "pane", pane_read }, { "higher", higher_read }, { "alone", alone_read },
	{ "tree", tree_read }, { "whole", whole_read }, { "sort", sort_read },
};

void ui_state_read(struct ui_scene *s, const char *text)
{
	for (const char *p = text; *p;) {
		size_t len = strcspn(p, "\n");
		char line[128], *value;
		snprintf(line, sizeof(line), "%.*s", (int)len, p);
		value = strchr(line, ' ');
		if (value)
			*value++ = '\0';
		for (size_t i = 0; value && i < sizeof(things) / sizeof(*things); i++)
			if (!strcmp(things[i].name, line))
				things[i].read(s, value);
		p += len + (p[len] == '\n');
	}
}

/* ---- writing */

void ui_state_write(const struct ui_scene *s, FILE *out)
{
	enum ui_pane pane = s->focus == UI_PANE_HELP ? UI_PANE_TIMELINE : s->focus;

	fprintf(out, "theme %s\npane %s\nhigher %d\nalone %s\ntree %s\nwhole %s\n", s->theme->name, ui_views[pane]->title,
		s->enlarged, s->maximised ? "yes" : "no", s->tree ? "yes" : "no", s->wrap ? "yes" : "no");
	for (int p = 0; p < UI_PANE_COUNT; p++)
		if (ui_views[p]->columns && (s->lists[p].sort || s->lists[p].inverted))
			fprintf(out, "sort %s %s%s\n", ui_views[p]->title, ui_views[p]->columns[s->lists[p].sort].name,
				s->lists[p].inverted ? " turned" : "");
}

/* ---- the file */

void ui_state_load(struct ui_scene *s)
{
	struct xf_error ignored = XF_ERROR_INIT; /* then it begins as new */
	char path[4096], text[MAX_FILE];
	FILE *in = ui_path_state("screen", path, sizeof(path), false, &ignored) ? NULL : fopen(path, "re");
	size_t n;

	if (!in)
		return;
	n = fread(text, 1, sizeof(text) - 1, in);
	text[n] = '\0';
	fclose(in);
	ui_state_read(s, text);
}

/* By another name first, so that two screens that end at once leave one whole file. */
void ui_state_save(const struct ui_scene *s)
{
	struct xf_error ignored = XF_ERROR_INIT;
	char path[4096], fresh[4200];
	FILE *out;

	if (ui_path_state("screen", path, sizeof(path), true, &ignored))
		return;
	snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid());
	out = fopen(fresh, "wxe");
	if (!out)
		return;
	ui_state_write(s, out);
	if (fclose(out) || rename(fresh, path))
		unlink(fresh);
}
