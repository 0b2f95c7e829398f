/*
 * object: the names of expressions: roots, their classes, and what each member
 * is read from. Everything but `config` and `fault` is read from the recording's state.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/debug/session.h"
#include "tracer/verdict/verdict.h"

#define GET(name)                                                                                  \
	static bool name(void *ctx, uint32_t self, struct tr_value *out)

static const struct tr_class config_class, manager_class, semaphores_class, semaphore_class, parts_class,
	part_class, threads_class, thread_class, transfers_class, transfer_class, event_class, call_class,
	verdict_class, fault_class, fault_parts_class;

static const struct tr_state *state_of(void *ctx)
{
	struct tr_session *s = ctx;
	if (!s->state)
		tr_session_refresh(s);
	return s->state;
}

static bool as_index(const struct tr_value *v, uint32_t *i)
{
	if (v->type != TR_VALUE_INT || v->i < 0 || v->i >= UINT32_MAX)
		return false;
	*i = (uint32_t)v->i;
	return true;
}

/* ---- config */

static bool config_get(void *ctx, uint32_t self, const char *name, struct tr_value *out)
{
	struct tr_session *s = ctx;
	const uint64_t *value = s->target->config ? xf_transfer_config_find(s->target->config, name) : NULL;
	(void)self;
	if (value)
		*out = strcmp(name, "use_threads") == 0 || strcmp(name, "use-threads") == 0
		       ? tr_value_bool(*value != 0) : tr_value_int((int64_t)*value);
	return value != NULL;
}

static const char *config_set(void *ctx, uint32_t self, const char *name, const struct tr_value *v)
{
	struct tr_session *s = ctx;
	struct xf_error err = XF_ERROR_INIT;
	uint64_t *field = s->target->config ? xf_transfer_config_find(s->target->config, name) : NULL;
	int64_t value = v->type == TR_VALUE_BOOL ? v->b : v->i;
	(void)self;
	if (!field)
		return "AttributeError: 'config' object has no such attribute";
	if (v->type != TR_VALUE_INT && v->type != TR_VALUE_BOOL)
		return "TypeError: a whole number is wanted";
	if (s->target->config_open && !s->target->config_open(s->target->ctx))
		return "the manager has its configuration already; set it before the submit (after 'run')";
	uint64_t before = *field;
	*field = value < 0 ? 0 : (uint64_t)value;
	if (value >= 0 && xf_transfer_config_check(s->target->config, &err) == XF_OK)
		return NULL;
	*field = before;
	return "ValueError: it must be greater than 0";
}

/* boto3's own spelling stands first: max_concurrency, where the field has a longer name. */
static const char *config_name(void *ctx, uint32_t self, unsigned i)
{
	(void)ctx, (void)self;
	if (i >= xf_nr_transfer_config_fields)
		return NULL;
	const char *alias = xf_transfer_config_fields[i].alias;
	return alias && strcmp(alias, "max_concurrency") == 0 ? alias : xf_transfer_config_fields[i].name;
}

static int64_t config_length(void *ctx, uint32_t self)
{
	(void)ctx, (void)self;
	return xf_nr_transfer_config_fields;
}

static void config_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	size_t at = (size_t)snprintf(buf, cap, "<config");
	struct tr_value v;
	char text[64];
	static const char *const shown[] = { "multipart_threshold", "multipart_chunksize", "max_concurrency",
					     "use_threads" };
	for (unsigned i = 0; i < 4 && at < cap; i++)
		if (config_get(ctx, self, shown[i], &v))
			at += (size_t)snprintf(buf + at, cap - at, " %s=%s", shown[i],
					       tr_value_repr(ctx, &v, text, sizeof(text)));
	if (at < cap)
		snprintf(buf + at, cap - at, ">");
}

static const struct tr_class config_class = {
	.name = "config", .summary = "the transfer's knobs, as boto3's TransferConfig names them",
	.other = config_get, .set_other = config_set, .other_name = config_name, .length = config_length,
	.show = config_show,
};

/* ---- semaphores */

