/*
 * errors: every error this endpoint answers with, in one table: the code S3
 * documents, its HTTP status and a sentence.
 */
#ifndef XF_ENDPOINT_ERRORS_H
#define XF_ENDPOINT_ERRORS_H

/* X(code, HTTP status, sentence) */
#define XF_EP_ERRORS(X)                                                                            \
	X(AccessDenied, 403, "Access Denied")                                                      \
	X(AuthorizationHeaderMalformed, 400, "The authorization header is malformed.")             \
	X(AuthorizationQueryParametersError, 400, "Error parsing the X-Amz-Credential parameter.") \
	X(BadDigest, 400, "The Content-MD5 you specified did not match what we received.")         \
	X(BucketAlreadyOwnedByYou, 409,                                                            \
	  "Your previous request to create the named bucket succeeded and you already own it.")    \
	X(BucketNotEmpty, 409, "The bucket you tried to delete is not empty.")                     \
	X(ConditionalRequestConflict, 409,                                                         \
	  "The conditional request cannot succeed due to a conflicting operation against this "    \
	  "resource.")                                                                             \
	X(EntityTooLarge, 400, "Your proposed upload exceeds the maximum allowed size.")           \
	X(EntityTooSmall, 400,                                                                     \
	  "Your proposed upload is smaller than the minimum allowed size.")                        \
	X(IllegalLocationConstraintException, 400,                                                 \
	  "The specified location constraint is not valid for this endpoint.")                     \
	X(IncompleteBody, 400,                                                                     \
	  "The request body terminated unexpectedly: fewer bytes came than were promised.")        \
	X(InternalError, 500, "We encountered an internal error. Please try again.")               \
	X(InvalidAccessKeyId, 403,                                                                 \
	  "The AWS Access Key Id you provided does not exist in our records.")                     \
	X(InvalidArgument, 400, "Invalid Argument")                                                \
	X(InvalidBucketName, 400, "The specified bucket is not valid.")                            \
	X(InvalidChunkSizeError, 403,                                                              \
	  "Only the last chunk is allowed to have a size less than 8192 bytes")                    \
	X(InvalidDigest, 400, "The Content-MD5 you specified is not valid.")                       \
	X(InvalidEncryptionAlgorithmError, 400,                                                    \
	  "The encryption request you specified is not valid. The valid value is AES256.")         \
	X(InvalidPart, 400,                                                                        \
	  "One or more of the specified parts could not be found. The part may not have been "     \
	  "uploaded, or the specified entity tag may not match the part's entity tag.")            \
	X(InvalidPartNumber, 416, "The requested partnumber is not satisfiable")                   \
	X(InvalidPartOrder, 400,                                                                   \
	  "The list of parts was not in ascending order. Parts must be ordered by part number.")   \
	X(InvalidPolicyDocument, 400,                                                              \
	  "The content of the form does not meet the conditions specified in the policy document.") \
	X(InvalidRange, 416, "The requested range is not satisfiable")                             \
	X(InvalidRequest, 400, "Invalid Request")                                                  \
	X(InvalidStorageClass, 400, "The storage class you specified is not valid.")               \
	X(InvalidTag, 400, "The tag provided was not a valid tag.")                                \
	X(InvalidToken, 400, "The provided token is malformed or otherwise invalid.")              \
	X(InvalidURI, 400, "Couldn't parse the specified URI.")                                    \
	X(KeyTooLongError, 400, "Your key is too long")                                            \
	X(MalformedPOSTRequest, 400,                                                               \
	  "The body of your POST request is not well-formed multipart/form-data.")                 \
	X(MalformedTrailerError, 400,                                                              \
	  "The request contained trailing data that was not well-formed or did not conform to "    \
	  "our published schema.")                                                                 \
	X(MalformedXML, 400,                                                                       \
	  "The XML you provided was not well-formed or did not validate against our published "    \
	  "schema.")                                                                               \
	X(MaxMessageLengthExceeded, 400, "Your request was too big.")                              \
	X(MaxPostPreDataLengthExceeded, 400,                                                       \
	  "Your POST request fields preceding the upload file were too large.")                    \
	X(MetadataTooLarge, 400,                                                                   \
	  "Your metadata headers exceed the maximum allowed metadata size")                        \
	X(MethodNotAllowed, 405, "The specified method is not allowed against this resource.")     \
	X(MissingContentLength, 411, "You must provide the Content-Length HTTP header.")           \
	X(NoSuchBucket, 404, "The specified bucket does not exist")                                \
	X(NoSuchBucketPolicy, 404, "The bucket policy does not exist")                             \
	X(NoSuchCORSConfiguration, 404, "The CORS configuration does not exist")                   \
	X(NoSuchKey, 404, "The specified key does not exist.")                                     \
	X(NoSuchLifecycleConfiguration, 404, "The lifecycle configuration does not exist")         \
	X(NoSuchPublicAccessBlockConfiguration, 404,                                               \
	  "The public access block configuration was not found")                                   \
	X(NoSuchTagSet, 404, "The TagSet does not exist")                                          \
	X(NoSuchUpload, 404,                                                                       \
	  "The specified upload does not exist. The upload ID may be invalid, or the upload may "  \
	  "have been aborted or completed.")                                                       \
	X(NoSuchVersion, 404, "The specified version does not exist.")                             \
	X(NoSuchWebsiteConfiguration, 404,                                                         \
	  "The specified bucket does not have a website configuration")                            \
	X(NotImplemented, 501,                                                                     \
	  "A header or query you provided implies functionality that is not implemented.")         \
	X(ObjectLockConfigurationNotFoundError, 404,                                               \
	  "Object Lock configuration does not exist for this bucket")                              \
	X(OwnershipControlsNotFoundError, 404, "The bucket ownership controls were not found")     \
	X(PreconditionFailed, 412,                                                                 \
	  "At least one of the pre-conditions you specified did not hold")                         \
	X(ReplicationConfigurationNotFoundError, 404,                                              \
	  "The replication configuration was not found")                                           \
	X(RequestHeaderSectionTooLarge, 400,                                                       \
	  "Your request header section exceeds the maximum allowed size.")                         \
	X(RequestTimeTooSkewed, 403,                                                               \
	  "The difference between the request time and the current time is too large.")            \
	X(RequestTimeout, 400,                                                                     \
	  "Your socket connection to the server was not read from or written to within the "       \
	  "timeout period.")                                                                       \
	X(ServerSideEncryptionConfigurationNotFoundError, 404,                                     \
	  "The server side encryption configuration was not found")                                \
	X(ServiceUnavailable, 503, "Service is unable to handle request.")                         \
	X(SignatureDoesNotMatch, 403,                                                              \
	  "The request signature we calculated does not match the signature you provided. Check "  \
	  "your key and signing method.")                                                          \
	X(SlowDown, 503, "Please reduce your request rate.")                                       \
	X(TooManyRequests, 429, "Please reduce your request rate.")                                \
	X(XAmzContentSHA256Mismatch, 400,                                                          \
	  "The provided 'x-amz-content-sha256' header does not match what was computed.")

/* ORDER endpoint errors */
enum xf_ep_code {
	XF_EP_NONE,
#define XF_X(code, status, sentence) XF_EP_##code,
	XF_EP_ERRORS(XF_X)
#undef XF_X
	XF_EP_CODE_COUNT
};

struct xf_ep_error_row {
	const char *code;
	unsigned status;
	const char *sentence;
};

/* The row of a code; static. */
const struct xf_ep_error_row *xf_ep_error_row(enum xf_ep_code code);

/* The code S3 would use for a bare HTTP status (503: SlowDown); XF_EP_InternalError for others. */
enum xf_ep_code xf_ep_code_of_status(unsigned status);
/* By name; XF_EP_NONE: unknown. */
enum xf_ep_code xf_ep_code_of_name(const char *name);

#endif
