/* complete: what can stand at a place of the line, by the command's row in the table. */
#include <stdio.h>
#include <string.h>

#include "tracer/debug/command.h"

static const char *pick(const char *candidate, const char *prefix, unsigned *left)
{
	if (strncmp(candidate, prefix, strlen(prefix)) != 0)
		return NULL;
	return (*left)-- == 0 ? candidate : NULL;
}

static const char *complete_command(struct tr_session *s, const char *prefix, unsigned i)
{
	const char *found = NULL;
	for (unsigned k = 0; k < tr_nr_commands && !found; k++)
		found = pick(tr_commands[k].name, prefix, &i);
	for (unsigned k = 0; k < TR_MAX_ALIASES && !found; k++)
		if (s->aliases[k].name)
			found = pick(s->aliases[k].name, prefix, &i);
	return found;
}

static const char *complete_place(const char *prefix, unsigned i, char *buf, size_t cap)
{
	static const char *const words[] = { "join", "retry", "return", "sem", "thread" };
	const char *found = NULL, *last = "";
	for (unsigned k = 0; k < 5 && !found; k++)
		found = pick(words[k], prefix, &i);
	for (unsigned k = XF_EV_none + 1; k < XF_EV_COUNT && !found; k++)
		if (xf_kind_info(k)->group != XF_GROUP_META)
			found = pick(xf_kind_info(k)->name, prefix, &i);
	for (unsigned k = 0; k < xf_nr_sites() && !found; k++) {
		const struct xf_site *site = &__start_xf_sites[k];
		if (site->kind == XF_EV_frame_enter && strcmp(site->function, last) != 0)
			found = pick(last = site->function, prefix, &i);
	}
	const struct tr_source *source;
	for (unsigned k = 0; !found && (source = tr_source_at(k)); k++) {
		snprintf(buf, cap, "%s:", strrchr(source->file, '/') ? strrchr(source->file, '/') + 1 : source->file);
		found = pick(buf, prefix, &i);
	}
	return found;
}

static const char *complete_member(struct tr_session *s, const char *prefix, unsigned i, char *buf, size_t cap)
{
	struct tr_names scope = tr_session_names(s);
	struct tr_expr_error error;
	struct tr_value v;
	char object[256], name[320];
	const char *dot = strrchr(prefix, '.'), *found = NULL;
	snprintf(object, sizeof(object), "%.*s", (int)(dot - prefix), prefix);
	if (!tr_expr_eval(object, &scope, &v, &error) || v.type != TR_VALUE_OBJECT)
		return NULL;
	const struct tr_class *c = v.object.class;
	for (const struct tr_member *m = c->members; m && m->name && !found; m++) {
		snprintf(name, sizeof(name), "%s.%s", object, m->name);
		found = pick(name, prefix, &i);
	}
	const char *other;
	for (unsigned k = 0; !found && c->other_name && (other = c->other_name(s, v.object.index, k)); k++) {
		snprintf(name, sizeof(name), "%s.%s", object, other);
		found = pick(name, prefix, &i);
	}
	if (found)
		snprintf(buf, cap, "%s", name);
	return found ? buf : NULL;
}

static const char *complete_expression(struct tr_session *s, const char *prefix, unsigned i, char *buf,
				       size_t cap)
{
	const struct tr_class *class;
	const char *name, *found = NULL;
	if (strchr(prefix, '.'))
		return complete_member(s, prefix, i, buf, cap);
	for (unsigned k = 0; !found && (name = tr_object_root(k, &class)); k++)
		found = pick(name, prefix, &i);
	for (unsigned k = 0; !found && (name = tr_expr_function(k)); k++)
		found = pick(name, prefix, &i);
	return found;
}

static const char *complete_thread(struct tr_session *s, const char *prefix, unsigned i)
{
	const char *found = pick("part", prefix, &i);
	for (uint32_t k = 0; s->log && k < tr_log_nr_threads(s->log) && !found; k++)
		found = pick(tr_session_thread_name(s, k), prefix, &i);
	return found;
}

static const char *complete_break(struct tr_session *s, const char *prefix, unsigned i, char *buf, size_t cap)
{
	struct tr_break *b;
	const char *found = NULL;
	for (unsigned k = 0; !found && (b = tr_breaks_at(&s->breaks, k)); k++) {
		snprintf(buf, cap, "%u", b->number);
		found = pick(buf, prefix, &i);
	}
	return found;
}

const char *tr_command_complete(struct tr_session *s, const char *line, size_t word_at, unsigned i,
				char *buf, size_t cap)
{
	char word[64] = "", prefix[256];
	const char *begin = line + strspn(line, " \t");
	size_t n = strcspn(begin, " \t");
	snprintf(prefix, sizeof(prefix), "%s", line + word_at);
	if ((size_t)(begin - line) >= word_at)
		return complete_command(s, prefix, i);
	if (n < sizeof(word))
		memcpy(word, begin, n);
	const struct tr_command *c = tr_command_find(word);
	switch (c ? c->complete : TR_COMPLETE_EXPRESSION) {
	case TR_COMPLETE_COMMAND:
		return complete_command(s, prefix, i);
	case TR_COMPLETE_PLACE:
		return complete_place(prefix, i, buf, cap);
	case TR_COMPLETE_BREAK:
		return complete_break(s, prefix, i, buf, cap);
	case TR_COMPLETE_THREAD:
		return complete_thread(s, prefix, i);
	case TR_COMPLETE_SETTING:
		return pick("scheduler", prefix, &i);
	case TR_COMPLETE_EXPRESSION:
		return complete_expression(s, prefix, i, buf, cap);
	case TR_COMPLETE_NONE:
		break;
	}
	return NULL;
}
