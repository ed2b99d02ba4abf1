/* cumsum.c: the running sum along an axis. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

enum { COLUMNS = 64 }; /* sums that run side by side */

/* What an example looks like: outer blocks of n steps, each of `inner` numbers that lie side by side. */
struct steps {
  int64_t outer, n, inner;
};

static struct steps steps_of(const struct rt_shape *s, int axis, int64_t e) {
  return (struct steps){rt_extent(s, 0, axis, e), rt_size(s, axis, e), rt_extent(s, axis + 1, s->rank, e)};
}

/* In double: in float the error would grow with the length of the axis. */
static void run_columns(const struct steps *s, int64_t width, bool reverse, const real *restrict a,
                        real *restrict y) {
  double sum[COLUMNS] = {0};
  for (int64_t i = 0; i < s->n; i++) {
    int64_t row = (reverse ? s->n - 1 - i : i) * s->inner;
    SIMD for (int64_t j = 0; j < width; j++) {
      sum[j] += a[row + j];
      y[row + j] = (real)sum[j];
    }
  }
}

/* Strip number k of an example: COLUMNS columns of one block. */
static void run_strip(const struct rt_call *call, const struct steps *s, int64_t start, int64_t k) {
  int64_t strips = split_ceil(s->inner, COLUMNS), column = k % strips * COLUMNS;
  start += k / strips * s->n * s->inner + column;
  run_columns(s, split_min(COLUMNS, s->inner - column), call->attr[1], in_data(call, 0) + start,
              out_data(call, 0) + start);
}

/* The packed batch as one example: sizes from the axis on are the same in all. */
static struct steps packed_steps(const struct rt_shape *shape, int axis) {
  struct steps s = steps_of(shape, axis, 0);
  s.outer = shape->count / (s.n * s.inner);
  return s;
}

static void packed_strips(const struct rt_call *call, int64_t begin, int64_t end) {
  struct steps s = packed_steps(call->out[0].shape, (int)call->attr[0]);
  for (int64_t k = begin; k < end; k++) run_strip(call, &s, 0, k);
}

static void cumsum_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *shape = call->out[0].shape;
  for (int64_t e = begin; e < end; e++) {
    struct steps s = steps_of(shape, (int)call->attr[0], e);
    for (int64_t k = 0; k < s.outer * split_ceil(s.inner, COLUMNS); k++)
      run_strip(call, &s, rt_offset(shape, e), k);
  }
}

void KERNEL(cumsum)(const struct rt_call *call) {
  const struct rt_shape *shape = call->out[0].shape;
  int axis = (int)call->attr[0];
  if (shape->count == 0) return;
  if (!rt_uniform(shape, axis) && shape->examples > 1) {
    split_examples(call, shape, cumsum_examples);
    return;
  }
  struct steps s = packed_steps(shape, axis);
  split_range(call, s.outer * split_ceil(s.inner, COLUMNS), s.n * split_min(COLUMNS, s.inner), packed_strips);
}
