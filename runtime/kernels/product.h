/* product.h: one large matrix product, cut into tiles of the result that workers share. Include after
 * kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_PRODUCT_H
#define AQ_RUNTIME_KERNELS_PRODUCT_H

#include "runtime/blas.h"

/* A product as rt_gemm makes it (runtime/blas.h). Small ones run in the calling thread. */
void KERNEL(product)(struct rt_pool *pool, const struct rt_product *product);
/* The bytes of scratch that it needs of each worker. Only sizes count, and what is transposed. */
size_t KERNEL(product_scratch)(const struct rt_product *product);

#endif
