/* hits: is an event one that a breakpoint is waiting for, and what is done when it is. */
#include <string.h>

#include "tracer/debug/command.h"

/* ---- the quick step, on the run's threads */

static bool same_place(const struct tr_point *a, const struct tr_point *b)
{
	return a->site && b->site && a->site->line == b->site->line &&
	       strcmp(a->site->file, b->site->file) == 0;
}

/* The end of a wait is no second arrival at its line. */
static bool is_again(const struct tr_point *p, const struct tr_point *last)
{
	return xf_kind_info(p->record.kind)->role == XF_ROLE_ACQUIRE && last->site &&
	       xf_kind_info(last->record.kind)->role == XF_ROLE_WAIT && same_place(p, last);
}

/*
 * A condition that asks for nothing but numbers of the event itself is known at the gate. Where it is false
 * the hit is counted, and nothing has to stop for it; anything else is the controller's to judge.
 */
struct here {
	const struct tr_session *s;
	const struct tr_hit *hit;
};

static bool names(const char *args, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = args; (p = strstr(p, name)); p += n)
		if ((p == args || p[-1] == ' ') && (p[n] == ':' || p[n] == ' ' || !p[n]))
			return true;
	return false;
}

/* Would the frame's arguments come first? */
static bool is_argument(const char *function, const char *name)
{
	for (unsigned i = 0; i < xf_nr_sites(); i++) {
		const struct xf_site *site = &__start_xf_sites[i];
		if (site->kind == XF_EV_frame_enter && strcmp(site->function, function) == 0)
			return site->args && names(site->args, name);
	}
	return false;
}

static bool is_variable(const struct tr_session *s, const char *name)
{
	for (unsigned i = 0; i < TR_MAX_VARIABLES; i++)
		if (strcmp(s->variables[i].name, name) == 0)
			return true;
	return false;
}

static bool number_here(void *ctx, const char *name, bool followed, struct tr_value *out)
{
	const struct here *here = ctx;
	const struct xf_field *f = followed ? NULL : xf_field_find(here->hit->record->kind, name);
	if (!f || f->type > XF_TYPE_bytes || is_variable(here->s, name) || is_argument(here->hit->function, name))
		return false;
	*out = tr_value_int((int64_t)xf_field_get(here->hit->record, f));
	return true;
}

/* Short ones only: they are evaluated on the stack of a worker. */
static bool is_false_here(const struct tr_session *s, const struct tr_break *b, const struct tr_hit *hit)
{
	struct here here = { s, hit };
	const struct tr_names scope = { .ctx = &here, .name = number_here };
	struct tr_expr_error error;
	struct tr_value v;
	if (!b->condition || b->filter || *b->name || strlen(b->condition) > 60 || strpbrk(b->condition, "(["))
		return false;
	return tr_expr_eval(b->condition, &scope, &v, &error) && !tr_value_true(NULL, &v);
}

bool tr_session_match(void *ctx, const struct tr_point *p, const struct tr_point *last)
{
	struct tr_session *s = ctx;
	struct tr_break *passed[TR_MAX_BREAKS];
	unsigned nr = 0;
	const struct tr_hit hit = { &p->record, p->site->file, p->site->function, p->site->line,
				    is_again(p, last), p->thread };
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++) {
		struct tr_break *b = &s->breaks.list[i];
		if (!tr_break_quick(b, &hit))
			continue;
		if (!is_false_here(s, b, &hit))
			return true; /* the controller counts them all */
		passed[nr++] = b;
	}
	while (nr)
		passed[--nr]->hits++;
	return false;
}

void tr_session_breaks_changed(struct tr_session *s)
{
	bool kinds[XF_EV_COUNT];
	tr_run_lock(s->run);
	tr_breaks_interest(&s->breaks, kinds);
	tr_run_interest(s->run, kinds);
	tr_run_unlock(s->run);
}

/* ---- the full step, by the recording */

static bool names_fit(struct tr_session *s, const struct tr_break *b, const struct tr_event *e)
{
	if (b->type == TR_BREAK_SEM)
		return e->object != TR_NONE && strcmp(tr_log_object(s->log, e->object)->name, b->name) == 0;
	if (b->type == TR_BREAK_THREAD)
		return strcmp(tr_session_thread_name(s, e->thread), b->name) == 0;
	return true;
}

/* A thread that is called otherwise is not asked about again in this run. */
static void note_stranger(struct tr_session *s, struct tr_break *b, uint32_t thread)
{
	uint32_t number = tr_log_thread(s->log, thread)->number;
	if (b->type == TR_BREAK_THREAD && number < TR_MAX_STRANGERS)
		b->strangers[number / 64] |= UINT64_C(1) << number % 64;
}

