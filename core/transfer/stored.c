/* stored: uploads that were left, parts compared, objects settled. */
#include "core/transfer/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/s3/checksum.h"
#include "core/s3/encode.h"

enum { READ_BLOCK = 256 << 10 };

/* ---- what an upload left */

/* Times are ISO 8601 in UTC: as text, later is greater. The service's order decides between equals. */
static const struct xf_s3_upload *newest(const struct xf_s3_list_uploads_output *list, const char *key)
{
	const struct xf_s3_upload *best = NULL;
	for (size_t i = 0; i < list->nr; i++)
		if (!strcmp(list->uploads[i].key, key) &&
		    (!best || strcmp(list->uploads[i].initiated, best->initiated) >= 0))
			best = &list->uploads[i];
	return best;
}

static enum xf_status list_parts(struct xf_client *client, struct xf_http *http, const char *bucket,
				 const char *key, const struct xf_extra *extra, struct xf_stored *out,
				 const struct xf_call_hooks *hooks, struct xf_error *err)
{
	struct xf_s3_list_parts_output list = { .nr = 0 };
	const struct xf_s3_list_parts_input in = { bucket, key, out->upload_id, extra };
	enum xf_status status = xf_s3_list_parts(client, http, &in, &list, hooks, err);
	if (status != XF_OK)
		return status;
	out->parts = list.parts;
	out->nr = list.nr;
	memcpy(out->checksum_algorithm, list.checksum_algorithm, sizeof(out->checksum_algorithm));
	memcpy(out->checksum_type, list.checksum_type, sizeof(out->checksum_type));
	return XF_OK;
}

/* An upload that ended between the two lists is none. */
static enum xf_status list_parts_if_there(struct xf_client *client, struct xf_http *http, const char *bucket,
					  const char *key, const struct xf_extra *extra, struct xf_stored *out,
					  const struct xf_call_hooks *hooks, struct xf_error *err)
{
	struct xf_error why = XF_ERROR_INIT;
	enum xf_status status = list_parts(client, http, bucket, key, extra, out, hooks, &why);
	if (status == XF_OK)
		return XF_OK;
	if (!strcmp(why.code, "NoSuchUpload")) {
		out->upload_id[0] = '\0';
		return XF_OK;
	}
	*err = why;
	return status;
}

enum xf_status xf_stored_find(struct xf_client *client, struct xf_http *http, const char *bucket,
			      const char *key, const struct xf_extra *extra, struct xf_stored *out,
			      const struct xf_call_hooks *hooks, struct xf_error *err)
{
	struct xf_s3_list_uploads_output list = { .nr = 0 };
	const struct xf_s3_list_uploads_input in = { bucket, key };
	*out = (struct xf_stored){ .nr = 0 };
	enum xf_status status = xf_s3_list_multipart_uploads(client, http, &in, &list, hooks, err);
	if (status != XF_OK)
		return status;
	const struct xf_s3_upload *upload = newest(&list, key);
	if (upload)
		memcpy(out->upload_id, upload->upload_id, sizeof(out->upload_id));
	free(list.uploads);
	return upload ? list_parts_if_there(client, http, bucket, key, extra, out, hooks, err) : XF_OK;
}

void xf_stored_fini(struct xf_stored *s)
{
	free(s->parts);
	*s = (struct xf_stored){ .nr = 0 };
}

const struct xf_s3_part *xf_stored_part(const struct xf_stored *s, uint32_t number)
{
	for (size_t i = 0; i < s->nr; i++)
		if (s->parts[i].number == number)
			return &s->parts[i];
	return NULL;
}

/* ---- comparing */

/* "\"5d41…\"", with or without quotes. */
static bool etag_md5(const char *etag, unsigned char md5[16])
{
	char hex[33];
	const char *at = etag + (*etag == '"');
	size_t len = strcspn(at, "\"");
	if (len != 32)
		return false;
	memcpy(hex, at, 32);
	hex[32] = '\0';
	return xf_hex_decode(md5, 16, hex);
}

