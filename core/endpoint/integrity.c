/* integrity: see integrity.h. */
#include "core/endpoint/integrity.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/s3/encode.h"
#include "core/s3/xml.h"

static const char prefix[] = "x-amz-checksum-";

static bool is_option(const char *name)
{
	const char *tail = name + sizeof(prefix) - 1;

	return !strcmp(tail, "algorithm") || !strcmp(tail, "type") || !strcmp(tail, "mode");
}

enum xf_checksum xf_ep_sum_header(struct xf_ep_call *c, const char **value)
{
	enum xf_checksum found = XF_CHECKSUM_NONE;

	*value = NULL;
	for (size_t i = 0; i < c->request.headers.nr; i++) {
		const struct xf_header *h = &c->request.headers.items[i];
		if (strncmp(h->name, prefix, sizeof(prefix) - 1) != 0 || is_option(h->name))
			continue;
		enum xf_checksum algorithm = xf_checksum_by_header(h->name);
		if (!algorithm)
			xf_ep_fail(c, XF_EP_InvalidRequest,
				   "The algorithm type you specified in x-amz-checksum- header is invalid.");
		else if (found)
			xf_ep_fail(c, XF_EP_InvalidRequest,
				   "Expecting a single x-amz-checksum- header. Multiple checksum Types "
				   "are not allowed.");
		if (xf_ep_decided(c))
			return XF_CHECKSUM_NONE;
		found = algorithm;
		*value = h->value;
	}
	return found;
}

static void fail_value(struct xf_ep_call *c, enum xf_checksum algorithm)
{
	char message[96];

	snprintf(message, sizeof(message), "Value for %s header is invalid.",
		 xf_checksum_info(algorithm)->header);
	xf_ep_fail(c, XF_EP_InvalidRequest, message);
}

static void read_trailer(struct xf_ep_call *c)
{
	const char *trailer = xf_ep_header(&c->request, "x-amz-trailer");

	if (!trailer || xf_ep_decided(c))
		return;
	enum xf_checksum algorithm = xf_checksum_by_header(trailer);
	if (!algorithm)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The value specified in the x-amz-trailer header is not supported");
	else if (c->algorithm)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "Expecting a single x-amz-checksum- header. Multiple checksum Types are not "
			   "allowed.");
	else if (!c->body.trailers)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "x-amz-trailer needs a payload that is streamed with trailers");
	c->algorithm = algorithm;
	c->in_trailer = true;
}

static void check_sdk_algorithm(struct xf_ep_call *c)
{
	const char *name = xf_ep_header(&c->request, "x-amz-sdk-checksum-algorithm");

	if (!name || xf_ep_decided(c))
		return;
	enum xf_checksum algorithm = xf_checksum_by_name(name);
	if (!algorithm)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "Value for x-amz-sdk-checksum-algorithm header is invalid.");
	else if (!c->algorithm && !(algorithm == XF_CHECKSUM_MD5 && c->declared_md5.len))
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "x-amz-sdk-checksum-algorithm specified, but no corresponding "
			   "x-amz-checksum-* or x-amz-trailer headers were found.");
	else if (c->algorithm && c->algorithm != algorithm)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "Value for x-amz-sdk-checksum-algorithm header does not match the checksum.");
}

void xf_ep_integrity_begin(struct xf_ep_call *c)
{
	const char *md5 = xf_ep_header(&c->request, "content-md5"), *value;

	if (md5 && xf_digest_parse(&c->declared_md5, XF_CHECKSUM_MD5, md5) != XF_OK) {
		xf_ep_fail(c, XF_EP_InvalidDigest, NULL);
		return;
	}
	if (c->op->flags & XF_EP_OP_WHOLE)
		return;
	c->algorithm = xf_ep_sum_header(c, &value);
	if (c->algorithm && xf_digest_parse(&c->declared, c->algorithm, value) != XF_OK)
		fail_value(c, c->algorithm);
	read_trailer(c);
	check_sdk_algorithm(c);
}

