/* config: the table's defaults and checks. */
#include "core/transfer/config.h"

#include <inttypes.h>
#include <stddef.h>

const struct xf_transfer_config_field xf_transfer_config_fields[] = {
#define XF_X(field, alias, value, unit) { #field, alias, value, unit },
	XF_TRANSFER_CONFIG_MAP(XF_X)
#undef XF_X
};
const unsigned xf_nr_transfer_config_fields = sizeof(xf_transfer_config_fields) / sizeof(xf_transfer_config_fields[0]);

static bool same_name(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(*a == '_' && *b == '-'))
			return false;
	return *a == *b;
}

/* The struct is an array of numbers in the table's order. */
static uint64_t *value_at(struct xf_transfer_config *c, unsigned i)
{
	_Static_assert(sizeof(struct xf_transfer_config) ==
		       sizeof(uint64_t) * (sizeof(xf_transfer_config_fields) / sizeof(xf_transfer_config_fields[0])),
		       "one number a knob");
	return (uint64_t *)c + i;
}

uint64_t *xf_transfer_config_find(struct xf_transfer_config *c, const char *name)
{
	for (unsigned i = 0; i < xf_nr_transfer_config_fields; i++) {
		const struct xf_transfer_config_field *f = &xf_transfer_config_fields[i];
		if (same_name(f->name, name) || (f->alias && same_name(f->alias, name)))
			return value_at(c, i);
	}
	return NULL;
}

struct xf_transfer_config xf_transfer_config_default(void)
{
	struct xf_transfer_config c;
	for (unsigned i = 0; i < xf_nr_transfer_config_fields; i++)
		*value_at(&c, i) = xf_transfer_config_fields[i].value;
	return c;
}

enum xf_status xf_transfer_config_check(const struct xf_transfer_config *c, struct xf_error *err)
{
	struct xf_transfer_config copy = *c;
	for (unsigned i = 0; i < xf_nr_transfer_config_fields; i++) {
		uint64_t *v = value_at(&copy, i);
		if (*v == 0 && v != &copy.max_bandwidth && v != &copy.use_threads)
			return xf_fail(err, XF_INVALID, "%s must be greater than 0",
				       xf_transfer_config_fields[i].name);
	}
	return XF_OK;
}
