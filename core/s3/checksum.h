/*
 * checksum: the algorithms S3 knows, over streams, parts and whole objects.
 *
 * One table (xf_checksum_info) drives names, sizes and functions: CRC32 and
 * CRC32C by isa-l, CRC64NVME by code of our own (no Debian library has it;
 * carry-less multiplication where the CPU has it, a table elsewhere), the
 * cryptographic ones by OpenSSL.
 *
 * Values are big-endian bytes, base64 in headers and XML, as S3 has them.
 */
#ifndef XF_S3_CHECKSUM_H
#define XF_S3_CHECKSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"

/* ORDER checksums: rows of the table in checksum.c */
enum xf_checksum {
	XF_CHECKSUM_NONE,
	XF_CHECKSUM_CRC32,
	XF_CHECKSUM_CRC32C,
	XF_CHECKSUM_CRC64NVME,
	XF_CHECKSUM_SHA1,
	XF_CHECKSUM_SHA256,
	XF_CHECKSUM_SHA512,
	XF_CHECKSUM_MD5,
	XF_CHECKSUM_COUNT
};

/* A set of algorithms: XF_CHECKSUM_BIT(XF_CHECKSUM_SHA256) | XF_CHECKSUM_BIT(…) */
#define XF_CHECKSUM_BIT(algorithm) (1u << (algorithm))

enum {
	XF_DIGEST_MAX = 64,            /* bytes of the longest value */
	XF_DIGEST_TEXT_SIZE = 89,      /* its base64 and NUL */
	XF_COMPOSITE_TEXT_SIZE = 112,  /* base64, "-10000" and NUL */
};

struct xf_checksum_info {
	enum xf_checksum algorithm;
	const char *name;     /* "CRC32": x-amz-checksum-algorithm, --checksum-algorithm */
	const char *header;   /* "x-amz-checksum-crc32" */
	const char *element;  /* "ChecksumCRC32" in XML */
	uint8_t size;         /* bytes of a value */
	bool full_object;     /* multipart: FULL_OBJECT is possible (parts combine) */
	bool composite;       /* multipart: COMPOSITE is possible */
};

/* NULL for NONE and numbers out of range. Static. */
const struct xf_checksum_info *xf_checksum_info(enum xf_checksum algorithm);
/* By name, header or XML element, whatever the case; XF_CHECKSUM_NONE when unknown (NULL too). */
enum xf_checksum xf_checksum_by_name(const char *name);
enum xf_checksum xf_checksum_by_header(const char *header);
enum xf_checksum xf_checksum_by_element(const char *element);

/* One value. len 0: none. */
struct xf_digest {
	enum xf_checksum algorithm;
	uint8_t len;
	uint8_t bytes[XF_DIGEST_MAX];
};

/* base64, as in headers. Returns out. */
const char *xf_digest_text(const struct xf_digest *d, char out[XF_DIGEST_TEXT_SIZE]);
/* Lower-case hex: a payload hash, an MD5-shaped ETag. out holds 2 * d->len + 1. Returns out. */
const char *xf_digest_hex(const struct xf_digest *d, char *out);
/* From base64; XF_INVALID when it is not canonical or has not the algorithm's size. */
enum xf_status xf_digest_parse(struct xf_digest *out, enum xf_checksum algorithm, const char *text);
/* Same algorithm, same value. */
bool xf_digest_equal(const struct xf_digest *a, const struct xf_digest *b);

/* ---- streams */

/* Several algorithms in one pass over the data. The caller's storage; one thread at a time. */
struct xf_hasher {
	uint32_t set;                       /* of XF_CHECKSUM_BIT */
	uint64_t len;                       /* bytes so far */
	uint64_t crc[XF_CHECKSUM_COUNT];    /* running values of the CRCs */
	void *evp[XF_CHECKSUM_COUNT];       /* EVP_MD_CTX of the others */
};

/* Errors: XF_NOMEM; XF_UNSUPPORTED when OpenSSL refuses one (MD5 in FIPS mode). Nothing to free then. */
enum xf_status xf_hasher_init(struct xf_hasher *h, uint32_t set);
/* Any alignment, any length; each block of 16 KiB goes through all algorithms while it is in the cache. */
void xf_hasher_update(struct xf_hasher *h, const void *data, size_t len);
/* The value of one algorithm of the set; ends its stream: once each, no update after the first but by reset. */
void xf_hasher_final(struct xf_hasher *h, enum xf_checksum algorithm, struct xf_digest *out);
/* From the beginning, with the same set; fini is still due when it fails. Errors: as xf_hasher_init(). */
enum xf_status xf_hasher_reset(struct xf_hasher *h);
void xf_hasher_fini(struct xf_hasher *h);

/* One value over bytes in memory. Errors: as xf_hasher_init(). */
enum xf_status xf_checksum_of(struct xf_digest *out, enum xf_checksum algorithm, const void *data,
			      size_t len);

/* ---- parts */

/*
 * Full-object: *total, the CRC of what went before, becomes that of total followed
 * by next, whose data were next_len bytes. A total of len 0 begins. Logarithmic in next_len.
 * Errors: XF_UNSUPPORTED (not a CRC), XF_INVALID (different algorithms).
 */
enum xf_status xf_digest_combine(struct xf_digest *total, const struct xf_digest *next,
				 uint64_t next_len);

/*
 * Composite: the checksum of the parts' values one after the other, in *out, and
 * in text (may be NULL) its base64 with "-N", as Complete and HEAD show it.
 * Errors: XF_INVALID (no parts, more than 10,000, different algorithms), as xf_hasher_init().
 */
enum xf_status xf_digest_composite(struct xf_digest *out, char text[XF_COMPOSITE_TEXT_SIZE],
				   const struct xf_digest *parts, size_t nr_parts);
/*
 * A value as it comes in a header or a document: base64, perhaps with "-N" (*nr_parts;
 * 0 when there is none: a full-object value). XF_INVALID.
 */
enum xf_status xf_digest_parse_any(struct xf_digest *out, uint32_t *nr_parts,
				   enum xf_checksum algorithm, const char *text);

/* ---- CRC64NVME by itself; `crc` is the finished value of what went before, 0 to begin */

uint64_t xf_crc64nvme(uint64_t crc, const void *data, size_t len);
/* The two ways, for tests and benchmarks; the fast one only where xf_crc64nvme_is_fast(). */
uint64_t xf_crc64nvme_table(uint64_t crc, const void *data, size_t len);
bool xf_crc64nvme_is_fast(void);

#endif
