/* display, undisplay: expressions that belong to a frame and are shown where they have changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/command.h"

/* The selected frame's; false: there is none. */
static bool current_frame(struct tr_session *s, struct tr_frame_id *out)
{
	struct tr_frame frames[TR_MAX_STACK];
	unsigned nr = tr_session_frames(s, s->thread, frames), i = s->frame < nr ? s->frame : nr - 1;
	if (!nr)
		return false;
	*out = (struct tr_frame_id){ .run = tr_run_count(s->run), .thread = s->thread, .enter = TR_NONE };
	snprintf(out->function, sizeof(out->function), "%s", frames[i].site.function);
	for (; i < nr && out->enter == TR_NONE; i++)
		out->enter = frames[i].enter;
	return true;
}

/* Is the display this frame's? One of an earlier run takes to the first frame of its function. */
static bool belongs(struct tr_display *d, const struct tr_frame_id *frame)
{
	if (!d->expression || strcmp(d->frame.function, frame->function) != 0)
		return false;
	if (d->frame.run != frame->run)
		d->frame = *frame;
	return d->frame.thread == frame->thread && d->frame.enter == frame->enter;
}

static void value_text(struct tr_session *s, const char *expression, char *buf, size_t cap)
{
	struct tr_names scope = tr_session_names(s);
	struct tr_expr_error error;
	struct tr_value v;
	if (tr_expr_eval(expression, &scope, &v, &error))
		tr_value_repr(s, &v, buf, cap);
	else
		snprintf(buf, cap, "** raised %s **", error.text);
}

void tr_displays_show(struct tr_session *s)
{
	struct tr_frame_id frame;
	char now[TR_TEXT_MAX + 8];
	if (!current_frame(s, &frame))
		return;
	for (unsigned i = 0; i < TR_MAX_DISPLAYS; i++) {
		struct tr_display *d = &s->displays[i];
		if (!belongs(d, &frame))
			continue;
		value_text(s, d->expression, now, sizeof(now));
		if (strcmp(now, d->last) != 0)
			tr_say(s, "display %s: %s  [old: %s]\n", d->expression, now, d->last);
		memcpy(d->last, now, sizeof(now));
	}
}

static void list_displays(struct tr_session *s, const struct tr_frame_id *frame)
{
	tr_say(s, "Currently displaying:\n");
	for (unsigned i = 0; i < TR_MAX_DISPLAYS; i++)
		if (belongs(&s->displays[i], frame))
			tr_say(s, "%s: %s\n", s->displays[i].expression, s->displays[i].last);
}

/* The row of that expression in that frame, or a free one; NULL: no room. */
static struct tr_display *row_for(struct tr_session *s, const struct tr_frame_id *frame, const char *expression)
{
	struct tr_display *unused = NULL;
	for (unsigned i = TR_MAX_DISPLAYS; i-- > 0;) {
		struct tr_display *d = &s->displays[i];
		if (belongs(d, frame) && strcmp(d->expression, expression) == 0)
			return d;
		if (!d->expression)
			unused = d;
	}
	return unused;
}

void tr_cmd_display(struct tr_session *s, const char *argument)
{
	struct tr_frame_id frame;
	struct tr_display *d;
	if (!current_frame(s, &frame)) {
		tr_complain(s, "there is no frame to display it in");
		return;
	}
	if (!*argument) {
		list_displays(s, &frame);
		return;
	}
	d = row_for(s, &frame, argument);
	if (!d || (!d->expression && !(d->expression = strdup(argument)))) {
		tr_complain(s, "too many displays");
		return;
	}
	d->frame = frame;
	value_text(s, argument, d->last, sizeof(d->last));
	tr_say(s, "display %s: %s\n", argument, d->last);
}

void tr_cmd_undisplay(struct tr_session *s, const char *argument)
{
	struct tr_frame_id frame;
	bool found = !*argument;
	for (unsigned i = 0; current_frame(s, &frame) && i < TR_MAX_DISPLAYS; i++) {
		struct tr_display *d = &s->displays[i];
		if (!belongs(d, &frame) || (*argument && strcmp(d->expression, argument) != 0))
			continue;
		free(d->expression);
		d->expression = NULL;
		found = true;
	}
	if (!found)
		tr_complain(s, "not displaying %s", argument);
}
