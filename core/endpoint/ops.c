/* ops: which operation a request asks for; one table. See call.h. */
#include "core/endpoint/ops.h"

#include <string.h>

enum level { SERVICE, BUCKET, OBJECT };

struct route {
	const char *method;
	enum level level;
	const char *param;   /* a query parameter that has to be there; NULL: none */
	const char *header;  /* likewise a header */
	struct xf_ep_op op;
};

#define STREAM XF_EP_BODY_STREAM
#define DOC XF_EP_BODY_DOCUMENT
#define FORM XF_EP_BODY_FORM
#define NOBODY XF_EP_BODY_NONE
#define LENGTH XF_EP_OP_LENGTH
#define MAKES XF_EP_OP_MAKES
#define SMALL(name) { name, "bucket-config", NOBODY, 0, NULL, xf_ep_small_document, name }
#define NONE_SET(name, code) { name, "bucket-config", NOBODY, 0, NULL, xf_ep_small_error, code }

/* The first row that fits wins: those with a parameter stand before those without. */
static const struct route routes[] = {
	{ "GET", SERVICE, NULL, NULL,
	  { "ListBuckets", "list-buckets", NOBODY, 0, NULL, xf_ep_list_buckets, NULL } },

	{ "PUT", OBJECT, "partNumber", "x-amz-copy-source",
	  { "UploadPartCopy", "part-copy", NOBODY, 0, NULL, xf_ep_part_copy, NULL } },
	{ "PUT", OBJECT, "partNumber", NULL,
	  { "UploadPart", "part", STREAM, LENGTH, xf_ep_part_begin, xf_ep_part, NULL } },
	{ "PUT", OBJECT, NULL, "x-amz-copy-source",
	  { "CopyObject", "copy", NOBODY, MAKES, NULL, xf_ep_copy, NULL } },
	{ "PUT", OBJECT, NULL, NULL,
	  { "PutObject", "put", STREAM, LENGTH | MAKES, xf_ep_put_begin, xf_ep_put, NULL } },

	{ "POST", OBJECT, "uploads", NULL,
	  { "CreateMultipartUpload", "create", NOBODY, MAKES, NULL, xf_ep_create_upload, NULL } },
	{ "POST", OBJECT, "uploadId", NULL,
	  { "CompleteMultipartUpload", "complete", DOC, LENGTH | XF_EP_OP_WHOLE, xf_ep_complete_begin, xf_ep_complete,
	    NULL } },

	{ "GET", OBJECT, "uploadId", NULL,
	  { "ListParts", "list-parts", NOBODY, 0, NULL, xf_ep_list_parts, NULL } },
	{ "GET", OBJECT, "attributes", NULL,
	  { "GetObjectAttributes", "attributes", NOBODY, 0, NULL, xf_ep_attributes, NULL } },
	{ "GET", OBJECT, "tagging", NULL,
	  { "GetObjectTagging", "tagging", NOBODY, 0, NULL, xf_ep_get_tagging, NULL } },
	{ "GET", OBJECT, "acl", NULL, { "GetObjectAcl", "acl", NOBODY, 0, NULL, xf_ep_acl, NULL } },
	{ "GET", OBJECT, NULL, NULL, { "GetObject", "get", NOBODY, 0, NULL, xf_ep_get, NULL } },
	{ "HEAD", OBJECT, NULL, NULL, { "HeadObject", "head", NOBODY, 0, NULL, xf_ep_get, NULL } },

	{ "DELETE", OBJECT, "uploadId", NULL,
	  { "AbortMultipartUpload", "abort", NOBODY, 0, NULL, xf_ep_abort, NULL } },
	{ "DELETE", OBJECT, NULL, NULL,
	  { "DeleteObject", "delete", NOBODY, 0, NULL, xf_ep_delete, NULL } },

	{ "POST", BUCKET, "delete", NULL,
	  { "DeleteObjects", "delete-objects", DOC, LENGTH, NULL, xf_ep_delete_many, NULL } },
	{ "POST", BUCKET, NULL, "content-type",
	  { "PostObject", "post", FORM, LENGTH | MAKES, xf_ep_post_begin, xf_ep_post, NULL } },
	{ "GET", BUCKET, "list-type", NULL,
	  { "ListObjectsV2", "list", NOBODY, MAKES, NULL, xf_ep_list_objects_v2, NULL } },
	{ "GET", BUCKET, "uploads", NULL,
	  { "ListMultipartUploads", "list-uploads", NOBODY, MAKES, NULL, xf_ep_list_uploads, NULL } },
	{ "GET", BUCKET, "versions", NULL,
	  { "ListObjectVersions", "list-versions", NOBODY, MAKES, NULL, xf_ep_list_versions, NULL } },
	{ "GET", BUCKET, "location", NULL,
	  { "GetBucketLocation", "location", NOBODY, MAKES, NULL, xf_ep_bucket_location, NULL } },
	{ "GET", BUCKET, "acl", NULL, { "GetBucketAcl", "acl", NOBODY, 0, NULL, xf_ep_acl, NULL } },
	{ "GET", BUCKET, "versioning", NULL, SMALL("VersioningConfiguration") },
	{ "GET", BUCKET, "logging", NULL, SMALL("BucketLoggingStatus") },
	{ "GET", BUCKET, "notification", NULL, SMALL("NotificationConfiguration") },
	{ "GET", BUCKET, "accelerate", NULL, SMALL("AccelerateConfiguration") },
	{ "GET", BUCKET, "requestPayment", NULL, SMALL("RequestPaymentConfiguration") },
	{ "GET", BUCKET, "tagging", NULL, NONE_SET("GetBucketTagging", "NoSuchTagSet") },
	{ "GET", BUCKET, "policy", NULL, NONE_SET("GetBucketPolicy", "NoSuchBucketPolicy") },
	{ "GET", BUCKET, "policyStatus", NULL, NONE_SET("GetBucketPolicyStatus", "NoSuchBucketPolicy") },
	{ "GET", BUCKET, "lifecycle", NULL,
	  NONE_SET("GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration") },
	{ "GET", BUCKET, "cors", NULL, NONE_SET("GetBucketCors", "NoSuchCORSConfiguration") },
	{ "GET", BUCKET, "website", NULL, NONE_SET("GetBucketWebsite", "NoSuchWebsiteConfiguration") },
	{ "GET", BUCKET, "encryption", NULL,
	  NONE_SET("GetBucketEncryption", "ServerSideEncryptionConfigurationNotFoundError") },
	{ "GET", BUCKET, "replication", NULL,
	  NONE_SET("GetBucketReplication", "ReplicationConfigurationNotFoundError") },
	{ "GET", BUCKET, "object-lock", NULL,
	  NONE_SET("GetObjectLockConfiguration", "ObjectLockConfigurationNotFoundError") },
	{ "GET", BUCKET, "publicAccessBlock", NULL,
	  NONE_SET("GetPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration") },
	{ "GET", BUCKET, "ownershipControls", NULL,
	  NONE_SET("GetBucketOwnershipControls", "OwnershipControlsNotFoundError") },
	{ "GET", BUCKET, NULL, NULL,
	  { "ListObjects", "list", NOBODY, MAKES, NULL, xf_ep_list_objects, NULL } },
	{ "HEAD", BUCKET, NULL, NULL,
	  { "HeadBucket", "head-bucket", NOBODY, MAKES, NULL, xf_ep_head_bucket, NULL } },
	{ "PUT", BUCKET, NULL, NULL,
	  { "CreateBucket", "create-bucket", DOC, XF_EP_OP_NO_BUCKET, xf_ep_create_bucket_begin,
	    xf_ep_create_bucket, NULL } },
	{ "DELETE", BUCKET, NULL, NULL,
	  { "DeleteBucket", "delete-bucket", NOBODY, 0, NULL, xf_ep_delete_bucket, NULL } },
};

