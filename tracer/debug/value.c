#include "tracer/debug/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tr_value tr_value_none(void)
{
	return (struct tr_value){ .type = TR_VALUE_NONE };
}

struct tr_value tr_value_bool(bool b)
{
	return (struct tr_value){ .type = TR_VALUE_BOOL, .b = b };
}

struct tr_value tr_value_int(int64_t i)
{
	return (struct tr_value){ .type = TR_VALUE_INT, .i = i };
}

struct tr_value tr_value_text(const char *text)
{
	struct tr_value v = { .type = TR_VALUE_TEXT };
	snprintf(v.text, sizeof(v.text), "%s", text ? text : "");
	return v;
}

struct tr_value tr_value_object(const struct tr_class *class, uint32_t index)
{
	return (struct tr_value){ .type = TR_VALUE_OBJECT, .object = { class, index } };
}

/* Bytes of the character that begins there. */
static size_t character(const char *text)
{
	unsigned char c = (unsigned char)*text;
	size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1, n = 1;
	while (n < want && ((unsigned char)text[n] & 0xc0) == 0x80)
		n++;
	return n == want ? n : 1;
}

int64_t tr_text_length(const char *text)
{
	int64_t n = 0;
	for (; *text; text += character(text))
		n++;
	return n;
}

const char *tr_text_at(const char *text, int64_t i, size_t *len)
{
	for (; *text && i; i--)
		text += character(text);
	*len = *text ? character(text) : 0;
	return text;
}

bool tr_value_true(void *ctx, const struct tr_value *v)
{
	switch (v->type) {
	case TR_VALUE_NONE:
		return false;
	case TR_VALUE_BOOL:
		return v->b;
	case TR_VALUE_INT:
		return v->i != 0;
	case TR_VALUE_FLOAT:
		return v->f != 0;
	case TR_VALUE_TEXT:
		return *v->text != '\0';
	case TR_VALUE_OBJECT:
		return !v->object.class->length || v->object.class->length(ctx, v->object.index) != 0;
	}
	return false;
}

static bool is_number(const struct tr_value *v, double *f)
{
	*f = v->type == TR_VALUE_FLOAT ? v->f : v->type == TR_VALUE_BOOL ? v->b : (double)v->i;
	return v->type == TR_VALUE_FLOAT || v->type == TR_VALUE_BOOL || v->type == TR_VALUE_INT;
}

bool tr_value_equal(const struct tr_value *a, const struct tr_value *b)
{
	double x, y;
	if (a->type == TR_VALUE_INT && b->type == TR_VALUE_INT)
		return a->i == b->i;
	if (a->type == TR_VALUE_TEXT && b->type == TR_VALUE_TEXT)
		return strcmp(a->text, b->text) == 0;
	if (a->type == TR_VALUE_OBJECT && b->type == TR_VALUE_OBJECT)
		return a->object.class == b->object.class && a->object.index == b->object.index;
	if (a->type == TR_VALUE_NONE || b->type == TR_VALUE_NONE)
		return a->type == b->type;
	if (a->type == TR_VALUE_TEXT || b->type == TR_VALUE_TEXT || a->type == TR_VALUE_OBJECT ||
	    b->type == TR_VALUE_OBJECT)
		return false;
	return is_number(a, &x) && is_number(b, &y) && x == y;
}

/* ORDER value types */
const char *tr_value_type_name(const struct tr_value *v)
{
	static const char *const names[] = { "NoneType", "bool", "int", "float", "str" };
	return v->type == TR_VALUE_OBJECT ? v->object.class->name : names[v->type];
}

static void quote(const char *text, char *buf, size_t cap)
{
	char mark = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
	size_t at = 0;
	buf[at++] = mark;
	for (const char *p = text; *p && at + 6 < cap; p++) {
		if (*p == mark || *p == '\\')
			buf[at++] = '\\';
		const char *letter = strchr("\nn\tt\rr", *p);
		if ((unsigned char)*p < ' ' && letter)
			at += (size_t)snprintf(buf + at, cap - at, "\\%c", letter[1]);
		else if ((unsigned char)*p < ' ' || *p == 127)
			at += (size_t)snprintf(buf + at, cap - at, "\\x%02x", (unsigned char)*p);
		else
			buf[at++] = *p;
	}
	buf[at++] = mark;
	buf[at] = '\0';
}

static void show_float(double f, char *buf, size_t cap)
{
	/* the shortest that is read back as the same */
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(buf, cap, "%.*g", digits, f);
		if (strtod(buf, NULL) == f)
			break;
	}
	if (isfinite(f) && !strpbrk(buf, ".e") && strlen(buf) + 3 < cap)
		strcat(buf, ".0");
}

const char *tr_value_repr(void *ctx, const struct tr_value *v, char *buf, size_t cap)
{
	switch (v->type) {
	case TR_VALUE_NONE:
		snprintf(buf, cap, "None");
		break;
	case TR_VALUE_BOOL:
		snprintf(buf, cap, v->b ? "True" : "False");
		break;
	case TR_VALUE_INT:
		snprintf(buf, cap, "%" PRId64, v->i);
		break;
	case TR_VALUE_FLOAT:
		show_float(v->f, buf, cap);
		break;
	case TR_VALUE_TEXT:
		quote(v->text, buf, cap);
		break;
	case TR_VALUE_OBJECT:
		if (v->object.class->show)
			v->object.class->show(ctx, v->object.index, buf, cap);
		else
			snprintf(buf, cap, "<%s>", v->object.class->name);
		break;
	}
	return buf;
}

const char *tr_value_str(void *ctx, const struct tr_value *v, char *buf, size_t cap)
{
	if (v->type != TR_VALUE_TEXT)
		return tr_value_repr(ctx, v, buf, cap);
	snprintf(buf, cap, "%s", v->text);
	return buf;
}

bool tr_value_member(void *ctx, const struct tr_value *v, const char *name, struct tr_value *out)
{
	if (v->type != TR_VALUE_OBJECT)
		return false;
	const struct tr_class *c = v->object.class;
	*out = tr_value_none();
	for (const struct tr_member *m = c->members; m && m->name; m++)
		if (strcmp(m->name, name) == 0) {
			if (!m->get(ctx, v->object.index, out))
				*out = tr_value_none();
			return true;
		}
	return c->other && c->other(ctx, v->object.index, name, out);
}
