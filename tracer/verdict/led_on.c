/*
 * led_on: what a thread went on for, that serves several at once: a loop that is woken by
 * whatever comes, and lies down again when there is nothing to do.
 */
#include "tracer/verdict/order_private.h"

void tr_order_learn_due(const struct tr_event *poll, int64_t *due_ns)
{
	const struct xf_ev_poll *p = TR_PAYLOAD(poll, poll);
	if (p->epoll && p->limit_ns != 1)
		*due_ns = p->limit_ns ? poll->t_ns - (int64_t)p->waited_ns + (int64_t)p->limit_ns : INT64_MAX;
}

int64_t tr_order_due_at(const struct tr_order *o, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(o->log, event);
	int64_t due_ns = 0;
	if (!o->turns || o->turns[thread] > event)
		return INT64_MAX;
	while (!due_ns && event != TR_NONE && event >= o->turns[thread]) {
		if (tr_log_kind(o->log, event) == XF_EV_poll) {
			struct tr_event e = tr_log_event(o->log, event);
			tr_order_learn_due(&e, &due_ns);
		}
		event = tr_log_step(o->log, event, thread, -1);
	}
	return due_ns ? due_ns : INT64_MAX;
}

static uint32_t first_departure(const struct tr_order *o, uint32_t event)
{
	uint32_t low = 0, high = o->nr_departures;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->departures[mid] >> 32 < event)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool tr_order_led_on_until(const struct tr_order *o, uint32_t event, uint32_t until, uint32_t e)
{
	uint32_t thread = tr_log_thread_of(o->log, event), low = first_departure(o, event);
	if (tr_log_thread_of(o->log, e) == thread && event <= e && e < until)
		return true;
	for (; low < o->nr_departures && o->departures[low] >> 32 < until; low++)
		if (o->used[(uint32_t)o->departures[low]] &&
		    tr_log_thread_of(o->log, (uint32_t)(o->departures[low] >> 32)) == thread)
			return true;
	return false;
}

/* Are these bytes of another's that carry? */
static bool is_news(const struct tr_order *o, uint32_t event)
{
	for (uint32_t i = tr_order_edge_at(o, event); i < o->nr && o->edges[i].to == event; i++)
		if (o->edges[i].kind == TR_EDGE_BYTES && o->edges[i].class == XF_CLASS_SIGNAL &&
		    tr_log_thread_of(o->log, o->edges[i].from) != tr_log_thread_of(o->log, event))
			return true;
	return false;
}

/*
 * Where the event's thread had lain down since, or other news: a request's answer, bytes, a timer that was
 * due; TR_NONE: nowhere.
 */
static uint32_t turned_away_after(const struct tr_order *o, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = event;
	int64_t due_ns = tr_order_due_at(o, event);
	uint64_t lay = 0;
	while ((i = tr_log_step(o->log, i, thread, 1)) != TR_NONE) {
		enum xf_kind kind = tr_log_kind(o->log, i);
		if (kind == XF_EV_response || (kind == XF_EV_fd_read && is_news(o, i)) || tr_log_time(o->log, i) >= due_ns)
			break;
		if (kind != XF_EV_poll && kind != XF_EV_sleep)
			continue;
		struct tr_event e = tr_log_event(o->log, i);
		lay += tr_order_lay_ns(&e);
		if (lay >= LAY_DOWN_NS)
			break;
		if (kind == XF_EV_poll)
			tr_order_learn_due(&e, &due_ns);
	}
	return i;
}

static bool drives(const struct tr_order *o, uint32_t thread)
{
	return o->drives && o->drives[thread];
}

bool tr_order_serves(const struct tr_order *o, uint32_t thread)
{
	return drives(o, thread) || tr_order_turns(o, thread);
}

/* The answer to the next request that the event's thread began, before `until`; TR_NONE: it began none. */
static uint32_t next_answer(const struct tr_order *o, uint32_t event, uint32_t until)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = event;
	while ((i = tr_log_step(o->log, i, thread, 1)) != TR_NONE && i < until)
		if (tr_log_kind(o->log, i) == XF_EV_request_start)
			return tr_map_get(&o->answers, i);
	return TR_NONE;
}

