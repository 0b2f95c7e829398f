#include "tracer/experiment/report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "tracer/experiment/plot.h"
#include "tracer/experiment/scale.h"

static const char page_style[] =
	":root{color-scheme:light dark;--ink:#1c2430;--soft:#5a6675;--paper:#fff;--line:#d8dfe7;--band:#f5f7fa;--mark:#0b62a8}"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:66rem;padding:1.5rem 1.25rem 4rem;overflow-wrap:anywhere;color:var(--ink);background:var(--paper);"
	"font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}"
	"h1{font-size:1.7rem;line-height:1.25;margin:.5rem 0}h2{font-size:1.25rem;margin:2.5rem 0 .75rem}"
	".lead{font-size:1.1rem;max-width:48rem}.soft{color:var(--soft)}a{color:var(--mark)}"
	"dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem 1.5rem;margin:1.5rem 0}"
	"dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-variant-numeric:tabular-nums}"
	"figure{margin:0 0 2rem;padding:1rem;border:1px solid var(--line);border-radius:10px}"
	"figure svg{display:block;width:100%;min-width:40rem;height:auto}figcaption{color:var(--soft);font-size:.92rem;margin:.5rem 0}"
	".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.88rem;font-variant-numeric:tabular-nums}"
	"caption{text-align:left;color:var(--soft);padding:.25rem 0}"
	"th,td{padding:.35rem .6rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}"
	"th[scope=row],th:first-child,td.word,th.word{text-align:left}thead th{border-bottom:2px solid var(--line);vertical-align:bottom}"
	"tbody tr:nth-child(even){background:var(--band)}tr.best th,tr.best td{font-weight:650}"
	"summary{cursor:pointer;color:var(--mark);width:fit-content}:focus-visible{outline:3px solid var(--mark);outline-offset:2px}"
	".skip{position:absolute;left:-99rem}.skip:focus{position:static}"
	"@media screen and (prefers-color-scheme:dark){:root{--ink:#e6ebf2;--soft:#a3afbf;--paper:#12171f;--line:#2f3948;--band:#181f29;--mark:#6cb6ff}}"
	"@media print{figure svg{min-width:0}body{max-width:none;padding:0;font-size:11pt}figure{break-inside:avoid;border-color:#ccc}.skip,summary{display:none}"
	".scroll{overflow:visible}table{font-size:7.5pt}th,td{white-space:normal;padding:.15rem .3rem}}";

/* ---- numbers */

static void time_put(FILE *out, const struct tr_estimate *e, double factor)
{
	char median[32], low[32], high[32];

	if (!e->nr) {
		fputs("<td>failed<td>", out);
		return;
	}
	fprintf(out, "<td>%s<td>%s to %s", tr_number_text(e->median * factor, median, sizeof(median)),
		tr_number_text(e->low * factor, low, sizeof(low)), tr_number_text(e->high * factor, high, sizeof(high)));
}

static void number_put(FILE *out, double value)
{
	char text[32];

	fprintf(out, "<td>%s", tr_number_text(value, text, sizeof(text)));
}

/* Nothing measured is not nought. */
static void median_put(FILE *out, const struct tr_estimate *e, double factor)
{
	if (e->nr)
		number_put(out, e->median * factor);
	else
		fputs("<td>–", out);
}

/* ---- pieces of the page */

/* The best choice of a circumstance (nobody chooses a latency), and how sure that is. */
static void best_put(FILE *out, const struct tr_report *r, unsigned cell)
{
	const struct tr_summary *s = r->summary;
	unsigned others = tr_summary_as_good(s, r->sweep, cell);
	char label[400], number[32];

	fputs("<strong>", out);
	tr_put_text(out, tr_sweep_label(r->sweep, cell, label, sizeof(label)));
	fprintf(out, "</strong>, %s %s",
		tr_number_text(s->cells[cell].measures[s->measure].median * tr_unit_factor(r), number, sizeof(number)), tr_unit_name(r));
	if (others)
		fprintf(out, "; the interval%s of %u other%s reach%s into its own", others == 1 ? "" : "s", others,
			others == 1 ? "" : "s", others == 1 ? "es" : "");
	if (s->cells[cell].failed)
		fprintf(out, "; %u of its %u runs failed", s->cells[cell].failed, s->cells[cell].runs);
}

