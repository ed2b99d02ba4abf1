/* packed.h: products of packed operands, by kernels of our own with AVX2 and AVX-512. Include after kernel.h.
 */
#ifndef AQ_RUNTIME_KERNELS_PACKED_H
#define AQ_RUNTIME_KERNELS_PACKED_H

#include "runtime/kernels/product.h"

#if RT_VECTOR_BYTES >= 32
/* Is the product large enough on each side to be packed? */
bool KERNEL(packed_suits)(const struct rt_product *product);
void KERNEL(packed_product)(struct rt_pool *pool, const struct rt_product *product);
size_t KERNEL(packed_scratch)(const struct rt_product *product);
#endif

#endif
