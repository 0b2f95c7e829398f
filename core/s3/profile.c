#include "core/s3/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/s3/buf.h"
#include "core/s3/ini.h"
#include "core/s3/words.h"

enum { FILE_MAX = 1 << 20 }; /* bytes; a larger one is something else */

struct xf_config {
	struct xf_env env;
	struct xf_ini *config, *credentials;
	char *profile;
	bool profile_explicit;
	const char *section;  /* the profile's in the config file; NULL: it has none */
};

/* ---- environment */

static const char *process_get(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

const struct xf_env xf_env_process = { .get = process_get };

const char *xf_env_get(const struct xf_env *env, const char *name)
{
	const char *value = env->get(env->ctx, name);
	return value && *value ? value : NULL;
}

/* ---- files */

static enum xf_status read_all(struct xf_buf *out, int fd, const char *path, struct xf_error *err)
{
	char chunk[4096];
	ssize_t n;
	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xf_fail_errno(err, XF_IO, errno, "%s could not be read", path);
		xf_buf_add(out, chunk, (size_t)n);
		if (out->len > FILE_MAX)
			return xf_fail(err, XF_FORMAT, "%s is larger than 1 MiB: not a settings file", path);
	}
	explicit_bzero(chunk, sizeof(chunk));
	return out->failed ? xf_fail(err, XF_NOMEM, "out of memory while reading %s", path) : XF_OK;
}

/* Nothing there is fine; a place that was not chosen by the user and is closed to us, too. */
static enum xf_status open_failed(const char *path, bool named, struct xf_error *err)
{
	if (errno == ENOENT || errno == ENOTDIR || (errno == EACCES && !named))
		return XF_OK;
	return xf_fail_errno(err, errno == EACCES ? XF_DENIED : XF_IO, errno, "%s could not be opened", path);
}

static enum xf_status read_file(struct xf_buf *out, const char *path, bool named, struct xf_error *err)
{
	struct stat st;
	enum xf_status status = XF_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return open_failed(path, named, err);
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		status = read_all(out, fd, path, err);
	close(fd);
	return status;
}

/* Where the file is: the variable, else below HOME. Empty: nowhere. */
static bool find_path(struct xf_buf *path, const struct xf_env *env, const char *variable,
		      const char *below_home)
{
	const char *home = xf_env_get(env, "HOME"), *given = xf_env_get(env, variable);
	const char *text = given ? given : below_home;
	if (!strncmp(text, "~/", 2)) {
		if (!home)
			return false;
		xf_buf_str(path, home);
		text++;
	}
	xf_buf_str(path, text);
	return given != NULL;
}

static enum xf_status load_ini(struct xf_ini **out, const struct xf_env *env, const char *variable,
			       const char *below_home, struct xf_error *err)
{
	struct xf_buf path = XF_BUF_INIT, text = XF_BUF_INIT;
	enum xf_status status = XF_OK;
	bool named = find_path(&path, env, variable, below_home);
	if (path.failed)
		status = xf_fail(err, XF_NOMEM, "out of memory while reading the configuration");
	if (!status && path.len)
		status = read_file(&text, path.data, named, err);
	if (!status)
		status = xf_ini_parse(out, xf_buf_text(&text), text.len, xf_buf_text(&path), err);
	xf_buf_wipe(&text);
	xf_buf_fini(&path);
	return status;
}

/* ---- the profile */

/* The section "KIND NAME", the name perhaps quoted; the last one counts, as in botocore. */
static const char *find_section(const struct xf_ini *ini, const char *kind, const char *name)
{
	const char *section, *found = NULL;
	for (size_t i = 0; (section = xf_ini_section(ini, i)); i++) {
		char **words;
		size_t nr;
		if (strncmp(section, kind, strlen(kind)) || xf_words_split(&words, &nr, section))
			continue;
		if (nr == 2 && !strcmp(words[1], name))
			found = section;
		free(words);
	}
	return found;
}

