/*
 * op_post: PostObject, the upload of a browser's form (multipart/form-data). See ops.h.
 *
 * The request itself is not signed; the form's policy is, and only once all fields before the file are there is it
 * known who asks, for which key, and whether it may be. Then the fields take the place of the headers that PutObject
 * would have had, and the file that of its body. A form that is refused is read to its end all the same.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/auth_form.h"
#include "core/endpoint/form.h"
#include "core/endpoint/integrity.h"
#include "core/endpoint/ops.h"
#include "core/endpoint/policy.h"
#include "core/endpoint/text.h"
#include "core/s3/encode.h"
#include "core/s3/xml.h"

struct xf_ep_post {
	struct xf_ep_form form;
	struct xf_ep_policy policy;
	char *location;            /* the object's URL */
};

static const char *field(const struct xf_ep_call *c, const char *name)
{
	return xf_headers_get(&c->post->form.fields, name);
}

/* ---- fields */

/* "${filename}" becomes what follows the last slash or backslash of the file's name, where the client gave one. */
static bool replace_in(struct xf_header *each, const char *name)
{
	static const char variable[] = "${filename}";
	struct xf_buf out = XF_BUF_INIT;
	const char *at = each->value, *found;

	if (!strstr(at, variable))
		return true;
	for (; (found = strstr(at, variable)); at = found + sizeof(variable) - 1) {
		xf_buf_add(&out, at, (size_t)(found - at));
		xf_buf_str(&out, name);
	}
	xf_buf_str(&out, at);
	char *value = xf_buf_take(&out);
	if (!value)
		return false;
	free(each->value);
	each->value = value;
	return true;
}

static void replace_variables(struct xf_ep_call *c)
{
	struct xf_ep_form *form = &c->post->form;
	const char *name = form->file_name, *slash;

	while (name && (slash = strpbrk(name, "/\\")))
		name = slash + 1;
	for (size_t i = 0; name && i < form->fields.nr && !xf_ep_decided(c); i++)
		if (strcasecmp(form->fields.items[i].name, "policy") != 0 && !replace_in(&form->fields.items[i], name))
			xf_ep_fail(c, XF_EP_InternalError, NULL);
}

static void take_key(struct xf_ep_call *c)
{
	const char *key = field(c, "key");

	if (!key)
		xf_ep_form_lacks(&c->reply, &c->request, "key");
	else if (!*key)
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_InvalidArgument,
				  "User key must have a length greater than 0.",
				  (struct xf_ep_detail[]){ { "ArgumentName", "key" }, { "ArgumentValue", "" }, { 0 } });
	else if (!(c->request.key = strdup(key)))
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	else
		xf_ep_check_names(c);
}

/* A signed request may do without a policy; what has one is held to it. */
static void check_policy(struct xf_ep_call *c)
{
	struct xf_ep_policy *p = &c->post->policy;
	const char *policy = field(c, "policy");

	p->most = UINT64_MAX;
	if (policy && !xf_ep_policy_check(p, policy, &c->post->form.fields, c->request.bucket, xf_ep_now_ms()))
		xf_ep_fail(c, p->code, p->message);
}

static void take_location(struct xf_ep_call *c)
{
	const struct xf_ep_request *r = &c->request;
	const char *host = xf_ep_header(r, "host");
	struct xf_buf url = XF_BUF_INIT;

	xf_buf_format(&url, "http%s://%s/", r->tls ? "s" : "", host ? host : "localhost");
	if (!r->virtual_host)
		xf_buf_format(&url, "%s/", r->bucket);
	xf_percent_encode(&url, r->key, strlen(r->key), XF_PERCENT_ALL);
	c->post->location = xf_buf_take(&url);
	if (!c->post->location)
		xf_ep_fail(c, XF_EP_InternalError, NULL);
}

static bool is_header(const char *name)
{
	static const char *const names[] = {
		"cache-control", "content-type", "content-disposition", "content-encoding", "content-language", "content-md5", "expires",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return !strncasecmp(name, "x-amz-", 6);
}

/* A name that a header may have (RFC 9110, 5.6.2): it is one in the answer to GET. */
static bool is_token(const char *name)
{
	return !name[strspn(name, "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")];
}

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 127)
			return true;
	return false;
}

