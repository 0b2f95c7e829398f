/* event: the catalogue as data. Everything here is expanded from event.def. */
#include "core/event/event.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *name_in(const char *const *names, size_t count, unsigned value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

const char *xf_class_name(enum xf_class c)
{
	static const char *const names[] = { "none", "signal", "permit", "lock" };
	return name_in(names, COUNT(names), c);
}

const char *xf_state_name(enum xf_state s)
{
	static const char *const names[] = { "not-started", "queued", "running",
					     "success", "failed", "cancelled" };
	return name_in(names, COUNT(names), s);
}

const char *xf_how_name(enum xf_how h)
{
	static const char *const names[] = { "at-once", "woken", "timed-out", "interrupted", "closed", "asked" };
	return name_in(names, COUNT(names), h);
}

const char *xf_op_name(enum xf_op op)
{
	static const char *const names[] = {
		"none", "PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload",
		"AbortMultipartUpload", "HeadObject", "GetObject", "ListParts", "ListMultipartUploads",
		"ListObjects", "DeleteObject", "CopyObject", "UploadPartCopy", "CreateBucket",
		"HeadBucket", "ListBuckets", "DeleteBucket", "other",
	};
	_Static_assert(COUNT(names) == XF_OP_COUNT, "one name an operation");
	return name_in(names, COUNT(names), op);
}

const char *xf_group_name(enum xf_group g)
{
	static const char *const names[] = { "meta", "call", "transfer", "part", "object",
					     "sync", "request", "process", "debugger" };
	_Static_assert(COUNT(names) == XF_GROUP_COUNT, "one name a group");
	return name_in(names, COUNT(names), g);
}

/*
 * A kind's fields, with the offsets of its own payload struct: the two cannot
 * disagree. `payload` is a name of the block, so that one field macro serves all.
 */
#define XF_FIELD(type, name) { #name, XF_TYPE_##type, offsetof(payload, name) },
#define XF_KIND(name_, group_, role_, text, ...)                                                   \
	case XF_EV_##name_: {                                                                      \
		typedef struct xf_ev_##name_ payload;                                              \
		static const struct xf_field fields[] = { __VA_ARGS__ };                           \
		static const struct xf_kind_info info = { #name_, XF_GROUP_##group_,               \
			XF_ROLE_##role_, text, fields, COUNT(fields) };                            \
		return &info;                                                                      \
	}

const struct xf_kind_info *xf_kind_info(unsigned kind)
{
	static const struct xf_kind_info unknown = { "unknown", XF_GROUP_META, XF_ROLE_NONE,
						     "not in the catalogue", NULL, 0 };
	switch (kind) {
#include "core/event/event.def"
	default:
		return &unknown;
	}
}

enum xf_kind xf_kind_find(const char *name)
{
	for (unsigned k = 1; k < XF_EV_COUNT; k++)
		if (strcmp(xf_kind_info(k)->name, name) == 0)
			return (enum xf_kind)k;
	return XF_EV_none;
}

const struct xf_field *xf_field_find(enum xf_kind kind, const char *name)
{
	const struct xf_kind_info *info = xf_kind_info(kind);
	for (unsigned i = 0; i < info->nr_fields; i++)
		if (strcmp(info->fields[i].name, name) == 0)
			return &info->fields[i];
	return NULL;
}

#define LOAD(type)                                                                                 \
	do {                                                                                       \
		type value;                                                                        \
		memcpy(&value, record->payload + field->offset, sizeof(value));                    \
		return (uint64_t)value;                                                            \
	} while (0)

uint64_t xf_field_get(const struct xf_record *record, const struct xf_field *field)
{
	switch (field->type) {
	case XF_TYPE_u64: case XF_TYPE_ns: case XF_TYPE_bytes: case XF_TYPE_addr:
		LOAD(uint64_t);
	case XF_TYPE_u32: case XF_TYPE_text: case XF_TYPE_thread: case XF_TYPE_object:
		LOAD(uint32_t);
	case XF_TYPE_u16:
		LOAD(uint16_t);
	case XF_TYPE_i64:
		LOAD(int64_t);
	case XF_TYPE_i32:
		LOAD(int32_t);
	case XF_TYPE_u8: case XF_TYPE_class: case XF_TYPE_state: case XF_TYPE_how:
	case XF_TYPE_op: case XF_TYPE_flag:
		LOAD(uint8_t);
	}
	return 0;
}

/* FNV-1a, over everything a reader of the payloads relies on. */
static uint32_t mix(uint32_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 16777619u;
	return hash;
}

uint32_t xf_layout_hash(void)
{
	uint32_t hash = mix(2166136261u, &(uint32_t){ XF_TRACE_VERSION }, sizeof(uint32_t));
	for (unsigned k = 1; k < XF_EV_COUNT; k++) {
		const struct xf_kind_info *info = xf_kind_info(k);
		hash = mix(hash, info->name, strlen(info->name) + 1);
		for (unsigned i = 0; i < info->nr_fields; i++) {
			const struct xf_field *f = &info->fields[i];
			unsigned char shape[2] = { (unsigned char)f->type, f->offset };
			hash = mix(hash, f->name, strlen(f->name) + 1);
			hash = mix(hash, shape, sizeof(shape));
		}
	}
	return hash;
}
