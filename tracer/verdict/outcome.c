/*
 * outcome: what became of the upload. It is a word beside the answer: a call that
 * waits may have failed, and one that does not may have stored its object later.
 */
#include <stdio.h>
#include <string.h>

#include "tracer/verdict/judge.h"

/* The trace says that nothing more came: it ended with its process, and no record is missing. */
bool tr_judge_saw_the_end(const struct judge *j)
{
	return tr_log_ended(j->log) && !tr_log_lost(j->log);
}

bool tr_judge_raised(const struct judge *j, const struct tr_call *c)
{
	struct tr_event e = tr_log_event(j->log, c->ret);
	return TR_PAYLOAD(&e, call_return)->error || c->result;
}

/*
 * Its last request failed without an answer, and the call did not say so: the program
 * had ended in the middle of it, and nobody was left to try again.
 */
static bool cut_off(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	uint32_t last = t->complete != TR_NONE ? t->complete : t->put != TR_NONE ? t->put : t->create;
	uint64_t http_status = 0;
	if (t->done != TR_NONE || t->abort != TR_NONE || last == TR_NONE || !tr_judge_saw_the_end(j) ||
	    !c || (c->ret != TR_NONE && tr_judge_raised(j, c)))
		return false;
	struct tr_event e = tr_log_event(j->log, last);
	/* a 200 whose upload id nobody read any more is no answer either */
	return tr_event_field(&e, "http_status", &http_status) &&
	       (!http_status || (e.kind == XF_EV_multipart_create && http_status < 300));
}

/* Nobody heard of a failure: the call raised nothing, or on a thread whose end nobody reads. */
static bool unheard(const struct judge *j, const struct tr_call *c)
{
	return c->ret == TR_NONE || !tr_judge_raised(j, c) ||
	       strcmp(tr_log_thread(j->log, c->thread)->name, "main") != 0;
}

/* The call's own thread gave it up, in the midst of the program: that was no accident. */
static bool given_up(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	return c->ret != TR_NONE && t->abort > c->enter && t->abort < c->ret && !tr_call_is_process(c) &&
	       tr_log_thread_of(j->log, t->abort) == c->thread && strcmp(tr_log_thread(j->log, c->thread)->name, "main") == 0;
}

/*
 * Another program's client took its upload back though no request had been refused: it was
 * shut down under its feet, as by the end of the interpreter.
 */
static bool taken_back(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	return t->done == TR_NONE && t->create_ok && t->abort_ok && t->complete == TR_NONE &&
	       t->fail_event == TR_NONE && tr_judge_saw_the_end(j) && c && unheard(j, c) && !given_up(j, c, t);
}

/* A look of --verify behind the end of every process: the object is not there. */
static bool is_absent(const struct judge *j, const struct tr_transfer_state *t)
{
	uint32_t end = TR_NONE;
	bool absent = false;
	for (uint32_t i = 0; i < j->nr_deaths; i++)
		if (tr_log_kind(j->log, j->deaths[i]) == XF_EV_process_exit)
			end = j->deaths[i];
	for (uint32_t i = 0; i < j->nr_heads; i++) {
		struct tr_event e = tr_log_event(j->log, j->heads[i]);
		const struct xf_ev_object_head *h = TR_PAYLOAD(&e, object_head);
		if (h->transfer == t->id && (!e.process || e.process == t->process))
			absent = h->http_status == 404 && end != TR_NONE && e.index > end;
	}
	return absent;
}

/* Was a request of it, or a part, begun that came to no good end? */
static bool is_under_way(const struct judge *j, const struct tr_transfer_state *t)
{
	for (uint32_t i = 0; i < j->s->nr_requests; i++) {
		uint32_t of = j->s->requests[i].transfer;
		if (of != TR_NONE && &j->s->transfers[of] == t)
			return true;
	}
	for (uint32_t i = 0; i < j->s->nr_parts; i++) {
		const struct tr_part_state *p = &j->s->parts[i];
		if (&j->s->transfers[p->transfer] == t && p->phase != TR_PART_DONE && p->phase != TR_PART_SKIPPED)
			return true;
	}
	return false;
}

