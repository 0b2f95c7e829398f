/* stored: what writing operations share: kept headers, conditions, ETags, copies. See ops.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/endpoint/integrity.h"
#include "core/endpoint/ops.h"
#include "core/endpoint/text.h"

static const char *const kept_names[] = {
	"content-type", "cache-control", "content-disposition", "content-encoding",
	"content-language", "expires", "x-amz-storage-class", "x-amz-website-redirect-location",
	"x-amz-tagging", "x-amz-server-side-encryption",
	"x-amz-server-side-encryption-aws-kms-key-id", "x-amz-server-side-encryption-bucket-key-enabled",
	"x-amz-object-lock-mode", "x-amz-object-lock-retain-until-date", "x-amz-object-lock-legal-hold",
};

static const char *const storage_classes[] = {
	"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
	"GLACIER", "DEEP_ARCHIVE", "OUTPOSTS", "GLACIER_IR", "EXPRESS_ONEZONE", "SNOW",
};

static bool listed(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* "gzip,aws-chunked" is kept as "gzip": the second is how it travelled. */
static void keep_encoding(struct xf_headers *kept, const char *value)
{
	struct xf_buf rest = XF_BUF_INIT;

	while (*value) {
		value += strspn(value, " ,");
		size_t len = strcspn(value, ",");
		while (len && value[len - 1] == ' ')
			len--;
		if (len && !(len == 11 && !strncasecmp(value, "aws-chunked", 11))) {
			if (rest.len)
				xf_buf_char(&rest, ',');
			xf_buf_add(&rest, value, len);
		}
		value += strcspn(value, ",");
	}
	if (rest.len)
		xf_headers_add(kept, "content-encoding", xf_buf_text(&rest));
	xf_buf_fini(&rest);
}

static void check_encryption(struct xf_ep_call *c)
{
	const char *sse = xf_ep_header(&c->request, "x-amz-server-side-encryption");

	if (sse && strcmp(sse, "AES256") != 0 && strcmp(sse, "aws:kms") != 0 &&
	    strcmp(sse, "aws:kms:dsse") != 0)
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "The encryption method specified is not supported");
	else if (sse && *c->key_md5)
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "Server Side Encryption with Customer provided key is incompatible with the "
			   "encryption method specified");
}

void xf_ep_keep_headers(struct xf_ep_call *c, struct xf_headers *kept)
{
	const char *class = xf_ep_header(&c->request, "x-amz-storage-class");
	size_t metadata = 0;

	for (size_t i = 0; i < c->request.headers.nr; i++) {
		const struct xf_header *h = &c->request.headers.items[i];
		if (!strncmp(h->name, "x-amz-meta-", 11)) {
			metadata += strlen(h->name) - 11 + strlen(h->value);
			const char *before = xf_headers_get(kept, h->name);
			if (before) { /* the same name twice is one value with a comma */
				struct xf_buf both = XF_BUF_INIT;
				xf_buf_format(&both, "%s,%s", before, h->value);
				xf_headers_set(kept, h->name, xf_buf_text(&both));
				xf_buf_fini(&both);
			} else {
				xf_headers_add(kept, h->name, h->value);
			}
		} else if (!strcmp(h->name, "content-encoding")) {
			keep_encoding(kept, h->value);
		} else if (listed(kept_names, sizeof(kept_names) / sizeof(*kept_names), h->name)) {
			xf_headers_add(kept, h->name, h->value);
		}
	}
	if (metadata > XF_EP_METADATA_MAX)
		xf_ep_fail(c, XF_EP_MetadataTooLarge, NULL);
	else if (class && !listed(storage_classes, sizeof(storage_classes) / sizeof(*storage_classes),
				  class))
		xf_ep_fail(c, XF_EP_InvalidStorageClass, NULL);
	else
		check_encryption(c);
}

void xf_ep_answer_encryption(struct xf_ep_call *c, const struct xf_headers *kept)
{
	static const char mark[] = "x-amz-server-side-encryption";

	for (size_t i = 0; i < kept->nr; i++)
		if (!strncmp(kept->items[i].name, mark, sizeof(mark) - 1))
			xf_ep_answer(c, kept->items[i].name, kept->items[i].value);
}

