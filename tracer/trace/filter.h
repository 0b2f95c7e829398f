/*
 * filter: a predicate over events, shared by breakpoints, search and export.
 *
 *     expression  = term { ("or" | "||" | "|") term }
 *     term        = factor { ["and" | "&&" | "&" | ","] factor }       side by side means and
 *     factor      = ("not" | "!") factor | "(" expression ")" | comparison | word
 *     comparison  = name op value        op: = == != < <= > >= ~ !~  (~ contains, no case)
 *     word        = a kind ("part_done"), a group ("sync"), else text searched in the whole line
 *     value       = word | "quoted" | 'quoted' | number with unit (8MB 20ms 3s) | glob with * and ?
 *
 * Names: kind, group, thread (name, or number), role, object (name, or id), class, file,
 * function, line (of the source), seq, t (time: `t>1.5s`), process, text (the whole line), op,
 * and every field of the catalogue: `part=3`, `etag~abc`, `how=timed-out`. A field that a kind
 * does not have makes the comparison false, `!=` and `!~` included: `part!=3` means "another part".
 * Values of enumerations are their words. = and != on texts understand * and ?.
 * Lists: part=1,3-5 · kind=part_* · thread=request-1|request-2 is written with brackets or lists
 * (`thread=request-1,request-2`; no blanks around the comma).
 *
 * The empty expression is true for everything.
 */
#ifndef TR_TRACE_FILTER_H
#define TR_TRACE_FILTER_H

#include "tracer/trace/log.h"

struct tr_filter;

/*
 * Parses. Owns: *out, free with tr_filter_free(). Errors: XF_INVALID with a sentence that names
 * the place ("after 'part': …"; err->part is the column, from 1), XF_NOMEM.
 */
enum xf_status tr_filter_parse(const char *text, struct tr_filter **out, struct xf_error *err);
void tr_filter_free(struct tr_filter *f);

/* Thread: any, also several at once with one filter. */
bool tr_filter_match(const struct tr_filter *f, const struct tr_log *log, const struct tr_event *e);

/*
 * The first match from event `from` on (dir > 0: from, from+1 …; dir < 0: from, from-1 …);
 * TR_NONE when there is none.
 */
uint32_t tr_filter_find(const struct tr_filter *f, const struct tr_log *log, uint32_t from, int dir);

/* Names usable on the left of a comparison, for completion: i from 0; NULL after the last. */
const char *tr_filter_name(unsigned i);

#endif
