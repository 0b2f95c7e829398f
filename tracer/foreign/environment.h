/*
 * environment: the traced program's, made from ours by a few changes. Pure.
 * Owns: everything in it; tr_environment_fini().
 */
#ifndef TR_FOREIGN_ENVIRONMENT_H
#define TR_FOREIGN_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

struct tr_environment {
	char **list;      /* NULL-terminated, for execve */
	size_t nr, cap;
	bool failed;      /* out of memory: list is as it was before */
};

/* A copy of base. */
void tr_environment_init(struct tr_environment *e, char *const *base);
void tr_environment_fini(struct tr_environment *e);

const char *tr_environment_get(const struct tr_environment *e, const char *name);
void tr_environment_set(struct tr_environment *e, const char *name, const char *value);
/* Without it. */
void tr_environment_drop(struct tr_environment *e, const char *name);
/* "NAME=VALUE" */
void tr_environment_put(struct tr_environment *e, const char *pair);
/* value, and what was there behind a ':'. */
void tr_environment_prepend(struct tr_environment *e, const char *name, const char *value);

#endif
