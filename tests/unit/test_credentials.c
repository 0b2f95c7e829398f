/*
 * The provider chain and the refresh, with an environment, a clock and two
 * endpoints made of tables: no network, no sleep. Every secret in here has CANARY in it,
 * and no error text may.
 */
#include "t.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/s3/credentials.h"

static const char *list_get(void *ctx, const char *name)
{
	const char *const *list = ctx;
	size_t len = strlen(name);
	for (; *list; list++)
		if (!strncmp(*list, name, len) && (*list)[len] == '=')
			return *list + len + 1;
	return NULL;
}

#define ENV(...) (&(const struct xf_env){ list_get, (void *)(const char *[]){ __VA_ARGS__ __VA_OPT__(,) NULL } })
#define KEYS "AWS_ACCESS_KEY_ID=AKENV", "AWS_SECRET_ACCESS_KEY=CANARY-ENV"
#define NO_METADATA "AWS_EC2_METADATA_DISABLED=true"

/* ---- a clock and a network */

struct answer {
	const char *method, *url, *needs; /* needs: a header that must be there; NULL: none */
	enum xf_status status;
	int http;
	const char *body;
};

struct world {
	const struct answer *answers; /* ends with method NULL */
	_Atomic int64_t now;
	atomic_int asked;
	atomic_int refused;           /* requests that no answer fits */
	atomic_bool down;
	pthread_mutex_t pause;        /* held: the endpoint does not answer */
};

static bool has_header(const struct xf_fetch_request *r, const char *header)
{
	for (size_t i = 0; header && i < r->nr_headers; i++)
		if (!strcmp(r->headers[i], header))
			return true;
	return !header;
}

static enum xf_status world_fetch(void *ctx, const struct xf_fetch_request *r, struct xf_fetch_reply *reply,
				  struct xf_error *err)
{
	struct world *w = ctx;
	(void)err;
	atomic_fetch_add(&w->asked, 1);
	pthread_mutex_lock(&w->pause);
	pthread_mutex_unlock(&w->pause);
	assert_true(r->timeout_ms > 0);
	for (const struct answer *a = w->answers; a->method && !w->down; a++) {
		if (strcmp(a->method, r->method) || strcmp(a->url, r->url) || !has_header(r, a->needs))
			continue;
		if (a->status)
			return a->status;
		/* as the real one: an answer without a body has none */
		*reply = (struct xf_fetch_reply){ a->http, *a->body ? strdup(a->body) : NULL, strlen(a->body) };
		return *a->body && !reply->body ? XF_NOMEM : XF_OK;
	}
	atomic_fetch_add(&w->refused, 1);
	return XF_CONNECT;
}

static int64_t world_now(void *ctx)
{
	struct world *w = ctx;
	return w->now;
}

/* 2026-01-01T00:00:00Z */
#define EPOCH INT64_C(1767225600)
#define WORLD(list) { .answers = (list), .now = EPOCH, .pause = PTHREAD_MUTEX_INITIALIZER }

struct setup {
	struct xf_config *config;
	struct xf_credential_source *source;
};

static struct setup set_up(const char *conf, const char *cred, const char *profile, const struct xf_env *env,
			   struct world *w)
{
	struct setup s;
	struct xf_error err = XF_ERROR_INIT;
	if (xf_config_parse(&s.config, conf, cred, profile, env, &err))
		fail_msg("%s", err.message);
	struct xf_credential_options o = { .config = s.config };
	if (w) {
		o.fetch = world_fetch;
		o.now = world_now;
		o.fetch_ctx = o.now_ctx = w;
	}
	assert_int_equal(xf_credential_source_new(&s.source, &o, NULL), XF_OK);
	return s;
}

static void tear_down(struct setup *s)
{
	xf_credential_source_free(s->source);
	xf_config_free(s->config);
}

static void assert_gives(struct setup *s, const char *access, const char *secret, const char *token,
			 const char *method)
{
	const struct xf_credentials *c;
	struct xf_error err = XF_ERROR_INIT;
	if (xf_credential_source_get(s->source, &c, &err))
		fail_msg("%s", err.message);
	assert_string_equal(c->access_key, access);
	assert_string_equal(c->secret_key, secret);
	if (token)
		assert_string_equal(c->session_token, token);
	else
		assert_null(c->session_token);
	assert_string_equal(c->method, method);
	xf_credentials_release(c);
}

