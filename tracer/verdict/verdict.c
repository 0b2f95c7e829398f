/*
 * verdict: the table of answers, first row that holds wins. docs/verdict.md says
 * the same in plain words.
 */
#include "tracer/verdict/judge.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"
#include "tracer/verdict/place.h"

/* ORDER answers */
static const struct {
	const char *name, *heading;
} answers[] = {
	{ "unknown", "UNKNOWN" },
	{ "not-returned", "HANGS" },
	{ "blocks-partly", "WAITS ONLY SO FAR" },
	{ "does-not-block", "DOES NOT WAIT (seen)" },
	{ "blocks", "WAITS (proved)" },
	{ "unproven", "WAITS, by luck or by design: not proved" },
};
static const char *const bases[] = { "none", "witness", "intervention", "inline", "happens-before",
				     "both", "timing" };
static const char *const outcomes[] = { "unknown", "stored", "stored-later", "lost", "failed", "cancelled" };
_Static_assert(sizeof(answers) / sizeof(answers[0]) == TR_ANSWER_COUNT, "one row an answer");
_Static_assert(sizeof(bases) / sizeof(bases[0]) == TR_BASIS_COUNT, "one word a basis");
_Static_assert(sizeof(outcomes) / sizeof(outcomes[0]) == TR_OUTCOME_COUNT, "one word an outcome");

const char *tr_answer_name(enum tr_answer a)
{
	return a < TR_ANSWER_COUNT ? answers[a].name : "unknown";
}

const char *tr_answer_heading(enum tr_answer a, enum tr_basis b)
{
	(void)b;
	return a < TR_ANSWER_COUNT ? answers[a].heading : "UNKNOWN";
}

const char *tr_basis_name(enum tr_basis b)
{
	return b < TR_BASIS_COUNT ? bases[b] : "none";
}

const char *tr_outcome_name(enum tr_outcome o)
{
	return o < TR_OUTCOME_COUNT ? outcomes[o] : "unknown";
}

const char *tr_limit_name(enum tr_limit l)
{
	return l == TR_LIMIT_TIME_OUT ? "time-out" : l == TR_LIMIT_BACK_PRESSURE ? "back-pressure" : NULL;
}

int tr_answer_find(const char *word)
{
	for (int i = 0; i < TR_ANSWER_COUNT; i++)
		if (strcmp(answers[i].name, word) == 0)
			return i;
	return -1;
}

int tr_outcome_find(const char *word)
{
	for (int i = 0; i < TR_OUTCOME_COUNT; i++)
		if (strcmp(outcomes[i], word) == 0)
			return i;
	return -1;
}

/* ---- what the files of a judge share */

bool tr_judge_push(struct judge *j, uint32_t **list, uint32_t *nr, uint32_t *cap, uint32_t value)
{
	if (!tr_grow(list, *nr, cap, sizeof(**list))) {
		j->failed = true;
		return false;
	}
	(*list)[(*nr)++] = value;
	return true;
}

void tr_judge_say(struct tr_verdict *v, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(v->reason, sizeof(v->reason), format, args);
	va_end(args);
}

/* ---- evidence */

static void push_link(struct judge *j, struct tr_evidence *e, uint32_t *cap, uint32_t event, uint8_t edge)
{
	if (e->nr && e->chain[e->nr - 1].event == event) {
		e->chain[e->nr - 1].edge = edge;
		return;
	}
	if (!tr_grow(&e->chain, e->nr, cap, sizeof(*e->chain))) {
		j->failed = true;
		return;
	}
	e->chain[e->nr++] = (struct tr_link){ event, edge };
}