static bool is_sem(struct tr_session *s, uint32_t i)
{
	return tr_log_object(s->log, i)->init == XF_EV_sem_init && s->state->objects[i].alive;
}

static bool semaphore_find(void *ctx, uint32_t self, const char *name, struct tr_value *out)
{
	struct tr_session *s = ctx;
	char dashes[64];
	(void)self;
	snprintf(dashes, sizeof(dashes), "%s", name);
	for (char *p = dashes; *p; p++)
		*p = *p == '_' ? '-' : *p;
	for (uint32_t i = 0; state_of(ctx) && i < s->state->nr_objects; i++)
		if (is_sem(s, i) && (strcmp(tr_log_object(s->log, i)->name, name) == 0 ||
				     strcmp(tr_log_object(s->log, i)->name, dashes) == 0)) {
			*out = tr_value_object(&semaphore_class, i);
			return true;
		}
	return false;
}

static bool semaphore_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	return index->type == TR_VALUE_TEXT && semaphore_find(ctx, self, index->text, out);
}

static const char *semaphore_name(void *ctx, uint32_t self, unsigned n)
{
	struct tr_session *s = ctx;
	(void)self;
	for (uint32_t i = 0; state_of(ctx) && i < s->state->nr_objects; i++)
		if (is_sem(s, i) && n-- == 0)
			return tr_log_object(s->log, i)->name;
	return NULL;
}

static int64_t semaphores_length(void *ctx, uint32_t self)
{
	unsigned n = 0;
	while (semaphore_name(ctx, self, n))
		n++;
	return n;
}

static const struct tr_object_state *object_state(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	return state && self < state->nr_objects ? &state->objects[self] : NULL;
}

#define OBJECT_MEMBER(member)                                                                      \
	GET(semaphore_##member)                                                                    \
	{                                                                                          \
		const struct tr_object_state *o = object_state(ctx, self);                         \
		if (o)                                                                             \
			*out = tr_value_int((int64_t)o->member);                                   \
		return o != NULL;                                                                  \
	}
OBJECT_MEMBER(value)
OBJECT_MEMBER(waiters)
OBJECT_MEMBER(waits)
OBJECT_MEMBER(wait_ns)
OBJECT_MEMBER(max_in_use)

GET(semaphore_capacity)
{
	struct tr_session *s = ctx;
	*out = tr_value_int(tr_log_object(s->log, self)->capacity);
	return true;
}

GET(semaphore_get_name)
{
	struct tr_session *s = ctx;
	*out = tr_value_text(tr_log_object(s->log, self)->name);
	return true;
}

static void semaphore_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_session *s = ctx;
	const struct tr_object_state *o = object_state(ctx, self);
	snprintf(buf, cap, "<semaphore %s value=%" PRId64 " of %" PRId64 ">", tr_log_object(s->log, self)->name,
		 o ? o->value : 0, tr_log_object(s->log, self)->capacity);
}

static const struct tr_class semaphores_class = {
	.name = "semaphores", .summary = "the permits of the pools", .other = semaphore_find,
	.other_name = semaphore_name, .item = semaphore_item, .length = semaphores_length,
};

static const struct tr_class semaphore_class = {
	.name = "semaphore", .summary = "a counting semaphore",
	.members = (const struct tr_member[]){
		{ "name", "", semaphore_get_name, NULL },
		{ "value", "permits left", semaphore_value, NULL },
		{ "capacity", "permits in all", semaphore_capacity, NULL },
		{ "waiters", "threads waiting now", semaphore_waiters, NULL },
		{ "waits", "waits that really waited", semaphore_waits, NULL },
		{ "wait_ns", "their time", semaphore_wait_ns, NULL },
		{ "max_in_use", "", semaphore_max_in_use, NULL },
		{ NULL } },
	.show = semaphore_show,
};

/* ---- parts */

static const struct tr_part_state *part_state(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	return state && self < state->nr_parts ? &state->parts[self] : NULL;
}