static void add_header(struct xf_headers *to, const char *name, const char *value)
{
	size_t last = to->nr;

	xf_headers_add(to, name, value);
	for (char *c = to->nr > last ? to->items[last].name : NULL; c && *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
}

/* <Tagging><TagSet><Tag><Key>…</Key><Value>…</Value></Tag>…: as x-amz-tagging has it. */
static void add_tagging(struct xf_ep_call *c, struct xf_headers *to, const char *text)
{
	struct xf_buf tags = XF_BUF_INIT;
	struct xf_xml *doc = NULL;
	enum xf_status status = xf_xml_parse(&doc, text, strlen(text), NULL);

	if (status) {
		xf_ep_fail(c, status == XF_NOMEM ? XF_EP_InternalError : XF_EP_MalformedXML, NULL);
		return;
	}
	const struct xf_xml_node *set = xf_xml_child(xf_xml_root(doc), "TagSet");
	for (const struct xf_xml_node *tag = set ? xf_xml_child(set, "Tag") : NULL; tag; tag = xf_xml_again(tag)) {
		const char *key = xf_xml_text(tag, "Key"), *value = xf_xml_text(tag, "Value");
		if (!key || !*key)
			continue;
		xf_buf_str(&tags, tags.len ? "&" : "");
		xf_percent_encode(&tags, key, strlen(key), XF_PERCENT_ALL);
		xf_buf_char(&tags, '=');
		xf_percent_encode(&tags, value ? value : "", value ? strlen(value) : 0, XF_PERCENT_ALL);
	}
	if (tags.failed)
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	else if (tags.len)
		xf_headers_add(to, "x-amz-tagging", xf_buf_text(&tags));
	xf_buf_fini(&tags);
	xf_xml_free(doc);
}

/* What the fields say of the object takes the place of the request's own headers, which were about the form. */
static void take_headers(struct xf_ep_call *c)
{
	const struct xf_headers *fields = &c->post->form.fields;
	struct xf_headers headers = XF_HEADERS_INIT;
	const char *tagging = field(c, "tagging");

	for (size_t i = 0; i < fields->nr && !xf_ep_decided(c); i++) {
		const struct xf_header *each = &fields->items[i];
		if (!is_header(each->name) || !*each->value)
			continue;
		if (!is_token(each->name) || has_control(each->value))
			xf_ep_fail(c, XF_EP_InvalidArgument, "A form field that becomes a header has characters in it that a header cannot have.");
		add_header(&headers, each->name, each->value);
	}
	if (tagging && !xf_ep_decided(c))
		add_tagging(c, &headers, tagging);
	xf_headers_fini(&c->request.headers);
	c->request.headers = headers;
	if (xf_headers_ok(&headers) && !xf_ep_decided(c))
		xf_ep_fail(c, XF_EP_InternalError, NULL);
}

static void expect_file(struct xf_ep_call *c)
{
	const char *algorithm = xf_ep_header(&c->request, "x-amz-checksum-algorithm");

	xf_ep_integrity_begin(c);
	if (!xf_ep_decided(c) && algorithm && (!c->algorithm || xf_checksum_by_name(algorithm) != c->algorithm))
		xf_ep_fail(c, XF_EP_InvalidRequest, "x-amz-checksum-algorithm needs the x-amz-checksum- field of that algorithm.");
	if (!xf_ep_decided(c))
		xf_ep_put_begin(c);
	if (!xf_ep_decided(c))
		xf_ep_take_body(c, c->expected == UINT64_MAX ? c->expected : c->expected - c->post->form.before);
}

/* All fields are there, the file is not yet. */
static void fields_over(void *ctx)
{
	struct xf_ep_call *c = ctx;
	static void (*const steps[])(struct xf_ep_call *c) = {
		take_key, check_policy, xf_ep_check_bucket, take_location, take_headers, expect_file,
	};

	replace_variables(c);
	if (!xf_ep_decided(c) && c->unsigned_form && !xf_ep_auth_form(&c->access, &c->post->form.fields, &c->request, &c->site->keys, &c->reply))
		return;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps) && !xf_ep_decided(c); i++)
		steps[i](c);
}

/* ---- the file */

static void fail_size(struct xf_ep_call *c, enum xf_ep_code code, uint64_t size, const char *limit, uint64_t bound)
{
	char proposed[24], allowed[24];

	snprintf(proposed, sizeof(proposed), "%" PRIu64, size);
	snprintf(allowed, sizeof(allowed), "%" PRIu64, bound);
	xf_ep_reply_error(&c->reply, &c->request, code, NULL,
			  (struct xf_ep_detail[]){ { "ProposedSize", proposed }, { limit, allowed }, { 0 } });
}

static bool take_file(void *ctx, const void *data, size_t len)
{
	struct xf_ep_call *c = ctx;
	uint64_t size = c->post->form.size, most = c->post->policy.most;

	most = most < XF_EP_OBJECT_MAX ? most : XF_EP_OBJECT_MAX;
	if (!xf_ep_decided(c) && size > most)
		fail_size(c, XF_EP_EntityTooLarge, size, "MaxSizeAllowed", most);
	return xf_ep_decided(c) || xf_ep_take_bytes(c, data, len);
}

