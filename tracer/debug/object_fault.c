/* object_fault: what the endpoint of --local is told to answer. */
#include "tracer/debug/object.h"

#include <stdio.h>

static bool fault_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	struct tr_session *s = ctx;
	uint32_t part;
	(void)self;
	if (!tr_object_index(index, &part) || !part || part > 10000)
		return false;
	*out = tr_value_none();
	for (unsigned i = 0; i < s->nr_faults; i++)
		if (s->faults[i][0] == part && s->faults[i][1])
			*out = tr_value_int(s->faults[i][1]);
	return true;
}

static const char *remember_fault(struct tr_session *s, uint32_t part, uint32_t status)
{
	unsigned i = 0;
	while (i < s->nr_faults && s->faults[i][0] != part)
		i++;
	if (i == sizeof(s->faults) / sizeof(s->faults[0]))
		return "too many faults";
	s->faults[i][0] = part;
	s->faults[i][1] = status;
	s->nr_faults += i == s->nr_faults;
	return NULL;
}

static const char *fault_set(void *ctx, uint32_t self, const struct tr_value *index, const struct tr_value *v)
{
	struct tr_session *s = ctx;
	uint32_t part;
	bool off = v->type == TR_VALUE_NONE || (v->type == TR_VALUE_INT && v->i == 0);
	(void)self;
	if (!tr_object_index(index, &part) || !part || part > 10000)
		return "IndexError: parts are numbered 1 to 10000";
	if (!off && (v->type != TR_VALUE_INT || v->i < 400 || v->i > 599))
		return "ValueError: an HTTP status from 400 to 599, or None";
	if (!s->target->fault)
		return "only the endpoint of --local can be told to fail";
	const char *why = s->target->fault(s->target->ctx, part, off ? 0 : (uint32_t)v->i);
	return why ? why : remember_fault(s, part, off ? 0 : (uint32_t)v->i);
}

static int64_t fault_length(void *ctx, uint32_t self)
{
	struct tr_session *s = ctx;
	int64_t n = 0;
	(void)self;
	for (unsigned i = 0; i < s->nr_faults; i++)
		n += s->faults[i][1] != 0;
	return n;
}

static void fault_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_session *s = ctx;
	size_t at = (size_t)snprintf(buf, cap, "{");
	const char *comma = "";
	(void)self;
	for (unsigned i = 0; i < s->nr_faults && at < cap; i++)
		if (s->faults[i][1]) {
			at += (size_t)snprintf(buf + at, cap - at, "%s%u: %u", comma, s->faults[i][0],
					       s->faults[i][1]);
			comma = ", ";
		}
	if (at < cap)
		snprintf(buf + at, cap - at, "}");
}

GET(fault_part)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&tr_fault_parts_class, 0);
	return true;
}

const struct tr_class tr_fault_parts_class = {
	.name = "fault.part", .summary = "parts that the endpoint of --local answers with an error: status by part",
	.item = fault_item, .set_item = fault_set, .length = fault_length, .show = fault_show,
};

const struct tr_class tr_fault_class = {
	.name = "fault", .summary = "what the endpoint of --local does wrong on request",
	.members = (const struct tr_member[]){ { "part", "", fault_part, NULL }, { NULL } }, .show = fault_show,
	.length = fault_length,
};
