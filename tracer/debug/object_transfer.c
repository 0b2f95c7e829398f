/* object_transfer: transfers and parts, as the recording's state has them. */
#include "tracer/debug/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- parts */

static const struct tr_part_state *part_state(void *ctx, uint32_t self)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	return state && self < state->nr_parts ? &state->parts[self] : NULL;
}

static bool parts_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	uint32_t number;
	(void)self;
	for (uint32_t i = 0; state && tr_object_index(index, &number) && i < state->nr_parts; i++)
		if (state->parts[i].number == number) {
			*out = tr_value_object(&tr_part_class, i);
			return true;
		}
	return false;
}

static int64_t parts_length(void *ctx, uint32_t self)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	(void)self;
	return state ? state->nr_parts : 0;
}

static void parts_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	unsigned done = 0, flying = 0;
	for (uint32_t i = 0; state && i < state->nr_parts; i++) {
		done += state->parts[i].phase == TR_PART_DONE;
		flying += state->parts[i].phase == TR_PART_STARTED || state->parts[i].phase == TR_PART_SENT;
	}
	snprintf(buf, cap, "<parts: %" PRId64 " queued so far, %u in flight, %u done>", parts_length(ctx, self),
		 flying, done);
}

#define PART_INT(member, field)                                                                    \
	GET(part_##member)                                                                         \
	{                                                                                          \
		const struct tr_part_state *p = part_state(ctx, self);                             \
		if (p)                                                                             \
			*out = tr_value_int((int64_t)p->field);                                    \
		return p != NULL;                                                                  \
	}
PART_INT(number, number)
PART_INT(attempts, attempts)
PART_INT(offset, offset)
PART_INT(bytes, bytes)

#define PART_TIME(member)                                                                          \
	GET(part_##member)                                                                         \
	{                                                                                          \
		const struct tr_part_state *p = part_state(ctx, self);                             \
		if (p && p->member >= 0)                                                           \
			*out = tr_value_int(p->member);                                            \
		return p != NULL;                                                                  \
	}
PART_TIME(queued_ns)
PART_TIME(start_ns)
PART_TIME(sent_ns)
PART_TIME(end_ns)

GET(part_state_word)
{
	const struct tr_part_state *p = part_state(ctx, self);
	if (p)
		*out = tr_value_text(tr_part_phase_name(p->phase));
	return p != NULL;
}

GET(part_done)
{
	const struct tr_part_state *p = part_state(ctx, self);
	*out = tr_value_bool(p && p->phase == TR_PART_DONE);
	return p != NULL;
}

GET(part_held)
{
	const struct tr_part_state *p = part_state(ctx, self);
	*out = tr_value_bool(p && p->held);
	return p != NULL;
}

GET(part_thread)
{
	const struct tr_part_state *p = part_state(ctx, self);
	if (p && p->thread != TR_NONE)
		*out = tr_value_object(&tr_thread_class, p->thread);
	return p != NULL;
}

GET(part_etag)
{
	struct tr_session *s = ctx;
	const struct tr_part_state *p = part_state(ctx, self);
	if (p && p->etag)
		*out = tr_value_text(tr_log_text(s->log, s->state->transfers[p->transfer].process, p->etag));
	return p != NULL;
}

static void part_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_part_state *p = part_state(ctx, self);
	snprintf(buf, cap, "<part %u: %s, %" PRIu64 " bytes, %u attempt%s%s>", p ? p->number : 0,
		 p ? tr_part_phase_name(p->phase) : "?", p ? p->bytes : 0, p ? p->attempts : 0,
		 p && p->attempts == 1 ? "" : "s", p && p->held ? ", held" : "");
}

const struct tr_class tr_parts_class = {
	.name = "parts", .summary = "the parts queued so far, by number", .item = parts_item,
	.length = parts_length, .show = parts_show,
};

const struct tr_class tr_part_class = {
	.name = "part", .summary = "a part of a multipart upload",
	.members = (const struct tr_member[]){
		{ "number", "from 1", part_number, NULL }, { "state", "", part_state_word, NULL },
		{ "done", "", part_done, NULL }, { "held", "", part_held, NULL },
		{ "thread", "its worker", part_thread, NULL }, { "attempts", "", part_attempts, NULL },
		{ "offset", "", part_offset, NULL }, { "bytes", "", part_bytes, NULL },
		{ "queued_ns", "", part_queued_ns, NULL }, { "start_ns", "", part_start_ns, NULL },
		{ "sent_ns", "", part_sent_ns, NULL }, { "end_ns", "", part_end_ns, NULL },
		{ "etag", "", part_etag, NULL }, { NULL } },
	.show = part_show,
};

/* ---- transfers */

const struct tr_transfer_state *tr_object_transfer(void *ctx, uint32_t self)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	return state && self < state->nr_transfers ? &state->transfers[self] : NULL;
}

