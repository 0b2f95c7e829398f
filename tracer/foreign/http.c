/* http: see http.h. One state per token; a state consumes one byte, bodies go in runs. */
#include "tracer/foreign/http.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum http_header {
	H_NONE, H_LENGTH, H_ENCODING, H_HOST, H_EXPECT, H_CONNECTION, H_DECODED, H_COPY, H_TYPE, H_UPGRADE,
	H_ETAG, H_REQUEST_ID,
};

/* Headers that are looked at; everything else streams by. */
static const struct {
	const char *name;
	enum http_header header;
} http_headers[] = {
	{ "content-length", H_LENGTH },
	{ "transfer-encoding", H_ENCODING },
	{ "host", H_HOST },
	{ "expect", H_EXPECT },
	{ "connection", H_CONNECTION },
	{ "x-amz-decoded-content-length", H_DECODED },
	{ "x-amz-copy-source", H_COPY },
	{ "content-type", H_TYPE },
	{ "upgrade", H_UPGRADE },
	{ "etag", H_ETAG },
	{ "x-amz-request-id", H_REQUEST_ID },
};

/* Query parameters that matter, and how; everything else (signatures among it) streams by. */
enum http_parameter { Q_NONE, Q_UPLOADS, Q_UPLOAD_ID, Q_PART_NUMBER, Q_SUBRESOURCE, Q_SIGNATURE };
static const struct {
	const char *name;
	enum http_parameter parameter;
} http_parameters[] = {
	{ "uploads", Q_UPLOADS }, { "uploadId", Q_UPLOAD_ID }, { "partNumber", Q_PART_NUMBER },
	{ "X-Amz-Signature", Q_SIGNATURE }, { "Signature", Q_SIGNATURE },
	{ "accelerate", Q_SUBRESOURCE }, { "acl", Q_SUBRESOURCE }, { "analytics", Q_SUBRESOURCE },
	{ "append", Q_SUBRESOURCE }, { "attributes", Q_SUBRESOURCE }, { "cors", Q_SUBRESOURCE },
	{ "delete", Q_SUBRESOURCE }, { "encryption", Q_SUBRESOURCE }, { "intelligent-tiering", Q_SUBRESOURCE },
	{ "inventory", Q_SUBRESOURCE }, { "legal-hold", Q_SUBRESOURCE }, { "lifecycle", Q_SUBRESOURCE },
	{ "location", Q_SUBRESOURCE }, { "logging", Q_SUBRESOURCE }, { "metrics", Q_SUBRESOURCE },
	{ "notification", Q_SUBRESOURCE }, { "object-lock", Q_SUBRESOURCE },
	{ "ownershipControls", Q_SUBRESOURCE }, { "policy", Q_SUBRESOURCE },
	{ "policyStatus", Q_SUBRESOURCE }, { "publicAccessBlock", Q_SUBRESOURCE },
	{ "replication", Q_SUBRESOURCE }, { "requestPayment", Q_SUBRESOURCE },
	{ "restore", Q_SUBRESOURCE }, { "retention", Q_SUBRESOURCE }, { "select", Q_SUBRESOURCE },
	{ "session", Q_SUBRESOURCE }, { "tagging", Q_SUBRESOURCE }, { "torrent", Q_SUBRESOURCE },
	{ "versioning", Q_SUBRESOURCE }, { "versions", Q_SUBRESOURCE }, { "website", Q_SUBRESOURCE },
};

void tr_http_init(struct tr_http *h, bool response)
{
	*h = (struct tr_http){ .response = response };
}

void tr_http_restart(struct tr_http *h)
{
	tr_http_init(h, h->response);
}

static void http_go(struct tr_http *h, enum tr_http_state state)
{
	h->state = state;
	h->used = 0;
	h->word[0] = 0;
}

static void http_lose(struct tr_http *h)
{
	http_go(h, TR_HTTP_LOST);
}

/* Appends to a field of the head; what does not fit is cut. */
static bool http_put(struct tr_http *h, char *field, size_t cap, char c)
{
	if (h->used + 1u >= cap)
		return false;
	field[h->used++] = c;
	field[h->used] = 0;
	return true;
}

static bool http_word(struct tr_http *h, char c)
{
	return http_put(h, h->word, sizeof(h->word), c);
}

