/*
 * log_private: what a log is made of, for the files that make it: scan.c takes segments and reads
 * what describes, merge.c puts the events of all threads in one order, log.c answers.
 */
#ifndef TR_TRACE_LOG_PRIVATE_H
#define TR_TRACE_LOG_PRIVATE_H

#include "tracer/trace/log.h"
#include "tracer/trace/map.h"

enum { SLOT_BITS = 10 };
_Static_assert(XF_SEGMENT_RECORDS <= 1 << SLOT_BITS, "a place in a segment fits");

enum { FORK_SEEN = 1, FORK_WENT = 2 };

struct block {
	struct block *next;
	size_t used, cap;
	char bytes[];
};

struct site_row {
	uint32_t process, line, function, file, args;
};

struct property_row {
	uint32_t process, key, value;
	uint32_t older;           /* of the same process and number; TR_NONE */
	uint64_t number;
	char decimal[24];
};

/* Where a thread is read. */
struct cursor {
	uint32_t segment, record; /* position in lane.segments, in that segment */
};

struct lane {
	struct tr_thread public;
	uint32_t label, role, name_process;
	char fallback[20];        /* "tid-N" */
	uint32_t *segments;       /* file segments by generation, without holes */
	uint32_t nr_segments, cap_segments, next_generation;
	uint32_t *early;          /* segments whose predecessor is not there yet */
	uint32_t nr_early, cap_early;
	struct cursor scan, merge;
	uint64_t head_ticks;
	uint32_t create_seen, exit_seen; /* such records in the trace … */
	bool created, exited;            /* … and in the order */
	bool begun, parked;
	uint32_t parked_on;       /* object index, TR_NONE */
	uint8_t rounds;           /* refreshes it has been parked for */
};

struct object_row {
	struct tr_object public;
	uint32_t label;
	uint64_t seen, lowest, highest;
	uint64_t next;            /* number that may go now */
	uint64_t *numbers;        /* those that are there, sorted; NULL: without gaps from lowest */
	uint32_t nr_numbers, at_number;
	uint32_t parked;
};

struct tr_log {
	struct tr_file *file;
	uint32_t *order;          /* segment << SLOT_BITS | record */
	uint32_t nr, cap;
	struct segment_info { uint32_t lane, process; } *info; /* by file segment */
	uint32_t nr_info, cap_info;
	struct lane **lanes;
	uint32_t nr_lanes, cap_lanes;
	uint32_t *heap, nr_heap, cap_heap;
	uint32_t nr_parked;
	struct object_row *objects;
	uint32_t nr_objects, cap_objects;
	char **texts;
	uint32_t nr_texts, cap_texts;
	struct site_row *sites;
	uint32_t nr_sites, cap_sites;
	struct property_row **properties;
	uint32_t nr_properties, cap_properties;
	struct tr_map numbered;   /* (process, number of a property) → the newest row */
	struct tr_call *calls;
	uint32_t *call_labels;
	uint32_t nr_calls, cap_calls, cap_labels;
	struct tr_map forks;      /* pid of a child: FORK_SEEN in the trace, FORK_WENT into the order */
	struct tr_map exits;      /* pid → its process_exits still to go into the order << 16 | gone, and not waited for */
	struct tr_map lane_by_number, object_by_id, text_by_id, site_by_id, open_calls;
	struct block *arena;
	struct xf_anchor anchors[XF_NR_ANCHORS];
	uint32_t nr_anchors;
	uint64_t lost_events;     /* sum of `lost` records */
	bool failed;              /* out of memory: what is loaded stays */
};

/* The record under a cursor, which it leads past used-up segments; NULL: no more for now. */
static inline const struct xf_record *cursor_peek(const struct tr_log *log, const struct lane *l,
					   struct cursor *c)
{
	while (c->segment < l->nr_segments) {
		const struct tr_segment *s = tr_file_segment(log->file, l->segments[c->segment]);
		if (c->record < s->count)
			return &s->segment->records[c->record];
		if (c->segment + 1 == l->nr_segments)
			return NULL;
		c->segment++;
		c->record = 0;
	}
	return NULL;
}

/* ---- scan.c. What fails for want of memory sets log->failed. */

/* A segment of the file that is new: to its thread, in turn or too early. */
void tr_scan_segment(struct tr_log *log, uint32_t segment);
/* Moves early segments whose turn has come; with `all`, also past a hole. */
void tr_scan_settle(struct tr_log *log, struct lane *l, bool all);
/* Reads the thread's new records: texts, names, sites, calls, what is there of every object. */
void tr_scan_lane(struct tr_log *log, uint32_t lane);
void tr_scan_fork(struct tr_log *log, const struct xf_record *r, uint32_t state);
/* What is known of the process_exits of a pid, changed by so many. */
void tr_scan_exit(struct tr_log *log, uint32_t pid, int to_go, int gone);
/* May a process_wait for it go? Not before the process_exit that is there. */
bool tr_scan_may_wait(const struct tr_log *log, uint32_t pid);

/* ---- merge.c */

/* In a trace that has ended: which numbers of each object are missing for good. */
void tr_merge_numbers(struct tr_log *log);
/* The heads of all threads; then as many of them as may go up to the horizon (ticks). */
void tr_merge_start(struct tr_log *log);
void tr_merge(struct tr_log *log, bool ended, uint64_t horizon);

#endif
