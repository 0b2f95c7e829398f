#include "core/s3/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/*
 * Copies one word to dst, without its quotes. Returns what is behind it, NULL
 * when a quote or an escape has no end.
 */
static const char *word_copy(char **dst, const char *text)
{
	char quote = '\0';
	for (; *text && (quote || !strchr(" \t\r\n", *text)); text++) {
		if (!quote && (*text == '\'' || *text == '"')) {
			quote = *text;
		} else if (*text == quote) {
			quote = '\0';
		} else if (*text == '\\' && quote != '\'') {
			if (!text[1])
				return NULL;
			if (quote && text[1] != '"' && text[1] != '\\')
				*(*dst)++ = '\\';
			*(*dst)++ = *++text;
		} else {
			*(*dst)++ = *text;
		}
	}
	*(*dst)++ = '\0';
	return quote ? NULL : text;
}

enum xf_status xf_words_split(char ***out, size_t *nr, const char *text)
{
	size_t len = strlen(text), most = len / 2 + 2, n = 0; /* a word takes two bytes but for the last; and NULL */
	char **words = malloc(most * sizeof(*words) + 2 * len + 2);
	if (!words)
		return XF_NOMEM;
	char *dst = (char *)(words + most);
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (!*text)
			break;
		words[n++] = dst;
		text = word_copy(&dst, text);
		if (!text) {
			free(words);
			return XF_INVALID;
		}
	}
	words[n] = NULL;
	*out = words;
	if (nr)
		*nr = n;
	return XF_OK;
}
