/* marks: see marks.h. */
#include "tracer/foreign/marks.h"

#include <stddef.h>
#include <string.h>

#include "core/event/emit.h"

enum { MARK_FREE, MARK_WRITING, MARK_READY };

bool tr_marks_put(struct tr_control *control, uint32_t pid, uint32_t tid, bool enter, uint32_t call,
		  uint64_t ticks, const char *label)
{
	for (unsigned i = 0; i < TR_NR_MARKS; i++) {
		struct tr_control_mark *m = &control->marks[i];
		uint32_t free_state = MARK_FREE;
		if (!atomic_compare_exchange_strong(&m->state, &free_state, MARK_WRITING))
			continue;
		m->pid = pid;
		m->tid = tid;
		m->enter = enter;
		m->call = call;
		m->ticks = ticks;
		strncpy(m->label, label, sizeof(m->label) - 1);
		m->label[sizeof(m->label) - 1] = 0;
		atomic_store(&m->state, MARK_READY);
		atomic_fetch_add(&control->marks_pending, 1);
		return true;
	}
	return false;
}

/* Committed as any record; its stamp is then put back to when it happened. */
void tr_record_at(enum xf_kind kind, uint64_t ticks, const void *payload, size_t size)
{
	struct xf_record *r = xf_emit_begin();

	if (!r)
		return;
	memcpy(r->payload, payload, size);
	xf_emit_commit(r, kind, 0, 0, 0);
	if (ticks < r->ticks)
		r->ticks = ticks;
}

void tr_marks_record(bool enter, uint32_t call, uint64_t ticks, const char *label, uint32_t flags)
{
	struct xf_ev_call_enter begin = { .call = call, .flags = flags };
	struct xf_ev_call_return end = { .call = call };

	if (!xf_emit_on())
		return;
	if (enter) {
		begin.label = xf_text(label);
		tr_record_at(XF_EV_call_enter, ticks, &begin, sizeof(begin));
	} else {
		tr_record_at(XF_EV_call_return, ticks, &end, sizeof(end));
	}
}

uint32_t tr_marks_left(struct tr_control *control, uint32_t pid)
{
	for (unsigned i = 0; i < TR_NR_MARKS; i++) {
		const struct tr_control_mark *m = &control->marks[i];
		if (atomic_load(&m->state) == MARK_READY && m->pid == pid)
			return m->tid;
	}
	return 0;
}

static struct tr_control_mark *marks_oldest(struct tr_control *control, uint32_t tid)
{
	struct tr_control_mark *oldest = NULL;

	for (unsigned i = 0; i < TR_NR_MARKS; i++) {
		struct tr_control_mark *m = &control->marks[i];
		if (atomic_load(&m->state) == MARK_READY && (!tid || m->tid == tid) &&
		    (!oldest || m->ticks < oldest->ticks))
			oldest = m;
	}
	return oldest;
}

int tr_marks_take(struct tr_control *control, uint32_t tid)
{
	int more = 0;

	for (struct tr_control_mark *m; (m = marks_oldest(control, tid));) {
		uint32_t ready = MARK_READY;
		if (!atomic_compare_exchange_strong(&m->state, &ready, MARK_WRITING))
			continue;
		tr_marks_record(m->enter, m->call, m->ticks, m->label, 0);
		more += m->enter ? 1 : -1;
		atomic_fetch_sub(&control->marks_pending, 1);
		atomic_store(&m->state, MARK_FREE);
	}
	return more;
}
