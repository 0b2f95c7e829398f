/* step, next, until, return, continue, jump, run, quit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

/* A resuming command after the end starts again, as pdb's does; but uploads to nobody else's service. */
static bool begin_again(struct tr_session *s)
{
	if (!s->over || !s->live)
		return false;
	if (!s->target->may_repeat) {
		tr_complain(s, "The run is over. 'run' repeats it, and %sloads again.",
			    s->target->name && strcmp(s->target->name, "get") == 0 ? "down" : "up");
		return true;
	}
	if (*tr_session_error(s))
		tr_say(s, "Post mortem debugger finished. The %s will be restarted\n",
		       s->target->name ? s->target->name : "program");
	tr_session_start(s);
	return true;
}

static uint32_t depth_of(struct tr_session *s)
{
	struct tr_point p;
	if (!s->log)
		return 0;
	uint32_t number = tr_log_thread(s->log, s->thread)->number;
	if (s->live && tr_run_last(s->run, number, &p) && tr_run_point(s->run, number, &p))
		return p.depth;
	uint32_t depth = s->state && s->thread < s->state->nr_threads ? s->state->threads[s->thread].depth : 0;
	struct tr_place place;
	if (tr_session_place(s, s->thread, &place) && place.event.kind == XF_EV_frame_leave && !place.pending)
		depth++;
	return depth;
}

/* The depth of the selected frame; plain functions count as the instrumented one they are in. */
static uint32_t frame_depth(struct tr_session *s)
{
	struct tr_frame frames[TR_MAX_STACK];
	unsigned nr = tr_session_frames(s, s->thread, frames), below = 0;
	for (unsigned i = 0; i < s->frame && i < nr; i++)
		below += frames[i].enter != TR_NONE;
	uint32_t depth = depth_of(s);
	return depth > below ? depth - below : 0;
}

static void in_function(struct tr_session *s, struct tr_step *step)
{
	struct tr_frame frame;
	if (!tr_session_frame(s, &frame))
		return;
	snprintf(step->function, sizeof(step->function), "%s", frame.site.function);
	step->plain = frame.enter == TR_NONE;
}

static struct tr_step make_step(struct tr_session *s, enum tr_step_kind kind)
{
	struct tr_step step = { .kind = kind, .depth = frame_depth(s), .alone = s->scheduler };
	struct tr_place place;
	if (s->log)
		step.thread = tr_log_thread(s->log, s->thread)->number;
	if (kind == TR_UNTIL)
		in_function(s, &step);
	if (s->frame || !tr_session_place(s, s->thread, &place) || place.event.kind != XF_EV_frame_leave)
		return step;
	/* at its return a frame has no more events: as pdb, the caller's next is meant */
	if (kind == TR_NEXT || kind == TR_UNTIL)
		step.kind = TR_STEP;
	else if (kind == TR_RETURN && step.depth)
		step.depth--;
	return step;
}

static void go(struct tr_session *s, enum tr_step_kind kind)
{
	if (begin_again(s))
		return;
	struct tr_step step = make_step(s, kind);
	tr_session_go(s, &step);
}

void tr_cmd_step(struct tr_session *s, const char *argument)
{
	(void)argument;
	go(s, TR_STEP);
}

void tr_cmd_next(struct tr_session *s, const char *argument)
{
	(void)argument;
	go(s, TR_NEXT);
}

void tr_cmd_return_(struct tr_session *s, const char *argument)
{
	(void)argument;
	go(s, TR_RETURN);
}

void tr_cmd_continue_(struct tr_session *s, const char *argument)
{
	const struct tr_step step = { .kind = TR_GO_ON };
	bool post_mortem = s->over && *tr_session_error(s);
	(void)argument;
	/* after a failure it starts again only: as pdb, which asks there what to do */
	if (!begin_again(s) || (!s->over && !post_mortem))
		tr_session_go(s, &step);
}

static bool until_thing(struct tr_session *s, const char *argument, struct tr_step *step)
{
	char *end;
	size_t n = strcspn(argument, " \t");
	const char *number = argument + n + strspn(argument + n, " \t");
	bool part = strncmp(argument, "part", n) == 0 && n == 4;
	bool event = strncmp(argument, "event", n) == 0 && n == 5;
	if (!part && !event)
		return false;
	unsigned long value = strtoul(number, &end, 10);
	if (strspn(number, "0123456789") != strlen(number) || !*number || value > UINT32_MAX) {
		tr_complain(s, "Error in argument: '%s'", argument);
		step->kind = TR_GO_ON;
		return true;
	}
	step->kind = part ? TR_UNTIL_PART : TR_UNTIL_EVENT;
	step->part = step->line = (uint32_t)value;
	if (event && s->log && value <= tr_session_at(s)) {
		tr_complain(s, "event %lu is not above the current one: see 'goto'", value);
		step->kind = TR_GO_ON;
	}
	return true;
}

void tr_cmd_until(struct tr_session *s, const char *argument)
{
	struct tr_frame frame = { .line = 0 };
	char *end;
	if (begin_again(s))
		return;
	struct tr_step step = make_step(s, TR_UNTIL);
	if (*argument && until_thing(s, argument, &step)) {
		if (step.kind != TR_GO_ON)
			tr_session_go(s, &step);
		return;
	}
	tr_session_frame(s, &frame);
	long line = *argument ? strtol(argument, &end, 10) : (long)frame.line + 1;
	if (*argument && *end) {
		tr_complain(s, "Error in argument: '%s'", argument);
	} else if (*argument && line <= (long)frame.line) {
		tr_complain(s, "\"until\" line number is smaller than current line number");
	} else {
		step.line = line < UINT32_MAX ? (uint32_t)line : UINT32_MAX;
		tr_session_go(s, &step);
	}
}

void tr_cmd_jump(struct tr_session *s, const char *argument)
{
	if (s->frame) {
		tr_complain(s, "You can only jump within the bottom frame");
	} else if (!*argument || strspn(argument, "0123456789") != strlen(argument)) {
		tr_complain(s, "The 'jump' command requires a line number");
	} else if (s->live && !s->over) {
		tr_complain(s, "Jump failed: what a transfer has done cannot be skipped or undone "
			       "(in the recording: back, goto)");
	} else {
		tr_cmd_goto_(s, argument);
	}
}

/* The run under way is given up first: what it was told is not the next one's business. */
static void end_this_run(struct tr_session *s)
{
	struct tr_point point;
	if (!tr_run_alive(s->run))
		return;
	if (s->target->cancel)
		s->target->cancel(s->target->ctx, "the run is started again");
	tr_run_let_go(s->run);
	tr_run_wait(s->run, &point);
}

void tr_cmd_run(struct tr_session *s, const char *argument)
{
	const struct tr_target *t = s->target;
	const char *why = NULL;
	if (*argument)
		why = t->arguments ? t->arguments(t->ctx, argument, false) : "no other arguments can be given here";
	if (why) {
		tr_complain(s, "Cannot run %s: %s", argument, why);
		return;
	}
	end_this_run(s);
	if (*argument)
		t->arguments(t->ctx, argument, true);
	tr_say(s, "Restarting %s with arguments:\n\t%s\n", t->name ? t->name : "", t->given ? t->given(t->ctx) : "");
	tr_session_start(s);
}

void tr_cmd_quit(struct tr_session *s, const char *argument)
{
	(void)argument;
	s->done = true;
}
