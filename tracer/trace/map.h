/* map: numbers to numbers, open addressing. Private to the tracer. Keys below UINT64_MAX. */
#ifndef TR_TRACE_MAP_H
#define TR_TRACE_MAP_H

#include <stdbool.h>
#include <stdint.h>

struct tr_map {
	uint64_t *keys;  /* key + 1; 0: free */
	uint32_t *values;
	uint32_t cap, nr; /* cap: 0 or a power of two */
};

#define TR_MAP_NONE UINT32_MAX

/* An all-zero map is empty. */
void tr_map_fini(struct tr_map *m);
/* The value, TR_MAP_NONE when the key is not there. */
uint32_t tr_map_get(const struct tr_map *m, uint64_t key);
/* Sets or replaces; false: out of memory, the map is as it was. */
bool tr_map_set(struct tr_map *m, uint64_t key, uint32_t value);

/* Two numbers as one key. */
static inline uint64_t tr_pair(uint32_t high, uint32_t low)
{
	return (uint64_t)high << 32 | low;
}

/*
 * Room for one more element in a growing array: *list has nr elements of `size`
 * bytes and room for *cap. False: out of memory, nothing has changed.
 */
bool tr_grow(void *list, uint32_t nr, uint32_t *cap, uint32_t size);

#endif
