#include "tui/screen/rows.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tui/screen/view.h"

enum { TEXT = 160 };

void ui_rows_fini(struct ui_list_view *l)
{
	free(l->list);
	free(l->tags);
	l->list = l->tags = NULL;
	l->nr = l->cap = l->nr_tags = l->cap_tags = 0;
}

/* ---- words */

/* COLUMN=TEXT, or TEXT in any column. */
static bool word_match(const char *word, const struct ui_column *columns, const char *const *texts)
{
	const char *equals = strchr(word, '=');

	for (int i = 0; columns[i].name; i++) {
		size_t len = strlen(columns[i].name);
		if (equals && len == (size_t)(equals - word) && !strncasecmp(columns[i].name, word, len))
			return !fnmatch(equals + 1, texts[i], FNM_CASEFOLD);
	}
	for (int i = 0; columns[i].name; i++)
		if (strcasestr(texts[i], word))
			return true;
	return false;
}

bool ui_words_match(const char *words, const struct ui_column *columns, const char *const *texts)
{
	bool inverse = *words == '!', found = false;
	char word[TEXT];

	words += inverse;
	for (const char *p = words; *p && !found;) {
		size_t len = strcspn(p, "|"), n;
		while (len && *p == ' ')
			p++, len--;
		n = len;
		while (n && p[n - 1] == ' ')
			n--;
		n = n < sizeof(word) - 1 ? n : sizeof(word) - 1;
		memcpy(word, p, n);
		word[n] = '\0';
		found = n && word_match(word, columns, texts);
		p += len + (p[len] == '|');
	}
	return found != inverse;
}

static bool item_match(const struct ui_scene *s, enum ui_pane pane, uint32_t item, const char *words)
{
	const struct ui_view *view = ui_views[pane];
	char buf[UI_MAX_COLUMNS][TEXT];
	const char *texts[UI_MAX_COLUMNS];

	for (int i = 0; view->columns[i].name; i++)
		texts[i] = view->text(s, item, i, buf[i], sizeof(buf[i]));
	return ui_words_match(words, view->columns, texts);
}

/* ---- order */

struct ordering {
	const struct ui_scene *s;
	const struct ui_view *view;
	const struct ui_list_view *l;
};

/* "request-2" before "request-10": numbers count as numbers. */
static int text_compare(const char *a, const char *b)
{
	while (*a && *b) {
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			char *end_a, *end_b;
			unsigned long long x = strtoull(a, &end_a, 10), y = strtoull(b, &end_b, 10);
			if (x != y)
				return x > y ? 1 : -1;
			a = end_a;
			b = end_b;
		} else if (*a != *b) {
			break;
		} else {
			a++;
			b++;
		}
	}
	return (unsigned char)*a - (unsigned char)*b;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct ordering *o = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int order = 0;

	if (o->view->columns[o->l->sort].by_text) {
		char left[TEXT], right[TEXT];
		order = text_compare(o->view->text(o->s, x, o->l->sort, left, sizeof(left)),
				     o->view->text(o->s, y, o->l->sort, right, sizeof(right)));
	} else {
		int64_t left = o->view->key(o->s, x, o->l->sort), right = o->view->key(o->s, y, o->l->sort);
		order = (left > right) - (left < right);
	}
	if (!order)
		order = (x > y) - (x < y);
	return o->l->inverted ? -order : order;
}

static bool room(uint32_t **list, uint32_t *cap, uint32_t nr)
{
	uint32_t *more;

	if (nr <= *cap)
		return true;
	nr += nr / 2 + 16;
	more = realloc(*list, nr * sizeof(*more));
	if (!more)
		return false;
	*list = more;
	*cap = nr;
	return true;
}

void ui_rows_settle(struct ui_scene *s, enum ui_pane pane)
{
	const struct ui_view *view = ui_views[pane];
	struct ui_list_view *l = &s->lists[pane];
	struct ordering o = { s, view, l };
	uint32_t nr = view->items ? view->items(s) : 0, kept = 0;

	l->nr = 0;
	if (!nr || !room(&l->list, &l->cap, nr))
		return;
	for (uint32_t i = 0; i < nr; i++)
		if (!view->listed || view->listed(s, i))
			l->list[l->nr++] = i;
	if (!view->arrange || !view->arrange(s, l->list, l->nr))
		qsort_r(l->list, l->nr, sizeof(*l->list), compare, &o);
	for (uint32_t i = 0; *l->filter && i < l->nr; i++)
		if (item_match(s, pane, l->list[i], l->filter))
			l->list[kept++] = l->list[i];
	if (*l->filter)
		l->nr = kept;
}

uint32_t ui_rows_nr(const struct ui_scene *s, enum ui_pane pane)
{
	return s->lists[pane].nr;
}

uint32_t ui_rows_item(const struct ui_scene *s, enum ui_pane pane, uint32_t row)
{
	return row < s->lists[pane].nr ? s->lists[pane].list[row] : TR_NONE;
}

uint32_t ui_rows_find(const struct ui_scene *s, enum ui_pane pane, uint32_t item)
{
	const struct ui_list_view *l = &s->lists[pane];

	if (item < l->nr && l->list[item] == item)
		return item; /* nothing is left out or moved */
	for (uint32_t i = 0; i < l->nr; i++)
		if (l->list[i] == item)
			return i;
	return TR_NONE;
}

/* ---- search */

bool ui_rows_match(const struct ui_scene *s, enum ui_pane pane, uint32_t item)
{
	return *s->lists[pane].search && item != TR_NONE && item_match(s, pane, item, s->lists[pane].search);
}

uint32_t ui_rows_search(const struct ui_scene *s, enum ui_pane pane, uint32_t row, int dir)
{
	const struct ui_list_view *l = &s->lists[pane];

	for (uint32_t i = 1; i <= l->nr; i++) {
		uint32_t at = dir > 0 ? (row + i) % l->nr : (row + l->nr - i % l->nr) % l->nr;
		if (ui_rows_match(s, pane, l->list[at]))
			return at;
	}
	return TR_NONE;
}

/* ---- tags */

static uint32_t tag_place(const struct ui_list_view *l, uint32_t item)
{
	uint32_t i = 0;

	while (i < l->nr_tags && l->tags[i] < item)
		i++;
	return i;
}

bool ui_rows_tagged(const struct ui_list_view *l, uint32_t item)
{
	uint32_t i = tag_place(l, item);

	return i < l->nr_tags && l->tags[i] == item;
}

void ui_rows_tag(struct ui_list_view *l, uint32_t item)
{
	uint32_t i = tag_place(l, item);

	if (i < l->nr_tags && l->tags[i] == item) {
		memmove(l->tags + i, l->tags + i + 1, (--l->nr_tags - i) * sizeof(*l->tags));
	} else if (room(&l->tags, &l->cap_tags, l->nr_tags + 1)) {
		memmove(l->tags + i + 1, l->tags + i, (l->nr_tags++ - i) * sizeof(*l->tags));
		l->tags[i] = item;
	}
}
