/* attend_near.c: the keys and values of a head with row values, next to each other. In the operands the heads
 * lie side by side, so that the rows of one head are far apart: on few lines of the cache, and each on a page
 * of its own. Every block of queries reads all that it sees, so a row is copied when it is first met. What
 * the queries add to the gradients of a row is summed beside the copy, and added to the result at the end. */
#include "runtime/kernels/attend_near.h"

#include <string.h>

static bool near_worth(const struct attend_view *view, const real *copy) {
  return copy && view->data && !view->i_stride && view->j_stride > attend_padded(view->width);
}

static struct attend_view near_view(real *copy, int64_t width) {
  return (struct attend_view){.data = copy, .j_stride = attend_padded(width), .width = width};
}

void KERNEL(attend_near_begin)(const struct attend_head *head, struct attend_near *near,
                               struct attend_head *closer) {
  struct attend_view *const view[] = {&closer->key, &closer->value};
  *closer = *head;
  for (int k = 0; k < 2; k++) {
    near->far[k] = (struct attend_view){0};
    if (head->end_query - head->first_query <= ATTEND_QUERIES) continue; /* they are read once */
    if (!near_worth(view[k], near->copy[k])) continue;
    near->far[k] = *view[k];
    *view[k] = near_view(near->copy[k], view[k]->width);
  }
  if (near->met) memset(near->met, 0, (size_t)((head->keys + ATTEND_KEYS - 1) / ATTEND_KEYS));
}

void KERNEL(attend_near_meet)(struct attend_near *near, const struct attend_block *block) {
  const int64_t j = block->first_key;
  if (!near->met || near->met[j / ATTEND_KEYS]) return;
  near->met[j / ATTEND_KEYS] = true;
  for (int k = 0; k < 2; k++) {
    const int64_t width = near->far[k].width, padded = attend_padded(width);
    if (!near->far[k].data) continue;
    KERNEL(attend_pack)(attend_at(&near->far[k], 0, j), block->keys, width, near->copy[k] + j * padded);
    if (near->sum[k]) memset(near->sum[k] + j * padded, 0, (size_t)(block->keys * padded) * sizeof(real));
  }
}

void KERNEL(attend_near_sums)(const struct attend_near *near, struct attend_view *key,
                              struct attend_view *value) {
  if (near->far[0].data) *key = near_view(near->sum[0], key->width);
  if (near->far[1].data) *value = near_view(near->sum[1], value->width);
}

void KERNEL(attend_near_end)(const struct attend_near *near, int64_t keys, const struct attend_view *key,
                             const struct attend_view *value) {
  const struct attend_view *const result[] = {key, value};
  for (int64_t j = 0; near->met && j < keys; j += ATTEND_KEYS) {
    const int64_t rows = keys - j < ATTEND_KEYS ? keys - j : ATTEND_KEYS;
    for (int k = 0; k < 2 && near->met[j / ATTEND_KEYS]; k++) {
      const int64_t width = near->far[k].width, padded = attend_padded(width);
      const struct attend_matrix sums = {near->sum[k] + j * padded, padded, 1};
      if (near->far[k].data) KERNEL(attend_unpack)(sums, rows, width, attend_at(result[k], 0, j), true);
    }
  }
}
