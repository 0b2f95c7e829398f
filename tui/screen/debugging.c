/* debugging: what stops, steps and holds a run: each a command of the prompt, so that both do the same. */
#include <stdio.h>

#include "tui/screen/act.h"

const char *ui_scene_prompt_text(const struct ui_scene *s)
{
	return s->debugger.prompt ? s->debugger.prompt(s->debugger.ctx) : "(xferdb) ";
}

void ui_scene_prompt(struct ui_scene *s, const char *command)
{
	if (!s->debugger.run) {
		ui_scene_tell(s, "nothing to debug here: this is %s; start with 'xferdb debug --tui put …'",
			      s->live ? "a run without a debugger" : "a recording");
		return;
	}
	if (s->readonly) {
		ui_scene_tell(s, "--readonly: the run is only watched");
		return;
	}
	s->debugger.run(s->debugger.ctx, command);
}

/* "part 3" or "request-1": what is selected, as hold and release take it. */
static bool chosen_text(struct ui_scene *s, char *buf, size_t cap)
{
	bool parts = s->focus == UI_PANE_PARTS || s->focus == UI_PANE_EVIDENCE;

	if (parts && s->state && s->part < s->state->nr_parts)
		snprintf(buf, cap, "part %u", s->state->parts[s->part].number);
	else if (s->thread != TR_NONE)
		snprintf(buf, cap, "%s", tr_log_thread(ui_scene_run(s)->log, s->thread)->name);
	else
		return false;
	return true;
}

/* All that are tagged in the pane, else the one that is chosen. */
static void hold_chosen(struct ui_scene *s, const char *verb)
{
	const struct ui_list_view *l = &s->lists[s->focus];
	bool parts = s->focus == UI_PANE_PARTS, threads = s->focus == UI_PANE_THREADS;
	char what[96], command[128];

	for (uint32_t i = 0; (parts || threads) && i < l->nr_tags; i++) {
		if (parts && s->state && l->tags[i] < s->state->nr_parts)
			snprintf(command, sizeof(command), "%s part %u", verb, s->state->parts[l->tags[i]].number);
		else
			snprintf(command, sizeof(command), "%s %s", verb, tr_log_thread(ui_scene_run(s)->log, l->tags[i])->name);
		ui_scene_prompt(s, command);
	}
	if ((parts || threads) && l->nr_tags)
		return;
	if (!chosen_text(s, what, sizeof(what))) {
		ui_scene_tell(s, "choose a thread or a part first");
		return;
	}
	snprintf(command, sizeof(command), "%s %s", verb, what);
	ui_scene_prompt(s, command);
}

static void break_here(struct ui_scene *s)
{
	const struct ui_run *run = ui_scene_run(s);
	struct tr_event e;
	struct tr_site site;
	char command[160];

	if (run->at == TR_NONE)
		return;
	e = tr_log_event(run->log, run->at);
	site = tr_event_site(run->log, &e);
	if (site.line)
		snprintf(command, sizeof(command), "break %s:%u", site.file, site.line);
	else
		snprintf(command, sizeof(command), "break %s", xf_kind_info(e.kind)->name);
	ui_scene_prompt(s, command);
}

void ui_act_debug(struct ui_scene *s, enum ui_request request)
{
	bool recorded = !s->debugger.run;

	switch (request) {
	case UI_REQ_run_on:
		recorded ? ui_scene_request(s, UI_REQ_end, NULL) : ui_scene_prompt(s, "continue");
		break;
	case UI_REQ_step: case UI_REQ_next:
		if (recorded)
			ui_scene_request(s, UI_REQ_next_of_thread, NULL);
		else
			ui_scene_prompt(s, request == UI_REQ_step ? "step" : "next");
		break;
	case UI_REQ_finish:
		ui_scene_prompt(s, "return");
		break;
	case UI_REQ_pause:
		if (s->debugger.interrupt && !s->readonly)
			s->debugger.interrupt(s->debugger.ctx);
		else
			ui_scene_prompt(s, "interrupt");
		break;
	case UI_REQ_frame_up: case UI_REQ_frame_down:
		if (s->debugger.run)
			ui_scene_prompt(s, request == UI_REQ_frame_up ? "up" : "down");
		ui_scene_focus(s, UI_PANE_STACK);
		ui_list_move(s, request == UI_REQ_frame_up ? 1 : -1);
		break;
	case UI_REQ_break_here:
		break_here(s);
		break;
	case UI_REQ_hold:
		hold_chosen(s, "hold");
		break;
	case UI_REQ_release:
		hold_chosen(s, "release");
		break;
	case UI_REQ_abort:
		if (!s->debugger.abort || s->readonly || s->over)
			ui_scene_tell(s, s->readonly ? "--readonly: the run is only watched" : "there is no upload to abort");
		else
			s->asked = request, ui_scene_ask(s, UI_INPUT_CONFIRM, "");
		break;
	default:
		break;
	}
}
