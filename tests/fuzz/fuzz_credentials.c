/* The document of credential_process and of the endpoints, and the times in it. */
#include "core/s3/provider.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct xf_credential_json forms[] = {
		{ "custom-process", "SessionToken", .versioned = true },
		{ "iam-role", "Token", .full = true },
	};
	int64_t at;
	for (size_t i = 0; i < 2; i++) {
		const struct xf_credentials *c;
		struct xf_error err = XF_ERROR_INIT;
		char *text = fuzz_text(data, len);
		xf_expiry_parse(&at, text);
		enum xf_status status = xf_credentials_from_json(&c, text, len, &forms[i], &err);
		FUZZ_CHECK(!status == (c != NULL) && status == err.status);
		if (c)
			FUZZ_CHECK(*c->access_key && *c->secret_key && (!forms[i].full || c->expires_at));
		for (size_t k = 0; k < len; k++)
			FUZZ_CHECK(!text[k]);
		xf_credentials_release(c);
		free(text);
	}
	return 0;
}
