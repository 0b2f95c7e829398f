/* uri: s3://BUCKET/KEY, and the keys that files get below a prefix. Arithmetic on strings only. */
#ifndef UI_COMMAND_URI_H
#define UI_COMMAND_URI_H

#include <stdbool.h>

#include "core/event/status.h"

struct ui_uri {
	char bucket[256];
	char key[1025];  /* S3's limit is 1024 bytes; "" : the whole bucket */
	bool prefix;     /* no key, or one that ends in '/': files keep their names below it */
};

/* Errors: XF_INVALID with a sentence; what stands behind a '?' is not repeated. */
enum xf_status ui_uri_parse(const char *text, struct ui_uri *uri, struct xf_error *err);

/*
 * The key that the file gets at this destination, to key[1025]. "-" is standard
 * input and has no name to keep. Errors: XF_INVALID.
 */
enum xf_status ui_uri_key_for(const struct ui_uri *uri, const char *file, char key[1025],
			      struct xf_error *err);

#endif
