#include "tracer/debug/operate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tr_value tr_expr_fail(struct tr_expr_error *error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return tr_value_none();
}

bool tr_as_float(const struct tr_value *v, double *f)
{
	*f = v->type == TR_VALUE_FLOAT ? v->f : v->type == TR_VALUE_BOOL ? (double)v->b : (double)v->i;
	return v->type == TR_VALUE_FLOAT || v->type == TR_VALUE_BOOL || v->type == TR_VALUE_INT;
}

bool tr_as_int(const struct tr_value *v, int64_t *i)
{
	*i = v->type == TR_VALUE_BOOL ? v->b : v->i;
	return v->type == TR_VALUE_INT || v->type == TR_VALUE_BOOL;
}

static struct tr_value float_value(double f)
{
	return (struct tr_value){ .type = TR_VALUE_FLOAT, .f = f };
}

static bool failed(struct tr_expr_error *error, const char *text)
{
	tr_expr_fail(error, "%s", text);
	return false;
}

/* ---- texts */

static const char too_long[] = "MemoryError: the text would be too long";

static bool join_texts(const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		       struct tr_expr_error *error)
{
	size_t n = strlen(a->text), m = strlen(b->text);
	struct tr_value v = *a;
	if (n + m >= sizeof(v.text))
		return failed(error, too_long);
	memcpy(v.text + n, b->text, m + 1);
	*out = v;
	return true;
}

static bool repeat_text(const struct tr_value *a, int64_t times, struct tr_value *out, struct tr_expr_error *error)
{
	size_t n = strlen(a->text);
	struct tr_value v = tr_value_text("");
	if (times > 0 && n && (uint64_t)times > (sizeof(v.text) - 1) / n)
		return failed(error, too_long);
	for (int64_t i = 0; n && i < times; i++)
		memcpy(v.text + (size_t)i * n, a->text, n + 1);
	*out = v;
	return true;
}

/* ---- numbers */

static bool type_error(const char *op, const struct tr_value *a, const struct tr_value *b,
		       struct tr_expr_error *error)
{
	tr_expr_fail(error, "TypeError: unsupported operand type(s) for %s: '%s' and '%s'", op,
		     tr_value_type_name(a), tr_value_type_name(b));
	return false;
}

/* Floor division and its remainder, as Python has them for negative numbers. */
static bool divide(const char *op, const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		   struct tr_expr_error *error)
{
	int64_t x, y;
	double f, g;
	if (!tr_as_float(a, &f) || !tr_as_float(b, &g))
		return type_error(op, a, b, error);
	if (g == 0)
		return failed(error, "ZeroDivisionError: division by zero");
	if (strcmp(op, "/") == 0) {
		*out = float_value(f / g);
		return true;
	}
	if (!tr_as_int(a, &x) || !tr_as_int(b, &y) || (x == INT64_MIN && y == -1)) {
		*out = float_value(*op == '%' ? f - floor(f / g) * g : floor(f / g));
		return true;
	}
	int64_t q = x / y, r = x % y;
	if (r && (r < 0) != (y < 0)) {
		q--;
		r += y;
	}
	*out = tr_value_int(*op == '%' ? r : q);
	return true;
}

/* Whole where both are whole and the result fits; beyond that, a float. */
static bool power(const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		  struct tr_expr_error *error)
{
	int64_t x, n, result = 1;
	double f, g;
	if (!tr_as_float(a, &f) || !tr_as_float(b, &g))
		return type_error("** or pow()", a, b, error);
	if (f == 0 && g < 0)
		return failed(error, "ZeroDivisionError: 0.0 cannot be raised to a negative power");
	bool whole = tr_as_int(a, &x) && tr_as_int(b, &n) && n >= 0 && n < 4096;
	for (int64_t i = 0; whole && i < n; i++)
		whole = !__builtin_mul_overflow(result, x, &result);
	*out = whole ? tr_value_int(result) : float_value(pow(f, g));
	return true;
}

