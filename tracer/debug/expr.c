#include "tracer/debug/expr.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 40, NAME_MAX_LEN = 63, MAX_ARGUMENTS = 4 };

struct parser {
	const char *at;
	const struct tr_names *scope;
	struct tr_expr_error *error;
	bool failed;
	unsigned skip;  /* > 0: read, do not evaluate */
	unsigned depth;
};

__attribute__((format(printf, 2, 3)))
static void fail(struct parser *p, const char *format, ...)
{
	va_list args;
	if (p->failed)
		return;
	p->failed = true;
	va_start(args, format);
	vsnprintf(p->error->text, sizeof(p->error->text), format, args);
	va_end(args);
}

static void blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* The operator, or the word, if it comes next. */
static bool take(struct parser *p, const char *token)
{
	size_t n = strlen(token);
	blanks(p);
	if (strncmp(p->at, token, n) != 0 || (is_word(*token) && is_word(p->at[n])))
		return false;
	p->at += n;
	return true;
}

static bool read_name(struct parser *p, char name[NAME_MAX_LEN + 1])
{
	size_t n = 0;
	blanks(p);
	const char *begin = p->at;
	if (*p->at == '$')
		p->at++;
	if (!isalpha((unsigned char)*p->at) && *p->at != '_') {
		p->at = begin;
		return false;
	}
	while (is_word(*p->at))
		p->at++;
	n = (size_t)(p->at - begin);
	if (n > NAME_MAX_LEN) {
		fail(p, "SyntaxError: a name is too long");
		return false;
	}
	memcpy(name, begin, n);
	name[n] = '\0';
	return true;
}

static struct tr_value parse_or(struct parser *p);

/* ---- literals */

/* Sizes and times may carry their unit, as everywhere in this program. */
static bool take_unit(struct parser *p, double *factor)
{
	static const struct { const char *word; double factor; } units[] = {
		{ "KiB", 1024.0 }, { "MiB", 1048576.0 }, { "GiB", 1073741824.0 }, { "KB", 1024.0 },
		{ "MB", 1048576.0 }, { "GB", 1073741824.0 }, { "ns", 1.0 }, { "us", 1e3 },
		{ "ms", 1e6 }, { "s", 1e9 },
	};
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t n = strlen(units[i].word);
		if (strncmp(p->at, units[i].word, n) == 0 && !is_word(p->at[n])) {
			p->at += n;
			*factor = units[i].factor;
			return true;
		}
	}
	return false;
}

static struct tr_value number(struct parser *p)
{
	char *end, *end_float;
	double factor;
	errno = 0;
	bool hex = p->at[0] == '0' && (p->at[1] == 'x' || p->at[1] == 'X');
	long long i = strtoll(p->at, &end, hex ? 16 : 10);
	bool range = errno == ERANGE;
	double f = hex ? 0 : strtod(p->at, &end_float);
	bool is_float = !hex && end_float > end;
	p->at = is_float ? end_float : end;
	if (take_unit(p, &factor)) {
		f = (is_float ? f : (double)i) * factor;
		is_float = fabs(f) >= 9e18;
		i = is_float ? 0 : (long long)f;
	}
	if (is_word(*p->at))
		fail(p, "SyntaxError: invalid decimal literal");
	if (is_float || range)
		return (struct tr_value){ .type = TR_VALUE_FLOAT, .f = f };
	return tr_value_int(i);
}

static struct tr_value string(struct parser *p)
{
	struct tr_value v = { .type = TR_VALUE_TEXT };
	char mark = *p->at++;
	size_t n = 0;
	for (; *p->at && *p->at != mark; p->at++) {
		if (*p->at == '\\' && p->at[1])
			p->at++;
		if (n + 1 < sizeof(v.text))
			v.text[n++] = *p->at;
	}
	v.text[n] = '\0';
	if (*p->at != mark)
		fail(p, "SyntaxError: unterminated string literal");
	else
		p->at++;
	return v;
}

/* ---- functions */

static bool as_float(const struct tr_value *v, double *f)
{
	*f = v->type == TR_VALUE_FLOAT ? v->f : v->type == TR_VALUE_BOOL ? (double)v->b : (double)v->i;
	return v->type == TR_VALUE_FLOAT || v->type == TR_VALUE_BOOL || v->type == TR_VALUE_INT;
}

