#include "core/s3/checksum.h"

#include <assert.h>
#include <isa-l/crc.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/s3/encode.h"

enum {
	BLOCK = 16384,        /* what several algorithms see in turn, out of the first-level cache */
	BLOCK_ALONE = 1 << 30, /* isa-l takes an int */
};

/* ---- the table */

typedef uint64_t (*crc_fn)(uint64_t crc, const void *data, size_t len);

static uint64_t crc32_update(uint64_t crc, const void *data, size_t len)
{
	return crc32_gzip_refl((uint32_t)crc, data, len);
}

/* isa-l's other one leaves both inversions to the caller, and takes its bytes without const. */
static uint64_t crc32c_update(uint64_t crc, const void *data, size_t len)
{
	return ~crc32_iscsi((unsigned char *)(uintptr_t)data, (int)len, ~(uint32_t)crc) & 0xffffffffu;
}

struct row {
	struct xf_checksum_info info;
	crc_fn crc;                   /* the CRCs … */
	uint64_t polynomial;          /* … with their polynomial, reflected */
	const EVP_MD *(*md)(void);    /* the others */
};

#define NAMES(lower, upper) upper, "x-amz-checksum-" lower, "Checksum" upper
#define CRC(id, lower, upper, size, update, poly, composite)                                          \
	[id] = { { id, NAMES(lower, upper), size, true, composite }, update, poly, NULL }
#define MD(id, lower, upper, size, md) [id] = { { id, NAMES(lower, upper), size, false, true }, NULL, 0, md }

/* ORDER checksums */
static const struct row rows[XF_CHECKSUM_COUNT] = {
	CRC(XF_CHECKSUM_CRC32, "crc32", "CRC32", 4, crc32_update, 0xedb88320u, true),
	CRC(XF_CHECKSUM_CRC32C, "crc32c", "CRC32C", 4, crc32c_update, 0x82f63b78u, true),
	CRC(XF_CHECKSUM_CRC64NVME, "crc64nvme", "CRC64NVME", 8, xf_crc64nvme, 0x9a6c9329ac4bc9b5u, false),
	MD(XF_CHECKSUM_SHA1, "sha1", "SHA1", 20, EVP_sha1),
	MD(XF_CHECKSUM_SHA256, "sha256", "SHA256", 32, EVP_sha256),
	MD(XF_CHECKSUM_SHA512, "sha512", "SHA512", 64, EVP_sha512),
	MD(XF_CHECKSUM_MD5, "md5", "MD5", 16, EVP_md5),
};

const struct xf_checksum_info *xf_checksum_info(enum xf_checksum algorithm)
{
	if (algorithm <= XF_CHECKSUM_NONE || algorithm >= XF_CHECKSUM_COUNT)
		return NULL;
	return &rows[algorithm].info;
}

enum xf_checksum xf_checksum_by_name(const char *name)
{
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; name && a < XF_CHECKSUM_COUNT; a++)
		if (!strcasecmp(rows[a].info.name, name))
			return a;
	return XF_CHECKSUM_NONE;
}

enum xf_checksum xf_checksum_by_header(const char *header)
{
	static const char prefix[] = "x-amz-checksum-";
	bool ours = header && !strncasecmp(header, prefix, sizeof(prefix) - 1);
	return xf_checksum_by_name(ours ? header + sizeof(prefix) - 1 : NULL);
}

enum xf_checksum xf_checksum_by_element(const char *element)
{
	static const char prefix[] = "Checksum";
	bool ours = element && !strncasecmp(element, prefix, sizeof(prefix) - 1);
	return xf_checksum_by_name(ours ? element + sizeof(prefix) - 1 : NULL);
}

/* ---- values */

const char *xf_digest_text(const struct xf_digest *d, char out[XF_DIGEST_TEXT_SIZE])
{
	xf_base64_encode(out, d->bytes, d->len);
	return out;
}

const char *xf_digest_hex(const struct xf_digest *d, char *out)
{
	xf_hex_encode(out, d->bytes, d->len);
	return out;
}

