/*
 * breakpoint: where a run is to stop, as people write it, and the table of them.
 *
 *     b [file:]LINE            the events of that line, or of the next line with events in its function
 *     b FUNCTION               where it is entered
 *     b KIND [N] [WORD…]       an event of the catalogue; N is its part; words are a filter
 *     b sem NAME [OP N]        an event of that semaphore, when its value is so
 *     b thread NAME            any event of that thread
 *     b retry|join|return [N]  part_retry and backoff, join_begin and join_end, call_return
 *     b return FUNCTION        where it returns; also b frame_leave FUNCTION
 *
 * Matching has two steps. The quick one needs nothing but the event and runs on
 * the run's threads; the full one asks the recording and runs on the controller.
 */
#ifndef TR_DEBUG_BREAKPOINT_H
#define TR_DEBUG_BREAKPOINT_H

#include "tracer/debug/run.h"
#include "tracer/trace/filter.h"

enum { TR_MAX_BREAKS = 256, TR_MAX_BOUNDS = 4, TR_MAX_STRANGERS = 2048 };

/* ORDER breakpoint types */
enum tr_break_type { TR_BREAK_LINE, TR_BREAK_FUNCTION, TR_BREAK_EVENT, TR_BREAK_SEM, TR_BREAK_THREAD };

/* "bytes>1000": a field of the event and a number. */
struct tr_bound {
	char field[32];
	int op;                /* as below */
	int64_t value;
};

struct tr_break {
	uint32_t number;       /* from 1; 0: the row is free */
	enum tr_break_type type;
	bool temporary, enabled;
	bool stays;            /* temporary, but its condition raises: a hint, as in pdb */
	uint32_t hits, ignore;
	char *condition;       /* NULL: none */
	char **commands;       /* nr_commands of them */
	unsigned nr_commands;
	bool silent;
	char where[160];       /* "core/transfer/call.c:45", "part_start 3" */
	/* what is matched */
	bool kinds[XF_EV_COUNT];
	const char *file;      /* of a place; a site's own string */
	uint32_t line;
	const char *function;
	uint32_t part;         /* 0: any */
	char name[64];         /* of the semaphore or the thread */
	int op;                /* of the semaphore: 0 none, else '<' '>' '=' '!' 'l' (<=) 'g' (>=) */
	int64_t value;
	struct tr_filter *filter; /* NULL: none */
	struct tr_bound bounds[TR_MAX_BOUNDS]; /* the filter's numbers, which need no recording */
	unsigned nr_bounds;
	uint64_t strangers[TR_MAX_STRANGERS / 64]; /* threads by number, known to be called otherwise; of this run */
};

struct tr_breaks {
	struct tr_break list[TR_MAX_BREAKS];
	uint32_t nr;           /* numbers given so far */
};

void tr_breaks_fini(struct tr_breaks *b);

/*
 * Parses a place into *out (without number and condition). file and line are those of the
 * current frame, for a bare number. NULL, or what is wrong: to be printed after "*** ", but for
 * "End of file", which stands alone as in pdb. *err holds it.
 */
const char *tr_break_parse(const char *text, const char *file, struct tr_break *out,
			   char *err, size_t cap);

/* Adds it, with the next number; NULL when there is no room. Owns: what out holds. */
struct tr_break *tr_breaks_add(struct tr_breaks *b, struct tr_break *parsed);
void tr_breaks_remove(struct tr_breaks *b, uint32_t number);

/* By its number as text; NULL and *err, worded as pdb's, when there is none. */
struct tr_break *tr_breaks_find(struct tr_breaks *b, const char *number, char *err, size_t cap);

/* The i-th that exists; NULL after the last. */
struct tr_break *tr_breaks_at(struct tr_breaks *b, unsigned i);

/* The kinds that any enabled one wants. */
void tr_breaks_interest(const struct tr_breaks *b, bool kinds[XF_EV_COUNT]);

/* An event as breakpoints see it, from a gate or from the recording. */
struct tr_hit {
	const struct xf_record *record;
	const char *file, *function;
	uint32_t line;
	bool again; /* the end of a wait whose begin stood on the same line */
	uint32_t thread; /* its number in the records */
};

/* The quick step: false is final, true is for the recording to confirm. */
bool tr_break_quick(const struct tr_break *b, const struct tr_hit *hit);

/* One row of pdb's table, with its continuation lines, to buf. */
const char *tr_break_row(const struct tr_break *b, char *buf, size_t cap);

/* Its list of commands as it is now, whatever they do to it. Owns: *list. Returns how many. */
unsigned tr_break_copy_commands(const struct tr_break *b, char ***list);
void tr_break_free_commands(char **list, unsigned nr);

/* Is there one on this line? For the listing's B. */
bool tr_breaks_on(const struct tr_breaks *b, const char *file, uint32_t line);

#endif
