#include "tracer/export/text.h"

#include <inttypes.h>
#include <string.h>

#include "core/event/emit.h"

/* Bytes of the well-formed UTF-8 character at s, 0 when it is none. */
static int utf8_len(const unsigned char *s)
{
	int len = *s < 0x80 ? 1 : *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;
	for (int i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) || /* overlong, surrogate */
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* Characters of the text, one at a time; what is no UTF-8 comes as U+FFFD. False at the end. */
static bool next(const char **s, const char **at, int *len)
{
	if (!*s || !**s)
		return false;
	*len = utf8_len((const unsigned char *)*s);
	*at = *len ? *s : "\xef\xbf\xbd";
	*s += *len ? *len : 1;
	*len = *len ? *len : 3;
	return true;
}

void tr_put_utf8(FILE *out, const char *s)
{
	const char *at;
	int len;
	while (next(&s, &at, &len))
		fwrite(at, 1, (size_t)len, out);
}

static void put_json_character(FILE *out, const char *at, int len)
{
	unsigned char c = (unsigned char)*at;
	if (c == '"' || c == '\\')
		fprintf(out, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		fprintf(out, "\\u%04x", c);
	else
		fwrite(at, 1, (size_t)len, out);
}

void tr_put_json(FILE *out, const char *s)
{
	const char *at;
	int len;
	putc('"', out);
	while (next(&s, &at, &len))
		put_json_character(out, at, len);
	putc('"', out);
}

void tr_put_json_or_null(FILE *out, const char *s)
{
	if (s && *s)
		tr_put_json(out, s);
	else
		fputs("null", out);
}

static const char *xml_entity(char c)
{
	switch (c) {
	case '<': return "&lt;";
	case '>': return "&gt;";
	case '&': return "&amp;";
	case '"': return "&quot;";
	case '\'': return "&#39;";
	default: return NULL;
	}
}

/* U+FFFE and U+FFFF are well-formed UTF-8, and no characters. */
static bool is_noncharacter(const char *at, int len)
{
	return len == 3 && !memcmp(at, "\xef\xbf", 2) && (unsigned char)at[2] >= 0xbe;
}

void tr_put_xml(FILE *out, const char *s)
{
	const char *at, *entity;
	int len;
	while (next(&s, &at, &len)) {
		entity = xml_entity(*at);
		if (entity)
			fputs(entity, out);
		else if (is_noncharacter(at, len))
			fputs("\xef\xbf\xbd", out);
		else if ((unsigned char)*at < 0x20 || *at == 0x7f)
			putc(' ', out); /* XML 1.0 cannot say them */
		else
			fwrite(at, 1, (size_t)len, out);
	}
}

void tr_put_csv(FILE *out, const char *s)
{
	const char *at;
	int len;
	if (!s)
		return;
	if (!strpbrk(s, ",\"\r\n") && *s != ' ') {
		while (next(&s, &at, &len))
			fwrite(at, 1, (size_t)len, out);
		return;
	}
	putc('"', out);
	while (next(&s, &at, &len)) {
		if (*at == '"')
			putc('"', out);
		fwrite(at, 1, (size_t)len, out);
	}
	putc('"', out);
}

void tr_put_dot(FILE *out, const char *s)
{
	const char *at;
	int len;
	putc('"', out);
	while (next(&s, &at, &len)) {
		if (*at == '"' || *at == '\\')
			putc('\\', out);
		if ((unsigned char)*at < 0x20)
			putc(' ', out);
		else
			fwrite(at, 1, (size_t)len, out);
	}
	putc('"', out);
}

void tr_put_mermaid(FILE *out, const char *s)
{
	const char *at;
	int len;
	while (next(&s, &at, &len)) {
		if ((unsigned char)*at < 0x20)
			putc(' ', out);
		else if (strchr("\"#;<>&`|[]{}()\\", *at))
			fprintf(out, "#%d;", *at);
		else
			fwrite(at, 1, (size_t)len, out);
	}
}

void tr_put_folded(FILE *out, const char *s)
{
	const char *at;
	int len;
	while (next(&s, &at, &len)) {
		if (*at == ';' || (unsigned char)*at < 0x20)
			putc(*at == ';' ? ':' : '_', out);
		else
			fwrite(at, 1, (size_t)len, out);
	}
}

void tr_put_us(FILE *out, int64_t ns)
{
	uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	fprintf(out, "%s%" PRIu64 ".%03u", ns < 0 ? "-" : "", n / 1000, (unsigned)(n % 1000));
}

/* ---- events */

static void put_field(FILE *out, const struct tr_log *log, const struct tr_event *e,
		      const struct xf_field *f)
{
	char word[4200];
	uint64_t value = xf_field_get(e->record, f);
	bool named = f->type == XF_TYPE_text || f->type == XF_TYPE_object;
	switch (f->type) {
	case XF_TYPE_text: case XF_TYPE_object: case XF_TYPE_thread: case XF_TYPE_class:
	case XF_TYPE_state: case XF_TYPE_how: case XF_TYPE_op:
		if (named && !value)
			fputs("null", out);
		else
			tr_put_json_or_null(out, tr_event_field_text(log, e, f, word, sizeof(word)));
		break;
	case XF_TYPE_flag:
		fputs(value ? "true" : "false", out);
		break;
	default:
		fprintf(out, "%" PRId64, (int64_t)value);
	}
}

static bool is_common(const char *name)
{
	static const char *const common[] = { "seq", "t_ns", "thread", "event", "object", "file", "line" };
	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		if (!strcmp(name, common[i]))
			return true;
	return false;
}

void tr_put_fields_json(FILE *out, const struct tr_log *log, const struct tr_event *e)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	for (unsigned i = 0; i < info->nr_fields; i++) {
		if (is_common(info->fields[i].name))
			continue;
		fprintf(out, ",\"%s\":", info->fields[i].name);
		put_field(out, log, e, &info->fields[i]);
	}
}

void tr_put_event_json(FILE *out, const struct tr_log *log, const struct tr_event *e)
{
	struct tr_site site = tr_event_site(log, e);
	fprintf(out, "{\"seq\":%" PRIu32 ",\"t_ns\":%" PRId64 ",\"thread\":", e->index, e->t_ns);
	tr_put_json_or_null(out, tr_log_thread(log, e->thread)->name);
	fprintf(out, ",\"event\":\"%s\",\"object\":", xf_kind_info(e->kind)->name);
	tr_put_json_or_null(out, e->object == TR_NONE ? "" : tr_log_object(log, e->object)->name);
	fputs(",\"file\":", out);
	tr_put_json_or_null(out, site.file);
	if (site.line)
		fprintf(out, ",\"line\":%" PRIu32, site.line);
	else
		fputs(",\"line\":null", out);
	tr_put_fields_json(out, log, e);
	putc('}', out);
}
