/*
 * log: a loaded trace: all its events in one order, and what they speak of.
 *
 * Events are numbered from 0 in ONE total order that agrees with happens-before:
 * every thread's records in the order it wrote them, every object's in the order
 * of its own counter, a thread's first after its creation, a join's end after the
 * thread's end, a wait for a process after its end, and otherwise by time. META records (texts, sites, names,
 * properties) are absorbed and not listed.
 *
 *     struct tr_log *log;
 *     tr_log_open(path, &log, err);              NULL: this process' own recording
 *     for (uint32_t i = 0; i < tr_log_nr_events(log); i++) {
 *             struct tr_event e = tr_log_event(log, i);
 *             if (e.kind == XF_EV_part_done)
 *                     use(TR_PAYLOAD(&e, part_done)->part, tr_log_thread(log, e.thread)->name);
 *     }
 *
 * Live: tr_log_refresh() takes in what was appended; numbers given out keep
 * their meaning. An event that came late for its place in time (its thread was
 * interrupted between the stamp and the commit) is then placed as soon as it can
 * be, so load a finished trace afresh before judging it.
 *
 * Threads, objects, transfers … are spoken of by *index* (dense, from 0, in order
 * of discovery); *number* and *id* are what stands in the records. Record
 * numbers of texts, sites, objects are unique in their process only.
 *
 * Thread: one at a time. Pointers are borrowed until close; pointers to table
 * rows until the next refresh. Costs 4 bytes an event besides the file's pages.
 */
#ifndef TR_TRACE_LOG_H
#define TR_TRACE_LOG_H

#include "tracer/trace/file.h"

#define TR_NONE UINT32_MAX

struct tr_log;

/* One event, decoded so far as everybody wants it. */
struct tr_event {
	const struct xf_record *record;
	uint32_t index;      /* place in the total order (`seq`) */
	uint32_t thread;     /* index */
	uint32_t process;    /* number, from 0 */
	uint32_t object;     /* index of the synchronisation object, TR_NONE */
	enum xf_kind kind;
	int64_t t_ns;        /* since the trace's start */
};

/* The payload of an event whose kind is known. */
#define TR_PAYLOAD(event, name) ((const struct xf_ev_##name *)(const void *)(event)->record->payload)

struct tr_thread {
	uint32_t number;     /* in the records */
	uint32_t process;
	uint32_t pid, tid;   /* 0: unknown */
	const char *name;    /* "request-3"; never NULL: "tid-N" when it has none */
	const char *role;    /* "request", or "" */
	uint32_t nr_events;
	uint32_t first, last; /* events; TR_NONE when it has none */
	uint32_t creator;    /* thread index that made it, TR_NONE */
};

struct tr_object {
	uint32_t process, id;
	const char *name;        /* "request"; "" when it has none */
	enum xf_class class;     /* XF_CLASS_NONE: unknown (a foreign program's) */
	enum xf_kind init;       /* XF_EV_sem_init, …: what it is; also known from use when the init was not seen */
	int64_t capacity;        /* semaphores: first value; queues: capacity; else 0 */
	uint64_t gaps;           /* numbers missing in its history: records were lost */
};

struct tr_site {
	const char *file, *function, *args; /* "" when unknown */
	uint32_t line;                      /* 0: unknown */
};

struct tr_call {
	uint32_t id;             /* call_enter.call */
	uint32_t process;
	uint32_t thread;         /* index of the calling thread */
	uint32_t enter, ret;     /* events; ret is TR_NONE while it has not returned */
	const char *name;
	int32_t result;
	bool implicit;           /* judged only when there is no other (XF_CALL_IMPLICIT) */
};

/*
 * Loads the trace of that path; NULL: the recording of this process.
 * Owns: close with tr_log_close(). Errors: as tr_file_open(), tr_file_open_own().
 */
enum xf_status tr_log_open(const char *path, struct tr_log **out, struct xf_error *err);
/* The same from an opened file, which it owns from then on, also on failure. */
enum xf_status tr_log_open_file(struct tr_file *file, struct tr_log **out, struct xf_error *err);
void tr_log_close(struct tr_log *log);