void tr_session_breaks_renew(struct tr_session *s)
{
	tr_run_lock(s->run);
	for (unsigned i = 0; i < TR_MAX_BREAKS; i++)
		memset(s->breaks.list[i].strangers, 0, sizeof(s->breaks.list[i].strangers));
	tr_run_unlock(s->run);
}

static bool fits(struct tr_session *s, const struct tr_break *b, const struct tr_event *e,
		 const struct tr_site *site, bool again)
{
	const struct tr_hit hit = { e->record, site->file, site->function, site->line, again,
				    tr_log_thread(s->log, e->thread)->number };
	return tr_break_quick(b, &hit) && names_fit(s, b, e) &&
	       (!b->filter || tr_filter_match(b->filter, s->log, e));
}

/* True, or it raises: then it stops as well, and the ignore count stands. */
static bool condition_holds(struct tr_session *s, const struct tr_break *b, bool *raised)
{
	struct tr_names scope = tr_session_names(s);
	struct tr_expr_error error;
	struct tr_value v;
	*raised = false;
	if (!b->condition)
		return true;
	*raised = !tr_expr_eval(b->condition, &scope, &v, &error);
	return *raised || tr_value_true(s, &v);
}

/* pdb's order: disabled, the count, the condition, the ignore count. */
static bool takes(struct tr_session *s, struct tr_break *b)
{
	bool raised;
	b->hits++;
	if (!condition_holds(s, b, &raised))
		return false;
	b->stays = raised;
	if (b->ignore && !raised) {
		b->ignore--;
		return false;
	}
	return true;
}

struct tr_break *tr_session_judge(struct tr_session *s)
{
	struct tr_place place;
	struct tr_break *b, *found = NULL;
	if (!tr_session_place(s, s->thread, &place))
		return NULL;
	for (unsigned i = 0; !found && (b = tr_breaks_at(&s->breaks, i)); i++) {
		if (!names_fit(s, b, &place.event))
			note_stranger(s, b, place.event.thread);
		else if (fits(s, b, &place.event, &place.site, false) && takes(s, b))
			found = b;
	}
	return found;
}

struct tr_break *tr_session_break_at(struct tr_session *s, uint32_t event)
{
	struct tr_event e = tr_log_event(s->log, event);
	struct tr_site site = tr_event_site(s->log, &e);
	struct tr_break *b;
	bool raised;
	for (unsigned i = 0; (b = tr_breaks_at(&s->breaks, i)); i++) {
		if (!fits(s, b, &e, &site, xf_kind_info(e.kind)->role == XF_ROLE_ACQUIRE))
			continue;
		if (b->condition)
			tr_session_goto(s, event);
		if (condition_holds(s, b, &raised))
			return b;
	}
	return NULL;
}

/* ---- what is done there */

static void delete_temporary(struct tr_session *s, struct tr_break *b)
{
	tr_say(s, "Deleted breakpoint %u at %s\n", b->number, b->where);
	tr_run_lock(s->run);
	tr_breaks_remove(&s->breaks, b->number);
	tr_run_unlock(s->run);
	tr_session_breaks_changed(s);
}

/* Runs a list up to the command that resumes, which is returned: NULL, there is none. */
static const char *run_list(struct tr_session *s, char **list, unsigned nr)
{
	char last[TR_LINE_MAX];
	const char *resume = NULL;
	memcpy(last, s->last_line, sizeof(last));
	for (unsigned i = 0; i < nr && !s->done && !resume; i++)
		if (tr_command_resumes(s, list[i]))
			resume = list[i];
		else
			tr_command_line(s, list[i]);
	memcpy(s->last_line, last, sizeof(last));
	return resume;
}

/*
 * As pdb: the list without its last, then the header unless silent, then what resumes. That is left to
 * the line that led here (see command.c): a list that goes on at every hit must not go deeper each time.
 */
void tr_session_at_break(struct tr_session *s, struct tr_break *b)
{
	char **list = NULL;
	unsigned nr = tr_break_copy_commands(b, &list);
	bool silent = b->silent;
	if (b->temporary && !b->stays)
		delete_temporary(s, b);
	const char *resume = run_list(s, list, nr);
	if (!silent)
		tr_session_show_stop(s, false);
	else if (!resume)
		tr_displays_show(s);
	if (resume)
		s->resume = strdup(resume);
	tr_break_free_commands(list, nr);
}
