/*
 * values: what people write after an option, turned into numbers. Arithmetic
 * only. Every function refuses what it does not understand whole; text is never
 * half used. The errors are sentences without a subject ("is not a size: …"),
 * for the caller to put the option's name before.
 */
#ifndef UI_COMMAND_VALUES_H
#define UI_COMMAND_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `8388608`, `8MB`, `8MiB`, `1.5gb`: powers of two all, as the AWS CLI has them; case does not matter. */
const char *ui_value_size(const char *text, uint64_t *bytes);

/* A size, or a size with `/s`; `Mb` (bits) is refused. */
const char *ui_value_rate(const char *text, uint64_t *bytes_per_s);

/* `20ms`, `3s`, `1.5m`, `1h`, `10us`, `500ns`; a number alone is seconds, as timeout(1) has it. */
const char *ui_value_time(const char *text, uint64_t *ns);

/* Decimal digits only. */
const char *ui_value_count(const char *text, uint64_t *count);

/* Is word (len bytes) one of "a|b|c"? */
bool ui_value_word(const char *choices, const char *word, size_t len);

/* Is word in the comma list? */
bool ui_value_listed(const char *list, const char *word);

/*
 * How far apart two words are: insertions, deletions, replacements and swaps of
 * neighbours (Damerau and Levenshtein's distance, restricted form). Words longer
 * than 63 bytes are far from everything.
 */
unsigned ui_value_distance(const char *a, const char *b);

#endif
