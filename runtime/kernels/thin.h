/* thin.h: products of few rows with AVX2 and AVX-512: b is read where it lies. Behind kernel.h. */
#ifndef AQ_RUNTIME_KERNELS_THIN_H
#define AQ_RUNTIME_KERNELS_THIN_H

#include "runtime/kernels/product.h"

#if RT_VECTOR_BYTES >= 32
/* Has the product few rows, and a b that is not transposed, and is it worth that? */
bool KERNEL(thin_suits)(const struct rt_product *product);
void KERNEL(thin_product)(struct rt_pool *pool, const struct rt_product *product);
size_t KERNEL(thin_scratch)(const struct rt_product *product);
/* The same of a b that is there as panels too: then it may have many rows. */
bool KERNEL(panels_suit)(const struct rt_product *product);
void KERNEL(panels_product)(struct rt_pool *pool, const struct rt_product *product, const real *panels);
#endif

#endif