static int64_t transfers_length(void *ctx, uint32_t self)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	(void)self;
	return state ? state->nr_transfers : 0;
}

static bool transfers_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	uint32_t i;
	if (!tr_object_index(index, &i) || i >= transfers_length(ctx, self))
		return false;
	*out = tr_value_object(&tr_transfer_class, i);
	return true;
}

#define TRANSFER_INT(member, field)                                                                \
	GET(transfer_##member)                                                                     \
	{                                                                                          \
		const struct tr_transfer_state *t = tr_object_transfer(ctx, self);                     \
		if (t)                                                                             \
			*out = tr_value_int((int64_t)t->field);                                    \
		return t != NULL;                                                                  \
	}
TRANSFER_INT(id, id)
TRANSFER_INT(size, size)
TRANSFER_INT(part_size, part_size)
TRANSFER_INT(parts, nr_parts)
TRANSFER_INT(parts_done, parts_done)
TRANSFER_INT(in_flight, parts_in_flight)
TRANSFER_INT(bytes_read, bytes_read)
TRANSFER_INT(bytes_acked, bytes_acked)

#define TRANSFER_TEXT(member)                                                                      \
	GET(transfer_##member)                                                                     \
	{                                                                                          \
		struct tr_session *s = ctx;                                                        \
		const struct tr_transfer_state *t = tr_object_transfer(ctx, self);                     \
		if (t && t->member)                                                                \
			*out = tr_value_text(tr_log_text(s->log, t->process, t->member));          \
		return t != NULL;                                                                  \
	}
TRANSFER_TEXT(bucket)
TRANSFER_TEXT(key)
TRANSFER_TEXT(upload_id)
TRANSFER_TEXT(etag)

GET(transfer_status)
{
	const struct tr_transfer_state *t = tr_object_transfer(ctx, self);
	if (t)
		*out = tr_value_text(xf_state_name(t->state));
	return t != NULL;
}

GET(transfer_done)
{
	const struct tr_transfer_state *t = tr_object_transfer(ctx, self);
	*out = tr_value_bool(t && t->done != TR_NONE);
	return t != NULL;
}

GET(transfer_multipart)
{
	const struct tr_transfer_state *t = tr_object_transfer(ctx, self);
	if (t && t->planned)
		*out = tr_value_bool(t->multipart);
	return t != NULL;
}

static void transfer_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_session *s = ctx;
	const struct tr_transfer_state *t = tr_object_transfer(ctx, self);
	if (!t)
		snprintf(buf, cap, "<transfer>");
	else
		snprintf(buf, cap, "<transfer %u s3://%s/%s: %s, %u of %u parts done>", t->id,
			 tr_log_text(s->log, t->process, t->bucket), tr_log_text(s->log, t->process, t->key),
			 xf_state_name(t->state), t->parts_done, t->nr_parts);
}

const struct tr_class tr_transfers_class = {
	.name = "transfers", .summary = "the transfers, by number", .item = transfers_item,
	.length = transfers_length,
};

const struct tr_class tr_transfer_class = {
	.name = "transfer", .summary = "a transfer: what its future knows",
	.members = (const struct tr_member[]){
		{ "id", "", transfer_id, NULL }, { "bucket", "", transfer_bucket, NULL },
		{ "key", "", transfer_key, NULL }, { "status", "", transfer_status, NULL },
		{ "done", "the done event is set", transfer_done, NULL }, { "size", "", transfer_size, NULL },
		{ "multipart", "", transfer_multipart, NULL }, { "part_size", "", transfer_part_size, NULL },
		{ "parts", "planned", transfer_parts, NULL }, { "parts_done", "", transfer_parts_done, NULL },
		{ "in_flight", "", transfer_in_flight, NULL }, { "bytes_read", "", transfer_bytes_read, NULL },
		{ "bytes_acked", "", transfer_bytes_acked, NULL }, { "upload_id", "", transfer_upload_id, NULL },
		{ "etag", "", transfer_etag, NULL }, { NULL } },
	.show = transfer_show,
};
