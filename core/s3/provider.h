/*
 * provider: the places where credentials are looked for, one function a place.
 *
 * Inside this room only: credentials.c owns the order, the refresh and the
 * threads; a provider just looks, on the calling thread, with no lock held.
 */
#ifndef XF_S3_PROVIDER_H
#define XF_S3_PROVIDER_H

#include "core/s3/credentials.h"

/*
 * XF_OK: *out is the caller's. XF_NOT_FOUND without an error: nothing here, look
 * on. Anything else ends the search.
 */
typedef enum xf_status (*xf_provider_fn)(const struct xf_credentials **out,
					 const struct xf_credential_options *o, struct xf_error *err);

enum xf_status xf_provide_env(const struct xf_credentials **out, const struct xf_credential_options *o,
			      struct xf_error *err);
/* What needs a token service (role_arn, web identity, single sign-on): always XF_UNSUPPORTED or XF_NOT_FOUND. */
enum xf_status xf_provide_role(const struct xf_credentials **out, const struct xf_credential_options *o,
			       struct xf_error *err);
enum xf_status xf_provide_credentials_file(const struct xf_credentials **out,
					   const struct xf_credential_options *o, struct xf_error *err);
enum xf_status xf_provide_config_file(const struct xf_credentials **out,
				      const struct xf_credential_options *o, struct xf_error *err);
enum xf_status xf_provide_process(const struct xf_credentials **out,
				  const struct xf_credential_options *o, struct xf_error *err);
enum xf_status xf_provide_container(const struct xf_credentials **out,
				    const struct xf_credential_options *o, struct xf_error *err);
enum xf_status xf_provide_metadata(const struct xf_credentials **out,
				   const struct xf_credential_options *o, struct xf_error *err);

/* Seconds since 1970, by the options' clock. */
int64_t xf_credential_now(const struct xf_credential_options *o);

/* A snapshot with one reference. token and expires_at may be NULL and 0. Errors: XF_NOMEM. */
enum xf_status xf_credentials_make(const struct xf_credentials **out, const struct xf_credentials *from,
				   struct xf_error *err);

/* "2013-05-24T00:00:00Z", with a fraction or an offset perhaps. */
bool xf_expiry_parse(int64_t *out, const char *text);

/* What differs between the JSON documents. */
struct xf_credential_json {
	const char *method;
	const char *token;      /* "Token", "SessionToken" */
	bool versioned;         /* has "Version": 1 */
	bool full;              /* token and expiration must be there */
};

/*
 * Reads credentials out of a document (NULL: an empty one), which is wiped. Errors: XF_CREDENTIALS, with
 * what is missing but nothing of what is there; XF_NOMEM.
 */
enum xf_status xf_credentials_from_json(const struct xf_credentials **out, char *text, size_t len,
					const struct xf_credential_json *form, struct xf_error *err);

#endif
