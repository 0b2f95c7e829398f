/*
 * session: a debugging session: a run, the recording of it, and where one stands
 * in it: an event, its thread, a frame. Everything that is shown is read from the
 * recording (log and model), so that looking at the present and at the past
 * are the same thing.
 *
 * Thread: the controller's alone. Everything it says goes to the sink; errors too,
 * as pdb's do ("*** …"), on the same stream.
 */
#ifndef TR_DEBUG_SESSION_H
#define TR_DEBUG_SESSION_H

#include "core/transfer/config.h"
#include "tracer/debug/breakpoint.h"
#include "tracer/debug/expr.h"
#include "tracer/debug/run.h"
#include "tracer/debug/source.h"
#include "tracer/trace/model.h"

/* Where the text goes. */
struct tr_sink {
	void *ctx;
	void (*write)(void *ctx, const char *text, size_t len);
};

/* What a session can do to the transfer, besides the gate. Any function may be NULL. */
struct tr_target {
	void *ctx;
	const char *name;                         /* what is run: "put" */
	const char *(*given)(void *ctx);          /* its arguments, as they were given last */
	struct xf_transfer_config *config;        /* of the next manager */
	bool (*config_open)(void *ctx);           /* the manager has not copied it yet */
	bool (*cancel)(void *ctx, const char *reason); /* false: there is nothing to cancel */
	/* The endpoint answers that part with this status from now on; 0: no more. NULL, or why not. */
	const char *(*fault)(void *ctx, uint32_t part, uint32_t status);
	/*
	 * `run ARG…`: other arguments for the next run. NULL, or why not. Asked first whether they would
	 * do (nothing changes then), and again, to apply, when no run is under way.
	 */
	const char *(*arguments)(void *ctx, const char *text, bool apply);
	/* What became of the last run, a line for people; "" when all is well. */
	const char *(*error)(void *ctx);
	bool may_repeat;                          /* a restart uploads to an endpoint of our own */
};

enum { TR_MAX_ALIASES = 64, TR_MAX_DISPLAYS = 32, TR_MAX_VARIABLES = 64, TR_MAX_STACK = TR_MAX_FRAMES + 2,
       TR_MAX_NESTED = 8, TR_LINE_MAX = 4096 };

struct tr_frame {
	struct tr_site site;   /* function and file */
	uint32_t line;
	uint32_t enter;        /* its frame_enter; TR_NONE: a plain function that was called */
};

/* The event at which a thread stands. */
struct tr_place {
	bool known;
	bool pending;          /* about to happen: not in the recording yet */
	struct tr_event event;
	struct xf_record record; /* of a pending one */
	struct tr_site site;
};

/* Which frame it is: a call of a function, in one run. */
struct tr_frame_id {
	char function[64];
	uint32_t run, thread, enter; /* enter: that of the instrumented function it is in */
};

/* Shown in its frame alone. After a restart it takes to the function's first frame. */
struct tr_display {
	char *expression;      /* NULL: the row is free */
	struct tr_frame_id frame;
	char last[TR_TEXT_MAX + 8];
};

/* What `debug` was given. */
struct tr_nested {
	char *code;
	bool executed;
};

struct tr_variable {
	char name[64];         /* "": the row is free */
	struct tr_value value;
};

struct tr_session {
	struct tr_run *run;
	const struct tr_target *target;
	struct tr_sink sink;
	struct tr_breaks breaks; /* changed under the run's lock; hits, ignore and strangers by the controller while
				  * the world is stopped, hits also by the run's threads under that lock */

	/* the recording, and the place in it */
	struct tr_log *log;
	struct tr_model *model;
	const struct tr_state *state;
	bool live;             /* at the newest event */
	uint32_t at;           /* else this one */
	uint32_t thread;       /* selected: index in the log */
	uint32_t stop_thread;  /* the one at which the run has stopped last */
	unsigned frame;        /* 0: the newest */
	bool over;             /* the run has ended, and been said so */
	bool started;          /* a resuming command was given since the start of this run */

	/* what the user has set up */
	struct { char *name, *text; } aliases[TR_MAX_ALIASES];
	struct tr_display displays[TR_MAX_DISPLAYS];
	struct tr_variable variables[TR_MAX_VARIABLES];
	uint32_t faults[64][2];
	unsigned nr_faults;
	bool scheduler;        /* a step runs one thread alone */

	/* the conversation; see command.c */
	char last_line[TR_LINE_MAX];
	uint32_t list_next;    /* 0: around the current line */
	char list_file[128];
	uint32_t events_next;
	uint32_t defining;     /* the breakpoint whose commands are entered; 0: none */
	char **old_commands;
	unsigned nr_old_commands;
	bool old_silent;
	bool asking;           /* "Clear all breaks? " */
	struct tr_variable *before_interact; /* `interact` works on a copy: what it was; NULL: not in it */
	unsigned nesting;      /* lists of commands within lists of commands */
	unsigned to_come;      /* start-up lines not given yet: a stop is shown when there are none left, as pdb's */
	bool owes_stop;        /* one that has not been shown for them */
	char *resume;          /* what a breakpoint's list ended with: done before anything else; NULL */
	struct tr_nested nested[TR_MAX_NESTED]; /* `debug` in `debug`, the innermost last */
	unsigned nr_nested;
	bool done;             /* quit */
};

