/*
 * verdict: does the call wait, and what became of its upload.
 *
 * The call's interval is [call_enter, call_return] on the calling thread. Its
 * work is every part and every create, complete and put request of the
 * transfers submitted in it, ended by success, failure or being skipped. The
 * first row that holds is the answer:
 *
 *   unknown         no call, no upload, records lost, a hold evaded
 *   not-returned    the trace ends before the return; waiting_on says on whom
 *   blocks-partly   it waits only so far: a time limit, or back-pressure
 *   does-not-block  some work ended after the return, or never; or the call
 *                   returned while one of its parts was held
 *   blocks          every item's end happens before the return by signal edges
 *                   (inline: all on the calling thread)
 *   unproven        all work had ended in time, but nothing shows that the
 *                   call waited for it
 *
 * Luck never becomes proof: time alone, permits and locks carry nothing. See
 * docs/verdict.md. The verdict reads the log only; the same trace gives the same
 * verdict.
 *
 *     struct tr_verdicts v;
 *     tr_verdicts_compute(log, &v, err);
 *     for (i < v.nr) … v.list[i].answer …
 *     tr_verdicts_fini(&v);
 *
 * Thread: one at a time. The log must outlive what is computed.
 */
#ifndef TR_VERDICT_VERDICT_H
#define TR_VERDICT_VERDICT_H

#include "tracer/trace/log.h"
#include "tracer/trace/model.h"
#include "tracer/verdict/barrier.h"
#include "tracer/verdict/order.h"

/* ORDER answers, bases, outcomes, limits: words in verdict.c, as JSON has them */
enum tr_answer {
	TR_UNKNOWN, TR_NOT_RETURNED, TR_BLOCKS_PARTLY, TR_DOES_NOT_BLOCK, TR_BLOCKS, TR_UNPROVEN,
	TR_ANSWER_COUNT
};
enum tr_basis {
	TR_BASIS_NONE, TR_BASIS_WITNESS, TR_BASIS_INTERVENTION, TR_BASIS_INLINE,
	TR_BASIS_HAPPENS_BEFORE, TR_BASIS_BOTH, TR_BASIS_TIMING, TR_BASIS_COUNT
};
enum tr_outcome {
	TR_OUTCOME_UNKNOWN, TR_STORED, TR_STORED_LATER, TR_LOST, TR_FAILED, TR_CANCELLED,
	TR_OUTCOME_COUNT
};
enum tr_hinge {
	TR_HINGE_NONE,
	TR_HINGE_LIMIT,      /* its time limit, which did not run out, and then what it did behind it */
	TR_HINGE_ALARM,      /* a timer that was to send its process a signal */
	TR_HINGE_TIMER,      /* a timer of its event loop, which may have had nothing to do with it */
	TR_HINGE_RIVAL,      /* another thread, which would have ended it, too */
};
enum tr_limit { TR_LIMIT_NONE, TR_LIMIT_TIME_OUT, TR_LIMIT_BACK_PRESSURE };

const char *tr_answer_name(enum tr_answer a);      /* "does-not-block" */
const char *tr_answer_heading(enum tr_answer a, enum tr_basis b); /* "WAITS (proved)", … */
const char *tr_basis_name(enum tr_basis b);
const char *tr_outcome_name(enum tr_outcome o);
const char *tr_limit_name(enum tr_limit l);        /* "time-out"; NULL for none */
/* The enumerator of a word; -1. For --expect: answers and outcomes do not overlap but for "unknown". */
int tr_answer_find(const char *word);
int tr_outcome_find(const char *word);

/* The status with which the process of a call ended by itself; -1: it did not, or it is not known. */
int32_t tr_verdict_exit_status(const struct tr_log *log, const struct tr_call *c);
/* The signal by which the process of a call ended; 0: by none, or it is not known. */
int tr_verdict_signal(const struct tr_log *log, const struct tr_call *c);
/* Does a process bring this signal on itself, as SIGSEGV? The others come from somebody else. */
bool tr_verdict_is_fault(int signal);

/* Tri-state of `visible`. */
enum tr_visible { TR_VISIBLE_UNKNOWN, TR_VISIBLE_NO, TR_VISIBLE_YES };

/* A unit of the call's work. */
enum tr_item_kind { TR_ITEM_PART, TR_ITEM_CREATE, TR_ITEM_COMPLETE, TR_ITEM_PUT, TR_ITEM_GET, TR_ITEM_TRANSFER };
struct tr_item {
	enum tr_item_kind kind;
	uint32_t transfer;   /* index in tr_verdicts.final */
	uint32_t part;       /* S3's number; 0: not a part */
	uint32_t begin;      /* its first event, TR_NONE */
	uint32_t end;        /* the event that ended it, TR_NONE: never ended */
	bool ordered;        /* its end is in the past of the return */
	bool late;           /* it ended after the return, or never */
	bool inline_;        /* it ended on the calling thread, inside the call */
};

