#include "core/s3/credentials.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/s3/provider.h"
#include "core/sync/sync.h"

enum {
	ADVISORY_S = 15 * 60,  /* botocore's two windows before the end */
	MANDATORY_S = 10 * 60,
};

/* ---- snapshots */

struct snapshot {
	struct xf_credentials public;
	atomic_uint references;
	size_t len;
	char text[];   /* the three strings */
};

static struct snapshot *snapshot_of(const struct xf_credentials *c)
{
	return (struct snapshot *)(uintptr_t)((const char *)c - offsetof(struct snapshot, public));
}

static const char *put(char **at, const char *text)
{
	char *start = *at;
	*at = stpcpy(start, text) + 1;
	return start;
}

enum xf_status xf_credentials_make(const struct xf_credentials **out, const struct xf_credentials *from,
				   struct xf_error *err)
{
	const char *token = from->session_token && *from->session_token ? from->session_token : NULL;
	size_t len = strlen(from->access_key) + strlen(from->secret_key) + (token ? strlen(token) : 0) + 3;
	struct snapshot *s = malloc(sizeof(*s) + len);
	*out = NULL;
	if (!s)
		return xf_fail(err, XF_NOMEM, "out of memory while looking for credentials");
	char *at = s->text;
	s->public = *from;
	s->public.access_key = put(&at, from->access_key);
	s->public.secret_key = put(&at, from->secret_key);
	s->public.session_token = token ? put(&at, token) : NULL;
	s->len = len;
	atomic_init(&s->references, 1);
	*out = &s->public;
	return XF_OK;
}

const struct xf_credentials *xf_credentials_acquire(const struct xf_credentials *c)
{
	if (c)
		atomic_fetch_add_explicit(&snapshot_of(c)->references, 1, memory_order_relaxed);
	return c;
}

void xf_credentials_release(const struct xf_credentials *c)
{
	/* acq_rel: every holder's reads come before the wipe of the last one */
	if (!c || atomic_fetch_sub_explicit(&snapshot_of(c)->references, 1, memory_order_acq_rel) != 1)
		return;
	struct snapshot *s = snapshot_of(c);
	explicit_bzero(s, sizeof(*s) + s->len);
	free(s);
}

/* ---- the source */

/* ORDER of the search: botocore's */
static const xf_provider_fn chain[] = {
	xf_provide_env,     xf_provide_role,        xf_provide_credentials_file, xf_provide_process,
	xf_provide_config_file, xf_provide_container, xf_provide_metadata,
};

struct xf_credential_source {
	/* set before use */
	struct xf_credential_options options;
	/* written once under lock, read by any thread: credentials that never end */
	_Atomic(const struct xf_credentials *) settled;
	struct xf_mutex lock;
	struct xf_cond changed;
	/* under lock */
	const struct xf_credentials *current;
	xf_provider_fn provider;    /* where current came from */
	bool busy;                  /* a thread is looking, without the lock */
	_Atomic int allowed;        /* enum xf_look; by anybody, read by who looks. Orders nothing */
	uint64_t successes, failures;
	struct xf_error last_error;
};

int64_t xf_credential_now(const struct xf_credential_options *o)
{
	return o->now ? o->now(o->now_ctx) : (int64_t)time(NULL);
}

/* Explicit keys become a snapshot that is settled from the start. */
static enum xf_status settle_explicit(struct xf_credential_source *s, const struct xf_credential_options *o,
				      struct xf_error *err)
{
	struct xf_credentials given = {
		.access_key = o->access_key, .secret_key = o->secret_key,
		.session_token = o->session_token, .method = "explicit",
	};
	enum xf_status status = xf_credentials_make(&s->current, &given, err);
	atomic_init(&s->settled, s->current);
	return status;
}

enum xf_status xf_credential_source_new(struct xf_credential_source **out,
					const struct xf_credential_options *options,
					struct xf_error *err)
{
	bool access = options->access_key && *options->access_key;
	bool secret = options->secret_key && *options->secret_key;
	*out = NULL;
	if (access != secret && !options->anonymous)
		return xf_fail(err, XF_INVALID, "the access key and the secret key go together; one of them is missing");
	struct xf_credential_source *s = calloc(1, sizeof(*s));
	if (!s)
		return xf_fail(err, XF_NOMEM, "out of memory while looking for credentials");
	enum xf_status status = access && !options->anonymous ? settle_explicit(s, options, err) : XF_OK;
	if (status) {
		free(s);
		return status;
	}
	s->options = *options;
	s->options.access_key = s->options.secret_key = s->options.session_token = NULL;
	xf_mutex_init(&s->lock, "credentials");
	xf_cond_init(&s->changed, "credentials-refreshed");
	*out = s;
	return XF_OK;
}

