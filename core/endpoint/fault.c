/* fault: see fault.h. */
#include "core/endpoint/fault.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/endpoint/errors.h"
#include "core/endpoint/text.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/* digits [ "." digits ] unit */
static bool parse_amount(const char *text, const struct unit *units, size_t nr_units, uint64_t *out)
{
	size_t whole = strspn(text, "0123456789"), fraction = 0;

	if (text[whole] == '.')
		fraction = 1 + strspn(text + whole + 1, "0123456789");
	if (!whole || whole > 15 || fraction == 1 || fraction > 10)
		return false;
	for (size_t i = 0; i < nr_units; i++) {
		if (strcasecmp(text + whole + fraction, units[i].name) != 0)
			continue;
		char number[32];
		snprintf(number, sizeof(number), "%.*s", (int)(whole + fraction), text);
		/* read by hand: strtod() would follow the locale */
		uint64_t value = strtoull(number, NULL, 10);
		if (value > UINT64_MAX / 2 / units[i].factor)
			return false;
		*out = value * units[i].factor;
		uint64_t place = units[i].factor;
		for (size_t k = 1; k < fraction; k++) {
			place /= 10;
			*out += (uint64_t)(text[whole + k] - '0') * place;
		}
		return true;
	}
	return false;
}

bool xf_ep_parse_duration(const char *text, uint64_t *ns)
{
	static const struct unit units[] = {
		{ "ns", 1 }, { "us", 1000 }, { "ms", 1000000 }, { "s", 1000000000 },
		{ "", 1000000000 }, { "m", 60000000000 }, { "min", 60000000000 },
		{ "h", 3600000000000 },
	};

	return parse_amount(text, units, sizeof(units) / sizeof(*units), ns);
}

bool xf_ep_parse_size(const char *text, uint64_t *bytes)
{
	static const struct unit units[] = {
		{ "", 1 }, { "B", 1 },
		{ "K", 1 << 10 }, { "KB", 1 << 10 }, { "KiB", 1 << 10 },
		{ "M", 1 << 20 }, { "MB", 1 << 20 }, { "MiB", 1 << 20 },
		{ "G", 1 << 30 }, { "GB", 1 << 30 }, { "GiB", 1 << 30 },
		{ "T", 1ull << 40 }, { "TB", 1ull << 40 }, { "TiB", 1ull << 40 },
	};
	char copy[32];
	size_t len = strlen(text);

	/* "50MB/s" is what people write of a rate */
	if (len > 2 && !strcasecmp(text + len - 2, "/s"))
		len -= 2;
	if (len >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)len, text);
	return parse_amount(copy, units, sizeof(units) / sizeof(*units), bytes);
}

/* ---- the words of a rule: one row each */

/* False: the value is not allowed. value is NULL for a bare word. */
typedef bool (*word_fn)(struct xf_ep_fault *f, const char *value);

static bool word_part(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_number(value, 10000, &f->part) && f->part > 0;
}

static bool word_op(struct xf_ep_fault *f, const char *value)
{
	for (size_t i = 0; value && xf_ep_op_words[i]; i++) {
		if (strcasecmp(value, xf_ep_op_words[i]) != 0)
			continue;
		snprintf(f->op, sizeof(f->op), "%s", xf_ep_op_words[i]);
		return true;
	}
	return false;
}

static bool word_key(struct xf_ep_fault *f, const char *value)
{
	free(f->key);
	f->key = value && *value ? strdup(value) : NULL;
	return f->key != NULL;
}

static bool word_times(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_number(value, UINT32_MAX, &f->times) && f->times > 0;
}

static bool word_after(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_number(value, UINT32_MAX, &f->after);
}

static bool word_hold(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_parse_duration(value, &f->harm.hold_ns);
}

static bool word_latency(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_parse_duration(value, &f->harm.latency_ns);
}

static bool word_bandwidth(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_parse_size(value, &f->harm.bandwidth) && f->harm.bandwidth > 0;
}

static bool word_status(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_number(value, 599, &f->harm.status) && f->harm.status >= 300;
}

static bool word_code(struct xf_ep_fault *f, const char *value)
{
	if (!value || !*value || strlen(value) >= sizeof(f->harm.code) ||
	    strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.") !=
		    strlen(value))
		return false;
	snprintf(f->harm.code, sizeof(f->harm.code), "%s", value);
	return true;
}

