/* product.h: one large matrix product, cut into tiles of the result that workers share. Include after
 * kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_PRODUCT_H
#define AQ_RUNTIME_KERNELS_PRODUCT_H

#include "runtime/blas.h"
#include "runtime/kernels/rounded.h"

/* A product as rt_gemm makes it (runtime/blas.h). Small ones run in the calling thread. */
void KERNEL(product)(struct rt_pool *pool, const struct rt_product *product);
/* The bytes of scratch that it needs of each worker. Only sizes count, and what is transposed. */
size_t KERNEL(product_scratch)(const struct rt_product *product);

/* Products of a call, which may ask for rounded operands: shared by workers, or within a task. */
static inline void product_shared(const struct rt_call *call, const struct rt_product *product) {
#if !RT_DOUBLE
  if (call->rounds) {
    KERNEL(rounded_product)(call->pool, product);
    return;
  }
#endif
  KERNEL(product)(call->pool, product);
}
static inline void product_alone(const struct rt_call *call, const struct rt_product *product) {
#if !RT_DOUBLE
  if (call->rounds) {
    KERNEL(rounded_alone)(product);
    return;
  }
#endif
  (void)call;
  rt_gemm(product);
}

#endif