/* ORDER operation words: short ones first, then S3's; those the table above has. */
const char *const xf_ep_op_words[] = {
	"put", "post", "get", "head", "delete", "copy", "create", "part", "part-copy", "complete", "abort",
	"list", "list-parts", "list-uploads", "list-versions", "list-buckets", "delete-objects",
	"create-bucket", "delete-bucket", "head-bucket", "location", "attributes", "tagging", "acl",
	"bucket-config",
	"PutObject", "PostObject", "GetObject", "HeadObject", "DeleteObject", "CopyObject", "CreateMultipartUpload",
	"UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "AbortMultipartUpload",
	"ListObjects", "ListObjectsV2", "ListParts", "ListMultipartUploads", "ListObjectVersions",
	"ListBuckets", "DeleteObjects", "CreateBucket", "DeleteBucket", "HeadBucket",
	"GetBucketLocation", "GetObjectAttributes", "GetObjectTagging", NULL,
};

/* Parameters that select a subresource: with one of these, a row without it does not fit. */
static const char *const subresources[] = {
	"accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption",
	"intelligent-tiering", "inventory", "legal-hold", "lifecycle", "location", "logging",
	"metadataTable", "metrics", "notification", "object-lock", "ownershipControls", "partNumber",
	"policy", "policyStatus", "publicAccessBlock", "renameObject", "replication",
	"requestPayment", "restore", "retention", "select", "session", "tagging", "torrent",
	"uploadId", "uploads", "versioning", "versions", "website",
};

/* partNumber alone selects a part of a stored object for GET and HEAD, and uploadId goes with it for PUT. */
static bool has_other_subresource(const struct xf_ep_request *r, const struct route *route)
{
	for (size_t i = 0; i < sizeof(subresources) / sizeof(*subresources); i++) {
		const char *name = subresources[i];
		bool reading = r->method[0] == 'G' || r->method[0] == 'H';
		if (!xf_ep_param(r, name) || (route->param && !strcmp(name, route->param)))
			continue;
		if (!strcmp(name, "partNumber") && reading && route->level == OBJECT)
			continue;
		if (!strcmp(name, "uploadId") && route->param && !strcmp(route->param, "partNumber"))
			continue;
		return true;
	}
	return false;
}

static bool fits(const struct xf_ep_request *r, const struct route *route, enum level level)
{
	if (route->level != level || strcmp(route->method, r->method) != 0)
		return false;
	if (route->param && !xf_ep_param(r, route->param))
		return false;
	if (route->header && !xf_ep_header(r, route->header))
		return false;
	/* a part needs both */
	if (route->param && !strcmp(route->param, "partNumber") && !xf_ep_param(r, "uploadId"))
		return false;
	return !has_other_subresource(r, route);
}

static bool has_subresource(const struct xf_ep_request *r)
{
	for (size_t i = 0; i < sizeof(subresources) / sizeof(*subresources); i++)
		if (xf_ep_param(r, subresources[i]))
			return true;
	return false;
}

const struct xf_ep_op *xf_ep_route(const struct xf_ep_request *r, enum xf_ep_code *code)
{
	static const char *const methods[] = { "GET", "HEAD", "PUT", "POST", "DELETE" };
	enum level level = r->key ? OBJECT : r->bucket ? BUCKET : SERVICE;
	bool known = false;

	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (fits(r, &routes[i], level))
			return &routes[i].op;
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		known |= !strcmp(methods[i], r->method);
	/* a subresource this endpoint does not have, against a method the resource itself never takes */
	*code = known && level != SERVICE && has_subresource(r) ? XF_EP_NotImplemented : XF_EP_MethodNotAllowed;
	return NULL;
}
