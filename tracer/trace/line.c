/* line: events as words: fields and whole lines, for people, JSON and filters. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tracer/trace/log.h"

static const char *enum_word(enum xf_type type, uint64_t value)
{
	switch (type) {
	case XF_TYPE_class:
		return xf_class_name((enum xf_class)value);
	case XF_TYPE_state:
		return xf_state_name((enum xf_state)value);
	case XF_TYPE_how:
		return xf_how_name((enum xf_how)value);
	case XF_TYPE_op:
		return xf_op_name((enum xf_op)value);
	case XF_TYPE_flag:
		return value ? "true" : "false";
	default:
		return NULL;
	}
}

static const char *name_word(const struct tr_log *log, const struct tr_event *e, enum xf_type type,
			     uint64_t value)
{
	uint32_t i;
	switch (type) {
	case XF_TYPE_text:
		return tr_log_text(log, e->process, (uint32_t)value);
	case XF_TYPE_thread:
		i = tr_log_thread_find(log, (uint32_t)value);
		return i == TR_NONE ? NULL : tr_log_thread(log, i)->name;
	case XF_TYPE_object:
		i = tr_log_object_find(log, e->process, (uint32_t)value);
		return i == TR_NONE || !*tr_log_object(log, i)->name ? NULL : tr_log_object(log, i)->name;
	default:
		return enum_word(type, value);
	}
}

const char *tr_event_field_text(const struct tr_log *log, const struct tr_event *e,
				const struct xf_field *field, char *buf, size_t cap)
{
	uint64_t value = xf_field_get(e->record, field);
	const char *word = name_word(log, e, field->type, value);
	if (word)
		snprintf(buf, cap, "%s", word);
	else if (field->type == XF_TYPE_i64 || field->type == XF_TYPE_i32)
		snprintf(buf, cap, "%" PRId64, (int64_t)value);
	else if (field->type == XF_TYPE_addr)
		snprintf(buf, cap, "0x%" PRIx64, value);
	else
		snprintf(buf, cap, "%" PRIu64, value);
	return buf;
}

/* snprintf at a place; the place never passes the end. */
__attribute__((format(printf, 4, 5)))
static size_t add(char *buf, size_t cap, size_t at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(buf + at, cap - at, format, args);
	va_end(args);
	at += n > 0 ? (size_t)n : 0;
	return at < cap ? at : cap - 1;
}

static size_t add_object(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap,
			 size_t at)
{
	if (e->object == TR_NONE)
		return at;
	const struct tr_object *o = tr_log_object(log, e->object);
	return *o->name ? add(buf, cap, at, " %s", o->name) : add(buf, cap, at, " #%u", o->id);
}

/* A frame's arguments carry names of their own, "part attempt:u32", at the site. */
static size_t add_arguments(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap,
			    size_t at)
{
	const struct xf_ev_frame_enter *frame = TR_PAYLOAD(e, frame_enter);
	const uint64_t values[4] = { frame->a0, frame->a1, frame->a2, frame->a3 };
	struct tr_site site = tr_event_site(log, e);
	const char *p = site.args;
	at = add(buf, cap, at, " %s", *site.function ? site.function : "?");
	for (int i = 0; i < 4 && *p; i++) {
		p += strspn(p, " ");
		size_t whole = strcspn(p, " "), name = strcspn(p, " :");
		bool text = whole == name + 5 && strncmp(p + name, ":text", 5) == 0;
		if (!whole)
			break;
		at = text ? add(buf, cap, at, " %.*s=%s", (int)name, p,
				tr_log_text(log, e->process, (uint32_t)values[i]))
			  : add(buf, cap, at, " %.*s=%" PRIu64, (int)name, p, values[i]);
		p += whole;
	}
	return at;
}

static size_t add_fields(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap,
			 size_t at)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	char value[256];
	for (unsigned i = 0; i < info->nr_fields; i++) {
		if (strcmp(info->fields[i].name, "unused") == 0)
			continue;
		tr_event_field_text(log, e, &info->fields[i], value, sizeof(value));
		if (*value)
			at = add(buf, cap, at, strchr(value, ' ') ? " %s=\"%s\"" : " %s=%s",
				 info->fields[i].name, value);
	}
	return at;
}

const char *tr_event_line(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap)
{
	size_t at = add(buf, cap, 0, "%s", xf_kind_info(e->kind)->name);
	at = add_object(log, e, buf, cap, at);
	if (e->kind == XF_EV_frame_enter)
		at = add_arguments(log, e, buf, cap, at);
	else
		at = add_fields(log, e, buf, cap, at);
	if (e->kind == XF_EV_frame_leave && *tr_event_site(log, e).function)
		add(buf, cap, at, " %s", tr_event_site(log, e).function);
	return buf;
}