/* The best there is to compare with; NONE: nothing. */
static enum xf_checksum known_digest(const struct xf_s3_part *part, struct xf_digest *out)
{
	enum xf_checksum algorithm = xf_checksum_by_name(part->checksum.algorithm);
	if (algorithm && xf_digest_parse(out, algorithm, part->checksum.value) == XF_OK)
		return algorithm;
	*out = (struct xf_digest){ .algorithm = XF_CHECKSUM_MD5, .len = 16 };
	return etag_md5(part->etag, out->bytes) ? XF_CHECKSUM_MD5 : XF_CHECKSUM_NONE;
}

static enum xf_status hash_body(struct xf_hasher *h, const struct xf_body *body, uint64_t *reading_ns,
				struct xf_error *err)
{
	char *block = malloc(READ_BLOCK);
	enum xf_status status = block ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
	for (uint64_t at = 0; status == XF_OK && at < body->size;) {
		size_t len = body->size - at < READ_BLOCK ? (size_t)(body->size - at) : READ_BLOCK;
		uint64_t began = xf_clock_mono_ns();
		status = xf_body_read(body, at, block, len, err);
		*reading_ns += xf_clock_mono_ns() - began;
		if (status == XF_OK)
			xf_hasher_update(h, block, len);
		at += len;
	}
	free(block);
	return status;
}

enum xf_status xf_stored_same(const struct xf_s3_part *part, const struct xf_body *body, bool *same,
			      uint64_t *reading_ns, struct xf_error *err)
{
	struct xf_digest theirs, ours;
	struct xf_hasher hasher;
	enum xf_checksum algorithm = known_digest(part, &theirs);
	*same = false;
	*reading_ns = 0;
	if (!algorithm || part->size != body->size || xf_hasher_init(&hasher, XF_CHECKSUM_BIT(algorithm)) != XF_OK)
		return XF_OK;
	enum xf_status status = hash_body(&hasher, body, reading_ns, err);
	if (status == XF_OK) {
		xf_hasher_final(&hasher, algorithm, &ours);
		*same = xf_digest_equal(&ours, &theirs);
	}
	xf_hasher_fini(&hasher);
	return status;
}

/* ---- settling */

/* The MD5 of the parts' MD5s, and their number; false: not all parts' ETags are MD5s. */
static bool expected_etag(const struct xf_s3_complete_input *in, char out[XF_S3_ETAG_MAX])
{
	struct xf_hasher hasher;
	struct xf_digest digest;
	char hex[XF_HEX_SIZE(16)];
	bool known = true;
	if (xf_hasher_init(&hasher, XF_CHECKSUM_BIT(XF_CHECKSUM_MD5)) != XF_OK)
		return false;
	for (size_t i = 0; known && i < in->nr_parts; i++) {
		unsigned char md5[16];
		known = etag_md5(in->parts[i].etag, md5);
		if (known)
			xf_hasher_update(&hasher, md5, sizeof(md5));
	}
	xf_hasher_final(&hasher, XF_CHECKSUM_MD5, &digest);
	xf_hasher_fini(&hasher);
	snprintf(out, XF_S3_ETAG_MAX, "\"%s-%zu\"", xf_digest_hex(&digest, hex), in->nr_parts);
	return known;
}

static bool ends_in_number(const char *etag, size_t nr_parts)
{
	char end[32];
	size_t n = (size_t)snprintf(end, sizeof(end), "-%zu\"", nr_parts), len = strlen(etag);
	return len > n && !strcmp(etag + len - n, end);
}

bool xf_stored_object(struct xf_client *client, struct xf_http *http,
		      const struct xf_s3_complete_input *in, char etag[XF_S3_ETAG_MAX],
		      const struct xf_call_hooks *hooks)
{
	struct xf_error ignored = XF_ERROR_INIT;
	struct xf_s3_head_output head = { .size = 0 };
	char expected[XF_S3_ETAG_MAX];
	const struct xf_s3_head_input ask = { in->bucket, in->key, in->extra };
	if (xf_s3_head_object(client, http, &ask, &head, hooks, &ignored) != XF_OK || head.size != in->size)
		return false;
	bool there = expected_etag(in, expected) ? !strcmp(head.answer.etag, expected)
						 : ends_in_number(head.answer.etag, in->nr_parts);
	if (there)
		memcpy(etag, head.answer.etag, XF_S3_ETAG_MAX);
	return there;
}
