/*
 * file: the segments of a trace, wherever they lie, as memory one may look at.
 *
 * Input is a path, or the recording of this very process. Nothing in it is
 * believed: the format is described at the top of core/event/segment.h, what a
 * reader makes of each way it can be broken at the top of file.c. What is sound
 * is handed out, the rest is counted in struct tr_damage and said in a sentence.
 *
 * Small files are copied, large ones mapped (TR_COPY_LIMIT): a mapped file must
 * not be cut short by others while it is open, a copied one may.
 *
 * Thread: one at a time. Everything returned is borrowed until tr_file_close().
 */
#ifndef TR_TRACE_FILE_H
#define TR_TRACE_FILE_H

#include "core/event/segment.h"

enum { TR_COPY_LIMIT = 128 << 20 };

/* What is missing or broken. All zero: the trace is whole. */
struct tr_damage {
	uint32_t missing_segments;  /* handed out, but beyond the end of the file, or cut by it */
	uint32_t bad_segments;      /* checksum or header does not fit: not used */
	uint32_t repeated_segments; /* a second one of the same thread and generation: not used */
	uint32_t absent_segments;   /* a thread's generation that nobody holds */
	uint32_t in_memory;         /* segments for which the disk had no room */
	uint64_t bad_records;       /* whole by their commit word, but of no known kind */
};

/* One usable segment. */
struct tr_segment {
	const struct xf_segment *segment;
	uint32_t thread, generation; /* as in its header */
	uint32_t count;  /* records that are whole, from the first; grows by tr_file_refresh() */
	bool sealed;     /* it will not grow any more */
	bool kept;       /* tr_file_segment(): its pages count as memory of ours */
};

struct tr_file;

/*
 * Opens the trace of that path. Owns: *out, close with tr_file_close().
 * Errors: XF_NOT_FOUND, XF_DENIED, XF_IO, XF_INVALID (no regular file), XF_FORMAT (no trace,
 * or not even its first page is whole), XF_VERSION (version, layout or clock unknown), XF_NOMEM.
 */
enum xf_status tr_file_open(const char *path, struct tr_file **out, struct xf_error *err);

/* The same for the recording of this process, under way or stopped and not yet released. XF_STATE: none. */
enum xf_status tr_file_open_own(struct tr_file **out, struct xf_error *err);

/* The same for bytes in memory (tests, fuzzing). They are copied. */
enum xf_status tr_file_open_memory(const void *bytes, size_t len, struct tr_file **out,
				   struct xf_error *err);

void tr_file_close(struct tr_file *file);

/* Looks for what was appended. Errors: XF_NOMEM, XF_IO; what was known stays. */
enum xf_status tr_file_refresh(struct tr_file *file, struct xf_error *err);

/*
 * Segments found so far, in order of discovery; an index keeps its meaning for ever. Ask again for
 * every look into one: of this process' own recording only those that were asked for lately
 * stay resident, the others' pages are given back and cost a page fault.
 */
uint32_t tr_file_nr_segments(const struct tr_file *file);
const struct tr_segment *tr_file_segment(struct tr_file *file, uint32_t i);

/* A copy of the header page as of the last refresh. */
const struct xf_file_header *tr_file_header(const struct tr_file *file);

/* Where it came from; "" for memory. */
const char *tr_file_path(const struct tr_file *file);

const struct tr_damage *tr_file_damage(const struct tr_file *file);

/*
 * Is nobody going to write any more? Closed in order, or the process that made
 * it is gone (asked at open and refresh).
 */
bool tr_file_ended(const struct tr_file *file);

/* One sentence about the damage to buf, "" when there is none. Returns buf. */
const char *tr_damage_sentence(const struct tr_damage *damage, char *buf, size_t cap);

#endif
