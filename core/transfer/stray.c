#include "core/transfer/stray.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/event/gate.h"
#include "core/transfer/pools.h"

enum { SLACK_S = 2 }; /* services round to seconds, and so do we */

struct search {
	struct xf_pools *pools;
	uint64_t until_ns;
	bool running;      /* a request is under way: ask again soon; else: may one begin? */
};

static enum xf_go go(void *ctx)
{
	const struct search *s = ctx;
	if (atomic_load(&s->pools->gave_up) || xf_gate_now_ns() > s->until_ns)
		return XF_GO_DROP;
	return s->running ? XF_GO_HURRY : XF_GO_ON;
}

static void attempt(void *ctx, unsigned number)
{
	struct search *s = ctx;
	(void)number;
	s->running = true;
}

/* When it was begun, unix seconds; 0: not told in a form we read. */
static int64_t begun_at(const struct xf_s3_upload *upload)
{
	struct tm tm = { 0 };
	return strptime(upload->initiated, "%Y-%m-%dT%H:%M:%S", &tm) ? (int64_t)timegm(&tm) : 0;
}

static bool is_empty(struct xf_transfer *t, struct xf_http *http, const char *upload_id,
		     const struct xf_call_hooks *hooks)
{
	struct search *s = hooks->ctx;
	struct xf_error ignored = XF_ERROR_INIT;
	struct xf_s3_list_parts_output parts = { .nr = 0 };
	const struct xf_s3_list_parts_input in = { t->bucket, t->key, upload_id, t->extra };
	s->running = false;
	if (xf_s3_list_parts(t->pools->client, http, &in, &parts, hooks, &ignored) != XF_OK)
		return false;
	free(parts.parts);
	return parts.nr == 0;
}

/* Those of the key, begun since: at most one more than there is room for. */
static void choose(const struct xf_s3_list_uploads_output *list, const char *key, const char *except,
		   int64_t since_s, struct xf_strays *out)
{
	for (size_t i = 0; i < list->nr; i++) {
		const struct xf_s3_upload *u = &list->uploads[i];
		if (strcmp(u->key, key) || !strcmp(u->upload_id, except) || begun_at(u) < since_s)
			continue;
		if (out->nr == XF_STRAY_MAX) {
			out->known = false;
			return;
		}
		memcpy(out->ids[out->nr++], u->upload_id, sizeof(u->upload_id));
	}
}

void xf_strays_find(struct xf_transfer *t, struct xf_http *http, uint64_t began_ns, unsigned attempts,
		    const char *except, uint64_t patience_ns, struct xf_strays *out)
{
	struct search s = { .pools = t->pools, .until_ns = xf_gate_now_ns() + patience_ns };
	const struct xf_call_hooks hooks = { .ctx = &s, .transfer = t->id, .go = go, .attempt = attempt,
					     .unless = &t->stop };
	struct xf_error ignored = XF_ERROR_INIT;
	struct xf_s3_list_uploads_output list = { .nr = 0 };
	const struct xf_s3_list_uploads_input in = { t->bucket, t->key };
	int64_t age_s = (int64_t)((xf_gate_now_ns() - began_ns) / 1000000000u);
	*out = (struct xf_strays){ .nr = 0 };
	if (xf_s3_list_multipart_uploads(t->pools->client, http, &in, &list, &hooks, &ignored) != XF_OK)
		return;
	out->known = true;
	choose(&list, t->key, except, (list.at_s ? list.at_s : (int64_t)time(NULL)) - age_s - SLACK_S, out);
	free(list.uploads);
	out->known &= out->nr <= attempts;
	for (unsigned i = 0; out->known && i < out->nr; i++)
		out->known = is_empty(t, http, out->ids[i], &hooks);
	if (!out->known)
		out->nr = 0;
}
