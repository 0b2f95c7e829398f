/* environment: see environment.h. */
#include "tracer/foreign/environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t environment_index(const struct tr_environment *e, const char *name, size_t len)
{
	size_t i = 0;

	while (i < e->nr && !(strncmp(e->list[i], name, len) == 0 && e->list[i][len] == '='))
		i++;
	return i;
}

static bool environment_room(struct tr_environment *e)
{
	char **larger;

	if (e->nr + 1 < e->cap)
		return true;
	larger = realloc(e->list, 2 * (e->cap + 8) * sizeof(*larger));
	if (!larger)
		return false;
	e->list = larger;
	e->cap = 2 * (e->cap + 8);
	return true;
}

/* Takes over pair, replacing what has its name. */
static void environment_take(struct tr_environment *e, char *pair)
{
	size_t len = pair ? strcspn(pair, "=") : 0, i;

	if (!pair || !environment_room(e)) {
		free(pair);
		e->failed = true;
		return;
	}
	i = environment_index(e, pair, len);
	if (i < e->nr)
		free(e->list[i]);
	else
		e->list[++e->nr] = NULL;
	e->list[i] = pair;
}

void tr_environment_init(struct tr_environment *e, char *const *base)
{
	*e = (struct tr_environment){ .list = NULL };
	if (!environment_room(e)) {
		e->failed = true;
		return;
	}
	e->list[0] = NULL;
	for (; *base; base++)
		if (strchr(*base, '='))
			environment_take(e, strdup(*base));
}

void tr_environment_fini(struct tr_environment *e)
{
	for (size_t i = 0; i < e->nr; i++)
		free(e->list[i]);
	free(e->list);
	*e = (struct tr_environment){ .list = NULL };
}

const char *tr_environment_get(const struct tr_environment *e, const char *name)
{
	size_t len = strlen(name), i = environment_index(e, name, len);

	return i < e->nr ? e->list[i] + len + 1 : NULL;
}

void tr_environment_set(struct tr_environment *e, const char *name, const char *value)
{
	char *pair;

	if (asprintf(&pair, "%s=%s", name, value) < 0)
		pair = NULL;
	environment_take(e, pair);
}

void tr_environment_drop(struct tr_environment *e, const char *name)
{
	size_t i = environment_index(e, name, strlen(name));

	if (i == e->nr)
		return;
	free(e->list[i]);
	memmove(&e->list[i], &e->list[i + 1], (e->nr - i) * sizeof(*e->list));
	e->nr--;
}

void tr_environment_put(struct tr_environment *e, const char *pair)
{
	environment_take(e, strdup(pair));
}

void tr_environment_prepend(struct tr_environment *e, const char *name, const char *value)
{
	const char *old = tr_environment_get(e, name);
	char *pair;

	if (asprintf(&pair, "%s=%s%s%s", name, value, old && *old ? ":" : "", old ? old : "") < 0)
		pair = NULL;
	environment_take(e, pair);
}
