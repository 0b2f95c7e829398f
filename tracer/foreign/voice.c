/* voice: see voice.h. */
#include "tracer/foreign/voice.h"

#include <stdio.h>
#include <stdlib.h>

void tr_voice_init(struct tr_voice *v, uint32_t number, uint32_t pid, uint32_t tid,
		   const char *name, const char *role)
{
	*v = (struct tr_voice){ .number = number, .open = true, .in_use = true };
	xf_lane_init(&v->lane, number, pid, tid);
	if (!name)
		return;
	tr_voice_begin(v);
	uint32_t label = xf_text(name);
	XF_EMIT(thread_name, .id = number, .label = label, .role = xf_text(role), .tid = tid);
	tr_voice_end(v);
}

void tr_voice_fini(struct tr_voice *v)
{
	if (v->open)
		xf_lane_fini(&v->lane);
	v->open = false;
}

void tr_voice_begin(struct tr_voice *v)
{
	xf_lane_swap(&v->lane);
}

void tr_voice_end(struct tr_voice *v)
{
	xf_lane_swap(&v->lane);
}

struct tr_voice *tr_choir_take(struct tr_choir *choir)
{
	struct tr_voice *v = choir->first;
	char name[48];

	while (v && v->in_use)
		v = v->next;
	if (v) {
		v->in_use = true;
		return v;
	}
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	snprintf(name, sizeof(name), "%s-%u", choir->kind, ++choir->nr);
	tr_voice_init(v, xf_thread_reserve(), 0, 0, name, choir->kind);
	v->next = choir->first;
	choir->first = v;
	return v;
}

void tr_choir_fini(struct tr_choir *choir)
{
	while (choir->first) {
		struct tr_voice *v = choir->first;
		choir->first = v->next;
		tr_voice_fini(v);
		free(v);
	}
}
