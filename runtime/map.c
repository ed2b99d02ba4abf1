/* map.c: see map.h. */
#include "runtime/map.h"

#include <string.h>

static const uint64_t OFFSET_BASIS = 0xCBF29CE484222325u, PRIME = 0x100000001B3u;

uint64_t rt_hash_bytes(const void *bytes, size_t length) {
  const unsigned char *x = bytes;
  uint64_t hash = OFFSET_BASIS;
  for (size_t k = 0; k < length; k++) hash = (hash ^ x[k]) * PRIME;
  return hash ^ hash >> 32;
}

static uint64_t hash_name(const char *name) { return rt_hash_bytes(name, strlen(name)); }

/* Where the name stands, or the empty slot where it would. */
static struct rt_map_slot *seek(const struct rt_map *map, const char *name, uint64_t hash) {
  size_t at = (size_t)hash & (map->capacity - 1);
  while (map->slot[at].name && (map->slot[at].hash != hash || strcmp(map->slot[at].name, name) != 0))
    at = (at + 1) & (map->capacity - 1);
  return &map->slot[at];
}

uint64_t *rt_map_find(const struct rt_map *map, const char *name) {
  if (map->count == 0) return NULL;
  struct rt_map_slot *slot = seek(map, name, hash_name(name));
  return slot->name ? &slot->value : NULL;
}

enum { FIRST_SLOTS = 16 };

/* Keeps the table at most half full. */
static int make_room(struct rt_map *map) {
  if (map->count < map->capacity / 2) return RT_OK;
  struct rt_map larger = {.capacity = map->capacity ? 2 * map->capacity : FIRST_SLOTS};
  if (!(larger.slot = rt_zalloc(larger.capacity, sizeof *larger.slot))) return RT_NO_MEMORY;
  for (size_t k = 0; k < map->capacity; k++)
    if (map->slot[k].name) *seek(&larger, map->slot[k].name, map->slot[k].hash) = map->slot[k];
  larger.count = map->count;
  rt_free(map->slot);
  *map = larger;
  return RT_OK;
}

int rt_map_put(struct rt_map *map, const char *name, uint64_t value) {
  if (make_room(map)) return RT_NO_MEMORY;
  uint64_t hash = hash_name(name);
  struct rt_map_slot *slot = seek(map, name, hash);
  map->count += !slot->name;
  *slot = (struct rt_map_slot){name, hash, value};
  return RT_OK;
}

void rt_map_free(struct rt_map *map) {
  rt_free(map->slot);
  *map = (struct rt_map){0};
}