static bool as_int(const struct tr_value *v, int64_t *i)
{
	*i = v->type == TR_VALUE_BOOL ? v->b : v->i;
	return v->type == TR_VALUE_INT || v->type == TR_VALUE_BOOL;
}

static struct tr_value float_value(double f)
{
	return (struct tr_value){ .type = TR_VALUE_FLOAT, .f = f };
}

static struct tr_value length(struct parser *p, const struct tr_value *a, unsigned nr)
{
	(void)nr;
	if (a->type == TR_VALUE_TEXT)
		return tr_value_int((int64_t)strlen(a->text));
	if (a->type == TR_VALUE_OBJECT && a->object.class->length)
		return tr_value_int(a->object.class->length(p->scope->ctx, a->object.index));
	fail(p, "TypeError: object of type '%s' has no len()", tr_value_type_name(a));
	return tr_value_none();
}

static struct tr_value absolute(struct parser *p, const struct tr_value *a, unsigned nr)
{
	int64_t i;
	double f;
	(void)nr;
	if (as_int(a, &i))
		return tr_value_int(i < 0 && i != INT64_MIN ? -i : i);
	if (!as_float(a, &f))
		fail(p, "TypeError: bad operand type for abs(): '%s'", tr_value_type_name(a));
	return float_value(fabs(f));
}

static struct tr_value extreme(struct parser *p, const struct tr_value *a, unsigned nr, int sign)
{
	unsigned best = 0;
	for (unsigned i = 0; i < nr; i++) {
		double x, y;
		if (!as_float(&a[i], &x) || !as_float(&a[best], &y)) {
			fail(p, "TypeError: numbers are wanted");
			return tr_value_none();
		}
		if (sign < 0 ? x < y : x > y)
			best = i;
	}
	return a[best];
}

static struct tr_value smallest(struct parser *p, const struct tr_value *a, unsigned nr)
{
	return extreme(p, a, nr, -1);
}

static struct tr_value largest(struct parser *p, const struct tr_value *a, unsigned nr)
{
	return extreme(p, a, nr, 1);
}

static struct tr_value to_int(struct parser *p, const struct tr_value *a, unsigned nr)
{
	int64_t i;
	(void)nr;
	if (as_int(a, &i))
		return tr_value_int(i);
	if (a->type == TR_VALUE_FLOAT && fabs(a->f) < 9e18)
		return tr_value_int((int64_t)a->f);
	char *end;
	long long n = a->type == TR_VALUE_TEXT ? strtoll(a->text, &end, 10) : 0;
	if (a->type != TR_VALUE_TEXT || end == a->text || *end)
		fail(p, "ValueError: it is no whole number");
	return tr_value_int(n);
}

static struct tr_value to_text(struct parser *p, const struct tr_value *a, unsigned nr)
{
	char buf[TR_TEXT_MAX];
	(void)nr;
	return tr_value_text(tr_value_str(p->scope->ctx, a, buf, sizeof(buf)));
}

static struct tr_value to_repr(struct parser *p, const struct tr_value *a, unsigned nr)
{
	char buf[TR_TEXT_MAX];
	(void)nr;
	return tr_value_text(tr_value_repr(p->scope->ctx, a, buf, sizeof(buf)));
}

static struct tr_value to_bool(struct parser *p, const struct tr_value *a, unsigned nr)
{
	(void)nr;
	return tr_value_bool(tr_value_true(p->scope->ctx, a));
}

static const struct function {
	const char *name;
	unsigned least, most;
	struct tr_value (*call)(struct parser *p, const struct tr_value *a, unsigned nr);
} functions[] = {
	{ "abs", 1, 1, absolute }, { "bool", 1, 1, to_bool }, { "int", 1, 1, to_int },
	{ "len", 1, 1, length }, { "max", 1, MAX_ARGUMENTS, largest },
	{ "min", 1, MAX_ARGUMENTS, smallest }, { "repr", 1, 1, to_repr }, { "str", 1, 1, to_text },
};

const char *tr_expr_function(unsigned i)
{
	return i < sizeof(functions) / sizeof(functions[0]) ? functions[i].name : NULL;
}

