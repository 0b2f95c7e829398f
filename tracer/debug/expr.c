#include "tracer/debug/operate.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 40, NAME_MAX_LEN = 63 };

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

/* What stands behind a backslash: the character, or -1, and the backslash stands for itself. */
static int escaped(struct parser *p)
{
	static const char letters[] = "n\nt\tr\r\\\\''\"\"";
	unsigned hex;
	int n = 0;
	for (unsigned i = 0; letters[i]; i += 2)
		if (p->at[1] == letters[i]) {
			p->at++;
			return letters[i + 1];
		}
	if (sscanf(p->at, "\\x%2x%n", &hex, &n) == 1 && n == 4 && hex) {
		p->at += 3;
		return (int)hex;
	}
	return -1;
}

static struct tr_value string(struct parser *p)
{
	struct tr_value v = { .type = TR_VALUE_TEXT };
	char mark = *p->at++;
	size_t n = 0;
	for (; *p->at && *p->at != mark; p->at++) {
		int c = *p->at == '\\' ? escaped(p) : -1;
		if (n + 1 == sizeof(v.text))
			fail(p, "MemoryError: the text would be too long");
		else
			v.text[n++] = c < 0 ? *p->at : (char)c;
	}
	v.text[n] = '\0';
	if (*p->at != mark)
		fail(p, "SyntaxError: unterminated string literal (detected at line 1)");
	else
		p->at++;
	return v;
}

/* ---- functions */

static bool is_function(const char *name)
{
	const char *f;
	for (unsigned i = 0; (f = tr_expr_function(i)); i++)
		if (strcmp(f, name) == 0)
			return true;
	return false;
}

/* Something else than the closing one: it is missing at the end of the text alone. */
static void not_closed(struct parser *p, char opened)
{
	char text[48];
	blanks(p);
	snprintf(text, sizeof(text), "SyntaxError: '%c' was never closed", opened);
	fail(p, "%s", *p->at ? "SyntaxError: invalid syntax" : text);
}

static struct tr_value call(struct parser *p, const char *name)
{
	struct tr_value arguments[TR_MAX_ARGUMENTS], out = tr_value_none();
	unsigned nr = 0;
	if (!take(p, ")"))
		do {
			struct tr_value v = parse_or(p);
			if (nr < TR_MAX_ARGUMENTS)
				arguments[nr] = v;
			nr++;
			if (take(p, ")"))
				break;
			if (!take(p, ","))
				not_closed(p, '(');
		} while (!p->failed);
	if (!p->failed && !p->skip)
		p->failed = !tr_call(name, arguments, nr, p->scope->ctx, &out, p->error);
	return out;
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
	if (is_function(name) && take(p, "("))
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
		not_closed(p, '(');
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
	int64_t i, n = tr_text_length(v->text);
	struct tr_value one = tr_value_text("");
	size_t len;
	if (!tr_as_int(index, &i)) {
		fail(p, "TypeError: string indices must be integers");
	} else if (i < -n || i >= n) {
		fail(p, "IndexError: string index out of range");
	} else {
		const char *at = tr_text_at(v->text, i < 0 ? i + n : i, &len);
		memcpy(one.text, at, len);
		one.text[len] = '\0';
	}
	return one;
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
		not_closed(p, '[');
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
		else if (take(p, "("))
			fail(p, "TypeError: '%s' object is not callable", tr_value_type_name(&v));
		else
			break;
	}
	return v;
}

/* ---- operators */

static struct tr_value operate(struct parser *p, const char *op, const struct tr_value *a, const struct tr_value *b)
{
	struct tr_value out = tr_value_none();
	if (!p->skip && !p->failed)
		p->failed = !tr_operate(op, a, b, &out, p->error);
	return out;
}

static struct tr_value unary(struct parser *p);

/* It binds closer than a sign before it, and looser than one behind it. */
static struct tr_value power(struct parser *p)
{
	struct tr_value v = postfix(p);
	if (p->failed || !take(p, "**"))
		return v;
	struct tr_value right = unary(p);
	return operate(p, "**", &v, &right);
}

static struct tr_value signed_one(struct parser *p)
{
	static const char *const ops[] = { "-", "+", "~" };
	struct tr_value v, out = tr_value_none();
	unsigned i = 0;
	while (i < 3 && !take(p, ops[i]))
		i++;
	if (i == 3)
		return power(p);
	v = unary(p);
	if (!p->skip && !p->failed)
		p->failed = !tr_operate_one(ops[i], &v, &out, p->error);
	return out;
}

