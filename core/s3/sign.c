#include "core/s3/sign.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/s3/encode.h"
#include "core/s3/sign_private.h"

#define ALGORITHM XF_SIGN_ALGORITHM
#define SCOPE_END XF_SIGN_SCOPE_END

/* ---- dates */

void xf_amz_date(char out[XF_AMZ_DATE_SIZE], time_t at)
{
	struct tm tm;
	gmtime_r(&at, &tm);
	if (tm.tm_year < -1900 || tm.tm_year > 8099 || !strftime(out, XF_AMZ_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm))
		out[0] = '\0';
}

/* Two digits, or -1000 so that any sum with it is no valid date. */
static int two_digits(const char *text)
{
	bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
	return digits ? (text[0] - '0') * 10 + text[1] - '0' : -1000;
}

/* timegm() repairs what is out of range; a date that needs repair is not one. */
static bool real_time(time_t *out, const struct tm *tm)
{
	struct tm same = *tm;
	*out = timegm(&same);
	return same.tm_year == tm->tm_year && same.tm_mon == tm->tm_mon && same.tm_mday == tm->tm_mday &&
	       same.tm_hour == tm->tm_hour && same.tm_min == tm->tm_min && same.tm_sec == tm->tm_sec;
}

bool xf_amz_date_parse(time_t *out, const char *text)
{
	if (strlen(text) != 16 || text[8] != 'T' || text[15] != 'Z')
		return false;
	struct tm tm = {
		.tm_year = two_digits(text) * 100 + two_digits(text + 2) - 1900,
		.tm_mon = two_digits(text + 4) - 1,
		.tm_mday = two_digits(text + 6),
		.tm_hour = two_digits(text + 9),
		.tm_min = two_digits(text + 11),
		.tm_sec = two_digits(text + 13),
	};
	return real_time(out, &tm);
}

/* Not strptime(): the names would follow the locale. */
bool xf_http_date_parse(time_t *out, const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "";
	struct tm tm = { 0 };
	int end = 0;
	if (sscanf(text, "%*3s, %d %3s %d %d:%d:%d GMT%n", &tm.tm_mday, month, &tm.tm_year, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec, &end) != 6 || !end || text[end])
		return false;
	const char *found = strstr(months, month);
	if (strlen(month) != 3 || !found || (found - months) % 3)
		return false;
	tm.tm_mon = (int)(found - months) / 3;
	tm.tm_year -= 1900;
	return real_time(out, &tm);
}

/* ---- canonical query: names and values decoded, encoded once more, sorted */

/* `text` is "name\0value", both encoded. */
struct parameter {
	struct xf_buf text;
};

static const char *parameter_value(const struct parameter *p)
{
	return p->text.data + strlen(p->text.data) + 1;
}

static int parameter_compare(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int order = strcmp(x->text.data, y->text.data);
	return order ? order : strcmp(parameter_value(x), parameter_value(y));
}

static void recode(struct xf_buf *out, const char *src, size_t len)
{
	struct xf_buf plain = XF_BUF_INIT;
	xf_percent_decode(&plain, src, len, true);
	xf_percent_encode(out, xf_buf_text(&plain), plain.len, XF_PERCENT_ALL);
	out->failed |= plain.failed;
	xf_buf_fini(&plain);
}

static bool parameter_make(struct parameter *p, const char *piece, size_t len)
{
	const char *equals = memchr(piece, '=', len);
	size_t name_len = equals ? (size_t)(equals - piece) : len;
	p->text = XF_BUF_INIT;
	recode(&p->text, piece, name_len);
	xf_buf_char(&p->text, '\0');
	if (equals)
		recode(&p->text, equals + 1, len - name_len - 1);
	return !p->text.failed;
}

static size_t count_pieces(const char *query)
{
	size_t n = 1;
	for (; *query; query++)
		n += *query == '&';
	return n;
}

/* Takes the query apart; all but the signature, which cannot sign itself. */
static size_t parameters_split(struct parameter *list, const char *query, bool *failed)
{
	size_t n = 0;
	while (*query) {
		size_t len = strcspn(query, "&");
		if (len) {
			bool made = parameter_make(&list[n], query, len);
			*failed |= !made;
			if (made && !strcmp(list[n].text.data, "X-Amz-Signature"))
				xf_buf_fini(&list[n].text);
			else
				n++;
		}
		query += len + (query[len] == '&');
	}
	return n;
}

