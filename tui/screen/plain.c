#include "tui/screen/plain.h"

#include <ctype.h>
#include <string.h>

/*
 * What is said of a kind. {t} the thread, {o} the object, {NAME} the field of that name as
 * people read it, {NAME:s} a size, {NAME:d} a duration. NULL: nothing.
 */
static const char *const sentences[XF_EV_COUNT] = {
	[XF_EV_call_enter] = "{t} calls {label}",
	[XF_EV_call_return] = "{t} is back from the call, result {result}",
	[XF_EV_mark] = "{t} passes the mark {label}",
	[XF_EV_submit] = "{t} hands over transfer {transfer}: s3://{bucket}/{key}",
	[XF_EV_status] = "transfer {transfer} is {to}",
	[XF_EV_plan] = "transfer {transfer} is to be {size:s} in {parts} parts",
	[XF_EV_done] = "transfer {transfer} is over: {state}",
	[XF_EV_cancel] = "transfer {transfer} is asked to stop: {reason}",
	[XF_EV_part_queued] = "part {part} is queued ({bytes:s})",
	[XF_EV_part_start] = "{t} takes up part {part}, attempt {attempt}",
	[XF_EV_part_sent] = "{t} has sent part {part} and waits for the answer",
	[XF_EV_part_retry] = "part {part} failed ({reason}) and is tried again in {backoff_ns:d}",
	[XF_EV_part_done] = "part {part} is acknowledged",
	[XF_EV_part_failed] = "part {part} failed for good: {reason}",
	[XF_EV_part_skipped] = "part {part} is not sent any more",
	[XF_EV_multipart_create] = "the multipart upload is created, HTTP {http_status}",
	[XF_EV_multipart_complete] = "the multipart upload is completed, HTTP {http_status}",
	[XF_EV_multipart_abort] = "the multipart upload is aborted, HTTP {http_status}",
	[XF_EV_object_put] = "the object is put, HTTP {http_status}",
	[XF_EV_object_get] = "the object is fetched, HTTP {http_status}",
	[XF_EV_object_head] = "a look at the object: HTTP {http_status}, {bytes:s}",
	[XF_EV_thread_create] = "{t} starts {id}",
	[XF_EV_thread_start] = "{t} begins",
	[XF_EV_thread_exit] = "{t} ends",
	[XF_EV_join_begin] = "{t} waits for {id} to end",
	[XF_EV_join_end] = "{t} has seen {id} end",
	[XF_EV_sem_wait] = "{t} waits for semaphore {o}",
	[XF_EV_event_wait] = "{t} waits for event {o}",
	[XF_EV_event_woken] = "{t} goes on: event {o} is set",
	[XF_EV_event_set] = "{t} sets event {o}",
	[XF_EV_cond_wait] = "{t} waits for condition {o}",
	[XF_EV_cond_woken] = "{t} goes on: condition {o} was signalled",
	[XF_EV_process_exit] = "the process ends with status {exit_status}",
	[XF_EV_process_start] = "process {pid} begins",
	[XF_EV_exec] = "process {pid} runs {command}",
	[XF_EV_backoff] = "{t} waits {delay_ns:d} before attempt {attempt}",
	[XF_EV_response] = "{t} has the answer, HTTP {http_status}",
	[XF_EV_sleep] = "{t} slept {slept_ns:d} ({why})",
	[XF_EV_timer] = "a signal is to come in {due_ns:d} ({why})",
	[XF_EV_stopped] = "everything is stopped: {why}",
	[XF_EV_resumed] = "everything goes on",
	[XF_EV_held] = "{thread} is held at part {part}",
	[XF_EV_released] = "part {part} is let go after {held_ns:d}",
	[XF_EV_hold_evaded] = "hold {hold} is void: {why}",
	[XF_EV_lost] = "{records} records were lost here: {why}",
};

struct text {
	char *buf;
	size_t cap, at;
};

