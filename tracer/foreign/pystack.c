/* pystack: follows CPython's structures by offsets; see the header. */
#include "tracer/foreign/pystack.h"

#include <stdlib.h>
#include <string.h>

/*
 * From each version's own headers (offsetof). ABSENT: the field is not there.
 *
 *   interp_head                 _PyRuntimeState.interpreters.head
 *   interp_next, threads        PyInterpreterState.next, .threads.head (.tstate_head)
 *   next, handle, native        PyThreadState.next, .thread_id, .native_thread_id
 *   frame                       PyThreadState.frame, .cframe or .current_frame
 *   cframe_current              _PyCFrame.current_frame: one step more (3.11, 3.12)
 *   code, back, at, owner       the frame's code object, caller, position, owner
 *   filename … instructions     PyCodeObject
 *   ascii, compact              sizes of the two unicode headers: the text follows
 */
enum { ABSENT = 0xffff };

struct tr_pyoffsets {
	uint16_t minor;
	uint16_t interp_head, interp_next, threads;
	uint16_t next, handle, native, frame, cframe_current;
	uint16_t code, back, at, owner;
	uint16_t filename, name, first_line, table, instructions;
	uint16_t ascii, compact;
};

static const struct tr_pyoffsets versions[] = {
	{ 8, 32, 0, 8, 8, 176, ABSENT, 24, ABSENT, 32, 24, 104, ABSENT, 104, 112, 40, 120, ABSENT, 48, 72 },
	{ 9, 32, 0, 8, 8, 176, ABSENT, 24, ABSENT, 32, 24, 104, ABSENT, 104, 112, 40, 120, ABSENT, 48, 72 },
	{ 10, 32, 0, 8, 8, 176, ABSENT, 24, ABSENT, 32, 24, 96, ABSENT, 104, 112, 40, 120, ABSENT, 48, 72 },
	{ 11, 40, 0, 16, 8, 152, 160, 56, 8, 32, 48, 56, 69, 112, 128, 72, 136, 184, 48, 72 },
	{ 12, 40, 0, 72, 8, 136, 144, 56, 0, 0, 8, 56, 70, 112, 128, 68, 136, 192, 40, 56 },
	{ 13, 632, 7264, 7344, 8, 152, 160, 72, ABSENT, 0, 8, 56, 70, 112, 128, 68, 136, 200, 40, 56 },
};

enum {
	BYTES_SIZE = 16, BYTES_TEXT = 32, TEXT_LENGTH = 16, TEXT_STATE = 32,
	OWNED_BY_C = 3,           /* a frame of the interpreter itself (3.12 on) */
	MAX_INTERPRETERS = 16, MAX_THREADS = 4096, MAX_TABLE = 65536, WINDOW = 512,
};

bool tr_pystack_init(struct tr_pystack *p, unsigned minor, uint64_t runtime, tr_pyread_fn read,
		     void *ctx)
{
	*p = (struct tr_pystack){ .runtime = runtime, .read = read, .ctx = ctx };
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].minor == minor)
			p->offsets = &versions[i];
	return p->offsets && runtime;
}

static uint64_t word(const struct tr_pystack *p, uint64_t address)
{
	uint64_t value = 0;

	return address && p->read(p->ctx, address, &value, sizeof(value)) ? value : 0;
}

static uint32_t half(const struct tr_pystack *p, uint64_t address)
{
	uint32_t value = 0;

	return p->read(p->ctx, address, &value, sizeof(value)) ? value : 0;
}

/* ---- threads */

static struct tr_pythread thread_at(const struct tr_pystack *p, uint64_t state)
{
	const struct tr_pyoffsets *o = p->offsets;

	return (struct tr_pythread){
		.state = state,
		.handle = word(p, state + o->handle),
		.tid = o->native == ABSENT ? 0 : (uint32_t)word(p, state + o->native),
	};
}

static unsigned threads_of(const struct tr_pystack *p, uint64_t interpreter, uint64_t wanted,
			   struct tr_pythread *threads, unsigned max)
{
	uint64_t state = word(p, interpreter + p->offsets->threads);
	unsigned nr = 0;

	for (int i = 0; state && i < MAX_THREADS && nr < max; i++) {
		threads[nr] = thread_at(p, state);
		if (!wanted || threads[nr].handle == wanted)
			nr++;
		state = word(p, state + p->offsets->next);
	}
	return nr;
}

static unsigned all_threads(const struct tr_pystack *p, uint64_t wanted,
			    struct tr_pythread *threads, unsigned max)
{
	uint64_t interpreter = word(p, p->runtime + p->offsets->interp_head);
	unsigned nr = 0;

	for (int i = 0; interpreter && i < MAX_INTERPRETERS && nr < max; i++) {
		nr += threads_of(p, interpreter, wanted, threads + nr, max - nr);
		interpreter = word(p, interpreter + p->offsets->interp_next);
	}
	return nr;
}

