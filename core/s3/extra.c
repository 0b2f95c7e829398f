#include "core/s3/extra.h"

#include <stdlib.h>
#include <string.h>
#include <stdio.h>

#include "core/s3/checksum.h"
#include "core/s3/encode.h"

static const struct xf_extra_info table[XF_EXTRA_COUNT] = {
#define XF_X(id, boto3, flag, header, receivers) { boto3, flag, header, receivers },
	XF_EXTRA_MAP(XF_X)
#undef XF_X
};

const struct xf_extra_info *xf_extra_info(enum xf_extra_id id)
{
	return &table[id];
}

enum xf_extra_id xf_extra_find(const char *name)
{
	while (*name == '-')
		name++;
	for (int i = 0; i < XF_EXTRA_COUNT; i++)
		if (!strcmp(table[i].boto3, name) || (table[i].flag && !strcmp(table[i].flag, name)))
			return (enum xf_extra_id)i;
	return XF_EXTRA_COUNT;
}

static bool is_header_text(const char *value)
{
	for (; *value; value++)
		if ((unsigned char)*value < 0x20 || *value == 0x7f)
			return false;
	return true;
}

/* A header's name, as RFC 9110 spells a token. */
static bool is_token(const char *name)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	if (!*name)
		return false;
	for (; *name; name++)
		if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
		      (*name >= '0' && *name <= '9') || strchr(others, *name)))
			return false;
	return true;
}

static enum xf_checksum supplied_algorithm(enum xf_extra_id id)
{
	return id >= XF_EXTRA_CHECKSUM_CRC32 && id <= XF_EXTRA_CHECKSUM_SHA256 ?
		xf_checksum_by_header(table[id].header) : XF_CHECKSUM_NONE;
}

static enum xf_status check(enum xf_extra_id id, const char *value, struct xf_error *err)
{
	const char *name = table[id].flag ? table[id].flag : table[id].boto3;
	struct xf_digest digest;
	if (!is_header_text(value))
		return xf_fail(err, XF_INVALID, "%s: the value holds control characters", name);
	if (id == XF_EXTRA_CHECKSUM_ALGORITHM && !xf_checksum_info(xf_checksum_by_name(value)))
		return xf_fail(err, XF_INVALID,
			       "%s: '%s' is not one of CRC32, CRC32C, CRC64NVME, SHA1, SHA256", name, value);
	if (supplied_algorithm(id) && xf_digest_parse(&digest, supplied_algorithm(id), value))
		return xf_fail(err, XF_INVALID, "%s: '%s' is not a base64 value of that algorithm", name, value);
	if (id == XF_EXTRA_CHECKSUM_TYPE && strcmp(value, "FULL_OBJECT") && strcmp(value, "COMPOSITE"))
		return xf_fail(err, XF_INVALID, "%s: '%s' is not FULL_OBJECT or COMPOSITE", name, value);
	if (id == XF_EXTRA_MPU_OBJECT_SIZE && (!*value || strspn(value, "0123456789") != strlen(value)))
		return xf_fail(err, XF_INVALID, "%s: '%s' is not a number of bytes", name, value);
	return XF_OK;
}

static enum xf_status put(struct xf_extra *x, enum xf_extra_id id, const char *value,
			  struct xf_error *err)
{
	char *copy = strdup(value);
	if (!copy)
		return xf_fail(err, XF_NOMEM, "out of memory");
	free(x->values[id]);
	x->values[id] = copy;
	return XF_OK;
}

enum xf_status xf_extra_set(struct xf_extra *x, enum xf_extra_id id, const char *value,
			    struct xf_error *err)
{
	enum xf_status status = check(id, value, err);
	if (status)
		return status;
	if (id == XF_EXTRA_CHECKSUM_ALGORITHM)
		value = xf_checksum_info(xf_checksum_by_name(value))->name;
	if (id == XF_EXTRA_SSE_C_KEY)
		return xf_extra_set_sse_key(x, value, strlen(value), err);
	return put(x, id, value, err);
}

