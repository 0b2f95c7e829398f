/*
 * csv: an event a line (RFC 4180, UTF-8, LF), for spreadsheets. The columns most kinds share
 * have names of their own; `fields` has all of the kind's fields as a JSON object, so nothing is lost.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"

static const char *const columns[] = {
	"transfer", "part", "attempt", "request", "bytes", "value", "waited_ns", "how", "http_status",
};

void tr_csv_begin(struct tr_export *x)
{
	fputs("seq,t_ns,process,thread,event,group,object,file,line", x->out);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		fprintf(x->out, ",%s", columns[i]);
	fputs(",fields\n", x->out);
}

static void put_column(struct tr_export *x, const struct tr_event *e, const char *name)
{
	const struct xf_field *f = xf_field_find(e->kind, name);
	char word[256];
	putc(',', x->out);
	if (f)
		tr_put_csv(x->out, tr_event_field_text(x->log, e, f, word, sizeof(word)));
}

/* The JSON object, quoted as a CSV field. */
static void put_fields(struct tr_export *x, const struct tr_event *e)
{
	char *json = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&json, &len);
	if (!m) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	tr_put_fields_json(m, x->log, e);
	fclose(m);
	fputs(",\"{", x->out);
	for (size_t i = 1; i < len; i++) { /* behind the first comma */
		if (json[i] == '"')
			putc('"', x->out);
		putc(json[i], x->out);
	}
	fputs("}\"\n", x->out);
	free(json);
}

void tr_csv_event(struct tr_export *x, const struct tr_event *e, enum tr_place place)
{
	struct tr_site site = tr_event_site(x->log, e);
	const struct xf_kind_info *info = xf_kind_info(e->kind);
	(void)place;
	fprintf(x->out, "%" PRIu32 ",%" PRId64 ",%" PRIu32 ",", e->index, e->t_ns, e->process);
	tr_put_csv(x->out, tr_log_thread(x->log, e->thread)->name);
	fprintf(x->out, ",%s,%s,", info->name, xf_group_name(info->group));
	tr_put_csv(x->out, e->object == TR_NONE ? "" : tr_log_object(x->log, e->object)->name);
	putc(',', x->out);
	tr_put_csv(x->out, site.file);
	putc(',', x->out);
	if (site.line)
		fprintf(x->out, "%" PRIu32, site.line);
	for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		put_column(x, e, columns[i]);
	put_fields(x, e);
}