void xf_ep_bare_etag(char out[XF_EP_ETAG_SIZE], const char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	snprintf(out, XF_EP_ETAG_SIZE, "%.*s", (int)(len < XF_EP_ETAG_SIZE ? len : 0), text);
}

int64_t xf_ep_seconds(int64_t ms)
{
	return ms / 1000;
}

void xf_ep_write_conditions(struct xf_ep_call *c)
{
	const char *match = xf_ep_header(&c->request, "if-match");
	const char *none = xf_ep_header(&c->request, "if-none-match");
	struct xf_ep_object *now;

	if (!match && !none)
		return;
	if ((match && none) || (none && strcmp(none, "*") != 0)) {
		xf_ep_fail(c, XF_EP_NotImplemented,
			   "A header you provided implies functionality that is not implemented: "
			   "If-None-Match takes * alone, and not beside If-Match");
		return;
	}
	now = xf_ep_object_find(c->site->store, c->request.bucket, c->request.key);
	c->guard = (struct xf_ep_guard){ true, now ? now->serial : 0 };
	if (match && !now)
		xf_ep_fail(c, XF_EP_NoSuchKey, NULL);
	else if ((none && now) || (match && !xf_ep_etag_listed(match, now->etag)))
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_PreconditionFailed, NULL,
				  (struct xf_ep_detail[]){
					  { "Condition", none ? "If-None-Match" : "If-Match" }, { 0 } });
	xf_ep_object_release(now);
}

void xf_ep_make_etag(char etag[XF_EP_ETAG_SIZE], const struct xf_digest *md5,
		     const struct xf_headers *kept, const char *key_md5)
{
	const char *sse = xf_headers_get(kept, "x-amz-server-side-encryption");
	struct xf_digest other = *md5;
	char hex[2 * XF_DIGEST_MAX + 1];

	if (*key_md5 || (sse && !strncmp(sse, "aws:kms", 7))) {
		/* AWS gives such objects an ETag that looks like an MD5 and is none */
		struct xf_buf mixed = XF_BUF_INIT;
		xf_buf_format(&mixed, "%s%s", xf_digest_hex(md5, hex), *key_md5 ? key_md5 : "kms");
		xf_checksum_of(&other, XF_CHECKSUM_MD5, xf_buf_text(&mixed), mixed.len);
		xf_buf_fini(&mixed);
	}
	snprintf(etag, XF_EP_ETAG_SIZE, "%.32s", xf_digest_hex(&other, hex));
}

/* ---- reading what is stored */

