/*
 * live: the state of the recording under way, for progress and screen. Reads the
 * segments the threads write; they never wait for it.
 */
#ifndef UI_COMMAND_LIVE_H
#define UI_COMMAND_LIVE_H

#include "tracer/trace/model.h"

struct ui_live {
	struct tr_log *log;
	struct tr_model *model;
};

/*
 * This process' own recording; or, where other processes write into it, too, the
 * one in that file: fd is borrowed for the call. Errors: as tr_log_open().
 */
enum xf_status ui_live_open(struct ui_live *live, struct xf_error *err);
enum xf_status ui_live_open_shared(struct ui_live *live, int fd, struct xf_error *err);
void ui_live_close(struct ui_live *live); /* before xf_trace_release() */

/* Takes in what was recorded since; the state now, borrowed until the next call. NULL: no memory. */
const struct tr_state *ui_live_now(struct ui_live *live);

/* Sums over all transfers of a state. */
struct ui_totals {
	uint64_t bytes, read, acked;      /* bytes 0: not known (a pipe) */
	uint32_t parts, done, in_flight, failed, queued;
	bool parts_known;
	uint32_t transfers, transfers_done;
};

struct ui_totals ui_live_totals(const struct tr_state *state);

#endif
