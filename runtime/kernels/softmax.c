/* softmax.c: softmax, log_softmax and cross_entropy: rows along the last axis, shifted by their maximum so
 * that exp cannot overflow. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/log_sum.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"

/* y = exp(a - shift); returns the sum. */
static real exponentials(int64_t n, const real *restrict a, real shift, real *restrict y) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < n; i++) {
    y[i] = LANE_EXP(a[i] - shift);
    sum += y[i];
  }
  return sum;
}

/* A row of minus infinities has nothing to choose from: its weights are all 0. */
static void softmax_row(int64_t n, const real *restrict a, real *restrict y) {
  real m = row_maximum(n, a);
  real sum = exponentials(n, a, m == -INFINITY ? 0 : m, y);
  real scale = sum != 0 ? 1 / sum : 0;
  SIMD for (int64_t i = 0; i < n; i++) y[i] *= scale;
}

static void softmax_span(const struct rt_call *call, const struct span *span) {
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, span->n);
  real *y = out_data(call, 0) + span_offset(span, call->out[0].shape, span->n);
  for (int64_t r = 0; r < span->rows; r++) softmax_row(span->n, a + r * span->n, y + r * span->n);
}

void KERNEL(softmax)(const struct rt_call *call) { split_rows(call, call->out[0].shape, softmax_span); }

/* A row of minus infinities stays as it is. */
static void log_softmax_span(const struct rt_call *call, const struct span *span) {
  int64_t n = span->n;
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, n);
  real *y = out_data(call, 0) + span_offset(span, call->out[0].shape, n);
  for (int64_t r = 0; r < span->rows; r++, a += n, y += n) {
    real l = log_sum(n, a);
    real shift = l == -INFINITY ? 0 : l;
    SIMD for (int64_t i = 0; i < n; i++) y[i] = a[i] - shift;
  }
}

void KERNEL(log_softmax)(const struct rt_call *call) {
  split_rows(call, call->out[0].shape, log_softmax_span);
}

/* ---- cross entropy ---- */

/* A target beyond the classes cannot come from checked data. It gives NaN, which the trainer reports. */
static void cross_entropy_span(const struct rt_call *call, const struct span *span) {
  int64_t n = span->n;
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, n);
  const int32_t *target = in_ids(call, 1) + span_offset(span, call->in[1].shape, 1);
  real *y = out_data(call, 0) + span_offset(span, call->out[0].shape, 1);
  for (int64_t r = 0; r < span->rows; r++, a += n)
    y[r] = target[r] < 0 ? 0 : target[r] < n ? log_sum(n, a) - a[target[r]] : (real)NAN;
}

static void cross_entropy_examples(const struct rt_call *call, int64_t begin, int64_t end) {
  const struct rt_shape *logits = call->in[0].shape, *rows = call->out[0].shape;
  for (int64_t e = begin; e < end; e++) {
    struct span span = {e, 0, rt_extent(rows, 0, rows->rank, e), rt_size(logits, logits->rank - 1, e), NULL};
    cross_entropy_span(call, &span);
  }
}

/* Logits that all examples share are read once for each. */
void KERNEL(cross_entropy)(const struct rt_call *call) {
  const struct rt_shape *logits = call->in[0].shape, *rows = call->out[0].shape;
  real *y = out_data(call, 0);
  if (logits->count == 0)
    for (int64_t i = 0; i < rows->count; i++) y[i] = 0;
  else if (logits->batched == rows->batched)
    split_rows(call, logits, cross_entropy_span);
  else
    split_examples(call, rows, cross_entropy_examples);
}

static void cross_entropy_grad_span(const struct rt_call *call, const struct span *span) {
  int64_t n = span->n;
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, n);
  const int32_t *target = in_ids(call, 1) + span_offset(span, call->in[1].shape, 1);
  const real *dy = in_data(call, 2) + span_offset(span, call->in[2].shape, 1);
  real *da = out_data(call, 0) + span_offset(span, call->out[0].shape, n);
  for (int64_t r = 0; r < span->rows; r++, a += n, da += n) {
    real scale = target[r] < 0 ? 0 : dy[r];
    softmax_row(n, a, da);
    SIMD for (int64_t i = 0; i < n; i++) da[i] = scale != 0 ? da[i] * scale : 0;
    if (target[r] >= 0 && target[r] < n) da[target[r]] -= scale;
  }
}

void KERNEL(cross_entropy_grad)(const struct rt_call *call) {
  split_rows(call, call->out[0].shape, cross_entropy_grad_span);
}
