/*
 * graph: the happens-before graph, as DOT (Graphviz) and as Mermaid. Its nodes are the events at
 * either end of an edge between threads, the calls' begins and ends, and the ends of parts, by thread; its arrows
 * the edges (solid: signal, may carry a verdict; dashed: permit and lock, order by accident; dotted:
 * program order). Other events are left out. Mermaid draws some hundred arrows: use a filter.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"

struct graph {
	unsigned char *nodes; /* a bit an event */
	unsigned char *shown; /* a bit an edge of the order */
};

static void graph_new(struct tr_export *x)
{
	struct graph *g = x->state = calloc(1, sizeof(*g));
	uint32_t edges = x->verdicts && x->verdicts->order ? tr_order_nr_edges(x->verdicts->order) : 0;
	if (g)
		g->nodes = calloc(tr_log_nr_events(x->log) / 8u + 1u, 1);
	if (g)
		g->shown = calloc(edges / 8u + 1u, 1);
	if (!g || !g->nodes || !g->shown)
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
}

static void graph_free(struct tr_export *x)
{
	struct graph *g = x->state;
	if (!g)
		return;
	free(g->nodes);
	free(g->shown);
	free(g);
}

static void mark(struct tr_export *x, uint32_t event)
{
	struct graph *g = x->state;
	g->nodes[event / 8] |= (unsigned char)(1 << event % 8);
}

static bool marked(const struct tr_export *x, uint32_t event)
{
	const struct graph *g = x->state;
	return g->nodes[event / 8] >> event % 8 & 1;
}

static void graph_event(struct tr_export *x, const struct tr_event *e)
{
	switch (e->kind) {
	case XF_EV_call_enter: case XF_EV_call_return: case XF_EV_part_done: case XF_EV_part_failed:
	case XF_EV_part_skipped: case XF_EV_multipart_create: case XF_EV_multipart_complete: case XF_EV_object_put:
		mark(x, e->index);
		break;
	default:
		break;
	}
}

static void graph_edge(struct tr_export *x, const struct tr_edge *edge)
{
	struct graph *g = x->state;
	uint32_t i = (uint32_t)(edge - tr_order_edge(x->verdicts->order, 0));
	if (tr_log_thread_of(x->log, edge->from) == tr_log_thread_of(x->log, edge->to))
		return; /* program order has it */
	mark(x, edge->from);
	mark(x, edge->to);
	g->shown[i / 8] |= (unsigned char)(1 << i % 8);
}

static void label(const struct tr_export *x, uint32_t event, char *buf, size_t cap)
{
	struct tr_event e = tr_log_event(x->log, event);
	uint64_t part = 0;
	int n = snprintf(buf, cap, "%s", xf_kind_info(e.kind)->name);
	if (e.object != TR_NONE && *tr_log_object(x->log, e.object)->name)
		n += snprintf(buf + n, cap - (size_t)n, " %.60s", tr_log_object(x->log, e.object)->name);
	if (tr_event_field(&e, "part", &part) && part)
		n += snprintf(buf + n, cap - (size_t)n, " part %" PRIu64, part);
	snprintf(buf + n, cap - (size_t)n, " at %.3f ms", (double)e.t_ns / 1e6);
}

/* Calls put for each node of the thread, and between for each two that follow each other. */
static void thread_nodes(struct tr_export *x, uint32_t thread, void (*put)(FILE *, uint32_t, const char *),
			 const char *between)
{
	const struct tr_thread *t = tr_log_thread(x->log, thread);
	uint32_t before = TR_NONE;
	char text[200];
	for (uint32_t i = t->first; i != TR_NONE && i <= t->last; i++) {
		if (!marked(x, i) || tr_log_thread_of(x->log, i) != thread)
			continue;
		label(x, i, text, sizeof(text));
		put(x->out, i, text);
		if (before != TR_NONE)
			fprintf(x->out, between, before, i);
		before = i;
	}
}

