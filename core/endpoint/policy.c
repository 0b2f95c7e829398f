/* policy: see policy.h. */
#include "core/endpoint/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "core/endpoint/text.h"
#include "core/s3/encode.h"

struct form {
	const struct xf_headers *fields;
	const char *bucket;
};

static bool refuse(struct xf_ep_policy *p, enum xf_ep_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool refuse(struct xf_ep_policy *p, enum xf_ep_code code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	p->code = code;
	vsnprintf(p->message, sizeof(p->message), format, args);
	va_end(args);
	return false;
}

static bool malformed(struct xf_ep_policy *p, const char *why)
{
	return refuse(p, XF_EP_InvalidPolicyDocument, "Invalid Policy: %s", why);
}

/* ---- the document */

static json_t *parse(const char *base64)
{
	size_t cap = strlen(base64) + 1, len = 0;
	char *text = malloc(cap);
	json_t *document = NULL;

	if (text && xf_base64_decode(text, cap, &len, base64))
		document = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return document;
}

/* "2026-11-30T12:00:00Z", or with milliseconds; in milliseconds; -1: neither. */
static int64_t moment(const char *text)
{
	char plain[32];
	size_t len = strlen(text);
	unsigned ms = 0;

	if (len == 24 && text[19] == '.' && text[23] == 'Z' && strspn(text + 20, "0123456789") == 3)
		ms = (unsigned)strtoul(text + 20, NULL, 10);
	else if (len != 20 || text[19] != 'Z')
		return -1;
	snprintf(plain, sizeof(plain), "%.19sZ", text);
	int64_t seconds = plain[4] == '-' ? xf_ep_date_parse(plain) : -1;
	return seconds < 0 ? -1 : seconds * 1000 + ms;
}

static bool check_members(struct xf_ep_policy *p, const json_t *document)
{
	void *at = json_object_iter((json_t *)(uintptr_t)document);

	for (; at; at = json_object_iter_next((json_t *)(uintptr_t)document, at)) {
		const char *name = json_object_iter_key(at);
		if (strcmp(name, "expiration") != 0 && strcmp(name, "conditions") != 0)
			return refuse(p, XF_EP_InvalidPolicyDocument, "Invalid Policy: Unexpected: '%.100s'", name);
	}
	return true;
}

static bool check_expiration(struct xf_ep_policy *p, const json_t *value, int64_t now_ms)
{
	const char *text = json_string_value(value);

	if (!value)
		return malformed(p, "Policy missing expiration.");
	if (!text || moment(text) < 0)
		return refuse(p, XF_EP_InvalidPolicyDocument, "Invalid Policy: Invalid 'expiration' value: '%.100s'",
			      text ? text : "");
	if (moment(text) < now_ms)
		return refuse(p, XF_EP_AccessDenied, "Invalid according to Policy: Policy expired.");
	return true;
}

/* ---- conditions */

/* It does not hold; simple ones are shown as "eq", too. */
static bool failed(struct xf_ep_policy *p, const json_t *condition)
{
	char *text = json_dumps(condition, 0);

	refuse(p, XF_EP_AccessDenied, "Invalid according to Policy: Policy Condition failed: %s", text ? text : "");
	free(text);
	return false;
}

static const char *value_of(const struct form *form, const char *name)
{
	return !strcasecmp(name, "bucket") ? form->bucket : xf_headers_get(form->fields, name);
}

static bool begins(const char *value, const char *prefix)
{
	return !strncmp(value, prefix, strlen(prefix));
}

/* Of a Content-Type every member of a list has to begin so. */
static bool all_begin(const char *value, const char *prefix)
{
	for (bool more = true; more; value++) {
		value += strspn(value, " ");
		if (!begins(value, prefix))
			return false;
		value += strcspn(value, ",");
		more = *value == ',';
	}
	return true;
}

static bool holds(const struct form *form, const char *operation, const char *name, const char *expected)
{
	const char *value = value_of(form, name);

	if (!value)
		return false;
	if (!strcasecmp(operation, "eq"))
		return !strcmp(value, expected);
	return strcasecmp(name, "content-type") != 0 ? begins(value, expected) : all_begin(value, expected);
}

static bool check_simple(struct xf_ep_policy *p, const struct form *form, json_t *condition)
{
	void *at = json_object_iter(condition);
	const char *name = at ? json_object_iter_key(at) : NULL;
	const char *value = at ? json_string_value(json_object_iter_value(at)) : NULL;

	if (json_object_size(condition) != 1)
		return malformed(p, "Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.");
	if (!value)
		return malformed(p, "Invalid Simple-Condition: value must be a string.");
	if (holds(form, "eq", name, value))
		return true;
	json_t *shown = json_array();
	char dollar[128];
	snprintf(dollar, sizeof(dollar), "$%.120s", name);
	json_array_append_new(shown, json_string("eq"));
	json_array_append_new(shown, json_string(dollar));
	json_array_append_new(shown, json_string(value));
	failed(p, shown);
	json_decref(shown);
	return false;
}

/* A whole number, or one in a text. */
static bool number(const json_t *value, uint64_t *out)
{
	if (json_is_integer(value))
		*out = (uint64_t)json_integer_value(value);
	return json_is_integer(value) || (json_is_string(value) && xf_ep_number(json_string_value(value), UINT64_MAX, out));
}

static bool check_range(struct xf_ep_policy *p, const json_t *condition)
{
	const json_t *low = json_array_get(condition, 1), *high = json_array_get(condition, 2);
	uint64_t least, most;

	if (json_array_size(condition) != 3)
		return malformed(p, "Invalid content-length-range: wrong number of arguments.");
	if (json_is_real(low) || json_is_real(high) || json_integer_value(low) < 0 || json_integer_value(high) < 0)
		return malformed(p, "Invalid JSON.");
	if (!number(low, &least) || !number(high, &most))
		return failed(p, condition);
	p->least = least > p->least ? least : p->least;
	p->most = most < p->most ? most : p->most;
	return true;
}

static bool check_listed(struct xf_ep_policy *p, const struct form *form, const json_t *condition)
{
	const char *operation = json_string_value(json_array_get(condition, 0));
	const char *name = json_string_value(json_array_get(condition, 1));
	const char *value = json_string_value(json_array_get(condition, 2));

	if (!operation)
		return malformed(p, "Invalid Condition: missing operation identifier.");
	if (!strcasecmp(operation, "content-length-range"))
		return check_range(p, condition);
	if (strcasecmp(operation, "eq") != 0 && strcasecmp(operation, "starts-with") != 0)
		return refuse(p, XF_EP_InvalidPolicyDocument, "Invalid Policy: Invalid Condition: unknown operation '%.100s'.",
			      operation);
	if (json_array_size(condition) != 3)
		return refuse(p, XF_EP_InvalidPolicyDocument, "Invalid Policy: Invalid %s: wrong number of arguments.", operation);
	if (!name || !value)
		return malformed(p, "Invalid JSON.");
	return (name[0] == '$' && holds(form, operation, name + 1, value)) || failed(p, condition);
}

static bool check_conditions(struct xf_ep_policy *p, const struct form *form, const json_t *list)
{
	if (!list)
		return malformed(p, "Policy missing conditions.");
	if (!json_is_array(list))
		return malformed(p, "Invalid 'conditions' value: must be a List.");
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *each = json_array_get(list, i);
		if (!json_is_object(each) && !json_is_array(each))
			return malformed(p, "Invalid condition test: must be a List or Object.");
		if (!(json_is_object(each) ? check_simple(p, form, each) : check_listed(p, form, each)))
			return false;
	}
	return true;
}