static void write_chain(struct judge *j, struct tr_evidence *e, const struct tr_chains *chains,
			uint32_t n, uint32_t end, uint32_t ret)
{
	uint32_t cap = 0;
	push_link(j, e, &cap, end, TR_EDGE_KIND_COUNT);
	for (uint32_t i = tr_chain_first(chains, n); i != TR_NONE; i = tr_chain_next(chains, i)) {
		const struct tr_edge *edge = tr_order_edge(j->order, i);
		push_link(j, e, &cap, edge->from, edge->kind);
		push_link(j, e, &cap, edge->to, TR_EDGE_KIND_COUNT);
	}
	push_link(j, e, &cap, ret, TR_EDGE_KIND_COUNT);
}

/* Parts first, in order of their numbers as they were found, then the rest. */
static void gather_evidence(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t *ends = malloc((v->nr_items + 1u) * sizeof(*ends));
	v->evidence = calloc(v->nr_items + 1u, sizeof(*v->evidence));
	struct tr_chains *chains = NULL;
	if (!ends || !v->evidence) {
		j->failed = true;
	} else {
		for (int pass = 0; pass < 2; pass++)
			for (uint32_t i = 0; i < v->nr_items; i++)
				if (v->items[i].ordered && (v->items[i].kind == TR_ITEM_PART) == !pass) {
					v->evidence[v->nr_evidence].item = i;
					ends[v->nr_evidence++] = v->items[i].end;
				}
		if (tr_order_chains(j->order, c->ret, ends, v->nr_evidence, &chains, j->err) != XF_OK)
			j->failed = true;
	}
	for (uint32_t i = 0; chains && i < v->nr_evidence && !j->failed; i++)
		write_chain(j, &v->evidence[i], chains, i, ends[i], c->ret);
	tr_chains_free(chains);
	free(ends);
}

/* ---- the rows */

/* Of another program: had it sent anything, it would have been seen. */
static bool missed_nothing(const struct judge *j)
{
	const char *missed = tr_log_property(j->log, "incomplete");
	return missed && strcmp(missed, "0") == 0 && !tr_log_lost(j->log);
}

/* A call whose name says that it uploads, and of which a tracer that missed nothing saw no request. */
static bool is_unsent(const struct judge *j, uint32_t call)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	if (!missed_nothing(j) || tr_call_is_process(c) || !(strstr(c->name, "upload") || strstr(c->name, "put_object")))
		return false;
	for (uint32_t i = 0; i < j->s->nr_transfers; i++)
		if (tr_judge_belongs(j, call, i))
			return false;
	return true;
}

int32_t tr_verdict_exit_status(const struct tr_log *log, const struct tr_call *c)
{
	for (uint32_t i = 0; i < tr_log_nr_calls(log); i++) {
		const struct tr_call *o = tr_log_call(log, i);
		if (tr_call_is_process(o) && o->process == c->process && o->ret != TR_NONE)
			return o->result;
	}
	for (uint32_t i = tr_log_nr_events(log); i-- > 0;) {
		struct tr_event e = tr_log_event(log, i);
		if (e.kind == XF_EV_process_exit && (e.process == c->process || !e.process))
			return TR_PAYLOAD(&e, process_exit)->signal ? -1 : TR_PAYLOAD(&e, process_exit)->exit_status;
	}
	return -1;
}

static bool on_main(const struct judge *j, const struct tr_call *c)
{
	return strcmp(tr_log_thread(j->log, c->thread)->name, "main") == 0;
}

/*
 * Why the upload of a call of which nothing was sent is lost, NULL: it is not. A call that
 * raised has failed, and its caller knows; on a thread of its own, in a program that
 * ended with success, nobody did.
 */
static const char *why_unsent(const struct judge *j, uint32_t call)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	if (!is_unsent(j, call))
		return NULL;
	if (c->ret == TR_NONE)
		return tr_judge_saw_the_end(j) ? "it was entered and never returned: the program ended before anything "
					"of the upload was sent" : NULL;
	if (!tr_judge_raised(j, c))
		return "the call returned, the program ended, and nothing of the upload was ever sent";
	return !on_main(j, c) && tr_verdict_exit_status(j->log, c) == 0
		? "it failed on a thread of its own before anything was sent, and the program ended as if all were well"
		: NULL;
}

