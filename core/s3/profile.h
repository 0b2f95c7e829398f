/*
 * profile: what ~/.aws/config, ~/.aws/credentials and the environment say,
 * read as botocore and the AWS CLI read it.
 *
 * Two steps. xf_config_load() reads the files and picks the profile;
 * xf_settings_resolve() turns them and the environment into typed values, for
 * each the first of: environment, profile, nothing (`…_set` false, NULL or 0:
 * the caller's default holds). Flags stand before all that and are the caller's.
 *
 * Sections of the config file (ini.h): [default], [profile NAME], [services NAME];
 * of the credentials file: the profile's bare name. A profile's value in the
 * credentials file wins over the same in the config file.
 *
 * The environment is handed in as a function, so that tests need no setenv.
 */
#ifndef XF_S3_PROFILE_H
#define XF_S3_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/event/status.h"

/* Looks a variable up; NULL when unset. The value is borrowed until the next change of it. */
typedef const char *(*xf_env_fn)(void *ctx, const char *name);

struct xf_env {
	xf_env_fn get;
	void *ctx;
};

/* This process' environment. */
extern const struct xf_env xf_env_process;

/* The value of a variable, or NULL when it is unset or empty. */
const char *xf_env_get(const struct xf_env *env, const char *name);

/* ---- both files and the profile */

struct xf_config;

/*
 * Reads both files (AWS_CONFIG_FILE, AWS_SHARED_CREDENTIALS_FILE, else below
 * ~/.aws; a leading `~/` is expanded). A missing file is empty, and so is one in
 * the default place that may not be read; one that was named and may not be read is an
 * error. The profile: the argument, else AWS_DEFAULT_PROFILE, else AWS_PROFILE
 * (botocore's order), else "default". env is copied; its context is borrowed for
 * the life of *out. Yours: xf_config_free(), which wipes.
 *
 * Errors: XF_NOT_FOUND (a profile that was asked for and is in neither file), XF_FORMAT,
 * XF_DENIED, XF_IO, XF_NOMEM.
 */
enum xf_status xf_config_load(struct xf_config **out, const char *profile, const struct xf_env *env,
			      struct xf_error *err);
/* The same from text: for tests and fuzzing. Either may be NULL. */
enum xf_status xf_config_parse(struct xf_config **out, const char *config, const char *credentials,
			       const char *profile, const struct xf_env *env, struct xf_error *err);
void xf_config_free(struct xf_config *config);

const char *xf_config_profile(const struct xf_config *config);
/* Was it given as an argument? Then keys in the environment do not count (botocore). */
bool xf_config_profile_explicit(const struct xf_config *config);
const struct xf_env *xf_config_env(const struct xf_config *config);

/* A value of the profile, both files merged; NULL when absent. sub: as xf_ini_get(). */
const char *xf_config_get(const struct xf_config *config, const char *sub, const char *key);
/* The same from one file alone, for the credential providers. */
const char *xf_config_get_config_file(const struct xf_config *config, const char *key);
const char *xf_config_get_credentials_file(const struct xf_config *config, const char *key);

/* ---- typed */

enum xf_addressing { XF_ADDRESSING_AUTO, XF_ADDRESSING_PATH, XF_ADDRESSING_VIRTUAL };
enum xf_retry_mode { XF_RETRY_LEGACY, XF_RETRY_STANDARD, XF_RETRY_ADAPTIVE };
enum xf_when { XF_WHEN_SUPPORTED, XF_WHEN_REQUIRED };
enum xf_maybe { XF_UNSET, XF_NO, XF_YES };

/* Strings are NULL when unset and live as long as the config. Numbers 0 when unset. */
struct xf_settings {
	const char *region;            /* AWS_REGION, AWS_DEFAULT_REGION, region */
	const char *endpoint_url;      /* AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, services s3, profile */
	const char *ca_bundle;         /* AWS_CA_BUNDLE, ca_bundle, REQUESTS_CA_BUNDLE */
	uint32_t max_attempts;         /* tries in total: AWS_MAX_ATTEMPTS, max_attempts */
	enum xf_retry_mode retry_mode;
	enum xf_when request_checksum; /* AWS_REQUEST_CHECKSUM_CALCULATION, request_checksum_calculation */
	enum xf_when response_checksum;
	enum xf_addressing addressing; /* s3 / addressing_style */
	enum xf_maybe payload_signing; /* s3 / payload_signing_enabled */
	enum xf_maybe use_dualstack;
	enum xf_maybe use_accelerate;
	/* the AWS CLI's s3 section: boto3 does not read these */
	uint64_t multipart_threshold;  /* bytes */
	uint64_t multipart_chunksize;  /* bytes */
	uint64_t max_bandwidth;        /* bytes a second */
	uint32_t max_concurrent_requests;
	uint32_t max_queue_size;
};

/*
 * Errors: XF_INVALID: a value that is not one of those allowed, a number that is
 * none, a `services` that names a section that does not exist; the message names
 * the variable or key.
 */
enum xf_status xf_settings_resolve(struct xf_settings *out, const struct xf_config *config,
				   struct xf_error *err);

/*
 * "8MB", "8MiB", "8388608", case-insensitive: powers of two, as the AWS CLI has it;
 * rate: "50MB/s", "1Mb/s" (bits). XF_INVALID.
 */
enum xf_status xf_size_parse(uint64_t *out, const char *text);
enum xf_status xf_rate_parse(uint64_t *out, const char *text);

#endif
