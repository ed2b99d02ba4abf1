/* dot_row.h: the product of two rows. Include after split.h. */
#ifndef AQ_RUNTIME_KERNELS_DOT_ROW_H
#define AQ_RUNTIME_KERNELS_DOT_ROW_H

/* a . b with a tree of sums at the end instead of a chain. */
static inline real dot_row(const real *a, const real *b, int64_t n) {
  real sums[RT_VECTOR] = {0}, rest = 0;
  int64_t whole = n / RT_VECTOR * RT_VECTOR;
  for (int64_t i = 0; i < whole; i += RT_VECTOR)
    SIMD for (int v = 0; v < RT_VECTOR; v++) sums[v] += a[i + v] * b[i + v];
  for (int64_t i = whole; i < n; i++) rest += a[i] * b[i];
#pragma GCC unroll 4
  for (int half = RT_VECTOR / 2; half > 0; half /= 2)
    for (int v = 0; v < half; v++) sums[v] += sums[v + half];
  return sums[0] + rest;
}

#endif
