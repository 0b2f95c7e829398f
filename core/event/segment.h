/*
 * segment: where records live, from the first instant the trace file itself.
 *
 * A trace is a header page and segments of one size. A helper thread grows the
 * file, maps and pre-faults segments ahead into a free list; a thread takes one
 * from it without a lock and is its only writer. When the disk is full the next
 * segments are anonymous memory, with one warning; the upload does not notice.
 * Several processes may share one file: segments, threads and processes are
 * numbered by counters in the shared header page.
 *
 * File layout (little-endian, everything aligned to its size):
 *
 *   0                 struct xf_file_header, XF_HEADER_SIZE bytes
 *   XF_HEADER_SIZE    segment 0: struct xf_segment_header, then records
 *   + k*XF_SEGMENT_SIZE   segment k
 *
 * A record is whole when its commit word is XF_COMMIT. A segment is read up to
 * its first record that is not: the torn tail of a killed process. `count` and
 * `checksum` are filled when the segment is sealed (full, or its thread ended).
 * A segment whose magic is missing was never taken.
 *
 * libc only: this room is also linked into the preload probe.
 */
#ifndef XF_EVENT_SEGMENT_H
#define XF_EVENT_SEGMENT_H

#include "core/event/clock.h"
#include "core/event/event.h"
#include "core/event/status.h"

enum {
	XF_HEADER_SIZE = 65536, /* a multiple of every page size in use */
	XF_SEGMENT_SIZE = 65536,
	XF_SEGMENT_RECORDS = XF_SEGMENT_SIZE / XF_RECORD_SIZE - 2, /* after the segment's header */
	XF_NR_ANCHORS = 64,
};

#define XF_FILE_MAGIC "xferdb\r\n"
#define XF_SEGMENT_MAGIC 0x47455358u /* "XSEG" */

/* The first page of a trace. Counters are shared by all processes that write. */
struct xf_file_header {
	char magic[8];
	uint32_t version;             /* XF_TRACE_VERSION */
	uint32_t layout;              /* xf_layout_hash() */
	uint32_t clock;               /* 1: ticks are TSC; 0: CLOCK_MONOTONIC ns */
	uint32_t pid;                 /* of the process that made the file */
	uint64_t real_ns;             /* CLOCK_REALTIME of the first anchor: t = 0 */
	_Atomic uint32_t nr_segments; /* handed out */
	_Atomic uint32_t nr_threads;  /* numbered so far, all processes */
	_Atomic uint32_t nr_processes;
	_Atomic uint32_t closed;      /* 1: ended in order */
	_Atomic uint64_t dropped;     /* records that found no room, all threads */
	_Atomic uint32_t nr_anchors;  /* made so far; see xf_anchor_slot() */
	_Atomic uint32_t nr_in_memory; /* segments that found no room in the file: their records are not here */
	struct xf_anchor anchors[XF_NR_ANCHORS]; /* [0] is the first, and t = 0 */
};
_Static_assert(sizeof(struct xf_file_header) <= XF_HEADER_SIZE, "the header fits");

/* Where the n-th anchor (from 0) stands: the first for ever, later ones in turn over the rest. */
static inline uint32_t xf_anchor_slot(uint32_t n)
{
	return n == 0 ? 0 : 1 + (n - 1) % (XF_NR_ANCHORS - 1);
}

struct xf_segment_header {
	uint32_t magic;
	uint32_t index;             /* its own number */
	uint32_t process;           /* from nr_processes, from 0 */
	uint32_t thread;            /* from nr_threads, from 0; 0 is main of the first process */
	uint32_t pid, tid;
	uint32_t generation;        /* how many segments this thread took before */
	_Atomic uint32_t sealed;    /* 1: count and checksum hold */
	uint32_t count;             /* records */
	uint32_t reserved;
	uint64_t checksum;          /* xf_segment_checksum() over `count` records */
	uint64_t reserved2[10];
};
_Static_assert(sizeof(struct xf_segment_header) == 2 * XF_RECORD_SIZE, "two records long");