void xf_credential_source_free(struct xf_credential_source *s)
{
	if (!s)
		return;
	xf_credentials_release(s->current);
	xf_cond_fini(&s->changed);
	xf_mutex_fini(&s->lock);
	free(s);
}

/* ---- looking */

static enum xf_status nothing_found(const struct xf_credential_options *o, struct xf_error *err)
{
	char profile[64];
	const char *name = xf_config_profile(o->config);
	xf_text_sanitise(profile, sizeof(profile), name, strlen(name));
	bool first = err && !err->status;
	xf_fail(err, XF_CREDENTIALS,
		"no credentials found in the environment (AWS_ACCESS_KEY_ID), the profile \"%s\" of the AWS "
		"files or the metadata endpoints; --no-sign-request does without, and --local brings an "
		"endpoint with its own", profile);
	if (first)
		snprintf(err->code, sizeof(err->code), "%s", XF_NO_CREDENTIALS);
	return XF_CREDENTIALS;
}

/* All providers, or the one that gave the last credentials; *from says which did. */
static enum xf_status look(const struct xf_credentials **out, xf_provider_fn *from,
			   const struct xf_credential_options *o, struct xf_error *err)
{
	if (*from) {
		enum xf_status status = (*from)(out, o, err);
		return status == XF_NOT_FOUND
			       ? xf_fail(err, XF_CREDENTIALS, "the credentials end soon and the place they came from "
							      "gives no new ones")
			       : status;
	}
	for (size_t i = 0; i < sizeof(chain) / sizeof(*chain); i++) {
		enum xf_status status = chain[i](out, o, err);
		*from = chain[i];
		if (status != XF_NOT_FOUND)
			return status;
	}
	return nothing_found(o, err);
}

/* One lookup, as its providers see it. */
struct search {
	struct xf_credential_source *s;
	bool cleans_up;
};

static bool given_up(void *ctx)
{
	const struct search *search = ctx;
	return atomic_load(&search->s->allowed) > (search->cleans_up ? XF_LOOK_TO_CLEAN_UP : XF_LOOK_ALWAYS);
}

static bool has_control(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++)
		if (*c < ' ' || *c == 0x7f)
			return true;
	return false;
}

/* They go into headers: a line end would begin another one. What is wrong is named, never shown. */
static enum xf_status check_form(const struct xf_credentials *c, struct xf_error *err)
{
	const char *what = has_control(c->access_key) || strpbrk(c->access_key, " ,") ? "access key"
			 : has_control(c->secret_key) ? "secret key"
			 : has_control(c->session_token) ? "session token" : NULL;
	return what ? xf_fail(err, XF_CREDENTIALS, "the %s (%s) has a line end or another character in it that no key has",
			      what, c->method) : XF_OK;
}

static enum xf_status look_and_check(const struct xf_credentials **out, xf_provider_fn *from,
				     const struct xf_credential_options *o, struct xf_error *err)
{
	enum xf_status status = o->given_up(o->given_up_ctx) ? xf_fail(err, XF_CANCELLED, "nobody waits for credentials")
							     : look(out, from, o, err);
	if (status)
		return status;
	status = check_form(*out, err);
	if (!status && (*out)->expires_at && (*out)->expires_at <= xf_credential_now(o))
		status = xf_fail(err, XF_CREDENTIALS, "the newest credentials (%s) have already expired", (*out)->method);
	if (!status)
		return XF_OK;
	xf_credentials_release(*out);
	*out = NULL;
	return status;
}

/* What a look brought, under the lock. Takes c. */
static void store_locked(struct xf_credential_source *s, const struct xf_credentials *c, xf_provider_fn from,
			 const struct xf_error *err)
{
	s->busy = false;
	if (!c) {
		s->failures++;
		s->last_error = *err;
		return;
	}
	xf_credentials_release(s->current);
	s->current = c;
	s->provider = from;
	s->successes++;
	if (!c->expires_at)
		/* pairs with the acquire load in get: the snapshot before its address */
		atomic_store_explicit(&s->settled, c, memory_order_release);
}

