/*
 * folded: "thread;call;frame;wait N", N the ns the thread spent there and nowhere deeper, a line for each
 * stack. For flamegraph.pl, inferno, speedscope: an off-CPU flame graph shows the frames
 * that begin with "wait". It has times only: no order, no parts, no edges.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"
#include "tracer/trace/map.h"

struct folded {
	int64_t *since;          /* by thread: time accounted for so far */
	char **stacks;
	uint64_t *ns;
	uint32_t nr, cap_stacks, cap_ns;
	struct tr_map index;
};

void tr_folded_begin(struct tr_export *x)
{
	struct folded *p = x->state = calloc(1, sizeof(*p));
	if (p)
		p->since = calloc(tr_log_nr_threads(x->log) + 1u, sizeof(*p->since));
	if (!p || !p->since)
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
}

static char *stack_text(const struct tr_export *x, uint32_t thread, uint32_t depth)
{
	char *text = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&text, &len);
	for (uint32_t i = 0; m && i < depth; i++) {
		if (i)
			putc(';', m);
		tr_put_folded(m, tr_export_open(x, thread, i)->name);
	}
	return m && !fclose(m) ? text : NULL;
}

static uint64_t hash(const char *s)
{
	uint64_t h = 14695981039346656037u;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h >> 1;
}

/* Takes the text over. */
static uint32_t stack_find(struct tr_export *x, char *text)
{
	struct folded *p = x->state;
	uint64_t key = text ? hash(text) : 0;
	for (uint32_t i; text && (i = tr_map_get(&p->index, key)) != TR_MAP_NONE; key++)
		if (!strcmp(p->stacks[i], text)) {
			free(text);
			return i;
		}
	if (!text || !tr_grow(&p->stacks, p->nr, &p->cap_stacks, sizeof(*p->stacks)) ||
	    !tr_grow(&p->ns, p->nr, &p->cap_ns, sizeof(*p->ns)) || !tr_map_set(&p->index, key, p->nr)) {
		free(text);
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return TR_NONE;
	}
	p->stacks[p->nr] = text;
	p->ns[p->nr] = 0;
	return p->nr++;
}

static void spent(struct tr_export *x, uint32_t thread, uint32_t depth, int64_t until)
{
	struct folded *p = x->state;
	int64_t ns = until - p->since[thread];
	uint32_t i = depth && ns > 0 ? stack_find(x, stack_text(x, thread, depth)) : TR_NONE;
	if (i != TR_NONE)
		p->ns[i] += (uint64_t)ns;
	p->since[thread] = until;
}

void tr_folded_span_begin(struct tr_export *x, const struct tr_span *s)
{
	if (s->kind <= TR_SPAN_WAIT)
		spent(x, s->thread, tr_export_depth(x, s->thread) - 1, s->begin_ns);
}

void tr_folded_span_end(struct tr_export *x, const struct tr_span *s)
{
	if (s->kind <= TR_SPAN_WAIT)
		spent(x, s->thread, tr_export_depth(x, s->thread), s->end_ns);
}

void tr_folded_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	(void)place;
	if (x->status)
		return;
	spent(x, e->thread, tr_export_depth(x, e->thread), x->now_ns);
}

void tr_folded_end(struct tr_export *x)
{
	struct folded *p = x->state;
	for (uint32_t i = 0; p && i < p->nr; i++) {
		if (!x->status)
			fprintf(x->out, "%s %" PRIu64 "\n", p->stacks[i], p->ns[i]);
		free(p->stacks[i]);
	}
	if (!p)
		return;
	free(p->stacks);
	free(p->ns);
	free(p->since);
	tr_map_fini(&p->index);
	free(p);
}