static void edges(struct tr_export *x, void (*put)(FILE *, const struct tr_edge *))
{
	const struct graph *g = x->state;
	const struct tr_order *o = x->verdicts ? x->verdicts->order : NULL;
	for (uint32_t i = 0; o && i < tr_order_nr_edges(o); i++)
		if (g->shown[i / 8] >> i % 8 & 1)
			put(x->out, tr_order_edge(o, i));
}

/* ---- DOT */

void tr_dot_begin(struct tr_export *x)
{
	graph_new(x);
}

void tr_dot_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	(void)place;
	graph_event(x, e);
}

void tr_dot_edge(struct tr_export *x, const struct tr_edge *edge)
{
	graph_edge(x, edge);
}

static void dot_node(FILE *out, uint32_t event, const char *text)
{
	fprintf(out, "\t\te%" PRIu32 " [label=", event);
	tr_put_dot(out, text);
	fputs("];\n", out);
}

static void dot_arrow(FILE *out, const struct tr_edge *e)
{
	fprintf(out, "\te%" PRIu32 " -> e%" PRIu32 " [label=\"%s\"%s];\n", e->from, e->to, tr_edge_name(e->kind),
		e->class == XF_CLASS_SIGNAL ? ", color=\"#0060a0\", penwidth=2" : ", style=dashed, color=gray, constraint=false");
}

void tr_dot_end(struct tr_export *x)
{
	/* newrank: the old ranking gives up on clusters tied by many edges */
	if (!x->status)
		fputs("digraph xferdb {\n\trankdir=TB; newrank=true; splines=line;\n\tnode [shape=box, fontname=\"sans-serif\", fontsize=10];\n"
		      "\tedge [fontname=\"sans-serif\", fontsize=9];\n", x->out);
	for (uint32_t i = 0; !x->status && i < tr_log_nr_threads(x->log); i++) {
		fprintf(x->out, "\tsubgraph cluster_%" PRIu32 " {\n\t\tlabel=", i);
		tr_put_dot(x->out, tr_log_thread(x->log, i)->name);
		fputs(";\n", x->out);
		thread_nodes(x, i, dot_node, "\t\te%" PRIu32 " -> e%" PRIu32 " [style=dotted, arrowhead=none];\n");
		fputs("\t}\n", x->out);
	}
	if (!x->status) {
		edges(x, dot_arrow);
		fputs("}\n", x->out);
	}
	graph_free(x);
}

/* ---- Mermaid */

void tr_mermaid_begin(struct tr_export *x)
{
	graph_new(x);
}

void tr_mermaid_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	(void)place;
	graph_event(x, e);
}

void tr_mermaid_edge(struct tr_export *x, const struct tr_edge *edge)
{
	graph_edge(x, edge);
}

static void mermaid_node(FILE *out, uint32_t event, const char *text)
{
	fprintf(out, "    e%" PRIu32 "[\"", event);
	tr_put_mermaid(out, text);
	fputs("\"]\n", out);
}

static void mermaid_arrow(FILE *out, const struct tr_edge *e)
{
	fprintf(out, e->class == XF_CLASS_SIGNAL ? "  e%" PRIu32 " ==>|%s| e%" PRIu32 "\n" : "  e%" PRIu32 " -.->|%s| e%" PRIu32 "\n",
		e->from, tr_edge_name(e->kind), e->to);
}

void tr_mermaid_end(struct tr_export *x)
{
	if (!x->status)
		fputs("flowchart TD\n", x->out);
	for (uint32_t i = 0; !x->status && i < tr_log_nr_threads(x->log); i++) {
		fprintf(x->out, "  subgraph t%" PRIu32 "[\"", i);
		tr_put_mermaid(x->out, tr_log_thread(x->log, i)->name);
		fputs("\"]\n", x->out);
		thread_nodes(x, i, mermaid_node, "    e%" PRIu32 " --- e%" PRIu32 "\n");
		fputs("  end\n", x->out);
	}
	if (!x->status)
		edges(x, mermaid_arrow);
	graph_free(x);
}
