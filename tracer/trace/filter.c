/*
 * filter: a recursive descent over the grammar of filter.h into a tree of nodes in
 * one array; matching walks the tree and allocates nothing.
 */
#include "tracer/trace/filter.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tracer/trace/map.h"

enum { MAX_DEPTH = 200, MAX_WORD = 256, MAX_TEXT = 8192, LINE = 1024 };

enum node_kind { NODE_TRUE, NODE_OR, NODE_AND, NODE_NOT, NODE_COMPARE, NODE_WORD };
enum compare { CMP_EQ, CMP_NE, CMP_LT, CMP_LE, CMP_GT, CMP_GE, CMP_HAS, CMP_HAS_NOT };

/* ORDER filter names: names[] below */
enum name_id {
	NAME_KIND, NAME_GROUP, NAME_THREAD, NAME_ROLE, NAME_OBJECT, NAME_CLASS, NAME_FILE,
	NAME_FUNCTION, NAME_LINE, NAME_SEQ, NAME_T, NAME_PROCESS, NAME_TEXT, NAME_FIELD
};
static const char *const names[] = { "kind", "group", "thread", "role", "object", "class", "file",
				     "function", "line", "seq", "t", "process", "text" };
enum { NR_NAMES = sizeof(names) / sizeof(names[0]) };
_Static_assert(NR_NAMES == (int)NAME_FIELD, "one word a name");

struct node {
	enum node_kind kind;
	uint32_t left, right;      /* children */
	enum name_id name;
	enum compare compare;
	char *field;               /* NAME_FIELD: its name */
	char *value;               /* as written, without quotes */
	bool quoted;               /* then commas and globs are only characters */
	enum xf_kind word_kind;    /* NODE_WORD: a kind … */
	int word_group;            /* … or a group, -1 */
};

struct tr_filter {
	struct node *nodes;
	uint32_t nr, cap, root;
};

/* ---- the catalogue's field names, each once, for completion and checks */

static const struct xf_field *catalogue_field(unsigned n)
{
	unsigned seen = 0;
	for (unsigned k = XF_EV_property + 1; k < XF_EV_COUNT; k++) {
		const struct xf_kind_info *info = xf_kind_info(k);
		for (unsigned i = 0; i < info->nr_fields; i++) {
			bool before = false;
			for (unsigned m = XF_EV_property + 1; m < k && !before; m++)
				before = xf_field_find((enum xf_kind)m, info->fields[i].name) != NULL;
			if (!before && seen++ == n)
				return &info->fields[i];
		}
	}
	return NULL;
}

static bool is_field(const char *name)
{
	for (unsigned k = XF_EV_property + 1; k < XF_EV_COUNT; k++)
		if (xf_field_find((enum xf_kind)k, name))
			return true;
	return false;
}

const char *tr_filter_name(unsigned i)
{
	if (i < NR_NAMES)
		return names[i];
	const struct xf_field *f = catalogue_field(i - NR_NAMES);
	return f ? f->name : NULL;
}

/* ---- parsing */

struct parser {
	struct tr_filter *f;
	const char *text, *at;
	unsigned depth;
	struct xf_error *err;
	enum xf_status status;
};

__attribute__((format(printf, 2, 3)))
static uint32_t bad(struct parser *p, const char *format, ...)
{
	char why[160];
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (p->status == XF_OK) {
		unsigned column = (unsigned)(p->at - p->text) + 1;
		p->status = xf_fail(p->err, XF_INVALID, "column %u of the filter: %s", column, why);
		if (p->err)
			p->err->part = column;
	}
	return TR_NONE;
}

static uint32_t add_node(struct parser *p, struct node node)
{
	struct tr_filter *f = p->f;
	if (p->status == XF_OK && !tr_grow(&f->nodes, f->nr, &f->cap, sizeof(*f->nodes)))
		p->status = xf_fail(p->err, XF_NOMEM, "no memory for the filter");
	if (p->status != XF_OK) {
		free(node.field);
		free(node.value);
		return TR_NONE;
	}
	f->nodes[f->nr] = node;
	return f->nr++;
}