static void assert_fails(struct setup *s, enum xf_status status, const char *says)
{
	const struct xf_credentials *c;
	struct xf_error err = XF_ERROR_INIT;
	assert_int_equal(xf_credential_source_get(s->source, &c, &err), status);
	assert_null(c);
	assert_int_equal(err.status, status);
	if (!strstr(err.message, says))
		fail_msg("\"%s\" does not say \"%s\"", err.message, says);
	assert_null(strstr(err.message, "CANARY"));
}

/* ---- fixed keys */

static void explicit_keys_come_first(void **state)
{
	(void)state;
	struct setup s;
	assert_int_equal(xf_config_parse(&s.config, NULL, NULL, NULL, ENV(KEYS), NULL), XF_OK);
	struct xf_credential_options o = { .config = s.config, .access_key = "AK", .secret_key = "CANARY",
					   .session_token = "T" };
	assert_int_equal(xf_credential_source_new(&s.source, &o, NULL), XF_OK);
	assert_gives(&s, "AK", "CANARY", "T", "explicit");
	tear_down(&s);
	o.secret_key = "";
	assert_int_equal(xf_credential_source_new(&s.source, &o, NULL), XF_INVALID);
	assert_null(s.source);
}

static void an_anonymous_source_gives_none(void **state)
{
	(void)state;
	struct xf_credential_source *source;
	const struct xf_credentials *c;
	struct xf_credential_options o = { .anonymous = true };
	assert_int_equal(xf_credential_source_new(&source, &o, NULL), XF_OK);
	assert_int_equal(xf_credential_source_get(source, &c, NULL), XF_OK);
	assert_null(c);
	xf_credential_source_free(source);
}

#define CONF "[default]\naws_access_key_id=AKCONF\naws_secret_access_key=CANARY-CONF\n"
#define CRED "[default]\naws_access_key_id=AKCRED\naws_secret_access_key=CANARY-CRED\n"

static void the_chain_has_botocores_order(void **state)
{
	(void)state;
	struct setup s = set_up(CONF, CRED, NULL, ENV(KEYS), NULL);
	assert_gives(&s, "AKENV", "CANARY-ENV", NULL, "env");
	tear_down(&s);
	s = set_up(CONF, CRED, "default", ENV(KEYS), NULL); /* a profile as an argument: the keys do not count */
	assert_gives(&s, "AKCRED", "CANARY-CRED", NULL, "shared-credentials-file");
	tear_down(&s);
	s = set_up(CONF, CRED, NULL, ENV("AWS_PROFILE=default", KEYS), NULL); /* as a variable: they do */
	assert_gives(&s, "AKENV", "CANARY-ENV", NULL, "env");
	tear_down(&s);
	s = set_up(CONF "aws_session_token=T\n", NULL, NULL, ENV(), NULL);
	assert_gives(&s, "AKCONF", "CANARY-CONF", "T", "config-file");
	tear_down(&s);
	s = set_up(CONF, "[default]\nregion=x\n", NULL, ENV("AWS_ACCESS_KEY_ID="), NULL);
	assert_gives(&s, "AKCONF", "CANARY-CONF", NULL, "config-file");
	tear_down(&s);
}

static void the_older_name_of_the_token_wins(void **state)
{
	(void)state;
	struct setup s = set_up(NULL, NULL, NULL, ENV(KEYS, "AWS_SESSION_TOKEN=new"), NULL);
	assert_gives(&s, "AKENV", "CANARY-ENV", "new", "env");
	tear_down(&s);
	s = set_up(NULL, NULL, NULL, ENV(KEYS, "AWS_SESSION_TOKEN=new", "AWS_SECURITY_TOKEN=old"), NULL);
	assert_gives(&s, "AKENV", "CANARY-ENV", "old", "env");
	tear_down(&s);
	s = set_up(NULL, CRED "aws_session_token=new\naws_security_token=old\n", NULL, ENV(), NULL);
	assert_gives(&s, "AKCRED", "CANARY-CRED", "old", "shared-credentials-file");
	tear_down(&s);
}

