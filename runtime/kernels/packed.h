/* packed.h: large products with AVX-512, of packed operands. Include after kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_PACKED_H
#define AQ_RUNTIME_KERNELS_PACKED_H

#include "runtime/kernels/product.h"

#if RT_VECTOR_BYTES == 64
/* Is the product large enough on each side to be packed? */
bool KERNEL(packed_suits)(const struct rt_product *product);
void KERNEL(packed_product)(struct rt_pool *pool, const struct rt_product *product);
size_t KERNEL(packed_scratch)(void);
#endif

#endif
