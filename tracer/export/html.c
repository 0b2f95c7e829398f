/*
 * html, svg: the timeline as a picture, by itself or in a page with verdict, parts, barriers and evidence.
 * Self-contained: no network, no fonts, light and dark by prefers-color-scheme, printable. Bars can be
 * reached with Tab and the arrow keys and are spoken; what they show stands in tables too.
 *
 * A lane a thread: its life a line, the call a frame, parts and requests solid bars, waits hatched ones;
 * arrows are signals that ended a wait. What is narrower than half a pixel is drawn once a pixel,
 * so that the picture is bounded however long the trace; the caption counts what was left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"

enum { WIDTH = 1200, LEFT = 130, RIGHT = 20, TOP = 34, LANE = 28, MAX_LANES = 200, MAX_ARROWS = 3000, MAX_PARTS = 2000 };

struct page {
	bool html;
	uint32_t *lanes;         /* by thread: lane, TR_NONE */
	uint32_t nr_lanes, threads_left_out;
	double (*drawn)[TR_SPAN_KIND_COUNT]; /* by lane: right end of the last bar of the kind, px */
	double *arrows;          /* by lane: x of the last head */
	uint32_t nr_arrows, nr_bars;
	uint64_t left_out;
	int64_t from_ns, to_ns;
};

static double x_of(const struct page *p, int64_t ns)
{
	double at = (double)(ns - p->from_ns) / (double)(p->to_ns - p->from_ns);
	at = at < 0 ? 0 : at > 1 ? 1 : at;
	return LEFT + at * (WIDTH - LEFT - RIGHT);
}

static double y_of(uint32_t lane)
{
	return TOP + (double)lane * LANE;
}

/* ---- lanes and scale */

static void choose_lanes(struct tr_export *x, struct page *p)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		bool seen = tr_log_thread(x->log, i)->first != TR_NONE;
		p->lanes[i] = seen && p->nr_lanes < MAX_LANES ? p->nr_lanes++ : TR_NONE;
		p->threads_left_out += seen && p->lanes[i] == TR_NONE;
	}
}

static void choose_scale(struct tr_export *x, struct page *p)
{
	uint32_t nr = tr_log_nr_events(x->log);
	p->from_ns = nr ? tr_log_time(x->log, 0) : 0;
	p->to_ns = nr ? tr_log_time(x->log, nr - 1) : 0;
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++)
		if (tr_export_thread_end_ns(x->log, i) > p->to_ns)
			p->to_ns = tr_export_thread_end_ns(x->log, i);
	if (p->to_ns <= p->from_ns)
		p->to_ns = p->from_ns + 1;
}

static struct page *page_new(struct tr_export *x, bool html)
{
	struct page *p = x->state = calloc(1, sizeof(*p));
	if (p) {
		p->html = html;
		p->lanes = calloc(tr_log_nr_threads(x->log) + 1u, sizeof(*p->lanes));
		p->drawn = calloc(MAX_LANES, sizeof(*p->drawn));
		p->arrows = calloc(MAX_LANES, sizeof(*p->arrows));
	}
	if (!p || !p->lanes || !p->drawn || !p->arrows) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return NULL;
	}
	choose_lanes(x, p);
	choose_scale(x, p);
	return p;
}

static void page_free(struct tr_export *x)
{
	struct page *p = x->state;
	if (!p)
		return;
	free(p->lanes);
	free(p->drawn);
	free(p->arrows);
	free(p);
}

/* ---- style: one set of colours for page and picture */

