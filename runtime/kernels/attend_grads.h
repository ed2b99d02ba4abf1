/* attend_grads.h: what the backward passes of attention share: where the gradients of a head go. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_GRADS_H
#define AQ_RUNTIME_KERNELS_ATTEND_GRADS_H

#include "runtime/kernels/attend_tile.h"

/* Where the gradients of one head go. */
struct attend_grads {
  struct attend_view delta, lse, dy, query, key, value, extra[ATTEND_MAX_EXTRAS];
  int outputs;      /* of score_grad that are used: 1, and those of extras */
  bool reads_score; /* does score_grad still read s after it has made s'? Then the weights may not overwrite s
                       before */
  bool add_query,
      add_key; /* are dquery (and dkey and dvalue) zeroed first and added to? Otherwise they are written */
};

/* Zeroes what is added to. */
void KERNEL(attend_grads_init)(const struct attend_head *head, struct attend_grads *g);

/* Zeroes the task's part of a result. */
void KERNEL(attend_zero)(const struct attend_head *head, const struct attend_view *view);

/* Adds contributions, summed over the axes that the extra lacks. Of a table (at is not NULL) each lane adds
 * to the element that LANE_gather would read at `at`. */
void KERNEL(attend_add_extra)(const struct attend_view *to, const struct attend_block *strip,
                              const real *part, const real *at);

static inline bool attend_has(const struct attend_operand *operand, int role) {
  for (int a = 0; a < operand->rank; a++)
    if (operand->role[a] == role) return true;
  return false;
}

#endif
