#include "tui/command/uri.h"

#include <stdio.h>
#include <string.h>

static enum xf_status bucket_read(const char *text, size_t len, struct ui_uri *uri, struct xf_error *err)
{
	if (!len)
		return xf_fail(err, XF_INVALID, "the destination names no bucket: write s3://BUCKET/KEY");
	if (len >= sizeof(uri->bucket))
		return xf_fail(err, XF_INVALID, "the bucket's name is longer than 255 bytes");
	memcpy(uri->bucket, text, len);
	uri->bucket[len] = '\0';
	return XF_OK;
}

enum xf_status ui_uri_parse(const char *text, struct ui_uri *uri, struct xf_error *err)
{
	const char *bucket = text + 5, *key;
	enum xf_status status;
	size_t len;

	memset(uri, 0, sizeof(*uri));
	if (strncmp(text, "s3://", 5))
		return xf_fail(err, XF_INVALID, "'%.*s' is not an S3 address: write s3://BUCKET/KEY",
			       (int)strcspn(text, "?"), text);
	len = strcspn(bucket, "/");
	status = bucket_read(bucket, len, uri, err);
	if (status)
		return status;
	key = bucket + len + (bucket[len] == '/');
	if (strlen(key) >= sizeof(uri->key))
		return xf_fail(err, XF_INVALID, "the key is longer than S3's 1024 bytes");
	strcpy(uri->key, key);
	uri->prefix = !*key || key[strlen(key) - 1] == '/';
	return XF_OK;
}

enum xf_status ui_uri_key_for(const struct ui_uri *uri, const char *file, char key[1025],
			      struct xf_error *err)
{
	const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;

	if (!uri->prefix) {
		strcpy(key, uri->key);
		return XF_OK;
	}
	if (!strcmp(file, "-"))
		return xf_fail(err, XF_INVALID,
			       "standard input has no name to keep below s3://%s/%s: name a key", uri->bucket, uri->key);
	if (!*name)
		return xf_fail(err, XF_INVALID, "'%s' has no file name", file);
	if (snprintf(key, 1025, "%s%s", uri->key, name) >= 1025)
		return xf_fail(err, XF_INVALID, "the key for '%s' is longer than S3's 1024 bytes", file);
	return XF_OK;
}