static void skip_blanks(struct parser *p)
{
	while (isspace((unsigned char)*p->at))
		p->at++;
}

/* Takes an operator written in signs. */
static bool take(struct parser *p, const char *sign)
{
	skip_blanks(p);
	size_t n = strlen(sign);
	if (strncmp(p->at, sign, n) != 0)
		return false;
	p->at += n;
	return true;
}

static bool is_word_char(char c)
{
	return c && !isspace((unsigned char)c) && !strchr("()=!<>~|&,\"'", c);
}

/* Takes a word of the grammar: not as the beginning of a longer one. */
static bool take_word(struct parser *p, const char *word)
{
	skip_blanks(p);
	size_t n = strlen(word);
	if (strncmp(p->at, word, n) != 0 || is_word_char(p->at[n]))
		return false;
	p->at += n;
	return true;
}

static char *read_quoted(struct parser *p)
{
	char quote = *p->at;
	const char *end = strchr(p->at + 1, quote);
	if (!end) {
		bad(p, "the quote is not closed");
		return NULL;
	}
	char *word = strndup(p->at + 1, (size_t)(end - p->at - 1));
	p->at = end + 1;
	if (!word)
		p->status = xf_fail(p->err, XF_NOMEM, "no memory for the filter");
	return word;
}

/* A word; as a value it may hold commas, which part a list. */
static char *read_word(struct parser *p, bool value, bool *quoted)
{
	skip_blanks(p);
	*quoted = *p->at == '"' || *p->at == '\'';
	if (*quoted)
		return read_quoted(p);
	const char *begin = p->at;
	while (is_word_char(*p->at) || (value && *p->at == ',' && is_word_char(p->at[1])))
		p->at++;
	if (p->at == begin) {
		if (*p->at)
			bad(p, "'%c' is not expected here", *p->at);
		else
			bad(p, "something is missing at the end");
		return NULL;
	}
	if (p->at - begin >= MAX_WORD) {
		bad(p, "the word is too long");
		return NULL;
	}
	char *word = strndup(begin, (size_t)(p->at - begin));
	if (!word)
		p->status = xf_fail(p->err, XF_NOMEM, "no memory for the filter");
	return word;
}

static bool read_compare(struct parser *p, enum compare *compare)
{
	static const struct { const char *sign; enum compare is; } signs[] = {
		{ "==", CMP_EQ }, { "!=", CMP_NE }, { "<=", CMP_LE }, { ">=", CMP_GE }, { "!~", CMP_HAS_NOT },
		{ "=", CMP_EQ }, { "<", CMP_LT }, { ">", CMP_GT }, { "~", CMP_HAS },
	};
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		if (take(p, signs[i].sign)) {
			*compare = signs[i].is;
			return true;
		}
	return false;
}

static int find_group(const char *word)
{
	for (unsigned g = XF_GROUP_CALL; g < XF_GROUP_COUNT; g++)
		if (strcmp(xf_group_name((enum xf_group)g), word) == 0)
			return (int)g;
	return -1;
}

static bool check_name(struct parser *p, struct node *n, const char *name, const char *begin)
{
	for (unsigned i = 0; i < NR_NAMES; i++)
		if (strcmp(names[i], name) == 0) {
			n->name = (enum name_id)i;
			return true;
		}
	n->name = NAME_FIELD;
	if (is_field(name))
		return true;
	p->at = begin;
	bad(p, "nothing is called '%.60s'; the names are kind, thread, object, t … and the events' fields", name);
	return false;
}

static uint32_t parse_factor(struct parser *p);

/* A name with an operator and a value, or a word alone. */
static uint32_t parse_comparison(struct parser *p)
{
	struct node n = { .kind = NODE_WORD, .word_group = -1 };
	bool quoted;
	skip_blanks(p);
	const char *begin = p->at;
	char *word = read_word(p, false, &quoted);
	if (!word)
		return TR_NONE;
	if (!quoted && read_compare(p, &n.compare)) {
		n.kind = NODE_COMPARE;
		n.field = word;
		if (!check_name(p, &n, word, begin) || !(n.value = read_word(p, true, &n.quoted))) {
			free(word);
			return TR_NONE;
		}
		return add_node(p, n);
	}
	n.value = word;
	if (!quoted) {
		n.word_kind = xf_kind_find(word);
		n.word_group = find_group(word);
	}
	return add_node(p, n);
}

