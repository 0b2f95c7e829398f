/*
 * ini: one file of ~/.aws, as Python's configparser and botocore read it.
 *
 * Sections, `key = value` or `key: value` (keys lower-cased), whole-line comments
 * that begin with '#' or ';', values continued by deeper indentation. A key
 * without a value whose continuation lines are `name = value` is a level of
 * nesting: `s3 =` in a profile. A section or key given twice is an error; a
 * [DEFAULT] section is behind all others.
 *
 * What it holds may be secret: it is wiped when freed, and no line is ever quoted.
 */
#ifndef XF_S3_INI_H
#define XF_S3_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "core/event/status.h"

struct xf_ini;

/*
 * Parses text; name stands in messages ("~/.aws/config"). An empty text is fine.
 * Errors: XF_FORMAT with the line's number, XF_NOMEM.
 */
enum xf_status xf_ini_parse(struct xf_ini **out, const char *text, size_t len, const char *name,
			    struct xf_error *err);
void xf_ini_free(struct xf_ini *ini);

/* `sub` NULL: `[section] key`; else the nested `[section] sub = / key`. NULL when absent. */
const char *xf_ini_get(const struct xf_ini *ini, const char *section, const char *sub,
		       const char *key);
/* The section's name as it stands there, from 0; NULL behind the last. */
const char *xf_ini_section(const struct xf_ini *ini, size_t index);
bool xf_ini_has_section(const struct xf_ini *ini, const char *section);

#endif