unsigned tr_pystack_threads(const struct tr_pystack *p, struct tr_pythread *threads, unsigned max)
{
	return all_threads(p, 0, threads, max);
}

/*
 * A thread that is being started carries its maker's handle until it runs (up to
 * 3.12): the oldest of that handle is the one.
 */
bool tr_pystack_find(const struct tr_pystack *p, uint64_t handle, struct tr_pythread *thread)
{
	struct tr_pythread found[4];
	unsigned nr = all_threads(p, handle, found, 4);

	if (nr)
		*thread = found[nr - 1];
	return nr > 0;
}

bool tr_pystack_is_of(const struct tr_pystack *p, uint64_t state, uint64_t handle, struct tr_pythread *thread)
{
	*thread = thread_at(p, state);
	return thread->handle == handle;
}

/* ---- text */

/* state: interned:2 kind:3 compact:1 ascii:1. Only compact strings; what is not ASCII becomes '?'. */
static void read_text(const struct tr_pystack *p, uint64_t text, char *to, size_t cap)
{
	uint64_t length = word(p, text + TEXT_LENGTH);
	uint32_t state = half(p, text + TEXT_STATE), kind = state >> 2 & 7;
	uint64_t bytes = text + (state >> 6 & 1 ? p->offsets->ascii : p->offsets->compact);
	unsigned char raw[4 * 256];
	size_t nr;

	to[0] = '\0';
	if (!text || !(state >> 5 & 1) || (kind != 1 && kind != 2 && kind != 4))
		return;
	/* of a long path, its end */
	if (length > cap - 1) {
		bytes += (length - (cap - 1)) * kind;
		length = cap - 1;
	}
	nr = length < sizeof(raw) / kind ? length : sizeof(raw) / kind;
	if (!p->read(p->ctx, bytes, raw, nr * kind))
		nr = 0;
	for (size_t i = 0; i < nr; i++) {
		unsigned char c = raw[i * kind];
		bool high = kind > 1 && raw[i * kind + 1];
		to[i] = c < ' ' || c > '~' || high ? '?' : (char)c;
	}
	to[nr] = '\0';
}

/* ---- line numbers: a bytes object that maps instructions to lines, read through a window */

struct table {
	const struct tr_pystack *p;
	uint64_t bytes, size, at;
	uint64_t window_at;
	unsigned char window[WINDOW];
	bool ended;
};

static struct table open_table(const struct tr_pystack *p, uint64_t object)
{
	struct table t = { .p = p, .bytes = object + BYTES_TEXT, .window_at = UINT64_MAX };

	t.size = word(p, object + BYTES_SIZE);
	t.ended = !object || t.size > MAX_TABLE;
	return t;
}

static unsigned next_byte(struct table *t)
{
	uint64_t page = t->at / WINDOW * WINDOW;

	if (t->ended || t->at >= t->size) {
		t->ended = true;
		return 0;
	}
	if (t->window_at != page) {
		uint64_t left = t->size - page;
		t->window_at = page;
		if (!t->p->read(t->p->ctx, t->bytes + page, t->window, left < WINDOW ? left : WINDOW))
			t->ended = true;
	}
	return t->window[t->at++ - page];
}

/* 3.8, 3.9: (bytes on, lines on) pairs; the line changes after the bytes. */
static uint32_t line_by_lnotab(struct table *t, uint64_t at, int64_t line)
{
	uint64_t address = 0;

	for (;;) {
		address += next_byte(t);
		int8_t lines = (int8_t)next_byte(t);
		if (t->ended || address > at)
			return (uint32_t)line;
		line += lines;
	}
}

/* 3.10: (bytes, lines on) ranges; -128: no line. */
static uint32_t line_by_ranges(struct table *t, uint64_t at, int64_t line)
{
	uint64_t end = 0;

	for (;;) {
		end += next_byte(t);
		int8_t lines = (int8_t)next_byte(t);
		if (t->ended)
			return 0;
		if (lines != -128)
			line += lines;
		if (end > at)
			return lines == -128 ? 0 : (uint32_t)line;
	}
}

static uint64_t varint(struct table *t)
{
	uint64_t value = 0;
	unsigned byte, shift = 0;

	do {
		byte = next_byte(t);
		value |= (uint64_t)(byte & 0x3f) << shift;
		shift += 6;
	} while (byte & 0x40 && shift < 60);
	return value;
}

/* One entry of the location table of 3.11 on: how many lines it goes on. Columns are passed over. */
static int64_t lines_on(struct table *t, unsigned code)
{
	uint64_t v;

	if (code == 15)
		return 0;
	if (code >= 10 && code <= 12) {
		t->at += 2;
		return (int64_t)code - 10;
	}
	if (code < 10) {
		t->at += 1;
		return 0;
	}
	v = varint(t);
	if (code == 14) {
		varint(t);
		varint(t);
		varint(t);
	}
	return v & 1 ? -(int64_t)(v >> 1) : (int64_t)(v >> 1);
}

