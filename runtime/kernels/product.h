/* product.h: one large matrix product, cut into tiles of the result that workers share. Include after
 * kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_PRODUCT_H
#define AQ_RUNTIME_KERNELS_PRODUCT_H

#include "runtime/blas.h"

/* c = op(a) op(b), or c += op(a) op(b) with add; row-major, arguments as rt_gemm's (runtime/blas.h). Small
 * products run in the calling thread. */
void KERNEL(product)(struct rt_pool *pool, bool ta, bool tb, int64_t m, int64_t n, int64_t k, const real *a,
                     int64_t lda, const real *b, int64_t ldb, bool add, real *c, int64_t ldc);

#endif