static struct tr_value call(struct parser *p, const char *name)
{
	struct tr_value arguments[MAX_ARGUMENTS];
	unsigned nr = 0;
	const struct function *f = NULL;
	for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(functions[i].name, name) == 0)
			f = &functions[i];
	if (!take(p, ")"))
		do {
			struct tr_value v = parse_or(p);
			if (nr < MAX_ARGUMENTS)
				arguments[nr] = v;
			nr++;
			if (take(p, ")"))
				break;
			if (!take(p, ","))
				fail(p, "SyntaxError: '(' was never closed");
		} while (!p->failed);
	if (p->failed || p->skip)
		return tr_value_none();
	if (!f)
		fail(p, "NameError: name '%s' is not defined", name);
	else if (nr < f->least || nr > f->most)
		fail(p, "TypeError: %s() takes %u argument%s (%u given)", name, f->least,
		     f->least == 1 ? "" : "s", nr);
	return p->failed ? tr_value_none() : f->call(p, arguments, nr);
}

/* ---- names, members, items */

static struct tr_value named(struct parser *p)
{
	char name[NAME_MAX_LEN + 1];
	struct tr_value v = tr_value_none();
	if (!read_name(p, name)) {
		fail(p, "SyntaxError: invalid syntax");
		return v;
	}
	if (strcmp(name, "True") == 0 || strcmp(name, "False") == 0)
		return tr_value_bool(*name == 'T');
	if (strcmp(name, "None") == 0)
		return v;
	if (take(p, "("))
		return call(p, name);
	blanks(p);
	if (!p->skip && !p->failed &&
	    !p->scope->name(p->scope->ctx, name, *p->at == '.' || *p->at == '[', &v))
		fail(p, "NameError: name '%s' is not defined", name);
	return v;
}

static struct tr_value primary(struct parser *p)
{
	blanks(p);
	if (isdigit((unsigned char)*p->at) || (*p->at == '.' && isdigit((unsigned char)p->at[1])))
		return number(p);
	if (*p->at == '\'' || *p->at == '"')
		return string(p);
	if (!take(p, "("))
		return named(p);
	struct tr_value v = parse_or(p);
	if (!take(p, ")"))
		fail(p, "SyntaxError: '(' was never closed");
	return v;
}

static struct tr_value member(struct parser *p, const struct tr_value *v)
{
	char name[NAME_MAX_LEN + 1];
	struct tr_value out = tr_value_none();
	if (!read_name(p, name) || *name == '$')
		fail(p, "SyntaxError: invalid syntax");
	else if (!p->skip && !p->failed && !tr_value_member(p->scope->ctx, v, name, &out))
		fail(p, "AttributeError: '%s' object has no attribute '%s'", tr_value_type_name(v), name);
	return out;
}

static struct tr_value text_item(struct parser *p, const struct tr_value *v, const struct tr_value *index)
{
	int64_t i, n = (int64_t)strlen(v->text);
	char one[2] = "";
	if (!as_int(index, &i))
		fail(p, "TypeError: string indices must be integers");
	else if (i < -n || i >= n)
		fail(p, "IndexError: string index out of range");
	else
		one[0] = v->text[i < 0 ? i + n : i];
	return tr_value_text(one);
}

static struct tr_value item_of(struct parser *p, const struct tr_value *v, const struct tr_value *index)
{
	char shown[80];
	struct tr_value out = tr_value_none();
	if (v->type == TR_VALUE_TEXT)
		return text_item(p, v, index);
	if (v->type != TR_VALUE_OBJECT || !v->object.class->item)
		fail(p, "TypeError: '%s' object is not subscriptable", tr_value_type_name(v));
	else if (!v->object.class->item(p->scope->ctx, v->object.index, index, &out))
		fail(p, "IndexError: no %s %s", v->object.class->name,
		     tr_value_repr(p->scope->ctx, index, shown, sizeof(shown)));
	return out;
}

static struct tr_value item(struct parser *p, const struct tr_value *v)
{
	struct tr_value index = parse_or(p);
	if (!take(p, "]"))
		fail(p, "SyntaxError: '[' was never closed");
	return p->failed || p->skip ? tr_value_none() : item_of(p, v, &index);
}

static struct tr_value postfix(struct parser *p)
{
	struct tr_value v = primary(p);
	while (!p->failed) {
		if (take(p, "."))
			v = member(p, &v);
		else if (take(p, "["))
			v = item(p, &v);
		else
			break;
	}
	return v;
}