static int http_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one byte of percent-encoded text. True: *c is the next byte of the decoded text. */
static bool http_decode(struct tr_http *h, char *c)
{
	int digit;

	if (!h->escape && *c != '%')
		return true;
	if (!h->escape) {
		h->escape = 2;
		h->escaped = 0;
		return false;
	}
	digit = http_hex(*c);
	h->escaped = (uint8_t)(h->escaped << 4 | (digit < 0 ? 0 : digit));
	if (--h->escape)
		return false;
	*c = (char)h->escaped;
	return true;
}

/* A decimal number; false: it is none, or does not fit. */
static bool http_number(const char *text, uint64_t *value)
{
	uint64_t v = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	for (; isdigit((unsigned char)*text); text++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v))
			return false;
	*value = v;
	return *text == 0;
}

/* Is token one of the comma-separated words of text? */
static bool http_has_token(const char *text, const char *token)
{
	size_t len = strlen(token);

	while (*text) {
		size_t n = strcspn(text, ", \t");
		if (n == len && strncasecmp(text, token, len) == 0)
			return true;
		text += n;
		text += strspn(text, ", \t");
	}
	return false;
}

static void http_unquote(char *dst, size_t cap, const char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	if (len >= cap)
		len = cap - 1;
	memcpy(dst, text, len);
	dst[len] = 0;
}

/* ---- the body */

static void http_end(struct tr_http *h, const struct tr_http_ops *ops, void *ctx)
{
	h->head_len = 0;
	http_go(h, TR_HTTP_START);
	ops->end(ctx, h->body_len);
}

/* The empty line: what follows is decided by the head (RFC 9112, 6.3). */
static void http_head_done(struct tr_http *h, const struct tr_http_ops *ops, void *ctx)
{
	struct tr_http_head *head = &h->head;
	bool body = ops->head(ctx, head);

	h->body_len = 0;
	if (h->response && head->status / 100 == 1 && head->status != 101)
		http_end(h, ops, ctx);
	else if (head->status == 101)
		http_lose(h);
	else if (h->response && (!body || head->status == 204 || head->status == 304))
		http_end(h, ops, ctx);
	else if (head->facts & TR_HTTP_CHUNKED)
		http_go(h, TR_HTTP_CHUNK_SIZE);
	else if (head->facts & TR_HTTP_HAS_LENGTH && head->length)
		http_go(h, TR_HTTP_BODY);
	else if (head->facts & TR_HTTP_HAS_LENGTH || !h->response)
		http_end(h, ops, ctx);
	else
		http_go(h, TR_HTTP_UNTIL_CLOSE);
	h->left = h->state == TR_HTTP_BODY ? head->length : 0;
}

/* Body bytes in a run: returns how many were taken. */
static size_t http_run(struct tr_http *h, const char *bytes, size_t len,
		       const struct tr_http_ops *ops, void *ctx)
{
	size_t n = len;

	if (h->state != TR_HTTP_UNTIL_CLOSE && n > h->left)
		n = (size_t)h->left;
	h->body_len += n;
	if (bytes)
		ops->body(ctx, bytes, n);
	if (h->state == TR_HTTP_UNTIL_CLOSE)
		return n;
	h->left -= n;
	if (!h->left && h->state == TR_HTTP_BODY)
		http_end(h, ops, ctx);
	else if (!h->left)
		http_go(h, TR_HTTP_CHUNK_END);
	return n;
}

static void http_chunk_begins(struct tr_http *h)
{
	h->line_len = 0;
	http_go(h, h->left ? TR_HTTP_CHUNK_DATA : TR_HTTP_TRAILER);
}

static void http_chunk_size(struct tr_http *h, char c)
{
	int digit = http_hex(c);

	if (digit >= 0 && h->used < 15) {
		h->left = h->left << 4 | (unsigned)digit;
		h->used++;
	} else if (h->used == 0 || digit >= 0) {
		http_lose(h);
	} else if (c == '\n') {
		http_chunk_begins(h);
	} else if (c != '\r') {
		h->state = TR_HTTP_CHUNK_EXTENSION;
	}
}