const char *tr_judge_unseen_rest(const struct judge *j, const struct tr_transfer_state *t)
{
	const char *unread = tr_log_property(j->log, "unread");
	bool open = t->create_ok && !tr_judge_settled(t);
	return unread && open && !is_under_way(j, t) && !is_absent(j, t) ? unread : NULL;
}

static uint64_t bytes_of(const struct judge *j, const struct tr_transfer_state *t)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < j->s->nr_parts; i++)
		if (&j->s->transfers[j->s->parts[i].transfer] == t)
			bytes += j->s->parts[i].bytes;
	return bytes;
}

/*
 * Nobody in the program heard that it was stored, as it hung up behind the last byte, or as another process
 * read the answer: what do the looks of --verify say? An object of that size may be an older one where
 * none showed that there was none.
 */
static enum tr_outcome seen_after_all(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	uint32_t absent = TR_NONE;
	for (uint32_t i = 0; i < j->nr_heads; i++) {
		struct tr_event e = tr_log_event(j->log, j->heads[i]);
		const struct xf_ev_object_head *h = TR_PAYLOAD(&e, object_head);
		if (h->transfer != t->id || (e.process && e.process != t->process))
			continue;
		if (h->http_status == 404)
			absent = e.index;
		if (h->failed || h->bytes != bytes_of(j, t))
			continue;
		if (absent == TR_NONE)
			return TR_OUTCOME_UNKNOWN;
		return c && c->ret != TR_NONE && absent > c->ret ? TR_STORED_LATER : TR_STORED;
	}
	return TR_LOST;
}

static enum tr_outcome outcome_of(const struct judge *j, const struct tr_call *c,
				  const struct tr_transfer_state *t)
{
	uint32_t at = tr_judge_stored_at(t);
	if (at == TR_NONE && t->state == XF_STATE_SUCCESS && t->done != TR_NONE)
		at = t->done;
	if (at != TR_NONE)
		return c && c->ret != TR_NONE && at > c->ret ? TR_STORED_LATER : TR_STORED;
	if (t->state == XF_STATE_CANCELLED && tr_judge_settled(t))
		return TR_CANCELLED;
	/* our own core, whose submits name their call, records a status itself, and a final one stays */
	if (t->state == XF_STATE_FAILED && t->call)
		return TR_FAILED;
	if (tr_judge_settled(t) && !cut_off(j, c, t) && !taken_back(j, c, t))
		return TR_FAILED;
	if (!tr_judge_saw_the_end(j) || tr_judge_unseen_rest(j, t))
		return TR_OUTCOME_UNKNOWN;
	return seen_after_all(j, c, t);
}

enum tr_outcome tr_judge_after_all(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t)
{
	bool by_others;
	bool hung_up = (cut_off(j, c, t) || (!tr_judge_settled(t) && tr_judge_killed_at(j, t, &by_others) != TR_NONE)) &&
		       tr_judge_stored_at(t) == TR_NONE;
	return hung_up ? seen_after_all(j, c, t) : TR_LOST;
}

/* Of several transfers the worst, in this order. */
static int badness(enum tr_outcome o)
{
	static const int order[TR_OUTCOME_COUNT] = {
		[TR_STORED] = 0, [TR_STORED_LATER] = 1, [TR_OUTCOME_UNKNOWN] = 2,
		[TR_CANCELLED] = 3, [TR_FAILED] = 4, [TR_LOST] = 5 };
	return order[o];
}

/* Its parts are there, and nobody will make an object of them. Not where one may have come to be. */
static bool is_left_behind(const struct judge *j, const struct tr_transfer_state *t, enum tr_outcome o)
{
	bool in_vain = o == TR_LOST || o == TR_FAILED || o == TR_CANCELLED;
	return in_vain && t->create_ok && !t->complete_ok && !t->abort_ok && t->upload_id &&
	       (tr_judge_saw_the_end(j) || tr_judge_settled(t));
}

