/* blas.h: matrix products of one thread. Only blas*.c call a BLAS. */
#ifndef AQ_RUNTIME_BLAS_H
#define AQ_RUNTIME_BLAS_H

#include "runtime/base.h"

/* c = op(a) op(b), or c += op(a) op(b) with add; row-major: op(a) is [m, k], op(b) is [k, n], c is [m, n];
 * ta: a is stored [k, m]; tb: b is stored [n, k]. lda, ldb, ldc: elements from one stored row to the next. */
#define RT_PRODUCT(type)                                                                                     \
  {                                                                                                          \
    bool ta, tb, add;                                                                                        \
    int64_t m, n, k;                                                                                         \
    const type *a, *b;                                                                                       \
    type *c;                                                                                                 \
    int64_t lda, ldb, ldc;                                                                                   \
  }
struct rt_product_f32 RT_PRODUCT(float);
struct rt_product_f64 RT_PRODUCT(double);
/* Without add, c is never read. Sizes of 0 are fine. May be called by several threads at once. */
void rt_gemm_f32(const struct rt_product_f32 *product);
void rt_gemm_f64(const struct rt_product_f64 *product);

/* In a kernel file: those for the number type being compiled. */
#ifdef AQ_RUNTIME_KERNELS_KERNEL_H
#if RT_DOUBLE
#define rt_product rt_product_f64
#define rt_gemm rt_gemm_f64
#else
#define rt_product rt_product_f32
#define rt_gemm rt_gemm_f32
#endif
#endif

/* Loads the BLAS, once for the process. Call it before anything below; making a pool of threads calls it, and
 * no kernel runs without a pool. Any thread may call it at any time. RT_NO_INPUT: there is no BLAS;
 * RT_NO_MEMORY. After a failure it can be tried again. */
int rt_blas_load(struct rt_error *error);

/* From now on aq may change settings of a BLAS that the host has loaded too. */
void rt_blas_take_over(void);
/* Loads the BLAS, and where it is aq's own, or taken over, sets it to one thread and sees to it that it uses
 * this processor's instructions: OpenBLAS falls back to those of twenty years ago when it does not know a
 * processor's model number (OpenBLAS issue 4267). The environment's OPENBLAS_CORETYPE always wins. The first
 * call, or the first product, decides.
 *
 * RT_NO_MEMORY when the process's addresses are limited (ulimit -v) and OpenBLAS would not find the room that
 * it takes for so many threads of aq's: it would wait for it for ever. */
int rt_blas_begin(int threads, struct rt_error *error);

/* What rt_blas_begin found. */
struct rt_blas_info {
  char config[256];  /* what the BLAS says of itself */
  char found[32];    /* the core it had chosen, "" when it does not tell */
  char chosen[32];   /* the core it uses now */
  char best[32];     /* the core aq would have it use, "" when chosen is as good */
  char reason[256];  /* one sentence */
  int small_product; /* m n k up to which a product is fastest in one call without packing; 0: never */
};
const struct rt_blas_info *rt_blas_info(void);

#endif
