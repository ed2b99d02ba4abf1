/* merging.h: neighbours of a text that are merged, the best pair first, until no pair is left. */
#ifndef AQ_RUNTIME_IO_MERGING_H
#define AQ_RUNTIME_IO_MERGING_H

#include "runtime/base.h"

/* A part of the text, which may grow to the right. size 0: it has become part of the one before. */
struct io_part {
  size_t at, size;
  int32_t id;             /* what the vocabulary calls it; -1: it is not there */
  int64_t before, behind; /* its neighbours, -1: none */
};

struct io_merging {
  const void *context;
  /* How early two neighbours are merged, from 0 on; -1: never. */
  int32_t (*rank)(const void *context, const struct io_part *left, const struct io_part *right);
  /* The id of what a pair of that rank becomes. */
  int32_t (*made)(const void *context, int32_t rank);
  struct io_part *part;
};

/* Merges `count` parts, which are neighbours in their order: of all pairs the one with the lowest rank first,
 * the leftmost of equals. In time O(n log n). Only RT_NO_MEMORY can go wrong. */
int io_merge(struct io_merging *m, size_t count);

#endif
