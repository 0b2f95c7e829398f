/*
 * proto: Perfetto's own format (protos/perfetto/trace: Trace, TracePacket, TrackDescriptor, TrackEvent),
 * written by hand: varints, fixed64 and length-delimited fields are all it needs. Against the
 * JSON it has named tracks, their order, units and exact ns.
 *
 * One track a thread; each overlapping span has one of its own. As in the JSON
 * every event of the log is one track event with the annotation "seq", in the log's order. An arrow
 * is a pair of instants, one with the flow, one that ends it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/driver.h"
#include "tracer/export/ids.h"
#include "tracer/trace/map.h"

/* Field numbers. */
enum {
	TRACE_PACKET = 1,
	PACKET_TIMESTAMP = 8, PACKET_SEQUENCE = 10, PACKET_EVENT = 11, PACKET_FLAGS = 13, PACKET_TRACK = 60,
	TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT = 5, TRACK_COUNTER = 8,
	TRACK_ORDERING = 11, TRACK_RANK = 12,
	EVENT_ANNOTATION = 4, EVENT_TYPE = 9, EVENT_TRACK = 11, EVENT_CATEGORY = 22, EVENT_NAME = 23,
	EVENT_COUNTER = 30, EVENT_FLOW = 47, EVENT_FLOW_END = 48,
	NOTE_UINT = 3, NOTE_INT = 4, NOTE_STRING = 6, NOTE_NAME = 10,
};
enum { TYPE_BEGIN = 1, TYPE_END, TYPE_INSTANT, TYPE_COUNTER };

struct message {
	unsigned char *bytes;
	uint32_t nr, cap;
	bool failed;
};

struct proto {
	struct message packet, event, note;
	char (*counters)[128];   /* names; a track each */
	uint32_t nr_counters, cap_counters;
	bool began;              /* a packet was written */
};

/* ---- the wire */

static void put_byte(struct message *m, unsigned char c)
{
	if (!tr_grow(&m->bytes, m->nr, &m->cap, 1))
		m->failed = true;
	else
		m->bytes[m->nr++] = c;
}

static void put_varint(struct message *m, uint64_t v)
{
	for (; v > 127; v >>= 7)
		put_byte(m, (unsigned char)(v | 128));
	put_byte(m, (unsigned char)v);
}

static void put_number(struct message *m, unsigned field, uint64_t v)
{
	put_varint(m, field << 3);
	put_varint(m, v);
}

static void put_fixed64(struct message *m, unsigned field, uint64_t v)
{
	put_varint(m, field << 3 | 1);
	for (int i = 0; i < 8; i++)
		put_byte(m, (unsigned char)(v >> 8 * i));
}

static void put_bytes(struct message *m, unsigned field, const void *bytes, size_t len)
{
	put_varint(m, field << 3 | 2);
	put_varint(m, len);
	for (size_t i = 0; i < len; i++)
		put_byte(m, ((const unsigned char *)bytes)[i]);
}

/* Protobuf strings are UTF-8; anything else would void the packet. */
static void put_text(struct message *m, unsigned field, const char *s)
{
	char clean[512];
	xf_text_sanitise(clean, sizeof(clean), s, strlen(s));
	put_bytes(m, field, clean, strlen(clean));
}

static void put_message(struct message *m, unsigned field, const struct message *inner)
{
	put_bytes(m, field, inner->bytes, inner->nr);
	m->failed |= inner->failed;
}

/* ---- packets */

static struct message *packet_begin(struct tr_export *x, int64_t ns)
{
	struct proto *p = x->state;
	p->packet.nr = 0;
	put_number(&p->packet, PACKET_TIMESTAMP, (uint64_t)(ns < 0 ? 0 : ns));
	put_number(&p->packet, PACKET_SEQUENCE, 1);
	if (!p->began)
		put_number(&p->packet, PACKET_FLAGS, 1);
	p->began = true;
	return &p->packet;
}

static void packet_end(struct tr_export *x)
{
	struct proto *p = x->state;
	unsigned char head[16];
	struct message m = { .bytes = head, .cap = sizeof(head) };
	if (p->packet.failed) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	put_varint(&m, TRACE_PACKET << 3 | 2);
	put_varint(&m, p->packet.nr);
	fwrite(head, 1, m.nr, x->out);
	fwrite(p->packet.bytes, 1, p->packet.nr, x->out);
}

/* ---- tracks: uuids by what they are for */

