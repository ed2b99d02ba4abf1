/* expand.c: repeats along new axes, from shared to per example too. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/fold.h"

static void copy(int64_t n, real *restrict to, const real *restrict from) {
  SIMD for (int64_t i = 0; i < n; i++) to[i] = from[i];
}

static void fill(int64_t n, real *to, real value) { SIMD for (int64_t i = 0; i < n; i++) to[i] = value; }

static void spread(const struct fold_group *g, int count, real *big, const real *small) {
  if (count == 0) {
    big[0] = small[0];
  } else if (count == 1) {
    if (g->small)
      copy(g->size, big, small);
    else
      fill(g->size, big, small[0]);
  } else {
    for (int64_t i = 0; i < g->size; i++) spread(g + 1, count - 1, big + i * g->big, small + i * g->small);
  }
}

/* A table: the first group in pieces. */
static void spread_piece(const struct rt_call *call, int64_t begin, int64_t end) {
  struct fold f = {.count = 0};
  fold_batch(&f, call->out[0].shape, call->in[0].shape, call->attr[0]);
  struct fold_group *g = &f.group[0];
  if (f.count) g->size = end - begin;
  spread(g, f.count, out_data(call, 0) + (f.count ? begin * g->big : 0),
         in_data(call, 0) + (f.count ? begin * g->small : 0));
}

static void spread_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *big = call->out[0].shape, *small = call->in[0].shape;
  for (int64_t e = begin; e < end; e++) {
    struct fold f = {.count = 0};
    fold_example(&f, big, call->attr[0], e);
    if (rt_extent(big, 0, big->rank, e) > 0)
      spread(f.group, f.count, out_data(call, 0) + rt_offset(big, e), in_data(call, 0) + rt_offset(small, e));
  }
}

void KERNEL(expand)(const struct rt_call *call) {
  const struct rt_shape *big = call->out[0].shape;
  struct fold f = {.count = 0};
  if (big->count == 0) return;
  if (fold_batch(&f, big, call->in[0].shape, call->attr[0]))
    split_range(call, f.count ? f.group[0].size : 1, f.count ? f.group[0].big : 1, spread_piece);
  else
    split_examples(call, big, spread_examples);
}