/* Is there another factor, side by side? */
static bool more(struct parser *p)
{
	skip_blanks(p);
	const char *at = p->at;
	bool end = !*at || *at == ')' || *at == '|' || take_word(p, "or");
	p->at = at;
	return !end;
}

static uint32_t parse_and(struct parser *p)
{
	uint32_t left = parse_factor(p);
	while (p->status == XF_OK && more(p)) {
		if (!take_word(p, "and") && !take(p, "&&") && !take(p, "&"))
			take(p, ",");
		uint32_t right = parse_factor(p);
		left = add_node(p, (struct node){ .kind = NODE_AND, .left = left, .right = right });
	}
	return left;
}

static uint32_t parse_or(struct parser *p)
{
	uint32_t left = parse_and(p);
	while (p->status == XF_OK && (take_word(p, "or") || take(p, "||") || take(p, "|"))) {
		uint32_t right = parse_and(p);
		left = add_node(p, (struct node){ .kind = NODE_OR, .left = left, .right = right });
	}
	return left;
}

static uint32_t parse_nested(struct parser *p)
{
	if (take_word(p, "not") || take(p, "!")) {
		uint32_t inner = parse_factor(p);
		return add_node(p, (struct node){ .kind = NODE_NOT, .left = inner });
	}
	if (!take(p, "("))
		return parse_comparison(p);
	uint32_t inner = parse_or(p);
	if (p->status == XF_OK && !take(p, ")"))
		return bad(p, "a closing ')' is missing");
	return inner;
}

static uint32_t parse_factor(struct parser *p)
{
	if (++p->depth > MAX_DEPTH)
		return bad(p, "nested too deep");
	uint32_t node = parse_nested(p);
	p->depth--;
	return node;
}

enum xf_status tr_filter_parse(const char *text, struct tr_filter **out, struct xf_error *err)
{
	struct tr_filter *f = calloc(1, sizeof(*f));
	struct parser p = { .f = f, .text = text, .at = text, .err = err };
	if (!f)
		return xf_fail(err, XF_NOMEM, "no memory for the filter");
	if (strlen(text) > MAX_TEXT)
		bad(&p, "the filter is longer than %d characters", MAX_TEXT);
	skip_blanks(&p);
	f->root = p.status != XF_OK ? TR_NONE : *p.at ? parse_or(&p) : add_node(&p, (struct node){ .kind = NODE_TRUE });
	skip_blanks(&p);
	if (p.status == XF_OK && *p.at)
		bad(&p, "'%c' is not expected here", *p.at);
	if (p.status != XF_OK) {
		tr_filter_free(f);
		return p.status;
	}
	*out = f;
	return XF_OK;
}

void tr_filter_free(struct tr_filter *f)
{
	for (uint32_t i = 0; f && i < f->nr; i++) {
		free(f->nodes[i].field);
		free(f->nodes[i].value);
	}
	if (f)
		free(f->nodes);
	free(f);
}

/* ---- values */

