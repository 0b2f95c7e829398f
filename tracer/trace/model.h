/*
 * model: the state of the program after its first N events, for any N.
 *
 *     struct tr_model *m;
 *     tr_model_new(log, &m, err);
 *     const struct tr_state *s = tr_model_at(m, n, err);   forwards and backwards
 *
 * The state is replayed from the events alone: every change is the effect of
 * one event (model.c, the table of effects). Key frames, copies of the whole
 * state every TR_KEY_EVENTS events, are laid down the first time replay passes,
 * so that any jump in ten million events replays at most that many.
 *
 * Thread: one at a time. A state is borrowed until the next call with its model.
 */
#ifndef TR_TRACE_MODEL_H
#define TR_TRACE_MODEL_H

#include "tracer/trace/log.h"

enum { TR_KEY_EVENTS = 131072, TR_MAX_FRAMES = 24 };

/* What a thread is doing. ORDER thread activities: words in model.c */
enum tr_activity {
	TR_NOT_STARTED, TR_RUNNING, TR_READING, TR_HASHING, TR_CONNECTING, TR_SENDING,
	TR_AWAITING_ANSWER, TR_RECEIVING, TR_WAITING, TR_BACKING_OFF, TR_SLEEPING, TR_HELD,
	TR_STOPPED, TR_ENDED, TR_ACTIVITY_COUNT
};
const char *tr_activity_name(enum tr_activity a); /* "waiting for answer" */

/* With what a thread goes on after a wait that comes now, if it went on with that before. */
enum tr_activity tr_activity_resumed(enum tr_activity before, enum tr_activity now);

struct tr_thread_state {
	enum tr_activity activity;
	enum xf_kind wait;        /* TR_WAITING: the kind that began it (event_wait, join_begin, …) */
	uint32_t object;          /* TR_WAITING: object index, TR_NONE */
	uint32_t on_thread;       /* TR_WAITING for a join or a held mutex: thread index, TR_NONE */
	uint32_t wait_event;      /* the event that began the activity */
	int64_t since_ns;         /* when the activity began */
	uint64_t limit_ns;        /* TR_WAITING: its time limit, 0 none */
	uint32_t transfer, part;  /* what it works on; TR_NONE, 0 */
	uint32_t request;         /* open request, TR_NONE */
	enum xf_op op;            /* of that request */
	uint32_t call;            /* call index it is inside of, TR_NONE */
	uint32_t depth;           /* instrumented frames; sites of the innermost TR_MAX_FRAMES: */
	uint32_t frames[TR_MAX_FRAMES]; /* events of frame_enter, outermost first */
	int64_t busy_ns, wait_ns; /* closed activities only; tr_thread_times() adds the open one */
	enum tr_activity before_hold;
	enum tr_activity work;    /* with what it goes on after a wait: its request's phase, reading, or just running */
	bool gone;                /* its process ended: the activity is the one it was in then */
};

/* Is it a thread of the process whose process_exit that is? */
bool tr_thread_ends_with(const struct tr_thread *t, const struct tr_event *exit);

/* What it does: ended, too, when its process has. The activity itself says where it stood. */
enum tr_activity tr_thread_activity(const struct tr_thread_state *t);

struct tr_object_state {
	bool alive;
	int64_t value;            /* semaphore: permits left; latch: 1 set; queue: length; mutex: 1 held */
	uint32_t waiters;         /* threads waiting now */
	uint32_t owner;           /* mutex: holder; else the last thread that acquired; TR_NONE */
	uint32_t last_release;    /* event, TR_NONE */
	uint64_t waits;           /* that really waited */
	int64_t wait_ns;          /* sum of their times */
	int64_t max_in_use;       /* semaphore: capacity less the lowest value; queue: greatest length */
};

/* ORDER part states: words in model.c */
enum tr_part_phase {
	TR_PART_UNKNOWN, TR_PART_QUEUED, TR_PART_STARTED, TR_PART_SENT, TR_PART_BACKOFF, TR_PART_DONE,
	TR_PART_FAILED, TR_PART_SKIPPED, TR_PART_PHASE_COUNT
};
const char *tr_part_phase_name(enum tr_part_phase p);

