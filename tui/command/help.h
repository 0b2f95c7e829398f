/* help: what `--help` prints, made from the tables alone. Text for people; the man pages say more. */
#ifndef UI_COMMAND_HELP_H
#define UI_COMMAND_HELP_H

#include <stdio.h>

#include "tui/command/options.h"

/* The overview of all commands. */
void ui_help_overview(FILE *out);

/* One command: synopsis, what it does, its options, exit statuses. */
void ui_help_command(FILE *out, const struct ui_command *command);

/* "-o, --output FILE.xft", "--no-threads" …: an option as help lists it. Returns buf. */
const char *ui_help_spelling(const struct ui_option *option, char *buf, size_t cap);

#endif
