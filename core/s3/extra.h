/*
 * extra: what a user may add to a transfer's requests (boto3's ExtraArgs), and
 * which of them each call receives. One table, XF_EXTRA_MAP, drives the flags
 * of the command line, the headers and the routing.
 */
#ifndef XF_S3_EXTRA_H
#define XF_S3_EXTRA_H

#include <stddef.h>

#include "core/event/event.h"
#include "core/s3/headers.h"

/* Calls that receive an option. */
enum {
	XF_TO_PUT = 1, XF_TO_CREATE = 2, XF_TO_PART = 4, XF_TO_COMPLETE = 8, XF_TO_ABORT = 16,
	XF_TO_GET = 32, XF_TO_HEAD = 64, XF_TO_LIST = 128, /* ListParts */
	XF_TO_NEW = XF_TO_PUT | XF_TO_CREATE,
	XF_TO_SENT = XF_TO_NEW | XF_TO_PART | XF_TO_COMPLETE,
	XF_TO_ALL = XF_TO_SENT | XF_TO_ABORT | XF_TO_GET | XF_TO_HEAD | XF_TO_LIST,
	XF_TO_SSE_C = XF_TO_SENT | XF_TO_GET | XF_TO_HEAD | XF_TO_LIST,
};

/*
 * ORDER extra: X(id, boto3's name, flag without dashes or NULL, header, receivers)
 *
 * Abort gets the requester and the owner too: upstream leaves them out, and so
 * its aborts are refused on requester-pays buckets. If-None-Match goes to
 * PutObject and Complete only. The checksum given by the user and what belongs
 * to it are placed by s3.c; they have no fixed header here.
 */
#define XF_EXTRA_MAP(X)                                                                            \
	X(ACL, "ACL", "acl", "x-amz-acl", XF_TO_NEW)                                               \
	X(CACHE_CONTROL, "CacheControl", "cache-control", "Cache-Control", XF_TO_NEW)              \
	X(CONTENT_DISPOSITION, "ContentDisposition", "content-disposition", "Content-Disposition", XF_TO_NEW) \
	X(CONTENT_ENCODING, "ContentEncoding", "content-encoding", "Content-Encoding", XF_TO_NEW)  \
	X(CONTENT_LANGUAGE, "ContentLanguage", "content-language", "Content-Language", XF_TO_NEW)  \
	X(CONTENT_TYPE, "ContentType", "content-type", "Content-Type", XF_TO_NEW)                  \
	X(EXPECTED_BUCKET_OWNER, "ExpectedBucketOwner", "expected-bucket-owner",                   \
	  "x-amz-expected-bucket-owner", XF_TO_ALL)                                                \
	X(EXPIRES, "Expires", "expires", "Expires", XF_TO_NEW)                                     \
	X(GRANT_FULL_CONTROL, "GrantFullControl", "grant-full-control", "x-amz-grant-full-control", XF_TO_NEW) \
	X(GRANT_READ, "GrantRead", "grant-read", "x-amz-grant-read", XF_TO_NEW)                    \
	X(GRANT_READ_ACP, "GrantReadACP", "grant-read-acp", "x-amz-grant-read-acp", XF_TO_NEW)     \
	X(GRANT_WRITE_ACP, "GrantWriteACP", "grant-write-acp", "x-amz-grant-write-acp", XF_TO_NEW) \
	X(OBJECT_LOCK_LEGAL_HOLD, "ObjectLockLegalHoldStatus", "object-lock-legal-hold-status",    \
	  "x-amz-object-lock-legal-hold", XF_TO_NEW)                                               \
	X(OBJECT_LOCK_MODE, "ObjectLockMode", "object-lock-mode", "x-amz-object-lock-mode", XF_TO_NEW) \
	X(OBJECT_LOCK_RETAIN_UNTIL, "ObjectLockRetainUntilDate", "object-lock-retain-until-date",  \
	  "x-amz-object-lock-retain-until-date", XF_TO_NEW)                                        \
	X(REQUEST_PAYER, "RequestPayer", "request-payer", "x-amz-request-payer", XF_TO_ALL)        \
	X(SSE, "ServerSideEncryption", "sse", "x-amz-server-side-encryption", XF_TO_NEW)           \
	X(STORAGE_CLASS, "StorageClass", "storage-class", "x-amz-storage-class", XF_TO_NEW)        \
	X(SSE_C, "SSECustomerAlgorithm", "sse-c", "x-amz-server-side-encryption-customer-algorithm", XF_TO_SSE_C) \
	X(SSE_C_KEY, "SSECustomerKey", NULL, "x-amz-server-side-encryption-customer-key", XF_TO_SSE_C) \
	X(SSE_C_KEY_MD5, "SSECustomerKeyMD5", NULL, "x-amz-server-side-encryption-customer-key-MD5", XF_TO_SSE_C) \
	X(SSE_KMS_KEY_ID, "SSEKMSKeyId", "sse-kms-key-id", "x-amz-server-side-encryption-aws-kms-key-id", XF_TO_NEW) \
	X(SSE_KMS_CONTEXT, "SSEKMSEncryptionContext", "sse-kms-encryption-context",                \
	  "x-amz-server-side-encryption-context", XF_TO_NEW)                                       \
	X(TAGGING, "Tagging", "tagging", "x-amz-tagging", XF_TO_NEW)                               \
	X(WEBSITE_REDIRECT, "WebsiteRedirectLocation", "website-redirect", "x-amz-website-redirect-location", XF_TO_NEW) \
	X(IF_NONE_MATCH, "IfNoneMatch", "if-none-match", "If-None-Match", XF_TO_PUT | XF_TO_COMPLETE) \
	X(CHECKSUM_ALGORITHM, "ChecksumAlgorithm", "checksum-algorithm", NULL, XF_TO_SENT)         \
	X(CHECKSUM_TYPE, "ChecksumType", "checksum-type", "x-amz-checksum-type", XF_TO_CREATE | XF_TO_COMPLETE) \
	X(MPU_OBJECT_SIZE, "MpuObjectSize", "mpu-object-size", "x-amz-mp-object-size", XF_TO_COMPLETE) \
	X(CHECKSUM_CRC32, "ChecksumCRC32", "checksum-crc32", "x-amz-checksum-crc32", XF_TO_PUT | XF_TO_COMPLETE) \
	X(CHECKSUM_CRC32C, "ChecksumCRC32C", "checksum-crc32c", "x-amz-checksum-crc32c", XF_TO_PUT | XF_TO_COMPLETE) \
	X(CHECKSUM_CRC64NVME, "ChecksumCRC64NVME", "checksum-crc64nvme", "x-amz-checksum-crc64nvme", XF_TO_PUT | XF_TO_COMPLETE) \
	X(CHECKSUM_SHA1, "ChecksumSHA1", "checksum-sha1", "x-amz-checksum-sha1", XF_TO_PUT | XF_TO_COMPLETE) \
	X(CHECKSUM_SHA256, "ChecksumSHA256", "checksum-sha256", "x-amz-checksum-sha256", XF_TO_PUT | XF_TO_COMPLETE) \
	X(CHECKSUM_MODE, "ChecksumMode", NULL, "x-amz-checksum-mode", XF_TO_GET | XF_TO_HEAD)      \
	X(VERSION_ID, "VersionId", "version-id", NULL, XF_TO_GET | XF_TO_HEAD)

