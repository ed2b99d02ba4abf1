/* rounded.h: matrix products of operands rounded to bfloat16, with sums in float. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_ROUNDED_H
#define AQ_RUNTIME_KERNELS_ROUNDED_H

#include "runtime/blas.h"

#if !RT_DOUBLE
/* What rt_gemm makes (runtime/blas.h), of rounded operands. Both use some of the stack and no scratch. */
void KERNEL(rounded_product)(struct rt_pool *pool, const struct rt_product_f32 *product);
void KERNEL(rounded_alone)(const struct rt_product_f32 *product); /* in the calling thread */
#endif

#endif