/* For the end of the program: the first call in it whose upload was never sent, TR_NONE. */
static uint32_t unsent_within(const struct judge *j, const struct tr_call *c)
{
	for (uint32_t i = 0; i < tr_log_nr_calls(j->log); i++)
		if (tr_log_call(j->log, i)->enter > c->enter && why_unsent(j, i))
			return i;
	return TR_NONE;
}

/* Without its module. */
static const char *bare_name(const char *name)
{
	const char *colon = strchr(name, ':');
	return colon && colon[1] ? colon + 1 : name;
}

static bool row_never_sent(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	bool whole = c && tr_call_is_process(c) && c->ret != TR_NONE;
	uint32_t call = whole ? unsent_within(j, c) : c ? v->call : TR_NONE;
	const char *why = call == TR_NONE ? NULL : why_unsent(j, call);
	if (!why)
		return false;
	v->outcome = TR_LOST;
	v->answer = c->ret == TR_NONE ? TR_NOT_RETURNED : TR_DOES_NOT_BLOCK;
	v->basis = c->ret == TR_NONE ? TR_BASIS_NONE : TR_BASIS_WITNESS;
	if (whole)
		tr_judge_say(v, "it ended, and nothing of the upload of %.80s was ever sent", bare_name(tr_log_call(j->log, call)->name));
	else
		tr_judge_say(v, "%s", why);
	return true;
}

/*
 * A thread that the call made and that had not ended as the program did; TR_NONE. One of which nothing but
 * its begin was seen is rather a runtime's (Go's), which are there as long as the program.
 */
static uint32_t cut_off_within(const struct judge *j, const struct tr_call *c)
{
	uint32_t i = c->enter;
	if (!tr_judge_saw_the_end(j) || !missed_nothing(j))
		return TR_NONE;
	while ((i = tr_log_step(j->log, i, c->thread, 1)) != TR_NONE && i < c->ret) {
		struct tr_event e = tr_log_event(j->log, i);
		uint32_t made = e.kind == XF_EV_thread_create ? tr_log_thread_find(j->log, TR_PAYLOAD(&e, thread_create)->id) : TR_NONE;
		uint32_t last = made == TR_NONE ? TR_NONE : tr_log_thread(j->log, made)->last;
		if (last != TR_NONE && tr_log_kind(j->log, last) != XF_EV_thread_exit && tr_log_kind(j->log, last) != XF_EV_thread_start)
			return made;
	}
	return TR_NONE;
}

/* No upload: it may never have begun. */
static void say_no_upload(const struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	bool raised = c->ret != TR_NONE && tr_judge_raised(j, c);
	uint32_t thread = raised ? TR_NONE : cut_off_within(j, c);
	if (raised)
		tr_judge_say(v, "no upload was seen in this call, which failed");
	else if (thread == TR_NONE)
		tr_judge_say(v, "no upload was seen in this call: name the call that uploads (--call), "
		       "and check that its traffic can be seen (`xferdb doctor`)");
	else
		tr_judge_say(v, "no upload was seen in this call, and the program ended while %.60s, which it had begun, was still "
		       "there: if that was to upload, it is lost, nothing was sent; join it before the end", tr_log_thread(j->log, thread)->name);
}

/* No call: which was asked for, and why it may not have come. */
static void say_no_call(const struct judge *j, struct tr_verdict *v)
{
	const char *asked = tr_log_property_of(j->log, "asked", 0, 0), *missing = tr_log_property(j->log, "call-missing");
	if (!*asked)
		tr_judge_say(v, "the trace holds no call: trace one with --call, or upload with `xferdb put`");
	else if (missing && *missing)
		tr_judge_say(v, "%.100s was never called: %.200s", asked, missing);
	else if (strncmp(asked, "py:", 3) == 0)
		tr_judge_say(v, "%.100s was never called, or its module never imported (a function of the script itself: "
			     "py:__main__:NAME)", asked);
	else if (strncmp(asked, "out:", 4) == 0)
		tr_judge_say(v, "%.100s: no line on standard output began it", asked);
	else
		tr_judge_say(v, "%.100s was never called", asked);
}