uint32_t xf_ep_integrity_set(const struct xf_ep_call *c)
{
	uint32_t set = 0;

	if (c->op->body == XF_EP_BODY_STREAM || c->op->body == XF_EP_BODY_FORM || c->declared_md5.len)
		set |= XF_CHECKSUM_BIT(XF_CHECKSUM_MD5);
	if (c->access.payload == XF_EP_PAYLOAD_HASH)
		set |= XF_CHECKSUM_BIT(XF_CHECKSUM_SHA256);
	if (c->algorithm)
		set |= XF_CHECKSUM_BIT(c->algorithm);
	else if (c->op->body == XF_EP_BODY_STREAM && c->upload && c->upload->sum.algorithm)
		/* the part's checksum is needed for the whole's, promised or not */
		set |= XF_CHECKSUM_BIT(c->upload->sum.algorithm);
	return set;
}

static void check_payload(struct xf_ep_call *c)
{
	char computed[2 * XF_DIGEST_MAX + 1];
	struct xf_ep_detail details[] = { { "ClientComputedContentSHA256", c->access.sha256 },
					  { "S3ComputedContentSHA256", computed },
					  { 0 } };

	if (c->access.payload != XF_EP_PAYLOAD_HASH)
		return;
	xf_digest_hex(&c->digests[XF_CHECKSUM_SHA256], computed);
	if (strcmp(computed, c->access.sha256) != 0)
		xf_ep_reply_error(&c->reply, &c->request, XF_EP_XAmzContentSHA256Mismatch, NULL, details);
}

static void check_md5(struct xf_ep_call *c)
{
	char given[XF_DIGEST_TEXT_SIZE], computed[XF_DIGEST_TEXT_SIZE];
	struct xf_ep_detail details[] = { { "ExpectedDigest", given },
					  { "CalculatedDigest", computed },
					  { 0 } };

	if (!c->declared_md5.len ||
	    xf_digest_equal(&c->declared_md5, &c->digests[XF_CHECKSUM_MD5]))
		return;
	xf_digest_text(&c->declared_md5, given);
	xf_digest_text(&c->digests[XF_CHECKSUM_MD5], computed);
	xf_ep_reply_error(&c->reply, &c->request, XF_EP_BadDigest, NULL, details);
}

/* The value that came behind the body. */
static void take_trailer(struct xf_ep_call *c)
{
	const char *value = xf_headers_get(&c->body.fields, xf_checksum_info(c->algorithm)->header);

	if (!value)
		xf_ep_fail(c, XF_EP_MalformedTrailerError, NULL);
	else if (xf_digest_parse(&c->declared, c->algorithm, value) != XF_OK)
		xf_ep_fail(c, XF_EP_InvalidRequest, "Value for the checksum trailer is invalid.");
}

/* A field behind the body that x-amz-trailer did not announce is nobody's, and verified by nobody. */
static void check_trailers(struct xf_ep_call *c)
{
	const char *announced = c->in_trailer ? xf_checksum_info(c->algorithm)->header : "";

	for (size_t i = 0; i < c->body.fields.nr; i++) {
		const char *name = c->body.fields.items[i].name;
		if (strcasecmp(name, announced) != 0 && strcmp(name, "x-amz-trailer-signature") != 0)
			xf_ep_fail(c, XF_EP_MalformedTrailerError, NULL);
	}
}

void xf_ep_integrity_check(struct xf_ep_call *c)
{
	char message[96];

	check_payload(c);
	if (!xf_ep_decided(c))
		check_md5(c);
	if (!xf_ep_decided(c))
		check_trailers(c);
	if (!xf_ep_decided(c) && c->algorithm && c->in_trailer)
		take_trailer(c);
	if (xf_ep_decided(c) || !c->algorithm ||
	    xf_digest_equal(&c->declared, &c->digests[c->algorithm]))
		return;
	snprintf(message, sizeof(message),
		 "The %s you specified did not match the calculated checksum.",
		 xf_checksum_info(c->algorithm)->name);
	xf_ep_fail(c, XF_EP_BadDigest, message);
}