static const char style[] =
	":root{color-scheme:light dark;--bg:#ffffff;--fg:#1a1c20;--dim:#585e69;--line:#c9cdd5;--band:#f4f5f7;--part:#1f5fa8;"
	"--request:#5b4a9e;--bad:#b3261e;--wait:#8a6d1f;--call:#1d6b3c;--arrow:#a3366f;--on:#ffffff}"
	"@media (prefers-color-scheme:dark){:root{--bg:#15171b;--fg:#e6e8ec;--dim:#a4abb8;--line:#3c424d;--band:#1d2026;"
	"--part:#7db4f0;--request:#b3a3f2;--bad:#ff8a80;--wait:#e0bf63;--call:#73cf97;--arrow:#f08fc0;--on:#0d0f12}}"
	"@media print{:root{--bg:#fff;--fg:#000;--dim:#444;--line:#bbb;--band:#fff;--part:#1f5fa8;--request:#5b4a9e;--bad:#b3261e;"
	"--wait:#8a6d1f;--call:#1d6b3c;--arrow:#a3366f;--on:#fff}}"
	"svg.timeline{font:11px system-ui,sans-serif}svg .band{fill:var(--band)}svg text{fill:var(--fg)}svg .dim{fill:var(--dim)}"
	"svg .grid{stroke:var(--line);stroke-width:1}svg .life{stroke:var(--dim);stroke-width:1}"
	"svg .part{fill:var(--part)}svg .request{fill:var(--request)}svg .failed{fill:var(--bad);stroke:var(--fg);stroke-dasharray:3 2}"
	"svg .wait{fill:url(#hatch);stroke:var(--wait)}svg .hatch{stroke:var(--wait);stroke-width:1.5}"
	"svg .call{fill:none;stroke:var(--call);stroke-width:2}svg .arrow{stroke:var(--arrow);stroke-width:1;fill:none}"
	"svg .head{fill:var(--arrow)}svg text.on{fill:var(--on);pointer-events:none}"
	"svg [tabindex]:focus{outline:3px solid var(--fg);outline-offset:1px}";

static const char page_style[] =
	"body{margin:0 auto;max-width:1280px;padding:1.2rem;background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif}"
	"h1{font-size:1.3rem}h2{font-size:1.1rem;margin-top:1.6rem}.verdict{border-left:5px solid var(--call);padding:.4rem .8rem;background:var(--band)}"
	"table{border-collapse:collapse;width:100%}caption{text-align:left;color:var(--dim)}th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid var(--line)}"
	"td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}.scroll:focus{outline:2px solid var(--fg)}"
	"button{font:inherit;color:var(--fg);background:var(--band);border:1px solid var(--dim);border-radius:4px;padding:.1rem .6rem}"
	"output{display:block;min-height:1.5em;color:var(--dim)}svg.timeline{display:block;width:100%;height:auto}"
	"@media print{button,output{display:none}details{display:block}}";

/* ---- the picture */

/* "12.5 ms", "98.2 s": three digits, never an exponent. */
static void put_time(FILE *out, int64_t ns)
{
	bool seconds = ns >= 10000000000;
	double value = (double)ns / (seconds ? 1e9 : 1e6);
	fprintf(out, "%.*f %s", value >= 100 || ns == 0 ? 0 : value >= 10 ? 1 : 2, value, seconds ? "s" : "ms");
}

static void put_grid(struct tr_export *x, const struct page *p)
{
	for (int i = 0; i <= 8; i++) {
		int64_t ns = p->from_ns + (p->to_ns - p->from_ns) / 8 * i;
		fprintf(x->out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%.1f\"/>"
			"<text class=\"dim\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">", x_of(p, ns), x_of(p, ns),
			TOP - 8, y_of(p->nr_lanes), x_of(p, ns), TOP - 14);
		put_time(x->out, ns - p->from_ns);
		fputs("</text>\n", x->out);
	}
}