enum xf_status xf_extra_add_metadata(struct xf_extra *x, const char *name, const char *value,
				     struct xf_error *err)
{
	if (!is_token(name))
		return xf_fail(err, XF_INVALID,
			       "metadata name '%s' is not allowed in a header: letters, digits and - only", name);
	if (strlen(name) > 200)
		return xf_fail(err, XF_INVALID, "a metadata name is longer than 200 characters");
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			return xf_fail(err, XF_INVALID,
				       "metadata '%s': only ASCII text is allowed in the value", name);
	xf_headers_set(&x->metadata, name, value);
	return xf_headers_ok(&x->metadata) ? xf_fail(err, XF_NOMEM, "out of memory") : XF_OK;
}

enum xf_status xf_extra_set_sse_key(struct xf_extra *x, const void *key, size_t len,
				    struct xf_error *err)
{
	char text[XF_BASE64_SIZE(32)], md5_text[XF_DIGEST_TEXT_SIZE];
	struct xf_digest md5;
	if (len != 32)
		return xf_fail(err, XF_INVALID,
			       "the customer's encryption key has %zu bytes: AES256 takes 32", len);
	enum xf_status status = xf_checksum_of(&md5, XF_CHECKSUM_MD5, key, len);
	if (status)
		return xf_fail(err, status, "MD5 is not available: it is needed for the customer's key");
	xf_base64_encode(text, key, len);
	status = put(x, XF_EXTRA_SSE_C_KEY, text, err);
	explicit_bzero(text, sizeof(text));
	if (!status)
		status = put(x, XF_EXTRA_SSE_C_KEY_MD5, xf_digest_text(&md5, md5_text), err);
	if (!status && !x->values[XF_EXTRA_SSE_C])
		status = put(x, XF_EXTRA_SSE_C, "AES256", err);
	return status;
}

void xf_extra_fini(struct xf_extra *x)
{
	if (x->values[XF_EXTRA_SSE_C_KEY])
		explicit_bzero(x->values[XF_EXTRA_SSE_C_KEY], strlen(x->values[XF_EXTRA_SSE_C_KEY]));
	for (int i = 0; i < XF_EXTRA_COUNT; i++)
		free(x->values[i]);
	xf_headers_fini(&x->metadata);
	*x = XF_EXTRA_INIT;
}

/* What belongs to a supplied checksum: its type and algorithm, where they were not said. */
static void supplied_headers(const struct xf_extra *x, unsigned to, struct xf_headers *out)
{
	const char *algorithm = xf_extra_supplied(x, NULL);
	if (to == XF_TO_CREATE) {
		const char *named = x->values[XF_EXTRA_CHECKSUM_ALGORITHM];
		xf_headers_add(out, "x-amz-checksum-algorithm", algorithm ? algorithm : named);
	}
	if (algorithm && (to == XF_TO_CREATE || to == XF_TO_COMPLETE) &&
	    !x->values[XF_EXTRA_CHECKSUM_TYPE])
		xf_headers_add(out, "x-amz-checksum-type", "FULL_OBJECT");
}

void xf_extra_headers(const struct xf_extra *x, unsigned to, struct xf_headers *out)
{
	if (!x)
		return;
	for (int i = 0; i < XF_EXTRA_COUNT; i++)
		if (x->values[i] && table[i].header && (table[i].receivers & to))
			xf_headers_add(out, table[i].header, x->values[i]);
	if (to & XF_TO_NEW)
		for (size_t i = 0; i < x->metadata.nr; i++) {
			char name[256];
			snprintf(name, sizeof(name), "x-amz-meta-%s", x->metadata.items[i].name);
			xf_headers_add(out, name, x->metadata.items[i].value);
		}
	supplied_headers(x, to, out);
}

const char *xf_extra_supplied(const struct xf_extra *x, const char **value)
{
	for (int i = XF_EXTRA_CHECKSUM_CRC32; x && i <= XF_EXTRA_CHECKSUM_SHA256; i++)
		if (x->values[i]) {
			if (value)
				*value = x->values[i];
			return xf_checksum_info(xf_checksum_by_header(table[i].header))->name;
		}
	return NULL;
}
