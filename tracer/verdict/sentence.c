/*
 * sentence: a verdict in one sentence for people, with the numbers. What was found out is in the
 * verdict; here it is only said.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tracer/verdict/place.h"
#include "tracer/verdict/verdict.h"

/* Where the sentence grows; what does not fit is cut off. */
struct text {
	char *buf;
	size_t cap, at;
};

__attribute__((format(printf, 2, 3)))
static void add(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(t->buf + t->at, t->cap - t->at, format, args);
	va_end(args);
	t->at += n > 0 ? (size_t)n : 0;
	if (t->at >= t->cap)
		t->at = t->cap - 1;
}

const struct tr_barrier *tr_verdict_deciding(const struct tr_verdict *v)
{
	const struct tr_barrier *found = NULL;
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		if (b->sufficient && b->wait != TR_NONE && (!found || b->wait_ns > found->wait_ns))
			found = b;
	}
	return found;
}

static void add_barriers(const struct tr_verdict *v, struct text *t)
{
	uint32_t nr = 0;
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		if (!b->sufficient)
			continue;
		add(t, "%s%s (%.1f ms)", nr++ ? " and " : ", held by ", b->name, (double)b->wait_ns / 1e6);
	}
}

/* "513 ms in `self._done_event.wait`, s3transfer/futures.py:266, woken by request-7" */
static void add_wait_place(const struct tr_log *log, const struct tr_barrier *b, struct text *t)
{
	struct tr_event wait = tr_log_event(log, b->wait);
	struct tr_site site = tr_event_site(log, &wait);
	char source[128];
	tr_place_source(log, &wait, source, sizeof(source));
	add(t, "%.*f ms in ", b->longest_ns < 10000000 ? 1 : 0, (double)b->longest_ns / 1e6);
	if (*source)
		add(t, "`%s`", source);
	else
		add(t, "%s", site.function);
	add(t, ", %s:%u", site.file, site.line);
	if (b->longest_woken_by != TR_NONE)
		add(t, ", woken by %s", tr_log_thread(log, tr_log_thread_of(log, b->longest_woken_by))->name);
}

static bool has_a_stack(const struct tr_log *log, const struct tr_barrier *b)
{
	struct tr_event wait = tr_log_event(log, b->wait);
	return *tr_place_stack(log, &wait) != '\0';
}

/*
 * Where the time went, if not at the wait that decides: a loop may have lain in its poll for all of the
 * upload, and what is enough by itself is the moment's wait for the loop's last thread. NULL: there.
 */
static const struct tr_barrier *earlier_and_longer(const struct tr_log *log, const struct tr_verdict *v,
						   const struct tr_barrier *than)
{
	const struct tr_barrier *found = NULL;
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		if (b->carries && b->last < than->last && b->longest_ns / 10 > than->longest_ns &&
		    (!found || b->longest_ns > found->longest_ns) && has_a_stack(log, b))
			found = b;
	}
	return found;
}

/* A Python program's wait is told by its line, any other by the barriers' names. */
static void add_waits(const struct tr_log *log, const struct tr_verdict *v, struct text *t)
{
	const struct tr_barrier *b = tr_verdict_deciding(v);
	if (!b || !has_a_stack(log, b)) {
		add_barriers(v, t);
		return;
	}
	const struct tr_barrier *longer = earlier_and_longer(log, v, b);
	add(t, "; %s waited ", tr_log_thread(log, b->thread)->name);
	if (longer)
		add_wait_place(log, longer, t);
	add(t, "%s", longer ? ", and " : "");
	add_wait_place(log, b, t);
}

/* How the items of work ended, for the sentence. */
struct ends {
	uint32_t done, failed, skipped;
	bool complete; /* CompleteMultipartUpload did its work */
};

static bool event_flag(const struct tr_log *log, uint32_t event, const char *field)
{
	uint64_t value = 0;
	struct tr_event e = tr_log_event(log, event);
	return tr_event_field(&e, field, &value) && value;
}

static void count_end(const struct tr_log *log, const struct tr_item *item, struct ends *ends)
{
	if (!item->ordered)
		return;
	if (item->kind == TR_ITEM_COMPLETE)
		ends->complete = !event_flag(log, item->end, "failed") && !event_flag(log, item->end, "skipped");
	if (item->kind != TR_ITEM_PART)
		return;
	enum xf_kind kind = tr_log_kind(log, item->end);
	ends->done += kind == XF_EV_part_done;
	ends->failed += kind == XF_EV_part_failed || kind == XF_EV_process_exit;
	ends->skipped += kind == XF_EV_part_skipped;
}