struct tr_part_state {
	uint32_t transfer;        /* index */
	uint32_t number;          /* S3's, from 1 */
	enum tr_part_phase phase;
	uint32_t thread;          /* index of its worker, TR_NONE */
	uint32_t attempts;
	bool held;
	uint64_t offset, bytes;
	int64_t queued_ns, start_ns, sent_ns, end_ns; /* -1: not yet; start of the first attempt */
	uint32_t end_event;       /* TR_NONE */
	uint32_t etag;            /* text number in the transfer's process */
};

struct tr_transfer_state {
	uint32_t id, process;
	uint32_t call;            /* submit.call, 0 unknown */
	uint32_t submit;          /* event, TR_NONE */
	uint32_t bucket, key;     /* texts */
	enum xf_op op;            /* PutObject or GetObject: what was asked for */
	enum xf_state state;
	bool planned, multipart, size_known, cancelled;
	bool copied;              /* by the server, at least in part: its bytes were never seen */
	uint64_t size, part_size;
	uint32_t nr_parts;        /* planned, 0 unknown */
	int64_t bytes_read;       /* progress, signed sum */
	uint64_t bytes_acked;     /* acknowledged by the server */
	uint32_t upload_id, etag; /* texts; 0 none */
	uint32_t create, complete, abort, put, get, head, done; /* events, TR_NONE */
	bool create_ok, complete_ok, abort_ok, put_ok, get_ok;
	uint32_t parts_done, parts_failed, parts_skipped, parts_in_flight;
	int64_t submit_ns, done_ns; /* -1 */
	uint32_t fail_event;      /* the first part_failed or failed request about the object, TR_NONE */
};

struct tr_request_state {     /* an open HTTP exchange */
	uint32_t request, process;
	uint32_t transfer;        /* index, TR_NONE */
	uint32_t part, thread, start;
	enum xf_op op;
	uint16_t attempt;
	enum tr_activity phase;
	int64_t start_ns, phase_ns;
};

struct tr_call_state {
	uint32_t call;            /* index in the log */
	bool entered, returned;
};

struct tr_state {
	uint32_t at;              /* events applied */
	int64_t t_ns;             /* time of the last of them */
	struct tr_thread_state *threads;     uint32_t nr_threads;    /* by thread index */
	struct tr_object_state *objects;     uint32_t nr_objects;    /* by object index */
	struct tr_transfer_state *transfers; uint32_t nr_transfers;  /* in order of appearance */
	struct tr_part_state *parts;         uint32_t nr_parts;      /* in order of appearance */
	struct tr_request_state *requests;   uint32_t nr_requests;   /* open ones, unordered */
	struct tr_call_state *calls;         uint32_t nr_calls;
	uint32_t parts_in_flight, peak_parts, peak_requests;
	bool stopped;             /* between `stopped` and `resumed` */
};

struct tr_model;

/* The log is borrowed and must outlive the model; after tr_log_refresh() the model goes on as it is. */
enum xf_status tr_model_new(const struct tr_log *log, struct tr_model **out, struct xf_error *err);
void tr_model_free(struct tr_model *m);

/* The state after the first n events (n is cut to nr_events). NULL: out of memory. */
const struct tr_state *tr_model_at(struct tr_model *m, uint32_t n, struct xf_error *err);

/* Index of a transfer by its id in a process, of a part by number; TR_NONE. */
uint32_t tr_state_transfer(const struct tr_model *m, const struct tr_state *s, uint32_t process,
			   uint32_t id);
uint32_t tr_state_part(const struct tr_model *m, const struct tr_state *s, uint32_t transfer,
		       uint32_t number);

/* Parts or requests in flight at most, so far: requests where the trace has any, else parts. */
uint32_t tr_state_peak(const struct tr_state *s);

/* busy and waiting time of a thread up to the state's time, the open activity included. */
void tr_thread_times(const struct tr_state *s, uint32_t thread, int64_t *busy_ns, int64_t *wait_ns);

/* Threads waiting on that object now, up to cap to out; returns how many there are. */
uint32_t tr_state_waiters(const struct tr_state *s, uint32_t object, uint32_t *out, uint32_t cap);

#endif