/* Did an event lead on to e, or to a request whose answer did? Each answer is asked for once. */
static bool led_on_by_requests(const struct tr_order *o, uint32_t event, uint32_t e)
{
	struct tr_map *known = &o->leads->known;
	uint32_t said = TR_MAP_NONE, at = event, next = event;
	if (o->leads->to != e)
		tr_map_fini(known);
	o->leads->to = e;
	for (;; at = next) {
		uint32_t until = turned_away_after(o, at);
		next = next_answer(o, at, until);
		said = tr_order_led_on_until(o, at, until, e) ? 1 : next > e /* or none */ ? 0 : tr_map_get(known, next);
		if (said != TR_MAP_NONE)
			break;
	}
	for (uint32_t i = event; i != at && tr_map_set(known, i, said);)
		i = next_answer(o, i, turned_away_after(o, i));
	tr_map_set(known, at, said);
	return said;
}

/* ---- workers */

bool tr_order_takes_job(const struct tr_log *log, const struct tr_event *get)
{
	return get->object != TR_NONE && tr_log_object(log, get->object)->class == XF_CLASS_NONE && !TR_PAYLOAD(get, queue_get)->item;
}

/* The first that the event's thread was given, in a wait that it began since, if it was. */
static uint32_t first_given(const struct tr_order *o, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(o->log, event), low = 0, high = o->nr_given;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (o->given[mid].thread < thread || (o->given[mid].thread == thread && o->given[mid].wait < event))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Where the event's thread was given something else to do; TR_NONE: nowhere. */
static uint32_t given_after(const struct tr_order *o, uint32_t event)
{
	uint32_t i = first_given(o, event);
	return i < o->nr_given && o->given[i].thread == tr_log_thread_of(o->log, event) ? o->given[i].event : TR_NONE;
}

/* An event of a thread, a dozen and some before its last. */
static uint32_t near_its_end(const struct tr_order *o, uint32_t thread)
{
	enum { LIFE_EDGE = 16 };
	uint32_t at = tr_log_thread(o->log, thread)->last, before = at;
	for (int n = 0; n < LIFE_EDGE && before != TR_NONE; n++) {
		at = before;
		before = tr_log_step(o->log, at, thread, -1);
	}
	return at;
}

/* Did the thread's end lead on? It ends when it is done with all it was given. */
static bool was_joined(const struct tr_order *o, uint32_t thread)
{
	uint32_t last = tr_log_thread(o->log, thread)->last;
	for (uint32_t i = first_departure(o, near_its_end(o, thread)); i < o->nr_departures && o->departures[i] >> 32 <= last; i++) {
		uint32_t edge = (uint32_t)o->departures[i];
		uint8_t kind = o->edges[edge].kind;
		if (o->used[edge] && (kind == TR_EDGE_JOIN || kind == TR_EDGE_LIFELONG) &&
		    tr_log_thread_of(o->log, o->edges[edge].from) == thread)
			return true;
	}
	return false;
}

static bool worker_led_on(const struct tr_order *o, uint32_t event, uint32_t e)
{
	uint32_t thread = tr_log_thread_of(o->log, event), given = given_after(o, event);
	return given >= e || thread == tr_log_thread_of(o->log, e) || tr_order_led_on_until(o, event, given, e) ||
	       was_joined(o, thread);
}

static bool made(const struct tr_log *log, uint32_t thread, uint32_t other)
{
	while (other != TR_NONE && other != thread)
		other = tr_log_thread(log, other)->creator;
	return other == thread;
}

uint32_t tr_order_given_by_others(const struct tr_order *o, uint32_t event)
{
	uint32_t thread = tr_log_thread_of(o->log, event), i = first_given(o, event);
	while (i < o->nr_given && o->given[i].thread == thread && made(o->log, thread, o->given[i].giver))
		i++;
	return i < o->nr_given && o->given[i].thread == thread ? o->given[i].event : TR_NONE;
}

bool tr_order_passed_on(const struct tr_order *o, uint32_t event, uint32_t e)
{
	uint32_t thread = tr_log_thread_of(o->log, event), given;
	if (!o->nr_given || thread == tr_log_thread_of(o->log, e))
		return true;
	given = tr_order_given_by_others(o, event);
	return given >= e || tr_order_led_on_until(o, event, given, e) || was_joined(o, thread);
}

bool tr_order_led_on(const struct tr_order *o, uint32_t event, uint32_t e)
{
	uint32_t thread = tr_log_thread_of(o->log, event);
	if (!worker_led_on(o, event, e))
		return false;
	if (drives(o, thread) ||
	    (o->woken && thread != tr_log_thread_of(o->log, e) && o->woken[thread] < e))
		return tr_order_led_on_until(o, event, turned_away_after(o, event), e);
	return !o->turns || o->turns[thread] > e || led_on_by_requests(o, event, e);
}
