/* explain: a service's error as a sentence: what, where, what to do. */
#include <stdio.h>
#include <string.h>

#include "core/s3/buf.h"
#include "core/s3/s3.h"

/*
 * One row a code. In the sentence %B is the bucket, %O the object (s3://bucket/key, or the
 * bucket alone), %W where, %P the operation, %M the service's own words, %R the region it named.
 */
static const struct {
	const char *code;
	const char *sentence;
} sentences[] = {
	{ "NoSuchBucket", "bucket '%B' does not exist at %W: create it or check the name" },
	{ "NoSuchKey", "%O does not exist at %W: check the key" },
	{ "NoSuchUpload", "the multipart upload of %O is gone at %W: it was completed or aborted by someone else" },
	{ "404", "%O does not exist at %W: check bucket and key" },
	{ "AccessDenied", "%W refuses %P on %O: these credentials have no permission for it" },
	{ "403", "%W refuses %P on %O: check the credentials and their permissions" },
	{ "AllAccessDisabled", "%W refuses everything on '%B': the bucket is disabled" },
	{ "InvalidAccessKeyId", "%W does not know this access key: check the profile or AWS_ACCESS_KEY_ID" },
	{ "SignatureDoesNotMatch", "%W refuses the signature of %P on %O: check the secret key" },
	{ "AuthorizationHeaderMalformed", "%W does not accept the signature for %P: check the region (%M)" },
	{ "InvalidToken", "%W does not accept the session token: sign in again" },
	{ "ExpiredToken", "the session token has expired: sign in again (%W refused %P)" },
	{ "TokenRefreshRequired", "the session token must be renewed: sign in again" },
	{ "RequestTimeTooSkewed", "the clocks of this machine and of %W differ by more than 15 minutes: set the clock" },
	{ "RequestExpired", "the request's signature had expired when it reached %W: check the clock" },
	{ "PermanentRedirect", "bucket '%B' lives elsewhere%R: set --region or --endpoint-url for it" },
	{ "IllegalLocationConstraintException", "bucket '%B' cannot be used from this region%R: set --region" },
	{ "TemporaryRedirect", "bucket '%B' has moved for now%R: try again, or set --endpoint-url" },
	{ "301", "bucket '%B' lives elsewhere%R: set --region or --endpoint-url for it" },
	{ "307", "bucket '%B' has moved for now%R: try again, or set --endpoint-url" },
	{ "ConditionalRequestConflict", "another writer was at work on %O at the same moment: look at what is there, then try again" },
	{ "409", "%P on %O meets another change at %W: look at what is there, then try again" },
	{ "BucketAlreadyExists", "bucket '%B' belongs to someone else at %W: choose another name" },
	{ "BucketAlreadyOwnedByYou", "bucket '%B' exists already and is yours" },
	{ "InvalidBucketName", "%W does not allow the bucket name '%B'" },
	{ "KeyTooLongError", "the key of %O is longer than %W allows" },
	{ "EntityTooLarge", "%O is larger than %W takes in one request: use multipart, or larger parts" },
	{ "EntityTooSmall", "a part of %O is smaller than %W allows (5 MiB for all but the last): use a larger --multipart-chunksize" },
	{ "InvalidPart", "%W does not have one of the parts of %O as it was sent: upload it again" },
	{ "InvalidPartOrder", "%W received the list of parts of %O out of order" },
	{ "BadDigest", "the bytes of %O that reached %W are not those that were sent: check the network, then try again" },
	{ "InvalidDigest", "%W cannot read the checksum given for %O" },
	{ "XAmzContentSHA256Mismatch", "the bytes of %O that reached %W are not those that were signed: did the source change meanwhile?" },
	{ "XAmzContentChecksumMismatch", "the bytes of %O that reached %W do not match their checksum: did the source change meanwhile?" },
	{ "IncompleteBody", "%W received fewer bytes of %O than announced" },
	{ "MissingContentLength", "%W does not take a checksum behind the body of %O: set AWS_REQUEST_CHECKSUM_CALCULATION=when_required" },
	{ "411", "%W does not take a checksum behind the body of %O: set AWS_REQUEST_CHECKSUM_CALCULATION=when_required" },
	{ "RequestTimeout", "%W waited too long for the bytes of %O: the network or the source is too slow" },
	{ "SlowDown", "%W asks for fewer requests: lower --max-concurrency, or try later" },
	{ "503", "%W is overloaded or not ready: lower --max-concurrency, or try later" },
	{ "ServiceUnavailable", "%W is overloaded or not ready: lower --max-concurrency, or try later" },
	{ "InternalError", "%W failed inside at %P of %O: try again later (%M)" },
	{ "500", "%W failed inside at %P of %O: try again later" },
	{ "NotImplemented", "%W does not support what %P asked for (%M)" },
	{ "501", "%W does not support what %P asked for" },
	{ "QuotaExceeded", "the storage quota at %W is used up (%M)" },
	{ "InvalidRange", "the range asked for lies outside of %O: did the object change?" },
	{ "416", "the range asked for lies outside of %O: did the object change?" },
	{ "InvalidRequest", "%W does not accept %P of %O: %M" },
	{ "InvalidArgument", "%W does not accept an argument of %P of %O: %M" },
	{ "InvalidStorageClass", "%W does not know this storage class: check --storage-class" },
	{ "KMS.NotFoundException", "the KMS key is not known at %W: check --sse-kms-key-id" },
	{ "NotModified", "%O has not changed" },
};

