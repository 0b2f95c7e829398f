/*
 * speedscope: one evented profile a thread (jlfwong/speedscope: src/lib/file-format-spec.ts): which call, frame
 * or wait it was in, in ns. Balanced and never backwards. It has spans only: instants, parts
 * and edges are not in it. Frames stand behind the profiles, which JSON allows and one pass needs.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/export/driver.h"
#include "tracer/export/text.h"
#include "tracer/trace/map.h"

struct frame {
	char name[96];
	uint32_t file, line;  /* of the site's record: event, for its file; 0 line: none */
};

struct speedscope {
	struct frame *frames;
	uint32_t nr, cap;
	struct tr_map index;  /* hash of a frame → its number */
	bool any;
};

static uint64_t hash(const char *s, uint32_t line)
{
	uint64_t h = 14695981039346656037u ^ line;
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h >> 1; /* a map's keys are below UINT64_MAX */
}

static uint32_t frame_of(struct tr_export *x, const struct tr_span *s)
{
	struct speedscope *p = x->state;
	struct tr_event e = tr_log_event(x->log, s->begin);
	struct tr_site site = tr_event_site(x->log, &e);
	uint32_t line = s->kind == TR_SPAN_FRAME ? site.line : 0;
	uint64_t key = hash(s->name, line);
	uint32_t i = tr_map_get(&p->index, key);
	for (; i != TR_MAP_NONE && i < p->nr; i = tr_map_get(&p->index, key)) {
		if (!strcmp(p->frames[i].name, s->name) && p->frames[i].line == line)
			return i;
		key++;
	}
	if (!tr_grow(&p->frames, p->nr, &p->cap, sizeof(*p->frames)) || !tr_map_set(&p->index, key, p->nr)) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return 0;
	}
	p->frames[p->nr] = (struct frame){ .file = s->begin, .line = line };
	memcpy(p->frames[p->nr].name, s->name, sizeof(s->name));
	return p->nr++;
}

static void put(struct tr_export *x, const struct tr_span *s, char type, int64_t ns)
{
	struct speedscope *p = x->state;
	fprintf(x->out, "%s{\"type\":\"%c\",\"at\":%" PRId64 ",\"frame\":%" PRIu32 "}", p->any ? "," : "", type, ns,
		frame_of(x, s));
	p->any = true;
}

void tr_speedscope_span_begin(struct tr_export *x, const struct tr_span *s)
{
	if (s->kind <= TR_SPAN_WAIT)
		put(x, s, 'O', s->begin_ns);
}

void tr_speedscope_span_end(struct tr_export *x, const struct tr_span *s)
{
	if (s->kind <= TR_SPAN_WAIT)
		put(x, s, 'C', s->end_ns);
}

/* A profile is one thread, so each has a pass of its own. */
static void put_profile(struct tr_export *x, uint32_t thread)
{
	static const struct tr_exporter inner = { .span_begin = tr_speedscope_span_begin,
						  .span_end = tr_speedscope_span_end };
	struct speedscope *p = x->state;
	struct tr_export one = { .log = x->log, .verdicts = x->verdicts, .filter = x->filter, .as = &inner,
				 .out = x->out, .state = p, .err = x->err, .only_thread = thread };
	fputs("{\"type\":\"evented\",\"name\":", x->out);
	tr_put_json(x->out, tr_log_thread(x->log, thread)->name);
	fprintf(x->out, ",\"unit\":\"nanoseconds\",\"startValue\":%" PRId64 ",\"endValue\":%" PRId64 ",\"events\":[",
		tr_export_thread_begin_ns(x->log, thread), tr_export_thread_end_ns(x->log, thread));
	p->any = false;
	if (tr_export_run(&one))
		x->status = one.status;
	fputs("]}", x->out);
}

static void put_frames(struct tr_export *x)
{
	struct speedscope *p = x->state;
	for (uint32_t i = 0; i < p->nr; i++) {
		struct tr_event e = tr_log_event(x->log, p->frames[i].file);
		fprintf(x->out, "%s\n{\"name\":", i ? "," : "");
		tr_put_json(x->out, p->frames[i].name);
		if (p->frames[i].line) {
			fputs(",\"file\":", x->out);
			tr_put_json(x->out, tr_event_site(x->log, &e).file);
			fprintf(x->out, ",\"line\":%" PRIu32, p->frames[i].line);
		}
		putc('}', x->out);
	}
}

static void put_profiles(struct tr_export *x)
{
	bool any = false;
	for (uint32_t i = 0; i < tr_log_nr_threads(x->log) && !x->status; i++) {
		if (tr_log_thread(x->log, i)->first == TR_NONE)
			continue;
		fputs(any ? ",\n" : "", x->out);
		any = true;
		put_profile(x, i);
	}
}

void tr_speedscope_begin(struct tr_export *x)
{
	x->state = calloc(1, sizeof(struct speedscope));
	if (!x->state) {
		tr_export_fail(x, XF_NOMEM, "no memory for the export");
		return;
	}
	fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\"exporter\":\"xferdb "
	      XFERDB_VERSION "\",\"name\":\"xferdb\",\"activeProfileIndex\":0,\"profiles\":[\n", x->out);
	put_profiles(x);
	fputs("\n],\"shared\":{\"frames\":[", x->out);
	put_frames(x);
	fputs("]}}\n", x->out);
}

void tr_speedscope_end(struct tr_export *x)
{
	struct speedscope *p = x->state;
	if (!p)
		return;
	free(p->frames);
	tr_map_fini(&p->index);
	free(p);
}