/* ---- what no condition speaks of */

static bool is_named(const json_t *list, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *each = json_array_get(list, i);
		const char *second = json_string_value(json_array_get(each, 1));
		void *at = json_object_iter(each);
		if (at ? !strcasecmp(json_object_iter_key(at), name) : second && second[0] == '$' && !strcasecmp(second + 1, name))
			return true;
	}
	return false;
}

static bool needs_none(const char *name)
{
	static const char *const names[] = { "policy", "x-amz-signature", "signature", "awsaccesskeyid" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcasecmp(names[i], name))
			return true;
	return !strncasecmp(name, "x-ignore-", 9);
}

static bool check_covered(struct xf_ep_policy *p, const struct form *form, const json_t *list)
{
	const char *extra = is_named(list, "bucket") ? NULL : "bucket";

	for (size_t i = 0; i < form->fields->nr && !extra; i++) {
		const char *name = form->fields->items[i].name;
		if (!needs_none(name) && !is_named(list, name))
			extra = name;
	}
	return !extra || refuse(p, XF_EP_AccessDenied, "Invalid according to Policy: Extra input fields: %.100s", extra);
}

bool xf_ep_policy_check(struct xf_ep_policy *p, const char *base64, const struct xf_headers *fields,
			const char *bucket, int64_t now_ms)
{
	const struct form form = { fields, bucket };
	json_t *document = parse(base64), *list = json_object_get(document, "conditions");
	bool good;

	*p = (struct xf_ep_policy){ .most = UINT64_MAX };
	if (!json_is_object(document))
		good = malformed(p, "Invalid JSON.");
	else
		good = check_members(p, document) &&
		       check_expiration(p, json_object_get(document, "expiration"), now_ms) &&
		       check_conditions(p, &form, list) && check_covered(p, &form, list);
	json_decref(document);
	return good;
}