static void put_lanes(struct tr_export *x, const struct page *p)
{
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		double y;
		if (p->lanes[i] == TR_NONE)
			continue;
		y = y_of(p->lanes[i]);
		if (p->lanes[i] % 2 == 0)
			fprintf(x->out, "<rect class=\"band\" x=\"0\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>", y, WIDTH, LANE);
		/* a long name is drawn narrower, rather than over the lane */
		fprintf(x->out, strlen(tr_log_thread(x->log, i)->name) > 20 ? "<text x=\"8\" y=\"%.1f\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\">"
			: "<text x=\"8\" y=\"%.1f\">", y + LANE / 2.0 + 4, LEFT - 16);
		tr_put_xml(x->out, tr_log_thread(x->log, i)->name);
		fprintf(x->out, "</text><line class=\"life\" x1=\"%.2f\" x2=\"%.2f\" y1=\"%.1f\" y2=\"%.1f\"/>\n",
			x_of(p, tr_export_thread_begin_ns(x->log, i)), x_of(p, tr_export_thread_end_ns(x->log, i)),
			y + LANE / 2.0, y + LANE / 2.0);
	}
}

static void put_svg_head(struct tr_export *x, const struct page *p)
{
	fprintf(x->out, "<svg class=\"timeline\" %sviewBox=\"0 0 %d %.0f\" role=\"%s\" aria-labelledby=\"tl-title tl-desc\">\n"
		"<title id=\"tl-title\">Timeline of the transfer</title><desc id=\"tl-desc\">%" PRIu32
		" threads, one lane each. Solid bars are parts and requests, hatched bars are waits, the outlined bar is the call, "
		"arrows show which thread woke which.</desc>\n", p->html ? "" : "xmlns=\"http://www.w3.org/2000/svg\" ",
		WIDTH, y_of(p->nr_lanes) + 24, p->html ? "group" : "img", p->nr_lanes);
	if (!p->html)
		fprintf(x->out, "<style>%s</style><rect x=\"0\" y=\"0\" width=\"100%%\" height=\"100%%\" style=\"fill:var(--bg)\"/>\n", style);
	fputs("<defs><pattern id=\"hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
	      "<line class=\"hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern><marker id=\"tip\" viewBox=\"0 0 6 6\" refX=\"5\" refY=\"3\" "
	      "markerWidth=\"6\" markerHeight=\"6\" orient=\"auto\"><path class=\"head\" d=\"M0 0L6 3L0 6z\"/></marker></defs>\n", x->out);
	put_grid(x, p);
	put_lanes(x, p);
}

static void put_label(struct tr_export *x, const struct tr_span *s)
{
	tr_put_xml(x->out, s->name);
	if (s->attempt > 1)
		fprintf(x->out, ", attempt %" PRIu32, s->attempt);
	fputs(" on ", x->out);
	tr_put_xml(x->out, tr_log_thread(x->log, s->thread)->name);
	fprintf(x->out, ": %.3f to %.3f ms, %.3f ms%s%s", (double)s->begin_ns / 1e6, (double)s->end_ns / 1e6,
		(double)(s->end_ns - s->begin_ns) / 1e6, s->failed ? ", failed" : "", s->end == TR_NONE ? ", never ended" : "");
}

static const char *bar_class(const struct tr_span *s)
{
	if (s->failed && s->kind != TR_SPAN_CALL)
		return "failed";
	return s->kind == TR_SPAN_ATTEMPT ? "part" : tr_span_kind_name(s->kind);
}

/* Bars that are drawn: the rest is in tables or in other exports. */
static bool is_bar(const struct tr_span *s)
{
	return s->kind == TR_SPAN_CALL || s->kind == TR_SPAN_WAIT || s->kind == TR_SPAN_ATTEMPT ||
	       (s->kind == TR_SPAN_REQUEST && !s->part);
}

static void put_bar(struct tr_export *x, const struct page *p, const struct tr_span *s, double at, double wide)
{
	bool low = s->kind == TR_SPAN_WAIT;
	double y = y_of(p->lanes[s->thread]) + (s->kind == TR_SPAN_CALL ? 2 : low ? 9 : 5);
	int high = s->kind == TR_SPAN_CALL ? LANE - 4 : low ? LANE - 18 : LANE - 10;
	fprintf(x->out, "<g%s><rect class=\"%s\" x=\"%.2f\" y=\"%.1f\" width=\"%.2f\" height=\"%d\"/><title>",
		p->html && !low ? p->nr_bars ? " class=\"bar\" tabindex=\"-1\" role=\"img\"" : " class=\"bar\" tabindex=\"0\" role=\"img\"" : "",
		bar_class(s), at, y, wide, high);
	put_label(x, s);
	fputs("</title>", x->out);
	if (s->kind == TR_SPAN_ATTEMPT && wide > 26)
		fprintf(x->out, "<text class=\"on\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%" PRIu32 "</text>", at + wide / 2,
			y + 13, s->part);
	fputs("</g>\n", x->out);
}

