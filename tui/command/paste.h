/* paste: a command line as it can be given to a shell again, without what must not be shown. */
#ifndef UI_COMMAND_PASTE_H
#define UI_COMMAND_PASTE_H

#include <stdbool.h>
#include <stdio.h>

/* One word, quoted where a shell would take it for something else. */
void ui_paste_word(FILE *out, const char *word);

/*
 * Words with blanks between; NULL ends them. Keys, tokens, passwords and signatures are written as
 * three dots: the value of an option, a header, a variable or a query key of such a name, whether it is
 * a word of its own, stands behind `=` or `:`, or within a script; and what looks like an access key.
 * False: something was left out, and the user has to put it in again.
 */
bool ui_paste_words(FILE *out, const char *const *words);

#endif