static void half_a_pair_and_nothing_are_errors(void **state)
{
	(void)state;
	static const struct {
		const char *vars[2], *conf, *cred, *says;
		enum xf_status status;
	} cases[] = {
		{ { "AWS_ACCESS_KEY_ID=A", "X=" }, CONF, CRED, "AWS_SECRET_ACCESS_KEY is missing", XF_CREDENTIALS },
		{ { "X=", "X=" }, CONF, "[default]\naws_access_key_id=A\n", "the credentials file: aws_secret_access_key",
		  XF_CREDENTIALS },
		{ { "X=", "X=" }, "[default]\naws_access_key_id=A\n", NULL, "the config file: aws_secret_access_key",
		  XF_CREDENTIALS },
		{ { "X=", "X=" }, NULL, NULL, "--local", XF_CREDENTIALS },
		{ { "X=", "X=" }, "[default]\nrole_arn=arn\nsource_profile=x\n", CRED, "role_arn", XF_UNSUPPORTED },
		{ { "X=", "X=" }, "[default]\nsso_session=x\n", NULL, "single sign-on", XF_UNSUPPORTED },
		{ { "AWS_ROLE_ARN=arn", "AWS_WEB_IDENTITY_TOKEN_FILE=/t" }, NULL, NULL, "web identity", XF_UNSUPPORTED },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct setup s = set_up(cases[i].conf, cases[i].cred, NULL,
					ENV(NO_METADATA, cases[i].vars[0], cases[i].vars[1]), NULL);
		assert_fails(&s, cases[i].status, cases[i].says);
		tear_down(&s);
	}
}

static void snapshots_outlive_their_source(void **state)
{
	(void)state;
	const struct xf_credentials *c, *again;
	struct setup s = set_up(NULL, CRED, NULL, ENV(), NULL);
	assert_int_equal(xf_credential_source_get(s.source, &c, NULL), XF_OK);
	again = xf_credentials_acquire(c);
	tear_down(&s);
	xf_credentials_release(c);
	assert_string_equal(again->secret_key, "CANARY-CRED");
	xf_credentials_release(again);
	xf_credentials_release(NULL);
	assert_null(xf_credentials_acquire(NULL));
}

/* ---- credential_process */

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/xf-credentials-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state)
{
	char command[96];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static struct setup process(const char *command, struct world *w)
{
	static const char *const no_metadata[] = { NO_METADATA, NULL }; /* outlives this call */
	const struct xf_env env = { list_get, (void *)(uintptr_t)no_metadata };
	char conf[512];
	snprintf(conf, sizeof(conf), "[default]\ncredential_process = %s\n", command);
	return set_up(conf, NULL, NULL, &env, w);
}

/* A command that prints text, which is written to a file of the folder. */
static const char *prints(const char *text)
{
	static char command[96];
	snprintf(command, sizeof(command), "cat '%s/document'", folder);
	char path[80];
	snprintf(path, sizeof(path), "%s/document", folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	return command;
}

#define PAIR "\"AccessKeyId\":\"AKP\",\"SecretAccessKey\":\"CANARY-P\""

static void a_program_gives_credentials(void **state)
{
	(void)state;
	struct setup s = process(prints("{\"Version\":1," PAIR "}\n"), NULL);
	assert_gives(&s, "AKP", "CANARY-P", NULL, "custom-process");
	tear_down(&s);
	struct world w = WORLD(NULL);
	s = process(prints("{\"Version\":1," PAIR ",\"SessionToken\":\"T\",\"Expiration\":\"2026-01-01T01:00:00Z\"}"), &w);
	assert_gives(&s, "AKP", "CANARY-P", "T", "custom-process");
	tear_down(&s);
}

static void what_a_program_does_wrong_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *document, *says;
	} cases[] = {
		{ "", "not a JSON object" },
		{ "CANARY", "not a JSON object" },
		{ "[\"CANARY\"]", "not a JSON object" },
		{ "{\"Version\":2," PAIR "}", "not of Version 1" },
		{ "{" PAIR "}", "not of Version 1" },
		{ "{\"Version\":1,\"SecretAccessKey\":\"CANARY\"}", "no AccessKeyId" },
		{ "{\"Version\":1,\"AccessKeyId\":\"CANARY\"}", "no SecretAccessKey" },
		{ "{\"Version\":1," PAIR ",\"Expiration\":\"CANARY\"}", "Expiration" },
		{ "{\"Version\":1," PAIR ",\"Expiration\":\"2020-01-01T00:00:00Z\"}", "already expired" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct setup s = process(prints(cases[i].document), NULL);
		assert_fails(&s, XF_CREDENTIALS, cases[i].says);
		tear_down(&s);
	}
}

static void a_program_is_run_without_a_shell(void **state)
{
	(void)state;
	char command[256], evil[96];
	snprintf(evil, sizeof(evil), "%s/evil", folder);
	snprintf(command, sizeof(command), "cat %s/document ; touch %s", folder, evil);
	prints("{\"Version\":1," PAIR "}");
	struct setup s = process(command, NULL);
	assert_fails(&s, XF_CREDENTIALS, "failed with exit status 1");
	tear_down(&s);
	snprintf(command, sizeof(command), "$(touch %s)", evil);
	s = process(command, NULL);
	assert_fails(&s, XF_CREDENTIALS, "the credential_process $(touch ");
	tear_down(&s);
	assert_int_not_equal(access(evil, F_OK), 0);
}

static void a_program_that_fails_is_named_by_how(void **state)
{
	(void)state;
	static const struct {
		const char *command, *says;
	} cases[] = {
		{ "sh -c 'echo CANARY; echo CANARY >&2; exit 3'", "sh failed with exit status 3" },
		{ "sh -c 'kill -9 $$'", "ended by signal 9" },
		{ "head -c 100000 /dev/zero", "more than 64 KiB" },
		{ "/nonexistent/CANAR1", "the credential_process /nonexistent/CANAR1" },
		{ "'sh -c", "quote" },
		{ "", "empty" },
		{ "cat", "not a JSON object" }, /* its stdin is empty, not ours */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct setup s = process(cases[i].command, NULL);
		assert_fails(&s, XF_CREDENTIALS, cases[i].says);
		tear_down(&s);
	}
}

/* ---- endpoints */

#define DOCUMENT(key, end)                                                                          \
	"{\"Code\":\"Success\",\"AccessKeyId\":\"" key "\",\"SecretAccessKey\":\"CANARY-" key "\","  \
	"\"Token\":\"CANARY-T\",\"Expiration\":\"" end "\"}"
#define HOUR "2026-01-01T01:00:00Z"

static void a_container_agent_gives_credentials(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "GET", "http://169.254.170.2/v2/x?id=1", "Accept: application/json", XF_OK, 200, DOCUMENT("AK1", HOUR) },
		{ "GET", "http://127.0.0.1:5/c", "Authorization: Bearer CANARY", XF_OK, 200, DOCUMENT("AK2", HOUR) },
		{ NULL },
	};
	struct world w = WORLD(answers);
	struct setup s = set_up(NULL, NULL, NULL, ENV("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/v2/x?id=1",
						      "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://evil/"), &w);
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role");
	tear_down(&s);
	s = set_up(NULL, NULL, NULL, ENV("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:5/c",
					 "AWS_CONTAINER_AUTHORIZATION_TOKEN=Bearer CANARY"), &w);
	assert_gives(&s, "AK2", "CANARY-AK2", "CANARY-T", "container-role");
	tear_down(&s);
	char file[128];
	prints("Bearer CANARY\n");
	snprintf(file, sizeof(file), "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=%s/document", folder);
	s = set_up(NULL, NULL, NULL, ENV("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:5/c", file,
					 "AWS_CONTAINER_AUTHORIZATION_TOKEN=other"), &w);
	assert_gives(&s, "AK2", "CANARY-AK2", "CANARY-T", "container-role");
	tear_down(&s);
	assert_int_equal(w.asked, 3);
}

