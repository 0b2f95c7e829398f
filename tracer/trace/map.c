/* map: see map.h. */
#include "tracer/trace/map.h"

#include <stdlib.h>
#include <string.h>

static uint32_t slot_of(const struct tr_map *m, uint64_t stored)
{
	uint64_t hash = stored * 0x9e3779b97f4a7c15u;
	uint32_t i = (uint32_t)(hash >> 32) & (m->cap - 1);
	while (m->keys[i] && m->keys[i] != stored)
		i = (i + 1) & (m->cap - 1);
	return i;
}

void tr_map_fini(struct tr_map *m)
{
	free(m->keys);
	free(m->values);
	*m = (struct tr_map){ .cap = 0 };
}

uint32_t tr_map_get(const struct tr_map *m, uint64_t key)
{
	if (!m->cap)
		return TR_MAP_NONE;
	uint32_t i = slot_of(m, key + 1);
	return m->keys[i] ? m->values[i] : TR_MAP_NONE;
}

static bool enlarge(struct tr_map *m)
{
	struct tr_map larger = { .cap = m->cap ? 2 * m->cap : 64, .nr = m->nr };
	if (!larger.cap)
		return false;
	larger.keys = calloc(larger.cap, sizeof(*larger.keys));
	larger.values = calloc(larger.cap, sizeof(*larger.values));
	if (!larger.keys || !larger.values) {
		tr_map_fini(&larger);
		return false;
	}
	for (uint32_t i = 0; i < m->cap; i++)
		if (m->keys[i]) {
			uint32_t to = slot_of(&larger, m->keys[i]);
			larger.keys[to] = m->keys[i];
			larger.values[to] = m->values[i];
		}
	tr_map_fini(m);
	*m = larger;
	return true;
}

bool tr_map_set(struct tr_map *m, uint64_t key, uint32_t value)
{
	if (m->nr >= m->cap / 2 && !enlarge(m))
		return false;
	uint32_t i = slot_of(m, key + 1);
	m->nr += !m->keys[i];
	m->keys[i] = key + 1;
	m->values[i] = value;
	return true;
}

bool tr_grow(void *list, uint32_t nr, uint32_t *cap, uint32_t size)
{
	if (nr < *cap)
		return true;
	uint64_t larger = *cap ? (uint64_t)*cap * 2 : 16;
	if (larger > UINT32_MAX || larger * size > SIZE_MAX / 2)
		return false;
	void *old, *moved;
	memcpy(&old, list, sizeof(old));
	moved = realloc(old, (size_t)larger * size);
	if (!moved)
		return false;
	memcpy(list, &moved, sizeof(moved));
	*cap = (uint32_t)larger;
	return true;
}