static enum xf_status choose_profile(struct xf_config *c, const char *profile, struct xf_error *err)
{
	const char *wanted = profile && *profile ? profile : NULL;
	c->profile_explicit = wanted != NULL;
	if (!wanted)
		wanted = xf_env_get(&c->env, "AWS_DEFAULT_PROFILE");
	if (!wanted)
		wanted = xf_env_get(&c->env, "AWS_PROFILE");
	c->profile = strdup(wanted ? wanted : "default");
	if (!c->profile)
		return xf_fail(err, XF_NOMEM, "out of memory while reading the configuration");
	c->section = find_section(c->config, "profile", c->profile);
	if (!strcmp(c->profile, "default") && xf_ini_has_section(c->config, "default"))
		c->section = "default";
	if (wanted && !c->section && !xf_ini_has_section(c->credentials, c->profile)) {
		char name[64];
		xf_text_sanitise(name, sizeof(name), c->profile, strlen(c->profile));
		return xf_fail(err, XF_NOT_FOUND, "the profile \"%s\" is in neither the config nor the credentials "
						  "file", name);
	}
	return XF_OK;
}

/* Takes c over: hands it out or frees it. */
static enum xf_status config_finish(struct xf_config **out, struct xf_config *c, enum xf_status status,
				    const char *profile, struct xf_error *err)
{
	if (!status)
		status = choose_profile(c, profile, err);
	if (status)
		xf_config_free(c);
	*out = status ? NULL : c;
	return status;
}

static struct xf_config *config_new(const struct xf_env *env, struct xf_error *err)
{
	struct xf_config *c = calloc(1, sizeof(*c));
	if (c)
		c->env = *env;
	else
		xf_fail(err, XF_NOMEM, "out of memory while reading the configuration");
	return c;
}

enum xf_status xf_config_load(struct xf_config **out, const char *profile, const struct xf_env *env,
			      struct xf_error *err)
{
	struct xf_config *c = config_new(env, err);
	*out = NULL;
	if (!c)
		return XF_NOMEM;
	enum xf_status status = load_ini(&c->config, env, "AWS_CONFIG_FILE", "~/.aws/config", err);
	if (!status)
		status = load_ini(&c->credentials, env, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", err);
	return config_finish(out, c, status, profile, err);
}

enum xf_status xf_config_parse(struct xf_config **out, const char *config, const char *credentials,
			       const char *profile, const struct xf_env *env, struct xf_error *err)
{
	struct xf_config *c = config_new(env, err);
	*out = NULL;
	if (!c)
		return XF_NOMEM;
	config = config ? config : "";
	credentials = credentials ? credentials : "";
	enum xf_status status = xf_ini_parse(&c->config, config, strlen(config), "config", err);
	if (!status)
		status = xf_ini_parse(&c->credentials, credentials, strlen(credentials), "credentials", err);
	return config_finish(out, c, status, profile, err);
}

void xf_config_free(struct xf_config *config)
{
	if (!config)
		return;
	xf_ini_free(config->config);
	xf_ini_free(config->credentials);
	free(config->profile);
	free(config);
}

const char *xf_config_profile(const struct xf_config *config)
{
	return config->profile;
}

bool xf_config_profile_explicit(const struct xf_config *config)
{
	return config->profile_explicit;
}

const struct xf_env *xf_config_env(const struct xf_config *config)
{
	return &config->env;
}

const char *xf_config_get(const struct xf_config *config, const char *sub, const char *key)
{
	const char *value = xf_ini_get(config->credentials, config->profile, sub, key);
	if (!value && config->section)
		value = xf_ini_get(config->config, config->section, sub, key);
	return value;
}

const char *xf_config_get_config_file(const struct xf_config *config, const char *key)
{
	return config->section ? xf_ini_get(config->config, config->section, NULL, key) : NULL;
}

const char *xf_config_get_credentials_file(const struct xf_config *config, const char *key)
{
	return xf_ini_get(config->credentials, config->profile, NULL, key);
}

/* ---- typed values */

static bool decimal(uint64_t *out, const char *text, size_t len)
{
	uint64_t value = 0;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'), &value))
			return false;
	*out = value;
	return len != 0;
}

/* digits, then one of the units; their value is 1024 to the power of their place. */
static enum xf_status scaled(uint64_t *out, const char *text, const char *const units[][2], size_t nr_units)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;
	uint64_t value;
	if (!decimal(&value, text, digits))
		return XF_INVALID;
	for (size_t i = 0; i < nr_units; i++)
		if (!strcasecmp(unit, units[i][0]) || !strcasecmp(unit, units[i][1]))
			return __builtin_mul_overflow(value, (uint64_t)1 << 10 * i, out) ? XF_INVALID : XF_OK;
	return XF_INVALID;
}

