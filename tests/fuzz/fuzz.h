/* fuzz: what every target includes. A property that does not hold must abort: FUZZ_CHECK. */
#ifndef T_FUZZ_FUZZ_H
#define T_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define FUZZ_CHECK(condition)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The input as a string; free(). */
static inline char *fuzz_text(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 1);
	FUZZ_CHECK(text);
	if (len)
		memcpy(text, data, len);
	text[len] = '\0';
	return text;
}

/* Cuts at the first line end: the head stays, the tail is returned ("" when there is none). */
static inline char *fuzz_cut(char *text)
{
	char *end = strchr(text, '\n');
	if (!end)
		return text + strlen(text);
	*end = '\0';
	return end + 1;
}

#endif
