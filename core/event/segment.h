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
	XF_HEADER_SIZE = 4096,
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
	_Atomic uint32_t nr_anchors;  /* the newest is at (nr_anchors - 1) % XF_NR_ANCHORS */
	uint32_t reserved;
	struct xf_anchor anchors[XF_NR_ANCHORS]; /* [0] is never overwritten */
};
_Static_assert(sizeof(struct xf_file_header) <= XF_HEADER_SIZE, "the header is a page");

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
	int fd;                /* >= 0: write here instead of opening path (owned from then on) */
	bool join;             /* the file exists and is shared: take part in it (the probe) */
	bool no_helper;        /* no helper thread: emitters map their own segments (the probe) */
	void (*warn)(void *ctx, const char *text); /* at most once; may be NULL */
	void *warn_ctx;
};

/*
 * Starts recording in this process: makes the file (mode 0600, O_NOFOLLOW, an
 * old regular file of that name is replaced), maps the first segments, numbers
 * the calling thread 0 and names it "main", and turns xf_emit_on() true. A disk
 * that is full or a folder that cannot be written is not an error when
 * `*warning` can be given: recording goes to memory. Once per process at a time.
 * Errors: XF_INVALID (path is no regular file), XF_NOMEM, XF_STATE (already on),
 * XF_VERSION (join: another layout).
 */
enum xf_status xf_trace_start(const struct xf_trace_options *options, struct xf_error *err);

/*
 * Ends recording: seals every segment, ends the helper, trims the file. Threads
 * that emit afterwards find recording off. In-memory segments stay readable
 * until xf_trace_release(). Idempotent.
 */
void xf_trace_stop(void);
void xf_trace_release(void);

/* The trace's path; NULL when it is in memory only. Borrowed until release. */
const char *xf_trace_path(void);
bool xf_trace_in_memory(void); /* some or all segments are anonymous */

/*
 * All segments of the running or stopped trace in this process, for a reader in
 * the same process: calls visit for each taken so far, in order of number. The
 * mapping stays valid until xf_trace_release(). Any thread.
 */
void xf_trace_visit(void (*visit)(void *ctx, const struct xf_segment *segment), void *ctx);
const struct xf_file_header *xf_trace_header(void);

/* Takes a fresh segment for the calling thread; NULL when there is no memory left. For emit.c. */
struct xf_segment *xf_segment_take(void);

/* The thread will write no more: count and checksum are filled by the helper. For emit.c. */
void xf_segment_seal(struct xf_segment *segment, uint32_t count);

#endif