static void http_chunk_end(struct tr_http *h, char c)
{
	if (c == '\n')
		http_go(h, TR_HTTP_CHUNK_SIZE);
	else if (c != '\r')
		http_lose(h);
}

/* ---- the first line */

static void http_method(struct tr_http *h, char c)
{
	if (c == ' ' && h->used)
		http_go(h, TR_HTTP_TARGET);
	else if (!isupper((unsigned char)c) || !http_put(h, h->head.method, sizeof(h->head.method), c))
		http_lose(h);
}

/* "/path", or the absolute form "http://host/path", or "*" and "host:port" (OPTIONS, CONNECT). */
static void http_target(struct tr_http *h, char c)
{
	char *authority = strstr(h->word, "//");

	if (c == '/' && (h->used == 0 || authority)) {
		if (authority)
			memcpy(h->head.host, authority + 2, strlen(authority + 2) + 1);
		http_go(h, TR_HTTP_PATH);
		http_put(h, h->head.path, sizeof(h->head.path), c);
	} else if (c == ' ') {
		h->version2 = strcmp(h->head.method, "PRI") == 0;
		http_go(h, TR_HTTP_VERSION);
	} else if (c < ' ' || !http_word(h, c)) {
		http_lose(h);
	}
}

static void http_path(struct tr_http *h, char c)
{
	if (!h->escape && (c == ' ' || c == '?'))
		http_go(h, c == ' ' ? TR_HTTP_VERSION : TR_HTTP_QUERY_NAME);
	else if (c == '\n' || c == '\r')
		http_lose(h);
	else if (http_decode(h, &c) && !http_put(h, h->head.path, sizeof(h->head.path), c))
		h->head.facts |= TR_HTTP_PATH_CUT;
}

static enum http_parameter http_parameter_find(const char *name)
{
	for (size_t i = 0; i < sizeof(http_parameters) / sizeof(http_parameters[0]); i++)
		if (strcmp(http_parameters[i].name, name) == 0)
			return http_parameters[i].parameter;
	return Q_NONE;
}

static void http_parameter_take(struct tr_http *h, enum http_parameter parameter)
{
	static const uint16_t bits[] = {
		[Q_UPLOADS] = TR_QUERY_UPLOADS, [Q_UPLOAD_ID] = TR_QUERY_UPLOAD_ID,
		[Q_PART_NUMBER] = TR_QUERY_PART_NUMBER, [Q_SUBRESOURCE] = TR_QUERY_SUBRESOURCE,
		[Q_SIGNATURE] = 0,
	};

	h->head.query |= bits[parameter];
	if (parameter == Q_SIGNATURE)
		h->head.facts |= TR_HTTP_PRESIGNED;
	h->wanted = (uint8_t)parameter;
}

/* A parameter's name or value ends with c. */
static void http_query_next(struct tr_http *h, char c)
{
	if (c == '=')
		http_go(h, TR_HTTP_QUERY_VALUE);
	else
		http_go(h, c == '&' ? TR_HTTP_QUERY_NAME : TR_HTTP_VERSION);
}

static void http_query_name(struct tr_http *h, char c)
{
	if (!h->escape && (c == '=' || c == '&' || c == ' ')) {
		http_parameter_take(h, http_parameter_find(h->word));
		http_query_next(h, c);
	} else if (c == '\n' || c == '\r') {
		http_lose(h);
	} else if (http_decode(h, &c)) {
		http_word(h, c);
	}
}

static void http_query_value(struct tr_http *h, char c)
{
	bool ends = !h->escape && (c == '&' || c == ' ');
	uint64_t n;

	if (ends && h->wanted == Q_PART_NUMBER && http_number(h->word, &n) && n <= UINT32_MAX)
		h->head.part_number = (uint32_t)n;
	if (ends)
		http_query_next(h, c);
	else if (c == '\n' || c == '\r')
		http_lose(h);
	else if (!http_decode(h, &c))
		return;
	else if (h->wanted == Q_UPLOAD_ID)
		http_put(h, h->head.upload_id, sizeof(h->head.upload_id), c);
	else if (h->wanted == Q_PART_NUMBER)
		http_word(h, c);
}

