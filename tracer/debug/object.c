/* object: the names of expressions: roots, arguments, fields, variables; and what the classes' files share. */
#include "tracer/debug/object.h"

#include <stdio.h>
#include <string.h>

const struct tr_state *tr_object_state_of(void *ctx)
{
	struct tr_session *s = ctx;
	if (!s->state)
		tr_session_refresh(s);
	return s->state;
}

bool tr_object_index(const struct tr_value *v, uint32_t *i)
{
	if (v->type != TR_VALUE_INT || v->i < 0 || v->i >= UINT32_MAX)
		return false;
	*i = (uint32_t)v->i;
	return true;
}

/* ---- roots and names */

static const struct {
	const char *name;
	const struct tr_class *class;
} roots[] = {
	{ "call", &tr_call_class }, { "config", &tr_config_class }, { "event", &tr_event_class }, { "fault", &tr_fault_class },
	{ "future", &tr_transfer_class }, { "manager", &tr_manager_class }, { "part", &tr_parts_class },
	{ "parts", &tr_parts_class }, { "semaphores", &tr_semaphores_class }, { "thread", &tr_thread_class },
	{ "threads", &tr_threads_class }, { "transfer", &tr_transfer_class }, { "transfers", &tr_transfers_class },
	{ "verdict", &tr_verdict_class },
};

const char *tr_object_root(unsigned i, const struct tr_class **class)
{
	if (i >= sizeof(roots) / sizeof(roots[0]))
		return NULL;
	*class = roots[i].class;
	return roots[i].name;
}

static bool find_root(struct tr_session *s, const char *name, struct tr_value *out)
{
	for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (strcmp(roots[i].name, name) != 0)
			continue;
		if (roots[i].class == &tr_transfer_class && !tr_object_transfer(s, 0))
			*out = tr_value_none();
		else
			*out = tr_value_object(roots[i].class, roots[i].class == &tr_thread_class ? s->thread : 0);
		return true;
	}
	return false;
}

static bool find_argument(struct tr_session *s, const char *name, struct tr_value *out)
{
	struct tr_frame frame;
	char argument[64];
	if (!tr_session_frame(s, &frame))
		return false;
	for (unsigned i = 0; tr_session_argument(s, &frame, i, argument, out); i++)
		if (strcmp(argument, name) == 0)
			return true;
	return false;
}

static bool find_variable(struct tr_session *s, const char *name, struct tr_value *out)
{
	struct tr_frame frame;
	struct tr_place place;
	if (strcmp(name, "$_event") == 0)
		return find_root(s, "event", out);
	if (strcmp(name, "$_frame") == 0 && tr_session_frame(s, &frame)) {
		*out = tr_value_text(frame.site.function);
		return true;
	}
	if (strcmp(name, "$_retval") == 0 && tr_session_place(s, s->thread, &place) &&
	    place.event.kind == XF_EV_frame_leave)
		return tr_object_event_field(s, 0, "result", out);
	if (strcmp(name, "$_exception") == 0 && s->over && s->target->error &&
	    *s->target->error(s->target->ctx)) {
		*out = tr_value_text(s->target->error(s->target->ctx));
		return true;
	}
	for (unsigned i = 0; i < TR_MAX_VARIABLES; i++)
		if (strcmp(s->variables[i].name, name) == 0) {
			*out = s->variables[i].value;
			return true;
		}
	return false;
}

static bool find_name(void *ctx, const char *name, bool followed, struct tr_value *out)
{
	struct tr_session *s = ctx;
	if (followed && find_root(s, name, out))
		return true;
	return find_variable(s, name, out) || find_argument(s, name, out) || tr_object_event_field(s, 0, name, out) ||
	       find_root(s, name, out);
}

static const char *set_name(void *ctx, const char *name, const struct tr_value *value)
{
	struct tr_session *s = ctx;
	struct tr_value ignored;
	if (find_root(s, name, &ignored))
		return "TypeError: this name is the debugger's own";
	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < TR_MAX_VARIABLES; i++)
			if (strcmp(s->variables[i].name, pass ? "" : name) == 0) {
				snprintf(s->variables[i].name, sizeof(s->variables[i].name), "%s", name);
				s->variables[i].value = *value;
				return NULL;
			}
	return "MemoryError: too many variables";
}

struct tr_names tr_session_names(struct tr_session *s)
{
	return (struct tr_names){ .ctx = s, .name = find_name, .set = set_name };
}
