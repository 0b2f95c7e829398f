/* write: reads the compact text line by line into lanes of records, then lays the file out. */
#include "tracer/trace/write.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/trace/map.h"

enum { MAX_WORDS = 24, WORD = 256 };

struct lane {
	uint32_t number, process;
	struct xf_record *records;
	uint32_t nr, cap;
};

struct writer {
	struct xf_error *err;
	unsigned line;
	uint64_t now;
	uint64_t dropped;
	bool closed;
	struct lane *lanes;
	uint32_t nr_lanes, cap_lanes;
	struct tr_map orders;      /* (process, object) → last order given */
	uint32_t next_text, next_site, nr_processes, highest_thread;
	uint32_t current;          /* lane */
	enum xf_status status;
};

__attribute__((format(printf, 2, 3)))
static bool bad(struct writer *w, const char *format, ...)
{
	char text[200];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	w->status = xf_fail(w->err, XF_INVALID, "line %u: %s", w->line, text);
	return false;
}

static bool no_memory(struct writer *w)
{
	w->status = xf_fail(w->err, XF_NOMEM, "no memory for the trace");
	return false;
}

/* ---- words: blanks part them, quotes join */

static unsigned split(char *line, char *words[MAX_WORDS])
{
	unsigned nr = 0;
	char *in = line, *out = line;
	while (nr < MAX_WORDS) {
		while (*in == ' ' || *in == '\t')
			in++;
		if (!*in || *in == ';' || *in == '\n')
			break;
		words[nr++] = out;
		for (bool quoted = false; *in && *in != '\n' && (quoted || !strchr(" \t;", *in)); in++) {
			if (*in == '"')
				quoted = !quoted;
			else if (quoted && in[0] == '\\' && in[1] == 'n')
				*out++ = '\n', in++;
			else
				*out++ = *in;
		}
		bool more = *in == ' ' || *in == '\t';
		in += more;
		*out++ = '\0';
		if (!more)
			break;
	}
	return nr;
}

/* ---- records */

static struct lane *lane_of(struct writer *w, uint32_t number, uint32_t process)
{
	for (uint32_t i = 0; i < w->nr_lanes; i++)
		if (w->lanes[i].number == number) {
			w->current = i;
			return &w->lanes[i];
		}
	if (!tr_grow(&w->lanes, w->nr_lanes, &w->cap_lanes, sizeof(*w->lanes)))
		return NULL;
	w->current = w->nr_lanes;
	w->lanes[w->nr_lanes] = (struct lane){ .number = number, .process = process };
	if (number >= w->highest_thread)
		w->highest_thread = number + 1;
	if (process >= w->nr_processes)
		w->nr_processes = process + 1;
	return &w->lanes[w->nr_lanes++];
}

static struct xf_record *add_record(struct writer *w, enum xf_kind kind)
{
	struct lane *l = &w->lanes[w->current];
	if (!tr_grow(&l->records, l->nr, &l->cap, sizeof(*l->records))) {
		no_memory(w);
		return NULL;
	}
	struct xf_record *r = &l->records[l->nr++];
	memset(r, 0, sizeof(*r));
	atomic_store(&r->commit, XF_COMMIT);
	r->kind = (uint16_t)kind;
	r->ticks = w->now;
	return r;
}

/* A new text in the current lane's process; texts are not shared, which readers do not mind. */
static uint32_t add_text(struct writer *w, const char *text)
{
	size_t total = strlen(text), at = 0;
	uint32_t id = ++w->next_text;
	if (!total)
		return 0;
	for (; at < total; at += XF_TEXT_PIECE) {
		struct xf_text_record *t = (struct xf_text_record *)(void *)add_record(w, XF_EV_text);
		if (!t)
			return 0;
		t->len = (uint16_t)(total - at < XF_TEXT_PIECE ? total - at : XF_TEXT_PIECE);
		t->id = id;
		t->total = (uint16_t)total;
		t->at = (uint16_t)at;
		memcpy(t->bytes, text + at, t->len);
	}
	return id;
}

