/* dot.c: products of rows along the last axis, a number for each row. The other operand may lack axes of the
 * rows: it is read where it lies and never repeated in memory. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"
#include "runtime/kernels/dot_row.h"

/* The row of b that meets a row of a in an example: the one at its place along the axes that b has. */
static int64_t dot_place(const struct rt_shape *a, int64_t axes, int64_t example, int64_t row) {
  int64_t place = 0, step = 1;
  for (int x = a->rank - 2; x >= 0; x--) {
    int64_t size = rt_size(a, x, example);
    if (axes >> x & 1) {
      place += row % size * step;
      step *= size;
    }
    row /= size;
  }
  return place;
}

static void dot_rows(const struct rt_call *call, int64_t example, int64_t first, int64_t count) {
  const struct rt_shape *shape = call->in[0].shape;
  int64_t n = rt_size(shape, shape->rank - 1, example), axes = call->attr[0];
  bool whole = axes == (1 << shape->rank) - 1;
  const real *a = in_data(call, 0) + rt_offset(shape, example) + first * n;
  const real *b = in_data(call, 1) + rt_offset(call->in[1].shape, example);
  real *y = out_data(call, 0) + rt_offset(call->out[0].shape, example) + first;
  for (int64_t r = 0; r < count; r++)
    y[r] = dot_row(a + r * n, b + (whole ? first + r : dot_place(shape, axes, example, first + r)) * n, n);
}

/* Rows of a batch whose examples have equal sizes. */
static void dot_batch(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *y = call->out[0].shape;
  int64_t rows = y->count / y->examples;
  while (begin < end) {
    int64_t example = begin / rows, stop = split_min(end, (example + 1) * rows);
    dot_rows(call, example, begin - example * rows, stop - begin);
    begin = stop;
  }
}

static void dot_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *y = call->out[0].shape;
  for (int64_t e = begin; e < end; e++) dot_rows(call, e, 0, rt_extent(y, 0, y->rank, e));
}

void KERNEL(dot)(const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape, *y = call->out[0].shape;
  if (y->count == 0) return;
  if (!a->ragged || a->examples == 1)
    split_range(call, y->count, rt_size(a, a->rank - 1, 0), dot_batch);
  else
    split_examples(call, a, dot_examples);
}
