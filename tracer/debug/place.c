/* place: where one stands in the recording: events, frames, and how they are shown. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/session.h"

/* ---- events */

static bool is_ours(const struct tr_log *log, uint32_t i)
{
	return xf_kind_info(tr_log_kind(log, i))->group == XF_GROUP_DEBUGGER;
}

/* The thread's newest event up to `at`, the debugger's own left out; TR_NONE. */
static uint32_t newest_of(const struct tr_log *log, uint32_t thread, uint32_t at)
{
	uint32_t last = tr_log_thread(log, thread)->last;
	uint32_t i = last != TR_NONE && last <= at ? last : at;
	if (last == TR_NONE || at == TR_NONE)
		return TR_NONE;
	if (tr_log_thread_of(log, i) != thread)
		i = tr_log_step(log, i, thread, -1);
	while (i != TR_NONE && is_ours(log, i))
		i = tr_log_step(log, i, thread, -1);
	return i;
}

/* After the end: the call's return, or the newest event that stands in the source one can look at. */
static uint32_t newest_shown(const struct tr_log *log, uint32_t thread, uint32_t at)
{
	if (tr_log_nr_calls(log) && tr_log_call(log, 0)->ret != TR_NONE && tr_log_call(log, 0)->thread == thread)
		return tr_log_call(log, 0)->ret;
	for (uint32_t i = newest_of(log, thread, at); i != TR_NONE; i = tr_log_step(log, i, thread, -1)) {
		struct tr_event e = tr_log_event(log, i);
		bool lock = e.kind == XF_EV_mutex_lock || e.kind == XF_EV_mutex_unlock;
		if (!is_ours(log, i) && !lock && tr_source_find(tr_event_site(log, &e).file))
			return i;
	}
	return newest_of(log, thread, at);
}

static struct tr_site site_of(const struct xf_site *site)
{
	return (struct tr_site){ site->file, site->function, site->args ? site->args : "", site->line };
}

static void place_of_copy(struct tr_session *s, uint32_t thread, const struct tr_point *p,
			  struct tr_place *out)
{
	const struct tr_thread *t = tr_log_thread(s->log, thread);
	uint32_t nr = tr_log_nr_events(s->log);
	memcpy(&out->record, &p->record, sizeof(out->record));
	out->event = (struct tr_event){
		.record = &out->record, .index = p->before || !nr ? nr : nr - 1, .thread = thread,
		.process = t->process, .kind = p->record.kind, .object = TR_NONE,
		.t_ns = s->state ? s->state->t_ns : 0 };
	if (p->record.object)
		out->event.object = tr_log_object_find(s->log, t->process, p->record.object);
	out->site = site_of(p->site);
	out->pending = p->before;
	out->known = true;
}

bool tr_session_place(struct tr_session *s, uint32_t thread, struct tr_place *out)
{
	struct tr_point p;
	out->known = out->pending = false;
	if (!s->log || thread >= tr_log_nr_threads(s->log))
		return false;
	bool at_gate = s->live && tr_run_point(s->run, tr_log_thread(s->log, thread)->number, &p);
	uint32_t nr = tr_log_nr_events(s->log);
	uint32_t i = s->over && s->live ? newest_shown(s->log, thread, nr - 1)
					: newest_of(s->log, thread, s->live ? nr - 1 : s->at);
	if (at_gate && (p.before || i == TR_NONE || tr_log_kind(s->log, i) != p.record.kind)) {
		place_of_copy(s, thread, &p, out);
	} else if (i != TR_NONE) {
		out->event = tr_log_event(s->log, i);
		out->site = tr_event_site(s->log, &out->event);
		out->known = true;
	}
	if (out->known && out->event.kind == XF_EV_frame_leave && s->log) {
		/* a function without a value is left at its end */
		struct tr_extent extent;
		const struct tr_source *source = tr_source_find(out->site.file);
		if (*out->site.args && tr_source_function(source, out->site.line, &extent))
			out->site.line = extent.last;
	}
	return out->known;
}

uint32_t tr_session_at(struct tr_session *s)
{
	struct tr_place place;
	if (!s->log)
		return 0;
	if (!s->live)
		return s->at;
	if (tr_session_place(s, s->thread, &place))
		return place.event.index;
	uint32_t nr = tr_log_nr_events(s->log);
	return nr ? nr - 1 : 0;
}

/* ---- frames */

