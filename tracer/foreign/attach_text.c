/* attach_text: the report, for people and as JSON. */
#include <jansson.h>
#include <string.h>

#include "tracer/foreign/attach.h"

/* ORDER attach waits */
static const char *const wait_names[] = {
	"work", "interpreter", "mutex", "join", "signal", "idle", "answer", "send", "connect", "poll",
	"pipe", "sleep", "child", "kernel", "unknown",
};
/* ORDER attach verdicts: the word in JSON, the word for people */
static const char *const verdict_names[][2] = {
	{ "runs", "RUNS" }, { "waits", "WAITS" }, { "hangs", "HANGS" }, { "deadlock", "DEADLOCK" },
	{ "orphaned", "HANGS" }, { "unknown", "UNKNOWN" },
	{ "stopped", "STOPPED" }, { "ended", "ENDED" },
};

const char *tr_attach_wait_name(enum tr_attach_wait wait)
{
	return wait_names[wait];
}

const char *tr_attach_verdict_name(enum tr_attach_verdict verdict)
{
	return verdict_names[verdict][0];
}

/* "14m02s", "3.2s", "250ms" */
static void print_ms(char *to, size_t cap, uint64_t ms)
{
	if (ms >= 3600000)
		snprintf(to, cap, "%lluh%02llum", (unsigned long long)(ms / 3600000),
			 (unsigned long long)(ms / 60000 % 60));
	else if (ms >= 60000)
		snprintf(to, cap, "%llum%02llus", (unsigned long long)(ms / 60000),
			 (unsigned long long)(ms / 1000 % 60));
	else if (ms >= 1000)
		snprintf(to, cap, "%llu.%llus", (unsigned long long)(ms / 1000),
			 (unsigned long long)(ms / 100 % 10));
	else
		snprintf(to, cap, "%llums", (unsigned long long)ms);
}

static void print_thread(char *to, size_t cap, const struct tr_attach *a, unsigned thread)
{
	const struct tr_attach_thread *t = &a->threads[thread];

	if (t->tid == a->pid)
		snprintf(to, cap, "main");
	else if (a->traced && t->name[0])
		snprintf(to, cap, "%s", t->name);
	else
		snprintf(to, cap, "thread %u", t->tid);
}

static bool is_c_library(const char *module)
{
	return strncmp(module, "libc.so", 7) == 0 || strncmp(module, "libc-", 5) == 0 ||
	       strncmp(module, "ld-linux", 8) == 0 || strncmp(module, "libpthread", 10) == 0 ||
	       strncmp(module, "libxferdb-probe", 15) == 0 || !module[0];
}

/* Where in its program the thread stands, as people know it; "" when nobody can tell. */
static void print_place(char *to, size_t cap, const struct tr_attach_thread *t)
{
	unsigned i = 0;

	to[0] = '\0';
	while (i + 1 < t->nr_python && tr_pyframe_is_machinery(&t->python[i]))
		i++;
	if (t->nr_python && tr_pyframe_is_machinery(&t->python[i]))
		i = 0;
	if (t->nr_python) {
		snprintf(to, cap, "%s, %s:%u", t->python[i].name, tr_pyframe_short(t->python[i].file),
			 t->python[i].line);
		return;
	}
	for (i = 0; i < t->nr_native; i++)
		if (!is_c_library(t->native[i].module) && t->native[i].name[0] != '?') {
			snprintf(to, cap, "%s, %s", t->native[i].name, t->native[i].module);
			return;
		}
}

/* "part 3 (UploadPart)", "CompleteMultipartUpload", "its request" */
static void print_request(char *to, size_t cap, const struct tr_attach_socket *s)
{
	if (!s->request)
		snprintf(to, cap, "what it sent");
	else if (s->part)
		snprintf(to, cap, "part %u (%s)", s->part, xf_op_name(s->op));
	else
		snprintf(to, cap, "%s", xf_op_name(s->op));
}

static void print_socket_wait(char *to, size_t cap, const struct tr_attach *a,
			      const struct tr_attach_thread *t)
{
	const struct tr_attach_socket *s = &a->sockets[t->socket];
	char request[64];

	print_request(request, sizeof(request), s);
	if (t->wait == TR_AT_ANSWER)
		snprintf(to, cap, "the answer to %s from %s", request, s->tcp.remote);
	else if (t->wait == TR_AT_SEND)
		snprintf(to, cap, "%s to take the bytes of %s", s->tcp.remote, request);
	else
		snprintf(to, cap, "the connection to %s", s->tcp.remote);
}