static void canonical_query(struct xf_buf *out, const char *query)
{
	if (!query || !*query)
		return;
	struct parameter *list = calloc(count_pieces(query), sizeof(*list));
	bool failed = !list;
	size_t n = list ? parameters_split(list, query, &failed) : 0;
	if (!failed)
		qsort(list, n, sizeof(*list), parameter_compare);
	for (size_t i = 0; i < n; i++) {
		if (!failed)
			xf_buf_format(out, "%s%s=%s", i ? "&" : "", list[i].text.data, parameter_value(&list[i]));
		xf_buf_fini(&list[i].text);
	}
	out->failed |= failed;
	free(list);
}

/* ---- canonical path */

/* S3: what was sent, decoded and encoded once, so that "%7e" and "~" are the same key. */
static void canonical_path(struct xf_buf *out, const char *path)
{
	struct xf_buf plain = XF_BUF_INIT;
	xf_percent_decode(&plain, path, strlen(path), false);
	xf_percent_encode(out, xf_buf_text(&plain), plain.len, XF_PERCENT_KEEP_SLASH);
	out->failed |= plain.failed;
	xf_buf_fini(&plain);
}

/* The last segment goes: "/a/b/" becomes "/a/". */
static void drop_segment(struct xf_buf *b)
{
	if (b->len > 1)
		b->len--;
	while (b->len > 1 && b->data[b->len - 1] != '/')
		b->len--;
}

/* RFC 3986 section 5.2.4, and empty segments go too. */
static void normalised_path(struct xf_buf *out, const char *path)
{
	struct xf_buf plain = XF_BUF_INIT;
	xf_buf_char(&plain, '/');
	while (*path && !plain.failed) {
		size_t len = strcspn(path, "/");
		if (len == 2 && path[0] == '.' && path[1] == '.') {
			drop_segment(&plain);
		} else if (len && !(len == 1 && path[0] == '.')) {
			xf_buf_add(&plain, path, len + (path[len] == '/'));
		}
		path += len + (path[len] == '/');
	}
	xf_percent_encode(out, xf_buf_text(&plain), plain.len, XF_PERCENT_KEEP_SLASH);
	out->failed |= plain.failed;
	xf_buf_fini(&plain);
}

/* ---- canonical headers */

static bool signable(const char *name)
{
	static const char *const changed_by_proxies[] = {
		"accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "authorization", "connection",
		"expect", "transfer-encoding", "user-agent", "x-amzn-trace-id",
	};
	for (size_t i = 0; i < sizeof(changed_by_proxies) / sizeof(*changed_by_proxies); i++)
		if (!strcasecmp(name, changed_by_proxies[i]))
			return false;
	return true;
}

static void add_lower(struct xf_buf *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		xf_buf_char(out, text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 32) : text[i]);
}

