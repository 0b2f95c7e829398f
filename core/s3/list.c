/* list: the paged calls, all pages read into one array. */
#include <stdlib.h>
#include <string.h>

#include "core/s3/call.h"
#include "core/s3/sign_private.h"

/* An array that pages are moved into. */
struct pile {
	char *items;
	size_t nr;
	size_t item_size;
};

/* Takes the page's items, which are freed. */
static enum xf_status pile_up(struct pile *pile, void *page, size_t nr)
{
	size_t have = pile->nr * pile->item_size, more = nr * pile->item_size;
	char *items = realloc(pile->items, have + more + 1);
	if (items) {
		if (more)
			memcpy(items + have, page, more);
		pile->items = items;
		pile->nr += nr;
	}
	free(page);
	return items ? XF_OK : XF_NOMEM;
}

/*
 * One page: `ask` adds the query to a fresh request; accept parses into page. A page that says
 * there is more and names no way on is a bad reply, or this would never end.
 */
struct paged {
	struct xf_client *client;
	struct xf_http *http;
	const struct xf_call_hooks *hooks;
	enum xf_op op;
	const char *bucket, *key;
	void (*ask)(struct xf_call *call, const struct paged *p);
	enum xf_status (*accept)(struct xf_call *call);
	const void *in;
	void *page;
	struct pile pile;
};

static enum xf_status read_page(struct paged *p, struct xf_error *err)
{
	struct xf_call call;
	xf_call_init(&call, p->client, p->http, p->hooks, err);
	enum xf_status status = xf_call_begin(&call, p->op, "GET", p->bucket, p->key);
	if (!status) {
		call.accept = p->accept;
		call.ctx = p->page;
		p->ask(&call, p);
		status = xf_call_run(&call);
	}
	xf_call_fini(&call);
	return status;
}

static enum xf_status fail_endless(const struct paged *p, struct xf_error *err)
{
	return xf_fail(err, XF_BAD_REPLY, "%s says that its list goes on, and does not say where",
		       p->client->where);
}

/* ---- ListParts */

static void ask_parts(struct xf_call *call, const struct paged *p)
{
	const struct xf_s3_list_parts_input *in = p->in;
	const struct xf_s3_parts_page *last = p->page;
	xf_headers_add(&call->request.query, "uploadId", in->upload_id);
	if (last->next_marker)
		xf_headers_addf(&call->request.query, "part-number-marker", "%u", last->next_marker);
	xf_extra_headers(in->extra, XF_TO_LIST, &call->request.headers);
}

static enum xf_status accept_parts(struct xf_call *call)
{
	return xf_s3_parse_parts(call->reply.body, call->reply.body_len, call->ctx);
}

enum xf_status xf_s3_list_parts(struct xf_client *client, struct xf_http *http,
				const struct xf_s3_list_parts_input *in,
				struct xf_s3_list_parts_output *out,
				const struct xf_call_hooks *hooks, struct xf_error *err)
{
	struct xf_s3_parts_page page = { 0 };
	struct paged p = { client, http, hooks, XF_OP_LIST_PARTS, in->bucket, in->key, ask_parts,
			   accept_parts, in, &page, { .item_size = sizeof(struct xf_s3_part) } };
	enum xf_status status;
	do {
		uint32_t marker = page.next_marker;
		status = read_page(&p, err);
		if (!status && pile_up(&p.pile, page.parts, page.nr))
			status = xf_fail(err, XF_NOMEM, "out of memory");
		if (!status && page.truncated && page.next_marker <= marker)
			status = fail_endless(&p, err);
	} while (!status && page.truncated);
	if (status) {
		free(p.pile.items);
		return status;
	}
	*out = (struct xf_s3_list_parts_output){ .parts = (struct xf_s3_part *)p.pile.items, .nr = p.pile.nr };
	memcpy(out->checksum_algorithm, page.checksum_algorithm, sizeof(out->checksum_algorithm));
	memcpy(out->checksum_type, page.checksum_type, sizeof(out->checksum_type));
	return XF_OK;
}

/* ---- ListMultipartUploads */

