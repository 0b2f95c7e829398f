/* object_event: the current event, the call on trial and its verdict. */
#include "tracer/debug/object.h"

#include <inttypes.h>
#include <stdio.h>

#include "tracer/verdict/verdict.h"

/* ---- event: the current one; its members are its fields */

static bool field_value(struct tr_session *s, const struct tr_event *e, const struct xf_field *f,
			struct tr_value *out)
{
	char text[TR_TEXT_MAX];
	uint64_t value = xf_field_get(e->record, f);
	switch (f->type) {
	case XF_TYPE_text: case XF_TYPE_class: case XF_TYPE_state: case XF_TYPE_how: case XF_TYPE_op:
		*out = tr_value_text(tr_event_field_text(s->log, e, f, text, sizeof(text)));
		break;
	case XF_TYPE_flag:
		*out = tr_value_bool(value != 0);
		break;
	case XF_TYPE_thread: {
		uint32_t thread = tr_log_thread_find(s->log, (uint32_t)value);
		if (thread == TR_NONE)
			return false;
		*out = tr_value_object(&tr_thread_class, thread);
		break;
	}
	default:
		*out = tr_value_int((int64_t)value);
	}
	return true;
}

bool tr_object_event_field(void *ctx, uint32_t self, const char *name, struct tr_value *out)
{
	struct tr_session *s = ctx;
	struct tr_place place;
	(void)self;
	if (!tr_session_place(s, s->thread, &place))
		return false;
	const struct xf_field *f = xf_field_find(place.event.kind, name);
	return f && field_value(s, &place.event, f, out);
}

static const char *event_field_name(void *ctx, uint32_t self, unsigned i)
{
	struct tr_session *s = ctx;
	struct tr_place place;
	(void)self;
	if (!tr_session_place(s, s->thread, &place))
		return NULL;
	const struct xf_kind_info *info = xf_kind_info(place.event.kind);
	return i < info->nr_fields ? info->fields[i].name : NULL;
}

static int64_t event_length(void *ctx, uint32_t self)
{
	unsigned n = 0;
	while (event_field_name(ctx, self, n))
		n++;
	return n;
}

#define EVENT_MEMBER(member, value)                                                                \
	GET(event_##member)                                                                        \
	{                                                                                          \
		struct tr_session *s = ctx;                                                        \
		struct tr_place place;                                                             \
		(void)self;                                                                        \
		if (!tr_session_place(s, s->thread, &place))                                       \
			return false;                                                              \
		*out = value;                                                                      \
		return true;                                                                       \
	}
EVENT_MEMBER(kind, tr_value_text(xf_kind_info(place.event.kind)->name))
EVENT_MEMBER(seq, tr_value_int(place.event.index))
EVENT_MEMBER(t_ns, tr_value_int(place.event.t_ns))
EVENT_MEMBER(file, tr_value_text(place.site.file))
EVENT_MEMBER(line, tr_value_int(place.site.line))
EVENT_MEMBER(function, tr_value_text(place.site.function))
EVENT_MEMBER(object, tr_value_text(place.event.object == TR_NONE
				   ? "" : tr_log_object(s->log, place.event.object)->name))
EVENT_MEMBER(get_thread, tr_value_object(&tr_thread_class, place.event.thread))

static void event_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_session *s = ctx;
	struct tr_place place;
	char text[400];
	(void)self;
	if (tr_session_place(s, s->thread, &place))
		snprintf(buf, cap, "<event %u%s: %s>", place.event.index, place.pending ? ", next" : "",
			 tr_session_event_text(s, &place.event, &place.site, text, sizeof(text)));
	else
		snprintf(buf, cap, "<event>");
}

const struct tr_class tr_event_class = {
	.name = "event", .summary = "the current event; its fields are members, too",
	.members = (const struct tr_member[]){
		{ "kind", "", event_kind, NULL }, { "seq", "", event_seq, NULL }, { "t_ns", "", event_t_ns, NULL },
		{ "file", "", event_file, NULL }, { "line", "", event_line, NULL },
		{ "function", "", event_function, NULL }, { "object", "", event_object, NULL },
		{ "thread", "", event_get_thread, NULL }, { NULL } },
	.other = tr_object_event_field, .other_name = event_field_name, .length = event_length, .show = event_show,
};

