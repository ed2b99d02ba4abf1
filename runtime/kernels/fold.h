/* fold.h: a big tensor and a small one that lacks some of its axes: what expand, sum and maximum share.
 * Include after split.h.
 *
 * Neighbouring axes count as one when both are kept or both are left out, so most calls come down to one or
 * two groups: rows x columns. When ragged axes come first and are kept or left out like the examples, the
 * whole packed batch is one such table. */
#ifndef AQ_RUNTIME_KERNELS_FOLD_H
#define AQ_RUNTIME_KERNELS_FOLD_H

struct fold_group {
  int64_t size, big, small;
}; /* elements from one index to the next; small: 0 when left out */
struct fold {
  int count;
  struct fold_group group[RT_MAX_RANK + 1];
};

static inline void fold_add(struct fold *f, int64_t size, bool kept) {
  if (size == 1) return;
  struct fold_group *last = f->count ? &f->group[f->count - 1] : NULL;
  if (last && (last->small != 0) == kept)
    last->size *= size;
  else
    f->group[f->count++] = (struct fold_group){size, 0, kept};
}

static inline void fold_strides(struct fold *f) {
  int64_t big = 1, small = 1;
  for (int i = f->count - 1; i >= 0; i--) {
    bool kept = f->group[i].small != 0;
    f->group[i].big = big;
    f->group[i].small = kept ? small : 0;
    big *= f->group[i].size;
    if (kept) small *= f->group[i].size;
  }
}

/* The groups of one example; mask: the axes of big that small has. */
static inline void fold_example(struct fold *f, const struct rt_shape *big, int64_t mask, int64_t example) {
  f->count = 0;
  for (int a = 0; a < big->rank; a++) fold_add(f, rt_size(big, a, example), mask >> a & 1);
  fold_strides(f);
}

/* The groups of the whole packed batch as one table; false when it is not one. */
static inline bool fold_batch(struct fold *f, const struct rt_shape *big, const struct rt_shape *small,
                              int64_t mask) {
  if (!big->batched) {
    fold_example(f, big, mask, 0);
    return !small->batched;
  }
  int packed = 0; /* axes in front, up to the last ragged one */
  for (int a = 0; a < big->rank; a++)
    if (big->each[a]) packed = a + 1;
  for (int a = 0; a < packed; a++)
    if ((mask >> a & 1) != small->batched) return false;
  int64_t inner = rt_extent(big, packed, big->rank, 0);
  f->count = 0;
  fold_add(f, inner ? big->count / inner : 0, small->batched);
  for (int a = packed; a < big->rank; a++) fold_add(f, big->size[a], mask >> a & 1);
  fold_strides(f);
  return true;
}

#endif
