/* map.h: names to numbers, found in constant time. */
#ifndef AQ_RUNTIME_MAP_H
#define AQ_RUNTIME_MAP_H

#include "runtime/base.h"

/* FNV-1a (Fowler, Noll and Vo), with its high bits mixed into the low ones, which choose a slot. */
uint64_t rt_hash_bytes(const void *bytes, size_t length);

/* A hash table with open addressing. The names are not copied: they live as long as the map. */
struct rt_map {
  struct rt_map_slot {
    const char *name; /* NULL: empty */
    uint64_t hash, value;
  } * slot;
  size_t count, capacity;
};

/* The value of a name, to be read or changed; NULL when there is none. Valid until the next rt_map_put. */
uint64_t *rt_map_find(const struct rt_map *map, const char *name);
/* Gives a name a value; one that it had is replaced. RT_OK or RT_NO_MEMORY. */
int rt_map_put(struct rt_map *map, const char *name, uint64_t value);
void rt_map_free(struct rt_map *map);

#endif