static int name_compare(const void *a, const void *b)
{
	return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

/* "host;x-amz-date": every signable name once, in order. */
static void signed_header_list(struct xf_buf *out, const struct xf_sign_request *r)
{
	const char **names = calloc(r->nr_headers + 1, sizeof(*names));
	size_t n = 0;
	for (size_t i = 0; names && i < r->nr_headers; i++)
		if (signable(r->headers[i].name))
			names[n++] = r->headers[i].name;
	if (n)
		qsort(names, n, sizeof(*names), name_compare);
	for (size_t i = 0; i < n; i++) {
		if (i && !strcasecmp(names[i], names[i - 1]))
			continue;
		if (i)
			xf_buf_char(out, ';');
		add_lower(out, names[i], strlen(names[i]));
	}
	out->failed |= !names;
	free(names);
}

/* Without white space at the ends, and with one space for every run of it inside. */
static void add_trimmed(struct xf_buf *out, const char *value)
{
	static const char space[] = " \t\r\n\v\f";
	for (value += strspn(value, space); *value;) {
		size_t len = strcspn(value, space);
		xf_buf_add(out, value, len);
		value += len;
		value += strspn(value, space);
		if (*value)
			xf_buf_char(out, ' ');
	}
}

static bool name_is(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !strncasecmp(name, text, len);
}

/* "name:value,value\n" for every name of the list. */
static void canonical_headers(struct xf_buf *out, const struct xf_sign_request *r, const char *list)
{
	while (*list) {
		size_t len = strcspn(list, ";");
		const char *before = ":";
		xf_buf_add(out, list, len);
		for (size_t i = 0; i < r->nr_headers; i++) {
			if (!name_is(r->headers[i].name, list, len))
				continue;
			xf_buf_str(out, before);
			add_trimmed(out, r->headers[i].value);
			before = ",";
		}
		xf_buf_str(out, *before == ':' ? ":\n" : "\n");
		list += len + (list[len] == ';');
	}
}

bool xf_sign_list_has(const char *list, const char *name)
{
	while (*list) {
		size_t len = strcspn(list, ";");
		if (name_is(name, list, len))
			return true;
		list += len + (list[len] == ';');
	}
	return false;
}

const char *xf_sign_header_value(const struct xf_sign_request *r, const char *name)
{
	for (size_t i = 0; i < r->nr_headers; i++)
		if (!strcasecmp(r->headers[i].name, name))
			return r->headers[i].value;
	return NULL;
}

/* ---- the canonical request */

/* query instead of r->query; list: the signed headers. */
static enum xf_status canonical(struct xf_buf *out, const struct xf_sign_request *r, const char *query,
				const char *list, struct xf_error *err)
{
	if (r->path[0] != '/')
		return xf_fail(err, XF_INVALID, "a path to be signed does not begin with '/'");
	xf_buf_format(out, "%s\n", r->method);
	(r->normalise_path ? normalised_path : canonical_path)(out, r->path);
	xf_buf_char(out, '\n');
	canonical_query(out, query);
	xf_buf_char(out, '\n');
	canonical_headers(out, r, list);
	xf_buf_format(out, "\n%s\n%s", list, r->payload ? r->payload : XF_UNSIGNED_PAYLOAD);
	return out->failed ? xf_fail(err, XF_NOMEM, "out of memory while signing a request") : XF_OK;
}

enum xf_status xf_sign_canonical(struct xf_buf *out, const struct xf_sign_request *request,
				 struct xf_error *err)
{
	struct xf_buf list = XF_BUF_INIT;
	if (request->signed_headers)
		xf_buf_str(&list, request->signed_headers);
	else
		signed_header_list(&list, request);
	out->failed |= list.failed;
	enum xf_status status = canonical(out, request, request->query, xf_buf_text(&list), err);
	xf_buf_fini(&list);
	return status;
}

/* ---- hashes */

static bool sha256(unsigned char out[XF_SHA256_SIZE], const void *data, size_t len)
{
	return EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool sha256_hex(char out[XF_SIGNATURE_SIZE], const void *data, size_t len)
{
	unsigned char hash[XF_SHA256_SIZE];
	bool ok = sha256(hash, data, len);
	xf_hex_encode(out, hash, ok ? sizeof(hash) : 0);
	return ok;
}

static bool hmac(unsigned char out[XF_SHA256_SIZE], const void *key, size_t key_len, const void *data,
		 size_t len)
{
	return HMAC(EVP_sha256(), key, (int)key_len, data, len, out, NULL) != NULL;
}

bool xf_hmac_sha1(unsigned char out[XF_SHA1_SIZE], const char *key, const void *data, size_t len)
{
	return HMAC(EVP_sha1(), key, (int)strlen(key), data, len, out, NULL) != NULL;
}

/* The key of one day, region and service: "YYYYMMDD/region/service/aws4_request", folded in step by step. */
static bool signing_key(unsigned char key[XF_SHA256_SIZE], const char *secret, const char *scope)
{
	struct xf_buf first = XF_BUF_INIT;
	xf_buf_format(&first, "AWS4%s", secret);
	size_t len = strcspn(scope, "/");
	bool ok = !first.failed && hmac(key, first.data, first.len, scope, len);
	xf_buf_wipe(&first);
	while (ok && scope[len]) {
		scope += len + 1;
		len = strcspn(scope, "/");
		ok = hmac(key, key, XF_SHA256_SIZE, scope, len);
	}
	return ok;
}

static bool sign_text(char out[XF_SIGNATURE_SIZE], const unsigned char key[XF_SHA256_SIZE],
		      const struct xf_buf *text)
{
	unsigned char mac[XF_SHA256_SIZE];
	bool ok = !text->failed && hmac(mac, key, XF_SHA256_SIZE, text->data, text->len);
	xf_hex_encode(out, mac, ok ? sizeof(mac) : 0);
	return ok;
}

enum xf_status xf_sign_string_to_sign(struct xf_buf *out, const char *canonical_request, size_t len,
				      const char *amz_date, const char *scope)
{
	char hash[XF_SIGNATURE_SIZE];
	if (!sha256_hex(hash, canonical_request, len))
		return XF_NOMEM;
	xf_buf_format(out, ALGORITHM "\n%s\n%s\n%s", amz_date, scope, hash);
	return xf_buf_status(out);
}

/* sig has its date and scope; fills in the signature of the canonical request. */
static enum xf_status sign_canonical_text(struct xf_signature *sig, const struct xf_buf *text,
					  const char *secret, struct xf_error *err)
{
	unsigned char key[XF_SHA256_SIZE];
	struct xf_buf string = XF_BUF_INIT;
	enum xf_status status = xf_sign_string_to_sign(&string, xf_buf_text(text), text->len,
						       sig->amz_date, sig->scope);
	if (!status && !(signing_key(key, secret, sig->scope) && sign_text(sig->signature, key, &string)))
		status = XF_NOMEM;
	explicit_bzero(key, sizeof(key));
	xf_buf_fini(&string);
	return status ? xf_fail(err, status, "out of memory while signing a request") : XF_OK;
}

enum xf_status xf_sign_with_list(struct xf_signature *sig, const struct xf_sign_request *r,
				     const char *query, const char *list, const char *secret,
				     struct xf_error *err)
{
	struct xf_buf text = XF_BUF_INIT;
	enum xf_status status = canonical(&text, r, query, list, err);
	if (!status)
		status = sign_canonical_text(sig, &text, secret, err);
	xf_buf_fini(&text);
	return status;
}

/* ---- signing */

static bool usable(const char *text, size_t max)
{
	return text && *text && strlen(text) <= max && !strpbrk(text, " \t\r\n,");
}

/* Checks who signs and fills in date and scope. */
static enum xf_status signature_begin(struct xf_signature *sig, const struct xf_sign_identity *id,
				      struct xf_error *err)
{
	const char *service = id->service ? id->service : "s3";
	if (!usable(id->access_key, 128) || !id->secret_key || !*id->secret_key)
		return xf_fail(err, XF_INVALID, "the access key is empty or has a form that cannot be signed with");
	if (!usable(id->region, 63) || strchr(id->region, '/') || !usable(service, 31))
		return xf_fail(err, XF_INVALID, "the region is empty or not a name that can be signed");
	xf_amz_date(sig->amz_date, id->at);
	if (!sig->amz_date[0])
		return xf_fail(err, XF_INVALID, "the clock shows a year that cannot be signed");
	snprintf(sig->scope, sizeof(sig->scope), "%.8s/%s/%s/" SCOPE_END, sig->amz_date, id->region, service);
	return XF_OK;
}

/* The list to sign by, in *list; host must be in it. */
static enum xf_status choose_headers(struct xf_buf *list, const struct xf_sign_request *r,
				     struct xf_error *err)
{
	if (r->signed_headers)
		xf_buf_str(list, r->signed_headers);
	else
		signed_header_list(list, r);
	if (list->failed)
		return xf_fail(err, XF_NOMEM, "out of memory while signing a request");
	if (!xf_sign_list_has(xf_buf_text(list), "host"))
		return xf_fail(err, XF_INVALID, "a request to be signed has no host header");
	return XF_OK;
}

enum xf_status xf_sign(struct xf_signature *out, struct xf_buf *authorization,
		       const struct xf_sign_request *request,
		       const struct xf_sign_identity *identity, struct xf_error *err)
{
	struct xf_buf list = XF_BUF_INIT;
	enum xf_status status = signature_begin(out, identity, err);
	if (!status)
		status = choose_headers(&list, request, err);
	if (!status)
		status = xf_sign_with_list(out, request, request->query, xf_buf_text(&list),
					identity->secret_key, err);
	if (!status && authorization) {
		xf_buf_format(authorization, ALGORITHM " Credential=%s/%s, SignedHeaders=%s, Signature=%s",
			      identity->access_key, out->scope, xf_buf_text(&list), out->signature);
		status = xf_buf_status(authorization);
	}
	xf_buf_fini(&list);
	return status;
}

static void add_parameter(struct xf_buf *query, const char *name, const char *value)
{
	xf_buf_format(query, "%s%s=", query->len ? "&" : "", name);
	xf_percent_encode(query, value, strlen(value), XF_PERCENT_ALL);
}

/* Everything of a presigned query but the signature. */
static void presigned_query(struct xf_buf *query, const struct xf_signature *sig,
			    const struct xf_sign_identity *id, uint32_t expires_s, const char *list)
{
	char credential[128 + XF_SCOPE_SIZE + 2], expires[16];
	snprintf(credential, sizeof(credential), "%s/%s", id->access_key, sig->scope);
	snprintf(expires, sizeof(expires), "%u", expires_s);
	add_parameter(query, "X-Amz-Algorithm", ALGORITHM);
	add_parameter(query, "X-Amz-Credential", credential);
	add_parameter(query, "X-Amz-Date", sig->amz_date);
	add_parameter(query, "X-Amz-Expires", expires);
	add_parameter(query, "X-Amz-SignedHeaders", list);
	if (id->session_token && *id->session_token)
		add_parameter(query, "X-Amz-Security-Token", id->session_token);
}

static enum xf_status presign(struct xf_buf *query, struct xf_signature *sig,
			      const struct xf_sign_request *r, const struct xf_sign_identity *id,
			      uint32_t expires_s, const char *list, struct xf_error *err)
{
	xf_buf_str(query, r->query ? r->query : "");
	presigned_query(query, sig, id, expires_s, list);
	if (query->failed)
		return xf_fail(err, XF_NOMEM, "out of memory while signing a request");
	enum xf_status status = xf_sign_with_list(sig, r, query->data, list, id->secret_key, err);
	if (!status)
		add_parameter(query, "X-Amz-Signature", sig->signature);
	return status ? status : xf_buf_status(query);
}

enum xf_status xf_presign(struct xf_buf *query, const struct xf_sign_request *request,
			  const struct xf_sign_identity *identity, uint32_t expires_s,
			  struct xf_error *err)
{
	struct xf_signature sig;
	struct xf_buf list = XF_BUF_INIT, text = XF_BUF_INIT;
	if (!expires_s || expires_s > XF_PRESIGN_MAX_S)
		return xf_fail(err, XF_INVALID, "a presigned URL is valid for 1 to %d seconds, not %u",
			       XF_PRESIGN_MAX_S, expires_s);
	enum xf_status status = signature_begin(&sig, identity, err);
	if (!status)
		status = choose_headers(&list, request, err);
	if (!status)
		status = presign(&text, &sig, request, identity, expires_s, xf_buf_text(&list), err);
	if (!status) {
		xf_buf_add(query, text.data, text.len);
		status = xf_buf_status(query);
	}
	xf_buf_wipe(&text);
	xf_buf_fini(&list);
	return status;
}

/* ---- chunks */

enum xf_status xf_chunk_signer_init(struct xf_chunk_signer *s, const char *secret_key,
				    const struct xf_signature *seed)
{
	memcpy(s->amz_date, seed->amz_date, sizeof(s->amz_date));
	memcpy(s->scope, seed->scope, sizeof(s->scope));
	memcpy(s->previous, seed->signature, sizeof(s->previous));
	return signing_key(s->key, secret_key, s->scope) ? XF_OK : XF_NOMEM;
}

void xf_chunk_signer_fini(struct xf_chunk_signer *s)
{
	explicit_bzero(s, sizeof(*s));
}

/* Signs "KIND\ndate\nscope\nprevious\n" + rest, and makes it the previous one. */
static enum xf_status chunk_sign(struct xf_chunk_signer *s, const char *kind, const char *rest,
				 char out[XF_SIGNATURE_SIZE])
{
	struct xf_buf text = XF_BUF_INIT;
	xf_buf_format(&text, "%s\n%s\n%s\n%s\n%s", kind, s->amz_date, s->scope, s->previous, rest);
	bool ok = sign_text(out, s->key, &text);
	if (ok)
		memcpy(s->previous, out, XF_SIGNATURE_SIZE);
	xf_buf_fini(&text);
	return ok ? XF_OK : XF_NOMEM;
}

enum xf_status xf_chunk_sign(struct xf_chunk_signer *s, const unsigned char data_sha256[XF_SHA256_SIZE],
			     char out[XF_SIGNATURE_SIZE])
{
	char rest[2 * XF_SIGNATURE_SIZE] = XF_EMPTY_SHA256 "\n";
	xf_hex_encode(rest + XF_SIGNATURE_SIZE, data_sha256, XF_SHA256_SIZE);
	return chunk_sign(s, ALGORITHM "-PAYLOAD", rest, out);
}

enum xf_status xf_chunk_sign_trailer(struct xf_chunk_signer *s, const char *text, size_t len,
				     char out[XF_SIGNATURE_SIZE])
{
	char rest[XF_SIGNATURE_SIZE];
	if (!sha256_hex(rest, text, len))
		return XF_NOMEM;
	return chunk_sign(s, ALGORITHM "-TRAILER", rest, out);
}

enum xf_status xf_sign_policy(char out[XF_SIGNATURE_SIZE], const char *secret_key, const char *scope, const char *policy)
{
	unsigned char key[XF_SHA256_SIZE], mac[XF_SHA256_SIZE];
	bool ok = signing_key(key, secret_key, scope) && hmac(mac, key, sizeof(key), policy, strlen(policy));
	explicit_bzero(key, sizeof(key));
	xf_hex_encode(out, mac, ok ? sizeof(mac) : 0);
	return ok ? XF_OK : XF_NOMEM;
}

bool xf_signature_equal(const char *a, const char *b)
{
	size_t len = strlen(a);
	return len == strlen(b) && !CRYPTO_memcmp(a, b, len);
}
