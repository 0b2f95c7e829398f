/* tags: see tags.h. */
#include "tracer/foreign/tags.h"

#include <string.h>

void tr_tags_init(struct tr_tags *t)
{
	*t = (struct tr_tags){ .in_tag = false };
}

static void tags_tag_begins(struct tr_tags *t)
{
	t->in_tag = t->in_name = true;
	t->in_entity = false;
	t->name_len = 0;
	t->name[0] = 0;
}

static void tags_tag_ends(struct tr_tags *t, tr_tags_fn found, void *ctx)
{
	t->in_tag = false;
	if (t->name[0] == '/') {
		if (t->open[0] && strcmp(t->name + 1, t->open) == 0)
			found(ctx, t->open, t->text);
		t->open[0] = 0;
	} else {
		memcpy(t->open, t->name, sizeof(t->open));
	}
	t->text_len = 0;
	t->text[0] = 0;
}

/* One byte between '<' and '>'; a prefix is forgotten, attributes are not read. */
static void tags_name(struct tr_tags *t, char c)
{
	if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || (c == '/' && t->name_len))
		t->in_name = false;
	if (!t->in_name)
		return;
	if (c == ':')
		t->name_len = t->name[0] == '/' ? 1 : 0;
	else if (t->name_len + 1u < sizeof(t->name))
		t->name[t->name_len++] = c;
	t->name[t->name_len] = 0;
}

static void tags_text(struct tr_tags *t, char c)
{
	if (t->in_entity || c == '&')
		t->in_entity = c != ';';
	else if (c != '"' && t->text_len + 1u < sizeof(t->text)) {
		t->text[t->text_len++] = c;
		t->text[t->text_len] = 0;
	}
}

void tr_tags_feed(struct tr_tags *t, const char *bytes, size_t len, tr_tags_fn found, void *ctx)
{
	for (size_t i = 0; i < len; i++) {
		char c = bytes[i];
		if (c == '<')
			tags_tag_begins(t);
		else if (t->in_tag && c == '>')
			tags_tag_ends(t, found, ctx);
		else if (t->in_tag)
			tags_name(t, c);
		else
			tags_text(t, c);
	}
}