static bool word_retry_after(struct xf_ep_fault *f, const char *value)
{
	return value && xf_ep_number(value, 86400, &f->harm.retry_after_s);
}

static bool parse_when(enum xf_ep_when *when, const char *value)
{
	if (!value || !strcmp(value, "end"))
		*when = XF_EP_END;
	else if (!strcmp(value, "mid"))
		*when = XF_EP_MID;
	else if (!strcmp(value, "start"))
		*when = XF_EP_START;
	else
		return false;
	return true;
}

static bool word_reset(struct xf_ep_fault *f, const char *value)
{
	return parse_when(&f->harm.reset, value);
}

static bool word_stall(struct xf_ep_fault *f, const char *value)
{
	return parse_when(&f->harm.stall, value);
}

#define FLAG(field)                                                                                \
	static bool word_##field(struct xf_ep_fault *f, const char *value)                         \
	{                                                                                          \
		f->harm.field = true;                                                              \
		return value == NULL;                                                              \
	}
FLAG(truncate)
FLAG(error200)
FLAG(noetag)
FLAG(badsum)
FLAG(early)
FLAG(no_continue)

static const struct word {
	const char *name;
	word_fn set;
	const char *allowed; /* for the message */
	bool acts;           /* it does something to a request; else it selects or qualifies */
} words[] = {
	{ "part", word_part, "part=1 to part=10000", false },
	{ "op", word_op, NULL, false },
	{ "key", word_key, "key=GLOB", false },
	{ "times", word_times, "times=N, N from 1", false },
	{ "after", word_after, "after=N", false },
	{ "hold", word_hold, "hold=DURATION, such as 2s or 200ms", true },
	{ "latency", word_latency, "latency=DURATION, such as 20ms", true },
	{ "bandwidth", word_bandwidth, "bandwidth=BYTES a second, such as 50MB", true },
	{ "status", word_status, "status=300 to status=599", true },
	{ "code", word_code, "code=NAME, an S3 error code", false },
	{ "retry-after", word_retry_after, "retry-after=SECONDS", false },
	{ "reset", word_reset, "reset, reset=start, reset=mid or reset=end", true },
	{ "stall", word_stall, "stall, stall=start, stall=mid or stall=end", true },
	{ "truncate", word_truncate, "truncate, without a value", true },
	{ "error200", word_error200, "error200, without a value", true },
	{ "noetag", word_noetag, "noetag, without a value", true },
	{ "badsum", word_badsum, "badsum, without a value", true },
	{ "early", word_early, "early, without a value", true },
	{ "no-continue", word_no_continue, "no-continue, without a value", true },
};
enum { NR_WORDS = sizeof(words) / sizeof(*words) };

static const struct word *find_word(const char *name, size_t len)
{
	for (size_t i = 0; i < NR_WORDS; i++)
		if (strlen(words[i].name) == len && !strncmp(words[i].name, name, len))
			return &words[i];
	return NULL;
}

static void list_words(char *out, size_t cap)
{
	size_t len = 0;

	for (size_t i = 0; i < NR_WORDS && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, "%s%s", i ? " " : "", words[i].name);
}

static void list_ops(char *out, size_t cap)
{
	size_t len = (size_t)snprintf(out, cap, "op= one of");

	/* the short names stand first, then S3's, which begin with a capital */
	for (size_t i = 0; xf_ep_op_words[i] && xf_ep_op_words[i][0] >= 'a' && len < cap; i++)
		len += (size_t)snprintf(out + len, cap - len, " %s", xf_ep_op_words[i]);
}

static enum xf_status parse_word(struct xf_ep_fault *f, const char *rule, const char *word,
				 size_t len, bool *acts, struct xf_error *err)
{
	size_t name = strcspn(word, "=,");
	const struct word *row = find_word(word, name < len ? name : len);
	char value[256], allowed[300];

	if (!row) {
		list_words(allowed, sizeof(allowed));
		return xf_fail(err, XF_INVALID, "fault rule \"%.60s\": unknown word \"%.*s\"; known are %s",
			       rule, (int)(len < 40 ? len : 40), word, allowed);
	}
	snprintf(value, sizeof(value), "%.*s", name < len ? (int)(len - name - 1) : 0,
		 word + (name < len ? name + 1 : len));
	*acts |= row->acts;
	if (row->set(f, name < len ? value : NULL))
		return XF_OK;
	if (row->allowed)
		snprintf(allowed, sizeof(allowed), "%s", row->allowed);
	else
		list_ops(allowed, sizeof(allowed));
	return xf_fail(err, XF_INVALID, "fault rule \"%.60s\": \"%.*s\" is not valid; allowed: %s", rule,
		       (int)(len < 40 ? len : 40), word, allowed);
}