static void add(struct text *t, const char *word)
{
	for (; *word && t->at + 1 < t->cap; word++)
		t->buf[t->at++] = iscntrl((unsigned char)*word) ? '?' : *word;
	t->buf[t->at] = '\0';
}

static void add_size(struct text *t, uint64_t bytes)
{
	char word[32];

	if (bytes < 10240)
		snprintf(word, sizeof(word), "%llu bytes", (unsigned long long)bytes);
	else if (bytes < 10ull << 20)
		snprintf(word, sizeof(word), "%.1f KB", (double)bytes / 1024);
	else
		snprintf(word, sizeof(word), "%.1f MB", (double)bytes / 1048576);
	add(t, word);
}

static void add_duration(struct text *t, uint64_t ns)
{
	char word[32];

	snprintf(word, sizeof(word), ns < 1000000000 ? "%.1f ms" : "%.2f s", ns < 1000000000 ? (double)ns / 1e6 : (double)ns / 1e9);
	add(t, word);
}

static void add_object(struct text *t, const struct tr_log *log, const struct tr_event *e)
{
	char word[24];

	if (e->object == TR_NONE)
		return;
	if (*tr_log_object(log, e->object)->name) {
		add(t, tr_log_object(log, e->object)->name);
		return;
	}
	snprintf(word, sizeof(word), "#%u", tr_log_object(log, e->object)->id);
	add(t, word);
}

/* What stands between braces. */
static void add_named(struct text *t, const struct tr_log *log, const struct tr_event *e, const char *name, size_t len)
{
	size_t bare = len > 2 && name[len - 2] == ':' ? len - 2 : len;
	char field[32], word[256];
	const struct xf_field *f;

	snprintf(field, sizeof(field), "%.*s", (int)bare, name);
	f = xf_field_find(e->kind, field);
	if (!strcmp(field, "t"))
		add(t, tr_log_thread(log, e->thread)->name);
	else if (!strcmp(field, "o"))
		add_object(t, log, e);
	else if (f && bare < len && name[len - 1] == 's')
		add_size(t, xf_field_get(e->record, f));
	else if (f && bare < len)
		add_duration(t, xf_field_get(e->record, f));
	else if (f)
		add(t, tr_event_field_text(log, e, f, word, sizeof(word)));
}

/* Waits that did not have to wait are no news. */
static bool news(const struct tr_event *e)
{
	uint64_t how;

	return !(tr_event_field(e, "how", &how) && how == XF_HOW_AT_ONCE);
}

/* A timer that is stopped is an event of the same kind. */
static const char *sentence_of(const struct tr_event *e)
{
	uint64_t due_ns;

	return e->kind == XF_EV_timer && tr_event_field(e, "due_ns", &due_ns) && !due_ns ? "that signal is not to come any more ({why})"
											  : sentences[e->kind];
}

bool ui_plain_sentence(const struct tr_log *log, const struct tr_event *e, char *buf, size_t cap)
{
	struct text t = { buf, cap, 0 };
	const char *p = sentence_of(e);

	if (!p || !cap || !news(e))
		return false;
	buf[0] = '\0';
	while (*p) {
		size_t len = strcspn(p, "{");
		char piece[128];
		snprintf(piece, sizeof(piece), "%.*s", (int)len, p);
		add(&t, piece);
		p += len;
		if (*p == '{') {
			len = strcspn(p, "}");
			add_named(&t, log, e, p + 1, len - 1);
			p += len + 1;
		}
	}
	return true;
}

uint32_t ui_plain_write(const struct tr_log *log, uint32_t from, FILE *out)
{
	char sentence[1024];

	for (; from < tr_log_nr_events(log) && !ferror(out); from++) {
		struct tr_event e = tr_log_event(log, from);
		if (ui_plain_sentence(log, &e, sentence, sizeof(sentence)))
			fprintf(out, "%11.6f s: %s.\n", (double)e.t_ns / 1e9, sentence);
	}
	return from;
}