/* Text with * and ?. Iterative, so that no pattern can be slow or deep. */
static bool glob(const char *pattern, const char *text)
{
	const char *star = NULL, *back = text;
	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			back = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* A number with an optional unit; sizes are powers of two, as everywhere. */
static bool read_number(const char *text, size_t len, double *value)
{
	static const struct { const char *unit; double factor; } units[] = {
		{ "", 1 }, { "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 }, { "m", 60e9 },
		{ "h", 3600e9 }, { "B", 1 }, { "KB", 1024 }, { "KiB", 1024 }, { "MB", 1048576 },
		{ "MiB", 1048576 }, { "GB", 1073741824 }, { "GiB", 1073741824 }, { "TB", 1099511627776.0 },
		{ "TiB", 1099511627776.0 },
	};
	char copy[64], *end;
	if (!len || len >= sizeof(copy) || (!isdigit((unsigned char)*text) && *text != '-' && *text != '.'))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*value = strtod(copy, &end);
	if (end == copy)
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcasecmp(end, units[i].unit) == 0) {
			*value *= units[i].factor;
			return true;
		}
	return false;
}

/* What stands on the left, as text and, where it is one, as number. */
struct left {
	char text[LINE];
	double number;
	bool has_number, has_second;
	char second[32];          /* another spelling: a thread's number, an object's id */
};

static double signed_value(const struct xf_field *f, uint64_t value)
{
	return f->type == XF_TYPE_i64 || f->type == XF_TYPE_i32 ? (double)(int64_t)value : (double)value;
}

static bool left_field(const struct node *n, const struct tr_log *log, const struct tr_event *e,
		       struct left *l)
{
	const struct xf_field *f = xf_field_find(e->kind, n->field);
	if (!f)
		return false;
	tr_event_field_text(log, e, f, l->text, sizeof(l->text));
	l->has_number = f->type != XF_TYPE_text;
	l->number = signed_value(f, xf_field_get(e->record, f));
	return true;
}

static bool set_number(struct left *l, double value, const char *format, unsigned long long printed)
{
	l->has_number = true;
	l->number = value;
	snprintf(l->text, sizeof(l->text), format, printed);
	return true;
}

static bool set_text(struct left *l, const char *text)
{
	snprintf(l->text, sizeof(l->text), "%s", text);
	return true;
}

static bool left_object(const struct node *n, const struct tr_log *log, const struct tr_event *e,
			struct left *l)
{
	if (e->object == TR_NONE)
		return false;
	const struct tr_object *o = tr_log_object(log, e->object);
	if (n->name == NAME_CLASS)
		return set_text(l, xf_class_name(o->class));
	l->has_second = true;
	snprintf(l->second, sizeof(l->second), "%u", o->id);
	l->has_number = true;
	l->number = o->id;
	return set_text(l, o->name);
}

static bool left_thread(const struct tr_log *log, const struct tr_event *e, struct left *l)
{
	const struct tr_thread *t = tr_log_thread(log, e->thread);
	l->has_second = l->has_number = true;
	l->number = t->number;
	snprintf(l->second, sizeof(l->second), "%u", t->number);
	return set_text(l, t->name);
}

static bool read_left(const struct node *n, const struct tr_log *log, const struct tr_event *e,
		      struct left *l)
{
	l->has_number = l->has_second = false;
	l->text[0] = '\0';
	switch (n->name) {
	case NAME_KIND:
		return set_text(l, xf_kind_info(e->kind)->name);
	case NAME_GROUP:
		return set_text(l, xf_group_name(xf_kind_info(e->kind)->group));
	case NAME_THREAD:
		return left_thread(log, e, l);
	case NAME_ROLE:
		return set_text(l, tr_log_thread(log, e->thread)->role);
	case NAME_OBJECT:
		return left_object(n, log, e, l);
	case NAME_CLASS: /* also a field of the inits, where it says the same */
		return left_object(n, log, e, l);
	case NAME_FILE:
		return set_text(l, tr_event_site(log, e).file);
	case NAME_FUNCTION:
		return set_text(l, tr_event_site(log, e).function);
	case NAME_LINE:
		return set_number(l, tr_event_site(log, e).line, "%llu", tr_event_site(log, e).line);
	case NAME_SEQ:
		return set_number(l, e->index, "%llu", e->index);
	case NAME_T:
		return set_number(l, (double)e->t_ns, "%llu", (unsigned long long)e->t_ns);
	case NAME_PROCESS:
		return set_number(l, e->process, "%llu", e->process);
	case NAME_TEXT:
		tr_event_line(log, e, l->text, sizeof(l->text));
		return true;
	case NAME_FIELD:
		break;
	}
	return left_field(n, log, e, l);
}

/* ---- matching */

static bool equal_one(const struct left *l, const char *item, size_t len, bool quoted)
{
	char pattern[MAX_WORD];
	double low, high;
	const char *dash = quoted || len < 2 ? NULL : memchr(item + 1, '-', len - 1);
	if (l->has_number && read_number(item, len, &low) && l->number == low)
		return true;
	if (l->has_number && dash && read_number(item, (size_t)(dash - item), &low) &&
	    read_number(dash + 1, len - (size_t)(dash - item) - 1, &high))
		return l->number >= low && l->number <= high;
	if (len >= sizeof(pattern))
		return false;
	memcpy(pattern, item, len);
	pattern[len] = '\0';
	if (quoted)
		return strcmp(pattern, l->text) == 0 || (l->has_second && strcmp(pattern, l->second) == 0);
	return glob(pattern, l->text) || (l->has_second && glob(pattern, l->second));
}

static bool equal_any(const struct left *l, const struct node *n)
{
	const char *item = n->value;
	if (n->quoted)
		return equal_one(l, item, strlen(item), true);
	for (;;) {
		size_t len = strcspn(item, ",");
		if (equal_one(l, item, len, false))
			return true;
		if (!item[len])
			return false;
		item += len + 1;
	}
}

static bool ordered(const struct left *l, const struct node *n)
{
	double right;
	int sign;
	if (l->has_number && read_number(n->value, strlen(n->value), &right))
		sign = l->number < right ? -1 : l->number > right;
	else
		sign = strcmp(l->text, n->value);
	switch (n->compare) {
	case CMP_LT:
		return sign < 0;
	case CMP_LE:
		return sign <= 0;
	case CMP_GT:
		return sign > 0;
	default:
		return sign >= 0;
	}
}

static bool compare(const struct node *n, const struct tr_log *log, const struct tr_event *e)
{
	struct left l;
	if (!read_left(n, log, e, &l))
		return false;
	switch (n->compare) {
	case CMP_EQ:
		return equal_any(&l, n);
	case CMP_NE:
		return !equal_any(&l, n);
	case CMP_HAS:
		return strcasestr(l.text, n->value) != NULL;
	case CMP_HAS_NOT:
		return strcasestr(l.text, n->value) == NULL;
	default:
		return ordered(&l, n);
	}
}

static bool word_matches(const struct node *n, const struct tr_log *log, const struct tr_event *e)
{
	char line[LINE];
	if (n->word_kind != XF_EV_none)
		return e->kind == n->word_kind;
	if (n->word_group >= 0)
		return (int)xf_kind_info(e->kind)->group == n->word_group;
	return strcasestr(tr_log_thread(log, e->thread)->name, n->value) ||
	       strcasestr(tr_event_line(log, e, line, sizeof(line)), n->value);
}

static bool match_node(const struct tr_filter *f, uint32_t i, const struct tr_log *log,
		       const struct tr_event *e)
{
	const struct node *n = &f->nodes[i];
	switch (n->kind) {
	case NODE_TRUE:
		return true;
	case NODE_OR:
		return match_node(f, n->left, log, e) || match_node(f, n->right, log, e);
	case NODE_AND:
		return match_node(f, n->left, log, e) && match_node(f, n->right, log, e);
	case NODE_NOT:
		return !match_node(f, n->left, log, e);
	case NODE_COMPARE:
		return compare(n, log, e);
	case NODE_WORD:
		return word_matches(n, log, e);
	}
	return false;
}

bool tr_filter_match(const struct tr_filter *f, const struct tr_log *log, const struct tr_event *e)
{
	return match_node(f, f->root, log, e);
}

uint32_t tr_filter_find(const struct tr_filter *f, const struct tr_log *log, uint32_t from, int dir)
{
	uint32_t nr = tr_log_nr_events(log);
	for (uint32_t i = from; i < nr; i += dir < 0 ? UINT32_MAX : 1) { /* wraps below 0 */
		struct tr_event e = tr_log_event(log, i);
		if (tr_filter_match(f, log, &e))
			return i;
	}
	return TR_NONE;
}