static void only_agents_are_asked(void **state)
{
	(void)state;
	static const struct {
		const char *url;
		bool asked;
	} cases[] = {
		{ "http://localhost/c", true },         { "http://127.1.2.3:80/c", true },
		{ "http://[::1]:8/c", true },           { "http://[fd00:ec2::23]/c", true },
		{ "https://169.254.170.23/c", true },   { "http://169.254.169.254/c", false },
		{ "http://example.com/c", false },      { "http://127.0.0.1.example.com/c", false },
		{ "http://127.0.0.1@example.com/", false }, { "http://example.com\\@127.0.0.1/", false },
		{ "http://127.0.0.1#@example.com/", true }, { "file:///127.0.0.1", false },
		{ "127.0.0.1", false },                 { "", false }, { "http://", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char variable[96];
		const struct answer answers[] = {
			{ "GET", cases[i].url, NULL, XF_OK, 200, DOCUMENT("AK", HOUR) }, { NULL },
		};
		struct world w = WORLD(answers);
		snprintf(variable, sizeof(variable), "AWS_CONTAINER_CREDENTIALS_FULL_URI=%s", cases[i].url);
		struct setup s = set_up(NULL, NULL, NULL, ENV(variable), &w);
		if (cases[i].asked)
			assert_gives(&s, "AK", "CANARY-AK", "CANARY-T", "container-role");
		else
			assert_fails(&s, XF_CREDENTIALS, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
		assert_int_equal(w.asked, cases[i].asked);
		tear_down(&s);
	}
}

static void a_container_agent_is_asked_three_times(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "GET", "http://localhost/c", NULL, XF_OK, 500, "CANARY" }, { NULL },
	};
	struct world w = WORLD(answers);
	struct setup s = set_up(NULL, NULL, NULL, ENV("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/c"), &w);
	assert_fails(&s, XF_CREDENTIALS, "answered with status 500");
	assert_int_equal(w.asked, 3);
	tear_down(&s);
}

