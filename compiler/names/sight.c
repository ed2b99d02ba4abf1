/* sight.c: see sight.h. */
#include "compiler/names/sight.h"

#include <string.h>

int cc_sight_bind(struct cc_sight *sight, const char *name, const struct gr_node *node,
                  enum cc_seen_kind kind, bool maybe) {
  if (rt_grow((void **)&sight->seen, &sight->capacity, sight->count + 1, sizeof *sight->seen))
    return RT_NO_MEMORY;
  uint64_t *top = rt_map_find(&sight->top, name);
  sight->seen[sight->count] = (struct cc_seen){name, node, kind, top ? (size_t)*top : 0, maybe, 0};
  if (!top && rt_map_put(&sight->top, name, sight->count + 1)) return RT_NO_MEMORY;
  sight->count++;
  if (top) *top = sight->count;
  return RT_OK;
}

const struct cc_seen *cc_sight_find(const struct cc_sight *sight, const char *name) {
  const uint64_t *top = rt_map_find(&sight->top, name);
  return top && *top ? &sight->seen[*top - 1] : NULL;
}

/* After a branch a name may mean what the branch bound, or what had the name before. So its first use
 * counts for both. */
const struct cc_seen *cc_sight_use(struct cc_sight *sight, const char *name) {
  const struct cc_seen *found = cc_sight_find(sight, name);
  sight->clock++;
  for (size_t at = found ? (size_t)(found - sight->seen) + 1 : 0; at;) {
    struct cc_seen *seen = &sight->seen[at - 1];
    at = seen->maybe && !seen->used ? seen->hides : 0;
    seen->used = sight->clock;
  }
  return found;
}

void cc_sight_hide(struct cc_sight *sight, size_t at) {
  uint64_t *top = rt_map_find(&sight->top, sight->seen[at].name);
  if (*top == at + 1) {
    *top = sight->seen[at].hides;
    return;
  }
  for (size_t above = (size_t)*top; above; above = sight->seen[above - 1].hides)
    if (sight->seen[above - 1].hides == at + 1) sight->seen[above - 1].hides = sight->seen[at].hides;
}

/* In order, so that what one binding passes on reaches the next of the same name. */
void cc_sight_end_loop(struct cc_sight *sight, size_t count, uint64_t clock) {
  for (size_t k = count; k < sight->count; k++) {
    struct cc_seen *seen = &sight->seen[k];
    if (!seen->used && seen->hides && sight->seen[seen->hides - 1].used > clock) seen->used = ++sight->clock;
  }
}

void cc_sight_clear(struct cc_sight *sight) {
  for (size_t k = 0; k < sight->count; k++) *rt_map_find(&sight->top, sight->seen[k].name) = 0;
  sight->count = 0;
}

void cc_sight_free(struct cc_sight *sight) {
  rt_free(sight->seen);
  rt_map_free(&sight->top);
  *sight = (struct cc_sight){0};
}