/* ---- arithmetic */

static void type_error(struct parser *p, const char *op, const struct tr_value *a, const struct tr_value *b)
{
	fail(p, "TypeError: unsupported operand type(s) for %s: '%s' and '%s'", op, tr_value_type_name(a),
	     tr_value_type_name(b));
}

static bool overflow(char op, int64_t a, int64_t b, int64_t *out)
{
	return op == '+' ? __builtin_add_overflow(a, b, out)
	       : op == '-' ? __builtin_sub_overflow(a, b, out) : __builtin_mul_overflow(a, b, out);
}

static struct tr_value join_texts(struct parser *p, const struct tr_value *a, const struct tr_value *b)
{
	struct tr_value v = *a;
	if (strlen(a->text) + strlen(b->text) >= sizeof(v.text))
		fail(p, "MemoryError: the text would be too long");
	else
		strcat(v.text, b->text);
	return v;
}

/* Floor division and its remainder, as Python has them for negative numbers. */
static struct tr_value divide(struct parser *p, const char *op, const struct tr_value *a,
			      const struct tr_value *b)
{
	int64_t x, y;
	double f, g;
	if (!as_float(a, &f) || !as_float(b, &g)) {
		type_error(p, op, a, b);
		return tr_value_none();
	}
	if (g == 0) {
		fail(p, "ZeroDivisionError: division by zero");
		return tr_value_none();
	}
	if (strcmp(op, "/") == 0)
		return float_value(f / g);
	if (!as_int(a, &x) || !as_int(b, &y) || (x == INT64_MIN && y == -1))
		return float_value(*op == '%' ? f - floor(f / g) * g : floor(f / g));
	int64_t q = x / y, r = x % y;
	if (r && (r < 0) != (y < 0)) {
		q--;
		r += y;
	}
	return tr_value_int(*op == '%' ? r : q);
}

static struct tr_value arithmetic(struct parser *p, const char *op, const struct tr_value *a,
				  const struct tr_value *b)
{
	int64_t x, y, i;
	double f, g;
	if (p->skip || p->failed)
		return tr_value_none();
	if (*op == '/' || *op == '%')
		return divide(p, op, a, b);
	if (*op == '+' && a->type == TR_VALUE_TEXT && b->type == TR_VALUE_TEXT)
		return join_texts(p, a, b);
	if (as_int(a, &x) && as_int(b, &y) && !overflow(*op, x, y, &i))
		return tr_value_int(i);
	if (as_float(a, &f) && as_float(b, &g))
		return float_value(*op == '+' ? f + g : *op == '-' ? f - g : f * g);
	type_error(p, op, a, b);
	return tr_value_none();
}

static struct tr_value unary(struct parser *p)
{
	const struct tr_value zero = tr_value_int(0);
	if (++p->depth > MAX_DEPTH)
		fail(p, "MemoryError: too deeply nested");
	struct tr_value v = tr_value_none();
	if (p->failed) {
		p->depth--;
		return v;
	}
	if (take(p, "-")) {
		v = unary(p);
		v = arithmetic(p, "-", &zero, &v);
	} else if (take(p, "+")) {
		v = unary(p);
		v = arithmetic(p, "+", &zero, &v);
	} else {
		v = postfix(p);
	}
	p->depth--;
	return v;
}

static struct tr_value product(struct parser *p)
{
	static const char *const ops[] = { "//", "*", "/", "%" };
	struct tr_value v = unary(p);
	while (!p->failed) {
		unsigned i = 0;
		while (i < 4 && !take(p, ops[i]))
			i++;
		if (i == 4)
			break;
		struct tr_value right = unary(p);
		v = arithmetic(p, ops[i], &v, &right);
	}
	return v;
}

static struct tr_value sum(struct parser *p)
{
	struct tr_value v = product(p);
	while (!p->failed) {
		const char *op = take(p, "+") ? "+" : take(p, "-") ? "-" : NULL;
		if (!op)
			break;
		struct tr_value right = product(p);
		v = arithmetic(p, op, &v, &right);
	}
	return v;
}

/* ---- comparisons */

/* ORDER comparisons: longer before its beginning */
enum compare { EQ, NE, LE, GE, LT, GT, NOT_IN, IN, IS_NOT, IS, NO_COMPARE };

