/*
 * event: kinds, their fields, and the record every event becomes.
 *
 * One record is one cache line. It is written by the thread on which the thing
 * happens, into that thread's own segment; for synchronisation under the
 * object's own lock, with the object's own counter (`order`), so that the
 * history of one object is exact whatever the clocks say.
 */
#ifndef XF_EVENT_EVENT_H
#define XF_EVENT_EVENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The layout of records, segments and file header; event.def's order is part of it. */
#define XF_TRACE_VERSION 5u

enum { XF_PAYLOAD_SIZE = 32, XF_RECORD_SIZE = 64, XF_TEXT_PIECE = 48 };

/* ORDER event groups, event roles, field types */
enum xf_group {
	XF_GROUP_META, XF_GROUP_CALL, XF_GROUP_TRANSFER, XF_GROUP_PART, XF_GROUP_OBJECT,
	XF_GROUP_SYNC, XF_GROUP_REQUEST, XF_GROUP_PROCESS, XF_GROUP_DEBUGGER, XF_GROUP_COUNT
};
enum xf_role {
	XF_ROLE_NONE, XF_ROLE_RELEASE, XF_ROLE_ACQUIRE, XF_ROLE_WAIT, XF_ROLE_INIT, XF_ROLE_DESTROY
};
enum xf_type {
	XF_TYPE_u64, XF_TYPE_u32, XF_TYPE_u16, XF_TYPE_u8, XF_TYPE_i64, XF_TYPE_i32,
	XF_TYPE_ns, XF_TYPE_bytes, XF_TYPE_text, XF_TYPE_thread, XF_TYPE_object, XF_TYPE_addr,
	XF_TYPE_class, XF_TYPE_state, XF_TYPE_how, XF_TYPE_op, XF_TYPE_flag
};

/*
 * What a synchronisation object is for, and so which of its edges may carry a
 * verdict: those of signal objects, and of permits and locks none.
 */
enum xf_class { XF_CLASS_NONE, XF_CLASS_SIGNAL, XF_CLASS_PERMIT, XF_CLASS_LOCK, XF_CLASS_COUNT };

/* The status of a transfer (s3transfer's coordinator). */
enum xf_state {
	XF_STATE_NOT_STARTED, XF_STATE_QUEUED, XF_STATE_RUNNING,
	XF_STATE_SUCCESS, XF_STATE_FAILED, XF_STATE_CANCELLED, XF_STATE_COUNT
};

/* How a wait ended. AT_ONCE: it did not have to wait. ASKED: it would not have waited, and found what it asked for. */
enum xf_how { XF_HOW_AT_ONCE, XF_HOW_WOKEN, XF_HOW_TIMED_OUT, XF_HOW_INTERRUPTED, XF_HOW_CLOSED, XF_HOW_ASKED, XF_HOW_COUNT };

/* S3 operations, named as the S3 API names them. */
enum xf_op {
	XF_OP_NONE, XF_OP_PUT_OBJECT, XF_OP_CREATE_MULTIPART_UPLOAD, XF_OP_UPLOAD_PART,
	XF_OP_COMPLETE_MULTIPART_UPLOAD, XF_OP_ABORT_MULTIPART_UPLOAD, XF_OP_HEAD_OBJECT,
	XF_OP_GET_OBJECT, XF_OP_LIST_PARTS, XF_OP_LIST_MULTIPART_UPLOADS, XF_OP_LIST_OBJECTS,
	XF_OP_DELETE_OBJECT, XF_OP_COPY_OBJECT, XF_OP_UPLOAD_PART_COPY, XF_OP_CREATE_BUCKET,
	XF_OP_HEAD_BUCKET, XF_OP_LIST_BUCKETS, XF_OP_DELETE_BUCKET, XF_OP_OTHER, XF_OP_COUNT
};

/* call_enter.flags. IMPLICIT: nobody named the call; it is judged only when the trace has no other. */
enum { XF_CALL_IMPLICIT = 1 };

