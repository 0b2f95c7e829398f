#include "tracer/debug/step.h"

#include <string.h>

bool tr_step_skips(enum xf_kind kind)
{
	return kind == XF_EV_mutex_unlock || kind == XF_EV_mutex_lock;
}

static bool about_part(const struct xf_record *record, uint32_t part)
{
	const struct xf_field *f = xf_field_find(record->kind, "part");
	return f && xf_field_get(record, f) == part;
}

/* The frame is left, or has been. */
static bool is_left(const struct tr_step *step, const struct tr_passed *p)
{
	return p->depth < step->depth || (p->depth == step->depth && p->record->kind == XF_EV_frame_leave);
}

/*
 * Plain functions that a frame calls stand at its depth and in other files: their lines are not compared.
 */
static bool until_ends(const struct tr_step *step, const struct tr_passed *p)
{
	if (is_left(step, p))
		return true;
	if (p->depth != step->depth)
		return false;
	if (strcmp(p->function, step->function) != 0)
		return step->plain;
	return p->line >= step->line;
}

bool tr_step_ends(const struct tr_step *step, const struct tr_passed *p)
{
	bool own = p->thread == step->thread && !tr_step_skips(p->record->kind);
	switch (step->kind) {
	case TR_STEP:
		return own;
	case TR_NEXT:
		return own && p->depth <= step->depth;
	case TR_UNTIL:
		return own && until_ends(step, p);
	case TR_RETURN:
		return own && is_left(step, p);
	case TR_UNTIL_PART:
		return about_part(p->record, step->part);
	case TR_UNTIL_EVENT:
		return true;
	case TR_GO_ON:
		break;
	}
	return false;
}

bool tr_step_counts_frames(const struct tr_step *step)
{
	return step->kind == TR_NEXT || step->kind == TR_UNTIL || step->kind == TR_RETURN;
}
