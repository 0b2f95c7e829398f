#include "tracer/explain/bound.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "tracer/explain/fit.h"

static const char *const bounds[TR_BOUND_COUNT] = { /* ORDER bounds */
	"none", "concurrency", "bandwidth", "bandwidth-limit", "server", "disk", "cpu", "read-ahead", "retries",
	"slow-part", "source", "held", "destination",
};

const char *tr_bound_name(enum tr_bound b) { return b < TR_BOUND_COUNT ? bounds[b] : ""; }

static double share(const struct tr_explanation *o, int64_t ns)
{
	return o->wall_ns > 0 ? (double)ns / (double)o->wall_ns : 0;
}

/* How many times the middle part's time, in halves: connections that share a full line are not served alike. */
static int64_t halves_to_stand_out(const struct tr_explanation *o, const struct tr_run_part *p)
{
	return o->run.by_bytes && p->stage_ns[TR_STAGE_WORK] > p->stage_ns[TR_STAGE_LATENCY] ? 8 : 5;
}

/* The part that takes far longer than the others, and with it the call; NULL. */
static const struct tr_run_part *slow_part(const struct tr_explanation *o)
{
	const struct tr_run_part *slow = NULL;
	int64_t median = tr_run_usual_duration(&o->run);
	for (uint32_t i = 0; i < o->run.nr_parts; i++)
		if (!slow || tr_run_part_duration(&o->run.parts[i]) > tr_run_part_duration(slow))
			slow = &o->run.parts[i];
	if (!slow || o->run.nr_parts < 3 || tr_run_part_duration(slow) < halves_to_stand_out(o, slow) * median / 2 || share(o, tr_run_part_duration(slow) - median) < 0.25)
		return NULL;
	return slow;
}

__attribute__((format(printf, 3, 4)))
static void decide(struct tr_explanation *o, enum tr_bound bound, const char *format, ...)
{
	va_list args;
	o->bound = bound;
	va_start(args, format);
	vsnprintf(o->sentence, sizeof(o->sentence), format, args);
	va_end(args);
}

/* Parts that the call returned before: it did not wait for them, so they did not hold it back. */
static uint32_t left_behind(const struct tr_explanation *o)
{
	uint32_t nr = 0;
	for (uint32_t i = 0; o->returned && i < o->run.nr_parts; i++)
		nr += o->run.parts[i].end_ns > o->wall_ns;
	return nr;
}

/* Enough bytes that a line could be full of them: of a few, an answer's time is no rate. */
static bool fills_a_line(const struct tr_explanation *o)
{
	uint64_t bytes = 0;
	for (uint32_t i = 0; i < o->run.nr_parts; i++)
		bytes += o->run.parts[i].bytes;
	return o->run.by_bytes && bytes >= 65536;
}

/*
 * The rest: the largest share of the path. Bytes from memory (the page cache) are read faster than they are hashed
 * or sent; where reading comes first, they come from a disk.
 */
static void decide_by_path(struct tr_explanation *o)
{
	int64_t server = o->cause_ns[TR_PATH_SERVER], sending = o->cause_ns[TR_PATH_SENDING];
	int64_t hashing = o->cause_ns[TR_PATH_HASHING], reading = o->cause_ns[TR_PATH_READING];
	int64_t receiving = o->cause_ns[TR_PATH_RECEIVING];
	double rate = tr_run_rate(&o->run);
	if (reading > hashing && reading > sending && reading > server && share(o, reading) > 0.3)
		decide(o, TR_BOUND_DISK, "reading the source: %.0f %% of the time, %.1f MB a second", 100 * share(o, reading), rate / 1048576);
	else if (fills_a_line(o) && share(o, server + sending) > 0.4)
		decide(o, TR_BOUND_BANDWIDTH, "the way to the server, or the server itself: about %.1f MB a second, "
		       "however many requests there are", rate / 1048576);
	else if (server >= sending && server >= hashing && share(o, server) > 0.3)
		decide(o, TR_BOUND_SERVER, "the server's answers: %.0f %% of the time went into waiting for them", 100 * share(o, server));
	else if (receiving > sending && receiving > hashing && share(o, receiving) > 0.3 && rate < 100e6)
		decide(o, TR_BOUND_BANDWIDTH, "receiving: %.0f %% of the time, %.1f MB a second", 100 * share(o, receiving), rate / 1048576);
	else if (sending > hashing && share(o, sending) > 0.3 && rate < 100e6)
		decide(o, TR_BOUND_BANDWIDTH, "sending: %.0f %% of the time, %.1f MB a second", 100 * share(o, sending), rate / 1048576);
	else if (o->run.nr_parts && share(o, o->cause_ns[TR_PATH_RUNNING]) > 0.5)
		decide(o, TR_BOUND_CPU, "this machine: %.0f %% of the time went into computing", 100 * share(o, o->cause_ns[TR_PATH_RUNNING]));
	else if (o->run.nr_parts)
		decide(o, TR_BOUND_CPU, "this machine: hashing, copying and sending use what it has (%.0f MB a second)", rate / 1048576);
	else
		decide(o, TR_BOUND_NONE, "what held it back is not known: nothing was transferred");
}