static void a_token_cannot_smuggle_a_header(void **state)
{
	(void)state;
	struct world w = WORLD(NULL);
	struct setup s = set_up(NULL, NULL, NULL, ENV("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/c",
						      "AWS_CONTAINER_AUTHORIZATION_TOKEN=a\r\nCANARY: x"), &w);
	assert_fails(&s, XF_CREDENTIALS, "line end");
	assert_int_equal(w.asked, 0);
	tear_down(&s);
}

#define TTL "X-aws-ec2-metadata-token-ttl-seconds: 21600"
#define TOKEN "X-aws-ec2-metadata-token: CANARY-IMDS"
#define IMDS "http://169.254.169.254/latest/"
#define ROLE IMDS "meta-data/iam/security-credentials/"

static const struct answer metadata[] = {
	{ "PUT", IMDS "api/token", TTL, XF_OK, 200, "CANARY-IMDS" },
	{ "GET", ROLE, TOKEN, XF_OK, 200, "my-role\n" },
	{ "GET", ROLE "my-role", TOKEN, XF_OK, 200, DOCUMENT("AKI", HOUR) },
	{ NULL },
};

static void the_metadata_service_is_asked_last(void **state)
{
	(void)state;
	struct world w = WORLD(metadata);
	struct setup s = set_up(NULL, NULL, NULL, ENV(), &w);
	assert_gives(&s, "AKI", "CANARY-AKI", "CANARY-T", "iam-role");
	assert_gives(&s, "AKI", "CANARY-AKI", "CANARY-T", "iam-role");
	assert_int_equal(w.asked, 3);
	tear_down(&s);
	s = set_up(NULL, NULL, NULL, ENV("AWS_EC2_METADATA_DISABLED=TRUE"), &w);
	assert_fails(&s, XF_CREDENTIALS, "no credentials found");
	assert_int_equal(w.asked, 3);
	tear_down(&s);
	s = set_up(NULL, CRED, NULL, ENV(), &w);
	assert_gives(&s, "AKCRED", "CANARY-CRED", NULL, "shared-credentials-file");
	assert_int_equal(w.asked, 3);
	tear_down(&s);
}

static void the_metadata_service_can_be_elsewhere(void **state)
{
	(void)state;
	static const struct answer answers[] = {
		{ "PUT", "http://127.0.0.1:9/latest/api/token", TTL, XF_OK, 200, "CANARY-IMDS" },
		{ "GET", "http://127.0.0.1:9/latest/meta-data/iam/security-credentials/", TOKEN, XF_OK, 200, "r" },
		{ "GET", "http://127.0.0.1:9/latest/meta-data/iam/security-credentials/r", TOKEN, XF_OK, 200,
		  DOCUMENT("AKE", HOUR) },
		{ "PUT", "http://[fd00:ec2::254]/latest/api/token", TTL, XF_OK, 500, "" },
		{ NULL },
	};
	struct world w = WORLD(answers);
	struct setup s = set_up(NULL, NULL, NULL, ENV("AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:9"), &w);
	assert_gives(&s, "AKE", "CANARY-AKE", "CANARY-T", "iam-role");
	tear_down(&s);
	s = set_up("[default]\nec2_metadata_service_endpoint=http://127.0.0.1:9/\n", NULL, NULL, ENV(), &w);
	assert_gives(&s, "AKE", "CANARY-AKE", "CANARY-T", "iam-role");
	tear_down(&s);
	s = set_up(NULL, NULL, NULL, ENV("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6"), &w);
	assert_fails(&s, XF_CREDENTIALS, "no credentials found");
	assert_int_equal(w.refused, 0);
	tear_down(&s);
}