static void put(struct xf_record *r, const struct xf_field *f, uint64_t value)
{
	unsigned char *p = r->payload + f->offset;
	switch (f->type) {
	case XF_TYPE_u64: case XF_TYPE_ns: case XF_TYPE_bytes: case XF_TYPE_addr: case XF_TYPE_i64:
		memcpy(p, &value, sizeof(uint64_t));
		break;
	case XF_TYPE_u32: case XF_TYPE_text: case XF_TYPE_thread: case XF_TYPE_object: case XF_TYPE_i32:
		memcpy(p, &(uint32_t){ (uint32_t)value }, sizeof(uint32_t));
		break;
	case XF_TYPE_u16:
		memcpy(p, &(uint16_t){ (uint16_t)value }, sizeof(uint16_t));
		break;
	default:
		*p = (unsigned char)value;
	}
}

/* The number of an enumeration's word, UINT64_MAX when it is none. */
static uint64_t word_value(enum xf_type type, const char *word)
{
	for (unsigned i = 0; i < XF_OP_COUNT; i++) {
		const char *name = type == XF_TYPE_class && i < XF_CLASS_COUNT ? xf_class_name(i)
				 : type == XF_TYPE_state && i < XF_STATE_COUNT ? xf_state_name(i)
				 : type == XF_TYPE_how && i < XF_HOW_COUNT     ? xf_how_name(i)
				 : type == XF_TYPE_op                          ? xf_op_name(i) : NULL;
		if (name && strcmp(name, word) == 0)
			return i;
	}
	if (type == XF_TYPE_flag && (strcmp(word, "true") == 0 || strcmp(word, "false") == 0))
		return word[0] == 't';
	return UINT64_MAX;
}

static bool set_field(struct writer *w, struct xf_record *r, const char *name, const char *value)
{
	const struct xf_field *f = xf_field_find((enum xf_kind)r->kind, name);
	char *end;
	if (!f)
		return bad(w, "%s has no field %s", xf_kind_info(r->kind)->name, name);
	uint64_t v = word_value(f->type, value);
	if (v == UINT64_MAX) {
		v = value[0] == '-' ? (uint64_t)strtoll(value, &end, 0) : strtoull(value, &end, 0);
		if (end == value || *end)
			return bad(w, "%s=%s is no number", name, value);
	}
	put(r, f, v);
	return true;
}

/* Texts must stand before the record that names them. */
static bool texts_first(struct writer *w, enum xf_kind kind, char *words[], unsigned nr, uint32_t ids[])
{
	for (unsigned i = 0; i < nr; i++) {
		char *equals = strchr(words[i], '=');
		ids[i] = 0;
		if (!equals)
			continue;
		*equals = '\0';
		const struct xf_field *f = xf_field_find(kind, words[i]);
		*equals = '=';
		if (f && f->type == XF_TYPE_text)
			ids[i] = add_text(w, equals + 1);
		if (w->status != XF_OK)
			return false;
	}
	return true;
}

static uint32_t add_site(struct writer *w, const char *word)
{
	char file[WORD];
	snprintf(file, sizeof(file), "%s", word);
	char *colon = strrchr(file, ':'), *function = strchr(file, '@');
	uint32_t line = colon ? (uint32_t)strtoul(colon + 1, NULL, 10) : 0;
	if (colon)
		*colon = '\0';
	if (function)
		*function++ = '\0';
	uint32_t file_id = add_text(w, file), function_id = function ? add_text(w, function) : 0;
	struct xf_record *r = w->status == XF_OK ? add_record(w, XF_EV_site) : NULL;
	if (!r)
		return 0;
	struct xf_ev_site site = { ++w->next_site, line, function_id, file_id, 0 };
	memcpy(r->payload, &site, sizeof(site));
	return site.id;
}

static uint64_t next_order(struct writer *w, uint32_t object)
{
	uint64_t key = tr_pair(w->lanes[w->current].process, object);
	uint32_t last = tr_map_get(&w->orders, key);
	uint32_t order = last == TR_MAP_NONE ? 1 : last + 1;
	if (!tr_map_set(&w->orders, key, order))
		no_memory(w);
	return order;
}