static bool bits(const char *op, const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		 struct tr_expr_error *error)
{
	int64_t x, y;
	if (!tr_as_int(a, &x) || !tr_as_int(b, &y))
		return type_error(op, a, b, error);
	bool shift = *op == '<' || *op == '>';
	if (shift && y < 0)
		return failed(error, "ValueError: negative shift count");
	if (*op == '<' && (y > 62 || (x && (x > INT64_MAX >> y || x < INT64_MIN >> y))))
		return failed(error, "OverflowError: too many bits");
	*out = tr_value_int(*op == '&' ? x & y : *op == '|' ? x | y : *op == '^' ? x ^ y
			    : *op == '<' ? (int64_t)((uint64_t)x << y) : x >> (y > 63 ? 63 : y));
	if (!shift && a->type == TR_VALUE_BOOL && b->type == TR_VALUE_BOOL)
		*out = tr_value_bool(out->i != 0);
	return true;
}

static bool overflow(char op, int64_t a, int64_t b, int64_t *out)
{
	return op == '+' ? __builtin_add_overflow(a, b, out)
	       : op == '-' ? __builtin_sub_overflow(a, b, out) : __builtin_mul_overflow(a, b, out);
}

/* + - *: of numbers, and what + and * make of texts. */
static bool combine(const char *op, const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		    struct tr_expr_error *error)
{
	int64_t x, y, i;
	double f, g;
	if (*op == '+' && a->type == TR_VALUE_TEXT && b->type == TR_VALUE_TEXT)
		return join_texts(a, b, out, error);
	if (*op == '*' && a->type == TR_VALUE_TEXT && tr_as_int(b, &y))
		return repeat_text(a, y, out, error);
	if (*op == '*' && b->type == TR_VALUE_TEXT && tr_as_int(a, &x))
		return repeat_text(b, x, out, error);
	if (tr_as_int(a, &x) && tr_as_int(b, &y) && !overflow(*op, x, y, &i)) {
		*out = tr_value_int(i);
		return true;
	}
	if (!tr_as_float(a, &f) || !tr_as_float(b, &g))
		return type_error(op, a, b, error);
	*out = float_value(*op == '+' ? f + g : *op == '-' ? f - g : f * g);
	return true;
}

bool tr_operate(const char *op, const struct tr_value *a, const struct tr_value *b, struct tr_value *out,
		struct tr_expr_error *error)
{
	if (strcmp(op, "**") == 0)
		return power(a, b, out, error);
	if (*op == '/' || *op == '%')
		return divide(op, a, b, out, error);
	if (strchr("<>&^|", *op))
		return bits(op, a, b, out, error);
	return combine(op, a, b, out, error);
}

bool tr_operate_one(const char *op, const struct tr_value *a, struct tr_value *out, struct tr_expr_error *error)
{
	int64_t i;
	double f;
	if (!tr_as_float(a, &f) || (*op == '~' && !tr_as_int(a, &i))) {
		tr_expr_fail(error, "TypeError: bad operand type for unary %s: '%s'", op, tr_value_type_name(a));
		return false;
	}
	if (!tr_as_int(a, &i) || (*op == '-' && i == INT64_MIN))
		*out = float_value(*op == '-' ? -f : f);
	else
		*out = tr_value_int(*op == '-' ? -i : *op == '~' ? ~i : i);
	return true;
}

/* ---- comparisons */

static bool ordered(enum tr_compare op, const struct tr_value *a, const struct tr_value *b, bool *out,
		    struct tr_expr_error *error)
{
	static const char *const words[] = { "==", "!=", "<=", ">=", "<", ">" };
	double x = 0, y = 0;
	int sign;
	if (a->type == TR_VALUE_TEXT && b->type == TR_VALUE_TEXT) {
		sign = strcmp(a->text, b->text);
	} else if (tr_as_float(a, &x) && tr_as_float(b, &y)) {
		sign = a->type == TR_VALUE_INT && b->type == TR_VALUE_INT ? (a->i > b->i) - (a->i < b->i)
									  : (x > y) - (x < y);
	} else {
		tr_expr_fail(error, "TypeError: '%s' not supported between instances of '%s' and '%s'", words[op],
			     tr_value_type_name(a), tr_value_type_name(b));
		return false;
	}
	*out = !isnan(x) && !isnan(y) &&
	       (op == TR_LT ? sign < 0 : op == TR_GT ? sign > 0 : op == TR_LE ? sign <= 0 : sign >= 0);
	return true;
}