/* The frame that the leave at `event` has just closed. */
static uint32_t frame_left(const struct tr_log *log, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(log, event), depth = 1;
	for (uint32_t i = event; (i = tr_log_step(log, i, thread, -1)) != TR_NONE;) {
		enum xf_kind kind = tr_log_kind(log, i);
		depth += kind == XF_EV_frame_leave;
		depth -= kind == XF_EV_frame_enter;
		if (!depth)
			return i;
	}
	return TR_NONE;
}

static struct tr_frame frame_at(const struct tr_log *log, uint32_t enter)
{
	struct tr_event e = tr_log_event(log, enter);
	struct tr_site site = tr_event_site(log, &e);
	return (struct tr_frame){ .site = site, .line = site.line, .enter = enter };
}

/* The line of f from which the function above it was called. */
static void find_call_line(struct tr_frame *f, const char *callee)
{
	struct tr_extent extent;
	const struct tr_source *source = tr_source_find(f->site.file);
	if (!tr_source_function(source, f->line, &extent))
		return;
	uint32_t line = tr_source_call(source, f->line, extent.last, callee);
	if (line)
		f->line = line;
}

unsigned tr_session_frames(struct tr_session *s, uint32_t thread, struct tr_frame out[TR_MAX_STACK])
{
	struct tr_place place;
	struct tr_frame oldest[TR_MAX_STACK];
	unsigned nr = 0;
	if (!s->state || thread >= s->state->nr_threads || !tr_session_place(s, thread, &place))
		return 0;
	const struct tr_thread_state *t = &s->state->threads[thread];
	unsigned depth = t->depth < TR_MAX_FRAMES ? t->depth : TR_MAX_FRAMES;
	for (unsigned i = 0; i < depth; i++)
		oldest[nr++] = frame_at(s->log, t->frames[i]);
	bool leaving = place.event.kind == XF_EV_frame_leave && !place.pending;
	uint32_t left = leaving ? frame_left(s->log, place.event.index) : TR_NONE;
	if (left != TR_NONE)
		oldest[nr++] = frame_at(s->log, left);
	if (!nr || strcmp(oldest[nr - 1].site.function, place.site.function) != 0)
		oldest[nr++] = (struct tr_frame){ .site = place.site, .enter = TR_NONE };
	oldest[nr - 1].line = place.site.line;
	for (unsigned i = 0; i + 1 < nr; i++)
		find_call_line(&oldest[i], oldest[i + 1].site.function);
	for (unsigned i = 0; i < nr; i++)
		out[i] = oldest[nr - 1 - i];
	return nr;
}

bool tr_session_frame(struct tr_session *s, struct tr_frame *out)
{
	struct tr_frame frames[TR_MAX_STACK];
	unsigned nr = tr_session_frames(s, s->thread, frames);
	if (!nr)
		return false;
	*out = frames[s->frame < nr ? s->frame : nr - 1];
	return true;
}

/* ---- arguments */

static struct tr_value argument_value(struct tr_session *s, const struct tr_event *e, const char *type,
				      size_t len, uint64_t value)
{
	if (len == 5 && strncmp(type, ":text", 5) == 0)
		return tr_value_text(tr_log_text(s->log, e->process, (uint32_t)value));
	if (len == 5 && strncmp(type, ":flag", 5) == 0)
		return tr_value_bool(value != 0);
	return tr_value_int((int64_t)value);
}