enum xf_status xf_digest_parse(struct xf_digest *out, enum xf_checksum algorithm, const char *text)
{
	const struct xf_checksum_info *info = xf_checksum_info(algorithm);
	size_t len;
	*out = (struct xf_digest){ .algorithm = algorithm };
	if (!info || !text || !xf_base64_decode(out->bytes, info->size, &len, text) || len != info->size)
		return XF_INVALID;
	out->len = info->size;
	return XF_OK;
}

bool xf_digest_equal(const struct xf_digest *a, const struct xf_digest *b)
{
	return a->algorithm == b->algorithm && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

static uint64_t digest_crc(const struct xf_digest *d)
{
	uint64_t crc = 0;
	for (unsigned i = 0; i < d->len; i++)
		crc = crc << 8 | d->bytes[i];
	return crc;
}

static void digest_set_crc(struct xf_digest *d, enum xf_checksum algorithm, uint64_t crc)
{
	*d = (struct xf_digest){ .algorithm = algorithm, .len = rows[algorithm].info.size };
	for (unsigned i = d->len; i--; crc >>= 8)
		d->bytes[i] = (uint8_t)crc;
}

/* ---- streams */

enum xf_status xf_hasher_init(struct xf_hasher *h, uint32_t set)
{
	*h = (struct xf_hasher){ .set = set };
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++) {
		if (!(set & XF_CHECKSUM_BIT(a)) || !rows[a].md)
			continue;
		h->evp[a] = EVP_MD_CTX_new();
		if (!h->evp[a]) {
			xf_hasher_fini(h);
			return XF_NOMEM;
		}
	}
	enum xf_status status = xf_hasher_reset(h);
	if (status)
		xf_hasher_fini(h);
	return status;
}

enum xf_status xf_hasher_reset(struct xf_hasher *h)
{
	h->len = 0;
	memset(h->crc, 0, sizeof(h->crc));
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++)
		if (h->evp[a] && EVP_DigestInit_ex(h->evp[a], rows[a].md(), NULL) != 1)
			return XF_UNSUPPORTED;
	return XF_OK;
}

void xf_hasher_fini(struct xf_hasher *h)
{
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++) {
		EVP_MD_CTX_free(h->evp[a]);
		h->evp[a] = NULL;
	}
}

static void hasher_block(struct xf_hasher *h, const void *data, size_t len)
{
	for (enum xf_checksum a = XF_CHECKSUM_NONE + 1; a < XF_CHECKSUM_COUNT; a++) {
		if (!(h->set & XF_CHECKSUM_BIT(a)))
			continue;
		if (rows[a].crc) {
			h->crc[a] = rows[a].crc(h->crc[a], data, len);
		} else {
			int ok = EVP_DigestUpdate(h->evp[a], data, len);
			assert(ok == 1);
		}
	}
}

void xf_hasher_update(struct xf_hasher *h, const void *data, size_t len)
{
	const size_t block = h->set & (h->set - 1) ? BLOCK : BLOCK_ALONE;
	h->len += len;
	for (const uint8_t *p = data; len;) {
		size_t now = len < block ? len : block;
		hasher_block(h, p, now);
		p += now;
		len -= now;
	}
}

void xf_hasher_final(struct xf_hasher *h, enum xf_checksum algorithm, struct xf_digest *out)
{
	assert(h->set & XF_CHECKSUM_BIT(algorithm) && xf_checksum_info(algorithm));
	if (rows[algorithm].crc) {
		digest_set_crc(out, algorithm, h->crc[algorithm]);
		return;
	}
	*out = (struct xf_digest){ .algorithm = algorithm, .len = rows[algorithm].info.size };
	int ok = EVP_DigestFinal_ex(h->evp[algorithm], out->bytes, NULL);
	assert(ok == 1);
}

