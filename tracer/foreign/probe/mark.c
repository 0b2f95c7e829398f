/* mark: what the shim says, one line a write; see contract.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"
#include "tracer/foreign/pystack.h"

enum { OPEN_CALLS = 4096, LINE = 1024 };

/* Calls of this process by the shim's own id: its number in the trace. */
static _Atomic uint32_t open_calls[OPEN_CALLS];

static void begin_call(unsigned long id, const char *name)
{
	uint32_t call = atomic_fetch_add(&probe_control->nr_calls, 1) + 1;

	atomic_store(&open_calls[id % OPEN_CALLS], call);
	probe_tls.calls++;
	PROBE_EMIT(call_enter, .call = call, .label = xf_text(name));
}

static void end_call(unsigned long id, const char *error)
{
	uint32_t call = atomic_exchange(&open_calls[id % OPEN_CALLS], 0);

	if (!call)
		return;
	if (probe_tls.calls)
		probe_tls.calls--;
	PROBE_EMIT(call_return, .call = call, .result = error ? -1 : 0, .error = xf_text(error));
	tr_control_returned(probe_control, call);
}

static void name_thread(const char *name)
{
	uint32_t label = xf_text(name);

	PROBE_EMIT(thread_name, .id = xf_thread_number(), .label = label, .tid = (uint32_t)gettid());
}

/* The innermost frame comes first; readers put the lines of one thread together again. */
static void stack_line(unsigned long tid, const char *text)
{
	int64_t number = tr_control_thread_find(probe_control, (uint32_t)tid);
	uint32_t key = xf_text("python-stack"), value = xf_text(text);

	PROBE_EMIT(property, .key = key, .value = value,
		   .number = number < 0 ? UINT64_MAX : (uint64_t)number);
}

static void miss_call(const char *text)
{
	uint32_t key = xf_text("call-missing");

	PROBE_EMIT(property, .key = key, .value = xf_text(text));
}

/* Futures and queues are objects of their own, which no lock of the program has the address of. */
static uintptr_t shim_key(unsigned long number)
{
	return (uintptr_t)number | 1;
}

static void keep_future(unsigned long address)
{
	struct probe_object *o = probe_object_renew(PROBE_SYNC, shim_key(address));

	if (!o)
		return;
	atomic_store(&o->value, 1);
	PROBE_EMIT_OBJECT(event_set, o->id, probe_order(o), .waiters = 0);
}

/* "428 Future.result /usr/lib/python3.11/concurrent/futures/_base.py": the function that would have waited stands on the stack no more. */
static bool read_frame(char *words, struct tr_pyframe *frame)
{
	char *name = strchr(words, ' '), *file = name ? strchr(name + 1, ' ') : NULL;

	if (!file)
		return false;
	*name++ = *file++ = '\0';
	frame->line = (uint32_t)strtoul(words, NULL, 10);
	return (size_t)snprintf(frame->name, sizeof(frame->name), "%s", name) < sizeof(frame->name) &&
	       (size_t)snprintf(frame->file, sizeof(frame->file), "%s", file) < sizeof(frame->file);
}

static void find_future_kept(unsigned long address, char *words)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, shim_key(address));
	struct tr_pyframe frame;

	if (o && atomic_load(&o->value) && read_frame(words, &frame))
		PROBE_EMIT_AT(event_woken, o->id, probe_order(o), probe_python_site_in(&frame), .how = XF_HOW_AT_ONCE);
}

/* A queue has a number of the shim's own; so has each item. */
static void put_item(unsigned long queue, unsigned long item)
{
	struct probe_object *o = probe_object(PROBE_SYNC, shim_key(queue << 1));

	if (o)
		PROBE_EMIT_OBJECT(queue_put, o->id, probe_order(o), .item = item);
}

static void take_item(unsigned long queue, char *words)
{
	struct probe_object *o = probe_object_peek(PROBE_SYNC, shim_key(queue << 1));
	unsigned long item = strtoul(words, &words, 10);
	struct tr_pyframe frame;

	if (o && *words == ' ' && read_frame(words + 1, &frame))
		PROBE_EMIT_AT(queue_get, o->id, probe_order(o), probe_python_site_in(&frame), .item = item,
			      .how = XF_HOW_AT_ONCE);
}

/* Whatever executor it is of: an item of no number. */
static void begin_job(void)
{
	struct probe_object *o = probe_object(PROBE_SYNC, shim_key(0));

	if (o)
		PROBE_EMIT_OBJECT(queue_get, o->id, probe_order(o), .how = XF_HOW_AT_ONCE);
}

void probe_marks_take(void)
{
	int more = tr_marks_take(probe_control, (uint32_t)gettid());

	if (more > 0)
		probe_tls.calls += (uint32_t)more;
	else
		probe_tls.calls -= probe_tls.calls < (uint32_t)-more ? probe_tls.calls : (uint32_t)-more;
}

/* "X id name Type": the name has no blank, as it is MODULE:NAME. */
static const char *second_word(const char *rest)
{
	const char *blank = strchr(rest, ' ');

	return blank ? blank + 1 : "exception";
}

void probe_mark(const void *data, size_t len)
{
	char line[LINE], *rest;
	unsigned long number;

	if (len < 2 || len >= sizeof(line))
		return;
	memcpy(line, data, len);
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (line[0] == 'N') {
		name_thread(line + 2);
		return;
	}
	number = strtoul(line + 2, &rest, 10);
	if (*rest == ' ')
		rest++;
	switch (line[0]) {
	case 'B': begin_call(number, rest); break;
	case 'E': end_call(number, NULL); break;
	case 'X': end_call(number, second_word(rest)); break;
	case 'S': stack_line(number, rest); break;
	case 'M': miss_call(rest); break;
	case 'J': begin_job(); break;
	case 'P': put_item(number, strtoul(rest, NULL, 10)); break;
	case 'T': take_item(number, rest); break;
	case 'F': keep_future(number); break;
	case 'G': find_future_kept(number, rest); break;
	}
}
