/*
 * source: the core's own source text, embedded at build time, and what can be
 * read from its layout: lines, and where a function begins and ends. Functions are
 * found by our style: the braces of a body stand in the first column.
 *
 * Thread: any.
 */
#ifndef TR_DEBUG_SOURCE_H
#define TR_DEBUG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tr_source {
	const char *file; /* "core/transfer/call.c" */
	const char *text;
};

/* The i-th embedded file, in build order; NULL after the last. */
const struct tr_source *tr_source_at(unsigned i);

/* By its name, or by the end of it ("future.c") when only one file ends so. NULL: none. */
const struct tr_source *tr_source_find(const char *file);

/* The same as people write it, where several end so: the one they are in. *others: there are such. */
const struct tr_source *tr_source_meant(const char *file, const char *current, bool *others);

uint32_t tr_source_nr_lines(const struct tr_source *s);

/* Line n (from 1), without its newline; NULL beyond the end. *len is its length. */
const char *tr_source_line(const struct tr_source *s, uint32_t n, size_t *len);

/* The same without the blanks around it, to buf; "" beyond the end. Returns buf. */
const char *tr_source_text(const struct tr_source *s, uint32_t n, char *buf, size_t cap);

/* Blank, or nothing but a comment. */
bool tr_source_blank(const struct tr_source *s, uint32_t n);

struct tr_extent {
	uint32_t first, last; /* lines: the head's first, the closing brace */
};

/* The function around line n; false: there is none. */
bool tr_source_function(const struct tr_source *s, uint32_t n, struct tr_extent *out);

/* The function of that name in the file; false: there is none. */
bool tr_source_named(const struct tr_source *s, const char *function, struct tr_extent *out);

/*
 * The first line from `first` to `last` that calls the function, itself or by way of up to three
 * others; 0: none.
 */
uint32_t tr_source_call(const struct tr_source *s, uint32_t first, uint32_t last, const char *function);

#endif
