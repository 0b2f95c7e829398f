/*
 * lines: calls marked by lines of output (--call out:BEGIN:END). Pure.
 *
 * A line may come in pieces and several may come at once: what is looked at is
 * the line so far, for each process of its own. Between BEGIN and END of a call
 * only END is looked for, then BEGIN again.
 */
#ifndef TR_FOREIGN_LINES_H
#define TR_FOREIGN_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TR_LINES_TEXT = 128, TR_LINES_MAX = 8, TR_LINES_PROCESSES = 16, TR_LINES_PLACE = 256, TR_LINE_MAX = 1024 };

/* One pair of texts. */
struct tr_line_call {
	char begin[TR_LINES_TEXT], end[TR_LINES_TEXT];
	uint32_t call; /* number of the call under way; 0: none */
	char place[TR_LINES_PLACE]; /* where the line went that began it, the caller's to set */
};

struct tr_lines {
	struct tr_line_call calls[TR_LINES_MAX];
	unsigned nr;
	struct tr_line_tail {
		uint32_t pid;
		size_t len;
		char text[TR_LINE_MAX];
	} tails[TR_LINES_PROCESSES]; /* the line under way, by process */
};

/*
 * Takes "BEGIN:END" with quotes around a text that holds a colon. False: it is
 * not of that form, or there are too many.
 */
bool tr_lines_add(struct tr_lines *lines, const char *spec);

/* A text was met: call `which` begins or ends. */
typedef void (*tr_lines_fn)(void *ctx, struct tr_line_call *which, bool begins);

/* len bytes of output of that process. */
void tr_lines_feed(struct tr_lines *lines, uint32_t pid, const char *bytes, size_t len,
		   tr_lines_fn met, void *ctx);

#endif