enum xf_extra_id {
#define XF_X(id, boto3, flag, header, receivers) XF_EXTRA_##id,
	XF_EXTRA_MAP(XF_X)
#undef XF_X
	XF_EXTRA_COUNT
};

/* One row of the table. */
struct xf_extra_info {
	const char *boto3;  /* "ContentType" */
	const char *flag;   /* "content-type"; NULL: not a flag of its own */
	const char *header; /* NULL: placed by s3.c */
	unsigned receivers; /* XF_TO_* */
};

const struct xf_extra_info *xf_extra_info(enum xf_extra_id id);
/* By boto3's name or by flag (with or without leading dashes); XF_EXTRA_COUNT: none. */
enum xf_extra_id xf_extra_find(const char *name);

/* One transfer's options; owned copies. Read only once a transfer uses it, then any thread. */
struct xf_extra {
	char *values[XF_EXTRA_COUNT]; /* NULL: not given */
	struct xf_headers metadata;   /* names without x-amz-meta- */
};

#define XF_EXTRA_INIT ((struct xf_extra){ 0 })

/*
 * Sets one option, checked: values without control characters, the checksum
 * algorithm among those known, storage class and ACL left to the service.
 * *Errors:* XF_INVALID with a sentence, XF_NOMEM.
 */
enum xf_status xf_extra_set(struct xf_extra *x, enum xf_extra_id id, const char *value,
			    struct xf_error *err);
/* --metadata k=v: name and value as HTTP headers allow them. *Errors:* as above. */
enum xf_status xf_extra_add_metadata(struct xf_extra *x, const char *name, const char *value,
				     struct xf_error *err);
/*
 * The customer's key, raw bytes (32 for AES256): stored as base64 with its MD5, and the
 * algorithm AES256 unless set. It never enters a record or an error text.
 */
enum xf_status xf_extra_set_sse_key(struct xf_extra *x, const void *key, size_t len,
				    struct xf_error *err);
/* Overwrites the key and frees everything. */
void xf_extra_fini(struct xf_extra *x);

/* Appends the headers the call `to` (one XF_TO_*) receives. x may be NULL. */
void xf_extra_headers(const struct xf_extra *x, unsigned to, struct xf_headers *out);

/*
 * The checksum given by the user for the whole object: its algorithm ("CRC32"), and the
 * base64 value through *value; NULL when there is none.
 */
const char *xf_extra_supplied(const struct xf_extra *x, const char **value);

#endif
