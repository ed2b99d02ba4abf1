/* fill.c: tensors made from nothing: constants, sizes and counts. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/split.h"

static void constant_range(const struct rt_call *call, int64_t begin, int64_t end) {
  real *y = out_data(call, 0), value = (real)call->real;
  SIMD for (int64_t i = begin; i < end; i++) y[i] = value;
}

void KERNEL(constant)(const struct rt_call *call) {
  split_range(call, call->out[0].shape->count, 1, constant_range);
}

void KERNEL(size)(const struct rt_call *call) {
  real *y = out_data(call, 0);
  for (int64_t e = 0; e < call->out[0].shape->count; e++)
    y[e] = (real)(call->size_each ? call->size_each[e] : call->attr[0]);
}

void KERNEL(rows)(const struct rt_call *call) {
  int64_t sum = call->size_each ? 0 : call->attr[0] * call->examples;
  for (int64_t e = 0; call->size_each && e < call->examples; e++) sum += call->size_each[e];
  out_data(call, 0)[0] = (real)sum;
}

void KERNEL(iota)(const struct rt_call *call) {
  const struct rt_shape *s = call->out[0].shape;
  for (int64_t e = 0; e < s->examples; e++) {
    real *y = out_data(call, 0) + rt_offset(s, e);
    int64_t n = rt_size(s, 0, e);
    SIMD for (int64_t i = 0; i < n; i++) y[i] = (real)i;
  }
}
