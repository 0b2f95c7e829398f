/* An expression of the prompt, against names of every type; what fails says why, and sets nothing. */
#include "tracer/debug/expr.h"
#include "fuzz.h"

static unsigned sets;

static bool get_number(void *ctx, uint32_t self, struct tr_value *out)
{
	(void)ctx;
	*out = tr_value_int(self);
	return true;
}

static const char *set_number(void *ctx, uint32_t self, const struct tr_value *value)
{
	(void)ctx, (void)self, (void)value;
	sets++;
	return NULL;
}

static bool item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out);

static const struct tr_class thing = {
	.name = "thing", .item = item,
	.members = (const struct tr_member[]){ { "n", "", get_number, set_number }, { NULL } },
};

static bool item(void *ctx, uint32_t self, const struct tr_value *index, struct tr_value *out)
{
	(void)ctx;
	*out = tr_value_object(&thing, self + 1);
	return index->type == TR_VALUE_INT && index->i < 10;
}

static bool name(void *ctx, const char *text, bool followed, struct tr_value *out)
{
	(void)ctx, (void)followed;
	*out = strcmp(text, "i") == 0 ? tr_value_int(INT64_MIN)
	       : strcmp(text, "s") == 0 ? tr_value_text("it's \"text\"")
	       : strcmp(text, "b") == 0 ? tr_value_bool(true) : tr_value_object(&thing, 7);
	return strcmp(text, "nobody") != 0;
}

static const char *set(void *ctx, const char *text, const struct tr_value *value)
{
	(void)ctx, (void)text, (void)value;
	sets++;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct tr_names names = { .name = name, .set = set };
	char *text = fuzz_text(data, len), shown[64];
	struct tr_expr_error error = { "" };
	struct tr_value v;
	bool assigned;

	sets = 0;
	if (tr_expr_run(text, &names, &v, &assigned, &error)) {
		tr_value_repr(NULL, &v, shown, sizeof(shown));
		FUZZ_CHECK(strlen(shown) < sizeof(shown) && sets == (unsigned)assigned);
	} else {
		FUZZ_CHECK(*error.text && sets == 0);
	}
	free(text);
	return 0;
}