static void fail_form(struct xf_ep_call *c, enum xf_ep_form_fault fault)
{
	struct xf_ep_detail files[] = { { "ArgumentName", "file" }, { "ArgumentValue", "0" }, { 0 } };
	struct xf_ep_detail most[] = { { "MaxPostPreDataLengthBytes", "20480" }, { 0 } };

	if (fault == XF_EP_FORM_FILES)
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_InvalidArgument,
				  "POST requires exactly one file upload per request.", files);
	else if (fault == XF_EP_FORM_TOO_LARGE)
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_MaxPostPreDataLengthExceeded, NULL, most);
	else
		xf_ep_fail(c, fault == XF_EP_FORM_MALFORMED ? XF_EP_MalformedPOSTRequest : XF_EP_InternalError, NULL);
}

void xf_ep_post_begin(struct xf_ep_call *c)
{
	char boundary[XF_EP_BOUNDARY_MAX + 1];
	struct xf_ep_detail not_a_form[] = {
		{ "Condition", "Bucket POST must be of the enclosure-type multipart/form-data" }, { 0 } };

	if (!xf_ep_form_boundary(xf_ep_header(&c->request, "content-type"), boundary))
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_PreconditionFailed, NULL, not_a_form);
	else if (!*boundary)
		xf_ep_fail(c, XF_EP_MalformedPOSTRequest, NULL);
	else if (c->access.payload != XF_EP_PAYLOAD_UNSIGNED)
		xf_ep_fail(c, XF_EP_NotImplemented, "A form's payload is not signed: its policy is.");
	else if (!(c->post = calloc(1, sizeof(*c->post))))
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	else
		xf_ep_form_init(&c->post->form, boundary, take_file, fields_over, c);
}

void xf_ep_post_feed(struct xf_ep_call *c, const void *data, size_t len)
{
	if (!xf_ep_decided(c))
		xf_ep_form_feed(&c->post->form, data, len);
}

void xf_ep_post_over(struct xf_ep_call *c)
{
	enum xf_ep_form_fault fault = xf_ep_form_end(&c->post->form);

	if (fault)
		fail_form(c, fault);
	else if (c->post->form.size < c->post->policy.least)
		fail_size(c, XF_EP_EntityTooSmall, c->post->form.size, "MinSizeAllowed", c->post->policy.least);
}

void xf_ep_post_free(struct xf_ep_call *c)
{
	if (!c->post)
		return;
	xf_ep_form_fini(&c->post->form);
	free(c->post->location);
	free(c->post);
}

/* ---- the answer */

static void answer_document(struct xf_ep_call *c)
{
	struct xf_buf *out = &c->reply.body;
	char etag[XF_EP_ETAG_SIZE + 2];

	snprintf(etag, sizeof(etag), "\"%s\"", c->object->etag);
	xf_ep_answer(c, "Content-Type", "application/xml");
	xf_xml_begin(out);
	xf_xml_open(out, "PostResponse", NULL);
	xf_xml_element(out, "Location", c->post->location);
	xf_xml_element(out, "Bucket", c->request.bucket);
	xf_xml_element(out, "Key", c->request.key);
	xf_xml_element(out, "ETag", etag);
	xf_xml_close(out, "PostResponse");
	c->reply.status = 201;
}

/* Where a browser is sent when all is done; a URL that is none is as if there were none. */
static bool answer_redirect(struct xf_ep_call *c)
{
	const char *url = field(c, "success_action_redirect");
	struct xf_buf to = XF_BUF_INIT;

	if (!url)
		url = field(c, "redirect");
	if (!url || has_control(url) || (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0))
		return false;
	xf_buf_format(&to, "%s%cbucket=%s&key=", url, strchr(url, '?') ? '&' : '?', c->request.bucket);
	xf_percent_encode(&to, c->request.key, strlen(c->request.key), XF_PERCENT_ALL);
	xf_buf_format(&to, "&etag=%%22%s%%22", c->object->etag);
	if (to.failed)
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	else
		xf_headers_set(&c->reply.headers, "Location", xf_buf_text(&to));
	xf_buf_fini(&to);
	if (!xf_ep_decided(c))
		c->reply.status = 303;
	return true;
}

void xf_ep_post(struct xf_ep_call *c)
{
	const char *status = field(c, "success_action_status");

	xf_ep_put(c);
	if (xf_ep_decided(c))
		return;
	xf_ep_answer(c, "Location", c->post->location);
	if (answer_redirect(c))
		return;
	if (status && !strcmp(status, "201"))
		answer_document(c);
	else
		c->reply.status = status && !strcmp(status, "200") ? 200 : 204;
}