static bool parts_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	const struct tr_state *state = state_of(ctx);
	uint32_t number;
	(void)self;
	for (uint32_t i = 0; state && as_index(index, &number) && i < state->nr_parts; i++)
		if (state->parts[i].number == number) {
			*out = tr_value_object(&part_class, i);
			return true;
		}
	return false;
}

static int64_t parts_length(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	(void)self;
	return state ? state->nr_parts : 0;
}

static void parts_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_state *state = state_of(ctx);
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
		*out = tr_value_object(&thread_class, p->thread);
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

static const struct tr_class parts_class = {
	.name = "parts", .summary = "the parts queued so far, by number", .item = parts_item,
	.length = parts_length, .show = parts_show,
};

static const struct tr_class part_class = {
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

/* ---- threads */

static const struct tr_thread_state *thread_state(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	return state && self < state->nr_threads ? &state->threads[self] : NULL;
}

static int64_t threads_length(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	(void)self;
	return state ? state->nr_threads : 0;
}

static bool threads_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	struct tr_session *s = ctx;
	uint32_t i = TR_NONE;
	if (index->type == TR_VALUE_TEXT)
		i = s->log ? tr_log_thread_named(s->log, index->text) : TR_NONE;
	else if (!as_index(index, &i))
		return false;
	if (i == TR_NONE || i >= threads_length(ctx, self))
		return false;
	*out = tr_value_object(&thread_class, i);
	return true;
}

static void threads_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	size_t at = (size_t)snprintf(buf, cap, "[");
	for (uint32_t i = 0; i < threads_length(ctx, self) && at < cap; i++)
		at += (size_t)snprintf(buf + at, cap - at, "%s%s", i ? ", " : "", tr_session_thread_name(ctx, i));
	if (at < cap)
		snprintf(buf + at, cap - at, "]");
}

GET(thread_name)
{
	*out = tr_value_text(tr_session_thread_name(ctx, self));
	return true;
}

GET(thread_number)
{
	(void)ctx;
	*out = tr_value_int(self);
	return true;
}

GET(thread_role)
{
	struct tr_session *s = ctx;
	*out = tr_value_text(tr_log_thread(s->log, self)->role);
	return true;
}

GET(thread_activity)
{
	const struct tr_thread_state *t = thread_state(ctx, self);
	if (t)
		*out = tr_value_text(tr_activity_name(t->activity));
	return t != NULL;
}

GET(thread_waits_for)
{
	struct tr_session *s = ctx;
	const struct tr_thread_state *t = thread_state(ctx, self);
	if (t && t->activity == TR_WAITING && t->object != TR_NONE)
		*out = tr_value_text(tr_log_object(s->log, t->object)->name);
	else if (t && t->activity == TR_WAITING && t->on_thread != TR_NONE)
		*out = tr_value_text(tr_session_thread_name(s, t->on_thread));
	return t != NULL;
}

GET(thread_part)
{
	const struct tr_thread_state *t = thread_state(ctx, self);
	if (t && t->part)
		*out = tr_value_int(t->part);
	return t != NULL;
}

GET(thread_since_ns)
{
	const struct tr_thread_state *t = thread_state(ctx, self);
	if (t)
		*out = tr_value_int(t->since_ns);
	return t != NULL;
}

GET(thread_depth)
{
	const struct tr_thread_state *t = thread_state(ctx, self);
	if (t)
		*out = tr_value_int(t->depth);
	return t != NULL;
}

static void thread_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_thread_state *t = thread_state(ctx, self);
	snprintf(buf, cap, "<thread %s: %s>", tr_session_thread_name(ctx, self),
		 t ? tr_activity_name(t->activity) : "?");
}

static const struct tr_class threads_class = {
	.name = "threads", .summary = "the threads, by number or name", .item = threads_item,
	.length = threads_length, .show = threads_show,
};

