/*
 * jsonl: the event log, an object a line: {"seq","t_ns","thread","event","object","file","line", …the
 * kind's fields}. The canonical export: complete, in the log's order, and the same
 * bytes as `events --json`. Its schema is "events" in schema/xferdb.json. Read by jq and scripts.
 */
#include "tracer/export/driver.h"
#include "tracer/export/text.h"

void tr_jsonl_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	(void)place;
	tr_put_event_json(x->out, x->log, e);
	putc('\n', x->out);
}