void tr_html_span_end(struct tr_export *x, const struct tr_span *s)
{
	struct page *p = x->state;
	uint32_t lane = p->lanes[s->thread];
	double at, wide;
	if (!is_bar(s) || lane == TR_NONE)
		return;
	at = x_of(p, s->begin_ns);
	wide = x_of(p, s->end_ns) - at;
	if (wide < 0.5 && (s->kind == TR_SPAN_WAIT ? wide < 0.05 : false))
		return; /* a wait that did not wait */
	if (wide < 0.5 && at + wide < p->drawn[lane][s->kind] + 1) {
		p->left_out++;
		return;
	}
	p->drawn[lane][s->kind] = at + wide;
	put_bar(x, p, s, at, wide < 0.5 ? 0.5 : wide);
	p->nr_bars += s->kind != TR_SPAN_WAIT;
}

void tr_html_edge(struct tr_export *x, const struct tr_edge *edge)
{
	struct page *p = x->state;
	uint32_t from = p->lanes[tr_log_thread_of(x->log, edge->from)], to = p->lanes[tr_log_thread_of(x->log, edge->to)];
	double tail = x_of(p, tr_log_time(x->log, edge->from)), head = x_of(p, tr_log_time(x->log, edge->to));
	if (edge->class != XF_CLASS_SIGNAL || from == to || from == TR_NONE || to == TR_NONE ||
	    (edge->wait == TR_NONE && edge->kind != TR_EDGE_START))
		return;
	if (p->nr_arrows >= MAX_ARROWS || (p->arrows[to] > 0 && head < p->arrows[to] + 2)) {
		p->left_out++;
		return;
	}
	p->arrows[to] = head;
	p->nr_arrows++;
	fprintf(x->out, "<path class=\"arrow\" marker-end=\"url(#tip)\" d=\"M%.2f %.1fL%.2f %.1f\"/>\n", tail,
		y_of(from) + (to > from ? LANE - 5 : 5), head, y_of(to) + (to > from ? 5 : LANE - 5));
}

static void put_svg_tail(struct tr_export *x, const struct page *p)
{
	fprintf(x->out, "<text class=\"dim\" x=\"8\" y=\"%.0f\">", y_of(p->nr_lanes) + 16);
	if (p->left_out || p->threads_left_out)
		fprintf(x->out, "%" PRIu64 " bars and arrows narrower than a pixel and %" PRIu32 " threads are not drawn. ", p->left_out,
			p->threads_left_out);
	fputs("Solid: part or request. Hatched: wait. Outline: the call. Arrow: who woke whom.</text>\n</svg>\n", x->out);
}

/* ---- svg */

void tr_svg_begin(struct tr_export *x)
{
	struct page *p = page_new(x, false);
	if (p) {
		fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n", x->out);
		put_svg_head(x, p);
	}
}

void tr_svg_end(struct tr_export *x)
{
	if (!x->status)
		put_svg_tail(x, x->state);
	page_free(x);
}

/* ---- html */

