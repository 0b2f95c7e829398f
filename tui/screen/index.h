/*
 * index: where things happen in a trace: for every thread what it did from when
 * to when, for every thread, object, part and request which events are its own. Built in
 * steps, so that the screen is there while a long trace is still being read, and
 * carried on as a live one grows.
 *
 * Thread: one at a time. About 12 bytes an event, besides the log.
 */
#ifndef UI_SCREEN_INDEX_H
#define UI_SCREEN_INDEX_H

#include "tracer/trace/model.h"

/* From its beginning on a thread does that; until the next span begins. */
struct ui_span {
	uint32_t event;        /* with which it begins */
	uint8_t activity;      /* enum tr_activity */
	uint8_t unused[3];
};

/* Events of one thing, ascending. */
struct ui_events {
	uint32_t *list, nr, cap;
};

/* ORDER subjects */
enum ui_subject { UI_SUBJECT_THREAD, UI_SUBJECT_OBJECT, UI_SUBJECT_PART, UI_SUBJECT_REQUEST, UI_SUBJECT_COUNT };

struct ui_index;

/* NULL: out of memory. The log is borrowed; it may be refreshed between calls. */
struct ui_index *ui_index_new(const struct tr_log *log);
void ui_index_free(struct ui_index *index);

/* Takes in at most nr_events more. True: everything the log has is in. */
bool ui_index_advance(struct ui_index *index, uint32_t nr_events);

/* Events taken in so far. */
uint32_t ui_index_at(const struct ui_index *index);

/*
 * What the thread did for most of [from_ns, to_ns). A hold or a stop shows however short. Where the
 * index does not reach: TR_NOT_STARTED.
 */
enum tr_activity ui_index_activity(const struct ui_index *index, uint32_t thread, int64_t from_ns, int64_t to_ns);

/* The span the thread is in at that time, with its limits; false: none. */
struct ui_span_info {
	enum tr_activity activity;
	uint32_t event, part;
	int64_t from_ns, to_ns;
};
bool ui_index_span(const struct ui_index *index, uint32_t thread, int64_t t_ns, struct ui_span_info *out);

/* The number of a part for the calls below. TR_NONE: no event speaks of it. */
uint32_t ui_index_part(const struct ui_index *index, uint32_t process, uint32_t transfer, uint32_t part);

/* HTTP requests seen so far; they are numbered from 0, in order of their first events. */
uint32_t ui_index_nr_requests(const struct ui_index *index);

/* All events of a thread, an object (indices of the log), a part or a request (as above). Borrowed until the next advance. */
const struct ui_events *ui_index_events(const struct ui_index *index, enum ui_subject subject, uint32_t key);

/* The next (dir > 0) or previous of them after or before event; TR_NONE. */
uint32_t ui_index_step(const struct ui_index *index, enum ui_subject subject, uint32_t key, uint32_t event, int dir);

/* A semaphore's or queue's value after the last of its events up to `event`; false: not known. */
bool ui_index_value(const struct ui_index *index, uint32_t object, uint32_t event, int64_t *value);

#endif