/* "bytes of a pipe (descriptor 3)", "room in /tmp/fifo (descriptor 1)" */
static void print_file(char *to, size_t cap, const struct tr_attach_thread *t)
{
	static const struct { const char *begin, *name; } kinds[] = {
		{ "pipe:", "a pipe" }, { "socket:", "a socket that is no TCP connection" }, { "anon_inode:[eventfd", "an eventfd" },
	};
	const char *what = t->what;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncmp(t->what, kinds[i].begin, strlen(kinds[i].begin)) == 0)
			what = kinds[i].name;
	snprintf(to, cap, *what ? "%s %s (descriptor %d)" : "%s%s descriptor %d", t->writes ? "room in" : "bytes of", what, t->fd);
}

static void print_wait(char *to, size_t cap, const struct tr_attach *a, const struct tr_attach_thread *t)
{
	char of[64] = "";

	if (t->child)
		snprintf(of, sizeof(of), " %u", t->child);
	else if (t->fd >= 0)
		snprintf(of, sizeof(of), " %d", t->fd);
	else if (t->thread)
		snprintf(of, sizeof(of), "thread %u", t->thread == a->pid ? a->pid : t->thread);
	switch (t->wait) {
	case TR_AT_WORK: snprintf(to, cap, "nothing: it is at work"); break;
	case TR_AT_GIL: snprintf(to, cap, "its turn in the interpreter"); break;
	case TR_AT_MUTEX: snprintf(to, cap, "a mutex that %s holds", of); break;
	case TR_AT_JOIN: snprintf(to, cap, "the end of %s", of); break;
	case TR_AT_SIGNAL: snprintf(to, cap, "somebody to wake it"); break;
	case TR_AT_IDLE: snprintf(to, cap, "work to do"); break;
	case TR_AT_ANSWER:
	case TR_AT_SEND:
	case TR_AT_CONNECT: print_socket_wait(to, cap, a, t); break;
	case TR_AT_POLL: snprintf(to, cap, "events on descriptor%s", of[0] ? of : "s"); break;
	case TR_AT_PIPE: print_file(to, cap, t); break;
	case TR_AT_SLEEP: snprintf(to, cap, "time to pass (it sleeps)"); break;
	case TR_AT_CHILD: snprintf(to, cap, "child process%s to end", of[0] ? of : "es"); break;
	case TR_AT_KERNEL:
		if (t->what[0])
			snprintf(to, cap, "%s to be opened", t->what);
		else if (t->call.number < 0)
			snprintf(to, cap, "the kernel");
		else
			snprintf(to, cap, "the kernel (system call %ld)", t->call.number);
		break;
	case TR_AT_UNKNOWN: snprintf(to, cap, "something that we may not see"); break;
	}
}

/* From outside a loop that waits for something by asking again and again looks like work that needs no bytes. */
static void print_spin(char *to, size_t cap, const struct tr_attach *a, const struct tr_attach_thread *t)
{
	enum { WHOLE = 80 };
	char watched[32];

	if (!a->watched_ms || a->moved || t->busy_percent < WHOLE)
		return;
	print_ms(watched, sizeof(watched), a->watched_ms);
	snprintf(to, cap, "; looked at for %s it took %u %% of a processor, and no byte %s: it spins, or computes", watched,
		 t->busy_percent, a->wire_only ? "went over the wire" : "was sent, received, read or written");
}

/* What follows from how the last connection stands. */
static void print_cause(char *to, size_t cap, const struct tr_attach *a, const struct tr_attach_thread *t)
{
	const struct tr_tcp *tcp;
	char since[32];

	to[0] = '\0';
	if (t->wait == TR_AT_WORK)
		print_spin(to, cap, a, t);
	if (t->socket < 0)
		return;
	tcp = &a->sockets[t->socket].tcp;
	print_ms(since, sizeof(since), a->still_ms);
	if (t->wait == TR_AT_CONNECT)
		snprintf(to, cap, "; asked %u time%s and nobody answered: the network, or a server that takes no more",
			 tcp->retransmits + 1, tcp->retransmits ? "s" : "");
	else if (tcp->retransmits)
		snprintf(to, cap, "; %u bytes sent are not acknowledged, tried %u times again: the network",
			 tcp->send_queue, tcp->retransmits);
	else if (tcp->send_queue && t->wait == TR_AT_SEND)
		snprintf(to, cap, "; no byte since %s, %u bytes wait to be taken: the server does not read",
			 since, tcp->send_queue);
	else
		snprintf(to, cap, "; no byte since %s, all that was sent is acknowledged: network or "
			 "server, not a deadlock", since);
}