/* "HTTP/1.1" of a request's line; the line's end begins the headers. */
static void http_version(struct tr_http *h, char c)
{
	if (c == '\r')
		return;
	if (c != '\n') {
		if (!http_word(h, c))
			http_lose(h);
		return;
	}
	if (h->version2 || strncmp(h->word, "HTTP/1.", 7) != 0 || !isdigit((unsigned char)h->word[7])) {
		http_lose(h);
		return;
	}
	h->head.minor = (uint8_t)(h->word[7] - '0');
	http_go(h, TR_HTTP_NAME);
}

/* "HTTP/1.1 200" of a response's line. */
static void http_status(struct tr_http *h, char c)
{
	uint64_t status = 0;

	if (c != '\n' && c != '\r' && !(c == ' ' && h->used > 9)) {
		if (!http_word(h, c))
			http_lose(h);
		return;
	}
	if (h->used < 10 || strncmp(h->word, "HTTP/1.", 7) != 0 || h->word[8] != ' ' ||
	    !http_number(h->word + 9, &status) || status < 100 || status > 999) {
		http_lose(h);
		return;
	}
	h->head.status = (uint16_t)status;
	h->head.minor = (uint8_t)(h->word[7] - '0');
	http_go(h, c == '\n' ? TR_HTTP_NAME : TR_HTTP_REASON);
}

/* ---- headers */

static enum http_header http_header_find(const char *name)
{
	for (size_t i = 0; i < sizeof(http_headers) / sizeof(http_headers[0]); i++)
		if (strcmp(http_headers[i].name, name) == 0)
			return http_headers[i].header;
	return H_NONE;
}

static void http_name(struct tr_http *h, char c, const struct tr_http_ops *ops, void *ctx)
{
	if (c == '\r')
		return;
	if (c == '\n' && h->used == 0) {
		http_head_done(h, ops, ctx);
	} else if (c == ':' && h->used) {
		h->wanted = (uint8_t)http_header_find(h->word);
		http_go(h, TR_HTTP_VALUE);
	} else if (c <= ' ' && h->used == 0) {
		h->wanted = H_NONE; /* an obsolete folded line: part of a value nobody keeps */
		http_go(h, TR_HTTP_VALUE);
	} else if (c <= ' ' || c == ':') {
		http_lose(h);
	} else {
		http_word(h, (char)tolower((unsigned char)c));
	}
}

static void http_connection(struct tr_http_head *head, const char *value)
{
	if (http_has_token(value, "close"))
		head->facts |= TR_HTTP_CLOSE;
	if (http_has_token(value, "upgrade"))
		head->facts |= TR_HTTP_UPGRADE;
}

static bool http_length(struct tr_http_head *head, const char *value)
{
	head->facts |= TR_HTTP_HAS_LENGTH;
	return http_number(value, &head->length);
}

/* A wanted header is complete in h->word. */
static void http_header_take(struct tr_http *h, char *value)
{
	struct tr_http_head *head = &h->head;

	switch ((enum http_header)h->wanted) {
	case H_LENGTH:
		if (!http_length(head, value))
			http_lose(h);
		break;
	case H_ENCODING:
		head->facts |= http_has_token(value, "chunked") ? TR_HTTP_CHUNKED : 0;
		break;
	case H_EXPECT:
		head->facts |= strcasecmp(value, "100-continue") == 0 ? TR_HTTP_EXPECT : 0;
		break;
	case H_HOST:
		memcpy(head->host, value, strlen(value) + 1);
		break;
	case H_CONNECTION:
		http_connection(head, value);
		break;
	case H_DECODED:
		(void)http_number(value, &head->decoded_length);
		break;
	case H_ETAG:
		http_unquote(head->etag, sizeof(head->etag), value);
		break;
	case H_REQUEST_ID:
		memcpy(head->request_id, value, strlen(value) + 1);
		break;
	case H_COPY:
		head->facts |= TR_HTTP_COPY;
		break;
	case H_TYPE:
		if (strncasecmp(value, "multipart/form-data", 19) == 0)
			head->facts |= TR_HTTP_FORM;
		break;
	case H_UPGRADE:
	case H_NONE:
		break;
	}
}