static const char *type_word(const struct xf_ep_sum *sum)
{
	return sum->type == XF_EP_SUM_COMPOSITE ? "COMPOSITE" : "FULL_OBJECT";
}

void xf_ep_answer_sum(struct xf_ep_call *c, const struct xf_ep_sum *sum, bool with_type)
{
	if (!sum->algorithm || !*sum->text)
		return;
	xf_ep_answer(c, xf_checksum_info(sum->algorithm)->header, sum->text);
	if (with_type)
		xf_ep_answer(c, "x-amz-checksum-type", type_word(sum));
}

void xf_ep_element_sum(struct xf_buf *out, const struct xf_ep_sum *sum, bool with_type)
{
	if (!sum->algorithm || !*sum->text)
		return;
	xf_xml_element(out, xf_checksum_info(sum->algorithm)->element, sum->text);
	if (with_type)
		xf_xml_element(out, "ChecksumType", type_word(sum));
}

static const char *part_of(struct xf_ep_call *c, const char *start, const char *tail)
{
	char name[96];

	snprintf(name, sizeof(name), "%s%s", start, tail);
	return xf_ep_header(&c->request, name);
}

bool xf_ep_sse_c(struct xf_ep_call *c, const char *start, char key_md5[XF_EP_KEY_MD5_SIZE])
{
	const char *algorithm = part_of(c, start, "algorithm"), *key = part_of(c, start, "key");
	const char *md5 = part_of(c, start, "key-md5");
	unsigned char bytes[32];
	struct xf_digest digest;
	char text[XF_DIGEST_TEXT_SIZE];
	size_t len = 0;

	key_md5[0] = '\0';
	if (!algorithm && !key && !md5)
		return true;
	if (algorithm && strcmp(algorithm, "AES256") != 0)
		xf_ep_fail(c, XF_EP_InvalidEncryptionAlgorithmError, NULL);
	else if (!algorithm || !key || !md5)
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "Requests specifying Server Side Encryption with Customer provided keys must "
			   "provide the algorithm, the secret key and its MD5.");
	else if (!xf_base64_decode(bytes, sizeof(bytes), &len, key) || len != sizeof(bytes))
		xf_ep_fail(c, XF_EP_InvalidArgument, "The secret key was invalid for the specified algorithm.");
	else if (xf_checksum_of(&digest, XF_CHECKSUM_MD5, bytes, len) != XF_OK)
		xf_ep_fail(c, XF_EP_InternalError, NULL);
	else if (strcmp(xf_digest_text(&digest, text), md5) != 0)
		xf_ep_fail(c, XF_EP_InvalidArgument,
			   "The calculated MD5 hash of the key did not match the hash that was provided.");
	explicit_bzero(bytes, sizeof(bytes));
	if (xf_ep_decided(c))
		return false;
	snprintf(key_md5, XF_EP_KEY_MD5_SIZE, "%.24s", text);
	return true;
}

bool xf_ep_sse_c_allows(struct xf_ep_call *c, const char *stored, const char *given)
{
	if (*stored && !*given)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The object was stored using a form of Server Side Encryption. The correct "
			   "parameters must be provided to retrieve the object.");
	else if (!*stored && *given)
		xf_ep_fail(c, XF_EP_InvalidRequest,
			   "The encryption parameters are not applicable to this object.");
	else if (strcmp(stored, given) != 0)
		xf_ep_fail(c, XF_EP_AccessDenied, NULL);
	return !xf_ep_decided(c);
}

void xf_ep_answer_sse_c(struct xf_ep_call *c, const char *key_md5)
{
	if (!*key_md5)
		return;
	xf_ep_answer(c, "x-amz-server-side-encryption-customer-algorithm", "AES256");
	xf_ep_answer(c, "x-amz-server-side-encryption-customer-key-MD5", key_md5);
}