static void version_1_is_used_only_where_there_is_no_token_and_it_is_allowed(void **state)
{
	(void)state;
	static const struct {
		enum xf_status status;
		int http;
		const char *variable;
		bool works;
	} cases[] = {
		{ XF_OK, 404, "X=", true },    { XF_OK, 405, "X=", true }, { XF_TIMEOUT, 0, "X=", true },
		{ XF_OK, 400, "X=", false },   { XF_OK, 500, "X=", false }, { XF_CONNECT, 0, "X=", false },
		{ XF_OK, 404, "AWS_EC2_METADATA_V1_DISABLED=true", false },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct answer answers[] = {
			{ "PUT", IMDS "api/token", TTL, cases[i].status, cases[i].http, "" },
			{ "GET", ROLE, NULL, XF_OK, 200, "r" },
			{ "GET", ROLE "r", NULL, XF_OK, 200, DOCUMENT("AK", HOUR) },
			{ NULL },
		};
		struct world w = WORLD(answers);
		struct setup s = set_up(NULL, NULL, NULL, ENV(cases[i].variable), &w);
		if (cases[i].works)
			assert_gives(&s, "AK", "CANARY-AK", "CANARY-T", "iam-role");
		else
			assert_fails(&s, XF_CREDENTIALS, "no credentials found");
		tear_down(&s);
	}
}

static void odd_metadata_is_no_credentials(void **state)
{
	(void)state;
	static const struct {
		const char *role, *document;
	} cases[] = {
		{ "", "" }, { "../../x", DOCUMENT("AK", HOUR) }, { "r s", DOCUMENT("AK", HOUR) }, { "r", "" },
		{ "r", "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"CANARY\"}" },
		{ "r", "{" PAIR "}" }, { "r", "<html>" },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct answer answers[] = {
			metadata[0],
			{ "GET", ROLE, TOKEN, XF_OK, 200, cases[i].role },
			{ "GET", ROLE "r", TOKEN, XF_OK, 200, cases[i].document },
			{ NULL },
		};
		struct world w = WORLD(answers);
		struct setup s = set_up(NULL, NULL, NULL, ENV(), &w);
		assert_fails(&s, XF_CREDENTIALS, "no credentials found");
		tear_down(&s);
	}
}

static void attempts_are_as_many_as_configured(void **state)
{
	(void)state;
	struct world w = WORLD((const struct answer[]){ { NULL } });
	struct setup s = set_up(NULL, NULL, NULL, ENV("AWS_METADATA_SERVICE_NUM_ATTEMPTS=4"), &w);
	assert_fails(&s, XF_CREDENTIALS, "no credentials found");
	assert_int_equal(w.asked, 4);
	tear_down(&s);
}

/* ---- refresh */

static const struct answer agent_first[] = {
	{ "GET", "http://localhost/c", NULL, XF_OK, 200, DOCUMENT("AK1", "2026-01-01T01:00:00Z") }, { NULL },
};
static const struct answer agent_second[] = {
	{ "GET", "http://localhost/c", NULL, XF_OK, 200, DOCUMENT("AK2", "2026-01-01T02:00:00+00:00") }, { NULL },
};
#define AGENT ENV("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://localhost/c")

static void credentials_are_refreshed_before_they_end(void **state)
{
	(void)state;
	struct world w = WORLD(agent_first);
	struct setup s = set_up(NULL, NULL, NULL, AGENT, &w);
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role");
	w.answers = agent_second;
	w.now = EPOCH + 3600 - 15 * 60; /* 15 minutes left: not yet */
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role");
	assert_int_equal(w.asked, 1);
	w.now++;
	assert_gives(&s, "AK2", "CANARY-AK2", "CANARY-T", "container-role");
	assert_gives(&s, "AK2", "CANARY-AK2", "CANARY-T", "container-role");
	assert_int_equal(w.asked, 2);
	tear_down(&s);
}

static void a_failed_refresh_is_forgiven_until_ten_minutes_before_the_end(void **state)
{
	(void)state;
	struct world w = WORLD(agent_first);
	struct setup s = set_up(NULL, NULL, NULL, AGENT, &w);
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role");
	w.down = true;
	w.now = EPOCH + 3600 - 10 * 60;
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role");
	w.now++;
	assert_fails(&s, XF_CREDENTIALS, "does not answer");
	w.down = false;
	w.now = EPOCH + 3600; /* the agent gives what has ended */
	assert_fails(&s, XF_CREDENTIALS, "already expired");
	w.answers = agent_second;
	assert_gives(&s, "AK2", "CANARY-AK2", "CANARY-T", "container-role");
	tear_down(&s);
}

