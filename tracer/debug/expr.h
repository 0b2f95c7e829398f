/*
 * expr: the expressions of the prompt, a small subset of Python's: literals,
 * names, members, items, calls of a few functions, + - * / // % **, << >> & ^ | ~, comparisons
 * (chained, in, not in, is), and or not, brackets, and the assignment (= += and its like).
 *
 * Evaluated while it is read, left to right; what `and` and `or` skip is read but
 * not evaluated. What names mean is the scope's business.
 */
#ifndef TR_DEBUG_EXPR_H
#define TR_DEBUG_EXPR_H

#include "tracer/debug/value.h"

struct tr_names {
	void *ctx; /* also that of classes' functions */
	/* followed: a `.` or `[` comes next, an object is meant. False: no such name. */
	bool (*name)(void *ctx, const char *name, bool followed, struct tr_value *out);
	/* A plain name or $name is assigned to. NULL, or why not. */
	const char *(*set)(void *ctx, const char *name, const struct tr_value *value);
};

/* "NameError: name 'x' is not defined", as Python words it. */
struct tr_expr_error {
	char text[200];
};

/* False: *error says why, and nothing has changed. The whole text must be an expression. */
bool tr_expr_eval(const char *text, const struct tr_names *scope, struct tr_value *out,
		  struct tr_expr_error *error);

/* An expression or an assignment; *assigned: it was one, and there is no value. */
bool tr_expr_run(const char *text, const struct tr_names *scope, struct tr_value *out, bool *assigned,
		 struct tr_expr_error *error);

/* What the functions are called, for completion: the i-th, NULL after the last. */
const char *tr_expr_function(unsigned i);

#endif