static void http_value(struct tr_http *h, char c)
{
	if (c == '\n') {
		while (h->used && (h->word[h->used - 1] == ' ' || h->word[h->used - 1] == '\t'))
			h->word[--h->used] = 0;
		http_header_take(h, h->word);
		if (h->state != TR_HTTP_LOST)
			http_go(h, TR_HTTP_NAME);
	} else if (c == '\r' || h->wanted == H_NONE || h->wanted == H_COPY) {
		return;
	} else if (h->used || (c != ' ' && c != '\t')) {
		http_word(h, c);
	}
}

static void http_trailer(struct tr_http *h, char c, const struct tr_http_ops *ops, void *ctx)
{
	if (c == '\n' && h->line_len == 0)
		http_end(h, ops, ctx);
	else if (c == '\n')
		h->line_len = 0;
	else if (c != '\r')
		h->line_len++;
}

/* ---- the stream */

/* An empty line before a message is allowed (RFC 9112, 2.2). */
static void http_start(struct tr_http *h, char c)
{
	if (c == '\r' || c == '\n')
		return;
	h->head = (struct tr_http_head){ .method = "" };
	h->head_len = 1;
	http_go(h, h->response ? TR_HTTP_STATUS : TR_HTTP_METHOD);
	if (h->response)
		http_word(h, c);
	else
		http_method(h, c);
}

static void http_byte(struct tr_http *h, char c, const struct tr_http_ops *ops, void *ctx)
{
	switch (h->state) {
	case TR_HTTP_START: http_start(h, c); break;
	case TR_HTTP_METHOD: http_method(h, c); break;
	case TR_HTTP_TARGET: http_target(h, c); break;
	case TR_HTTP_PATH: http_path(h, c); break;
	case TR_HTTP_QUERY_NAME: http_query_name(h, c); break;
	case TR_HTTP_QUERY_VALUE: http_query_value(h, c); break;
	case TR_HTTP_VERSION: http_version(h, c); break;
	case TR_HTTP_STATUS: http_status(h, c); break;
	case TR_HTTP_REASON: if (c == '\n') http_go(h, TR_HTTP_NAME); break;
	case TR_HTTP_NAME: http_name(h, c, ops, ctx); break;
	case TR_HTTP_VALUE: http_value(h, c); break;
	case TR_HTTP_CHUNK_SIZE: http_chunk_size(h, c); break;
	case TR_HTTP_CHUNK_EXTENSION: if (c == '\n') http_chunk_begins(h); break;
	case TR_HTTP_CHUNK_END: http_chunk_end(h, c); break;
	case TR_HTTP_TRAILER: http_trailer(h, c, ops, ctx); break;
	case TR_HTTP_BODY:
	case TR_HTTP_CHUNK_DATA:
	case TR_HTTP_UNTIL_CLOSE:
	case TR_HTTP_LOST: break;
	}
}

static bool http_in_body(const struct tr_http *h)
{
	return h->state == TR_HTTP_BODY || h->state == TR_HTTP_CHUNK_DATA ||
	       h->state == TR_HTTP_UNTIL_CLOSE;
}

static bool http_in_head(const struct tr_http *h)
{
	return h->state > TR_HTTP_START && h->state <= TR_HTTP_VALUE;
}

void tr_http_feed(struct tr_http *h, const void *bytes, size_t len, const struct tr_http_ops *ops,
		  void *ctx)
{
	const char *p = bytes, *end = p + len;

	while (p < end && h->state != TR_HTTP_LOST) {
		if (http_in_body(h)) {
			p += http_run(h, p, (size_t)(end - p), ops, ctx);
			continue;
		}
		if (http_in_head(h) && ++h->head_len > TR_HTTP_HEAD_MAX)
			http_lose(h);
		else
			http_byte(h, *p++, ops, ctx);
	}
}

void tr_http_skip(struct tr_http *h, uint64_t len, const struct tr_http_ops *ops, void *ctx)
{
	if (!len || h->state == TR_HTTP_LOST)
		return;
	if (!http_in_body(h) || (h->state != TR_HTTP_UNTIL_CLOSE && len > h->left))
		http_lose(h);
	else
		http_run(h, NULL, len, ops, ctx);
}

bool tr_http_finish(struct tr_http *h, const struct tr_http_ops *ops, void *ctx)
{
	if (h->state == TR_HTTP_UNTIL_CLOSE)
		http_end(h, ops, ctx);
	return tr_http_idle(h);
}