static enum compare take_comparison(struct parser *p)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
	for (unsigned i = 0; i < 6; i++)
		if (take(p, ops[i]))
			return (enum compare)i;
	const char *before = p->at;
	if (take(p, "not")) {
		if (take(p, "in"))
			return NOT_IN;
		p->at = before;
		return NO_COMPARE;
	}
	if (take(p, "in"))
		return IN;
	if (take(p, "is"))
		return take(p, "not") ? IS_NOT : IS;
	return NO_COMPARE;
}

static bool ordered(struct parser *p, enum compare op, const struct tr_value *a, const struct tr_value *b)
{
	double x = 0, y = 0;
	int sign;
	if (a->type == TR_VALUE_TEXT && b->type == TR_VALUE_TEXT) {
		sign = strcmp(a->text, b->text);
	} else if (as_float(a, &x) && as_float(b, &y)) {
		sign = a->type == TR_VALUE_INT && b->type == TR_VALUE_INT ? (a->i > b->i) - (a->i < b->i)
									  : (x > y) - (x < y);
		if (isnan(x) || isnan(y))
			return false;
	} else {
		static const char *const words[] = { "==", "!=", "<=", ">=", "<", ">" };
		fail(p, "TypeError: '%s' not supported between instances of '%s' and '%s'", words[op],
		     tr_value_type_name(a), tr_value_type_name(b));
		return false;
	}
	return op == LT ? sign < 0 : op == GT ? sign > 0 : op == LE ? sign <= 0 : sign >= 0;
}

static bool contains(struct parser *p, const struct tr_value *a, const struct tr_value *b)
{
	struct tr_value out;
	if (b->type == TR_VALUE_TEXT && a->type == TR_VALUE_TEXT)
		return strstr(b->text, a->text) != NULL;
	if (b->type == TR_VALUE_OBJECT && b->object.class->item)
		return b->object.class->item(p->scope->ctx, b->object.index, a, &out);
	fail(p, "TypeError: argument of type '%s' is not iterable", tr_value_type_name(b));
	return false;
}

static bool compare(struct parser *p, enum compare op, const struct tr_value *a, const struct tr_value *b)
{
	if (p->skip || p->failed)
		return false;
	switch (op) {
	case EQ: case IS:
		return tr_value_equal(a, b);
	case NE: case IS_NOT:
		return !tr_value_equal(a, b);
	case IN:
		return contains(p, a, b);
	case NOT_IN:
		return !contains(p, a, b);
	default:
		return ordered(p, op, a, b);
	}
}

static struct tr_value comparison(struct parser *p)
{
	struct tr_value left = sum(p), result = left;
	bool holds = true;
	for (bool first = true; !p->failed; first = false) {
		enum compare op = take_comparison(p);
		if (op == NO_COMPARE)
			break;
		struct tr_value right = sum(p);
		bool this_one = holds && compare(p, op, &left, &right);
		holds = (first || holds) && this_one;
		result = tr_value_bool(holds);
		left = right;
	}
	return result;
}

/* ---- and, or, not */

static struct tr_value parse_not(struct parser *p)
{
	if (++p->depth > MAX_DEPTH)
		fail(p, "MemoryError: too deeply nested");
	struct tr_value v = tr_value_none();
	if (!p->failed && take(p, "not")) {
		v = parse_not(p);
		v = tr_value_bool(!p->failed && !p->skip && !tr_value_true(p->scope->ctx, &v));
	} else if (!p->failed) {
		v = comparison(p);
	}
	p->depth--;
	return v;
}

static struct tr_value parse_and(struct parser *p)
{
	struct tr_value v = parse_not(p);
	while (!p->failed && take(p, "and")) {
		bool decided = p->skip || !tr_value_true(p->scope->ctx, &v);
		p->skip += decided;
		struct tr_value right = parse_not(p);
		p->skip -= decided;
		if (!decided)
			v = right;
	}
	return v;
}

static struct tr_value parse_or(struct parser *p)
{
	struct tr_value v = parse_and(p);
	while (!p->failed && take(p, "or")) {
		bool decided = p->skip || tr_value_true(p->scope->ctx, &v);
		p->skip += decided;
		struct tr_value right = parse_and(p);
		p->skip -= decided;
		if (!decided)
			v = right;
	}
	return v;
}

static void at_end(struct parser *p)
{
	blanks(p);
	if (*p->at)
		fail(p, "SyntaxError: invalid syntax");
}

