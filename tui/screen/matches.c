#include "tui/screen/matches.h"

#include <stdio.h>
#include <stdlib.h>

static void forget(struct ui_matches *m)
{
	m->found.nr = 0;
	m->at = 0;
}

enum xf_status ui_matches_set(struct ui_matches *m, const char *text, struct xf_error *err)
{
	struct tr_filter *filter = NULL;
	enum xf_status status = *text ? tr_filter_parse(text, &filter, err) : XF_OK;

	if (status)
		return status;
	tr_filter_free(m->filter);
	m->filter = filter;
	m->inverse = false;
	snprintf(m->text, sizeof(m->text), "%s", text);
	forget(m);
	return XF_OK;
}

void ui_matches_fini(struct ui_matches *m)
{
	tr_filter_free(m->filter);
	free(m->found.list);
	*m = (struct ui_matches){ .filter = NULL };
}

void ui_matches_invert(struct ui_matches *m)
{
	m->inverse = !m->inverse;
	forget(m);
}

bool ui_matches_has(const struct ui_matches *m, const struct tr_log *log, uint32_t event)
{
	struct tr_event e = tr_log_event(log, event);

	return !m->filter || tr_filter_match(m->filter, log, &e) != m->inverse;
}

static bool push(struct ui_events *e, uint32_t event)
{
	if (e->nr == e->cap) {
		uint32_t cap = e->cap ? 2 * e->cap : 256, *list = realloc(e->list, cap * sizeof(*list));
		if (!list)
			return false;
		e->list = list;
		e->cap = cap;
	}
	e->list[e->nr++] = event;
	return true;
}

bool ui_matches_advance(struct ui_matches *m, const struct tr_log *log, uint32_t nr_events)
{
	uint32_t nr = tr_log_nr_events(log), end = nr - m->at > nr_events ? m->at + nr_events : nr;

	if (!m->filter)
		return true;
	for (; m->at < end; m->at++)
		if (ui_matches_has(m, log, m->at) && !push(&m->found, m->at))
			return true;
	return m->at == nr;
}

uint32_t ui_matches_nr(const struct ui_matches *m, const struct tr_log *log)
{
	return m->filter ? m->found.nr : tr_log_nr_events(log);
}

uint32_t ui_matches_get(const struct ui_matches *m, uint32_t i)
{
	return m->filter ? m->found.list[i] : i;
}

uint32_t ui_matches_place(const struct ui_matches *m, uint32_t event)
{
	uint32_t low = 0, high = m->found.nr;

	if (!m->filter)
		return event;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		if (m->found.list[mid] < event)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}