void tr_bound_decide(struct tr_explanation *o)
{
	const struct tr_run_part *slow = slow_part(o);
	int64_t more = o->run.nr_parts ? tr_run_replay(&o->run, &(struct tr_limits){ .workers = o->run.nr_parts }, TR_FIT_LIKELY) : 0;
	int64_t ahead = o->run.permits ? tr_run_replay(&o->run, &(struct tr_limits){ .permits = o->run.nr_parts }, TR_FIT_LIKELY) : o->replayed_ns;
	double by_more = o->replayed_ns > 0 ? 1 - (double)more / (double)o->replayed_ns : 0;
	double by_ahead = o->replayed_ns > 0 ? 1 - (double)ahead / (double)o->replayed_ns : 0;
	if (left_behind(o))
		decide(o, TR_BOUND_NONE, "nothing held it back: it returned before %" PRIu32 " of %" PRIu32 " parts were done", left_behind(o),
		       o->run.nr_parts);
	else if (share(o, o->cause_ns[TR_PATH_HELD]) > 0.25)
		decide(o, TR_BOUND_HELD, "the debugger: the call was held for %.0f %% of the time", 100 * share(o, o->cause_ns[TR_PATH_HELD]));
	else if (o->retries && share(o, o->cause_ns[TR_PATH_BACKOFF]) > 0.2)
		decide(o, TR_BOUND_RETRIES, "retries: %" PRIu32 " of %" PRIu32 " requests were repeated, and waiting before them took %.0f %% of the time",
		       o->retries, o->requests, 100 * share(o, o->cause_ns[TR_PATH_BACKOFF]));
	else if (share(o, o->cause_ns[TR_PATH_BANDWIDTH_LIMIT]) > 0.25)
		decide(o, TR_BOUND_BANDWIDTH_LIMIT, "the bandwidth limit that was asked for (--max-bandwidth): %.0f %% of the time",
		       100 * share(o, o->cause_ns[TR_PATH_BANDWIDTH_LIMIT]));
	else if (slow)
		decide(o, TR_BOUND_SLOW_PART, "part %" PRIu32 ": it took %.0f ms, the middle one of all %.0f ms", slow->number,
		       (double)tr_run_part_duration(slow) / 1e6, (double)tr_run_usual_duration(&o->run) / 1e6);
	else if (o->run.permits && share(o, o->cause_ns[TR_PATH_READING]) > 0.4)
		decide(o, TR_BOUND_SOURCE, "the source: %.0f %% of the time went into waiting for its bytes",
		       100 * share(o, o->cause_ns[TR_PATH_READING]));
	else if (share(o, o->cause_ns[TR_PATH_WRITING]) > 0.4)
		decide(o, TR_BOUND_DESTINATION, "the destination: %.0f %% of the time went into writing what was received",
		       100 * share(o, o->cause_ns[TR_PATH_WRITING]));
	else if (by_ahead > 0.2 && o->run.permits < o->run.workers)
		decide(o, TR_BOUND_READ_AHEAD, "the read-ahead: %" PRIu32 " chunk%s in memory keep%s %" PRIu32 " workers waiting",
		       o->run.permits, o->run.permits == 1 ? "" : "s", o->run.permits == 1 ? "s" : "", o->run.workers);
	else if (by_more > 0.2 && o->run.workers < o->run.nr_parts)
		decide(o, TR_BOUND_CONCURRENCY, "the concurrency: %" PRIu32 " request%s at a time for %" PRIu32 " parts",
		       o->run.workers, o->run.workers == 1 ? "" : "s", o->run.nr_parts);
	else
		decide_by_path(o);
}