/* Owns: *out. target and what sink needs are borrowed. Errors: XF_NOMEM. */
enum xf_status tr_session_new(const struct tr_subject *subject, const struct tr_target *target,
			      const struct tr_sink *sink, struct tr_session **out);
void tr_session_free(struct tr_session *s);

/* ---- saying */

void tr_say(struct tr_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "*** …" */
void tr_complain(struct tr_session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- running */

/* What became of the last run: a line for people, "" when all is well. */
const char *tr_session_error(struct tr_session *s);

/* Starts a run and shows its first stop. */
void tr_session_start(struct tr_session *s);

/*
 * Runs on and shows the next stop; breakpoints are judged, their commands run. In the past it
 * goes forward over the recording instead, to its newest event.
 */
void tr_session_go(struct tr_session *s, const struct tr_step *step);

/* How far the run had come when it was left. ORDER leavings */
enum tr_left {
	TR_LEFT_OVER,       /* there is none, or it comes to its own end */
	TR_LEFT_UNSENT,     /* nothing was handed over: nothing is sent */
	TR_LEFT_MID_TRANSFER
};

/* The end: a transfer under way is cancelled, the run's end waited for. */
enum tr_left tr_session_quit(struct tr_session *s);

/* ---- the place */

/* Takes in what was recorded since, and sets the state for the place. False: there is no recording. */
bool tr_session_refresh(struct tr_session *s);

/* Goes to an event of the recording (the newest: live again) and selects its thread. */
void tr_session_goto(struct tr_session *s, uint32_t event);
uint32_t tr_session_at(struct tr_session *s);  /* the current event's number; nr_events when it is pending */

bool tr_session_place(struct tr_session *s, uint32_t thread, struct tr_place *out);

/* The thread's frames, newest first. */
unsigned tr_session_frames(struct tr_session *s, uint32_t thread, struct tr_frame out[TR_MAX_STACK]);
/* The selected frame; false: there is none. */
bool tr_session_frame(struct tr_session *s, struct tr_frame *out);

/*
 * A stop: --Return--, --Call-- where a call led here, the header, what has changed of the displays. While
 * start-up lines are to come the header waits for the last of them; who gives them settles that then.
 */
void tr_session_show_stop(struct tr_session *s, bool called);
void tr_session_show_owed(struct tr_session *s);
/* Displays of the current frame that have changed; see cmd_display.c. */
void tr_displays_show(struct tr_session *s);

/* The stop header of the selected frame, and the line that says the event. */
void tr_session_header(struct tr_session *s);
/* A frame as `where` shows it. */
void tr_session_show_frame(struct tr_session *s, const struct tr_frame *f, bool current, bool newest);

/* "request-3 part_start part=3 attempt=1": what an event says, without what can be known anyway. Returns buf. */
const char *tr_session_event_text(struct tr_session *s, const struct tr_event *e, const struct tr_site *site,
				  char *buf, size_t cap);

/* An argument of a frame by its place; false: it has no more. */
bool tr_session_argument(struct tr_session *s, const struct tr_frame *f, unsigned i, char name[64],
			 struct tr_value *out);

/* A thread by number or name; TR_NONE. "": the selected one. */
uint32_t tr_session_thread(struct tr_session *s, const char *text);
const char *tr_session_thread_name(struct tr_session *s, uint32_t thread);

/* ---- values */

/* The names known here; for tr_expr_eval(). */
struct tr_names tr_session_names(struct tr_session *s);

/* The i-th root name; NULL after the last. */
const char *tr_object_root(unsigned i, const struct tr_class **class);

/* ---- breakpoints */

/* After any change of the table. */
void tr_session_breaks_changed(struct tr_session *s);
/* A run begins: threads have new numbers. */
void tr_session_breaks_renew(struct tr_session *s);

/* What the run asks at its gates; ctx: the session. */
bool tr_session_match(void *ctx, const struct tr_point *p, const struct tr_point *last);

/* The breakpoint that stops at the current event, NULL none; it and those before it are counted. */
struct tr_break *tr_session_judge(struct tr_session *s);

/* What is done at a hit: a temporary one goes, commands are run, the stop is shown. */
void tr_session_at_break(struct tr_session *s, struct tr_break *b);

/* For the recording: the breakpoint hit at that event, NULL none; counts nothing. */
struct tr_break *tr_session_break_at(struct tr_session *s, uint32_t event);

#endif
