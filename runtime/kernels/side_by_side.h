/* side_by_side.h: of rows that lie side by side, which of the next numbers are large enough. Include after
 * kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_SIDE_BY_SIDE_H
#define AQ_RUNTIME_KERNELS_SIDE_BY_SIDE_H

#include "runtime/kernels/kernel.h"

#ifdef __AVX2__
#include <immintrin.h>
enum { SIDE_BITS = 32 / sizeof(real) };
#if RT_DOUBLE
#define SIDE_AT_LEAST(a, b)                                                                                  \
  _mm256_movemask_pd(_mm256_cmp_pd(_mm256_loadu_pd(a), _mm256_loadu_pd(b), _CMP_GE_OQ))
#else
#define SIDE_AT_LEAST(a, b)                                                                                  \
  _mm256_movemask_ps(_mm256_cmp_ps(_mm256_loadu_ps(a), _mm256_loadu_ps(b), _CMP_GE_OQ))
#endif
#endif

/* Bit q: is a[q] >= least[q]? width is at most 64. */
static inline uint64_t side_at_least(const real *a, const real *least, int64_t width) {
  uint64_t bits = 0;
  int64_t q = 0;
#ifdef SIDE_AT_LEAST
  for (; q + SIDE_BITS <= width; q += SIDE_BITS) bits |= (uint64_t)SIDE_AT_LEAST(a + q, least + q) << q;
#endif
  for (; q < width; q++) bits |= (uint64_t)(a[q] >= least[q]) << q;
  return bits;
}

#endif
