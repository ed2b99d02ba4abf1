/* attend_masked.h: products of tiles in which a mask hides pairs. What is hidden has weight 0. But 0 times
 * NaN or infinity is NaN, so one row of log(0) in the padding would spoil the queries that do not even see
 * it. Rows of finite numbers need no care, and one look at each tells. Only when there are others is the mask
 * asked again, pair by pair. A key that is seen takes part whatever its weight: 0 times its NaN is NaN. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_MASKED_H
#define AQ_RUNTIME_KERNELS_ATTEND_MASKED_H

#include "runtime/kernels/attend_tile.h"

/* Are all numbers of these rows finite? */
bool KERNEL(attend_finite)(struct attend_matrix rows, int64_t count, int64_t width);

/* Does the mask hide some of the band's keys at hand from some of its queries, and not all from all? */
static inline bool attend_hides(const struct attend_band *band) {
  bool hides = false;
  for (int b = 0; b < band->count; b++) hides |= band->block[b].seen == LANE_MIXED;
  return hides;
}

/* The mask of a block, laid out as its tiles, in space->seen. */
void KERNEL(attend_mask)(const struct attend_head *head, const struct attend_block *block,
                         struct attend_space *space);

/* A product over the pairs m, k that are seen, whatever stands in the rows of b. a is 0 where seen is 0; k is
 * at most ATTEND_KEYS.
 * clean: working memory, [ATTEND_KEYS][ATTEND_PACKED]. */
void KERNEL(attend_masked_product)(const struct attend_sum *sum, struct attend_matrix seen, real *clean);

/* care: are there pairs that are hidden, and rows of b that are not finite? Otherwise a plain product will
 * do. */
static inline void attend_seen_sum(const struct attend_sum *sum, bool care, struct attend_matrix seen,
                                   real *clean) {
  if (care)
    KERNEL(attend_masked_product)(sum, seen, clean);
  else
    KERNEL(attend_product)(sum);
}

#endif
