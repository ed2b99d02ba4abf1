/* attend_near.h: copies of far rows of keys and values (attend_near.c). Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_NEAR_H
#define AQ_RUNTIME_KERNELS_ATTEND_NEAR_H

#include "runtime/kernels/attend_tile.h"

/* closer: the head, whose keys and values are where copies will be, if that is worth it. */
void KERNEL(attend_near_begin)(const struct attend_head *head, struct attend_near *near,
                               struct attend_head *closer);
/* A block of keys that is read now: copies it, unless it was met before. */
void KERNEL(attend_near_meet)(struct attend_near *near, const struct attend_block *block);
/* Where the gradients of keys and values are summed meanwhile; as they are where nothing is copied. */
void KERNEL(attend_near_sums)(const struct attend_near *near, struct attend_view *key,
                              struct attend_view *value);
/* Adds these sums to the results. */
void KERNEL(attend_near_end)(const struct attend_near *near, int64_t keys, const struct attend_view *key,
                             const struct attend_view *value);

#endif