static bool contains(const struct tr_value *a, const struct tr_value *b, void *ctx, bool *out,
		     struct tr_expr_error *error)
{
	struct tr_value ignored;
	if (b->type == TR_VALUE_TEXT && a->type == TR_VALUE_TEXT) {
		*out = strstr(b->text, a->text) != NULL;
		return true;
	}
	if (b->type == TR_VALUE_OBJECT && b->object.class->item) {
		*out = b->object.class->item(ctx, b->object.index, a, &ignored);
		return true;
	}
	if (b->type == TR_VALUE_TEXT)
		tr_expr_fail(error, "TypeError: 'in <string>' requires string as left operand, not %s",
			     tr_value_type_name(a));
	else
		tr_expr_fail(error, "TypeError: argument of type '%s' is not iterable", tr_value_type_name(b));
	return false;
}

bool tr_compare(enum tr_compare op, const struct tr_value *a, const struct tr_value *b, void *ctx, bool *out,
		struct tr_expr_error *error)
{
	switch (op) {
	case TR_EQ: case TR_IS:
		*out = tr_value_equal(a, b);
		return true;
	case TR_NE: case TR_IS_NOT:
		*out = !tr_value_equal(a, b);
		return true;
	case TR_IN:
		return contains(a, b, ctx, out, error);
	case TR_NOT_IN:
		if (!contains(a, b, ctx, out, error))
			return false;
		*out = !*out;
		return true;
	default:
		return ordered(op, a, b, out, error);
	}
}

/* ---- functions */

struct call {
	const struct tr_value *a;
	unsigned nr;
	void *ctx;
	struct tr_expr_error *error;
};

static bool length(const struct call *c, struct tr_value *out)
{
	const struct tr_value *a = c->a;
	if (a->type == TR_VALUE_TEXT)
		*out = tr_value_int(tr_text_length(a->text));
	else if (a->type == TR_VALUE_OBJECT && a->object.class->length)
		*out = tr_value_int(a->object.class->length(c->ctx, a->object.index));
	else
		tr_expr_fail(c->error, "TypeError: object of type '%s' has no len()", tr_value_type_name(a));
	return !*c->error->text;
}

static bool absolute(const struct call *c, struct tr_value *out)
{
	int64_t i;
	double f;
	if (!tr_as_float(c->a, &f)) {
		tr_expr_fail(c->error, "TypeError: bad operand type for abs(): '%s'", tr_value_type_name(c->a));
		return false;
	}
	*out = tr_as_int(c->a, &i) && i != INT64_MIN ? tr_value_int(i < 0 ? -i : i) : float_value(fabs(f));
	return true;
}

static bool extreme(const struct call *c, enum tr_compare op, struct tr_value *out)
{
	unsigned best = 0;
	bool better;
	for (unsigned i = 1; i < c->nr; i++) {
		if (!tr_compare(op, &c->a[i], &c->a[best], c->ctx, &better, c->error))
			return false;
		best = better ? i : best;
	}
	*out = c->a[best];
	return true;
}

static bool smallest(const struct call *c, struct tr_value *out)
{
	return extreme(c, TR_LT, out);
}

static bool largest(const struct call *c, struct tr_value *out)
{
	return extreme(c, TR_GT, out);
}

static bool to_int(const struct call *c, struct tr_value *out)
{
	int64_t i;
	char *end = NULL, shown[160];
	if (c->a->type == TR_VALUE_FLOAT && fabs(c->a->f) < 9e18) {
		*out = tr_value_int((int64_t)c->a->f);
		return true;
	}
	if (tr_as_int(c->a, &i)) {
		*out = tr_value_int(i);
		return true;
	}
	long long n = c->a->type == TR_VALUE_TEXT ? strtoll(c->a->text, &end, 10) : 0;
	*out = tr_value_int(n);
	if (end && end != c->a->text && !*end)
		return true;
	tr_expr_fail(c->error, "ValueError: invalid literal for int() with base 10: %s",
		     tr_value_repr(c->ctx, c->a, shown, sizeof(shown)));
	return false;
}