enum xf_status xf_size_parse(uint64_t *out, const char *text)
{
	static const char *const units[][2] = {
		{ "", "B" }, { "KB", "KiB" }, { "MB", "MiB" }, { "GB", "GiB" }, { "TB", "TiB" },
	};
	return scaled(out, text, units, sizeof(units) / sizeof(*units));
}

/* "10Mb/s" is bits: the case of that one letter matters, as in the AWS CLI. */
enum xf_status xf_rate_parse(uint64_t *out, const char *text)
{
	char amount[32];
	size_t len = strlen(text);
	bool per_second = len > 2 && !strcasecmp(text + len - 2, "/s");
	len -= per_second ? 2 : 0;
	if (!len || len >= sizeof(amount))
		return XF_INVALID;
	memcpy(amount, text, len);
	amount[len] = '\0';
	bool bits = per_second && amount[len - 1] == 'b';
	enum xf_status status = xf_size_parse(out, amount);
	if (!status && bits)
		*out /= 8;
	return status;
}

enum kind { TEXT, COUNT, SIZE, RATE, YES_NO, CHOICE };

static const char *const retry_modes[] = { "legacy", "standard", "adaptive", NULL }; /* ORDER xf_retry_mode */
static const char *const whens[] = { "when_supported", "when_required", NULL };      /* ORDER xf_when */
static const char *const styles[] = { "auto", "path", "virtual", NULL };             /* ORDER xf_addressing */

/* One row a setting: the first of env, env2, [profile] sub/key, [profile] key2, env_last that has a value. */
struct setting {
	size_t offset;
	enum kind kind;
	const char *env, *env2, *sub, *key, *key2, *env_last;
	const char *const *choices;
};

#define AT(field) .offset = offsetof(struct xf_settings, field)

static const struct setting settings[] = {
	{ AT(region), TEXT, "AWS_REGION", "AWS_DEFAULT_REGION", .key = "region" },
	{ AT(ca_bundle), TEXT, "AWS_CA_BUNDLE", .key = "ca_bundle", .env_last = "REQUESTS_CA_BUNDLE" },
	{ AT(max_attempts), COUNT, "AWS_MAX_ATTEMPTS", .key = "max_attempts" },
	{ AT(retry_mode), CHOICE, "AWS_RETRY_MODE", .key = "retry_mode", .choices = retry_modes },
	{ AT(request_checksum), CHOICE, "AWS_REQUEST_CHECKSUM_CALCULATION",
	  .key = "request_checksum_calculation", .choices = whens },
	{ AT(response_checksum), CHOICE, "AWS_RESPONSE_CHECKSUM_VALIDATION",
	  .key = "response_checksum_validation", .choices = whens },
	{ AT(addressing), CHOICE, .sub = "s3", .key = "addressing_style", .choices = styles },
	{ AT(payload_signing), YES_NO, .sub = "s3", .key = "payload_signing_enabled" },
	{ AT(use_accelerate), YES_NO, .sub = "s3", .key = "use_accelerate_endpoint" },
	{ AT(use_dualstack), YES_NO, .env = "AWS_USE_DUALSTACK_ENDPOINT", .sub = "s3",
	  .key = "use_dualstack_endpoint", .key2 = "use_dualstack_endpoint" },
	{ AT(multipart_threshold), SIZE, .sub = "s3", .key = "multipart_threshold" },
	{ AT(multipart_chunksize), SIZE, .sub = "s3", .key = "multipart_chunksize" },
	{ AT(max_bandwidth), RATE, .sub = "s3", .key = "max_bandwidth" },
	{ AT(max_concurrent_requests), COUNT, .sub = "s3", .key = "max_concurrent_requests" },
	{ AT(max_queue_size), COUNT, .sub = "s3", .key = "max_queue_size" },
};

