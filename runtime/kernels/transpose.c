/* transpose.c: axes in another order. Axes that stay neighbours count as one. What is left is copied in runs
 * when the last axis stays last, and in square blocks when it does not. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

#include <string.h>

enum { BLOCK = 16 };

/* An axis of the result: steps in elements of a and of the result. */
struct axis {
  int64_t size, from, to;
};
struct plan {
  int count;
  struct axis axis[RT_MAX_RANK + 1];
};

static void plan_add(struct plan *p, int64_t size, int64_t from) {
  struct axis *last = p->count ? &p->axis[p->count - 1] : NULL;
  if (size == 1) return;
  if (last && last->from == size * from) {
    last->size *= size;
    last->from = from;
  } else {
    p->axis[p->count++] = (struct axis){size, from, 0};
  }
}

static void plan_finish(struct plan *p) {
  int64_t to = 1;
  for (int i = p->count - 1; i >= 0; i--) {
    p->axis[i].to = to;
    to *= p->axis[i].size;
  }
}

static int source_axis(const struct rt_call *call, int x) { return rt_order_axis(call->attr[0], x); }

/* Axes from..rank-1 of the result, in one example. */
static void plan_axes(struct plan *p, const struct rt_call *call, int from, int64_t e) {
  const struct rt_shape *a = call->in[0].shape;
  for (int x = from; x < a->rank; x++) {
    int s = source_axis(call, x);
    plan_add(p, rt_size(a, s, e), rt_extent(a, s + 1, a->rank, e));
  }
  plan_finish(p);
}

/* The packed batch as one tensor: when the axes in front stay where they are, up to the last ragged one. */
static bool plan_batch(struct plan *p, const struct rt_call *call) {
  const struct rt_shape *a = call->in[0].shape;
  int packed = 0;
  p->count = 0;
  for (int x = 0; x < a->rank; x++)
    if (a->each[x]) packed = x + 1;
  for (int x = 0; x < packed; x++)
    if (source_axis(call, x) != x) return false;
  int64_t inner = rt_extent(a, packed, a->rank, 0);
  plan_add(p, a->count / inner, inner);
  plan_axes(p, call, packed, 0);
  return true;
}

/* to[i * to_step + j] = from[i + j * from_step] */
static void turn(int64_t rows, int64_t columns, const real *restrict from, int64_t from_step,
                 real *restrict to, int64_t to_step) {
  for (int64_t i = 0; i < rows; i += BLOCK)
    for (int64_t j = 0; j < columns; j += BLOCK)
      for (int64_t r = i; r < split_min(rows, i + BLOCK); r++) {
        int64_t end = split_min(columns, j + BLOCK);
        SIMD for (int64_t c = j; c < end; c++) to[r * to_step + c] = from[r + c * from_step];
      }
}

/* turned: the axis that is contiguous in a, when it is not the last; it is left to the innermost call. */
static void move(const struct axis *x, int count, const struct axis *turned, const real *restrict from,
                 real *restrict to) {
  if (count == 0) {
    to[0] = from[0];
  } else if (count == 1) {
    if (turned)
      turn(turned->size, x->size, from, x->from, to, turned->to);
    else
      memcpy(to, from, (size_t)x->size * sizeof *to);
  } else if (x == turned) {
    move(x + 1, count - 1, turned, from, to);
  } else {
    for (int64_t i = 0; i < x->size; i++) move(x + 1, count - 1, turned, from + i * x->from, to + i * x->to);
  }
}

static void run(const struct plan *p, const real *from, real *to) {
  const struct axis *turned = NULL;
  for (int i = 0; i + 1 < p->count; i++)
    if (p->axis[i].from == 1) turned = &p->axis[i];
  move(p->axis, p->count, turned, from, to);
}

static void transpose_batch(const struct rt_call *call, int64_t begin, int64_t end) {
  struct plan p;
  plan_batch(&p, call);
  const real *from = in_data(call, 0);
  real *to = out_data(call, 0);
  if (p.count) {
    p.axis[0].size = end - begin;
    from += begin * p.axis[0].from;
    to += begin * p.axis[0].to;
  }
  run(&p, from, to);
}

static void transpose_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *a = call->in[0].shape, *y = call->out[0].shape;
  for (int64_t e = begin; e < end; e++) {
    struct plan p = {.count = 0};
    if (rt_extent(a, 0, a->rank, e) == 0) continue;
    plan_axes(&p, call, 0, e);
    run(&p, in_data(call, 0) + rt_offset(a, e), out_data(call, 0) + rt_offset(y, e));
  }
}

void KERNEL(transpose)(const struct rt_call *call) {
  const struct rt_shape *y = call->out[0].shape;
  struct plan p;
  if (y->count == 0) return;
  if (plan_batch(&p, call))
    split_range(call, p.count ? p.axis[0].size : 1, p.count ? p.axis[0].to : 1, transpose_batch);
  else
    split_examples(call, y, transpose_examples);
}