/* Was one of its requests answered by a failure, or did it only give them up itself? */
static bool was_refused(const struct tr_verdicts *all, const struct tr_verdict *v)
{
	for (uint32_t i = 0; i < v->nr_transfers; i++)
		if (all->final->transfers[v->transfers[i]].fail_event != TR_NONE)
			return true;
	return false;
}

/* "13 of 13 parts and Complete"; when not all went well, what became of them. */
static void add_work_done(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v, struct text *t)
{
	struct ends ends = { .done = 0 };
	for (uint32_t i = 0; i < v->nr_items; i++)
		count_end(log, &v->items[i], &ends);
	const char *plural = v->parts == 1 ? "" : "s";
	if (!v->parts)
		add(t, "%s", v->outcome == TR_FAILED && was_refused(all, v) ? "its request had been refused" :
			     v->outcome == TR_FAILED || v->outcome == TR_LOST ?
				     "its upload had been given up, before any part of it" :
			     ends.complete ? "Complete" : "its requests had ended");
	else if (ends.failed + ends.skipped == 0)
		add(t, "%u of %u part%s%s", v->parts_ordered, v->parts, plural, ends.complete ? " and Complete" : "");
	else
		add(t, "%u of %u part%s had ended (%u stored, %u failed, %u skipped)",
		    v->parts_ordered, v->parts, plural, ends.done, ends.failed, ends.skipped);
	if (v->killed)
		add(t, ", as its process was killed");
}

static const char *outcome_text(enum tr_outcome outcome)
{
	switch (outcome) {
	case TR_STORED_LATER:
		return "object stored later";
	case TR_FAILED:
		return "the upload failed";
	case TR_CANCELLED:
		return "the upload was cancelled";
	case TR_STORED:
		return "object stored";
	case TR_LOST:
		return "object lost";
	default:
		return "what became of the object is not known";
	}
}

/* What `prove` saw. */
static void add_slope(const struct tr_verdict *v, struct text *t)
{
	if (v->has_slope)
		add(t, "; held back, it returns later by %.2f of the hold (%.2f to %.2f, %" PRIu32 " runs)",
		    v->slope, v->slope_low, v->slope_high, v->trials);
}

/* Holds alone know of no time limit beyond the longest of them. */
static void add_tested(const struct tr_verdict *v, struct text *t)
{
	uint64_t longest = 0;
	for (uint32_t i = 0; i < v->nr_holds; i++)
		if (!v->holds[i].evaded && v->holds[i].hold_ns > longest)
			longest = v->holds[i].hold_ns;
	if (longest)
		add(t, ": it waits at least %.1f s, as long as was tested", (double)longest / 1e9);
}

static void add_blocks(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v, struct text *t)
{
	if (v->basis == TR_BASIS_INTERVENTION) {
		add(t, "whatever was held back, it returned after that");
		add_tested(v, t);
		add_slope(v, t);
		return;
	}
	add(t, "returned only after ");
	add_work_done(log, all, v, t);
	if (v->basis == TR_BASIS_INLINE)
		add(t, ", all on the calling thread");
	else
		add_waits(log, v, t);
	add_slope(v, t);
}

static void add_answer(const struct tr_log *log, const struct tr_verdicts *all, const struct tr_verdict *v, struct text *t)
{
	if (v->answer == TR_BLOCKS)
		add_blocks(log, all, v, t);
	else if (v->answer == TR_BLOCKS_PARTLY && v->limit == TR_LIMIT_BACK_PRESSURE)
		add(t, "waits for room only: %s", v->reason);
	else if (v->answer == TR_BLOCKS_PARTLY && !v->at_most_ms)
		add(t, "waits only so long: %s", v->reason);
	else if (v->answer == TR_BLOCKS_PARTLY)
		add(t, "waits at most %" PRIu64 " ms: %s", v->at_most_ms, v->reason);
	else
		add(t, "%s", v->reason);
	if (v->answer == TR_DOES_NOT_BLOCK && v->parts_late)
		add(t, " (%u of %u parts late)", v->parts_late, v->parts);
}

const char *tr_verdict_sentence(const struct tr_log *log, const struct tr_verdicts *all,
				const struct tr_verdict *v, char *buf, size_t cap)
{
	struct text t = { buf, cap, 0 };
	buf[0] = '\0';
	add_answer(log, all, v, &t);
	if (v->answer != TR_UNKNOWN || v->outcome != TR_OUTCOME_UNKNOWN)
		add(&t, "; %s", outcome_text(v->outcome));
	if (*v->orphan)
		add(&t, ", unfinished upload %s left behind", v->orphan);
	return buf;
}