static size_t add(char *text, size_t cap, size_t at, const char *more)
{
	size_t len = strlen(more);

	if (at + len >= cap)
		len = cap - at - 1;
	memcpy(text + at, more, len);
	text[at + len] = '\0';
	return at + len;
}

static const char *ending(enum tr_attach_verdict verdict)
{
	if (verdict == TR_ATTACH_ORPHANED)
		return "; nobody in this process is left who could";
	return verdict == TR_ATTACH_DEADLOCK ? ": a ring, it will never end" : "";
}

/* Who waits to be woken as well, and is not in the chain: two locks that two threads want crosswise name nobody. */
static size_t add_others(char *text, size_t cap, size_t at, const struct tr_attach *a)
{
	enum { MOST = 2 };
	char name[64], place[200], part[320];
	unsigned nr = 0;

	for (unsigned i = 0; i < a->nr_threads && nr < MOST; i++) {
		bool chained = false;
		for (unsigned k = 0; k < a->nr_chain; k++)
			chained = chained || a->chain[k] == i;
		if (chained || a->threads[i].wait != TR_AT_SIGNAL)
			continue;
		print_thread(name, sizeof(name), a, i);
		print_place(place, sizeof(place), &a->threads[i]);
		if (!place[0] || strstr(place, "libjvm.so")) /* the machine's own */
			continue;
		snprintf(part, sizeof(part), "%s%s (in %s)", nr++ ? ", " : "; so does ", name, place);
		at = add(text, cap, at, part);
	}
	return at;
}

void tr_attach_sentence(const struct tr_attach *a, char *text, size_t cap)
{
	char part[256], place[200], since[40] = "";
	size_t at;

	if (a->verdict == TR_ATTACH_HANGS)
		print_ms(since, sizeof(since), a->still_ms);
	snprintf(text, cap, "%s%s%s: ", verdict_names[a->verdict][1], since[0] ? " " : "", since);
	at = strlen(text);
	for (unsigned i = 0; i < a->nr_chain; i++) {
		const struct tr_attach_thread *t = &a->threads[a->chain[i]];
		bool last = i + 1 == a->nr_chain, named = t->wait == TR_AT_SIGNAL || t->wait == TR_AT_IDLE;
		print_thread(part, sizeof(part), a, a->chain[i]);
		at = add(text, cap, at, i ? "which" : part);
		at = add(text, cap, at, t->wait == TR_AT_WORK ? " is at work" : " waits for ");
		if (!last && named)
			print_thread(part, sizeof(part), a, a->chain[i + 1]);
		else
			print_wait(part, sizeof(part), a, t);
		at = add(text, cap, at, t->wait == TR_AT_WORK ? "" : part);
		print_place(place, sizeof(place), t);
		snprintf(part, sizeof(part), "%s%.200s%s", place[0] ? " (in " : "", place, place[0] ? ")" : "");
		at = add(text, cap, at, part);
		if (last)
			print_cause(part, sizeof(part), a, t);
		at = add(text, cap, at, last ? part : ", ");
	}
	if (a->verdict == TR_ATTACH_STOPPED)
		at = add(text, cap, at, "all of it stands still, by a signal (Ctrl-Z, SIGSTOP) or held by a debugger; "
				    "`fg` or SIGCONT lets it go on");
	else if (a->verdict == TR_ATTACH_ENDED)
		at = add(text, cap, at, "the process is over (a zombie); its parent has not waited for it yet");
	else if (!a->nr_chain)
		at = add(text, cap, at, "nothing could be seen");
	if (a->verdict == TR_ATTACH_ORPHANED)
		at = add_others(text, cap, at, a);
	add(text, cap, at, ending(a->verdict));
}

/* ---- for people */