/* One event of a chain of evidence. */
struct tr_link {
	uint32_t event;
	uint8_t edge;        /* enum tr_edge_kind of the edge that leads to the next link; TR_EDGE_KIND_COUNT: program order, or the end */
};
struct tr_evidence {
	uint32_t item;       /* in tr_verdict.items */
	struct tr_link *chain; /* from the item's end to call_return */
	uint32_t nr;
};

struct tr_hold {
	uint32_t hold, transfer, part;
	uint32_t held, released; /* events; released may be TR_NONE */
	uint64_t hold_ns;
	int64_t return_ns;       /* duration of the call in this run; -1 not returned */
	bool evaded;
	uint32_t evaded_at;      /* event; TR_NONE */
	const char *key;         /* of the object that was held; NULL: of several */
};

/* Who waits for whom: each link waits for the next. */
struct tr_waiting {
	uint32_t thread;         /* index, TR_NONE */
	uint32_t event;          /* that began the wait or the request */
	uint32_t object;         /* index waited on, TR_NONE */
	uint32_t on_thread;      /* index waited for, TR_NONE: not known, or not a thread */
	uint32_t transfer, part; /* TR_NONE, 0 */
	uint32_t request;        /* the open request it ends at, TR_NONE */
	int64_t since_ns;
	char text[160];          /* "main waits for event 'done'" */
};

struct tr_verdict {
	uint32_t call;           /* index in the log; TR_NONE: the trace has none */
	enum tr_answer answer;
	enum tr_basis basis;
	enum tr_outcome outcome;
	char reason[256];        /* unknown, unproven, not-returned …: why, and what to do; "" */
	enum tr_limit limit;
	uint64_t at_most_ms;     /* limit time-out; 0: how long is not known */
	enum tr_hinge hinge;     /* unproven: what else might have ended its wait … */
	uint64_t hinges_ns;      /* … after how long; 0: no such; TR_LIMIT_UNTOLD: not known */
	struct tr_waiting *waiting_on; uint32_t nr_waiting;
	bool deadlock;           /* waiting_on ends where it began or in a circle */
	uint32_t deadlock_at;    /* link at which the circle begins */
	uint32_t parts, parts_ordered, parts_late;
	struct tr_barriers barriers;
	struct tr_item *items; uint32_t nr_items;
	struct tr_evidence *evidence; uint32_t nr_evidence; /* blocks: one a part, then the rest */
	struct tr_hold *holds; uint32_t nr_holds;
	char settle[256];        /* filled by prove: what would settle it now; "" */
	bool has_slope;          /* filled by prove */
	double slope, slope_low, slope_high;
	uint32_t trials;
	enum tr_visible visible;
	uint32_t *transfers; uint32_t nr_transfers; /* indices in tr_verdicts.final: the call's own */
	bool killed, cut_short;  /* some of its work ended as its process was killed (killed.c); and that by others */
	bool carried;            /* they had begun before it: of their work only what began in it counts (carried.c) */
	uint32_t *there;         /* one each: the answer that showed its object before the return; TR_NONE (there.c) */
	char orphan[128];        /* upload id left behind at the server, "" */
	int64_t enter_ns, return_ns; /* return -1: did not */
};

struct tr_verdicts {
	struct tr_verdict *list; uint32_t nr; /* one a call, in order of call_enter; none: one `unknown` */
	struct tr_model *model;
	const struct tr_state *final;         /* the state after the last event; borrowed from model */
	struct tr_order *order;
};

/* Owns: *out, tr_verdicts_fini(). Errors: XF_NOMEM. */
enum xf_status tr_verdicts_compute(const struct tr_log *log, struct tr_verdicts *out,
				   struct xf_error *err);
void tr_verdicts_fini(struct tr_verdicts *v);

/*
 * The verdict in one sentence for people, with the numbers, without the call's name:
 * "returned after 13 of 13 parts and Complete, by the result's event; object stored". Returns buf.
 */
const char *tr_verdict_sentence(const struct tr_log *log, const struct tr_verdicts *all,
				const struct tr_verdict *v, char *buf, size_t cap);

/* The barrier the sentence speaks of: sufficient, and waited at longest in this trace. NULL: none is. */
const struct tr_barrier *tr_verdict_deciding(const struct tr_verdict *v);

/*
 * Who waits for whom at the end of a state, beginning with that thread; for hangs, also live
 * (`--stall`). Owns: *list, free(). *circle: link at which a deadlock's circle begins, TR_NONE.
 */
enum xf_status tr_waiting_chain(const struct tr_log *log, const struct tr_state *state,
				uint32_t thread, struct tr_waiting **list, uint32_t *nr,
				uint32_t *circle, struct xf_error *err);

#endif
