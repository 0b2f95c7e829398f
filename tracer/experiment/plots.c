/* Which pictures an experiment has. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/experiment/plot_draw.h"

struct plots {
	const struct tr_report *report;
	struct tr_plot *list;
	unsigned nr;
	bool cut, out_of_memory;
};

static void name_clean(char *name)
{
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9')))
			*name = '-';
}

/* Names are cut and cleaned, so that two may become one: it is a file's, and an id. */
static void name_unique(const struct plots *all, char name[80])
{
	size_t len = strlen(name);
	unsigned again = 2;

	for (unsigned i = 0; i < all->nr; i++)
		if (!strcmp(all->list[i].name, name)) {
			snprintf(name + len, 80 - len, "-%u", again++);
			i = UINT_MAX; /* from the first again */
		}
}

static void plot_add(struct plots *all, struct tr_plot plot)
{
	struct tr_plot *list = realloc(all->list, (all->nr + 1) * sizeof(*list));

	if (!list) {
		all->out_of_memory = true;
		return;
	}
	all->list = list;
	name_clean(plot.name);
	name_unique(all, plot.name);
	list[all->nr++] = plot;
}

/* The next combination of the axes that a picture holds fast; false after the last. */
static bool next_panel(const struct tr_sweep *s, struct tr_plot *p)
{
	for (unsigned i = s->nr_axes; i-- > 0;) {
		if (i == p->x || i == p->y)
			continue;
		if (++p->at[i] < s->axes[i].nr_values)
			return true;
		p->at[i] = 0;
	}
	return false;
}

static void panels_add(struct plots *all, enum tr_plot_kind kind, unsigned x, unsigned y)
{
	const struct tr_sweep *s = all->report->sweep;
	struct tr_plot p = { .kind = kind, .x = x, .y = y };
	unsigned nr = 0;
	bool more;

	do {
		if (kind == TR_PLOT_HEAT)
			snprintf(p.name, sizeof(p.name), "heat-%.24s-%.24s-%u", s->axes[x].name, s->axes[y].name, nr + 1);
		else
			snprintf(p.name, sizeof(p.name), "by-%.48s-%u", s->axes[x].name, nr + 1);
		plot_add(all, p);
		more = next_panel(s, &p);
	} while (++nr < TR_PANELS_MAX && more);
	all->cut |= more;
}

/* The axis whose values become lines beside x: the first other that is not too long. */
static unsigned series_axis(const struct tr_sweep *s, unsigned x)
{
	for (unsigned i = 0; i < s->nr_axes; i++)
		if (i != x && s->axes[i].nr_values <= TR_SERIES_MAX)
			return i;
	return TR_NONE;
}

static void timeline_add(struct plots *all, unsigned cell, bool best)
{
	struct tr_plot p = { .kind = TR_PLOT_TIMELINE, .cell = cell, .best = best, .x = TR_NONE, .y = TR_NONE };
	const struct tr_sample *run = all->report->summary->cells[cell].typical;

	snprintf(p.name, sizeof(p.name), "timeline-%s", best ? "best" : "worst");
	if (cell && run && run->nr_bars)
		plot_add(all, p);
}

enum xf_status tr_plots(const struct tr_report *report, struct tr_plot **list, unsigned *nr, bool *cut, struct xf_error *err)
{
	struct plots all = { .report = report };
	const struct tr_sweep *s = report->sweep;

	for (unsigned x = 0; x < s->nr_axes; x++)
		panels_add(&all, TR_PLOT_LINES, x, series_axis(s, x));
	for (unsigned x = 0; x < s->nr_axes; x++)
		for (unsigned y = x + 1; y < s->nr_axes; y++)
			panels_add(&all, TR_PLOT_HEAT, x, y);
	timeline_add(&all, report->summary->best, true);
	if (report->summary->worst != report->summary->best)
		timeline_add(&all, report->summary->worst, false);
	if (all.out_of_memory) {
		free(all.list);
		return xf_fail(err, XF_NOMEM, "out of memory");
	}
	*list = all.list;
	*nr = all.nr;
	*cut = all.cut;
	return XF_OK;
}
