/* order_private: what an order is made of, for those of this room that walk over all of it. */
#ifndef TR_VERDICT_ORDER_PRIVATE_H
#define TR_VERDICT_ORDER_PRIVATE_H

#include "tracer/trace/map.h"
#include "tracer/verdict/order.h"

/* A bytes edge into a loop's thread: it carries to what that thread did before it lay down again, or had other news. */
struct tr_passing {
	uint32_t edge, until; /* until: the poll or sleep it had lain down in, the answer, the other bytes, the next wait for the same … */
	uint32_t rival;       /* … or its own end, as that event would have ended the wait, too; TR_NONE */
};

/* A wait that another's semaphore or condition ended: the thread was given something to do, or was told something. */
struct tr_given {
	uint32_t thread, wait, event;
	uint32_t giver;          /* its thread */
};

/* Which answers were found to lead on to an event, or not. */
struct tr_leads {
	uint32_t to;           /* that event */
	struct tr_map known;
};

struct tr_order {
	const struct tr_log *log;
	struct tr_edge *edges; /* in the order of `to` */
	uint32_t nr, cap;
	struct tr_passing *passing; /* in the order of `edge` */
	uint32_t nr_passing, cap_passing;
	uint64_t *departures;  /* where somebody asks who led on: (`from`, edge) of signal edges, sorted */
	uint32_t nr_departures;
	uint8_t *used;         /* by edge: took part in the past at hand */
	uint32_t *woken;       /* by thread: the first bytes a loop read there, TR_NONE; NULL: nobody's */
	uint8_t *drives;       /* by thread: had several requests under way at once; NULL: none did */
	uint32_t *turns;       /* by thread: its first poll in epoll, TR_NONE; NULL: nobody's */
	bool trusting;         /* as if nothing had rivals */
	struct tr_given *given; /* by thread, then in their order */
	uint32_t nr_given, cap_given;
	struct tr_map answers; /* of a request that such a thread began: its answer */
	struct tr_leads *leads; /* where there are such threads */
};

/* Was a child waited for, or merely asked for? Behind a sigsuspend it was waited for, though it was asked for then. */
static inline bool tr_order_waited(const struct xf_ev_process_wait *p)
{
	enum { WAITED_NS = 1000000 };
	return !p->asked || p->waited_ns >= WAITED_NS;
}

enum { LAY_DOWN_NS = 1000000 };

/* How long a thread lay down by that event; 0: it is neither poll nor sleep. */
static inline uint64_t tr_order_lay_ns(const struct tr_event *e)
{
	return e->kind == XF_EV_poll ? TR_PAYLOAD(e, poll)->waited_ns
	     : e->kind == XF_EV_sleep ? TR_PAYLOAD(e, sleep)->slept_ns : 0;
}

/* Has a thread, as far as it is known, lain in epoll? */
static inline bool tr_order_turns(const struct tr_order *o, uint32_t thread)
{
	return o->turns && o->turns[thread] != TR_NONE;
}

/* When the next timer of an event loop is due, as the limit of its poll tells; one that does not wait at all tells nothing. */
void tr_order_learn_due(const struct tr_event *poll, int64_t *due_ns);
/* The same as of an event; INT64_MAX: none, or its thread is no loop. */
int64_t tr_order_due_at(const struct tr_order *o, uint32_t event);

/* Did an event lead on, to e or by an edge in use, before its thread lay down at `until`? */
bool tr_order_led_on_until(const struct tr_order *o, uint32_t event, uint32_t until, uint32_t e);

/*
 * A worker shows nothing of what it was told before others gave it something else to do, either (others: no thread that it
 * made, or that those made). Did it lead on before, at `event`, to e; or was it e's own thread, or joined? And where that
 * was given; TR_NONE: nowhere.
 */
bool tr_order_passed_on(const struct tr_order *o, uint32_t event, uint32_t e);
uint32_t tr_order_given_by_others(const struct tr_order *o, uint32_t event);

/* Until when a signal edge carries on its end's thread; TR_NONE: for ever. */
uint32_t tr_order_until(const struct tr_order *o, uint32_t edge);
/* What would have ended the wait of an edge later, had that not been; TR_NONE. */
uint32_t tr_order_rival(const struct tr_order *o, uint32_t edge);

#endif