static void what_cleans_up_is_signed_with_the_keys_at_hand(void **state)
{
	(void)state;
	const struct xf_credentials *c;
	struct world w = WORLD(metadata);
	struct setup s = set_up(NULL, NULL, NULL, ENV(), &w);
	assert_int_equal(xf_credential_source_get_at_hand(s.source, &c, NULL), XF_OK);
	assert_string_equal(c->access_key, "AKI");
	int64_t end = c->expires_at;
	xf_credentials_release(c);
	w.down = true;
	w.now = end - 1;
	assert_int_equal(xf_credential_source_get(s.source, &c, NULL), XF_CREDENTIALS);
	int asked = w.asked;
	assert_int_equal(xf_credential_source_get_at_hand(s.source, &c, NULL), XF_OK);
	assert_int_equal(c->expires_at, end);
	xf_credentials_release(c);
	assert_int_equal(w.asked, asked);
	w.now = end;
	assert_int_equal(xf_credential_source_get_at_hand(s.source, &c, NULL), XF_CREDENTIALS);
	tear_down(&s);
}

static void lookups_that_nobody_waits_for_are_not_made(void **state)
{
	(void)state;
	const struct xf_credentials *c;
	struct world w = WORLD(metadata);
	struct setup s = set_up(NULL, NULL, NULL, ENV(), &w);
	xf_credential_source_allow(s.source, XF_LOOK_TO_CLEAN_UP);
	assert_int_equal(xf_credential_source_get(s.source, &c, NULL), XF_CANCELLED);
	assert_int_equal(w.asked, 0);
	assert_int_equal(xf_credential_source_get_at_hand(s.source, &c, NULL), XF_OK);
	w.now = c->expires_at;
	xf_credentials_release(c);
	xf_credential_source_allow(s.source, XF_LOOK_NEVER);
	xf_credential_source_allow(s.source, XF_LOOK_TO_CLEAN_UP); /* goes up only */
	assert_int_equal(xf_credential_source_get_at_hand(s.source, &c, NULL), XF_CANCELLED);
	xf_credential_source_allow(s.source, XF_LOOK_ALWAYS);
	assert_int_equal(xf_credential_source_get(s.source, &c, NULL), XF_OK);
	xf_credentials_release(c);
	tear_down(&s);
}

static void ended_metadata_credentials_are_used_on_for_a_while(void **state)
{
	(void)state;
	struct world w = WORLD(metadata);
	const struct xf_credentials *c;
	struct setup s = set_up(NULL, NULL, NULL, ENV(), &w);
	w.now = EPOCH + 7200;
	assert_int_equal(xf_credential_source_get(s.source, &c, NULL), XF_OK);
	assert_in_range(c->expires_at - w.now, 15 * 60 + 120, 15 * 60 + 600);
	xf_credentials_release(c);
	assert_gives(&s, "AKI", "CANARY-AKI", "CANARY-T", "iam-role");
	assert_int_equal(w.asked, 3);
	tear_down(&s);
}

static void keys_in_the_environment_can_end(void **state)
{
	(void)state;
	struct world w = WORLD(NULL);
	struct setup s = set_up(NULL, NULL, NULL, ENV(KEYS, "AWS_CREDENTIAL_EXPIRATION=2026-01-01 01:00:00.5-01:00"), &w);
	w.now = EPOCH + 7199;
	assert_gives(&s, "AKENV", "CANARY-ENV", NULL, "env");
	w.now++;
	assert_fails(&s, XF_CREDENTIALS, "already expired");
	tear_down(&s);
	s = set_up(NULL, NULL, NULL, ENV(KEYS, "AWS_CREDENTIAL_EXPIRATION=soon"), &w);
	assert_fails(&s, XF_CREDENTIALS, "AWS_CREDENTIAL_EXPIRATION");
	tear_down(&s);
}

/* ---- threads */

enum { NR_THREADS = 8 };

static void *get_once(void *source)
{
	const struct xf_credentials *c = NULL;
	struct xf_error err = XF_ERROR_INIT;
	enum xf_status status = xf_credential_source_get(source, &c, &err);
	bool whole = !status && !strncmp(c->secret_key, "CANARY-", 7) && !strcmp(c->access_key, c->secret_key + 7);
	xf_credentials_release(c);
	return whole ? source : NULL;
}

static int all_get(struct xf_credential_source *source, struct world *w, int asked_before)
{
	pthread_t threads[NR_THREADS];
	int good = 0;
	pthread_mutex_lock(&w->pause);
	for (int i = 0; i < NR_THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_once, source), 0);
	while (w->asked == asked_before)
		usleep(1000);
	usleep(20000); /* let the others come to wait, or not: the result is the same */
	pthread_mutex_unlock(&w->pause);
	for (int i = 0; i < NR_THREADS; i++) {
		void *result;
		pthread_join(threads[i], &result);
		good += result != NULL;
	}
	return good;
}