static const struct tr_class thread_class = {
	.name = "thread", .summary = "a thread of the transfer",
	.members = (const struct tr_member[]){
		{ "number", "", thread_number, NULL }, { "name", "", thread_name, NULL },
		{ "role", "", thread_role, NULL }, { "state", "", thread_activity, NULL },
		{ "waits_for", "", thread_waits_for, NULL }, { "part", "", thread_part, NULL },
		{ "since_ns", "", thread_since_ns, NULL }, { "depth", "", thread_depth, NULL }, { NULL } },
	.show = thread_show,
};

/* ---- transfers */

static const struct tr_transfer_state *transfer_state(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	return state && self < state->nr_transfers ? &state->transfers[self] : NULL;
}

static int64_t transfers_length(void *ctx, uint32_t self)
{
	const struct tr_state *state = state_of(ctx);
	(void)self;
	return state ? state->nr_transfers : 0;
}

static bool transfers_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	uint32_t i;
	if (!as_index(index, &i) || i >= transfers_length(ctx, self))
		return false;
	*out = tr_value_object(&transfer_class, i);
	return true;
}

#define TRANSFER_INT(member, field)                                                                \
	GET(transfer_##member)                                                                     \
	{                                                                                          \
		const struct tr_transfer_state *t = transfer_state(ctx, self);                     \
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
		const struct tr_transfer_state *t = transfer_state(ctx, self);                     \
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
	const struct tr_transfer_state *t = transfer_state(ctx, self);
	if (t)
		*out = tr_value_text(xf_state_name(t->state));
	return t != NULL;
}

GET(transfer_done)
{
	const struct tr_transfer_state *t = transfer_state(ctx, self);
	*out = tr_value_bool(t && t->done != TR_NONE);
	return t != NULL;
}

GET(transfer_multipart)
{
	const struct tr_transfer_state *t = transfer_state(ctx, self);
	if (t && t->planned)
		*out = tr_value_bool(t->multipart);
	return t != NULL;
}

static void transfer_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_session *s = ctx;
	const struct tr_transfer_state *t = transfer_state(ctx, self);
	if (!t)
		snprintf(buf, cap, "<transfer>");
	else
		snprintf(buf, cap, "<transfer %u s3://%s/%s: %s, %u of %u parts done>", t->id,
			 tr_log_text(s->log, t->process, t->bucket), tr_log_text(s->log, t->process, t->key),
			 xf_state_name(t->state), t->parts_done, t->nr_parts);
}

static const struct tr_class transfers_class = {
	.name = "transfers", .summary = "the transfers, by number", .item = transfers_item,
	.length = transfers_length,
};

static const struct tr_class transfer_class = {
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

/* ---- manager */

GET(manager_config)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&config_class, 0);
	return true;
}

GET(manager_transfers)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&transfers_class, 0);
	return true;
}

GET(manager_semaphores)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&semaphores_class, 0);
	return true;
}

GET(manager_threads)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&threads_class, 0);
	return true;
}

static void manager_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_state *state = state_of(ctx);
	(void)self;
	snprintf(buf, cap, "<manager: %u transfer%s, %u threads, %u parts in flight>",
		 state ? state->nr_transfers : 0, state && state->nr_transfers == 1 ? "" : "s",
		 state ? state->nr_threads : 0, state ? state->parts_in_flight : 0);
}

static const struct tr_class manager_class = {
	.name = "manager", .summary = "what transfers share: configuration, permits, threads",
	.members = (const struct tr_member[]){
		{ "config", "", manager_config, NULL }, { "transfers", "", manager_transfers, NULL },
		{ "semaphores", "", manager_semaphores, NULL }, { "threads", "", manager_threads, NULL },
		{ NULL } },
	.show = manager_show,
};

/* ---- event: the current one; its members are its fields */

static bool field_value(struct tr_session *s, const struct tr_event *e, const struct xf_field *f,
			struct tr_value *out)
{
	char text[TR_TEXT_MAX];
	uint64_t value = xf_field_get(e->record, f);
	switch (f->type) {
	case XF_TYPE_text: case XF_TYPE_class: case XF_TYPE_state: case XF_TYPE_how: case XF_TYPE_op:
		*out = tr_value_text(tr_event_field_text(s->log, e, f, text, sizeof(text)));
		break;
	case XF_TYPE_flag:
		*out = tr_value_bool(value != 0);
		break;
	case XF_TYPE_thread: {
		uint32_t thread = tr_log_thread_find(s->log, (uint32_t)value);
		if (thread == TR_NONE)
			return false;
		*out = tr_value_object(&thread_class, thread);
		break;
	}
	default:
		*out = tr_value_int((int64_t)value);
	}
	return true;
}