static void lead_put(FILE *out, const struct tr_report *r)
{
	unsigned nr = 0, last = 0;

	for (unsigned i = 1; i < r->summary->nr; i++)
		if (tr_summary_best(r->summary, r->sweep, i))
			nr++, last = i;
	fputs("<div class=\"lead\">", out);
	if (!nr)
		fprintf(out, "<p>%s</p>", r->summary->best ? "Nothing is best: too few runs or configurations to compare." :
							    "No configuration could be compared with another.");
	else if (nr == 1) {
		fputs("<p>Best: ", out);
		best_put(out, r, last);
		fputs("</p>", out);
	} else {
		fputs("<p>Best, in each circumstance:</p><ul>", out);
		for (unsigned i = 1; i < r->summary->nr; i++)
			if (tr_summary_best(r->summary, r->sweep, i)) {
				fputs("<li>", out);
				best_put(out, r, i);
				fputs("</li>", out);
			}
		fputs("</ul>", out);
	}
	fputs("</div>\n", out);
}

static void fact_put(FILE *out, const char *name, const char *value)
{
	fprintf(out, "<div><dt>%s</dt><dd>", name);
	tr_put_text(out, value);
	fputs("</dd></div>\n", out);
}

static void facts_put(FILE *out, const struct tr_report *r)
{
	struct utsname system = { .sysname = "" };
	time_t now = time(NULL);
	struct tm tm;
	char text[256];
	size_t runs = 0;

	for (size_t i = 0; i < r->results->nr; i++)
		runs += r->results->list[i].round > 0;
	fputs("<dl>\n", out);
	fact_put(out, "To", r->local ? "the embedded endpoint, a new one a run" : r->destination ? r->destination : "where the program sends it");
	snprintf(text, sizeof(text), "%zu, of %u configurations and a control", runs, r->summary->nr - 1);
	fact_put(out, "Runs that count", text);
	fact_put(out, "Seed of the order", r->seed);
	snprintf(text, sizeof(text), "%+.1f %% in the second half", 100 * r->summary->drift);
	fact_put(out, "The control's wall time", isnan(r->summary->drift) ? "too few runs to tell" : text);
	if (!uname(&system)) {
		snprintf(text, sizeof(text), "%.40s %.40s %.40s, %ld CPUs", system.sysname, system.release, system.machine,
			 sysconf(_SC_NPROCESSORS_ONLN));
		fact_put(out, "Machine", text);
	}
	if (gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", &tm))
		fact_put(out, "Made", text);
	fact_put(out, "xferdb", r->version);
	fputs("</dl>\n", out);
}

static void configuration_put(FILE *out, const struct tr_report *r, unsigned cell)
{
	bool best = cell && tr_summary_best(r->summary, r->sweep, cell);
	char label[400];

	fprintf(out, "<tr%s><th scope=\"row\">", best ? " class=\"best\"" : "");
	tr_put_text(out, tr_sweep_label(r->sweep, cell, label, sizeof(label)));
	if (best)
		fputs(" (best)", out);
}

static void cells_put(FILE *out, const struct tr_report *r)
{
	static const char *const heads[] = { "wall, s", "interval", "MiB/s", "CPU, s", "memory, MiB", "peak requests", "retries a run",
					     "to control", "runs" };

	fputs("<section aria-labelledby=\"all\"><h2 id=\"all\">All configurations</h2>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table of all configurations\"><table><thead><tr><th scope=\"col\">configuration", out);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		fprintf(out, "<th scope=\"col\">%s", heads[i]);
	fputs("<th scope=\"col\" class=\"word\">answer<th scope=\"col\" class=\"word\">outcome</tr></thead><tbody>\n", out);
	for (unsigned i = 0; i < r->summary->nr; i++) {
		const struct tr_cell *c = &r->summary->cells[i];
		configuration_put(out, r, i);
		time_put(out, &c->measures[TR_BY_WALL], 1e-9);
		median_put(out, &c->measures[TR_BY_THROUGHPUT], 1.0 / 1048576);
		median_put(out, &c->measures[TR_BY_CPU], 1e-9);
		median_put(out, &c->measures[TR_BY_MEMORY], 1.0 / 1048576);
		fprintf(out, "<td>%u", c->peak);
		number_put(out, c->retries);
		if (c->against > 0)
			number_put(out, c->against);
		else
			fputs("<td>–", out);
		fprintf(out, "<td>%u", c->runs);
		if (c->failed)
			fprintf(out, ", %u failed", c->failed);
		fputs("<td class=\"word\">", out);
		tr_put_text(out, c->answer);
		fputs("<td class=\"word\">", out);
		tr_put_text(out, c->outcome);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></section>\n", out);
}

static void failures_put(FILE *out, const struct tr_report *r)
{
	bool any = false;
	char label[400];

	for (unsigned i = 0; i < r->summary->nr; i++) {
		const struct tr_cell *c = &r->summary->cells[i];
		if (!c->last_failure)
			continue;
		if (!any)
			fputs("<section aria-labelledby=\"failed\"><h2 id=\"failed\">What failed</h2>\n<ul>\n", out);
		any = true;
		fputs("<li>", out);
		tr_put_text(out, tr_sweep_label(r->sweep, i, label, sizeof(label)));
		fprintf(out, ", %u of %u: ", c->failed, c->runs);
		tr_put_text(out, c->last_failure->error);
		fputs("</li>\n", out);
	}
	if (any)
		fputs("</ul></section>\n", out);
}

static void causes_put(FILE *out, const struct tr_report *r)
{
	fputs("<section aria-labelledby=\"causes\"><h2 id=\"causes\">Where the threads’ time went</h2>\n<p class=\"soft\">Seconds, summed over threads and requests, so they may exceed the wall time; medians. ", out);
	for (unsigned k = 0; k < TR_CAUSE_COUNT; k++)
		fprintf(out, "%s<em>%s</em>: %s", k ? "; " : "", tr_cause_name(k), tr_cause_sentence(k));
	fputs(".</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Time by cause\"><table><thead><tr><th scope=\"col\">configuration", out);
	for (unsigned k = 0; k < TR_CAUSE_COUNT; k++)
		fprintf(out, "<th scope=\"col\">%s", tr_cause_name(k));
	fputs("</tr></thead><tbody>\n", out);
	for (unsigned i = 0; i < r->summary->nr; i++) {
		configuration_put(out, r, i);
		for (unsigned k = 0; k < TR_CAUSE_COUNT; k++)
			if (r->summary->cells[i].measures[TR_BY_WALL].nr)
				number_put(out, r->summary->cells[i].causes[k] / 1e9);
			else
				fputs("<td>–", out);
		fputs("</tr>\n", out);
	}
	fputs("</tbody></table></div></section>\n", out);
}

static bool any_predicted(const struct tr_summary *s)
{
	for (unsigned i = 0; i < s->nr; i++)
		if (!isnan(tr_cell_off(&s->cells[i])))
			return true;
	return false;
}

static void predictions_put(FILE *out, const struct tr_report *r)
{
	static const char *const heads[] = { "predicted, s", "between", "measured, s", "interval", "off, %" };

	if (!any_predicted(r->summary))
		return;
	fputs("<section aria-labelledby=\"foretold\"><h2 id=\"foretold\">Predictions, checked</h2>\n<p class=\"soft\">What the control’s runs, replayed under the limits of a configuration, foretold of its wall time, and what was measured.</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Predictions\"><table><thead><tr><th scope=\"col\">configuration", out);
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		fprintf(out, "<th scope=\"col\">%s", heads[i]);
	fputs("</tr></thead><tbody>\n", out);
	for (unsigned i = 1; i < r->summary->nr; i++) {
		const struct tr_cell *c = &r->summary->cells[i];
		if (isnan(tr_cell_off(c)))
			continue;
		configuration_put(out, r, i);
		time_put(out, &c->predicted, 1e-9);
		time_put(out, &c->measures[TR_BY_WALL], 1e-9);
		fprintf(out, "<td>%+.1f</tr>\n", 100 * tr_cell_off(c));
	}
	fputs("</tbody></table></div></section>\n", out);
}

static void figure_put(FILE *out, const struct tr_report *r, const struct tr_plot *p)
{
	char text[1200];

	fputs("<figure>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Picture: ", out);
	tr_put_text(out, tr_plot_title(r, p, text, sizeof(text)));
	fputs("\">", out);
	tr_plot_draw(out, r, p, false);
	fputs("</div>\n<figcaption>", out);
	tr_put_text(out, tr_plot_sentence(r, p, text, sizeof(text)));
	fputs("</figcaption>\n<details><summary>The numbers behind it</summary><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Numbers: ", out);
	tr_put_text(out, tr_plot_title(r, p, text, sizeof(text)));
	fputs("\">", out);
	tr_plot_table(out, r, p);
	fputs("</div></details>\n</figure>\n", out);
}

static void figures_put(FILE *out, const struct tr_report *r, const struct tr_plot *plots, unsigned nr, bool cut)
{
	static const char *const heads[] = { "By axis", "Two axes together", "Typical runs" };
	int kind = -1;

	for (unsigned i = 0; i < nr; i++) {
		if ((int)plots[i].kind != kind) {
			kind = (int)plots[i].kind;
			fprintf(out, "%s<section aria-labelledby=\"k%d\"><h2 id=\"k%d\">%s</h2>\n", i ? "</section>\n" : "", kind, kind,
				heads[kind]);
		}
		figure_put(out, r, &plots[i]);
	}
	if (nr)
		fputs("</section>\n", out);
	if (cut)
		fprintf(out, "<p class=\"soft\">Of each kind at most %d pictures are drawn; the table has all configurations.</p>\n",
			TR_PANELS_MAX);
}

static void head_put(FILE *out, const struct tr_report *r)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<link rel=\"icon\" href=\"data:,\">\n<title>Experiment: ", out);
	tr_put_text(out, r->subject);
	fprintf(out, "</title>\n<style>%s%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#all\">To the table of all configurations</a>\n<main>\n<h1>Experiment: ",
		page_style, tr_plot_style);
	tr_put_text(out, strrchr(r->subject, '/') ? strrchr(r->subject, '/') + 1 : r->subject);
	fputs("</h1>\n", out);
}