struct xf_segment {
	struct xf_segment_header header;
	struct xf_record records[XF_SEGMENT_RECORDS];
};
_Static_assert(sizeof(struct xf_segment) == XF_SEGMENT_SIZE, "no gaps");

uint64_t xf_segment_checksum(const struct xf_segment *segment, uint32_t count);

/* How the trace is made. */
struct xf_trace_options {
	const char *path;      /* NULL: memory only */
	bool join;             /* the file exists and is shared: take part in it (the probe) */
	bool no_helper;        /* no helper thread: emitters map their own segments (the probe); with join
	                          no descriptor stays open either */
	bool for_others;       /* the process records for threads of others only (lanes, emit.h): none of
	                          its own is numbered, and the calling thread is muted */
	void (*warn)(void *ctx, const char *text); /* at most once; may be NULL */
	void *warn_ctx;
};

/*
 * Starts recording in this process: makes the file (mode 0600, under a temporary
 * name, then renamed: an old regular file of that name is replaced, a symbolic
 * link or a device is not touched), maps the first segments, numbers the calling
 * thread 0 and names it "main", and turns xf_emit_on() true. A file that cannot
 * be made or grown is no error: recording goes to memory, and warn is told once.
 * One recording at a time in a process.
 * Errors: XF_NOMEM, XF_STATE (already on); with join XF_FORMAT, XF_VERSION, XF_IO.
 */
enum xf_status xf_trace_start(const struct xf_trace_options *options, struct xf_error *err);

/*
 * The calling process is a fork of one that recorded without a helper: it
 * becomes a process of its own in the same trace, and its one thread has no
 * number yet. Thread: the only one, first thing in the child.
 */
void xf_trace_forked(void);

/*
 * Ends recording: seals every segment, ends the helper, trims the file. Threads
 * that emit afterwards find recording off. In-memory segments stay readable
 * until xf_trace_release(). Idempotent.
 */
void xf_trace_stop(void);
void xf_trace_release(void);

/* The trace's path; NULL when it is in memory only. Borrowed until release. */
const char *xf_trace_path(void);
/* Its descriptor, whatever its path stands for by now (another run may have taken it); -1: none. Borrowed. */
int xf_trace_fd(void);
bool xf_trace_in_memory(void); /* some or all segments are anonymous */

/*
 * All segments of the running or stopped trace in this process, for a reader in
 * the same process: calls visit for each taken so far, in order of number. The
 * mapping stays valid until xf_trace_release(). Any thread.
 *
 * Settled segments are not resident: the helper gives their pages back to the page cache, so that
 * a long upload's trace does not count as its memory. Whoever reads one brings them back, and
 * says by xf_segment_let_go() that they may go again.
 */
typedef void (*xf_segment_fn)(void *ctx, uint32_t index, const struct xf_segment *segment);
void xf_trace_visit(xf_segment_fn visit, void *ctx);
void xf_segment_let_go(const struct xf_segment *segment); /* a sealed one; what is in memory only stays */
const struct xf_file_header *xf_trace_header(void);

/* ---- for emit.c */

/* A fresh segment for one thread, its header filled; NULL when there is no memory left. */
struct xf_segment *xf_segment_take(uint32_t thread, uint32_t pid, uint32_t tid, uint32_t generation);

/* One past the highest generation of that thread, whichever process wrote it. */
uint32_t xf_segment_next_generation(uint32_t thread);

/*
 * The same, and its thread has ended. In somebody else's process what it did not fill is given back, to disk and memory:
 * programs have had ten thousand threads, each with four records.
 */
void xf_segment_close(struct xf_segment *segment, uint32_t count);

/* The thread will write no more into it; the checksum follows (by the helper, where there is one). */
void xf_segment_seal(struct xf_segment *segment, uint32_t count);

/* The next free thread number of the recording. */
uint32_t xf_segment_thread_number(void);

/* Adds to the header's count of dropped records. */
void xf_segment_count_dropped(uint64_t records);

#endif