static bool event_field(void *ctx, uint32_t self, const char *name, struct tr_value *out)
{
	struct tr_session *s = ctx;
	struct tr_place place;
	(void)self;
	if (!tr_session_place(s, s->thread, &place))
		return false;
	const struct xf_field *f = xf_field_find(place.event.kind, name);
	return f && field_value(s, &place.event, f, out);
}

static const char *event_field_name(void *ctx, uint32_t self, unsigned i)
{
	struct tr_session *s = ctx;
	struct tr_place place;
	(void)self;
	if (!tr_session_place(s, s->thread, &place))
		return NULL;
	const struct xf_kind_info *info = xf_kind_info(place.event.kind);
	return i < info->nr_fields ? info->fields[i].name : NULL;
}

static int64_t event_length(void *ctx, uint32_t self)
{
	unsigned n = 0;
	while (event_field_name(ctx, self, n))
		n++;
	return n;
}

#define EVENT_MEMBER(member, value)                                                                \
	GET(event_##member)                                                                        \
	{                                                                                          \
		struct tr_session *s = ctx;                                                        \
		struct tr_place place;                                                             \
		(void)self;                                                                        \
		if (!tr_session_place(s, s->thread, &place))                                       \
			return false;                                                              \
		*out = value;                                                                      \
		return true;                                                                       \
	}
EVENT_MEMBER(kind, tr_value_text(xf_kind_info(place.event.kind)->name))
EVENT_MEMBER(seq, tr_value_int(place.event.index))
EVENT_MEMBER(t_ns, tr_value_int(place.event.t_ns))
EVENT_MEMBER(file, tr_value_text(place.site.file))
EVENT_MEMBER(line, tr_value_int(place.site.line))
EVENT_MEMBER(function, tr_value_text(place.site.function))
EVENT_MEMBER(object, tr_value_text(place.event.object == TR_NONE
				   ? "" : tr_log_object(s->log, place.event.object)->name))
EVENT_MEMBER(get_thread, tr_value_object(&thread_class, place.event.thread))

static void event_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_session *s = ctx;
	struct tr_place place;
	char text[400];
	(void)self;
	if (tr_session_place(s, s->thread, &place))
		snprintf(buf, cap, "<event %u%s: %s>", place.event.index, place.pending ? ", next" : "",
			 tr_session_event_text(s, &place.event, &place.site, text, sizeof(text)));
	else
		snprintf(buf, cap, "<event>");
}

static const struct tr_class event_class = {
	.name = "event", .summary = "the current event; its fields are members, too",
	.members = (const struct tr_member[]){
		{ "kind", "", event_kind, NULL }, { "seq", "", event_seq, NULL }, { "t_ns", "", event_t_ns, NULL },
		{ "file", "", event_file, NULL }, { "line", "", event_line, NULL },
		{ "function", "", event_function, NULL }, { "object", "", event_object, NULL },
		{ "thread", "", event_get_thread, NULL }, { NULL } },
	.other = event_field, .other_name = event_field_name, .length = event_length, .show = event_show,
};

/* ---- call, verdict */

static const struct tr_call *call_of(void *ctx)
{
	struct tr_session *s = ctx;
	return s->log && tr_log_nr_calls(s->log) ? tr_log_call(s->log, 0) : NULL;
}

static bool call_over(void *ctx)
{
	const struct tr_state *state = state_of(ctx);
	return state && state->nr_calls && state->calls[0].returned;
}

GET(call_name)
{
	const struct tr_call *c = call_of(ctx);
	(void)self;
	if (c)
		*out = tr_value_text(c->name);
	return c != NULL;
}