static uint64_t process_track(uint32_t process) { return (uint64_t)1 << 48 | process; }
static uint64_t thread_track(uint32_t thread) { return (uint64_t)2 << 48 | thread; }
static uint64_t span_track(uint64_t id) { return (uint64_t)3 << 48 | id; }
static uint64_t counter_track(uint32_t i) { return (uint64_t)4 << 48 | i; }

static void describe(struct tr_export *x, int64_t ns, struct message *track)
{
	put_message(packet_begin(x, ns), PACKET_TRACK, track);
	packet_end(x);
}

static void describe_process(struct tr_export *x, uint32_t thread)
{
	struct proto *p = x->state;
	char name[64];
	p->event.nr = p->note.nr = 0;
	tr_export_process_name(x->log, thread, name, sizeof(name));
	put_number(&p->note, 1, tr_export_pid(x->log, thread));
	put_text(&p->note, 6, name);
	put_number(&p->event, TRACK_UUID, process_track(tr_log_thread(x->log, thread)->process));
	put_message(&p->event, TRACK_PROCESS, &p->note);
	put_number(&p->event, TRACK_ORDERING, 3);
	describe(x, 0, &p->event);
}

static void describe_thread(struct tr_export *x, uint32_t thread, uint32_t tid)
{
	struct proto *p = x->state;
	const struct tr_thread *t = tr_log_thread(x->log, thread);
	p->event.nr = p->note.nr = 0;
	put_number(&p->note, 1, tr_export_pid(x->log, thread));
	put_number(&p->note, 2, tid);
	put_text(&p->note, 5, t->name);
	put_number(&p->event, TRACK_UUID, thread_track(thread));
	put_number(&p->event, TRACK_PARENT, process_track(t->process));
	put_message(&p->event, TRACK_THREAD, &p->note);
	put_number(&p->event, TRACK_RANK, thread);
	describe(x, tr_export_thread_begin_ns(x->log, thread), &p->event);
}

static void describe_threads(struct tr_export *x, const uint32_t *tids)
{
	uint32_t process = TR_NONE;
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log); i++) {
		if (tr_log_thread(x->log, i)->first == TR_NONE)
			continue;
		if (tr_log_thread(x->log, i)->process != process)
			describe_process(x, i);
		process = tr_log_thread(x->log, i)->process;
		describe_thread(x, i, tids[i]);
	}
}

void tr_proto_begin(struct tr_export *x)
{
	uint32_t *tids = tr_export_tids(x->log);
	x->state = calloc(1, sizeof(struct proto));
	if (x->state && tids)
		describe_threads(x, tids);
	else
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
	free(tids);
}

static void describe_span(struct tr_export *x, const struct tr_span *s)
{
	struct proto *p = x->state;
	p->event.nr = 0;
	put_number(&p->event, TRACK_UUID, span_track(s->id));
	put_number(&p->event, TRACK_PARENT, process_track(s->process));
	put_text(&p->event, TRACK_NAME, s->name);
	put_number(&p->event, TRACK_RANK, 1000 + s->part);
	describe(x, s->begin_ns, &p->event);
}

/* ---- events */

static void annotate(struct tr_export *x, const char *name, unsigned type, uint64_t value, const char *text)
{
	struct proto *p = x->state;
	p->note.nr = 0;
	put_text(&p->note, NOTE_NAME, name);
	if (text)
		put_text(&p->note, type, text);
	else
		put_number(&p->note, type, value);
	put_message(&p->event, EVENT_ANNOTATION, &p->note);
}

static void annotate_field(struct tr_export *x, const struct tr_event *e, const struct xf_field *f)
{
	uint64_t value = xf_field_get(e->record, f);
	char word[512];
	bool signed_ = f->type == XF_TYPE_i64 || f->type == XF_TYPE_i32;
	if (f->type <= XF_TYPE_bytes || f->type == XF_TYPE_addr || f->type == XF_TYPE_flag)
		annotate(x, f->name, signed_ ? NOTE_INT : NOTE_UINT, value, NULL);
	else
		annotate(x, f->name, NOTE_STRING, 0, tr_event_field_text(x->log, e, f, word, sizeof(word)));
}

static void annotate_event(struct tr_export *x, const struct tr_event *e)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	struct tr_site site = tr_event_site(x->log, e);
	annotate(x, "seq", NOTE_UINT, e->index, NULL);
	annotate(x, "event", NOTE_STRING, 0, info->name);
	if (e->object != TR_NONE)
		annotate(x, "object", NOTE_STRING, 0, tr_log_object(x->log, e->object)->name);
	if (site.line) {
		annotate(x, "file", NOTE_STRING, 0, site.file);
		annotate(x, "line", NOTE_UINT, site.line, NULL);
	}
	for (unsigned i = 0; i < info->nr_fields; i++)
		annotate_field(x, e, &info->fields[i]);
}

