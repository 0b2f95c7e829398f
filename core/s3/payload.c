#include "core/s3/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/event/gate.h"
#include "core/s3/encode.h"

enum { HASH_BLOCK = 64 << 10 };

void xf_payload_init(struct xf_payload *p, const struct xf_body *source,
		     const struct xf_call_hooks *hooks, enum xf_checksum algorithm, bool trailer)
{
	*p = (struct xf_payload){
		.source = source, .hooks = hooks, .algorithm = algorithm,
		.trailer = trailer && algorithm != XF_CHECKSUM_NONE,
	};
}

void xf_payload_fini(struct xf_payload *p)
{
	if (p->hashing)
		xf_hasher_fini(&p->hasher);
	p->hashing = false;
}

static bool must_stop(const struct xf_payload *p)
{
	return p->hooks && p->hooks->go && p->hooks->go(p->hooks->ctx) != XF_GO_ON;
}

static enum xf_status read_source(struct xf_payload *p, uint64_t at, void *buf, size_t len, struct xf_error *err)
{
	uint64_t began = xf_clock_mono_ns();
	enum xf_status status = xf_body_read(p->source, at, buf, len, err);
	p->reading_ns += xf_clock_mono_ns() - began;
	return status;
}

static enum xf_status hash_source(struct xf_payload *p, struct xf_hasher *hasher,
				  struct xf_error *err)
{
	const struct xf_body *source = p->source;
	if (source->memory) {
		xf_hasher_update(hasher, source->memory, source->size);
		return XF_OK;
	}
	char *block = malloc(HASH_BLOCK);
	enum xf_status status = block ? XF_OK : xf_fail(err, XF_NOMEM, "out of memory");
	for (uint64_t at = 0; !status && at < source->size;) {
		size_t len = source->size - at < HASH_BLOCK ? (size_t)(source->size - at) : HASH_BLOCK;
		status = must_stop(p) ?
			xf_fail(err, XF_CANCELLED, "given up while hashing, as the transfer is over") :
			read_source(p, at, block, len, err);
		if (!status)
			xf_hasher_update(hasher, block, len);
		at += len;
	}
	free(block);
	return status;
}

enum xf_status xf_payload_hash(struct xf_payload *p, bool sha256, struct xf_error *err)
{
	struct xf_hasher hasher;
	bool checksum = p->algorithm && !p->trailer;
	uint32_t set = (checksum ? XF_CHECKSUM_BIT(p->algorithm) : 0) |
		(sha256 ? XF_CHECKSUM_BIT(XF_CHECKSUM_SHA256) : 0);
	if (!set)
		return XF_OK;
	enum xf_status status = xf_hasher_init(&hasher, set);
	if (status)
		return xf_fail(err, status, "a checksum algorithm is not available here");
	if (p->hooks && p->hooks->hashing)
		p->hooks->hashing(p->hooks->ctx);
	p->reading_ns = 0;
	status = hash_source(p, &hasher, err);
	if (!status && sha256)
		xf_hasher_final(&hasher, XF_CHECKSUM_SHA256, &p->sha256);
	if (!status && checksum && p->algorithm == XF_CHECKSUM_SHA256 && sha256)
		p->checksum = p->sha256;
	else if (!status && checksum)
		xf_hasher_final(&hasher, p->algorithm, &p->checksum);
	xf_hasher_fini(&hasher);
	if (!status && p->hooks && p->hooks->hashed)
		p->hooks->hashed(p->hooks->ctx, p->source->size, p->reading_ns);
	return status;
}

/* ---- sending */

/* Reported in steps: what the framing takes in at once is counted at once. */
static enum xf_status count(struct xf_payload *p, size_t bytes, struct xf_error *err)
{
	int64_t step = p->trailer ? XF_PAYLOAD_CHUNK : XF_PROGRESS_STEP;
	p->pending += (int64_t)bytes;
	if (!p->hooks || !p->hooks->progress || p->pending < step)
		return XF_OK;
	int64_t pending = p->pending;
	p->pending = 0;
	return p->hooks->progress(p->hooks->ctx, pending, err);
}

/* Source bytes [p->at, p->at + len) into buf, admitted, hashed and counted. */
static enum xf_status take_source(struct xf_payload *p, void *buf, size_t len, struct xf_error *err)
{
	enum xf_status status = XF_OK;
	if (p->hooks && p->hooks->admit)
		status = p->hooks->admit(p->hooks->ctx, len, err);
	if (!status)
		status = read_source(p, p->at, buf, len, err);
	if (status)
		return status;
	if (p->hashing)
		xf_hasher_update(&p->hasher, buf, len);
	p->at += len;
	return count(p, len, err);
}