GET(call_thread)
{
	const struct tr_call *c = call_of(ctx);
	(void)self;
	if (c)
		*out = tr_value_object(&thread_class, c->thread);
	return c != NULL;
}

GET(call_returned)
{
	(void)self;
	*out = tr_value_bool(call_over(ctx));
	return true;
}

GET(call_result)
{
	(void)self;
	if (call_over(ctx))
		*out = tr_value_int(call_of(ctx)->result);
	return true;
}

static void call_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_call *c = call_of(ctx);
	(void)self;
	if (c)
		snprintf(buf, cap, "<call %s: %s>", c->name, call_over(ctx) ? "returned" : "under way");
	else
		snprintf(buf, cap, "<call: not made yet>");
}

static const struct tr_class call_class = {
	.name = "call", .summary = "the API call on trial",
	.members = (const struct tr_member[]){
		{ "name", "", call_name, NULL }, { "thread", "", call_thread, NULL },
		{ "returned", "", call_returned, NULL }, { "result", "", call_result, NULL }, { NULL } },
	.show = call_show,
};

enum { ANSWER, BASIS, OUTCOME, PARTS, ORDERED, LATE };

static bool verdict_of(void *ctx, int what, struct tr_value *out)
{
	struct tr_session *s = ctx;
	struct tr_verdicts all;
	struct xf_error err = XF_ERROR_INIT;
	if (!s->log || tr_verdicts_compute(s->log, &all, &err) != XF_OK)
		return false;
	const struct tr_verdict *v = &all.list[0];
	*out = what == ANSWER ? tr_value_text(tr_answer_name(v->answer))
	       : what == BASIS ? tr_value_text(tr_basis_name(v->basis))
	       : what == OUTCOME ? tr_value_text(tr_outcome_name(v->outcome))
	       : tr_value_int(what == PARTS ? v->parts : what == ORDERED ? v->parts_ordered : v->parts_late);
	tr_verdicts_fini(&all);
	return true;
}

#define VERDICT_MEMBER(member, what)                                                               \
	GET(verdict_##member)                                                                      \
	{                                                                                          \
		(void)self;                                                                        \
		return verdict_of(ctx, what, out);                                                 \
	}
VERDICT_MEMBER(answer, ANSWER)
VERDICT_MEMBER(basis, BASIS)
VERDICT_MEMBER(outcome, OUTCOME)
VERDICT_MEMBER(parts, PARTS)
VERDICT_MEMBER(parts_ordered, ORDERED)
VERDICT_MEMBER(parts_late, LATE)

static void verdict_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	struct tr_value answer = tr_value_text("unknown"), outcome = answer;
	(void)self;
	verdict_of(ctx, ANSWER, &answer);
	verdict_of(ctx, OUTCOME, &outcome);
	snprintf(buf, cap, "<verdict: %s, %s>", answer.text, outcome.text);
}

static const struct tr_class verdict_class = {
	.name = "verdict", .summary = "does the call wait, as far as it is known now",
	.members = (const struct tr_member[]){
		{ "answer", "", verdict_answer, NULL }, { "basis", "", verdict_basis, NULL },
		{ "outcome", "", verdict_outcome, NULL }, { "parts", "", verdict_parts, NULL },
		{ "parts_ordered", "", verdict_parts_ordered, NULL },
		{ "parts_late", "", verdict_parts_late, NULL }, { NULL } },
	.show = verdict_show,
};

/* ---- fault: what the endpoint of --local is told to answer */

static bool fault_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	struct tr_session *s = ctx;
	uint32_t part;
	(void)self;
	if (!as_index(index, &part) || !part || part > 10000)
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
	if (!as_index(index, &part) || !part || part > 10000)
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
	*out = tr_value_object(&fault_parts_class, 0);
	return true;
}

static const struct tr_class fault_parts_class = {
	.name = "fault.part", .summary = "parts that the endpoint of --local answers with an error: status by part",
	.item = fault_item, .set_item = fault_set, .length = fault_length, .show = fault_show,
};

