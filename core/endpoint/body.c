/* body: see body.h. */
#include "core/endpoint/body.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SIZE_LINE, DATA, DATA_END, TRAILER, OVER };
enum { CHUNK_MIN = 8192 };

enum xf_status xf_ep_body_init(struct xf_ep_body *b, bool chunked, bool trailers,
			       struct xf_chunk_signer *signer, xf_ep_sink_fn sink, void *ctx)
{
	*b = (struct xf_ep_body){ .chunked = chunked, .trailers = trailers, .signer = signer,
				  .sink = sink, .ctx = ctx };
	return signer ? xf_hasher_init(&b->hash, XF_CHECKSUM_BIT(XF_CHECKSUM_SHA256)) : XF_OK;
}

void xf_ep_body_fini(struct xf_ep_body *b)
{
	xf_hasher_fini(&b->hash);
	xf_headers_fini(&b->fields);
	xf_buf_fini(&b->signed_trailers);
}

/* The chunk is whole: is it what its sender signed? */
static void check_chunk(struct xf_ep_body *b)
{
	struct xf_digest sha;
	char expected[XF_SIGNATURE_SIZE];

	if (!b->signer)
		return;
	xf_hasher_final(&b->hash, XF_CHECKSUM_SHA256, &sha);
	xf_hasher_reset(&b->hash);
	if (xf_chunk_sign(b->signer, sha.bytes, expected) != XF_OK ||
	    !xf_signature_equal(expected, b->claimed))
		b->error = XF_EP_SignatureDoesNotMatch;
}

/* "10000;chunk-signature=…" */
static void size_line(struct xf_ep_body *b)
{
	static const char extension[] = ";chunk-signature=";
	char *end;
	size_t digits = strspn(b->line, "0123456789abcdefABCDEF");

	b->error = XF_EP_IncompleteBody;
	if (digits == 0 || digits > 15)
		return;
	b->left = strtoull(b->line, &end, 16);
	b->claimed[0] = '\0';
	if (!strncmp(end, extension, sizeof(extension) - 1)) {
		end += sizeof(extension) - 1;
		if (strlen(end) == XF_SIGNATURE_SIZE - 1)
			memcpy(b->claimed, end, XF_SIGNATURE_SIZE);
	} else if (*end && *end != ';') {
		return;
	}
	b->error = b->small && b->left ? XF_EP_InvalidChunkSizeError : XF_EP_NONE;
	b->small |= b->left < CHUNK_MIN;
	b->state = b->left ? DATA : TRAILER;
	if (!b->left)
		check_chunk(b);
}

static void trailer_line(struct xf_ep_body *b)
{
	char *colon = strchr(b->line, ':'), *value;

	if (!colon || colon == b->line || !b->trailers) {
		b->error = b->trailers ? XF_EP_MalformedTrailerError : XF_EP_IncompleteBody;
		return;
	}
	*colon = '\0';
	for (char *c = b->line; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	value = colon + 1 + strspn(colon + 1, " \t");
	xf_headers_add(&b->fields, b->line, value);
	if (strcmp(b->line, "x-amz-trailer-signature") != 0)
		xf_buf_format(&b->signed_trailers, "%s:%s\n", b->line, value);
}

/* An empty line: the end. */
static void trailers_over(struct xf_ep_body *b)
{
	const char *claimed = xf_headers_get(&b->fields, "x-amz-trailer-signature");
	char expected[XF_SIGNATURE_SIZE];

	b->state = OVER;
	if (!b->signer || !b->trailers)
		return;
	if (!claimed || strlen(claimed) != XF_SIGNATURE_SIZE - 1 ||
	    xf_chunk_sign_trailer(b->signer, xf_buf_text(&b->signed_trailers),
				  b->signed_trailers.len, expected) != XF_OK ||
	    !xf_signature_equal(expected, claimed))
		b->error = XF_EP_SignatureDoesNotMatch;
}

/* Collects a line; true when it is whole, without its end, in b->line. */
static bool line_fed(struct xf_ep_body *b, const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	size_t len = (size_t)((newline ? newline : end) - *at);

	if (b->line_len + len >= sizeof(b->line) || memchr(*at, '\0', len)) {
		b->error = XF_EP_IncompleteBody;
		return false;
	}
	memcpy(b->line + b->line_len, *at, len);
	b->line_len += len;
	*at += len + (newline != NULL);
	if (!newline)
		return false;
	if (b->line_len && b->line[b->line_len - 1] == '\r')
		b->line_len--;
	b->line[b->line_len] = '\0';
	b->line_len = 0;
	return true;
}

static void give(struct xf_ep_body *b, const char *data, size_t len)
{
	b->decoded += len;
	if (!b->sink(b->ctx, data, len))
		b->error = XF_EP_InternalError;
}

static void data_fed(struct xf_ep_body *b, const char **at, const char *end)
{
	size_t have = (size_t)(end - *at), len = have < b->left ? have : (size_t)b->left;

	if (b->signer)
		xf_hasher_update(&b->hash, *at, len);
	give(b, *at, len);
	*at += len;
	b->left -= len;
	if (!b->left) {
		b->state = DATA_END;
		check_chunk(b);
	}
}

void xf_ep_body_feed(struct xf_ep_body *b, const void *data, size_t len)
{
	const char *at = data, *end = at + len;

	if (!b->chunked && !b->error)
		give(b, at, len);
	while (b->chunked && at < end && !b->error) {
		if (b->state == DATA) {
			data_fed(b, &at, end);
		} else if (b->state == OVER) {
			b->error = XF_EP_IncompleteBody;
		} else if (line_fed(b, &at, end)) {
			if (b->state == SIZE_LINE)
				size_line(b);
			else if (b->state == DATA_END && !*b->line)
				b->state = SIZE_LINE;
			else if (b->state == DATA_END)
				b->error = XF_EP_IncompleteBody;
			else if (*b->line)
				trailer_line(b);
			else
				trailers_over(b);
		}
	}
}

enum xf_ep_code xf_ep_body_end(struct xf_ep_body *b)
{
	if (!b->error && b->chunked && b->state != OVER)
		b->error = XF_EP_IncompleteBody;
	if (!b->error && (xf_headers_ok(&b->fields) || b->signed_trailers.failed))
		b->error = XF_EP_InternalError;
	return b->error;
}