static struct message *event_begin(struct tr_export *x, unsigned type, uint64_t track, const char *category,
				   const char *name)
{
	struct proto *p = x->state;
	p->event.nr = 0;
	put_number(&p->event, EVENT_TYPE, type);
	put_number(&p->event, EVENT_TRACK, track);
	if (category)
		put_text(&p->event, EVENT_CATEGORY, category);
	if (name)
		put_text(&p->event, EVENT_NAME, name);
	return &p->event;
}

static void event_end(struct tr_export *x, int64_t ns)
{
	struct proto *p = x->state;
	put_message(packet_begin(x, ns), PACKET_EVENT, &p->event);
	packet_end(x);
}

void tr_proto_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	if (place != TR_PLACE_INSIDE)
		return;
	event_begin(x, TYPE_INSTANT, thread_track(e->thread), xf_group_name(info->group), info->name);
	annotate_event(x, e);
	event_end(x, x->now_ns);
}

void tr_proto_span_begin(struct tr_export *x, const struct tr_span *s)
{
	struct tr_event e;
	bool apart = s->kind > TR_SPAN_WAIT;
	if (apart)
		describe_span(x, s);
	event_begin(x, TYPE_BEGIN, apart ? span_track(s->id) : thread_track(s->thread), tr_span_kind_name(s->kind),
		    s->name);
	if (!apart && s->kind != TR_SPAN_THREAD) {
		e = tr_log_event(x->log, s->begin);
		annotate_event(x, &e);
	}
	event_end(x, s->begin_ns);
}

void tr_proto_span_end(struct tr_export *x, const struct tr_span *s)
{
	struct tr_event e;
	bool apart = s->kind > TR_SPAN_WAIT;
	event_begin(x, TYPE_END, apart ? span_track(s->id) : thread_track(s->thread), NULL, NULL);
	if (!apart && s->end != TR_NONE) {
		e = tr_log_event(x->log, s->end);
		annotate_event(x, &e);
	}
	event_end(x, s->end_ns < s->begin_ns ? s->begin_ns : s->end_ns);
}

static uint32_t counter_of(struct tr_export *x, const struct tr_event *e, const char *name)
{
	struct proto *p = x->state;
	for (uint32_t i = 0; i < p->nr_counters; i++)
		if (!strcmp(p->counters[i], name))
			return i;
	if (!tr_grow(&p->counters, p->nr_counters, &p->cap_counters, sizeof(*p->counters))) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return 0;
	}
	snprintf(p->counters[p->nr_counters], sizeof(*p->counters), "%s", name);
	p->event.nr = 0;
	put_number(&p->event, TRACK_UUID, counter_track(p->nr_counters));
	put_text(&p->event, TRACK_NAME, name);
	put_number(&p->event, TRACK_PARENT, process_track(e->process));
	put_bytes(&p->event, TRACK_COUNTER, "", 0);
	describe(x, x->now_ns, &p->event);
	return p->nr_counters++;
}

void tr_proto_counter(struct tr_export *x, const struct tr_event *e, const char *name, int64_t value)
{
	uint64_t track = counter_track(counter_of(x, e, name));
	put_number(event_begin(x, TYPE_COUNTER, track, NULL, NULL), EVENT_COUNTER, (uint64_t)value);
	event_end(x, x->now_ns);
}

void tr_proto_edge(struct tr_export *x, const struct tr_edge *edge)
{
	uint64_t id = (uint64_t)edge->to << 32 | edge->from;
	int64_t tail = tr_log_time(x->log, edge->from), head = tr_log_time(x->log, edge->to);
	put_fixed64(event_begin(x, TYPE_INSTANT, thread_track(tr_log_thread_of(x->log, edge->from)), "hb",
				tr_edge_name(edge->kind)), EVENT_FLOW, id);
	event_end(x, tail);
	put_fixed64(event_begin(x, TYPE_INSTANT, thread_track(tr_log_thread_of(x->log, edge->to)), "hb",
				tr_edge_name(edge->kind)), EVENT_FLOW_END, id);
	event_end(x, head < tail ? tail : head);
}

void tr_proto_end(struct tr_export *x)
{
	struct proto *p = x->state;
	if (!p)
		return;
	free(p->packet.bytes);
	free(p->event.bytes);
	free(p->note.bytes);
	free(p->counters);
	free(p);
}
