/*
 * front: one source, two programs.
 *
 * What a transfer needs (libcurl, libmicrohttpd, OpenSSL and forty libraries behind
 * them) takes longer to load than a trace takes to make. So `xferdb`, the front, is linked without:
 * it traces, attaches, and reads traces. For all else it becomes xferdb-full, which has everything
 * and lies with the probe: the same words, another exec. Which command that is says UI_WHOLE in
 * commands.def; some options of the others do, too.
 *
 * front.c is linked into the one, whole.c into the other. Both are in order by themselves.
 */
#ifndef UI_COMMAND_FRONT_H
#define UI_COMMAND_FRONT_H

#include <stdbool.h>

#include "tui/command/arguments.h"

/* First of all: argv is kept as it was given, since parsing takes secrets out of it. */
void ui_front_keep(int argc, char **argv);

/* Does the command, as it was given, need what this program is linked without? */
bool ui_front_lacks(const struct ui_arguments *arguments);

/* The whole program takes over. Returns only when it is not there: the exit status, said why. */
int ui_front_hand_over(const struct ui_arguments *arguments);

/* It was not needed: the words kept are wiped. */
void ui_front_forget(void);

#endif
