/* Both files of ~/.aws, before and behind a NUL; whatever is accepted can be resolved or says why not. */
#include "core/s3/ini.h"
#include "core/s3/profile.h"
#include "fuzz.h"

static const char *nothing(void *ctx, const char *name)
{
	(void)ctx, (void)name;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct xf_env env = { .get = nothing };
	struct xf_ini *ini;
	struct xf_config *config;
	struct xf_settings settings;
	struct xf_error err = XF_ERROR_INIT;
	if (!xf_ini_parse(&ini, (const char *)data, len, "fuzz", &err))
		xf_ini_get(ini, "default", "s3", "addressing_style");
	xf_ini_free(ini);

	char *text = fuzz_text(data, len);
	const char *second = strlen(text) < len ? text + strlen(text) + 1 : "";
	err = XF_ERROR_INIT;
	if (!xf_config_parse(&config, text, second, NULL, &env, &err)) {
		enum xf_status status = xf_settings_resolve(&settings, config, &err);
		FUZZ_CHECK(status == err.status && (!status || err.message[0]));
		xf_config_free(config);
	} else {
		FUZZ_CHECK(err.message[0]);
	}
	free(text);
	return 0;
}
