/*
 * there: who asks the server whether the object is there may hear of it before the one who
 * uploads has had the answer. Then the work was over before the return, whatever came later: what
 * came later is news of it.
 *
 * An answer shows it when it is of this upload and of no earlier object under the key: the request
 * that makes the object had gone out in full, and the ETags agree; or the same key was
 * not there a moment ago. A list that was answered in that time is not read, and may have shown it: what was asked
 * when is no matter, as bytes are recorded once they have gone, and the server may have had them before. Nor is it
 * whether that record comes before the answer: a sender may lose its processor in between.
 */
#include <stdlib.h>
#include <string.h>

#include "tracer/verdict/judge.h"

/* What is known of one upload, going through the events from its begin to the return. */
struct look {
	const struct judge *j;
	const struct tr_transfer_state *t;
	uint32_t process, request; /* that makes the object; 0: not yet */
	uint32_t list_process, list; /* the last list asked for; 0: none */
	int64_t sent_ns;           /* it may have been with the server in full since then */
	bool sent, absent;
};

uint32_t tr_judge_stored_at(const struct tr_transfer_state *t)
{
	return t->complete_ok ? t->complete : t->put_ok ? t->put : t->get_ok ? t->get : TR_NONE;
}

/* Texts have numbers of their own in each process. */
static bool same_etag(const struct look *l, const struct tr_event *e, uint32_t etag)
{
	const char *seen = tr_log_text(l->j->log, e->process, etag);
	const char *own = tr_log_text(l->j->log, l->t->process, l->t->etag);
	return *seen && *own ? strcmp(seen, own) == 0 : l->absent;
}

/* The last bytes of the request that begins here were with the server at the earliest when they were given away. */
static int64_t sent_since(const struct look *l, const struct tr_event *start)
{
	const struct tr_log *log = l->j->log;
	for (uint32_t i = start->index; (i = tr_log_step(log, i, start->thread, 1)) != TR_NONE;) {
		if (tr_log_kind(log, i) != XF_EV_body_sent)
			continue;
		struct tr_event e = tr_log_event(log, i);
		const struct xf_ev_body_sent *p = TR_PAYLOAD(&e, body_sent);
		if (p->request == l->request && e.process == l->process)
			return e.t_ns - (int64_t)p->going_ns;
	}
	return INT64_MAX;
}

static void request_began(struct look *l, const struct tr_event *e)
{
	const struct xf_ev_request_start *p = TR_PAYLOAD(e, request_start);
	bool makes = p->op == XF_OP_COMPLETE_MULTIPART_UPLOAD || p->op == XF_OP_PUT_OBJECT || p->op == XF_OP_COPY_OBJECT;
	if (makes && p->transfer == l->t->id) {
		l->process = e->process;
		l->request = p->request;
		l->sent = false;
		l->sent_ns = sent_since(l, e);
	} else if (p->op == XF_OP_LIST_OBJECTS) {
		l->list_process = e->process;
		l->list = p->request;
	}
}

static bool is_sent(const struct look *l, const struct tr_event *e)
{
	return l->sent || (l->request && e->t_ns >= l->sent_ns);
}

static bool was_shown(struct look *l, const struct tr_event *e, uint32_t transfer, uint32_t http_status, bool failed,
		      uint32_t etag)
{
	if (transfer != l->t->id)
		return false;
	l->absent = l->absent || http_status == 404;
	return !failed && (is_sent(l, e) || l->absent) && same_etag(l, e, etag);
}

/* Does this event show the object? */
static bool shows(struct look *l, const struct tr_event *e)
{
	switch (e->kind) {
	case XF_EV_request_start:
		request_began(l, e);
		return false;
	case XF_EV_body_sent:
		l->sent = l->sent || (l->request && TR_PAYLOAD(e, body_sent)->request == l->request && e->process == l->process);
		return false;
	case XF_EV_response:
		return is_sent(l, e) && l->list && TR_PAYLOAD(e, response)->request == l->list && e->process == l->list_process &&
		       TR_PAYLOAD(e, response)->status == XF_OK;
	case XF_EV_object_head: {
		const struct xf_ev_object_head *p = TR_PAYLOAD(e, object_head);
		return !p->verify && was_shown(l, e, p->transfer, p->http_status, p->failed, p->etag);
	}
	case XF_EV_object_get: {
		const struct xf_ev_object_get *p = TR_PAYLOAD(e, object_get);
		return was_shown(l, e, p->transfer, p->http_status, p->failed, p->etag);
	}
	default:
		return false;
	}
}

static uint32_t shown_at(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	struct look l = { .j = j, .t = t };
	uint32_t at = tr_judge_stored_at(t);
	if (c->ret == TR_NONE || t->submit == TR_NONE || (at != TR_NONE && at < c->ret))
		return TR_NONE;
	for (uint32_t i = t->submit; i < c->ret; i++) {
		if (xf_kind_info(tr_log_kind(j->log, i))->group == XF_GROUP_SYNC)
			continue;
		struct tr_event e = tr_log_event(j->log, i);
		if (shows(&l, &e))
			return i;
	}
	return TR_NONE;
}

void tr_judge_find_there(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	v->there = malloc((v->nr_transfers + 1u) * sizeof(*v->there));
	j->failed = j->failed || !v->there;
	for (uint32_t i = 0; v->there && i < v->nr_transfers; i++)
		v->there[i] = shown_at(j, c, &j->s->transfers[v->transfers[i]]);
}

bool tr_verdict_is_there(const struct tr_verdict *v, uint32_t transfer)
{
	for (uint32_t i = 0; i < v->nr_transfers; i++)
		if (v->transfers[i] == transfer)
			return v->there[i] != TR_NONE;
	return false;
}