enum xf_status xf_payload_admit(void *payload, size_t len, struct xf_error *err)
{
	struct xf_payload *p = payload;
	return p->hooks && p->hooks->admit ? p->hooks->admit(p->hooks->ctx, len, err) : XF_OK;
}

enum xf_status xf_payload_passed(void *payload, size_t len, uint64_t waited_ns, struct xf_error *err)
{
	struct xf_payload *p = payload;
	p->at += len;
	p->reading_ns += waited_ns;
	return count(p, len, err);
}

/* The text before the next chunk, or behind the last. false: there is no more. */
static bool next_frame(struct xf_payload *p)
{
	const char *end = p->at ? "\r\n" : "";
	char value[XF_DIGEST_TEXT_SIZE];
	uint64_t left = p->source->size - p->at;
	if (p->ended)
		return false;
	p->frame_at = 0;
	if (left) {
		p->chunk_left = left < XF_PAYLOAD_CHUNK ? left : XF_PAYLOAD_CHUNK;
		p->frame_len = (size_t)snprintf(p->frame, sizeof(p->frame), "%s%llx\r\n", end,
						(unsigned long long)p->chunk_left);
		return true;
	}
	xf_hasher_final(&p->hasher, p->algorithm, &p->checksum);
	p->ended = true;
	p->frame_len = (size_t)snprintf(p->frame, sizeof(p->frame), "%s0\r\n%s:%s\r\n\r\n", end,
					xf_checksum_info(p->algorithm)->header,
					xf_digest_text(&p->checksum, value));
	return true;
}

static size_t take_frame(struct xf_payload *p, char *buf, size_t len)
{
	size_t left = p->frame_len - p->frame_at;
	size_t n = left < len ? left : len;
	memcpy(buf, p->frame + p->frame_at, n);
	p->frame_at += n;
	return n;
}

static enum xf_status read_framed(void *ctx, uint64_t at, void *buf, size_t len, size_t *got,
				  struct xf_error *err)
{
	struct xf_payload *p = ctx;
	(void)at;
	*got = 0;
	while (*got < len) {
		char *to = (char *)buf + *got;
		size_t room = len - *got, n;
		if (p->frame_at < p->frame_len) {
			n = take_frame(p, to, room);
		} else if (p->chunk_left) {
			n = p->chunk_left < room ? (size_t)p->chunk_left : room;
			enum xf_status status = take_source(p, to, n, err);
			if (status)
				return status;
			p->chunk_left -= n;
		} else if (next_frame(p)) {
			continue;
		} else {
			break;
		}
		*got += n;
	}
	return XF_OK;
}

static enum xf_status read_plain(void *ctx, uint64_t at, void *buf, size_t len, size_t *got,
				 struct xf_error *err)
{
	struct xf_payload *p = ctx;
	(void)at;
	*got = len;
	return take_source(p, buf, len, err);
}

static uint64_t hex_digits(uint64_t n)
{
	uint64_t digits = 1;
	for (n >>= 4; n; n >>= 4)
		digits++;
	return digits;
}

uint64_t xf_payload_framed_size(uint64_t size, enum xf_checksum algorithm)
{
	const struct xf_checksum_info *info = xf_checksum_info(algorithm);
	uint64_t full = size / XF_PAYLOAD_CHUNK, rest = size % XF_PAYLOAD_CHUNK;
	uint64_t framing = full * (hex_digits(XF_PAYLOAD_CHUNK) + 4);
	if (rest)
		framing += hex_digits(rest) + 4;
	return size + framing + 3 + strlen(info->header) + 1 + XF_BASE64_SIZE((uint64_t)info->size) - 1 + 4;
}

enum xf_status xf_payload_rewind(struct xf_payload *p)
{
	p->pending -= (int64_t)p->at;
	p->at = p->chunk_left = p->reading_ns = 0;
	p->frame_len = p->frame_at = 0;
	p->ended = false;
	p->wire = (struct xf_body){ .size = p->source->size, .name = p->source->name,
				    .read = read_plain, .ctx = p, .fd = -1 };
	if (!p->trailer)
		return XF_OK;
	p->wire.size = xf_payload_framed_size(p->source->size, p->algorithm);
	p->wire.read = read_framed;
	xf_payload_fini(p);
	enum xf_status status = xf_hasher_init(&p->hasher, XF_CHECKSUM_BIT(p->algorithm));
	p->hashing = !status;
	return status;
}

const struct xf_body *xf_payload_wire(struct xf_payload *p)
{
	return &p->wire;
}

enum xf_status xf_payload_flush(struct xf_payload *p, struct xf_error *err)
{
	int64_t pending = p->pending;
	p->pending = 0;
	if (pending <= 0 || !p->hooks || !p->hooks->progress)
		return XF_OK;
	return p->hooks->progress(p->hooks->ctx, pending, err);
}