static const struct tr_class fault_class = {
	.name = "fault", .summary = "what the endpoint of --local does wrong on request",
	.members = (const struct tr_member[]){ { "part", "", fault_part, NULL }, { NULL } }, .show = fault_show,
	.length = fault_length,
};

/* ---- roots and names */

static const struct {
	const char *name;
	const struct tr_class *class;
} roots[] = {
	{ "call", &call_class }, { "config", &config_class }, { "event", &event_class }, { "fault", &fault_class },
	{ "future", &transfer_class }, { "manager", &manager_class }, { "part", &parts_class },
	{ "parts", &parts_class }, { "semaphores", &semaphores_class }, { "thread", &thread_class },
	{ "threads", &threads_class }, { "transfer", &transfer_class }, { "transfers", &transfers_class },
	{ "verdict", &verdict_class },
};

const char *tr_object_root(unsigned i, const struct tr_class **class)
{
	if (i >= sizeof(roots) / sizeof(roots[0]))
		return NULL;
	*class = roots[i].class;
	return roots[i].name;
}

static bool find_root(struct tr_session *s, const char *name, struct tr_value *out)
{
	for (unsigned i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		if (strcmp(roots[i].name, name) != 0)
			continue;
		if (roots[i].class == &transfer_class && !transfer_state(s, 0))
			*out = tr_value_none();
		else
			*out = tr_value_object(roots[i].class, roots[i].class == &thread_class ? s->thread : 0);
		return true;
	}
	return false;
}

static bool find_argument(struct tr_session *s, const char *name, struct tr_value *out)
{
	struct tr_frame frame;
	char argument[64];
	if (!tr_session_frame(s, &frame))
		return false;
	for (unsigned i = 0; tr_session_argument(s, &frame, i, argument, out); i++)
		if (strcmp(argument, name) == 0)
			return true;
	return false;
}

static bool find_variable(struct tr_session *s, const char *name, struct tr_value *out)
{
	struct tr_frame frame;
	struct tr_place place;
	if (strcmp(name, "$_event") == 0)
		return find_root(s, "event", out);
	if (strcmp(name, "$_frame") == 0 && tr_session_frame(s, &frame)) {
		*out = tr_value_text(frame.site.function);
		return true;
	}
	if (strcmp(name, "$_retval") == 0 && tr_session_place(s, s->thread, &place) &&
	    place.event.kind == XF_EV_frame_leave)
		return event_field(s, 0, "result", out);
	if (strcmp(name, "$_exception") == 0 && s->over && s->target->error &&
	    *s->target->error(s->target->ctx)) {
		*out = tr_value_text(s->target->error(s->target->ctx));
		return true;
	}
	for (unsigned i = 0; i < TR_MAX_VARIABLES; i++)
		if (strcmp(s->variables[i].name, name) == 0) {
			*out = s->variables[i].value;
			return true;
		}
	return false;
}

static bool find_name(void *ctx, const char *name, bool followed, struct tr_value *out)
{
	struct tr_session *s = ctx;
	if (followed && find_root(s, name, out))
		return true;
	return find_variable(s, name, out) || find_argument(s, name, out) || event_field(s, 0, name, out) ||
	       find_root(s, name, out);
}

static const char *set_name(void *ctx, const char *name, const struct tr_value *value)
{
	struct tr_session *s = ctx;
	struct tr_value ignored;
	if (find_root(s, name, &ignored))
		return "TypeError: this name is the debugger's own";
	for (int pass = 0; pass < 2; pass++)
		for (unsigned i = 0; i < TR_MAX_VARIABLES; i++)
			if (strcmp(s->variables[i].name, pass ? "" : name) == 0) {
				snprintf(s->variables[i].name, sizeof(s->variables[i].name), "%s", name);
				s->variables[i].value = *value;
				return NULL;
			}
	return "MemoryError: too many variables";
}

struct tr_names tr_session_names(struct tr_session *s)
{
	return (struct tr_names){ .ctx = s, .name = find_name, .set = set_name };
}