enum xf_status xf_ep_fault_parse(struct xf_ep_fault *out, const char *rule, struct xf_error *err)
{
	bool acts = false;
	enum xf_status status = XF_OK;

	*out = (struct xf_ep_fault){ 0 };
	for (const char *at = rule; !status;) {
		size_t len = strcspn(at, ",");
		status = parse_word(out, rule, at, len, &acts, err);
		if (!at[len])
			break;
		at += len + 1;
	}
	if (!status && !acts)
		status = xf_fail(err, XF_INVALID,
				 "fault rule \"%.60s\" does nothing: add hold, latency, bandwidth, status, "
				 "reset, stall, truncate, error200, noetag, badsum, early or no-continue",
				 rule);
	if (status) {
		free(out->key);
		*out = (struct xf_ep_fault){ 0 };
		return status;
	}
	if (out->harm.early && !out->harm.status && !out->harm.reset)
		out->harm.status = 503;
	pthread_mutex_init(&out->lock, NULL);
	return XF_OK;
}

void xf_ep_fault_fini(struct xf_ep_fault *f)
{
	free(f->key);
	pthread_mutex_destroy(&f->lock);
}

/* ---- matching */

static bool matches(const struct xf_ep_fault *f, const struct xf_ep_fault_subject *s)
{
	if (f->part && f->part != s->part)
		return false;
	if (*f->op && strcmp(f->op, s->op) != 0 && strcmp(f->op, s->op_short) != 0)
		return false;
	return !f->key || fnmatch(f->key, s->key, 0) == 0;
}

/* One more that matches: is it its turn? */
static bool turn(struct xf_ep_fault *f)
{
	pthread_mutex_lock(&f->lock);
	uint64_t n = f->seen++;
	pthread_mutex_unlock(&f->lock);
	return n >= f->after && (!f->times || n - f->after < f->times);
}

static void merge(struct xf_ep_harm *to, struct xf_ep_fault *f)
{
	const struct xf_ep_harm *from = &f->harm;

	to->hold_ns = to->hold_ns ? to->hold_ns : from->hold_ns;
	to->latency_ns = to->latency_ns ? to->latency_ns : from->latency_ns;
	if (!to->bandwidth && from->bandwidth) {
		to->bandwidth = from->bandwidth;
		to->pace = f;
	}
	if (!to->status && from->status) {
		to->status = from->status;
		to->retry_after_s = from->retry_after_s;
	}
	if (!*to->code)
		snprintf(to->code, sizeof(to->code), "%s", from->code);
	to->reset = to->reset ? to->reset : from->reset;
	to->stall = to->stall ? to->stall : from->stall;
	to->truncate |= from->truncate;
	to->error200 |= from->error200;
	to->noetag |= from->noetag;
	to->badsum |= from->badsum;
	to->early |= from->early;
	to->no_continue |= from->no_continue;
}

void xf_ep_fault_match(struct xf_ep_fault *rules, size_t count,
		       const struct xf_ep_fault_subject *subject, struct xf_ep_harm *harm)
{
	for (size_t i = 0; i < count; i++)
		if (matches(&rules[i], subject) && turn(&rules[i]))
			merge(harm, &rules[i]);
}

uint64_t xf_ep_fault_pace(struct xf_ep_fault *rule, uint64_t bytes, uint64_t since_ns, uint64_t now_ns)
{
	enum { MADE_UP_NS = 50000000 };
	uint64_t cost = (uint64_t)((double)bytes * 1e9 / (double)rule->harm.bandwidth), wait;
	uint64_t idle_ns = now_ns > since_ns ? now_ns - since_ns : 0;
	uint64_t from_ns = now_ns - (idle_ns < MADE_UP_NS ? idle_ns : MADE_UP_NS);

	pthread_mutex_lock(&rule->lock);
	if (rule->free_at_ns < from_ns)
		rule->free_at_ns = from_ns;
	rule->free_at_ns += cost;
	wait = rule->free_at_ns > now_ns ? rule->free_at_ns - now_ns : 0;
	pthread_mutex_unlock(&rule->lock);
	return wait;
}