static bool set_word(struct writer *w, struct xf_record *r, char *word, uint32_t text)
{
	char *equals = strchr(word, '=');
	if (!equals)
		return bad(w, "'%s': expected name=value", word);
	*equals = '\0';
	if (strcmp(word, "order") == 0) {
		r->order = strtoull(equals + 1, NULL, 10);
		return tr_map_set(&w->orders, tr_pair(w->lanes[w->current].process, r->object),
				  (uint32_t)r->order) || no_memory(w);
	}
	const struct xf_field *f = xf_field_find((enum xf_kind)r->kind, word);
	if (f && f->type == XF_TYPE_text) {
		put(r, f, text);
		return true;
	}
	return set_field(w, r, word, equals + 1);
}

/* THREAD KIND [#OBJECT] [:FILE[@FUNCTION]:LINE] [field=value …] */
static bool event_line(struct writer *w, char *words[], unsigned nr)
{
	uint32_t ids[MAX_WORDS], object = 0, site = 0;
	if (nr < 2)
		return bad(w, "expected: thread kind …");
	enum xf_kind kind = xf_kind_find(words[1]);
	if (kind == XF_EV_none)
		return bad(w, "no event is called %s", words[1]);
	if (!lane_of(w, (uint32_t)strtoul(words[0], NULL, 10), 0))
		return no_memory(w);
	if (!texts_first(w, kind, words, nr, ids))
		return false;
	for (unsigned i = 2; i < nr; i++) {
		if (words[i][0] == '#')
			object = (uint32_t)strtoul(words[i] + 1, NULL, 10);
		else if (words[i][0] == ':')
			site = add_site(w, words[i] + 1);
	}
	struct xf_record *r = w->status == XF_OK ? add_record(w, kind) : NULL;
	if (!r)
		return false;
	r->object = object;
	r->site = site;
	if (object)
		r->order = next_order(w, object);
	for (unsigned i = 2; i < nr && w->status == XF_OK; i++)
		if (words[i][0] != '#' && words[i][0] != ':' && !set_word(w, r, words[i], ids[i]))
			return false;
	return w->status == XF_OK;
}

/* thread NUMBER NAME [ROLE] [process=N] */
static bool thread_line(struct writer *w, char *words[], unsigned nr)
{
	uint32_t process = 0;
	const char *role = "";
	if (nr < 3)
		return bad(w, "expected: thread number name");
	for (unsigned i = 3; i < nr; i++) {
		if (strncmp(words[i], "process=", 8) == 0)
			process = (uint32_t)strtoul(words[i] + 8, NULL, 10);
		else
			role = words[i];
	}
	uint32_t number = (uint32_t)strtoul(words[1], NULL, 10);
	if (!lane_of(w, number, process))
		return no_memory(w);
	uint32_t label = add_text(w, words[2]), role_id = add_text(w, role);
	struct xf_record *r = w->status == XF_OK ? add_record(w, XF_EV_thread_name) : NULL;
	if (!r)
		return false;
	struct xf_ev_thread_name name = { number, label, role_id, 0 };
	memcpy(r->payload, &name, sizeof(name));
	return true;
}

/* object ID KIND NAME CLASS [value]: its init, on thread 0 */
static bool object_line(struct writer *w, char *words[], unsigned nr)
{
	char kind[32], id[16], label[WORD], class[32], value[32];
	if (nr < 5)
		return bad(w, "expected: object id kind name class");
	snprintf(kind, sizeof(kind), "%s_init", words[2]);
	snprintf(id, sizeof(id), "#%s", words[1]);
	snprintf(label, sizeof(label), "label=%s", words[3]);
	snprintf(class, sizeof(class), "class=%s", words[4]);
	snprintf(value, sizeof(value), "value=%s", nr > 5 ? words[5] : "0");
	char thread[] = "0";
	char *event[] = { thread, kind, id, label, class, value };
	bool sem = strcmp(kind, "sem_init") == 0;
	return event_line(w, event, sem ? 6 : 5);
}

static bool one_line(struct writer *w, char *words[], unsigned nr)
{
	if (nr && (words[0][0] == '@' || words[0][0] == '+')) {
		uint64_t n = strtoull(words[0] + 1, NULL, 10);
		w->now = words[0][0] == '@' ? n : w->now + n;
		words++, nr--;
	} else if (nr && isdigit((unsigned char)words[0][0])) {
		w->now += 10;
	}
	if (!nr)
		return true;
	if (strcmp(words[0], "thread") == 0)
		return thread_line(w, words, nr);
	if (strcmp(words[0], "object") == 0)
		return object_line(w, words, nr);
	if (strcmp(words[0], "closed") == 0)
		return w->closed = true;
	if (strcmp(words[0], "dropped") == 0 && nr == 2) {
		w->dropped = strtoull(words[1], NULL, 10);
		return true;
	}
	if (!isdigit((unsigned char)words[0][0]))
		return bad(w, "'%s': expected a thread's number", words[0]);
	return event_line(w, words, nr);
}