/* Their words, as JSON and text show them ("not-started", "UploadPart"); never NULL. */
const char *xf_class_name(enum xf_class c);
const char *xf_state_name(enum xf_state s);
const char *xf_how_name(enum xf_how h);
const char *xf_op_name(enum xf_op op);
const char *xf_group_name(enum xf_group g);

/* enum xf_kind: XF_EV_text, XF_EV_site, … */
enum xf_kind {
	XF_EV_none,
#define XF_FIELD(type, name)
#define XF_KIND(name, group, role, text, ...) XF_EV_##name,
#include "core/event/event.def"
#undef XF_KIND
	XF_EV_COUNT
};

/* struct xf_ev_site, struct xf_ev_part_start, …: the payloads */
typedef uint64_t xf_t_u64, xf_t_ns, xf_t_bytes, xf_t_addr;
typedef uint32_t xf_t_u32, xf_t_text, xf_t_thread, xf_t_object;
typedef uint16_t xf_t_u16;
typedef uint8_t xf_t_u8, xf_t_class, xf_t_state, xf_t_how, xf_t_op, xf_t_flag;
typedef int64_t xf_t_i64;
typedef int32_t xf_t_i32;
#undef XF_FIELD
#define XF_FIELD(type, name) xf_t_##type name;
#define XF_KIND(name, group, role, text, ...)                                                     \
	struct xf_ev_##name {                                                                      \
		__VA_ARGS__                                                                        \
	};                                                                                         \
	_Static_assert(sizeof(struct xf_ev_##name) <= XF_PAYLOAD_SIZE, #name " is too large");
#include "core/event/event.def"
#undef XF_KIND
#undef XF_FIELD

struct xf_record {
	_Atomic uint32_t commit; /* XF_COMMIT, stored last (release): the record is whole */
	uint16_t kind;           /* enum xf_kind */
	uint16_t flags;          /* XF_RECORD_* */
	uint64_t ticks;          /* see clock.h */
	uint32_t object;         /* synchronisation object; 0: none. Unique in its process */
	uint32_t site;           /* place in the source; 0: unknown */
	uint64_t order;          /* place in the object's history, from 1; 0: none */
	unsigned char payload[XF_PAYLOAD_SIZE];
};
_Static_assert(sizeof(struct xf_record) == XF_RECORD_SIZE, "one record, one cache line");


enum {
	XF_COMMIT = 0x58465231, /* "1RFX" */
	XF_RECORD_SIGNAL = 1,   /* made while a signal handler ran */
};

/* The same bytes when kind is XF_EV_text: one piece of a string. */
struct xf_text_record {
	_Atomic uint32_t commit;
	uint16_t kind;
	uint16_t len;    /* bytes in this piece */
	uint32_t id;     /* unique in its process; 0 is the empty string */
	uint16_t total;  /* bytes of the whole string */
	uint16_t at;     /* where this piece begins */
	char bytes[XF_TEXT_PIECE];
};
_Static_assert(sizeof(struct xf_text_record) == XF_RECORD_SIZE, "a text piece is a record");

/* One field of a kind: what a reader needs to decode, name, filter and print it. */
struct xf_field {
	const char *name;
	enum xf_type type;
	uint8_t offset; /* in the payload */
};

/* One row of the catalogue. */
struct xf_kind_info {
	const char *name;               /* "part_start" */
	enum xf_group group;
	enum xf_role role;
	const char *summary;
	const struct xf_field *fields;  /* nr_fields of them */
	unsigned nr_fields;
};

/* The row of a kind; for a number outside the catalogue a row named "unknown" without fields. */
const struct xf_kind_info *xf_kind_info(unsigned kind);

/* The kind of that name, XF_EV_none when there is none. */
enum xf_kind xf_kind_find(const char *name);

/* The field of that name, NULL when the kind has none. */
const struct xf_field *xf_field_find(enum xf_kind kind, const char *name);

/* The field's value widened to 64 bits (signed types are sign-extended). */
uint64_t xf_field_get(const struct xf_record *record, const struct xf_field *field);

/* A number that changes when the catalogue or a layout does; stands in the file header. */
uint32_t xf_layout_hash(void);

#endif
