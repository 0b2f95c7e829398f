#include "tui/command/live.h"

#include <stdio.h>

static enum xf_status open_path(struct ui_live *live, const char *path, struct xf_error *err)
{
	enum xf_status status = tr_log_open(path, &live->log, err);

	live->model = NULL;
	if (!status)
		status = tr_model_new(live->log, &live->model, err);
	if (status)
		ui_live_close(live);
	return status;
}

enum xf_status ui_live_open(struct ui_live *live, struct xf_error *err)
{
	return open_path(live, NULL, err);
}

enum xf_status ui_live_open_shared(struct ui_live *live, int fd, struct xf_error *err)
{
	char path[64];

	/* by descriptor: the name may be another run's by now */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open_path(live, path, err);
}

void ui_live_close(struct ui_live *live)
{
	tr_model_free(live->model);
	if (live->log)
		tr_log_close(live->log);
	*live = (struct ui_live){ .log = NULL };
}

const struct tr_state *ui_live_now(struct ui_live *live)
{
	struct xf_error ignored = XF_ERROR_INIT; /* what was loaded stays usable */

	tr_log_refresh(live->log, &ignored);
	return tr_model_at(live->model, tr_log_nr_events(live->log), &ignored);
}

static bool is_over(enum xf_state state)
{
	return state == XF_STATE_SUCCESS || state == XF_STATE_FAILED || state == XF_STATE_CANCELLED;
}

struct ui_totals ui_live_totals(const struct tr_state *s)
{
	struct ui_totals t = { .parts_known = s->nr_transfers > 0, .transfers = s->nr_transfers };
	bool size_known = true;

	for (uint32_t i = 0; i < s->nr_transfers; i++) {
		const struct tr_transfer_state *x = &s->transfers[i];
		t.bytes += x->size;
		t.read += x->bytes_read > 0 ? (uint64_t)x->bytes_read : 0;
		t.acked += x->bytes_acked;
		t.parts += x->nr_parts;
		t.done += x->parts_done;
		t.in_flight += x->parts_in_flight;
		t.failed += x->parts_failed;
		t.transfers_done += is_over(x->state);
		t.parts_known &= x->nr_parts > 0;
		size_known &= x->planned && x->size_known;
	}
	if (!size_known)
		t.bytes = 0;
	for (uint32_t i = 0; i < s->nr_parts; i++)
		t.queued += s->parts[i].phase == TR_PART_QUEUED;
	return t;
}
