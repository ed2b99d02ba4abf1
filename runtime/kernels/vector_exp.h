/* vector_exp.h: 2^(x by) of vectors that lie in registers. A step of it waits for the one before, so two
 * vectors are worked on side by side. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_VECTOR_EXP_H
#define AQ_RUNTIME_KERNELS_VECTOR_EXP_H

#include "runtime/kernels/kernel.h"

#include <math.h>
#include <string.h>

typedef real exp_vector __attribute__((vector_size(RT_VECTOR_BYTES)));

enum { EXP_SIDE_BY_SIDE = 2 };

/* What makes exp of 2^: exp(x) is 2^(x EXP_BY). */
#define EXP_BY ((real)1.4426950408889634)

/* For each of `count` vectors, 1 or 2, which the compiler knows. */
#define EXP_EACH _Pragma("GCC unroll 2") for (int v = 0; v < count; v++)

#if RT_DOUBLE

/* count vectors, 1 or 2. */
static inline __attribute__((always_inline)) void vector_exp2(exp_vector *x, int count, real by) {
  EXP_EACH {
    real lane[RT_VECTOR];
    memcpy(lane, &x[v], sizeof lane);
    for (int k = 0; k < RT_VECTOR; k++) lane[k] = exp2(lane[k] * by);
    memcpy(&x[v], lane, sizeof lane);
  }
}

#else

typedef int32_t exp_bits __attribute__((vector_size(RT_VECTOR_BYTES)));

/* 1.5 * 2^23 leaves no room for fraction bits (math.h). With the bias of an exponent added, what is left of
 * it shifts into a power of two. */
#define EXP_ROUND (12582912.0f + 127.0f)

/* count vectors, 1 or 2. x by is below 127; below -126 the result is 0. Of exp, 2 ulp near 0. Far from it the
 * rounding of by counts |x| times: 1/4 ulp each with FMA, 2 ulp without, where x by is rounded as well. The
 * polynomial is 2^r for |r| <= 1/2, a minimax fit that is 1 at 0: so exp(0) is 1. */
static inline __attribute__((always_inline)) void vector_exp2(exp_vector *x, int count, real by) {
  exp_vector rounded[EXP_SIDE_BY_SIDE], r[EXP_SIDE_BY_SIDE], p[EXP_SIDE_BY_SIDE];
  EXP_EACH rounded[v] = x[v] * by + EXP_ROUND;
  EXP_EACH r[v] = x[v] * by - (rounded[v] - EXP_ROUND);
  EXP_EACH p[v] = r[v] * 1.55946776e-4f + 1.34066439e-3f;
  EXP_EACH p[v] = p[v] * r[v] + 9.61769297e-3f;
  EXP_EACH p[v] = p[v] * r[v] + 5.55031055e-2f;
  EXP_EACH p[v] = p[v] * r[v] + 0.240226528f;
  EXP_EACH p[v] = p[v] * r[v] + 0.693147215f;
  EXP_EACH p[v] = p[v] * r[v] + 1.0f;
  EXP_EACH p[v] *= (exp_vector)((exp_bits)rounded[v] << 23);
  EXP_EACH x[v] = (exp_vector)((exp_bits)p[v] & ~(exp_bits)(rounded[v] < EXP_ROUND - 126.0f));
}

#undef EXP_ROUND

#endif

#endif
