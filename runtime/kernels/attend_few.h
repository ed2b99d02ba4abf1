/* attend_few.h: heads with row values of which each query needs few keys. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_FEW_H
#define AQ_RUNTIME_KERNELS_ATTEND_FEW_H

#include "runtime/kernels/attend_dead.h"
#include "runtime/kernels/attend_lists.h"

/* Whether keys can be left out, and how to tell which: not where numbers are not finite. dy: NULL forwards.
 */
void KERNEL(attend_few_find)(const struct attend_head *head, const struct attend_view *dy,
                             struct attend_dead *dead);

/* Lists of the keys that count for a block of queries whose row values up to the threshold are there. false:
 * there are too many, or none. */
bool KERNEL(attend_few)(const struct attend_head *head, struct attend_space *space,
                        const struct attend_dead *dead, const struct attend_queried *all,
                        struct attend_lists *lists);

#endif
