/*
 * operate: what operators and functions of expressions make of values, as Python has it; the
 * reader of the text is expr.c. Errors are worded as Python's: "TypeError: …".
 */
#ifndef TR_DEBUG_OPERATE_H
#define TR_DEBUG_OPERATE_H

#include "tracer/debug/expr.h"

/* "SyntaxError: …" into *error. Returns None. */
struct tr_value tr_expr_fail(struct tr_expr_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool tr_as_int(const struct tr_value *v, int64_t *i);    /* int and bool */
bool tr_as_float(const struct tr_value *v, double *f);   /* these and float */

/* An operator with two sides: + - * / // % ** << >> & ^ |. False: *error. */
bool tr_operate(const char *op, const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		struct tr_expr_error *error);
/* One with one: - + ~. */
bool tr_operate_one(const char *op, const struct tr_value *a, struct tr_value *out, struct tr_expr_error *error);

/* ORDER comparisons: longer before its beginning */
enum tr_compare { TR_EQ, TR_NE, TR_LE, TR_GE, TR_LT, TR_GT, TR_NOT_IN, TR_IN, TR_IS_NOT, TR_IS, TR_NO_COMPARE };

bool tr_compare(enum tr_compare op, const struct tr_value *a, const struct tr_value *b, void *ctx, bool *out,
		struct tr_expr_error *error);

enum { TR_MAX_ARGUMENTS = 4 };

/* A call of a function by its name. ctx: that of classes' functions. False: *error. */
bool tr_call(const char *name, const struct tr_value *arguments, unsigned nr, void *ctx, struct tr_value *out,
	     struct tr_expr_error *error);

#endif