bool tr_session_argument(struct tr_session *s, const struct tr_frame *f, unsigned i, char name[64],
			 struct tr_value *out)
{
	if (f->enter == TR_NONE || i > 3)
		return false;
	struct tr_event e = tr_log_event(s->log, f->enter);
	const struct xf_ev_frame_enter *enter = TR_PAYLOAD(&e, frame_enter);
	const uint64_t values[4] = { enter->a0, enter->a1, enter->a2, enter->a3 };
	const char *p = f->site.args + strspn(f->site.args, " ");
	for (unsigned k = 0; k < i; k++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	size_t whole = strcspn(p, " "), len = strcspn(p, " :");
	if (!len)
		return false;
	snprintf(name, 64, "%.*s", (int)len, p);
	*out = argument_value(s, &e, p + len, whole - len, values[i]);
	return true;
}

/* ---- shown */

/* What can be known anyway, or says nothing, is left out of the stop's line. */
static bool worth_showing(const struct tr_event *e, const struct xf_field *f, uint64_t value)
{
	static const char *const never[] = { "unused", "tid", "item", "request_id", NULL };
	for (unsigned i = 0; never[i]; i++)
		if (strcmp(f->name, never[i]) == 0)
			return false;
	if (strcmp(f->name, "call") == 0)
		return value > 1;
	if (strcmp(f->name, "bytes") == 0 && (xf_kind_info(e->kind)->group == XF_GROUP_PART))
		return e->kind == XF_EV_part_read;
	if (f->type == XF_TYPE_i32 || f->type == XF_TYPE_i64 || f->type == XF_TYPE_state ||
	    f->type == XF_TYPE_how || (f->type == XF_TYPE_thread && e->kind != XF_EV_thread_start))
		return true;
	return value != 0;
}

static size_t add_field(struct tr_session *s, const struct tr_event *e, const struct xf_field *f, char *buf,
			size_t cap, size_t at)
{
	char word[200];
	uint64_t value = xf_field_get(e->record, f);
	if (!worth_showing(e, f, value) || at >= cap)
		return at;
	tr_event_field_text(s->log, e, f, word, sizeof(word));
	if (!*word)
		return at;
	return at + (size_t)snprintf(buf + at, cap - at, strchr(word, ' ') ? " %s='%s'" : " %s=%s",
				     f->name, word);
}

const char *tr_session_event_text(struct tr_session *s, const struct tr_event *e, const struct tr_site *site,
				  char *buf, size_t cap)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	const char *name = tr_session_thread_name(s, e->thread);
	size_t at = (size_t)snprintf(buf, cap, "%s ", name);
	if (e->kind == XF_EV_frame_enter) {
		tr_event_line(s->log, e, buf + at, cap - at);
		return buf;
	}
	at += (size_t)snprintf(buf + at, cap - at, "%s", info->name);
	if (e->kind == XF_EV_frame_leave)
		at += (size_t)snprintf(buf + at, cap - at, " %s", site->function);
	if (e->object != TR_NONE && at < cap)
		at += (size_t)snprintf(buf + at, cap - at, " %s", tr_log_object(s->log, e->object)->name);
	for (unsigned i = 0; i < info->nr_fields && e->kind != XF_EV_frame_leave; i++)
		at = add_field(s, e, &info->fields[i], buf, cap, at);
	return buf;
}

void tr_session_show_frame(struct tr_session *s, const struct tr_frame *f, bool current, bool newest)
{
	char text[512], value[32] = "";
	struct tr_place place;
	tr_source_text(tr_source_find(f->site.file), f->line, text, sizeof(text));
	if (newest && tr_session_place(s, s->thread, &place) && place.event.kind == XF_EV_frame_leave) {
		const struct xf_ev_frame_leave *e = TR_PAYLOAD(&place.event, frame_leave);
		if (e->has_result)
			snprintf(value, sizeof(value), "->%" PRId64, e->result);
		else
			snprintf(value, sizeof(value), "->None");
	}
	tr_say(s, "%s%s(%u)%s()%s\n-> %s\n", current ? "> " : "  ", *f->site.file ? f->site.file : "?", f->line,
	       *f->site.function ? f->site.function : "?", value, text);
}

void tr_session_header(struct tr_session *s)
{
	struct tr_frame frames[TR_MAX_STACK];
	struct tr_place place;
	char text[512];
	unsigned nr = tr_session_frames(s, s->thread, frames);
	if (!nr || !tr_session_place(s, s->thread, &place))
		return;
	unsigned at = s->frame < nr ? s->frame : nr - 1;
	tr_session_show_frame(s, &frames[at], true, at == 0);
	if (at == 0)
		tr_say(s, "[%s]\n", tr_session_event_text(s, &place.event, &place.site, text, sizeof(text)));
}

/* ---- threads */

const char *tr_session_thread_name(struct tr_session *s, uint32_t thread)
{
	return s->log && thread < tr_log_nr_threads(s->log) ? tr_log_thread(s->log, thread)->name : "?";
}

uint32_t tr_session_thread(struct tr_session *s, const char *text)
{
	char *end;
	if (!*text)
		return s->thread;
	if (!s->log)
		return TR_NONE;
	unsigned long n = strtoul(text, &end, 10);
	if (!*end && end != text)
		return n < tr_log_nr_threads(s->log) ? (uint32_t)n : TR_NONE;
	return tr_log_thread_named(s->log, text);
}
