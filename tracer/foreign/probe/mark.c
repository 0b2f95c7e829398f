/* mark: what the shim says, one line a write; see contract.h. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/foreign/probe/probe.h"

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
	}
}
