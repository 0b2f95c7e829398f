/* s3wire: see s3wire.h. */
#include "tracer/foreign/s3wire.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Endpoints whose names do not contain ".s3."; the bucket, if any, stands before them. */
static const char *const s3_endpoints[] = {
	".localhost", ".storage.googleapis.com", ".digitaloceanspaces.com", ".aliyuncs.com",
	".myqcloud.com", ".linodeobjects.com", ".vultrobjects.com", ".fly.storage.tigris.dev",
};

/* Endpoints where the first label is an account or a place, never a bucket. */
static const char *const s3_path_style[] = {
	".r2.cloudflarestorage.com", ".your-objectstorage.com", ".supabase.co",
};

/* Where a cloud's machines and containers ask for their credentials (EC2 with a PUT for its token): no store. */
static const char *const s3_not_stores[] = { "169.254.169.254", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]" };

static bool s3_is_no_store(const char *host)
{
	for (size_t i = 0; i < sizeof(s3_not_stores) / sizeof(s3_not_stores[0]); i++) {
		size_t n = strlen(s3_not_stores[i]);
		if (strncasecmp(host, s3_not_stores[i], n) == 0 && (!host[n] || host[n] == ':'))
			return true;
	}
	return false;
}

static bool s3_ends_with(const char *host, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && strncasecmp(host + len - n, suffix, n) == 0;
}

static bool s3_is_address(const char *host, size_t len)
{
	size_t i = 0;

	if (host[0] == '[')
		return true;
	while (i < len && (isdigit((unsigned char)host[i]) || host[i] == '.'))
		i++;
	return i == len;
}

/* Where a label that is "s3" or begins with "s3-" starts; -1: nowhere. */
static int s3_label(const char *host, size_t len)
{
	for (size_t i = 0; i + 2 < len; i++)
		if ((i == 0 || host[i - 1] == '.') && strncasecmp(host + i, "s3", 2) == 0 &&
		    (host[i + 2] == '.' || host[i + 2] == '-'))
			return (int)i;
	return -1;
}

/* "region.digitaloceanspaces.com": one label before the suffix is a place, the rest the bucket. */
static int s3_before_place(const char *host, size_t before)
{
	const char *dot = memrchr(host, '.', before);

	return dot ? (int)(dot - host) : 0;
}

int tr_s3_host_bucket(const char *host)
{
	size_t len = strcspn(host, ":");
	int label;

	if (host[0] == '[' || s3_is_address(host, len) || (len == 9 && !strncasecmp(host, "localhost", 9)))
		return 0;
	label = s3_label(host, len);
	if (label >= 0)
		return label ? label - 1 : 0;
	for (size_t i = 0; i < sizeof(s3_path_style) / sizeof(s3_path_style[0]); i++)
		if (s3_ends_with(host, len, s3_path_style[i]))
			return 0;
	for (size_t i = 0; i < sizeof(s3_endpoints) / sizeof(s3_endpoints[0]); i++) {
		size_t before = len - strlen(s3_endpoints[i]);
		if (!s3_ends_with(host, len, s3_endpoints[i]))
			continue;
		return i < 2 ? (int)before : s3_before_place(host, before);
	}
	return -1;
}

static void s3_copy(char *dst, size_t cap, const char *src, size_t len)
{
	if (len >= cap)
		len = cap - 1;
	memcpy(dst, src, len);
	dst[len] = 0;
}

/* "/bucket/key" or, with the bucket in the host, "/key". */
static void s3_split(const struct tr_http_head *head, bool object, struct tr_s3_request *r)
{
	const char *path = head->path[0] == '/' ? head->path + 1 : head->path;
	const char *slash = strchr(path, '/');
	int in_host = tr_s3_host_bucket(head->host);

	if (in_host < 0)
		in_host = object && (!slash || !slash[1]) ? (int)strcspn(head->host, ".:") : 0;
	if (in_host > 0) {
		s3_copy(r->bucket, sizeof(r->bucket), head->host, (size_t)in_host);
		s3_copy(r->key, sizeof(r->key), path, strlen(path));
		return;
	}
	s3_copy(r->bucket, sizeof(r->bucket), path, slash ? (size_t)(slash - path) : strlen(path));
	if (slash)
		s3_copy(r->key, sizeof(r->key), slash + 1, strlen(slash + 1));
}

enum s3_on { ON_SERVICE = 1, ON_BUCKET = 2, ON_OBJECT = 4 };