static struct tr_value unary(struct parser *p)
{
	struct tr_value v = tr_value_none();
	if (++p->depth > MAX_DEPTH)
		fail(p, "MemoryError: too deeply nested");
	if (!p->failed)
		v = signed_one(p);
	p->depth--;
	return v;
}

/* What binds alike, loosest first; ORDER levels. The longer before its beginning. */
static const char *const levels[][5] = {
	{ "|" }, { "^" }, { "&" }, { "<<", ">>" }, { "+", "-" }, { "//", "*", "/", "%" },
};
enum { NR_LEVELS = sizeof(levels) / sizeof(levels[0]) };

static const char *take_one_of(struct parser *p, const char *const ops[5])
{
	for (unsigned i = 0; i < 5 && ops[i]; i++)
		if (take(p, ops[i]))
			return ops[i];
	return NULL;
}

static struct tr_value binary(struct parser *p, unsigned level)
{
	if (level == NR_LEVELS)
		return unary(p);
	struct tr_value v = binary(p, level + 1);
	const char *op;
	while (!p->failed && (op = take_one_of(p, levels[level]))) {
		struct tr_value right = binary(p, level + 1);
		v = operate(p, op, &v, &right);
	}
	return v;
}

/* ---- comparisons */

static enum tr_compare take_comparison(struct parser *p)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
	for (unsigned i = 0; i < 6; i++)
		if (take(p, ops[i]))
			return (enum tr_compare)i;
	const char *before = p->at;
	if (take(p, "not")) {
		if (take(p, "in"))
			return TR_NOT_IN;
		p->at = before;
		return TR_NO_COMPARE;
	}
	if (take(p, "in"))
		return TR_IN;
	if (take(p, "is"))
		return take(p, "not") ? TR_IS_NOT : TR_IS;
	return TR_NO_COMPARE;
}

/* A chain holds as long as each of its links does; what comes after one that does not is not looked at. */
static struct tr_value comparison(struct parser *p)
{
	struct tr_value left = binary(p, 0), result = left;
	bool holds = true;
	while (!p->failed) {
		enum tr_compare op = take_comparison(p);
		if (op == TR_NO_COMPARE)
			break;
		const bool decided = !holds;
		p->skip += decided;
		struct tr_value right = binary(p, 0);
		if (!p->skip && !p->failed)
			p->failed = !tr_compare(op, &left, &right, p->scope->ctx, &holds, p->error);
		p->skip -= decided;
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
			bool shifts = c > text + 1 && strchr("<>", c[-1]) && c[-2] == c[-1];
			if (c[1] == '=')
				c++;
			else if (c == text || shifts || !strchr("<>!=", c[-1]))
				return c;
		}
	}
	return NULL;
}

static const char *set_member(struct parser *p, const struct tr_value *object, const char *name,
			      const struct tr_value *value)
{
	void *ctx = p->scope->ctx;
	if (object->type != TR_VALUE_OBJECT) {
		fail(p, "AttributeError: '%s' object has no attribute '%s'", tr_value_type_name(object), name);
		return NULL;
	}
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

/* The operator of `+=` and its like, which ends at `equals`; "": a plain one. */
static const char *operator_before(const char *text, const char *equals)
{
	static const char *const ops[] = { "**", "//", "<<", ">>", "+", "-", "*", "/", "%", "&", "^", "|" };
	for (unsigned i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		size_t n = strlen(ops[i]);
		if ((size_t)(equals - text) > n && strncmp(equals - n, ops[i], n) == 0)
			return ops[i];
	}
	return "";
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
	const char *op = operator_before(text, equals);
	size_t len = (size_t)(equals - text) - strlen(op);
	char target[256];
	if (len >= sizeof(target)) {
		tr_expr_fail(error, "SyntaxError: the target is too long");
		return false;
	}
	memcpy(target, text, len);
	target[len] = '\0';
	struct tr_value now, right = *out;
	if (*op && (!tr_expr_eval(target, scope, &now, error) || !tr_operate(op, &now, &right, out, error)))
		return false;
	struct parser p = { .at = target, .scope = scope, .error = error };
	const char *why = assign(&p, out);
	if (why)
		fail(&p, "%s", why);
	return !p.failed;
}
