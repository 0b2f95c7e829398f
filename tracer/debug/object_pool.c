/* object_pool: config, semaphores, threads, and the manager that they belong to. */
#include "tracer/debug/object.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

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

const struct tr_class tr_config_class = {
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
	for (uint32_t i = 0; tr_object_state_of(ctx) && i < s->state->nr_objects; i++)
		if (is_sem(s, i) && (strcmp(tr_log_object(s->log, i)->name, name) == 0 ||
				     strcmp(tr_log_object(s->log, i)->name, dashes) == 0)) {
			*out = tr_value_object(&tr_semaphore_class, i);
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
	for (uint32_t i = 0; tr_object_state_of(ctx) && i < s->state->nr_objects; i++)
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
	const struct tr_state *state = tr_object_state_of(ctx);
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

const struct tr_class tr_semaphores_class = {
	.name = "semaphores", .summary = "the permits of the pools", .other = semaphore_find,
	.other_name = semaphore_name, .item = semaphore_item, .length = semaphores_length,
};

const struct tr_class tr_semaphore_class = {
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

/* ---- threads */

static const struct tr_thread_state *thread_state(void *ctx, uint32_t self)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	return state && self < state->nr_threads ? &state->threads[self] : NULL;
}

static int64_t threads_length(void *ctx, uint32_t self)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	(void)self;
	return state ? state->nr_threads : 0;
}

static bool threads_item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	struct tr_session *s = ctx;
	uint32_t i = TR_NONE;
	if (index->type == TR_VALUE_TEXT)
		i = s->log ? tr_log_thread_named(s->log, index->text) : TR_NONE;
	else if (!tr_object_index(index, &i))
		return false;
	if (i == TR_NONE || i >= threads_length(ctx, self))
		return false;
	*out = tr_value_object(&tr_thread_class, i);
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
		*out = tr_value_text(tr_activity_name(tr_thread_activity(t)));
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
		 t ? tr_activity_name(tr_thread_activity(t)) : "?");
}

const struct tr_class tr_threads_class = {
	.name = "threads", .summary = "the threads, by number or name", .item = threads_item,
	.length = threads_length, .show = threads_show,
};

const struct tr_class tr_thread_class = {
	.name = "thread", .summary = "a thread of the transfer",
	.members = (const struct tr_member[]){
		{ "number", "", thread_number, NULL }, { "name", "", thread_name, NULL },
		{ "role", "", thread_role, NULL }, { "state", "", thread_activity, NULL },
		{ "waits_for", "", thread_waits_for, NULL }, { "part", "", thread_part, NULL },
		{ "since_ns", "", thread_since_ns, NULL }, { "depth", "", thread_depth, NULL }, { NULL } },
	.show = thread_show,
};

/* ---- manager */

GET(manager_config)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&tr_config_class, 0);
	return true;
}

GET(manager_transfers)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&tr_transfers_class, 0);
	return true;
}

GET(manager_semaphores)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&tr_semaphores_class, 0);
	return true;
}

GET(manager_threads)
{
	(void)ctx, (void)self;
	*out = tr_value_object(&tr_threads_class, 0);
	return true;
}

static void manager_show(void *ctx, uint32_t self, char *buf, size_t cap)
{
	const struct tr_state *state = tr_object_state_of(ctx);
	(void)self;
	snprintf(buf, cap, "<manager: %u transfer%s, %u threads, %u parts in flight>",
		 state ? state->nr_transfers : 0, state && state->nr_transfers == 1 ? "" : "s",
		 state ? state->nr_threads : 0, state ? state->parts_in_flight : 0);
}

const struct tr_class tr_manager_class = {
	.name = "manager", .summary = "what transfers share: configuration, permits, threads",
	.members = (const struct tr_member[]){
		{ "config", "", manager_config, NULL }, { "transfers", "", manager_transfers, NULL },
		{ "semaphores", "", manager_semaphores, NULL }, { "threads", "", manager_threads, NULL },
		{ NULL } },
	.show = manager_show,
};