void tr_judge_find_outcome(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	v->outcome = v->nr_transfers ? TR_STORED : TR_OUTCOME_UNKNOWN;
	for (uint32_t i = 0; i < v->nr_transfers; i++) {
		const struct tr_transfer_state *t = &j->s->transfers[v->transfers[i]];
		enum tr_outcome o = v->there[i] == TR_NONE ? outcome_of(j, c, t) : TR_STORED;
		if (badness(o) > badness(v->outcome))
			v->outcome = o;
		if (!*v->orphan && is_left_behind(j, t, o))
			snprintf(v->orphan, sizeof(v->orphan), "%s",
				 tr_log_text(j->log, t->process, t->upload_id));
	}
}

/* ---- visible */

static const char *bare(const char *etag, size_t *len)
{
	etag += *etag == '"';
	*len = strcspn(etag, "\"");
	return etag;
}

static bool same_etag(const char *a, const char *b)
{
	size_t na, nb;
	a = bare(a, &na);
	b = bare(b, &nb);
	return na == nb && memcmp(a, b, na) == 0;
}

static bool head_agrees(const struct judge *j, const struct tr_event *e, const struct tr_transfer_state *t)
{
	const struct xf_ev_object_head *h = TR_PAYLOAD(e, object_head);
	const char *seen = tr_log_text(j->log, e->process, h->etag);
	const char *sent = tr_log_text(j->log, t->process, t->etag);
	uint64_t size = t->size_known || !t->bytes_acked ? t->size : t->bytes_acked;
	return !h->failed && (t->copied || h->bytes == size) && (!*seen || !*sent || same_etag(seen, sent));
}

/* A look that came late: the object it saw was stored only after the call had returned. */
static bool arrived_later(const struct tr_event *head, const struct tr_call *c, const struct tr_transfer_state *t)
{
	uint32_t at = tr_judge_stored_at(t);
	return at != TR_NONE && c->ret != TR_NONE && at > c->ret && head->index > at;
}

/* A HEAD that was itself refused shows nothing. */
static bool head_tells(const struct xf_ev_object_head *h)
{
	return !h->failed || h->http_status == 404;
}

/*
 * What the HEADs show of one transfer: the one behind this call's return. Where there is none, the
 * object was seen before that, or its upload had not even begun. The tracer, process 0, looks for a
 * program that it traces.
 */
static enum tr_visible transfer_visible(const struct judge *j, const struct tr_call *c, const struct tr_transfer_state *t,
				       bool there)
{
	enum tr_visible visible = TR_VISIBLE_UNKNOWN;
	for (uint32_t k = 0; k < j->nr_heads; k++) {
		struct tr_event e = tr_log_event(j->log, j->heads[k]);
		const struct xf_ev_object_head *h = TR_PAYLOAD(&e, object_head);
		if ((e.process && e.process != t->process) || h->transfer != t->id || !head_tells(h))
			continue;
		bool agrees = head_agrees(j, &e, t) && (there || !arrived_later(&e, c, t));
		if (h->call == c->id || (!h->call && tr_call_is_process(c)))
			return agrees ? TR_VISIBLE_YES : TR_VISIBLE_NO;
		if (agrees && (c->ret == TR_NONE || e.index < c->ret || tr_call_is_process(c)))
			visible = TR_VISIBLE_YES;
		else if (c->ret != TR_NONE && t->submit != TR_NONE && c->ret < t->submit)
			visible = TR_VISIBLE_NO;
	}
	return visible;
}

void tr_judge_find_visible(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t agreed = 0, seen = 0;
	for (uint32_t i = 0; i < v->nr_transfers; i++) {
		enum tr_visible visible = transfer_visible(j, c, &j->s->transfers[v->transfers[i]],
							   v->there[i] != TR_NONE);
		seen += visible != TR_VISIBLE_UNKNOWN;
		agreed += visible == TR_VISIBLE_YES;
	}
	if (seen && (seen == v->nr_transfers || agreed < seen))
		v->visible = agreed == v->nr_transfers ? TR_VISIBLE_YES : TR_VISIBLE_NO;
}