bool tr_expr_eval(const char *text, const struct tr_names *scope, struct tr_value *out,
		  struct tr_expr_error *error)
{
	struct parser p = { .at = text, .scope = scope, .error = error };
	*out = parse_or(&p);
	at_end(&p);
	return !p.failed;
}

/* ---- assignment */

/* The `=` that assigns, outside of strings and brackets; NULL. */
static const char *find_assignment(const char *text)
{
	int depth = 0;
	char mark = '\0';
	for (const char *c = text; *c; c++) {
		if (mark) {
			if (*c == '\\' && c[1])
				c++;
			else if (*c == mark)
				mark = '\0';
		} else if (*c == '\'' || *c == '"') {
			mark = *c;
		} else if (*c == '(' || *c == '[') {
			depth++;
		} else if (*c == ')' || *c == ']') {
			depth--;
		} else if (*c == '=' && depth == 0) {
			if (c[1] == '=')
				c++;
			else if (c == text || !strchr("<>!=", c[-1]))
				return c;
		}
	}
	return NULL;
}

static const char *set_member(struct parser *p, const struct tr_value *object, const char *name,
			      const struct tr_value *value)
{
	void *ctx = p->scope->ctx;
	if (object->type != TR_VALUE_OBJECT)
		return "TypeError: it has no members";
	const struct tr_class *c = object->object.class;
	for (const struct tr_member *m = c->members; m && m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m->set ? m->set(ctx, object->object.index, value)
				      : "AttributeError: it is an observation and cannot be set";
	if (c->set_other)
		return c->set_other(ctx, object->object.index, name, value);
	return "AttributeError: no such member can be set";
}

static const char *set_item(struct parser *p, const struct tr_value *object, const struct tr_value *index,
			    const struct tr_value *value)
{
	if (object->type != TR_VALUE_OBJECT || !object->object.class->set_item)
		return "TypeError: its items cannot be set";
	return object->object.class->set_item(p->scope->ctx, object->object.index, index, value);
}

/* The target, left to right; its last step is the one that is set. */
static const char *assign(struct parser *p, const struct tr_value *value)
{
	char name[NAME_MAX_LEN + 1];
	struct tr_value object = tr_value_none();
	if (!read_name(p, name))
		return "SyntaxError: cannot assign to this";
	blanks(p);
	if (!*p->at)
		return p->scope->set(p->scope->ctx, name, value);
	if (!p->scope->name(p->scope->ctx, name, true, &object)) {
		fail(p, "NameError: name '%s' is not defined", name);
		return NULL;
	}
	for (;;) {
		struct tr_value index = tr_value_none();
		bool dot = take(p, ".");
		if (!dot && !take(p, "["))
			return "SyntaxError: cannot assign to this";
		if (dot ? !read_name(p, name) : (index = parse_or(p), !take(p, "]")))
			return "SyntaxError: invalid syntax";
		blanks(p);
		if (p->failed)
			return NULL;
		if (!*p->at)
			return dot ? set_member(p, &object, name, value) : set_item(p, &object, &index, value);
		struct tr_value next = tr_value_none();
		if (!dot)
			next = item_of(p, &object, &index);
		else if (!tr_value_member(p->scope->ctx, &object, name, &next))
			fail(p, "AttributeError: '%s' object has no attribute '%s'",
			     tr_value_type_name(&object), name);
		if (p->failed)
			return NULL;
		object = next;
	}
}

bool tr_expr_run(const char *text, const struct tr_names *scope, struct tr_value *out, bool *assigned,
		 struct tr_expr_error *error)
{
	const char *equals = find_assignment(text);
	*assigned = equals != NULL;
	if (!equals)
		return tr_expr_eval(text, scope, out, error);
	if (!tr_expr_eval(equals + 1, scope, out, error))
		return false;
	char target[256];
	if ((size_t)(equals - text) >= sizeof(target)) {
		snprintf(error->text, sizeof(error->text), "SyntaxError: the target is too long");
		return false;
	}
	memcpy(target, text, (size_t)(equals - text));
	target[equals - text] = '\0';
	struct parser p = { .at = target, .scope = scope, .error = error };
	const char *why = assign(&p, out);
	if (why)
		fail(&p, "%s", why);
	return !p.failed;
}
