/* clockvec: see clockvec.h. Components are "events known": one more than the last. */
#include "tracer/verdict/clockvec.h"

#include <stdlib.h>
#include <string.h>

bool tr_clock_init(struct tr_clock *c, uint32_t width)
{
	c->known = calloc(width ? width : 1, sizeof(*c->known));
	c->width = c->known ? width : 0;
	return c->known != NULL;
}

void tr_clock_fini(struct tr_clock *c)
{
	free(c->known);
	*c = (struct tr_clock){ .width = 0 };
}

void tr_clock_reset(struct tr_clock *c)
{
	memset(c->known, 0, c->width * sizeof(*c->known));
}

bool tr_clock_learn(struct tr_clock *c, uint32_t thread, uint32_t event)
{
	if (thread >= c->width || event < c->known[thread])
		return false;
	c->known[thread] = event + 1;
	return true;
}

bool tr_clock_knows(const struct tr_clock *c, uint32_t thread, uint32_t event)
{
	return thread < c->width && event < c->known[thread];
}

void tr_clock_merge(struct tr_clock *c, const struct tr_clock *other)
{
	for (uint32_t i = 0; i < c->width && i < other->width; i++)
		if (c->known[i] < other->known[i])
			c->known[i] = other->known[i];
}

bool tr_clock_below(const struct tr_clock *c, const struct tr_clock *other)
{
	for (uint32_t i = 0; i < c->width; i++)
		if (c->known[i] > (i < other->width ? other->known[i] : 0))
			return false;
	return true;
}
