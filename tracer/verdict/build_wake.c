/*
 * build_wake: see build.h. A condition tells that something has changed, not what. A thread that waits on it
 * again at once has seen that it was not what it waits for: the wake carries no further than to that wait.
 *
 * Python's conditions are locks: one for each wait, and the condition's own, which a waiter takes again when
 * it is woken, and gives back once more when it waits again. A wait of another's `with` gives it back, and takes it before.
 */
#include "tracer/verdict/build.h"

#include "tracer/verdict/place.h"

enum behind { BEHIND_STILL, BEHIND_WAITS_AGAIN, BEHIND_LEADS_ON };

static enum behind behind_python(const struct tr_log *log, struct wake *w, const struct tr_event *e)
{
	bool own = w->lock != TR_NONE && e->object == w->lock;
	switch (e->kind) {
	case XF_EV_sem_wait:
		if (w->lock == TR_NONE)
			return BEHIND_STILL;
		return !own && tr_place_is_python_condition(log, e) ? BEHIND_WAITS_AGAIN : BEHIND_LEADS_ON;
	case XF_EV_sem_acquired:
		if (own)
			return BEHIND_LEADS_ON;
		if (w->lock == TR_NONE)
			w->lock = e->object;
		return BEHIND_STILL;
	case XF_EV_sem_post:
		w->given_back += own;
		return (own && w->given_back == 1) || e->object == w->object ? BEHIND_STILL : BEHIND_LEADS_ON;
	default:
		return BEHIND_STILL;
	}
}

static enum behind behind(const struct tr_log *log, struct wake *w, const struct tr_event *e)
{
	enum xf_role role = xf_kind_info(e->kind)->role;
	bool leaves = e->kind == XF_EV_fd_write || e->kind == XF_EV_thread_create || e->kind == XF_EV_fork ||
		      e->kind == XF_EV_request_start;
	if (e->kind == XF_EV_cond_wait && !w->python)
		return e->object == w->object ? BEHIND_WAITS_AGAIN : BEHIND_LEADS_ON;
	if (w->python && (e->kind == XF_EV_sem_wait || e->kind == XF_EV_sem_acquired || e->kind == XF_EV_sem_post))
		return behind_python(log, w, e);
	return role == XF_ROLE_RELEASE || leaves ? BEHIND_LEADS_ON : BEHIND_STILL;
}

void tr_build_behind_wake(struct builder *b, const struct tr_event *e)
{
	struct wake *w = &b->wakes[e->thread];
	enum behind how = w->passing == TR_NONE ? BEHIND_STILL : behind(b->log, w, e);
	if (how == BEHIND_WAITS_AGAIN)
		b->o->passing[w->passing].until = e->index;
	if (how != BEHIND_STILL)
		w->passing = TR_NONE;
}

void tr_build_woke(struct builder *b, const struct tr_event *e, bool python)
{
	uint32_t passing = tr_build_new_passing(b, b->o->nr - 1, e->thread);
	b->wakes[e->thread] = (struct wake){ passing, e->object, python, TR_NONE, 0 };
}
