/*
 * verify: looks with a HEAD whether the objects of a traced program are there: right behind the
 * return of each call on trial, and once more at the program's end.
 *
 * Where to look is what the program's own requests said: their Host, and whether they went under
 * TLS. Signed with the credentials a client of this user would find (environment, ~/.aws), or with those of
 * the embedded endpoint. A HEAD that is refused shows nothing: `visible` is then null.
 */
#ifndef UI_COMMAND_VERIFY_H
#define UI_COMMAND_VERIFY_H

#include <stdio.h>

#include "tracer/foreign/contract.h"
#include "tui/command/local.h"

struct ui_verifier;

/*
 * Begins to look, on a muted thread of its own; recording is on. local: the embedded endpoint, or
 * NULL. NULL: no thread, nobody looks.
 */
struct ui_verifier *ui_verifier_start(struct tr_control *control, const struct ui_local *local, bool quiet);

/*
 * The program has ended, its control mapping is still there and recording still on: looks a last
 * time, says on out what it could not look at (unless quiet), and frees. NULL is fine.
 */
void ui_verifier_finish(struct ui_verifier *verifier, FILE *out);

#endif