static bool to_float(const struct call *c, struct tr_value *out)
{
	double f;
	char *end = NULL, shown[160];
	if (!tr_as_float(c->a, &f))
		f = c->a->type == TR_VALUE_TEXT ? strtod(c->a->text, &end) : 0;
	*out = float_value(f);
	if (c->a->type != TR_VALUE_OBJECT && c->a->type != TR_VALUE_NONE &&
	    (c->a->type != TR_VALUE_TEXT || (end != c->a->text && !*end)))
		return true;
	tr_expr_fail(c->error, "ValueError: could not convert to float: %s",
		     tr_value_repr(c->ctx, c->a, shown, sizeof(shown)));
	return false;
}

static bool to_round(const struct call *c, struct tr_value *out)
{
	int64_t digits = 0, i;
	double f;
	if (!tr_as_float(c->a, &f) || (c->nr > 1 && !tr_as_int(&c->a[1], &digits))) {
		tr_expr_fail(c->error, "TypeError: round() takes numbers");
		return false;
	}
	double scale = pow(10, (double)(digits > 15 ? 15 : digits < -15 ? -15 : digits));
	if (tr_as_int(c->a, &i) && digits >= 0)
		*out = tr_value_int(i);
	else if (c->nr > 1)
		*out = float_value(nearbyint(f * scale) / scale);
	else if (fabs(f) < 9e18)
		*out = tr_value_int((int64_t)nearbyint(f));
	else
		*out = float_value(f);
	return true;
}

static bool to_text(const struct call *c, struct tr_value *out)
{
	char buf[TR_TEXT_MAX];
	*out = tr_value_text(tr_value_str(c->ctx, c->a, buf, sizeof(buf)));
	return true;
}

static bool to_repr(const struct call *c, struct tr_value *out)
{
	char buf[TR_TEXT_MAX];
	*out = tr_value_text(tr_value_repr(c->ctx, c->a, buf, sizeof(buf)));
	return true;
}

static bool to_bool(const struct call *c, struct tr_value *out)
{
	*out = tr_value_bool(tr_value_true(c->ctx, c->a));
	return true;
}

static bool type_of(const struct call *c, struct tr_value *out)
{
	char text[96];
	snprintf(text, sizeof(text), "<class '%s'>", tr_value_type_name(c->a));
	*out = tr_value_text(text);
	return true;
}

static const struct function {
	const char *name;
	unsigned least, most;
	bool (*call)(const struct call *c, struct tr_value *out);
} functions[] = {
	{ "abs", 1, 1, absolute }, { "bool", 1, 1, to_bool }, { "float", 1, 1, to_float }, { "int", 1, 1, to_int },
	{ "len", 1, 1, length }, { "max", 1, TR_MAX_ARGUMENTS, largest },
	{ "min", 1, TR_MAX_ARGUMENTS, smallest }, { "repr", 1, 1, to_repr }, { "round", 1, 2, to_round },
	{ "str", 1, 1, to_text }, { "type", 1, 1, type_of },
};

const char *tr_expr_function(unsigned i)
{
	return i < sizeof(functions) / sizeof(functions[0]) ? functions[i].name : NULL;
}

bool tr_call(const char *name, const struct tr_value *arguments, unsigned nr, void *ctx, struct tr_value *out,
	     struct tr_expr_error *error)
{
	const struct call c = { arguments, nr, ctx, error };
	const struct function *f = NULL;
	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, name) == 0)
			f = &functions[i];
	*error->text = '\0';
	if (!f)
		tr_expr_fail(error, "NameError: name '%s' is not defined", name);
	else if (nr < f->least || nr > f->most)
		tr_expr_fail(error, "TypeError: %s() takes %u argument%s (%u given)", name, f->least,
			     f->least == 1 ? "" : "s", nr);
	return !*error->text && f->call(&c, out);
}
