/*
 * value: what an expression at the prompt is worth, and what `p` and `pp` show.
 * Values are small and copied; objects are a class and a number, resolved anew
 * at every use, so none of them can dangle.
 */
#ifndef TR_DEBUG_VALUE_H
#define TR_DEBUG_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object's key, the longest text there is, fits; and so does what `p` makes of any text. */
enum { TR_TEXT_MAX = 1040, TR_SHOWN_MAX = 4 * TR_TEXT_MAX + 8 };

/* ORDER value types: names in value.c */
enum tr_value_type {
	TR_VALUE_NONE, TR_VALUE_BOOL, TR_VALUE_INT, TR_VALUE_FLOAT, TR_VALUE_TEXT, TR_VALUE_OBJECT
};

struct tr_class;

struct tr_value {
	enum tr_value_type type;
	union {
		bool b;
		int64_t i;
		double f;
		char text[TR_TEXT_MAX];
		struct {
			const struct tr_class *class;
			uint32_t index;
		} object;
	};
};

/* One member of a class: a row of its table. self is the object's number. */
struct tr_member {
	const char *name;
	const char *summary;
	/* False: not known now (the value is None then). */
	bool (*get)(void *ctx, uint32_t self, struct tr_value *out);
	/* NULL: cannot be set. Returns NULL, or why not: a sentence that stays. */
	const char *(*set)(void *ctx, uint32_t self, const struct tr_value *value);
};

struct tr_class {
	const char *name;                /* "part" */
	const char *summary;
	const struct tr_member *members; /* ends with a NULL name; may be NULL */
	/* What can be indexed, else NULL. False: no such item. */
	bool (*item)(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out);
	const char *(*set_item)(void *ctx, uint32_t self, const struct tr_value *index,
				const struct tr_value *value);
	int64_t (*length)(void *ctx, uint32_t self);
	/* Members by name that no table can list; may be NULL. */
	bool (*other)(void *ctx, uint32_t self, const char *name, struct tr_value *out);
	const char *(*set_other)(void *ctx, uint32_t self, const char *name, const struct tr_value *value);
	/* The i-th of those names; NULL after the last. */
	const char *(*other_name)(void *ctx, uint32_t self, unsigned i);
	/* One line that stands for it, to buf. */
	void (*show)(void *ctx, uint32_t self, char *buf, size_t cap);
};

struct tr_value tr_value_bool(bool b);
struct tr_value tr_value_int(int64_t i);
struct tr_value tr_value_text(const char *text); /* cut at TR_TEXT_MAX - 1 bytes */
struct tr_value tr_value_object(const struct tr_class *class, uint32_t index);
struct tr_value tr_value_none(void);

/* Characters of UTF-8; what is none counts a byte each. And the i-th of them, its length in *len. */
int64_t tr_text_length(const char *text);
const char *tr_text_at(const char *text, int64_t i, size_t *len);

bool tr_value_true(void *ctx, const struct tr_value *v);
bool tr_value_equal(const struct tr_value *a, const struct tr_value *b);

/* "int", "str", …; an object's class. */
const char *tr_value_type_name(const struct tr_value *v);

/* As Python's repr has it: 3, True, 'text', None, <part 3 done>. Returns buf. */
const char *tr_value_repr(void *ctx, const struct tr_value *v, char *buf, size_t cap);
/* The same, but a text stands without its quotes. */
const char *tr_value_str(void *ctx, const struct tr_value *v, char *buf, size_t cap);

/* The member; false: the object has none of that name. */
bool tr_value_member(void *ctx, const struct tr_value *v, const char *name, struct tr_value *out);

#endif