static bool read_file(const struct xf_ep_blob *blob, uint64_t at, uint64_t size, xf_ep_sink_fn sink,
		      void *ctx)
{
	int fd = xf_ep_blob_open(blob);
	bool ok = fd >= 0;
	char *block = malloc(1 << 18);

	while (ok && block && size) {
		size_t want = size < 1 << 18 ? (size_t)size : 1 << 18;
		ssize_t n = pread(fd, block, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		ok = n > 0 && sink(ctx, block, (size_t)n);
		at += n > 0 ? (uint64_t)n : 0;
		size -= n > 0 ? (uint64_t)n : 0;
	}
	free(block);
	if (fd >= 0)
		close(fd);
	return ok && size == 0;
}

static bool read_memory(const struct xf_ep_blob *blob, uint64_t at, uint64_t size,
			xf_ep_sink_fn sink, void *ctx)
{
	while (size) {
		size_t len;
		const void *span = xf_ep_blob_span(blob, at, &len);
		len = len < size ? len : (size_t)size;
		if (!span || !sink(ctx, span, len))
			return false;
		at += len;
		size -= len;
	}
	return true;
}

bool xf_ep_read_object(const struct xf_ep_object *o, uint64_t first, uint64_t size,
		       xf_ep_sink_fn sink, void *ctx)
{
	for (size_t i = 0; i < o->nr_pieces && size; i++) {
		const struct xf_ep_piece *p = &o->pieces[i];
		if (first >= p->size) {
			first -= p->size;
			continue;
		}
		uint64_t now = p->size - first < size ? p->size - first : size;
		if (!(xf_ep_blob_in_memory(p->blob) ? read_memory : read_file)(p->blob, first, now,
									       sink, ctx))
			return false;
		first = 0;
		size -= now;
	}
	return size == 0;
}

/* ---- copies */

/* "bucket/key?versionId=null", percent-encoded, perhaps with a slash before it. */
static struct xf_ep_object *find_source(struct xf_ep_call *c, const char *source)
{
	struct xf_buf path = XF_BUF_INIT;
	struct xf_ep_object *o = NULL;
	const char *version = strstr(source, "?versionId=");
	size_t len = version ? (size_t)(version - source) : strlen(source);

	if (*source == '/') {
		source++;
		len--;
	}
	bool ok = xf_ep_decode(&path, source, len, false);
	char *slash = ok && path.data ? strchr(path.data, '/') : NULL;
	if (!slash || !slash[1]) {
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
	} else {
		*slash = '\0';
		if (!xf_ep_bucket_exists(c->site->store, path.data, NULL))
			xf_ep_fail(c, XF_EP_NoSuchBucket, NULL);
		else if (version && strcmp(version, "?versionId=null") != 0)
			xf_ep_fail(c, XF_EP_NoSuchVersion, NULL);
		else if (!(o = xf_ep_object_find(c->site->store, path.data, slash + 1)))
			xf_ep_fail(c, XF_EP_NoSuchKey, NULL);
	}
	xf_buf_fini(&path);
	return o;
}

struct xf_ep_object *xf_ep_copy_source(struct xf_ep_call *c)
{
	const struct xf_ep_request *r = &c->request;
	struct xf_ep_object *o = find_source(c, xf_ep_header(r, "x-amz-copy-source"));
	struct xf_ep_conditions conditions = {
		xf_ep_header(r, "x-amz-copy-source-if-match"),
		xf_ep_header(r, "x-amz-copy-source-if-none-match"),
		xf_ep_header(r, "x-amz-copy-source-if-modified-since"),
		xf_ep_header(r, "x-amz-copy-source-if-unmodified-since"),
	};
	char key_md5[XF_EP_KEY_MD5_SIZE];

	if (o && xf_ep_conditions_check(&conditions, o->etag, xf_ep_seconds(o->modified_ms)))
		xf_ep_fail(c, XF_EP_PreconditionFailed, NULL);
	if (o && !xf_ep_decided(c) &&
	    xf_ep_sse_c(c, "x-amz-copy-source-server-side-encryption-customer-", key_md5))
		xf_ep_sse_c_allows(c, o->key_md5, key_md5);
	if (o && xf_ep_decided(c)) {
		xf_ep_object_release(o);
		o = NULL;
	}
	return o;
}

struct copy {
	struct xf_ep_blob *blob;
	struct xf_hasher hasher;
};

static bool copy_block(void *ctx, const void *data, size_t len)
{
	struct copy *copy = ctx;

	xf_hasher_update(&copy->hasher, data, len);
	return xf_ep_blob_write(copy->blob, data, len) == XF_OK;
}

bool xf_ep_copy_bytes(struct xf_ep_call *c, const struct xf_ep_object *from, uint64_t first,
		      uint64_t size, enum xf_checksum algorithm, struct xf_ep_piece *piece,
		      struct xf_digest *md5)
{
	struct copy copy = { .blob = xf_ep_store_blob(c->site->store, size) };
	uint32_t set = XF_CHECKSUM_BIT(XF_CHECKSUM_MD5);
	bool ok;

	if (algorithm)
		set |= XF_CHECKSUM_BIT(algorithm);
	ok = copy.blob && xf_hasher_init(&copy.hasher, set) == XF_OK &&
	     xf_ep_read_object(from, first, size, copy_block, &copy) &&
	     xf_ep_blob_seal(copy.blob) == XF_OK;
	if (ok) {
		struct xf_digest sum;
		piece->size = size;
		piece->blob = copy.blob;
		piece->modified_ms = xf_ep_now_ms();
		xf_hasher_final(&copy.hasher, XF_CHECKSUM_MD5, md5);
		piece->sum.algorithm = algorithm;
		if (algorithm && algorithm != XF_CHECKSUM_MD5) {
			xf_hasher_final(&copy.hasher, algorithm, &sum);
			xf_digest_text(&sum, piece->sum.text);
		} else if (algorithm) {
			xf_digest_text(md5, piece->sum.text);
		}
	} else {
		xf_ep_blob_release(copy.blob);
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	}
	xf_hasher_fini(&copy.hasher);
	return ok;
}
