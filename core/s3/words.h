/*
 * words: a line split as a POSIX shell splits it, and nothing else of a shell:
 * no expansion, no substitution (Python's shlex.split, which botocore uses).
 */
#ifndef XF_S3_WORDS_H
#define XF_S3_WORDS_H

#include <stddef.h>

#include "core/event/status.h"

/*
 * *out: words, then NULL, one allocation; yours, free(). *nr may be NULL.
 * Errors: XF_INVALID (a quote that is not closed, a backslash at the end), XF_NOMEM.
 */
enum xf_status xf_words_split(char ***out, size_t *nr, const char *text);

#endif