/* 412 means different things to a writer and to a reader. */
static const char *precondition(enum xf_op op)
{
	switch (op) {
	case XF_OP_PUT_OBJECT:
	case XF_OP_COMPLETE_MULTIPART_UPLOAD:
		return "%O exists already at %W, so nothing was overwritten (If-None-Match)";
	default:
		return "%O changed while it was read: start again";
	}
}

static const char *find(const char *code)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++)
		if (!strcmp(sentences[i].code, code))
			return sentences[i].sentence;
	return NULL;
}

static const char *choose(const struct xf_s3_error *e, int status, enum xf_op op)
{
	char number[16];
	snprintf(number, sizeof(number), "%d", status);
	if (status == 412 || !strcmp(e->code, "PreconditionFailed"))
		return precondition(op);
	if (status == 403 && e->no_signature)
		return "%W refuses %P on %O without a signature: leave --no-sign-request out, or give it public access";
	const char *sentence = find(e->code);
	if (!sentence && !e->message[0])
		sentence = find(number);
	return sentence ? sentence : "%W refused %P on %O: %M";
}

/* Long keys are cut: the sentence's end, which says what to do, must fit. */
static void add_clean(struct xf_buf *out, const char *text)
{
	char clean[121];
	xf_text_sanitise(clean, sizeof(clean), text, strlen(text));
	xf_buf_str(out, clean);
	if (strlen(text) >= sizeof(clean))
		xf_buf_str(out, "...");
}

static void add_object(struct xf_buf *out, const char *bucket, const char *key)
{
	if (!bucket) {
		xf_buf_str(out, "the service");
		return;
	}
	xf_buf_str(out, "s3://");
	add_clean(out, bucket);
	if (key) {
		xf_buf_char(out, '/');
		add_clean(out, key);
	}
}

/* The service's own sentence, without its full stop. */
static void add_message(struct xf_buf *out, const struct xf_s3_error *e, int status)
{
	size_t len = strlen(e->message);
	if (len && e->message[len - 1] == '.')
		len--;
	if (len)
		xf_buf_add(out, e->message, len);
	else
		xf_buf_format(out, "HTTP status %d", status);
}

void xf_s3_explain(const struct xf_s3_error *e, int status, enum xf_op op, const char *where,
		   const char *bucket, const char *key, char *buf, size_t cap)
{
	struct xf_buf out = XF_BUF_INIT;
	for (const char *c = choose(e, status, op); *c; c++) {
		if (*c != '%') {
			xf_buf_char(&out, *c);
			continue;
		}
		switch (*++c) {
		case 'B': add_clean(&out, bucket ? bucket : ""); break;
		case 'O': add_object(&out, bucket, key); break;
		case 'W': xf_buf_str(&out, where); break;
		case 'P': xf_buf_str(&out, xf_op_name(op)); break;
		case 'M': add_message(&out, e, status); break;
		case 'R':
			if (e->region[0])
				xf_buf_format(&out, ", in region %s", e->region);
			break;
		}
	}
	xf_buf_format(&out, " (%s)", e->code);
	xf_text_sanitise(buf, cap, xf_buf_text(&out), out.len);
	xf_buf_fini(&out);
}
