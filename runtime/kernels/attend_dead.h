/* attend_dead.h: which keys of a head with row values take no part, as those below a top-k do. Include after
 * kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_ATTEND_DEAD_H
#define AQ_RUNTIME_KERNELS_ATTEND_DEAD_H

#include "runtime/kernels/attend_tile.h"

/* A score compares what it makes of s with a threshold. Where the comparison comes out as `dead`, the key
 * counts for nothing: its weight is 0, and so is what it gives to the row values behind the threshold and
 * takes from the gradients. That holds as long as row values, queries, keys, values and dy are finite, and
 * the pair's position decides nothing. */
struct attend_dead {
  bool known;  /* is there such a comparison? */
  int row;     /* the row value that is the threshold */
  int end;     /* the score's instructions up to the comparison */
  uint8_t reg; /* and where its result is */
  bool dead;
};

/* Looks for it. gradient: also among the programs of the backward pass. */
void KERNEL(attend_dead_find)(const struct attend_head *head, bool gradient, struct attend_dead *dead);

#endif