static void put_verdicts(struct tr_export *x)
{
	char text[1024];
	for (uint32_t i = 0; x->verdicts && i < x->verdicts->nr; i++) {
		const struct tr_verdict *v = &x->verdicts->list[i];
		fputs("<p class=\"verdict\"><strong>", x->out);
		tr_put_xml(x->out, tr_answer_heading(v->answer, v->basis));
		fputs("</strong>: ", x->out);
		tr_put_xml(x->out, v->call == TR_NONE ? "" : tr_log_call(x->log, v->call)->name);
		putc(' ', x->out);
		tr_put_xml(x->out, tr_verdict_sentence(x->log, x->verdicts, v, text, sizeof(text)));
		fputs("</p>\n", x->out);
	}
	if (*tr_log_lost_sentence(x->log, text, sizeof(text))) {
		fputs("<p class=\"verdict\"><strong>Incomplete</strong>: ", x->out);
		tr_put_xml(x->out, text);
		fputs("</p>\n", x->out);
	}
}

void tr_html_begin(struct tr_export *x)
{
	struct page *p = page_new(x, true);
	if (!p)
		return;
	fprintf(x->out, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		"content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\"><link rel=\"icon\" href=\"data:,\"><title>xferdb: a transfer</title>\n"
		"<style>%s%s</style></head><body><main>\n<h1>What the transfer did</h1>\n", style, page_style);
	put_verdicts(x);
	fputs("<h2 id=\"t\">Timeline</h2><p><button type=\"button\" id=\"in\">Zoom in</button> <button type=\"button\" id=\"out\">Zoom out</button> "
	      "Tab to the bars, then the arrow keys.</p>\n<output id=\"at\" aria-live=\"polite\"></output>\n"
	      "<div class=\"scroll\" id=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"t\">\n", x->out);
	put_svg_head(x, p);
}

static void cell_ms(FILE *out, int64_t ns)
{
	if (ns < 0)
		fputs("<td class=\"n\">never</td>", out);
	else
		fprintf(out, "<td class=\"n\">%.3f</td>", (double)ns / 1e6);
}

static void put_parts(struct tr_export *x)
{
	const struct tr_state *s = x->verdicts ? x->verdicts->final : NULL;
	fputs("<h2>Parts</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Parts\"><table><caption>Times in ms from the trace's start</caption><thead><tr><th scope=\"col\">Transfer</th>"
	      "<th scope=\"col\" class=\"n\">Part</th><th scope=\"col\" class=\"n\">Bytes</th><th scope=\"col\">Thread</th><th scope=\"col\" class=\"n\">Start</th><th scope=\"col\" class=\"n\">End</th>"
	      "<th scope=\"col\" class=\"n\">Attempts</th><th scope=\"col\">State</th></tr></thead><tbody>\n", x->out);
	for (uint32_t i = 0; s && i < s->nr_parts && i < MAX_PARTS; i++) {
		const struct tr_part_state *p = &s->parts[i];
		fprintf(x->out, "<tr><td>%" PRIu32 "</td><th scope=\"row\" class=\"n\">%" PRIu32 "</th><td class=\"n\">%" PRIu64 "</td><td>",
			s->transfers[p->transfer].id, p->number, p->bytes);
		tr_put_xml(x->out, p->thread == TR_NONE ? "" : tr_log_thread(x->log, p->thread)->name);
		fputs("</td>", x->out);
		cell_ms(x->out, p->start_ns);
		cell_ms(x->out, p->end_ns);
		fprintf(x->out, "<td class=\"n\">%" PRIu32 "</td><td>%s</td></tr>\n", p->attempts, tr_part_phase_name(p->phase));
	}
	fputs("</tbody></table></div>\n", x->out);
	if (s && s->nr_parts > MAX_PARTS)
		fprintf(x->out, "<p>%" PRIu32 " more parts: see the csv or sqlite export.</p>\n", s->nr_parts - MAX_PARTS);
}