static void ask_uploads(struct xf_call *call, const struct paged *p)
{
	const struct xf_s3_list_uploads_input *in = p->in;
	const struct xf_s3_uploads_page *last = p->page;
	xf_headers_add(&call->request.query, "uploads", "");
	xf_headers_add(&call->request.query, "prefix", in->prefix);
	if (last->next_key[0])
		xf_headers_add(&call->request.query, "key-marker", last->next_key);
	if (last->next_upload_id[0])
		xf_headers_add(&call->request.query, "upload-id-marker", last->next_upload_id);
}

struct uploads_answer {
	struct xf_s3_uploads_page page; /* first: what ask_uploads() and the parser see */
	int64_t at_s;
};

static enum xf_status accept_uploads(struct xf_call *call)
{
	struct uploads_answer *answer = call->ctx;
	const char *date = xf_headers_get(&call->reply.headers, "date");
	time_t at;
	answer->at_s = date && xf_http_date_parse(&at, date) ? (int64_t)at : 0;
	return xf_s3_parse_uploads(call->reply.body, call->reply.body_len, &answer->page);
}

enum xf_status xf_s3_list_multipart_uploads(struct xf_client *client, struct xf_http *http,
					    const struct xf_s3_list_uploads_input *in,
					    struct xf_s3_list_uploads_output *out,
					    const struct xf_call_hooks *hooks, struct xf_error *err)
{
	struct uploads_answer answer = { .at_s = 0 };
	struct xf_s3_uploads_page *page = &answer.page, before;
	struct paged p = { client, http, hooks, XF_OP_LIST_MULTIPART_UPLOADS, in->bucket, NULL,
			   ask_uploads, accept_uploads, in, &answer,
			   { .item_size = sizeof(struct xf_s3_upload) } };
	enum xf_status status;
	do {
		before = *page;
		status = read_page(&p, err);
		if (!status && pile_up(&p.pile, page->uploads, page->nr))
			status = xf_fail(err, XF_NOMEM, "out of memory");
		if (!status && page->truncated && !strcmp(page->next_key, before.next_key) &&
		    !strcmp(page->next_upload_id, before.next_upload_id))
			status = fail_endless(&p, err);
	} while (!status && page->truncated);
	if (status) {
		free(p.pile.items);
		return status;
	}
	*out = (struct xf_s3_list_uploads_output){ (struct xf_s3_upload *)p.pile.items, p.pile.nr,
						   answer.at_s };
	return XF_OK;
}

/* ---- ListObjectsV2 */

static void ask_objects(struct xf_call *call, const struct paged *p)
{
	const struct xf_s3_list_objects_input *in = p->in;
	const struct xf_s3_entries_page *last = p->page;
	xf_headers_add(&call->request.query, "list-type", "2");
	xf_headers_add(&call->request.query, "prefix", in->prefix);
	if (in->limit && in->limit < 1000)
		xf_headers_addf(&call->request.query, "max-keys", "%zu", in->limit);
	if (last->next_token[0])
		xf_headers_add(&call->request.query, "continuation-token", last->next_token);
}

static enum xf_status accept_objects(struct xf_call *call)
{
	return xf_s3_parse_entries(call->reply.body, call->reply.body_len, call->ctx);
}

enum xf_status xf_s3_list_objects(struct xf_client *client, struct xf_http *http,
				  const struct xf_s3_list_objects_input *in,
				  struct xf_s3_list_objects_output *out,
				  const struct xf_call_hooks *hooks, struct xf_error *err)
{
	struct xf_s3_entries_page page = { 0 }, before;
	struct paged p = { client, http, hooks, XF_OP_LIST_OBJECTS, in->bucket, NULL, ask_objects,
			   accept_objects, in, &page, { .item_size = sizeof(struct xf_s3_entry) } };
	enum xf_status status;
	do {
		before = page;
		status = read_page(&p, err);
		if (!status && pile_up(&p.pile, page.entries, page.nr))
			status = xf_fail(err, XF_NOMEM, "out of memory");
		if (in->limit && p.pile.nr >= in->limit)
			break;
		if (!status && page.truncated && !strcmp(page.next_token, before.next_token))
			status = fail_endless(&p, err);
	} while (!status && page.truncated);
	if (status) {
		free(p.pile.items);
		return status;
	}
	*out = (struct xf_s3_list_objects_output){ (struct xf_s3_entry *)p.pile.items,
		in->limit && p.pile.nr > in->limit ? in->limit : p.pile.nr };
	return XF_OK;
}