enum xf_status xf_checksum_of(struct xf_digest *out, enum xf_checksum algorithm, const void *data,
			      size_t len)
{
	struct xf_hasher h;
	if (!xf_checksum_info(algorithm))
		return XF_UNSUPPORTED;
	enum xf_status status = xf_hasher_init(&h, XF_CHECKSUM_BIT(algorithm));
	if (status)
		return status;
	xf_hasher_update(&h, data, len);
	xf_hasher_final(&h, algorithm, out);
	xf_hasher_fini(&h);
	return XF_OK;
}

/* ---- parts */

/* A CRC's polynomials are reflected: the highest bit is x^0, and a shift to the right multiplies by x. */
static uint64_t times_x(const struct row *row, uint64_t a)
{
	return a >> 1 ^ (a & 1 ? row->polynomial : 0);
}

static uint64_t times(const struct row *row, uint64_t a, uint64_t b)
{
	uint64_t product = 0;
	for (uint64_t bit = (uint64_t)1 << (8 * row->info.size - 1); bit; bit >>= 1) {
		if (a & bit)
			product ^= b;
		b = times_x(row, b);
	}
	return product;
}

/* x^(8 * bytes): what bytes more behind it do to a CRC. */
static uint64_t shift_by(const struct row *row, uint64_t bytes)
{
	uint64_t result = (uint64_t)1 << (8 * row->info.size - 1), square = result;
	for (int bit = 0; bit < 8; bit++)
		square = times_x(row, square);
	for (; bytes; bytes >>= 1) {
		if (bytes & 1)
			result = times(row, result, square);
		square = times(row, square, square);
	}
	return result;
}

enum xf_status xf_digest_combine(struct xf_digest *total, const struct xf_digest *next,
				 uint64_t next_len)
{
	const struct row *row = xf_checksum_info(next->algorithm) ? &rows[next->algorithm] : NULL;
	if (!row || !row->crc)
		return XF_UNSUPPORTED;
	if (next->len != row->info.size || (total->len && total->algorithm != next->algorithm))
		return XF_INVALID;
	uint64_t before = total->len ? times(row, digest_crc(total), shift_by(row, next_len)) : 0;
	digest_set_crc(total, next->algorithm, before ^ digest_crc(next));
	return XF_OK;
}

enum xf_status xf_digest_composite(struct xf_digest *out, char text[XF_COMPOSITE_TEXT_SIZE],
				   const struct xf_digest *parts, size_t nr_parts)
{
	struct xf_hasher h;
	for (size_t i = 0; i < nr_parts; i++)
		if (!parts[i].len || parts[i].algorithm != parts[0].algorithm)
			return XF_INVALID;
	if (!nr_parts || nr_parts > 10000 || !xf_checksum_info(parts[0].algorithm))
		return XF_INVALID;
	enum xf_status status = xf_hasher_init(&h, XF_CHECKSUM_BIT(parts[0].algorithm));
	if (status)
		return status;
	for (size_t i = 0; i < nr_parts; i++)
		xf_hasher_update(&h, parts[i].bytes, parts[i].len);
	xf_hasher_final(&h, parts[0].algorithm, out);
	xf_hasher_fini(&h);
	if (text) {
		char value[XF_DIGEST_TEXT_SIZE];
		snprintf(text, XF_COMPOSITE_TEXT_SIZE, "%s-%zu", xf_digest_text(out, value), nr_parts);
	}
	return XF_OK;
}

enum xf_status xf_digest_parse_any(struct xf_digest *out, uint32_t *nr_parts,
				   enum xf_checksum algorithm, const char *text)
{
	char value[XF_COMPOSITE_TEXT_SIZE];
	size_t len = text ? strcspn(text, "-") : 0;
	*nr_parts = 0;
	if (!text || len >= sizeof(value))
		return XF_INVALID;
	memcpy(value, text, len);
	value[len] = '\0';
	if (text[len] == '-') {
		const char *count = text + len + 1;
		if (*count < '1' || *count > '9' || count[strspn(count, "0123456789")] || strlen(count) > 5)
			return XF_INVALID;
		*nr_parts = (uint32_t)strtoul(count, NULL, 10);
	}
	return xf_digest_parse(out, algorithm, value);
}