/* Over what nobody could read the only work may have gone that was not seen to end in time; NULL. */
static const char *unseen_work(const struct judge *j, const struct tr_verdict *v)
{
	const char *over = NULL;
	for (uint32_t i = 0; i < v->nr_items; i++) {
		const struct tr_item *item = &v->items[i];
		const char *rest = item->late ? tr_judge_unseen_rest(j, &j->s->transfers[item->transfer]) : NULL;
		if (item->late && (!rest || item->end != TR_NONE))
			return NULL;
		over = rest ? rest : over;
	}
	return over;
}

static bool row_unknown(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	char lost[224];
	const char *over = c && c->ret != TR_NONE ? unseen_work(j, v) : NULL;
	if (v->call == TR_NONE) {
		say_no_call(j, v);
	} else if (tr_log_lost(j->log)) {
		tr_judge_say(v, "%s", tr_log_lost_sentence(j->log, lost, sizeof(lost)));
	} else if (!v->nr_transfers) {
		say_no_upload(j, v, c);
	} else if (!v->nr_items) {
		tr_judge_say(v, "the transfer ended before it made a request: see its error, and try again");
	} else if (tr_verdict_any_evaded(v)) {
		tr_judge_say(v, "a hold was evaded: the client gave up on the held request; hold for less time");
	} else if (over) {
		tr_judge_say(v, "the end of its upload was not seen, and may have gone over %.90s; --verify looks whether the object is "
			     "there", over);
	} else {
		return false;
	}
	v->answer = TR_UNKNOWN;
	return true;
}

static bool row_not_returned(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t circle;
	if (c->ret != TR_NONE)
		return false;
	v->answer = TR_NOT_RETURNED;
	if (tr_waiting_chain(j->log, j->s, c->thread, &v->waiting_on, &v->nr_waiting, &circle, j->err) != XF_OK)
		j->failed = true;
	v->deadlock = circle != TR_NONE;
	v->deadlock_at = v->deadlock ? circle : 0;
	int32_t status = tr_judge_saw_the_end(j) && on_main(j, c) ? tr_verdict_exit_status(j->log, c) : -1;
	int signal = tr_verdict_signal(j->log, c);
	if (status >= 0 && !tr_call_is_process(c))
		tr_judge_say(v, "the program ended with exit status %" PRId32 " before the call returned", status);
	else if (tr_verdict_is_fault(signal))
		tr_judge_say(v, "its process ended by a fault of its own, signal %d, before the call returned", signal);
	else if (j->s->threads[c->thread].activity == TR_ENDED)
		tr_judge_say(v, "%s ended in the midst of it, and the call never returned", tr_log_thread(j->log, c->thread)->name);
	else
		tr_judge_say(v, "the trace ends before the call returns%s%s", v->nr_waiting ? ": " : "",
			     v->nr_waiting ? v->waiting_on[v->nr_waiting - 1].text : "");
	return true;
}

/* "the wait had a time limit of 500 ms", and what became of that. */
static void say_limit(struct tr_verdict *v, uint32_t late, bool limited)
{
	char limit[64] = ", how long is not known";
	if (v->at_most_ms)
		snprintf(limit, sizeof(limit), " of %" PRIu64 " ms", v->at_most_ms);
	if (late)
		tr_judge_say(v, "the wait had a time limit%s and ran out; %u of the call's work items ended later", limit, late);
	else if (!limited)
		tr_judge_say(v, "it waited until the process was killed, in the midst of its upload, and would not have waited longer for a longer one");
	else if (v->killed)
		tr_judge_say(v, "the wait had a time limit%s, and the process was killed in the midst of its upload", limit);
	else
		tr_judge_say(v, "the wait had a time limit%s; this time all of the work ended within it", limit);
}