/* Takes in what was appended. Errors: XF_NOMEM, XF_IO; what was loaded stays usable. */
enum xf_status tr_log_refresh(struct tr_log *log, struct xf_error *err);

/* ---- events */

uint32_t tr_log_nr_events(const struct tr_log *log);
struct tr_event tr_log_event(const struct tr_log *log, uint32_t i); /* i < nr_events */
enum xf_kind tr_log_kind(const struct tr_log *log, uint32_t i);     /* cheaper, when that is all */
uint32_t tr_log_thread_of(const struct tr_log *log, uint32_t i);    /* the same */
int64_t tr_log_time(const struct tr_log *log, uint32_t i);
/* The first event at or after t_ns; nr_events when there is none. Where clocks disagree, near it. */
uint32_t tr_log_at_time(const struct tr_log *log, int64_t t_ns);
/* The next (dir > 0) or previous event of that thread after or before i; TR_NONE. */
uint32_t tr_log_step(const struct tr_log *log, uint32_t i, uint32_t thread, int dir);

/* A field by name, widened; false when the kind has no such field. */
bool tr_event_field(const struct tr_event *e, const char *field, uint64_t *value);
/*
 * A field as people and JSON read it, to buf: texts, enumerations and threads by
 * word, objects by name, the rest as numbers. Returns buf.
 */
const char *tr_event_field_text(const struct tr_log *log, const struct tr_event *e,
				const struct xf_field *field, char *buf, size_t cap);
/*
 * One line for people, without time and thread: "part_done transfer=0 part=3 …", object first
 * ("sem_post request value=9"). Returns buf.
 */
const char *tr_event_line(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap);
/* Where it happened. A foreign program says so where a wait begins; what ends the wait stands there too. */
struct tr_site tr_event_site(const struct tr_log *log, const struct tr_event *e);
/* The kind that begins the wait which this one ends; XF_EV_none. */
enum xf_kind tr_wait_of(enum xf_kind acquire);

/* ---- what events speak of */

uint32_t tr_log_nr_threads(const struct tr_log *log);
const struct tr_thread *tr_log_thread(const struct tr_log *log, uint32_t index);
/* A thread of the tracer's own, which asks about the program beside it: told apart, and in no count of the program's. */
#define TR_TRACER_ROLE "tracer"
bool tr_log_is_tracer(const struct tr_log *log, uint32_t index);
uint32_t tr_log_thread_find(const struct tr_log *log, uint32_t number);      /* index or TR_NONE */
uint32_t tr_log_thread_named(const struct tr_log *log, const char *name);

uint32_t tr_log_nr_objects(const struct tr_log *log);
const struct tr_object *tr_log_object(const struct tr_log *log, uint32_t index);
uint32_t tr_log_object_find(const struct tr_log *log, uint32_t process, uint32_t id);

/* The text of that number in that process; "" when unknown. Stable until close. */
const char *tr_log_text(const struct tr_log *log, uint32_t process, uint32_t id);
struct tr_site tr_log_site(const struct tr_log *log, uint32_t process, uint32_t id);

uint32_t tr_log_nr_calls(const struct tr_log *log);
const struct tr_call *tr_log_call(const struct tr_log *log, uint32_t index);

/* The value of a property record (text, or number as decimal); NULL when there is none. The last wins. */
const char *tr_log_property(const struct tr_log *log, const char *key);
/* The same of one process and number ("python-stack" of a site): the text, "" when there is none. */
const char *tr_log_property_of(const struct tr_log *log, const char *key, uint32_t process, uint64_t number);

/* ---- how far it can be trusted */

/* Records known to be lost: dropped counter, `lost` events, gaps in an object's order, damage. */
uint64_t tr_log_lost(const struct tr_log *log);
/* The same in a sentence with what to do about it; "" when nothing is lost. Returns buf. */
const char *tr_log_lost_sentence(const struct tr_log *log, char *buf, size_t cap);
/* tr_file_ended() and tr_file_damage() of the file beneath. */
bool tr_log_ended(const struct tr_log *log);
const struct tr_damage *tr_log_damage(const struct tr_log *log);
const struct xf_file_header *tr_log_header(const struct tr_log *log);
const char *tr_log_path(const struct tr_log *log);

#endif