static void put_barriers(struct tr_export *x, const struct tr_verdict *v)
{
	fputs("<h2>What the call waited for</h2><table><thead><tr><th scope=\"col\">Barrier</th><th scope=\"col\">Kind</th><th scope=\"col\" class=\"n\">Waited, ms</th>"
	      "<th scope=\"col\">Enough by itself</th></tr></thead><tbody>\n", x->out);
	for (uint32_t i = 0; i < v->barriers.nr; i++) {
		const struct tr_barrier *b = &v->barriers.list[i];
		fputs("<tr><th scope=\"row\">", x->out);
		tr_put_xml(x->out, b->name);
		fprintf(x->out, "</th><td>%s</td><td class=\"n\">%.3f</td><td>%s</td></tr>\n", tr_barrier_kind_name(b->kind),
			(double)b->wait_ns / 1e6, b->sufficient ? "yes" : "no");
	}
	fputs("</tbody></table>\n", x->out);
}

static void put_chain(struct tr_export *x, const struct tr_verdict *v, const struct tr_evidence *e)
{
	char line[256];
	const struct tr_item *item = &v->items[e->item];
	if (item->part)
		fprintf(x->out, "<details><summary>Part %" PRIu32 " before the return</summary><ol>\n", item->part);
	else
		fputs("<details><summary>A request about the object before the return</summary><ol>\n", x->out);
	for (uint32_t i = 0; i < e->nr; i++) {
		struct tr_event event = tr_log_event(x->log, e->chain[i].event);
		struct tr_site site = tr_event_site(x->log, &event);
		fprintf(x->out, "<li>%.3f ms, ", (double)event.t_ns / 1e6);
		tr_put_xml(x->out, tr_log_thread(x->log, event.thread)->name);
		fputs(": <code>", x->out);
		tr_put_xml(x->out, tr_event_line(x->log, &event, line, sizeof(line)));
		fputs("</code>", x->out);
		if (site.line) {
			fputs(" ", x->out);
			tr_put_xml(x->out, site.file);
			fprintf(x->out, ":%" PRIu32, site.line);
		}
		fputs("</li>\n", x->out);
	}
	fputs("</ol></details>\n", x->out);
}

static const char script[] =
	"<script>(function(){var s=document.querySelector('svg.timeline'),b=[].slice.call(s.querySelectorAll('.bar')),at=document.getElementById('at'),z=1,c=0;"
	"b.forEach(function(g,i){var t=g.querySelector('title').textContent;g.setAttribute('aria-label',t);"
	"g.addEventListener('focus',function(){c=i;at.textContent=t});g.addEventListener('mouseenter',function(){at.textContent=t});});"
	"function go(i){if(i<0||i>=b.length)return;b[c].setAttribute('tabindex','-1');c=i;b[c].setAttribute('tabindex','0');b[c].focus();at.textContent=b[c].getAttribute('aria-label');}"
	"s.addEventListener('keydown',function(e){if(e.key==='ArrowRight'||e.key==='ArrowDown'){go(c+1);e.preventDefault();}"
	"if(e.key==='ArrowLeft'||e.key==='ArrowUp'){go(c-1);e.preventDefault();}if(e.key==='Home'){go(0);e.preventDefault();}if(e.key==='End'){go(b.length-1);e.preventDefault();}});"
	"function zoom(f){z=Math.max(1,Math.min(16,z*f));s.style.width=(z*100)+'%';}"
	"document.getElementById('in').onclick=function(){zoom(1.5)};document.getElementById('out').onclick=function(){zoom(1/1.5)};})();</script>\n";

void tr_html_end(struct tr_export *x)
{
	if (!x->status) {
		put_svg_tail(x, x->state);
		fputs("</div>\n", x->out);
		for (uint32_t i = 0; x->verdicts && i < x->verdicts->nr; i++) {
			const struct tr_verdict *v = &x->verdicts->list[i];
			put_barriers(x, v);
			if (v->nr_evidence)
				fputs("<h2>Evidence</h2>\n", x->out);
			for (uint32_t k = 0; k < v->nr_evidence && k < MAX_PARTS; k++)
				put_chain(x, v, &v->evidence[k]);
		}
		put_parts(x);
		fprintf(x->out, "<p>%" PRIu32 " events, xferdb " XFERDB_VERSION ".</p></main>\n%s</body></html>\n",
			tr_log_nr_events(x->log), script);
	}
	page_free(x);
}
