#include "tui/screen/bar.h"

#include <string.h>

#include "tui/screen/view.h"

enum { MAX_WORDS = 9, GAP = 2 };

#define R(name) UI_REQ_##name

/* ORDER panes. What goes with each, most wanted first; Enter stands before all. */
static const enum ui_request of_pane[UI_PANE_COUNT][MAX_WORDS] = {
	[UI_PANE_TIMELINE] = { R(zoom_in), R(zoom_out), R(zoom_fit), R(next_event), R(previous_event), R(arrow), R(zoom_call), R(at_time) },
	[UI_PANE_THREADS] = { R(next_of_thread), R(filter), R(search), R(sort), R(tree), R(tag) },
	[UI_PANE_SEMAPHORES] = { R(last_zero), R(next_of_object), R(filter), R(sort), R(tag) },
	[UI_PANE_PARTS] = { R(next_of_part), R(filter), R(sort), R(tag) },
	[UI_PANE_EVENTS] = { R(search), R(filter), R(search_next), R(arrow), R(wrap), R(tag) },
	[UI_PANE_JOIN] = { R(call_return), R(pane_evidence) },
	[UI_PANE_STACK] = { R(frame_up), R(frame_down), R(next_of_thread) },
	[UI_PANE_REQUESTS] = { R(filter), R(search), R(sort), R(tag) },
	[UI_PANE_EVIDENCE] = { R(left), R(right), R(arrow) },
	[UI_PANE_PROMPT] = { R(pane_prompt) },
};

static const enum ui_request of_debugger[] = { R(run_on), R(pause), R(step), R(next), R(finish), R(break_here), R(hold), R(release), 0 };
static const enum ui_request of_live[] = { R(freeze), R(follow), 0 };
static const enum ui_request of_two[] = { R(other_run), 0 };
static const enum ui_request of_all[] = { R(next_pane), R(maximise), R(back), R(command), R(theme), 0 };
static const enum ui_request first_of_all[] = { R(quit), R(help), 0 };

struct making {
	const struct ui_scene *s;
	struct ui_bar_entry *list;
	int nr, x, columns;
};

static void add(struct making *m, enum ui_request request, const char *word)
{
	struct ui_bar_entry *e = &m->list[m->nr];

	for (int i = 0; i < m->nr; i++)
		if (m->list[i].request == request)
			return;
	if (m->nr == UI_MAX_BAR || !*word || !*ui_keys_here(&m->s->keys, request, ui_scene_contexts(m->s), e->key, sizeof(e->key)))
		return;
	*e = (struct ui_bar_entry){ request, "", word, m->x, (int)(strlen(e->key) + 1 + strlen(word)) };
	ui_keys_here(&m->s->keys, request, ui_scene_contexts(m->s), e->key, sizeof(e->key));
	if (m->x + e->columns > m->columns)
		return;
	m->x += e->columns + GAP;
	m->nr++;
}

static void add_all(struct making *m, const enum ui_request *list, int most)
{
	for (int i = 0; i < most && list[i]; i++)
		add(m, list[i], ui_request_info(list[i])->bar);
}

int ui_bar_make(const struct ui_scene *s, int columns, struct ui_bar_entry list[UI_MAX_BAR])
{
	struct making m = { s, list, 0, 0, columns };
	const char *opens = ui_views[s->focus]->opens;

	add_all(&m, first_of_all, MAX_WORDS);
	if (s->focus == UI_PANE_HELP) {
		add(&m, UI_REQ_back, "back");
		add(&m, UI_REQ_page_down, "a page on");
		add(&m, UI_REQ_page_up, "a page back");
		return m.nr;
	}
	if (s->debugger.run && !s->over)
		add_all(&m, of_debugger, MAX_WORDS);
	if (opens)
		add(&m, UI_REQ_enter, opens);
	if (s->nr_crumbs)
		add(&m, UI_REQ_back, "back");
	if (s->live && !s->over)
		add_all(&m, of_live, MAX_WORDS);
	add_all(&m, of_pane[s->focus], MAX_WORDS);
	if (ui_scene_shown(s)->verdicts && ui_scene_shown(s)->verdicts->nr > 1)
		add(&m, UI_REQ_next_call, ui_request_info(UI_REQ_next_call)->bar);
	if (s->nr_runs > 1)
		add_all(&m, of_two, MAX_WORDS);
	add_all(&m, of_all, MAX_WORDS);
	return m.nr;
}