/* Intervals promise what their level says: the lowest that occurs. */
static void method_put(FILE *out, const struct tr_report *r)
{
	bool warm_up = false;
	double level = 1;

	for (size_t i = 0; i < r->results->nr; i++)
		warm_up |= !r->results->list[i].round;
	for (unsigned i = 0; i < r->summary->nr; i++)
		if (r->summary->cells[i].measures[TR_BY_WALL].nr)
			level = fmin(level, r->summary->cells[i].measures[TR_BY_WALL].level);
	fprintf(out, "<section aria-labelledby=\"how\"><h2 id=\"how\">How it was measured</h2>\n<p>Every run is a process of its own. Each round visits all configurations and the control once, in an order drawn from the seed%s. Wall time is the call’s; throughput is the object’s size over the time until it was stored. Intervals are of the median, from order statistics, which assume nothing about the distribution: here they hold it with at least %.1f&nbsp;%%.</p></section>\n",
		warm_up ? "; the first round warms up and does not count" : "", 100 * level);
}

static FILE *file_begin(const char *path, struct xf_error *err)
{
	FILE *out = fopen(path, "we");

	if (!out)
		xf_fail_errno(err, XF_IO, errno, "cannot write %s", path);
	return out;
}

static enum xf_status file_end(FILE *out, const char *path, struct xf_error *err)
{
	bool failed = ferror(out);

