/* intern.c: texts, each kept once and known by its number. */
#include <string.h>
#include <xxhash.h>

#include "runtime/io/grow.h"
#include "runtime/io/intern_ahead.h"

enum { MAX_TEXTS = 1 << 30, FIRST_SLOTS = 64 };

const char *io_intern_text(const struct io_intern *set, int32_t number, size_t *length) {
  size_t begin = number > 0 ? set->ends[number - 1] : 0;
  *length = set->ends[number] - begin;
  return set->bytes + begin;
}

/* The slot that holds a text, or the empty one where it belongs. slot_count must not be 0. */
static size_t find_slot(const struct io_intern *set, const char *text, size_t length, uint64_t hash) {
  size_t mask = set->slot_count - 1;
  for (size_t slot = (size_t)hash & mask;; slot = (slot + 1) & mask) {
    if (set->slots[slot] == 0) return slot;
    int32_t number = (int32_t)(set->slots[slot] - 1);
    if (set->hashes[number] != hash) continue;
    size_t n;
    const char *there = io_intern_text(set, number, &n);
    if (n == length && memcmp(there, text, n) == 0) return slot;
  }
}

static uint64_t hash_of(const char *text, size_t length) { return XXH3_64bits(text, length); }

void io_intern_expect(const struct io_intern *set, const char *text, size_t length) {
  if (set->slot_count) __builtin_prefetch(&set->slots[(size_t)hash_of(text, length) & (set->slot_count - 1)]);
}

int32_t io_intern_find(const struct io_intern *set, const char *text, size_t length) {
  if (set->slot_count == 0) return -1;
  return (int32_t)set->slots[find_slot(set, text, length, hash_of(text, length))] - 1;
}

void io_intern_find_many(const struct io_intern *set, struct io_sought *sought, size_t count) {
  const size_t mask = set->slot_count - 1;
  for (size_t k = 0; k < count; k++) sought[k].number = -1;
  if (set->slot_count == 0) return;
  for (size_t k = 0; k < count; k++) {
    sought[k].hash = hash_of(sought[k].text, sought[k].length);
    __builtin_prefetch(&set->slots[(size_t)sought[k].hash & mask]);
  }
  for (size_t k = 0; k < count; k++) {
    const uint32_t there = set->slots[(size_t)sought[k].hash & mask];
    if (!there) continue;
    __builtin_prefetch(&set->hashes[there - 1]);
    __builtin_prefetch(&set->ends[there - 1]);
  }
  for (size_t k = 0; k < count; k++) {
    const uint32_t there = set->slots[(size_t)sought[k].hash & mask];
    if (there > 1 && set->hashes[there - 1] == sought[k].hash)
      __builtin_prefetch(set->bytes + set->ends[there - 2]);
  }
  for (size_t k = 0; k < count; k++)
    sought[k].number =
        (int32_t)set->slots[find_slot(set, sought[k].text, sought[k].length, sought[k].hash)] - 1;
}

static int set_slots(struct io_intern *set, size_t count) {
  uint32_t *slots = rt_zalloc(count, sizeof *slots);
  if (!slots) return RT_NO_MEMORY;
  for (int32_t n = 0; n < set->count; n++) {
    size_t slot = (size_t)set->hashes[n] & (count - 1);
    while (slots[slot]) slot = (slot + 1) & (count - 1);
    slots[slot] = (uint32_t)n + 1;
  }
  rt_free(set->slots);
  set->slots = slots;
  set->slot_count = count;
  return RT_OK;
}

/* Doubles the slots so that at most half of them are used. */
static int grow_slots(struct io_intern *set) {
  return set_slots(set, set->slot_count ? set->slot_count * 2 : FIRST_SLOTS);
}

int io_intern_reserve(struct io_intern *set, size_t texts, size_t bytes) {
  size_t slots = FIRST_SLOTS;
  while (slots < texts * 2 + 2) slots *= 2;
  return slots > set->slot_count && set_slots(set, slots) != RT_OK ? RT_NO_MEMORY
         : IO_GROW(set->bytes, set->bytes_capacity, bytes + 1) != RT_OK
                 || IO_GROW(set->ends, set->ends_capacity, texts + 1) != RT_OK
                 || IO_GROW(set->hashes, set->hashes_capacity, texts + 1) != RT_OK
             ? RT_NO_MEMORY
             : RT_OK;
}

int io_intern_add(struct io_intern *set, const char *text, size_t length, int32_t *number,
                  struct rt_error *error) {
  if ((size_t)set->count * 2 >= set->slot_count && grow_slots(set) != RT_OK) return rt_no_memory(error);
  uint64_t hash = hash_of(text, length);
  size_t slot = find_slot(set, text, length, hash);
  if (set->slots[slot]) {
    *number = (int32_t)(set->slots[slot] - 1);
    return RT_OK;
  }
  if (set->count == MAX_TEXTS) return rt_fail(error, RT_BAD_DATA, "more than %d different texts", MAX_TEXTS);
  size_t n = (size_t)set->count;
  if (IO_GROW(set->bytes, set->bytes_capacity, set->bytes_length + length + 1) != RT_OK
      || IO_GROW(set->ends, set->ends_capacity, n + 1) != RT_OK
      || IO_GROW(set->hashes, set->hashes_capacity, n + 1) != RT_OK)
    return rt_no_memory(error);
  memcpy(set->bytes + set->bytes_length, text, length);
  set->bytes_length += length;
  set->ends[n] = set->bytes_length;
  set->hashes[n] = hash;
  set->slots[slot] = (uint32_t)n + 1;
  *number = set->count++;
  return RT_OK;
}

void io_intern_free(struct io_intern *set) {
  rt_free(set->bytes);
  rt_free(set->ends);
  rt_free(set->hashes);
  rt_free(set->slots);
  *set = (struct io_intern){0};
}