static bool row_partly(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	bool late = tr_verdict_count_late(v, false) > 0;
	bool ordered = !late && tr_verdict_all_ordered(v);
	bool limited = late ? tr_judge_gave_up(j, v, c) : ordered && tr_judge_needs_limit(j, v, c);
	uint64_t alarm_ns = ordered && !limited ? tr_judge_alarm_limit(j, v, c) : 0;
	if (alarm_ns) {
		v->at_most_ms = (alarm_ns + 999999) / 1000000;
		limited = true;
	}
	if (!limited && !(ordered && v->cut_short))
		return false;
	v->answer = TR_BLOCKS_PARTLY;
	v->basis = late ? TR_BASIS_WITNESS : TR_BASIS_HAPPENS_BEFORE;
	v->limit = TR_LIMIT_TIME_OUT;
	say_limit(v, tr_verdict_count_late(v, false), limited);
	return true;
}

/* The end of a program that cut its own upload off has not waited for it, whatever had an end by then. */
static bool row_cut_off(struct tr_verdict *v, const struct tr_call *c)
{
	if (!tr_call_is_process(c) || v->outcome != TR_LOST || tr_verdict_count_late(v, false))
		return false;
	v->answer = TR_DOES_NOT_BLOCK;
	v->basis = TR_BASIS_WITNESS;
	tr_judge_say(v, v->killed ? "the program ended, and what uploaded for it had been killed in the midst of it"
				  : "the program ended in the midst of its upload");
	return true;
}

/* Is its upload one that began after the return, and that nothing leads to? */
static bool is_stray(const struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t first = v->nr_transfers ? v->transfers[0] : TR_NONE;
	return first != TR_NONE && !v->carried && j->owner[first] == TR_NONE && c->ret != TR_NONE &&
	       j->s->transfers[first].submit > c->ret;
}

/* The calling thread's last poll in the call ran out after a while: how long that took, in ms; 0: it has none such. */
static uint64_t poll_that_ran_out_ms(const struct judge *j, const struct tr_call *c)
{
	enum { WHILE_NS = 10000000 };
	for (uint32_t i = c->ret; (i = tr_log_step(j->log, i, c->thread, -1)) != TR_NONE && i > c->enter;) {
		struct tr_event e = tr_log_event(j->log, i);
		const struct xf_ev_poll *p = TR_PAYLOAD(&e, poll);
		if (e.kind == XF_EV_poll && (p->ready || p->waited_ns >= WHILE_NS))
			return p->ready || !p->limit_ns ? 0 : (p->waited_ns + 999999) / 1000000;
	}
	return 0;
}

/* What a sentence about a call that returned early should not keep to itself. */
static const char *but(const struct judge *j, const struct tr_verdict *v, const struct tr_call *c, char *buf, size_t cap)
{
	uint64_t ms = poll_that_ran_out_ms(j, c);
	buf[0] = '\0';
	if (is_stray(j, v, c))
		snprintf(buf, cap, "; nothing seen leads to it: it is the first upload after the call");
	else if (ms)
		snprintf(buf, cap, "; before that it polled until %" PRIu64 " ms had run out: whether for the upload, `xferdb prove` "
			 "settles", ms);
	return buf;
}

static bool row_does_not_block(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	const struct tr_hold *hold = tr_judge_outrun_hold(j, v, c);
	uint32_t late = tr_verdict_count_late(v, false), undone = tr_verdict_count_late(v, true);
	char more[160];
	if (!late && !hold)
		return false;
	v->answer = TR_DOES_NOT_BLOCK;
	v->basis = hold ? TR_BASIS_INTERVENTION : TR_BASIS_WITNESS;
	if (hold)
		tr_judge_say(v, "the call returned while part %u was held", hold->part);
	else if (undone)
		tr_judge_say(v, "%u of %u work items had not ended when the call returned, %u never did%s", late,
		    v->nr_items, undone, but(j, v, c, more, sizeof(more)));
	else
		tr_judge_say(v, "%u of %u work items ended after the call had returned%s", late, v->nr_items,
			     but(j, v, c, more, sizeof(more)));
	return true;
}