static void many_threads_make_one_search_and_one_refresh(void **state)
{
	(void)state;
	struct world w = WORLD(agent_first);
	struct setup s = set_up(NULL, NULL, NULL, AGENT, &w);
	assert_int_equal(all_get(s.source, &w, 0), NR_THREADS);
	assert_int_equal(w.asked, 1);
	w.answers = agent_second;
	w.now = EPOCH + 3600 - 60; /* mandatory: all wait for the one */
	assert_int_equal(all_get(s.source, &w, 1), NR_THREADS);
	assert_int_equal(w.asked, 2);
	tear_down(&s);
}

static void while_one_refreshes_early_the_others_go_on(void **state)
{
	(void)state;
	pthread_t one;
	struct world w = WORLD(agent_first);
	struct setup s = set_up(NULL, NULL, NULL, AGENT, &w);
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role");
	w.answers = agent_second;
	w.now = EPOCH + 3600 - 12 * 60;
	pthread_mutex_lock(&w.pause);
	assert_int_equal(pthread_create(&one, NULL, get_once, s.source), 0);
	while (w.asked == 1)
		usleep(1000);
	assert_gives(&s, "AK1", "CANARY-AK1", "CANARY-T", "container-role"); /* although the agent does not answer */
	pthread_mutex_unlock(&w.pause);
	pthread_join(one, NULL);
	assert_gives(&s, "AK2", "CANARY-AK2", "CANARY-T", "container-role");
	assert_int_equal(w.asked, 2);
	tear_down(&s);
}

/* ---- memory */

static bool search_metadata(void *ctx)
{
	(void)ctx;
	struct world w = WORLD(metadata);
	struct setup s;
	const struct xf_credentials *c = NULL;
	const struct xf_env *env = ENV();
	if (xf_config_parse(&s.config, NULL, NULL, NULL, env, NULL))
		return false;
	struct xf_credential_options o = { .config = s.config, .fetch = world_fetch, .fetch_ctx = &w,
					   .now = world_now, .now_ctx = &w };
	bool ok = !xf_credential_source_new(&s.source, &o, NULL);
	ok = ok && !xf_credential_source_get(s.source, &c, NULL);
	xf_credentials_release(c);
	if (s.source)
		xf_credential_source_free(s.source);
	xf_config_free(s.config);
	return ok;
}

static void survives_every_failed_allocation(void **state)
{
	(void)state;
	assert_true(t_each_alloc_fails(search_metadata, NULL) > 6);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(explicit_keys_come_first),
	cmocka_unit_test(an_anonymous_source_gives_none),
	cmocka_unit_test(the_chain_has_botocores_order),
	cmocka_unit_test(the_older_name_of_the_token_wins),
	cmocka_unit_test(half_a_pair_and_nothing_are_errors),
	cmocka_unit_test(snapshots_outlive_their_source),
	cmocka_unit_test_setup_teardown(a_program_gives_credentials, make_folder, drop_folder),
	cmocka_unit_test_setup_teardown(what_a_program_does_wrong_is_named, make_folder, drop_folder),
	cmocka_unit_test_setup_teardown(a_program_is_run_without_a_shell, make_folder, drop_folder),
	cmocka_unit_test(a_program_that_fails_is_named_by_how),
	cmocka_unit_test_setup_teardown(a_container_agent_gives_credentials, make_folder, drop_folder),
	cmocka_unit_test(only_agents_are_asked),
	cmocka_unit_test(a_container_agent_is_asked_three_times),
	cmocka_unit_test(a_token_cannot_smuggle_a_header),
	cmocka_unit_test(the_metadata_service_is_asked_last),
	cmocka_unit_test(the_metadata_service_can_be_elsewhere),
	cmocka_unit_test(version_1_is_used_only_where_there_is_no_token_and_it_is_allowed),
	cmocka_unit_test(odd_metadata_is_no_credentials),
	cmocka_unit_test(attempts_are_as_many_as_configured),
	cmocka_unit_test(credentials_are_refreshed_before_they_end),
	cmocka_unit_test(a_failed_refresh_is_forgiven_until_ten_minutes_before_the_end),
	cmocka_unit_test(what_cleans_up_is_signed_with_the_keys_at_hand),
	cmocka_unit_test(lookups_that_nobody_waits_for_are_not_made),
	cmocka_unit_test(ended_metadata_credentials_are_used_on_for_a_while),
	cmocka_unit_test(keys_in_the_environment_can_end),
	cmocka_unit_test(many_threads_make_one_search_and_one_refresh),
	cmocka_unit_test(while_one_refreshes_early_the_others_go_on),
	cmocka_unit_test(survives_every_failed_allocation),
};
T_MAIN(tests)