/* ---- the file */

static void fill_segment(struct xf_segment *s, const struct lane *l, uint32_t index, uint32_t generation)
{
	uint32_t first = generation * XF_SEGMENT_RECORDS;
	uint32_t count = l->nr - first < XF_SEGMENT_RECORDS ? l->nr - first : XF_SEGMENT_RECORDS;
	s->header = (struct xf_segment_header){ .magic = XF_SEGMENT_MAGIC, .index = index,
		.process = l->process, .thread = l->number, .pid = 1000 + l->process,
		.tid = 2000 + l->number, .generation = generation, .count = count };
	if (count)
		memcpy(s->records, l->records + first, count * sizeof(*s->records));
	s->header.checksum = xf_segment_checksum(s, count);
	atomic_store(&s->header.sealed, 1);
}

static uint32_t segments_of(const struct lane *l)
{
	return (l->nr + XF_SEGMENT_RECORDS - 1) / XF_SEGMENT_RECORDS;
}

static bool lay_out(struct writer *w, void **bytes, size_t *len)
{
	uint32_t nr = 0, index = 0;
	for (uint32_t i = 0; i < w->nr_lanes; i++)
		nr += segments_of(&w->lanes[i]);
	*len = XF_HEADER_SIZE + (size_t)nr * XF_SEGMENT_SIZE;
	char *file = aligned_alloc(XF_RECORD_SIZE, *len);
	if (!file)
		return no_memory(w);
	memset(file, 0, *len);
	struct xf_file_header *h = (void *)file;
	memcpy(h->magic, XF_FILE_MAGIC, sizeof(h->magic));
	h->version = XF_TRACE_VERSION;
	h->layout = xf_layout_hash();
	atomic_store(&h->nr_segments, nr);
	atomic_store(&h->nr_threads, w->highest_thread);
	atomic_store(&h->nr_processes, w->nr_processes);
	atomic_store(&h->closed, w->closed);
	atomic_store(&h->dropped, w->dropped);
	atomic_store(&h->nr_anchors, 1);
	for (uint32_t i = 0; i < w->nr_lanes; i++)
		for (uint32_t g = 0; g < segments_of(&w->lanes[i]); g++, index++)
			fill_segment((void *)(file + XF_HEADER_SIZE + (size_t)index * XF_SEGMENT_SIZE),
				     &w->lanes[i], index, g);
	*bytes = file;
	return true;
}

static void read_lines(struct writer *w, const char *text)
{
	while (*text && w->status == XF_OK) {
		size_t len = strcspn(text, "\n");
		char line[1024], *words[MAX_WORDS];
		w->line++;
		if (len >= sizeof(line)) {
			bad(w, "too long");
			return;
		}
		memcpy(line, text, len);
		line[len] = '\0';
		text += len + (text[len] == '\n');
		if (line[strspn(line, " \t")] != '#')
			one_line(w, words, split(line, words));
	}
}

enum xf_status tr_write_text(const char *text, void **bytes, size_t *len, struct xf_error *err)
{
	struct writer w = { .err = err, .nr_processes = 1 };
	read_lines(&w, text);
	if (w.status == XF_OK)
		lay_out(&w, bytes, len);
	for (uint32_t i = 0; i < w.nr_lanes; i++)
		free(w.lanes[i].records);
	free(w.lanes);
	tr_map_fini(&w.orders);
	return w.status;
}

enum xf_status tr_log_from_text(const char *text, struct tr_log **out, struct xf_error *err)
{
	void *bytes;
	size_t len;
	struct tr_file *file;
	enum xf_status status = tr_write_text(text, &bytes, &len, err);
	if (status != XF_OK)
		return status;
	status = tr_file_open_memory(bytes, len, &file, err);
	free(bytes);
	return status == XF_OK ? tr_log_open_file(file, out, err) : status;
}