/* The caller holds the lock; it is given back for the look. `busy` keeps the others out. */
static void refresh_locked(struct xf_credential_source *s, bool cleans_up)
{
	struct search search = { s, cleans_up };
	struct xf_credential_options options = s->options;
	const struct xf_credentials *found = NULL;
	struct xf_error err = XF_ERROR_INIT;
	xf_provider_fn from = s->provider;
	options.given_up = given_up;
	options.given_up_ctx = &search;
	s->busy = true;
	xf_mutex_unlock(&s->lock);
	look_and_check(&found, &from, &options, &err);
	xf_mutex_lock(&s->lock);
	store_locked(s, found, from, &err);
	xf_mutex_unlock(&s->lock);
	xf_cond_broadcast(&s->changed);
	xf_mutex_lock(&s->lock);
}

/* ---- handing out */

enum need { FRESH, ADVISORY, MANDATORY };

static enum need need_locked(const struct xf_credential_source *s)
{
	if (!s->current)
		return MANDATORY;
	int64_t left = s->current->expires_at - xf_credential_now(&s->options);
	if (!s->current->expires_at || left >= ADVISORY_S)
		return FRESH;
	return left >= MANDATORY_S ? ADVISORY : MANDATORY;
}

static void look_or_wait_locked(struct xf_credential_source *s, bool cleans_up)
{
	uint64_t successes = s->successes, failures = s->failures;
	if (!s->busy)
		refresh_locked(s, cleans_up);
	while (s->busy && s->successes == successes && s->failures == failures)
		xf_cond_wait(&s->changed, &s->lock, XF_FOREVER);
}

/*
 * Sees to it that current can be used: at most one look by this thread, or one
 * by another that it waits for. New credentials that end within the window are
 * good: nobody has better ones. A look of others that was given up is none for who cleans up.
 */
static enum xf_status freshen_locked(struct xf_credential_source *s, bool cleans_up, struct xf_error *err)
{
	enum need need = need_locked(s);
	uint64_t successes = s->successes, failures = s->failures;
	if (need == FRESH || (need == ADVISORY && s->busy))
		return XF_OK;
	look_or_wait_locked(s, cleans_up);
	if (cleans_up && s->successes == successes && s->last_error.status == XF_CANCELLED)
		look_or_wait_locked(s, true);
	if (s->successes != successes || need == ADVISORY)
		return XF_OK;
	assert(s->failures != failures);
	if (err && !err->status)
		*err = s->last_error;
	return s->last_error.status;
}

static enum xf_status get(struct xf_credential_source *s, bool cleans_up, const struct xf_credentials **out,
			  struct xf_error *err)
{
	*out = NULL;
	if (s->options.anonymous)
		return XF_OK;
	const struct xf_credentials *settled = atomic_load_explicit(&s->settled, memory_order_acquire);
	if (settled) {
		*out = xf_credentials_acquire(settled);
		return XF_OK;
	}
	xf_mutex_lock(&s->lock);
	enum xf_status status = freshen_locked(s, cleans_up, err);
	if (!status)
		*out = xf_credentials_acquire(s->current);
	xf_mutex_unlock(&s->lock);
	return status;
}

enum xf_status xf_credential_source_get(struct xf_credential_source *s,
					const struct xf_credentials **out, struct xf_error *err)
{
	return get(s, false, out, err);
}

static const struct xf_credentials *at_hand(struct xf_credential_source *s)
{
	xf_mutex_lock(&s->lock);
	bool good = s->current && (!s->current->expires_at || s->current->expires_at > xf_credential_now(&s->options));
	const struct xf_credentials *c = good ? xf_credentials_acquire(s->current) : NULL;
	xf_mutex_unlock(&s->lock);
	return c;
}

enum xf_status xf_credential_source_get_at_hand(struct xf_credential_source *s,
						const struct xf_credentials **out, struct xf_error *err)
{
	*out = s->options.anonymous ? NULL : at_hand(s);
	return *out ? XF_OK : get(s, true, out, err);
}

void xf_credential_source_allow(struct xf_credential_source *s, enum xf_look look)
{
	if (look == XF_LOOK_ALWAYS || atomic_load(&s->allowed) < (int)look)
		atomic_store(&s->allowed, look);
}