static uint32_t line_by_locations(struct table *t, uint64_t at, int64_t line)
{
	uint64_t end = 0;

	for (;;) {
		unsigned first = next_byte(t), code = first >> 3 & 15;
		if (t->ended)
			return 0;
		end += ((first & 7) + 1) * 2;
		line += lines_on(t, code);
		if (end > at)
			return code == 15 ? 0 : (uint32_t)line;
	}
}

/* at: bytes into the code; negative before its first instruction. */
static uint32_t line_of(const struct tr_pystack *p, uint64_t code, int64_t at)
{
	const struct tr_pyoffsets *o = p->offsets;
	uint32_t first = half(p, code + o->first_line);
	struct table t = open_table(p, word(p, code + o->table));

	if (at < 0)
		return first;
	if (o->minor < 10)
		return line_by_lnotab(&t, (uint64_t)at, first);
	return o->minor == 10 ? line_by_ranges(&t, (uint64_t)at, first) :
				line_by_locations(&t, (uint64_t)at, first);
}

/* ---- frames */

static uint64_t innermost(const struct tr_pystack *p, uint64_t state)
{
	uint64_t frame = word(p, state + p->offsets->frame);

	return p->offsets->cframe_current == ABSENT ? frame :
						      word(p, frame + p->offsets->cframe_current);
}

static bool is_interpreter_s(const struct tr_pystack *p, uint64_t frame)
{
	unsigned char owner = 0;

	return p->offsets->owner != ABSENT && p->offsets->minor >= 12 &&
	       p->read(p->ctx, frame + p->offsets->owner, &owner, 1) && owner == OWNED_BY_C;
}

static int64_t position(const struct tr_pystack *p, uint64_t frame, uint64_t code)
{
	const struct tr_pyoffsets *o = p->offsets;

	if (o->instructions != ABSENT)
		return (int64_t)(word(p, frame + o->at) - (code + o->instructions));
	return (int64_t)(int32_t)half(p, frame + o->at) * (o->minor == 10 ? 2 : 1);
}

static void fill(const struct tr_pystack *p, uint64_t frame, uint64_t code, struct tr_pyframe *out)
{
	read_text(p, word(p, code + p->offsets->filename), out->file, sizeof(out->file));
	read_text(p, word(p, code + p->offsets->name), out->name, sizeof(out->name));
	out->line = line_of(p, code, position(p, frame, code));
}

/* The shim's wrapper is nothing the program knows. */
static bool is_ours(const struct tr_pyframe *frame)
{
	static const char file[] = "/xferdb-python/sitecustomize.py";
	size_t len = strlen(frame->file), tail = sizeof(file) - 1;

	return len >= tail && strcmp(frame->file + len - tail, file) == 0;
}

unsigned tr_pystack_frames(const struct tr_pystack *p, uint64_t state, struct tr_pyframe *frames,
			   unsigned max)
{
	uint64_t frame = innermost(p, state);
	unsigned nr = 0;

	for (int i = 0; frame && nr < max && i < MAX_THREADS; i++) {
		uint64_t code = word(p, frame + p->offsets->code);
		if (code && !is_interpreter_s(p, frame)) {
			fill(p, frame, code, &frames[nr]);
			if (!frames[nr].name[0])
				break;
			nr += !is_ours(&frames[nr]);
		}
		frame = word(p, frame + p->offsets->back);
	}
	return nr;
}

/* ---- what people know */

bool tr_pyframe_is_machinery(const struct tr_pyframe *frame)
{
	static const char *const files[] = {
		"/threading.py", "/queue.py", "/selectors.py", "/socket.py", "/ssl.py",
		"/subprocess.py", "/concurrent/futures/_base.py", "/concurrent/futures/thread.py",
		"/multiprocessing/connection.py", "/multiprocessing/popen_fork.py", "/multiprocessing/process.py",
		"/asyncio/base_events.py", "/asyncio/unix_events.py", "/asyncio/runners.py",
		"/sitecustomize.py",
	};
	size_t len = strlen(frame->file);

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		size_t tail = strlen(files[i]);
		if (len >= tail && strcmp(frame->file + len - tail, files[i]) == 0)
			return true;
	}
	return frame->file[0] == '<';
}

const char *tr_pyframe_short(const char *file)
{
	static const char *const roots[] = { "/site-packages/", "/dist-packages/" };
	const char *last = strrchr(file, '/'), *before = last;

	for (size_t i = 0; i < 2; i++) {
		const char *found = strstr(file, roots[i]);
		if (found)
			return found + strlen(roots[i]);
	}
	while (before && before > file && before[-1] != '/')
		before--;
	return before && before > file ? before : last ? last + 1 : file;
}

unsigned tr_python_minor(const char *path)
{
	const char *base = strrchr(path, '/');
	const char *found = strstr(base ? base : path, "python3.");

	return found ? (unsigned)strtoul(found + 8, NULL, 10) : 0;
}
