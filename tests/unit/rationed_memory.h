/* rationed_memory.h: memory that runs out, for tests of what happens then: rt_set_allocator(ration_resize,
 * &ration), or aq_set_allocator. */
#ifndef AQ_TESTS_UNIT_RATIONED_MEMORY_H
#define AQ_TESTS_UNIT_RATIONED_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct ration {
  atomic_long left; /* requests that are still granted; below 0: some were refused */
  atomic_long live; /* blocks that were granted and are not freed */
  bool once;        /* the next request is refused alone; otherwise it is refused with all that follow */
};

static void *ration_resize(void *context, void *block, size_t size) {
  struct ration *ration = context;
  if (size == 0) {
    atomic_fetch_sub(&ration->live, block != NULL);
    free(block);
    return NULL;
  }
  long left = atomic_fetch_sub(&ration->left, 1);
  if (ration->once ? left == 0 : left <= 0) return NULL;
  void *resized = realloc(block, size);
  if (!block && resized) atomic_fetch_add(&ration->live, 1);
  return resized;
}

#endif