	return fclose(out) || failed ? xf_fail_errno(err, XF_IO, errno, "cannot write %s", path) : XF_OK;
}

enum xf_status tr_report_html(const struct tr_report *report, const char *path, struct xf_error *err)
{
	struct tr_plot *plots;
	unsigned nr;
	bool cut;
	enum xf_status status = tr_plots(report, &plots, &nr, &cut, err);
	FILE *out = status ? NULL : file_begin(path, err);

	if (!out) {
		if (!status)
			free(plots);
		return status ? status : XF_IO;
	}
	head_put(out, report);
	lead_put(out, report);
	facts_put(out, report);
	figures_put(out, report, plots, nr, cut);
	cells_put(out, report);
	failures_put(out, report);
	predictions_put(out, report);
	causes_put(out, report);
	method_put(out, report);
	fputs("</main>\n</body>\n</html>\n", out);
	free(plots);
	return file_end(out, path, err);
}

enum xf_status tr_report_svgs(const struct tr_report *report, const char *folder, struct xf_error *err)
{
	struct tr_plot *plots;
	unsigned nr;
	bool cut;
	enum xf_status status = tr_plots(report, &plots, &nr, &cut, err);

	for (unsigned i = 0; !status && i < nr; i++) {
		char path[4200];
		FILE *out;
		snprintf(path, sizeof(path), "%s/%s.svg", folder, plots[i].name);
		out = file_begin(path, err);
		status = out ? XF_OK : XF_IO;
		if (out) {
			tr_plot_draw(out, report, &plots[i], true);
			status = file_end(out, path, err);
		}
	}
	if (nr)
		free(plots);
	return status;
}
