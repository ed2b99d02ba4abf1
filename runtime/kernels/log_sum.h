/* log_sum.h: the logarithm of a sum of exponentials, shifted by their maximum so that exp cannot overflow.
 * Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_LOG_SUM_H
#define AQ_RUNTIME_KERNELS_LOG_SUM_H

#include "runtime/kernels/math.h"

static inline real row_maximum(int64_t n, const real *a) {
  real m = -INFINITY;
  _Pragma("omp simd reduction(max : m)") for (int64_t i = 0; i < n; i++) m = a[i] > m ? a[i] : m;
  return m;
}

static inline real sum_of_exponentials(int64_t n, const real *a, real shift) {
  real sum = 0;
  _Pragma("omp simd reduction(+ : sum)") for (int64_t i = 0; i < n; i++) sum += LANE_EXP(a[i] - shift);
  return sum;
}

/* max + log of the sum of exp(a - max) */
static inline real log_sum(int64_t n, const real *a) {
  real m = row_maximum(n, a), shift = m == -INFINITY ? 0 : m;
  return shift + LANE_LOG(sum_of_exponentials(n, a, shift));
}

#endif
