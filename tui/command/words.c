#include "tui/command/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum xf_status ui_words_add(struct ui_words *words, struct xf_error *err, const char *format, ...)
{
	char *text = NULL;
	va_list args;
	int len;

	if (words->nr + 1 >= words->cap) {
		size_t cap = words->cap ? 2 * words->cap : 32;
		char **items = realloc(words->items, cap * sizeof(*items));
		if (!items)
			return xf_fail(err, XF_NOMEM, "out of memory");
		words->items = items;
		words->cap = cap;
	}
	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return xf_fail(err, XF_NOMEM, "out of memory");
	words->items[words->nr++] = text;
	words->items[words->nr] = NULL;
	return XF_OK;
}

void ui_words_fini(struct ui_words *words)
{
	for (size_t i = 0; i < words->nr; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct ui_words){ 0 };
}

static enum xf_status option_word(struct ui_words *words, const struct ui_option *o, const void *at,
				  struct xf_error *err)
{
	const struct ui_list *list = at;
	enum xf_status status = XF_OK;

	switch (o->kind) {
	case UI_KIND_FLAG:
		return ui_words_add(words, err, "--%s", o->name);
	case UI_KIND_SWITCH:
		return ui_words_add(words, err, "--%s=%s", o->name, *(const enum ui_switch *)at == UI_YES ? "yes" : "no");
	case UI_KIND_COUNT:
	case UI_KIND_SIZE:
	case UI_KIND_RATE:
	case UI_KIND_TIME:
		return ui_words_add(words, err, "--%s=%llu%s", o->name, *(const unsigned long long *)at,
				    o->kind == UI_KIND_TIME ? "ns" : "");
	case UI_KIND_LIST:
		for (size_t i = 0; i < list->nr_items && !status; i++)
			status = ui_words_add(words, err, "--%s=%s", o->name, list->items[i]);
		return status;
	case UI_KIND_SECRET:
		if (strncmp(*(const char *const *)at, "fileb://", 8))
			return xf_fail(err, XF_INVALID, "--%s: keep the key in a file: fileb://FILE", o->name);
		/* fall through */
	default:
		return ui_words_add(words, err, "--%s=%s", o->name, *(const char *const *)at);
	}
}

enum xf_status ui_words_settings(struct ui_words *words, const struct ui_settings *settings, unsigned groups,
				 struct xf_error *err)
{
	enum xf_status status = XF_OK;

	for (size_t i = 0; i < UI_OPT_COUNT && !status; i++) {
		const struct ui_option *o = &ui_options[i];
		if (settings->given[i] && groups >> o->group & 1)
			status = option_word(words, o, (const char *)settings + o->offset, err);
	}
	return status;
}