/* The value, and in *from the name to blame for it. */
static const char *setting_find(const struct setting *s, const struct xf_config *c, const char **from)
{
	const char *value = NULL;
	const char *const first[] = { s->env, s->env2 };
	for (int i = 0; i < 2 && !value; i++)
		if ((*from = first[i]))
			value = xf_env_get(&c->env, first[i]);
	if (!value)
		value = xf_config_get(c, s->sub, *from = s->key);
	if (!value && s->key2)
		value = xf_config_get(c, NULL, *from = s->key2);
	if (!value && s->env_last)
		value = xf_env_get(&c->env, *from = s->env_last);
	return value && *value ? value : NULL;
}

static bool choose(unsigned *out, const char *value, const char *const *choices)
{
	for (unsigned i = 0; choices[i]; i++)
		if (!strcasecmp(value, choices[i])) {
			*out = i;
			return true;
		}
	return false;
}

static bool setting_store(const struct setting *s, void *field, const char *value)
{
	uint64_t number = 0;
	switch (s->kind) {
	case TEXT:
		*(const char **)field = value;
		return true;
	case COUNT:
		if (!decimal(&number, value, strlen(value)) || !number || number > UINT32_MAX)
			return false;
		*(uint32_t *)field = (uint32_t)number;
		return true;
	case SIZE:
		return !xf_size_parse(field, value) && *(uint64_t *)field;
	case RATE:
		return !xf_rate_parse(field, value) && *(uint64_t *)field;
	case YES_NO: /* botocore: everything but "true" is no */
		*(enum xf_maybe *)field = strcasecmp(value, "true") ? XF_NO : XF_YES;
		return true;
	case CHOICE:
		return choose(field, value, s->choices);
	}
	return false;
}

static enum xf_status setting_bad(const struct setting *s, const char *from, const char *value,
				  struct xf_error *err)
{
	char shown[64], allowed[64] = "";
	xf_text_sanitise(shown, sizeof(shown), value, strlen(value));
	for (size_t i = 0; s->choices && s->choices[i]; i++)
		snprintf(allowed + strlen(allowed), sizeof(allowed) - strlen(allowed), "%s%s", i ? ", " : "",
			 s->choices[i]);
	if (s->choices)
		return xf_fail(err, XF_INVALID, "%s is \"%s\"; it can be %s", from, shown, allowed);
	return xf_fail(err, XF_INVALID, "%s is \"%s\", which is not a %s above zero", from, shown,
		       s->kind == COUNT ? "number" : s->kind == SIZE ? "size (8MB, 8388608)" : "rate (50MB/s)");
}

static enum xf_status services_endpoint(const char **out, const struct xf_config *c, struct xf_error *err)
{
	const char *name = xf_config_get(c, NULL, "services");
	if (!name)
		return XF_OK;
	const char *section = find_section(c->config, "services", name);
	if (!section) {
		char shown[64];
		xf_text_sanitise(shown, sizeof(shown), name, strlen(name));
		return xf_fail(err, XF_INVALID, "the profile \"%s\" names the services section \"%s\", which is not "
						"in the config file", c->profile, shown);
	}
	*out = xf_ini_get(c->config, section, "s3", "endpoint_url");
	return XF_OK;
}

/* In the order of botocore's ConfiguredEndpointProvider; all of it can be switched off. */
static enum xf_status find_endpoint(const char **out, const struct xf_config *c, struct xf_error *err)
{
	const char *ignore = xf_env_get(&c->env, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	if (!ignore)
		ignore = xf_config_get(c, NULL, "ignore_configured_endpoint_urls");
	*out = NULL;
	if (ignore && !strcasecmp(ignore, "true"))
		return XF_OK;
	*out = xf_env_get(&c->env, "AWS_ENDPOINT_URL_S3");
	if (!*out)
		*out = xf_env_get(&c->env, "AWS_ENDPOINT_URL");
	enum xf_status status = *out ? XF_OK : services_endpoint(out, c, err);
	if (!status && !*out)
		*out = xf_config_get(c, NULL, "endpoint_url");
	return status;
}

enum xf_status xf_settings_resolve(struct xf_settings *out, const struct xf_config *config,
				   struct xf_error *err)
{
	*out = (struct xf_settings){ .region = NULL };
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		const struct setting *s = &settings[i];
		const char *from, *value = setting_find(s, config, &from);
		if (value && !setting_store(s, (char *)out + s->offset, value))
			return setting_bad(s, from, value, err);
	}
	return find_endpoint(&out->endpoint_url, config, err);
}
