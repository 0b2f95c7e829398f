#include "tracer/export/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "tracer/trace/map.h"

enum { MADE_UP = 1 << 30 };

uint32_t tr_export_pid(const struct tr_log *log, uint32_t thread)
{
	const struct tr_thread *t = tr_log_thread(log, thread);
	return t->pid ? t->pid : MADE_UP + t->process;
}

const char *tr_export_process_name(const struct tr_log *log, uint32_t thread, char *buf, size_t cap)
{
	if (tr_log_is_tracer(log, thread))
		snprintf(buf, cap, "xferdb, beside the program");
	else
		snprintf(buf, cap, "process %" PRIu32, tr_export_pid(log, thread));
	return buf;
}

uint32_t *tr_export_tids(const struct tr_log *log)
{
	uint32_t nr = tr_log_nr_threads(log), *tids = calloc(nr + 1u, sizeof(*tids));
	struct tr_map seen = { 0 };
	for (uint32_t i = 0; tids && i < nr; i++) {
		const struct tr_thread *t = tr_log_thread(log, i);
		uint64_t key = tr_pair(tr_export_pid(log, i), t->tid);
		/* the kernel gives a thread's number away again after its end */
		bool fresh = t->tid && tr_map_get(&seen, key) == TR_MAP_NONE;
		tids[i] = fresh ? t->tid : MADE_UP + 1 + i;
		if (fresh && !tr_map_set(&seen, key, i)) {
			free(tids);
			tids = NULL;
		}
	}
	tr_map_fini(&seen);
	return tids;
}
