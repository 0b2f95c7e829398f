/* p, pp, whatis, exceptions, and statements. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

static bool evaluate(struct tr_session *s, const char *text, struct tr_value *out)
{
	struct tr_names scope = tr_session_names(s);
	struct tr_expr_error error;
	if (tr_expr_eval(text, &scope, out, &error))
		return true;
	tr_complain(s, "%s", error.text);
	return false;
}

void tr_cmd_print(struct tr_session *s, const char *argument)
{
	struct tr_value v;
	char text[TR_SHOWN_MAX];
	if (evaluate(s, argument, &v))
		tr_say(s, "%s\n", tr_value_repr(s, &v, text, sizeof(text)));
}

/* An object a line a member; what can be indexed, a line an item. */
static void pretty_object(struct tr_session *s, const struct tr_value *v)
{
	const struct tr_class *c = v->object.class;
	char text[TR_SHOWN_MAX];
	const char *name;
	struct tr_value out;
	tr_say(s, "%s\n", tr_value_repr(s, v, text, sizeof(text)));
	for (const struct tr_member *m = c->members; m && m->name; m++) {
		if (!m->get(s, v->object.index, &out))
			out = tr_value_none();
		tr_say(s, "  %-20s %s\n", m->name, tr_value_repr(s, &out, text, sizeof(text)));
	}
	for (unsigned i = 0; c->other_name && (name = c->other_name(s, v->object.index, i)); i++)
		if (c->other(s, v->object.index, name, &out))
			tr_say(s, "  %-20s %s\n", name, tr_value_repr(s, &out, text, sizeof(text)));
	int64_t nr = c->item && c->length && !c->other_name ? c->length(s, v->object.index) : 0;
	for (int64_t i = 0, shown = 0; shown < nr && i <= nr + 1; i++) {
		struct tr_value index = tr_value_int(i);
		if (!c->item(s, v->object.index, &index, &out))
			continue;
		shown++;
		tr_say(s, "  %s\n", tr_value_repr(s, &out, text, sizeof(text)));
	}
}

void tr_cmd_pretty(struct tr_session *s, const char *argument)
{
	struct tr_value v;
	char text[TR_SHOWN_MAX];
	if (!evaluate(s, argument, &v))
		return;
	if (v.type == TR_VALUE_OBJECT)
		pretty_object(s, &v);
	else
		tr_say(s, "%s\n", tr_value_repr(s, &v, text, sizeof(text)));
}

/* ---- whatis */

static bool is_function(const char *name)
{
	for (unsigned i = 0; i < xf_nr_sites(); i++)
		if (strcmp(__start_xf_sites[i].function, name) == 0)
			return true;
	return false;
}

/* ORDER field types */
static const char *const type_names[] = {
	"u64", "u32", "u16", "u8", "i64", "i32", "ns", "bytes", "text", "thread", "object", "addr",
	"class", "state", "how", "op", "flag",
};

static void show_schema(struct tr_session *s, enum xf_kind kind)
{
	const struct xf_kind_info *info = xf_kind_info(kind);
	tr_say(s, "Event %s (%s): %s\n", info->name, xf_group_name(info->group), info->summary);
	for (unsigned i = 0; i < info->nr_fields; i++)
		tr_say(s, "  %-12s %s\n", info->fields[i].name, type_names[info->fields[i].type]);
}

void tr_cmd_whatis(struct tr_session *s, const char *argument)
{
	struct tr_value v;
	enum xf_kind kind = xf_kind_find(argument);
	if (is_function(argument))
		tr_say(s, "Function %s\n", argument);
	else if (kind != XF_EV_none && xf_kind_info(kind)->group != XF_GROUP_META &&
		 strcmp(argument, "status") != 0)
		show_schema(s, kind);
	else if (!evaluate(s, argument, &v))
		return;
	else if (v.type == TR_VALUE_OBJECT)
		tr_say(s, "<class '%s'>: %s\n", v.object.class->name, v.object.class->summary);
	else
		tr_say(s, "<class '%s'>\n", tr_value_type_name(&v));
}

/* ---- the rest */

void tr_cmd_exceptions(struct tr_session *s, const char *argument)
{
	char text[512];
	unsigned nr = 0;
	for (uint32_t i = 0; s->state && i < s->state->nr_transfers; i++) {
		const struct tr_transfer_state *t = &s->state->transfers[i];
		if (t->fail_event == TR_NONE)
			continue;
		struct tr_event e = tr_log_event(s->log, t->fail_event);
		if (*argument && strtoul(argument, NULL, 10) == nr) {
			tr_session_goto(s, t->fail_event);
			tr_session_header(s);
			return;
		}
		tr_say(s, "%3u %s\n", nr++, tr_event_line(s->log, &e, text, sizeof(text)));
	}
	if (*argument)
		tr_complain(s, "No exception with that number");
	else if (!nr)
		tr_complain(s, "Did not find chained exceptions. To move between exceptions, pdb/post_mortem "
			       "must be given an exception object rather than a traceback.");
}

void tr_cmd_statement(struct tr_session *s, const char *argument)
{
	struct tr_names scope = tr_session_names(s);
	struct tr_expr_error error;
	struct tr_value v;
	char text[TR_SHOWN_MAX];
	bool assigned;
	if (!*argument)
		return;
	if (!tr_expr_run(argument, &scope, &v, &assigned, &error))
		tr_complain(s, "%s", error.text);
	else if (!assigned && v.type != TR_VALUE_NONE)
		tr_say(s, "%s\n", tr_value_repr(s, &v, text, sizeof(text)));
}