/* First row that fits: all of `query` and `facts` is in the request, its target is one of `on`. */
static const struct s3_row {
	const char *method;
	uint16_t query;
	uint8_t on;
	uint16_t facts;
	enum xf_op op;
} s3_rows[] = {
	{ "PUT", TR_QUERY_PART_NUMBER | TR_QUERY_UPLOAD_ID, ON_OBJECT, TR_HTTP_COPY, XF_OP_UPLOAD_PART_COPY },
	{ "PUT", TR_QUERY_PART_NUMBER | TR_QUERY_UPLOAD_ID, ON_OBJECT, 0, XF_OP_UPLOAD_PART },
	{ "POST", TR_QUERY_UPLOADS, ON_OBJECT, 0, XF_OP_CREATE_MULTIPART_UPLOAD },
	{ "POST", TR_QUERY_UPLOAD_ID, ON_OBJECT, 0, XF_OP_COMPLETE_MULTIPART_UPLOAD },
	{ "DELETE", TR_QUERY_UPLOAD_ID, ON_OBJECT, 0, XF_OP_ABORT_MULTIPART_UPLOAD },
	{ "GET", TR_QUERY_UPLOAD_ID, ON_OBJECT, 0, XF_OP_LIST_PARTS },
	{ "GET", TR_QUERY_UPLOADS, ON_BUCKET, 0, XF_OP_LIST_MULTIPART_UPLOADS },
	{ NULL, TR_QUERY_SUBRESOURCE, ON_SERVICE | ON_BUCKET | ON_OBJECT, 0, XF_OP_OTHER },
	{ "PUT", 0, ON_OBJECT, TR_HTTP_COPY, XF_OP_COPY_OBJECT },
	{ "PUT", 0, ON_OBJECT, 0, XF_OP_PUT_OBJECT },
	{ "HEAD", 0, ON_OBJECT, 0, XF_OP_HEAD_OBJECT },
	{ "GET", 0, ON_OBJECT, 0, XF_OP_GET_OBJECT },
	{ "DELETE", 0, ON_OBJECT, 0, XF_OP_DELETE_OBJECT },
	{ "POST", 0, ON_BUCKET, TR_HTTP_FORM, XF_OP_PUT_OBJECT },
	{ "PUT", 0, ON_BUCKET, 0, XF_OP_CREATE_BUCKET },
	{ "HEAD", 0, ON_BUCKET, 0, XF_OP_HEAD_BUCKET },
	{ "GET", 0, ON_BUCKET, 0, XF_OP_LIST_OBJECTS },
	{ "DELETE", 0, ON_BUCKET, 0, XF_OP_DELETE_BUCKET },
	{ "GET", 0, ON_SERVICE, 0, XF_OP_LIST_BUCKETS },
};

static enum xf_op s3_operation(const struct tr_http_head *head, enum s3_on on)
{
	for (size_t i = 0; i < sizeof(s3_rows) / sizeof(s3_rows[0]); i++) {
		const struct s3_row *row = &s3_rows[i];
		if (row->method && strcmp(row->method, head->method) != 0)
			continue;
		if ((head->query & row->query) != row->query || !(row->on & on))
			continue;
		if ((head->facts & row->facts) != row->facts)
			continue;
		return row->op;
	}
	return XF_OP_OTHER;
}

/*
 * A PUT with a body to a path of one segment on a plain host: nobody creates a
 * bucket with a body of more than a short document, so it is a file for a plain
 * HTTP server (`curl -T file http://host/name`).
 */
static bool s3_is_plain_put(const struct tr_http_head *head)
{
	bool body = head->facts & TR_HTTP_CHUNKED || head->length > 4096;

	return strcmp(head->method, "PUT") == 0 && body && !(head->query & TR_QUERY_SUBRESOURCE);
}

/* A browser's form to a bucket that only the host can name. */
static bool s3_is_form_to_host(const struct tr_http_head *head)
{
	return strcmp(head->method, "POST") == 0 && head->facts & TR_HTTP_FORM && strcmp(head->path, "/") == 0;
}

void tr_s3_understand(const struct tr_http_head *head, struct tr_s3_request *r)
{
	bool ids = head->query & (TR_QUERY_UPLOAD_ID | TR_QUERY_PART_NUMBER);
	bool create = strcmp(head->method, "POST") == 0 && head->query & TR_QUERY_UPLOADS;
	enum s3_on on;

	memset(r, 0, sizeof(*r));
	r->op = XF_OP_OTHER;
	if (s3_is_no_store(head->host))
		return;
	s3_split(head, ids || create || s3_is_plain_put(head) || s3_is_form_to_host(head), r);
	if (!r->key[0] && s3_is_plain_put(head)) {
		memcpy(r->key, r->bucket, sizeof(r->bucket));
		r->bucket[0] = 0;
	}
	on = r->key[0] ? ON_OBJECT : r->bucket[0] ? ON_BUCKET : ON_SERVICE;
	r->op = s3_operation(head, on);
	if (r->op == XF_OP_UPLOAD_PART || r->op == XF_OP_UPLOAD_PART_COPY)
		r->part = head->part_number;
	else if (r->op == XF_OP_PUT_OBJECT || r->op == XF_OP_COPY_OBJECT)
		r->part = 1;
}

bool tr_s3_is_upload(enum xf_op op)
{
	switch (op) {
	case XF_OP_PUT_OBJECT:
	case XF_OP_CREATE_MULTIPART_UPLOAD:
	case XF_OP_UPLOAD_PART:
	case XF_OP_UPLOAD_PART_COPY:
	case XF_OP_COPY_OBJECT:
	case XF_OP_COMPLETE_MULTIPART_UPLOAD:
	case XF_OP_ABORT_MULTIPART_UPLOAD:
		return true;
	default:
		return false;
	}
}