/* The end of the last work item, if it ended on the calling thread itself, inside the call; TR_NONE. */
static uint32_t last_inline(const struct tr_verdict *v)
{
	const struct tr_item *last = NULL;
	for (uint32_t i = 0; i < v->nr_items; i++)
		if (!last || v->items[i].end > last->end)
			last = &v->items[i];
	return last && last->inline_ ? last->end : TR_NONE;
}

/*
 * A loop that turns for everybody (an event loop, a driver of sockets) brings answers to the
 * calling thread though the call may wait for something else. If the thread polled while its
 * requests were under way, and lay down in other polls when they were over, program order
 * shows only that it was late. The same for one that looked after its sockets between sleeps. What a thread that has
 * one request at a time polls for while that is under way is its answer (a look at the object behind the upload).
 */
static bool turns_a_loop(const struct judge *j, const struct tr_verdict *v, const struct tr_call *c)
{
	enum { LAY_DOWN_NS = 1000000 };
	uint32_t last = last_inline(v);
	uint64_t lay = 0;
	bool polled = false, slept = false, serves = tr_order_serves(j->order, c->thread);
	bool under_way = false;
	for (uint32_t i = c->enter; last != TR_NONE && (i = tr_log_step(j->log, i, c->thread, 1)) != TR_NONE && i < c->ret;) {
		struct tr_event e = tr_log_event(j->log, i);
		bool poll = e.kind == XF_EV_poll, begins = e.kind == XF_EV_request_start;
		if (begins || e.kind == XF_EV_response)
			under_way = begins;
		if (!poll && e.kind != XF_EV_sleep)
			continue;
		if (i < last)
			*(poll ? &polled : &slept) = true;
		else if ((poll ? polled : slept) && (serves || !poll || !under_way))
			lay += poll ? TR_PAYLOAD(&e, poll)->waited_ns : TR_PAYLOAD(&e, sleep)->slept_ns;
	}
	return lay >= LAY_DOWN_NS;
}

static void say_hinge(struct tr_verdict *v)
{
	char after[48] = "so long as is not known";
	if (v->hinges_ns != TR_LIMIT_UNTOLD)
		snprintf(after, sizeof(after), "%" PRIu64 " ms", (v->hinges_ns + 999999) / 1000000);
	if (v->hinge == TR_HINGE_ALARM)
		tr_judge_say(v, "a timer was to send a signal %s after the call began, and nothing shows what the program would have done "
			     "then; `xferdb prove` settles it", after);
	else if (v->hinge == TR_HINGE_TIMER)
		tr_judge_say(v, "its event loop had a timer, due %s after the call began, and nothing shows whether that would have ended the "
			     "wait; `xferdb prove` settles it", after);
	else if (v->hinge == TR_HINGE_RIVAL)
		tr_judge_say(v, "what ended its wait came from another thread, too, %s after the call began: it was not the upload that it had to "
			     "wait for; `xferdb prove` settles it", after);
	else
		tr_judge_say(v, "it had waited for that before, for at most %s, and nothing shows that it would have waited on, had that "
			     "run out; `xferdb prove` settles it", after);
}

/* Ordered, but by a wait that it may have made only because an earlier one had not given up. */
static bool row_hinges(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	if (!tr_verdict_all_ordered(v) || turns_a_loop(j, v, c) || !tr_judge_hinges(j, v, c))
		return false;
	v->answer = TR_UNPROVEN;
	v->basis = TR_BASIS_TIMING;
	say_hinge(v);
	return true;
}

static bool row_blocks(const struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	if (!tr_verdict_all_ordered(v) || turns_a_loop(j, v, c))
		return false;
	v->answer = TR_BLOCKS;
	v->basis = tr_verdict_all_inline(v) ? TR_BASIS_INLINE : TR_BASIS_HAPPENS_BEFORE;
	return true;
}