static void print_threads(const struct tr_attach *a, FILE *out)
{
	char wait[256], place[256];

	fprintf(out, "\n%-8s %-24s %-46s %s\n", "THREAD", "NAME", "WAITS FOR", "WHERE");
	for (unsigned i = 0; i < a->nr_threads; i++) {
		const struct tr_attach_thread *t = &a->threads[i];
		print_wait(wait, sizeof(wait), a, t);
		print_place(place, sizeof(place), t);
		fprintf(out, "%-8u %-24.24s %-46s %s\n", t->tid, t->tid == a->pid ? "main" : t->name, wait,
			place);
	}
}

static void print_sockets(const struct tr_attach *a, FILE *out)
{
	char request[64], sent[32], received[32];

	if (a->nr_sockets)
		fprintf(out, "\n%-4s %-44s %-12s %10s %10s %9s %9s %6s  %s\n", "FD", "CONNECTION", "STATE",
			"ACKED", "RECEIVED", "SENT", "GOT", "RESENT", "REQUEST");
	for (unsigned i = 0; i < a->nr_sockets; i++) {
		const struct tr_attach_socket *s = &a->sockets[i];
		char ends[160];
		snprintf(ends, sizeof(ends), "%s -> %s", s->tcp.local, s->tcp.remote);
		print_ms(sent, sizeof(sent), s->tcp.last_sent_ms);
		print_ms(received, sizeof(received), s->tcp.last_received_ms);
		print_request(request, sizeof(request), s);
		fprintf(out, "%-4d %-44s %-12s %10llu %10llu %9s %9s %6u  %s\n", s->fd, ends, s->tcp.state,
			(unsigned long long)s->tcp.bytes_acked, (unsigned long long)s->tcp.bytes_received,
			sent, received, s->tcp.total_retransmits, s->request ? request : "-");
	}
}

static void print_stack(const struct tr_attach_thread *t, FILE *out)
{
	for (unsigned i = 0; i < t->nr_python; i++)
		fprintf(out, "  %s:%u  %s\n", tr_pyframe_short(t->python[i].file), t->python[i].line,
			t->python[i].name);
	for (unsigned i = 0; !t->nr_python && i < t->nr_native; i++)
		fprintf(out, "  %-32s %s\n", t->native[i].name, t->native[i].module);
}

static void print_stacks(const struct tr_attach *a, FILE *out)
{
	char name[64];

	for (unsigned i = 0; i < a->nr_chain; i++) {
		const struct tr_attach_thread *t = &a->threads[a->chain[i]];
		if (!t->nr_python && !t->nr_native)
			continue;
		print_thread(name, sizeof(name), a, a->chain[i]);
		fprintf(out, "\nStack of %s, innermost first:\n", name);
		print_stack(t, out);
	}
}

static void print_calls(const struct tr_attach *a, FILE *out)
{
	char open[32], thread[64];

	for (unsigned i = 0; i < a->nr_calls; i++) {
		print_ms(open, sizeof(open), a->calls[i].open_ms);
		snprintf(thread, sizeof(thread), "thread %u", a->calls[i].tid);
		for (unsigned j = 0; j < a->nr_threads; j++)
			if (a->threads[j].tid == a->calls[i].tid)
				print_thread(thread, sizeof(thread), a, j);
		fprintf(out, "%s has not returned for %s, on %s\n", a->calls[i].name, open, thread);
	}
}

void tr_attach_print(const struct tr_attach *a, FILE *out)
{
	char sentence[2048];

	tr_attach_sentence(a, sentence, sizeof(sentence));
	fprintf(out, "%s.\n\nProcess %u, %s, %u thread%s%s%s\n", sentence, a->pid, a->command, a->nr_threads,
		a->nr_threads == 1 ? "" : "s", a->python ? ", Python " : "", a->python ? a->python : "");
	if (a->traced)
		fprintf(out, "It runs under xferdb; its trace: %s\n", a->trace);
	print_calls(a, out);
	print_threads(a, out);
	print_sockets(a, out);
	print_stacks(a, out);
	for (unsigned i = 0; i < a->nr_missing; i++)
		fprintf(out, "%sNot seen: %s\n", i ? "" : "\n", a->missing[i]);
}

/* ---- JSON */

