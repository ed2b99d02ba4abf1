/* normalise.c: layer and root-mean-square normalisation along the last axis, and their gradients. */
#include "runtime/kernels/kernel.h"
#include "runtime/kernels/math.h"
#include "runtime/kernels/split.h"

static real mean_of(int64_t n, const real *a) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < n; i++) sum += a[i];
  return sum / (real)n;
}

/* Mean of (a - shift)^2. */
static real mean_square(int64_t n, const real *a, real shift) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < n; i++) sum +=
      (a[i] - shift) * (a[i] - shift);
  return sum / (real)n;
}

/* Mean of (a - shift) b. */
static real mean_product(int64_t n, const real *a, real shift, const real *b) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < n; i++) sum += (a[i] - shift) * b[i];
  return sum / (real)n;
}

/* y = (a - shift) / sqrt(mean((a - shift)^2) + eps), where shift is the mean, or 0 for rms. */
static void normalise(const struct rt_call *call, const struct span *span, bool centre) {
  int64_t n = span->n;
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, n);
  real *y = out_data(call, 0) + span_offset(span, call->out[0].shape, n);
  for (int64_t r = 0; r < span->rows; r++, a += n, y += n) {
    real shift = centre ? mean_of(n, a) : 0;
    real scale = 1 / LANE_SQRT(mean_square(n, a, shift) + (real)call->real);
    SIMD for (int64_t i = 0; i < n; i++) y[i] = (a[i] - shift) * scale;
  }
}

/* With x = (a - shift) s and s the scale above: da = s (dy - mean(dy) - x mean(dy x)), without mean(dy) for
 * rms. */
static void normalise_grad(const struct rt_call *call, const struct span *span, bool centre) {
  int64_t n = span->n;
  const real *a = in_data(call, 0) + span_offset(span, call->in[0].shape, n);
  const real *dy = in_data(call, 1) + span_offset(span, call->in[1].shape, n);
  real *da = out_data(call, 0) + span_offset(span, call->out[0].shape, n);
  for (int64_t r = 0; r < span->rows; r++, a += n, dy += n, da += n) {
    real shift = centre ? mean_of(n, a) : 0;
    real scale = 1 / LANE_SQRT(mean_square(n, a, shift) + (real)call->real);
    real dmean = centre ? mean_of(n, dy) : 0;
    real along = mean_product(n, a, shift, dy) * scale * scale;
    SIMD for (int64_t i = 0; i < n; i++) da[i] = scale * (dy[i] - dmean - (a[i] - shift) * along);
  }
}

static void standardize_span(const struct rt_call *call, const struct span *span) {
  normalise(call, span, true);
}
static void standardize_grad_span(const struct rt_call *call, const struct span *span) {
  normalise_grad(call, span, true);
}
static void rms_span(const struct rt_call *call, const struct span *span) { normalise(call, span, false); }
static void rms_grad_span(const struct rt_call *call, const struct span *span) {
  normalise_grad(call, span, false);
}

void KERNEL(standardize)(const struct rt_call *call) {
  split_rows(call, call->out[0].shape, standardize_span);
}
void KERNEL(standardize_grad)(const struct rt_call *call) {
  split_rows(call, call->out[0].shape, standardize_grad_span);
}
void KERNEL(rms)(const struct rt_call *call) { split_rows(call, call->out[0].shape, rms_span); }
void KERNEL(rms_grad)(const struct rt_call *call) { split_rows(call, call->out[0].shape, rms_grad_span); }
