/* What decodes, encodes to what it was: a value has one spelling. */
#include "core/s3/checksum.h"
#include "core/s3/encode.h"
#include "core/s3/words.h"
#include "fuzz.h"

static void base64(const char *text)
{
	uint8_t plain[64];
	char again[XF_BASE64_SIZE(sizeof(plain))];
	size_t len;
	if (!xf_base64_decode(plain, sizeof(plain), &len, text))
		return;
	xf_base64_encode(again, plain, len);
	FUZZ_CHECK(!strcmp(text, again));
}

static void percent(const char *text, size_t len)
{
	struct xf_buf encoded = XF_BUF_INIT, decoded = XF_BUF_INIT;
	xf_percent_encode(&encoded, text, len, XF_PERCENT_ALL);
	xf_percent_decode(&decoded, xf_buf_text(&encoded), encoded.len, false);
	FUZZ_CHECK(decoded.len == len && !memcmp(xf_buf_text(&decoded), text, len));
	xf_buf_fini(&encoded);
	xf_buf_fini(&decoded);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = fuzz_text(data, len), **words;
	struct xf_digest d;
	uint32_t nr_parts;
	uint8_t bytes[16];
	size_t nr;
	base64(text);
	percent(text, len);
	for (enum xf_checksum a = 1; a < XF_CHECKSUM_COUNT; a++)
		if (!xf_digest_parse_any(&d, &nr_parts, a, text))
			FUZZ_CHECK(d.len == xf_checksum_info(a)->size && nr_parts <= 99999);
	if (strlen(text) == 32 && xf_hex_decode(bytes, 16, text)) {
		char again[33];
		xf_hex_encode(again, bytes, 16);
		FUZZ_CHECK(!strcasecmp(text, again));
	}
	if (!xf_words_split(&words, &nr, text)) {
		for (size_t i = 0; i < nr; i++)
			FUZZ_CHECK(strlen(words[i]) <= len);
		FUZZ_CHECK(!words[nr]);
		free(words);
	}
	free(text);
	return 0;
}
