#include "core/s3/provider.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static enum xf_status partial(struct xf_error *err, const char *where, const char *missing)
{
	return xf_fail(err, XF_CREDENTIALS, "half a pair of keys in %s: %s is missing", where, missing);
}

/* ---- time */

/* What follows the seconds: a fraction, which is dropped, and an offset in minutes. */
static bool zone_parse(int *minutes, const char *text)
{
	int hour = 0, minute = 0, end = 0;
	*minutes = 0;
	if (*text == '.')
		text += 1 + strspn(text + 1, "0123456789");
	if (!*text || !strcmp(text, "Z"))
		return true;
	if ((*text != '+' && *text != '-') || sscanf(text + 1, "%2d:%2d%n", &hour, &minute, &end) != 2 || text[1 + end])
		return false;
	*minutes = (hour * 60 + minute) * (*text == '-' ? -1 : 1);
	return true;
}

bool xf_expiry_parse(int64_t *out, const char *text)
{
	struct tm tm = { 0 };
	int end = 0, minutes;
	char between;
	if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &between, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec, &end) != 7 || !end || (between != 'T' && between != ' '))
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || !zone_parse(&minutes, text + end))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*out = (int64_t)timegm(&tm) - 60 * minutes;
	return true;
}

/* ---- environment */

enum xf_status xf_provide_env(const struct xf_credentials **out, const struct xf_credential_options *o,
			      struct xf_error *err)
{
	const struct xf_env *env = xf_config_env(o->config);
	const char *expiry = xf_env_get(env, "AWS_CREDENTIAL_EXPIRATION");
	struct xf_credentials c = { .access_key = xf_env_get(env, "AWS_ACCESS_KEY_ID"), .method = "env" };
	if (!c.access_key || xf_config_profile_explicit(o->config))
		return XF_NOT_FOUND;
	c.secret_key = xf_env_get(env, "AWS_SECRET_ACCESS_KEY");
	if (!c.secret_key)
		return partial(err, "the environment", "AWS_SECRET_ACCESS_KEY");
	c.session_token = xf_env_get(env, "AWS_SECURITY_TOKEN");
	if (!c.session_token)
		c.session_token = xf_env_get(env, "AWS_SESSION_TOKEN");
	if (expiry && !xf_expiry_parse(&c.expires_at, expiry))
		return xf_fail(err, XF_CREDENTIALS, "AWS_CREDENTIAL_EXPIRATION is not a time like 2013-05-24T00:00:00Z");
	return xf_credentials_make(out, &c, err);
}

/* ---- what would need a token service */

static enum xf_status unsupported(const struct xf_credential_options *o, const char *what, struct xf_error *err)
{
	char profile[64];
	const char *name = xf_config_profile(o->config);
	xf_text_sanitise(profile, sizeof(profile), name, strlen(name));
	return xf_fail(err, XF_UNSUPPORTED,
		       "%s is not supported; `aws configure export-credentials --profile %s --format process` as "
		       "credential_process does it", what, profile);
}

enum xf_status xf_provide_role(const struct xf_credentials **out, const struct xf_credential_options *o,
			       struct xf_error *err)
{
	const struct xf_env *env = xf_config_env(o->config);
	(void)out;
	if (xf_config_get(o->config, NULL, "role_arn"))
		return unsupported(o, "a profile that assumes a role (role_arn)", err);
	if (xf_config_get(o->config, NULL, "sso_start_url") || xf_config_get(o->config, NULL, "sso_session"))
		return unsupported(o, "a profile with single sign-on (sso_…)", err);
	if (xf_env_get(env, "AWS_WEB_IDENTITY_TOKEN_FILE") && xf_env_get(env, "AWS_ROLE_ARN") &&
	    !xf_config_profile_explicit(o->config))
		return unsupported(o, "a web identity (AWS_WEB_IDENTITY_TOKEN_FILE)", err);
	return XF_NOT_FOUND;
}

/* ---- the two files */

typedef const char *(*get_fn)(const struct xf_config *config, const char *key);

static enum xf_status from_file(const struct xf_credentials **out, const struct xf_config *config, get_fn get,
				const char *method, const char *where, struct xf_error *err)
{
	struct xf_credentials c = {
		.access_key = get(config, "aws_access_key_id"),
		.secret_key = get(config, "aws_secret_access_key"),
		.session_token = get(config, "aws_security_token"),
		.method = method,
	};
	if (!c.access_key)
		return XF_NOT_FOUND;
	if (!*c.access_key)
		return partial(err, where, "aws_access_key_id");
	if (!c.secret_key || !*c.secret_key)
		return partial(err, where, "aws_secret_access_key");
	if (!c.session_token)
		c.session_token = get(config, "aws_session_token");
	return xf_credentials_make(out, &c, err);
}

enum xf_status xf_provide_credentials_file(const struct xf_credentials **out,
					   const struct xf_credential_options *o, struct xf_error *err)
{
	return from_file(out, o->config, xf_config_get_credentials_file, "shared-credentials-file",
			 "the credentials file", err);
}

enum xf_status xf_provide_config_file(const struct xf_credentials **out,
				      const struct xf_credential_options *o, struct xf_error *err)
{
	return from_file(out, o->config, xf_config_get_config_file, "config-file", "the config file", err);
}