/* ---- call, verdict */

static const struct tr_call *call_of(void *ctx)
{
	struct tr_session *s = ctx;
	return s->log && tr_log_nr_calls(s->log) ? tr_log_call(s->log, 0) : NULL;
}

static bool call_over(void *ctx)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	return state && state->nr_calls && state->calls[0].returned;
}

GET(call_name)
{
	const struct tr_call *c = call_of(ctx);
	(void)self;
	if (c)
		*out = tr_value_text(c->name);
	return c != NULL;
}

GET(call_thread)
{
	const struct tr_call *c = call_of(ctx);
	(void)self;
	if (c)
		*out = tr_value_object(&tr_thread_class, c->thread);
	return c != NULL;
}

GET(call_returned)
{
	(void)self;
	*out = tr_value_bool(call_over(ctx));
	return true;
}

GET(call_result)
{
	(void)self;
	if (call_over(ctx))
		*out = tr_value_int(call_of(ctx)->result);
	return true;
}

static void call_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_call *c = call_of(ctx);
	(void)self;
	if (c)
		snprintf(buf, cap, "<call %s: %s>", c->name, call_over(ctx) ? "returned" : "under way");
	else
		snprintf(buf, cap, "<call: not made yet>");
}

const struct tr_class tr_call_class = {
	.name = "call", .summary = "the API call on trial",
	.members = (const struct tr_member[]){
		{ "name", "", call_name, NULL }, { "thread", "", call_thread, NULL },
		{ "returned", "", call_returned, NULL }, { "result", "", call_result, NULL }, { NULL } },
	.show = call_show,
};

enum { ANSWER, BASIS, OUTCOME, PARTS, ORDERED, LATE };

static bool verdict_of(void *ctx, int what, struct tr_value *out)
{
	struct tr_session *s = ctx;
	struct tr_verdicts all;
	struct xf_error err = XF_ERROR_INIT;
	if (!s->log || tr_verdicts_compute(s->log, &all, &err) != XF_OK)
		return false;
	const struct tr_verdict *v = &all.list[0];
	*out = what == ANSWER ? tr_value_text(tr_answer_name(v->answer))
	       : what == BASIS ? tr_value_text(tr_basis_name(v->basis))
	       : what == OUTCOME ? tr_value_text(tr_outcome_name(v->outcome))
	       : tr_value_int(what == PARTS ? v->parts : what == ORDERED ? v->parts_ordered : v->parts_late);
	tr_verdicts_fini(&all);
	return true;
}

#define VERDICT_MEMBER(member, what)                                                               \
	GET(verdict_##member)                                                                      \
	{                                                                                          \
		(void)self;                                                                        \
		return verdict_of(ctx, what, out);                                                 \
	}
VERDICT_MEMBER(answer, ANSWER)
VERDICT_MEMBER(basis, BASIS)
VERDICT_MEMBER(outcome, OUTCOME)
VERDICT_MEMBER(parts, PARTS)
VERDICT_MEMBER(parts_ordered, ORDERED)
VERDICT_MEMBER(parts_late, LATE)

static void verdict_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_value answer = tr_value_text("unknown"), outcome = answer;
	(void)self;
	verdict_of(ctx, ANSWER, &answer);
	verdict_of(ctx, OUTCOME, &outcome);
	snprintf(buf, cap, "<verdict: %s, %s>", answer.text, outcome.text);
}

const struct tr_class tr_verdict_class = {
	.name = "verdict", .summary = "does the call wait, as far as it is known now",
	.members = (const struct tr_member[]){
		{ "answer", "", verdict_answer, NULL }, { "basis", "", verdict_basis, NULL },
		{ "outcome", "", verdict_outcome, NULL }, { "parts", "", verdict_parts, NULL },
		{ "parts_ordered", "", verdict_parts_ordered, NULL },
		{ "parts_late", "", verdict_parts_late, NULL }, { NULL } },
	.show = verdict_show,
};
