/* The one document that credential_process and both endpoints speak. */
#include <jansson.h>
#include <string.h>

#include "core/s3/provider.h"

static const char *text_of(const json_t *root, const char *key)
{
	const char *text = json_string_value(json_object_get(root, key));
	return text && *text ? text : NULL;
}

/* jansson frees what it holds without wiping it. */
static void wipe(const json_t *root, const char *key)
{
	json_t *value = json_object_get(root, key);
	if (json_is_string(value))
		explicit_bzero((char *)(uintptr_t)json_string_value(value), json_string_length(value));
}

static enum xf_status missing(struct xf_error *err, const char *method, const char *key)
{
	return xf_fail(err, XF_CREDENTIALS, "the credentials from %s have no %s", method, key);
}

/* The metadata services answer errors with status 200, a Code and a Message; the Code may be shown. */
static enum xf_status refused(const json_t *root, const char *method, struct xf_error *err)
{
	const char *code = text_of(root, "Code");
	char shown[48];
	if (!code || !strcmp(code, "Success") || text_of(root, "AccessKeyId"))
		return XF_OK;
	xf_text_sanitise(shown, sizeof(shown), code, strlen(code));
	return xf_fail(err, XF_CREDENTIALS, "%s answered with the error %s", method, shown);
}

static enum xf_status read_object(const struct xf_credentials **out, const json_t *root,
				  const struct xf_credential_json *form, struct xf_error *err)
{
	const char *expiry = text_of(root, "Expiration");
	struct xf_credentials c = {
		.access_key = text_of(root, "AccessKeyId"),
		.secret_key = text_of(root, "SecretAccessKey"),
		.session_token = text_of(root, form->token),
		.method = form->method,
	};
	if (form->versioned && json_integer_value(json_object_get(root, "Version")) != 1)
		return xf_fail(err, XF_CREDENTIALS, "the credentials from %s are not of Version 1", form->method);
	if (refused(root, form->method, err))
		return XF_CREDENTIALS;
	if (!c.access_key)
		return missing(err, form->method, "AccessKeyId");
	if (!c.secret_key)
		return missing(err, form->method, "SecretAccessKey");
	if (form->full && !c.session_token)
		return missing(err, form->method, form->token);
	if (form->full && !expiry)
		return missing(err, form->method, "Expiration");
	if (expiry && !xf_expiry_parse(&c.expires_at, expiry))
		return xf_fail(err, XF_CREDENTIALS, "the Expiration of the credentials from %s is not a time", form->method);
	return xf_credentials_make(out, &c, err);
}

enum xf_status xf_credentials_from_json(const struct xf_credentials **out, char *text, size_t len,
					const struct xf_credential_json *form, struct xf_error *err)
{
	json_t *root = text ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	enum xf_status status = XF_CREDENTIALS;
	*out = NULL;
	if (text)
		explicit_bzero(text, len);
	if (json_is_object(root))
		status = read_object(out, root, form, err);
	else
		xf_fail(err, XF_CREDENTIALS, "the credentials from %s are not a JSON object", form->method);
	wipe(root, "SecretAccessKey");
	wipe(root, form->token);
	json_decref(root);
	return status;
}
