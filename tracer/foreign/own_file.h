/*
 * own_file: where what belongs to this program lies: the probe, the shim, the whole program.
 */
#ifndef TR_FOREIGN_OWN_FILE_H
#define TR_FOREIGN_OWN_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Its path: beside the running program, or in ../lib/xferdb of it. False: it is not there. */
bool tr_own_file(const char *name, char *path, size_t cap);

#endif