static void row_unproven(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	uint32_t missing = 0, shown = 0;
	for (uint32_t i = 0; i < v->nr_items; i++)
		missing += !v->items[i].ordered;
	for (uint32_t i = 0; i < v->nr_transfers; i++)
		shown += v->there[i] != TR_NONE;
	v->answer = TR_UNPROVEN;
	v->basis = TR_BASIS_TIMING;
	if (shown)
		tr_judge_say(v, "the server was asked, and had the object before the return, though its answer to the upload came "
		       "later: nothing shows that the call waited for that; `xferdb prove` settles it");
	else if (missing && tr_judge_has_rivals(j, v, c))
		say_hinge(v);
	else if (!missing)
		tr_judge_say(v, "the calling thread runs a loop, and waited on in it when all work had ended: nothing shows "
		       "that it waited for the upload; `xferdb prove` settles it");
	else
		tr_judge_say(v, "all work had ended before the return, but for %u of %u work items nothing shows that the "
	       "call waited for them; `xferdb prove` settles it", missing, v->nr_items);
}

static uint32_t *item_ends(struct judge *j, const struct tr_verdict *v)
{
	uint32_t *ends = malloc((v->nr_items + 1u) * sizeof(*ends));
	j->failed = j->failed || !ends;
	for (uint32_t i = 0; ends && i < v->nr_items; i++)
		ends[i] = v->items[i].end;
	return ends;
}

/* Everything the rows ask for. */
static void examine(struct judge *j, struct tr_verdict *v, const struct tr_call *c)
{
	v->enter_ns = tr_log_time(j->log, c->enter);
	v->return_ns = c->ret == TR_NONE ? -1 : tr_log_time(j->log, c->ret);
	tr_judge_gather_work(j, v);
	tr_judge_gather_holds(j, v);
	tr_judge_find_there(j, v, c);
	tr_clock_reset(&j->past);
	if (c->ret != TR_NONE)
		tr_order_past(j->order, c->ret, &j->past, NULL, NULL);
	tr_judge_place_items(j, v, c);
	tr_judge_find_outcome(j, v, c);
	tr_judge_find_visible(j, v, c);
	uint32_t *ends = c->ret == TR_NONE ? NULL : item_ends(j, v);
	if (ends && !j->failed &&
	    tr_barriers_find(j->log, j->order, c->thread, c->enter, c->ret, ends, v->nr_items,
			     &v->barriers, j->err) != XF_OK)
		j->failed = true;
	free(ends);
}

static void judge_call(struct judge *j, struct tr_verdict *v, uint32_t call)
{
	const struct tr_call *c = call == TR_NONE ? NULL : tr_log_call(j->log, call);
	*v = (struct tr_verdict){ .call = call, .enter_ns = 0, .return_ns = -1 };
	if (c)
		examine(j, v, c);
	if (j->failed || row_never_sent(j, v, c) || row_unknown(j, v, c) || row_not_returned(j, v, c))
		return;
	if (!row_cut_off(v, c) && !row_partly(j, v, c) && !row_does_not_block(j, v, c) &&
	    !row_hinges(j, v, c) && !row_blocks(j, v, c))
		row_unproven(j, v, c);
	if (v->answer == TR_BLOCKS || v->answer == TR_BLOCKS_PARTLY)
		gather_evidence(j, v, c);
}

/* ---- all calls */

static void note_events(struct judge *j)
{
	for (uint32_t i = 0, nr = tr_log_nr_events(j->log); i < nr && !j->failed; i++) {
		enum xf_kind kind = tr_log_kind(j->log, i);
		if (kind == XF_EV_object_head) {
			struct tr_event e = tr_log_event(j->log, i);
			if (TR_PAYLOAD(&e, object_head)->verify)
				tr_judge_push(j, &j->heads, &j->nr_heads, &j->cap_heads, i);
		} else if (kind == XF_EV_process_exit || kind == XF_EV_process_wait) {
			tr_judge_note_death(j, i);
		} else if (kind == XF_EV_timer) {
			tr_judge_push(j, &j->timers, &j->nr_timers, &j->cap_timers, i);
		} else if (kind == XF_EV_held) {
			tr_judge_push(j, &j->holds, &j->nr_holds, &j->cap_holds, i);
		} else if (kind == XF_EV_released || kind == XF_EV_hold_evaded) {
			tr_judge_push(j, &j->ends, &j->nr_ends, &j->cap_ends, i);
		}
	}
}

