/* op_bucket: buckets, and the small documents clients ask for. See ops.h. */
#include <stdlib.h>
#include <string.h>

#include "core/endpoint/ops.h"
#include "core/endpoint/text.h"
#include "core/s3/xml.h"

static void owner(struct xf_buf *out)
{
	xf_xml_open(out, "Owner", NULL);
	xf_xml_element(out, "ID", XF_EP_OWNER_ID);
	xf_xml_element(out, "DisplayName", "xferdb");
	xf_xml_close(out, "Owner");
}

static void one_bucket(void *ctx, const char *name, int64_t created_ms)
{
	struct xf_buf *out = ctx;
	char date[XF_EP_DATE_LEN];

	xf_ep_date_iso(date, created_ms);
	xf_xml_open(out, "Bucket", NULL);
	xf_xml_element(out, "Name", name);
	xf_xml_element(out, "CreationDate", date);
	xf_xml_close(out, "Bucket");
}

void xf_ep_list_buckets(struct xf_ep_call *c)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "ListAllMyBucketsResult");

	owner(out);
	xf_xml_open(out, "Buckets", NULL);
	xf_ep_bucket_visit(c->site->store, one_bucket, out);
	xf_xml_close(out, "Buckets");
	xf_ep_document_end(c, "ListAllMyBucketsResult");
}

/* In us-east-1, for old clients' sake, to create one's own bucket again is a success. */
static bool may_exist(const struct xf_ep_call *c)
{
	const char *region = c->site->keys.region;

	return !region || !strcmp(region, "us-east-1");
}

void xf_ep_create_bucket_begin(struct xf_ep_call *c)
{
	if (!may_exist(c) && xf_ep_bucket_exists(c->site->store, c->request.bucket, NULL))
		xf_ep_fail(c, XF_EP_BucketAlreadyOwnedByYou, NULL);
}

/* <CreateBucketConfiguration><LocationConstraint>; "" when the body is empty. False: the answer is decided. */
static bool read_location(struct xf_ep_call *c, char location[64])
{
	struct xf_xml *doc = NULL;
	const struct xf_xml_node *root;
	const char *text;

	location[0] = '\0';
	if (!c->document.len)
		return true;
	bool ok = xf_xml_parse(&doc, c->document.data, c->document.len, NULL) == XF_OK;
	root = ok ? xf_xml_root(doc) : NULL;
	ok = root && !strcmp(root->name, "CreateBucketConfiguration");
	text = ok ? xf_xml_text(root, "LocationConstraint") : NULL;
	if (text && strlen(text) < 64)
		strcpy(location, text);
	xf_xml_free(doc);
	if (!ok)
		xf_ep_fail(c, XF_EP_MalformedXML, NULL);
	else if (!strcmp(location, "us-east-1")) /* AWS: the default has no name here */
		xf_ep_fail(c, XF_EP_IllegalLocationConstraintException, NULL);
	return !xf_ep_decided(c);
}

void xf_ep_create_bucket(struct xf_ep_call *c)
{
	char location[64];

	if (!read_location(c, location))
		return;
	enum xf_status status = xf_ep_bucket_create(c->site->store, c->request.bucket, location);
	if (status == XF_STATE && may_exist(c))
		status = XF_OK;
	if (status == XF_STATE)
		xf_ep_fail(c, XF_EP_BucketAlreadyOwnedByYou, NULL);
	else
		xf_ep_fail_status(c, status, XF_EP_InternalError);
	if (!status)
		xf_headers_addf(&c->reply.headers, "Location", "/%s", c->request.bucket);
}

void xf_ep_delete_bucket(struct xf_ep_call *c)
{
	enum xf_status status = xf_ep_bucket_delete(c->site->store, c->request.bucket);

	if (status == XF_STATE)
		xf_ep_fail(c, XF_EP_BucketNotEmpty, NULL);
	else
		xf_ep_fail_status(c, status, XF_EP_NoSuchBucket);
	if (!status)
		c->reply.status = 204;
}

void xf_ep_head_bucket(struct xf_ep_call *c)
{
	xf_ep_answer(c, "x-amz-bucket-region", c->site->keys.region ? c->site->keys.region : "us-east-1");
	xf_ep_answer(c, "Content-Type", "application/xml");
}

void xf_ep_bucket_location(struct xf_ep_call *c)
{
	char *location = NULL;

	xf_ep_bucket_exists(c->site->store, c->request.bucket, &location);
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "LocationConstraint");
	if (location)
		xf_xml_escape(out, location, strlen(location));
	xf_ep_document_end(c, "LocationConstraint");
	free(location);
}

void xf_ep_small_document(struct xf_ep_call *c)
{
	struct xf_buf *out = xf_ep_reply_document(&c->reply, c->op->arg);

	/* the payer of requests is the only one with a content */
	if (!strcmp(c->op->arg, "RequestPaymentConfiguration"))
		xf_xml_element(out, "Payer", "BucketOwner");
	xf_ep_document_end(c, c->op->arg);
}

void xf_ep_small_error(struct xf_ep_call *c)
{
	xf_ep_fail(c, xf_ep_code_of_name(c->op->arg), NULL);
}

void xf_ep_acl(struct xf_ep_call *c)
{
	struct xf_ep_object *o = NULL;

	if (c->request.key) {
		o = xf_ep_object_find(c->site->store, c->request.bucket, c->request.key);
		if (!o) {
			xf_ep_fail(c, XF_EP_NoSuchKey, NULL);
			return;
		}
		xf_ep_object_release(o);
	}
	struct xf_buf *out = xf_ep_reply_document(&c->reply, "AccessControlPolicy");
	owner(out);
	xf_buf_str(out, "<AccessControlList><Grant>"
			"<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
			"xsi:type=\"CanonicalUser\">");
	xf_xml_element(out, "ID", XF_EP_OWNER_ID);
	xf_xml_element(out, "DisplayName", "xferdb");
	xf_buf_str(out, "</Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>");
	xf_ep_document_end(c, "AccessControlPolicy");
}