static json_t *json_stack(const struct tr_attach_thread *t)
{
	json_t *stack = json_array();

	for (unsigned i = 0; i < t->nr_python; i++)
		json_array_append_new(stack, json_pack("{s:s, s:s, s:i}", "function", t->python[i].name,
						       "file", tr_pyframe_short(t->python[i].file), "line",
						       (int)t->python[i].line));
	for (unsigned i = 0; !t->nr_python && i < t->nr_native; i++)
		json_array_append_new(stack, json_pack("{s:s, s:s, s:n}", "function", t->native[i].name,
						       "file", t->native[i].module, "line"));
	return stack;
}

static json_t *json_thread(const struct tr_attach *a, const struct tr_attach_thread *t)
{
	char wait[256];

	print_wait(wait, sizeof(wait), a, t);
	return json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:b, s:o, s:o}", "tid", (int)t->tid, "name",
			 t->tid == a->pid ? "main" : t->name, "wait", wait_names[t->wait], "waits_for", wait,
			 "thread", t->thread ? json_integer(t->thread) : json_null(), "fd",
			 t->fd >= 0 ? json_integer(t->fd) : json_null(), "timed", t->timed, "stack",
			 json_stack(t), "busy_percent", a->watched_ms ? json_integer(t->busy_percent) : json_null());
}

static json_t *json_socket(const struct tr_attach_socket *s)
{
	return json_pack("{s:i, s:s, s:s, s:s, s:I, s:I, s:i, s:i, s:I, s:I, s:I, s:i, s:o, s:o}", "fd", s->fd,
			 "local", s->tcp.local, "remote", s->tcp.remote, "state", s->tcp.state,
			 "bytes_acked", (json_int_t)s->tcp.bytes_acked, "bytes_received",
			 (json_int_t)s->tcp.bytes_received, "receive_queue", (int)s->tcp.receive_queue,
			 "send_queue", (int)s->tcp.send_queue, "last_sent_ms",
			 (json_int_t)s->tcp.last_sent_ms, "last_received_ms",
			 (json_int_t)s->tcp.last_received_ms, "last_ack_ms", (json_int_t)s->tcp.last_ack_ms,
			 "retransmits", (int)s->tcp.total_retransmits, "operation",
			 s->request ? json_string(xf_op_name(s->op)) : json_null(), "part",
			 s->request && s->part ? json_integer(s->part) : json_null());
}

static json_t *json_calls(const struct tr_attach *a)
{
	json_t *calls = json_array();

	for (unsigned i = 0; i < a->nr_calls; i++)
		json_array_append_new(calls, json_pack("{s:s, s:i, s:I}", "name", a->calls[i].name, "tid",
						       (int)a->calls[i].tid, "open_ms",
						       (json_int_t)a->calls[i].open_ms));
	return calls;
}

static json_t *json_lists(const struct tr_attach *a)
{
	json_t *threads = json_array(), *sockets = json_array(), *missing = json_array(), *chain = json_array();

	for (unsigned i = 0; i < a->nr_threads; i++)
		json_array_append_new(threads, json_thread(a, &a->threads[i]));
	for (unsigned i = 0; i < a->nr_sockets; i++)
		json_array_append_new(sockets, json_socket(&a->sockets[i]));
	for (unsigned i = 0; i < a->nr_missing; i++)
		json_array_append_new(missing, json_string(a->missing[i]));
	for (unsigned i = 0; i < a->nr_chain; i++)
		json_array_append_new(chain, json_integer(a->threads[a->chain[i]].tid));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "waiting_on", chain, "calls", json_calls(a), "threads",
			 threads, "connections", sockets, "not_seen", missing);
}

void tr_attach_print_json(const struct tr_attach *a, FILE *out)
{
	char sentence[2048];
	json_t *root, *lists = json_lists(a);

	tr_attach_sentence(a, sentence, sizeof(sentence));
	root = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:o, s:o, s:o}", "xferdb", XFERDB_VERSION, "command",
			 "attach", "pid", (int)a->pid, "program", a->command, "state",
			 tr_attach_verdict_name(a->verdict), "sentence", sentence, "still_ms",
			 a->still_ms ? json_integer((json_int_t)a->still_ms) : json_null(), "python",
			 a->python ? json_string(a->python) : json_null(), "trace",
			 a->traced ? json_string(a->trace) : json_null());
	if (root && lists)
		json_object_update(root, lists);
	json_decref(lists);
	if (root)
		json_dumpf(root, out, JSON_COMPACT);
	json_decref(root);
}