static bool prepare(struct judge *j)
{
	uint32_t calls = tr_log_nr_calls(j->log);
	j->all->list = calloc(calls + 1u, sizeof(*j->all->list));
	if (tr_model_new(j->log, &j->all->model, j->err) != XF_OK ||
	    tr_order_new(j->log, &j->all->order, j->err) != XF_OK || !j->all->list)
		return false;
	j->order = j->all->order;
	j->s = j->all->final = tr_model_at(j->all->model, tr_log_nr_events(j->log), j->err);
	if (!j->s || !tr_clock_init(&j->past, tr_log_nr_threads(j->log)))
		return false;
	j->owner = malloc((j->s->nr_transfers + 1u) * sizeof(*j->owner));
	j->outer = malloc((calls + 1u) * sizeof(*j->outer));
	if (!j->owner || !j->outer)
		return false;
	for (uint32_t i = 0; i < j->s->nr_transfers; i++)
		j->owner[i] = tr_judge_call_of(j, &j->s->transfers[i]);
	for (uint32_t i = 0; i < calls; i++)
		j->outer[i] = tr_judge_enclosing(j, i);
	note_events(j);
	return !j->failed;
}

/*
 * An implicit call gives way to those that were named or known, unless one of them
 * ran on another thread: then both are said, as the program's own thread may not wait for it.
 */
static bool is_judged(const struct judge *j, uint32_t call)
{
	const struct tr_call *c = tr_log_call(j->log, call);
	bool others = false;
	for (uint32_t i = 0; c->implicit && i < tr_log_nr_calls(j->log); i++) {
		const struct tr_call *o = tr_log_call(j->log, i);
		if (!o->implicit && o->thread != c->thread)
			return true;
		others = others || !o->implicit;
	}
	return !others;
}

enum xf_status tr_verdicts_compute(const struct tr_log *log, struct tr_verdicts *out,
				   struct xf_error *err)
{
	struct judge j = { .log = log, .all = out, .err = err };
	uint32_t calls = tr_log_nr_calls(log);
	*out = (struct tr_verdicts){ .nr = 0 };
	j.failed = !prepare(&j);
	for (uint32_t i = 0; i < calls && !j.failed; i++)
		if (is_judged(&j, i))
			judge_call(&j, &out->list[out->nr++], i);
	if (!calls && !j.failed)
		judge_call(&j, &out->list[out->nr++], TR_NONE);
	tr_clock_fini(&j.past);
	free(j.owner);
	free(j.outer);
	free(j.heads);
	free(j.holds);
	free(j.ends);
	free(j.deaths);
	free(j.timers);
	free(j.alarms);
	if (j.failed) {
		tr_verdicts_fini(out);
		return xf_fail(err, XF_NOMEM, "no memory for the verdict");
	}
	return XF_OK;
}

void tr_verdicts_fini(struct tr_verdicts *all)
{
	for (uint32_t i = 0; i < all->nr; i++) {
		struct tr_verdict *v = &all->list[i];
		for (uint32_t k = 0; k < v->nr_evidence; k++)
			free(v->evidence[k].chain);
		free(v->evidence);
		free(v->items);
		free(v->holds);
		free(v->transfers);
		free(v->there);
		free(v->waiting_on);
		tr_barriers_fini(&v->barriers);
	}
	free(all->list);
	tr_model_free(all->model);
	tr_order_free(all->order);
	*all = (struct tr_verdicts){ .nr = 0 };
}
